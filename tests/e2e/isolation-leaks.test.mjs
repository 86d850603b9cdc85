// What Postgres might tell in passing: functions and operators of the asker's own in a filter, error texts, statistics, other
// sessions, other ways to read a table, plans that were made for somebody else. All of it as a signed-in person with raw SQL,
// which nobody is given: the wall behind the wall.
import test, { after } from "node:test";
import assert from "node:assert/strict";
import { PEOPLE } from "./lib/isolation-cast.mjs";
import { declaration, granted } from "./lib/isolation-catalog.mjs";
import { A, B, UNASSIGNED, canaries, openSession, plainHouse } from "./lib/isolation-house.mjs";

const house = await plainHouse("isolation_leaks");
const { tables } = declaration({ local: true });
const session = await openSession(house.serverUrl);
after(async () => {
  await session.end();
  await house.drop();
});

const who = (name) => PEOPLE.find((person) => person.name === name);
const OWNER = who("owner of A");
const FOREIGN = [...canaries(B), ...canaries(UNASSIGNED)];

/** Everything an answer or an error carries, as one text. */
function allOf(end) {
  if (!(end instanceof Error)) return JSON.stringify(end.rows ?? end);
  return JSON.stringify(Object.fromEntries(Object.getOwnPropertyNames(end).map((name) => [name, end[name]])));
}

/** One transaction as `person`, undone; resolves to the last answer or the error, and what was noticed. */
async function as(person, ...statements) {
  session.notices.length = 0;
  await session.query("begin");
  try {
    await session.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
      person.role,
      person.claims ?? "",
    ]);
    let end = null;
    for (const sql of statements) end = await session.query(sql);
    return end;
  } catch (error) {
    return error;
  } finally {
    await session.query("rollback");
  }
}

const noticed = () => session.notices.map((notice) => notice.message).join("\n");

function assertNothingForeign(text, what) {
  const found = FOREIGN.find((canary) => text.includes(canary));
  assert.ok(!found, `${what}: tells ${found}: ${text.slice(0, 600)}`);
}

/** [table, column] of all that a person may read. */
const READABLE = Object.entries(tables).flatMap(([name, table]) =>
  granted(table, "authenticated", "select").map((column) => [name, column]),
);

test("the answers that must not be given are there to be given", async () => {
  const seen = await as({ role: "ringback_ingest" }, "select * from calls");
  assert.ok(FOREIGN.filter((canary) => JSON.stringify(seen.rows).includes(canary)).length > 4);
  assert.ok(READABLE.length > 60, "few columns are readable");
});

const SPY = `create function pg_temp.spy(text) returns boolean language plpgsql cost 0.0000001 as
             $$ begin raise notice 'spy: %', $1; return true; end $$`;
const SPY_OPERATOR = `create function pg_temp.spy2(text, text) returns boolean language plpgsql cost 0.0000001 as
                      $$ begin raise notice 'spy: %', $1; return $1 = $2; end $$;
                      create operator pg_temp.=== (leftarg = text, rightarg = text, function = pg_temp.spy2,
                                                   restrict = eqsel, join = eqjoinsel, merges, hashes)`;

test("a cheap function of the asker's own is asked after the policy", async () => {
  let told = "";
  for (const [table, column] of READABLE) {
    const spied = `pg_temp.spy(t.${column}::text)`;
    for (const sql of [
      `select 1 from ${table} t where ${spied}`,
      `select 1 from ${table} t where ${spied} and t.${column} is not null limit 1`,
      `select 1 from ${table} t where not ${spied} or ${spied}`,
      `select count(*) filter (where ${spied}) from ${table} t`,
      `select 1 from (select * from (select ${column} from ${table}) x order by pg_temp.spy(x.${column}::text)) t`,
      `select 1 from (values (1)) v left join ${table} t on ${spied}`,
      `select 1 from ${table} t where exists (select 1 where ${spied})`,
    ]) {
      await as(OWNER, SPY, sql);
      told += noticed();
      assertNothingForeign(noticed(), sql);
    }
  }
  assert.ok(told.includes(`spy: ${A.word}`), "the spy never saw a row");
});

test("so is an operator of the asker's own", async () => {
  let told = "";
  for (const [table, column] of READABLE) {
    for (const sql of [
      `select 1 from ${table} t where t.${column}::text operator(pg_temp.===) 'x'`,
      `select 1 from ${table} t join (values ('x')) v (x) on t.${column}::text operator(pg_temp.===) v.x`,
    ]) {
      const end = await as(OWNER, SPY_OPERATOR, sql);
      assert.ok(!(end instanceof Error), `${sql}: ${end.message}`);
      told += noticed();
      assertNothingForeign(noticed(), sql);
    }
  }
  assert.ok(told.includes(`spy: ${A.word}`), "the spy never saw a row");
});

test("no error text carries another tenant's value, and none comes from another tenant's row", async () => {
  for (const [table, column] of READABLE) {
    for (const sql of [
      `select 1 from ${table} t where t.${column}::text::money = '1'`,
      `select 1 from ${table} t where t.${column}::text::uuid = '${STRANGE}'`,
      `select jsonb_path_query(to_jsonb(t.${column}), 'strict $.x.y') from ${table} t`,
    ]) {
      assertNothingForeign(allOf(await as(OWNER, sql)).replaceAll(sql, ""), sql);
    }
    const whose = tables[table].user && !tables[table].business ? null : tables[table].business;
    if (!whose?.startsWith("t.")) continue;
    const trap = `select count(*) from ${table} t where 1 / (case when ${whose} = '${A.business}' then 1 else 0 end) = 1`;
    assert.ok(!((await as(OWNER, trap)) instanceof Error), `a row of somebody else was looked at: ${trap}`);
  }
});

const STRANGE = "00000000-0000-4000-8000-000000000000";

test("a change that is refused tells nothing", async () => {
  const refused = {
    "name = ''": "23514",
    "name = E'a\\nb'": "23514",
    "name = null": "23502",
    "digest_hour = 99": "23514",
    "timezone = 'Larkspur/Nowhere'": "23514",
    [`forward_to = '${B.caller}x'`]: "23514",
    "fallback_greeting = repeat('x', 1001)": "23514",
    [`id = '${B.business}'`]: "42501",
    "vapi_assistant_id = 'x'": "42501",
  };
  for (const [change, code] of Object.entries(refused)) {
    for (const where of ["true", `id = '${A.business}'`]) {
      const end = await as(OWNER, `update businesses set ${change} where ${where}`);
      assert.equal(end.code, code, change);
      assertNothingForeign(allOf(end), change);
    }
    const theirs = await as(OWNER, `update businesses set ${change} where id = '${B.business}'`);
    assert.ok(theirs.code === "42501" || theirs.rowCount === 0, `${change}: ${allOf(theirs)}`);
  }
  const taken = await as(OWNER, `insert into business_phones values ('${B.phone}', '${A.business}')`);
  assert.equal(taken.code, "42501");
  assertNothingForeign(allOf(taken), "a number that is taken");
});

test("row_security = off is refused where there are policies, not obeyed", async () => {
  for (const name of new Set(READABLE.map(([table]) => table))) {
    const column = granted(tables[name], "authenticated", "select")[0];
    const end = await as(OWNER, "set local row_security = off", `select ${column} from ${name}`);
    assert.equal(end.code, "42501", name);
  }
  for (const sql of ["set local session_replication_role = replica", "set session authorization postgres"]) {
    assert.equal((await as(OWNER, sql)).code, "42501", sql);
  }
});

test("statistics and other sessions tell nothing", async () => {
  await house.rows("analyze");
  const other = await openSession(house.ownerUrl);
  const neighbour = await openSession(house.serverUrl);
  for (const client of [other, neighbour]) await client.query(`begin; select 'asked for ${B.word}'`);
  try {
    for (const view of [
      "pg_stats",
      "pg_stats_ext",
      "pg_stats_ext_exprs",
      "pg_stat_activity",
      "pg_prepared_statements",
    ]) {
      const end = await as(OWNER, `select * from ${view}`);
      assert.ok(end.rows, view);
      assertNothingForeign(allOf(end), view);
    }
    for (const table of ["pg_statistic", "pg_statistic_ext_data", "pg_authid"]) {
      assert.equal((await as(OWNER, `select * from ${table}`)).code, "42501", table);
    }
  } finally {
    await other.end();
    await neighbour.end();
  }
});

test("no other way to read a table leads around the policies", async () => {
  const ways = (name, list) => [
    `select table_to_xml('${name}', true, false, '')`,
    `select query_to_xml('select ${list} from ${name}', true, false, '')`,
    `select * from ts_stat('select to_tsvector(t::text) from (select ${list} from ${name}) t')`,
    `explain (analyze, verbose, costs off, timing off) select ${list} from ${name}`,
    `select ${list} from ${name} tablesample system (100)`,
    `select (array_agg(t))[1] from (select ${list} from ${name}) t`,
    `with recursive r as (select t::text as x from (select ${list} from ${name}) t union select x from r) select * from r`,
    `select t.* from (select ${list} from ${name}) t, lateral (select t) l`,
    `declare c cursor for select ${list} from ${name}; fetch all from c`,
    `create temp table mine as select ${list} from ${name}; select * from mine`,
    `create temp view mine as select ${list} from ${name}; select * from mine`,
    `do $$ declare r record; begin for r in select ${list} from ${name} loop raise notice '%', r; end loop; end $$`,
  ];
  let allowed = 0;
  for (const name of Object.keys(tables)) {
    for (const sql of ways(name, granted(tables[name], "authenticated", "select").join(", ") || "*")) {
      const end = await as(OWNER, sql);
      allowed += !(end instanceof Error);
      for (const part of [end].flat()) assertNothingForeign(allOf(part) + noticed(), sql);
    }
  }
  assert.ok(allowed > 30, "most ways were closed: the test shows nothing");
  for (const sql of [
    "select pg_read_file('postgresql.conf')",
    "select * from pg_ls_dir('.')",
    "copy (select 1) to program 'true'",
    "select lo_import('/etc/hostname')",
    "select * from pg_get_wal_resource_managers() limit 0; checkpoint",
    "select pg_terminate_backend(pg_backend_pid() + 1)",
    "create extension dblink",
    "create event trigger mine on ddl_command_end execute function pg_catalog.pg_event_trigger_ddl_commands()",
  ]) {
    const end = await as(OWNER, sql);
    assert.ok(end instanceof Error || allOf(end).includes("false"), `${sql}: ${allOf(end)}`);
  }
});

// [what a person is shown of the calls, in whichever plan]
const SHOWN = ["owner of A", "owner of B", "staff of A", "user of no business", "owner of A and staff of B"].map(who);
const callsOf = (person) =>
  [A, B].filter((tenant) => person.member.includes(tenant.business)).map((tenant) => tenant.call);

for (const mode of ["auto", "force_generic_plan", "force_custom_plan"]) {
  test(`a prepared statement is everybody's own, plan_cache_mode ${mode}`, async () => {
    const client = await openSession(house.serverUrl);
    try {
      await client.query(`set plan_cache_mode = ${mode}`);
      const take = "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)";
      const list = { name: "list", text: "select id::text from public.calls where started_at > $1 order by id" };
      for (let round = 0; round < 8; round++) {
        for (const person of [...SHOWN, { role: "ringback_ingest", member: "all" }]) {
          await client.query("begin");
          await client.query({ name: "take", text: take, values: [person.role, person.claims ?? ""] });
          const { rows } = await client.query({ ...list, values: ["2020-01-01"] });
          await client.query("commit");
          const wanted = person.member === "all" ? [A.call, B.call, UNASSIGNED.call] : callsOf(person);
          assert.deepEqual(
            rows.map((row) => row.id),
            wanted.toSorted(),
            `${person.name ?? person.role}, round ${round}`,
          );
        }
        const anon = await client.query({ ...list, values: ["2020-01-01"] }).catch((error) => error);
        assert.equal(anon.code, "42501", "the login by itself");
      }
    } finally {
      await client.end();
    }
  });
}

test("the plan does not matter", async () => {
  const { version } = await house.one("select current_setting('server_version_num')::int as version");
  const parallel = version >= 160000 ? "debug_parallel_query" : "force_parallel_mode";
  const settings = [
    "enable_seqscan = off",
    "enable_indexscan = off",
    "enable_bitmapscan = off",
    "enable_hashjoin = off",
    "enable_nestloop = off",
    "enable_material = off",
    `${parallel} = on`,
    "jit_above_cost = 0",
  ];
  const words = Object.keys(tables).filter((name) => granted(tables[name], "authenticated", "select").length);
  for (const person of SHOWN) {
    const foreign = [A, B, UNASSIGNED].filter((tenant) => !person.member.includes(tenant.business)).flatMap(canaries);
    for (const setting of settings) {
      for (const name of words) {
        const list = granted(tables[name], "authenticated", "select").join(", ");
        const end = await as(person, `set local ${setting}`, `select ${list} from ${name}`);
        const found = foreign.find((canary) => canary !== person.user && allOf(end).includes(canary));
        assert.ok(end.rows && !found, `${person.name}, ${setting}, ${name}: ${found} ${end.message ?? ""}`);
      }
    }
  }
});

async function makeWords() {
  await house.rows("update private.call_words_due set due_at = now()");
  await house.rows("select private.index_due_calls(1000)");
}

test("a call that moved to another business is not found by its old one", async () => {
  const asked = (business) =>
    `select f::text as id from private.search_calls('${business}', 'crown', '-infinity', 'infinity') f`;
  const listed = `select id::text from calls where id::text in (${asked(A.business)})`;
  const ids = async (person, sql) => (await as(person, sql)).rows.map((row) => row.id);
  assert.deepEqual(await ids(OWNER, listed), [A.call]);
  await house.rows("update calls set business_id = $2 where id = $1", [A.call, B.business]);
  try {
    assert.deepEqual(await ids(OWNER, listed), [], "while its words wait");
    await makeWords();
    assert.deepEqual(await ids(OWNER, asked(A.business)), [], "and then");
    assert.deepEqual((await ids(who("owner of B"), asked(B.business))).sort(), [A.call, B.call].sort());
    await house.rows("update calls set business_id = null where id = $1", [A.call]);
    await makeWords();
    assert.deepEqual(await ids(who("owner of B"), asked(B.business)), [B.call], "nobody's is found by nobody");
  } finally {
    await house.rows("update calls set business_id = $2 where id = $1", [A.call, A.business]);
    await makeWords();
  }
});

test("words of a search are words, whatever they look like", async () => {
  let found = 0;
  for (const sought of [
    "Crown",
    "crown' | 'tooth",
    "crown:* | tooth:*",
    "!nothing",
    "\\' | a:*",
    "'",
    "(((",
    "<-> crown",
    "a".repeat(5000),
    "\u0001\ufffd",
    "%",
    "*",
    "crown:ABCD",
  ]) {
    for (const business of [A.business, B.business]) {
      const end = await as(OWNER, {
        text: "select f::text as id from private.search_calls($1, $2, '-infinity', 'infinity') f",
        values: [business, sought],
      });
      assert.ok(!(end instanceof Error), `${sought.slice(0, 40)}: ${end.message}`);
      const most = business === A.business ? [A.call] : [];
      found += end.rows.length;
      for (const row of end.rows) assert.ok(most.includes(row.id), `${sought.slice(0, 40)} found ${row.id}`);
    }
  }
  assert.ok(found > 0, "nothing was found at all");
});
