// What came too late to be sent, and a server that is told to stop while mails wait for their turn.
import test from "node:test";
import assert from "node:assert/strict";
import { until } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { moods } from "./lib/resend.mjs";
import { Businesses, Rows, keyOf, look, mailEnv, standIn } from "./lib/digests.mjs";

const world = await World.create({ seed: false });
const { db } = world;
const businesses = new Businesses(db);
const rows = new Rows(db);
const resend = await standIn(world);
const server = await world.start(mailEnv(resend));

test("a digest that nobody could make or send for three days ends, and does not go out as old news", async () => {
  const [old, recent] = await businesses.addMany(2);
  for (const [business, age] of [
    [old, "3 days 1 minute"],
    [recent, "2 days 23 hours"],
  ])
    await db.rows(
      "insert into digests (business_id, local_date, status, due_at) values ($1, $2, 'claimed', now() - $3::interval)",
      [business.id, business.yesterday, age],
    );
  await rows.settle(server);
  const row = await rows.one(old);
  assert.deepEqual([row.status, row.reason, row.attempts, row.request_body], ["failed", "too_late", 0, null]);
  assert.match(row.error, /three days/);
  assert.equal(resend.asked(keyOf(old.id, old.yesterday)).length, 0);
  assert.equal((await rows.one(recent)).status, "sent");
});

test("told to stop, a server begins no mail any more, and waits for the answers to those that are out", async () => {
  resend.mood = moods.slow(1500);
  await businesses.addMany(12);
  await db.rows("update private.mail_pace set gap = '500 milliseconds', next_at = now()");
  const before = resend.requests.length;
  await look(server);
  await until("two are out", () => resend.requests.length >= before + 2);
  await server.stop();
  const out = resend.requests.length;
  assert.ok(out <= before + 4, `${out - before} requests`); // one may just have been on its way
  assert.equal(resend.accepted.length, out);
  assert.equal(await db.count("digests where attempt_way is not null or doubt is not null"), 0);
});
