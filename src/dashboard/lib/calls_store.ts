// Lists of calls as far as they have come, kept for a while: whoever comes back from a call finds the list as it was left.
import { effect, signal } from "@preact/signals";
import { ApiError, ask } from "./api";
import { returns } from "./connection";
import { dayOf } from "./format";
import { newsBegin, onNews, type News } from "./live";
import { userId } from "./session";
import { mayMatch, type Filters } from "./calls_query";
import type { CallPage, CallRow } from "./types";

const PAGE_ROWS = 100;
const KEPT_LISTS = 3;
const KEPT_MS = 10 * 60_000;
const CALM_MS = 400; // news come in bursts
const PAUSE_MS = 2000; // between two questions for the newest page

export interface ListState {
  rows: CallRow[];
  /** The first page has come. */
  isLoaded: boolean;
  /** There are no older calls. */
  isEnd: boolean;
  isAsking: boolean;
  error: ApiError | null;
  /** Calls that came in while one looked on, newest last. */
  arrived: string[];
}

const EMPTY: ListState = { rows: [], isLoaded: false, isEnd: false, isAsking: false, error: null, arrived: [] };

function isOlder(a: CallRow, b: CallRow): boolean {
  return a.listed_at === b.listed_at ? a.id < b.id : a.listed_at < b.listed_at;
}

/** The newest page laid over what is there; all of it when they do not touch any more. */
function merged(rows: CallRow[], page: CallPage): CallRow[] | null {
  const last = page.calls.at(-1);
  if (!page.next_cursor || !last || !rows[0]) return null;
  if (isOlder(rows[0], last)) return null;
  return [...page.calls, ...rows.filter((row) => isOlder(row, last))];
}

export class CallList {
  readonly state = signal<ListState>(EMPTY);
  /** Of the step of the history in which a call was opened from here, and which. */
  opened: { step: string | null; id: string } | null = null;
  seenMs = Date.now();
  #cursor: string | null = null;
  #era = 0;
  #isShown = false;
  #isStale = false;
  #isRefreshing = false;
  /** A call is missing below the newest page. */
  #isTorn = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshedMs = 0;

  constructor(
    readonly question: string,
    readonly filters: Filters,
    readonly zone: string,
  ) {}

  #set(changes: Partial<ListState>): void {
    this.state.value = { ...this.state.peek(), ...changes };
  }

  async #ask(cursor: string | null): Promise<CallPage> {
    await newsBegin();
    return ask<CallPage>(`${this.question}&limit=${PAGE_ROWS}${cursor ? `&cursor=${cursor}` : ""}`);
  }

  /** The next older page, unless it is on its way. */
  async more(): Promise<void> {
    const { isAsking, isEnd } = this.state.peek();
    if (isAsking || isEnd) return;
    const era = this.#era;
    this.#set({ isAsking: true, error: null });
    try {
      const page = await this.#ask(this.#cursor);
      if (era !== this.#era) return;
      this.#cursor = page.next_cursor;
      const known = new Set(this.state.peek().rows.map((row) => row.id));
      const rows = [...this.state.peek().rows, ...page.calls.filter((row) => !known.has(row.id))];
      this.#set({ rows, isLoaded: true, isEnd: !page.next_cursor, isAsking: false });
    } catch (error) {
      if (era === this.#era) this.#set({ isAsking: false, error: wordsOf(error) });
    }
  }

  /** While it is shown its newest page is kept up to date. Returns how to say that it is not any more. */
  show(): () => void {
    this.#isShown = true;
    this.seenMs = Date.now();
    if (!this.state.peek().isLoaded) void this.more();
    else if (this.#isStale) this.#refreshSoon();
    return () => {
      this.#isShown = false;
      this.seenMs = Date.now();
      this.#set({ arrived: [] });
      clearTimeout(this.#timer);
    };
  }

  /** They have been looked at. */
  forgetArrived(): void {
    if (this.state.peek().arrived.length) this.#set({ arrived: [] });
  }

  take(news: News): void {
    if (!this.state.peek().isLoaded) return;
    if (news.kind === "reset") return this.#refreshSoon();
    const changed = new Map(news.calls.map((call) => [call.id, call]));
    const { rows, isEnd } = this.state.peek();
    const last = rows.at(-1);
    let isSame = true;
    const next = rows.map((row) => {
      const now = changed.get(row.id);
      if (!now) return row;
      isSame = false;
      changed.delete(row.id);
      return now;
    });
    if (!isSame) this.#set({ rows: next });
    const isMissing = (call: CallRow) =>
      (isEnd || !last || !isOlder(call, last)) && mayMatch(this.filters, call, dayOf(call.listed_at, this.zone));
    const missing = [...changed.values()].filter(isMissing);
    const newest = rows[PAGE_ROWS - 1];
    this.#isTorn ||= newest !== undefined && missing.some((call) => isOlder(call, newest));
    if (missing.length > 0) this.#refreshSoon();
  }

  #refreshSoon(): void {
    this.#isStale = true;
    if (!this.#isShown) return;
    clearTimeout(this.#timer);
    const wait = Math.max(CALM_MS, this.#refreshedMs + PAUSE_MS - Date.now());
    this.#timer = setTimeout(() => void this.#refresh(), wait);
  }

  async #refresh(): Promise<void> {
    if (this.#isRefreshing) return this.#refreshSoon();
    this.#isRefreshing = true;
    this.#isStale = false;
    try {
      this.#lay(await this.#ask(null));
    } catch {
      this.#isStale = true; // the next news, or the server's return, ask again
    }
    this.#refreshedMs = Date.now();
    this.#isRefreshing = false;
  }

  #lay(page: CallPage): void {
    const before = this.state.peek();
    const known = new Set(before.rows.map((row) => row.id));
    const oldest = before.rows.at(-1);
    const fresh = page.calls.filter((row) => !known.has(row.id) && !(oldest && isOlder(row, oldest))).reverse();
    const arrived = [...before.arrived, ...fresh.map((row) => row.id)];
    const rows = this.#isTorn ? null : merged(before.rows, page);
    this.#isTorn = false;
    if (rows) return this.#set({ rows, arrived });
    this.#era++;
    this.#cursor = page.next_cursor;
    this.#set({ rows: page.calls, isEnd: !page.next_cursor, isAsking: false, error: null, arrived });
  }

  /** The server came back. */
  retry(): void {
    if (this.state.peek().error && this.#isShown) void this.more();
    else if (this.#isStale) this.#refreshSoon();
  }
}

function wordsOf(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(-1, "unknown", "Something went wrong.");
}

const kept = new Map<string, CallList>();

/** The list of a question; the one that was left a moment ago when there is one. */
export function listOf(question: string, filters: Filters, zone: string): CallList {
  const oldestMs = Date.now() - KEPT_MS;
  for (const [key, list] of kept) if (key !== question && list.seenMs < oldestMs) kept.delete(key);
  let list = kept.get(question);
  if (!list || list.seenMs < oldestMs) list = new CallList(question, filters, zone);
  kept.delete(question);
  kept.set(question, list);
  for (const key of kept.keys()) if (kept.size > KEPT_LISTS) kept.delete(key);
  return list;
}

// Nobody finds what somebody else looked at.
effect(() => {
  void userId.value;
  kept.clear();
});
effect(() => {
  if (returns.value > 0) for (const list of kept.values()) list.retry();
});
onNews((news) => {
  for (const list of kept.values()) list.take(news);
});

/** The calls before and after one in the list that was looked at last; null when it is in none. */
export function neighboursOf(id: string): { newer: CallRow | null; older: CallRow | null } | null {
  for (const list of [...kept.values()].reverse()) {
    const { rows } = list.state.value;
    const at = rows.findIndex((row) => row.id === id);
    if (at >= 0) return { newer: rows[at - 1] ?? null, older: rows[at + 1] ?? null };
  }
  return null;
}
