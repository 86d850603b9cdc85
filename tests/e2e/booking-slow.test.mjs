// A calendar that is slow, down, or answers nonsense: an honest sentence in time, and never a second booking.
import test, { beforeEach } from "node:test";
import assert from "node:assert/strict";
import { BookingDesk, NY, dayAhead, dayWords } from "./lib/booking-desk.mjs";
import { Calcom, moods } from "./lib/calcom.mjs";
import { until } from "./lib/env.mjs";
import { instantOf } from "./lib/zone.mjs";

const desk = await BookingDesk.open({ start: false });
const { calcom } = desk;

const DAY = dayAhead(7);
const START = `${DAY}T09:00`;
const WHEN = `${dayWords(DAY)} at 9:00 AM`;
const BOOKED = `Booked: ${WHEN}.`;
const DOUBT = `The calendar did not answer in time, so I can not say whether ${WHEN} is booked. Do not try it again`;

beforeEach(async () => {
  await desk.reset();
  calcom.open(NY, [START, `${DAY}T10:00`]);
  if (desk.server) await desk.server.stop(); // a fresh circuit breaker
  desk.server = await desk.start();
});

function assertInTime({ ms }) {
  assert.ok(ms > 2000 && ms < 6000, `answered after ${ms} ms`);
}

test("free times that come too late", async () => {
  calcom.next("slots", moods.slow(8000), moods.hangUnread, moods.drip(500));
  for (let i = 0; i < 3; i++) {
    const answer = await desk.check(desk.call(), { date: DAY });
    assertInTime(answer);
    assert.equal(answer.good, false);
    assert.match(answer.words, /^I could not reach the calendar/);
  }
});

test("slow, and still in time", async () => {
  calcom.next("slots", moods.slow(1000)).next("book", moods.slow(1000));
  const call = desk.call();
  assert.equal((await desk.check(call, { date: DAY })).good, true);
  assert.equal((await desk.book(call, START)).words, BOOKED);
});

test("a booking that is answered after the caller was: written down, and told to whom asks again", async () => {
  calcom.next("book", moods.slowAfter(5000));
  const call = desk.call();
  const answer = await desk.book(call, START);
  assertInTime(answer);
  assert.equal(answer.good, false);
  assert.ok(answer.words.startsWith(DOUBT), answer.words);
  const row = await desk.settled(call, "confirmed");
  assert.equal(row.calcom_uid, calcom.bookings[0].uid);
  for (const id of [answer.id, desk.freshToolId()]) {
    const again = await desk.book(call, START, { id });
    assert.deepEqual([again.good, again.words], [true, BOOKED]);
  }
  assert.deepEqual(calcom.tally(), { book: 1 }, "it was not even looked up");
  await desk.end(call);
  await until("the call is booked", async () => (await desk.outcome(call)) === "booked");
});

test("asked again while it is under way: the same doubt, no second request", async () => {
  calcom.next("book", moods.slowAfter(7000));
  const call = desk.call();
  const first = desk.book(call, START);
  await until("it is under way", () => calcom.bookings.length === 1);
  const [one, two] = await Promise.all([first, desk.book(call, START)]);
  for (const answer of [one, two]) {
    assert.ok(answer.words.startsWith(DOUBT), answer.words);
    assert.ok(answer.ms < 6000, `${answer.ms} ms`);
  }
  await desk.settled(call, "confirmed");
  assert.deepEqual(calcom.tally(), { book: 1 });
});

async function assertLost(call, answer) {
  assert.equal(answer.good, false);
  assert.ok(answer.words.startsWith(DOUBT), answer.words);
  assert.ok(answer.ms < 6000, `${answer.ms} ms`);
  const row = await desk.settled(call, "unknown");
  assert.deepEqual([row.reason, row.answer], ["no_answer", null]);
  assert.ok((await desk.book(call, START, { id: answer.id })).words.startsWith(DOUBT), "the same tool call");
  assert.ok((await desk.book(call, START)).words.startsWith(DOUBT), "another one");
}

async function assertFound(call, answer, booking) {
  assert.equal((await desk.settled(call, "confirmed")).calcom_uid, booking.uid);
  assert.equal((await desk.book(call, START, { id: answer.id })).words, BOOKED, "the same tool call");
  assert.equal((await desk.book(call, START)).words, BOOKED, "another one");
}

// Few at a time, or the circuit breaker opens. Each has a calendar to itself; a look finds them all.
for (const names of [
  ["closedAfter", "resetAfter", "cutAfter", "garbageAfter"],
  ["hugeAfter", "error500After", "badGatewayAfter"],
])
  for (const warm of [false, true])
    test(`made, and the answer is lost, on a ${warm ? "warm" : "new"} connection: ${names}`, async () => {
      const lost = [];
      for (const name of names) {
        calcom.openAt([instantOf(START, NY)]);
        if (warm) await desk.check(desk.call(), { date: DAY });
        calcom.next("book", moods[name]);
        const call = desk.call();
        const answer = await desk.book(call, START);
        assert.equal(calcom.bookings.length, lost.length + 1, name);
        lost.push([call, answer, calcom.bookings.at(-1)]);
        await assertLost(call, answer);
        calcom.bookings.at(-1).eventType = { ...calcom.bookings.at(-1).eventType }; // the time is free for the next one
      }
      assert.equal(calcom.of("book").length, names.length, "none was sent again");
      await desk.expire();
      for (const one of lost) await assertFound(...one);
      assert.equal(calcom.of("book").length, names.length, "none was sent again");
      const { headers, query } = calcom.of("find")[0];
      assert.equal(headers["cal-api-version"], "2024-08-13");
      assert.ok(query.has("eventTypeId") && query.has("afterStart"), "not all that there is");
    });

test("pending, and the answer is lost", async () => {
  const type = [...calcom.eventTypes.values()][0];
  type.confirms = true;
  calcom.next("book", moods.closedAfter);
  const call = desk.call();
  await desk.book(call, START);
  type.confirms = false;
  await desk.settled(call, "unknown");
  await desk.expire();
  await desk.settled(call, "pending");
});

test("not made, and no answer: looked up until that is sure, then it may be tried again", async () => {
  calcom.next("book", moods.error500);
  const call = desk.call();
  const answer = await desk.book(call, START);
  assert.ok(answer.words.startsWith(DOUBT), answer.words);
  await desk.settled(call, "unknown");
  for (let looks = 1; looks <= 3; looks++) {
    await desk.expire();
    await until(`look ${looks}`, () => calcom.of("find").length >= looks, 15000);
    if (looks < 3) await until("it stays unknown", async () => (await desk.row(call)).looks === looks);
  }
  const row = await desk.settled(call, "failed");
  assert.equal(row.reason, "not_made");
  assert.equal(calcom.of("book").length, 1);
  assert.match((await desk.book(call, START, { id: answer.id })).words, /nothing is booked/);
  assert.equal((await desk.book(call, START)).words, BOOKED, "another tool call tries anew");
  assert.deepEqual((await desk.rows(call)).map((one) => one.status).sort(), ["confirmed", "failed"]);
});

test("made long after the connection was closed: the first look is not believed", async () => {
  calcom.next("book", moods.lateClosed(4000));
  const call = desk.call();
  await desk.book(call, START);
  await desk.settled(call, "unknown");
  await desk.expire();
  await until("a look", () => calcom.of("find").length === 1, 15000);
  await until("it is made", () => calcom.bookings.length === 1, 15000);
  await until("the look is over", async () => (await desk.row(call)).looks >= 1);
  assert.notEqual((await desk.row(call)).status, "failed");
  await desk.expire();
  await desk.settled(call, "confirmed");
  assert.equal(calcom.of("book").length, 1);
});

test("found, and cancelled since", async () => {
  calcom.next("book", moods.closedAfter);
  const call = desk.call();
  await desk.book(call, START);
  await desk.settled(call, "unknown");
  calcom.cancel(calcom.bookings[0].uid);
  await desk.expire();
  assert.equal((await desk.settled(call, "refused")).reason, "cancelled");
});

test("among two hundred bookings of others it is found by its name", async () => {
  const type = [...calcom.eventTypes.values()][0];
  calcom.openAt(Array.from({ length: 200 }, (_, i) => Date.now() + 86400000 + i * 1800000));
  for (const start of type.open.slice(2)) if (!calcom.bookings.some((b) => b.start === start)) calcom.take(start);
  calcom.next("book", moods.closedAfter);
  const call = desk.call();
  await desk.book(call, START);
  await desk.settled(call, "unknown");
  await desk.expire();
  const made = calcom.bookings.find((booking) => booking.metadata.ringback_booking);
  assert.equal((await desk.settled(call, "confirmed")).calcom_uid, made.uid);
});

test("the request hangs: a sentence in time, found later", async () => {
  calcom.next("book", moods.hangAfter);
  const call = desk.call();
  const answer = await desk.book(call, START);
  assertInTime(answer);
  assert.ok(answer.words.startsWith(DOUBT), answer.words);
  await desk.settled(call, "unknown", 15000);
  await desk.expire();
  await desk.settled(call, "confirmed");
  assert.equal(calcom.of("book").length, 1);
});

test("taken, and the other times come too late", async () => {
  calcom.take(instantOf(START, NY));
  calcom.next("slots", moods.hang);
  const call = desk.call();
  const answer = await desk.book(call, START);
  assert.ok(answer.ms < 6000, `${answer.ms} ms`);
  assert.match(answer.words, /nothing is booked/);
  assert.equal((await desk.settled(call, "refused")).reason, "taken");
});

test("down: said at once, and nothing is in doubt", async () => {
  const gone = await Calcom.start();
  await gone.stop();
  const server = await desk.start({ CALCOM_API_URL: gone.url });
  const call = desk.call();
  const answer = await desk.book(call, START, { server });
  assert.equal(answer.good, false);
  assert.match(answer.words, /^I could not reach the calendar, so nothing is booked/);
  assert.ok(answer.ms < 3000, `${answer.ms} ms`);
  const row = await desk.row(call);
  assert.deepEqual([row.status, row.reason], ["failed", "unreachable"]);
  assert.match((await desk.check(call, { date: DAY }, { server })).words, /^I could not reach the calendar/);
  await server.stop();
});

test("after many failures Cal.com is left alone for a while, and nobody waits for it", async () => {
  calcom.mood.slots = moods.error500;
  await until("the breaker opens", async () => {
    const before = calcom.requests.length;
    const answer = await desk.check(desk.call(), { date: DAY });
    assert.match(answer.words, /^I could not reach the calendar/);
    return calcom.requests.length === before;
  });
  const sent = calcom.requests.length;
  assert.ok(sent >= 5 && sent <= 25, `${sent} requests`);
  const call = desk.call();
  const answer = await desk.book(call, START);
  assert.match(answer.words, /^I could not reach the calendar, so nothing is booked/);
  assert.ok(answer.ms < 2000, `${answer.ms} ms`);
  const row = await desk.row(call);
  assert.deepEqual([row.status, row.reason], ["failed", "unreachable"]);
  assert.ok(calcom.requests.length - sent <= 1);
  calcom.mood = {};
  await until("it closes by itself", async () => (await desk.check(desk.call(), { date: DAY })).good, 30000, 500);
});

test("nonsense in place of free times", async () => {
  const nonsense = [
    "",
    "null",
    "[]",
    '{"status":"success"}',
    '{"status":"success","data":[]}',
    '{"data":{"2026-12-01":7}}',
  ];
  for (const text of nonsense) {
    calcom.next("slots", moods.bodyAfter(text));
    const answer = await desk.check(desk.call(), { date: DAY });
    assert.match(answer.words, /^(I could not reach the calendar|Nothing is free)/, text);
  }
  for (const mood of [moods.badGateway, moods.redirect, moods.cutAfter, moods.hugeAfter]) {
    calcom.next("slots", mood);
    assert.match((await desk.check(desk.call(), { date: DAY })).words, /^I could not reach the calendar/);
  }
});
