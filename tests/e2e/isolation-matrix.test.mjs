// Who sees and changes what: every object of pg_catalog × operation × person, held against lib/isolation-expect.mjs.
import test, { after } from "node:test";
import assert from "node:assert/strict";
import { PEOPLE, STAFF_ROLES } from "./lib/isolation-cast.mjs";
import { once } from "./lib/database.mjs";
import { catalogFindings, declaration } from "./lib/isolation-catalog.mjs";
import { Matrix } from "./lib/isolation-cells.mjs";
import { ROLES } from "./lib/isolation-expect.mjs";
import { openSession, plainHouse, platformHouse } from "./lib/isolation-house.mjs";
import { lintFindings } from "./lib/isolation-lint.mjs";

const HOUSES = [
  ["our own database", await plainHouse("isolation"), { local: true }],
  ["a database as Supabase hands it out", await platformHouse("isolation_platform"), { local: false }],
];
after(() => Promise.all(HOUSES.map(([, db]) => db.drop())));

/** Fails with the findings, those of several people that say the same as one. */
function none(findings) {
  const same = new Map();
  for (const finding of findings) {
    const [, who, what] = /^(?:([^:]*): )?(.*)$/s.exec(finding);
    same.set(what, [...(same.get(what) ?? []), who]);
  }
  const lines = [...same].map(([what, who]) => `${what}  [${who.length} × ${who.slice(0, 3).join("; ")}]`);
  if (lines.length) assert.fail(`${findings.length} findings\n${lines.slice(0, 60).join("\n")}`);
}

for (const [name, db, kind] of HOUSES) {
  const declared = declaration(kind);

  test(`${name}: every object, column and right is declared, and nothing else is`, async () => {
    none(await catalogFindings(db, declared));
  });

  test(`${name}: no rule is broken`, async () => {
    none(await lintFindings(db, declared));
  });

  test(`${name}: people see and change what is theirs`, async (t) => {
    const matrix = new Matrix(db, declared, PEOPLE);
    none(await matrix.run());
    t.diagnostic(`${matrix.cells} cells`);
    assert.ok(matrix.cells > 20000, "the matrix has shrunk");
  });

  test(`${name}: the server's roles see what is declared`, async () => {
    none(await new Matrix(db, declared, STAFF_ROLES).run());
  });

  test(`${name}: the same by the server's own login`, async () => {
    const takes = [...ROLES.ringback_server.takes.split(" "), "ringback_server"];
    const people = [...PEOPLE, ...STAFF_ROLES].filter((person) => takes.includes(person.role));
    none(await new Matrix(db, declared, people).run({ byLogin: true }));
  });

  test(`${name}: keys to calendars are shown to nobody, not even to who passes row-level security`, async () => {
    const session = await openSession(db.ownerUrl);
    const sealed = "private.calcom_credentials";
    const sql = [
      `select sealed from ${sealed}`,
      `select count(*) from ${sealed}`,
      `copy (select * from ${sealed}) to stdout`,
      `select b.id from public.businesses b join ${sealed} c on c.business_id = b.id`,
      `update ${sealed} set api_url = 'https://elsewhere.example'`,
      `delete from ${sealed}`,
      `create view mine as select * from ${sealed}`,
    ];
    for (const role of [
      "anon",
      "authenticated",
      "service_role",
      "ringback_auth",
      "ringback_digest",
      "ringback_server",
    ]) {
      for (const statement of sql) {
        await session.query("begin");
        await session.query("select set_config('role', $1, true)", [role]);
        await assert.rejects(session.query(statement), { code: "42501" }, `${role}: ${statement}`);
        await session.query("rollback");
      }
    }
    await session.end();
    assert.equal(await db.count(sealed), 2);
  });

  test(`${name}: the server's login may become nobody else`, async () => {
    const roles = await db.rows("select rolname from pg_roles where rolname !~ '^pg_'");
    const others = roles
      .map((row) => row.rolname)
      .filter((role) => !ROLES.ringback_server.takes.split(" ").includes(role));
    assert.ok(others.includes("service_role") && others.includes("ringback_definer") && others.includes("postgres"));
    for (const role of others.filter((other) => other !== "ringback_server")) {
      for (const sql of [`set role ${role}`, `set local role ${role}`, `select set_config('role', '${role}', true)`]) {
        await assert.rejects(once(db.serverUrl, sql), { code: "42501" }, sql);
      }
      await assert.rejects(once(db.serverUrl, `set session authorization ${role}`), { code: "42501" });
    }
  });
}
