// One scriptable stand-in for the parties the server calls. Vapi today; a party is a method and path with scripts of
// its own, so that others find their place beside it.
import http from "node:http";
import { fixture, fixtureText } from "./env.mjs";
import { drip, huge } from "./rude.mjs";

const ids = { next: 1 };

/** A call id as Vapi makes them; each reply has its own, as in real life. */
export function freshCallId() {
  const n = (ids.next++).toString(16).padStart(12, "0");
  return `019a97f2-${process.pid.toString(16).padStart(4, "0").slice(-4)}-7b3c-9f51-${n}`;
}

/** TwiML with oddities that only survive when it is passed on byte for byte. */
export function twimlFor(id) {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<Response ><Connect>\t<Stream url='wss://api.vapi.ai/${id}/transport'>` +
    `<Parameter name="who" value="Zoë &amp; Söhne &#x3C;1&#x3E;"/></Stream></Connect><!-- ${id} --></Response>`
  );
}

function callReply(request, id, twiml) {
  const reply = {
    id,
    orgId: "5f0c7a1e-3b9d-4e62-8a17-c2d94b6e0f35",
    createdAt: "2026-11-18T15:04:05.120Z",
    updatedAt: "2026-11-18T15:04:05.120Z",
    type: "inboundPhoneCall",
    status: "queued",
    cost: 0,
    name: request.name,
    assistantId: request.assistantId,
    phoneNumberId: request.phoneNumberId,
    customer: request.customer,
    assistantOverrides: request.assistantOverrides,
    metadata: request.metadata,
    monitor: { listenUrl: `wss://live.vapi.ai/${id}/listen`, controlUrl: `https://live.vapi.ai/${id}/control` },
  };
  if (twiml !== undefined) reply.phoneCallProviderDetails = { twiml };
  return reply;
}

function sendJson(res, status, value, headers = {}) {
  const body = Buffer.isBuffer(value) ? value : Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  res.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
    ...headers,
  });
  res.end(body);
}

const later = (ms, act) => setTimeout(act, ms).unref();

function created(res, record, twiml) {
  record.id = freshCallId();
  record.twiml = twiml === undefined ? twimlFor(record.id) : twiml;
  return sendJson(res, 201, callReply(record.json ?? {}, record.id, record.twiml === null ? undefined : record.twiml));
}

/** What Vapi may do when asked for a call. Each takes (res, record, request). */
export const vapi = {
  ok: (res, record) => created(res, record),
  slow: (ms) => (res, record) => later(ms, () => created(res, record)),
  hangBeforeHeaders: () => {},
  hangMidBody: (res) => {
    res.writeHead(201, { "content-type": "application/json", "content-length": 4096 });
    res.write('{"id":"019a97f2-0000-7000-8000-000000000000","phoneCallProviderDetails":{"twi');
  },
  drip: (res, record) =>
    drip(res, 201, Buffer.from(JSON.stringify(callReply(record.json, freshCallId(), "<Response/>"))), 100),
  badRequest: (res) => sendJson(res, 400, fixture("vapi-error-400.json")),
  unauthorized: (res) => sendJson(res, 401, fixture("vapi-error-401.json")),
  tooMany: (res) =>
    sendJson(
      res,
      429,
      { message: "Rate limit exceeded", error: "Too Many Requests", statusCode: 429 },
      { "retry-after": "1" },
    ),
  serverError: (res) => sendJson(res, 500, { message: "Internal server error", statusCode: 500 }),
  badGateway: (res) => sendJson(res, 502, fixtureText("vapi-error-502.html"), { "content-type": "text/html" }),
  noTwiml: (res, record) => created(res, record, null),
  garbageTwiml: (res, record) => created(res, record, "All our lines are busy, please hold."),
  emptyTwiml: (res, record) => created(res, record, ""),
  nulTwiml: (res, record) => created(res, record, "<Response>\u0000<Hangup/></Response>"),
  hugeTwiml: (res, record) => created(res, record, `<Response><Say>${"x".repeat(70000)}</Say></Response>`),
  notJson: (res) => sendJson(res, 201, "<html>created</html>", { "content-type": "text/html" }),
  brokenJson: (res) => sendJson(res, 201, '{"id":"019a97f2-0000-7000-8000-00000000000'),
  notAnObject: (res) => sendJson(res, 201, "[1,2,3]"),
  reset: (res) => res.socket.resetAndDestroy(),
  closeUnanswered: (res) => res.socket.end(),
  notHttp: (res) => res.socket.end("220 mail.larkspur.example.com ESMTP\r\n"),
  redirect: (res) => sendJson(res, 302, "", { location: "http://127.0.0.1:1/call" }),
  huge: (res) => huge(res, 201, '{"id":"', 256 * 1024 * 1024),
};

/** The bytes of a WAV that nobody else has: a head, then a pattern in which no two places look alike. */
export function wav(size) {
  const bytes = Buffer.alloc(size);
  bytes.write("RIFF----WAVEfmt ", "latin1");
  for (let at = 16; at + 4 <= size; at += 4) bytes.writeUInt32BE(Math.imul(at, 2654435761) >>> 0, at);
  return bytes;
}

/** Answers with `bytes`, or with the range of them that was asked for, as storage does. */
export function sendRange(res, record, bytes, type = "audio/wav") {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(record.headers.range ?? "");
  const head = { "content-type": type, "accept-ranges": "bytes" };
  if (!asked) return res.writeHead(200, { ...head, "content-length": bytes.length }).end(bytes);
  const first = asked[1] ? Number(asked[1]) : Math.max(0, bytes.length - Number(asked[2]));
  const last = asked[1] && asked[2] ? Math.min(Number(asked[2]), bytes.length - 1) : bytes.length - 1;
  if (first > last) {
    res.writeHead(416, { "content-range": `bytes */${bytes.length}`, "content-type": "text/html" });
    return res.end("<html>InvalidRange</html>");
  }
  const part = bytes.subarray(first, last + 1);
  const range = `bytes ${first}-${last}/${bytes.length}`;
  return res.writeHead(206, { ...head, "content-range": range, "content-length": part.length }).end(part);
}

/** What Vapi may do when asked for a recording, and the storage it redirects to. Each takes (res, record, fake). */
export const recordings = {
  signed: (res, record, fake) =>
    sendJson(res, 302, "", { location: `${fake.url}/files${record.path}.wav?signature=s1gned-4c2a` }),
  moved:
    (location, status = 302) =>
    (res) =>
      sendJson(res, status, "", { location }),
  file:
    (bytes, type = "audio/wav") =>
    (res, record) =>
      sendRange(res, record, bytes, type),
  status: (status) => (res) => sendJson(res, status, { message: "provider's own words" }),
};

export class Fake {
  static async start() {
    const fake = new Fake();
    await new Promise((resolve) => {
      fake.server.listen(0, "127.0.0.1", resolve);
    });
    fake.port = fake.server.address().port;
    fake.url = `http://127.0.0.1:${fake.port}`;
    return fake;
  }

  constructor() {
    this.requests = [];
    this.script = vapi.ok;
    this.recording = recordings.signed;
    this.file = recordings.file(wav(4096));
    this.server = http.createServer((req, res) => this.#take(req, res));
    this.server.keepAliveTimeout = 60000;
    this.server.on("clientError", (error, socket) => socket.destroy());
  }

  /** Requests for calls, in order of arrival. */
  get calls() {
    return this.requests.filter((record) => record.method === "POST" && record.path === "/call");
  }

  /** Requests for recordings at Vapi, and for files at its storage. */
  get recordingRequests() {
    return this.requests.filter((record) => record.method === "GET" && record.path.endsWith("/mono-recording"));
  }

  get fileRequests() {
    return this.requests.filter((record) => record.method === "GET" && record.path.startsWith("/files/"));
  }

  callsFor(sid) {
    return this.calls.filter((record) => record.text.includes(sid));
  }

  #take(req, res) {
    const parts = [];
    const record = { method: req.method, path: req.url, headers: req.headers, at: performance.now(), gone: false };
    res.on("close", () => {
      record.gone = !res.writableFinished;
    });
    res.on("error", () => {});
    req.on("data", (part) => parts.push(part));
    req.on("error", () => {});
    req.on("end", () => {
      record.text = Buffer.concat(parts).toString("utf8");
      try {
        record.json = JSON.parse(record.text);
      } catch {
        record.json = null;
      }
      this.requests.push(record);
      if (this.recordingRequests.includes(record)) return this.recording(res, record, this);
      if (this.fileRequests.includes(record)) return this.file(res, record, this);
      if (record.method !== "POST" || record.path !== "/call") return sendJson(res, 404, { message: "Not Found" });
      this.script(res, record, this);
    });
  }

  /** Nobody listens any more: connections are refused, open ones are cut. */
  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}
