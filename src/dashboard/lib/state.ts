// What every screen needs to know: who I am, which business I look at, what time it is there.
import { computed, effect, signal } from "@preact/signals";
import { ApiError, ask } from "./api";
import { returns } from "./connection";
import { place, startOver } from "./router";
import { session, userId } from "./session";
import type { Business, Me } from "./types";

export const me = signal<Me | null>(null);
export const meError = signal<ApiError | null>(null);

/** The business in the address, else the first. undefined: none, or not known yet. */
export const business = computed<Business | undefined>(() => {
  const mine = me.value?.businesses ?? [];
  const asked = place.value.query.get("business");
  return asked ? mine.find((one) => one.id === asked) : mine[0];
});

/** For addresses of the API: the business when there is a choice. */
export const businessId = computed<string | null>(() => business.value?.id ?? null);

/** An address of the dashboard, in the business one is looking at. */
export function here(path: string, query: Record<string, string | null> = {}): string {
  const params = new URLSearchParams();
  const asked = place.value.query.get("business");
  if (asked) params.set("business", asked);
  for (const [key, value] of Object.entries(query)) if (value) params.set(key, value);
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

export async function loadMe(): Promise<void> {
  try {
    me.value = await ask<Me>("/api/v1/me");
    meError.value = null;
  } catch (error) {
    if (error instanceof ApiError) meError.value = error;
  }
}

/** The minute, for "5 minutes ago" and for what "today" is. */
export const now = signal(Date.now());

export function startState(): void {
  let before: string | null = null;
  effect(() => {
    me.value = null;
    meError.value = null;
    if (userId.value) void loadMe();
    else if (before) startOver();
    before = userId.value;
  });
  effect(() => {
    if (returns.value > 0 && session.peek() && (meError.peek() || !me.peek())) void loadMe();
  });
  setInterval(() => (now.value = Date.now()), 15_000);
  document.addEventListener("visibilitychange", () => (now.value = Date.now()));
}
