import { isTicked } from "../lib/call_back";
import { dayOf, formatFull, formatNumber, formatTime, nameDay } from "../lib/format";
import { periodQuery, type Period } from "../lib/period";
import { formatPhone, nameCaller } from "../lib/phone";
import { here, now } from "../lib/state";
import type { CallBack, Overview } from "../lib/types";
import { capitalise, INSTEAD_OF_REASON, OUTCOME_LABELS } from "../lib/words";
import { UrgencyMark } from "../parts/chip";
import { Icon } from "../parts/icon";
import { PhoneLink } from "../parts/phone_link";
import { Empty } from "../parts/states";
import { TickButton, TickedNotice } from "../parts/tick_off";

const SHOWN = 5;

interface PersonProps {
  person: CallBack;
  business: string;
  zone: string;
  today: string;
}

function Person({ person, business, zone, today }: PersonProps) {
  const when = `${nameDay(dayOf(person.last_at, zone), today)}, ${formatTime(person.last_at, zone)}`;
  return (
    <li class="person">
      <div class="person-who">
        <h3 class="person-name">
          <a href={here(`/calls/${person.last_call_id}`)} aria-describedby={`when-${person.last_call_id}`} dir="auto">
            {nameCaller(person.name, person.caller_number)}
          </a>
          <UrgencyMark urgency={person.urgency} />
        </h3>
        <p class="person-reason">
          {person.reason ? (
            <bdi>{capitalise(person.reason)}</bdi>
          ) : (
            (INSTEAD_OF_REASON[person.outcome] ?? "Gave no reason")
          )}
        </p>
        <p class="person-meta" id={`when-${person.last_call_id}`}>
          <time dateTime={person.last_at} title={formatFull(person.last_at, zone)}>
            {when}
          </time>
          {" · "}
          {person.tries === 1 ? "1 try" : `${formatNumber(person.tries)} tries`}
          {person.reason && ` · ${OUTCOME_LABELS[person.outcome]}`}
        </p>
        {person.name && <p class="person-meta person-number phone">{formatPhone(person.number)}</p>}
        {person.number !== person.caller_number && (
          <p class="person-meta">
            Asked for this number; called from <span class="phone">{formatPhone(person.caller_number)}</span>
          </p>
        )}
      </div>
      <div class="person-call">
        <TickButton
          business={business}
          caller={person.caller_number}
          name={nameCaller(person.name, person.caller_number)}
        />
        <PhoneLink number={person.number} asButton name={person.name} />
      </div>
    </li>
  );
}

function Nobody({ overview }: { overview: Overview }) {
  const missed = overview.tiles.missed.value ?? 0;
  return (
    <Empty icon="check" title="Nobody to call back">
      <p>
        {missed > 0
          ? "Everyone whose call was missed was answered later, is ticked off, or withheld the number."
          : "No call was missed in this period."}
      </p>
    </Empty>
  );
}

export function CallBackFirst({ overview, period }: { overview: Overview; period: Period }) {
  const zone = overview.business.timezone;
  const today = dayOf(now.value, zone);
  const people = overview.tiles.to_call_back.value ?? 0;
  const waiting = overview.call_back.filter((person) => !isTicked(person.caller_number, person.last_at));
  return (
    <section class="card today-people" aria-labelledby="people-title">
      <div class="card-head">
        <h2 id="people-title">Call back first</h2>
        {people > 0 && <p class="card-note">Urgent ones first, then the newest</p>}
      </div>
      <TickedNotice />
      {waiting.length === 0 ? (
        <Nobody overview={overview} />
      ) : (
        <ol class="people">
          {waiting.slice(0, SHOWN).map((person) => (
            <Person
              key={person.caller_number}
              person={person}
              business={overview.business.id}
              zone={zone}
              today={today}
            />
          ))}
        </ol>
      )}
      {people > 0 && (
        <a class="people-all" href={here("/calls", { ...periodQuery(period), call_back: "yes" })}>
          {people > SHOWN ? `See all ${formatNumber(people)} to call back` : "See their calls"}
          <Icon name="next" size={16} />
        </a>
      )}
    </section>
  );
}
