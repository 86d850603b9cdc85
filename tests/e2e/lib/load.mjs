// Load with a ledger: what was sent, and what the server said it has.
import crypto from "node:crypto";
import { WEBHOOK_SECRET, sleep } from "./env.mjs";
import { ownAgent, request } from "./client.mjs";

/**
 * Posts distinct events over `width` connections to `portOf()` until `stop()`; every event is a call of its own or one
 * of a few shared calls, and carries a number in its text that tells it from all others.
 */
export class Load {
  constructor(portOf, { width = 8, pauseMs = 0 } = {}) {
    this.portOf = portOf;
    this.width = width;
    this.pauseMs = pauseMs;
    this.sent = new Map();
    this.acknowledged = new Set();
    this.refused = [];
    this.lost = 0;
    this.serial = 0;
    this.going = false;
    this.shared = Array.from({ length: 5 }, () => crypto.randomUUID());
  }

  start() {
    this.going = true;
    this.workers = Array.from({ length: this.width }, () => this.#work());
    return this;
  }

  async stop() {
    this.going = false;
    await Promise.all(this.workers);
  }

  #next() {
    const n = ++this.serial;
    const mark = `mark-${process.pid}-${n}`;
    const id = n % 3 === 0 ? this.shared[n % this.shared.length] : crypto.randomUUID();
    const message =
      n % 2 === 0
        ? { type: "transcript", role: "user", transcriptType: "final", transcript: mark }
        : { type: "voice-input", input: mark };
    this.sent.set(mark, id);
    return { mark, body: JSON.stringify({ message: { timestamp: 1795014200000 + n, ...message, call: { id } } }) };
  }

  async #work() {
    const agent = ownAgent(1);
    const headers = { "content-type": "application/json", "x-vapi-secret": WEBHOOK_SECRET };
    while (this.going) {
      const { mark, body } = this.#next();
      try {
        const answer = await request({
          port: this.portOf(),
          path: "/api/vapi-webhook",
          method: "POST",
          headers,
          body,
          agent,
          timeoutMs: 15000,
        });
        if (answer.status >= 200 && answer.status < 300) this.acknowledged.add(mark);
        else this.refused.push(answer);
      } catch {
        this.lost += 1;
        await sleep(5);
      }
      if (this.pauseMs) await sleep(this.pauseMs);
    }
    agent.destroy();
  }

  /** What the database holds, against the ledger: { missing, doubled, invented }. */
  async judge(db) {
    const rows = await db.rows(
      `select coalesce(payload->>'transcript', payload->>'input', payload->'message'->>'transcript',
                       payload->'message'->>'input') as mark,
              count(*)::int as n from call_events where type in ('transcript', 'voice-input') group by 1`,
    );
    const found = new Map(rows.map((row) => [row.mark, row.n]));
    return {
      missing: [...this.acknowledged].filter((mark) => !found.has(mark)),
      doubled: rows.filter((row) => row.n > 1).map((row) => row.mark),
      invented: rows.filter((row) => !this.sent.has(row.mark)).map((row) => row.mark),
      stored: found.size,
    };
  }
}
