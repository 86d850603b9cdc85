// Calls that come when something is missing: no Vapi, no mapping, no database. The caller is looked after all the same.
import test from "node:test";
import assert from "node:assert/strict";
import { DEFAULT_ASSISTANT_ID, LARKSPUR, PLAIN, UNMAPPED_PHONE, until } from "./lib/env.mjs";
import { WITHOUT_VAPI, World } from "./lib/world.mjs";
import { freshSid, inbound, postForm, ring } from "./lib/twilio.mjs";
import { assertDials, assertVoicemail, readTwiml, verbs } from "./lib/twiml.mjs";

const IN_TIME_MS = 6500;
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

test("a number nobody has mapped, with a default assistant: that one takes the call, the row is unassigned", async () => {
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
  for (const body of ["", "To=%2B12125550142", "CallSid=&From=&To=", "CallSid=nonsense&To=%2B12125550142", "a=%zz&%=%&&&=", "CallSid=" + "C".repeat(5000)]) {
    readTwiml(await postForm(server, "/api/webhook", body));
  }
});

test("calls that ring while the database is locked get TwiML in time, and their row afterwards", async () => {
  const locker = await world.db.session();
  await locker.query("begin");
  await locker.query("lock table calls, call_events in access exclusive mode");
  const sid = freshSid();
  const answer = await ring(server, sid);
  readTwiml(answer);
  assert.ok(answer.ms < IN_TIME_MS, `${Math.round(answer.ms)} ms`);
  await locker.query("rollback");
  await locker.end();
  await until("the row", () => world.db.call(sid), 15000);
});

test("calls that ring while the database is away get TwiML in time", async () => {
  await ring(server, freshSid());
  await world.db.lockOut();
  try {
    const answers = await Promise.all(Array.from({ length: 4 }, () => ring(server, freshSid())));
    for (const answer of answers) {
      readTwiml(answer);
      assert.ok(answer.ms < IN_TIME_MS, `${Math.round(answer.ms)} ms`);
    }
    const unknown = await ring(server, freshSid(), { To: UNMAPPED_PHONE });
    readTwiml(unknown);
    assert.ok(unknown.ms < IN_TIME_MS);
    assert.equal((await server.get("/readyz")).status, 503);
    assert.equal((await server.get("/healthz")).status, 200);
  } finally {
    await world.db.letIn();
  }
  await server.ready(20000);
  const sid = freshSid();
  assert.equal((await ring(server, sid)).text, fake.callsFor(sid)[0].twiml);
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
