// A stand-in for Cal.com's API v2: slots, bookings, event types and whose key it is, with a ledger of what was booked, and
// bad days on request. What is right and what it looks like stands in calcom-rules.mjs.
import http from "node:http";
import {
  Refusal,
  bookingBody,
  bookingShape,
  bookingsFound,
  bookingsQuery,
  checkFields,
  checkTime,
  dropped,
  eventTypeShape,
  fields,
  notFound,
  slotsByDay,
  slotsQuery,
  unauthorized,
  versionOf,
} from "./calcom-rules.mjs";
import { drip, huge } from "./rude.mjs";
import { instantOf } from "./zone.mjs";

export { fields } from "./calcom-rules.mjs";

export const CALCOM_KEY = "cal_live_Larkspur4f1d9c2e7a60b85d";
export const CALCOM_OTHER_KEY = "cal_live_Bramble80c6e2f4a1937d5b";
export const CALCOM_EXPIRED_KEY = "cal_live_Larkspur0ld5e3a7c91f2d4";
export const CALCOM_REVOKED_KEY = "cal_live_Larkspur9one6b8d20e4c7f";
export const EVENT_TYPE = 4711;

const HTML_502 =
  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n" +
  "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n";
const TOO_MANY = "CustomThrottlerGuard - Too many requests. Please try again later.";
const DAY_MS = 24 * 3600000;

const later = (ms, act) => setTimeout(act, ms).unref();
const cut = (res) => res.socket?.destroy();

/**
 * What Cal.com may do with a request. Each takes (calcom, record, res). `done()` does what was asked and is the answer; a name
 * that ends in "After" means: it was done, but the answer does not say so.
 */
export const moods = {
  ok: (calcom, record, res) => calcom.send(res, record, calcom.done(record)),
  /** Done and answered only after so long; one who does not wait finds it done all the same. */
  slow: (ms) => (calcom, record, res) => later(ms, () => moods.ok(calcom, record, res)),
  /** Done at once, answered after so long. */
  slowAfter: (ms) => (calcom, record, res) => {
    const answer = calcom.done(record);
    later(ms, () => calcom.send(res, record, answer));
  },
  /** Not a byte of the body is read, nothing is ever answered. */
  hangUnread: Object.assign(() => {}, { unread: true }),
  hang: () => {},
  hangAfter: (calcom, record) => void calcom.done(record),
  /** Done so much later, and nobody hears of it; the connection stays, or is closed at once. */
  late: (ms) => (calcom, record) => later(ms, () => calcom.done(record)),
  lateClosed: (ms) => (calcom, record, res) => {
    later(ms, () => calcom.done(record));
    cut(res);
  },
  closed: (calcom, record, res) => cut(res),
  closedAfter: (calcom, record, res) => {
    calcom.done(record);
    cut(res);
  },
  resetAfter: (calcom, record, res) => {
    calcom.done(record);
    res.socket.resetAndDestroy();
  },
  /** The answer breaks off in the middle. */
  cutAfter: (calcom, record, res) => {
    const { status, text } = calcom.answer(record, calcom.done(record));
    res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    res.write(text.slice(0, text.length / 2), () => later(20, () => cut(res)));
  },
  error500: (calcom, record, res) =>
    calcom.refuse(res, record, 500, "InternalServerErrorException", "Internal server error"),
  error500After: (calcom, record, res) => {
    calcom.done(record);
    moods.error500(calcom, record, res);
  },
  badGateway: (calcom, record, res) => calcom.text(res, record, 502, HTML_502, "text/html"),
  badGatewayAfter: (calcom, record, res) => {
    calcom.done(record);
    moods.badGateway(calcom, record, res);
  },
  /** A byte at a time. */
  drip: (everyMs) => (calcom, record, res) => {
    const { status, text } = calcom.answer(record, calcom.done(record));
    drip(res, status, Buffer.from(text), everyMs);
  },
  /** The right status, and a body that says nothing. */
  garbageAfter: (calcom, record, res) =>
    moods.bodyAfter('{"status":"success","data":{"uid":"bkg_\u0000')(calcom, record, res),
  bodyAfter: (text) => (calcom, record, res) => {
    const { status } = calcom.answer(record, calcom.done(record));
    calcom.text(res, record, status, text);
  },
  hugeAfter: (calcom, record, res) => {
    const { status } = calcom.answer(record, calcom.done(record));
    huge(res, status, '{"status":"success","data":{"uid":"', 64 * 1024 * 1024);
  },
  redirect: (calcom, record, res) => {
    res.writeHead(302, { location: `${calcom.url}/elsewhere`, "content-length": 0 });
    res.end();
  },
  refused:
    (status, message, code = "BadRequestException") =>
    (calcom, record, res) =>
      calcom.refuse(res, record, status, code, message),
  blocked: (calcom, record, res) => {
    calcom.block(record.key);
    calcom.limited(res, record);
  },
};

export class Calcom {
  /** `limit` requests of a key in `windowMs`, then none for `blockMs`. */
  static async start(options = {}) {
    const calcom = new Calcom(options);
    await new Promise((resolve) => {
      calcom.server.listen(0, "127.0.0.1", resolve);
    });
    calcom.port = calcom.server.address().port;
    calcom.url = `http://127.0.0.1:${calcom.port}`;
    return calcom;
  }

  constructor({ limit = 120, windowMs = 60000, blockMs = 60000 } = {}) {
    Object.assign(this, { limit, windowMs, blockMs });
    this.keys = new Map([
      [CALCOM_KEY, { account: 1, name: "Larkspur Front Desk", username: "larkspur", email: "desk@larkspur.example" }],
      [CALCOM_OTHER_KEY, { account: 2, name: "Bramble Court", username: "bramble", email: "desk@bramble.example" }],
      [CALCOM_EXPIRED_KEY, { account: 1, wrong: "Your api key is expired" }],
      [CALCOM_REVOKED_KEY, { account: 1, wrong: "Your api key is not valid" }],
    ]);
    this.eventTypes = new Map();
    this.addEventType(EVENT_TYPE);
    this.clear();
    this.server = http.createServer((req, res) => this.#receive(req, res));
    this.server.keepAliveTimeout = 60000;
    this.server.on("clientError", (error, socket) => socket.destroy());
    this.server.on("connection", () => this.connections++);
  }

  /** A fresh ledger and good days; event types and keys stay. */
  clear() {
    Object.assign(this, { requests: [], bookings: [], mood: {}, connections: 0, nextId: 1000, epoch: {} });
    this.planned = { slots: [], book: [], find: [], me: [], eventType: [], other: [] };
    this.counts = new Map(); // of the limiter, by key
    for (const eventType of this.eventTypes.values()) eventType.open = [];
    return this;
  }

  addEventType(id, more = {}) {
    const eventType = {
      id,
      account: 1,
      title: "Check-up",
      slug: "check-up",
      minutes: 30,
      bookingFields: fields(),
      open: [],
    };
    Object.assign(
      eventType,
      { noticeMinutes: 0, maxDays: 366, perBooker: Infinity, confirms: false, team: false },
      more,
    );
    this.eventTypes.set(id, eventType);
    return eventType;
  }

  /** Times at which an event type can be booked, by the clocks of `zone`. */
  open(zone, locals, id = EVENT_TYPE) {
    return this.openAt(
      locals.map((local) => instantOf(local, zone)),
      id,
    );
  }

  openAt(instants, id = EVENT_TYPE) {
    this.eventTypes.get(id).open.push(...instants);
    return this;
  }

  /** The next requests of a kind get these moods, one each; then `mood[kind]` is in force again, or else all is well. */
  next(kind, ...list) {
    this.planned[kind].push(...list);
    return this;
  }

  of(kind) {
    return this.requests.filter((record) => record.kind === kind);
  }

  /** How many of each kind came. */
  tally() {
    const out = {};
    for (const { kind } of this.requests) out[kind] = (out[kind] ?? 0) + 1;
    return out;
  }

  /** Somebody else takes a time. */
  take(start, id = EVENT_TYPE) {
    const attendee = { name: "Another Caller", email: "another@example.net", timeZone: "UTC" };
    return this.#make(this.eventTypes.get(id), { start, attendee });
  }

  cancel(uid) {
    this.bookings.find((booking) => booking.uid === uid).status = "cancelled";
  }

  // ---- what Cal.com does ----

  /** Does what was asked: the value of the answer, or a Refusal. */
  done(record) {
    if (record.epoch !== this.epoch) return new Refusal(500, "InternalServerErrorException", "of an earlier day");
    try {
      return this.#acts[record.kind](record);
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  #acts = {
    me: (record) => {
      const { account: id, name, username, email } = this.keys.get(record.key);
      return {
        id,
        username,
        email,
        name,
        timeZone: "America/New_York",
        timeFormat: 12,
        weekStart: "Sunday",
        locale: "en",
      };
    },
    eventType: (record) => {
      const eventType = this.#eventType(record, Number(record.path.split("/").at(-1)));
      if (record.version !== "old") return eventTypeShape(eventType);
      return {
        eventType: { id: eventType.id, title: eventType.title, length: eventType.minutes, slug: eventType.slug },
      };
    },
    slots: (record) => {
      if (record.version === "old") throw notFound("Cannot GET /v2/slots");
      const q = slotsQuery(record.query, Date.now());
      const eventType = this.#eventType(record, q.eventTypeId);
      const first = Math.max(q.start, Date.now() + eventType.noticeMinutes * 60000);
      const last = Math.min(q.end, Date.now() + eventType.maxDays * DAY_MS);
      return slotsByDay(
        this.#free(eventType).filter((ms) => ms >= first && ms <= last),
        q.zone,
      );
    },
    book: (record) => {
      if (record.version === "old")
        throw new Refusal(400, "BadRequestException", "responses must be an object", {
          errors: ["end must be a string"],
        });
      const body = bookingBody(record.json);
      const eventType = this.#eventType(record, body.eventTypeId);
      checkFields(eventType, body);
      checkTime(eventType, body.start, { now: Date.now(), free: this.#free(eventType), active: this.#active(body) });
      return bookingShape(this.#make(eventType, body));
    },
    find: (record) => {
      if (record.version === "old") return { bookings: [], recurringInfo: [], nextCursor: null };
      const q = bookingsQuery(record.query);
      const mine = this.bookings.filter((booking) => booking.eventType.account === record.account);
      const { page, total } = bookingsFound(mine, q, Date.now());
      return Object.assign(page.map(bookingShape), { pagination: { totalItems: total, returnedItems: page.length } });
    },
    other: (record) => {
      throw notFound(`Cannot ${record.method} ${record.path}`);
    },
  };

  #eventType(record, id) {
    const eventType = this.eventTypes.get(id);
    if (!eventType || eventType.account !== record.account) throw notFound(`Event type with id ${id} not found`);
    return eventType;
  }

  #free(eventType) {
    const held = this.bookings.filter((b) => b.eventType === eventType && ["accepted", "pending"].includes(b.status));
    const clash = (ms) => held.some((b) => ms < b.end && ms + eventType.minutes * 60000 > b.start);
    return eventType.open.filter((ms) => !clash(ms)).sort((a, b) => a - b);
  }

  #active({ attendee }) {
    const same = (b) =>
      attendee.email ? b.attendee.email === attendee.email : b.attendee.phoneNumber === attendee.phoneNumber;
    return this.bookings.filter((b) => same(b) && b.status === "accepted" && b.start > Date.now()).length;
  }

  #make(eventType, { start, attendee, metadata = {}, bookingFieldsResponses = {} }) {
    const id = this.nextId++;
    const responses = { ...bookingFieldsResponses, name: attendee.name };
    for (const [slug, value] of [
      ["email", attendee.email],
      ["attendeePhoneNumber", attendee.phoneNumber],
    ])
      if (value) responses[slug] = value;
    const booking = { id, uid: `bkg_${id.toString(36)}Larkspur${id}`, eventType, attendee, metadata, responses };
    Object.assign(booking, { start, end: start + eventType.minutes * 60000, madeAt: Date.now() });
    booking.status = eventType.confirms ? "pending" : "accepted";
    this.bookings.push(booking);
    return booking;
  }

  // ---- answers ----

  /** The status and the text of an answer. */
  answer(record, value) {
    if (!(value instanceof Refusal)) {
      const body = { status: "success", data: value, ...(value.pagination ? { pagination: value.pagination } : {}) };
      return { status: record.kind === "book" ? 201 : 200, text: JSON.stringify(body) };
    }
    const { status, code, message, details } = value;
    const body = { status: "error", timestamp: new Date().toISOString(), path: record.target };
    return { status, text: JSON.stringify({ ...body, error: { code, message, details } }) };
  }

  send(res, record, value) {
    const { status, text } = this.answer(record, value);
    this.text(res, record, status, text);
  }

  refuse(res, record, status, code, message) {
    this.send(res, record, new Refusal(status, code, message));
  }

  text(res, record, status, text, type = "application/json; charset=utf-8") {
    record.told = status;
    if (res.destroyed) return;
    const body = Buffer.from(text);
    res.writeHead(status, { ...this.#limits(record.key), "content-type": type, "content-length": body.length });
    res.end(body);
  }

  // ---- the limiter ----

  #count(key) {
    const now = performance.now();
    let count = this.counts.get(key);
    if (!count || (count.blockedUntil ? now >= count.blockedUntil : now >= count.until))
      this.counts.set(key, (count = { used: 0, until: now + this.windowMs, blockedUntil: 0 }));
    count.used++;
    if (count.used > this.limit && !count.blockedUntil) this.block(key);
    return this.counts.get(key);
  }

  /** From now on this key is refused. */
  block(key, ms = this.blockMs) {
    const count = this.counts.get(key) ?? { used: this.limit, until: 0 };
    this.counts.set(key, { ...count, blockedUntil: performance.now() + ms });
  }

  #limits(key) {
    const count = this.counts.get(key);
    if (!count) return {};
    const end = count.blockedUntil || count.until;
    return {
      "X-RateLimit-Limit-Default": String(this.limit),
      "X-RateLimit-Remaining-Default": String(count.blockedUntil ? 0 : Math.max(this.limit - count.used, 0)),
      "X-RateLimit-Reset-Default": String(Math.max(Math.ceil((end - performance.now()) / 1000), 0)),
    };
  }

  limited(res, record) {
    this.refuse(res, record, 429, "ThrottlerException", TOO_MANY);
  }

  // ---- one request ----

  #receive(req, res) {
    const [path, search = ""] = req.url.split("?");
    const record = {
      method: req.method,
      target: req.url,
      path,
      query: new URLSearchParams(search),
      headers: req.headers,
    };
    Object.assign(record, { at: Date.now(), gone: false, told: "nothing", kind: this.#kind(req.method, path) });
    record.epoch = this.epoch;
    record.key = /^Bearer (\S+)$/.exec(req.headers.authorization ?? "")?.[1];
    this.requests.push(record);
    res.on("close", () => {
      record.gone = !res.writableFinished;
    });
    res.on("error", () => {});
    req.on("error", () => {});
    const mood = this.planned[record.kind].shift() ?? this.mood[record.kind] ?? this.mood.all ?? moods.ok;
    if (mood.unread) return;
    const parts = [];
    req.on("data", (part) => parts.push(part));
    req.on("end", () => this.#read(record, Buffer.concat(parts).toString("utf8"), res, mood));
  }

  #kind(method, path) {
    if (method === "GET" && path === "/v2/slots") return "slots";
    if (method === "GET" && path === "/v2/bookings") return "find";
    if (method === "POST" && path === "/v2/bookings") return "book";
    if (method === "GET" && path === "/v2/me") return "me";
    return method === "GET" && /^\/v2\/event-types\/\d+$/.test(path) ? "eventType" : "other";
  }

  #read(record, text, res, mood) {
    record.text = text;
    try {
      record.json = JSON.parse(text);
    } catch {
      record.json = undefined;
    }
    if (record.kind === "book") record.dropped = dropped(record.json);
    const refused = this.#gate(record);
    if (refused === "limited") return this.limited(res, record);
    if (refused) return this.send(res, record, refused);
    mood(this, record, res);
  }

  /** Whose key it is, whether it has been too busy, and which shapes it wants; in this order. */
  #gate(record) {
    const { key } = record;
    const owner = this.keys.get(key);
    if (key?.startsWith("cal_") && !owner) return unauthorized("CustomThrottlerGuard - Invalid API Key");
    if (this.#count(key).blockedUntil) return "limited";
    if (!key)
      return unauthorized(
        "No authentication method provided. Either pass an API key as 'Bearer' header or OAuth client credentials as 'x-cal-secret-key' and 'x-cal-client-id' headers",
      );
    if (!owner || owner.wrong) return unauthorized(owner?.wrong ?? "Your api key is not valid");
    record.account = owner.account;
    const resource = record.path.split("/")[2];
    if (record.kind === "other") return null;
    try {
      record.version = versionOf(resource, record.headers["cal-api-version"]);
      return null;
    } catch (refusal) {
      return refusal;
    }
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}
