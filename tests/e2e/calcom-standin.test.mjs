// The stand-in of Cal.com, held against what is known of its API v2: the other tests lean on it.
import test, { after } from "node:test";
import assert from "node:assert/strict";
import { request } from "./lib/client.mjs";
import { sleep } from "./lib/env.mjs";
import { addDays, instantOf, instantsOf, localDay, nextChange } from "./lib/zone.mjs";
import {
  CALCOM_EXPIRED_KEY,
  CALCOM_KEY,
  CALCOM_OTHER_KEY,
  CALCOM_REVOKED_KEY,
  Calcom,
  EVENT_TYPE,
  fields,
  moods,
} from "./lib/calcom.mjs";

const NY = "America/New_York";
const DAY = addDays(localDay(Date.now(), NY), 9);
const START = new Date(instantOf(`${DAY}T09:00`, NY)).toISOString();
const VERSION = { slots: "2024-09-04", bookings: "2024-08-13", "event-types": "2024-06-14", me: undefined };

const all = [];
async function fresh(options) {
  const calcom = await Calcom.start(options);
  all.push(calcom);
  return calcom.open(NY, [`${DAY}T09:00`, `${DAY}T10:30`]);
}
after(() => Promise.all(all.map((calcom) => calcom.stop())));

function ask(calcom, target, { key = CALCOM_KEY, version, body, timeoutMs } = {}) {
  const resource = /^\/v2\/([a-z-]+)/.exec(target)?.[1];
  const headers = { "content-type": "application/json", "cal-api-version": version ?? VERSION[resource] };
  if (key) headers.authorization = `Bearer ${key}`;
  if (version === null || !headers["cal-api-version"]) delete headers["cal-api-version"];
  const method = body === undefined ? "GET" : "POST";
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  return request({ port: calcom.port, path: target, method, headers, body: text, timeoutMs });
}

const slots = (calcom, { from = DAY, to = DAY, zone = NY, id = EVENT_TYPE, ...how } = {}) =>
  ask(calcom, `/v2/slots?eventTypeId=${id}&start=${from}&end=${addDays(to, 1)}&timeZone=${zone}`, how);
const wish = (more = {}) => ({
  eventTypeId: EVENT_TYPE,
  start: START,
  attendee: { name: "Ana Ruiz", email: "ana@example.org", timeZone: NY },
  metadata: { ringback_booking: "b1" },
  ...more,
});
const book = (calcom, more, how = {}) => ask(calcom, "/v2/bookings", { body: wish(more), ...how });

function assertRefused(answer, status, message) {
  assert.equal(answer.status, status, answer.text);
  const body = answer.json();
  assert.deepEqual(Object.keys(body), ["status", "timestamp", "path", "error"]);
  assert.equal(body.status, "error");
  assert.match(body.path, /^\/v2\//);
  assert.deepEqual(Object.keys(body.error), ["code", "message", "details"]);
  if (typeof message === "string") assert.equal(body.error.message, message);
  else if (message) assert.match(body.error.message, message);
}

test("slots stand under their local day, with offset and milliseconds, and empty days are absent", async () => {
  const calcom = await fresh();
  const offset = START.endsWith("T13:00:00.000Z") ? "-04:00" : "-05:00";
  const got = (await slots(calcom, { from: addDays(DAY, -1), to: addDays(DAY, 2) })).json();
  assert.deepEqual(got, {
    status: "success",
    data: { [DAY]: ["09:00", "10:30"].map((time) => ({ start: `${DAY}T${time}:00.000${offset}` })) },
  });
  const utc = (await slots(calcom, { zone: "UTC" })).json().data;
  assert.deepEqual(utc[DAY][0], { start: START });
  const far = (await slots(calcom, { zone: "Pacific/Kiritimati", to: addDays(DAY, 1) })).json().data;
  assert.deepEqual(Object.keys(far), [addDays(DAY, 1)], "the day is the zone's");
  assert.deepEqual((await slots(calcom, { from: addDays(DAY, 3), to: addDays(DAY, 4) })).json().data, {});
});

test("a question for slots that is not strict is refused", async () => {
  const calcom = await fresh();
  for (const query of [
    `eventTypeId=${EVENT_TYPE}&start=${DAY}T00:00:00+01:00&end=${DAY}`,
    `eventTypeId=${EVENT_TYPE}&start=tomorrow&end=${DAY}`,
    `eventTypeId=${EVENT_TYPE}&start=2026-02-30&end=${DAY}`,
    `eventTypeId=${EVENT_TYPE}&start=${DAY}`,
    `eventTypeId=${EVENT_TYPE}&start=${DAY}&end=${DAY}&timeZone=EST5XYZ`,
    `start=${DAY}&end=${DAY}`,
  ]) {
    const answer = await ask(calcom, `/v2/slots?${query}`);
    assertRefused(answer, 400);
    assert.ok(answer.json().error.details.errors.length > 0);
  }
  assertRefused(await slots(calcom, { id: 9999 }), 404);
});

test("the version goes by the resource; a missing or unknown one means the oldest shapes", async () => {
  const calcom = await fresh();
  assertRefused(await slots(calcom, { version: "2024-08-13" }), 404);
  assertRefused(await slots(calcom, { version: null }), 404);
  assertRefused(await book(calcom, {}, { version: "2024-09-04" }), 404);
  assertRefused(await book(calcom, {}, { version: null }), 400, /responses/);
  assertRefused(await book(calcom, {}, { version: "2030-01-01" }), 400, /responses/);
  assert.equal(calcom.bookings.length, 0);
  assert.equal((await book(calcom, {}, { version: "2026-02-25" })).status, 201);
  const old = await ask(calcom, "/v2/bookings", { version: null });
  assert.ok(!Array.isArray(old.json().data), old.text);
  const type = await ask(calcom, `/v2/event-types/${EVENT_TYPE}`, { version: null });
  assert.equal(type.json().data.eventType.length, 30);
  assert.equal((await ask(calcom, "/v2/me")).json().data.username, "larkspur");
});

test("an event type tells its form", async () => {
  const calcom = await fresh();
  const { data } = (await ask(calcom, `/v2/event-types/${EVENT_TYPE}`)).json();
  assert.equal(data.lengthInMinutes, 30);
  const required = data.bookingFields.filter((field) => field.required && !field.hidden).map((field) => field.slug);
  assert.deepEqual(required, ["name", "email"]);
  assertRefused(await ask(calcom, `/v2/event-types/${EVENT_TYPE}`, { key: CALCOM_OTHER_KEY }), 404);
});

test("a booking is made once, shows its metadata, and its time is gone", async () => {
  const calcom = await fresh();
  const made = await book(calcom);
  assert.equal(made.status, 201, made.text);
  const { data } = made.json();
  assert.deepEqual([data.status, data.start, data.duration], ["accepted", START, 30]);
  assert.match(data.uid, /^bkg_/);
  assert.equal(data.attendees[0].email, undefined);
  assertRefused(await book(calcom), 400, "User either already has booking at this time or is not available");
  assert.equal((await slots(calcom)).json().data[DAY].length, 1);
  assert.equal(calcom.bookings.length, 1);
  assert.deepEqual(calcom.tally(), { book: 2, slots: 1 });
  assert.equal(calcom.of("book")[0].json.attendee.name, "Ana Ruiz");

  const found = (query) => ask(calcom, `/v2/bookings?${query}`).then((answer) => answer.json().data);
  assert.deepEqual((await found("take=100"))[0].metadata, { ringback_booking: "b1" });
  for (const [query, n] of [
    [`eventTypeId=${EVENT_TYPE}&afterStart=${START}&beforeEnd=${data.end}&sortStart=asc`, 1],
    ["eventTypeId=1", 0],
    [`afterStart=${data.end}`, 0],
    [`beforeEnd=${START}`, 0],
    ["attendeeEmail=ana@example.org", 1],
    ["attendeeEmail=bo@example.org", 0],
    ["status=upcoming,unconfirmed", 1],
    ["status=past", 0],
    ["status=cancelled", 0],
  ])
    assert.equal((await found(query)).length, n, query);
  calcom.cancel(data.uid);
  assert.equal((await found("status=cancelled")).length, 1);
  assert.equal((await found("status=upcoming")).length, 0);
  assertRefused(await ask(calcom, "/v2/bookings?take=0"), 400);
  assertRefused(await ask(calcom, "/v2/bookings?status=booked"), 400);
  const other = await ask(calcom, "/v2/bookings", { key: CALCOM_OTHER_KEY });
  assert.deepEqual(other.json().data, [], "somebody else's");
});

test("what a booking must hold", async () => {
  const calcom = await fresh();
  const attendee = wish().attendee;
  for (const [more, word] of [
    [{ start: undefined }, /start/],
    [{ start: `${DAY}T09:00:00-05:00` }, /UTC/],
    [{ eventTypeId: "4711" }, /eventTypeId/],
    [{ attendee: undefined }, /attendee/],
    [{ attendee: { ...attendee, name: undefined } }, /name/],
    [{ attendee: { ...attendee, timeZone: undefined } }, /timeZone/],
    [{ attendee: { ...attendee, timeZone: "New York" } }, /timeZone/],
    [{ attendee: { ...attendee, email: "ana at example" } }, /email/],
    [{ attendee: { ...attendee, phoneNumber: "646 555 0187" } }, /phoneNumber/],
    [{ attendee: { name: "Ana", timeZone: NY } }, /contact/],
    [
      { attendee: { name: "Ana", timeZone: NY, phoneNumber: "+16465550187" } },
      /responses - \{email\}error_required_field/,
    ],
    [{ metadata: { n: 1 } }, /Metadata/],
    [{ metadata: { ["k".repeat(41)]: "x" } }, /Metadata/],
    [{ metadata: { k: "x".repeat(501) } }, /Metadata/],
  ])
    assertRefused(await book(calcom, more), 400, word);
  assertRefused(await ask(calcom, "/v2/bookings", { body: "{" }), 400);
  assert.equal(calcom.bookings.length, 0);
  assert.equal((await book(calcom, { Notes: "x", attendee: { ...attendee, phone: "+1" } })).status, 201);
  assert.deepEqual(calcom.requests.at(-1).dropped, ["Notes", "attendee.phone"]);
  calcom.eventTypes.get(EVENT_TYPE).bookingFields = fields({ email: false, phone: true });
  const start = new Date(instantOf(`${DAY}T10:30`, NY)).toISOString();
  assertRefused(await book(calcom, { start }), 400, /attendeePhoneNumber/);
  assert.equal(
    (await book(calcom, { start, attendee: { name: "Bo", timeZone: NY, phoneNumber: "+16465550187" } })).status,
    201,
  );
});

test("times that can not be had, each in its words", async () => {
  const calcom = await fresh();
  const at = (start, id = EVENT_TYPE) => book(calcom, { eventTypeId: id, start: new Date(start).toISOString() });
  calcom.addEventType(12, { noticeMinutes: 60, maxDays: 30, perBooker: 1, team: true, confirms: true });
  const [soon, first, second] = [30 * 60000, 5 * 86400000, 6 * 86400000].map((ms) => Date.now() + ms);
  calcom.openAt([soon, first, second], 12);
  assertRefused(await at(Date.now() - 60000), 400, "Attempting to book a meeting in the past.");
  assertRefused(await at(soon, 12), 400, /^The event type can't be booked at the "start" time provided/);
  assertRefused(await at(Date.now() + 31 * 86400000, 12), 400, /^The event type can't be booked at the "start"/);
  assertRefused(
    await at(first + 1000, 12),
    400,
    "One of the hosts either already has booking at this time or is not available",
  );
  assert.equal((await at(first, 12)).json().data.status, "pending");
  calcom.bookings[0].status = "accepted";
  assertRefused(await at(second, 12), 400, /maximum number of active bookings has been reached\.$/);
  assertRefused(await at(first, 77), 404);
});

test("keys: none, unknown, expired, revoked", async () => {
  const calcom = await fresh({ limit: 3 });
  for (let i = 0; i < 5; i++) {
    const answer = await slots(calcom, { key: "cal_live_nobody" });
    assertRefused(answer, 401, "CustomThrottlerGuard - Invalid API Key");
    assert.equal(answer.headers["x-ratelimit-limit-default"], undefined, "refused before anything is counted");
  }
  assertRefused(await slots(calcom, { key: null }), 401, /^No authentication method provided/);
  assertRefused(await slots(calcom, { key: CALCOM_EXPIRED_KEY }), 401, "Your api key is expired");
  assertRefused(await slots(calcom, { key: CALCOM_REVOKED_KEY }), 401, "Your api key is not valid");
});

test("one request too many blocks the key for a while, whatever it asks", async () => {
  const calcom = await fresh({ limit: 3, blockMs: 1500 });
  for (const left of ["2", "1", "0"]) {
    const answer = await slots(calcom);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["x-ratelimit-remaining-default"], left);
    assert.ok(Number(answer.headers["x-ratelimit-reset-default"]) <= 60, "seconds left, not a time");
  }
  const answer = await slots(calcom);
  assertRefused(answer, 429, "CustomThrottlerGuard - Too many requests. Please try again later.");
  assert.equal(answer.headers["x-ratelimit-reset-default"], "2");
  assert.equal(answer.headers["retry-after"], undefined);
  assert.equal((await book(calcom)).status, 429);
  assert.equal((await slots(calcom, { key: CALCOM_OTHER_KEY, id: 1 })).status, 404, "others may ask");
  assert.equal(calcom.bookings.length, 0);
  await sleep(1700);
  assert.equal((await slots(calcom)).status, 200);
});

test("bad days: done or not, heard or not", async () => {
  const calcom = await fresh();
  const quick = { timeoutMs: 300 };
  for (const [mood, made] of [
    [moods.closed, 0],
    [moods.closedAfter, 1],
    [moods.resetAfter, 1],
    [moods.cutAfter, 1],
    [moods.hang, 0],
    [moods.hangUnread, 0],
    [moods.hangAfter, 1],
    [moods.hugeAfter, 1],
  ]) {
    calcom.bookings = [];
    calcom.next("book", mood);
    const answer = await book(calcom, {}, quick).catch((error) => error);
    assert.ok(answer instanceof Error, String(mood));
    assert.equal(calcom.bookings.length, made, String(mood));
  }
  for (const [mood, status, made] of [
    [moods.error500, 500, 0],
    [moods.error500After, 500, 1],
    [moods.badGateway, 502, 0],
    [moods.badGatewayAfter, 502, 1],
    [moods.garbageAfter, 201, 1],
    [moods.redirect, 302, 0],
  ]) {
    calcom.bookings = [];
    calcom.next("book", mood);
    assert.equal((await book(calcom)).status, status);
    assert.equal(calcom.bookings.length, made, String(mood));
  }
  calcom.bookings = [];
  calcom.next("book", moods.lateClosed(300));
  await assert.rejects(book(calcom));
  assert.equal(calcom.bookings.length, 0);
  await sleep(500);
  assert.equal(calcom.bookings.length, 1);
});

test("days on which clocks change", async () => {
  const calcom = await fresh();
  const [gap, fold] = [nextChange("gap", NY), nextChange("fold", NY)];
  assert.deepEqual(instantsOf(`${gap}T02:30`, NY), []);
  assert.equal(instantsOf(`${fold}T01:30`, NY).length, 2);
  calcom.openAt(instantsOf(`${fold}T01:30`, NY));
  const { data } = (await slots(calcom, { from: fold, to: addDays(fold, 1) })).json();
  assert.deepEqual(
    data[fold].map((slot) => slot.start),
    [`${fold}T01:30:00.000-04:00`, `${fold}T01:30:00.000-05:00`],
  );
});
