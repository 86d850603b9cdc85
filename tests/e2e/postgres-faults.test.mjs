// Postgres stopped, restarted, and its sessions shot down under load: no acknowledged event is lost, facts that can not
// be made durable are refused with 503, and the server recovers by itself.
import test from "node:test";
import assert from "node:assert/strict";
import { sleep } from "./lib/env.mjs";
import { cluster } from "./lib/database.mjs";
import { World } from "./lib/world.mjs";
import { Load } from "./lib/load.mjs";
import { freshCall, post, statusUpdate } from "./lib/vapi.mjs";

const world = await World.create();
const server = await world.start();
const { db } = world;

function assertRefusals(load) {
  for (const answer of load.refused) {
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.headers["retry-after"], /^\d+$/);
  }
}

async function assertLedger(load) {
  const { missing, doubled, invented } = await load.judge(db);
  assert.deepEqual({ missing, doubled, invented }, { missing: [], doubled: [], invented: [] });
}

async function underLoad(act) {
  await db.clearCalls();
  const load = new Load(() => server.port, { width: 8, pauseMs: 2 }).start();
  await sleep(300);
  await act(load);
  await server.ready(20000);
  const before = load.acknowledged.size;
  await sleep(500);
  assert.ok(load.acknowledged.size > before, "no progress after the fault");
  await load.stop();
  assertRefusals(load);
  await assertLedger(load);
  return load;
}

test("sessions terminated every 150 ms under load", async () => {
  await underLoad(async () => {
    for (let i = 0; i < 10; i++) {
      await db.terminateBackends();
      await sleep(150);
    }
  });
});

test("nobody let in for seven seconds under load: 503 with Retry-After, then business as usual", async () => {
  const load = await underLoad(async () => {
    await db.lockOut();
    await sleep(7000);
    await db.letIn();
  });
  assert.ok(load.refused.length > 0, "nothing was refused");
});

test("a fact while the database is away: 503 with Retry-After; /readyz says so, /healthz does not", async () => {
  await db.lockOut();
  try {
    const answer = await post(server, statusUpdate(freshCall().id, "queued"));
    assert.equal(answer.status, 503);
    assert.match(answer.headers["retry-after"], /^\d+$/);
    assert.ok(answer.ms < 6500, `${answer.ms} ms`);
    for (const ask of [server.get("/readyz"), server.admin("/readyz")]) assert.equal((await ask).status, 503);
    for (const ask of [server.get("/healthz"), server.admin("/healthz")]) assert.equal((await ask).status, 200);
  } finally {
    await db.letIn();
  }
  await server.ready(20000);
});

test("a database that turns read-only refuses facts, and takes them again afterwards", async () => {
  await db.rows(`alter database ${db.name} set default_transaction_read_only = on`);
  await db.terminateBackends();
  const refused = await post(server, statusUpdate(freshCall().id, "queued"));
  const off = await db.session();
  await off.query("set default_transaction_read_only = off");
  await off.query(`alter database ${db.name} reset default_transaction_read_only`);
  await off.end();
  await db.terminateBackends();
  assert.equal(refused.status, 503, refused.text);
  await server.ready(20000);
  const call = freshCall();
  for (let i = 0; i < 40 && (await post(server, statusUpdate(call.id, "queued"))).status !== 200; i++) await sleep(100);
  assert.ok(await db.callByVapi(call.id));
});

test("a lock held for a while delays answers and loses nothing", async () => {
  await underLoad(async () => {
    const locker = await db.session();
    await locker.query("begin");
    await locker.query("lock table call_events in access exclusive mode");
    await sleep(1500);
    await locker.query("rollback");
    await locker.end();
  });
});

// Without the data directory only the faults above can be made; the runner gives it.
const modes = cluster.canStop ? ["fast", "immediate"] : [];

for (const mode of modes) {
  test(`Postgres stopped (${mode}) and started again under load`, async () => {
    await underLoad(async () => {
      await cluster.stop(mode);
      await sleep(1000);
      await cluster.start();
    });
  });
}

test("SIGTERM while Postgres is away: no hang, exit 0", async () => {
  const other = await world.start();
  await db.lockOut();
  try {
    const pending = Array.from({ length: 4 }, () =>
      post(other, statusUpdate(freshCall().id, "queued")).catch(() => null),
    );
    await sleep(50);
    await other.stop(30000);
    for (const answer of await Promise.all(pending)) assert.ok(answer === null || answer.status === 503);
  } finally {
    await db.letIn();
  }
  await server.ready(20000);
});

test("SIGTERM under load: everything acknowledged is there, exit 0", async () => {
  await db.clearCalls();
  const other = await world.start();
  const load = new Load(() => other.port, { width: 8 }).start();
  await sleep(400);
  const stopping = other.stop();
  await stopping;
  await load.stop();
  await assertLedger(load);
});
