// The digest's statements where much has gathered: what is quick on a small database and stops everybody on a large one.
import test from "node:test";
import assert from "node:assert/strict";
import { DigestDesk } from "./lib/digest-desk.mjs";
import { statements } from "./lib/statements.mjs";

const desk = await DigestDesk.open("digest_grown");
const { db } = desk;
const STATE = statements().digest_state;

test("one number that calls all day: the digest comes all the same", async () => {
  const business = await desk.addBusiness("Busy");
  await db.rows(
    `insert into calls (id, business_id, caller_claim, called_claim, status_rank, ended_claim, started_at, reported_seconds,
                        caller_spoke, has_report)
     select gen_random_uuid(), $1, '3+12125550199', '3+12125550142', 5, '5silence-timed-out',
            timestamptz '2026-11-17T05:00:05Z' + n * interval '4 seconds', 60, true, true
     from generate_series(1, 20000) n`,
    [business],
  );
  await db.rows("analyze calls");
  await desk.client.query("set statement_timeout = 10000"); // as the server has it
  const facts = await desk.ask(business);
  assert.deepEqual([facts.calls.value, facts.to_call_back, facts.call_back[0].tries], [20000, 1, 20000]);
});

test("no function that parallel workers may run catches an exception: Postgres refuses that", async () => {
  const wrong = await db.rows(
    `select p.oid::regprocedure::text as name
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
     where n.nspname in ('public', 'private') and l.lanname = 'plpgsql' and p.prosrc ~ '\\mexception\\s+when\\M'
       and p.proparallel <> 'u'`,
  );
  assert.deepEqual(wrong, []);
});

test("the state of all digests is read from indexes, and where Postgres likes workers too", async () => {
  await db.rows(
    `insert into digests (business_id, local_date, status, due_at)
     select $1, date '2020-01-01' + n, case n % 1000 when 0 then 'unknown' else 'sent' end, now() from generate_series(1, 20000) n`,
    [await desk.addBusiness("Long ago")],
  );
  await db.rows("analyze digests");
  for (const way of ["parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0"])
    await desk.client.query(`set ${way}`);
  assert.equal((await desk.asServer(STATE, []))[0].unknown, "20");
  const plan = (await desk.asServer(`explain ${STATE}`, [])).map((row) => row["QUERY PLAN"]).join("\n");
  assert.doesNotMatch(plan, /Seq Scan on digests/);
});
