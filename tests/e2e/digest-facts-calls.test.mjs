// What a digest tells of the calls of a day: whom to call back, the other calls, what is outside of the opening hours; and
// to whom it goes. Of one business only, whatever the texts hold.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DAY,
  DUE,
  DigestDesk,
  MISSED,
  PLAIN_CALL,
  TEXT,
  caller,
  ids,
  number,
  on,
  others,
  says,
} from "./lib/digest-desk.mjs";
import { STAFF } from "./lib/desk.mjs";
import { addDays } from "./lib/history.mjs";

const house = await DigestDesk.open("digest_facts_calls");
const { desk, db } = house;
const ask = (...params) => house.ask(...params);
const asServer = (...params) => house.asServer(...params);
const addBusiness = (...params) => house.addBusiness(...params);
const add = (...params) => house.add(...params);

// Whom to call back.

test("call back: urgent ones first, then the newest; five of them, the rest among the other calls", async () => {
  const business = await addBusiness("Busy");
  const seen = {};
  for (const n of [1, 2, 3, 4, 5, 6, 7]) seen[n] = await add(business, `0${n}:00`, { ...MISSED, ...caller(n) });
  const urgent = await add(business, "00:30", {
    ...MISSED,
    ...caller(9),
    analysis: says({ urgency: "high", reason: "Toothache", callerName: "Ada Fern", callbackNumber: "+12125550298" }),
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
    booking: null,
    booking_when: null,
    booking_open: false,
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

test("bookings: each call says what came of the best attempt, and what nobody can be sure of is told", async () => {
  const business = await addBusiness("Bookings");
  const book = (call, status, reason, promised = false) =>
    db.rows(
      `insert into bookings (business_id, call_id, tool_call_id, status, reason, starts_at, created_at, promised)
       values ($1, $2, gen_random_uuid(), $3, $4, '2026-11-20T15:30:00Z', $5, $6)`,
      [business, call, status, reason, on("10:00"), promised],
    );
  const BOOKED = [];
  const minutes = new Map();
  for (const [minute, attempts, told] of [
    [10, [], [null, null, false]],
    [
      11,
      [
        ["refused", "taken"],
        ["confirmed", "none"],
      ],
      ["Booked", "Friday, November 20 at 10:30 AM", false],
    ],
    [12, [["pending", "none"]], ["Requested, to be confirmed in Cal.com", "Friday, November 20 at 10:30 AM", false]],
    [13, [["refused", "off"]], ["Asked to book; booking is switched off", null, false]],
    // The caller was told that somebody will call back.
    [17, [["refused", "taken", true]], ["Asked to book; that time was taken", null, true]],
    [
      14,
      [
        ["refused", "past"],
        ["failed", "unreachable"],
      ],
      ["Asked to book; the calendar could not be reached", "Friday, November 20 at 10:30 AM", true],
    ],
    [
      15,
      [
        ["unknown", "no_answer"],
        ["failed", "unreachable"],
      ],
      ["Booking not certain yet", "Friday, November 20 at 10:30 AM", true],
    ],
    [
      16,
      [
        ["unknown", "no_answer"],
        ["confirmed", "none"],
      ],
      ["Booked", "Friday, November 20 at 10:30 AM", false],
    ],
  ]) {
    const booked = attempts.some(([status]) => status === "confirmed");
    const id = await add(business, `10:${minute}`, booked ? { booked } : {});
    for (const attempt of attempts) await book(id, ...attempt);
    minutes.set(id, minute);
    BOOKED.push([id, ...told, booked]);
  }
  const facts = await ask(business);
  assert.deepEqual(
    others(facts).map((call) => [call.id, call.booking, call.booking_when, call.booking_open, call.booked]),
    BOOKED.sort(([a], [b]) => minutes.get(b) - minutes.get(a)),
  );
  assert.equal(facts.without_booking, 3);
  // As it looked at that moment.
  const early = await ask(business, DAY, on("09:59").toISOString());
  assert.equal(early.without_booking, 0);
  // Somebody whom nobody answered.
  const missed = await add(business, "11:00", { ...MISSED, ...caller(3) });
  await book(missed, "unknown", "no_answer");
  const { call_back } = await ask(business);
  assert.deepEqual(
    call_back.map((row) => [row.call_id, row.booking, row.booking_when, row.booking_open]),
    [[missed, "Booking not certain yet", "Friday, November 20 at 10:30 AM", true]],
  );
});

test("whom to call back about an appointment is among the calls shown, however many others there are", async () => {
  const business = await addBusiness("Crowd");
  const low = { analysis: says({ urgency: "low" }) };
  const waiting = await add(business, "00:01", low);
  await db.rows(
    `insert into bookings (business_id, call_id, tool_call_id, status, reason, created_at)
     values ($1, $2, gen_random_uuid(), 'failed', 'unreachable', $3)`,
    [business, waiting, on("00:02")],
  );
  for (let i = 10; i < 35; i++) await add(business, `10:${i}`);
  await add(business, "11:00", low);
  const facts = await ask(business);
  assert.deepEqual(
    [facts.low.map((call) => call.id), facts.low_total, facts.normal.length, facts.without_booking],
    [[waiting], 2, 19, 1],
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
    ["bounced"], // one mailbox, however it is spelt
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
