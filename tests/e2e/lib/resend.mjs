// A stand-in for Resend: what its API takes and answers, with a ledger of the mails that it would send, and bad days on
// request. It compares the bytes of a request, the strictest reading of "the same payload".
import crypto from "node:crypto";
import http from "node:http";
import { prng } from "./prng.mjs";
import { checkBatch, checkMail } from "./resend-check.mjs";

export const RESEND_KEY = "re_Larkspur4f1d9c2e7a_sends";
export const RESEND_SENDING_KEY = "re_Larkspur8b0e6d13_only";
export const RESEND_FROM = "Ringback <digest@mail.example.com>";
export const RESEND_WEBHOOK_SECRET = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY";

const REMEMBERED_MS = 24 * 3600 * 1000;
const later = (ms, act) => setTimeout(act, ms).unref();
export const sha256 = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");
const refusal = (statusCode, name, message) => ({ status: statusCode, body: { statusCode, message, name } });

const CLOUDFLARE_1010 =
  '<!DOCTYPE html>\n<html lang="en-US"><head><title>Access denied</title></head><body><h1>Error 1010</h1>' +
  "<p>The owner of this website has banned your access based on your browser's signature.</p></body></html>\n";
const CLOUDFLARE_502 =
  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n" +
  "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n";

const INTERNAL = refusal(500, "internal_server_error", "Unexpected error");
const TOO_MANY = refusal(
  429,
  "rate_limit_exceeded",
  "Too many requests. You can only make so many requests per second.",
);
const DAILY = refusal(429, "daily_quota_exceeded", "You have reached your daily email quota.");
const MONTHLY = refusal(429, "monthly_quota_exceeded", "You have reached your monthly email quota.");
const RUNNING = refusal(
  409,
  "concurrent_idempotent_requests",
  "The same idempotency key is in use by another request.",
);
const MISMATCH = refusal(
  409,
  "invalid_idempotent_request",
  "The same idempotency key was used with a different request payload.",
);

/**
 * What Resend may do with a request that is in order. Each takes (resend, record, res); the ones that say so take the mail
 * in first, as far as the key allows. A name ending in "After" means: accepted, but the answer does not say so.
 */
export const moods = {
  ok: (resend, record, res) => resend.reply(res, record, resend.take(record)),
  slow: (ms) => (resend, record, res) => resend.takeSlowly(record, ms, (answer) => resend.reply(res, record, answer)),
  /** The answer never comes. */
  hang: () => {},
  hangAfter: (resend, record) => void resend.take(record),
  /** The key is being worked on for so long; then it is accepted, and nobody hears of it. */
  stuck: (ms) => (resend, record) => resend.takeSlowly(record, ms, () => {}),
  error500: (resend, record, res) => resend.reply(res, record, INTERNAL),
  error500After: (resend, record, res) => (resend.take(record), resend.reply(res, record, INTERNAL)),
  unavailable: (resend, record, res) =>
    resend.reply(res, record, refusal(503, "service_unavailable", "Service temporarily unavailable")),
  badGateway: (resend, record, res) => resend.html(res, record, 502, CLOUDFLARE_502),
  badGatewayAfter: (resend, record, res) => (resend.take(record), resend.html(res, record, 502, CLOUDFLARE_502)),
  garbageAfter: (resend, record, res) => resend.okWith(res, record, resend.take(record), '{"id":4e,"\u0000'),
  garbageBefore: (resend, record, res) => resend.garbage(res, record, '{"id":4e,"\u0000'),
  htmlAfter: (resend, record, res) => resend.okWith(res, record, resend.take(record), "<html>sent</html>"),
  emptyAfter: (resend, record, res) => resend.okWith(res, record, resend.take(record), ""),
  otherJsonAfter: (resend, record, res) => resend.okWith(res, record, resend.take(record), '{"ok":true}'),
  /** The answer breaks off in the middle. */
  cutAfter: (resend, record, res) => {
    resend.take(record);
    res.writeHead(200, { ...resend.rateHeaders(), "content-type": "application/json", "content-length": 4096 });
    res.write('{"id":"', () => later(20, () => res.socket?.destroy()));
  },
  reset: (resend, record, res) => res.socket.resetAndDestroy(),
  resetAfter: (resend, record, res) => (resend.take(record), res.socket.resetAndDestroy()),
  closed: (resend, record, res) => res.socket.end(),
  tooMany:
    (seconds = 1) =>
    (resend, record, res) =>
      resend.reply(res, record, TOO_MANY, { "retry-after": String(seconds), "ratelimit-remaining": "0" }),
  tooManyBriefly: (resend, record, res) => moods.tooMany(1)(resend, record, res),
  tooManyWithoutRetryAfter: (resend, record, res) =>
    resend.reply(res, record, TOO_MANY, { "ratelimit-remaining": "0", "ratelimit-reset": "1" }),
  tooManyWithoutWord: (resend, record, res) => resend.html(res, record, 429, "<html>slow down</html>"),
  dailyQuota: (resend, record, res) => resend.reply(res, record, DAILY),
  monthlyQuota: (resend, record, res) => resend.reply(res, record, MONTHLY),
  busy: (resend, record, res) => resend.reply(res, record, RUNNING),
  busyAfter: (resend, record, res) => (resend.take(record), resend.reply(res, record, RUNNING)),
  mismatch: (resend, record, res) => resend.reply(res, record, MISMATCH),
  mismatchAfter: (resend, record, res) => (resend.take(record), resend.reply(res, record, MISMATCH)),
  refused: (resend, record, res) =>
    resend.reply(res, record, refusal(422, "invalid_parameter", "The `to` field holds an address nobody can have.")),
  unverified: (resend, record, res) =>
    resend.reply(res, record, refusal(403, "validation_error", "The mail.example.com domain is not verified.")),
  suspended: (resend, record, res) =>
    resend.reply(res, record, refusal(403, "suspended_api_key", "This API key is suspended.")),
};

/**
 * A mood for each request, drawn from `chances` ({ name: share }) by the seed, the key and how often the key has come, so
 * that the order changes nothing. `nameOf`: what of the key counts. After `calmAfter` requests of a key all is well.
 */
export function chaos(seed, chances, { calmAfter = 6, nameOf = (key) => key } = {}) {
  const names = Object.keys(chances);
  return (record) => {
    if (record.nth > calmAfter) return moods.ok;
    const mark = crypto
      .createHash("sha256")
      .update(`${seed} ${nameOf(record.key)} ${record.nth}`)
      .digest();
    let left = prng(mark.readUInt32BE(0))();
    for (const name of names) {
      left -= chances[name];
      if (left < 0) return moods[name];
    }
    return moods.ok;
  };
}

/** The headers of one delivery, as Svix makes them. */
export function svixHeaders(secret, id, seconds, body) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signature = crypto.createHmac("sha256", key).update(`${id}.${seconds}.`).update(body).digest("base64");
  return {
    "content-type": "application/json",
    "user-agent": "Svix-Webhooks/1.62.0",
    "svix-id": id,
    "svix-timestamp": String(seconds),
    "svix-signature": `v1,${signature}`,
  };
}

export class Resend {
  /**
   * `limit`: requests a second, enforced. `lean`: bodies are forgotten, only their SHA-256 stays. `domains`: those that may
   * send. `rude`: from a record to its mood, see `chaos`.
   */
  static async start(options = {}) {
    const resend = new Resend(options);
    await new Promise((resolve) => {
      resend.server.listen(0, "127.0.0.1", resolve);
    });
    resend.port = resend.server.address().port;
    resend.url = `http://127.0.0.1:${resend.port}`;
    return resend;
  }

  constructor({ limit = 1000, lean = false, domains = ["mail.example.com"], rude = null } = {}) {
    Object.assign(this, { limit, lean, domains, rude, mood: moods.ok, planned: [], requests: [], accepted: [] });
    this.answers = new Map(); // by idempotency key
    this.running = new Map();
    this.seen = new Map();
    this.window = { second: -1, used: 0 };
    this.server = http.createServer((req, res) => this.#receive(req, res));
    this.server.keepAliveTimeout = 60000;
    this.server.on("clientError", (error, socket) => socket.destroy());
  }

  /** The next requests get these moods, one each; then `mood` or `rude` is in force again. */
  next(...list) {
    this.planned.push(...list);
    return this;
  }

  /** What was asked under a key, in order. */
  asked(key) {
    return this.requests.filter((record) => record.key === key);
  }

  /** What was accepted under a key: for each time the mails. More than one entry is a mail sent twice. */
  acceptedFor(key) {
    return this.accepted.filter((entry) => entry.key === key);
  }

  /** How often each kind of answer was given. */
  tally() {
    const out = {};
    for (const record of this.requests) out[record.told] = (out[record.told] ?? 0) + 1;
    return out;
  }

  /** Keys that were accepted more than once, and keys that came with different bytes. */
  sins() {
    const times = new Map();
    for (const { key } of this.accepted) times.set(key, (times.get(key) ?? 0) + 1);
    const hashes = new Map();
    for (const { key, sha256: hash } of this.requests) {
      if (key !== undefined) hashes.set(key, (hashes.get(key) ?? new Set()).add(hash));
    }
    return {
      twice: [...times].filter(([, n]) => n > 1).map(([key]) => key),
      changed: [...hashes].filter(([, set]) => set.size > 1).map(([key]) => key),
    };
  }

  /** 24 hours go by: keys are forgotten. */
  forget(key) {
    this.answers.delete(key);
  }

  // ---- what Resend does ----

  /** Takes the mail in as far as its key allows; returns the answer. */
  take(record) {
    const known = this.#known(record);
    if (known) return known;
    const answer = this.#check(record);
    if (answer.status !== 200) return answer;
    const entry = { key: record.key, at: Date.now(), ids: answer.ids, sha256: record.sha256 };
    if (!this.lean) entry.mails = answer.mails ?? [].concat(record.json);
    if (entry.ids.length > 0) this.accepted.push(entry);
    if (record.key !== undefined) this.answers.set(record.key, { at: Date.now(), sha256: record.sha256, answer });
    record.took = true;
    return answer;
  }

  /** The same, with the key in use meanwhile. */
  takeSlowly(record, ms, answered) {
    const known = this.#known(record);
    if (known) return answered(known);
    if (record.key !== undefined) this.running.set(record.key, record);
    later(ms, () => {
      if (this.running.get(record.key) === record) this.running.delete(record.key);
      answered(this.take(record));
    });
  }

  #known(record) {
    if (record.key === undefined) return null;
    const before = this.answers.get(record.key);
    if (before && Date.now() - before.at < REMEMBERED_MS)
      return before.sha256 === record.sha256 ? before.answer : MISMATCH;
    return this.running.has(record.key) ? RUNNING : null;
  }

  #check(record) {
    const batch = record.path === "/emails/batch";
    if (batch && record.headers["x-batch-validation"] === "permissive") return this.#checkEach(record);
    const wrong = batch ? checkBatch(record.json, this.domains) : checkMail(record.json, this.domains);
    if (wrong) return refusal(...wrong);
    const ids = [].concat(record.json).map(() => crypto.randomUUID());
    return { status: 200, ids, body: batch ? { data: ids.map((id) => ({ id })) } : { id: ids[0] } };
  }

  /** Takes what is good, and tells of the rest. */
  #checkEach(record) {
    const wrong = Array.isArray(record.json) ? record.json.map((mail) => checkBatch([mail], this.domains)) : [];
    if (wrong.length < 1 || wrong.length > 100) return refusal(...checkBatch(record.json, this.domains));
    const good = record.json.filter((mail, index) => !wrong[index]);
    const ids = good.map(() => crypto.randomUUID());
    const errors = wrong.flatMap((why, index) => (why ? [{ index, message: why[2] }] : []));
    return { status: 200, ids, mails: good, body: { data: ids.map((id) => ({ id })), errors } };
  }

  rateHeaders() {
    return {
      "ratelimit-policy": `${this.limit};w=1`,
      "ratelimit-limit": String(this.limit),
      "ratelimit-remaining": String(Math.max(this.limit - this.window.used, 0)),
      "ratelimit-reset": "1",
    };
  }

  #overLimit() {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.window.second) this.window = { second, used: 0 };
    return ++this.window.used > this.limit;
  }

  reply(res, record, answer, headers = {}) {
    record.told = answer.status === 200 ? "200" : `${answer.status} ${answer.body.name}`;
    this.#send(res, answer.status, JSON.stringify(answer.body), { ...this.rateHeaders(), ...headers });
  }

  /** 200 with another body, if the mail was accepted. */
  okWith(res, record, answer, text) {
    return answer.status === 200 ? this.garbage(res, record, text) : this.reply(res, record, answer);
  }

  garbage(res, record, text) {
    record.told = "200 garbage";
    this.#send(res, 200, text, this.rateHeaders());
  }

  html(res, record, status, text) {
    record.told = `${status} html`;
    this.#send(res, status, text, { "content-type": "text/html; charset=UTF-8", server: "cloudflare" });
  }

  #send(res, status, text, headers) {
    if (res.destroyed) return;
    const body = Buffer.from(text);
    res.writeHead(status, {
      "content-type": "application/json; charset=utf-8",
      "content-length": body.length,
      ...headers,
    });
    res.end(body);
  }

  // ---- one request ----

  #receive(req, res) {
    const parts = [];
    const record = { method: req.method, path: req.url, headers: req.headers, at: performance.now(), gone: false };
    res.on("close", () => {
      record.gone = !res.writableFinished;
    });
    res.on("error", () => {});
    req.on("error", () => {});
    req.on("data", (part) => parts.push(part));
    req.on("end", () => this.#read(record, Buffer.concat(parts), res));
  }

  #read(record, body, res) {
    record.key = record.headers["idempotency-key"];
    record.sha256 = sha256(body);
    record.nth = (this.seen.get(record.key) ?? 0) + 1;
    this.seen.set(record.key, record.nth);
    if (!this.lean) record.body = body;
    try {
      record.json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    } catch {
      record.json = undefined;
    }
    record.told = "nothing";
    this.requests.push(record);
    this.#answer(record, res);
    if (this.lean) for (const what of ["json", "headers"]) if (!this.running.has(record.key)) delete record[what];
  }

  #answer(record, res) {
    if (!record.headers["user-agent"]) return this.html(res, record, 403, CLOUDFLARE_1010);
    const refused = this.#gate(record);
    if (refused) return this.reply(res, record, refused);
    if (record.method === "GET") return this.#tell(record, res);
    if (this.#overLimit()) return moods.tooMany(1)(this, record, res);
    const mood = this.planned.shift() ?? this.rude?.(record) ?? this.mood;
    record.mood = Object.keys(moods).find((name) => moods[name] === mood) ?? "scripted";
    mood(this, record, res);
  }

  /** Whose key it is, and whether there is such a thing. */
  #gate(record) {
    const key = /^Bearer (\S+)$/.exec(record.headers.authorization ?? "")?.[1];
    if (!record.headers.authorization) return refusal(401, "missing_api_key", "Missing API Key");
    if (key !== RESEND_KEY && key !== RESEND_SENDING_KEY) return refusal(403, "invalid_api_key", "API key is invalid");
    const known = record.path === "/emails" || record.path === "/emails/batch";
    if (record.method === "GET" && /^\/emails\/[0-9a-f-]{36}$/.test(record.path)) {
      if (key === RESEND_KEY) return null;
      return refusal(401, "restricted_api_key", "This API key is restricted to only send emails");
    }
    if (!known) return refusal(404, "not_found", "The requested endpoint does not exist");
    if (record.method !== "POST") return refusal(405, "method_not_allowed", "Method is not allowed");
    return gateOfKey(record);
  }

  #tell(record, res) {
    const id = record.path.slice("/emails/".length);
    const entry = this.accepted.find((one) => one.ids.includes(id));
    if (!entry || this.lean) return this.reply(res, record, refusal(404, "not_found", "Email not found"));
    const mail = entry.mails[entry.ids.indexOf(id)];
    const body = { object: "email", id, from: mail.from, to: [].concat(mail.to), subject: mail.subject };
    return this.reply(res, record, { status: 200, body: { ...body, html: mail.html, text: mail.text } });
  }

  // ---- what became of a mail ----

  /** The body of an event about one accepted mail; tags are an object here. */
  event(type, entry, { nth = 0, at = new Date(), extra = {} } = {}) {
    const mail = entry.mails[nth];
    const data = { email_id: entry.ids[nth], created_at: new Date(entry.at).toISOString(), from: mail.from };
    Object.assign(data, { to: [].concat(mail.to), subject: mail.subject });
    if (mail.tags) data.tags = Object.fromEntries(mail.tags.map((tag) => [tag.name, tag.value]));
    return { type, created_at: at.toISOString(), data: { ...data, ...extra } };
  }

  /** Delivers an event to a server, signed. `server.post` is that of lib/server.mjs. */
  deliver(server, event, { id = `msg_${crypto.randomUUID()}`, secret = RESEND_WEBHOOK_SECRET, seconds } = {}) {
    const body = typeof event === "string" ? event : JSON.stringify(event);
    const at = seconds ?? Math.floor(Date.now() / 1000);
    return server.post("/api/resend-webhook", body, svixHeaders(secret, id, at, body));
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}

function gateOfKey({ key, headers, json, path }) {
  if (key !== undefined && (key.length < 1 || key.length > 256))
    return refusal(400, "invalid_idempotency_key", "The idempotency key must be between 1 and 256 characters.");
  const mode = headers["x-batch-validation"];
  if (mode !== undefined && (path !== "/emails/batch" || !["strict", "permissive"].includes(mode)))
    return refusal(400, "validation_error", "There is no such validation.");
  if (!/^application\/json\b/i.test(headers["content-type"] ?? "") || json === undefined)
    return refusal(400, "validation_error", "The body is not JSON.");
  return null;
}
