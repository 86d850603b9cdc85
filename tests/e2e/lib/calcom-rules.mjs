// What Cal.com's API v2 lets through and what it answers, as far as it needs no server: versions, bodies, queries, shapes.
import { knownZone, localDay, localTime, offsetMinutes, offsetText } from "./zone.mjs";

const OLDEST = "2024-04-15";
const KNOWN = [OLDEST, "2024-06-11", "2024-06-14", "2024-08-13", "2024-09-04", "2026-02-25"];
const VERSIONS = {
  slots: ["2024-09-04"],
  bookings: ["2024-08-13", "2026-02-25"],
  "event-types": ["2024-06-14"],
  me: KNOWN,
};
const YEAR_MS = 365 * 24 * 3600000;

export class Refusal extends Error {
  constructor(status, code, message, details = {}) {
    super(message);
    Object.assign(this, { status, code, details });
  }
}
const badRequest = (message, details) => new Refusal(400, "BadRequestException", message, details);
const invalid = (...errors) => badRequest(errors.join(" "), { errors });
export const notFound = (message) => new Refusal(404, "NotFoundException", message);
export const unauthorized = (message) => new Refusal(401, "UnauthorizedException", message);

export const TAKEN = "User either already has booking at this time or is not available";
export const TEAM_TAKEN = "One of the hosts either already has booking at this time or is not available";
export const OUT_OF_RANGE =
  "The event type can't be booked at the \"start\" time provided. This could be because it's too soon (violating the " +
  "minimum booking notice) or too far in the future (outside the event's scheduling window).";
export const PAST = "Attempting to book a meeting in the past.";
export const LIMIT =
  "Attendee with this email can't book because the maximum number of active bookings has been reached.";

/** The version that counts: "old" when the header is missing or unknown; a known one that the resource lacks is a 404. */
export function versionOf(resource, header) {
  if (!KNOWN.includes(header) || (header === OLDEST && resource !== "me")) return "old";
  if (VERSIONS[resource].includes(header)) return header;
  throw notFound(`Cannot find /v2/${resource} in version ${header}`);
}

// ---- queries ----

const DATE = /^\d{4}-\d\d-\d\d$/;
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/;

function instant(text, endOfDay) {
  const full = DATE.test(text ?? "") ? `${text}T${endOfDay ? "23:59:59" : "00:00:00"}Z` : text;
  if (!UTC.test(full ?? "") || Number.isNaN(Date.parse(full))) return undefined;
  // "2026-02-30" would be taken for March.
  return new Date(full).toISOString().slice(0, 10) === full.slice(0, 10) ? Date.parse(full) : undefined;
}

export function slotsQuery(query, now) {
  const start = instant(query.get("start"), false);
  const end = instant(query.get("end"), true);
  const zone = query.get("timeZone") ?? "UTC";
  const errors = [];
  if (!/^\d+$/.test(query.get("eventTypeId") ?? "")) errors.push("eventTypeId must be a number");
  if (start === undefined) errors.push("start must be a valid ISO 8601 date string");
  if (end === undefined) errors.push("end must be a valid ISO 8601 date string");
  if (!knownZone(zone)) errors.push("timeZone must be a valid IANA time-zone");
  if (start > end) errors.push("end must be after start");
  if (errors.length) throw invalid(...errors);
  return { eventTypeId: Number(query.get("eventTypeId")), start, end: Math.min(end, now + YEAR_MS), zone };
}

/** Instants as Cal.com writes them, grouped by local day; days without any are absent. */
export function slotsByDay(instants, zone) {
  const days = {};
  for (const ms of instants) {
    const offset = offsetMinutes(ms, zone);
    const tail = ["UTC", "Etc/UTC"].includes(zone) ? "Z" : offsetText(offset);
    (days[localDay(ms, zone)] ??= []).push({ start: `${localTime(ms, zone)}.000${tail}` });
  }
  return days;
}

const STATUSES = ["upcoming", "recurring", "past", "cancelled", "unconfirmed"];

export function bookingsQuery(query) {
  const errors = [];
  const statuses = query.get("status")?.split(",") ?? [];
  const take = Number(query.get("take") ?? 100);
  if (!statuses.every((status) => STATUSES.includes(status))) errors.push("status must be one of its values");
  if (!Number.isInteger(take) || take < 1 || take > 100) errors.push("take must be a number from 1 to 100");
  const times = {};
  for (const name of ["afterStart", "beforeEnd"]) {
    times[name] = query.has(name) ? instant(query.get(name), name === "beforeEnd") : null;
    if (times[name] === undefined) errors.push(`${name} must be a valid ISO 8601 date string`);
  }
  const sort = query.get("sortStart");
  if (sort !== null && sort !== "asc" && sort !== "desc") errors.push("sortStart must be asc or desc");
  const eventTypeId = query.get("eventTypeId");
  if (eventTypeId !== null && !/^\d+$/.test(eventTypeId)) errors.push("eventTypeId must be a number");
  if (errors.length) throw invalid(...errors);
  return {
    statuses,
    take,
    sort,
    ...times,
    eventTypeId: eventTypeId && Number(eventTypeId),
    email: query.get("attendeeEmail"),
  };
}

const inStatus = {
  upcoming: (booking, now) => booking.end >= now && ["accepted", "pending"].includes(booking.status),
  past: (booking, now) => booking.end < now && booking.status === "accepted",
  cancelled: (booking) => ["cancelled", "rejected"].includes(booking.status),
  unconfirmed: (booking, now) => booking.end >= now && booking.status === "pending",
  recurring: () => false,
};

export function bookingsFound(bookings, q, now) {
  const found = bookings.filter(
    (booking) =>
      (q.eventTypeId === null || booking.eventType.id === q.eventTypeId) &&
      (q.email === null || booking.attendee.email === q.email) &&
      (q.afterStart === null || booking.start >= q.afterStart) &&
      (q.beforeEnd === null || booking.end <= q.beforeEnd) &&
      (q.statuses.length === 0 || q.statuses.some((status) => inStatus[status](booking, now))),
  );
  if (q.sort) found.sort((a, b) => (q.sort === "asc" ? a.start - b.start : b.start - a.start));
  return { page: found.slice(0, q.take), total: found.length };
}

// ---- a booking ----

const BODY = ["start", "eventTypeId", "attendee", "bookingFieldsResponses", "metadata", "location", "guests"];
const ALSO_BODY = [
  "lengthInMinutes",
  "meetingUrl",
  "eventTypeSlug",
  "username",
  "teamSlug",
  "organizationSlug",
  "routing",
];
const ATTENDEE = ["name", "email", "timeZone", "phoneNumber", "language"];
const EMAIL = /^[^\s@<>",;:]+@[^\s@<>",;:.]+(\.[^\s@<>",;:.]+)+$/;

const isObject = (it) => it !== null && typeof it === "object" && !Array.isArray(it);
const only = (object, names) => Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name)));

/** The names that a whitelist drops without a word. */
export function dropped(json) {
  if (!isObject(json)) return [];
  const of = Object.keys(json).filter((name) => ![...BODY, ...ALSO_BODY].includes(name));
  const attendee = isObject(json.attendee) ? Object.keys(json.attendee).filter((name) => !ATTENDEE.includes(name)) : [];
  return [...of, ...attendee.map((name) => `attendee.${name}`)];
}

function attendeeErrors(attendee) {
  if (!isObject(attendee)) return ["attendee must be an object"];
  const errors = [];
  if (typeof attendee.name !== "string" || attendee.name === "") errors.push("attendee.name must be a string");
  if (typeof attendee.timeZone !== "string" || !knownZone(attendee.timeZone))
    errors.push("attendee.timeZone must be a valid IANA time-zone");
  if (attendee.email !== undefined && (typeof attendee.email !== "string" || !EMAIL.test(attendee.email)))
    errors.push("attendee.email must be an email");
  if (attendee.phoneNumber !== undefined && !/^\+[1-9]\d{6,14}$/.test(String(attendee.phoneNumber)))
    errors.push("attendee.phoneNumber must be a valid phone number");
  if (attendee.email === undefined && attendee.phoneNumber === undefined)
    errors.push("At least one contact method (email or phone number) must be provided");
  if (attendee.language !== undefined && !/^[a-z]{2}(-[A-Z]{2})?$/.test(String(attendee.language)))
    errors.push("attendee.language must be one of its values");
  return errors;
}

function metadataErrors(metadata) {
  if (metadata === undefined) return [];
  if (!isObject(metadata)) return ["metadata must be an object"];
  const entries = Object.entries(metadata);
  if (entries.length > 50) return ["Metadata can have at most 50 keys"];
  if (entries.some(([name]) => name.length > 40)) return ["Metadata keys can have at most 40 characters"];
  if (entries.some(([, value]) => typeof value !== "string" || value.length > 500))
    return ["Metadata values must be strings of at most 500 characters"];
  return [];
}

/** What is left of a body behind the whitelist, or an error. */
export function bookingBody(json) {
  if (!isObject(json)) throw badRequest("Unexpected token in JSON");
  const body = only(json, [...BODY, ...ALSO_BODY]);
  const errors = [];
  if (typeof body.start !== "string" || !UTC.test(body.start) || instant(body.start) === undefined)
    errors.push("start must be a valid ISO 8601 date string in UTC");
  if (!Number.isInteger(body.eventTypeId)) errors.push("eventTypeId must be a number");
  if (body.bookingFieldsResponses !== undefined && !isObject(body.bookingFieldsResponses))
    errors.push("bookingFieldsResponses must be an object");
  errors.push(...attendeeErrors(body.attendee), ...metadataErrors(body.metadata));
  if (errors.length) throw invalid(...errors);
  return { ...body, start: Date.parse(body.start), attendee: only(body.attendee, ATTENDEE) };
}

/** The event type's own form. */
export function checkFields(eventType, body) {
  const told = { ...body.bookingFieldsResponses, name: body.attendee.name, email: body.attendee.email };
  told.attendeePhoneNumber ??= body.attendee.phoneNumber;
  for (const field of eventType.bookingFields)
    if (field.required && !field.hidden && !told[field.slug])
      throw badRequest(`responses - {${field.slug}}error_required_field`);
}

/** Is that a time to book? `free`: instants that nobody has. `active`: bookings of this attendee that are still to come. */
export function checkTime(eventType, start, { now, free, active }) {
  if (start < now) throw badRequest(PAST);
  if (start < now + eventType.noticeMinutes * 60000 || start > now + eventType.maxDays * 24 * 3600000)
    throw badRequest(OUT_OF_RANGE);
  if (!free.includes(start)) throw badRequest(eventType.team ? TEAM_TAKEN : TAKEN);
  if (active >= eventType.perBooker) throw badRequest(LIMIT);
}

// ---- shapes ----

export function bookingShape(booking) {
  const { eventType, attendee } = booking;
  const hosts = [{ id: 1, name: "Larkspur Front Desk", email: "desk@larkspur.example", timeZone: "America/New_York" }];
  return {
    id: booking.id,
    uid: booking.uid,
    title: `${eventType.title} between Larkspur Front Desk and ${attendee.name}`,
    description: "",
    hosts,
    status: booking.status,
    start: new Date(booking.start).toISOString(),
    end: new Date(booking.end).toISOString(),
    duration: eventType.minutes,
    eventTypeId: eventType.id,
    eventType: { id: eventType.id, slug: eventType.slug },
    meetingUrl: "integrations:daily",
    location: "integrations:daily",
    absentHost: false,
    createdAt: new Date(booking.madeAt).toISOString(),
    updatedAt: null,
    metadata: booking.metadata,
    attendees: [
      { name: attendee.name, timeZone: attendee.timeZone, language: attendee.language ?? "en", absent: false },
    ],
    guests: [],
    bookingFieldsResponses: booking.responses,
  };
}

const field = (slug, type, required, more = {}) => ({ isDefault: true, type, slug, required, hidden: false, ...more });

/** The form of an event type as it is by default; `more` are fields of the owner's. */
export function fields({ email = true, phone = false, more = [] } = {}) {
  return [
    field("name", "name", true),
    field("email", "email", email, { hidden: !email }),
    field("attendeePhoneNumber", "phone", phone, { hidden: !phone }),
    field("location", "radioInput", false),
    field("title", "text", true, { hidden: true }),
    field("notes", "textarea", false),
    field("guests", "multiemail", false),
    field("rescheduleReason", "textarea", false),
    ...more,
  ];
}

export function eventTypeShape(eventType) {
  return {
    id: eventType.id,
    ownerId: 1,
    lengthInMinutes: eventType.minutes,
    ...(eventType.lengths ? { lengthInMinutesOptions: eventType.lengths } : {}),
    title: eventType.title,
    slug: eventType.slug,
    description: "",
    locations: [{ type: "integration", integration: "cal-video" }],
    bookingFields: eventType.bookingFields,
    recurrence: eventType.recurrence ?? null,
    disableGuests: false,
    slotInterval: null,
    minimumBookingNotice: eventType.noticeMinutes,
    metadata: {},
    confirmationPolicy: eventType.confirms
      ? { type: "always", blockUnconfirmedBookingsInBooker: true }
      : { disabled: true },
    ...(eventType.seats
      ? { seats: { seatsPerTimeSlot: eventType.seats, showAttendeeInfo: false } }
      : { seats: { disabled: true } }),
    hidden: false,
    users: [{ id: 1, name: "Larkspur Front Desk", username: "larkspur" }],
  };
}
