// One question of a screen: asked again when the address changes, when the server comes back, and when somebody calls again().
// What was there stays on the screen meanwhile.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, ask } from "./api";
import { returns } from "./connection";
import { newsBegin } from "./live";

export interface Asked<T> {
  data: T | null;
  /** Of which address the data are. */
  of: string | null;
  error: ApiError | null;
  /** Nothing of this address has come yet. */
  isLoading: boolean;
  again: () => void;
}

interface State<T> {
  data: T | null;
  of: string | null;
  error: ApiError | null;
}

export function useAsk<T>(path: string | null): Asked<T> {
  const [state, setState] = useState<State<T>>({ data: null, of: null, error: null });
  const [count, setCount] = useState(0);
  const again = useCallback(() => setCount((n) => n + 1), []);
  const back = returns.value;
  const shown = useRef(state);
  shown.current = state;

  useEffect(() => {
    if (!path) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    newsBegin()
      .then(() => ask<T>(path, { signal: stop.signal }))
      .then((data) => setState({ data, of: path, error: null }))
      .catch((error: unknown) => {
        if (stop.signal.aborted) return;
        const failed = error instanceof ApiError ? error : new ApiError(-1, "unknown", "Something went wrong.");
        const before = shown.current;
        setState(before.of === path ? { ...before, error: failed } : { data: null, of: path, error: failed });
        if (failed.retryAfterSeconds) timer = setTimeout(again, failed.retryAfterSeconds * 1000);
      });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, count, back, again]);

  return { ...state, isLoading: path !== null && state.of !== path, again };
}
