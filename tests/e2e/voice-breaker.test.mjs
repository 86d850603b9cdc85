// The circuit breaker in front of Vapi: it opens when Vapi fails, leaves Vapi alone for a while, and closes by itself.
import test from "node:test";
import assert from "node:assert/strict";
import { LARKSPUR, sleep, until } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { vapi } from "./lib/fake.mjs";
import { freshSid, ring } from "./lib/twilio.mjs";
import { assertDials } from "./lib/twiml.mjs";

const world = await World.create();
const { fake } = world;
const server = await world.start();

async function reasonOf(sid) {
  return (await world.db.call(sid)).ended_reason;
}

/** Rings until a call ends with the breaker's own reason; returns how many calls Vapi saw before. */
async function ringUntilOpen(limit) {
  for (let i = 0; i < limit; i++) {
    const sid = freshSid();
    assertDials(await ring(server, sid), LARKSPUR.forwardTo);
    if (fake.callsFor(sid).length === 0) {
      assert.equal(await reasonOf(sid), "ringback.vapi-breaker-open");
      return i;
    }
    assert.equal(await reasonOf(sid), "ringback.vapi-5xx");
  }
  return assert.fail(`still closed after ${limit} failures`);
}

test("a failure or two leave it closed", async () => {
  fake.script = vapi.serverError;
  await ring(server, freshSid());
  fake.script = vapi.ok;
  const sid = freshSid();
  await ring(server, sid);
  assert.equal(fake.callsFor(sid).length, 1);
});

test("it opens under lasting failure, and then callers do not wait for Vapi", async () => {
  fake.script = vapi.serverError;
  const failures = await ringUntilOpen(40);
  assert.ok(failures >= 2, `opened after ${failures}`);
  const before = fake.calls.length;
  for (let i = 0; i < 5; i++) {
    const sid = freshSid();
    const answer = await ring(server, sid);
    assertDials(answer, LARKSPUR.forwardTo);
    assert.ok(answer.ms < 1500, `${answer.ms} ms`);
    const row = await world.db.call(sid);
    if (fake.callsFor(sid).length === 0) assert.equal(row.ended_reason, "ringback.vapi-breaker-open");
    assert.equal(row.outcome, "ai_unavailable");
  }
  assert.ok(fake.calls.length - before <= 1, "Vapi is left alone");
  assert.ok((await server.metric("ringback_upstream_requests_total", { upstream: "vapi" })) > 0);
});

test("while it is open a caller whose TwiML is known still gets it", async () => {
  fake.script = vapi.ok;
  await until(
    "closed",
    async () => {
      const sid = freshSid();
      await ring(server, sid);
      return fake.callsFor(sid).length === 1 && (await reasonOf(sid)) === null;
    },
    60000,
    500,
  );
  const known = freshSid();
  const first = await ring(server, known);
  fake.script = vapi.serverError;
  await ringUntilOpen(40);
  assert.ok((await ring(server, known)).body.equals(first.body));
});

test("it closes again by itself when Vapi is well", async () => {
  fake.script = vapi.ok;
  await until(
    "a call reaches Vapi again",
    async () => {
      const sid = freshSid();
      await ring(server, sid);
      return fake.callsFor(sid).length === 1;
    },
    60000,
    500,
  );
  await sleep(100);
  for (let i = 0; i < 10; i++) {
    const sid = freshSid();
    const answer = await ring(server, sid);
    assert.equal(answer.text, fake.callsFor(sid)[0].twiml);
    assert.equal(await reasonOf(sid), null);
  }
});
