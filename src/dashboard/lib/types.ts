// What the API answers; README, "The API". Times are RFC 3339 in UTC, dates are days of the business.

export type Outcome =
  | "handled"
  | "booked"
  | "transferred"
  | "hung_up_early"
  | "no_response"
  | "transfer_not_answered"
  | "ai_unavailable"
  | "technical_error"
  | "cut_off"
  | "spam"
  | "other";

export type Urgency = "high" | "normal" | "low";
export type Role = "owner" | "staff";

export interface Business {
  id: string;
  name: string;
  timezone: string;
  role: Role;
}

export interface Me {
  user: { id: string; email: string | null };
  businesses: Business[];
}

export interface Tile {
  value: number | null;
  previous: number | null;
}

export type TileName =
  | "calls"
  | "unique_callers"
  | "answered"
  | "missed"
  | "to_call_back"
  | "average_seconds"
  | "p90_seconds"
  | "answer_rate"
  | "ai_minutes"
  | "repeat_callers"
  | "spam";

/** Only of a business that books. */
export type BookingTileName = "bookings" | "booking_rate";

export interface CallBack {
  number: string;
  caller_number: string;
  name: string | null;
  reason: string | null;
  urgency: Urgency | null;
  tries: number;
  last_call_id: string;
  last_at: string;
  outcome: Outcome;
}

/** Calls by outcome; a call that goes on is "in_progress". */
export type Counts = Partial<Record<Outcome | "in_progress", number>>;

export interface Overview {
  business: { id: string; name: string; timezone: string };
  range: { from: string; to: string; days: number };
  previous: { from: string; to: string };
  tiles: Record<TileName, Tile> & Partial<Record<BookingTileName, Tile>>;
  by_day: { date: string; outcomes: Counts }[];
  /** Seven rows, Monday first, of 24 hours. */
  by_hour: number[][];
  outcomes: Counts;
  reasons: { reason: string; calls: number }[];
  urgencies: Record<Urgency | "unknown", number>;
  call_back: CallBack[];
  completeness: { ended: number; with_report: number };
  freshness: { last_event_at: string | null };
  definitions: Record<string, string>;
}

/** What the list and the call's own page both tell. */
interface CallFacts {
  id: string;
  listed_at: string;
  started_at: string | null;
  ended_at: string | null;
  duration_seconds: number | null;
  caller_number: string | null;
  called_number: string | null;
  caller_name: string | null;
  reason: string | null;
  urgency: Urgency | null;
  status: string;
  /** null while the call goes on. */
  outcome: Outcome | null;
  outcome_text: string;
  summary: string | null;
  has_recording: boolean;
  has_report: boolean;
}

export type BookingStatus = "asked" | "confirmed" | "pending" | "refused" | "failed" | "unknown";

/** What came of asking for an appointment. */
export interface Booking {
  status: BookingStatus;
  reason: string;
  /** In words. */
  text: string;
  /** The caller was told that somebody will call back about it. */
  promised: boolean;
  starts_at: string | null;
}

/** One of the attempts of a call. */
export interface Attempt extends Booking {
  id: string;
  attendee_name: string | null;
  attendee_email: string | null;
  attendee_phone: string | null;
  service: string | null;
  /** What Cal.com said. */
  error: string | null;
  created_at: string;
}

export interface CallRow extends CallFacts {
  repeat_caller: boolean;
  /** Of several attempts the best. */
  booking: Booking | null;
}

export interface CallPage {
  calls: CallRow[];
  next_cursor: string | null;
}

export interface Utterance {
  role: "assistant" | "user";
  said_at: string | null;
  offset_seconds: number | null;
  text: string;
  source: "transcript" | "report";
}

export interface CallEvent {
  type: string;
  source: "twilio" | "vapi";
  occurred_at: string | null;
  received_at: string;
  detail: string | null;
}

export interface Call extends CallFacts {
  business: { id: string; name: string; timezone: string };
  callback_number: string | null;
  ended_reason: string | null;
  cause_text: string | null;
  analysis: { structuredData?: Record<string, unknown>; successEvaluation?: unknown } | null;
  cost: string | null;
  /** Of the caller, up to now; null when there is no number. */
  to_call_back: boolean | null;
  transcript: Utterance[];
  events: CallEvent[];
  events_cut: boolean;
  caller_calls: {
    id: string;
    listed_at: string;
    duration_seconds: number | null;
    status: string;
    outcome: Outcome | null;
    outcome_text: string;
    reason: string | null;
  }[];
  /** Newest first. */
  bookings: Attempt[];
}

/** The way of a mail: made, on its way, and what became of it. */
export interface DigestRow {
  date: string;
  status: string;
  attempts: number;
  delivery_status: string | null;
  error: string | null;
  /** A word for why it ended so, or why it waits. */
  reason: string | null;
  due_at: string;
  created_at: string;
  sent_at: string | null;
  /** After an attempt that failed for now. */
  next_try_at: string | null;
}

export interface DigestPage {
  digests: DigestRow[];
  next_before: string | null;
  /** There is a way to send mail. */
  sending: boolean;
  next_due_at: string | null;
}

/** A recipient that gets no more mail. */
export interface Pause {
  reason: "bounced" | "complained" | "suppressed" | "unsubscribed";
  /** What the mailbox said. */
  detail: string | null;
  since: string;
}

export interface Delivery {
  address: string;
  status: string;
  error: string | null;
  happened_at: string | null;
  paused: Pause | null;
}

export interface Recipient {
  address: string;
  paused: Pause | null;
}

export interface Recipients {
  enabled: boolean;
  sending: boolean;
  /** None is named: each owner gets it. */
  are_owners: boolean;
  recipients: Recipient[];
}

export interface Digest extends DigestRow {
  updated_at: string;
  deliveries: Delivery[];
  subject: string | null;
  to: string[] | null;
  text: string | null;
  html: string | null;
}

export interface Settings {
  id: string;
  name: string;
  email: string | null;
  timezone: string;
  digest_enabled: boolean;
  digest_hour: number;
  skip_empty_digest: boolean;
  /** There is a way to send mail. */
  sending: boolean;
  /** 1 is Monday. */
  open_days: number[];
  /** "09:00"; at or after closes_at: until then on the next day. */
  opens_at: string;
  closes_at: string;
  forward_to: string | null;
  fallback_greeting: string | null;
  calcom_enabled: boolean;
  /** Is there a calendar to book in? */
  calendar: "off" | "not_connected" | "refused" | "connected";
  phones: string[];
  role: Role;
  can_edit: boolean;
}
