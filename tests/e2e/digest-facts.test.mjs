// What a digest is made of: the statement digest_facts, as the server asks it, against the time zones of this program and
// the numbers of the dashboard.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { after, test } from "node:test";
import pg from "pg";
import { Desk, STAFF } from "./lib/desk.mjs";
import { addDays, localTime, randomHistory, storeHistory } from "./lib/history.mjs";
import { statements } from "./lib/statements.mjs";

let client; // closed before the database goes
after(() => client.end());
const desk = await Desk.open("digest_facts");
const { db } = desk;
const TEXT = statements().digest_facts;
client = new pg.Client({ connectionString: db.serverUrl, options: "-c jit=off" });
await client.connect();

const NY = "America/New_York";
const DAY = "2026-11-17"; // a Tuesday
const DUE = "2026-11-18T12:00:00Z"; // 7 AM
const MISSED = { ended_claim: "5silence-timed-out" };
const PLAIN_CALL = { ended_claim: "5assistant-ended-call" };

async function asServer(text, values) {
  await client.query("begin");
  try {
    await client.query("select set_config('role', 'ringback_digest', true)");
    return (await client.query(text, values)).rows;
  } finally {
    await client.query("commit");
  }
}

const ask = async (business, day = DAY, at = DUE) => (await asServer(TEXT, [business, day, at]))[0]?.json;

const caller = (n) => ({ caller_claim: `3+1212555${String(n).padStart(4, "0")}` });
const number = (n) => caller(n).caller_claim.slice(1);
const says = (data) => JSON.stringify({ structuredData: data });
/** An instant by New York's winter clock. */
const on = (time, day = DAY) => new Date(`${day}T${time}-05:00`);
const add = (business, time, more = {}) => desk.addCall(business, { started_at: on(time), ...PLAIN_CALL, ...more });

/** A business that was always there. */
async function addBusiness(name, zone = NY, since = "2020-01-01T00:00:00Z") {
  const id = await desk.addBusiness(name, zone);
  await db.rows("update businesses set created_at = $2, email = 'front-desk@larkspur.example' where id = $1", [
    id,
    since,
  ]);
  return id;
}

const others = (facts) => [...facts.high, ...facts.normal, ...facts.low, ...facts.spam_calls];
const ids = (calls) => calls.map((call) => call.id).sort();

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
  const was = (await client.query("show timezone")).rows;
  const business = await addBusiness("Clock", "Australia/Lord_Howe");
  await desk.addCall(business, { ...PLAIN_CALL, started_at: new Date("2026-04-04T14:45Z") });
  await client.query("begin");
  await client.query("select set_config('role', 'ringback_digest', true)");
  const { rows } = await client.query(TEXT, [business, "2026-04-05", DUE]);
  assert.equal(rows[0].json.normal[0].when, "1:45 AM UTC+11");
  assert.deepEqual((await client.query("show timezone")).rows, was);
  await client.query("commit");
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
  for (const seconds of [10, 20, 90]) {
    await desk.addCall(young, { ...PLAIN_CALL, started_at: on("10:00", "2026-11-10"), reported_seconds: seconds });
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

// Whom to call back.

test("call back: urgent ones first, then the newest; five of them, the rest among the other calls", async () => {
  const business = await addBusiness("Busy");
  const seen = {};
  for (const n of [1, 2, 3, 4, 5, 6, 7]) seen[n] = await add(business, `0${n}:00`, { ...MISSED, ...caller(n) });
  const urgent = await add(business, "00:30", {
    ...MISSED,
    ...caller(9),
    analysis: says({ urgency: "high", reason: "Toothache", callerName: "Ada Fern" }),
  });
  const later = await add(business, "00:45", {
    ...MISSED,
    ...caller(9),
    analysis: says({ callbackNumber: "+12125550299" }),
  });
  const handled = await add(business, "00:10", caller(9));
  const facts = await ask(business);
  assert.equal(facts.to_call_back, 8);
  assert.deepEqual(
    facts.call_back.map((row) => [row.number, row.when, row.tries]),
    [
      ["+12125550299", "12:45 AM", 2],
      [number(7), "7:00 AM", 1],
      [number(6), "6:00 AM", 1],
      [number(5), "5:00 AM", 1],
      [number(4), "4:00 AM", 1],
    ],
  );
  assert.deepEqual(facts.call_back[0], {
    number: "+12125550299",
    caller_number: number(9),
    name: "Ada Fern",
    reason: "Toothache",
    urgency: "high",
    when: "12:45 AM",
    outcome: "No response",
    call_id: later,
    tries: 2,
  });
  assert.deepEqual(
    ids(others(facts)),
    [seen[1], seen[2], seen[3], handled].sort(),
    "what is shown above is not told twice",
  );
  assert.ok(!ids(others(facts)).includes(urgent));
  assert.deepEqual(
    facts.normal.map((call) => call.missed),
    [true, true, true, false],
  );
});

test("call back: answers and ticks count up to the moment, and no later ones", async () => {
  const business = await addBusiness("Since then");
  const missed = (n) => add(business, "10:00", { ...MISSED, ...caller(n) });
  for (const n of [1, 2, 3, 4, 5, 6]) await missed(n);
  await add(business, "09:00", caller(1)); // before it: does not help
  await add(business, "15:00", caller(2));
  await desk.addCall(business, { ...PLAIN_CALL, ...caller(3), started_at: new Date("2026-11-18T11:59:59Z") });
  await desk.addCall(business, { ...PLAIN_CALL, ...caller(4), started_at: new Date("2026-11-18T12:00:00Z") });
  const tick = (n, done, before = null) =>
    db.rows("insert into call_backs (business_id, caller_number, done_at, before_at) values ($1, $2, $3, $4)", [
      business,
      number(n),
      done,
      before,
    ]);
  await tick(5, on("10:00"));
  await tick(6, "2026-11-18T12:30:00Z", on("10:00:01")); // ticked again later
  await add(business, "10:00", { ...MISSED, caller_claim: "1anonymous" });
  await add(business, "10:00", { ...MISSED, caller_claim: null });
  const rows = async (at) => (await ask(business, DAY, at)).call_back.map((row) => row.caller_number).sort();
  assert.deepEqual(await rows(DUE), [number(1), number(4)]);
  assert.deepEqual(await rows("2026-11-18T12:00:01Z"), [number(1)]);
  assert.deepEqual(await rows("2026-11-18T11:59:00Z"), [number(1), number(3), number(4)]);
  assert.deepEqual(await rows(null), [number(1)]);
  await db.rows("update call_backs set before_at = null where business_id = $1 and caller_number = $2", [
    business,
    number(6),
  ]);
  assert.deepEqual(await rows(DUE), [number(1), number(4), number(6)]);
});

test("what comes after the moment is not looked at", async () => {
  const business = await addBusiness("Half a day");
  await add(business, "09:00");
  await add(business, "12:00", { ...MISSED, ...caller(2) });
  await add(business, "15:00");
  const facts = await ask(business, DAY, on("12:00").toISOString());
  assert.deepEqual([facts.calls.value, facts.to_call_back, others(facts).length], [1, 0, 1]);
});

// The other calls.

test("other calls: by urgency, newest first, twenty together; all are counted", async () => {
  const business = await addBusiness("Many");
  const made = {};
  for (let i = 0; i < 30; i++) {
    const urgency = ["low", "high", null, "normal", "low", "urgent"][i % 6];
    const id = await add(business, `09:${String(i).padStart(2, "0")}`, { ...caller(i), analysis: says({ urgency }) });
    const group = { high: "high", urgent: "high", low: "low" }[urgency] ?? "normal";
    (made[group] ??= []).unshift(id);
  }
  const spam = await add(business, "08:00", {
    ended_claim: "5twilio-reported-customer-misdialed",
    analysis: says({ urgency: "high" }),
  });
  const facts = await ask(business);
  const list = (name) => facts[name].map((call) => call.id);
  assert.deepEqual([list("high"), list("normal"), list("low"), list("spam_calls")], [made.high, made.normal, [], []]);
  assert.deepEqual([facts.high_total, facts.normal_total, facts.low_total, facts.spam_total], [10, 10, 10, 1]);
  await db.rows("delete from calls where id = any ($1)", [[...made.high.slice(0, 6), ...made.normal.slice(0, 3)]]);
  const fewer = await ask(business);
  assert.deepEqual(
    fewer.low.map((call) => call.id),
    made.low.slice(0, 9),
  );
  await db.rows("delete from calls where id = any ($1)", [made.low]);
  assert.deepEqual(
    (await ask(business)).spam_calls.map((call) => call.id),
    [spam],
  );
});

test("a call's row: length, withheld numbers, a long summary, one that goes on", async () => {
  const business = await addBusiness("Rows");
  const rows = [
    await add(business, "13:00", { reported_seconds: 0, summary: "s".repeat(200), analysis: says({ reason: "Job" }) }),
    await add(business, "12:00", { caller_claim: "1anonymous", reported_seconds: null, summary: "é".repeat(201) }),
    await add(business, "11:00", { caller_claim: null, analysis: says({ callbackNumber: "+12125550188" }) }),
    await add(business, "10:00", { status_rank: 3, ended_claim: null, reported_seconds: null, has_report: false }),
  ];
  const got = (await ask(business)).normal;
  assert.deepEqual(
    got.map((call) => call.id),
    rows,
  );
  assert.deepEqual(
    got.map((call) => call.seconds),
    [0, -1, 60, -1],
  );
  assert.deepEqual(
    got.map((call) => call.number),
    [number(101), null, "+12125550188", number(101)],
  );
  assert.deepEqual(
    got.map((call) => call.summary),
    ["s".repeat(200), `${"é".repeat(199)}…`, null, null],
  );
  assert.deepEqual(
    got.map((call) => call.outcome),
    [...new Array(3).fill("Handled by the AI"), "In progress"],
  );
  assert.deepEqual(
    got.map((call) => [call.missed, call.booked, call.urgency]),
    new Array(4).fill([false, false, null]),
  );
});

test("calls without a report: taken by the AI, over for more than an hour", async () => {
  const business = await addBusiness("Reports");
  const silent = { has_report: false };
  await add(business, "10:00");
  await add(business, "10:01", silent);
  await add(business, "10:02", { ...silent, ended_claim: null }); // only the phone company said that it ended
  await add(business, "10:03", { ...silent, ended_claim: "1ringback.voicemail.timeout" });
  await add(business, "10:04", { ...silent, ended_claim: "2ringback.transfer-completed" });
  await add(business, "10:05", { ...silent, ended_claim: "0twilio.no-answer" });
  await add(business, "10:06", { ...silent, ended_claim: "5call.start.error-get-assistant" });
  await add(business, "10:07", { ...silent, ended_claim: null, status_rank: 3 });
  assert.equal((await ask(business)).without_report, 2);
  assert.equal((await ask(business, DAY, on("11:00").toISOString())).without_report, 0);
  assert.equal((await ask(business, DAY, on("11:01:01").toISOString())).without_report, 1);
  await db.rows("update calls set seen_ended_at = $2 where business_id = $1", [business, on("10:30")]);
  assert.equal((await ask(business, DAY, on("11:29").toISOString())).without_report, 0);
});

// Opening hours.

test("opening hours: in words, and which calls are outside of them", async () => {
  const business = await addBusiness("Hours");
  // Tuesday, and the small hours of it.
  for (const time of ["00:30", "01:59:59", "02:00", "08:59:59", "09:00", "16:59:59", "17:00", "23:30"])
    await add(business, time);
  for (const [days, opens, closes, words, outside] of [
    ["{1,2,3,4,5}", "09:00", "17:00", "Mon–Fri, 9 AM–5 PM", 6],
    ["{5,4,3,2,1,1}", "08:30", "12:15", "Mon–Fri, 8:30 AM–12:15 PM", 6],
    ["{1,2,3,4,5,6,7}", "09:00", "17:00", "every day, 9 AM–5 PM", 6],
    ["{1,2,3,4,5,6,7}", "00:00", "00:00", "every day, around the clock", 0],
    ["{1,2,3,4,5,6,7}", "00:00", "24:00", "every day, around the clock", 0],
    ["{2}", "00:00", "24:00", "Tue, around the clock", 0],
    ["{3}", "00:00", "24:00", "Wed, around the clock", 8],
    ["{1,3,4,5,7}", "09:00", "17:00", "Mon, Wed–Fri, Sun, 9 AM–5 PM", 8],
    ["{6,7}", "10:00", "14:00", "Sat, Sun, 10 AM–2 PM", 8],
    ["{2}", "17:00", "02:00", "Tue, 5 PM–2 AM", 6], // its night is Wednesday's
    ["{1}", "17:00", "02:00", "Mon, 5 PM–2 AM", 6], // the night is Monday's
    ["{1,2}", "17:00", "02:00", "Mon, Tue, 5 PM–2 AM", 4],
    ["{7,2}", "17:00", "02:00", "Tue, Sun, 5 PM–2 AM", 6],
    ["{2}", "12:00", "12:00", "Tue, 12 PM–12 PM", 5],
    ["{}", "09:00", "17:00", "no opening hours set", 0],
  ]) {
    await db.rows("update businesses set open_days = $2, opens_at = $3, closes_at = $4 where id = $1", [
      business,
      days,
      opens,
      closes,
    ]);
    const facts = await ask(business);
    assert.deepEqual([facts.opening_hours, facts.after_hours], [words, outside], `${days} ${opens}–${closes}`);
  }
  // Sunday's night reaches into Monday.
  const monday = await addBusiness("Monday");
  await db.rows("update businesses set open_days = '{7}', opens_at = '20:00', closes_at = '03:00' where id = $1", [
    monday,
  ]);
  for (const time of ["02:00", "04:00"])
    await desk.addCall(monday, { ...PLAIN_CALL, started_at: on(time, "2026-11-16") });
  assert.equal((await ask(monday, "2026-11-16")).after_hours, 1);
});

// Recipients.

test("recipients: in order, each with a link of its own; who is paused", async () => {
  const business = await addBusiness("Mail");
  const mail = async (email) => {
    await db.rows("update businesses set email = $2 where id = $1", [business, email]);
    return (await ask(business)).recipients;
  };
  const got = await mail("Zoe@larkspur.example, ada@larkspur.example,not an address, ada@larkspur.example");
  assert.deepEqual(
    got.map((to) => [to.address, to.paused]),
    [
      ["Zoe@larkspur.example", null],
      ["ada@larkspur.example", null],
    ],
  );
  for (const to of got) assert.match(to.token, /^[A-Za-z0-9_-]{54}$/);
  assert.notEqual(got[0].token, got[1].token);
  await db.rows("insert into paused_recipients values ($1, 'zoe@larkspur.example', 'bounced')", [business]);
  assert.deepEqual(
    (await mail("zoe@larkspur.example, Zoe@larkspur.example")).map((to) => to.paused),
    ["bounced", "bounced"],
  );
  assert.deepEqual(
    (await mail(" , ")).map((to) => to.address),
    ["1@larkspur.example"],
    "the owner's, not the staff's",
  );
  await db.rows("delete from business_users where business_id = $1", [business]);
  assert.deepEqual(await mail(null), []);
});

// What must not get in, and what must get through.

test("nothing of another business is in it", async () => {
  const [mine, other] = [await addBusiness("Mine"), await addBusiness("Other")];
  await db.rows("insert into business_users values ($1, $2, 'staff')", [mine, STAFF]);
  await add(mine, "10:00", { ...MISSED, ...caller(1) });
  await add(mine, "11:00", { ...caller(2), analysis: says({ reason: "Job" }) });
  await desk.addCall(mine, { ...PLAIN_CALL, started_at: on("10:00", "2026-11-10") });
  const before = await ask(mine);
  assert.deepEqual([before.to_call_back, before.calls], [1, { value: 2, usual: 0.25 }]);
  for (const week of [0, 7, 14]) {
    for (const n of [1, 2, 3]) {
      const at = on(`1${n}:00`, addDays(DAY, -week));
      await desk.addCall(other, { ...PLAIN_CALL, ...caller(n), started_at: at, analysis: says({ reason: "Theirs" }) });
      await desk.addCall(other, { ...MISSED, ...caller(n + 10), started_at: at, analysis: says({ urgency: "high" }) });
      await desk.addCall(null, { ...MISSED, ...caller(n + 20), started_at: at });
    }
  }
  await db.rows("insert into call_backs (business_id, caller_number, done_at) values ($1, $2, $3)", [
    other,
    number(1),
    DUE,
  ]);
  await db.rows("insert into paused_recipients values ($1, 'front-desk@larkspur.example', 'complained')", [other]);
  await db.rows(
    "insert into bookings (business_id, tool_call_id, status, created_at) values ($1, 'theirs', 'confirmed', $2)",
    [other, on("10:00")],
  );
  await db.rows("insert into business_phones values ('+12125550166', $1)", [other]);
  assert.deepEqual(await ask(mine), before);
  assert.notEqual((await ask(other)).calls.value, before.calls.value);
});

test("hostile texts come through as they are, no longer than they may be, and all of it stays small", async () => {
  const business = await addBusiness("<b>&\"' \u{1F9B7} O'Neill");
  const nasty = "<script>alert(1)</script>\r\nBcc: x@evil.example\u202e\u2066\u{1F480}'\"\\%s\u0001";
  const long = nasty.repeat(20);
  const analysis = says({ reason: long, callerName: long, urgency: "high", callbackNumber: "+1212\r\n5550199" });
  const texts = { summary: long, analysis };
  for (let i = 0; i < 8; i++) await add(business, `1${i}:00`, { ...texts, ...MISSED, ...caller(i) });
  for (let i = 0; i < 30; i++) await add(business, `09:${i + 10}`, { ...texts, ...caller(i + 20) });
  const addresses = Array.from({ length: 12 }, (_, i) => `${"a".repeat(60)}${i}@larkspur.example`);
  await db.rows("update businesses set email = $2 where id = $1", [business, addresses.join(",")]);
  const facts = await ask(business);
  assert.equal(facts.business_name, "<b>&\"' \u{1F9B7} O'Neill");
  const cut = [...long].slice(0, 120).join("");
  for (const row of [...facts.call_back, ...facts.high]) {
    assert.deepEqual([row.name, row.reason], [cut, cut]);
    if (row.summary) assert.equal(row.summary, `${[...long].slice(0, 199).join("")}…`);
  }
  assert.deepEqual([facts.call_back.length, facts.high.length, facts.high_total], [5, 20, 33]);
  assert.equal(facts.call_back[0].number, number(7));
  assert.equal(facts.recipients.length, 10);
  const [{ json }] = await asServer(`select json::text from (${TEXT}) t`, [business, DAY, DUE]);
  assert.ok(Buffer.byteLength(json) < 128 * 1024, `${Buffer.byteLength(json)} bytes`);
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
    await client.query("begin");
    await client.query(`set local plan_cache_mode = ${mode}`);
    await client.query("select set_config('role', 'ringback_digest', true)");
    await client.query(`prepare asked (text, text, text) as ${TEXT}`);
    const { rows } = await client.query(
      `explain (analyze, format json, timing off) execute asked ('${business}', '${DAY}', '${DUE}')`,
    );
    await client.query("rollback");
    await client.query("deallocate asked");
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
