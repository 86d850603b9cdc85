// Several servers on one database, killed one after the other, and a Resend that has bad days: who sends what, and how often.
import crypto from "node:crypto";
import fs from "node:fs";
import { sleep } from "./env.mjs";
import { Rows, keyOf, look } from "./digests.mjs";
import { prng } from "./prng.mjs";
import { chaos } from "./resend.mjs";

/** Bad days of a share each; about one request in two is answered as it should be. Only what was accepted gets a 409 of the
 * kind that ends a digest: a mail that was refused for good would be missing, and rightly so. */
export const BAD_DAYS = {
  hangAfter: 0.05,
  hang: 0.05,
  error500After: 0.1,
  garbageAfter: 0.03,
  emptyAfter: 0.02,
  tooManyBriefly: 0.05,
  tooManyWithoutRetryAfter: 0.05,
  busy: 0.03,
  busyAfter: 0.02,
  mismatchAfter: 0.02,
  badGatewayAfter: 0.02,
  resetAfter: 0.03,
  reset: 0.02,
};

/** The nth business of a seed always has the same id, and so the same bad days, whatever the date. */
export function idOf(seed, n) {
  const hex = crypto.createHash("sha256").update(`${seed} ${n}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
export const badDays = (seed) => chaos(seed, BAD_DAYS, { nameOf: (key) => key.split("/")[1] });

/** The most memory that a process has had, in kB. */
function peakOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export class Race {
  /** `servers`: started. `idle`: how long a claim that nobody touches is left alone (in life five minutes). */
  constructor({ db, resend, servers, seed, idle = "8 seconds", killEveryMs = 2500 }) {
    Object.assign(this, { db, resend, servers, idle, killEveryMs });
    this.rows = new Rows(db);
    this.random = prng(seed);
    this.kills = 0;
    this.peakKb = 0;
    this.going = true;
  }

  #pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  #measure() {
    for (const server of this.servers)
      if (server.running) this.peakKb = Math.max(this.peakKb, peakOf(server.child.pid));
  }

  async #killer() {
    while (this.going) {
      await sleep(this.killEveryMs * (0.8 + 0.4 * this.random()));
      if (!this.going) return;
      this.#measure();
      const server = this.#pick(this.servers);
      await server.kill();
      this.kills++;
      await sleep(200);
      await server.start(60000);
    }
  }

  async #clock() {
    while (this.going) {
      await sleep(700);
      await this.rows.timePasses({ idle: this.idle, pace: "3 seconds" });
      const server = this.#pick(this.servers);
      if (server.running && server.port) await look(server).catch(() => {});
    }
  }

  /** Runs until there is a row at its end for each of `count` digests; then nobody is killed any more. */
  async run(count, { timeoutMs, progress = () => {} }) {
    const began = performance.now();
    let failed = null;
    const others = [this.#killer(), this.#clock()].map((work) =>
      work.catch((error) => {
        failed = error;
      }),
    );
    try {
      for (;;) {
        await sleep(500);
        const { all, open } = await this.db.one(
          `select count(*)::int as all, (count(*) filter (where status in ('due', 'claimed')))::int as open from digests`,
        );
        progress({ all, open, accepted: this.resend.accepted.length, seconds: (performance.now() - began) / 1000 });
        if (all >= count && open === 0) break;
        if (failed) throw failed;
        if (performance.now() - began > timeoutMs)
          throw new Error(`after ${timeoutMs} ms ${all} of ${count} digests are there and ${open} not at their end`);
      }
    } finally {
      this.going = false;
      await Promise.all(others);
      this.#measure();
    }
    this.seconds = (performance.now() - began) / 1000;
    return this;
  }

  /** What the ledger says of these digests ({ id, yesterday }), against the rows. */
  async judge(list) {
    const { twice, changed } = this.resend.sins();
    const accepted = new Set(this.resend.accepted.map((entry) => entry.key));
    const expected = new Map(list.map((business) => [keyOf(business.id, business.yesterday), business]));
    const rows = await this.db.rows(
      `select business_id, local_date::text as date, status, reason, resend_id, encode(request_sha256, 'hex') as hash,
              encode(sha256(request_body), 'hex') as kept from digests`,
    );
    const hashes = new Map(this.resend.accepted.map((entry) => [entry.key, entry.sha256]));
    const ids = new Map(this.resend.accepted.map((entry) => [entry.key, entry.ids[0]]));
    const wrong = rows.filter((row) => {
      const key = keyOf(row.business_id, row.date);
      return row.hash !== row.kept || row.hash !== hashes.get(key) || (row.resend_id && row.resend_id !== ids.get(key));
    });
    return {
      accepted: accepted.size,
      twice,
      changed,
      missing: [...expected.keys()].filter((key) => !accepted.has(key)),
      uncalled: [...accepted].filter((key) => !expected.has(key)),
      wrong: wrong.map((row) => keyOf(row.business_id, row.date)),
      notSent: rows.filter((row) => row.status !== "sent"),
    };
  }
}
