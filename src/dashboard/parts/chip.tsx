// Small marks: what became of a call, how urgent it is.
import type { Outcome, Urgency } from "../lib/types";
import { familyOf, URGENCY_LABELS } from "../lib/words";

/** The outcome in the server's own words; the colour repeats them, it never stands alone. */
export function OutcomeChip({ outcome, text }: { outcome: Outcome | null; text: string }) {
  return <span class={`chip is-${outcome ? familyOf(outcome) : "live"}`}>{text}</span>;
}

/** Only what asks for attention is marked. */
export function UrgencyMark({ urgency }: { urgency: Urgency | null }) {
  return urgency === "high" ? <span class="urgent">{URGENCY_LABELS.high}</span> : null;
}
