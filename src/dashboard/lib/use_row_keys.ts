// j and k, or the arrow keys within the list, go from row to row; Enter opens the one that has the focus, as every link.
import type { RefObject } from "preact";
import { useCallback, useLayoutEffect, useRef } from "preact/hooks";
import { hasShortcuts } from "./shortcuts";
import type { ListView } from "./use_window";

const STEPS: Record<string, number> = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };

/** Is somebody writing, or holding a key that makes another meaning? */
export function isTyping(event: KeyboardEvent): boolean {
  const at = event.target;
  return (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.defaultPrevented ||
    (at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)))
  );
}

/** Returns how to put the focus on a row, which may have to be drawn first. */
export function useRowKeys(
  table: RefObject<HTMLElement | null>,
  length: number,
  view: ListView,
): (index: number) => void {
  const wanted = useRef<number | null>(null);
  const latest = useRef({ length, view });
  latest.current = { length, view };

  const focusWanted = useCallback(() => {
    if (wanted.current === null) return;
    const link = table.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"] .calls-link`);
    if (!link) return;
    wanted.current = null;
    link.focus({ preventScroll: true });
  }, [table]);
  useLayoutEffect(focusWanted);

  const focus = useCallback(
    (index: number) => {
      wanted.current = index;
      focusWanted();
    },
    [focusWanted],
  );

  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const step = STEPS[event.key];
      if (step === undefined || isTyping(event)) return;
      if (!event.key.startsWith("Arrow") && !hasShortcuts.peek()) return;
      const at = document.activeElement?.closest<HTMLElement>("[data-index]") ?? null;
      if (!at && event.key.startsWith("Arrow")) return;
      const { length: rows, view: now } = latest.current;
      const next = at ? Number(at.dataset["index"]) + step : now.firstSeen();
      if (next < 0 || next >= rows) return;
      event.preventDefault();
      now.bring(next);
      focus(next);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [focus]);
  return focus;
}
