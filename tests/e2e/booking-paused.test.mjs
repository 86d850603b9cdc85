// What a look at a booking must not conclude: while its server only sleeps, while other servers can not open the key, and
// after the credentials were exchanged.
import test, { beforeEach } from "node:test";
import assert from "node:assert/strict";
import { BookingDesk, NY, OTHER_SECRETS_KEY, dayAhead } from "./lib/booking-desk.mjs";
import { moods } from "./lib/calcom.mjs";
import { LARKSPUR, sleep, until } from "./lib/env.mjs";

const desk = await BookingDesk.open();
const { calcom, db } = desk;

const DAY = dayAhead(3);
const START = `${DAY}T09:00`;

beforeEach(async () => {
  if (!desk.server.running) desk.server = await desk.start();
  await desk.reset();
  calcom.open(NY, [START]);
});

/** What Cal.com has is what the row says. */
async function assertTrue(call) {
  const row = await desk.row(call);
  assert.equal(
    row.status === "confirmed",
    calcom.bookings.length === 1,
    `${row.status}, ${calcom.bookings.length} made`,
  );
}

test("a server that slept between the row and the request does not send it any more", async () => {
  const call = desk.call();
  const locker = await db.session();
  await locker.query("begin");
  await locker.query("lock table bookings in share mode");
  const asked = desk.book(call, START);
  const waiting = "pg_locks where relation = 'bookings'::regclass and not granted";
  await until("it waits to insert", () => db.count(waiting), 1500, 20);
  desk.server.child.kill("SIGSTOP");
  try {
    await locker.query("rollback");
    await locker.end();
    await until("the row is there", async () => (await desk.rows(call)).length === 1, 3000, 20);
    const other = await desk.start();
    for (let looks = 1; looks <= 3; looks++) {
      await desk.expire();
      await until(`look ${looks}`, () => calcom.of("find").length >= looks, 15000);
      await until("it is noted", async () => (await desk.row(call)).looks >= looks);
    }
    await desk.settled(call, "failed");
    await other.stop();
  } finally {
    desk.server.child.kill("SIGCONT");
  }
  const answer = await asked;
  assert.equal(answer.good, false);
  await sleep(1000);
  assert.equal(calcom.of("book").length, 0, "it is too late to send it");
  await assertTrue(call);
});

test("a booking is found although another event type is set by now", async () => {
  calcom.addEventType(815);
  calcom.next("book", moods.closedAfter);
  const call = desk.call();
  await desk.book(call, START);
  await desk.settled(call, "unknown");
  await desk.connect(LARKSPUR, { eventType: 815 });
  for (let looks = 1; looks <= 3 && (await desk.row(call)).status === "unknown"; looks++) {
    await desk.expire();
    await until(`look ${looks}`, async () => (await desk.row(call)).looks >= looks, 15000);
    await sleep(500);
  }
  await assertTrue(call);
});

test("servers that can not open the key leave the looking to those that can", async () => {
  const strangers = [await desk.start({ SECRETS_KEY: OTHER_SECRETS_KEY }), await desk.start({ SECRETS_KEY: null })];
  calcom.next("book", moods.closedAfter);
  const call = desk.call();
  await desk.book(call, START);
  await desk.settled(call, "unknown");
  await desk.server.stop();
  await desk.expire();
  await sleep(12000); // two of their sweeps
  const { looks } = await desk.row(call);
  for (const stranger of strangers) await stranger.stop();
  assert.equal(looks, 0, "they have not even tried");
  desk.server = await desk.start();
  await desk.settled(call, "confirmed", 15000);
});
