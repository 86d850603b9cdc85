// Every recorded message, each as a call of its own: the documented answer, and nothing lost.
import test from "node:test";
import assert from "node:assert/strict";
import { ASSISTANT_ID, LARKSPUR, fixtureJson, fixtureNames, fixtureText } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { fixtureFor, freshCall, post } from "./lib/vapi.mjs";

const PROMPT = "You are the virtual receptionist";
const CREDENTIAL = new RegExp(
  [
    "twilioAuthToken|authToken|apiKey|apiSecret|serverUrlSecret|secretKey|credential|controlUrl|listenUrl",
    '"secret"|larkspur-webhook-secret|0123456789abcdef0123456789abcdef',
  ].join("|"),
  "i",
);

const world = await World.create();
const server = await world.start();

/** Answers that are not `{}`. */
const ANSWERS = {
  "assistant-request": (body) => {
    assert.equal(body.assistantId, ASSISTANT_ID);
    assert.equal(body.assistantOverrides.variableValues.business_name, LARKSPUR.name);
    assert.equal(body.assistantOverrides.variableValues.caller_number, "+16465550187");
  },
  "tool-calls": (body, message) => {
    const list = message.toolCallList ?? message.toolCalls;
    assert.deepEqual(
      body.results.map((r) => r.toolCallId),
      list.map((c) => c.id),
    );
    assert.deepEqual(
      body.results.map((r) => r.name),
      list.map((c) => c.function?.name ?? c.name),
    );
    for (const result of body.results) assertSpoken(result.result ?? result.error);
  },
  "function-call": (body) => assertSpoken(body.result),
  "transfer-destination-request": (body) => {
    assert.equal(body.destination.type, "number");
    assert.equal(body.destination.number, LARKSPUR.forwardTo);
  },
  "handoff-destination-request": (body) => {
    assert.equal(body.destination.type, "number");
    assert.equal(body.destination.number, LARKSPUR.forwardTo);
  },
};

function assertSpoken(text) {
  assert.equal(typeof text, "string");
  assert.ok(text.length > 0 && !/[\r\n]/.test(text), `a sentence on one line: ${JSON.stringify(text)}`);
}

function assertAnswer(answer, message) {
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers["content-type"], /^application\/json/);
  const check = ANSWERS[message.type];
  if (check) check(answer.json(), message);
  else assert.deepEqual(answer.json(), {}, `${message.type} needs no answer`);
}

const isMessage = (name) => {
  if (!name.endsWith(".json")) return false;
  const { message } = fixtureJson(name);
  return typeof message === "object" && typeof message?.type === "string" && Boolean(message.call);
};
const messages = fixtureNames().filter(isMessage);

test("the fixtures are there", () => {
  assert.ok(messages.length >= 55, `${messages.length} messages`);
});

for (const name of messages) {
  test(`${name}: answered as documented and stored once, pruned`, async () => {
    const call = freshCall();
    const body = fixtureFor(name, call);
    const { message } = JSON.parse(body);
    assertAnswer(await post(server, body), message);
    const again = await post(server, body);
    assertAnswer(again, message);

    const rows = await world.db.rows(
      `select e.*, e.payload::text as text from call_events e join calls c on c.id = e.call_id
       where c.provider_call_id = $1`,
      [call.id],
    );
    assert.equal(rows.length, 1, "stored once");
    assert.equal(rows[0].source, "vapi");
    if (!/^transcript\[/.test(message.type)) assert.equal(rows[0].type, message.type);
    assert.doesNotMatch(rows[0].text, CREDENTIAL);
    if (message.type !== "end-of-call-report") {
      assert.ok(!rows[0].text.includes(PROMPT), "the prompt is repeated in what is stored");
      for (const key of ["assistant", "artifact", "messages", "messagesOpenAIFormatted", "conversation"]) {
        assert.ok(!(key in rows[0].payload) && !(key in (rows[0].payload.message ?? {})), `${key} is stored`);
      }
      assert.ok(rows[0].text.length < 4500, `${rows[0].text.length} characters stored of ${body.length}`);
    }
  });
}

test("partial transcripts are kept as events but are no utterances", async () => {
  for (const name of ["transcript-user-partial.json", "transcript-assistant-partial.json"]) {
    const call = freshCall();
    assert.equal((await post(server, fixtureFor(name, call))).status, 200);
    const { id } = await world.db.callByVapi(call.id);
    assert.equal(await world.db.count("call_utterances where call_id = $1", [id]), 0);
    assert.equal(await world.db.count("call_events where call_id = $1", [id]), 1);
  }
});

for (const [name, role] of [
  ["transcript-user-final.json", "user"],
  ["transcript-assistant-final.json", "assistant"],
  ["transcript-final-only-type.json", "user"],
  ["transcript-user-unicode.json", "user"],
  ["transcript-user-filtered.json", "user"],
]) {
  test(`${name} becomes one utterance with its words`, async () => {
    const call = freshCall();
    const body = fixtureFor(name, call);
    await post(server, body);
    await post(server, body);
    const { id } = await world.db.callByVapi(call.id);
    const rows = await world.db.rows("select * from call_utterances where call_id = $1", [id]);
    assert.equal(rows.length, 1);
    assert.equal(rows[0].role, role);
    assert.equal(rows[0].text, JSON.parse(body).message.transcript);
  });
}

const OUTCOMES = {
  "end-of-call-report-short.json": ["handled", "customer-ended-call"],
  "end-of-call-report-short-wire.json": ["handled", "customer-ended-call"],
  "end-of-call-report-long.json": ["cut_off", "exceeded-max-duration"],
  "end-of-call-report-legacy-2024.json": ["handled", "customer-ended-call"],
  "end-of-call-report-greeting-hangup.json": ["hung_up_early", "customer-ended-call"],
  "end-of-call-report-forwarded.json": ["transferred", null],
  "end-of-call-report-bypass-no-call.json": [
    "ai_unavailable",
    "phone-call-provider-bypass-enabled-but-no-call-received",
  ],
  "status-update-ended-bypass-no-call.json": [
    "ai_unavailable",
    "phone-call-provider-bypass-enabled-but-no-call-received",
  ],
  "status-update-ended-inbound-error.json": ["ai_unavailable", "assistant-request-failed"],
  "status-update-ended-vapifault.json": ["technical_error", null],
};

for (const [name, [outcome, reason]] of Object.entries(OUTCOMES)) {
  test(`${name}: outcome ${outcome}`, async () => {
    const call = freshCall();
    const body = fixtureFor(name, call);
    await post(server, body);
    const row = await world.db.callByVapi(call.id);
    // A call that Vapi waited for in vain went elsewhere: when it ends is Twilio's to say.
    if (!name.includes("bypass-no-call")) assert.equal(row.status, "ended");
    assert.equal(row.outcome, outcome);
    assert.equal(row.ended_reason, reason ?? JSON.parse(body).message.endedReason);
  });
}

test("the report of 2024 gives the same call as the one of today", async () => {
  const columns = "status, outcome, ended_reason, started_at, ended_at, duration_seconds, summary, recording_url, cost";
  const spoken = "select role, text, said_at from call_utterances where call_id = $1 order by said_at, role";
  const seen = [];
  for (const name of ["end-of-call-report-short-wire.json", "end-of-call-report-legacy-2024.json"]) {
    const call = freshCall();
    await post(server, fixtureFor(name, call));
    const row = await world.db.one(`select id, ${columns} from calls where provider_call_id = $1`, [call.id]);
    const { id, recording_url, ...rest } = row;
    seen.push({ ...rest, recording: recording_url.replace(call.id, ""), spoken: await world.db.rows(spoken, [id]) });
  }
  assert.ok(seen[0].spoken.length > 5);
  assert.deepEqual(seen[1], seen[0]);
});

test("the long report gives every utterance and nothing else", async () => {
  const call = freshCall();
  const body = fixtureFor("end-of-call-report-long.json", call);
  await post(server, body);
  const { id } = await world.db.callByVapi(call.id);
  const wanted = JSON.parse(body).message.artifact.messages.filter((m) => m.role === "user" || m.role === "bot");
  const rows = await world.db.rows("select text from call_utterances where call_id = $1 order by said_at", [id]);
  assert.deepEqual(
    rows.map((row) => row.text),
    wanted.map((m) => m.message),
  );
});

test("every json fixture is a message, an answer or a named exception", () => {
  const known = /^(vapi-|twilio-signature|svix-vectors|token-vectors|.*-response|edge-(no-call|not-an-envelope))/;
  const rest = fixtureNames().filter((name) => name.endsWith(".json") && !isMessage(name) && !known.test(name));
  assert.deepEqual(rest, []);
  assert.ok(fixtureText("twilio-inbound-ringing.form").length > 0);
});
