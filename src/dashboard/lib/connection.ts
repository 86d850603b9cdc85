// Is the server there? Each answer and each failure says so; while it is away it is looked for again and again.
import { signal } from "@preact/signals";

const LOOK_MS = 4000;

/** When the server was lost, or null while it is there. */
export const lostAt = signal<number | null>(navigator.onLine ? null : Date.now());
/** Counts how often it came back: questions that failed meanwhile are asked again. */
export const returns = signal(0);

let timer: ReturnType<typeof setTimeout> | undefined;

export function heard(): void {
  clearTimeout(timer);
  if (lostAt.peek() === null) return;
  lostAt.value = null;
  returns.value++;
}

export function lost(): void {
  lostAt.value ??= Date.now();
  clearTimeout(timer);
  timer = setTimeout(() => void look(), LOOK_MS);
}

async function look(): Promise<void> {
  try {
    await fetch("/healthz", { cache: "no-store" });
    heard();
  } catch {
    lost();
  }
}

export function startConnection(): void {
  addEventListener("offline", lost);
  addEventListener("online", () => void look());
}
