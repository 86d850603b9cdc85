// Whatever Vapi does instead of answering well, the caller hears something in time, and the call is on record.
import test from "node:test";
import assert from "node:assert/strict";
import { LARKSPUR, ODD, PLAIN } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { vapi } from "./lib/fake.mjs";
import { freshSid, ring } from "./lib/twilio.mjs";
import { assertDials, assertVoicemail } from "./lib/twiml.mjs";

const BUDGET_MS = 6500;
const world = await World.create();

/** A server and a fake of its own for each behaviour, so that no breaker of one test speaks in another. */
async function withVapi(script, act) {
  const fake = await world.anotherFake();
  fake.script = script;
  const server = await world.start({ VAPI_API_URL: fake.url });
  try {
    await act(server, fake);
  } finally {
    await server.stop();
  }
}

async function assertMissed(sid, reason, business = LARKSPUR) {
  const row = await world.db.call(sid);
  assert.ok(row, "the call is not on record");
  assert.match(row.ended_reason, reason);
  assert.equal(row.outcome, "ai_unavailable");
  assert.equal(row.business_id, business.id);
}

const BEHAVIOURS = [
  ["hangs before its headers", vapi.hangBeforeHeaders, /^ringback\.vapi-timeout$/],
  ["hangs in the middle of its body", vapi.hangMidBody, /^ringback\.vapi-timeout$/],
  ["answers one byte every 100 ms", vapi.drip, /^ringback\.vapi-timeout$/],
  ["answers well after 9 s", vapi.slow(9000), /^ringback\.vapi-timeout$/],
  ["answers 400 with a list of messages", vapi.badRequest, /^ringback\.vapi-4xx$/],
  ["answers 401", vapi.unauthorized, /^ringback\.vapi-4xx$/],
  ["answers 429", vapi.tooMany, /^ringback\.vapi-4xx$/],
  ["answers 500", vapi.serverError, /^ringback\.vapi-5xx$/],
  ["answers 502 with a page of HTML", vapi.badGateway, /^ringback\.vapi-5xx$/],
  ["answers 201 without TwiML", vapi.noTwiml, /^ringback\.vapi-bad-reply$/],
  ["answers 201 with words for TwiML", vapi.garbageTwiml, /^ringback\.vapi-bad-reply$/],
  ["answers 201 with empty TwiML", vapi.emptyTwiml, /^ringback\.vapi-bad-reply$/],
  ["answers 201 with NUL in the TwiML", vapi.nulTwiml, /^ringback\.vapi-bad-reply$/],
  ["answers 201 with more TwiML than Twilio reads", vapi.hugeTwiml, /^ringback\.vapi-bad-reply$/],
  ["answers 201 with HTML", vapi.notJson, /^ringback\.vapi-bad-reply$/],
  ["answers 201 with broken JSON", vapi.brokenJson, /^ringback\.vapi-bad-reply$/],
  ["answers 201 with a list", vapi.notAnObject, /^ringback\.vapi-bad-reply$/],
  ["answers 201 and never stops", vapi.huge, /^ringback\.vapi-(bad-reply|unreachable)$/],
  ["sends the caller elsewhere with 302", vapi.redirect, /^ringback\.vapi-(bad-reply|4xx|unreachable)$/],
  ["resets the connection", vapi.reset, /^ringback\.vapi-(unreachable|bad-reply)$/],
  ["closes without an answer", vapi.closeUnanswered, /^ringback\.vapi-(unreachable|bad-reply)$/],
  ["speaks another protocol", vapi.notHttp, /^ringback\.vapi-(unreachable|bad-reply)$/],
];

test("each bad behaviour of Vapi", { concurrency: 4 }, async (t) => {
  await Promise.all(
    BEHAVIOURS.map(([what, script, reason]) =>
      t.test(`Vapi ${what}: forwarded in time, on record as missed`, () =>
        withVapi(script, async (server, fake) => {
          const sid = freshSid();
          const answer = await ring(server, sid);
          assertDials(answer, LARKSPUR.forwardTo);
          assert.ok(answer.ms < BUDGET_MS, `${Math.round(answer.ms)} ms`);
          await assertMissed(sid, reason);
          const asked = fake.callsFor(sid).length;
          assert.ok(asked === 1 || (asked === 2 && /reset|close|speaks/.test(what)), `asked ${asked} times`);
          const again = await ring(server, sid);
          assertDials(again, LARKSPUR.forwardTo);
          assert.equal(fake.callsFor(sid).length, asked, "a repeated CallSid is not tried again");
        }),
      ),
    ),
  );
});

test("nobody listens at Vapi's address", async () => {
  const gone = await world.anotherFake();
  await gone.stop();
  const server = await world.start({ VAPI_API_URL: gone.url });
  const sid = freshSid();
  assertDials(await ring(server, sid), LARKSPUR.forwardTo);
  await assertMissed(sid, /^ringback\.vapi-unreachable$/);
  await server.stop();
});

test("Vapi's host name does not resolve", async () => {
  const server = await world.start({ VAPI_API_URL: "http://vapi.invalid:1" });
  const sid = freshSid();
  const answer = await ring(server, sid);
  assertDials(answer, LARKSPUR.forwardTo);
  assert.ok(answer.ms < BUDGET_MS);
  await assertMissed(sid, /^ringback\.vapi-unreachable$/);
  await server.stop();
});

test("nobody to forward to: greeting and voicemail, in XML that holds any name", async () => {
  await withVapi(vapi.serverError, async (server) => {
    const plain = freshSid();
    assert.ok(assertVoicemail(await ring(server, plain, { To: PLAIN.phone })).say.includes(PLAIN.name));
    await assertMissed(plain, /^ringback\.vapi-5xx$/, PLAIN);
  });
  await withVapi(vapi.badGateway, async (server) => {
    const odd = freshSid();
    assert.equal(assertVoicemail(await ring(server, odd, { To: ODD.phone })).say.trim(), ODD.greeting);
    await assertMissed(odd, /^ringback\.vapi-5xx$/, ODD);
  });
});

test("the fallback dials with an action and a time limit, and our own number is not dialled", async () => {
  await withVapi(vapi.serverError, async (server) => {
    const dial = assertDials(await ring(server, freshSid()), LARKSPUR.forwardTo);
    assert.ok(Number(dial.attributes.timeout) >= 5 && Number(dial.attributes.timeout) <= 60);
    assert.notEqual(LARKSPUR.forwardTo, LARKSPUR.phone);
  });
});

test("a report that comes later for a call we gave up does not undo the record", async () => {
  await withVapi(vapi.serverError, async (server) => {
    const sid = freshSid();
    await ring(server, sid);
    const before = await world.db.call(sid);
    assert.equal(before.provider_call_id, null);
    assert.equal(before.outcome, "ai_unavailable");
  });
});
