// Everything a test file needs: a database of its own, a fake Vapi, servers, and the last look at their logs.
import assert from "node:assert/strict";
import { after } from "node:test";
import path from "node:path";
import { Database } from "./database.mjs";
import { Fake } from "./fake.mjs";
import { phoneNumberIn } from "./leaks.mjs";
import { Server, command } from "./server.mjs";
import { spokenTexts } from "./vapi.mjs";
import {
  ADMIN_URL,
  DEFAULT_ASSISTANT_ID,
  PHONE_NUMBER_ID,
  TWILIO_ACCOUNT,
  TWILIO_TOKEN,
  VAPI_KEY,
  WEBHOOK_SECRET,
} from "./env.mjs";
import pg from "pg";

const MIGRATE_LOCK = 7309021;

/** Roles belong to the whole cluster, so two files must not create them at the same moment. */
async function alone(act) {
  const client = new pg.Client({ connectionString: ADMIN_URL });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [MIGRATE_LOCK]);
    return await act();
  } finally {
    await client.end();
  }
}

export async function migrate(database, args = ["--local"]) {
  return alone(() => command(["migrate", ...args], { MIGRATE_DATABASE_URL: database.ownerUrl }));
}

const SECRETS = [
  TWILIO_TOKEN,
  VAPI_KEY,
  WEBHOOK_SECRET,
  "larkspur-hmac-secret",
  "larkspur-older-secret",
  "fedcba9876543210fedcba9876543210",
];

/** A server that has never heard of Vapi. */
export const WITHOUT_VAPI = {
  VAPI_API_KEY: null,
  VAPI_API_URL: null,
  VAPI_ASSISTANT_ID: null,
  VAPI_PHONE_NUMBER_ID: null,
  VAPI_WEBHOOK_SECRET: null,
};

export class World {
  /** `label` names the database; `seed: false` leaves it without a business. */
  static async create({ seed = true, label } = {}) {
    const world = new World();
    const name = label ?? path.basename(process.argv[1] ?? "e2e", ".test.mjs");
    world.db = await Database.create(name);
    world.fake = await Fake.start();
    const done = await migrate(world.db);
    assert.equal(done.code, 0, `migrate failed:\n${done.stdout}${done.stderr}`);
    if (seed) await world.db.seed();
    after(() => world.destroy());
    return world;
  }

  constructor() {
    this.servers = [];
    this.fakes = [];
  }

  env(extra = {}) {
    return {
      DATABASE_URL: this.db.serverUrl,
      TWILIO_AUTH_TOKEN: TWILIO_TOKEN,
      TWILIO_ACCOUNT_SID: TWILIO_ACCOUNT,
      VAPI_API_KEY: VAPI_KEY,
      VAPI_API_URL: this.fake.url,
      VAPI_ASSISTANT_ID: DEFAULT_ASSISTANT_ID,
      VAPI_PHONE_NUMBER_ID: PHONE_NUMBER_ID,
      VAPI_WEBHOOK_SECRET: WEBHOOK_SECRET,
      LOG_LEVEL: "debug",
      ...extra,
    };
  }

  /** A server that is not started yet; its log is looked at in the end. */
  server(extra = {}, args = []) {
    const server = new Server(this.env(extra), args);
    this.servers.push(server);
    return server;
  }

  start(extra = {}, args = []) {
    return this.server(extra, args).start();
  }

  async anotherFake() {
    const fake = await Fake.start();
    this.fakes.push(fake);
    return fake;
  }

  assertLogsAreClean() {
    const log = this.servers.map((server) => server.stderr + server.stdout).join("\n");
    for (const secret of SECRETS) assert.ok(!log.includes(secret), `a secret is in the log: ${around(log, secret)}`);
    const number = phoneNumberIn(log);
    assert.ok(!number, `a phone number is in the log: ${number && around(log, number)}`);
    for (const text of spokenTexts())
      assert.ok(!log.includes(text), `a caller's words are in the log: ${around(log, text)}`);
    assert.ok(!/\u0000/.test(log), "control characters in the log");
    for (const server of this.servers) {
      for (const line of server.lines())
        assert.ok(line.event, `not one JSON object with an event a line: ${line.raw ?? JSON.stringify(line)}`);
    }
  }

  async destroy() {
    try {
      for (const server of this.servers) await server.stop();
      this.assertLogsAreClean();
    } finally {
      for (const server of this.servers) if (server.running) await server.kill();
      for (const fake of [this.fake, ...this.fakes]) await fake.stop();
      await this.db.drop();
    }
  }
}

function around(text, part) {
  const at = text.indexOf(part);
  return text.slice(Math.max(0, at - 200), at + part.length + 60);
}
