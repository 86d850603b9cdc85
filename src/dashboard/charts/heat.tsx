// Calls by weekday and hour. It is a table, so that it can be read as one; the colour repeats the number.
import { useState } from "preact/hooks";
import { count, formatNumber, formatTime } from "../lib/format";
import { levelOf, levelRanges, WEEKDAYS } from "./scale";

/** "9 AM", or "09:00" where people write it so. */
export function formatHour(hour: number): string {
  return formatTime(`2026-01-01T${String(hour % 24).padStart(2, "0")}:00:00Z`, "UTC")
    .replace(/:00(?=\s)/, "")
    .replace(/\s/, " ");
}

/** "10–11 AM", "11 AM–12 PM" */
export function formatHours(hour: number): string {
  const [from, to] = [formatHour(hour), formatHour(hour + 1)];
  const half = / [AP]M$/.exec(from)?.[0];
  return half && to.endsWith(half) ? `${from.slice(0, -half.length)}–${to}` : `${from}–${to}`;
}

/** Larger numbers do not fit into their cells. */
const WRITTEN = 999;

interface Place {
  day: number;
  hour: number;
}

function placeOf(event: Event): Place | null {
  const cell = event.target instanceof Element ? event.target.closest<HTMLElement>("td[data-hour]") : null;
  return cell ? { day: Number(cell.dataset.day), hour: Number(cell.dataset.hour) } : null;
}

function placeByKey(key: string, at: Place): Place | null {
  const moves: Record<string, [number, number]> = {
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
  };
  const move = moves[key];
  return move ? { day: (at.day + move[0] + 7) % 7, hour: (at.hour + move[1] + 24) % 24 } : null;
}

function Row({
  day,
  hours,
  largest,
  active,
}: {
  day: number;
  hours: number[];
  largest: number;
  active: number | null;
}) {
  return (
    <tr>
      <th scope="row">
        <abbr title={WEEKDAYS[day]}>{WEEKDAYS[day]!.slice(0, 3)}</abbr>
      </th>
      {hours.map((calls, hour) => (
        <td
          key={hour}
          data-day={day}
          data-hour={hour}
          class={`heat-cell is-level-${levelOf(calls, largest)}${active === hour ? " is-active" : ""}`}
        >
          <span>{formatNumber(calls)}</span>
        </td>
      ))}
    </tr>
  );
}

function Legend({ largest }: { largest: number }) {
  return (
    <ul class="heat-legend" aria-label="Calls an hour">
      <li>
        <i class="heat-key is-level-0" />0
      </li>
      {levelRanges(largest).map(({ level, from, to }) => (
        <li key={level}>
          <i class={`heat-key is-level-${level}`} />
          {from === to ? formatNumber(from) : `${formatNumber(from)}–${formatNumber(to)}`}
        </li>
      ))}
    </ul>
  );
}

function HeatTable({ byHour, largest, at }: { byHour: number[][]; largest: number; at: Place | null }) {
  return (
    <table class={`heat-table${largest > WRITTEN ? " is-plain" : ""}`}>
      <caption class="hidden">Calls by weekday and hour</caption>
      <thead>
        <tr>
          <th scope="col">
            <span class="hidden">Weekday</span>
          </th>
          {Array.from({ length: 24 }, (_, hour) => (
            <th key={hour} scope="col">
              <span class={hour % 3 ? "hidden" : hour % 6 ? "heat-between" : ""}>{formatHour(hour)}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {byHour.map((hours, day) => (
          <Row key={day} day={day} hours={hours} largest={largest} active={at?.day === day ? at.hour : null} />
        ))}
      </tbody>
    </table>
  );
}

export function Heat({ byHour }: { byHour: number[][] }) {
  const [at, setAt] = useState<Place | null>(null);
  const largest = Math.max(...byHour.flat());
  const move = (event: KeyboardEvent) => {
    const to = placeByKey(event.key, at ?? { day: 0, hour: 8 });
    if (to) {
      event.preventDefault();
      setAt(to);
    }
  };
  return (
    <div class="heat">
      {/* The keys of this group show sighted people one cell; screen readers go through the table itself. */}
      <div
        class="heat-box"
        tabIndex={0}
        role="group"
        aria-label="Calls by weekday and hour; arrow keys go from hour to hour"
        onKeyDown={move}
        onBlur={() => setAt(null)}
        onPointerDown={(event) => setAt(placeOf(event))}
        onPointerMove={(event) => setAt(placeOf(event))}
        onPointerLeave={(event) => event.pointerType === "mouse" && setAt(null)}
      >
        <HeatTable byHour={byHour} largest={largest} at={at} />
      </div>
      <div class="heat-foot">
        <p class="heat-said" aria-live="polite">
          {at ? (
            <>
              <b>
                {WEEKDAYS[at.day]} {formatHours(at.hour)}
              </b>
              : {count(byHour[at.day]?.[at.hour] ?? 0, "call")}
            </>
          ) : (
            "Point at an hour, or tap it, for its calls."
          )}
        </p>
        <Legend largest={largest} />
      </div>
    </div>
  );
}
