// A database with businesses and calls, and somebody who asks for a digest's facts as the server does.
import { after } from "node:test";
import pg from "pg";
import { Desk } from "./desk.mjs";
import { statements } from "./statements.mjs";

export const NY = "America/New_York";
export const DAY = "2026-11-17"; // a Tuesday
export const DUE = "2026-11-18T12:00:00Z"; // 7 AM
export const MISSED = { ended_claim: "5silence-timed-out" };
export const PLAIN_CALL = { ended_claim: "5assistant-ended-call" };
export const TEXT = statements().digest_facts;

export const caller = (n) => ({ caller_claim: `3+1212555${String(n).padStart(4, "0")}` });
export const number = (n) => caller(n).caller_claim.slice(1);
export const says = (data) => JSON.stringify({ structuredData: data });
/** An instant by New York's winter clock. */
export const on = (time, day = DAY) => new Date(`${day}T${time}-05:00`);
export const others = (facts) => [...facts.high, ...facts.normal, ...facts.low, ...facts.spam_calls];
export const ids = (calls) => calls.map((call) => call.id).sort();

export class DigestDesk {
  static async open(label) {
    const self = new DigestDesk();
    after(() => self.client.end()); // before the database goes
    self.desk = await Desk.open(label);
    self.db = self.desk.db;
    self.client = new pg.Client({ connectionString: self.db.serverUrl, options: "-c jit=off" });
    await self.client.connect();
    return self;
  }

  async asServer(text, values) {
    await this.client.query("begin");
    try {
      await this.client.query("select set_config('role', 'ringback_digest', true)");
      return (await this.client.query(text, values)).rows;
    } finally {
      await this.client.query("commit");
    }
  }

  async ask(business, day = DAY, at = DUE) {
    return (await this.asServer(TEXT, [business, day, at]))[0]?.json;
  }

  /** A business that was always there. */
  async addBusiness(name, zone = NY, since = "2020-01-01T00:00:00Z") {
    const id = await this.desk.addBusiness(name, zone);
    await this.db.rows("update businesses set created_at = $2, email = 'front-desk@larkspur.example' where id = $1", [
      id,
      since,
    ]);
    return id;
  }

  /** A call of the day, by New York's clock. */
  add(business, time, more = {}) {
    return this.desk.addCall(business, { started_at: on(time), ...PLAIN_CALL, ...more });
  }
}
