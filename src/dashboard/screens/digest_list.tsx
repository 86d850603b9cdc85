// The days, newest first, each with what became of its mail. Older ones are asked for by a button.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, address, ask } from "../lib/api";
import { dayOf, formatMoment, formatMonth, nameDay } from "../lib/format";
import { businessId, here, now } from "../lib/state";
import type { DigestPage, DigestRow } from "../lib/types";
import { useAsk } from "../lib/use_ask";
import { isMoving, WayChip, wayOf } from "./digest_way";

const PAGE = 30;
const LOOK_AGAIN_MS = 60_000;

export interface Digests {
  rows: DigestRow[];
  isLoading: boolean;
  error: ApiError | null;
  again: () => void;
  hasOlder: boolean;
  olderError: ApiError | null;
  isLoadingOlder: boolean;
  loadOlder: () => Promise<void>;
  /** null: not known yet. */
  sending: boolean | null;
  nextDueAt: string | null;
}

const pageAddress = (before: string | null) =>
  address("/api/v1/digests", { business: businessId.value, limit: PAGE, before });

/** All days that came so far. While a mail is on its way the newest are asked for again. */
export function useDigests(): Digests {
  const newest = useAsk<DigestPage>(pageAddress(null));
  const seen = useRef(new Map<string, DigestRow>());
  const [olderBefore, setOlderBefore] = useState<string | null | undefined>(undefined);
  const [olderError, setOlderError] = useState<ApiError | null>(null);
  const [isLoadingOlder, setLoadingOlder] = useState(false);
  for (const row of newest.data?.digests ?? []) seen.current.set(row.date, row);
  const rows = [...seen.current.values()].sort((a, b) => (a.date < b.date ? 1 : -1));
  const before = olderBefore === undefined ? (newest.data?.next_before ?? null) : olderBefore;
  const moves = rows.slice(0, 3).some(isMoving);
  const { again } = newest;

  useEffect(() => {
    const look = () => document.visibilityState === "visible" && again();
    const timer = moves ? setInterval(look, LOOK_AGAIN_MS) : undefined;
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [moves, again]);

  async function loadOlder() {
    if (isLoadingOlder || !before) return;
    setLoadingOlder(true);
    setOlderError(null);
    try {
      const page = await ask<DigestPage>(pageAddress(before));
      for (const row of page.digests) seen.current.set(row.date, row);
      setOlderBefore(page.next_before);
    } catch (error) {
      if (error instanceof ApiError) setOlderError(error);
    }
    setLoadingOlder(false);
  }

  const { isLoading, error } = newest;
  const { sending = null, next_due_at: nextDueAt = null } = newest.data ?? {};
  const older = { hasOlder: before !== null, olderError, isLoadingOlder, loadOlder };
  return { rows, isLoading, error, again, sending, nextDueAt, ...older };
}

function Row({ row, zone, isShown }: { row: DigestRow; zone: string; isShown: boolean }) {
  const way = wayOf(row, zone);
  const { tone, text } = way;
  const when = row.sent_at ? `Sent ${formatMoment(row.sent_at, zone)}` : null;
  return (
    <li>
      <a class="digest-row" href={here(`/digests/${row.date}`)} aria-current={isShown ? "true" : undefined}>
        <span class="digest-day">{nameDay(row.date, dayOf(now.value, zone))}</span>
        <WayChip way={way} />
        <span class={`digest-note ${tone === "bad" ? "is-bad" : ""}`}>
          {tone === "bad" || !when ? (text ?? "In a moment") : when}
        </span>
      </a>
    </li>
  );
}

function byMonth(rows: DigestRow[]): { month: string; rows: DigestRow[] }[] {
  const months: { month: string; rows: DigestRow[] }[] = [];
  for (const row of rows) {
    const month = formatMonth(row.date);
    if (months.at(-1)?.month === month) months.at(-1)!.rows.push(row);
    else months.push({ month, rows: [row] });
  }
  return months;
}

export function DigestList({ digests, zone, shown }: { digests: Digests; zone: string; shown: string | null }) {
  const list = useRef<HTMLDivElement>(null);
  const oldest = useRef<string | null>(null);

  // After the button the focus goes on to the first day that came, since the button may be gone.
  useEffect(() => {
    if (!oldest.current || digests.isLoadingOlder) return;
    const links = [...(list.current?.querySelectorAll<HTMLElement>("a.digest-row") ?? [])];
    const at = digests.rows.findIndex((row) => row.date === oldest.current);
    oldest.current = null;
    if (!digests.olderError) links[at + 1]?.focus({ preventScroll: true });
  }, [digests.isLoadingOlder]);

  function onOlder() {
    oldest.current = digests.rows.at(-1)?.date ?? null;
    void digests.loadOlder();
  }

  return (
    <div class="digest-list card" ref={list}>
      {byMonth(digests.rows).map(({ month, rows }) => (
        <section key={month}>
          <h2 class="digest-month">{month}</h2>
          <ul>
            {rows.map((row) => (
              <Row key={row.date} row={row} zone={zone} isShown={row.date === shown} />
            ))}
          </ul>
        </section>
      ))}
      <div class="digest-older" role="status">
        {digests.olderError && <p class="digest-note is-bad">{digests.olderError.message}</p>}
        {digests.hasOlder && (
          <button class="button is-wide" aria-disabled={digests.isLoadingOlder} onClick={onOlder}>
            {digests.isLoadingOlder ? "Loading…" : "Load older"}
          </button>
        )}
      </div>
    </div>
  );
}
