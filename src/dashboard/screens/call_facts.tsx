// What is known of a call beside the conversation: what became of it, what the caller told, the caller's other calls.
import { useState } from "preact/hooks";
import { adviceFor, answeredLater, intakeOf, isGoingOn, successText, type Detail } from "../lib/call_words";
import { formatMoment, formatTimeWithSeconds } from "../lib/format";
import { formatPhone, isDialable } from "../lib/phone";
import { here } from "../lib/state";
import type { Call } from "../lib/types";
import { capitalise, familyOf } from "../lib/words";
import { OutcomeChip } from "../parts/chip";
import { Icon } from "../parts/icon";
import { Marked } from "../parts/marked";
import { PhoneLink } from "../parts/phone_link";
import { Length } from "./call_head";

export function AiNote({ children }: { children: string }) {
  return (
    <span class="ai-note">
      <Icon name="spark" size={14} />
      {children}
    </span>
  );
}

export function Summary({ call, words }: { call: Call; words: string[] }) {
  if (!call.summary && !call.has_report) return null;
  return (
    <section class="card call-summary" aria-labelledby="summary-title">
      <div class="card-head">
        <h2 id="summary-title">Summary</h2>
        {call.summary && <AiNote>Written by the AI</AiNote>}
      </div>
      <div class="card-body">
        {call.summary ? (
          <p class="summary-text" dir="auto">
            <Marked text={call.summary} words={words} />
          </p>
        ) : (
          <p class="call-soft">The report of this call brought no summary.</p>
        )}
      </div>
    </section>
  );
}

const STATES: Record<string, string> = {
  scheduled: "The call is about to come.",
  queued: "The call is about to be answered.",
  ringing: "It is ringing.",
  "in-progress": "The AI is on the phone with the caller. What is said appears here by itself.",
  forwarding: "The caller is being put through.",
};

function Advice({ call }: { call: Call }) {
  const later = familyOf(call.outcome) === "missed" ? answeredLater(call) : null;
  if (later) {
    return (
      <p class="call-advice is-done">
        <Icon name="check" size={18} />
        <span>
          The caller called again and was answered:{" "}
          <a href={here(`/calls/${later.id}`)}>{formatMoment(later.listed_at, call.business.timezone)}</a>
        </span>
      </p>
    );
  }
  const advice = adviceFor(call);
  if (!advice) return null;
  return (
    <p class="call-advice">
      <Icon name={familyOf(call.outcome) === "missed" ? "phone" : "alert"} size={18} />
      <span>{advice}</span>
    </p>
  );
}

export function WhatBecame({ call }: { call: Call }) {
  const zone = call.business.timezone;
  const family = call.outcome ? familyOf(call.outcome) : "live";
  const cause = isGoingOn(call) ? (STATES[call.status] ?? null) : call.cause_text;
  return (
    <section class="card" aria-labelledby="outcome-title">
      <div class="card-head">
        <h2 id="outcome-title">{isGoingOn(call) ? "Right now" : "Outcome"}</h2>
      </div>
      <div class="card-body call-stack">
        <div>
          <p class={`call-outcome is-${family}`}>{call.outcome_text}</p>
          {cause && <p>{cause}</p>}
        </div>
        <Advice call={call} />
        <dl class="details">
          {call.called_number && (
            <Row label="Called">
              {isDialable(call.called_number) ? formatPhone(call.called_number) : call.called_number}
            </Row>
          )}
          {call.started_at && <Row label="Began">{formatTimeWithSeconds(call.started_at, zone)}</Row>}
          {call.ended_at && <Row label="Ended">{formatTimeWithSeconds(call.ended_at, zone)}</Row>}
        </dl>
      </div>
    </section>
  );
}

export function Row({ label, children }: { label: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function DetailValue({ detail, call, words }: { detail: Detail; call: Call; words: string[] }) {
  if (detail.key === "callbackNumber" && isDialable(call.callback_number))
    return <PhoneLink number={call.callback_number} />;
  if (detail.key === "urgency" && call.urgency === "high") return <span class="urgent">{detail.text}</span>;
  return (
    <span dir="auto">
      <Marked text={detail.text} words={words} />
    </span>
  );
}

/** What the AI asked for and noted. */
export function Intake({ call, words }: { call: Call; words: string[] }) {
  const details = intakeOf(call);
  const success = successText(call);
  if (details.length === 0 && !success) return null;
  return (
    <section class="card" aria-labelledby="intake-title">
      <div class="card-head">
        <h2 id="intake-title">What the caller told</h2>
        <AiNote>Noted by the AI</AiNote>
      </div>
      <div class="card-body">
        <dl class="details">
          {details.map((detail) => (
            <Row key={detail.key} label={detail.label}>
              <DetailValue detail={detail} call={call} words={words} />
            </Row>
          ))}
          {success && <Row label="Went well">{success}</Row>}
        </dl>
      </div>
    </section>
  );
}

const FIRST_SHOWN = 5;

function OtherCall({ other, zone }: { other: Call["caller_calls"][number]; zone: string }) {
  return (
    <li>
      <a class="other-call" href={here(`/calls/${other.id}`)}>
        <span class="other-head">
          <time dateTime={other.listed_at}>{formatMoment(other.listed_at, zone)}</time>
          {other.duration_seconds !== null && <Length seconds={other.duration_seconds} />}
        </span>
        {other.reason && (
          <span class="other-reason" dir="auto">
            {capitalise(other.reason)}
          </span>
        )}
        <OutcomeChip outcome={other.outcome} text={other.outcome_text} />
      </a>
    </li>
  );
}

export function OtherCalls({ call }: { call: Call }) {
  const [isWhole, setWhole] = useState(false);
  if (!isDialable(call.caller_number)) return null;
  const all = call.caller_calls;
  const shown = isWhole ? all : all.slice(0, FIRST_SHOWN);
  return (
    <section class="card call-others" aria-labelledby="others-title">
      <div class="card-head">
        <h2 id="others-title">Other calls from this number</h2>
        {all.length > 0 && <span class="card-note">{all.length < 20 ? all.length : "the newest 20"}</span>}
      </div>
      {all.length === 0 ? (
        <p class="card-body call-soft">This is the first call from this number.</p>
      ) : (
        <ul class="other-list">
          {shown.map((other) => (
            <OtherCall key={other.id} other={other} zone={call.business.timezone} />
          ))}
        </ul>
      )}
      {shown.length < all.length && (
        <button type="button" class="button is-quiet is-wide" onClick={() => setWhole(true)}>
          Show {all.length - shown.length} more
        </button>
      )}
    </section>
  );
}
