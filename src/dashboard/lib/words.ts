// Outcomes in words and families. Which outcome is which family is the server's rule (README, "The API").
import type { Counts, Outcome, Urgency } from "./types";

export type Family = "answered" | "missed" | "other" | "spam";
export type AnyOutcome = Outcome | "in_progress";

export const FAMILIES: Record<Family, { label: string; outcomes: AnyOutcome[] }> = {
  answered: { label: "Answered", outcomes: ["handled", "booked", "transferred"] },
  missed: {
    label: "Missed",
    outcomes: ["hung_up_early", "no_response", "transfer_not_answered", "ai_unavailable", "technical_error"],
  },
  other: { label: "Other", outcomes: ["cut_off", "other", "in_progress"] },
  spam: { label: "Spam", outcomes: ["spam"] },
};

export const FAMILY_NAMES = Object.keys(FAMILIES) as Family[];

export const OUTCOME_LABELS: Record<AnyOutcome, string> = {
  handled: "Handled by the AI",
  booked: "Booked",
  transferred: "Transferred",
  hung_up_early: "Hung up early",
  no_response: "No response",
  transfer_not_answered: "Transfer not answered",
  ai_unavailable: "AI unavailable",
  technical_error: "Technical error",
  cut_off: "Cut off (time limit)",
  spam: "Spam or wrong number",
  other: "Other",
  in_progress: "In progress",
};

export function familyOf(outcome: AnyOutcome | null): Family {
  const wanted = outcome ?? "in_progress";
  return FAMILY_NAMES.find((family) => FAMILIES[family].outcomes.includes(wanted)) ?? "other";
}

export function countFamily(counts: Counts, family: Family): number {
  return FAMILIES[family].outcomes.reduce((sum, outcome) => sum + (counts[outcome] ?? 0), 0);
}

/** What happened, when the caller did not get to say why. */
export const INSTEAD_OF_REASON: Partial<Record<AnyOutcome, string>> = {
  hung_up_early: "Hung up before saying why",
  no_response: "Stayed silent on the line",
  transfer_not_answered: "Was put through, and nobody answered",
  ai_unavailable: "Could not reach the AI",
  technical_error: "Lost to a technical error",
  in_progress: "On the phone now",
};

export const URGENCY_LABELS: Record<Urgency | "unknown", string> = {
  high: "Urgent",
  normal: "Normal",
  low: "Can wait",
  unknown: "Not known",
};

export function capitalise(text: string): string {
  return text ? text[0]!.toUpperCase() + text.slice(1) : text;
}
