// HTTP/1.1 as strict as the house style says: what is doubtful is refused and the connection closed.
import test from "node:test";
import assert from "node:assert/strict";
import { RawConnection, raw } from "./lib/client.mjs";
import { World } from "./lib/world.mjs";
import { freshCall, rawPost, statusUpdate } from "./lib/vapi.mjs";

const world = await World.create();
const server = await world.start();
const port = server.port;

const GET = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
async function one(bytes, options) {
  const { first, connection } = await raw(port, bytes, options);
  connection.close();
  return first;
}

test("HEAD answers as GET without its body", async () => {
  const get = await one(GET);
  const { first, connection } = await raw(port, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", { head: true });
  assert.equal(first.status, 200);
  assert.equal(first.headers["content-length"], get.headers["content-length"]);
  connection.write(GET);
  const next = await connection.answer();
  assert.equal(next.status, 200, "nothing of a body stood in the way of the next answer");
  assert.equal(next.body, get.body);
  connection.close();
});

for (const [method, path, allowed] of [
  ["GET", "/api/webhook", ["POST"]],
  ["GET", "/api/vapi-webhook", ["POST"]],
  ["DELETE", "/healthz", ["GET", "HEAD"]],
  ["PATCH", "/api/twilio/status", ["POST"]],
  ["PUT", "/api/vapi-webhook", ["POST"]],
  ["HEAD", "/api/vapi-webhook", ["POST"]],
  ["POST", "/readyz", ["GET", "HEAD"]],
]) {
  test(`${method} ${path}: 405 with Allow`, async () => {
    const answer = await one(`${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`, {
      head: method === "HEAD",
    });
    assert.equal(answer.status, 405);
    const allow = answer.headers.allow.split(/\s*,\s*/);
    for (const verb of allowed) assert.ok(allow.includes(verb), answer.headers.allow);
    assert.ok(!allow.includes(method));
  });
}

for (const method of ["OPTIONS", "TRACE"]) {
  test(`${method}, which no route has: 405 or 501`, async () => {
    const answer = await one(`${method} /api/vapi-webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    assert.ok([405, 501].includes(answer.status), `${answer.status}`);
  });
}

for (const path of [
  "/nothing",
  "/api",
  "/api/webhook/",
  "/api/twilio/",
  "/API/WEBHOOK",
  "/api//webhook",
  "/api/./webhook",
  "/healthz/x",
  "/%61pi/webhook",
  "/../etc/passwd",
]) {
  test(`GET ${path}: 404`, async () => {
    const answer = await one(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal(answer.status, 404);
    assert.match(answer.headers["content-type"], /^application\/json/);
    assert.ok(JSON.parse(answer.body).error.code);
  });
}

test("every answer has an X-Request-Id of its own", async () => {
  const seen = new Set();
  for (const bytes of [
    GET,
    GET,
    "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
    "PUT /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "POST /api/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n\r\n",
    rawPost("Content-Length: 2\r\n", "{}"),
  ]) {
    const { headers } = await one(bytes);
    assert.match(headers["x-request-id"], /^[\w-]{8,}$/);
    seen.add(headers["x-request-id"]);
  }
  assert.equal(seen.size, 7);
});

test("keep-alive: a hundred requests on one connection", async () => {
  const connection = await RawConnection.open(port);
  for (let i = 0; i < 100; i++) {
    connection.write(GET);
    assert.equal((await connection.answer()).status, 200);
  }
  connection.close();
});

test("Connection: close and HTTP/1.0 end the connection after the answer", async () => {
  for (const bytes of [
    "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n",
  ]) {
    const { first, connection } = await raw(port, bytes);
    assert.equal(first.status, 200);
    assert.ok(await connection.waitClosed(2000), "still open");
  }
});

test("pipelined requests are answered in order, slow ones first", async () => {
  const connection = await RawConnection.open(port);
  const calls = Array.from({ length: 10 }, freshCall);
  let bytes = "";
  for (const [i, call] of calls.entries()) {
    const body = statusUpdate(call.id, "queued");
    bytes +=
      i % 3 === 2
        ? `GET /nothing?${i} HTTP/1.1\r\nHost: x\r\n\r\n`
        : i % 3 === 1
          ? GET
          : rawPost(`Content-Length: ${body.length}\r\n`, body);
  }
  connection.write(bytes);
  for (let i = 0; i < calls.length; i++) {
    const answer = await connection.answer();
    assert.equal(answer?.status, i % 3 === 2 ? 404 : 200, `answer ${i}`);
    assert.equal(answer.body === "{}", i % 3 === 0, `answer ${i}`);
  }
  for (const [i, call] of calls.entries()) assert.equal(Boolean(await world.db.callByVapi(call.id)), i % 3 === 0);
  connection.close();
});

test("a request that arrives byte by byte", async () => {
  const body = statusUpdate(freshCall().id, "queued");
  const connection = await RawConnection.open(port);
  for (const byte of rawPost(`Content-Length: ${body.length}\r\n`, body)) {
    connection.write(byte);
    await new Promise(setImmediate);
  }
  assert.equal((await connection.answer()).status, 200);
  connection.close();
});

test("chunked bodies, in pieces of odd sizes", async () => {
  const call = freshCall();
  const body = statusUpdate(call.id, "ringing");
  const parts = [body.slice(0, 1), body.slice(1, 18), body.slice(18)];
  const chunks =
    parts
      .map(
        (part, i) =>
          `${i === 1 ? "00" : ""}${part.length.toString(16)[i === 2 ? "toUpperCase" : "toString"]()}\r\n${part}\r\n`,
      )
      .join("") + "0\r\n\r\n";
  const { first, connection } = await raw(port, rawPost("Transfer-Encoding: chunked\r\n", chunks));
  assert.equal(first.status, 200);
  assert.equal((await world.db.callByVapi(call.id)).status, "ringing");
  connection.write(GET);
  assert.equal((await connection.answer()).status, 200, "the connection lives on");
  connection.close();
});

test("Expect: 100-continue is answered before the body is sent", async () => {
  const body = statusUpdate(freshCall().id, "ringing");
  const connection = await RawConnection.open(port);
  connection.write(rawPost(`Expect: 100-continue\r\nContent-Length: ${body.length}\r\n`));
  assert.equal((await connection.answer())?.status, 100);
  connection.write(body);
  assert.equal((await connection.answer()).status, 200);
  connection.close();
});

test("Expect: 100-continue on a request that is refused anyway gets the refusal", async () => {
  const answer = await one(`POST /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
  assert.ok([404, 413, 417].includes(answer.status), `${answer.status}`);
});

const REFUSED = {
  "two Hosts": "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "two equal Hosts": "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
  "no Host": "GET /healthz HTTP/1.1\r\n\r\n",
  "absolute-form": "GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
  "authority-form": "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
  "asterisk-form": "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
  "HTTP/0.9": "GET /healthz\r\n\r\n",
  "HTTP/1.2": "GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n",
  "HTTP/2.0": "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n",
  "the HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "obs-fold": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n",
  "a blank before the colon": "GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
  "a blank before a name": "GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n",
  Upgrade: "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  h2c: "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
  "a method nobody knows": "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
  "a method in small letters": "get /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
  "NUL in the target": "GET /heal\u0000thz HTTP/1.1\r\nHost: x\r\n\r\n",
  "NUL in a header": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\u0000c\r\n\r\n",
  "a bare LF in the head": "GET /healthz HTTP/1.1\nHost: x\n\n",
  "a bare CR in a header": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\rc\r\n\r\n",
  "a space in the target": "GET /heal thz HTTP/1.1\r\nHost: x\r\n\r\n",
  TLS: "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
  "two lengths": rawPost("Content-Length: 2\r\nContent-Length: 3\r\n", "{} "),
  "a list of lengths": rawPost("Content-Length: 2, 2\r\n", "{}"),
  "a negative length": rawPost("Content-Length: -2\r\n", "{}"),
  "a length with a sign": rawPost("Content-Length: +2\r\n", "{}"),
  "a hexadecimal length": rawPost("Content-Length: 0x2\r\n", "{}"),
  "a length past 64 bits": rawPost("Content-Length: 18446744073709551618\r\n", "{}"),
  "length and chunked": rawPost("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
  "chunked twice": rawPost("Transfer-Encoding: chunked, chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
  "gzip, chunked": rawPost("Transfer-Encoding: gzip, chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
  "chunked in HTTP/1.0": rawPost("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n").replace(
    "HTTP/1.1",
    "HTTP/1.0",
  ),
  trailers: rawPost("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\nX-A: b\r\n\r\n"),
  "a chunk size that is none": rawPost("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
  "a chunk longer than it says": rawPost("Transfer-Encoding: chunked\r\n", "1\r\n{}\r\n0\r\n\r\n"),
  "a chunk size past 64 bits": rawPost("Transfer-Encoding: chunked\r\n", "10000000000000002\r\n{}\r\n0\r\n\r\n"),
};
for (const [what, bytes] of Object.entries(REFUSED)) {
  test(`${what}: refused, and the connection closed`, async () => {
    const { first, connection } = await raw(port, Buffer.from(bytes, "latin1"), { timeoutMs: 6500 });
    if (first) {
      assert.ok(
        first.status >= 400 && first.status <= 505 && first.status !== 404 && first.status !== 500,
        `${first.status}`,
      );
      assert.equal(first.headers.connection?.toLowerCase(), "close");
    } else {
      assert.ok(/TLS|0\.9|preface/.test(what), "no answer at all");
    }
    assert.ok(await connection.waitClosed(6500), "still open");
    assert.equal(await connection.answer({ timeoutMs: 1 }), null, "a second answer");
    connection.close();
  });
}

test("nothing that was smuggled behind a refused request is answered", async () => {
  const smuggled = rawPost("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") + GET;
  const { answers, connection } = await raw(port, smuggled, { count: 2, timeoutMs: 2000 });
  assert.equal(answers.length, 1);
  assert.equal(answers[0].status, 400);
  assert.ok(await connection.waitClosed(3000));
});

test("a GET with a body is not taken for two requests", async () => {
  const { answers, connection } = await raw(
    port,
    `GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: ${GET.length}\r\n\r\n${GET}`,
    { count: 2, timeoutMs: 1000 },
  );
  assert.equal(answers.length, 1);
  connection.close();
});

test("answers carry no server name and are not cached", async () => {
  const answer = await one(GET);
  assert.ok(!("x-powered-by" in answer.headers));
  assert.ok(!/\d/.test(answer.headers.server ?? ""));
  assert.match(answer.headers["cache-control"] ?? "", /no-store/);
  assert.equal(answer.headers["x-content-type-options"], "nosniff");
});

const SECURITY = {
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
};
for (const [status, bytes] of [
  [200, GET],
  [400, "GET /healthz HTTP/1.1\r\n\r\n"],
  [401, rawPost("Content-Length: 2\r\n", "{}").replace(/x-vapi-secret:.*\r\n/i, "")],
  [403, "POST /api/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"],
  [404, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"],
  [405, "PUT /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"],
  [413, rawPost("Content-Length: 99999999\r\n")],
  [431, `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(20000)}\r\n\r\n`],
  [501, "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n"],
  [505, "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n"],
]) {
  test(`an answer ${status} has all security headers`, async () => {
    const answer = await one(bytes);
    assert.equal(answer.status, status);
    for (const [name, value] of Object.entries(SECURITY)) assert.equal(answer.headers[name], value, name);
    assert.match(answer.headers["cache-control"], /no-store/);
  });
}

test("the query is no part of the route", async () => {
  assert.equal((await one("GET /healthz?x=/nothing#y HTTP/1.1\r\nHost: x\r\n\r\n".replace("#y", ""))).status, 200);
});
