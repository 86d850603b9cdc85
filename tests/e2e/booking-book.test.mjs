// book_appointment: what it books, what Cal.com may say, and what has to be asked first. Each has a sentence of its own.
import test, { beforeEach } from "node:test";
import assert from "node:assert/strict";
import {
  ANA,
  BO,
  BRAMBLE,
  BookingDesk,
  CALLER,
  KATHMANDU,
  NY,
  SHAPES,
  dayAhead,
  dayWords,
} from "./lib/booking-desk.mjs";
import { EVENT_TYPE, fields, moods } from "./lib/calcom.mjs";
import { LARKSPUR, until } from "./lib/env.mjs";
import { message, post } from "./lib/vapi.mjs";
import { addDays, instantOf, instantsOf, nextChange, offsetMinutes, offsetText } from "./lib/zone.mjs";

const desk = await BookingDesk.open();
const { calcom } = desk;

const DAY = dayAhead(11);
const START = `${DAY}T10:30`;
const WHEN = `${dayWords(DAY)} at 10:30 AM`;
const iso = (local, zone = NY) => new Date(instantOf(local, zone)).toISOString().replace(".000Z", "Z");
const type = () => calcom.eventTypes.get(EVENT_TYPE);

beforeEach(async () => {
  await desk.reset();
  const plain = { noticeMinutes: 0, maxDays: 366, perBooker: Infinity, confirms: false, team: false };
  Object.assign(type(), { ...plain, bookingFields: fields() });
  calcom.open(NY, [`${DAY}T09:00`, START, `${DAY}T11:00`, `${DAY}T15:00`]);
});

test("booked: at Cal.com, in the row, on the call", async () => {
  const call = desk.call();
  const answer = await desk.book(call, START);
  assert.deepEqual([answer.good, answer.words], [true, `Booked: ${WHEN}.`]);
  assert.deepEqual(calcom.tally(), { book: 1 });
  const [{ json, headers, dropped }] = calcom.requests;
  assert.equal(headers["cal-api-version"], "2024-08-13");
  assert.deepEqual(dropped, [], "nothing that Cal.com would drop");
  assert.equal(json.start, iso(START));
  assert.equal(json.attendee.name, ANA.customer_name);
  assert.equal(json.attendee.email, ANA.customer_email);
  assert.equal(json.attendee.timeZone, NY);
  const row = await desk.row(call);
  assert.equal(row.status, "confirmed");
  assert.equal(row.reason, "none");
  assert.equal(row.calcom_uid, calcom.bookings[0].uid);
  assert.equal(row.starts_at.getTime(), instantOf(START, NY));
  assert.equal(row.answer, answer.words);
  assert.equal(row.tool_call_id, answer.id);
  assert.deepEqual(
    [row.attendee_name, row.attendee_email, row.attendee_phone, row.service],
    [ANA.customer_name, ANA.customer_email, CALLER, ANA.service],
  );
  assert.deepEqual(json.metadata, { ringback_booking: row.id, call_id: call.id, business: LARKSPUR.id });
  await desk.end(call);
  await until("the call is booked", async () => (await desk.outcome(call)) === "booked");
  assert.equal((await desk.row(call)).call_id, (await desk.db.callByVapi(call.id)).id);
});

test("in each of the four shapes, and in the old one", async () => {
  calcom.clear().open(
    NY,
    ["09", "10", "11", "12", "13"].map((hour) => `${DAY}T${hour}:00`),
  );
  let hour = 9;
  for (const shape of Object.keys(SHAPES)) {
    const start = `${DAY}T${String(hour++).padStart(2, "0")}:00`;
    assert.equal((await desk.book(desk.call(), start, { shape })).good, true, shape);
  }
  const parameters = { start: `${DAY}T13:00`, ...ANA };
  const functionCall = { name: "book_appointment", parameters };
  const old = await post(desk.server, message("function-call", desk.snapshot(desk.call()), { functionCall }));
  assert.match(old.json().result, /^Booked: /);
  assert.equal(calcom.bookings.length, 5);
});

test("a business that confirms itself: requested, not booked", async () => {
  type().confirms = true;
  const call = desk.call();
  const answer = await desk.book(call, START);
  assert.equal(answer.good, true);
  assert.match(answer.words, new RegExp(`^Requested, not booked yet: ${WHEN}\\.`));
  assert.equal((await desk.row(call)).status, "pending");
  await desk.end(call);
  await until("the call has ended", async () => (await desk.db.callByVapi(call.id))?.status === "ended");
  assert.notEqual(await desk.outcome(call), "booked");
});

test("taken: the nearest two others", async () => {
  calcom.take(instantOf(START, NY));
  const call = desk.call();
  const answer = await desk.book(call, START);
  assert.equal(answer.good, false);
  const others = `${dayWords(DAY)} at 11:00 AM, or ${dayWords(DAY)} at 9:00 AM`;
  assert.equal(answer.words, `${WHEN} is not free any more, so nothing is booked. Offer ${others}.`);
  const row = await desk.row(call);
  assert.deepEqual([row.status, row.reason, row.calcom_uid], ["refused", "taken", null]);
  assert.equal((await desk.book(call, `${DAY}T11:00`)).good, true, "the other one");
  assert.deepEqual(
    (await desk.rows(call)).map((one) => one.status),
    ["refused", "confirmed"],
  );
});

test("taken, of a team, and nothing else is free", async () => {
  type().team = true;
  calcom.clear().open(NY, [START]).take(instantOf(START, NY));
  const answer = await desk.book(desk.call(), START);
  assert.equal(answer.good, false);
  assert.match(answer.words, /^.* is not free any more, so nothing is booked\. Use check_availability/);
});

test("over already, and too far away: nobody is asked", async () => {
  for (const [start, reason, words] of [
    [`${dayAhead(-1)}T10:00`, "past", /^That time is over, so nothing is booked/],
    [`${dayAhead(4000)}T10:00`, "out_of_range", /too soon or too far/],
  ]) {
    const call = desk.call();
    const answer = await desk.book(call, start);
    assert.equal(answer.good, false);
    assert.match(answer.words, words);
    const row = await desk.row(call);
    assert.deepEqual([row.status, row.reason], ["refused", reason]);
  }
  assert.deepEqual(calcom.tally(), {});
});

test("too soon for the event type, too many of this caller, past by Cal.com's own clock", async () => {
  const refusals = [
    [{ noticeMinutes: 30 * 24 * 60 }, null, "out_of_range", /too soon or too far/],
    [{ maxDays: 3 }, null, "out_of_range", /too soon or too far/],
    [{ perBooker: 0 }, null, "limit", /as many appointments as the calendar allows/],
    [{}, moods.refused(400, "Attempting to book a meeting in the past."), "past", /is over/],
    [{}, moods.refused(400, "The sky is falling"), "declined", /did not accept/],
    [{}, moods.refused(422, "No such thing", "UnprocessableEntityException"), "declined", /did not accept/],
  ];
  const plain = { noticeMinutes: 0, maxDays: 366, perBooker: Infinity };
  for (const [more, mood, reason, words] of refusals) {
    Object.assign(type(), plain, more);
    if (mood) calcom.next("book", mood);
    const call = desk.call();
    const answer = await desk.book(call, START);
    assert.equal(answer.good, false, reason);
    assert.match(answer.words, words);
    const row = await desk.row(call);
    assert.deepEqual([row.status, row.reason], ["refused", reason]);
    assert.ok(row.error, "what Cal.com said");
  }
  assert.equal(calcom.bookings.length, 0);
});

test("what is missing is asked for, and nothing is stored or sent", async () => {
  const gap = nextChange("gap", NY);
  const wrong = offsetText(offsetMinutes(instantOf(START, NY), NY) + 60);
  for (const [args, word] of [
    [{ start: undefined }, /When is meant\?/],
    [{ start: "next Friday at ten" }, /When is meant\?/],
    [{ start: "10:30" }, /When is meant\?/],
    [{ start: `${DAY}` }, /When is meant\?/],
    [{ start: `${DAY}T25:00` }, /When is meant\?/],
    [{ start: `2027-02-30T10:30` }, /When is meant\?/],
    [{ start: `${START}:00${wrong}` }, /America\/New_York/],
    [{ start: `${START}:00Z` }, /America\/New_York/],
    [{ start: `${gap}T02:30` }, /America\/New_York/],
    [{ customer_name: undefined }, /customer_name/],
    [{ customer_name: "   " }, /customer_name/],
    [{ customer_name: 7 }, /customer_name/],
    [{ customer_email: undefined }, /customer_email/],
    [{ customer_email: "ana at example dot org" }, /customer_email/],
    [{ customer_email: "ana@example" }, /customer_email/],
  ]) {
    const answer = await desk.book(desk.call(), START, { args });
    assert.equal(answer.good, false, JSON.stringify(args));
    assert.match(answer.words, word, JSON.stringify(args));
  }
  assert.deepEqual(await desk.rows(), []);
  assert.deepEqual(calcom.tally(), {});
});

test("broken arguments", async () => {
  const call = desk.call();
  const list = ['{"start":"2026-12-0', "null", '"', "[]"].map((text, i) => ({
    id: `call_broken${i}`,
    type: "function",
    function: { name: "book_appointment", arguments: text },
  }));
  const answer = await post(desk.server, message("tool-calls", desk.snapshot(call), { toolCallList: list }));
  assert.equal(answer.status, 200);
  for (const one of answer.json().results) assert.match(one.error, /start|could not be read/, one.toolCallId);
  assert.deepEqual(await desk.rows(), []);
  assert.deepEqual(calcom.tally(), {});
});

test("after what was missing the same tool call books", async () => {
  const call = desk.call();
  const first = await desk.book(call, START, { args: { customer_email: undefined } });
  assert.match(first.words, /customer_email/);
  const again = await desk.book(call, START, { id: first.id });
  assert.equal(again.words, `Booked: ${WHEN}.`);
});

test("the business's own offset is welcome, however it is written", async () => {
  const offset = offsetText(offsetMinutes(instantOf(START, NY), NY));
  calcom.clear().open(
    NY,
    [9, 10, 11, 12].map((hour) => `${DAY}T${String(hour).padStart(2, "0")}:00`),
  );
  for (const start of [`${DAY}T09:00:00.000${offset}`, `${DAY} 10:00`, `${DAY}T11:00:00`, ` ${DAY}T12:00${offset} `])
    assert.match((await desk.book(desk.call(), start)).words, /^Booked: /, start);
  assert.equal(calcom.bookings.length, 4);
});

test("a time that there is twice, told apart by its offset", async () => {
  const fold = nextChange("fold", NY);
  const [first, second] = instantsOf(`${fold}T01:30`, NY);
  calcom.openAt([first, second]);
  for (const instant of [second, first]) {
    const start = `${fold}T01:30:00${offsetText(offsetMinutes(instant, NY))}`;
    const answer = await desk.book(desk.call(), start);
    assert.equal(answer.words, `Booked: ${dayWords(fold)} at 1:30 AM.`);
    assert.equal(calcom.bookings.at(-1).start, instant);
  }
});

test("a day on which clocks go forward", async () => {
  const gap = nextChange("gap", NY);
  calcom.open(NY, [`${gap}T01:30`, `${gap}T03:30`]);
  assert.equal((await desk.book(desk.call(), `${gap}T03:30`)).words, `Booked: ${dayWords(gap)} at 3:30 AM.`);
  assert.equal(calcom.of("book")[0].json.start, iso(`${gap}T03:30`));
});

test("a business in Kathmandu", async () => {
  await desk.connect(BRAMBLE);
  const day = dayAhead(12, KATHMANDU);
  calcom.open(KATHMANDU, [`${day}T00:15`]);
  const call = desk.call({ business: BRAMBLE });
  assert.match((await desk.book(call, `${day}T00:15:00-05:00`)).words, /Asia\/Kathmandu/);
  const answer = await desk.book(call, `${day}T00:15:00+05:45`);
  assert.equal(answer.words, `Booked: ${dayWords(day)} at 12:15 AM.`);
  const [{ json }] = calcom.of("book");
  assert.equal(json.start, `${addDays(day, -1)}T18:30:00Z`);
  assert.equal(json.attendee.timeZone, KATHMANDU);
});

test("a form that wants a number and no address: the caller's own, or the one that was told", async () => {
  type().bookingFields = fields({ email: false, phone: true });
  await desk.connect(LARKSPUR, { email: false, phone: true });
  const args = { customer_email: undefined };
  assert.equal((await desk.book(desk.call(), START, { args })).good, true);
  assert.deepEqual(
    [calcom.of("book")[0].json.attendee.phoneNumber, calcom.of("book")[0].json.attendee.email],
    [CALLER, undefined],
  );
  const other = { ...args, customer_phone: "+17185550166" };
  assert.equal((await desk.book(desk.call(), `${DAY}T11:00`, { args: other })).good, true);
  assert.equal(calcom.of("book")[1].json.attendee.phoneNumber, "+17185550166");
  const hidden = await desk.book(desk.call({ from: "anonymous" }), `${DAY}T15:00`, { args });
  assert.match(hidden.words, /customer_phone/);
  assert.equal(calcom.bookings.length, 2);
});

test("a question of the form that nobody asked", async () => {
  type().bookingFields = fields({ more: [{ type: "text", slug: "insurance", required: true, hidden: false }] });
  const call = desk.call();
  const answer = await desk.book(call, START);
  assert.match(answer.words, /did not accept/);
  const row = await desk.row(call);
  assert.deepEqual([row.status, row.reason], ["refused", "declined"]);
  assert.match(row.error, /insurance/);
});

test("names with everything in them arrive as they are", async () => {
  const name = 'Zoë "Zo" O’Neill-\\Søby 🦷';
  const answer = await desk.book(desk.call(), START, { who: BO, args: { customer_name: name } });
  assert.equal(answer.good, true);
  assert.equal(calcom.of("book")[0].json.attendee.name, name);
  assert.equal((await desk.rows())[0].attendee_name, name);
});
