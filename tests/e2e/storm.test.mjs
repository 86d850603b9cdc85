// Everything at once: load with a ledger, callers, rude clients, a moody Vapi and a failing Postgres. Afterwards the
// ledger is right, every caller has heard something, and the server ends as cleanly as on a quiet day.
import test from "node:test";
import assert from "node:assert/strict";
import { sleep, until } from "./lib/env.mjs";
import { RawConnection } from "./lib/client.mjs";
import { World } from "./lib/world.mjs";
import { Load } from "./lib/load.mjs";
import { prng } from "./lib/prng.mjs";
import { vapi } from "./lib/fake.mjs";
import { freshSid, ring } from "./lib/twilio.mjs";
import { readTwiml } from "./lib/twiml.mjs";
import { freshCall, rawPost, statusUpdate } from "./lib/vapi.mjs";

const SECONDS = 8;
const world = await World.create();
const server = await world.start();
const random = prng(77);
const pick = (list) => list[Math.floor(random() * list.length)];
const until8s = Date.now() + SECONDS * 1000;
const storming = () => Date.now() < until8s;

const MOODS = [vapi.ok, vapi.ok, vapi.ok, vapi.slow(700), vapi.badGateway, vapi.reset, vapi.hangMidBody, vapi.noTwiml];

async function callers(heard) {
  while (storming()) {
    world.fake.script = pick(MOODS);
    const sid = freshSid();
    const answers = await Promise.all(Array.from({ length: 1 + Math.floor(random() * 3) }, () => ring(server, sid)));
    for (const answer of answers) readTwiml(answer);
    for (const answer of answers) assert.equal(answer.text, answers[0].text, "one call, one answer");
    heard.push({ sid, text: answers[0].text });
  }
}

async function rudeClients() {
  while (storming()) {
    const connection = await RawConnection.open(server.port);
    const body = statusUpdate(freshCall().id, "queued");
    const whole = rawPost(`Content-Length: ${body.length}\r\n`, body);
    connection.write(
      pick([whole, whole + whole, whole.slice(0, Math.floor(random() * whole.length)), "\r\n\r\nGET", ""]),
    );
    await sleep(random() * 40);
    connection[pick(["reset", "close"])]();
  }
}

async function badDatabase() {
  while (storming()) {
    await sleep(300 + random() * 600);
    if (random() < 0.5) {
      await world.db.terminateBackends();
      continue;
    }
    const locker = await world.db.session();
    await locker.query("begin");
    await locker.query(
      `lock table ${pick(["calls", "call_events", "private.voice_answers"])} in access exclusive mode`,
    );
    await sleep(random() * 700);
    await locker.query("rollback");
    await locker.end();
  }
}

test(`${SECONDS} s of storm`, async () => {
  const load = new Load(() => server.port, { width: 8, pauseMs: 1 }).start();
  const heard = [];
  await Promise.all([callers(heard), callers(heard), callers(heard), rudeClients(), rudeClients(), badDatabase()]);
  await load.stop();
  await server.ready(20000);
  for (const answer of load.refused) assert.equal(answer.status, 503);
  const { missing, doubled } = await load.judge(world.db);
  assert.deepEqual({ missing, doubled }, { missing: [], doubled: [] });
  assert.ok(load.acknowledged.size > 200, `${load.acknowledged.size} acknowledged`);
  assert.ok(heard.length > 10, `${heard.length} callers`);
  world.fake.script = vapi.ok;
  for (const { sid, text } of heard)
    assert.equal((await ring(server, sid)).text, text, "the same again after the storm");
});

test("after the storm nothing is left waiting", async () => {
  for (const gauge of ["ringback_ingest_queue_events", "ringback_ingest_oldest_seconds"]) {
    await until(`${gauge} is 0`, async () => (await server.metric(gauge)) === 0, 10000);
  }
  await server.stop();
});
