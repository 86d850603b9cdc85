// Holds the declaration of isolation-expect.mjs against pg_catalog: objects, columns, and every privilege of every role.
// Each function returns findings, one text each; none is good.
import {
  FUNCTIONS,
  LOCAL_FUNCTIONS,
  LOCAL_SCHEMAS,
  LOCAL_TABLES,
  ROLES,
  SCHEMAS,
  SEQUENCES,
  TABLES,
} from "./isolation-expect.mjs";

const TABLE_WORDS = ["delete", "truncate", "trigger"];
const COLUMN_WORDS = ["select", "insert", "update", "references"];

export const words = (list) => (list ? list.trim().split(/\s+/) : []);

/** The declaration, for our own kind of database or for Supabase's, whose schema auth is not ours. */
export function declaration({ local }) {
  const merge = (ours, theirs) => (local ? { ...ours, ...theirs } : ours);
  return {
    local,
    // Supabase gives service_role everything by itself.
    roles: Object.keys(ROLES).filter((role) => local || role !== "service_role"),
    schemas: merge(SCHEMAS, LOCAL_SCHEMAS),
    tables: merge(TABLES, LOCAL_TABLES),
    functions: merge(FUNCTIONS, LOCAL_FUNCTIONS),
    sequences: SEQUENCES,
  };
}

/** The columns that `role` may `word`, as declared. */
export function granted(table, role, word) {
  const list = table.grants[role]?.[word];
  return list === "all" ? words(table.columns) : words(list);
}

function compare(what, got, wanted, findings) {
  for (const item of got)
    if (!wanted.includes(item)) findings.push(`${what}: ${item} is in the database and not covered`);
  for (const item of wanted)
    if (!got.includes(item)) findings.push(`${what}: ${item} is covered and not in the database`);
}

const RELATIONS = `
select n.nspname || '.' || c.relname as name, c.relkind::text as kind, c.oid::int as oid,
       array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')`;

async function schemas(db, d, findings) {
  const rows = await db.rows(
    `select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'`,
  );
  const known = Object.keys(d.schemas);
  const ours = rows.map((row) => row.name).filter((name) => d.local || name !== "auth");
  compare("schema", ours, known, findings);
  for (const { name, role, usage, create } of await db.rows(
    `select n as name, r as role, has_schema_privilege(r, n, 'usage') as usage, has_schema_privilege(r, n, 'create') as create
     from unnest($1::text[]) n, unnest($2::text[]) r where to_regnamespace(n) is not null`,
    [known, d.roles],
  )) {
    if (usage !== d.schemas[name].usage.includes(role)) findings.push(`schema ${name}: usage by ${role} is ${usage}`);
    if (create) findings.push(`schema ${name}: ${role} may create objects`);
  }
}

async function columnRights(db, d, findings) {
  const rows = await db.rows(
    `select t as name, r as role, w as word, array(
       select attname::text from pg_attribute where attrelid = t::regclass and attnum > 0 and not attisdropped
         and has_column_privilege(r, attrelid, attnum, w)) as columns
     from unnest($1::text[]) t, unnest($2::text[]) r, unnest($3::text[]) w where to_regclass(t) is not null`,
    [Object.keys(d.tables), d.roles, COLUMN_WORDS],
  );
  for (const { name, role, word, columns } of rows) {
    const wanted = granted(d.tables[name], role, word);
    compare(`${word} on ${name} by ${role}`, columns, wanted, findings);
  }
}

async function tableRights(db, d, findings) {
  const rows = await db.rows(
    `select t as name, r as role, w as word, has_table_privilege(r, t::regclass, w) as has
     from unnest($1::text[]) t, unnest($2::text[]) r, unnest($3::text[]) w where to_regclass(t) is not null`,
    [Object.keys(d.tables), d.roles, TABLE_WORDS],
  );
  for (const { name, role, word, has } of rows) {
    if (has !== Boolean(d.tables[name].grants[role]?.[word])) findings.push(`${word} on ${name} by ${role} is ${has}`);
  }
}

async function relations(db, d, findings) {
  const rows = await db.rows(RELATIONS, [Object.keys(d.schemas)]);
  const tables = rows.filter((row) => row.kind !== "S");
  compare(
    "relation",
    tables.map((row) => row.name),
    Object.keys(d.tables),
    findings,
  );
  compare(
    "sequence",
    rows.filter((row) => row.kind === "S").map((row) => row.name),
    Object.keys(d.sequences),
    findings,
  );
  for (const row of tables) {
    if (d.tables[row.name]) compare(`column of ${row.name}`, row.columns, words(d.tables[row.name].columns), findings);
  }
  await columnRights(db, d, findings);
  await tableRights(db, d, findings);
}

async function sequences(db, d, findings) {
  for (const { name, role, word } of await db.rows(
    `select s as name, r as role, w as word
     from unnest($1::text[]) s, unnest($2::text[]) r, unnest('{usage,select,update}'::text[]) w
     where to_regclass(s) is not null and has_sequence_privilege(r, s, w)`,
    [Object.keys(d.sequences), d.roles],
  )) {
    findings.push(`${word} on sequence ${name} by ${role}`);
  }
}

async function functions(db, d, findings) {
  const rows = await db.rows(
    `select n.nspname || '.' || p.proname || '(' || replace(oidvectortypes(p.proargtypes), ', ', ',') || ')' as name,
            p.prosecdef as definer, p.proowner::regrole::text as owner,
            array(select r from unnest($2::text[]) r where has_function_privilege(r, p.oid, 'execute')) as execute,
            exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0) as open
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any ($1)`,
    [Object.keys(d.schemas), d.roles],
  );
  compare(
    "function",
    rows.map((row) => row.name),
    Object.keys(d.functions),
    findings,
  );
  for (const row of rows) {
    const wanted = d.functions[row.name];
    if (!wanted) continue;
    const open = wanted.execute === "public";
    if (row.open !== open) findings.push(`function ${row.name}: callable by public is ${row.open}`);
    if (row.definer !== Boolean(wanted.definer))
      findings.push(`function ${row.name}: security definer is ${row.definer}`);
    if (wanted.owner && row.owner !== wanted.owner) findings.push(`function ${row.name}: belongs to ${row.owner}`);
    const allowed = open ? d.roles : [...wanted.execute, ...(wanted.owner ? [wanted.owner] : [])];
    compare(
      `execute ${row.name} by`,
      row.execute,
      allowed.filter((role) => d.roles.includes(role)),
      findings,
    );
  }
}

/** Whoever else holds a right: no role may be forgotten. */
async function strangers(db, d, findings) {
  const rows = await db.rows(
    `with acl (what, owner, acl) as (
       select 'schema ' || nspname, nspowner, nspacl from pg_namespace where nspname = any ($1)
       union all select c.oid::regclass::text, relowner, relacl from pg_class c where relnamespace::regnamespace::text = any ($1)
       union all select attrelid::regclass || '.' || attname, relowner, attacl
         from pg_attribute a join pg_class c on c.oid = attrelid where relnamespace::regnamespace::text = any ($1)
       union all select p.oid::regprocedure::text, proowner, proacl from pg_proc p
         where pronamespace::regnamespace::text = any ($1)
     )
     select distinct what, coalesce(r.rolname, 'public') as grantee, x.privilege_type as word
     from acl, aclexplode(acl) x left join pg_roles r on r.oid = x.grantee
     where x.grantee <> owner and coalesce(r.rolname, 'public') <> all ($2::text[] || array['pg_database_owner'])`,
    [Object.keys(d.schemas), Object.keys(ROLES)],
  );
  for (const { what, grantee, word } of rows) {
    const expected =
      (grantee === "public" &&
        (what === "schema public" ? word === "USAGE" : d.functions[what]?.execute === "public")) ||
      (grantee === "e2e_owner" && what.startsWith("schema "));
    if (!expected) findings.push(`${word} on ${what} is granted to ${grantee}`);
  }
}

/** Everything above. */
export async function catalogFindings(db, d) {
  const findings = [];
  for (const check of [schemas, relations, sequences, functions, strangers]) await check(db, d, findings);
  return findings;
}
