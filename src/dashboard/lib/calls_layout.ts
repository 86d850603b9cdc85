// Where the rows of a long list stand, reckoned without drawing them: every row and every heading has a known height.
import { dayOf } from "./format";
import type { CallRow } from "./types";

export interface Heights {
  row: number;
  /** The heading of a day. */
  head: number;
}

/** The calls of one day, rows `start` to `end` of the list, the latter not included. */
export interface DayGroup {
  day: string;
  start: number;
  end: number;
}

const days = new WeakMap<CallRow, string>();

function dayOfRow(row: CallRow, zone: string): string {
  let day = days.get(row);
  if (!day) days.set(row, (day = dayOf(row.listed_at, zone)));
  return day;
}

export function groupDays(rows: CallRow[], zone: string): DayGroup[] {
  const groups: DayGroup[] = [];
  rows.forEach((row, index) => {
    const day = dayOfRow(row, zone);
    const last = groups.at(-1);
    if (last?.day === day) last.end = index + 1;
    else groups.push({ day, start: index, end: index + 1 });
  });
  return groups;
}

/** How far below the list's top a group begins. */
export function topOf(groups: DayGroup[], at: number, heights: Heights): number {
  return at * heights.head + (groups[at]?.start ?? groups.at(-1)?.end ?? 0) * heights.row;
}

export function heightOf(group: DayGroup, heights: Heights): number {
  return heights.head + (group.end - group.start) * heights.row;
}

/** The group that a row stands in. */
export function groupOf(groups: DayGroup[], index: number): number {
  let low = 0;
  let high = groups.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (groups[middle]!.start <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How far below the list's top a row stands. */
export function topOfRow(groups: DayGroup[], index: number, heights: Heights): number {
  const at = groupOf(groups, index);
  return topOf(groups, at, heights) + heights.head + (index - (groups[at]?.start ?? 0)) * heights.row;
}

/** The row at a height, the first or last one when that is outside. */
export function rowAt(groups: DayGroup[], y: number, heights: Heights): number {
  let low = 0;
  let high = groups.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (topOf(groups, middle, heights) <= y) low = middle;
    else high = middle - 1;
  }
  const group = groups[low];
  if (!group) return 0;
  const within = Math.floor((y - topOf(groups, low, heights) - heights.head) / heights.row);
  return group.start + Math.min(Math.max(within, 0), group.end - group.start - 1);
}

const STEP = 8; // rows by which the drawn part moves on, so that not every turn of the wheel draws

/** Which rows to draw: what is seen, and as much again before and after it. */
export function windowOf(groups: DayGroup[], y: number, seen: number, heights: Heights): [number, number] {
  const first = rowAt(groups, y - seen, heights);
  const last = rowAt(groups, y + 2 * seen, heights);
  return [Math.floor(first / STEP) * STEP, Math.ceil((last + 1) / STEP) * STEP];
}
