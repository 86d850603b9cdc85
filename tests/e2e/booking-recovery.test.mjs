// What becomes of bookings when a server, the database or a call's row is not there at the moment it is needed.
import test, { beforeEach } from "node:test";
import assert from "node:assert/strict";
import { BookingDesk, NY, dayAhead, dayWords } from "./lib/booking-desk.mjs";
import { moods } from "./lib/calcom.mjs";
import { until } from "./lib/env.mjs";
import { inbound, postForm } from "./lib/twilio.mjs";

const desk = await BookingDesk.open();
const { calcom, db } = desk;

const DAY = dayAhead(6);
const START = `${DAY}T09:00`;
const BOOKED = `Booked: ${dayWords(DAY)} at 9:00 AM.`;

beforeEach(async () => {
  if (!desk.server?.running) desk.server = await desk.start();
  await desk.reset();
  calcom.open(NY, [START, `${DAY}T10:00`]);
});

/** The power goes while Cal.com has the request; then a new server starts. */
async function killDuring(call, reached, id = desk.freshToolId()) {
  const lost = desk.book(call, START, { id }).catch((error) => error);
  await until("Cal.com has it", reached);
  await desk.server.kill();
  assert.ok((await lost) instanceof Error, "no answer");
  const row = await desk.row(call);
  assert.equal(row.status, "asked", "stored before it was sent");
  desk.server = await desk.start();
  return id;
}

test("kill -9 between the booking and its note: one booking, confirmed, and the call is booked", async () => {
  calcom.next("book", moods.hangAfter);
  const call = desk.call();
  const id = await killDuring(call, () => calcom.bookings.length === 1);
  await desk.expire();
  const row = await desk.settled(call, "confirmed");
  assert.equal(row.calcom_uid, calcom.bookings[0].uid);
  assert.deepEqual([calcom.of("book").length, calcom.bookings.length], [1, 1]);
  assert.equal((await desk.book(call, START, { id })).words, BOOKED);
  assert.equal(calcom.of("book").length, 1);
  await desk.end(call);
  await until("the call is booked", async () => (await desk.outcome(call)) === "booked");
});

test("kill -9, and the same tool call comes before anybody has looked: no second booking", async () => {
  calcom.next("book", moods.hangAfter);
  const call = desk.call();
  const id = await killDuring(call, () => calcom.bookings.length === 1);
  const answers = await Promise.all([desk.book(call, START, { id }), desk.book(call, START)]);
  for (const answer of answers) {
    assert.equal(answer.good, false);
    assert.match(answer.words, /can not say whether/);
    assert.ok(answer.ms < 6000, `${answer.ms} ms`);
  }
  assert.equal(calcom.of("book").length, 1);
  await desk.settled(call, "confirmed", 40000); // by itself, when the lease runs out
  assert.equal(calcom.of("book").length, 1);
});

test("kill -9 before Cal.com has read it: not booked, and said so", async () => {
  calcom.next("book", moods.hangUnread);
  const call = desk.call();
  const id = await killDuring(call, () => calcom.of("book").length === 1);
  for (let looks = 1; looks <= 3; looks++) {
    await desk.expire();
    await until(`look ${looks}`, async () => (await desk.row(call)).looks >= looks, 15000);
    await until("it is answered", () => calcom.of("find").length >= looks);
  }
  const row = await desk.settled(call, "failed");
  assert.equal(row.reason, "not_made");
  assert.equal(calcom.bookings.length, 0);
  const again = await desk.book(call, START, { id });
  assert.deepEqual([again.good, /nothing is booked/.test(again.words)], [false, true]);
});

test("two servers look after what was left; each booking is found once", async () => {
  calcom.mood.book = moods.hangAfter;
  const calls = [desk.call(), desk.call()];
  const lost = calls.map((call, i) => desk.book(call, [START, `${DAY}T10:00`][i]).catch((error) => error));
  await until("Cal.com has both", () => calcom.bookings.length === 2);
  await desk.server.kill();
  await Promise.all(lost);
  const [one, other] = await Promise.all([desk.start(), desk.start()]);
  desk.server = one;
  await desk.expire();
  for (const call of calls) await desk.settled(call, "confirmed");
  assert.deepEqual(calcom.tally(), { book: 2, find: 2 });
  await other.stop();
});

test("a server that stops sees a booking through", async () => {
  calcom.next("book", moods.slowAfter(1500));
  const call = desk.call();
  const asked = desk.book(call, START).catch((error) => error);
  await until("Cal.com has it", () => calcom.bookings.length === 1);
  await desk.server.stop();
  assert.equal((await asked).words, BOOKED);
  assert.equal((await desk.row(call)).status, "confirmed");
  assert.deepEqual(calcom.tally(), { book: 1 });
});

test("a server that stops does not wait forever; the next one looks it up", async () => {
  calcom.next("book", moods.hangAfter);
  const call = desk.call();
  const asked = desk.book(call, START).catch((error) => error);
  await until("Cal.com has it", () => calcom.bookings.length === 1);
  await desk.server.stop();
  await asked;
  assert.ok(["asked", "unknown"].includes((await desk.row(call)).status));
  desk.server = await desk.start();
  await desk.expire();
  await desk.settled(call, "confirmed");
  assert.equal(calcom.of("book").length, 1);
});

test("the database is away: an honest sentence in time, and nothing is sent", async () => {
  const call = desk.call();
  await db.lockOut();
  let looked, booked;
  try {
    [looked, booked] = await Promise.all([desk.check(call, { date: DAY }), desk.book(call, START)]);
  } finally {
    await db.letIn();
  }
  for (const answer of [looked, booked]) {
    assert.equal(answer.good, false);
    assert.match(answer.words, /^I could not reach the calendar/);
    assert.ok(answer.ms < 6000, `${answer.ms} ms`);
  }
  await desk.server.ready();
  assert.equal(calcom.of("book").length, 0);
  assert.deepEqual(await desk.rows(), []);
  await until("all is well", async () => (await desk.book(call, START)).good, 15000, 300);
});

test("the database goes away between the booking and its note", async () => {
  calcom.next("book", moods.slowAfter(1500));
  const call = desk.call();
  const asked = desk.book(call, START);
  await until("Cal.com has it", () => calcom.bookings.length === 1);
  await db.lockOut();
  const answer = await asked.finally(() => db.letIn());
  assert.equal(answer.words, BOOKED, "it is booked, whatever can be written down");
  await desk.server.ready();
  await until(
    "it is written down or due",
    async () => (await desk.row(call)).status !== "asked" || desk.expire(),
    1000,
  ).catch(() => null);
  await desk.expire();
  const row = await desk.settled(call, "confirmed", 30000);
  assert.equal(row.calcom_uid, calcom.bookings[0].uid);
  assert.equal(calcom.of("book").length, 1);
});

test("tables that are locked hold nobody up", async () => {
  const locker = await db.session();
  await locker.query("begin");
  await locker.query("lock table bookings in access exclusive mode");
  const call = desk.call();
  const answer = await desk.book(call, START);
  await locker.query("rollback");
  await locker.end();
  assert.equal(answer.good, false);
  assert.ok(answer.ms < 6000, `${answer.ms} ms`);
  assert.match(answer.words, /^I could not reach the calendar\. /, "nor is it known what was booked before");
  await until("quiet", async () => (await desk.rows(call)).every((row) => row.status !== "asked"), 30000);
  assert.equal(calcom.of("book").length, 0, "the caller was not told of any booking");
});

/** What Vapi's messages say when they do not tell which of the carrier's calls it is. */
const unlinked = (call) => ({ ...call, sid: undefined });

function carrierEnds(call) {
  const fields = {
    CallStatus: "completed",
    CallDuration: "61",
    SequenceNumber: "0",
    CallbackSource: "call-progress-events",
  };
  return postForm(desk.server, "/api/twilio/status", inbound(call.sid, fields));
}

for (const carrierFirst of [true, false])
  test(`two rows of calls that become one keep the booking, the carrier's ${carrierFirst ? "first" : "last"}`, async () => {
    const call = desk.call();
    if (carrierFirst) await carrierEnds(call);
    assert.equal((await desk.book(unlinked(call), START)).words, BOOKED);
    const apart = await until("a row of its own", () => db.callByVapi(call.id));
    if (!carrierFirst) await carrierEnds(call);
    await until("the booking is its", async () => (await desk.row(call)).call_id === apart.id, 15000);
    const both = "calls where provider_call_id = $1 or twilio_call_sid = $2";
    assert.equal(await db.count(both, [call.id, call.sid]), 2);
    await desk.end(call);
    await until("one row", async () => (await db.count(both, [call.id, call.sid])) === 1);
    assert.equal((await desk.row(call)).call_id, (await db.callByVapi(call.id)).id);
    await until("the call is booked", async () => (await desk.outcome(call)) === "booked");
  });

test("two rows that become one, each with bookings: all are kept", async () => {
  const call = desk.call();
  await carrierEnds(call);
  await desk.book(unlinked(call), START);
  await db.rows(
    `insert into bookings (business_id, call_id, provider_call_id, twilio_call_sid, tool_call_id, status, reason)
     select business_id, id, 'other', twilio_call_sid, 'call_ofTheOtherRow', 'refused', 'taken' from calls
     where twilio_call_sid = $1`,
    [call.sid],
  );
  await desk.end(call);
  const row = await until("one row", async () => {
    const rows = await db.rows("select * from calls");
    return rows.length === 1 && rows[0];
  });
  const bookings = await desk.rows();
  assert.deepEqual(bookings.map((one) => [one.call_id, one.status]).sort(), [
    [row.id, "confirmed"],
    [row.id, "refused"],
  ]);
  await until("the call is booked", async () => (await desk.outcome(call)) === "booked");
});

test("a call whose row comes after its booking", async () => {
  const call = desk.call();
  assert.equal((await desk.book(call, START)).words, BOOKED);
  await until("its row is there", () => db.callByVapi(call.id));
  await db.rows("update bookings set call_id = null");
  await db.rows("delete from call_events");
  await db.rows("delete from calls");
  await desk.end(call);
  await until("adopted", async () => (await desk.row(call)).call_id === (await db.callByVapi(call.id))?.id, 15000);
  await until("the call is booked", async () => (await desk.outcome(call)) === "booked");
});

test("bookings that nobody knows of are counted", async () => {
  calcom.mood.book = moods.closed;
  const call = desk.call();
  await desk.book(call, START);
  await desk.settled(call, "unknown");
  await until("the number", async () => (await desk.server.metric("ringback_bookings_unknown")) === 1, 15000, 300);
  assert.ok((await desk.server.metric("ringback_bookings_total", { result: "unknown" })) >= 1);
  assert.ok((await desk.server.metric("ringback_booking_troubles_total", { reason: "no_answer" })) >= 1);
});
