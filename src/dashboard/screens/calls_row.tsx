import { useEffect, useMemo, useState } from "preact/hooks";
import { briefly, isOpen, markOf } from "../lib/booking_words";
import { formatFull, formatLength, formatTime, spokenLength } from "../lib/format";
import { formatPhone, isDialable, nameCaller } from "../lib/phone";
import type { CallRow } from "../lib/types";
import { capitalise, familyOf, INSTEAD_OF_REASON } from "../lib/words";
import { OutcomeChip, UrgencyMark } from "../parts/chip";
import { Icon } from "../parts/icon";
import { Marked } from "../parts/marked";

const LONGEST_CALL_S = 4 * 3600; // what is said to go on for longer than this has ended unseen

/** How long a call has been going on, second by second. */
function Running({ since }: { since: string }) {
  const [seconds, setSeconds] = useState(() => (Date.now() - Date.parse(since)) / 1000);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((Date.now() - Date.parse(since)) / 1000), 1000);
    return () => clearInterval(timer);
  }, [since]);
  if (seconds > LONGEST_CALL_S) return <span>–</span>;
  return (
    <span class="calls-running">
      <span class="hidden">so far </span>
      {formatLength(Math.max(0, seconds))}
    </span>
  );
}

function Length({ call }: { call: CallRow }) {
  if (call.duration_seconds === null && call.outcome === null) {
    return <Running since={call.started_at ?? call.listed_at} />;
  }
  return (
    <>
      <span aria-hidden="true">{formatLength(call.duration_seconds)}</span>
      <span class="hidden">{spokenLength(call.duration_seconds)}</span>
    </>
  );
}

function Caller({ call, href, words }: { call: CallRow; href: string; words: string[] }) {
  const number = call.caller_number;
  return (
    <td role="cell" class="calls-caller">
      <a class="calls-link" href={href}>
        <bdi>
          <Marked text={nameCaller(call.caller_name, number)} words={words} />
        </bdi>
      </a>
      <span class="calls-under">
        {call.caller_name && number && <span class="phone">{formatPhone(number)}</span>}
        {call.repeat_caller && (
          <span class="calls-repeat" title="Called before within 24 hours">
            <Icon name="repeat" size={13} />
            <span>Again</span>
            <span class="hidden">, called before within 24 hours</span>
          </span>
        )}
      </span>
    </td>
  );
}

/** What the caller wanted; while they are on the phone nobody knows yet. */
function About({ call, words }: { call: CallRow; words: string[] }) {
  const isOn = call.outcome === null;
  return (
    <td role="cell" class="calls-about">
      <span class="calls-reason">
        <bdi class={call.reason ? undefined : "calls-none"}>
          {call.reason ? (
            <Marked text={capitalise(call.reason)} words={words} />
          ) : (
            (INSTEAD_OF_REASON[call.outcome ?? "in_progress"] ?? "Gave no reason")
          )}
        </bdi>
        <UrgencyMark urgency={call.urgency} />
      </span>
      <span class="calls-summary">
        <bdi>
          {call.summary ? (
            <Marked text={call.summary} words={words} />
          ) : (
            isOn && "The summary follows when the call is over."
          )}
        </bdi>
      </span>
    </td>
  );
}

function Booking({ booking, zone }: { booking: NonNullable<CallRow["booking"]>; zone: string }) {
  const words = briefly(booking, zone);
  const toDo = isOpen(booking) ? "Call back" : "";
  return (
    <span class={`calls-booking is-${markOf(booking)}`} title={toDo ? `${words}: call back` : words}>
      <Icon name={toDo ? "alert" : "calendar"} size={14} />
      <span class="calls-booking-words">
        {words !== booking.text && <span class="hidden calls-booking-for">Booked for </span>}
        {words}
      </span>
      {toDo && <span class="hidden">. {toDo}.</span>}
    </span>
  );
}

function Became({ call, zone }: { call: CallRow; zone: string }) {
  const isBookingFirst = call.booking && familyOf(call.outcome) === "answered";
  return (
    <td role="cell" class={`calls-outcome${isBookingFirst ? " is-booking-first" : ""}`}>
      <OutcomeChip outcome={call.outcome} text={call.outcome_text} />
      {call.booking && <Booking booking={call.booking} zone={zone} />}
    </td>
  );
}

function Dial({ call }: { call: CallRow }) {
  const number = call.caller_number;
  return (
    <td role="cell" class="calls-dial">
      {isDialable(number) && (
        <a href={`tel:${number}`} aria-label={`Call ${nameCaller(call.caller_name, number)} back`} title="Call back">
          <Icon name="phone" size={18} />
        </a>
      )}
    </td>
  );
}

interface RowProps {
  call: CallRow;
  index: number;
  /** Among all rows of the table, headings of days among them. */
  position: number;
  zone: string;
  /** What stands behind every address here. */
  search: string;
  /** What one searched for, to be marked. */
  words: string[];
  isNew: boolean;
}

/** A call; one link covers all of it. Drawn again only when something of it changed. */
export function Row({ call, index, position, zone, search, words, isNew }: RowProps) {
  return useMemo(
    () => (
      <tr
        role="row"
        class={`calls-row${isNew ? " is-new" : ""}${call.outcome === null ? " is-on" : ""}`}
        data-index={index}
        data-id={call.id}
        aria-rowindex={position}
      >
        <td role="cell" class="calls-when">
          <time dateTime={call.listed_at} title={formatFull(call.listed_at, zone)}>
            {formatTime(call.listed_at, zone)}
          </time>
        </td>
        <Caller call={call} href={`/calls/${call.id}${search}`} words={words} />
        <About call={call} words={words} />
        <Became call={call} zone={zone} />
        <td role="cell" class="calls-length number">
          <Length call={call} />
        </td>
        <td role="cell" class="calls-sound">
          {call.has_recording && (
            <span title="With recording">
              <Icon name="wave" size={18} />
              <span class="hidden">With recording</span>
            </span>
          )}
        </td>
        <Dial call={call} />
      </tr>
    ),
    [call, index, position, zone, search, words, isNew],
  );
}

/** Where rows will be. */
export function BoneRows({ rows }: { rows: number }) {
  return (
    <div role="status" aria-label="Loading calls" class="calls-bones">
      {Array.from({ length: rows }, (_, i) => (
        <div class="calls-bone" key={i}>
          <span class="bone" />
          <span class="bone" />
          <span class="bone" />
        </div>
      ))}
    </div>
  );
}
