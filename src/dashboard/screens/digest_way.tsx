// The way of a digest's mail in plain words: a chip for the list, a sentence, the steps it went.
import { count, formatMoment, sayMoment } from "../lib/format";
import { now } from "../lib/state";
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

/** What became of a mail at a mailbox. */
export function wayOfDelivery(status: string | null, error: string | null): Way {
  switch ((status ?? "").replace(/^email\./, "")) {
    case "delivered":
    case "opened":
    case "clicked":
      return { label: "Delivered", tone: "good", text: error ? sentence(error) : null };
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
        text: withReason("A mailbox sent this mail back.", error),
      };
    case "complained":
      return {
        label: "Marked as spam",
        tone: "bad",
        isAddress: true,
        text: withReason("Somebody marked this mail as spam. Later digests do not go to this address.", error),
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
      return {
        label: "Sent",
        tone: "none",
        text: withReason("On its way. The mailbox has not confirmed it yet.", error),
      };
  }
}

function wayOfFailed({ attempts, error, reason }: DigestRow): Way {
  const tried = attempts > 1 ? ` after ${count(attempts, "try", "tries")}` : "";
  return {
    label: "Failed",
    tone: "bad",
    isAddress: reason === "no_recipient" || reason === "paused",
    text: withReason(`This mail could not be sent${tried}.`, error),
  };
}

function wayOfDue({ attempts, error, next_try_at }: DigestRow, zone: string): Way {
  if (attempts === 0) return { label: "Being made", tone: "moving", text: null };
  const isSoon = !next_try_at || Date.parse(next_try_at) <= now.value;
  const when = isSoon ? "in a moment" : sayMoment(next_try_at, zone, now.value);
  return {
    label: "Waiting to try again",
    tone: "late",
    text: withReason(`This mail could not be sent yet. It is tried again ${when}.`, error),
  };
}

const UNCERTAIN = "No clear answer came, so the mail may have gone out or not.";

export function wayOf(row: DigestRow, zone: string): Way {
  const { status, attempts, delivery_status, error } = row;
  switch (status) {
    case "sent":
      return wayOfDelivery(delivery_status, error);
    case "failed":
      return wayOfFailed(row);
    case "skipped":
      return {
        label: "Skipped",
        tone: "none",
        text: error ? sentence(error) : "No calls that day, so no mail was sent.",
      };
    case "kept":
      return { label: "Kept here", tone: "none", text: "Made and kept here. It was not mailed to anybody." };
    case "unknown":
      return {
        label: "Not certain",
        tone: "late",
        text: `${sentence(error) || UNCERTAIN} It is not sent again by itself, so that nobody gets it twice: whoever runs this server decides.`,
      };
    case "claimed":
      return {
        label: "Being sent",
        tone: "moving",
        text: attempts > 1 ? withReason("It is being tried again.", error) : null,
      };
    default:
      return wayOfDue(row, zone);
  }
}

/** Something may still change by itself. */
export function isMoving({ status, delivery_status }: DigestRow): boolean {
  if (status !== "sent") return status === "due" || status === "claimed";
  return ["Delayed", "Sent"].includes(wayOfDelivery(delivery_status, null).label);
}

const CHIPS: Record<Tone, string> = {
  good: "is-answered",
  moving: "is-live",
  late: "is-missed",
  bad: "is-bad",
  none: "",
};

export function WayChip({ way: { label, tone } }: { way: Way }) {
  return <span class={`chip ${CHIPS[tone]}`}>{label}</span>;
}

interface Step {
  label: string;
  at: string | null;
  state: "done" | "ahead" | "moving" | "bad";
}

/** What stands for "Sent" before it is. */
function sendingStep(row: DigestRow, tries: string): Step {
  switch (row.status) {
    case "failed":
      return { label: "Not sent", at: null, state: "bad" };
    case "unknown":
      return { label: "Sent, or not", at: null, state: "moving" };
    case "claimed":
      return { label: `Being sent${tries}`, at: null, state: "moving" };
    default:
      return row.attempts > 0
        ? { label: "Next try", at: row.next_try_at, state: "moving" }
        : { label: "Sent", at: null, state: "ahead" };
  }
}

function stepsOf(row: DigestRow, way: Way): Step[] {
  const isNew = row.status === "due" && row.attempts === 0;
  const made: Step = { label: isNew ? "Being made" : "Made", at: row.created_at, state: isNew ? "moving" : "done" };
  const tries = row.attempts > 1 ? `, at try ${row.attempts}` : "";
  if (row.status === "kept") return [made, { label: "Kept here", at: null, state: "done" }];
  if (row.status !== "sent") return [made, sendingStep(row, tries), { label: "Delivered", at: null, state: "ahead" }];
  const last: Step["state"] = way.tone === "good" ? "done" : way.tone === "bad" ? "bad" : "moving";
  return [
    made,
    { label: `Sent${tries}`, at: row.sent_at, state: "done" },
    { label: way.label === "Sent" ? "Not confirmed yet" : way.label, at: null, state: last },
  ];
}

const SPOKEN: Record<Step["state"], string> = { done: "", ahead: ", not yet", moving: ", now", bad: ", a problem" };

/** Made, sent, delivered: how far it came. */
export function WaySteps({ row, way, zone }: { row: DigestRow; way: Way; zone: string }) {
  if (row.status === "skipped") return null;
  return (
    <ol class="way" aria-label="How far this mail came">
      {stepsOf(row, way).map(({ label, at, state }) => (
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
