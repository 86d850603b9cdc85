// A ringing phone: the row is written, Vapi is asked once, its TwiML goes back byte for byte.
import test from "node:test";
import assert from "node:assert/strict";
import {
  ASSISTANT_ID,
  DEFAULT_ASSISTANT_ID,
  LARKSPUR,
  PHONE_NUMBER_ID,
  PLAIN,
  PUBLIC_URL,
  VAPI_KEY,
  WEBHOOK_SECRET,
  fixtureText,
  until,
} from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { vapi } from "./lib/fake.mjs";
import { formWith, freshSid, postForm, ring } from "./lib/twilio.mjs";
import { post, report, snapshot } from "./lib/vapi.mjs";

const world = await World.create();
const server = await world.start();
const { fake } = world;

async function assertHandedOver(sid, answer) {
  assert.equal(answer.status, 200);
  assert.match(answer.headers["content-type"], /^text\/xml/);
  const [asked, ...more] = fake.callsFor(sid);
  assert.equal(more.length, 0, "asked once");
  assert.ok(answer.body.equals(Buffer.from(asked.twiml)), "byte for byte");
  return asked;
}

test("POST /call carries what the protocol sheet says", async () => {
  const body = fixtureText("twilio-inbound-ringing.form");
  const sid = "CA7c1e5a90d3b84f26a1c07e9b5d2f4a83";
  const asked = await assertHandedOver(sid, await postForm(server, "/api/webhook", body));
  assert.equal(asked.method, "POST");
  assert.equal(asked.path, "/call");
  assert.equal(asked.headers.authorization, `Bearer ${VAPI_KEY}`);
  assert.match(asked.headers["content-type"], /^application\/json/);
  assert.ok(asked.headers["user-agent"]);

  const { json } = asked;
  assert.equal(json.phoneCallProviderBypassEnabled, true);
  assert.equal(json.assistantId, ASSISTANT_ID);
  assert.equal(json.phoneNumberId, PHONE_NUMBER_ID);
  assert.ok(!("phoneNumber" in json) && !("assistant" in json) && !("squadId" in json), "one way of saying each");
  assert.equal(json.customer.number, "+16465550187");
  assert.notEqual(json.customer.numberE164CheckEnabled, false, "a normal number needs no exception");
  if ("name" in json) assert.ok(json.name.length <= 40);

  const overrides = json.assistantOverrides;
  assert.equal(overrides.metadata.twilioCallSid, sid);
  assert.equal(overrides.variableValues.business_name, LARKSPUR.name);
  assert.equal(overrides.variableValues.caller_number, "+16465550187");
  const wanted = overrides.serverMessages;
  assert.ok(wanted.includes('transcript[transcriptType="final"]'));
  for (const type of [
    "status-update",
    "end-of-call-report",
    "tool-calls",
    "transfer-destination-request",
    "handoff-destination-request",
    "hang",
  ]) {
    assert.ok(wanted.includes(type), type);
  }
  for (const type of ["conversation-update", "speech-update", "transcript", "model-output"])
    assert.ok(!wanted.includes(type), type);

  assert.equal(overrides.server.url, `${PUBLIC_URL}/api/vapi-webhook`);
  const sent =
    overrides.server.secret ??
    overrides.server.headers?.["x-vapi-secret"] ??
    overrides.server.headers?.["X-Vapi-Secret"] ??
    overrides.server.headers?.Authorization?.replace("Bearer ", "");
  assert.equal(sent, WEBHOOK_SECRET);
  const plan = overrides.server.backoffPlan;
  assert.equal(plan.type, "exponential");
  assert.ok(plan.maxRetries >= 3 && plan.maxRetries <= 10);
  assert.ok(plan.baseDelaySeconds >= 1 && plan.baseDelaySeconds <= 10);
  assert.ok(!(plan.excludedStatusCodes ?? []).includes(503));
});

test("the call row knows both ids, the business and the numbers", async () => {
  const sid = freshSid();
  const asked = await assertHandedOver(sid, await ring(server, sid));
  const row = await world.db.call(sid);
  assert.equal(row.provider_call_id, asked.id);
  assert.equal(row.business_id, LARKSPUR.id);
  assert.equal(row.caller_number, "+16465550187");
  assert.equal(row.called_number, LARKSPUR.phone);
  assert.equal(row.outcome, null);
  assert.ok(["queued", "ringing"].includes(row.status), row.status);
});

test("the row is there before Vapi has answered", async () => {
  fake.script = vapi.slow(1500);
  const sid = freshSid();
  const pending = ring(server, sid);
  await until("Vapi is asked", () => fake.callsFor(sid).length > 0, 3000, 10);
  const row = await world.db.call(sid);
  assert.ok(row, "no row while Vapi is thinking");
  assert.equal(row.business_id, LARKSPUR.id);
  fake.script = vapi.ok;
  await assertHandedOver(sid, await pending);
});

test("a business without an assistant of its own gets the default one", async () => {
  const sid = freshSid();
  const asked = await assertHandedOver(sid, await ring(server, sid, { To: PLAIN.phone }));
  assert.equal(asked.json.assistantId, DEFAULT_ASSISTANT_ID);
  assert.equal(asked.json.assistantOverrides.variableValues.business_name, PLAIN.name);
});

test("a reply without an XML declaration that calls itself outbound is as good", async () => {
  const reply = fixtureText("vapi-create-call-response-201-outbound-typed.json").replaceAll(
    "019a97f2-6d40-7b3c-9f51-2c8e4a1d7b06",
    "019a97f2-0bad-7b3c-9f51-2c8e4a1d7b07",
  );
  fake.script = (res) => res.writeHead(201, { "content-type": "application/json" }).end(reply);
  const sid = freshSid();
  const answer = await ring(server, sid);
  fake.script = vapi.ok;
  assert.equal(answer.text, JSON.parse(reply).phoneCallProviderDetails.twiml);
  assert.equal((await world.db.call(sid)).provider_call_id, "019a97f2-0bad-7b3c-9f51-2c8e4a1d7b07");
});

test("a repeated CallSid gets the same TwiML and Vapi is not asked again", async () => {
  const sid = freshSid();
  const first = await ring(server, sid);
  for (let i = 0; i < 3; i++) {
    const again = await ring(server, sid);
    assert.ok(again.body.equals(first.body));
  }
  await assertHandedOver(sid, first);
});

test("the same CallSid eight times at once: one call to Vapi, eight equal answers", async () => {
  fake.script = vapi.slow(300);
  const sid = freshSid();
  const answers = await Promise.all(Array.from({ length: 8 }, () => ring(server, sid)));
  fake.script = vapi.ok;
  for (const answer of answers) await assertHandedOver(sid, answer);
  assert.equal(await world.db.count("calls where twilio_call_sid = $1", [sid]), 1);
});

test("a repeated CallSid after a restart gets the same TwiML", async () => {
  const restarted = await world.start();
  const sid = freshSid();
  const first = await ring(restarted, sid);
  await restarted.stop();
  await restarted.start();
  assert.ok((await ring(restarted, sid)).body.equals(first.body));
  await assertHandedOver(sid, first);
  await restarted.stop();
});

test("a repeated CallSid at another server gets the same TwiML", async () => {
  const other = await world.start();
  const sid = freshSid();
  const first = await ring(server, sid);
  assert.ok((await ring(other, sid)).body.equals(first.body));
  await assertHandedOver(sid, first);
  await other.stop();
});

const CALLERS = {
  "twilio-inbound-anonymous.form": "anonymous",
  "twilio-inbound-anonymous-digits.form": "+266696687",
  "twilio-inbound-sip.form": "sip:desk7@pbx.larkspur.example.com",
  "twilio-inbound-forwarded.form": "+17185550163",
  "twilio-inbound-minimal.form": "+16465550187",
  "twilio-inbound-unknown-params.form": "+16465550187",
  "twilio-inbound-percent20-lowerhex.form": "+17185550163",
  "twilio-inbound-empty-values.form": "+16465550187",
};
for (const [name, from] of Object.entries(CALLERS)) {
  test(`${name} reaches Vapi`, async () => {
    const sid = freshSid();
    const asked = await assertHandedOver(
      sid,
      await postForm(server, "/api/webhook", formWith(fixtureText(name), { CallSid: sid })),
    );
    const { customer = {} } = asked.json;
    if (/^\+1\d{10}$/.test(from)) assert.equal(customer.number, from);
    else if (customer.number !== undefined) {
      assert.equal(customer.numberE164CheckEnabled, false, "Vapi would answer 400");
      assert.match(customer.number, /^\+?[A-Za-z0-9]{1,40}$/);
    }
    assert.equal((await world.db.call(sid)).business_id, LARKSPUR.id);
  });
}

for (const From of [
  "RESTRICTED",
  "unknown",
  "",
  "client:desk",
  "+266696687",
  "+7378742833",
  "x".repeat(500),
  "Zoë <&>\"'",
]) {
  test(`a caller called ${JSON.stringify(From.slice(0, 20))} reaches Vapi`, async () => {
    const sid = freshSid();
    const asked = await assertHandedOver(sid, await ring(server, sid, { From }));
    const { number, numberE164CheckEnabled } = asked.json.customer ?? {};
    if (number !== undefined) {
      assert.equal(numberE164CheckEnabled, false);
      assert.match(number, /^\+?[A-Za-z0-9]{1,40}$/);
    }
  });
}

test("a caller without From and with an odd Direction reaches Vapi too", async () => {
  const sid = freshSid();
  const body = new URLSearchParams({ CallSid: sid, To: LARKSPUR.phone }).toString();
  await assertHandedOver(sid, await postForm(server, "/api/webhook", body));
});

test("Vapi's events land on the row that the ringing phone made", async () => {
  const sid = freshSid();
  const asked = await assertHandedOver(sid, await ring(server, sid));
  const before = await world.db.call(sid);
  assert.equal((await post(server, report(snapshot({ id: asked.id })))).status, 200);
  const row = await world.db.call(sid);
  assert.equal(row.id, before.id);
  assert.equal(row.provider_call_id, asked.id);
  assert.equal(row.status, "ended");
  assert.equal(row.business_id, LARKSPUR.id);
  assert.equal(await world.db.count("calls where provider_call_id = $1", [asked.id]), 1);
});

test("forty calls at once are forty rows and forty calls to Vapi", async () => {
  const sids = Array.from({ length: 40 }, () => freshSid());
  const answers = await Promise.all(sids.map((sid) => ring(server, sid)));
  for (const [i, sid] of sids.entries()) await assertHandedOver(sid, answers[i]);
  assert.equal(await world.db.count("calls where twilio_call_sid = any($1)", [sids]), 40);
});
