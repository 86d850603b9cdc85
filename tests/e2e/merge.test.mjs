// One call known by two names, and calls whose number gets its business later.
import test from "node:test";
import assert from "node:assert/strict";
import { LARKSPUR, UNMAPPED_PHONE, until } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { vapi } from "./lib/fake.mjs";
import { freshSid, inbound, postForm, ring } from "./lib/twilio.mjs";
import { fixtureFor, freshCall, message, post, report, snapshot, statusUpdate, transcript } from "./lib/vapi.mjs";

const world = await World.create();
const server = await world.start();
const { db, fake } = world;

const rowsOf = (call) =>
  db.rows("select * from calls where provider_call_id = $1 or twilio_call_sid = $2", [call.id, call.sid]);

/** Two rows that turn out to be one are folded right after the event that said so. */
async function assertOneRow(call, events) {
  await until("one row", async () => (await rowsOf(call)).length === 1, 3000, 20);
  const rows = await rowsOf(call);
  assert.equal(rows[0].provider_call_id, call.id);
  assert.equal(rows[0].twilio_call_sid, call.sid);
  assert.equal(await db.count("call_events where call_id = $1", [rows[0].id]), events);
  return rows[0];
}

const byIdOnly = (call) => [
  statusUpdate(call.id, "in-progress", { timestamp: 1795014246970 }),
  transcript(call.id, "I would like to speak to somebody.", { timestamp: 1795014250000 }),
];
const linked = (call) => [statusUpdate(snapshot(call), "ringing", { timestamp: 1795014245280 })];

test("events known by Vapi's id first, linked to the CallSid later", async () => {
  const call = freshCall();
  for (const body of [...byIdOnly(call), ...linked(call)]) assert.equal((await post(server, body)).status, 200);
  const row = await assertOneRow(call, 3);
  assert.equal(row.status, "in-progress");
  assert.equal(await db.count("call_utterances where call_id = $1", [row.id]), 1);
});

test("the link first, events by Vapi's id later", async () => {
  const call = freshCall();
  for (const body of [...linked(call), ...byIdOnly(call)]) assert.equal((await post(server, body)).status, 200);
  await assertOneRow(call, 3);
});

test("both orders end in the same row, its id included", async () => {
  const call = freshCall();
  const seen = [];
  for (const order of [
    [...byIdOnly(call), ...linked(call)],
    [...linked(call), ...byIdOnly(call)],
  ]) {
    await db.clearCalls();
    for (const body of order) await post(server, body);
    const { updated_at, created_at, ...row } = await assertOneRow(call, 3);
    seen.push({ ...row, spoken: await db.rows("select * from call_utterances") });
  }
  assert.deepEqual(seen[1], seen[0]);
});

const LINKS = {
  "assistantOverrides.metadata.twilioCallSid": (sid) => ({ assistantOverrides: { metadata: { twilioCallSid: sid } } }),
  "metadata.twilioCallSid": (sid) => ({ metadata: { twilioCallSid: sid } }),
  name: (sid) => ({ name: sid }),
  "transport.callSid": (sid) => ({ transport: { provider: "twilio", callSid: sid } }),
  phoneCallProviderId: (sid) => ({ phoneCallProvider: "twilio", phoneCallProviderId: sid }),
};
for (const [where, link] of Object.entries(LINKS)) {
  test(`linked by call.${where}`, async () => {
    const call = freshCall();
    await post(server, statusUpdate(call.id, "queued"));
    await post(server, statusUpdate({ id: call.id, ...link(call.sid) }, "ringing"));
    await assertOneRow(call, 2);
  });
}

test("Twilio's row first and Vapi's row first, then the link that says they are one", async () => {
  for (const twilioFirst of [true, false]) {
    const call = freshCall();
    const body = inbound(call.sid, {
      CallStatus: "completed",
      CallDuration: "61",
      SequenceNumber: "0",
      CallbackSource: "call-progress-events",
    });
    const steps = [
      () => postForm(server, "/api/twilio/status", body),
      async () => {
        for (const b of byIdOnly(call)) await post(server, b);
      },
    ];
    if (!twilioFirst) steps.reverse();
    for (const step of steps) await step();
    assert.equal(await db.count("calls where provider_call_id = $1 or twilio_call_sid = $2", [call.id, call.sid]), 2);
    await post(server, report(snapshot(call)));
    const row = await assertOneRow(call, 4);
    assert.equal(row.status, "ended");
    assert.equal(row.ended_reason, "customer-ended-call");
    assert.equal(row.business_id, LARKSPUR.id);
  }
});

test("Vapi's reply to our POST /call is itself the link, before any event says so", async () => {
  const sid = freshSid();
  let early;
  fake.script = async (res, record, self) => {
    const id = "0f0f0f0f-6d40-4b3c-9f51-2c8e4a1d7b06";
    early = await post(server, statusUpdate(id, "queued"));
    const twiml = "<Response><Connect/></Response>";
    res
      .writeHead(201, { "content-type": "application/json" })
      .end(JSON.stringify({ id, phoneCallProviderDetails: { twiml } }));
    self.script = vapi.ok;
  };
  await ring(server, sid);
  assert.equal(early.status, 200);
  await until(
    "one row",
    async () => {
      const rows = await rowsOf({ id: "0f0f0f0f-6d40-4b3c-9f51-2c8e4a1d7b06", sid });
      return rows.length === 1 && rows[0].provider_call_id && rows[0].twilio_call_sid;
    },
    5000,
  );
});

test("links and events of many calls from 8 connections at once", async () => {
  const calls = Array.from({ length: 20 }, freshCall);
  const bodies = calls.flatMap((call) => [...byIdOnly(call), ...linked(call), report(call.id)]);
  bodies.sort((a, b) => ((a.length * 7919) % 1009) - ((b.length * 7919) % 1009));
  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < bodies.length) assert.equal((await post(server, bodies[next++])).status, 200);
    }),
  );
  for (const call of calls) {
    const row = await assertOneRow(call, 4);
    assert.equal(row.status, "ended");
  }
});

test("an unmapped call is adopted by itself when the mapping appears, and so are its later events", async () => {
  const call = freshCall();
  const foreign = (body) => body.replaceAll(LARKSPUR.phone, UNMAPPED_PHONE);
  await post(server, foreign(fixtureFor("status-update-ringing.json", call)));
  await post(server, foreign(fixtureFor("transcript-user-final.json", call)));
  const rung = freshSid();
  await ring(server, rung, { To: UNMAPPED_PHONE });
  assert.equal((await db.callByVapi(call.id)).business_id, null);
  assert.equal((await db.call(rung)).business_id, null);

  await db.mapPhone(UNMAPPED_PHONE, LARKSPUR.id);
  await until("adopted", async () => (await db.callByVapi(call.id)).business_id === LARKSPUR.id, 20000);
  await until("adopted", async () => (await db.call(rung)).business_id === LARKSPUR.id, 20000);
  await post(server, foreign(fixtureFor("end-of-call-report-short.json", call)));
  const row = await db.callByVapi(call.id);
  assert.equal(row.business_id, LARKSPUR.id);
  assert.equal(row.status, "ended");
});

test("after the mapping the server itself knows the number, without a restart", async () => {
  await until(
    "a new call gets the business's assistant",
    async () => {
      const sid = freshSid();
      await ring(server, sid, { To: UNMAPPED_PHONE });
      return fake.callsFor(sid)[0].json.assistantId === LARKSPUR.assistantId;
    },
    20000,
    500,
  );
});

test("a call without any number stays unassigned and is not adopted by chance", async () => {
  const call = freshCall();
  await post(server, message("hang", call.id));
  await db.mapPhone("+12125550178", LARKSPUR.id);
  assert.equal((await db.callByVapi(call.id)).business_id, null);
});
