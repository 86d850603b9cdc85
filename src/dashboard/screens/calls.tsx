import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, address } from "../lib/api";
import { download, fileName } from "../lib/calls_file";
import { filtersOf, isNarrowed, questionOf, withoutFilters, type Filters } from "../lib/calls_query";
import { listOf, type CallList, type ListState } from "../lib/calls_store";
import { count, dayOf, formatRange, nameZone } from "../lib/format";
import { searchWords } from "../lib/marks";
import { place, refine, scrolledTo } from "../lib/router";
import { business, here, now } from "../lib/state";
import type { Business, CallPage, Settings } from "../lib/types";
import { useAsk } from "../lib/use_ask";
import { Icon } from "../parts/icon";
import { Screen } from "../parts/screen";
import { Empty, Failed, Loading } from "../parts/states";
import { FilterBar } from "./calls_filters";
import { List } from "./calls_list";
import { BoneRows } from "./calls_row";

/** Asks for the file, says so while it comes, and says why when it does not. */
function FileButton({ filters, of }: { filters: Filters; of: Business }) {
  const [error, setError] = useState<string | null>(null);
  const [running, setRunning] = useState<AbortController | null>(null);
  const latest = useRef(running);
  latest.current = running;
  useEffect(() => () => latest.current?.abort(), []);
  const onClick = async () => {
    if (running) return;
    const stop = new AbortController();
    const { from, to } = filters.period;
    setRunning(stop);
    setError(null);
    try {
      await download(questionOf("/api/v1/calls.csv", filters, of.id), fileName(of.name, from, to), stop.signal);
    } catch (problem) {
      if (!stop.signal.aborted)
        setError(problem instanceof ApiError ? problem.message : "The file broke off. Please try again.");
    }
    setRunning(null);
  };
  return (
    <>
      {error && (
        <p class="calls-file-wrong" role="alert">
          The file could not be made. {error}
        </p>
      )}
      <button class="button calls-file" aria-busy={running !== null} onClick={() => void onClick()}>
        <Icon name="download" size={18} />
        <span>{running ? "Preparing…" : "Download CSV"}</span>
      </button>
      <span class="hidden" role="status">
        {running && "The file is being prepared"}
      </span>
    </>
  );
}

/** Nothing there: because nobody has ever called, nobody in these days, or nobody who matches. */
function Nothing({ filters, of }: { filters: Filters; of: Business }) {
  const narrowed = isNarrowed(filters);
  const ever = useAsk<CallPage>(
    narrowed ? null : address("/api/v1/calls", { business: of.id, from: "2000-01-01", limit: 1 }),
  );
  if (narrowed)
    return (
      <Empty icon="search" title="No call matches">
        <p>
          Between these days ({formatRange(filters.period.from, filters.period.to)}) nothing fits all of the filters.
        </p>
        <p class="calls-nothing-button">
          <button class="button" onClick={() => refine(withoutFilters(false))}>
            Clear filters
          </button>
        </p>
      </Empty>
    );
  if (ever.isLoading) return <Loading />;
  if (!ever.data?.calls.length && !ever.error)
    return <Empty title="No calls yet. When a call comes in it appears here by itself." />;
  return (
    <Empty icon="calendar" title="No calls in these days">
      {filters.period.name !== "90" && (
        <p class="calls-nothing-button">
          <button class="button" onClick={() => refine({ ...withoutFilters(true), period: "90" })}>
            Show the last 90 days
          </button>
        </p>
      )}
    </Empty>
  );
}

/** Said to screen readers when another list has come. */
function resultWords({ isLoaded, isEnd, rows }: ListState): string {
  if (!isLoaded) return "";
  if (!rows.length) return "No call matches";
  return isEnd ? `${count(rows.length, "call")}` : `The newest ${count(Math.min(rows.length, 100), "call")} are shown`;
}

/** The list of what the address asks for; another one begins at its top. */
function useList(filters: Filters, of: Business): CallList {
  const question = questionOf("/api/v1/calls", filters, of.id);
  const list = useMemo(() => listOf(question, filters, of.timezone), [question]);
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current && scrolledTo() === 0) scrollTo(0, 0);
    isFirst.current = false;
    return list.show();
  }, [list]);
  return list;
}

function Results({ list, filters, of, today }: { list: CallList; filters: Filters; of: Business; today: string }) {
  const state = list.state.value;
  const words = useMemo(() => searchWords(filters.q), [filters.q]);
  const search = here("", { q: filters.q || null });
  if (!state.isLoaded) {
    if (state.error) return <Failed error={state.error} again={() => void list.more()} />;
    return (
      <div class="card calls-card">
        <BoneRows rows={10} />
      </div>
    );
  }
  if (!state.rows.length)
    return (
      <div class="card">
        <Nothing filters={filters} of={of} />
      </div>
    );
  return (
    <List
      key={list.question}
      list={list}
      state={state}
      zone={of.timezone}
      today={today}
      search={search}
      words={words}
    />
  );
}

export function Calls() {
  const of = business.value!;
  const today = dayOf(now.value, of.timezone);
  const query = place.value.query;
  const filters = useMemo(() => filtersOf(query, today), [query, today]);
  const list = useList(filters, of);
  const settings = useAsk<Settings>(address("/api/v1/settings", { business: of.id })).data;
  const reasons = useReasons(list);
  return (
    <Screen
      title="Calls"
      subtitle={
        <>
          {formatRange(filters.period.from, filters.period.to)} · Times are {nameZone(of.timezone)}
        </>
      }
      actions={<FileButton filters={filters} of={of} />}
    >
      <FilterBar filters={filters} today={today} settings={settings} reasons={reasons} />
      <p class="hidden" role="status">
        {resultWords(list.state.value)}
      </p>
      <Results list={list} filters={filters} of={of} today={today} />
    </Screen>
  );
}

const MOST_REASONS = 40;

/** The reasons of the calls that are there, to choose from. */
function useReasons(list: CallList): string[] {
  const { rows } = list.state.value;
  return useMemo(() => {
    const counts = new Map<string, number>();
    for (const { reason } of rows) if (reason) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_REASONS);
    return most.map(([reason]) => reason);
  }, [rows]);
}
