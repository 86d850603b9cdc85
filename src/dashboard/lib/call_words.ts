// What is known of one call, in words.
import { bookingAdvice, inFull } from "./booking_words";
import { count, formatFull, formatLength, formatMoment, formatOffset, formatTime } from "./format";
import { formatPhone, isDialable, nameCaller } from "./phone";
import type { Call, CallEvent, Outcome, Utterance } from "./types";
import { capitalise, familyOf, URGENCY_LABELS } from "./words";

export const isGoingOn = (call: Call) => call.outcome === null;

/** The number to call: the one that the caller asked to be called on, else the one that called. */
export function numberToCall(call: Call): string | null {
  if (isDialable(call.callback_number)) return call.callback_number;
  return isDialable(call.caller_number) ? call.caller_number : null;
}

export function nameSpeaker(role: Utterance["role"], call: Call): string {
  return role === "assistant" ? "Assistant" : (call.caller_name ?? "Caller");
}

type Later = Call["caller_calls"][number];

/** The same caller's next call that somebody answered: then nobody waits any more. */
export function answeredLater(call: Call): Later | null {
  const later = call.caller_calls.filter((one) => one.listed_at > call.listed_at && one.outcome);
  return later.reverse().find((one) => familyOf(one.outcome) === "answered") ?? null;
}

const ADVICE: Partial<Record<Outcome, string>> = {
  hung_up_early: "Whoever it was left before saying what it was about. A call back can find out.",
  no_response: "Nothing was said. If you know the number, call back.",
  transfer_not_answered: "The caller wanted a person and reached nobody. Call back soon.",
  ai_unavailable: "The caller reached nobody. Call back.",
  technical_error: "The call broke off. See below how far it got, then call back.",
  cut_off: "The caller may not have finished.",
  spam: "It does not count in your rates.",
};

/** What may be done about it; null when there is nothing to do. */
export function adviceFor(call: Call): string | null {
  if (!call.outcome) return null;
  const isMissed = familyOf(call.outcome) === "missed";
  if (call.outcome === "ai_unavailable" && call.has_recording) return "Listen to the message, then call back.";
  if (isMissed && !numberToCall(call)) return "The number is not known, so there is no way to call back.";
  if (isMissed && call.to_call_back === false) return "This caller is not waiting for a call back any more.";
  return (isMissed ? null : bookingAdvice(call)) ?? ADVICE[call.outcome] ?? null;
}

const KEY_LABELS: Record<string, string> = {
  reason: "Reason",
  intent: "Reason",
  urgency: "Urgency",
  callerName: "Name",
  callbackNumber: "Call back on",
};

/** "preferredTime", "preferred_time": "Preferred time" */
function readableKey(key: string): string {
  const spaced = key
    .slice(0, 80)
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2")
    .replace(/[_\-.\s]+/g, " ")
    .trim();
  return KEY_LABELS[key] ?? (capitalise(spaced.toLowerCase()) || "Detail");
}

const LONGEST_VALUE = 600;
const MOST_VALUES = 40;

const cut = (text: string) => (text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text);

function valueText(value: unknown, depth = 0): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value !== "object") return cut(String(value).trim());
  if (depth === 2) return "…";
  const list = Array.isArray(value);
  const parts = Object.entries(value)
    .slice(0, 20)
    .map(([key, one]) => [readableKey(key), valueText(one, depth + 1)] as const)
    .filter(([, text]) => text);
  return cut(parts.map(([key, text]) => (list ? text : `${key}: ${text}`)).join(list ? ", " : "; "));
}

export interface Detail {
  key: string;
  label: string;
  text: string;
}

const FIRST_KEYS = ["reason", "intent", "urgency", "callerName", "callbackNumber"];

/** What the AI noted of what the caller said, in reading order. */
export function intakeOf(call: Call): Detail[] {
  const data = call.analysis?.structuredData;
  if (!data || typeof data !== "object") return [];
  const rank = (key: string) => (FIRST_KEYS.indexOf(key) + FIRST_KEYS.length + 1) % (FIRST_KEYS.length + 1);
  return Object.entries(data)
    .slice(0, MOST_VALUES)
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([key, value]) => ({ key, label: readableKey(key), text: detailText(key, value, call) }))
    .filter(({ text }) => text);
}

function detailText(key: string, value: unknown, call: Call): string {
  if (key === "urgency" && call.urgency) return URGENCY_LABELS[call.urgency];
  const text = valueText(value);
  if (isDialable(text as string | null)) return formatPhone(text);
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))) {
    return formatMoment(text, call.business.timezone);
  }
  return key === "reason" || key === "intent" ? capitalise(text.replaceAll("_", " ")) : text;
}

/** Did the call reach its aim, as the AI sees it: "Yes", "No", a mark. */
export function successText(call: Call): string {
  const text = valueText(call.analysis?.successEvaluation);
  return text === "true" ? "Yes" : text === "false" ? "No" : capitalise(text);
}

const EVENTS: Record<string, string> = {
  "twilio voice": "The call came in",
  "twilio voice-fallback": "The call came in by the second way",
  "twilio status": "Phone line",
  "twilio handoff": "The call came back from the AI",
  "twilio dial": "Put through",
  "twilio recording": "Message recorded",
  "vapi status-update": "State of the call",
  "vapi transcript": "Words heard",
  "vapi conversation-update": "Conversation so far",
  "vapi speech-update": "Somebody speaks",
  "vapi end-of-call-report": "Report of the call",
  "vapi tool-calls": "The AI used a tool",
  "vapi assistant.started": "The AI took the call",
  "vapi assistant-request": "The AI was asked for",
  "vapi transfer-destination-request": "Asked where to put through",
  "vapi transfer-update": "Put through",
  "vapi user-interrupted": "The caller interrupted",
  "vapi hang": "The AI was slow to answer",
};

export const nameEvent = (event: CallEvent) => EVENTS[`${event.source} ${event.type}`] ?? readableKey(event.type);

export const nameSource = (event: CallEvent) => (event.source === "twilio" ? "Twilio" : "Vapi");

/** The whole call as plain text, for a note or a mail. */
export function callAsText(call: Call): string {
  const zone = call.business.timezone;
  const number = call.caller_number && isDialable(call.caller_number) ? formatPhone(call.caller_number) : null;
  const lines = [
    [nameCaller(call.caller_name, call.caller_number), call.caller_name ? number : null].filter(Boolean).join(", "),
    `${formatFull(call.listed_at, zone)}, ${formatLength(call.duration_seconds)}, ${call.outcome_text}`,
  ];
  if (call.callback_number) lines.push(`Call back on ${formatPhone(call.callback_number)}`);
  for (const booking of call.bookings) lines.push(inFull(booking, zone));
  if (call.summary) lines.push("", "Summary (written by the AI)", call.summary);
  if (call.transcript.length > 0) lines.push("", "Transcript");
  for (const said of call.transcript) {
    const at =
      said.offset_seconds !== null
        ? `${formatOffset(said.offset_seconds)} `
        : said.said_at
          ? `${formatTime(said.said_at, zone)} `
          : "";
    lines.push(`${at}${nameSpeaker(said.role, call)}: ${said.text}`);
  }
  return `${lines.join("\n")}\n`;
}

export const countLines = (call: Call) => count(call.transcript.length, "line");
