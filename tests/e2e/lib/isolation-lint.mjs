// What no schema of ours may hold, asked of pg_catalog. Each rule lists what breaks it as rows with one text.
import { ROLES } from "./isolation-expect.mjs";
import { words } from "./isolation-catalog.mjs";

const PERSONS = `('anon', 'authenticated', 'public')`;
const OURS = `n.nspname = any ($1)`;
const POLICIES = `
  pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
  cross join lateral (select coalesce(pg_get_expr(p.polqual, p.polrelid), '') as qual,
                             coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') as checked,
                             array(select case r when 0 then 'public' else r::regrole::text end
                                   from unnest(p.polroles) r) as roles) x`;
const FOR_PERSONS = `exists (select from unnest(x.roles) r where r in ${PERSONS})`;
const POLICY = `'policy ' || p.polname || ' on ' || c.oid::regclass`;

const RULES = {
  "row-level security is not on": `
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${OURS} and c.relkind in ('r', 'p') and not c.relrowsecurity`,
  "row-level security is not forced": `
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${OURS} and c.relkind in ('r', 'p') and not c.relforcerowsecurity`,
  "lets everybody see everything": `
    select ${POLICY} from ${POLICIES}
    where ${OURS} and ${FOR_PERSONS} and (x.qual in ('true', '(true)') or x.checked in ('true', '(true)'))`,
  "does not ask whose the row is": `
    select ${POLICY} from ${POLICIES}
    where ${OURS} and ${FOR_PERSONS} and p.polpermissive and exists (
      select from unnest(array[x.qual, x.checked]) e
      where e <> '' and e !~ '= ANY \\(ARRAY\\( SELECT private\\.my_(owned_)?business_ids\\(\\)' and e !~ 'user_id = \\( SELECT auth\\.uid\\(\\)')`,
  "changes rows without a check of what they become": `
    select ${POLICY} from ${POLICIES} where ${OURS} and p.polcmd in ('w', '*') and p.polwithcheck is null`,
  "reads what users write about themselves": `
    select ${POLICY} from ${POLICIES} where ${OURS} and x.qual || x.checked ~* 'user_?meta_?data'
    union all
    select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${OURS} and p.prosrc ~* 'user_?meta_?data'`,
  "a view that runs as its owner": `
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${OURS} and c.relkind = 'v' and not coalesce(
      (select option_value::boolean from pg_options_to_table(c.reloptions) where option_name = 'security_invoker'), false)`,
  "cannot have row-level security and is readable": `
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${OURS} and c.relkind in ('m', 'f') and exists (
      select from unnest(array['anon', 'authenticated']) r
      where has_any_column_privilege(r, c.oid, 'select, insert, update, references'))`,
  "a rule that acts as the table's owner": `
    select c.oid::regclass || ' ' || w.rulename from pg_rewrite w join pg_class c on c.oid = w.ev_class
    join pg_namespace n on n.oid = c.relnamespace where ${OURS} and w.rulename <> '_RETURN'`,
  "runs as its owner with the caller's search_path": `
    select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${OURS} and p.prosecdef and not 'search_path=""' = any (coalesce(p.proconfig, '{}'))`,
  "runs as its owner and is callable by everybody": `
    select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${OURS} and p.prosecdef and has_function_privilege('anon', p.oid, 'execute')`,
  "claims to be leakproof, or changes the role": `
    select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${OURS} and (p.proleakproof or exists (
      select from unnest(p.proconfig) s where s ~ '^(role|session_authorization|row_security)='))`,
  "is granted to public": `
    select c.oid::regclass || ': ' || x.privilege_type from pg_class c join pg_namespace n on n.oid = c.relnamespace,
      aclexplode(c.relacl) x where ${OURS} and x.grantee = 0
    union all
    select c.oid::regclass || '.' || a.attname || ': ' || x.privilege_type
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace,
      aclexplode(a.attacl) x where ${OURS} and x.grantee = 0
    union all
    select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace,
      aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
    where ${OURS} and n.nspname <> 'auth' and x.grantee = 0
    union all
    select 'schema ' || n.nspname from pg_namespace n, aclexplode(n.nspacl) x
    where ${OURS} and x.grantee = 0 and not (n.nspname = 'public' and x.privilege_type = 'USAGE')`,
  "is published": `
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${OURS} and (exists (select from pg_publication where puballtables)
      or exists (select from pg_publication_rel r where r.prrelid = c.oid)
      or exists (select from pg_publication_namespace s where s.pnnspid = n.oid)) and c.relkind in ('r', 'p')`,
};

async function roleFindings(db, findings) {
  for (const [name, wanted] of Object.entries(ROLES)) {
    const role = await db.one("select * from pg_roles where rolname = $1", [name]);
    if (!role) {
      findings.push(`role ${name} is not there`);
      continue;
    }
    const flags = ["rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication", "rolcanlogin"];
    for (const flag of flags) {
      if (role[flag] !== Boolean(wanted[{ rolbypassrls: "bypassrls", rolcanlogin: "login" }[flag]]))
        findings.push(`role ${name}: ${flag} is ${role[flag]}`);
    }
    if (wanted.login && role.rolinherit) findings.push(`role ${name} inherits the rights of the roles it may take`);
    const taken = await db.rows(
      `select r.rolname as name from pg_roles r where r.rolname <> $1 and pg_has_role($1, r.oid, 'member') order by 1`,
      [name],
    );
    const may = taken.map((row) => row.name).join(" ");
    if (may !== words(wanted.takes).join(" ")) findings.push(`role ${name} may take: ${may}`);
  }
}

async function ownerFindings(db, findings) {
  const rows = await db.rows(
    `select r.rolname as role, d.classid::regclass::text as class, d.objid::int as object
     from pg_shdepend d join pg_roles r on r.oid = d.refobjid
     where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and r.rolname = any ($1)
       and d.dbid in (0, (select oid from pg_database where datname = current_database()))`,
    [Object.keys(ROLES)],
  );
  for (const { role, class: kind, object } of rows) {
    if (!(ROLES[role].owns === "functions" && kind === "pg_proc")) findings.push(`role ${role} owns ${kind} ${object}`);
  }
}

/** What breaks a rule, one text each. `open`: tables that have no row-level security for a declared reason. */
export async function lintFindings(db, declared) {
  const findings = [];
  const open = Object.keys(declared.tables).filter((name) => declared.tables[name].open);
  for (const [rule, sql] of Object.entries(RULES)) {
    for (const row of await db.rows(sql, [Object.keys(declared.schemas)])) {
      const what = Object.values(row)[0];
      if (!open.includes(what)) findings.push(`${what}: ${rule}`);
    }
  }
  await roleFindings(db, findings);
  await ownerFindings(db, findings);
  return findings;
}
