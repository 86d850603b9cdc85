// The way of a digest's mail in plain words: a chip for the list, a sentence, the steps it went.
import { count, formatMoment } from "../lib/format";
import type { DigestRow } from "../lib/types";
import { capitalise } from "../lib/words";
import { Icon } from "../parts/icon";

type Tone = "good" | "moving" | "late" | "bad" | "none";

export interface Way {
  label: string;
  tone: Tone;
  /** What happened, and what it means; null when there is nothing to add. */
  text: string | null;
  /** The list of recipients is what to look at. */
  isAddress?: boolean;
}

function sentence(text: string | null): string {
  const words = capitalise((text ?? "").trim());
  return !words || /[.!?]$/.test(words) ? words : `${words}.`;
}

const withReason = (text: string, reason: string | null) => [text, sentence(reason)].filter(Boolean).join(" ");

function wayOfSent(status: string | null, error: string | null): Way {
  switch ((status ?? "").replace(/^email\./, "")) {
    case "delivered":
    case "opened":
    case "clicked":
      return { label: "Delivered", tone: "good", text: null };
    case "delivery_delayed":
      return {
        label: "Delayed",
        tone: "late",
        text: withReason("The mailbox has not taken this mail yet. It is tried again by itself.", error),
      };
    case "bounced":
      return {
        label: "Bounced",
        tone: "bad",
        isAddress: true,
        text: withReason("The mailbox sent this mail back, so nobody got it.", error),
      };
    case "complained":
      return {
        label: "Marked as spam",
        tone: "bad",
        isAddress: true,
        text: withReason("Somebody marked this mail as spam. Later digests may not reach this address.", error),
      };
    case "suppressed":
      return {
        label: "Held back",
        tone: "bad",
        isAddress: true,
        text: withReason(
          "This mail was not sent on, because the address sent earlier ones back or marked them as spam.",
          error,
        ),
      };
    case "failed":
      return { label: "Failed", tone: "bad", text: withReason("This mail could not be sent.", error) };
    default:
      return { label: "Sent", tone: "none", text: "On its way. The mailbox has not confirmed it yet." };
  }
}

export function wayOf({ status, attempts, delivery_status, error }: DigestRow): Way {
  if (status === "sent") return wayOfSent(delivery_status, error);
  if (status === "failed") {
    const tried = attempts > 1 ? ` after ${count(attempts, "try", "tries")}` : "";
    return { label: "Failed", tone: "bad", text: withReason(`This mail could not be sent${tried}.`, error) };
  }
  if (status === "skipped") {
    return {
      label: "Skipped",
      tone: "none",
      text: error ? sentence(error) : "No calls that day, so no mail was sent.",
    };
  }
  if (status === "claimed") {
    return {
      label: "Being sent",
      tone: "moving",
      text: attempts > 1 ? withReason("It is being tried again.", error) : null,
    };
  }
  return { label: "Being made", tone: "moving", text: null };
}

/** Something may still change by itself. */
export function isMoving(row: DigestRow): boolean {
  const { tone, label } = wayOf(row);
  return tone === "moving" || tone === "late" || label === "Sent";
}

const CHIPS: Record<Tone, string> = {
  good: "is-answered",
  moving: "is-live",
  late: "is-missed",
  bad: "is-bad",
  none: "",
};

export function WayChip({ row }: { row: DigestRow }) {
  const { label, tone } = wayOf(row);
  return <span class={`chip ${CHIPS[tone]}`}>{label}</span>;
}

interface Step {
  label: string;
  at: string | null;
  state: "done" | "ahead" | "moving" | "bad";
}

function stepsOf(row: DigestRow): Step[] {
  const way = wayOf(row);
  const made: Step = {
    label: way.label === "Being made" ? "Being made" : "Made",
    at: row.created_at,
    state: way.label === "Being made" ? "moving" : "done",
  };
  const tries = row.attempts > 1 ? `, at try ${row.attempts}` : "";
  if (row.status !== "sent") {
    const isSending = row.status === "claimed";
    const bad = row.status === "failed";
    return [
      made,
      {
        label: bad ? "Not sent" : isSending ? `Being sent${tries}` : "Sent",
        at: null,
        state: bad ? "bad" : isSending ? "moving" : "ahead",
      },
      { label: "Delivered", at: null, state: "ahead" },
    ];
  }
  const last: Step["state"] = way.tone === "good" ? "done" : way.tone === "bad" ? "bad" : "moving";
  return [
    made,
    { label: `Sent${tries}`, at: row.sent_at, state: "done" },
    { label: way.label === "Sent" ? "Not confirmed yet" : way.label, at: null, state: last },
  ];
}

const SPOKEN: Record<Step["state"], string> = { done: "", ahead: ", not yet", moving: ", now", bad: ", a problem" };

/** Made, sent, delivered: how far it came. */
export function WaySteps({ row, zone }: { row: DigestRow; zone: string }) {
  if (row.status === "skipped") return null;
  return (
    <ol class="way" aria-label="How far this mail came">
      {stepsOf(row).map(({ label, at, state }) => (
        <li key={label} class={`way-step is-${state}`}>
          <span class="way-mark">
            {state === "done" && <Icon name="check" size={14} />}
            {state === "bad" && <Icon name="close" size={14} />}
          </span>
          <span class="way-words">
            <span class="way-label">
              {label}
              <span class="hidden">{SPOKEN[state]}</span>
            </span>
            {at && <time dateTime={at}>{formatMoment(at, zone)}</time>}
          </span>
        </li>
      ))}
    </ol>
  );
}
