// A digest's way out: what Resend gets, what is written down, and what happens when Resend has a bad day. Whatever happens,
// the same bytes go under the same key, and one mail is accepted.
import test from "node:test";
import assert from "node:assert/strict";
import { PUBLIC_URL, until } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { RESEND_FROM, RESEND_KEY, moods, sha256 } from "./lib/resend.mjs";
import {
  Businesses,
  DASHBOARD_URL,
  Rows,
  assertNothingPersonal,
  keyOf,
  look,
  mailEnv,
  standIn,
  storeDay,
} from "./lib/digests.mjs";

const world = await World.create({ seed: false });
const { db } = world;
const businesses = new Businesses(db);
const rows = new Rows(db);
const resend = await standIn(world);
const scripts = new Map(); // key: the moods of its first requests
resend.rude = (record) => scripts.get(record.key)?.[record.nth - 1] ?? moods.ok;
const server = await world.start(mailEnv(resend));

const key = (business) => keyOf(business.id, business.yesterday);
const script = (business, ...list) => scripts.set(key(business), list);
const asked = (business) => resend.asked(key(business));
const accepted = (business) => resend.acceptedFor(key(business));
const lines = (business) => server.lines().filter((line) => line.event === "digest" && line.business === business.id);

/** One accepted mail, and every try the same bytes as those that are kept. */
async function assertOnce(business, what) {
  const row = await rows.one(business);
  const hash = row.request_sha256.toString("hex");
  assert.equal(sha256(row.request_body), hash, what);
  assert.equal(accepted(business).length, 1, `${what}: accepted ${accepted(business).length} times`);
  for (const record of asked(business)) assert.equal(record.sha256, hash, `${what}: other bytes`);
  return row;
}

test("the whole way: one mail, accepted, and written down", async () => {
  const business = await businesses.add();
  await storeDay(db, [business], { calls: 6 });
  const before = await server.metric("ringback_digests_total", { result: "sent" });
  const due = await server.metric("ringback_digests_due_total");
  await rows.settle(server);
  const [record] = asked(business);
  assert.equal(asked(business).length, 1);
  assert.deepEqual([record.method, record.path], ["POST", "/emails"]);
  assert.equal(record.headers.authorization, `Bearer ${RESEND_KEY}`);
  assert.match(record.headers["user-agent"], /^ringback/i);
  assert.match(record.headers["content-type"], /^application\/json/);
  assert.equal(record.key, `digest/${business.id}/${business.yesterday}`);
  const mail = record.json;
  assert.deepEqual(Object.keys(mail).sort(), ["from", "headers", "html", "subject", "tags", "text", "to"]);
  assert.equal(mail.from, RESEND_FROM);
  assert.deepEqual([].concat(mail.to), [business.email]);
  assert.match(mail.subject, /\b6 calls\b/);
  assert.deepEqual(mail.tags, [
    { name: "kind", value: "digest" },
    { name: "business", value: business.id },
    { name: "date", value: business.yesterday },
  ]);
  assert.deepEqual(Object.keys(mail.headers).sort(), ["List-Unsubscribe", "List-Unsubscribe-Post"]);
  assert.match(mail.headers["List-Unsubscribe"], new RegExp(`^<${PUBLIC_URL}/unsubscribe/[\\w-]{54}>$`));
  assert.equal(mail.headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
  for (const part of [mail.html, mail.text]) {
    assert.ok(part.includes(business.name), "it names the business");
    assert.ok(part.includes(DASHBOARD_URL), "it leads to the dashboard");
  }
  assert.ok(Buffer.byteLength(mail.html) < 100000, `${Buffer.byteLength(mail.html)} bytes of HTML`);

  const row = await assertOnce(business, "a good day");
  assert.ok(row.request_body.equals(record.body));
  assert.deepEqual([row.status, row.reason, row.attempts, row.delivery_status], ["sent", "none", 1, "sent"]);
  assert.deepEqual([row.doubt, row.attempt_way, row.claimed_by, row.error], [null, null, null, null]);
  assert.equal(row.resend_id, accepted(business)[0].ids[0]);
  assert.ok(row.sent_at >= row.first_attempt_at && row.first_attempt_at >= row.created_at);

  assert.equal(await server.metric("ringback_digests_total", { result: "sent" }), before + 1);
  assert.equal(await server.metric("ringback_digests_due_total"), due + 1);
  assert.ok(Date.now() / 1000 - (await server.metric("ringback_digest_last_sent_time_seconds")) < 120);
  const [line, ...more] = lines(business);
  assert.deepEqual([line.date, line.result, line.attempts], [business.yesterday, "sent", 1]);
  assert.deepEqual(more, [], "one line");
});

test("several recipients: one request, a mail each with a link of its own", async () => {
  const business = await businesses.add({ email: "one@larkspur.example.net, two@larkspur.example.net" });
  script(business, moods.error500After);
  await rows.settle(server);
  const row = await assertOnce(business, "two recipients");
  assert.equal(asked(business).length, 2);
  for (const record of asked(business)) assert.equal(record.path, "/emails/batch");
  const [{ mails, ids }] = accepted(business);
  assert.deepEqual(
    mails.map((mail) => [].concat(mail.to)),
    [["one@larkspur.example.net"], ["two@larkspur.example.net"]],
  );
  assert.equal(new Set(mails.map((mail) => mail.headers["List-Unsubscribe"])).size, 2);
  for (const mail of mails) assert.deepEqual(mail.tags.find((tag) => tag.name === "business").value, business.id);
  assert.deepEqual([row.status, row.resend_id], ["sent", ids[0]]);
});

test("several recipients: an address that Resend does not like holds up no other", async () => {
  const some = await businesses.add({ email: "good@larkspur.example.net, bad@localhost" });
  const none = await businesses.add({ email: "bad@localhost, worse@localhost" });
  await rows.settle(server);
  const row = await rows.one(some);
  assert.deepEqual([row.status, row.attempts], ["sent", 1]);
  assert.match(row.error, /1 of 2 recipients/);
  assert.deepEqual(
    accepted(some).map((entry) => entry.mails.map((mail) => mail.to[0])),
    [["good@larkspur.example.net"]],
  );
  const failed = await rows.one(none);
  assert.deepEqual([failed.status, failed.reason], ["failed", "refused"]);
  assert.deepEqual(accepted(none), []);
});

// Three at a time, between calls that go well: half of the calls failing is an outage, and opens the circuit breaker.
const BAD_DAYS = [
  ["hang", "hangAfter", "tooManyWithoutWord"],
  ["error500", "error500After", "unavailable"],
  ["badGateway", "badGatewayAfter", "garbageAfter"],
  ["htmlAfter", "emptyAfter", "otherJsonAfter"],
  ["cutAfter", "reset", "resetAfter"],
  ["closed", "tooManyWithoutRetryAfter", "tooManyBriefly"],
  ["dailyQuota", "monthlyQuota", "busy"],
  ["busyAfter", "slowly", "twice"],
];
const LONGER = {
  slowly: [moods.stuck(1500), moods.busy, moods.error500After],
  twice: [moods.tooMany(2), moods.tooMany(3)],
};

async function badDay(name, business) {
  const row = await assertOnce(business, name);
  assert.equal(row.status, "sent", `${name}: ${row.status} ${row.reason} ${row.error}`);
  assert.ok(asked(business).length >= 2, `${name}: asked ${asked(business).length} times`);
  assert.ok(row.attempts >= asked(business).length, `${name}: ${row.attempts} attempts`);
  assert.equal(row.resend_id, accepted(business)[0].ids[0], name);
  assert.equal(row.doubt, null, name);
  const results = lines(business).map((line) => line.result);
  assert.equal(results.at(-1), "sent", name);
  assert.ok(results.length >= 2 && results.slice(0, -1).every((result) => result === "waits"), `${name}: ${results}`);
}

for (const names of BAD_DAYS) {
  test(`after a bad day the same bytes under the same key, and one mail: ${names.join(", ")}`, async () => {
    await businesses.addMany(4);
    await rows.settle(server);
    const list = await businesses.addMany(names.length);
    for (const [i, name] of names.entries()) script(list[i], ...(LONGER[name] ?? [moods[name]]));
    await rows.settle(server);
    for (const [i, name] of names.entries()) await badDay(name, list[i]);
  });
}

test("a pause that the provider asks for holds for everybody", async () => {
  const [first, second] = await businesses.addMany(2);
  script(first, moods.tooMany(20));
  await look(server);
  await until("one was refused", () => resend.asked(key(first))[0]?.told.startsWith("429"));
  await until("it is written down", async () => (await rows.one(first)).status === "due");
  const { seconds } = await db.one(
    "select extract(epoch from next_at - now())::float8 as seconds from private.mail_pace",
  );
  assert.ok(seconds > 10, `the next mail may go in ${seconds} s`);
  await rows.settle(server);
  for (const business of [first, second]) await assertOnce(business, "after the pause");
});

test("other bytes under the key: an alarm, never another key", async () => {
  const [clear, inDoubt] = await businesses.addMany(2);
  script(clear, moods.mismatch, moods.mismatch, moods.mismatch);
  script(inDoubt, moods.error500After, moods.mismatch, moods.mismatch);
  const before = await server.metric("ringback_digest_troubles_total", { reason: "mismatch" });
  await rows.settle(server);
  const [one, two] = [await rows.one(clear), await rows.one(inDoubt)];
  assert.ok(["failed", "unknown"].includes(one.status), one.status);
  assert.equal(two.status, "unknown", "the first try may have been accepted");
  assert.deepEqual([one.reason, two.reason], ["mismatch", "mismatch"]);
  assert.deepEqual([asked(clear).length, asked(inDoubt).length], [1, 2], "not asked again");
  assert.deepEqual([accepted(clear).length, accepted(inDoubt).length], [0, 1]);
  assert.equal(await server.metric("ringback_digest_troubles_total", { reason: "mismatch" }), before + 2);
  for (const business of [clear, inDoubt]) {
    const own = new Set(resend.requests.filter((r) => r.key.includes(business.id)).map((r) => r.key));
    assert.deepEqual([...own], [key(business)]);
    const told = (line) => line.level === "error" && JSON.stringify(line).includes(business.id);
    assert.ok(server.lines().some(told), "an error in the log");
  }
  await rows.timePasses();
  await look(server);
  assert.deepEqual([asked(clear).length, asked(inDoubt).length], [1, 2]);
});

test("refused for good: failed, with a word for the owner, and not asked again", async () => {
  const business = await businesses.add();
  script(business, moods.refused);
  await rows.settle(server);
  const row = await rows.one(business);
  assert.deepEqual([row.status, row.reason, row.attempts], ["failed", "refused", 1]);
  assert.ok(row.error.length > 10, row.error);
  assert.equal(asked(business).length, 1);
  // After a try in doubt a refusal proves nothing.
  const doubtful = await businesses.add();
  script(doubtful, moods.hangAfter, moods.refused);
  await rows.settle(server);
  assert.equal((await rows.one(doubtful)).status, "unknown");
});

test("23 hours after the first try it is not tried again: an operator decides", async () => {
  const [late, never] = await businesses.addMany(2);
  script(late, moods.error500After);
  script(never, moods.unavailable);
  await look(server);
  for (const business of [late, never])
    await until("it waits", async () => asked(business).length === 1 && (await rows.one(business)).status === "due");
  await db.rows("update digests set first_attempt_at = now() - interval '22 hours 50 minutes' where business_id = $1", [
    never.id,
  ]);
  await db.rows("update digests set first_attempt_at = now() - interval '23 hours 1 minute' where business_id = $1", [
    late.id,
  ]);
  await rows.settle(server);
  const row = await rows.one(late);
  assert.deepEqual([row.status, row.reason, row.attempts], ["unknown", "too_late", 1]);
  assert.equal(asked(late).length, 1);
  assert.equal((await rows.one(never)).status, "sent", "ten minutes before");
  await look(server);
  await until("the gauge", async () => (await server.metric("ringback_digests_open", { state: "unknown" })) >= 1);
  assert.ok(
    lines(late).some((line) => line.level === "error" && line.result === "unknown" && line.reason === "too_late"),
  );
});

test("interrupted on a way that knows no keys: not sent again, and not by another way either", async () => {
  const business = await businesses.add({ age: "10 minutes" });
  await db.rows(
    `insert into digests (business_id, local_date, due_at, status, claimed_by, attempts, first_attempt_at, attempt_way, lease_until,
                          request_body, request_sha256)
     select $1, $2, now(), 'claimed', 'gone', 1, now(), 'smtp', now() - interval '1 second', request_body, request_sha256
     from digests where status = 'sent' limit 1`,
    [business.id, business.yesterday],
  );
  await rows.settle(server);
  const row = await rows.one(business);
  assert.deepEqual([row.status, row.reason, row.doubt], ["unknown", "interrupted", "smtp"]);
  assert.equal(asked(business).length, 0);
  assert.ok(lines(business).some((line) => line.level === "error" && line.result === "unknown"));
});

test("a business that fails holds up nobody", async () => {
  const failing = await businesses.addMany(4);
  const always = [moods.error500, moods.hang, moods.error500, moods.garbageBefore];
  for (const [i, business] of failing.entries()) script(business, ...Array(50).fill(always[i]));
  const fine = await businesses.addMany(20);
  await look(server);
  await until("the others are sent", () => fine.every((business) => accepted(business).length === 1), 30000, 200);
  for (const business of failing) assert.equal(accepted(business).length, 0);
  for (const business of fine) assert.equal((await assertOnce(business, "beside")).attempts, 1);
  for (const business of failing) scripts.delete(key(business));
  await rows.settle(server);
  for (const business of failing) await assertOnce(business, "in the end");
});

test("what was kept is what is sent: damaged bytes do not leave", async () => {
  const business = await businesses.add();
  script(business, moods.error500);
  await look(server);
  await until("it waits", async () => asked(business).length === 1 && (await rows.one(business)).status === "due");
  await db.rows("update digests set request_body = request_body || ' '::bytea where business_id = $1", [business.id]);
  await rows.settle(server);
  assert.equal(asked(business).length, 1);
  assert.equal(accepted(business).length, 0);
  assert.ok(["failed", "unknown"].includes((await rows.one(business)).status));
  assert.ok(server.lines().some((line) => line.level === "error" && line.business === business.id));
});

test("stopped while answers are awaited: a clean end, and another server takes over with the same bytes", async () => {
  const list = await businesses.addMany(20);
  for (const business of list) script(business, moods.hangAfter);
  await look(server);
  await until("mails are under way", () => list.some((business) => asked(business).length === 1));
  await server.stop();
  const other = await world.start(mailEnv(resend));
  await rows.timePasses();
  await rows.settle(other);
  for (const business of list) assert.equal((await assertOnce(business, "taken over")).status, "sent");
  assertNothingPersonal(other);
  await other.stop();
});

test("no mail twice, none changed, and nothing personal in the log", async () => {
  const { twice, changed } = resend.sins();
  assert.deepEqual({ twice, changed }, { twice: [], changed: [] });
  assertNothingPersonal(server);
});
