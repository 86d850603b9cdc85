// The same tool call books once, however often, wherever and under whatever name it comes; and nobody hears another's answer.
import test, { beforeEach } from "node:test";
import assert from "node:assert/strict";
import { ANA, BO, BRAMBLE, BookingDesk, NY, dayAhead, dayWords } from "./lib/booking-desk.mjs";
import { CALCOM_OTHER_KEY, moods } from "./lib/calcom.mjs";
import { until } from "./lib/env.mjs";
import { instantOf } from "./lib/zone.mjs";

const desk = await BookingDesk.open();
const { calcom } = desk;
const second = await desk.start();

const DAY = dayAhead(9);
const START = `${DAY}T09:00`;
const BOOKED = `Booked: ${dayWords(DAY)} at 9:00 AM.`;
const OTHER_TYPE = 815;
calcom.addEventType(OTHER_TYPE, { account: 2 });

beforeEach(async () => {
  await desk.reset();
  calcom.open(NY, [START, `${DAY}T10:00`, `${DAY}T11:00`]);
});

const times = (n, act) => Promise.all(Array.from({ length: n }, (_, i) => act(i)));
const words = (answers) => [...new Set(answers.map((answer) => answer.words))];

test("the same tool call five times at once, and again later", async () => {
  calcom.next("book", moods.slowAfter(400));
  const call = desk.call();
  const id = desk.freshToolId();
  const answers = await times(5, () => desk.book(call, START, { id }));
  assert.deepEqual(words(answers), [BOOKED]);
  assert.ok(answers.every((answer) => answer.good));
  const row = await desk.row(call);
  for (const server of [desk.server, second]) {
    const again = await desk.book(call, START, { id, server });
    assert.deepEqual([again.good, again.words], [true, BOOKED]);
  }
  assert.deepEqual(calcom.tally(), { book: 1 });
  assert.deepEqual(await desk.row(call), row, "nothing has changed");
});

test("twenty calls at once against two servers", async () => {
  calcom.clear().open(
    NY,
    [9, 10, 11, 12].map((hour) => `${DAY}T${String(hour).padStart(2, "0")}:00`),
  );
  calcom.mood.book = moods.slowAfter(100);
  const calls = await times(4, (i) => ({
    call: desk.call(),
    id: desk.freshToolId(),
    start: `${DAY}T${String(9 + i).padStart(2, "0")}:00`,
  }));
  const answers = await times(20, (i) => {
    const { call, id, start } = calls[i % 4];
    return desk.book(call, start, { id, server: i % 2 ? desk.server : second });
  });
  answers.forEach((answer, i) => assert.equal(answer.words, answers[i % 4].words));
  assert.equal(words(answers).length, 4);
  assert.ok(answers.every((answer) => answer.good));
  assert.deepEqual(calcom.tally(), { book: 4 });
  for (const { call } of calls) assert.equal((await desk.row(call)).status, "confirmed");
});

test("the same tool call twice in one message", async () => {
  const call = desk.call();
  const one = ["book_appointment", { start: START, ...ANA }, desk.freshToolId()];
  const { results } = await desk.tools(call, [one, one]);
  assert.deepEqual(
    results.map((result) => result.result),
    [BOOKED, BOOKED],
  );
  assert.deepEqual(calcom.tally(), { book: 1 });
  await desk.row(call);
});

test("another id for the same wish of the same call", async () => {
  const call = desk.call();
  const first = await desk.book(call, START);
  const again = await desk.book(call, START);
  assert.deepEqual([again.good, again.words], [first.good, first.words]);
  assert.deepEqual(calcom.tally(), { book: 1 });
  await desk.row(call);
});

test("five ids for the same wish at once, over two servers", async () => {
  calcom.next("book", moods.slowAfter(300));
  const call = desk.call();
  const answers = await times(5, (i) => desk.book(call, START, { server: i % 2 ? desk.server : second }));
  assert.deepEqual(words(answers), [BOOKED]);
  assert.deepEqual(calcom.tally(), { book: 1 });
  assert.equal((await desk.row(call)).status, "confirmed");
});

test("another time in the same call is another booking", async () => {
  const call = desk.call();
  assert.equal((await desk.book(call, START)).good, true);
  assert.equal(
    (await desk.book(call, `${DAY}T10:00`)).words,
    `Booked: ${dayWords(DAY)} at 10:00 AM. The appointment on ${dayWords(DAY)} at 9:00 AM stands as well; only the business can cancel it.`,
  );
  assert.equal((await desk.rows(call)).length, 2);
});

test("a refusal is an answer too: the same tool call hears it again, another one tries anew", async () => {
  const held = calcom.take(instantOf(START, NY));
  const call = desk.call();
  const first = await desk.book(call, START);
  assert.match(first.words, /is not free any more/);
  calcom.cancel(held.uid);
  assert.equal((await desk.book(call, START, { id: first.id })).words, first.words);
  assert.equal(calcom.of("book").length, 1);
  assert.equal((await desk.book(call, START)).words, BOOKED);
  assert.equal(calcom.of("book").length, 2);
});

test("two callers at one time: one is booked, the other one is offered others", async () => {
  calcom.mood.book = moods.slow(200);
  const calls = [desk.call(), desk.call({ from: "+12125550171" })];
  const answers = await Promise.all(calls.map((call, i) => desk.book(call, START, { who: [ANA, BO][i] })));
  const [good, bad] = [answers.find((one) => one.good), answers.find((one) => !one.good)];
  assert.equal(good?.words, BOOKED);
  assert.match(bad.words, /is not free any more, so nothing is booked\. Offer .* at 10:00 AM, or .* at 11:00 AM\.$/);
  assert.equal(calcom.bookings.length, 1);
  assert.deepEqual((await desk.rows()).map((row) => row.status).sort(), ["confirmed", "refused"]);
});

test("ids of tool calls that two calls share", async () => {
  const id = desk.freshToolId();
  const [first, other] = [desk.call(), desk.call({ from: "+12125550171" })];
  assert.equal((await desk.book(first, START, { id })).words, BOOKED);
  const hers = `Booked: ${dayWords(DAY)} at 10:00 AM.`;
  assert.equal((await desk.book(other, `${DAY}T10:00`, { id, who: BO })).words, hers);
  assert.equal((await desk.book(other, `${DAY}T10:00`, { id, who: BO })).words, hers, "again");
  assert.equal((await desk.book(first, START, { id })).words, BOOKED, "again");
  assert.deepEqual(calcom.tally(), { book: 2 });
  assert.equal((await desk.row(other)).attendee_name, BO.customer_name);
  assert.equal((await desk.row(first)).attendee_name, ANA.customer_name);
});

test("ids of tool calls that two businesses share, even of one call id", async () => {
  await desk.connect(BRAMBLE, { key: CALCOM_OTHER_KEY, eventType: OTHER_TYPE });
  calcom.open("Asia/Kathmandu", [`${DAY}T16:00`], OTHER_TYPE);
  const id = desk.freshToolId();
  const mine = desk.call();
  const theirs = { ...desk.call({ business: BRAMBLE }), id: mine.id };
  assert.equal((await desk.book(mine, START, { id })).words, BOOKED);
  const answer = await desk.book(theirs, `${DAY}T16:00`, { id, who: BO });
  assert.equal(answer.words, `Booked: ${dayWords(DAY)} at 4:00 PM.`);
  assert.equal((await desk.book(mine, START, { id })).words, BOOKED, "again");
  assert.equal((await desk.book(theirs, `${DAY}T16:00`, { id, who: BO })).words, answer.words, "again");
  assert.deepEqual(calcom.tally(), { book: 2 });
  const rows = await desk.rows();
  assert.equal(rows.length, 2);
  assert.equal(new Set(rows.map((row) => row.business_id)).size, 2);
});

test("ids that two calls share, at the same moment", async () => {
  calcom.mood.book = moods.slowAfter(150);
  const id = desk.freshToolId();
  const calls = await times(3, (i) => desk.call({ from: `+1212555017${i}` }));
  const answers = await times(6, (i) =>
    desk.book(calls[i % 3], `${DAY}T${["09", "10", "11"][i % 3]}:00`, { id, server: i < 3 ? desk.server : second }),
  );
  answers.forEach((answer, i) => {
    const when = `${dayWords(DAY)} at ${["9", "10", "11"][i % 3]}:00 AM`;
    assert.equal(answer.words, `Booked: ${when}.`, `call ${i % 3}`);
  });
  assert.deepEqual(calcom.tally(), { book: 3 });
  for (const call of calls) await desk.row(call);
});

test("a second business never sees the first one's calendar", async () => {
  await desk.connect(BRAMBLE, { key: CALCOM_OTHER_KEY });
  const call = desk.call({ business: BRAMBLE });
  const answer = await desk.book(call, `${DAY}T16:00`);
  assert.equal(answer.good, false);
  assert.equal(calcom.bookings.length, 0);
  await until("the credentials are invalid", async () => (await desk.credentials(BRAMBLE)).invalid_at);
  assert.equal((await desk.credentials()).invalid_at, null, "the other's are not");
});
