// One fresh database per test file in the private cluster, and the faults a cluster can have.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import crypto from "node:crypto";
import fs from "node:fs";
import pg from "pg";
import { ADMIN_URL, PG_BIN, PG_DATA, PG_USER, LARKSPUR, PLAIN, ODD, until } from "./env.mjs";

const run = promisify(execFile);

export function urlFor(database, user) {
  const url = new URL(ADMIN_URL);
  url.pathname = `/${database}`;
  if (user) {
    url.username = user;
    url.password = "";
  }
  return url.toString();
}

/** Runs one statement on a connection of its own. */
export async function once(url, text, values = []) {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

export class Database {
  static async create(label) {
    const name =
      `e2e_${label.replace(/\W/g, "_")}_${process.pid}_${crypto.randomBytes(3).toString("hex")}`.toLowerCase();
    await once(ADMIN_URL, `create database ${name}`);
    return new Database(name);
  }

  constructor(name) {
    this.name = name;
    this.ownerUrl = urlFor(name);
    this.serverUrl = urlFor(name, "ringback_server");
    this.pool = null;
  }

  #connect() {
    if (!this.pool) {
      this.pool = new pg.Pool({ connectionString: this.ownerUrl, max: 3, idleTimeoutMillis: 2000 });
      this.pool.on("error", () => {});
    }
    return this.pool;
  }

  /** Rows of a query; a connection that died with the cluster is replaced. */
  async rows(text, values = []) {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.#connect().query(text, values)).rows;
      } catch (error) {
        if (attempt >= 3 || !/terminat|ECONN|recovery|starting up/i.test(String(error.message ?? error))) throw error;
      }
    }
  }

  async one(text, values = []) {
    return (await this.rows(text, values))[0];
  }

  async count(text, values = []) {
    return Number((await this.one(`select count(*) as n from ${text}`, values)).n);
  }

  /** A separate session, for locks. */
  async session() {
    const client = new pg.Client({ connectionString: this.ownerUrl });
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  async addBusiness({ id, name, phone, forwardTo, assistantId, greeting }) {
    await this.rows(
      `insert into businesses (id, name, email, timezone, forward_to, vapi_assistant_id, fallback_greeting)
       values ($1, $2, $3, 'America/New_York', $4, $5, $6)`,
      [id, name, "owner@larkspur.example.com", forwardTo, assistantId, greeting],
    );
    if (phone) await this.mapPhone(phone, id);
  }

  async mapPhone(phone, businessId) {
    await this.rows("insert into business_phones (phone, business_id) values ($1, $2)", [phone, businessId]);
  }

  async seed() {
    for (const business of [LARKSPUR, PLAIN, ODD]) await this.addBusiness(business);
  }

  async clearCalls() {
    const tables = (
      await this.rows(
        `select tablename from pg_tables where schemaname = 'public'
       and tablename in ('call_events', 'call_utterances', 'bookings', 'calls', 'dead_letters')`,
      )
    ).map((row) => row.tablename);
    // A server that runs meanwhile may hold some of them, in another order: then Postgres picks whom to refuse.
    for (let tries = 0; ; tries++) {
      try {
        return await this.rows(`truncate ${tables.join(", ")} cascade`);
      } catch (error) {
        if (error.code !== "40P01" || tries > 5) throw error;
      }
    }
  }

  call(twilioSid) {
    return this.one("select * from calls where twilio_call_sid = $1", [twilioSid]);
  }

  callByVapi(id) {
    return this.one("select * from calls where provider_call_id = $1", [id]);
  }

  /** Ends every other session of this database, as a fail-over would. */
  async terminateBackends() {
    return this.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity
                      where datname = $1 and usename = 'ringback_server'`,
      [this.name],
    );
  }

  /** Lets nobody in and throws everybody out: Postgres is away for the server, and only for it. */
  async lockOut() {
    await once(ADMIN_URL, `alter database ${this.name} allow_connections false`);
    await this.#endPool();
    await once(ADMIN_URL, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${this.name}'`);
  }

  async letIn() {
    await once(ADMIN_URL, `alter database ${this.name} allow_connections true`);
  }

  async #endPool() {
    const pool = this.pool;
    this.pool = null;
    if (pool) await pool.end().catch(() => {});
  }

  async drop() {
    await this.#endPool();
    await once(ADMIN_URL, `drop database if exists ${this.name} with (force)`);
  }
}

/** The cluster itself, where the runner says how to reach it. */
export const cluster = {
  canStop: Boolean(PG_DATA && PG_BIN),

  async ctl(...args) {
    const command = [`${PG_BIN}/pg_ctl`, "-D", PG_DATA, "-w", ...args];
    if (PG_USER && process.getuid() === 0) command.unshift("runuser", "-u", PG_USER, "--");
    await run(command[0], command.slice(1), { timeout: 30000, cwd: "/" });
  },

  stop(mode = "fast") {
    return this.ctl("stop", "-m", mode);
  },

  /** Starts it with the options it ran with before: pg_ctl itself keeps them only across `restart`. */
  async start() {
    const words =
      fs
        .readFileSync(`${PG_DATA}/postmaster.opts`, "utf8")
        .trim()
        .match(/"[^"]*"/g) ?? [];
    const at = words.indexOf('"-D"');
    if (at >= 0) words.splice(at, 2);
    await this.ctl("start", "-l", `${PG_DATA}/restart.log`, "-o", words.join(" "));
    await until("Postgres answers", () => once(ADMIN_URL, "select 1").catch(() => null), 20000, 100);
  },
};
