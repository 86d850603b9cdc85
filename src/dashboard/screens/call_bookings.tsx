// What came of asking for an appointment in a call: each attempt, the newest first. To be read only.
import { isOpen, markOf } from "../lib/booking_words";
import { formatFull, formatMoment, formatTimeWithSeconds } from "../lib/format";
import { isDialable } from "../lib/phone";
import type { Attempt, Call } from "../lib/types";
import { Icon } from "../parts/icon";
import { PhoneLink } from "../parts/phone_link";
import { Row } from "./call_facts";

function AttemptItem({ of, zone }: { of: Attempt; zone: string }) {
  return (
    <li class="booking">
      <p class={`booking-text is-${markOf(of)}`}>
        <Icon name={isOpen(of) ? "alert" : "calendar"} size={18} />
        <span>{of.text}</span>
      </p>
      <dl class="details">
        {of.starts_at && (
          <Row label="When">
            <time dateTime={of.starts_at} title={formatFull(of.starts_at, zone)}>
              {formatMoment(of.starts_at, zone)}
            </time>
          </Row>
        )}
        {of.attendee_name && (
          <Row label="Name">
            <bdi>{of.attendee_name}</bdi>
          </Row>
        )}
        {of.attendee_phone && (
          <Row label="Phone">
            {isDialable(of.attendee_phone) ? <PhoneLink number={of.attendee_phone} /> : <bdi>{of.attendee_phone}</bdi>}
          </Row>
        )}
        {of.attendee_email && (
          <Row label="Email">
            <bdi>{of.attendee_email}</bdi>
          </Row>
        )}
        {of.service && (
          <Row label="What for">
            <span dir="auto">{of.service}</span>
          </Row>
        )}
        {of.error && (
          <Row label="Cal.com said">
            <span dir="auto">{of.error}</span>
          </Row>
        )}
        <Row label="Asked at">{formatTimeWithSeconds(of.created_at, zone)}</Row>
      </dl>
    </li>
  );
}

export function Bookings({ call }: { call: Call }) {
  if (call.bookings.length === 0) return null;
  return (
    <section class="card" aria-labelledby="bookings-title">
      <div class="card-head">
        <h2 id="bookings-title">{call.bookings.length === 1 ? "Appointment" : "Appointments"}</h2>
        {call.bookings.length > 1 && <span class="card-note">{call.bookings.length} attempts, newest first</span>}
      </div>
      <ul class="card-body bookings">
        {call.bookings.map((attempt) => (
          <AttemptItem key={attempt.id} of={attempt} zone={call.business.timezone} />
        ))}
      </ul>
    </section>
  );
}
