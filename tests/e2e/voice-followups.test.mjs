// What Twilio posts later in a call lands on the row the ringing phone made.
import test from "node:test";
import assert from "node:assert/strict";
import { LARKSPUR, PLAIN, fixtureText } from "./lib/env.mjs";
import { WITHOUT_VAPI, World } from "./lib/world.mjs";
import { formWith, freshSid, postForm, ring } from "./lib/twilio.mjs";
import { fixtureFor, freshCall, post } from "./lib/vapi.mjs";
import { assertDials, assertVoicemail, find, readTwiml, verbs } from "./lib/twiml.mjs";

const world = await World.create();
const server = await world.start();
const { fake } = world;

const alone = await world.start(WITHOUT_VAPI);

/** A call that Vapi did not take. */
async function forwarded(to = LARKSPUR.phone) {
  const sid = freshSid();
  await ring(alone, sid, { To: to });
  return sid;
}

const send = (target, name, changes) => postForm(server, target, formWith(fixtureText(name), changes));
const events = async (sid) =>
  await world.db.rows(
    `select e.* from call_events e join calls c on c.id = e.call_id
     where c.twilio_call_sid = $1 and e.source = 'twilio'`,
    [sid],
  );

test("dialled and answered: transferred", async () => {
  const sid = await forwarded();
  const answer = await send("/api/twilio/dialed", "twilio-dial-action-completed.form", { CallSid: sid });
  const response = readTwiml(answer);
  assert.ok(!verbs(response).includes("Record") && !verbs(response).includes("Dial"), answer.text);
  const row = await world.db.call(sid);
  assert.equal(row.outcome, "transferred");
  assert.equal(await world.db.count("calls where twilio_call_sid = $1", [sid]), 1);
});

test("dialled and nobody there: voicemail", async () => {
  const sid = await forwarded();
  assertVoicemail(await send("/api/twilio/dialed", "twilio-dial-action-no-answer.form", { CallSid: sid }));
  const row = await world.db.call(sid);
  assert.notEqual(row.outcome, "transferred");
  assert.equal(row.business_id, LARKSPUR.id);
});

for (const DialCallStatus of ["busy", "failed", "canceled"]) {
  test(`dialled, and the far end is ${DialCallStatus}: voicemail`, async () => {
    const sid = await forwarded();
    assertVoicemail(
      await send("/api/twilio/dialed", "twilio-dial-action-no-answer.form", { CallSid: sid, DialCallStatus }),
    );
  });
}

test("the caller hung up while it rang: nothing more is said", async () => {
  const sid = await forwarded();
  const answer = await send("/api/twilio/dialed", "twilio-dial-action-no-answer.form", {
    CallSid: sid,
    CallStatus: "completed",
  });
  readTwiml(answer);
});

test("voicemail: the recording is on the row, and the caller is thanked", async () => {
  const sid = await forwarded(PLAIN.phone);
  const response = readTwiml(await send("/api/twilio/recorded", "twilio-record-action.form", { CallSid: sid }));
  assert.ok(find(response, "Say") && find(response, "Hangup"));
  const row = await world.db.call(sid);
  assert.match(row.recording_url, /Recordings\/RE4b8d2f60a1c35e79b4d8f2a6c0e1937d/);
  assert.equal(row.outcome, "ai_unavailable");
});

test("voicemail of a caller who hung up is kept too", async () => {
  const sid = await forwarded(PLAIN.phone);
  readTwiml(await send("/api/twilio/recorded", "twilio-record-action-hangup.form", { CallSid: sid }));
  assert.match((await world.db.call(sid)).recording_url, /RE4b8d2f60a1c35e79b4d8f2a6c0e1937d/);
});

test("the recording status may come before, after or instead of the action", async () => {
  for (const order of [["status", "action"], ["action", "status"], ["status"]]) {
    const sid = await forwarded(PLAIN.phone);
    for (const step of order) {
      const answer =
        step === "status"
          ? await send("/api/twilio/recording-status", "twilio-recording-status.form", { CallSid: sid })
          : await send("/api/twilio/recorded", "twilio-record-action.form", { CallSid: sid });
      assert.ok(answer.status === 200 || answer.status === 204);
    }
    assert.match((await world.db.call(sid)).recording_url, /RE4b8d2f60a1c35e79b4d8f2a6c0e1937d/, order.join());
  }
});

test("the recording status of another call's leg does not invent a call for nobody", async () => {
  const sid = freshSid();
  await send("/api/twilio/recording-status", "twilio-recording-status.form", { CallSid: sid });
  const row = await world.db.call(sid);
  assert.match(row.recording_url, /RE4b8d2f60a1c35e79b4d8f2a6c0e1937d/, "kept even if the ringing was never seen");
});

test("the status callback ends the call and brings its length", async () => {
  const sid = await forwarded();
  const answer = await send("/api/twilio/status", "twilio-status-completed.form", { CallSid: sid });
  assert.ok(answer.status === 204 || (answer.status === 200 && /xml/.test(answer.headers["content-type"])));
  const row = await world.db.call(sid);
  assert.equal(row.status, "ended");
  assert.equal(Math.round(Number(row.duration_seconds)), 61);
  assert.ok(row.ended_at);
  assert.equal(row.outcome, "ai_unavailable");
});

test("the legs of the dialled number are the parent's events, once each, in any order", async () => {
  const sid = await forwarded();
  const legs = ["3-completed", "0-initiated", "2-answered", "1-ringing", "2-answered"];
  const child = freshSid();
  for (const leg of legs) {
    await send("/api/twilio/status", `twilio-dial-leg-${leg}.form`, { CallSid: child, ParentCallSid: sid });
  }
  assert.equal(await world.db.call(child), undefined, "a leg is no call of its own");
  const kept = (await events(sid)).filter((event) => JSON.stringify(event.payload).includes(child));
  assert.equal(kept.length, 4);
});

test("a repeated follow-up is one event and gets the same answer", async () => {
  const sid = await forwarded();
  const form = ["/api/twilio/dialed", "twilio-dial-action-no-answer.form", { CallSid: sid }];
  const first = await send(...form);
  const before = (await events(sid)).length;
  const second = await send(...form);
  assert.equal(second.text, first.text);
  assert.equal((await events(sid)).length, before);
});

test("follow-ups in the wrong order end in the same row", async () => {
  const seen = [];
  for (const reversed of [false, true]) {
    const sid = freshSid();
    const steps = [
      () => ring(alone, sid, { To: PLAIN.phone }),
      () => send("/api/twilio/recorded", "twilio-record-action.form", { CallSid: sid, To: PLAIN.phone }),
      () => send("/api/twilio/recording-status", "twilio-recording-status.form", { CallSid: sid }),
      () => send("/api/twilio/status", "twilio-status-completed.form", { CallSid: sid, To: PLAIN.phone }),
    ];
    if (reversed) steps.reverse();
    for (const step of steps) await step();
    seen.push(
      await world.db.one(
        `select business_id, provider_call_id, caller_number, called_number, status, outcome, ended_reason, summary,
                recording_url,
              cost, round(duration_seconds) as seconds from calls where twilio_call_sid = $1`,
        [sid],
      ),
    );
  }
  assert.equal(seen[0].status, "ended");
  assert.deepEqual(seen[1], seen[0]);
});

test("the ghost that Vapi reports for a call we forwarded does not end it or change its cause", async () => {
  const sid = await forwarded();
  const ghost = freshCall();
  for (const name of ["status-update-ended-bypass-no-call.json", "end-of-call-report-bypass-no-call.json"]) {
    assert.equal((await post(server, fixtureFor(name, { id: ghost.id, sid }))).status, 200);
  }
  const talking = await world.db.call(sid);
  assert.notEqual(talking.status, "ended");
  assert.equal(talking.ended_reason, "ringback.vapi-not-configured");
  await send("/api/twilio/dialed", "twilio-dial-action-completed.form", { CallSid: sid });
  await send("/api/twilio/status", "twilio-status-completed.form", { CallSid: sid });
  const over = await world.db.call(sid);
  assert.equal(over.status, "ended");
  assert.equal(over.outcome, "transferred");
  assert.equal(Math.round(Number(over.duration_seconds)), 61);
});

test("the fallback URL says what failed, and the caller is looked after", async () => {
  const sid = freshSid();
  const answer = await send("/api/twilio/fallback", "twilio-fallback.form", { CallSid: sid });
  assertDials(answer, LARKSPUR.forwardTo);
  const row = await world.db.call(sid);
  assert.equal(row.ended_reason, "ringback.twilio-error");
  assert.equal(row.outcome, "ai_unavailable");
  assert.ok(
    (await events(sid)).some((event) => JSON.stringify(event.payload).includes("11205")),
    "the error code is kept",
  );
  assert.equal(fake.callsFor(sid).length, 0);
});

test("the fallback URL of a business with nobody to forward to: voicemail", async () => {
  assertVoicemail(await send("/api/twilio/fallback", "twilio-fallback.form", { CallSid: freshSid(), To: PLAIN.phone }));
});

test("a follow-up of a handed-over call keeps Vapi's outcome", async () => {
  const sid = freshSid();
  await ring(server, sid);
  await send("/api/twilio/status", "twilio-status-completed.form", { CallSid: sid });
  const row = await world.db.call(sid);
  assert.equal(row.status, "ended");
  assert.notEqual(row.outcome, "ai_unavailable");
});
