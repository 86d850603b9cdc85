// What the digest's tests share: businesses by the local hour, days with calls, servers that mail to a stand-in, and time
// that passes. The database's clock is the only clock, so time passes by moving what stands in the rows.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { until } from "./env.mjs";
import { RESEND_FROM, RESEND_KEY, RESEND_WEBHOOK_SECRET, Resend } from "./resend.mjs";

export const CRON_SECRET = "larkspur-cron-secret-7c1e9a42d8";
export const DASHBOARD_URL = "https://calls.larkspur.example.com";
const HOUR = 3600000;
const DAY = 24 * HOUR;

/** What a server needs to mail to the stand-in. */
export function mailEnv(resend, extra = {}) {
  return {
    RESEND_API_KEY: RESEND_KEY,
    RESEND_API_URL: resend.url,
    RESEND_FROM,
    RESEND_WEBHOOK_SECRET,
    CRON_SECRET,
    DASHBOARD_URL,
    ...extra,
  };
}
/** The same without a way to send. */
export const muteEnv = (extra = {}) => ({ CRON_SECRET, DASHBOARD_URL, ...extra });

export const keyOf = (id, date) => `digest/${id}/${date}`;
export const addDays = (date, days) =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);

/** A zone of whole hours (name and milliseconds east of UTC) in which it is `hour` o'clock now. */
export function zoneAt(hour, now = Date.now()) {
  let east = (hour - new Date(now).getUTCHours() + 48) % 24;
  if (east > 12) east -= 24;
  return etcZone(east);
}
/** From -12 to 14 hours east of UTC. */
export function etcZone(east) {
  return { zone: east === 0 ? "Etc/UTC" : `Etc/GMT${east > 0 ? "-" : "+"}${Math.abs(east)}`, east: east * HOUR };
}
export const localDate = ({ east }, now = Date.now()) => new Date(now + east).toISOString().slice(0, 10);
/** The instant of a local time of day. */
export const instant = ({ east }, date, minutes) => Date.parse(`${date}T00:00:00Z`) - east + minutes * 60000;

/** The fields of a business in a place where it is 8 o'clock, an hour after its digest was due; it is 12 hours old. */
export class Businesses {
  constructor(db) {
    this.db = db;
    this.serial = 0;
  }

  /** `age`: since when it is there and has its digest on; SQL interval. `email: null`: no recipient. */
  async add(options = {}) {
    return (await this.addMany(1, () => options))[0];
  }

  async addMany(count, fieldsOf = () => ({})) {
    const list = Array.from({ length: count }, (_, i) => this.#make(fieldsOf(i)));
    await this.#insert(list);
    await this.db.rows(
      `insert into business_phones (phone, business_id) select b ->> 'phone', (b ->> 'id')::uuid
       from jsonb_array_elements($1::jsonb) b where b ->> 'phone' is not null`,
      [JSON.stringify(list)],
    );
    return list;
  }

  /** Many at once go past the trigger that looks each zone up on disk: 25 ms a row. */
  async #insert(list) {
    const session = await this.db.session();
    await session.query("begin");
    if (list.length > 200) await session.query("set local session_replication_role = replica");
    await session.query(
      `insert into businesses (id, name, email, timezone, digest_enabled, digest_hour, skip_empty_digest, created_at, digest_since)
       select (b ->> 'id')::uuid, b ->> 'name', b ->> 'email', b ->> 'zone', (b -> 'enabled')::bool, (b -> 'hour')::int,
              (b -> 'skipEmpty')::bool, now() - (b ->> 'age')::interval, now() - (b ->> 'age')::interval
       from jsonb_array_elements($1::jsonb) b`,
      [JSON.stringify(list)],
    );
    await session.query("commit");
    await session.end();
  }

  #make(fields) {
    const n = ++this.serial;
    const place = fields.place ?? zoneAt(8);
    const phone = `+1${201 + Math.floor(n / 100)}55501${String(n % 100).padStart(2, "0")}`;
    return {
      id: crypto.randomUUID(),
      name: `Larkspur Branch No. ${n}`,
      email: `desk${n}@larkspur.example.com`,
      ...{ enabled: true, hour: 7, skipEmpty: false, age: "12 hours", phone },
      ...fields,
      ...place,
      place,
      yesterday: addDays(localDate(place), -1),
    };
  }

  /** An owner who can be written to. */
  async owner(business, email, role = "owner") {
    const id = crypto.randomUUID();
    await this.db.rows("insert into auth.users (id, email) values ($1, $2)", [id, email]);
    await this.db.rows("insert into business_users (business_id, user_id, role) values ($1, $2, $3)", [
      business.id,
      id,
      role,
    ]);
  }
}

/** Calls of one business on one local day: `ended` reasons by turns, an hour apart from 9 o'clock. */
export function storeDay(db, businesses, { calls = 3, dayOf = (b) => b.yesterday } = {}) {
  const rows = businesses.flatMap((b, i) =>
    Array.from({ length: calls }, (_, n) => ({
      business: b.id,
      to: b.phone,
      from: `+1718555${String(200 + ((i * 7 + n) % 700)).padStart(4, "0")}`,
      at: instant(b.place, dayOf(b), 9 * 60 + n * 11) / 1000,
      reason: ["customer-ended-call", "silence-timed-out", "twilio.no-answer"][n % 3],
    })),
  );
  return db.rows(
    `insert into calls (id, business_id, caller_claim, called_claim, status_rank, ended_claim, started_at, reported_seconds,
                        analysis, caller_spoke, has_report)
     select gen_random_uuid(), (c ->> 'business')::uuid, '3' || (c ->> 'from'), '3' || coalesce(c ->> 'to', '+12125550199'), 5,
            '5' || (c ->> 'reason'), to_timestamp((c ->> 'at')::numeric), 60,
            '{"structuredData": {"reason": "Appointment", "urgency": "normal"}}', true, true
     from jsonb_array_elements($1::jsonb) c`,
    [JSON.stringify(rows)],
  );
}

/** Another server is told to look now; what it says. */
export async function look(server) {
  const answer = await server.get("/api/cron/daily-digest", { headers: { authorization: `Bearer ${CRON_SECRET}` } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

export class Rows {
  constructor(db) {
    this.db = db;
  }

  of(business) {
    return this.db.rows("select *, local_date::text as date from digests where business_id = $1 order by local_date", [
      business.id,
    ]);
  }

  async one(business, date = business.yesterday) {
    const rows = (await this.of(business)).filter((row) => row.date === date);
    assert.equal(rows.length, 1, `rows of ${business.name} for ${date}`);
    return rows[0];
  }

  /**
   * Every pause and every claim is over, as in five minutes or an hour. `idle`: claims only of rows untouched for so long.
   * `pace`: how far off the next mail's turn may stay.
   */
  timePasses({ idle = "0 seconds", pace = "0 seconds" } = {}) {
    return this.db.rows(
      `with rows as (
         update digests set lease_until = now() - interval '1 second'
         where status in ('due', 'claimed') and lease_until > now()
           and (status = 'due' or updated_at < now() - $1::interval)),
       pace as (update private.mail_pace set next_at = now() where next_at > now() + $2::interval)
       select 1`,
      [idle, pace],
    );
  }

  open() {
    return this.db.count("digests where status in ('due', 'claimed')");
  }

  /** Looks, and lets time pass for what was put off, until every row is at its end. */
  async settle(server, { timeoutMs = 60000, passing = true } = {}) {
    await look(server);
    await until(
      "every digest is at its end",
      async () => {
        if ((await this.open()) === 0) return true;
        const waiting = await this.db.count("digests where status = 'due' and lease_until > now()");
        if (passing && waiting > 0) {
          await this.passDue();
          await look(server);
        }
        return false;
      },
      timeoutMs,
      200,
    );
  }

  /** Pauses before a retry are over, and long ones of the provider; claims stay. */
  passDue() {
    return this.timePasses({ idle: "1 day", pace: "3 seconds" });
  }
}

/** Starts a stand-in that ends with the world. */
export async function standIn(world, options) {
  const resend = await Resend.start(options);
  world.fakes.push(resend);
  return resend;
}

/** Addresses, names, numbers and secrets that a log must not hold. */
export function assertNothingPersonal(server) {
  const log = server.stderr + server.stdout;
  for (const [what, pattern] of Object.entries({
    "an address": /[\w.+-]+@(?:[\w-]+\.)*example\.(?:com|org|net)/,
    "a name": /Larkspur (?:Branch|Dental)/,
    "a number": /\+1\d{3}555\d{4}/,
    "a secret": new RegExp([RESEND_KEY, CRON_SECRET, RESEND_WEBHOOK_SECRET.slice(6)].join("|")),
    "an unsubscribe link": /unsubscribe\/[\w-]{54}/,
  })) {
    const found = pattern.exec(log);
    assert.ok(!found, `${what} is in the log: ${found && log.slice(Math.max(0, found.index - 200), found.index + 80)}`);
  }
}
