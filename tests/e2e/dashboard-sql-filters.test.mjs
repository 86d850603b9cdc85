// What a filter of the calls finds, against the same filter in plain JavaScript over all rows; in pages, in the export,
// and in the plans that Postgres makes of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk, OWNER, claims, filterParams } from "./lib/desk.mjs";
import { ANSWERED, MISSED, addDays, localTime, randomHistory, storeHistory } from "./lib/history.mjs";

const desk = await Desk.open("dashboard_filters");
const { random } = desk;
const pick = (list) => list[Math.floor(random() * list.length)];
const CALLED = ["+12125550142", "+12125550143", null];

/** Calls with all that can be asked for; some of them exactly as long as is asked. */
async function fill(business, count) {
  const days = { from: Date.UTC(2026, 8, 1), to: Date.UTC(2026, 9, 15), midnights: [] };
  const calls = randomHistory(random, { count, ...days }).map((call) => ({
    ...call,
    seconds: call.seconds !== null && random() < 0.3 ? pick([60, 120]) : call.seconds,
    called: pick(CALLED),
    recording: random() < 0.5,
  }));
  await storeHistory(desk.db, business, calls);
  await desk.db.rows(
    `update calls set called_claim = '3' || (c ->> 'called'),
                      recording_claim = case when (c -> 'recording')::bool then '2https://recordings.example/' || id end
     from jsonb_array_elements($1::jsonb) c where id = (c ->> 'id')::uuid`,
    [JSON.stringify(calls)],
  );
  return calls.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
}

const isNumber = (caller) => caller !== null && caller.startsWith("+");

const FITS = {
  from: (call, from) => localTime(call.at, "UTC").date >= from,
  to: (call, to) => localTime(call.at, "UTC").date <= to,
  outcome: (call, words) => words.split(",").includes(call.outcome ?? "in_progress"),
  caller: (call, number) => (call.caller ?? "").endsWith(number),
  urgency: (call, words) => words.split(",").includes(call.urgency ?? "unknown"),
  reason: (call, reason) => call.why?.toLowerCase() === reason.toLowerCase(),
  called: (call, number) => call.called === number,
  recording: (call) => call.recording,
  shorter: (call, seconds) => call.seconds !== null && call.seconds < seconds,
  longer: (call, seconds) => call.seconds !== null && call.seconds > seconds,
  call_back: (call, _, all) =>
    MISSED.has(call.outcome) &&
    isNumber(call.caller) &&
    !all.some((c) => c.caller === call.caller && ANSWERED.has(c.outcome) && c.at > call.at),
};

const VALUES = {
  outcome: ["handled", "hung_up_early,no_response", "in_progress"],
  caller: ["+12125550007", "5550012"],
  urgency: ["high", "unknown", "low,normal", "high,high"],
  reason: ["appointment", "PRICE OF A CROWN", "pain", "Pri%", "_ain"],
  called: ["+12125550142", "+12125550143", "+12125550199"],
  recording: ["yes"],
  shorter: [15, 60, 61, 300, 86400],
  longer: [1, 60, 120, 299],
  call_back: ["yes"],
};
const PERIODS = [
  { from: "2026-09-01", to: "2026-10-15" },
  { from: "2026-09-05", to: "2026-09-20" },
  { from: "2026-10-01", to: "2026-10-03" },
];

const wantedOf = (calls, filters) =>
  calls.filter((call) => Object.entries(filters).every(([name, value]) => FITS[name](call, value, calls)));

async function exported(business, filters) {
  const ids = [];
  for (let cursor = null; ; ) {
    const params = [business, ...filterParams({ ...filters, cursor })];
    const [{ csv, next_us, next_id }] = await desk.reader.rows(claims(OWNER), "calls_csv", ...params);
    ids.push(...csv.split("\r\n").slice(0, -1).map((line) => line.match(/"([0-9a-f-]{36})"$/)[1]));
    if (!next_us) return ids;
    cursor = `${next_us}.${next_id}`;
  }
}

async function compare(business, calls, filters) {
  const wanted = wantedOf(calls, filters).map((call) => call.id);
  const limit = pick([1, 7, 40, 200]);
  const told = JSON.stringify({ ...filters, limit });
  if (limit > 1 || wanted.length < 100)
    assert.deepEqual(await desk.everyPage(business, { ...filters, limit }), wanted, told);
  assert.deepEqual(await exported(business, { ...filters, limit: 90 }), wanted, `export of ${told}`);
  return wanted.length;
}

const business = await desk.addBusiness("Filters", "UTC");
const calls = await fill(business, 500);

test("each filter alone finds what it says, in pages and in the export", async () => {
  for (const [name, values] of Object.entries(VALUES)) {
    let found = 0;
    for (const value of values) {
      for (const period of PERIODS) found += await compare(business, calls, { ...period, [name]: value });
    }
    assert.ok(found > 20 && found < calls.length * values.length * PERIODS.length, `${name}: ${found}`);
  }
});

test("filters together find what fits them all", async () => {
  let found = 0;
  let many = 0;
  for (let i = 0; i < 150; i++) {
    const names = Object.keys(VALUES).filter(() => random() < 0.25);
    const n = await compare(business, calls, {
      ...pick(PERIODS),
      ...Object.fromEntries(names.map((name) => [name, pick(VALUES[name])])),
    });
    found += n > 0 && names.length > 1;
    many += n > 10 && names.length > 1;
  }
  assert.ok(found > 30 && many > 5, `${found}, ${many}`);
});

test("filters with words: pages go on although few of what is found is shown", async () => {
  const searched = await desk.addBusiness("Filters of words", "UTC");
  const talks = await fill(searched, 240);
  await desk.db.rows("update calls set summary = 'common' where business_id = $1 and status_rank = 5", [searched]);
  await desk.makeWords();
  const ended = talks.filter((call) => call.ended);
  for (const [name, values] of Object.entries(VALUES)) {
    const filters = { ...PERIODS[0], [name]: values[0] };
    const wanted = wantedOf(talks, filters).filter((call) => ended.includes(call));
    const ids = wanted.map((call) => call.id);
    assert.deepEqual(await desk.everyPage(searched, { ...filters, q: "common", limit: 4 }), ids, name);
    assert.ok(ids.length > 4 || ["outcome", "caller", "shorter"].includes(name), `${name}: ${ids.length}`);
  }
});

test("a reason counts whole, whatever its case, also in letters with marks", async () => {
  const other = await desk.addBusiness("Reasons", "UTC");
  const add = (reason) => desk.addCall(other, { analysis: JSON.stringify({ structuredData: { reason } }) });
  const ids = [await add("Ölwechsel"), await add("ölwechsel"), await add("Ölwechsel heute"), await add(null)];
  const found = async (reason) => (await desk.list(other, { reason })).calls.map((call) => call.id).sort();
  assert.deepEqual(await found("ÖLWECHSEL"), ids.slice(0, 2).sort());
  assert.deepEqual(await found("Ölwechsel Heute"), [ids[2]]);
  assert.deepEqual(await found("null"), []);
});

test("whom to call back: the list and the overview go by one rule", async () => {
  let people = 0;
  for (const zone of ["UTC", "America/New_York", "Pacific/Chatham"]) {
    const place = await desk.addBusiness(`To call back in ${zone}`, zone);
    await fill(place, 400);
    for (let i = 0; i < 12; i++) {
      const from = addDays("2026-08-30", Math.floor(random() * 45));
      const to = addDays(from, Math.floor(random() * 20));
      const overview = await desk.ask("overview", place, from, to);
      const { calls: rows, next_cursor } = await desk.list(place, { from, to, call_back: "yes", limit: 200 });
      assert.equal(next_cursor, null);
      const callers = new Map();
      for (const row of rows) callers.set(row.caller_number, [...(callers.get(row.caller_number) ?? []), row]);
      assert.equal(overview.tiles.to_call_back.value, callers.size, `${zone} ${from} ${to}`);
      assert.equal(overview.call_back.length, Math.min(callers.size, 20));
      for (const caller of overview.call_back) {
        const own = callers.get(caller.caller_number);
        assert.deepEqual([own.length, own[0].id], [caller.tries, caller.last_call_id], caller.caller_number);
      }
      people += callers.size;
    }
  }
  assert.ok(people > 100, String(people));
});

const PER_DAY = 20;
const DAYS = 100;
const HOUSES = 15;

/** The plan of a question, as a list of its nodes. */
async function plan(statement, ...params) {
  desk.reader.texts.explained = `explain (analyze, verbose, timing off, format json) ${desk.reader.texts[statement]}`;
  const [row] = await desk.reader.rows(claims(OWNER), "explained", ...params);
  const nodes = [];
  const walk = (node) => nodes.push(node) && (node.Plans ?? []).forEach(walk);
  walk(row["QUERY PLAN"][0].Plan);
  return nodes;
}

/** Scans of calls below the CTE of that name. */
function scansOf(nodes, cte) {
  const top = nodes.find((node) => node["Subplan Name"] === `CTE ${cte}`);
  const found = [];
  const walk = (node) => {
    if (node["Relation Name"] === "calls") found.push(node);
    (node.Plans ?? []).filter((below) => !below["Subplan Name"]?.startsWith("CTE ")).forEach(walk);
  };
  walk(top);
  return found;
}

test("plans: one page reads the index calls_listed, no filter reads more than the period", async () => {
  await desk.db.rows("alter table calls disable trigger user");
  const houses = [];
  for (let i = 0; i < HOUSES; i++) houses.push(await desk.addBusiness(`House ${i}`, "UTC"));
  await desk.db.rows(
    `insert into calls (id, business_id, caller_claim, called_claim, status_rank, ended_claim, started_at,
                        reported_seconds, caller_spoke, has_report, analysis, recording_claim)
     select gen_random_uuid(), b, '3+1212555' || lpad((n % 97)::text, 4, '0'), '3+12125550142', 5,
            case n % 3 when 0 then '5customer-ended-call' else '5twilio.no-answer' end,
            date_trunc('day', now()) - n * interval '1 day' / $2, 60 + n % 50, true, true,
            jsonb_build_object('structuredData', jsonb_build_object('reason', 'Appointment', 'urgency', 'normal')),
            '2https://recordings.example/' || n
     from unnest($1::uuid[]) b, generate_series(1, $2::int * $3::int) n`,
    [houses, PER_DAY, DAYS],
  );
  await desk.db.rows("alter table calls enable trigger user");
  await desk.db.rows("vacuum analyze calls");
  const within = 30 * PER_DAY;
  const questions = [
    [{}, 51],
    [{ outcome: "handled" }, 200],
    [{ urgency: "normal" }, 51],
    [{ urgency: "high" }, within],
    [{ reason: "appointment" }, 51],
    [{ reason: "nothing" }, within],
    [{ called: "+12125550142" }, 51],
    [{ called: "+12125550199" }, within],
    [{ recording: "yes" }, 51],
    [{ shorter: 60 }, within],
    [{ longer: 60 }, 60],
    [{ call_back: "yes" }, within],
    [{ call_back: "yes", urgency: "high", recording: "yes", shorter: 5 }, within],
  ];
  for (const [filters, most] of questions) {
    for (const statement of ["calls_list", "calls_csv"]) {
      const told = `${statement} ${JSON.stringify(filters)}`;
      const nodes = await plan(statement, houses[3], ...filterParams(filters));
      const whole = nodes.filter((node) => node["Node Type"] === "Seq Scan" && node["Relation Name"] === "calls");
      assert.deepEqual(whole, [], told);
      const [scan, ...others] = scansOf(nodes, "page");
      assert.equal(others.length, 0, told);
      assert.equal(scan["Index Name"], "calls_listed", told);
      const read = scan["Actual Rows"] + (scan["Rows Removed by Filter"] ?? 0);
      assert.ok(read <= most, `${told}: ${read} rows read`);
      assert.ok(read > 50, `${told}: ${read} rows read`);
      for (const other of scansOf(nodes, "unanswered")) {
        const loops = filters.call_back ? 1 : 0;
        assert.ok(other["Actual Loops"] <= loops, told);
        if (loops > 0) assert.equal(other["Index Name"], "calls_listed", told);
        assert.ok(other["Actual Rows"] <= within, told);
      }
      if (Object.keys(filters).length === 0) assert.equal(scan.Filter, undefined, told);
    }
  }
});
