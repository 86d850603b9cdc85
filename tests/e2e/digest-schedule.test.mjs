// Whose digest is due and when, and what becomes of those that have nobody to go to or nothing to say. Businesses are put
// where the hour is right; what is expected is worked out here, without Postgres.
import test, { after } from "node:test";
import assert from "node:assert/strict";
import { World } from "./lib/world.mjs";
import {
  Businesses,
  Rows,
  addDays,
  etcZone,
  instant,
  keyOf,
  localDate,
  look,
  mailEnv,
  muteEnv,
  standIn,
  storeDay,
  zoneAt,
} from "./lib/digests.mjs";

const world = await World.create({ seed: false });
const { db } = world;
const businesses = new Businesses(db);
const rows = new Rows(db);
const resend = await standIn(world);
let server = null;

async function serve(env) {
  if (server) await server.stop();
  server = await world.start(env);
  return server;
}
after(() => server?.stop());

const dates = async (business) => (await rows.of(business)).map((row) => row.date);
const dueTimes = async (business) => (await rows.of(business)).map((row) => row.due_at.getTime());
const accepted = (business, date = business.yesterday) => resend.acceptedFor(keyOf(business.id, date));

function assertEnd(row, status, reason) {
  assert.deepEqual([row.status, row.reason], [status, reason], JSON.stringify({ ...row, request_body: undefined }));
}

test("the hour decides, and the day that is over is told", async () => {
  await serve(mailEnv(resend));
  const [come, notYet, young] = [
    await businesses.add({ hour: 7 }),
    await businesses.add({ hour: 10 }),
    await businesses.add({ hour: 7, age: "10 minutes" }),
  ];
  await rows.settle(server);
  assert.deepEqual(await dates(come), [come.yesterday]);
  assert.deepEqual(await dueTimes(come), [instant(come.place, addDays(come.yesterday, 1), 7 * 60)]);
  assert.deepEqual(await dates(notYet), []);
  assert.deepEqual(await dates(young), [], "it was not there when the digest was due");
  assert.equal((await rows.one(come)).status, "sent");
  assert.equal(accepted(come).length, 1);
  await look(server);
  await look(server);
  assert.deepEqual(await dates(come), [come.yesterday], "once");
  assert.equal(accepted(come).length, 1);
});

test("midnight, and hours on either side of it", async () => {
  const place = zoneAt(1);
  const [atMidnight, atEleven] = [
    await businesses.add({ place, hour: 0 }),
    await businesses.add({ place, hour: 23, age: "30 hours" }),
  ];
  await rows.settle(server);
  assert.deepEqual(await dates(atMidnight), [atMidnight.yesterday]);
  assert.deepEqual(await dueTimes(atMidnight), [instant(place, addDays(atMidnight.yesterday, 1), 0)]);
  assert.deepEqual(await dates(atEleven), [addDays(atEleven.yesterday, -1)], "11 PM of the day after it");
});

test("switched off: nothing; switched on later: nothing older", async () => {
  const business = await businesses.add({ enabled: false, age: "5 days" });
  await look(server);
  assert.deepEqual(await dates(business), []);
  await db.rows("update businesses set digest_enabled = true where id = $1", [business.id]);
  await look(server);
  assert.deepEqual(await dates(business), []);
  const { age } = await db.one(
    "select extract(epoch from now() - digest_since)::float8 as age from businesses where id = $1",
    [business.id],
  );
  assert.ok(age < 600, `switched on ${age} s ago`);
  // Twelve hours later; and a switch that stood on before is not switched on again by saving the settings.
  await db.rows("update businesses set digest_since = now() - interval '12 hours' where id = $1", [business.id]);
  await db.rows("update businesses set digest_enabled = true where id = $1", [business.id]);
  await rows.settle(server);
  assert.deepEqual(await dates(business), [business.yesterday]);
});

test("after three days away each missed day is told once, oldest first, and nothing older", async () => {
  const business = await businesses.add({ age: "10 days" });
  const other = await businesses.add({ age: "10 days" });
  await db.rows(
    `insert into digests (business_id, local_date, due_at, status) values ($1, $2, now() - interval '50 hours', 'sent')`,
    [other.id, addDays(other.yesterday, -2)],
  );
  await rows.settle(server);
  const missed = [-2, -1, 0].map((days) => addDays(business.yesterday, days));
  assert.deepEqual(await dates(business), missed);
  assert.deepEqual(
    await dueTimes(business),
    missed.map((date) => instant(business.place, addDays(date, 1), 7 * 60)),
  );
  for (const date of missed) assert.equal(accepted(business, date).length, 1, date);
  const subjects = missed.map((date) => accepted(business, date)[0].mails[0].subject);
  assert.equal(new Set(subjects).size, 3, `each tells its own day: ${subjects}`);
  assert.deepEqual(await dates(other), missed, "what had its row is not told again");
  assert.equal(accepted(other, missed[0]).length, 0);
});

test("a new zone: no day twice, none before one that was told", async () => {
  const west = etcZone(-12);
  const east = etcZone(14);
  const sinceMidnight = Math.floor((Date.now() - instant(west, localDate(west), 0)) / 60000);
  const traveller = await businesses.add({ place: west, hour: 0, age: `${sinceMidnight + 180} minutes` });
  await rows.settle(server);
  const before = await dates(traveller);
  assert.deepEqual(before, [addDays(localDate(west), -1)]);
  // 26 hours to the east the local date is one or two days ahead, and its midnight is past.
  await db.rows("update businesses set timezone = $2 where id = $1", [traveller.id, east.zone]);
  await rows.settle(server);
  const after = await dates(traveller);
  const last = addDays(localDate(east), -1);
  const gap = (Date.parse(last) - Date.parse(before[0])) / 86400000;
  assert.deepEqual(
    after,
    Array.from({ length: gap + 1 }, (_, n) => addDays(before[0], n)),
  );
  // And back: those days are over there later; they have their rows.
  await db.rows("update businesses set timezone = $2 where id = $1", [traveller.id, west.zone]);
  await look(server);
  assert.deepEqual(await dates(traveller), after);
  for (const date of after) assert.equal(accepted(traveller, date).length, 1, date);
});

test("an empty day: two lines, or nothing if the business says so", async () => {
  const [silent, quiet, busy] = [
    await businesses.add({ skipEmpty: true }),
    await businesses.add({ skipEmpty: false }),
    await businesses.add({ skipEmpty: true }),
  ];
  await storeDay(db, [busy], { calls: 2 });
  await rows.settle(server);
  assertEnd(await rows.one(silent), "skipped", "empty");
  assert.equal(accepted(silent).length, 0);
  for (const business of [quiet, busy]) {
    assert.equal((await rows.one(business)).status, "sent");
    assert.equal(accepted(business).length, 1);
  }
});

test("recipients: those of the business, else its owners, else nobody", async () => {
  const nobody = await businesses.add({ email: null });
  const owned = await businesses.add({ email: " , " });
  await businesses.owner(owned, "owner@larkspur.example.org");
  await businesses.owner(owned, "helper@larkspur.example.org", "staff");
  const two = await businesses.add({
    email: "front@larkspur.example.net, Back@larkspur.example.net,front@larkspur.example.net",
  });
  await rows.settle(server);
  assertEnd(await rows.one(nobody), "failed", "no_recipient");
  assert.equal(accepted(nobody).length, 0);
  const to = (business) => accepted(business).map((entry) => entry.mails.flatMap((mail) => mail.to));
  assert.deepEqual(to(owned), [["owner@larkspur.example.org"]]);
  assert.deepEqual(to(two), [["front@larkspur.example.net", "Back@larkspur.example.net"]]);
});

test("recipients that are paused get nothing", async () => {
  const pause = (business, address, reason) =>
    db.rows("insert into paused_recipients (business_id, address, reason) values ($1, $2, $3)", [
      business.id,
      address,
      reason,
    ]);
  const gone = await businesses.add({ email: "Gone@larkspur.example.net" });
  await pause(gone, "gone@larkspur.example.net", "unsubscribed");
  const bounced = await businesses.add({ email: "gone@larkspur.example.net, lost@larkspur.example.net" });
  await pause(bounced, "gone@larkspur.example.net", "unsubscribed");
  await pause(bounced, "lost@larkspur.example.net", "bounced");
  const half = await businesses.add({ email: "lost@larkspur.example.net, there@larkspur.example.net" });
  await pause(half, "lost@larkspur.example.net", "bounced");
  const elsewhere = await businesses.add({ email: "lost@larkspur.example.net" });
  await rows.settle(server);
  assertEnd(await rows.one(gone), "skipped", "unsubscribed");
  assertEnd(await rows.one(bounced), "failed", "paused");
  assert.equal(accepted(gone).length + accepted(bounced).length, 0);
  assert.deepEqual(accepted(half)[0].mails[0].to, ["there@larkspur.example.net"]);
  assert.deepEqual(accepted(elsewhere)[0].mails[0].to, ["lost@larkspur.example.net"], "paused in another business");
});

test("the minutes of DIGEST_SCHEDULE are added to each business's hour", async () => {
  await serve(mailEnv(resend, { DIGEST_SCHEDULE: "07:45 local" }));
  const place = zoneAt(9);
  const [seven, midnight] = [await businesses.add({ place }), await businesses.add({ place, hour: 0 })];
  await rows.settle(server);
  assert.deepEqual(await dueTimes(seven), [instant(place, addDays(seven.yesterday, 1), 7 * 60 + 45)]);
  assert.deepEqual(await dueTimes(midnight), [instant(place, addDays(midnight.yesterday, 1), 45)]);
});

/** The runs of one UTC minute that tell a day of `place`: never before it is over. */
function runFor(place, date, minute) {
  const over = instant(place, addDays(date, 1), 0);
  const run = over - (over % 86400000) + minute * 60000;
  return run >= over ? run : run + 86400000;
}

test("one run a day for all, whatever their hours", async () => {
  const hourAgo = new Date(Date.now() - 3600000);
  const minute = hourAgo.getUTCHours() * 60 + 15;
  await serve(mailEnv(resend, { DIGEST_SCHEDULE: `${hourAgo.toISOString().slice(11, 13)}:15 utc` }));
  const now = Date.now();
  const all = [];
  for (const [east, hour] of [
    [-11, 3],
    [-5, 7],
    [0, 23],
    [5, 12],
    [13, 0],
  ])
    all.push(await businesses.add({ place: etcZone(east), hour, age: "6 days" }));
  await rows.settle(server);
  for (const business of all) {
    const expected = [-4, -3, -2, -1, 0]
      .map((days) => addDays(business.yesterday, days))
      .map((date) => ({ date, due: runFor(business.place, date, minute) }))
      .filter(({ due }) => due <= now && due > now - 3 * 86400000);
    assert.ok(expected.length >= 2, `${business.zone}: ${expected.length} runs`);
    assert.deepEqual(
      await dates(business),
      expected.map(({ date }) => date),
      business.zone,
    );
    assert.deepEqual(
      await dueTimes(business),
      expected.map(({ due }) => due),
      business.zone,
    );
  }
});

test("without a way to send, digests are made and kept, and never go out later", async () => {
  await serve(muteEnv());
  const business = await businesses.add();
  const asked = resend.requests.length;
  await rows.settle(server);
  const kept = await rows.one(business);
  assertEnd(kept, "kept", "no_provider");
  assert.match(kept.request_body.toString("utf8"), /^\{/);
  assert.equal(kept.first_attempt_at, null);
  assert.ok(kept.error.length > 10, "a word for the owner");
  // Made when there was a way to send, and then there is none: it waits as it is.
  const waiting = await businesses.add({ age: "10 minutes" });
  await db.rows(
    `insert into digests (business_id, local_date, due_at, request_body, request_sha256)
     select $1, $2, now(), request_body, request_sha256 from digests where status = 'sent' and request_body is not null limit 1`,
    [waiting.id, waiting.yesterday],
  );
  await look(server);
  assertEnd(await rows.one(waiting), "due", null);
  await serve(mailEnv(resend));
  await rows.settle(server);
  assertEnd(await rows.one(business), "kept", "no_provider");
  assert.equal(accepted(business).length, 0);
  assert.equal((await rows.one(waiting)).status, "sent");
  assert.equal(resend.requests.length, asked + 1);
});

test("a business in a zone that this machine does not know stops no other one", async () => {
  const lost = await businesses.add({ enabled: false });
  const session = await db.session();
  await session.query("begin");
  await session.query("set local session_replication_role = replica"); // as a restore does
  await session.query("update businesses set timezone = 'Larkspur/Nowhere', digest_enabled = true where id = $1", [
    lost.id,
  ]);
  await session.query("commit");
  await session.end();
  const fine = await businesses.add();
  await rows.settle(server);
  assert.equal((await rows.one(fine)).status, "sent");
  assert.deepEqual(await dates(lost), []);
  assert.equal(await server.metric("ringback_digest_zones_unknown"), 1);
  assert.ok(server.lines().some((line) => line.level === "error" && line.event === "digest_zones_unknown"));
  await db.rows("update businesses set timezone = 'Etc/UTC', digest_enabled = false where id = $1", [lost.id]);
});

test("no mail went out twice, and none changed", () => {
  assert.deepEqual(resend.sins(), { twice: [], changed: [] });
});
