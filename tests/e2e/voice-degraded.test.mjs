// Calls that come when something is missing: no Vapi, no mapping, no database. The caller is looked after all the same.
import test from "node:test";
import assert from "node:assert/strict";
import { DEFAULT_ASSISTANT_ID, LARKSPUR, PLAIN, UNMAPPED_PHONE, until } from "./lib/env.mjs";
import { WITHOUT_VAPI, World } from "./lib/world.mjs";
import { vapi } from "./lib/fake.mjs";
import { freshSid, inbound, postForm, ring } from "./lib/twilio.mjs";
import { assertDials, assertVoicemail, readTwiml, verbs } from "./lib/twiml.mjs";

const IN_TIME_MS = 6500;
const SOON_MS = 4000; // a caller does not wait for the database's whole time limit
const world = await World.create();
const { fake } = world;
const server = await world.start();

test("Vapi not configured: forwarded, on record as missed", async () => {
  const alone = await world.start(WITHOUT_VAPI);
  const sid = freshSid();
  assertDials(await ring(alone, sid), LARKSPUR.forwardTo);
  const row = await world.db.call(sid);
  assert.equal(row.ended_reason, "ringback.vapi-not-configured");
  assert.equal(row.outcome, "ai_unavailable");
  assertVoicemail(await ring(alone, freshSid(), { To: PLAIN.phone }));
  await alone.stop();
});

test("a number nobody has mapped: a polite answer, an unassigned row, a counted call", async () => {
  const strict = await world.start({ VAPI_ASSISTANT_ID: null });
  const before = await strict.metric("ringback_unassigned_calls_total");
  const sid = freshSid();
  const answer = await ring(strict, sid, { To: UNMAPPED_PHONE });
  assert.ok(verbs(readTwiml(answer)).includes("Say"), answer.text);
  const row = await world.db.call(sid);
  assert.equal(row.business_id, null);
  assert.equal(row.called_number, UNMAPPED_PHONE);
  assert.equal(row.ended_reason, "ringback.number-unmapped");
  assert.equal(fake.callsFor(sid).length, 0);
  assert.equal(await strict.metric("ringback_unassigned_calls_total"), before + 1);
  assert.equal((await ring(strict, sid, { To: UNMAPPED_PHONE })).text, answer.text);
  await strict.stop();
});

test("a number nobody has mapped, with a default assistant: it takes the call, the row is unassigned", async () => {
  const sid = freshSid();
  const answer = await ring(server, sid, { To: UNMAPPED_PHONE });
  const [asked] = fake.callsFor(sid);
  assert.equal(asked.json.assistantId, DEFAULT_ASSISTANT_ID);
  assert.equal(answer.text, asked.twiml);
  assert.equal((await world.db.call(sid)).business_id, null);
});

test("a called number that is no number is unmapped, not an error", async () => {
  for (const To of ["", "sip:front@larkspur.example.com", "client:front", "+1", "x".repeat(300), "<&>\"'"]) {
    const sid = freshSid();
    readTwiml(await ring(server, sid, { To }));
    assert.equal((await world.db.call(sid)).business_id, null, To);
  }
});

test("a signed form that makes no sense still gets TwiML", async () => {
  for (const body of [
    "",
    "To=%2B12125550142",
    "CallSid=&From=&To=",
    "CallSid=nonsense&To=%2B12125550142",
    "a=%zz&%=%&&&=",
    "CallSid=" + "C".repeat(5000),
  ]) {
    readTwiml(await postForm(server, "/api/webhook", body));
  }
});

for (const tables of [
  "calls, call_events",
  "private.voice_answers",
  "calls, call_events, call_utterances, private.voice_answers",
]) {
  test(`calls that ring while ${tables} are locked reach Vapi in time, and get their row afterwards`, async () => {
    const locker = await world.db.session();
    await locker.query("begin");
    await locker.query(`lock table ${tables} in access exclusive mode`);
    const sid = freshSid();
    const answer = await ring(server, sid);
    await locker.query("rollback");
    await locker.end();
    assert.equal(answer.text, fake.callsFor(sid)[0].twiml);
    assert.ok(answer.ms < SOON_MS, `${Math.round(answer.ms)} ms`);
    await until("the row", async () => (await world.db.call(sid))?.provider_call_id, 15000);
  });
}

test("calls that ring while the database is away reach Vapi in time", async () => {
  await ring(server, freshSid());
  await world.db.lockOut();
  try {
    const sids = Array.from({ length: 4 }, () => freshSid());
    const answers = await Promise.all(sids.map((sid) => ring(server, sid)));
    for (const [i, answer] of answers.entries()) {
      assert.equal(answer.text, fake.callsFor(sids[i])[0].twiml);
      assert.ok(answer.ms < SOON_MS, `${Math.round(answer.ms)} ms`);
      assert.equal((await ring(server, sids[i])).text, answer.text, "a repeated CallSid is answered from memory");
      assert.equal(fake.callsFor(sids[i]).length, 1);
    }
    assert.equal((await server.get("/readyz")).status, 503);
    assert.equal((await server.get("/healthz")).status, 200);
  } finally {
    await world.db.letIn();
  }
  await server.ready(20000);
  const sid = freshSid();
  assert.equal((await ring(server, sid)).text, fake.callsFor(sid)[0].twiml);
});

test("neither the database nor Vapi is there: forwarded in time", async () => {
  const bad = await world.anotherFake();
  bad.script = vapi.hangBeforeHeaders;
  const other = await world.start({ VAPI_API_URL: bad.url });
  await world.db.lockOut();
  try {
    const answer = await ring(other, freshSid());
    assertDials(answer, LARKSPUR.forwardTo);
    assert.ok(answer.ms < IN_TIME_MS, `${Math.round(answer.ms)} ms`);
  } finally {
    await world.db.letIn();
  }
  await other.stop();
  await server.ready(20000);
});

test("a follow-up while the database is away: TwiML where Twilio waits for it", async () => {
  await world.db.lockOut();
  try {
    const body = inbound(freshSid(), { DialCallStatus: "no-answer", CallStatus: "in-progress" });
    const dialed = await postForm(server, "/api/twilio/dialed", body);
    readTwiml(dialed);
    assert.ok(dialed.ms < IN_TIME_MS);
    const status = await postForm(server, "/api/twilio/status", inbound(freshSid(), { CallStatus: "completed" }));
    assert.equal(status.status, 503);
    assert.match(status.headers["retry-after"], /^\d+$/);
  } finally {
    await world.db.letIn();
  }
  await server.ready(20000);
});

test("started while the database is away: it listens, is not ready, and becomes ready by itself", async () => {
  await world.db.lockOut();
  const early = world.server();
  try {
    await early.listen();
    assert.equal((await early.get("/readyz")).status, 503);
    readTwiml(await ring(early, freshSid()));
  } finally {
    await world.db.letIn();
  }
  await early.ready(20000);
  const sid = freshSid();
  assert.equal((await ring(early, sid)).text, fake.callsFor(sid)[0].twiml);
  await early.stop();
});
