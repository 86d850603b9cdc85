// The period one looks at, from the address: "period=7" moves on with the days, "from" and "to" stay.
import { addDays } from "./format";

export type PeriodName = "today" | "yesterday" | "7" | "30" | "90" | "custom";

export interface Period {
  name: PeriodName;
  /** Days of the business, both included. */
  from: string;
  to: string;
}

export const PERIODS: { name: PeriodName; label: string }[] = [
  { name: "today", label: "Today" },
  { name: "yesterday", label: "Yesterday" },
  { name: "7", label: "7 days" },
  { name: "30", label: "30 days" },
  { name: "90", label: "90 days" },
  { name: "custom", label: "Custom" },
];

const isDay = (text: string | null): text is string =>
  text !== null && /^20\d\d-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T12:00:00Z`));

export function periodOf(query: URLSearchParams, today: string, standard: Exclude<PeriodName, "custom">): Period {
  const from = query.get("from");
  const to = query.get("to");
  if (isDay(from) && isDay(to))
    return from <= to ? { name: "custom", from, to } : { name: "custom", from: to, to: from };
  const asked = query.get("period");
  const name = PERIODS.some((one) => one.name === asked && asked !== "custom") ? (asked as PeriodName) : standard;
  if (name === "today") return { name, from: today, to: today };
  if (name === "yesterday") return { name, from: addDays(today, -1), to: addDays(today, -1) };
  return { name, from: addDays(today, 1 - Number(name)), to: today };
}

/** What must stand in the address for a period; see refine() of the router. */
export function periodQuery(period: Period): Record<string, string | null> {
  return period.name === "custom"
    ? { period: null, from: period.from, to: period.to }
    : { period: period.name, from: null, to: null };
}
