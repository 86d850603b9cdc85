// Who may not book: nothing of it reaches Cal.com, and the owner sees that somebody asked.
import test, { beforeEach } from "node:test";
import assert from "node:assert/strict";
import { ANA, BookingDesk, NY, OTHER_SECRETS_KEY, SHAPES, dayAhead, dayWords } from "./lib/booking-desk.mjs";
import { CALCOM_EXPIRED_KEY, CALCOM_KEY, CALCOM_REVOKED_KEY, moods } from "./lib/calcom.mjs";
import { LARKSPUR, PLAIN, sleep, until } from "./lib/env.mjs";
import { message, post } from "./lib/vapi.mjs";
import { instantOf } from "./lib/zone.mjs";

const desk = await BookingDesk.open();
const { calcom } = desk;

const DAY = dayAhead(8);
const START = `${DAY}T09:00`;
const NO = /^I can not book appointments in this call\. Offer to take a message/;

beforeEach(async () => {
  await desk.reset();
  calcom.open(NY, [START, `${DAY}T10:00`, `${DAY}T11:00`]);
});

/** Every tool call there is, in every shape: refused, kept with its reason, and not one request. */
async function assertShut(reason, { server = desk.server, business = LARKSPUR, words = NO, status = "refused" } = {}) {
  for (const shape of Object.keys(SHAPES)) {
    const call = desk.call({ business });
    const looked = await desk.check(call, { date: DAY }, { shape, server });
    assert.equal(looked.good, false);
    assert.match(looked.words, words);
    const answer = await desk.book(call, START, { shape, server });
    assert.equal(answer.good, false);
    assert.match(answer.words, words);
    const row = await desk.row(call);
    assert.deepEqual([row.status, row.reason, row.business_id], [status, reason, business.id]);
    assert.equal(row.starts_at.getTime(), instantOf(START, NY), "what was asked for");
    assert.equal(row.attendee_name, ANA.customer_name);
    const again = await desk.book(call, START, { shape, server, id: answer.id });
    assert.equal(again.words, answer.words);
    await desk.row(call);
  }
  assert.equal((await desk.book(desk.call({ business }), "whenever", { server })).good, false);
  assert.equal(calcom.requests.length, 0, "requests at Cal.com");
  assert.equal(calcom.connections, 0, "connections to Cal.com");
}

async function assistantTools(server = desk.server, business = LARKSPUR) {
  const call = desk.call({ business });
  const body = message(
    "assistant-request",
    { id: call.id, customer: { number: call.from } },
    { phoneNumber: { provider: "twilio", number: business.phone } },
  );
  return (await post(server, body)).text;
}
const hasTools = async (...who) => /book_appointment/.test(await assistantTools(...who));

test("an assistant has the tools while its business books, and no other has", async () => {
  await until("the tools are there", () => hasTools());
  assert.match(await assistantTools(), /check_availability/);
  assert.equal(await hasTools(desk.server, PLAIN), false);
  await desk.enable(LARKSPUR, false);
  await until("the tools are gone", async () => !(await hasTools()));
  await desk.enable(LARKSPUR, true);
  await until("the tools are back", () => hasTools());
  await desk.db.rows("delete from private.calcom_credentials");
  await until("no credentials, no tools", async () => !(await hasTools()));
});

test("switched off", async () => {
  await desk.enable(LARKSPUR, false);
  await assertShut("off");
});

test("switched on, and not connected", async () => {
  await desk.enable(PLAIN);
  await assertShut("not_connected", { business: PLAIN });
});

test("a server with another SECRETS_KEY, and one without any", async () => {
  for (const SECRETS_KEY of [OTHER_SECRETS_KEY, null]) {
    const server = await desk.start({ SECRETS_KEY });
    await assertShut("not_connected", { server });
    assert.equal(await hasTools(server), false);
    await server.stop();
  }
});

test("credentials that were moved from another business or to another address", async () => {
  for (const change of ["sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1)", "api_url = 'http://127.0.0.1:1'"]) {
    await desk.connect(LARKSPUR);
    await desk.db.rows(`update private.calcom_credentials set ${change}`);
    await assertShut("not_connected");
  }
  await desk.connect(PLAIN);
  await desk.db.rows(
    "update private.calcom_credentials set sealed = (select sealed from private.calcom_credentials where business_id = $1) " +
      "where business_id = $2",
    [LARKSPUR.id, PLAIN.id],
  );
  await assertShut("not_connected", { business: PLAIN });
});

test("switched off while an assistant still has its tools", async () => {
  const call = desk.call();
  assert.equal((await desk.check(call, { date: DAY })).good, true);
  const before = calcom.requests.length;
  await desk.enable(LARKSPUR, false);
  const answer = await desk.book(call, START);
  assert.match(answer.words, NO);
  assert.deepEqual([(await desk.row(call)).reason, calcom.requests.length], ["off", before]);
  await desk.enable(LARKSPUR);
  assert.equal(
    (await desk.book(call, START, { id: answer.id })).words,
    answer.words,
    "the same tool call, the same answer",
  );
  assert.equal((await desk.book(call, START)).good, true, "another one");
});

test("a booking that was made is told again although booking was switched off since", async () => {
  const call = desk.call();
  const first = await desk.book(call, START);
  await desk.enable(LARKSPUR, false);
  assert.equal((await desk.book(call, START, { id: first.id })).words, first.words);
  assert.deepEqual(calcom.tally(), { book: 1 });
});

for (const [key, why] of [
  [CALCOM_EXPIRED_KEY, "Your api key is expired"],
  [CALCOM_REVOKED_KEY, "Your api key is not valid"],
  ["cal_live_Larkspur_never_was", "CustomThrottlerGuard - Invalid API Key"],
])
  test(`a key that Cal.com does not take: ${why}`, async () => {
    await until("the tools are there", () => hasTools());
    await desk.connect(LARKSPUR, { key });
    const call = desk.call();
    const answer = await desk.book(call, START);
    assert.equal(answer.good, false);
    assert.match(answer.words, /^I can not get into the calendar right now, so nothing is booked/);
    const row = await desk.row(call);
    assert.deepEqual([row.status, row.reason], ["failed", "credentials"]);
    const credentials = await until("they are known to be invalid", async () => {
      const one = await desk.credentials();
      return one.invalid_at && one;
    });
    assert.ok(credentials.invalid_why.includes(why), credentials.invalid_why);
    await until("the tools are gone", async () => !(await hasTools()));
    calcom.requests.length = calcom.connections = 0;
    await assertShut("credentials", { words: /^I can not get into the calendar/, status: "failed" });
  });

test("an event type that Cal.com does not know", async () => {
  await desk.connect(LARKSPUR, { eventType: 99 });
  const answer = await desk.check(desk.call(), { date: DAY });
  assert.match(answer.words, /^I can not get into the calendar/);
  await until("invalid", async () => (await desk.credentials()).invalid_at);
});

test("a key that is taken again opens the gate, not before it is time to look", async () => {
  calcom.next("slots", moods.refused(401, "Your api key is expired", "UnauthorizedException"));
  await desk.check(desk.call(), { date: DAY });
  await until("invalid", async () => (await desk.credentials()).invalid_at);
  calcom.requests.length = 0;
  await sleep(6000); // more than a sweep
  assert.deepEqual(calcom.tally(), {}, "not before ten minutes have gone");
  await desk.db.rows("update private.calcom_credentials set checked_at = now() - interval '11 minutes'");
  await until("it is good again", async () => !(await desk.credentials()).invalid_at, 15000);
  await until("the tools are back", () => hasTools());
  assert.equal((await desk.book(desk.call(), START)).good, true);
});

test("a key that is still refused stays shut", async () => {
  await desk.connect(LARKSPUR, { key: CALCOM_REVOKED_KEY });
  await desk.check(desk.call(), { date: DAY });
  await until("invalid", async () => (await desk.credentials()).invalid_at);
  calcom.requests.length = 0;
  await desk.db.rows("update private.calcom_credentials set checked_at = now() - interval '11 minutes'");
  await until("it was tried", () => calcom.requests.length > 0, 15000);
  assert.ok((await desk.credentials()).invalid_at);
});

test("429: no request for as long as Cal.com says, then all is well", async () => {
  calcom.limit = 1;
  calcom.blockMs = 60000;
  try {
    assert.equal((await desk.check(desk.call(), { date: DAY })).good, true);
    const call = desk.call();
    const began = Date.now();
    const answer = await desk.book(call, START);
    assert.equal(answer.good, false);
    assert.match(answer.words, /^The calendar is too busy to answer right now, so nothing is booked/);
    const row = await desk.row(call);
    assert.deepEqual([row.status, row.reason], ["failed", "blocked"]);
    const { blocked_until: until429 } = await until("the block is known", async () => {
      const one = await desk.credentials();
      return one.blocked_until && one;
    });
    const ms = until429.getTime() - began;
    assert.ok(ms > 50000 && ms < 75000, `blocked for ${ms} ms`);
    calcom.requests.length = calcom.connections = 0;
    await assertShut("blocked", { words: /^The calendar is too busy/, status: "failed" });
    await until("the tools stay", () => hasTools());
  } finally {
    calcom.limit = 120;
    calcom.counts.clear();
  }
  await desk.db.rows("update private.calcom_credentials set blocked_until = now() - interval '1 second'");
  assert.equal((await desk.book(desk.call(), START)).words, `Booked: ${dayWords(DAY)} at 9:00 AM.`);
});

test("a business that the number does not belong to has no calendar", async () => {
  const call = { ...desk.call(), business: { phone: "+12125550177" } };
  const answer = await desk.book(call, START);
  assert.match(answer.words, NO);
  assert.deepEqual(await desk.rows(), []);
  assert.equal(calcom.requests.length, 0);
});

test("whose key it is stands nowhere that anybody can read", async () => {
  await desk.book(desk.call(), START);
  const [{ n }] = await desk.db.rows(
    "select count(*) as n from private.calcom_credentials where sealed::text like '%' || encode($1, 'hex') || '%'",
    [Buffer.from(CALCOM_KEY)],
  );
  assert.equal(Number(n), 0);
  for (const path of ["/metrics", "/readyz"]) assert.ok(!(await desk.server.admin(path)).text.includes("cal_"), path);
});
