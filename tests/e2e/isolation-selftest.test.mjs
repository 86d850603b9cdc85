// The isolation tests can fail: each way to open the house that somebody may take by mistake is taken in a copy of the
// database, and must be reported.
import test, { after } from "node:test";
import assert from "node:assert/strict";
import { PEOPLE } from "./lib/isolation-cast.mjs";
import { catalogFindings, declaration } from "./lib/isolation-catalog.mjs";
import { Matrix } from "./lib/isolation-cells.mjs";
import { copyHouse, openSession, plainHouse } from "./lib/isolation-house.mjs";
import { lintFindings } from "./lib/isolation-lint.mjs";

const house = await plainHouse("isolation_selftest");
after(() => house.drop());
const declared = declaration({ local: true });

// Those whom the mistakes below are about.
const NAMES = [
  "owner of A",
  "staff of A",
  "owner of A and staff of B",
  "owner of A whose session is over",
  "owner of A with B's session",
  "user of no business",
  "user of no business who asks for B",
  "user of no business who says service_role",
  "anon",
];
const CAST = PEOPLE.filter((person) => NAMES.includes(person.name));

const MEMBERS = "= any (array(select private.my_business_ids()))";
const LIST = { columns: "id summary", business: "(select c.business_id from public.calls c where c.id = t.id)" };

// sql: the mistake. catalog, lint, cells: what must be said about it. declare: what somebody would add to the declaration.
const MISTAKES = {
  "a table without row-level security": {
    sql: "create table public.notes (business_id uuid primary key, said text); grant select on public.notes to authenticated",
    catalog: /public\.notes is in the database and not covered/,
    lint: /notes: row-level security is not on/,
  },
  "a table with row-level security that is not forced": {
    sql: "alter table public.calls no force row level security",
    lint: /^calls: row-level security is not forced/,
  },
  "row-level security switched off": {
    sql: "alter table public.calls disable row level security",
    lint: /^calls: row-level security is not on/,
    cells: ["public.calls", /^user of no business: count on public\.calls: wanted 0 rows, got 3 rows/],
  },
  "a table that is gone": {
    sql: "drop table public.bookings",
    catalog: /public\.bookings is covered and not in the database/,
  },
  "a view that runs as its owner": {
    sql: `create view public.call_list as select id, summary from public.calls;
          grant select on public.call_list to authenticated`,
    catalog: /public\.call_list is in the database and not covered/,
    lint: /call_list: a view that runs as its owner/,
  },
  "… although somebody declared it": {
    sql: `create view public.call_list as select id, summary from public.calls;
          grant select on public.call_list to authenticated`,
    declare: {
      "public.call_list": { ...LIST, grants: { authenticated: { select: "all" } }, sees: { authenticated: "member" } },
    },
    cells: ["public.call_list", /^staff of A: count on public\.call_list: wanted 1 rows, got 3 rows/],
  },
  "a view that runs as its owner, for one more role": {
    sql: `create view public.call_list with (security_invoker = off) as select id, summary from public.calls`,
    lint: /call_list: a view that runs as its owner/,
  },
  "a materialized view": {
    sql: `create materialized view public.call_list as select id, summary from public.calls;
          grant select on public.call_list to authenticated`,
    catalog: /public\.call_list is in the database and not covered/,
    lint: /call_list: cannot have row-level security and is readable/,
  },
  "a function that runs as its owner, with the caller's search_path, for everybody": {
    sql: `create function public.all_calls() returns setof uuid language sql security definer
          as 'select id from public.calls'`,
    catalog: /public\.all_calls\(\) is in the database and not covered/,
    lint: [
      /all_calls\(\): runs as its owner with the caller's search_path/,
      /all_calls\(\): runs as its owner and is callable by everybody/,
      /all_calls\(\): is granted to public/,
    ],
  },
  "a function whose search_path leads to public": {
    sql: "alter function private.my_business_ids() set search_path = public",
    lint: /my_business_ids\(\): runs as its owner with the caller's search_path/,
  },
  "a function that everybody may call": {
    sql: "grant execute on function private.my_business_ids() to public",
    catalog: /private\.my_business_ids\(\): callable by public is true/,
    lint: /my_business_ids\(\): is granted to public/,
  },
  "a function that now runs as its owner": {
    sql: "alter function private.words_of(text) security definer",
    catalog: /private\.words_of\(text\): security definer is true/,
  },
  "a function that says it is leakproof": {
    sql: "alter function private.csv_cell(text) leakproof",
    lint: /csv_cell\(text\): claims to be leakproof/,
  },
  "a policy for everything": {
    sql: "create policy open on public.calls for select to authenticated using (true)",
    lint: /policy open on calls: lets everybody see everything/,
    cells: ["public.calls", /^user of no business: select id on public\.calls: wanted 0 rows, got 3 rows/],
  },
  "a policy for everything, in other words": {
    sql: "create policy open on public.calls for select to authenticated using (auth.uid() is not null)",
    lint: /policy open on calls: does not ask whose the row is/,
    cells: ["public.calls", /^user of no business: keys of public\.calls: wanted , got /],
  },
  "a policy for whoever there is": {
    sql: `create policy open on public.digests for select using (business_id ${MEMBERS} or status = 'sent')`,
    cells: ["public.digests", /^user of no business: count on public\.digests: wanted 0 rows, got 2 rows/],
  },
  "a policy that believes what users write about themselves": {
    sql: `create policy open on public.calls for select to authenticated
          using (business_id::text = auth.jwt() -> 'user_metadata' ->> 'business_id')`,
    lint: /policy open on calls: reads what users write about themselves/,
    cells: ["public.calls", /^user of no business who asks for B: count on public\.calls: wanted 0 rows, got 1 rows/],
  },
  "a policy that believes the claimed role": {
    sql: `create policy open on public.calls for select to authenticated using (auth.role() = 'service_role')`,
    cells: ["public.calls", /^user of no business who says service_role: count on public\.calls: wanted 0 rows, got 3/],
  },
  "a policy that shows what is nobody's": {
    sql: `alter policy calls_member on public.calls using (business_id ${MEMBERS} or business_id is null)`,
    cells: ["public.calls", /^owner of A: count on public\.calls: wanted 1 rows, got 2 rows/],
  },
  "a policy for changes that does not look at what comes of them": {
    sql: `drop policy businesses_owner on public.businesses;
          create policy businesses_owner on public.businesses for update to authenticated
          using (id = any (array(select private.my_owned_business_ids())) and (select private.session_is_live()))`,
    lint: /policy businesses_owner on businesses: changes rows without a check of what they become/,
  },
  "staff who may write": {
    sql: `alter policy businesses_owner on public.businesses
          using (id ${MEMBERS} and (select private.session_is_live())) with check (id ${MEMBERS})`,
    cells: [
      "public.businesses",
      /^owner of A and staff of B: update name on public\.businesses: wanted [^,]*, got [^,]*,/,
    ],
  },
  "writing after signing out": {
    sql: `alter policy businesses_owner on public.businesses
          using (id = any (array(select private.my_owned_business_ids())))
          with check (id = any (array(select private.my_owned_business_ids())))`,
    cells: ["public.businesses", /^owner of A whose session is over: update name on public\.businesses: wanted , got /],
  },
  "somebody else's session": {
    sql: `create or replace function private.session_is_live() returns boolean language plpgsql stable security definer
          set search_path = '' as $$ begin
          return exists (select from auth.sessions s where s.id = (auth.jwt() ->> 'session_id')::uuid); end $$`,
    cells: ["public.businesses", /^owner of A with B's session: update name on public\.businesses: wanted , got /],
  },
  "a caller who may be put on the list again without a session": {
    sql: `alter policy call_backs_untick on public.call_backs using (business_id ${MEMBERS})`,
    cells: ["public.call_backs", /^owner of A whose session is over: delete on public\.call_backs: wanted , got /],
  },
  "a caller whom anybody may tick off": {
    sql: `alter policy call_backs_tick on public.call_backs with check ((select private.session_is_live()))`,
    lint: /policy call_backs_tick on call_backs: does not ask whose the row is/,
    cells: ["public.call_backs", /^owner of A: insert a little or nothing as B's on .*: wanted 42501, got/],
  },
  "a right for everybody": {
    sql: "grant select on public.businesses to public",
    catalog: /select on public\.businesses by anon: id is in the database and not covered/,
    lint: /^businesses: SELECT: is granted to public/,
    cells: ["public.businesses", /^anon: count on public\.businesses: wanted 42501, got 0 rows/],
  },
  "a right for a role that nobody knows": {
    sql: "grant select on public.businesses to pg_monitor",
    catalog: /SELECT on businesses is granted to pg_monitor/,
  },
  "one column more to read": {
    sql: "grant select (provider_claim) on public.calls to authenticated",
    catalog: /select on public\.calls by authenticated: provider_claim is in the database and not covered/,
    cells: ["public.calls", /^staff of A: select provider_claim on public\.calls: wanted 42501, got 1 rows/],
  },
  "one column more to write": {
    sql: "grant update (vapi_assistant_id) on public.businesses to authenticated",
    catalog: /update on public\.businesses by authenticated: vapi_assistant_id is in the database and not covered/,
    cells: ["public.businesses", /^owner of A: update vapi_assistant_id on public\.businesses: wanted 42501, got /],
  },
  "a new column in a table that people read": {
    sql: "alter table public.businesses add column calcom_key text",
    catalog: /column of public\.businesses: calcom_key is in the database and not covered/,
  },
  "a right taken away": {
    sql: "revoke select on public.digests from authenticated",
    catalog: /select on public\.digests by authenticated: business_id is covered and not in the database/,
    cells: ["public.digests", /^owner of A: count on public\.digests: wanted 1 rows, got 42501/],
  },
  "a right to delete": {
    sql: "grant delete on public.bookings to authenticated",
    catalog: /delete on public\.bookings by authenticated is true/,
    cells: ["public.bookings", /^owner of A: delete on public\.bookings: wanted 42501, got /],
  },
  "a right to empty a table": {
    sql: "grant truncate on public.bookings to authenticated",
    catalog: /truncate on public\.bookings by authenticated is true/,
    cells: ["public.bookings", /^user of no business: truncate on public\.bookings: wanted 42501, got /],
  },
  "a sequence for everybody": {
    sql: "grant select on sequence public.call_events_id_seq to authenticated",
    catalog: /select on sequence public\.call_events_id_seq by authenticated/,
  },
  "a schema to write in": {
    sql: "grant create on schema public to authenticated",
    catalog: /schema public: authenticated may create objects/,
  },
  "a schema that nobody knows": {
    sql: "create schema reports",
    catalog: /schema: reports is in the database and not covered/,
  },
  "a rule": {
    sql: "create rule noted as on update to public.businesses do also delete from public.dead_letters",
    lint: /businesses noted: a rule that acts as the table's owner/,
  },
  "rows that are published": {
    sql: "create publication realtime for table public.calls",
    lint: /^calls: is published/,
  },
};

const all = (said) => (said ? [said].flat() : []);

function mustSay(findings, wanted) {
  for (const pattern of all(wanted)) {
    assert.ok(
      findings.some((finding) => pattern.test(finding)),
      `not said: ${pattern}\nbut:\n${findings.slice(0, 20).join("\n")}`,
    );
  }
}

for (const [name, mistake] of Object.entries(MISTAKES)) {
  test(`reported: ${name}`, async () => {
    const copy = await copyHouse(house, "x");
    try {
      await copy.rows(mistake.sql);
      const d = { ...declared, tables: { ...declared.tables, ...mistake.declare } };
      if (mistake.catalog) mustSay(await catalogFindings(copy, d), mistake.catalog);
      if (mistake.lint) mustSay(await lintFindings(copy, d), mistake.lint);
      if (mistake.cells) mustSay(await new Matrix(copy, d, CAST, [mistake.cells[0]]).run(), mistake.cells[1]);
    } finally {
      await copy.drop();
    }
  });
}

test("reported: each policy for people, when it lets everybody in", async () => {
  const policies = await house.rows(
    `select p.polname as name, c.relname as table, p.polcmd = 'a' as inserts from pg_policy p join pg_class c on c.oid = p.polrelid
     where 'authenticated'::regrole = any (p.polroles)`,
  );
  assert.ok(policies.length >= 13, "policies are missing");
  const strangers = CAST.filter((person) => ["staff of A", "user of no business"].includes(person.name));
  for (const { name, table, inserts } of policies) {
    const copy = await copyHouse(house, "x");
    try {
      await copy.rows(`alter policy ${name} on public.${table} ${inserts ? "with check" : "using"} (true)`);
      const findings = await new Matrix(copy, declared, strangers, [`public.${table}`]).run();
      assert.ok(findings.length > 0, `${name} on ${table}`);
    } finally {
      await copy.drop();
    }
  }
});

// Roles are the whole cluster's: these mistakes are made in a transaction that is undone.
const ROLE_MISTAKES = {
  "alter role ringback_server inherit": /ringback_server inherits/,
  "alter role ringback_server bypassrls": /ringback_server: rolbypassrls is true/,
  "alter role authenticated superuser": /authenticated: rolsuper is true/,
  "alter role ringback_ingest login": /ringback_ingest: rolcanlogin is true/,
  "grant service_role to ringback_server": /ringback_server may take: .*service_role/,
  "grant ringback_definer to authenticated": /authenticated may take: ringback_definer/,
  "grant pg_read_all_data to ringback_digest": /ringback_digest may take: pg_read_all_data/,
  "alter table public.calls owner to ringback_server": /ringback_server owns pg_class/,
  "alter table public.calls owner to ringback_definer": /ringback_definer owns pg_class/,
};

for (const [sql, wanted] of Object.entries(ROLE_MISTAKES)) {
  test(`reported: ${sql}`, async () => {
    const session = await openSession(house.ownerUrl);
    const rows = async (text, values) => (await session.query(text, values)).rows;
    try {
      await session.query("begin");
      await session.query(sql);
      mustSay(await lintFindings({ rows, one: async (...query) => (await rows(...query))[0] }, declared), wanted);
    } finally {
      await session.query("rollback");
      await session.end();
    }
  });
}

test("nothing is reported of the house as it is", async () => {
  assert.deepEqual(await catalogFindings(house, declared), []);
  assert.deepEqual(await lintFindings(house, declared), []);
});
