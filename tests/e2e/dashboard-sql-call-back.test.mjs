// Who is ticked off the list of callers to call back: the rule against the same in plain JavaScript, and the ticks themselves.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import { Desk, NOBODY, OTHER, OWNER, STAFF, claims } from "./lib/desk.mjs";
import { ANSWERED, MISSED, addDays, localTime, randomHistory, storeHistory } from "./lib/history.mjs";

const desk = await Desk.open("dashboard_call_back");
const { random } = desk;
const ADA = "+12125550201";
const BEN = "+12125550202";
const missed = (number, minutes) => ({ ended_claim: "5silence-timed-out", caller_claim: `3${number}`, minutes });

const write = async (business, change, who = OWNER) => {
  const [row] = await desk.reader.rows(claims(who), "call_back_write", business, JSON.stringify(change));
  return row.json === null ? row.outcome : { outcome: row.outcome, ...JSON.parse(row.json) };
};
const tick = (business, number, who) => write(business, { caller_number: number, done: true }, who);
const untick = (business, number, who) => write(business, { caller_number: number, done: false }, who);
const ticks = (business) =>
  desk.db.rows("select caller_number, done_by from call_backs where business_id = $1 order by 1", [business]);

/** The callers with their tries, as each of the places has them; all must say the same. */
async function waiting(business) {
  const overview = await desk.ask("overview", business);
  const { calls } = await desk.list(business, { call_back: "yes", limit: 200 });
  const inList = new Map();
  for (const call of calls) inList.set(call.caller_number, (inList.get(call.caller_number) ?? 0) + 1);
  const callers = Object.fromEntries(overview.call_back.map((row) => [row.caller_number, row.tries]));
  assert.deepEqual(Object.fromEntries(inList), callers);
  assert.equal(overview.tiles.to_call_back.value, inList.size);
  for (const { id, caller_number } of (await desk.list(business, { limit: 200 })).calls) {
    const { to_call_back } = await desk.ask("call_detail", id);
    assert.equal(to_call_back, caller_number?.startsWith("+") ? inList.has(caller_number) : null, caller_number);
  }
  return callers;
}

test("a tick takes a caller off, a new missed call brings the caller back, and so does taking the tick away", async () => {
  const business = await desk.addBusiness("Ticks");
  for (const call of [missed(ADA, 500), missed(ADA, 300), missed(BEN, 200)]) await desk.addCall(business, call);
  await desk.addCall(business, { ...missed("x", 100), caller_claim: "1anonymous" });
  await desk.addCall(business, { ...missed("x", 90), caller_claim: null });
  await desk.addCall(business, missed("+12", 80)); // nobody can be called there, or ticked off
  assert.deepEqual(await waiting(business), { [ADA]: 2, [BEN]: 1 });

  const done = await tick(business, ADA);
  assert.match(done.done_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const [newest] = (await desk.list(business, { caller: ADA, limit: 1 })).calls;
  assert.equal(done.done_at, newest.listed_at, "as far as the newest call that is over");
  assert.deepEqual(done, { outcome: "ok", caller_number: ADA, done: true, done_at: done.done_at });
  assert.deepEqual(await waiting(business), { [BEN]: 1 });

  await desk.addCall(business, missed(ADA, 20));
  assert.deepEqual(await waiting(business), { [ADA]: 1, [BEN]: 1 }, "tries begin anew");
  await desk.addCall(business, { ...missed(ADA, 10), ended_claim: "5customer-ended-call" });
  assert.deepEqual(await waiting(business), { [BEN]: 1 }, "an answered call still takes a caller off");

  await tick(business, BEN);
  assert.deepEqual(await waiting(business), {});
  assert.deepEqual(await untick(business, BEN), { outcome: "ok", caller_number: BEN, done: false, done_at: null });
  assert.deepEqual(await waiting(business), { [BEN]: 1 });
  assert.equal((await untick(business, BEN)).outcome, "ok", "once more is no error");
});

test("a repeated tick moves on; who ticked last is kept", async () => {
  const business = await desk.addBusiness("Again");
  await desk.db.rows("insert into business_users values ($1, $2, 'staff')", [business, STAFF]);
  await desk.addCall(business, missed(ADA, 60));
  const first = await tick(business, ADA);
  assert.deepEqual(await ticks(business), [{ caller_number: ADA, done_by: OWNER }]);
  const second = await tick(business, ADA, STAFF);
  assert.equal(second.done_at, first.done_at, "no call came between");
  assert.deepEqual(await ticks(business), [{ caller_number: ADA, done_by: STAFF }]);
  assert.equal((await untick(business, ADA, STAFF)).outcome, "ok");
  assert.deepEqual(await ticks(business), []);
});

test("taking a tick back brings back what that tick took away, and no more", async () => {
  const business = await desk.addBusiness("Undone");
  await desk.addCall(business, missed(ADA, 60));
  await tick(business, ADA);
  await desk.addCall(business, missed(ADA, 30));
  assert.deepEqual(await waiting(business), { [ADA]: 1 });
  await tick(business, ADA);
  await tick(business, ADA); // pressed twice
  assert.deepEqual(await waiting(business), {});
  await untick(business, ADA);
  assert.deepEqual(await waiting(business), { [ADA]: 1 }, "the first call stays done");
  await untick(business, ADA);
  assert.deepEqual(await waiting(business), { [ADA]: 2 });
});

test("a call that goes on while the caller is ticked off, and is missed, brings the caller back", async () => {
  const business = await desk.addBusiness("Meanwhile");
  await desk.addCall(business, missed(ADA, 60));
  const id = await desk.addCall(business, {
    ...missed(ADA, 1),
    ended_claim: null,
    status_rank: 2,
    has_report: false,
    reported_seconds: null,
  });
  await tick(business, ADA);
  assert.deepEqual(await waiting(business), {});
  await desk.db.rows("update calls set ended_claim = '5silence-timed-out', status_rank = 5 where id = $1", [id]);
  assert.deepEqual(await waiting(business), { [ADA]: 1 });
});

test("what makes no sense is named, and changes nothing", async () => {
  const business = await desk.addBusiness("Refused");
  await desk.addCall(business, missed(ADA, 60));
  const refused = [
    [{}, "invalid:caller_number"],
    [{ done: true }, "invalid:caller_number"],
    [{ caller_number: ADA }, "invalid:done"],
    [{ caller_number: ADA, done: null }, "invalid:done"],
    [{ caller_number: ADA, done: "true" }, "invalid:done"],
    [{ caller_number: ADA, done: 1 }, "invalid:done"],
    [{ caller_number: null, done: true }, "invalid:caller_number"],
    [{ caller_number: 12125550201, done: true }, "invalid:caller_number"],
    [{ caller_number: [ADA], done: true }, "invalid:caller_number"],
    [{ caller_number: "2125550201", done: true }, "invalid:caller_number"],
    [{ caller_number: "+02125550201", done: true }, "invalid:caller_number"],
    [{ caller_number: `${ADA}\n`, done: true }, "invalid:caller_number"],
    [{ caller_number: `${ADA}00000`, done: true }, "invalid:caller_number"],
    [{ caller_number: "anonymous", done: true }, "invalid:caller_number"],
    [{ caller_number: ADA, done: true, done_at: "2026-01-01" }, "invalid:key"],
    [{ caller_number: ADA, done: true, business_id: business }, "invalid:key"],
    [[], "invalid:body"],
    ["done", "invalid:body"],
    [null, "invalid:body"],
    [{ caller_number: BEN, done: true }, "not_found"], // never called
    [{ caller_number: BEN, done: false }, "not_found"],
  ];
  for (const [change, outcome] of refused) assert.equal(await write(business, change), outcome, JSON.stringify(change));
  assert.deepEqual(await ticks(business), []);
});

test("members only, and only while they are signed in; a business that is not named is the first", async () => {
  const theirs = await desk.addBusiness("Somebody else's", "UTC", OTHER);
  await desk.addCall(theirs, missed(ADA, 60));
  await desk.addCall(desk.first, missed(ADA, 60));
  for (const business of [theirs, crypto.randomUUID()]) assert.equal(await tick(business, ADA), "not_found");
  assert.equal(await tick(null, ADA, NOBODY), "not_found");
  assert.equal((await tick(null, ADA)).outcome, "ok");
  assert.deepEqual(await ticks(desk.first), [{ caller_number: ADA, done_by: OWNER }]);
  assert.deepEqual(await ticks(theirs), []);
  assert.equal((await tick(theirs, ADA, OTHER)).outcome, "ok");
  assert.equal((await untick(desk.first, ADA, STAFF)).outcome, "ok");
  assert.deepEqual(await ticks(theirs), [{ caller_number: ADA, done_by: OTHER }], "one caller of two businesses");

  await desk.db.rows("delete from auth.sessions where user_id = $1", [STAFF]);
  assert.equal(await tick(desk.first, ADA, STAFF), "session_gone");
  assert.deepEqual(await ticks(desk.first), []);
  await desk.db.rows("insert into auth.sessions (id, user_id) values ($1, $2)", [claims(STAFF).session_id, STAFF]);
});

test("whatever a program asks: nobody says when it was or who, and only callers are ticked off", async () => {
  const business = await desk.addBusiness("Direct");
  await desk.addCall(business, missed(ADA, 60));
  const ask = (sql, ...params) => {
    desk.reader.texts.direct = sql;
    return desk.reader.rows(claims(OWNER), "direct", ...params);
  };
  const insert = "insert into public.call_backs (business_id, caller_number) values ($1::uuid, $2)";
  await assert.rejects(ask(insert, business, BEN), { code: "42501" });
  await ask(insert, business, ADA);
  await ask("update public.call_backs set done_at = 'infinity' where business_id = $1::uuid", business);
  const [row] = await desk.db.rows(
    "select done_by, done_at <= now() as past from call_backs where business_id = $1",
    [business],
  );
  assert.deepEqual(row, { done_by: OWNER, past: true });
  for (const sql of [
    "update public.call_backs set done_by = null",
    "update public.call_backs set caller_number = '+12125550209'",
    "insert into public.call_backs (business_id, caller_number, done_at) values (null, null, 'infinity')",
  ])
    await assert.rejects(ask(sql), { code: "42501" }, sql);
  await assert.rejects(
    desk.db.rows("insert into call_backs (business_id, caller_number) values ($1, 'anonymous')", [business]),
    { code: "23514" },
  );
});

/** Who is to be called back by the calls of a period, and how many of them count. */
function wantedOf(calls, marks, zone, from, to) {
  const tries = new Map();
  for (const call of calls) {
    const day = localTime(call.at, zone).date;
    if (!MISSED.has(call.outcome) || !call.caller?.startsWith("+") || day < from || day > to) continue;
    const isAnswered = calls.some((c) => c.caller === call.caller && ANSWERED.has(c.outcome) && c.at > call.at);
    const isTicked = marks.has(call.caller) && call.at <= marks.get(call.caller);
    if (!isAnswered && !isTicked) tries.set(call.caller, (tries.get(call.caller) ?? 0) + 1);
  }
  return tries;
}

test("tiles, list and filter go by the one rule, whatever is ticked", async () => {
  const counts = { people: 0, fewer: 0 };
  for (const zone of ["UTC", "America/New_York", "Pacific/Chatham"]) {
    const business = await desk.addBusiness(`Ticked in ${zone}`, zone);
    const [first, last] = [Date.UTC(2026, 8, 1), Date.UTC(2026, 9, 15)];
    const calls = randomHistory(random, { count: 400, from: first, to: last, midnights: [] });
    await storeHistory(desk.db, business, calls);
    const marks = new Map();
    for (const caller of new Set(calls.map((call) => call.caller).filter((number) => number?.startsWith("+")))) {
      const own = calls.filter((call) => call.caller === caller);
      const exact = random() < 0.3; // in the very moment of a call
      const at = exact ? own[Math.floor(random() * own.length)].at : first + Math.floor(random() * (last - first));
      if (random() < 0.8) marks.set(caller, at);
    }
    await desk.db.rows(
      `insert into call_backs (business_id, caller_number, done_at)
       select $1, n, to_timestamp(t / 1000.0) from unnest($2::text[], $3::bigint[]) m (n, t)`,
      [business, [...marks.keys()], [...marks.values()]],
    );
    for (let i = 0; i < 12; i++) {
      const from = addDays("2026-08-30", Math.floor(random() * 45));
      const days = 1 + Math.floor(random() * 20);
      const to = addDays(from, days - 1);
      const told = `${zone} ${from} ${to}`;
      const wanted = wantedOf(calls, marks, zone, from, to);
      const before = wantedOf(calls, marks, zone, addDays(from, -days), addDays(from, -1));
      const overview = await desk.ask("overview", business, from, to);
      assert.deepEqual(overview.tiles.to_call_back, { value: wanted.size, previous: before.size }, told);
      assert.equal(overview.call_back.length, Math.min(wanted.size, 20), told);
      for (const row of overview.call_back) assert.equal(row.tries, wanted.get(row.caller_number), told);
      const { calls: rows } = await desk.list(business, { from, to, call_back: "yes", limit: 200 });
      const listed = new Map();
      for (const row of rows) listed.set(row.caller_number, (listed.get(row.caller_number) ?? 0) + 1);
      assert.deepEqual([...listed].sort(), [...wanted].sort(), told);
      counts.people += wanted.size;
      counts.fewer += wantedOf(calls, new Map(), zone, from, to).size - wanted.size;
    }
  }
  assert.ok(counts.people > 50 && counts.fewer > 30, JSON.stringify(counts));
});

test("a call's page looks at the caller's calls of 90 days, by their index", async () => {
  const business = await desk.addBusiness("Plans", "UTC");
  const old = await desk.addCall(business, missed(BEN, 91 * 1440));
  assert.equal((await desk.ask("call_detail", old)).to_call_back, false);
  const id = await desk.addCall(business, missed(ADA, 89 * 1440));
  assert.equal((await desk.ask("call_detail", id)).to_call_back, true);
  await desk.db.rows(
    `insert into calls (id, business_id, caller_claim, status_rank, ended_claim, started_at)
     select gen_random_uuid(), $1, '3+1646555' || lpad((n % 500)::text, 4, '0'), 5, '5twilio.no-answer',
            now() - n * interval '1 minute'
     from generate_series(1, 5000) n`,
    [business],
  );
  await desk.db.rows("vacuum analyze calls");
  desk.reader.texts.explained = `explain (analyze, timing off, format json) ${desk.reader.texts.call_detail}`;
  const [row] = await desk.reader.rows(claims(OWNER), "explained", id);
  const scans = [];
  const walk = (node) => {
    if (node["Relation Name"] === "calls") scans.push(node);
    for (const below of node.Plans ?? []) walk(below);
  };
  walk(row["QUERY PLAN"][0].Plan);
  assert.ok(scans.length >= 2, "no scan of the caller's calls");
  for (const scan of scans) {
    assert.match(scan["Index Name"] ?? scan["Node Type"], /^calls_(pkey|caller)$/);
    assert.ok(scan["Actual Rows"] * scan["Actual Loops"] <= 1, JSON.stringify(scan));
  }
});
