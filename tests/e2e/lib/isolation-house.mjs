// Two businesses that must never see each other, with rows in every table and a word of their own in every text; a call
// that belongs to nobody; and the two kinds of database they may live in: our own, and one as Supabase hands it out.
import assert from "node:assert/strict";
import pg from "pg";
import { Database, once, urlFor } from "./database.mjs";
import { ADMIN_URL } from "./env.mjs";
import { command } from "./server.mjs";
import { migrate } from "./world.mjs";

const id = (kind, n) => `${kind}0${n}-0000-4000-8000-00000000000${n}`;

/** Each word stands in every text of that tenant and nowhere else. */
export const A = {
  word: "larkspurine",
  business: id("aaaaaa", 1),
  owner: id("a0a0a0", 2),
  staff: id("a1a1a1", 3),
  session: id("a2a2a2", 4),
  call: id("a3a3a3", 5),
  phone: "+12125550151",
  caller: "+16465550161",
};
export const B = {
  word: "marigoldine",
  business: id("bbbbbb", 1),
  owner: id("b0b0b0", 2),
  staff: id("b1b1b1", 3),
  session: id("b2b2b2", 4),
  call: id("b3b3b3", 5),
  phone: "+12125550152",
  caller: "+16465550162",
};
/** Nobody's. */
export const UNASSIGNED = {
  word: "foundlingine",
  call: id("c3c3c3", 5),
  phone: "+12125550153",
  caller: "+16465550163",
};
export const STRANGER = id("d0d0d0", 2);
/** Owner of A's business and staff of B's. */
export const BOTH = id("e0e0e0", 2);
export const BOTH_SESSION = id("e2e2e2", 4);
export const DEAD_SESSION = id("a9a9a9", 9);

/** What tells a tenant's rows apart from everybody else's, wherever it turns up. */
export const canaries = (tenant) => Object.values(tenant).filter((value) => value);

const text = (tenant, what) => `${tenant.word} ${what}`;

async function fillPeople(db) {
  const people = { [A.owner]: "a-owner", [A.staff]: "a-staff", [B.owner]: "b-owner", [B.staff]: "b-staff" };
  for (const [user, name] of Object.entries({ ...people, [STRANGER]: "stranger", [BOTH]: "both" })) {
    const word = name.startsWith("a-") ? A.word : name.startsWith("b-") ? B.word : "nobody";
    await db.rows("insert into auth.users (id, email) values ($1, $2)", [user, `${name}.${word}@larkspur.example`]);
  }
  const sessions = [
    [A.session, A.owner, null],
    [B.session, B.owner, null],
    [BOTH_SESSION, BOTH, null],
    [DEAD_SESSION, A.owner, "2026-01-01"],
  ];
  for (const row of sessions) {
    await db.rows("insert into auth.sessions (id, user_id, not_after) values ($1, $2, $3)", row);
  }
}

/** What our own sign-in keeps. */
async function fillSignIn(db) {
  for (const t of [A, B]) {
    await db.rows(
      `insert into auth.identities (provider_id, user_id, identity_data, provider) values ($1, $2, $3, 'email')`,
      [t.owner, t.owner, { email: `a.${t.word}@larkspur.example` }],
    );
    await db.rows(
      `insert into auth.refresh_tokens (token_hash, session_id, counter) values (sha256($1::text::bytea), $2, 1)`,
      [t.word, t.session],
    );
  }
  await db.rows("insert into auth.signing_keys (kid, private_jwk, status) values ('key', '{}', 'previous')");
}

async function fillDeliveries(db, t) {
  const address = `${t.word}@larkspur.example`;
  await db.rows(
    `insert into digest_deliveries (business_id, local_date, address, status, error)
     values ($1, '2026-11-20', $2, 'bounced', $3)`,
    [t.business, address, text(t, "bounce")],
  );
  await db.rows("insert into paused_recipients (business_id, address, reason, detail) values ($1, $2, 'bounced', $3)", [
    t.business,
    address,
    text(t, "bounce"),
  ]);
  await db.rows(
    `insert into private.resend_events (svix_id, type, business_id, local_date) values ($1, $2, $3, '2026-11-20')`,
    [`msg_${t.word}`, text(t, "email.bounced"), t.business],
  );
}

/** A's key is good, B's is refused. */
async function fillCalendar(db, t) {
  await db.rows("update businesses set calcom_enabled = true where id = $1", [t.business]);
  await db.rows(
    `insert into private.calcom_credentials (business_id, api_url, sealed, key_id, account, event_type_id, event_title,
                                             invalid_at, invalid_why)
     values ($1, $2, $3, $4, $5, 4711, $6, $7, $8)`,
    [
      t.business,
      `https://${t.word}.example`,
      Buffer.from(text(t, "sealed")),
      text(t, "key"),
      text(t, "account"),
      text(t, "Check-up"),
      t === A ? null : "2026-11-21 12:00Z",
      text(t, "why"),
    ],
  );
}

async function fillBusiness(db, t) {
  await db.rows(
    `insert into businesses (id, name, email, timezone, vapi_assistant_id, forward_to, fallback_greeting)
     values ($1, $2, $3, 'America/New_York', $4, $5, $6)`,
    [t.business, text(t, "Studio"), `${t.word}@larkspur.example`, text(t, "assistant"), t.phone, text(t, "greeting")],
  );
  await db.rows("insert into business_phones (phone, business_id) values ($1, $2)", [t.phone, t.business]);
  for (const [user, role] of [
    [t.owner, "owner"],
    [t.staff, "staff"],
    [BOTH, t === A ? "owner" : "staff"],
  ]) {
    await db.rows("insert into business_users (business_id, user_id, role) values ($1, $2, $3)", [
      t.business,
      user,
      role,
    ]);
  }
  await db.rows(
    `insert into digests (business_id, local_date, status, due_at, request_body, resend_id, delivery_status, error)
     values ($1, '2026-11-20', 'sent', '2026-11-21 12:00Z', $2, $3, $4, $5)`,
    [t.business, text(t, "mail"), text(t, "resend"), text(t, "delivered"), text(t, "error")],
  );
  await fillDeliveries(db, t);
  await fillCalendar(db, t);
}

async function fillCall(db, t) {
  const events = [text(t, "vapi"), text(t, "twilio")];
  await db.rows(
    `insert into calls (id, business_id, provider_claim, twilio_call_sid, caller_claim, called_claim, status_rank,
                        started_at, reported_ended_at, ended_claim, reported_seconds, summary, analysis, recording_claim,
                        cost, caller_spoke, has_report)
     values ($1, $2, $3, $4, $5, $6, 5, '2026-11-20 15:00Z', '2026-11-20 15:02Z', $7, 120, $8, $9, $10, 0.1234, true, true)`,
    [
      t.call,
      t.business ?? null,
      `1${t.word}-provider`,
      `CA-${t.word}`,
      `1${t.caller}`,
      `1${t.phone}`,
      `3${t.word}-ended`,
      text(t, "wants a crown fixed"),
      { summary: text(t, "analysis"), structuredData: { reason: text(t, "reason"), callerName: text(t, "Marlow") } },
      `1https://storage.example/${t.word}.wav`,
    ],
  );
  for (const [i, type] of events.entries()) {
    await db.rows(
      `insert into call_events (event_key, call_id, source, type, occurred_at, received_at, payload)
       values (md5($2)::uuid, $1, $3, $2, '2026-11-20 15:00Z', '2026-11-20 15:00Z', $4)`,
      [t.call, type, i ? "twilio" : "vapi", { said: text(t, "payload") }],
    );
    await db.rows(
      `insert into call_utterances (call_id, utterance_key, role, said_at, text, source)
       values ($1, md5($2)::uuid, 'user', '2026-11-20 15:00Z', $2, 'report')`,
      [t.call, text(t, `my tooth hurts ${i}`)],
    );
  }
  if (t.business) {
    await db.rows("insert into call_backs (business_id, caller_number, done_by) values ($1, $2, $3)", [
      t.business,
      t.caller,
      t.owner,
    ]);
    await db.rows(
      `insert into bookings (business_id, call_id, tool_call_id, status, starts_at, attendee_name, attendee_email,
                             attendee_phone, calcom_uid, error, provider_call_id, twilio_call_sid, answer, service)
       values ($1, $2, $3, 'confirmed', '2026-11-25 15:00Z', $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        t.business,
        t.call,
        text(t, "tool call"),
        text(t, "Marlow"),
        `marlow.${t.word}@larkspur.example`,
        t.caller,
        text(t, "uid"),
        text(t, "error"),
        `${t.word}-provider`,
        `CA-${t.word}`,
        text(t, "answer"),
        text(t, "crown"),
      ],
    );
  }
  await db.rows("insert into private.voice_answers (twilio_call_sid, twiml) values ($1, $2)", [
    `CA-${t.word}`,
    `<Say>${t.word}</Say>`,
  ]);
  await db.rows("insert into dead_letters (letter_key, source, reason, body) values ($1, 'vapi', $2, $3)", [
    `key ${t.word}`,
    text(t, "bad_json"),
    text(t, "body"),
  ]);
}

/** What the server does every second: words to search for; and then there is more to do. */
export async function makeWords(db) {
  await db.rows("select private.index_due_calls(1000)");
  await db.rows(
    "insert into private.call_words_due (call_id, has_report, due_at) select id, true, 'infinity' from calls where business_id is not null",
  );
}

/** Rows of A, of B and of nobody in every table. */
export async function fill(db) {
  await fillPeople(db);
  for (const tenant of [A, B]) await fillBusiness(db, tenant);
  for (const tenant of [A, B, UNASSIGNED]) await fillCall(db, tenant);
  await makeWords(db);
  await db.rows("analyze");
}

/** A migrated database of our own kind. */
export async function plainHouse(label) {
  const db = await Database.create(label);
  const done = await migrate(db);
  assert.equal(done.code, 0, done.stderr);
  await fill(db);
  await fillSignIn(db);
  return db;
}

// As Supabase does it: the owner of the tables is no superuser and may use the schema auth without passing that on, and
// what is made in public is granted to everybody until a migration takes it back.
const PLATFORM = `
create schema auth authorization e2e_platform;
set role e2e_platform;
create table auth.users (id uuid primary key, email text);
create table auth.sessions (id uuid primary key, user_id uuid references auth.users, not_after timestamptz);
alter table auth.users enable row level security;
alter table auth.sessions enable row level security;
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
create function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim', true), ''),
                  nullif(current_setting('request.jwt.claims', true), ''))::jsonb $$;
grant usage on schema auth to anon, authenticated, service_role;
grant all on schema auth to e2e_owner;
grant all on all tables in schema auth to e2e_owner;
reset role;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges for role e2e_owner in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges for role e2e_owner in schema public grant all on functions to anon, authenticated, service_role;
alter default privileges for role e2e_owner in schema public grant all on sequences to anon, authenticated, service_role;
`;

/** A database as Supabase hands it out, migrated by its owner. Our own kind must exist first: it makes the cluster's roles. */
export async function platformHouse(label) {
  const roles = (await once(ADMIN_URL, "select rolname from pg_roles")).map((row) => row.rolname);
  for (const role of ["e2e_platform nologin", "e2e_owner login createrole createdb bypassrls"]) {
    if (!roles.includes(role.split(" ")[0])) await once(ADMIN_URL, `create role ${role}`);
  }
  // Since Postgres 16 a role is granted on by who may administer it; ours were made by somebody else in this cluster.
  const granted = ["anon", "authenticated", "service_role", ...roles.filter((role) => role.startsWith("ringback_"))];
  for (const role of granted) await once(ADMIN_URL, `grant ${role} to e2e_owner with admin option`);
  const db = await Database.create(label);
  await once(ADMIN_URL, `alter database ${db.name} owner to e2e_owner`);
  await once(db.ownerUrl, PLATFORM);
  const done = await command(["migrate"], { MIGRATE_DATABASE_URL: urlFor(db.name, "e2e_owner") });
  assert.equal(done.code, 0, done.stderr);
  await fill(db);
  return db;
}

/** A copy to break. Whoever is connected to the original is thrown out. */
export async function copyHouse(original, label) {
  await once(ADMIN_URL, "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [original.name]);
  const copy = new Database(`${original.name}_${label}`.slice(0, 60));
  await once(ADMIN_URL, `create database ${copy.name} template ${original.name}`);
  return copy;
}

/** One session; its notices are kept. */
export async function openSession(url) {
  const client = new pg.Client({ connectionString: url });
  client.notices = [];
  client.on("error", () => {});
  client.on("notice", (notice) => client.notices.push(notice));
  await client.connect();
  return client;
}
