// Four servers that are killed by turns, and a Resend that hangs, fails after accepting, sends garbage and asks for pauses:
// every digest is accepted exactly once. tests/torture is the same at full size.
import test from "node:test";
import assert from "node:assert/strict";
import { World } from "./lib/world.mjs";
import { BAD_DAYS, Race, badDays, idOf } from "./lib/digest-race.mjs";
import { Businesses, Rows, assertNothingPersonal, mailEnv, standIn, storeDay } from "./lib/digests.mjs";

const INSTANCES = 4;
const BUSINESSES = 150;
const SEED = 8;

const world = await World.create({ seed: false });
const { db } = world;
const businesses = new Businesses(db);
const resend = await standIn(world);
const env = mailEnv(resend);
const servers = await Promise.all(Array.from({ length: INSTANCES }, () => world.start(env)));

test(`${BUSINESSES} businesses, ${INSTANCES} servers, kill -9 of any: each digest is accepted once`, async () => {
  // The first mail tells how fast the others may go.
  const first = await businesses.add({ id: idOf(SEED, 0) });
  await new Rows(db).settle(servers[0]);
  const list = [first, ...(await businesses.addMany(BUSINESSES - 1, (n) => ({ id: idOf(SEED, n + 1) })))];
  await storeDay(db, list.slice(0, 30));
  resend.rude = badDays(SEED);
  const race = new Race({ db, resend, servers, seed: SEED });
  await race.run(BUSINESSES, { timeoutMs: 180000 });
  const { twice, changed, missing, uncalled, wrong, notSent, accepted } = await race.judge(list);
  const none = { twice: [], changed: [], missing: [], uncalled: [], wrong: [] };
  assert.deepEqual({ twice, changed, missing, uncalled, wrong }, none);
  assert.equal(accepted, BUSINESSES);
  // The one bad day that ends a digest: it was accepted, and nobody can know.
  for (const row of notSent) assert.deepEqual([row.status !== "sent", row.reason], [true, "mismatch"]);
  const mismatched = new Set(resend.requests.filter((r) => r.mood === "mismatchAfter").map((r) => r.key));
  assert.ok(notSent.length <= mismatched.size, `${notSent.length} of ${mismatched.size}`);
  // And the bad days came: without them this would prove nothing.
  assert.ok(race.kills >= 3, `${race.kills} kills`);
  const met = new Set(resend.requests.map((record) => record.mood));
  for (const mood of Object.keys(BAD_DAYS)) assert.ok(met.has(mood), `no request met ${mood}`);
  console.log(`# ${race.seconds.toFixed(0)} s, ${race.kills} kills, ${resend.requests.length} requests`);
});

test("the servers end well, and their logs hold nothing personal", async () => {
  for (const server of servers) {
    await server.stop();
    assertNothingPersonal(server);
  }
});
