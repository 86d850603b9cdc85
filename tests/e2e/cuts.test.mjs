// Each wait cut short in turn. The server must stay well; stop() checks its end: exit 0, no leak, an empty loop.
import test from "node:test";
import assert from "node:assert/strict";
import { sleep, until } from "./lib/env.mjs";
import { RawConnection } from "./lib/client.mjs";
import { World } from "./lib/world.mjs";
import { vapi } from "./lib/fake.mjs";
import { freshSid, inbound, ring, sign } from "./lib/twilio.mjs";
import { freshCall, message, post, rawPost, statusUpdate } from "./lib/vapi.mjs";

const world = await World.create();
const { db, fake } = world;

const vapiHead = (length, extra = "") => rawPost(`${extra}Content-Length: ${length}\r\n`);
const vapiPost = (body) => vapiHead(Buffer.byteLength(body)) + body;

function twilioPost(body) {
  return (
    `POST /api/webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
    `X-Twilio-Signature: ${sign("/api/webhook", body)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** Runs `act` against a server of its own, asks whether it is well, and stops it at once. */
async function cut(name, act, { stopWhile = false } = {}) {
  test(name, async () => {
    const server = await world.start();
    fake.script = vapi.ok;
    const release = await act(server);
    if (stopWhile) {
      const stopping = server.stop();
      await sleep(300);
      await release?.();
      await stopping;
      return;
    }
    await release?.();
    await server.ready(20000);
    const call = freshCall();
    assert.equal((await post(server, statusUpdate(call.id, "queued"))).status, 200);
    assert.ok(await db.callByVapi(call.id));
    await server.stop();
  });
}

async function lockTables() {
  const locker = await db.session();
  await locker.query("begin");
  await locker.query("lock table calls, call_events, call_utterances in access exclusive mode");
  return async () => {
    await locker.query("rollback");
    await locker.end();
  };
}

const clients = (server, n) => Promise.all(Array.from({ length: n }, () => RawConnection.open(server.port)));

for (const how of ["reset", "close"]) {
  cut(`the client ${how}s while its insert waits for a lock`, async (server) => {
    const unlock = await lockTables();
    const connections = await clients(server, 6);
    for (const connection of connections) connection.write(vapiPost(statusUpdate(freshCall().id, "queued")));
    await sleep(150);
    for (const connection of connections) connection[how]();
    await sleep(100);
    return unlock;
  });
}

cut("the client resets in the middle of its head", async (server) => {
  for (const part of ["P", "POST /api/vapi-web", "POST /api/vapi-webhook HTTP/1.1\r\nHost: x\r\nX-"]) {
    const connection = await RawConnection.open(server.port);
    connection.write(part);
    await sleep(20);
    connection.reset();
  }
});

cut("the client resets in the middle of its body", async (server) => {
  for (const extra of ["", "Expect: 100-continue\r\n"]) {
    const connection = await RawConnection.open(server.port);
    connection.write(vapiHead(100000, extra) + '{"message":{"type":"hang"');
    await sleep(30);
    connection.reset();
  }
});

cut("the client resets with a pipeline of requests in flight", async (server) => {
  const unlock = await lockTables();
  const connection = await RawConnection.open(server.port);
  connection.write(Array.from({ length: 20 }, () => vapiPost(statusUpdate(freshCall().id, "queued"))).join(""));
  await sleep(150);
  connection.reset();
  return unlock;
});

cut("the client half-closes after its request and still gets its answer", async (server) => {
  const connection = await RawConnection.open(server.port);
  connection.write(vapiPost(message("hang", freshCall().id)));
  connection.socket.end();
  const answer = await connection.answer();
  assert.equal(answer?.status, 200);
  connection.close();
});

cut("the caller's connection goes while Vapi hangs", async (server) => {
  fake.script = vapi.hangBeforeHeaders;
  const connections = await clients(server, 3);
  const sids = connections.map(() => freshSid());
  connections.forEach((connection, i) => connection.write(twilioPost(inbound(sids[i]))));
  await until("Vapi is asked", () => sids.every((sid) => fake.callsFor(sid).length), 5000);
  for (const connection of connections) connection.reset();
});

cut("Vapi goes while it thinks", async (server) => {
  fake.script = vapi.hangMidBody;
  const sid = freshSid();
  const pending = ring(server, sid);
  await until("Vapi is asked", () => fake.callsFor(sid).length, 5000);
  fake.server.closeAllConnections();
  assert.equal((await pending).status, 200);
});

cut(
  "SIGTERM while Vapi hangs: the caller still gets an answer",
  async (server) => {
    fake.script = vapi.hangBeforeHeaders;
    const sid = freshSid();
    const pending = ring(server, sid);
    await until("Vapi is asked", () => fake.callsFor(sid).length, 5000);
    return async () => assert.equal((await pending).status, 200);
  },
  { stopWhile: true },
);

cut(
  "SIGTERM while inserts wait for a lock that is released: they are answered",
  async (server) => {
    const unlock = await lockTables();
    const pending = Array.from({ length: 6 }, () => post(server, statusUpdate(freshCall().id, "queued")));
    await sleep(150);
    return async () => {
      await unlock();
      for (const answer of await Promise.all(pending)) assert.ok(answer.status === 200 || answer.status === 503);
    };
  },
  { stopWhile: true },
);

cut(
  "SIGTERM with idle, half-open and half-written connections",
  async (server) => {
    const connections = await clients(server, 5);
    connections[0].write("POST /api/vapi-webhook HTTP/1.1\r\nHost:");
    connections[1].write(vapiHead(5000) + "{");
    connections[2].write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    await sleep(100);
    return () => connections.forEach((connection) => connection.close());
  },
  { stopWhile: true },
);

cut(
  "SIGTERM with a caller whose connection is already gone, Vapi hanging and the tables locked",
  async (server) => {
    fake.script = vapi.hangBeforeHeaders;
    const sid = freshSid();
    const connection = await RawConnection.open(server.port);
    connection.write(twilioPost(inbound(sid)));
    await until("Vapi is asked", () => fake.callsFor(sid).length, 5000);
    const unlock = await lockTables();
    post(server, statusUpdate(freshCall().id, "queued")).catch(() => {});
    await sleep(50);
    connection.reset();
    return unlock;
  },
  { stopWhile: true },
);

cut("Postgres goes while inserts are in flight", async (server) => {
  const unlock = await lockTables();
  const pending = Array.from({ length: 6 }, () => post(server, statusUpdate(freshCall().id, "queued")));
  await sleep(150);
  await db.terminateBackends();
  await unlock();
  for (const answer of await Promise.all(pending)) assert.ok([200, 503].includes(answer.status), answer.text);
});

cut("client, Postgres and Vapi go at the same moment", async (server) => {
  fake.script = vapi.hangBeforeHeaders;
  const unlock = await lockTables();
  const connections = await clients(server, 4);
  connections.forEach((connection, i) =>
    connection.write(i % 2 ? twilioPost(inbound(freshSid())) : vapiPost(statusUpdate(freshCall().id, "queued"))),
  );
  await sleep(200);
  connections.forEach((connection) => connection.reset());
  fake.server.closeAllConnections();
  await db.terminateBackends();
  return unlock;
});

cut("SIGTERM before anything has happened", async () => {}, { stopWhile: true });

test("SIGTERM while it starts without a database", async () => {
  const server = world.server({ DATABASE_URL: "postgresql://ringback_server@127.0.0.1:1/nowhere" });
  await server.listen();
  await server.stop();
});

test("SIGINT is as good as SIGTERM", async () => {
  const server = await world.start();
  server.child.kill("SIGINT");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  await server.stop();
});
