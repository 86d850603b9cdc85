// A business with a calendar at the stand-in of Cal.com, a server that books there, and an assistant that asks.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { after } from "node:test";
import { CALCOM_EXPIRED_KEY, CALCOM_KEY, CALCOM_OTHER_KEY, CALCOM_REVOKED_KEY, Calcom, EVENT_TYPE } from "./calcom.mjs";
import { LARKSPUR, PLAIN, until } from "./env.mjs";
import { freshSid } from "./twilio.mjs";
import { message, post, report, snapshot, statusUpdate } from "./vapi.mjs";
import { World } from "./world.mjs";
import { addDays, dayWords, localDay } from "./zone.mjs";

export const NY = "America/New_York";
export const KATHMANDU = "Asia/Kathmandu";
export const SECRETS_KEY = "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92";
export const OTHER_SECRETS_KEY = "b1d5781111d84f7b3fe45a0852e59758cd7a87e5b7aa1f5b5d7a0a1c2b3d4e5f";
export const BRAMBLE = {
  id: "44444444-4444-4444-8444-444444444444",
  name: "Bramble Court",
  phone: "+12125550146",
  forwardTo: null,
  assistantId: null,
  greeting: null,
};
export const CALLER = "+16465550187";
export const ANA = {
  customer_name: "Ana Ruiz-Belmonte",
  customer_email: "ana.ruiz@example.org",
  service: "chipped tooth",
};
export const BO = { customer_name: "Bo Lindqvist", customer_email: "bo.lindqvist@example.net", service: "whitening" };

/** What no line of a log may hold. */
const PRIVATE = [
  CALCOM_KEY,
  CALCOM_OTHER_KEY,
  CALCOM_EXPIRED_KEY,
  CALCOM_REVOKED_KEY,
  SECRETS_KEY,
  OTHER_SECRETS_KEY,
].concat(["cal_live_", "Ruiz", "Lindqvist", "ana.ruiz", "bo.lindqvist", "@example.", "chipped tooth", "whitening"]);

/** A local day of the business, so many days from now, and how it is spoken. */
export const dayAhead = (days, zone = NY) => addDays(localDay(Date.now(), zone), days);
export { dayWords };

/** What a command that stores credentials would write. */
export function seal(key, businessId, { secretsKey = SECRETS_KEY, apiUrl = null } = {}) {
  const bytes = Buffer.from(secretsKey, "hex");
  const nonce = crypto.randomBytes(12);
  const cipher = crypto.createCipheriv("aes-256-gcm", bytes, nonce);
  cipher.setAAD(Buffer.from(`calcom ${businessId} ${apiUrl ?? ""}`));
  const text = Buffer.concat([cipher.update(key, "utf8"), cipher.final()]);
  const keyId = crypto.createHmac("sha256", bytes).update("name of the key").digest("hex").slice(0, 16);
  return { sealed: Buffer.concat([nonce, cipher.getAuthTag(), text]), keyId };
}

/** The four forms in which a tool call comes. */
export const SHAPES = {
  text: (id, name, args) => ({ id, type: "function", function: { name, arguments: JSON.stringify(args) } }),
  object: (id, name, args) => ({ id, type: "function", function: { name, arguments: args } }),
  flatArguments: (id, name, args) => ({ id, name, arguments: args }),
  flatParameters: (id, name, args) => ({ id, name, parameters: args }),
};

const ids = { next: 1 };

export class BookingDesk {
  /** `env`: settings of the first server; `start: false`: there is none yet. */
  static async open({ env = {}, start = true, calcom = {} } = {}) {
    const desk = new BookingDesk();
    desk.world = await World.create();
    desk.db = desk.world.db;
    desk.calcom = await Calcom.start(calcom);
    after(() => desk.calcom.stop()); // behind the servers
    const plain = desk.world.assertLogsAreClean.bind(desk.world);
    desk.world.assertLogsAreClean = () => (plain(), desk.assertNothingPrivate());
    await desk.db.addBusiness(BRAMBLE);
    await desk.db.rows("update businesses set timezone = $2 where id = $1", [BRAMBLE.id, KATHMANDU]);
    await desk.connect(LARKSPUR);
    if (start) desk.server = await desk.start(env);
    return desk;
  }

  start(env = {}) {
    return this.world.start({ SECRETS_KEY, CALCOM_API_URL: this.calcom.url, ...env });
  }

  assertNothingPrivate() {
    const log = this.world.servers.map((server) => server.stderr + server.stdout).join("\n");
    for (const text of PRIVATE) assert.ok(!log.includes(text), `in the log: ${text}`);
  }

  /** A new day: no calls, no bookings, the first business connected, Cal.com well. */
  async reset() {
    await this.db.clearCalls();
    await this.db.rows("delete from private.calcom_credentials");
    await this.db.rows("update businesses set calcom_enabled = false");
    this.calcom.clear();
    await this.connect(LARKSPUR);
  }

  /** Switches booking on for a business and stores its key. */
  async connect(
    business,
    { key = CALCOM_KEY, eventType = EVENT_TYPE, enabled = true, email = true, phone = false, ...how } = {},
  ) {
    const { sealed, keyId } = seal(key, business.id, how);
    await this.db.rows("delete from private.calcom_credentials where business_id = $1", [business.id]);
    await this.db.rows(
      `insert into private.calcom_credentials (business_id, api_url, sealed, key_id, account, event_type_id, event_title,
                                               event_minutes, asks_email, asks_phone)
       values ($1, $2, $3, $4, 'larkspur', $5, 'Check-up', 30, $6, $7)`,
      [business.id, how.apiUrl ?? null, sealed, keyId, eventType, email, phone],
    );
    await this.enable(business, enabled);
  }

  enable(business, enabled = true) {
    return this.db.rows("update businesses set calcom_enabled = $2 where id = $1", [business.id, enabled]);
  }

  credentials(business = LARKSPUR) {
    return this.db.one("select * from private.calcom_credentials where business_id = $1", [business.id]);
  }

  /** A call that an assistant of `business` has; `from`: its caller. */
  call({ business = LARKSPUR, from = CALLER, ...more } = {}) {
    return { id: crypto.randomUUID(), sid: freshSid(), business, from, ...more };
  }

  freshToolId() {
    return `call_Larkspur${process.pid}x${ids.next++}`;
  }

  snapshot(call) {
    return snapshot(
      { id: call.id },
      {
        customer: { number: call.from },
        assistantOverrides: {
          metadata: { ...(call.sid ? { twilioCallSid: call.sid } : {}), twilioNumber: call.business.phone },
        },
      },
    );
  }

  /** Posts a message with tool calls; each is [name, arguments, id]. Resolves to the results, and how long they took. */
  async tools(call, list, { server = this.server, shape = "object" } = {}) {
    const toolCallList = list.map(([name, args, id]) => SHAPES[shape](id, name, args));
    const answer = await post(server, message("tool-calls", this.snapshot(call), { toolCallList }));
    assert.equal(answer.status, 200, answer.text);
    const { results } = answer.json();
    assert.deepEqual(
      results.map((one) => [one.name, one.toolCallId]),
      list.map(([name, , id]) => [name, id]),
    );
    for (const one of results) {
      assert.equal([one.result, one.error].filter((text) => typeof text === "string" && text).length, 1, answer.text);
      assert.doesNotMatch(one.result ?? one.error, /[\n\r]|cal_|bkg_/, "one line, to be spoken");
    }
    return { results, ms: answer.ms, text: answer.text };
  }

  /** One tool call: { good, words, ms }. */
  async tool(call, name, args, { id = this.freshToolId(), ...how } = {}) {
    const { results, ms } = await this.tools(call, [[name, args, id]], how);
    return { good: results[0].result !== undefined, words: results[0].result ?? results[0].error, ms, id };
  }

  check(call, args, how) {
    return this.tool(call, "check_availability", args, how);
  }

  book(call, start, { who = ANA, args = {}, ...how } = {}) {
    return this.tool(call, "book_appointment", { start, ...who, ...args }, how);
  }

  /** The rows of a call, or all of them, in order. */
  rows(call) {
    return call
      ? this.db.rows("select * from bookings where provider_call_id = $1 order by created_at, id", [call.id])
      : this.db.rows("select * from bookings order by created_at, id");
  }

  async row(call) {
    const rows = await this.rows(call);
    assert.equal(rows.length, 1, `one booking, not ${JSON.stringify(rows)}`);
    return rows[0];
  }

  /** Waits until the one row of a call has this status. */
  settled(call, status, timeoutMs = 25000) {
    return until(
      `the booking is ${status}`,
      async () => {
        const rows = await this.rows(call);
        return rows.length === 1 && rows[0].status === status && rows[0];
      },
      timeoutMs,
    );
  }

  /** Nobody has it in his hands any more: the next sweep looks it up. */
  expire() {
    return this.db.rows(
      "update bookings set lease_until = now() - interval '1 second' where status in ('asked', 'unknown')",
    );
  }

  /** The call is over, as far as Vapi tells. */
  async end(call, server = this.server) {
    const snap = this.snapshot(call);
    await post(server, statusUpdate(snap, "in-progress"));
    await post(server, statusUpdate(snap, "ended", { endedReason: "customer-ended-call" }));
    await post(server, report(snap));
  }

  outcome(call) {
    return this.db.one("select * from calls where provider_call_id = $1", [call.id]).then((row) => row?.outcome);
  }
}

export { PLAIN };
