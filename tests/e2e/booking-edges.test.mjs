// Tool calls at the edges: redelivered bytes, ids and texts beyond all measure, many at once.
import test, { beforeEach } from "node:test";
import assert from "node:assert/strict";
import { ANA, BookingDesk, NY, dayAhead, dayWords } from "./lib/booking-desk.mjs";
import { EVENT_TYPE, moods } from "./lib/calcom.mjs";
import { until } from "./lib/env.mjs";
import { message, post } from "./lib/vapi.mjs";

const desk = await BookingDesk.open({ calcom: { limit: 100000 } });
const { calcom } = desk;

const DAY = dayAhead(4);
const START = `${DAY}T09:00`;
const BOOKED = `Booked: ${dayWords(DAY)} at 9:00 AM.`;

beforeEach(async () => {
  await desk.reset();
  calcom.open(NY, [START, `${DAY}T10:00`, `${DAY}T11:00`]);
});

test("the same bytes five times at once, and again: Vapi sends again what it had no answer to", async () => {
  calcom.next("book", moods.slowAfter(300));
  const call = desk.call();
  const one = {
    id: "call_again",
    type: "function",
    function: { name: "book_appointment", arguments: { start: START, ...ANA } },
  };
  const body = message("tool-calls", desk.snapshot(call), { toolCallList: [one], toolCalls: [one] });
  const answers = await Promise.all(Array.from({ length: 5 }, () => post(desk.server, body)));
  answers.push(await post(desk.server, body));
  for (const answer of answers) {
    assert.equal(answer.status, 200);
    const results = [{ name: "book_appointment", toolCallId: "call_again", result: BOOKED }];
    assert.deepEqual(answer.json(), { results });
  }
  await desk.row(call);
  assert.deepEqual(calcom.tally(), { book: 1 });
});

test("who asked hangs up before the answer: it is booked all the same, and told when asked again", async () => {
  calcom.next("book", moods.slowAfter(800));
  const call = desk.call();
  const one = {
    id: "call_gone",
    type: "function",
    function: { name: "book_appointment", arguments: { start: START, ...ANA } },
  };
  const body = message("tool-calls", desk.snapshot(call), { toolCallList: [one] });
  const lost = post(desk.server, body, undefined, { timeoutMs: 500 });
  await until("Cal.com has it", () => calcom.bookings.length === 1);
  await assert.rejects(lost, /no answer/);
  await desk.settled(call, "confirmed");
  assert.equal((await desk.book(call, START, { id: "call_gone" })).words, BOOKED);
  assert.deepEqual(calcom.tally(), { book: 1 });
});

test("a look and two bookings in one message, each with its own answer", async () => {
  const call = desk.call();
  calcom.mood.book = moods.slowAfter(300);
  const ids = [desk.freshToolId(), desk.freshToolId(), desk.freshToolId()];
  const { results } = await desk.tools(call, [
    ["book_appointment", { start: START, ...ANA }, ids[0]],
    ["check_availability", { date: dayAhead(30) }, ids[1]],
    ["book_appointment", { start: `${DAY}T10:00`, ...ANA }, ids[2]],
  ]);
  assert.equal(results[0].result, BOOKED);
  assert.match(results[1].result, /^Nothing is free from /);
  assert.equal(results[2].result, `Booked: ${dayWords(DAY)} at 10:00 AM.`);
  assert.equal((await desk.rows(call)).length, 2);
});

test("one of two answers is late: the message is answered in time, the other one is right", async () => {
  const call = desk.call();
  calcom.next("slots", moods.slow(9000));
  const ids = [desk.freshToolId(), desk.freshToolId()];
  const { results, ms } = await desk.tools(call, [
    ["check_availability", { date: DAY }, ids[0]],
    ["book_appointment", { start: START, ...ANA }, ids[1]],
  ]);
  assert.match(results[0].error, /^I could not reach the calendar/);
  assert.equal(results[1].result, BOOKED);
  assert.ok(ms > 2000 && ms < 6000, `${ms} ms`);
});

test("ids that differ only far behind", async () => {
  const call = desk.call();
  const long = "x".repeat(400);
  assert.equal((await desk.book(call, START, { id: `${long}1` })).words, BOOKED);
  const other = await desk.book(call, `${DAY}T10:00`, { id: `${long}2` });
  assert.ok(other.words.startsWith(`Booked: ${dayWords(DAY)} at 10:00 AM.`), other.words);
  assert.equal((await desk.book(call, START, { id: `${long}1` })).words, BOOKED, "again");
  assert.equal(calcom.of("book").length, 2);
});

test("ids with everything in them", async () => {
  for (const [i, id] of ["@", "a@b", "'; drop table bookings; --", "ü\u2028\t"].entries()) {
    await desk.reset();
    calcom.open(NY, [START]);
    const call = desk.call();
    assert.equal((await desk.book(call, START, { id })).words, BOOKED, `${i}`);
    assert.equal((await desk.book(call, START, { id })).words, BOOKED, `${i} again`);
    assert.equal(calcom.of("book").length, 1);
  }
});

test("an id that looks like the one another call was given", async () => {
  const [first, second] = [desk.call(), desk.call({ from: "+12125550171" })];
  const id = "call_shared";
  await desk.book(first, START, { id });
  await desk.book(second, `${DAY}T10:00`, { id });
  const third = await desk.book(desk.call({ from: "+12125550172" }), `${DAY}T11:00`, { id: `${id}@${second.id}` });
  assert.equal(third.words, `Booked: ${dayWords(DAY)} at 11:00 AM.`);
  assert.equal((await desk.book(second, `${DAY}T10:00`, { id })).words, `Booked: ${dayWords(DAY)} at 10:00 AM.`);
  assert.equal(calcom.of("book").length, 3);
});

test("texts beyond all measure, and bytes that no text should have", async () => {
  const call = desk.call();
  for (const args of [
    { customer_name: "A\u0000na" },
    { customer_name: "Ana\nRuiz" },
    { customer_email: `${"x".repeat(400)}@example.org` },
    { customer_email: "ana@example.org\r\nBcc: all@example.org" },
    { start: `${START}${" ".repeat(3000)}x` },
  ]) {
    calcom.clear().open(NY, [START]);
    const answer = await desk.book(desk.call(), START, { args });
    const what = `${JSON.stringify(args).slice(0, 60)}: ${answer.words}`;
    assert.equal(answer.good, calcom.bookings.length === 1, what);
    if (!answer.good) assert.match(answer.words, /customer_name|customer_email|start/, what);
    for (const { json, told } of calcom.of("book")) {
      assert.equal(told, 201, what);
      assert.doesNotMatch(json.attendee.name + json.attendee.email, /[\u0000-\u001f]/, what);
    }
  }
  calcom.clear().open(NY, [START]);
  const answer = await desk.book(call, START, { args: { service: "s".repeat(5000), customer_name: "Ü".repeat(800) } });
  if (calcom.of("book").length) assert.equal(calcom.of("book")[0].told, 201, "cut to what Cal.com takes");
  assert.ok(answer.good || /customer_name/.test(answer.words), answer.words);
  const huge = await desk.book(desk.call(), START, { args: { notes: "n".repeat(20000) } });
  assert.match(huge.words, /could not be read/);
});

test("more tool calls in a message than anybody makes", async () => {
  const list = Array.from({ length: 12 }, () => ["check_availability", { date: DAY }, desk.freshToolId()]);
  const { results } = await desk.tools(desk.call(), list);
  assert.equal(results.filter((one) => one.result).length, 8);
  assert.equal(results.filter((one) => one.error).length, 4);
  assert.equal(calcom.of("slots").length, 8);
});

test("a hundred callers at once are all answered, honestly and in time", async () => {
  calcom.eventTypes.get(EVENT_TYPE).open = [];
  calcom.open(NY, [START]);
  calcom.mood.slots = moods.slow(200);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      desk.check(desk.call({ from: `+1212555${String(i).padStart(4, "0")}` }), { date: DAY }),
    ),
  );
  for (const answer of answers) {
    assert.match(answer.words, /9:00 AM\.$|^I could not reach the calendar/);
    assert.ok(answer.ms < 8000, `${answer.ms} ms`);
  }
  assert.ok(answers.some((answer) => answer.good));
});

test("a call that Vapi gives no id has nobody to book for", async () => {
  const one = {
    id: "call_x",
    type: "function",
    function: { name: "book_appointment", arguments: { start: START, ...ANA } },
  };
  const call = {
    customer: { number: "+16465550187" },
    assistantOverrides: { metadata: { twilioNumber: "+12125550142" } },
  };
  const answer = await post(desk.server, message("tool-calls", call, { toolCallList: [one] }));
  assert.equal(answer.status, 200);
  assert.match(answer.json().results[0].error, /I can not book/);
  assert.equal(calcom.requests.length, 0);
});

test("somebody without the secret books nothing", async () => {
  const one = {
    id: "call_x",
    type: "function",
    function: { name: "book_appointment", arguments: { start: START, ...ANA } },
  };
  const body = message("tool-calls", desk.snapshot(desk.call()), { toolCallList: [one] });
  for (const headers of [{}, { "x-vapi-secret": "guess" }])
    assert.equal((await post(desk.server, body, headers)).status, 401);
  assert.equal(calcom.requests.length, 0);
  assert.deepEqual(await desk.rows(), []);
});
