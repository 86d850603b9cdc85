// Reckoning for charts; nothing here knows how they look.
import { daysBetween } from "../lib/format";
import type { Counts } from "../lib/types";

/** Whole ticks from 0 up to the largest value or just above it: 0, 5, 10, 15. */
export function ticksOf(largest: number, wanted = 4): number[] {
  const rough = Math.max(1, largest / wanted);
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5].map((n) => n * size).find((one) => one >= rough) ?? 10 * size;
  const steps = Math.max(1, Math.ceil(largest / step));
  return Array.from({ length: steps + 1 }, (_, i) => i * step);
}

/** Every how many columns one gets a label, when there is room for so many. Days go by weeks once they do not all fit. */
export function labelStep(columns: number, room: number): number {
  const steps = [1, 2, 7, 14, 28, 56, 91, 182];
  return steps.find((step) => Math.ceil(columns / step) <= Math.max(1, room)) ?? columns;
}

export interface Bucket {
  from: string;
  to: string;
  counts: Counts;
  calls: number;
}

function sumCounts(all: Counts[]): Counts {
  const sum: Counts = {};
  for (const counts of all) {
    for (const [outcome, calls] of Object.entries(counts) as [keyof Counts, number][])
      sum[outcome] = (sum[outcome] ?? 0) + calls;
  }
  return sum;
}

const WIDTH_OF_A_DAY = 2.5;

/** Days, or weeks from Monday on when so many days would be thinner than a hair. */
export function bucketsOf(days: { date: string; outcomes: Counts }[], width: number): Bucket[] {
  const isByWeek = days.length > 14 && width / days.length < WIDTH_OF_A_DAY;
  const groups: { date: string; outcomes: Counts }[][] = [];
  for (const day of days) {
    if (!isByWeek || groups.length === 0 || weekday(day.date) === 0) groups.push([day]);
    else groups.at(-1)!.push(day);
  }
  return groups.map((group) => {
    const counts = sumCounts(group.map((day) => day.outcomes));
    return {
      from: group[0]!.date,
      to: group.at(-1)!.date,
      counts,
      calls: Object.values(counts).reduce((a, b) => a + b, 0),
    };
  });
}

const A_MONDAY = "2024-01-01";

/** 0 is Monday. */
export function weekday(day: string): number {
  return ((daysBetween(A_MONDAY, day) % 7) + 7) % 7;
}

/** Monday first, as the server's rows. */
export const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** Which columns have a label: all, every second up to the last one, or the Mondays. */
export function isLabelled(from: string, index: number, columns: number, step: number): boolean {
  if (step === 1) return true;
  if (step === 2) return (columns - 1 - index) % 2 === 0;
  return weekday(from) === 0 && daysBetween(A_MONDAY, from) % step === 0;
}

/** 0 for nothing, else 1 to `levels`: how strong the colour of a value is. */
export function levelOf(value: number, largest: number, levels = 5): number {
  return value <= 0 || largest <= 0 ? 0 : Math.max(1, Math.ceil((value / largest) * levels));
}

/** What each level stands for, "1–3"; levels that no whole number falls into are left out. */
export function levelRanges(largest: number, levels = 5): { level: number; from: number; to: number }[] {
  const ranges: { level: number; from: number; to: number }[] = [];
  for (let level = 1; level <= levels; level++) {
    const from = Math.floor((largest * (level - 1)) / levels) + 1;
    const to = Math.floor((largest * level) / levels);
    if (to >= from) ranges.push({ level, from, to });
  }
  return ranges;
}

/** Where the most calls are; the first of equals. null: nowhere. */
export function busiestOf(byHour: number[][]): { weekday: number; hour: number; calls: number } | null {
  let best: { weekday: number; hour: number; calls: number } | null = null;
  for (const [day, hours] of byHour.entries()) {
    for (const [hour, calls] of hours.entries()) {
      if (calls > (best?.calls ?? 0)) best = { weekday: day, hour, calls };
    }
  }
  return best;
}
