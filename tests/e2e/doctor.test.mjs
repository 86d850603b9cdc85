// `ringback doctor`: each finding on a line of its own, with what helps; 1 if the server cannot work so.
import test from "node:test";
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { PUBLIC_URL } from "./lib/env.mjs";
import { Database, once, urlFor } from "./lib/database.mjs";
import { World, migrate } from "./lib/world.mjs";
import { command } from "./lib/server.mjs";

const world = await World.create({ seed: false });
const { db } = world;
const GOOD = {
  DATABASE_URL: db.serverUrl,
  PUBLIC_URL,
  DASHBOARD_URL: "https://calls.larkspur.example.com",
  RESEND_API_KEY: "re_Larkspur_doctor",
  RESEND_FROM: "digest@mail.example.com",
  RESEND_WEBHOOK_SECRET: "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY",
  CRON_SECRET: "larkspur-cron-secret-doctor",
};
const LARKSPUR = "aaaaaaaa-0000-4000-8000-000000000001";
const MARIGOLD = "bbbbbbbb-0000-4000-8000-000000000002";
const SECRETS = /re_Larkspur|whsec_AQ|larkspur-cron|desk@|zoe@/;

async function doctor(env = {}, words = []) {
  const done = await command(["doctor", ...words], { ...GOOD, ...env });
  assert.ok(!/Sanitizer|runtime error/.test(done.stderr), done.stderr);
  assert.ok(!SECRETS.test(done.stdout + done.stderr), done.stdout);
  const lines = done.stdout.trimEnd().split("\n");
  const [, fatal, warn, ok] = /^(\d+) fatal, (\d+) to look at, (\d+) ok$/.exec(lines.at(-1)) ?? [];
  const findings = lines.slice(0, -2).filter((line) => !/^ {7}and \d+ more$/.test(line));
  if (fatal !== undefined) {
    for (const line of findings) assert.match(line, /^(ok   |warn |fatal)  \S/, done.stdout);
    assert.deepEqual(
      ["fatal", "warn ", "ok   "].map((word) => findings.filter((line) => line.startsWith(word)).length),
      [fatal, warn, ok].map(Number),
    );
    for (const line of findings) assert.equal(line.startsWith("ok"), !line.includes(" -> "), line);
    assert.equal(done.code, Number(fatal) ? 1 : 0);
  }
  return { ...done, lines, findings };
}
const has = (done, pattern) => assert.match(done.stdout, pattern);
const lines = (done, pattern) => done.findings.filter((line) => pattern.test(line));

test("an installation that is in order has nothing but ok", async () => {
  await db.rows(
    "insert into businesses (id, name, email, timezone) values ($1, 'Larkspur Dental', 'desk@larkspur.example', 'UTC')",
    [LARKSPUR],
  );
  await db.rows("insert into business_phones values ('+12125550142', $1)", [LARKSPUR]);
  const done = await doctor();
  assert.deepEqual(lines(done, /^(warn|fatal)/), []);
  for (const words of [
    /settings can be used/,
    /database answers/,
    /may take the server's roles/,
    /schema is current/,
    /Resend/,
  ]) {
    has(done, words);
  }
});

test("--help, and words that it does not know", async () => {
  assert.match((await doctor({}, ["--help"])).stdout, /^usage: ringback doctor/);
  const wrong = await doctor({}, ["--fix"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /no option --fix/);
  assert.match((await command(["--help"])).stdout, /^ {2}doctor +\S/m);
});

test("settings that cannot be used are fatal", async () => {
  has(
    await doctor({ RESEND_FROM: null }),
    /^fatal {2}RESEND_FROM: needed with RESEND_API_KEY.* -> ringback serve --help/m,
  );
  has(await doctor({ DIGEST_SHEDULE: "x" }), /^fatal {2}DIGEST_SHEDULE: no such setting/m);
  has(await doctor({ DATABASE_URL: null }), /^fatal {2}DATABASE_URL is not set -> /m);
});

test("ways to send, and addresses", async () => {
  const none = { RESEND_API_KEY: null, RESEND_FROM: null, RESEND_WEBHOOK_SECRET: null };
  has(await doctor(none), /^warn {3}there is no way to send mail.* -> set RESEND_API_KEY/m);
  has(
    await doctor({ RESEND_WEBHOOK_SECRET: null }),
    /^warn {3}delivery events of Resend are refused.* -> .*RESEND_WEBHOOK_SECRET/m,
  );
  has(await doctor({ PUBLIC_URL: null }), /^warn {3}PUBLIC_URL is not set -> /m);
  has(await doctor({ PUBLIC_URL: "http://larkspur.example" }), /^warn {3}PUBLIC_URL does not begin with https/m);
  has(await doctor({ DASHBOARD_URL: "http://larkspur.example" }), /^warn {3}DASHBOARD_URL does not begin with https/m);
  has(await doctor({ CRON_SECRET: null }), /^ok {5}.*daily-digest is shut/m);
  const smtp = { ...none, RESEND_FROM: GOOD.RESEND_FROM, SMTP_URL: "smtps://mail.larkspur.example" };
  has(await doctor(smtp), /^ok {5}mail goes through the server of SMTP_URL/m);
});

test("a database that is away, empty, old, or not ours is fatal", async () => {
  const away = await doctor({ DATABASE_URL: "postgresql://ringback_server@127.0.0.1:1/none" });
  has(away, /^fatal {2}the database cannot be reached -> /m);
  const empty = await Database.create("doctor_empty");
  has(
    await doctor({ DATABASE_URL: empty.serverUrl }),
    /^fatal {2}the schema is older than this program -> ringback migrate/m,
  );
  await migrate(empty);
  await once(empty.ownerUrl, "delete from supabase_migrations.schema_migrations where version > '20261122190000'");
  has(
    await doctor({ DATABASE_URL: empty.serverUrl }),
    /^fatal {2}the schema is older than this program -> ringback migrate/m,
  );
  await empty.drop();
});

test("a login without the server's roles is fatal, and one that sees every row is not right", async () => {
  await once(db.ownerUrl, "create role e2e_doctor login noinherit");
  try {
    const done = await doctor({ DATABASE_URL: urlFor(db.name, "e2e_doctor") });
    for (const role of ["authenticated", "ringback_ingest", "ringback_digest", "ringback_booking", "ringback_auth"]) {
      has(done, new RegExp(`^fatal  the login may not take the role ${role} -> `, "m"));
    }
    await once(db.ownerUrl, "grant authenticated, ringback_ingest, ringback_digest, ringback_booking to e2e_doctor");
    assert.equal(lines(await doctor({ DATABASE_URL: urlFor(db.name, "e2e_doctor") }), /^fatal/).length, 1);
    const supabase = { SUPABASE_URL: "https://larkspur.example", SUPABASE_ANON_KEY: "public" };
    assert.equal((await doctor({ DATABASE_URL: urlFor(db.name, "e2e_doctor"), ...supabase })).code, 0);
  } finally {
    await once(db.ownerUrl, "drop role e2e_doctor");
  }
  const owner = await doctor({ DATABASE_URL: db.ownerUrl });
  has(owner, /^warn {3}the login of DATABASE_URL sees every row/m);
  assert.equal(owner.code, 0);
});

test("digests that are late, in doubt or failed", async () => {
  await db.rows(
    `insert into digests (business_id, local_date, status, due_at, reason, updated_at) values
       ($1, '2026-11-01', 'due', '2026-11-02 12:00Z', 'timeout', now()),
       ($1, '2026-11-02', 'claimed', '2026-11-03 12:00Z', null, now()),
       ($1, '2026-11-03', 'due', now() - interval '10 minutes', null, now()),
       ($1, '2026-11-04', 'unknown', now(), 'interrupted', now()),
       ($1, '2026-11-05', 'failed', now(), 'no_recipient', now()),
       ($1, '2026-11-06', 'failed', now(), 'no_recipient', now()),
       ($1, '2026-11-07', 'failed', now(), 'credentials', now()),
       ($1, '2026-11-08', 'failed', now(), 'refused', now() - interval '8 days'),
       ($1, '2026-11-09', 'sent', now() - interval '5 hours', null, now())`,
    [LARKSPUR],
  );
  const done = await doctor();
  assert.equal(done.code, 0);
  assert.deepEqual(
    lines(done, /past due/).map((line) => line.split(" -> ")[0]),
    [
      "warn   digest past due: Larkspur Dental, 2026-11-01, since 2026-11-02 12:00Z (timeout)",
      "warn   digest past due: Larkspur Dental, 2026-11-02, since 2026-11-03 12:00Z",
    ],
  );
  const [unknown, ...others] = lines(done, /gone out or not/);
  assert.deepEqual(others, []);
  assert.ok(unknown.includes("Larkspur Dental, 2026-11-04 (interrupted) -> look for it in the log"), unknown);
  assert.ok(unknown.endsWith(`ringback digest --date 2026-11-04 --business ${LARKSPUR} --send --again`), unknown);
  const failed = lines(done, /failed in the last 7 days/);
  assert.match(failed[0], /no_recipient: 2, last of 2026-11-06 -> set who gets the mail/);
  assert.match(failed[1], /credentials: 1, last of 2026-11-07 -> check RESEND_API_KEY/);
  assert.equal(failed.length, 2);
  await db.rows("delete from digests");
});

test("paused recipients, and businesses that nobody hears of", async () => {
  await db.rows("insert into businesses (id, name, timezone) values ($1, 'Marigold', 'UTC')", [MARIGOLD]);
  await db.rows(
    `insert into paused_recipients (business_id, address, reason) values
       ($1, 'desk@larkspur.example', 'bounced'), ($1, 'zoe@larkspur.example', 'unsubscribed')`,
    [LARKSPUR],
  );
  let done = await doctor();
  has(done, /^warn {3}recipient paused: Larkspur Dental, d…@larkspur\.example: bounced -> mend/m);
  has(done, /^warn {3}recipient paused: Larkspur Dental, z…@larkspur\.example: unsubscribed -> nothing to do/m);
  has(done, new RegExp(`^warn   nobody gets the digest: Marigold \\(${MARIGOLD}\\) -> `, "m"));
  has(done, new RegExp(`^warn   no number leads to a business: Marigold \\(${MARIGOLD}\\) -> `, "m"));
  await db.rows("update businesses set digest_enabled = false where id = $1", [MARIGOLD]);
  done = await doctor();
  assert.deepEqual(lines(done, /nobody gets/), []);
  has(done, /^ok {5}every digest has a recipient$/m);
});

test("booking that cannot work, or may have been done", async () => {
  const SECRETS_KEY = "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92";
  const env = { SECRETS_KEY };
  const keyId = crypto
    .createHmac("sha256", Buffer.from(SECRETS_KEY, "hex"))
    .update("name of the key")
    .digest("hex")
    .slice(0, 16);
  const good = [
    /^ok {5}SECRETS_KEY is there, or nobody books$/m,
    /^ok {5}whoever has booking switched on has a calendar$/m,
    /^ok {5}no key to a calendar is refused$/m,
    /^ok {5}every key to a calendar is sealed with this SECRETS_KEY$/m,
    /^ok {5}no booking is in doubt for long$/m,
  ];
  let done = await doctor();
  for (const words of good) has(done, words);

  await db.rows("update businesses set calcom_enabled = true where id = any ($1)", [[LARKSPUR, MARIGOLD]]);
  done = await doctor();
  assert.equal(done.code, 0);
  has(
    done,
    /^warn {3}SECRETS_KEY is not set, so nobody can book: 2 with booking switched on -> .*openssl rand -hex 32/m,
  );
  assert.deepEqual(
    lines(await doctor(env), /without a calendar/).map((line) => line.split(" -> ")[0]),
    [`Larkspur Dental (${LARKSPUR})`, `Marigold (${MARIGOLD})`].map(
      (who) => `warn   booking is switched on without a calendar: ${who}`,
    ),
  );

  await db.rows(
    `insert into private.calcom_credentials (business_id, sealed, key_id, event_type_id, invalid_at, invalid_why)
     values ($1, 'cal_sealed', $3, 1, null, null), ($2, 'cal_sealed', $3, 1, '2026-11-20 10:00Z', $4)`,
    [LARKSPUR, MARIGOLD, keyId, "Your api key\u0007 is expired"],
  );
  done = await doctor(env);
  has(
    done,
    new RegExp(
      `^warn   booking does not work: Cal.com refuses the key: Marigold \\(${MARIGOLD}\\), since 2026-11-20 10:00Z: ` +
        "Your api key\\? is expired -> ringback calcom check",
      "m",
    ),
  );
  assert.equal(lines(done, /^warn/).filter((line) => /booking|SECRETS_KEY/.test(line)).length, 1);
  await db.rows("update private.calcom_credentials set key_id = 'another' where business_id = $1", [LARKSPUR]);
  done = await doctor(env);
  assert.deepEqual(
    lines(done, /another SECRETS_KEY/).map((line) => line.split(" -> ")[0]),
    [`warn   booking does not work: the key is sealed with another SECRETS_KEY: Larkspur Dental (${LARKSPUR})`],
  );
  assert.ok(!/cal_sealed|63616c5f/.test(done.stdout));

  await db.rows(
    `insert into bookings (business_id, tool_call_id, status, starts_at, created_at, attendee_name, updated_at) values
       ($1, 't1', 'unknown', '2026-12-01 15:00Z', '2026-11-10 09:00Z', 'Zoe Marlow', now()),
       ($1, 't2', 'asked', '2026-12-02 15:00Z', now() - interval '2 hours', 'Zoe Marlow', now()),
       ($1, 't3', 'unknown', '2026-12-03 15:00Z', now() - interval '50 minutes', 'Zoe Marlow', now()),
       ($1, 't4', 'confirmed', '2026-12-04 15:00Z', '2026-11-20 09:00Z', 'Zoe Marlow', now())`,
    [LARKSPUR],
  );
  done = await doctor(env);
  const [first, second, ...others] = lines(done, /may have been made or not/);
  assert.match(
    first,
    /: Larkspur Dental, for 2026-12-01 15:00Z, asked for at 2026-11-10 09:00Z -> it is not looked up any/,
  );
  assert.match(second, /: Larkspur Dental, for 2026-12-02 15:00Z, asked for at \S+ \S+Z -> see that a server runs/);
  assert.deepEqual(others, []);
  assert.ok(!done.stdout.includes("Marlow"));

  // Whoever has it switched off is not told about.
  await db.rows("delete from bookings");
  await db.rows("update businesses set calcom_enabled = false");
  done = await doctor();
  for (const words of good) has(done, words);
});

test("long lists are cut, and say so", async () => {
  await db.rows(
    `insert into businesses (name, timezone, digest_enabled) select 'Larkspur Branch ' || n, 'UTC', false from generate_series(1, 30) n`,
  );
  const done = await doctor();
  assert.equal(lines(done, /no number leads/).length, 20);
  has(done, /^ {7}and 11 more$/m);
});
