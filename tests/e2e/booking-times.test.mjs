// check_availability: what is free, in words that can be spoken, in the business's own time.
import test, { beforeEach } from "node:test";
import assert from "node:assert/strict";
import { BRAMBLE, BookingDesk, KATHMANDU, NY, SHAPES, dayAhead, dayWords } from "./lib/booking-desk.mjs";
import { CALCOM_KEY, EVENT_TYPE } from "./lib/calcom.mjs";
import { LARKSPUR } from "./lib/env.mjs";
import { fixtureFor, message, post } from "./lib/vapi.mjs";
import { addDays, instantOf, instantsOf, localDay, nextChange } from "./lib/zone.mjs";

const desk = await BookingDesk.open();
const { calcom } = desk;
beforeEach(() => desk.reset());

const DAY = dayAhead(10);
const at = (day, ...times) => times.map((time) => `${day}T${time}`);
const spoken = (day, times) => `${dayWords(day)}: ${times}.`;

test("free times of a day, and what Cal.com was asked", async () => {
  calcom.open(NY, [...at(DAY, "09:00", "10:30"), ...at(addDays(DAY, -1), "16:00"), ...at(addDays(DAY, 1), "09:00")]);
  const call = desk.call();
  const answer = await desk.check(call, { date: DAY });
  assert.deepEqual([answer.good, answer.words], [true, spoken(DAY, "9:00 AM, 10:30 AM")]);
  assert.deepEqual(calcom.tally(), { slots: 1 });
  const [{ headers, query, told }] = calcom.requests;
  assert.equal(told, 200);
  assert.equal(headers.authorization, `Bearer ${CALCOM_KEY}`);
  assert.equal(headers["cal-api-version"], "2024-09-04");
  assert.equal(query.get("eventTypeId"), String(EVENT_TYPE));
  assert.equal(query.get("timeZone"), NY);
  assert.ok(Date.parse(query.get("start")) <= instantOf(`${DAY}T00:00`, NY), "all of the day");
  assert.ok(Date.parse(query.get("end")) >= instantOf(`${DAY}T23:59`, NY), "all of the day");
  assert.deepEqual(await desk.rows(), [], "a question is no booking");
});

test("in each of the four shapes, and in the old one", async () => {
  calcom.open(NY, at(DAY, "14:00"));
  for (const shape of Object.keys(SHAPES)) {
    const answer = await desk.check(desk.call(), { date: DAY }, { shape });
    assert.deepEqual([answer.good, answer.words], [true, spoken(DAY, "2:00 PM")], shape);
  }
  const old = { functionCall: { name: "check_availability", parameters: { date: DAY } } };
  const answer = await post(desk.server, message("function-call", desk.snapshot(desk.call()), old));
  assert.deepEqual(answer.json(), { result: spoken(DAY, "2:00 PM") });
  assert.deepEqual(calcom.tally(), { slots: 5 });
});

test("two questions in one message have their own answers, in order", async () => {
  const next = addDays(DAY, 1);
  calcom.open(NY, [...at(DAY, "09:00"), ...at(next, "11:15")]);
  const ids = [desk.freshToolId(), desk.freshToolId(), desk.freshToolId()];
  const { results } = await desk.tools(desk.call(), [
    ["check_availability", { date: next }, ids[0]],
    ["transfer_to_moon", {}, ids[1]],
    ["check_availability", { date: DAY }, ids[2]],
  ]);
  assert.equal(results[0].result, spoken(next, "11:15 AM"));
  assert.equal(results[1].result, undefined, "a tool that nobody has");
  assert.equal(results[2].result, spoken(DAY, "9:00 AM"));
});

test("nothing free that day: the next day that has something", async () => {
  const later = addDays(DAY, 3);
  calcom.open(NY, [...at(later, "12:00", "12:30"), ...at(addDays(later, 1), "09:00")]);
  const answer = await desk.check(desk.call(), { date: DAY });
  assert.equal(answer.good, true);
  assert.equal(
    answer.words,
    `Nothing is free on ${dayWords(DAY)}. The next free times: ${spoken(later, "12:00 PM, 12:30 PM")}`,
  );
});

test("nothing free all week", async () => {
  calcom.open(NY, at(addDays(DAY, 9), "12:00"));
  const answer = await desk.check(desk.call(), { date: DAY });
  assert.equal(
    answer.words,
    `Nothing is free from ${dayWords(DAY)} to ${dayWords(addDays(DAY, 6))}. Ask about another week.`,
  );
});

test("several days at once", async () => {
  const next = addDays(DAY, 1);
  calcom.open(NY, [...at(DAY, "09:00"), ...at(next, "10:00"), ...at(addDays(DAY, 2), "11:00")]);
  for (const days of [2, "2"]) {
    const answer = await desk.check(desk.call(), { date: DAY, days });
    assert.equal(answer.words, `${spoken(DAY, "9:00 AM")} ${spoken(next, "10:00 AM")}`);
  }
});

test("of many times a few, from the first to the last", async () => {
  const times = Array.from(
    { length: 40 },
    (_, i) => `${String(8 + Math.floor(i / 4)).padStart(2, "0")}:${"00 15 30 45".split(" ")[i % 4]}`,
  );
  calcom.eventTypes.get(EVENT_TYPE).minutes = 15;
  calcom.open(NY, at(DAY, ...times));
  const { words } = await desk.check(desk.call(), { date: DAY });
  calcom.eventTypes.get(EVENT_TYPE).minutes = 30;
  assert.match(words, /: 8:00 AM, .*5:45 PM, and 34 times between\.$/);
  assert.equal(words.match(/[AP]M/g).length, 6);
});

test("a day that is over, none at all, or no day: what is missing, with today's date, and nobody is asked", async () => {
  const today = localDay(Date.now(), NY);
  for (const args of [
    { date: addDays(today, -1) },
    { date: addDays(today, 400) },
    { date: "next Friday" },
    { date: "2027-02-30" },
    { date: "12/04/2026" },
    { date: "" },
    { date: 20261204 },
    { date: null },
    {},
  ]) {
    const answer = await desk.check(desk.call(), args);
    assert.equal(answer.good, false, JSON.stringify(args));
    assert.ok(answer.words.includes("YYYY-MM-DD") && answer.words.includes(today), answer.words);
    assert.match(answer.words, /Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday/);
  }
  assert.deepEqual(calcom.tally(), {});
});

test("broken arguments are answered with what is missing", async () => {
  const call = desk.call();
  const body = message("tool-calls", desk.snapshot(call), {
    toolCallList: [
      {
        id: "call_broken1",
        type: "function",
        function: { name: "check_availability", arguments: '{"date":"2026-12-0' },
      },
      { id: "call_broken2", type: "function", function: { name: "check_availability", arguments: "[1,2]" } },
      { id: "call_broken3", type: "function", function: { name: "check_availability", arguments: 7 } },
      { id: "call_broken4", type: "function", function: { name: "check_availability" } },
    ],
  });
  const answer = await post(desk.server, body);
  assert.equal(answer.status, 200);
  for (const one of answer.json().results) assert.match(one.error, /YYYY-MM-DD/, one.toolCallId);
  const recorded = await post(desk.server, fixtureFor("tool-calls-broken-arguments.json", call));
  assert.match(recorded.json().results[0].error, /YYYY-MM-DD/);
  assert.deepEqual(calcom.tally(), {});
});

test("days on which clocks change: local times, each as the wall shows it", async () => {
  const [gap, fold] = [nextChange("gap", NY), nextChange("fold", NY)];
  calcom.open(NY, at(gap, "01:30", "03:30", "23:30"));
  calcom.openAt(instantsOf(`${fold}T01:30`, NY));
  calcom.open(NY, at(fold, "00:00", "23:30"));
  assert.equal(
    (await desk.check(desk.call(), { date: gap, days: 1 })).words,
    spoken(gap, "1:30 AM, 3:30 AM, 11:30 PM"),
  );
  const { words } = await desk.check(desk.call(), { date: fold, days: 1 });
  assert.match(words, /: 12:00 AM, 1:30 AM(, 1:30 AM)?, 11:30 PM\.$/);
});

test("a business in Kathmandu: its own day, its own clock", async () => {
  await desk.connect(BRAMBLE);
  const day = dayAhead(10, KATHMANDU);
  calcom.open(KATHMANDU, [
    ...at(day, "00:15", "23:45"),
    ...at(addDays(day, -1), "23:45"),
    ...at(addDays(day, 1), "00:15"),
  ]);
  const answer = await desk.check(desk.call({ business: BRAMBLE }), { date: day });
  assert.equal(answer.words, spoken(day, "12:15 AM, 11:45 PM"));
  assert.equal(calcom.requests[0].query.get("timeZone"), KATHMANDU);
});

test("times of today that are over are not offered", async () => {
  const today = localDay(Date.now(), NY);
  calcom.openAt([Date.now() - 3600000]).open(NY, at(addDays(today, 1), "09:00"));
  const { words } = await desk.check(desk.call(), { date: today });
  assert.ok(words.endsWith(spoken(addDays(today, 1), "9:00 AM")), words);
});

test("a calendar at an address of its own", async () => {
  await desk.connect(LARKSPUR, { apiUrl: `${calcom.url}/` });
  calcom.open(NY, at(DAY, "09:00"));
  assert.equal((await desk.check(desk.call(), { date: DAY })).words, spoken(DAY, "9:00 AM"));
});
