import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { groupDays, groupOf, heightOf, topOf, type DayGroup, type Heights } from "../lib/calls_layout";
import type { CallList, ListState } from "../lib/calls_store";
import { count, formatNumber, formatLongDay, nameDay } from "../lib/format";
import { nameCaller } from "../lib/phone";
import type { CallRow } from "../lib/types";
import { useRowKeys } from "../lib/use_row_keys";
import { useHeights, useWindow } from "../lib/use_window";
import { Icon } from "../parts/icon";
import { Row } from "./calls_row";

interface ListProps {
  list: CallList;
  state: ListState;
  zone: string;
  today: string;
  /** What stands behind every address here. */
  search: string;
  words: string[];
}

function Head() {
  return (
    <thead role="rowgroup" class="calls-head">
      <tr role="row" aria-rowindex={1}>
        <th role="columnheader">Time</th>
        <th role="columnheader">Caller</th>
        <th role="columnheader" class="calls-head-about">
          <span>Reason and summary</span>
          <span class="ai-note" title="Summaries are written by the AI that took the call">
            <Icon name="spark" size={13} />
            <span aria-hidden="true">by AI</span>
            <span class="hidden">(summaries are written by the AI that took the call)</span>
          </span>
        </th>
        <th role="columnheader">Outcome</th>
        <th role="columnheader" class="calls-head-length">
          Length
        </th>
        <th role="columnheader">
          <span class="hidden">Recording</span>
        </th>
        <th role="columnheader">
          <span class="hidden">Call back</span>
        </th>
      </tr>
    </thead>
  );
}

interface DayProps extends ListProps {
  group: DayGroup;
  at: number;
  first: number;
  last: number;
  heights: Heights;
}

/** A day with the rows that are near; its height is that of all of them. */
function Day({ group, at, first, last, heights, state, zone, today, search, words }: DayProps) {
  const from = Math.max(first, group.start);
  const to = Math.min(last, group.end);
  const near = nameDay(group.day, today);
  const long = formatLongDay(group.day);
  const isNamed = near === "Today" || near === "Yesterday";
  return (
    <tbody role="rowgroup" style={{ height: `${heightOf(group, heights)}px` }}>
      <tr role="row" class="calls-day" aria-rowindex={group.start + at + 2}>
        <th role="rowheader" aria-colspan={7}>
          <h2>
            {isNamed && <>{near} </>}
            <span class={isNamed ? "calls-day-soft" : undefined}>{long}</span>
          </h2>
        </th>
      </tr>
      {from > group.start && (
        <tr role="presentation" class="calls-space" style={{ height: `${(from - group.start) * heights.row}px` }} />
      )}
      {state.rows.slice(from, to).map((call, i) => (
        <Row
          key={call.id}
          call={call}
          index={from + i}
          position={from + i + at + 3}
          zone={zone}
          search={search}
          words={words}
          isNew={state.arrived.includes(call.id)}
        />
      ))}
    </tbody>
  );
}

/** What stands below the last row: more is coming, it failed, or that is all. */
function Foot({ list, state }: { list: CallList; state: ListState }) {
  const sentinel = useRef<HTMLDivElement>(null);
  const { isEnd, isAsking, error, rows } = state;
  useEffect(() => {
    if (isEnd || isAsking || error || !sentinel.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((one) => one.isIntersecting)) void list.more();
      },
      { rootMargin: "0px 0px 4000px 0px" },
    );
    observer.observe(sentinel.current);
    return () => observer.disconnect();
  }, [list, isEnd, isAsking, error, rows.length]);
  return (
    <div class="calls-foot" ref={sentinel}>
      {error ? (
        <p class="notice" role="alert">
          <Icon name="alert" size={18} />
          <span>Older calls could not be loaded. {error.message}</span>
          <button class="button" onClick={() => void list.more()}>
            Try again
          </button>
        </p>
      ) : (
        <p>{isEnd ? `That is all: ${count(rows.length, "call")}` : "Loading older calls…"}</p>
      )}
    </div>
  );
}

const LOOKED_AT_MS = 4000;

/** Calls that came in meanwhile: said once, and shown the way to when they are out of sight. */
function Arrived({ list, state, isAway }: { list: CallList; state: ListState; isAway: boolean }) {
  const { arrived, rows } = state;
  useEffect(() => {
    if (isAway || !arrived.length) return;
    const timer = setTimeout(() => list.forgetArrived(), LOOKED_AT_MS);
    return () => clearTimeout(timer);
  }, [list, isAway, arrived.length]);
  const last = rows.find((row) => row.id === arrived.at(-1));
  const words = `${formatNumber(arrived.length)} new ${arrived.length === 1 ? "call" : "calls"}`;
  const rise = () => {
    scrollTo({ top: 0, behavior: "instant" });
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".calls-link")?.focus({ preventScroll: true }));
  };
  return (
    <>
      <p class="hidden" role="status">
        {last &&
          `${words}. ${nameCaller(last.caller_name, last.caller_number)}${last.reason ? `, ${last.reason}` : ""}`}
      </p>
      {isAway && arrived.length > 0 && (
        <button class="calls-pill" onClick={rise}>
          <Icon name="up" size={16} />
          {words}
        </button>
      )}
    </>
  );
}

/** Whoever comes back from a call is where they were, also with the keyboard. */
function useReturn(list: CallList, rows: CallRow[], bring: (index: number) => void, focus: (index: number) => void) {
  useEffect(() => {
    const opened = list.opened;
    list.opened = null;
    if (!opened || opened.step !== stepOfHistory()) return;
    const index = rows.findIndex((row) => row.id === opened.id);
    if (index < 0) return;
    const frame = requestAnimationFrame(() => requestAnimationFrame(() => (bring(index), focus(index))));
    return () => cancelAnimationFrame(frame);
  }, [list]);
}

function stepOfHistory(): string | null {
  return (history.state as { key?: string } | null)?.key ?? null;
}

export function List(props: ListProps) {
  const { list, state, zone } = props;
  const probe = useRef<HTMLDivElement>(null);
  const start = useRef<HTMLTableSectionElement>(null);
  const table = useRef<HTMLTableElement>(null);
  const heights = useHeights(probe);
  const groups = useMemo(() => groupDays(state.rows, zone), [state.rows, zone]);
  const view = useWindow(start, { rows: state.rows, groups, heights });
  const focus = useRowKeys(table, state.rows.length, view);
  useReturn(list, state.rows, view.bring, focus);
  const last = Math.min(view.last, state.rows.length);
  const first = Math.min(view.first, last);
  const from = groupOf(groups, first);
  const near = groups.slice(from).filter((group) => group.start < last);
  const end = from + near.length;
  const onClick = (event: MouseEvent) => {
    const id = event.target instanceof Element && event.target.closest<HTMLElement>("[data-id]")?.dataset["id"];
    if (id) list.opened = { step: stepOfHistory(), id };
  };
  useLayoutEffect(() => () => list.forgetArrived(), [list]);
  return (
    <>
      <Arrived list={list} state={state} isAway={view.isAway} />
      <div class="calls-probe" ref={probe} aria-hidden="true">
        <div />
        <div />
      </div>
      <div class="card calls-card">
        <p class="calls-ai ai-note" aria-hidden="true">
          <Icon name="spark" size={13} />
          Summaries by AI
        </p>
        <table
          role="table"
          class="calls"
          aria-label="Calls, newest first"
          aria-rowcount={state.isEnd ? state.rows.length + groups.length + 1 : -1}
          ref={table}
          onClick={onClick}
        >
          <Head />
          <tbody
            role="presentation"
            class="calls-space"
            ref={start}
            style={{ height: `${topOf(groups, from, heights)}px` }}
          />
          {near.map((group, i) => (
            <Day key={group.day} {...props} group={group} at={from + i} first={first} last={last} heights={heights} />
          ))}
          <tbody
            role="presentation"
            class="calls-space"
            style={{ height: `${topOf(groups, groups.length, heights) - topOf(groups, end, heights)}px` }}
          />
        </table>
        <Foot list={list} state={state} />
      </div>
    </>
  );
}
