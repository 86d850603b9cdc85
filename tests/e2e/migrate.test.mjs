// `ringback migrate`: idempotent, looks before it leaps, and leaves a database that says no to whom it should.
import test from "node:test";
import assert from "node:assert/strict";
import pg from "pg";
import { Database, once } from "./lib/database.mjs";
import { command } from "./lib/server.mjs";
import { World, migrate } from "./lib/world.mjs";

const world = await World.create({ seed: false });
const { db } = world;
const env = { MIGRATE_DATABASE_URL: db.ownerUrl };
const TABLES = [
  "businesses",
  "business_phones",
  "business_users",
  "calls",
  "call_events",
  "call_utterances",
  "dead_letters",
];

test("a second run changes nothing and says so", async () => {
  const schema = () =>
    db.rows(`select table_name, column_name, data_type, column_default, is_nullable from information_schema.columns
                                where table_schema in ('public', 'auth') order by 1, 2`);
  const before = await schema();
  for (const args of [["--local"], [], ["--local"]]) {
    const end = await migrate(db, args);
    assert.equal(end.code, 0, end.stderr);
  }
  assert.deepEqual(await schema(), before);
});

test("two runs at once: both succeed", async () => {
  const fresh = await Database.create("twice");
  const first = await migrate(fresh);
  assert.equal(first.code, 0, first.stderr);
  const ends = await Promise.all([1, 2, 3].map(() => command(["migrate"], { MIGRATE_DATABASE_URL: fresh.ownerUrl })));
  for (const end of ends) assert.equal(end.code, 0, end.stderr);
  await fresh.drop();
});

test("--dry-run tells and does not do; --status tells what is applied", async () => {
  const fresh = await Database.create("dry");
  const on = { MIGRATE_DATABASE_URL: fresh.ownerUrl };
  const dry = await migrate(fresh, ["--local", "--dry-run"]);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /\d{14}/);
  assert.equal(await fresh.count("pg_tables where schemaname = 'public' and tablename = 'calls'"), 0);
  const pending = await command(["migrate", "--status"], on);
  assert.match(pending.stdout, /\d{14}/);
  assert.equal(
    await fresh.count("pg_tables where schemaname = 'public' and tablename = 'calls'"),
    0,
    "--status changes nothing",
  );
  const done = await migrate(fresh);
  assert.equal(done.code, 0);
  assert.match(done.stdout, /\d{14}/, "it prints each migration");
  const status = await command(["migrate", "--status"], on);
  assert.equal(status.code, 0, status.stderr);
  assert.notEqual(status.stdout, pending.stdout);
  assert.equal(await fresh.count("pg_tables where schemaname = 'public' and tablename = 'calls'"), 1);
  await fresh.drop();
});

test("a database that cannot be reached: one clear line, no password in it", async () => {
  const end = await command(["migrate"], { MIGRATE_DATABASE_URL: "postgresql://owner:hush-hush@127.0.0.1:1/x" });
  assert.ok(end.code > 0);
  assert.ok(end.stderr.trim().length > 0 && !end.stderr.includes("hush-hush"));
});

test("without MIGRATE_DATABASE_URL it takes DATABASE_URL", async () => {
  const end = await command(["migrate", "--status"], { DATABASE_URL: db.ownerUrl });
  assert.equal(end.code, 0, end.stderr);
});

test("the tables of the contract are there, each with row-level security", async () => {
  for (const table of TABLES) {
    const row = await db.one("select relrowsecurity as rls from pg_class where oid = $1::regclass", [
      `public.${table}`,
    ]);
    assert.equal(row.rls, true, table);
  }
});

test("the server's login owns nothing, inherits nothing and is no superuser", async () => {
  const role = await db.one(
    `select rolsuper, rolbypassrls, rolinherit, rolcreatedb, rolcreaterole, rolcanlogin from pg_roles
     where rolname = 'ringback_server'`,
  );
  assert.deepEqual(role, {
    rolsuper: false,
    rolbypassrls: false,
    rolinherit: false,
    rolcreatedb: false,
    rolcreaterole: false,
    rolcanlogin: true,
  });
  assert.equal(
    await db.count("pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = 'ringback_server'"),
    0,
  );
  for (const name of ["ringback_ingest", "ringback_digest", "ringback_booking"]) {
    assert.equal((await db.one("select rolcanlogin from pg_roles where rolname = $1", [name])).rolcanlogin, false);
  }
});

test("the server's login by itself reads no table", async () => {
  for (const table of TABLES) {
    await assert.rejects(once(db.serverUrl, `select * from ${table}`), /permission denied/, table);
  }
});

test("nobody who is not signed in reads or writes a row", async () => {
  const client = new pg.Client({ connectionString: db.ownerUrl });
  await client.connect();
  await db.addBusiness({
    id: "44444444-4444-4444-8444-444444444444",
    name: "Larkspur North",
    phone: "+12125550146",
    forwardTo: null,
    assistantId: null,
    greeting: null,
  });
  for (const role of ["anon", "authenticated"]) {
    await client.query(`set role ${role}`);
    for (const table of TABLES) {
      const seen = await client.query(`select * from ${table}`).then(
        (result) => result.rows.length,
        (error) => {
          assert.match(error.message, /permission denied/);
          return 0;
        },
      );
      assert.equal(seen, 0, `${role} reads ${table}`);
    }
    await assert.rejects(
      client.query("insert into calls (id) values (gen_random_uuid())"),
      /permission denied|row-level security/,
    );
    await client.query("reset role");
  }
  await client.end();
});

test("a business has sane defaults", async () => {
  const row = await db.one("select * from businesses where id = '44444444-4444-4444-8444-444444444444'");
  assert.equal(row.calcom_enabled, false);
  assert.ok(row.created_at);
  await assert.rejects(db.mapPhone("+12125550146", row.id), /unique|duplicate/);
});

test("--help of migrate", async () => {
  const end = await command(["migrate", "--help"], env);
  assert.equal(end.code, 0);
  for (const flag of ["--local", "--status", "--dry-run"]) assert.ok(end.stdout.includes(flag));
});
