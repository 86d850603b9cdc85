// Draws of a long list only what is near the part one sees, and holds that part still when rows come in above it.
import type { RefObject } from "preact";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { rowAt, topOfRow, windowOf, type DayGroup, type Heights } from "./calls_layout";
import { scrolledTo } from "./router";
import type { CallRow } from "./types";

let measured: Heights = { row: 68, head: 40 };

/** The heights that the style sheet gives, read off two boxes; they change with the width and the size of the type. */
export function useHeights(box: RefObject<HTMLElement | null>): Heights {
  const [heights, setHeights] = useState(measured);
  useLayoutEffect(() => {
    const [row, head] = [...(box.current?.children ?? [])];
    if (!row || !head) return;
    const measure = () => {
      const next = { row: row.getBoundingClientRect().height, head: head.getBoundingClientRect().height };
      if (!next.row || (next.row === measured.row && next.head === measured.head)) return;
      measured = next;
      setHeights(next);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(row);
    observer.observe(head);
    return () => observer.disconnect();
  }, [box]);
  return heights;
}

export interface ListView {
  /** The rows to draw, the last one not included. */
  first: number;
  last: number;
  /** Is the list's top out of sight? */
  isAway: boolean;
  /** Scrolls as little as it takes to see a row. */
  bring: (index: number) => void;
  /** The first row that is seen. */
  firstSeen: () => number;
}

const COVERED_PX = 150; // what the bars that stay above the list may cover

interface Shown {
  rows: CallRow[];
  groups: DayGroup[];
  heights: Heights;
}

export function useWindow(start: RefObject<HTMLElement | null>, shown: Shown): ListView {
  const { groups, heights } = shown;
  const [range, setRange] = useState(() => windowOf(groups, scrolledTo(), innerHeight, heights));
  const [isAway, setAway] = useState(false);
  const anchor = useRef<{ id: string; below: number } | null>(null);
  const latest = useRef(shown);
  latest.current = shown;

  const above = useCallback(() => -(start.current?.getBoundingClientRect().top ?? 0), [start]);

  const look = useCallback(() => {
    const { rows, groups: days, heights: sizes } = latest.current;
    const y = above();
    const next = windowOf(days, Math.max(0, y), innerHeight, sizes);
    setRange((before) => (before[0] === next[0] && before[1] === next[1] ? before : next));
    setAway(y > 0);
    const index = rowAt(days, y, sizes);
    const row = y > 0 ? rows[index] : undefined;
    anchor.current = row ? { id: row.id, below: topOfRow(days, index, sizes) - y } : null;
  }, [above]);

  useLayoutEffect(() => {
    const held = anchor.current;
    const index = held ? shown.rows.findIndex((row) => row.id === held.id) : -1;
    if (held && index >= 0) {
      const by = topOfRow(groups, index, heights) - held.below - above();
      if (Math.abs(by) > 1) scrollBy({ top: by, behavior: "instant" });
    }
    look();
  }, [shown.rows, groups, heights, above, look]);

  useEffect(() => {
    let frame = 0;
    const onScroll = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        look();
      });
    };
    addEventListener("scroll", onScroll, { passive: true });
    addEventListener("resize", onScroll);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", onScroll);
      removeEventListener("resize", onScroll);
    };
  }, [look]);

  const bring = useCallback(
    (index: number) => {
      const { groups: days, heights: sizes } = latest.current;
      const top = topOfRow(days, index, sizes) - above();
      const bottom = top + sizes.row;
      if (top < COVERED_PX) scrollBy({ top: top - COVERED_PX, behavior: "instant" });
      else if (bottom > innerHeight - COVERED_PX / 2)
        scrollBy({ top: bottom - innerHeight + COVERED_PX / 2, behavior: "instant" });
      look();
    },
    [above, look],
  );
  const firstSeen = useCallback(() => {
    const { groups: days, heights: sizes } = latest.current;
    return rowAt(days, Math.max(0, above() + COVERED_PX), sizes);
  }, [above]);
  return { first: range[0], last: range[1], isAway, bring, firstSeen };
}
