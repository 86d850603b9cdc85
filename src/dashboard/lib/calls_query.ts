// What of the calls one looks at: the filters in the address, the same for the server, and in words.
import { addDays, WEEKDAYS } from "./format";
import { address } from "./api";
import { periodOf, type Period } from "./period";
import type { CallRow } from "./types";
import { FAMILIES, type AnyOutcome, type Family } from "./words";

export type UrgencyName = "high" | "normal" | "low" | "unknown";
export const URGENCY_NAMES: UrgencyName[] = ["high", "normal", "low", "unknown"];

export interface Filters {
  period: Period;
  /** The days of the week that is on, Monday first. */
  isThisWeek: boolean;
  q: string;
  outcomes: string[];
  urgencies: string[];
  reason: string;
  called: string;
  caller: string;
  isRecorded: boolean;
  isToCallBack: boolean;
  shorter: string;
  longer: string;
}

/** The names in the address that choose calls, without the days. */
const CHOICES = [
  "q",
  "outcome",
  "urgency",
  "reason",
  "called",
  "caller",
  "recording",
  "call_back",
  "shorter",
  "longer",
] as const;

const list = (text: string | null) => (text ?? "").split(",").filter(Boolean);

/** The Monday of the week of a day. */
function mondayOf(day: string): string {
  const name = new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" }).format(new Date(`${day}T12:00:00Z`));
  return addDays(day, -WEEKDAYS.indexOf(name as (typeof WEEKDAYS)[number]));
}

export function filtersOf(query: URLSearchParams, today: string): Filters {
  const get = (name: (typeof CHOICES)[number]) => query.get(name)?.trim() ?? "";
  const period = periodOf(query, today, "30");
  const isThisWeek = query.get("period") === "week" && period.name !== "custom";
  return {
    period: isThisWeek ? { name: "custom", from: mondayOf(today), to: today } : period,
    isThisWeek,
    q: get("q"),
    outcomes: list(get("outcome")),
    urgencies: list(get("urgency")),
    reason: get("reason"),
    called: get("called"),
    caller: get("caller"),
    isRecorded: get("recording") === "yes",
    isToCallBack: get("call_back") === "yes",
    shorter: get("shorter"),
    longer: get("longer"),
  };
}

/** Is there any filter but the days? */
export function isNarrowed(filters: Filters): boolean {
  const { q, outcomes, urgencies, reason, called, caller, isRecorded, isToCallBack, shorter, longer } = filters;
  const texts = [q, reason, called, caller, shorter, longer, ...outcomes, ...urgencies];
  return isRecorded || isToCallBack || texts.some(Boolean);
}

/** Takes every filter out of the address; the days stay when they are not named. */
export function withoutFilters(andDays: boolean): Record<string, null> {
  const names = andDays ? [...CHOICES, "period", "from", "to"] : CHOICES;
  return Object.fromEntries(names.map((name) => [name, null]));
}

/** The question for the server, as "/api/v1/calls?…", without cursor and limit. */
export function questionOf(path: string, filters: Filters, business: string | null): string {
  return address(path, {
    business,
    from: filters.period.from,
    to: filters.period.to,
    outcome: filters.outcomes.join(","),
    urgency: filters.urgencies.join(","),
    q: filters.q,
    reason: filters.reason,
    called: filters.called,
    caller: filters.caller,
    recording: filters.isRecorded ? "yes" : null,
    call_back: filters.isToCallBack ? "yes" : null,
    shorter: filters.shorter,
    longer: filters.longer,
  });
}

/** False only when the server would surely leave the call out; it alone knows for words and for whom to call back. */
export function mayMatch(filters: Filters, call: CallRow, day: string): boolean {
  const { period, outcomes, urgencies, reason, called, caller, isRecorded, shorter, longer } = filters;
  const seconds = call.duration_seconds;
  return (
    day >= period.from &&
    day <= period.to &&
    (!outcomes.length || outcomes.includes(call.outcome ?? "in_progress")) &&
    (!urgencies.length || urgencies.includes(call.urgency ?? "unknown")) &&
    (!reason || reason.toLowerCase() === call.reason?.toLowerCase()) &&
    (!called || called === call.called_number) &&
    (!caller || (call.caller_number ?? "").endsWith(caller)) &&
    (!isRecorded || call.has_recording) &&
    (!shorter || (seconds !== null && seconds < Number(shorter))) &&
    (!longer || (seconds !== null && seconds > Number(longer)))
  );
}

/** Are all outcomes of a family chosen? */
export function hasFamily(outcomes: string[], family: Family): boolean {
  return FAMILIES[family].outcomes.every((outcome) => outcomes.includes(outcome));
}

/** The chosen outcomes with those of a family, or without them when all of it was chosen. */
export function toggleFamily(outcomes: string[], family: Family): string[] {
  const own: AnyOutcome[] = FAMILIES[family].outcomes;
  const others = outcomes.filter((outcome) => !own.some((one) => one === outcome));
  return hasFamily(outcomes, family) ? others : [...others, ...own];
}

/** "(646) 555-0187" as the server takes it; null when it is no number, nor the last four digits of one. */
export function callerOf(text: string): string | null {
  const plain = text.replace(/[\s().\-–/]/g, "");
  return plain === "" || /^\+?\d{4,15}$/.test(plain) ? plain : null;
}
