// Calls as they happen: the server's event stream, read with fetch because EventSource cannot send a token. Wire: README, "The API".
import { computed, effect, signal } from "@preact/signals";
import { ApiError, address, request } from "./api";
import { lostAt, returns } from "./connection";
import { businessId } from "./state";
import { userId } from "./session";
import type { CallRow } from "./types";

export type News = { kind: "calls"; calls: CallRow[] } | { kind: "reset" };

const isOpen = signal(false);

/** Does the stream run? Without it screens show what was there when they asked. */
export const isLive = computed(() => isOpen.value && lostAt.value === null);

const listeners = new Set<(news: News) => void>();

/** Returns how to stop listening. */
export function onNews(listener: (news: News) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(news: News): void {
  for (const listener of [...listeners]) listener(news);
}

/** Something was changed here: screens ask again. */
export function askAgain(): void {
  tell({ kind: "reset" });
}

const SILENCE_MS = 40_000; // the server beats every 15 s
const HIDDEN_MS = 20_000;
const HOLD_MS = 250;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

interface Message {
  id: string;
  event: string;
  data: string;
}

/** One block of lines, as in the HTML standard's "server-sent events". */
function readMessage(block: string): Message | null {
  const message: Message = { id: "", event: "message", data: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (name === "id") message.id = value;
    else if (name === "event") message.event = value;
    else if (name === "data") message.data += (message.data ? "\n" : "") + value;
  }
  return message.data ? message : null;
}

let held = Promise.resolve();

/** Until news come, or for a moment: what is asked then misses nothing, and need not be asked twice. */
export const newsBegin = () => held;

/** Holds the first questions. Returns what to do when news come: those that did not wait for it ask again. */
function hold(): () => void {
  let isEarly = false;
  let open = () => {};
  held = new Promise((resolve) => (open = resolve));
  const timer = setTimeout(() => {
    isEarly = true;
    open();
  }, HOLD_MS);
  return () => {
    clearTimeout(timer);
    open();
    if (isEarly) tell({ kind: "reset" });
    isEarly = false;
  };
}

function take(message: Message, onHello: () => void): void {
  if (message.event === "hello") onHello();
  if (message.event === "reset") tell({ kind: "reset" });
  if (message.event === "calls")
    tell({ kind: "calls", calls: (JSON.parse(message.data) as { calls: CallRow[] }).calls });
}

/** Reads until the stream ends or is silent for too long; resolves to the last id. */
async function listen(answer: Response, lastId: string, stop: AbortController, onHello: () => void): Promise<string> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let silence: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      clearTimeout(silence);
      silence = setTimeout(() => stop.abort(), SILENCE_MS);
      const { done, value } = await reader.read();
      if (done) return lastId;
      isOpen.value = true;
      const blocks = (rest + value.replaceAll("\r", "")).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const message = readMessage(block);
        if (!message) continue;
        lastId = message.id || lastId;
        take(message, onHello);
      }
    }
  } catch {
    return lastId;
  } finally {
    clearTimeout(silence);
  }
}

/** Ends early when the server came back, or when somebody looks at the page again. */
function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const before = returns.peek();
    const end = () => {
      clearTimeout(timer);
      stopWatching();
      document.removeEventListener("visibilitychange", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    const stopWatching = returns.subscribe((now) => now !== before && queueMicrotask(end));
    document.addEventListener("visibilitychange", end);
  });
}

/** One business's stream, again and again until it is over. */
async function follow(of: string, life: AbortSignal): Promise<void> {
  let lastId = "";
  let pauseMs = FIRST_PAUSE_MS;
  const onHello = hold();
  while (!life.aborted) {
    const stop = new AbortController();
    const end = () => stop.abort();
    const unhide = hideAfter(HIDDEN_MS, end);
    life.addEventListener("abort", end);
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (lastId) headers["Last-Event-ID"] = lastId;
      const answer = await request(address("/api/v1/live", { business: of }), { headers, signal: stop.signal });
      pauseMs = FIRST_PAUSE_MS;
      lastId = await listen(answer, lastId, stop, onHello);
    } catch (error) {
      if (error instanceof ApiError && !error.isPassing) pauseMs = LONGEST_PAUSE_MS;
    }
    unhide();
    life.removeEventListener("abort", end);
    isOpen.value = false;
    if (life.aborted) return;
    await pauseFor(pauseMs * (0.75 + Math.random() / 2));
    while (document.hidden && !life.aborted) await pauseFor(LONGEST_PAUSE_MS);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** Browsers open six connections to one host: pages that nobody looks at give theirs back. Returns how to stop this. */
function hideAfter(ms: number, act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(act, ms);
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}

export function startLive(): void {
  effect(() => {
    const of = businessId.value;
    if (!of || !userId.value) return;
    const life = new AbortController();
    void follow(of, life.signal);
    return () => life.abort();
  });
}
