// A database with a few people and a business, and somebody who asks the statements of the read API.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { after } from "node:test";
import { Database } from "./database.mjs";
import { migrate } from "./world.mjs";
import { prng } from "./prng.mjs";
import { Reader } from "./statements.mjs";

export const OWNER = "aaaaaaaa-0000-4000-8000-000000000001";
export const STAFF = "aaaaaaaa-0000-4000-8000-000000000002";
export const OTHER = "aaaaaaaa-0000-4000-8000-000000000003";
export const NOBODY = "aaaaaaaa-0000-4000-8000-000000000009";
const SESSION = "bbbbbbbb-0000-4000-8000-00000000000";

export const claims = (sub) => ({
  sub,
  role: "authenticated",
  email: `${sub.at(-1)}@larkspur.example`,
  session_id: SESSION + sub.at(-1),
});

/** What calls_list and calls_csv take behind the business. */
export function filterParams({ from, to, outcome, q, caller, cursor, limit, ...more } = {}) {
  const behind = cursor ? cursor.split(".") : [null, null];
  const { urgency, reason, called, recording, shorter, longer, call_back } = more;
  const others = [urgency, reason, called, recording, shorter, longer, call_back];
  return [from, to, outcome, q, caller, ...behind, limit, ...others].map((value) => value && String(value));
}

export class Desk {
  static async open(label) {
    const self = new Desk();
    self.db = await Database.create(label);
    const done = await migrate(self.db);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    self.reader = await Reader.open(self.db.serverUrl);
    after(async () => {
      await self.reader.close();
      await self.db.drop();
    });
    for (const user of [OWNER, STAFF, OTHER]) {
      await self.db.rows("insert into auth.users (id, email) values ($1, $2)", [user, claims(user).email]);
      await self.db.rows("insert into auth.sessions (id, user_id) values ($1, $2)", [claims(user).session_id, user]);
    }
    self.first = await self.addBusiness("Larkspur Dental Studio");
    await self.db.rows("insert into business_users values ($1, $2, 'staff')", [self.first, STAFF]);
    await self.db.rows("insert into business_phones values ('+12125550143', $1), ('+12125550142', $1)", [self.first]);
    return self;
  }

  /** The same in every run. */
  random = prng(20261122);

  async addBusiness(name, timezone = "America/New_York", owner = OWNER) {
    const { id } = await this.db.one("insert into businesses (name, timezone) values ($1, $2) returning id", [
      name,
      timezone,
    ]);
    await this.db.rows("insert into business_users values ($1, $2, 'owner')", [id, owner]);
    return id;
  }

  /** An ended call of `business`, `minutes` ago unless `started_at` says otherwise; `more` are columns. */
  async addCall(business, { minutes = 60, said = [], summary = null, analysis = null, ...more } = {}) {
    const columns = {
      id: crypto.randomUUID(),
      business_id: business,
      caller_claim: "3+12125550101",
      called_claim: "3+12125550142",
      status_rank: 5,
      ended_claim: "5customer-ended-call",
      started_at: new Date(Date.now() - minutes * 60000),
      reported_seconds: 60,
      caller_spoke: true,
      has_report: true,
      said_reported: said.length > 0,
      summary,
      analysis,
      ...more,
    };
    const names = Object.keys(columns);
    const places = names.map((_, i) => `$${i + 1}`);
    await this.db.rows(`insert into calls (${names}) values (${places})`, Object.values(columns));
    for (const [i, text] of said.entries()) {
      await this.db.rows(
        `insert into call_utterances (call_id, utterance_key, role, said_at, text, source)
         values ($1, gen_random_uuid(), $2, $3, $4, 'report')`,
        [columns.id, i % 2 ? "user" : "assistant", new Date(columns.started_at.getTime() + i * 1000), text],
      );
    }
    return columns.id;
  }

  /** Makes the words of all calls now, as the server does by and by. */
  async makeWords() {
    await this.db.rows("update private.call_words_due set due_at = now()");
    while ((await this.db.one("select private.index_due_calls(1000) as n")).n > 0);
  }

  /** The owner's answer to a statement. */
  ask(name, ...params) {
    return this.reader.json(claims(OWNER), name, ...params);
  }

  list(business, filters) {
    return this.ask("calls_list", business, ...filterParams(filters));
  }

  /** The ids of all pages; `between` runs after each. */
  async everyPage(business, options, between = async () => {}) {
    const seen = [];
    let cursor = null;
    for (let pages = 0; pages < 400; pages++) {
      const got = await this.list(business, { ...options, cursor });
      seen.push(...got.calls.map((c) => c.id));
      cursor = got.next_cursor;
      if (!cursor) return seen;
      assert.equal(got.calls.length, options.limit);
      assert.match(cursor, /^\d+\.[0-9a-f-]{36}$/);
      await between();
    }
    assert.fail("the pages do not end");
  }
}
