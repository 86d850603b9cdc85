// What a digest is made of: the statement digest_facts, as the server asks it, against the time zones of this program and
// the numbers of the dashboard. Whom to call back and the other calls: digest-facts-calls.test.mjs.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import {
  DAY,
  DUE,
  DigestDesk,
  MISSED,
  NY,
  PLAIN_CALL,
  TEXT,
  caller,
  ids,
  number,
  on,
  others,
  says,
} from "./lib/digest-desk.mjs";
import { ROOT } from "./lib/env.mjs";
import { addDays, localTime, randomHistory, storeHistory } from "./lib/history.mjs";

const house = await DigestDesk.open("digest_facts");
const { desk, db } = house;
const ask = (...params) => house.ask(...params);
const asServer = (...params) => house.asServer(...params);
const addBusiness = (...params) => house.addBusiness(...params);
const add = (...params) => house.add(...params);

test("it says what src/domain/digest_facts.c reads: the keys of the fixture, all of them", async () => {
  const business = await addBusiness("Shape");
  await add(business, "10:00", MISSED);
  await add(business, "11:00", { ...caller(2), analysis: says({ reason: "Job", urgency: "high" }) });
  await add(business, "12:00", { ...caller(3), analysis: says({ urgency: "low" }) });
  await add(business, "13:00", { ...caller(4), ended_claim: "5twilio-reported-customer-misdialed" });
  await add(business, "14:00", caller(5));
  /** Names; a list by its first. */
  const shape = (value) => {
    if (Array.isArray(value)) return [shape(value[0])];
    if (value === null || typeof value !== "object") return "";
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]));
  };
  const fixture = JSON.parse(fs.readFileSync(path.join(ROOT, "tests/fixtures/digest/facts.json"), "utf8"));
  assert.deepEqual(shape(await ask(business)), shape(fixture));
});

// Days.

/** The first minute of a local day, by the time zone data of this program. */
function startOf(day, zone) {
  let low = Date.parse(`${day}T00:00:00Z`) - 30 * 3600000;
  let high = low + 60 * 3600000;
  while (high - low > 60000) {
    const middle = low + Math.floor((high - low) / 120000) * 60000;
    if (localTime(middle, zone).date >= day) high = middle;
    else low = middle;
  }
  return high;
}

const LONG_AND_SHORT = [
  [NY, "2026-03-08", 23],
  [NY, "2026-11-01", 25],
  [NY, "2026-11-02", 24],
  ["Australia/Lord_Howe", "2026-10-04", 23.5],
  ["Australia/Lord_Howe", "2026-04-05", 24.5],
  ["America/Havana", "2026-03-08", 23], // begins at 1
  ["America/Havana", "2026-11-01", 25], // midnight comes twice
  ["America/Santiago", "2026-09-06", 23],
  ["America/Santiago", "2026-04-04", 25], // 11 PM comes twice
  ["America/Santiago", "2026-04-05", 24],
  ["Africa/Cairo", "2026-04-24", 23],
  ["Africa/Cairo", "2026-10-29", 25],
  ["Asia/Kolkata", "2026-10-29", 24],
];

for (const [zone, day, hours] of LONG_AND_SHORT) {
  test(`a day of ${hours} hours, ${day} in ${zone}, has its calls and no others`, async () => {
    const business = await addBusiness(`In ${zone}`, zone);
    const [from, to] = [startOf(day, zone), startOf(addDays(day, 1), zone)];
    assert.equal(to - from, hours * 3600000);
    const inside = [from, from + 1000, from + 5400000, (from + to) / 2, to - 5400000, to - 1000, to - 1];
    const outside = [from - 3600000, from - 1000, from - 1, to, to + 1000, to + 3600000];
    const wanted = [];
    for (const at of inside) wanted.push(await desk.addCall(business, { ...PLAIN_CALL, started_at: new Date(at) }));
    for (const at of outside) await desk.addCall(business, { ...PLAIN_CALL, started_at: new Date(at) });
    const facts = await ask(business, day, new Date(to + 86400000).toISOString());
    assert.deepEqual(ids(others(facts)), wanted.sort());
    assert.equal(facts.calls.value, inside.length);
    const perHour = new Array(24).fill(0);
    for (const at of inside) perHour[localTime(at, zone).hour]++;
    assert.deepEqual(
      facts.hours.map((hour) => hour.answered + hour.missed + hour.other),
      perHour,
    );
  });
}

test("times of a day on which the clock changes say which of two they are; others do not", async () => {
  for (const [zone, day, times] of [
    [NY, "2026-11-01", { "2026-11-01T05:30Z": "1:30 AM EDT", "2026-11-01T06:30Z": "1:30 AM EST" }],
    [NY, "2026-11-02", { "2026-11-02T06:30Z": "1:30 AM", "2026-11-02T17:05Z": "12:05 PM" }],
    [NY, "2026-10-31", { "2026-10-31T04:00Z": "12:00 AM", "2026-11-01T03:59Z": "11:59 PM" }],
    [
      "Australia/Lord_Howe",
      "2026-04-05",
      { "2026-04-04T14:45Z": "1:45 AM UTC+11", "2026-04-04T15:15Z": "1:45 AM UTC+10:30" },
    ],
    ["America/Havana", "2026-11-01", { "2026-11-01T04:30Z": "12:30 AM CDT", "2026-11-01T05:30Z": "12:30 AM CST" }],
    [
      "America/Santiago",
      "2026-04-04",
      { "2026-04-05T02:30Z": "11:30 PM UTC-3", "2026-04-05T03:30Z": "11:30 PM UTC-4" },
    ],
    ["Africa/Cairo", "2026-04-24", { "2026-04-24T00:00Z": "3:00 AM" }], // the gap lies before the day
  ]) {
    const business = await addBusiness(`Clock of ${zone}`, zone);
    for (const at of Object.keys(times)) await desk.addCall(business, { ...PLAIN_CALL, started_at: new Date(at) });
    const facts = await ask(business, day, "2026-12-01T00:00:00Z");
    assert.deepEqual(facts.normal.map((call) => call.when).reverse(), Object.values(times), `${zone} ${day}`);
    await db.rows("update calls set ended_claim = '5silence-timed-out' where business_id = $1", [business]);
    const again = await ask(business, day, "2026-12-01T00:00:00Z");
    assert.deepEqual(
      again.call_back.map((row) => row.when),
      [Object.values(times).at(-1)],
    );
  }
  // The words are those of other zones; the session keeps its own.
  const was = (await house.client.query("show timezone")).rows;
  const business = await addBusiness("Clock", "Australia/Lord_Howe");
  await desk.addCall(business, { ...PLAIN_CALL, started_at: new Date("2026-04-04T14:45Z") });
  await house.client.query("begin");
  await house.client.query("select set_config('role', 'ringback_digest', true)");
  const { rows } = await house.client.query(TEXT, [business, "2026-04-05", DUE]);
  assert.equal(rows[0].json.normal[0].when, "1:45 AM UTC+11");
  assert.deepEqual((await house.client.query("show timezone")).rows, was);
  await house.client.query("commit");
});

// Numbers.

test("the numbers are the dashboard's, and what is usual is the mean of four of its days", async () => {
  const business = await addBusiness("Twice worked out");
  const history = randomHistory(desk.random, {
    count: 2400,
    from: Date.parse("2026-08-20T00:00:00Z"),
    to: Date.parse("2026-11-10T00:00:00Z"),
    midnights: [Date.parse("2026-10-20T04:00:00Z"), Date.parse("2026-11-01T05:00:00Z")],
  });
  for (const call of history) {
    if (call.caller?.startsWith("+")) call.caller = number(Math.floor(desk.random() * 400));
    call.name = desk.random() < 0.4 ? `Caller ${Math.floor(desk.random() * 90)}` : null;
    call.callback = desk.random() < 0.2 ? "+12125550199" : null;
  }
  await storeHistory(db, business, history);
  await db.rows(
    `insert into call_backs (business_id, caller_number, done_at)
     select $1, '+1212555' || lpad(n::text, 4, '0'), '2026-10-20T16:00:00Z' from generate_series(1, 8) n`,
    [business],
  );
  const overview = (day) => desk.ask("overview", business, day, day);
  let calledBack = 0;
  for (const day of ["2026-10-20", "2026-10-19", "2026-11-01", "2026-11-08", "2026-11-09"]) {
    const [facts, wanted] = [await ask(business, day, null), await overview(day)];
    const weeks = await Promise.all([1, 2, 3, 4].map((week) => overview(addDays(day, -7 * week))));
    for (const name of ["calls", "unique_callers", "answered", "missed", "spam"]) {
      assert.equal(facts[name].value, wanted.tiles[name].value, `${name} of ${day}`);
      const mean = weeks.reduce((sum, week) => sum + week.tiles[name].value, 0) / 4;
      assert.equal(facts[name].usual, mean, `usual ${name} of ${day}`);
    }
    assert.equal(facts.average_seconds.value, wanted.tiles.average_seconds.value);
    for (const name of ["hung_up_early", "ai_unavailable"]) assert.equal(facts[name].value, wanted.outcomes[name]);
    assert.equal(facts.not_answered_by_ai, facts.ai_unavailable.value);
    assert.equal(facts.usual_weeks, 4);
    assert.deepEqual(facts.reasons, wanted.reasons.slice(0, 5));
    assert.equal(facts.to_call_back, wanted.tiles.to_call_back.value);
    assert.deepEqual(
      facts.call_back.map((row) => [
        row.number,
        row.caller_number,
        row.name,
        row.reason,
        row.urgency,
        row.tries,
        row.call_id,
      ]),
      wanted.call_back
        .slice(0, 5)
        .map((row) => [row.number, row.caller_number, row.name, row.reason, row.urgency, row.tries, row.last_call_id]),
    );
    calledBack += facts.call_back.length;
    const byHour = wanted.by_hour[(new Date(day).getUTCDay() + 6) % 7];
    assert.deepEqual(
      facts.hours.map((hour) => hour.answered + hour.missed + hour.other),
      byHour,
    );
    assert.equal(
      facts.hours.reduce((sum, hour) => sum + hour.answered, 0),
      facts.answered.value,
    );
    assert.equal(
      facts.hours.reduce((sum, hour) => sum + hour.missed, 0),
      facts.missed.value,
    );
    const most = Math.max(...byHour);
    const at = byHour.indexOf(most);
    const half = (hour) => (hour % 24 < 12 ? "AM" : "PM");
    const clock = (hour) => hour % 12 || 12;
    const span = half(at) === half(at + 1) ? `${clock(at)}–` : `${clock(at)} ${half(at)}–`;
    assert.deepEqual([facts.busiest_calls, facts.busiest_hour], [most, `${span}${clock(at + 1)} ${half(at + 1)}`]);
  }
  assert.ok(calledBack > 10, "there was something to compare");
});

test("weeks before there was a business do not count; a week without calls does", async () => {
  const usual = async (business) => {
    const facts = await ask(business);
    return [facts.usual_weeks, facts.calls.usual, facts.average_seconds.usual, facts.bookings.usual];
  };
  const fresh = await addBusiness("Fresh", NY, "2026-11-16T12:00:00Z");
  await add(fresh, "10:00");
  assert.deepEqual(await usual(fresh), [0, null, null, null]);
  // Made within the evening of the third week before: that day was seen.
  const young = await addBusiness("Young", NY, "2026-10-28T03:59:59Z");
  for (const [day, seconds] of [
    ["2026-11-10", 10],
    ["2026-11-10", 20],
    ["2026-11-03", 90],
  ]) {
    await desk.addCall(young, { ...PLAIN_CALL, started_at: on("10:00", day), reported_seconds: seconds });
  }
  assert.deepEqual(await usual(young), [3, 1, 40, 0]);
  await db.rows("update businesses set created_at = '2026-10-28T04:00:00Z' where id = $1", [young]);
  assert.deepEqual(await usual(young), [2, 1.5, 40, 0]);
  // Its calls are older than its row.
  await desk.addCall(young, { ...PLAIN_CALL, started_at: on("10:00", "2026-10-21") });
  assert.deepEqual(await usual(young), [3, 1, 40, 0]);
  await desk.addCall(young, { ...PLAIN_CALL, started_at: on("10:00", "2026-10-20"), reported_seconds: 40 });
  assert.deepEqual(await usual(young), [4, 1, 40, 0]);
});

test("of two hours with as many calls the earlier one is the busiest", async () => {
  const business = await addBusiness("Even");
  for (const time of ["23:10", "15:00", "11:59", "23:30", "11:00"]) await add(business, time);
  const busiest = async () => {
    const facts = await ask(business);
    return [facts.busiest_hour, facts.busiest_calls];
  };
  assert.deepEqual(await busiest(), ["11 AM–12 PM", 2]);
  await add(business, "23:59");
  assert.deepEqual(await busiest(), ["11 PM–12 AM", 3]);
});

test("bookings are those confirmed on the day", async () => {
  const business = await addBusiness("Booked");
  await db.rows("update businesses set calcom_enabled = true where id = $1", [business]);
  const book = (at, status = "confirmed") =>
    db.rows("insert into bookings (business_id, tool_call_id, status, created_at) values ($1, $2, $3, $4)", [
      business,
      crypto.randomUUID(),
      status,
      at,
    ]);
  await book(on("10:00"));
  await book(on("23:59:59"));
  await book(on("11:00"), "failed");
  await book(on("00:00", addDays(DAY, 1)));
  await book(on("10:00", "2026-11-10"));
  const facts = await ask(business);
  assert.deepEqual([facts.bookings_enabled, facts.bookings], [true, { value: 2, usual: 0.25 }]);
});

test("an empty day, a business without a number, one that does not exist", async () => {
  const business = await addBusiness("Empty");
  const facts = await ask(business);
  for (const name of [
    "calls",
    "unique_callers",
    "answered",
    "missed",
    "hung_up_early",
    "ai_unavailable",
    "spam",
    "bookings",
  ]) {
    assert.deepEqual(facts[name], { value: 0, usual: 0 }, name);
  }
  assert.deepEqual(facts.average_seconds, { value: null, usual: null });
  assert.deepEqual([facts.busiest_hour, facts.busiest_calls, facts.after_hours, facts.to_call_back], [null, 0, 0, 0]);
  assert.deepEqual([others(facts), facts.call_back, facts.reasons], [[], [], []]);
  assert.deepEqual(facts.hours, new Array(24).fill({ answered: 0, missed: 0, other: 0 }));
  assert.deepEqual(
    [
      facts.date,
      facts.day,
      facts.day_long,
      facts.weekday,
      facts.zone,
      facts.hour,
      facts.business_name,
      facts.skip_empty,
    ],
    [DAY, "Tue 17 Nov", "Tuesday, 17 November 2026", "Tuesday", NY, "7 AM", "Empty", false],
  );
  assert.equal(facts.has_no_number, true);
  await db.rows("insert into business_phones values ('+12125550177', $1)", [business]);
  await db.rows("update businesses set digest_hour = 0, skip_empty_digest = true where id = $1", [business]);
  const again = await ask(business, "2026-11-03");
  assert.deepEqual([again.has_no_number, again.hour, again.skip_empty, again.day], [false, "12 AM", true, "Tue 3 Nov"]);
  assert.deepEqual(await asServer(TEXT, [crypto.randomUUID(), DAY, null]), []);
});

test("a business with many calls is not read as a whole", async () => {
  const business = await addBusiness("Large");
  await db.rows(
    `insert into calls (id, business_id, caller_claim, called_claim, status_rank, ended_claim, started_at, has_report)
     select gen_random_uuid(), $1, '3+1212555' || lpad((i % 3000)::text, 4, '0'), '3+12125550142', 5,
            case when i % 3 = 0 then '5silence-timed-out' else '5assistant-ended-call' end,
            timestamptz '2026-11-19Z' - i * interval '12 minutes', true
     from generate_series(1, 20000) i`,
    [business],
  );
  await db.rows("analyze calls");
  const nodes = [];
  const walk = (node) => {
    nodes.push(node);
    for (const child of node.Plans ?? []) walk(child);
  };
  for (const mode of ["force_custom_plan", "force_generic_plan"]) {
    await house.client.query("begin");
    await house.client.query(`set local plan_cache_mode = ${mode}`);
    await house.client.query("select set_config('role', 'ringback_digest', true)");
    await house.client.query(`prepare asked (text, text, text) as ${TEXT}`);
    const { rows } = await house.client.query(
      `explain (analyze, format json, timing off) execute asked ('${business}', '${DAY}', '${DUE}')`,
    );
    await house.client.query("rollback");
    await house.client.query("deallocate asked");
    walk(rows[0]["QUERY PLAN"][0].Plan);
  }
  const ofCalls = nodes.filter((node) => node["Relation Name"] === "calls");
  assert.ok(ofCalls.length > 8, "there were plans to look at");
  for (const node of ofCalls) {
    assert.match(node["Node Type"], /^(Index|Bitmap)/);
    assert.ok(node["Actual Rows"] <= 130, `${node["Node Type"]}: ${node["Actual Rows"]} rows`);
  }
  assert.equal((await ask(business)).calls.value, 120);
});
