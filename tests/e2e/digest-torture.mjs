// digest-race.test.mjs at full size: node digest-torture.mjs [BUSINESSES [INSTANCES [REQUESTS-A-SECOND]]], by tests/torture.
// Prints what it saw; ends with 1 when a digest is missing, was accepted twice, or changed between two tries.
import { after } from "node:test";
import { World } from "./lib/world.mjs";
import { Race, badDays, idOf } from "./lib/digest-race.mjs";
import { Businesses, Rows, mailEnv, standIn, storeDay } from "./lib/digests.mjs";

const [businessCount = 1000, instances = 4, limit = 200] = process.argv.slice(2).map(Number);
const SEED = 8;
const AT_ONCE = 1000;

const say = (what, value) => console.log(`${what.padEnd(22)} ${value}`);
const world = await World.create({ seed: false, label: "digest_torture" });
after(() => process.exitCode && console.log("FAILED"));
const { db } = world;
const resend = await standIn(world, { limit, lean: true });
const env = mailEnv(resend, { LOG_LEVEL: "info" });
const servers = await Promise.all(Array.from({ length: instances }, () => world.start(env, [])));

const businesses = new Businesses(db);
const list = [await businesses.add({ id: idOf(SEED, 0) })];
await new Rows(db).settle(servers[0]);
while (list.length < businessCount) {
  const more = Math.min(AT_ONCE, businessCount - list.length);
  const from = list.length;
  const added = await businesses.addMany(more, (n) => ({ id: idOf(SEED, from + n) }));
  await storeDay(db, added, { calls: 4 });
  list.push(...added);
}

resend.rude = badDays(SEED);
const race = new Race({ db, resend, servers, seed: SEED, idle: "25 seconds" });
let told = 0;
await race.run(businessCount, {
  timeoutMs: 60000 + businessCount * 200,
  progress: ({ all, open, accepted, seconds }) => {
    if (seconds - told < 15) return;
    told = seconds;
    say(`  ${seconds.toFixed(0)} s`, `${all} due, ${open} open, ${accepted} accepted, ${race.kills} kills`);
  },
});
const verdict = await race.judge(list);
const { attempts } = await db.one("select sum(attempts)::int as attempts from digests");

say("businesses", businessCount);
say("servers", `${instances}, killed ${race.kills} times`);
say("time", `${race.seconds.toFixed(1)} s, at most ${limit} requests a second`);
say("peak memory of one", `${(race.peakKb / 1024).toFixed(1)} MB`);
say("accepted", verdict.accepted);
for (const what of ["twice", "missing", "changed", "uncalled", "wrong"]) say(what, verdict[what].length);
say("attempts", `${attempts}, of which ${resend.requests.length} came to the stand-in:`);
for (const [what, n] of Object.entries(resend.tally()).sort(([, a], [, b]) => b - a)) say(`  ${what}`, n);
const reasons = {};
for (const row of verdict.notSent)
  reasons[`${row.status} ${row.reason}`] = (reasons[`${row.status} ${row.reason}`] ?? 0) + 1;
say("not known as sent", JSON.stringify(reasons));
if (["twice", "missing", "changed", "uncalled", "wrong"].some((what) => verdict[what].length)) process.exitCode = 1;
