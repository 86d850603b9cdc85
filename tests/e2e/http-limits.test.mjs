// Limits of size and time, each with its own answer.
import test from "node:test";
import assert from "node:assert/strict";
import { sleep } from "./lib/env.mjs";
import { RawConnection, raw } from "./lib/client.mjs";
import { World } from "./lib/world.mjs";
import { freshCall, post, rawPost } from "./lib/vapi.mjs";
import { freshSid, inbound, postForm } from "./lib/twilio.mjs";

const MIB = 1 << 20;
const world = await World.create();
const server = await world.start();
const port = server.port;

/** A report of exactly `bytes` bytes. */
function reportOf(bytes, call) {
  const frame = (text) =>
    JSON.stringify({
      message: {
        type: "end-of-call-report",
        endedReason: "customer-ended-call",
        startedAt: "2026-11-18T15:04:06.970Z",
        endedAt: "2026-11-18T15:05:07.661Z",
        analysis: { summary: "long" },
        artifact: { messages: [], transcript: text },
        call: { id: call.id },
      },
    });
  const body = frame("z".repeat(bytes - frame("").length));
  assert.equal(body.length, bytes);
  return body;
}

test("a report just below 16 MiB is accepted and stored", async () => {
  const call = freshCall();
  const answer = await post(server, reportOf(16 * MIB - 1, call), undefined, { timeoutMs: 60000 });
  assert.equal(answer.status, 200, answer.text);
  const row = await world.db.callByVapi(call.id);
  assert.equal(row.status, "ended");
  assert.equal(row.summary, "long");
});

test("a dozen reports of 8 MiB at once: each is stored, or refused with 503 and Retry-After", async () => {
  const calls = Array.from({ length: 12 }, freshCall);
  const answers = await Promise.all(
    calls.map((call) => post(server, reportOf(8 * MIB, call), undefined, { timeoutMs: 60000 })),
  );
  assert.ok(answers.some((answer) => answer.status === 200));
  for (const [i, answer] of answers.entries()) {
    if (answer.status !== 200) {
      assert.equal(answer.status, 503);
      assert.match(answer.headers["retry-after"], /^\d+$/);
    }
    assert.equal(Boolean(await world.db.callByVapi(calls[i].id)), answer.status === 200);
  }
});

test("one byte above 16 MiB: 413 before the body is sent, and the connection closed", async () => {
  const { first, connection } = await raw(port, rawPost(`Content-Length: ${16 * MIB + 1}\r\n`));
  assert.equal(first?.status, 413);
  assert.ok(await connection.waitClosed(3000));
});

test("a length past all measure: refused", async () => {
  for (const [length, statuses] of [
    ["99999999999", [413]],
    ["9000000000000000000", [400, 413]],
    ["1".repeat(40), [400, 413]],
  ]) {
    const { first, connection } = await raw(port, rawPost(`Content-Length: ${length}\r\n`));
    assert.ok(statuses.includes(first?.status), `${length}: ${first?.status}`);
    assert.ok(await connection.waitClosed(3000));
  }
});

test("a chunked body that grows past 16 MiB: 413", async () => {
  const connection = await RawConnection.open(port);
  connection.write(rawPost("Transfer-Encoding: chunked\r\n"));
  const block = Buffer.alloc(MIB, 0x20);
  for (let i = 0; i < 18 && !connection.closed && connection.data.length === 0; i++) {
    connection
      .write(`${block.length.toString(16)}\r\n`)
      .write(block)
      .write("\r\n");
    await sleep(10);
  }
  const answer = await connection.answer({ timeoutMs: 8000 });
  assert.equal(answer?.status, 413);
  assert.ok(await connection.waitClosed(5000));
});

test("a Twilio form above 64 KiB: 413", async () => {
  const body = inbound(freshSid(), { Extra: "x".repeat(70000) });
  const answer = await postForm(server, "/api/webhook", body).catch(() => null);
  assert.ok(answer === null || answer.status === 413, `${answer?.status}`);
  const { first, connection } = await raw(
    port,
    "POST /api/webhook HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: x\r\nContent-Length: 65537\r\n\r\n",
  );
  assert.equal(first?.status, 413);
  connection.close();
});

for (const [path, status] of [
  ["/api/webhook", 403],
  ["/api/vapi-webhook", 401],
]) {
  test(`${path} without any credential: ${status} before the body comes`, async () => {
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n`;
    const { first, connection } = await raw(port, head);
    assert.equal(first?.status, status);
    assert.ok(await connection.waitClosed(3000));
  });
}

test("a Twilio form just below 64 KiB is accepted", async () => {
  const short = inbound(freshSid(), { Extra: "" });
  const body = short + "x".repeat(65536 - short.length);
  assert.equal((await postForm(server, "/api/webhook", body)).status, 200);
});

test("a big body for a path that takes none is refused without reading it", async () => {
  const { first, connection } = await raw(
    port,
    "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n",
  );
  assert.equal(first?.status, 413);
  assert.ok(await connection.waitClosed(3000));
});

const HEADS = {
  "a header line of 20,000 bytes": `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${"a".repeat(20000)}\r\n\r\n`,
  "a header name of 20,000 bytes": `GET /healthz HTTP/1.1\r\nHost: x\r\n${"a".repeat(20000)}: 1\r\n\r\n`,
  "a head of 17 KiB in many lines":
    "GET /healthz HTTP/1.1\r\nHost: x\r\n" + `X-Pad: ${"a".repeat(240)}\r\n`.repeat(70) + "\r\n",
  "101 header lines": `GET /healthz HTTP/1.1\r\nHost: x\r\n${"X-A: b\r\n".repeat(101)}\r\n`,
};
for (const [what, bytes] of Object.entries(HEADS)) {
  test(`${what}: 431 and closed`, async () => {
    const { first, connection } = await raw(port, bytes);
    assert.equal(first?.status, 431);
    assert.ok(await connection.waitClosed(3000));
  });
}

test("90 header lines of usual size are fine", async () => {
  const { first, connection } = await raw(
    port,
    `GET /healthz HTTP/1.1\r\nHost: x\r\n${"X-Header-Of-Usual: and a value of usual length, too\r\n".repeat(90)}\r\n`,
  );
  assert.equal(first?.status, 200);
  connection.close();
});

test("a target of 10,000 bytes: 414 or 431", async () => {
  const { first, connection } = await raw(port, `GET /${"a".repeat(10000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.ok([414, 431].includes(first?.status), `${first?.status}`);
  connection.close();
});

test("slow senders are cut: no head, a dripping head, a dripping body", { concurrency: true }, async (t) => {
  const drip = async (connection, bytes, everyMs) => {
    for (const byte of bytes) {
      if (connection.closed) return;
      connection.write(byte);
      await sleep(everyMs);
    }
  };
  const closesIn = async (least, most, begin) => {
    const connection = await RawConnection.open(port);
    const began = performance.now();
    begin(connection);
    assert.ok(await connection.waitClosed(most + 2000), `open after ${most + 2000} ms`);
    const took = performance.now() - began;
    assert.ok(took > least && took < most, `closed after ${Math.round(took)} ms`);
    const answer = await connection.answer({ timeoutMs: 1 });
    if (answer) assert.equal(answer.status, 408);
    connection.close();
  };
  await Promise.all([
    t.test("half a head, then silence: closed after about 5 s", () =>
      closesIn(3500, 7500, (c) => c.write("GET /healthz HTT")),
    ),
    t.test("a byte of head every 200 ms: closed after about 5 s", () =>
      closesIn(3500, 7500, (c) => {
        drip(c, "GET /healthz HTTP/1.1\r\n" + "X-A: b\r\n".repeat(100), 200);
      }),
    ),
    t.test("a body that stops: closed after about 10 s", () =>
      closesIn(1500, 12500, (c) => c.write(rawPost("Content-Length: 1000\r\n") + "{")),
    ),
    t.test("a byte of body every 500 ms: closed long before its end", () =>
      closesIn(1500, 12500, (c) => {
        c.write(rawPost("Content-Length: 1000\r\n"));
        drip(c, "x".repeat(100), 500);
      }),
    ),
    t.test("an idle connection stays open for more than 5 s", async () => {
      const connection = await RawConnection.open(port);
      connection.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
      assert.equal((await connection.answer()).status, 200);
      await sleep(6000);
      connection.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
      assert.equal((await connection.answer())?.status, 200);
      connection.close();
    }),
  ]);
});

test("a client that does not read does not hurt the others", async () => {
  const connection = await RawConnection.open(port);
  connection.socket.pause();
  for (let i = 0; i < 200; i++) connection.write("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50));
  await sleep(200);
  for (let i = 0; i < 5; i++) {
    const answer = await server.get("/healthz");
    assert.equal(answer.status, 200);
    assert.ok(answer.ms < 2000);
  }
  connection.reset();
});

test("two hundred connections at once are served", async () => {
  const connections = await Promise.all(Array.from({ length: 200 }, () => RawConnection.open(port)));
  for (const connection of connections) connection.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  for (const connection of connections) assert.equal((await connection.answer())?.status, 200);
  for (const connection of connections) connection.close();
});
