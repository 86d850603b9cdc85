// `ringback demo`: history that passes for real, once, repeatable, all or nothing, and only where it belongs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, test } from "node:test";
import { BIN, until } from "./lib/env.mjs";
import { Database } from "./lib/database.mjs";
import { cleanEnv, command } from "./lib/server.mjs";
import { World, migrate } from "./lib/world.mjs";
import { bearer, signIn } from "./lib/session.mjs";

const PASSWORD = "larkspur-front-desk";
const LARKSPUR = "3b1f0c52-7d8e-4a6b-9c21-5e4f8a90d7b3";
const TABLES = [
  "businesses",
  "business_phones",
  "business_users",
  "calls",
  "call_events",
  "call_utterances",
  "digests",
  "digest_deliveries",
  "bookings",
];
const OUTCOMES = [
  "ai_unavailable",
  "booked",
  "cut_off",
  "handled",
  "hung_up_early",
  "no_response",
  "other",
  "spam",
  "technical_error",
  "transfer_not_answered",
  "transferred",
];

const world = await World.create({ seed: false });
const { db } = world;
const demo = (args = [], on = db) => command(["demo", ...args], { MIGRATE_DATABASE_URL: on.ownerUrl }, 120000);

async function fresh(label) {
  const made = await Database.create(label);
  after(() => made.drop());
  assert.equal((await migrate(made)).code, 0);
  return made;
}

/** What two runs must agree on: everything that the generator decides. */
async function print(on) {
  const out = {};
  for (const table of ["calls", "call_events", "call_utterances", "bookings"]) {
    const columns = (
      await on.rows(
        `select column_name as name from information_schema.columns
         where table_schema = 'public' and table_name = $1 and is_identity = 'NO' order by 1`,
        [table],
      )
    ).map((row) => row.name);
    const [{ digest }] = await on.rows(
      `select md5(string_agg(r, ',' order by r)) as digest
       from (select row(${columns.map((name) => `${name}`).join(", ")})::text as r from ${table}) t`,
    );
    out[table] = digest;
  }
  const ticks = await on.one(
    `select md5(string_agg(row(business_id, caller_number, done_at)::text, ',' order by business_id, caller_number)) as digest
     from call_backs`,
  );
  const mails = await on.one(
    `select md5(string_agg(row(business_id, local_date, status, attempts, resend_id, delivery_status, error, reason, due_at,
                               sent_at, private.mail_of(request_body) ->> 'subject')::text, ',' order by business_id, local_date))
            as digest
     from digests`,
  );
  return { ...out, call_backs: ticks.digest, digests: mails.digest };
}

/** What an unfinished run must not leave changed. */
async function shape(on) {
  return {
    indexes: await on.rows(`select indexdef from pg_indexes where schemaname in ('public', 'private') order by 1`),
    constraints: await on.rows(
      `select conrelid::regclass::text as "table", conname, pg_get_constraintdef(oid) as def, convalidated
       from pg_constraint where connamespace in ('public'::regnamespace, 'private'::regnamespace) order by 1, 2`,
    ),
    triggers: await on.rows(
      `select tgrelid::regclass::text, tgname, tgenabled from pg_trigger where not tgisinternal order by 1, 2`,
    ),
    security: await on.rows(`select oid::regclass::text, relrowsecurity, relforcerowsecurity from pg_class
                             where relkind = 'r' and relnamespace in ('public'::regnamespace, 'private'::regnamespace) order by 1`),
  };
}

const before = await shape(db);
const first = await demo(["--password", PASSWORD]);

test("thirty days of one business: counts, login, nothing on standard error but progress", async () => {
  assert.equal(first.code, 0, first.stderr);
  const calls = await db.count("calls where business_id = $1", [LARKSPUR]);
  assert.ok(calls > 500 && calls < 1000, `${calls} calls`);
  assert.match(first.stdout, /^\d+ calls, \d+ utterances, \d+ events and \d+ digests of 1 business\.$/m);
  assert.match(first.stdout, new RegExp(`owner@larkspur\\.example, password ${PASSWORD}`));
  assert.ok(!/error/i.test(first.stderr), first.stderr);
  const day = await db.one("select name, timezone, email from businesses");
  assert.deepEqual(day, {
    name: "Larkspur Dental Studio",
    timezone: "America/New_York",
    email: "owner@larkspur.example",
  });
  assert.equal(await db.count("business_phones where phone = '+12125550142'"), 1);
  assert.deepEqual(
    await db.rows("select u.email, m.role from business_users m join auth.users u on u.id = m.user_id order by 1"),
    [
      { email: "owner@larkspur.example", role: "owner" },
      { email: "staff@larkspur.example", role: "staff" },
    ],
  );
});

test("every outcome occurs, and the columns that Postgres works out agree with what was meant", async () => {
  const rows = await db.rows("select distinct outcome from calls where outcome is not null order by 1");
  assert.deepEqual(
    rows.map((row) => row.outcome),
    OUTCOMES,
  );
  assert.equal(await db.count("calls where status = 'in-progress'"), 1);
  assert.equal(await db.count("calls where status not in ('in-progress', 'ended')"), 0);
  assert.equal(await db.count("calls where status = 'ended' and (ended_at is null or outcome is null)"), 0);
  assert.equal(await db.count("calls where ended_at < started_at"), 0);
  assert.equal(await db.count("calls where outcome = 'handled' and (recording_url is null or summary is null)"), 0);
  assert.equal(await db.count("calls where outcome = 'handled' and (reason is null or urgency is null)"), 0);
  assert.ok((await db.count("calls where business_id is null")) > 0, "calls that nobody owns");
  assert.ok((await db.count("calls where caller_number = 'anonymous'")) > 5);
  assert.equal(await db.count("calls where caller_number !~ '^(anonymous|\\+1[2-9][0-9]{2}55501[0-9]{2})$'"), 0);
  assert.ok(
    (await db.count("(select from calls group by caller_number having count(*) > 3) t")) > 10,
    "regular callers",
  );
});

test("appointments: what the call says, at a time when the business is open, of the first business alone", async () => {
  assert.equal(await db.count("businesses where calcom_enabled"), 1);
  const rows = await db.rows(
    `select k.status, k.reason, c.outcome, c.summary, k.attendee_name = c.caller_name and k.service = c.reason as is_told,
            k.created_at between c.started_at and c.ended_at as is_within, k.starts_at > c.ended_at as is_ahead,
            to_char(k.starts_at at time zone b.timezone, 'ID HH24 MI') as local,
            to_char(k.starts_at at time zone b.timezone, 'FMHH12:MI AM') as clock,
            (select string_agg(u.text, ' ') from call_utterances u where u.call_id = c.id) as said
     from bookings k join calls c on c.id = k.call_id join businesses b on b.id = k.business_id`,
  );
  const kinds = new Set(rows.map((row) => `${row.status} ${row.reason} ${row.outcome}`));
  assert.deepEqual([...kinds].sort(), [
    "confirmed none booked",
    "failed unreachable handled",
    "pending none handled",
    "refused taken booked",
  ]);
  for (const row of rows) {
    assert.ok(row.is_told && row.is_within && row.is_ahead, JSON.stringify(row));
    assert.match(row.local, /^[1-5] (09|1[0-6]) (00|30)$/);
    if (row.status === "confirmed" || row.status === "pending")
      for (const text of [row.summary, row.said]) assert.ok(text.includes(row.clock), `${row.clock}: ${text}`);
  }
  assert.equal(
    await db.count("calls c where outcome = 'booked' and not exists (select from bookings k where k.call_id = c.id)"),
    0,
  );
  assert.equal(await db.count("call_utterances where text ~ '[{}]'"), 0);
});

test("most callers to call back are ticked off, none of the last two days", async () => {
  const { off, left, late } = await db.one(
    `select count(*) filter (where k.done_at > at) as off, count(*) filter (where (k.done_at > at) is not true) as left,
            count(*) filter (where k.done_at > now() - interval '2 days') as late
     from (select caller_number, max(listed_at) as at, max(listed_at) filter (where private.is_answered(outcome)) as answered_at
           from calls
           where business_id = $1 and caller_number like '+%' and (private.is_missed(outcome) or private.is_answered(outcome))
           group by caller_number) c
     left join call_backs k on k.business_id = $1 and k.caller_number = c.caller_number
     where answered_at is distinct from at`,
    [LARKSPUR],
  );
  assert.ok(Number(off) > 20 && Number(left) > 3 && Number(off) > Number(left), `${off} ticked off, ${left} left`);
  assert.equal(Number(late), 0);
  const person = "business_users u where u.user_id = k.done_by and u.business_id = k.business_id";
  assert.equal(await db.count(`call_backs k where not exists (select from ${person})`), 0);
});

test("hours are the business's, nothing is in the future", async () => {
  const hours = await db.one(
    `select count(*) filter (where h between 9 and 16) * 100 / count(*) as open,
            count(*) filter (where h < 6) * 100 / count(*) as night
     from (select extract(hour from started_at at time zone 'America/New_York') as h from calls) t`,
  );
  assert.ok(Number(hours.open) > 60, `${hours.open} % in opening hours`);
  assert.ok(Number(hours.night) < 6, `${hours.night} % at night`);
  assert.equal(await db.count("calls where started_at > now()"), 0);
  assert.equal(await db.count("call_utterances where said_at > now()"), 0);
});

test("what was said lies within its call, and no two talks are alike", async () => {
  assert.equal(
    await db.count(`call_utterances u join calls c on c.id = u.call_id
                    where u.said_at < c.started_at or u.said_at > c.ended_at`),
    0,
  );
  const talks = await db.one(
    `select count(*) as all, count(distinct said) as different, min(n) as least, max(n) as most from (
       select string_agg(u.text, ' ' order by u.said_at) as said, count(*) as n from call_utterances u
       join calls c on c.id = u.call_id where c.outcome = 'handled' group by u.call_id) t`,
  );
  assert.ok(Number(talks.different) > Number(talks.all) * 0.97, JSON.stringify(talks));
  assert.ok(Number(talks.least) >= 4 && Number(talks.most) <= 14, JSON.stringify(talks));
});

test("events: those of each call, of both providers", async () => {
  const types = await db.rows("select source || ' ' || type as type from call_events group by 1 order by 1");
  assert.deepEqual(
    types.map((row) => row.type),
    ["twilio status", "twilio voice", "vapi end-of-call-report", "vapi status-update"],
  );
  assert.equal(await db.count("calls c where not exists (select from call_events e where e.call_id = c.id)"), 0);
});

test("digests of past days, most of them delivered, with the mails that the server would have made", async () => {
  const digests = await db.one(
    `select count(*) as all, count(*) filter (where delivery_status = 'delivered') as delivered,
            max(local_date) < current_date as past,
            bool_and(mail ->> 'html' like '<%' and mail ->> 'text' <> '') as all_whole,
            bool_and(mail -> 'to' = '["owner@larkspur.example"]') as all_to,
            bool_and(request_sha256 = sha256(request_body)) as all_signed,
            bool_and(due_at = private.digest_due_at(local_date, 'America/New_York', 420, null)) as all_at_seven,
            bool_and(sent_at is not distinct from case when status = 'sent' then updated_at end) as all_sent
     from digests, lateral (select convert_from(request_body, 'UTF8')::jsonb as mail) m`,
  );
  const { all, delivered, ...rest } = digests;
  assert.ok(Number(all) >= 28 && Number(delivered) >= 25, JSON.stringify(digests));
  assert.deepEqual(rest, {
    past: true,
    all_whole: true,
    all_to: true,
    all_signed: true,
    all_at_seven: true,
    all_sent: true,
  });
  // The subject counts the calls of the day.
  assert.deepEqual(
    await db.rows(
      `select d.local_date from digests d
       cross join lateral (select count(*) as n from calls c where c.business_id = d.business_id
                           and (c.listed_at at time zone 'America/New_York')::date = d.local_date) c
       where c.n > 0 and private.mail_of(d.request_body) ->> 'subject' !~ ('\\m' || c.n || ' calls?\\M')`,
    ),
    [],
  );
  // Each mail has its recipient's state, and it is the digest's.
  assert.equal(
    await db.count("digest_deliveries where address = 'owner@larkspur.example'"),
    await db.count("digests where status = 'sent'"),
  );
  assert.equal(
    await db.count(`digest_deliveries a join digests d using (business_id, local_date)
                    where (a.status, a.error) is distinct from (d.delivery_status, d.error) or a.happened_at < d.sent_at`),
    0,
  );
});

test("words to search for are those that the database itself would make", async () => {
  await db.rows("create table words_as_loaded as select * from private.call_words");
  assert.ok((await db.count("words_as_loaded")) > 500);
  await db.rows("select private.rebuild_call_words(null)");
  assert.equal(
    await db.count(`words_as_loaded a full join private.call_words b using (call_id)
                    where (a.business_id, a.listed_at, a.words) is distinct from (b.business_id, b.listed_at, b.words)`),
    0,
  );
  await db.rows("drop table words_as_loaded");
});

test("keys, indexes, triggers and security are as before", async () => {
  assert.deepEqual(await shape(db), before);
});

test("a second run says what is there and changes nothing", async () => {
  const counts = () => Promise.all(TABLES.map((table) => db.count(table)));
  const was = await counts();
  const again = await demo(["--days", "60", "--businesses", "2"]);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /There are \d+ made-up calls here already/);
  assert.deepEqual(await counts(), was);
});

test("owner and staff sign in and see the history; a second run may change the password", async () => {
  const server = await world.start();
  const owner = await signIn(server, "owner@larkspur.example", PASSWORD);
  const overview = await server.get("/api/v1/overview", { headers: bearer(owner) });
  assert.equal(overview.status, 200, overview.text);
  const list = await server.get("/api/v1/calls?limit=20", { headers: bearer(owner) });
  assert.equal(list.status, 200, list.text);
  assert.equal(list.json().calls.length, 20);
  const digests = await server.get("/api/v1/digests", { headers: bearer(owner) });
  assert.equal(digests.status, 200, digests.text);
  await signIn(server, "staff@larkspur.example", PASSWORD);
  const changed = await demo(["--password", "another-password"]);
  assert.equal(changed.code, 0, changed.stderr);
  await signIn(server, "owner@larkspur.example", "another-password");
});

test("an hour later, --more ends the call that went on and adds what came since", async () => {
  const [live] = await db.rows(
    "update calls set started_at = started_at - interval '1 hour' where status = 'in-progress' returning id",
  );
  const was = await db.count("calls");
  const end = await demo(["--more"]);
  assert.equal(end.code, 0, end.stderr);
  assert.match(end.stdout, /The password is that of an earlier run/);
  assert.deepEqual(await db.one("select status, outcome, duration_seconds from calls where id = $1", [live.id]), {
    status: "ended",
    outcome: "handled",
    duration_seconds: "150.000",
  });
  await until("its words are indexed", async () => {
    await db.rows("select private.index_due_calls(100)"); // or the server does it
    return (await db.count("private.call_words where call_id = $1", [live.id])) === 1;
  });
  assert.ok((await db.count("calls")) > was, "there is another one that goes on");
  assert.equal(await db.count("business_users"), 2);
});

test("the same seed gives the same rows, another one others", async () => {
  const args = ["--until", "2026-11-08", "--days", "12", "--businesses", "5", "--calls-per-day", "9"];
  const [a, b, c] = [await fresh("demo_a"), await fresh("demo_b"), await fresh("demo_c")];
  for (const [on, seed] of [
    [a, "11"],
    [b, "11"],
    [c, "12"],
  ]) {
    const end = await demo([...args, "--seed", seed], on);
    assert.equal(end.code, 0, end.stderr);
  }
  const [one, same, other] = [await print(a), await print(b), await print(c)];
  assert.deepEqual(one, same);
  for (const table of Object.keys(one)) assert.notEqual(one[table], other[table], table);
  // The days on which the clocks change: 1 November has 25 hours in New York.
  const day = await a.one(
    `select count(*) as n from calls c join businesses b on b.id = c.business_id
     where (c.started_at at time zone b.timezone)::date = '2026-11-01'`,
  );
  assert.ok(Number(day.n) > 0);
  assert.equal(
    await a.count(`calls c join businesses b on b.id = c.business_id
                   where (c.started_at at time zone b.timezone)::date not between '2026-10-28' and '2026-11-08'`),
    0,
  );
  assert.equal(await a.count("(select from businesses group by name) t"), 5);
  assert.ok((await a.count("(select from businesses group by timezone) t")) >= 3, "several time zones");

  const more = await demo(
    ["--until", "2026-11-11", "--days", "15", "--businesses", "6", "--calls-per-day", "9", "--seed", "11", "--more"],
    a,
  );
  assert.equal(more.code, 0, more.stderr);
  assert.equal(await a.count("businesses"), 6);
  const ends = await a.rows(
    `select (max(c.started_at) at time zone b.timezone)::date::text as last, min(b.id::text) as id
     from calls c join businesses b on b.id = c.business_id group by b.id, b.timezone`,
  );
  assert.ok(
    ends.every((row) => row.last >= "2026-11-09"),
    JSON.stringify(ends),
  );
});

test("a large load makes keys and indexes anew, and none is missing", async () => {
  const big = await fresh("demo_big");
  const was = await shape(big);
  const end = await demo(
    ["--businesses", "12", "--calls-per-day", "60", "--days", "20", "--utterances", "4", "--events", "none"],
    big,
  );
  assert.equal(end.code, 0, end.stderr);
  assert.ok((await big.count("calls")) > 10000);
  assert.equal(await big.count("call_events"), 0);
  assert.deepEqual(await shape(big), was);
  assert.match(end.stderr, /calls .*done in .* rows\/s/);
  assert.equal(await big.count("businesses"), 12);
  // Words of all trades; an eighth of the calls is enough.
  const words = await big.one(
    `select count(*) as all, count(*) filter (where w.words is distinct from private.lexemes(c.business_id, c.listed_at,
              concat_ws(' ', c.summary, c.reason, c.caller_name,
                        (select string_agg(u.text, ' ') from call_utterances u where u.call_id = c.id)))) as wrong
     from calls c join private.call_words w on w.call_id = c.id where c.id < '20000000-0000-0000-0000-000000000000'`,
  );
  assert.ok(Number(words.all) > 1000, JSON.stringify(words));
  assert.equal(Number(words.wrong), 0);
});

test("shaped by options: no transcripts, no progress, another owner", async () => {
  const plain = await fresh("demo_plain");
  const end = await demo(
    ["--no-transcripts", "--quiet", "--days", "3", "--owner-email", "kim@larkspur.example"],
    plain,
  );
  assert.equal(end.code, 0, end.stderr);
  assert.equal(end.stderr, "");
  assert.equal(await plain.count("call_utterances"), 0);
  assert.equal(await plain.count("auth.users where email = 'kim@larkspur.example'"), 1);
  const [, password] = /password (\S+)\.$/m.exec(end.stdout);
  assert.match(password, /^[a-z]+(-[a-z]+){3}-\d{3}$/);
});

test("stopped half way it leaves nothing", async () => {
  const cut = await fresh("demo_cut");
  const was = await shape(cut);
  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"]) {
    const child = spawn(BIN, ["demo", "--businesses", "200", "--days", "200", "--events", "none"], {
      env: cleanEnv({ MIGRATE_DATABASE_URL: cut.ownerUrl }),
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
    const gone = new Promise((resolve) => child.on("close", (code, name) => resolve({ code, name })));
    await until("rows arrive", async () => {
      const [row] = await cut.rows(
        "select sum(tuples_processed) as n from pg_stat_progress_copy where datname = current_database()",
      );
      return Number(row.n) > 100;
    });
    child.kill(signal);
    const end = await gone;
    if (signal === "SIGKILL") assert.equal(end.name, "SIGKILL");
    else assert.deepEqual(end, { code: signal === "SIGINT" ? 130 : 143, name: null }, said);
    if (signal !== "SIGKILL") assert.match(said, /stopped, nothing was kept/);
    await until("its session ended", async () => {
      const n = await cut.count(
        "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query ~ 'copy|begin'",
      );
      return n === 0;
    });
    for (const table of [...TABLES, "auth.users", "private.call_words"]) assert.equal(await cut.count(table), 0, table);
    assert.deepEqual(await shape(cut), was);
  }
});

test("refused where it does not belong", async () => {
  const empty = await Database.create("demo_empty");
  after(() => empty.drop());
  const missing = await demo([], empty);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /schema is missing: run `ringback migrate --local`/);

  const supabase = await fresh("demo_supabase");
  await supabase.rows("create table auth.schema_migrations (version text)");
  const theirs = await demo([], supabase);
  assert.equal(theirs.code, 1);
  assert.match(theirs.stderr, /Supabase's database/);

  const older = await fresh("demo_older");
  await older.rows(
    "delete from supabase_migrations.schema_migrations where version = (select max(version) from supabase_migrations.schema_migrations)",
  );
  const behind = await demo([], older);
  assert.equal(behind.code, 1);
  assert.match(behind.stderr, /schema is not this version's/);

  const server = await command(["demo"], { MIGRATE_DATABASE_URL: db.serverUrl });
  assert.equal(server.code, 1);
  assert.equal((await command(["demo"], {})).code, 1);
  for (const on of [supabase, older]) assert.equal(await on.count("calls"), 0);
});

test("arguments that make no sense: exit code 2 and the reason", async () => {
  const bad = [
    ["--days", "0"],
    ["--days", "1001"],
    ["--days", "ten"],
    ["--days", "-3"],
    ["--days"],
    ["--calls-per-day", "0"],
    ["--businesses", "10001"],
    ["--businesses", "10000", "--calls-per-day", "101"],
    ["--seed", "x"],
    ["--utterances", "3"],
    ["--events", "many"],
    ["--owner-email", "nobody"],
    ["--owner-email", 'a"b@c.example'],
    ["--password", "short"],
    ["--until", "2026-02-29"],
    ["--until", "yesterday"],
    ["--wrong"],
    ["more"],
  ];
  for (const args of bad) {
    const end = await demo(args);
    assert.equal(end.code, 2, args.join(" "));
    assert.match(end.stderr, /^ringback demo: .*--help tells more\n$/, args.join(" "));
    assert.equal(end.stdout, "");
  }
  const late = await demo(["--until", "2099-12-31"]);
  assert.equal(late.code, 1);
  assert.match(late.stderr, /lies in the future/);
  const help = await demo(["--help"]);
  assert.equal(help.code, 0);
  for (const flag of ["--days", "--calls-per-day", "--businesses", "--seed", "--owner-email", "--password", "--until"])
    assert.ok(help.stdout.includes(flag));
});
