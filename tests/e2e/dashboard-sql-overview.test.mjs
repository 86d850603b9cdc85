// The numbers of a period, worked out twice: by the statements under the role and the claims of a signed-in person, and by
// lib/history.mjs from the same calls. Who sees what is asked in isolation-*.test.mjs.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import { Desk, OWNER, STAFF, OTHER, NOBODY, claims } from "./lib/desk.mjs";
import { addDays, localTime, overviewOf, randomHistory, storeHistory } from "./lib/history.mjs";

const desk = await Desk.open("dashboard_overview");

test("me: the person, and the businesses with the role, first come first", async () => {
  const second = await desk.addBusiness("Larkspur Annex", "Europe/Berlin");
  assert.deepEqual(await desk.ask("me"), {
    user: { id: OWNER, email: "1@larkspur.example" },
    businesses: [
      { id: desk.first, name: "Larkspur Dental Studio", timezone: "America/New_York", role: "owner" },
      { id: second, name: "Larkspur Annex", timezone: "Europe/Berlin", role: "owner" },
    ],
  });
  assert.deepEqual(
    (await desk.reader.json(claims(STAFF), "me")).businesses.map((b) => b.role),
    ["staff"],
  );
  assert.deepEqual((await desk.reader.json(claims(NOBODY), "me")).businesses, []);
});

test("a business that is not mine and one that does not exist are the same nothing", async () => {
  for (const business of [desk.first, crypto.randomUUID()]) {
    for (const name of ["overview", "calls_list", "calls_csv", "digests_list", "settings_read"]) {
      assert.deepEqual(await desk.reader.rows(claims(OTHER), name, business), [], name);
    }
    assert.deepEqual(await desk.reader.rows(claims(OTHER), "digest_detail", business, "2026-11-01"), []);
    assert.deepEqual(await desk.reader.rows(claims(OTHER), "settings_write", business, '{"name":"Mine"}'), [
      { outcome: "not_found", json: null },
    ]);
  }
});

test("a person without a business finds nothing when none is named", async () => {
  for (const name of ["overview", "calls_list", "calls_csv", "digests_list", "settings_read"]) {
    assert.deepEqual(await desk.reader.rows(claims(NOBODY), name), [], name);
  }
});

// Overview: the same numbers, worked out twice.

// Zone, a day on which the clock changes, and where midnight is in UTC around it.
const PLACES = [
  ["America/New_York", "2026-11-01"],
  ["America/New_York", "2026-03-08"],
  ["Europe/Berlin", "2026-10-25"],
  ["Asia/Kolkata", "2026-10-25"],
  ["Pacific/Chatham", "2026-09-27"],
  ["America/Havana", "2026-11-01"], // midnight comes twice
  ["Africa/Cairo", "2026-04-24"], // midnight does not come
  ["Australia/Lord_Howe", "2026-10-04"], // by half an hour
];

function assertTiles(tiles, wanted, which) {
  for (const [name, want] of Object.entries(wanted)) {
    const got = tiles[name][which];
    if (want === null) assert.equal(got, null, name);
    else {
      const slack = name === "answer_rate" ? 0.00006 : /seconds|minutes/.test(name) ? 0.0501 : 0;
      assert.ok(got !== null && Math.abs(got - want) <= slack, `${which} ${name}: ${got}, wanted ${want}`);
    }
  }
  assert.deepEqual(Object.keys(tiles).sort(), Object.keys(wanted).sort());
}

function assertOverview(got, wanted, from, to) {
  assert.deepEqual(got.range, { from, to, days: wanted.days });
  assert.deepEqual(got.previous, { from: wanted.before, to: addDays(from, -1) });
  assertTiles(got.tiles, wanted.now, "value");
  assertTiles(got.tiles, wanted.then, "previous");
  assert.deepEqual(got.by_day, wanted.byDay);
  assert.deepEqual(got.by_hour, wanted.byHour);
  const some = Object.fromEntries(Object.entries(got.outcomes).filter(([, calls]) => calls > 0));
  assert.deepEqual(some, wanted.outcomes);
  assert.equal(Object.keys(got.outcomes).length, 12);
  const most = Object.values(wanted.reasons)
    .sort((a, b) => b - a)
    .slice(0, 8);
  assert.deepEqual(
    got.reasons.map((r) => r.calls),
    most,
  );
  for (const { reason, calls } of got.reasons) assert.equal(wanted.reasons[reason.toLowerCase()], calls, reason);
  assert.deepEqual(got.urgencies, { high: 0, normal: 0, low: 0, unknown: 0, ...wanted.urgencies });
  assert.deepEqual(got.completeness, { ended: wanted.ended, with_report: wanted.withReport });
  assert.equal(got.call_back.length, Math.min(20, wanted.callBack.size));
  for (const row of got.call_back) assert.ok(wanted.callBack.has(row.caller_number), row.caller_number);
}

for (const [zone, day] of PLACES) {
  test(`overview: ${zone} around ${day}`, async () => {
    const business = await desk.addBusiness(`In ${zone}`, zone);
    const noon = Date.parse(`${day}T12:00:00Z`);
    const midnights = [-1, 0, 1, 2].map((n) => {
      let at = noon + (n - 1) * 86400000;
      while (localTime(at, zone).date < addDays(day, n)) at += 300000;
      return at;
    });
    const history = randomHistory(desk.random, {
      count: 500,
      from: noon - 20 * 86400000,
      to: noon + 12 * 86400000,
      midnights,
    });
    await storeHistory(desk.db, business, history);
    for (const [from, to] of [
      [-6, 6],
      [0, 0],
      [-1, -1],
      [1, 1],
      [0, 9],
      [-12, -1],
      [-1, 30],
    ]) {
      const [a, b] = [addDays(day, from), addDays(day, to)];
      assertOverview(await desk.ask("overview", business, a, b), overviewOf(history, zone, a, b), a, b);
    }
    const listed = (await desk.list(business, { from: day, to: day, limit: 200 })).calls.map((c) => c.id);
    const wanted = history.filter((c) => localTime(c.at, zone).date === day).sort((a, b) => b.at - a.at);
    assert.deepEqual(
      listed,
      wanted.slice(0, 200).map((c) => c.id),
    );
  });
}

test("overview: by default the last 30 days, today included; the first business", async () => {
  const got = await desk.ask("overview");
  const today = localTime(Date.now(), "America/New_York").date;
  assert.equal(got.business.id, desk.first);
  assert.deepEqual(got.range, { from: addDays(today, -29), to: today, days: 30 });
  assert.deepEqual((await desk.ask("overview", desk.first, null, "2026-03-31")).range, {
    from: "2026-03-02",
    to: "2026-03-31",
    days: 30,
  });
  assert.equal(got.by_day.length, 30);
});

test("overview: bookings and their rate, only of a business that books", async () => {
  const business = await desk.addBusiness("Books", "UTC");
  const at = (day, hour) => new Date(`2026-05-${day}T${hour}:00:00Z`);
  const call = (day, more) => desk.addCall(business, { started_at: at(day, "10"), ...more });
  const book = (id, day, hour, status) =>
    desk.db.rows(
      `insert into bookings (business_id, call_id, tool_call_id, status, starts_at, created_at)
       values ($1, $2, gen_random_uuid(), $3, '2026-06-01T10:00:00Z', $4)`,
      [business, id, status, at(day, hour)],
    );
  const booked = await call("10", { booked: true });
  for (const status of ["refused", "confirmed", "confirmed"]) await book(booked, "10", "10", status);
  const going = await call("10", { booked: true, status_rank: 3, ended_claim: null });
  await book(going, "10", "11", "confirmed");
  await book(await call("10"), "10", "10", "pending");
  await book(await call("11", { ended_claim: "5silence-timed-out" }), "11", "10", "failed");
  await call("11", { ended_claim: "5twilio-reported-customer-misdialed" });
  await call("11", { ended_claim: "5silence-timed-out", booked: true });
  await call("09");
  await book(await call("09", { booked: true }), "09", "23", "confirmed");
  await book(await call("08", { booked: true }), "07", "23", "confirmed");
  const ask = () => desk.ask("overview", business, "2026-05-10", "2026-05-11");
  const { tiles, outcomes } = await ask();
  assert.ok(!("bookings" in tiles) && !("booking_rate" in tiles));
  assert.equal(outcomes.booked, 2);
  assert.deepEqual(
    [tiles.answered.value, tiles.missed.value, tiles.answer_rate.value],
    [3, 1, 0.75],
    "booked is answered, and not missed",
  );
  await desk.db.rows("update businesses set calcom_enabled = true where id = $1", [business]);
  const on = (await ask()).tiles;
  assert.deepEqual(on.bookings, { value: 3, previous: 1 });
  assert.deepEqual(on.booking_rate, { value: 0.5, previous: 0.6667 });
  for (const name of Object.keys(on)) assert.ok((await ask()).definitions[name], name);
  delete on.bookings;
  delete on.booking_rate;
  assert.deepEqual(on, tiles);
});

test("overview: of no calls at all", async () => {
  const got = await desk.ask("overview", await desk.addBusiness("Quiet"), "2026-05-01", "2026-05-03");
  assert.deepEqual(got.tiles.calls, { value: 0, previous: 0 });
  assert.deepEqual(got.tiles.answer_rate, { value: null, previous: null });
  assert.deepEqual(got.tiles.average_seconds, { value: null, previous: null });
  assert.deepEqual(
    got.by_day,
    ["01", "02", "03"].map((d) => ({ date: `2026-05-${d}`, outcomes: {} })),
  );
  assert.deepEqual([got.call_back, got.reasons, got.freshness], [[], [], { last_event_at: null }]);
  for (const name of Object.keys(got.tiles)) assert.ok(got.definitions[name], name);
});

test("call back: urgent ones first, then the newest; tries, and what is known from all of them", async () => {
  const business = await desk.addBusiness("Busy");
  const missed = { ended_claim: "5silence-timed-out" };
  const says = (data) => JSON.stringify({ structuredData: data });
  const from = (n) => ({ caller_claim: `3+1212555020${n}` });
  await desk.addCall(business, {
    ...missed,
    ...from(1),
    minutes: 500,
    analysis: says({ reason: "Toothache", urgency: "high", callerName: "Ada Fern" }),
  });
  const last = await desk.addCall(business, {
    ...missed,
    ...from(1),
    minutes: 300,
    analysis: says({ callbackNumber: "+12125550299" }),
  });
  await desk.addCall(business, { ...missed, ...from(2), minutes: 200 });
  await desk.addCall(business, { ...from(2), minutes: 150 }); // answered since
  await desk.addCall(business, { ...missed, ...from(3), minutes: 190 });
  await desk.addCall(business, { ...from(3), minutes: 180 });
  await desk.addCall(business, { ...missed, ...from(3), minutes: 100, ended_claim: "5pipeline-error-x" });
  await desk.addCall(business, { ...missed, caller_claim: "1anonymous", minutes: 10 });
  await desk.addCall(business, {
    ...missed,
    ...from(4),
    minutes: 90,
    analysis: says({ urgency: "low", callbackNumber: "call me" }),
  });
  const got = await desk.ask("overview", business);
  assert.deepEqual(got.tiles.to_call_back.value, 3);
  assert.deepEqual(
    got.call_back.map((row) => [row.number, row.caller_number, row.urgency, row.tries, row.outcome]),
    [
      ["+12125550299", "+12125550201", "high", 2, "no_response"],
      ["+12125550204", "+12125550204", "low", 1, "no_response"],
      ["+12125550203", "+12125550203", null, 1, "technical_error"],
    ],
  );
  assert.deepEqual(
    [got.call_back[0].name, got.call_back[0].reason, got.call_back[0].last_call_id],
    ["Ada Fern", "Toothache", last],
  );
  assert.match(got.call_back[0].last_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("call back: an answer after the period counts, a missed call after it does not", async () => {
  const business = await desk.addBusiness("Later", "UTC");
  const day = (n) => ({ started_at: new Date(`2026-06-${n}T12:00:00Z`) });
  const missed = { ended_claim: "5silence-timed-out" };
  await desk.addCall(business, { ...missed, ...day("02") });
  await desk.addCall(business, { ...missed, ...day("02"), caller_claim: "3+12125550102" });
  await desk.addCall(business, { ...missed, ...day("20") });
  await desk.addCall(business, { ...day("10"), caller_claim: "3+12125550102" });
  const got = await desk.ask("overview", business, "2026-06-01", "2026-06-03");
  assert.deepEqual(
    got.call_back.map((row) => row.caller_number),
    ["+12125550101"],
  );
  const next = await desk.ask("overview", business, "2026-06-04", "2026-06-06");
  assert.deepEqual(next.tiles.to_call_back, { value: 0, previous: 1 });
});

test("freshness: when the last event of the newest calls came", async () => {
  const business = await desk.addBusiness("Fresh");
  const id = await desk.addCall(business);
  await desk.db.rows(
    `insert into call_events (event_key, call_id, source, type, received_at, payload)
     select gen_random_uuid(), $1, 'vapi', 'status-update', t, '{}' from unnest($2::timestamptz[]) t`,
    [id, ["2026-11-20T10:00:00Z", "2026-11-20T10:00:07.25Z"]],
  );
  assert.equal((await desk.ask("overview", business)).freshness.last_event_at, "2026-11-20T10:00:07.250Z");
});

test("an instant of the database's own making has the form of RFC 3339", async () => {
  const [row] = await desk.db.rows(
    "select private.rfc3339('2026-03-08 01:59:59.9994-05') as t, private.from_microseconds(private.microseconds('2026-03-08 01:59:59.999999-05')) = '2026-03-08 01:59:59.999999-05' as same",
  );
  assert.deepEqual(row, { t: "2026-03-08T06:59:59.999Z", same: true });
});
