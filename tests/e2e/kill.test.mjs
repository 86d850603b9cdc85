// The power switch, twenty times under load: what was acknowledged is there, once, and nothing else.
import test from "node:test";
import assert from "node:assert/strict";
import { sleep } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { Load } from "./lib/load.mjs";
import { prng } from "./lib/prng.mjs";
import { freshSid, ring } from "./lib/twilio.mjs";

const KILLS = 20;
const world = await World.create();
const server = await world.start();
const random = prng(20);

test(`kill -9 ${KILLS} times at random moments under load from 8 connections`, async () => {
  const load = new Load(() => server.port, { width: 8 }).start();
  const acknowledged = [];
  for (let i = 0; i < KILLS; i++) {
    await sleep(100 + random() * 500);
    await server.kill();
    acknowledged.push(load.acknowledged.size);
    await server.start();
  }
  await sleep(300);
  await load.stop();
  const { missing, doubled, invented, stored } = await load.judge(world.db);
  assert.deepEqual({ missing, doubled, invented }, { missing: [], doubled: [], invented: [] });
  assert.ok(stored >= load.acknowledged.size);
  assert.ok(
    acknowledged.every((n, i) => i === 0 || n > acknowledged[i - 1]),
    `no progress between kills: ${acknowledged}`,
  );
  assert.ok(load.acknowledged.size > KILLS * 10, `only ${load.acknowledged.size} acknowledged`);
  assert.equal(load.refused.length, 0, load.refused[0]?.text);
  const spoken = await world.db.rows(
    "select text, count(*)::int as n from call_utterances group by 1 having count(*) > 1",
  );
  assert.deepEqual(spoken, []);
});

test("kill -9 while calls ring: a repeated CallSid still gets one answer and one call to Vapi", async () => {
  for (let round = 0; round < 3; round++) {
    const sids = Array.from({ length: 6 }, () => freshSid());
    const first = Promise.allSettled(sids.map((sid) => ring(server, sid)));
    await sleep(20 + random() * 120);
    await server.kill();
    const before = await first;
    await server.start();
    for (const [i, sid] of sids.entries()) {
      const again = await ring(server, sid);
      assert.equal(again.status, 200);
      if (before[i].status === "fulfilled") {
        assert.equal(again.text, before[i].value.text, "the same TwiML again");
        assert.equal(world.fake.callsFor(sid).length, 1);
      }
      assert.equal(await world.db.count("calls where twilio_call_sid = $1", [sid]), 1);
    }
  }
});
