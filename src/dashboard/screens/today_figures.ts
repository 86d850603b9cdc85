// What the numbers of a period say; nothing here knows how it looks.
import { addDays, count, formatLength, formatNumber, formatPercent, formatRange } from "../lib/format";
import type { Period } from "../lib/period";
import type { BookingTileName, Counts, Overview, Tile, TileName } from "../lib/types";
import { countFamily } from "../lib/words";

export type Direction = "up" | "down" | "same";

export interface Change {
  direction: Direction;
  /** "12%", "3", "14 s"; empty when nothing changed. */
  by: string;
}

/** Below this a percentage says more than is known: from 1 to 2 is "1 more", not "100%". */
const FEW = 10;

/** How a count changed; null: there is nothing to compare with. */
export function changeOf({ value, previous }: Tile): Change | null {
  if (value === null || previous === null || previous <= 0) return null;
  const more = value - previous;
  const direction: Direction = more > 0 ? "up" : more < 0 ? "down" : "same";
  if (direction === "same") return { direction, by: "" };
  const share = Math.abs(more) / previous;
  if (previous < FEW || share > 9.99) return { direction, by: formatNumber(Math.abs(more)) };
  return {
    direction,
    by: formatPercent(share) === formatPercent(0) ? formatNumber(Math.abs(more)) : formatPercent(share),
  };
}

/** How a length changed, in seconds. */
export function lengthChangeOf({ value, previous }: Tile): Change | null {
  if (value === null || previous === null) return null;
  const more = Math.round(value) - Math.round(previous);
  return {
    direction: more > 0 ? "up" : more < 0 ? "down" : "same",
    by: more === 0 ? "" : formatLength(Math.abs(more)),
  };
}

/** Which way is better, for those numbers of which that can be said. */
const BETTER: Partial<Record<TileName | BookingTileName, Direction>> = {
  answer_rate: "up",
  missed: "down",
  to_call_back: "down",
};

export function isBetter(name: TileName | BookingTileName, direction: Direction): boolean | null {
  const better = BETTER[name];
  return better && direction !== "same" ? better === direction : null;
}

/** "Last 7 days" */
export function namePeriod({ name, from, to }: Period): string {
  if (name === "today") return "Today";
  if (name === "yesterday") return "Yesterday";
  return name === "custom" ? formatRange(from, to) : `Last ${name} days`;
}

/** "Against Nov 9 – Nov 15": the days that the numbers are set against. */
export function nameBefore({ previous, tiles }: Overview): string {
  const days = formatRange(previous.from, previous.to);
  return tiles.calls.previous ? `Against ${days}` : `No calls ${days}`;
}

export interface Line {
  calls: number;
  missed: number;
}

function lineOf(counts: Counts): Line {
  return { calls: Object.values(counts).reduce((a, b) => a + b, 0), missed: countFamily(counts, "missed") };
}

const dayIn = (overview: Overview, day: string) => overview.by_day.find((one) => one.date === day);

/** "12 calls, 3 missed" */
export function sayLine({ calls, missed }: Line): string {
  return calls === 0
    ? "no calls"
    : `${count(calls, "call")}, ${missed === 0 ? "none missed" : `${formatNumber(missed)} missed`}`;
}

/** What an owner asks first: today so far, and yesterday. Of those days that the period has. */
export function recentDays(overview: Overview, today: string): string[] {
  const [now, before] = [dayIn(overview, today), dayIn(overview, addDays(today, -1))];
  return [
    now && `Today so far: ${sayLine(lineOf(now.outcomes))}.`,
    before && `Yesterday: ${sayLine(lineOf(before.outcomes))}.`,
  ].filter((one): one is string => Boolean(one));
}

/** "from the last 7 days", "from yesterday", "from Nov 3 – Nov 9" */
function fromPeriod(period: Period): string {
  const name = namePeriod(period);
  return `from ${period.name === "custom" ? name : period.name === "today" || period.name === "yesterday" ? name.toLowerCase() : `the ${name.toLowerCase()}`}`;
}

/** The server lists the first of those to call back; there may be more urgent ones than it lists. */
export function sayToCallBack(overview: Overview, period: Period): string {
  const from = fromPeriod(period);
  const people = overview.tiles.to_call_back.value ?? 0;
  if (people === 0) return `Nobody ${from} is waiting for a call back.`;
  const urgent = overview.call_back.filter((one) => one.urgency === "high").length;
  const waiting = `${count(people, "caller")} ${from} ${people === 1 ? "is" : "are"} waiting for a call back`;
  if (urgent === 0) return `${waiting}.`;
  if (people === 1) return `${waiting}, and it is urgent.`;
  const all = urgent === overview.call_back.length && people > urgent;
  return `${waiting}, ${all ? `${urgent} or more` : formatNumber(urgent)} of them urgent.`;
}

/** No call ever came: then a first one is what is missing, not a longer period. */
export function isNew({ tiles, freshness }: Overview): boolean {
  return tiles.calls.value === 0 && !tiles.calls.previous && freshness.last_event_at === null;
}

/** "3 calls have no report yet." */
export function sayCompleteness({ completeness }: Overview): string {
  const missing = completeness.ended - completeness.with_report;
  if (completeness.ended === 0) return "";
  return missing <= 0
    ? "Every ended call has its report."
    : `${count(missing, "ended call has", "ended calls have")} no report yet.`;
}
