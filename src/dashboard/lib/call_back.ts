// Ticking callers off the list of those to call back: who was called from a telephone of one's own does not wait any more.
import { effect, signal } from "@preact/signals";
import { ApiError, address, ask } from "./api";
import { askAgain } from "./live";
import { userId } from "./session";

/** The caller who was ticked off last, so that it can be undone; and what went wrong with the last one. */
export interface Ticked {
  business: string;
  caller: string;
  name: string;
  /** When, by the server's clock; null when it went wrong. */
  doneAt: string | null;
  problem: string | null;
}

export const lastTicked = signal<Ticked | null>(null);
effect(() => {
  void userId.value;
  lastTicked.value = null;
});

/** Was this caller, who called at this time, ticked off a moment ago? Who calls again waits again. */
export function isTicked(caller: string | null, calledAt: string): boolean {
  const last = lastTicked.value;
  return last?.doneAt != null && last.caller === caller && Date.parse(calledAt) <= Date.parse(last.doneAt);
}

async function send(business: string, caller: string, done: boolean): Promise<{ done_at: string | null }> {
  const path = address("/api/v1/call-back", { business });
  return ask(path, { method: "PATCH", body: { caller_number: caller, done } });
}

const wordsFor = (error: unknown) => (error instanceof ApiError ? error.message : "Something went wrong.");

export async function tickOff(business: string, caller: string, name: string): Promise<void> {
  const ticked: Ticked = { business, caller, name, doneAt: null, problem: null };
  try {
    ticked.doneAt = (await send(business, caller, true)).done_at;
    askAgain();
  } catch (error) {
    ticked.problem = wordsFor(error);
  }
  lastTicked.value = ticked;
}

export async function undoTick(): Promise<void> {
  const last = lastTicked.peek();
  if (!last) return;
  try {
    await send(last.business, last.caller, false);
    lastTicked.value = null;
    askAgain();
  } catch (error) {
    lastTicked.value = { ...last, problem: wordsFor(error) };
  }
}
