// The matrix itself: every object × operation × person, tried out. Each cell runs in a savepoint and is undone; what a write
// did is looked at by the superuser inside it. A finding is a cell that ended otherwise than declared.
import { A, B, UNASSIGNED, canaries, openSession } from "./isolation-house.mjs";
import { granted, words } from "./isolation-catalog.mjs";

const DENIED = "42501";
const TAKE_ROLE = "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)";

const quote = (text) => (text === null || text === undefined ? "null" : `'${String(text).replaceAll("'", "''")}'`);

/** Which of the table's rows a person is shown, or may change, by the word of the declaration. */
function isTheirs(rule, row, person) {
  switch (rule) {
    case "all":
      return true;
    case "member":
      return person.member.includes(row.business);
    case "live member":
      return person.member.includes(row.business) && person.live;
    case "owner":
      return person.owns.includes(row.business) && person.live;
    case "self":
      return row.user !== null && row.user === person.user;
    case "unassigned":
      return row.business === null;
    case "assigned":
      return row.business !== null;
    case undefined:
      return false;
    default:
      throw new Error(`the declaration says "${rule}", which nobody here understands`);
  }
}

/** Rows of one table as the superuser sees them: key, version, whose. */
class Snapshot {
  static sql(name, table) {
    const key = table.key.map((column) => `t.${column}::text`).join(" || '/' || ");
    const version = table.view ? "t::text" : "t.ctid::text || t.xmin::text";
    return `select ${key} as key, ${version} as version, ${table.business ?? "null::uuid"} as business,
                   ${table.user ?? "null::uuid"} as "user" from ${name} t`;
  }

  static async take(run, name, table) {
    return new Map((await run(Snapshot.sql(name, table))).rows.map((row) => [row.key, row]));
  }

  /** Keys of what is new, gone or another version. */
  static changed(before, after) {
    const keys = new Set([...before.keys(), ...after.keys()]);
    return [...keys].filter((key) => before.get(key)?.version !== after.get(key)?.version);
  }
}

/** Reads what the generic statements need to know of a table. */
async function describe(db, name, declared) {
  const columns = await db.rows(
    `select attname::text as name, attgenerated <> '' or attidentity = 'a' as made, attidentity = 'a' as identity,
            attgenerated <> '' as generated
     from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [name],
  );
  const key = await db.rows(
    `select attname::text as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
     where i.indrelid = $1::regclass and i.indisprimary`,
    [name],
  );
  const { view } = await db.one("select relkind in ('v', 'm') as view from pg_class where oid = $1::regclass", [name]);
  return {
    ...declared,
    name,
    view,
    details: columns,
    unique: key.length > 0,
    key: key.length ? key.map((row) => row.name) : words(declared.columns),
  };
}

const set = (column) => `${column.name} = ${column.made ? "default" : column.name}`;

/** An insert of a row that is there already, as literals: whoever may not insert is told so first. */
function insertOf(table, row) {
  const columns = table.details.filter((column) => !column.generated);
  const names = columns.map((column) => column.name).join(", ");
  const values = columns.map((column) => quote(row[column.name])).join(", ");
  return `insert into ${table.name} (${names}) overriding system value values (${values})`;
}

/** The same of a new row, with no more columns than the person may fill in; null when that is all of them, or none. */
function narrowInsertOf(table, row, columns) {
  if (columns.length === 0 || columns.length === table.details.filter((column) => !column.generated).length)
    return null;
  return `insert into ${table.name} (${columns.join(", ")}) values (${columns.map((name) => quote(row[name])).join(", ")})`;
}

/** What a person is expected to get from a right that the declaration gives their role. */
class Expect {
  constructor(person, table) {
    this.person = person;
    this.table = table;
    this.readable = granted(table, person.role, "select");
    this.updatable = granted(table, person.role, "update");
    this.whole = this.readable.length === table.details.length;
    this.sees = table.sees?.[person.role];
    this.changes = table.changes?.[person.role];
  }

  /** Every column may be filled in. */
  get insertsAll() {
    const free = this.table.details.filter((column) => !column.generated).map((column) => column.name);
    const may = granted(this.table, this.person.role, "insert");
    return free.every((name) => may.includes(name));
  }

  has(word) {
    return Boolean(this.table.grants[this.person.role]?.[word]);
  }

  /** Whether rows may be deleted; a right of the server's own, over every row, is not tried. */
  get deletes() {
    return this.has("delete") && (this.rightsAreOfRows || "skip");
  }

  get rightsAreOfRows() {
    return ["live member", "owner", "member"].includes(this.changes);
  }

  /** How a write to a row ends that is not theirs. */
  refusal(key, rows) {
    const shown = this.keys(this.sees, rows).includes(key);
    return this.breaks(this.changes) ?? (shown ? this.breaksWrites(this.changes) : undefined) ?? DENIED;
  }

  /** Merge does not pass over what is seen and may not be changed. */
  mergeEnd(key, rows) {
    if (this.keys(this.changes, rows).includes(key)) return key;
    const looks = this.breaks(this.sees) || this.keys(this.sees, rows).includes(key);
    return looks ? this.refusal(key, rows) : "";
  }

  keys(rule, rows) {
    return [...rows.values()].filter((row) => isTheirs(rule, row, this.person)).map((row) => row.key);
  }

  /** Claims that Postgres cannot read end a statement that looks at them. */
  breaks(rule) {
    return rule && !["all", "assigned", "unassigned"].includes(rule) ? this.person.breaks : undefined;
  }

  breaksWrites(rule) {
    return this.breaks(rule) ?? (["owner", "live member"].includes(rule) ? this.person.breaksWrites : undefined);
  }
}

/** Statements that read, each with whether it is allowed at all and how many rows it must give. */
function* reads(e, rows) {
  const { name, key } = e.table;
  const seen = e.keys(e.sees, rows).length;
  const some = e.readable.length > 0;
  const list = e.readable.join(", ");
  yield ["select *", `select * from ${name}`, e.whole, seen];
  yield ["whole row", `select t from ${name} t`, e.whole, seen];
  yield ["count", `select from ${name}`, some, seen];
  yield ["exists", `select 1 where exists (select from ${name} offset ${seen})`, some, 0];
  yield ["copy out", `copy (select ${list || key.join(", ")} from ${name}) to stdout`, some, seen];
  if (!e.table.view) yield ["copy table out", `copy ${name} to stdout`, e.whole, seen];
  for (const column of e.table.details) {
    yield [`select ${column.name}`, `select ${column.name} from ${name}`, e.readable.includes(column.name), seen];
  }
}

/** Statements that need the right to update and lock what they find. */
function* locks(e, rows) {
  const may = e.readable.length > 0 && e.updatable.length > 0;
  const found = e.keys(e.changes, rows).length;
  for (const mode of ["update", "no key update", "share", "key share"]) {
    yield [`for ${mode}`, `select from ${e.table.name} for ${mode}`, may, found];
  }
}

/** Statements that change rows: what, the text, whether it is allowed, the keys of what may change, and how it ends if that
 *  does not tell. */
function* writes(e, rows, samples) {
  const { name, details, key } = e.table;
  const theirs = e.keys(e.changes, rows);
  for (const column of details) {
    const may = e.updatable.includes(column.name) && (column.made || e.readable.includes(column.name));
    const blind = e.updatable.includes(column.name) && !may; // may set it and not read it: to what?
    const renames = may && column.made && key.includes(column.name); // every row becomes another one
    if (!blind && !renames) yield [`update ${column.name}`, `update ${name} set ${set(column)}`, may, theirs];
  }
  const plain = details.filter((column) => !column.made);
  const first = plain.find((column) => e.updatable.includes(column.name)) ?? plain[0];
  const change = set(first);
  const may = e.updatable.includes(first.name) && e.readable.includes(first.name);
  yield ["update returning", `update ${name} set ${change} returning ${first.name}`, may, theirs];
  for (const [whose, row] of Object.entries(samples)) {
    const here = key.map((column) => `${column} = ${quote(row[column])}`).join(" and ");
    const insert = insertOf(e.table, row);
    const again = `on conflict (${key.join(", ")}) do update set ${first.name} = excluded.${first.name}`;
    const free = e.insertsAll && "skip"; // a right of the server's own, over every row
    const mine = theirs.filter((k) => k === row.$key);
    const found = may && key.every((column) => e.readable.includes(column));
    yield [`update where ${whose}`, `update ${name} set ${change} where ${here}`, found, mine];
    yield [`insert as ${whose}`, insert, free, []];
    if (e.table.unique) yield [`upsert as ${whose}`, `${insert} ${again}`, free, []];
    yield [`insert or nothing as ${whose}`, `${insert} on conflict do nothing returning *`, free, []];
    const merge = `merge into ${name} using (select) s on ${here} when matched then delete`;
    const merged = e.deletes === true ? e.mergeEnd(row.$key, rows) : undefined;
    yield [`merge as ${whose}`, merge, e.deletes, mine, merged];
    const narrow = e.rightsAreOfRows && narrowInsertOf(e.table, row, granted(e.table, e.person.role, "insert"));
    if (narrow) {
      const refused = mine.length ? undefined : e.refusal(row.$key, rows); // before it is looked for
      yield [`insert a little or nothing as ${whose}`, `${narrow} on conflict do nothing`, true, [], refused];
      yield [`upsert a little as ${whose}`, `${narrow} ${again}`, true, mine, refused];
    }
  }
  yield ["delete", `delete from ${name}`, e.deletes, theirs];
  yield ["delete returning", `delete from ${name} returning *`, e.deletes, theirs];
  yield ["copy in", `copy ${name} from stdin`, e.insertsAll && "skip", []];
  yield ["truncate", `truncate ${name} cascade`, false, []];
  yield [
    "lock",
    `lock table ${name} in access exclusive mode nowait`,
    (e.has("delete") || e.updatable.length === details.length) && "skip",
    [],
  ];
}

/** What only an owner of the table may do. */
function* takeovers(e) {
  const name = e.table.name;
  yield ["rls off", `alter table ${name} disable row level security`];
  yield ["rls unforced", `alter table ${name} no force row level security`];
  yield ["policy", `create policy mine on ${name} using (true)`];
  yield ["rule", `create rule mine as on insert to ${name} do also nothing`];
  yield [
    "trigger",
    `create trigger mine before insert on ${name} for each row execute function suppress_redundant_updates_trigger()`,
  ];
  yield ["owner", `alter table ${name} owner to current_user`];
  yield ["drop", `drop table ${name} cascade`];
}

export class Matrix {
  /** `only`: names of the tables to look at; all of them without it. */
  constructor(db, declared, people, only) {
    Object.assign(this, { db, declared, people, only, findings: [], cells: 0, byLogin: false });
  }

  note(person, what, wanted, got) {
    this.findings.push(`${person.name}: ${what}: wanted ${wanted}, got ${got}`);
  }

  /** One statement inside a savepoint that the next one undoes. Resolves to { code } or { rows, count }. */
  async attempt(sql) {
    this.cells++;
    try {
      const all = await this.session.query(`rollback to cell; ${sql}`);
      const last = Array.isArray(all) ? all.at(-1) : all;
      return { rows: last.rows ?? [], count: last.rowCount ?? 0 };
    } catch (error) {
      return { code: error.code ?? error.message };
    }
  }

  async enter(person) {
    await this.session.query("begin");
    if (person.claims === undefined) await this.session.query("select set_config('role', $1, true)", [person.role]);
    else await this.session.query(TAKE_ROLE, [person.role, person.claims]);
    await this.session.query("savepoint cell");
  }

  /** Did a statement that gives rows give what it must? */
  judgeRead(e, what, end, allowed, count, breaks) {
    const wanted = allowed ? (breaks ?? `${count} rows`) : DENIED;
    const got = end.code ?? `${end.count} rows`;
    if (got !== wanted) this.note(e.person, `${what} on ${e.table.name}`, wanted, got);
  }

  async read(e, rows) {
    for (const [what, sql, allowed, count] of reads(e, rows)) {
      this.judgeRead(e, what, await this.attempt(sql), allowed, count, e.breaks(e.sees));
    }
    if (e.readable.length) await this.readKeys(e, rows);
  }

  /** Exactly the rows that are theirs, and no word of another tenant in any column. */
  async readKeys(e, rows) {
    if (e.breaks(e.sees)) return;
    const end = await this.attempt(`select ${e.readable.join(", ")} from ${e.table.name}`);
    const mine = e.keys(e.sees, rows);
    if (e.table.key.every((column) => e.readable.includes(column))) {
      const keys = await this.attempt(
        `select ${e.table.key.map((k) => `t.${k}::text`).join(" || '/' || ")} as key from ${e.table.name} t`,
      );
      const got = (keys.rows ?? []).map((row) => row.key);
      if (got.toSorted().join() !== mine.toSorted().join()) this.note(e.person, `keys of ${e.table.name}`, mine, got);
    }
    if (e.sees === "all" || e.sees === "assigned") return;
    const said = JSON.stringify(end);
    for (const tenant of [A, B, UNASSIGNED]) {
      if (e.person.member.includes(tenant.business)) continue;
      const word = canaries(tenant).find((canary) => canary !== e.person.user && said.includes(canary));
      if (word) this.note(e.person, `select on ${e.table.name}`, "nothing of another tenant", word);
    }
  }

  async lock(e, rows) {
    for (const [what, sql, allowed, count] of locks(e, rows)) {
      this.judgeRead(e, what, await this.attempt(sql), allowed, count, e.breaksWrites(e.changes));
    }
  }

  async write(e, rows, samples) {
    for (const [what, sql, allowed, keys, ending] of writes(e, rows, samples)) {
      if (allowed === "skip") continue; // a right of the server's own, over every row
      const end = await this.attempt(sql);
      const wanted = ending ?? (allowed ? (e.breaksWrites(e.changes) ?? keys.toSorted().join()) : DENIED);
      const got = end.code ?? (await this.effect(e, rows)).toSorted().join();
      if (got !== wanted) this.note(e.person, `${what} on ${e.table.name}`, wanted, got);
      if (end.rows?.length > keys.length)
        this.note(e.person, `${what} on ${e.table.name}`, `${keys.length} rows`, end.rows.length);
    }
  }

  /** Which rows are others now; looked at by the superuser, inside the savepoint. */
  async effect(e, rows) {
    await this.session.query("set local role none");
    const run = (sql) => this.session.query(sql);
    return Snapshot.changed(rows, await Snapshot.take(run, e.table.name, e.table));
  }

  async takeOver(e) {
    for (const [what, sql] of takeovers(e)) {
      const end = await this.attempt(sql);
      if (end.code !== DENIED) this.note(e.person, `${what} on ${e.table.name}`, DENIED, end.code ?? "done");
    }
  }

  async tables() {
    for (const [name, declared] of Object.entries(this.declared.tables)) {
      if (this.only && !this.only.includes(name)) continue;
      const table = await describe(this.db, name, declared);
      const rows = await Snapshot.take((sql) => this.admin.query(sql), name, table);
      const samples = await this.samples(table, rows);
      for (const person of this.people) {
        const e = new Expect(person, table);
        await this.enter(person);
        await this.read(e, rows);
        await this.lock(e, rows);
        if (!this.byLogin) await this.write(e, rows, samples); // the login cannot look at what became of it
        if (!table.view) await this.takeOver(e);
        await this.session.query("rollback");
      }
    }
  }

  /** A row of A's and one of B's, as texts; a table that is no tenant's gives any row. */
  async samples(table, rows) {
    const all = (
      await this.admin.query(`select ${table.details.map((c) => `${c.name}::text`).join(", ")} from ${table.name}`)
    ).rows;
    const out = {};
    for (const [name, tenant] of Object.entries({ A, B })) {
      for (const row of all) {
        const key = table.key.map((column) => row[column]).join("/");
        const owner = rows.get(key);
        const fits = table.business ? owner?.business === tenant.business : !table.user || owner?.user === tenant.owner;
        if (fits) out[`${name}'s`] = { ...row, $key: key };
      }
      if (!out[`${name}'s`])
        this.findings.push(`${table.name}: no row of ${name}'s to try with: fill it in isolation-house.mjs`);
    }
    return out;
  }

  async functions() {
    for (const [name, declared] of Object.entries(this.declared.functions)) {
      const [, head, list] = /^([^(]+)\((.*)\)$/.exec(name);
      const call = `${head}(${
        list
          ? list
              .split(",")
              .map((type) => `null::${type}`)
              .join(", ")
          : ""
      })`;
      for (const person of this.people) {
        const allowed =
          declared.execute === "public" || declared.execute.includes(person.role) || declared.owner === person.role;
        const schema = this.declared.schemas[name.split(".")[0]].usage.includes(person.role);
        await this.enter(person);
        const asked =
          declared.answers === "search"
            ? await this.search(head)
            : ["recipients", "calendar"].includes(declared.answers)
              ? await this.askBoth(head)
              : await this.attempt(`select ${call}::text as got`);
        await this.session.query("rollback");
        this.judgeCall(person, name, declared, allowed && schema, asked);
      }
    }
  }

  /** Both businesses are asked for words that stand in either one's call. */
  async search(head) {
    const all = { rows: [] };
    for (const business of [A.business, B.business]) {
      for (const sought of ["tooth hurts", A.word, B.word, UNASSIGNED.word]) {
        const end = await this.attempt(
          `select f::text as got from ${head}('${business}', '${sought}', '-infinity', 'infinity') f`,
        );
        if (end.code) return end;
        for (const row of end.rows) if (!all.rows.some((other) => other.got === row.got)) all.rows.push(row);
      }
    }
    return all;
  }

  /** What it tells of both. */
  async askBoth(head) {
    const asked = [A, B].map(
      (tenant) => `select f::text as got from ${head}('${tenant.business}') f where f is not null`,
    );
    return this.attempt(asked.join(" union all "));
  }

  judgeCall(person, name, declared, allowed, end) {
    if (!allowed) {
      if (end.code !== DENIED) this.note(person, name, DENIED, end.code ?? "an answer");
      return;
    }
    if (!declared.answers || person.role !== "authenticated") return;
    const theirs = [A, B].filter((tenant) => person.member.includes(tenant.business));
    const answers = {
      member: person.member,
      owner: person.owns,
      live: [String(person.live)],
      search: theirs.map((tenant) => tenant.call),
      recipients: theirs.map((tenant) => `(${tenant.word}@larkspur.example,1)`),
      calendar: theirs.map((tenant) => (tenant === A ? "connected" : "refused")),
    };
    const code = person.breaks ?? (declared.answers === "live" ? person.breaksWrites : undefined);
    const wanted = code ?? answers[declared.answers].toSorted().join();
    const got =
      end.code ??
      end.rows
        .map((row) => row.got)
        .toSorted()
        .join();
    if (got !== wanted) this.note(person, name, wanted, got);
  }

  async sequences() {
    for (const name of Object.keys(this.declared.sequences)) {
      for (const person of this.people) {
        await this.enter(person);
        for (const sql of [`select nextval('${name}')`, `select setval('${name}', 1)`, `select * from ${name}`]) {
          const end = await this.attempt(sql);
          if (end.code !== DENIED) this.note(person, sql, DENIED, end.code ?? "an answer");
        }
        await this.session.query("rollback");
      }
    }
  }

  /** Everything. Resolves to the findings. `byLogin`: in a session of the server's own login, as in production. */
  async run({ byLogin = false } = {}) {
    this.byLogin = byLogin;
    this.admin = await openSession(this.db.ownerUrl);
    this.session = await openSession(byLogin ? this.db.serverUrl : this.db.ownerUrl);
    try {
      await this.tables();
      if (!this.only) await this.functions();
      if (!this.only) await this.sequences();
    } finally {
      await this.session.end();
      await this.admin.end();
    }
    return this.findings;
  }
}
