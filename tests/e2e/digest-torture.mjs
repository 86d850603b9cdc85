// digest-race.test.mjs at full size: node digest-torture.mjs [BUSINESSES [INSTANCES [REQUESTS-A-SECOND]]], by tests/torture.
// Prints what it saw; fails when a digest is missing, was accepted twice, or changed between two tries.
import test from "node:test";
import assert from "node:assert/strict";
import { World } from "./lib/world.mjs";
import { Race, badDays, idOf } from "./lib/digest-race.mjs";
import { Businesses, Rows, mailEnv, standIn, storeDay } from "./lib/digests.mjs";

const words = process.argv.slice(2).map(Number);
const [count = 1000, instances = 4, limit = 200] = words;
const SEED = 8;
const AT_ONCE = 1000;
const SINS = ["twice", "missing", "changed", "uncalled", "wrong"];

const say = (what, value) => console.log(`${String(what).padEnd(24)} ${value}`);
const world = await World.create({ seed: false, label: "digest_torture" });
const { db } = world;
const resend = await standIn(world, { limit, lean: true });
const env = mailEnv(resend, { LOG_LEVEL: "info" });

/** One mail has gone out before, so that the servers know how fast they may be. */
async function prepare(server) {
  const businesses = new Businesses(db);
  const list = [await businesses.add({ id: idOf(SEED, 0) })];
  await new Rows(db).settle(server);
  while (list.length < count) {
    const from = list.length;
    const added = await businesses.addMany(Math.min(AT_ONCE, count - from), (n) => ({ id: idOf(SEED, from + n) }));
    await storeDay(db, added, { calls: 4 });
    list.push(...added);
  }
  await db.rows("analyze");
  return list;
}

function progress(race) {
  let told = 0;
  return ({ all, open, accepted, seconds }) => {
    if (seconds - told < 15) return;
    told = seconds;
    say(`  ${seconds.toFixed(0)} s`, `${all} rows, ${open} open, ${accepted} accepted, ${race.kills} kills`);
  };
}

const tallied = (items) => {
  const out = new Map();
  for (const item of items) out.set(item, (out.get(item) ?? 0) + 1);
  return [...out].sort(([, a], [, b]) => b - a);
};

async function report(race, verdict) {
  const { attempts } = await db.one("select sum(attempts)::int as attempts from digests");
  say("businesses", count);
  say("servers", `${instances}, killed ${race.kills} times`);
  say("time", `${race.seconds.toFixed(1)} s, at most ${limit} requests a second`);
  say("peak memory of a server", `${(race.peakKb / 1024).toFixed(1)} MB`);
  say("accepted", verdict.accepted);
  for (const what of SINS) say(what, verdict[what].length);
  say("attempts", `${attempts}; ${resend.requests.length} requests came:`);
  for (const [what, n] of tallied(resend.requests.map((record) => record.mood ?? record.told))) say(`  ${what}`, n);
  for (const [what, n] of tallied(verdict.notSent.map((row) => `${row.status}, ${row.reason}`))) say(what, n);
}

test(`${count} businesses, ${instances} servers`, async () => {
  const servers = await Promise.all(Array.from({ length: instances }, () => world.start(env)));
  const list = await prepare(servers[0]);
  resend.rude = badDays(SEED);
  const race = new Race({ db, resend, servers, seed: SEED, idle: "12 seconds" });
  await race.run(count, { timeoutMs: 120000 + count * 200, progress: progress(race) });
  const verdict = await race.judge(list);
  await report(race, verdict);
  for (const what of SINS) assert.deepEqual(verdict[what].slice(0, 20), [], what);
  assert.equal(verdict.accepted, count);
});
