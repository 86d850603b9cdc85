// Columns of stacked parts. One stop for the keyboard: arrows go from column to column, Enter goes where a click goes.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { formatNumber } from "../lib/format";
import { go } from "../lib/router";
import { useDismiss } from "../lib/use_dismiss";
import { ticksOf } from "./scale";

export interface Part {
  /** A family of outcomes, or "all". */
  family: string;
  value: number;
}

export interface Column {
  /** "Tuesday, November 17" */
  name: string;
  /** Below the axis, for some. */
  label: string | null;
  parts: Part[];
  total: number;
  /** All of it in words, for screen readers. */
  spoken: string;
  /** What the tip shows below name and total. */
  detail: ComponentChildren;
  href: string | null;
}

const FOOT = 26;
const TOP = 8;
const TIP_WIDTH = 232;
const TIP_GAP = 8;
/** What a tip may need above, and the bar of the page. */
const TIP_ROOM = 300;

interface Frame {
  left: number;
  /** Where the axis is. */
  floor: number;
  width: number;
  /** Pixels of one call. */
  scale: number;
  step: number;
  ticks: number[];
}

function frameOf(columns: Column[], width: number, height: number): Frame {
  const floor = Math.max(80, height - FOOT);
  const ticks = ticksOf(Math.max(...columns.map((column) => column.total), 0));
  const left = 12 + 7.5 * formatNumber(ticks.at(-1)!).length;
  const room = Math.max(1, width - left);
  return { left, floor, width: room, scale: (floor - TOP) / ticks.at(-1)!, step: room / columns.length, ticks };
}

function Stack({ column, x, width, frame }: { column: Column; x: number; width: number; frame: Frame }) {
  let y = frame.floor;
  const shown = column.parts.filter((part) => part.value > 0);
  return (
    <>
      {shown.map(({ family, value }) => {
        const height = Math.max(1.5, value * frame.scale);
        y -= height;
        const gap = height > 4 && width > 4 ? 1 : 0;
        return (
          <rect
            key={family}
            class={`bar-part is-${family}`}
            x={x}
            y={y + gap}
            width={width}
            height={height - gap}
            rx={Math.min(2, width / 4)}
          />
        );
      })}
    </>
  );
}

function Drawing({ columns, frame, active }: { columns: Column[]; frame: Frame; active: number | null }) {
  const { left, floor, width, scale, step, ticks } = frame;
  const gap = step > 20 ? step * 0.28 : step > 8 ? 3 : step > 4 ? 1 : 0.5;
  const thick = Math.min(64, step - gap);
  return (
    <svg class="bars-drawing" width={left + width} height={floor + FOOT} aria-hidden="true" focusable="false">
      {ticks.map((tick) => (
        <g key={tick}>
          <line
            class="bars-line"
            x1={left}
            x2={left + width}
            y1={floor - tick * scale + 0.5}
            y2={floor - tick * scale + 0.5}
          />
          <text class="bars-text" x={left - 8} y={floor - tick * scale + 4} text-anchor="end">
            {formatNumber(tick)}
          </text>
        </g>
      ))}
      {active !== null && <rect class="bars-active" x={left + active * step} y={0} width={step} height={floor} />}
      {columns.map((column, i) => (
        <g key={column.name}>
          <Stack column={column} x={left + i * step + (step - thick) / 2} width={thick} frame={frame} />
          {column.label && <Label text={column.label} x={left + (i + 0.5) * step} end={left + width} y={floor + 19} />}
        </g>
      ))}
    </svg>
  );
}

/** Kept within the drawing at its right end. */
function Label({ text, x, end, y }: { text: string; x: number; end: number; y: number }) {
  const half = text.length * 3.2;
  return x + half > end ? (
    <text class="bars-text" x={end} y={y} text-anchor="end">
      {text}
    </text>
  ) : (
    <text class="bars-text" x={x} y={y} text-anchor="middle">
      {text}
    </text>
  );
}

/** Beside its column where there is room, else above the drawing, or below it at the top of the window. */
function placeOfTip(frame: Frame, index: number, top: number): { at: string; left: number } {
  const width = frame.left + frame.width;
  const start = frame.left + index * frame.step;
  if (width > 2.4 * TIP_WIDTH) {
    const after = start + frame.step + TIP_GAP;
    return { at: "beside", left: after + TIP_WIDTH <= width ? after : Math.max(0, start - TIP_GAP - TIP_WIDTH) };
  }
  return {
    at: top < TIP_ROOM ? "below" : "above",
    left: Math.max(0, Math.min(width - TIP_WIDTH, start + frame.step / 2 - TIP_WIDTH / 2)),
  };
}

interface TipProps {
  column: Column;
  place: { at: string; left: number };
  isPinned: boolean;
  linkText: string;
}

function Tip({ column, place, isPinned, linkText }: TipProps) {
  return (
    <div
      class={`tip is-${place.at}${isPinned ? " is-pinned" : ""}`}
      style={{ left: `${place.left}px`, width: `${TIP_WIDTH}px` }}
    >
      <p class="tip-head">{column.name}</p>
      {column.detail}
      {isPinned && column.href && (
        <a class="tip-link" href={column.href}>
          {linkText}
        </a>
      )}
    </div>
  );
}

interface BarsProps {
  columns: Column[];
  width: number;
  height: number;
  label: string;
  linkText?: string;
}

/** Which column a key goes to. null: the key is not ours. */
function columnByKey(key: string, at: number, count: number): number | null {
  const moves: Record<string, number> = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    Home: 0,
    End: count - 1,
  };
  moves.PageUp = at + 7;
  moves.PageDown = at - 7;
  const to = moves[key];
  return to === undefined ? null : Math.max(0, Math.min(count - 1, to));
}

function useColumns(columns: Column[], frame: Frame) {
  const box = useRef<HTMLDivElement>(null);
  const surface = useRef<HTMLDivElement>(null);
  const touch = useRef(false);
  const [active, setActive] = useState<number | null>(null);
  const [isPinned, setPinned] = useState(false);
  const close = () => {
    setActive(null);
    setPinned(false);
  };
  useDismiss(box, active !== null, close);
  const show = (index: number | null, pinned: boolean) => {
    setActive(index);
    setPinned(pinned);
  };
  const at = (event: MouseEvent) => {
    const x = event.clientX - surface.current!.getBoundingClientRect().left;
    return Math.max(0, Math.min(columns.length - 1, Math.floor(x / frame.step)));
  };
  const open = (index: number) => {
    const href = columns[index]?.href;
    if (href) go(href);
  };
  const on = {
    onPointerDown: (event: PointerEvent) => (touch.current = event.pointerType !== "mouse"),
    onPointerMove: (event: PointerEvent) => show(at(event), event.pointerType !== "mouse"),
    onPointerLeave: (event: PointerEvent) => event.pointerType === "mouse" && !isPinned && close(),
    onClick: (event: MouseEvent) => (touch.current ? show(at(event), true) : open(at(event))),
    onFocus: () => surface.current?.matches(":focus-visible") && show(active ?? columns.length - 1, true),
    onBlur: (event: FocusEvent) =>
      !box.current?.contains(event.relatedTarget as Node | null) && !touch.current && close(),
    onKeyDown: (event: KeyboardEvent) => {
      touch.current = false;
      const to = columnByKey(event.key, active ?? columns.length - 1, columns.length);
      if (to !== null) {
        event.preventDefault();
        show(to, true);
      } else if (event.key === "Enter" && active !== null) open(active);
    },
  };
  return { box, surface, active: active !== null && active < columns.length ? active : null, isPinned, on };
}

export function Bars({ columns, width, height, label, linkText = "See these calls" }: BarsProps) {
  const frame = frameOf(columns, width, height);
  const { box, surface, active, isPinned, on } = useColumns(columns, frame);
  const now = active ?? columns.length - 1;
  const chosen = active === null ? undefined : columns[active];
  if (width === 0) return null;
  return (
    <div class="bars" ref={box}>
      <Drawing columns={columns} frame={frame} active={active} />
      <div
        class={`bars-surface${columns[now]?.href ? " is-link" : ""}`}
        ref={surface}
        style={{ left: `${frame.left}px`, height: `${frame.floor + FOOT}px` }}
        tabIndex={0}
        role="slider"
        aria-label={label}
        aria-valuemin={1}
        aria-valuemax={columns.length}
        aria-valuenow={now + 1}
        aria-valuetext={columns[now]?.spoken}
        {...on}
      />
      {chosen && (
        <Tip
          column={chosen}
          place={placeOfTip(frame, active!, surface.current?.getBoundingClientRect().top ?? 0)}
          isPinned={isPinned}
          linkText={linkText}
        />
      )}
    </div>
  );
}
