// Ticking callers off the list of those to call back: who was called from a telephone of one's own does not wait any more.
import { signal } from "@preact/signals";
import { ApiError, address, ask } from "./api";
import { askAgain } from "./live";
import { businessId } from "./state";

/** The caller who was ticked off last, so that it can be undone; and what went wrong with the last one. */
export interface Ticked {
  caller: string;
  name: string;
  problem: string | null;
}

export const lastTicked = signal<Ticked | null>(null);

/** Was this caller ticked off a moment ago? */
export function isTicked(caller: string | null): boolean {
  const last = lastTicked.value;
  return last !== null && last.problem === null && last.caller === caller;
}

async function send(caller: string, done: boolean): Promise<string | null> {
  try {
    const path = address("/api/v1/call-back", { business: businessId.peek() });
    await ask(path, { method: "PATCH", body: { caller_number: caller, done } });
    askAgain();
    return null;
  } catch (error) {
    return error instanceof ApiError ? error.message : "Something went wrong.";
  }
}

export async function tickOff(caller: string, name: string): Promise<void> {
  lastTicked.value = { caller, name, problem: await send(caller, true) };
}

export async function undoTick(): Promise<void> {
  const last = lastTicked.peek();
  if (!last) return;
  const problem = await send(last.caller, false);
  lastTicked.value = problem ? { ...last, problem } : null;
}
