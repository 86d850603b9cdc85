// The edges named in the protocol sheet: odd but legal input ends with 200 and loses nothing.
import test from "node:test";
import assert from "node:assert/strict";
import { LARKSPUR, WEBHOOK_SECRET, fixtureText } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { fixtureFor, freshCall, message, post, report, snapshot, statusUpdate, transcript } from "./lib/vapi.mjs";

const world = await World.create();
const server = await world.start();

async function accepted(body) {
  const answer = await post(server, body);
  assert.equal(answer.status, 200, answer.text);
  return answer;
}

test("a report full of nulls ends the call and erases nothing", async () => {
  const call = freshCall();
  await accepted(fixtureFor("status-update-in-progress.json", call));
  await accepted(fixtureFor("edge-nulls.json", call));
  const row = await world.db.callByVapi(call.id);
  assert.equal(row.status, "ended");
  assert.equal(row.ended_reason, "customer-ended-call");
  assert.equal(row.caller_number, "+16465550187");
  assert.equal(row.business_id, LARKSPUR.id);
});

test("numbers as floats and with exponents are the same numbers", async () => {
  const call = freshCall();
  await accepted(fixtureFor("edge-floats-exponents.json", call));
  const row = await world.db.callByVapi(call.id);
  assert.equal(Number(row.cost), 0.0993);
  assert.ok(Math.abs(Number(row.duration_seconds) - 60.691) < 1);
  const rows = await world.db.rows("select said_at from call_utterances where call_id = $1 order by said_at", [row.id]);
  assert.equal(rows.length, 13);
  assert.equal(rows[0].said_at.toISOString(), "2026-11-18T15:04:07.724Z");
});

test("a call with nothing but an id, and no timestamp", async () => {
  const call = freshCall();
  await accepted(fixtureFor("edge-minimal-call.json", call));
  const row = await world.db.callByVapi(call.id);
  assert.equal(row.status, "in-progress");
  assert.equal(row.business_id, null);
  assert.equal(await world.db.count("call_events where call_id = $1", [row.id]), 1);
});

test("a message without a call is an event without a call", async () => {
  await accepted(fixtureText("edge-no-call.json"));
  const rows = await world.db.rows("select * from call_events where type = 'session.updated'");
  assert.equal(rows.length, 1);
  assert.equal(rows[0].call_id, null);
  await accepted(fixtureText("edge-no-call.json"));
  assert.equal(await world.db.count("call_events where type = 'session.updated'"), 1);
});

test("two different messages without a call are two events", async () => {
  for (const name of ["one", "two"]) {
    await accepted(JSON.stringify({ message: { type: "chat.created", timestamp: 1795014299100, chat: { id: name } } }));
  }
  assert.equal(await world.db.count("call_events where type = 'chat.created'"), 2);
});

test("NUL and lone surrogates are replaced, the words around them stay", async () => {
  const call = freshCall();
  await accepted(fixtureFor("edge-nul-and-surrogate.json", call));
  const { id } = await world.db.callByVapi(call.id);
  const rows = await world.db.rows("select text from call_utterances where call_id = $1", [id]);
  assert.deepEqual(
    rows.map((row) => row.text),
    ["before\ufffdmiddle\ufffdafter\ufffdend"],
  );
});

test("surrogate pairs, NULs in keys and U+FFFF survive as far as jsonb allows", async () => {
  const call = freshCall();
  const input = "\\ud83e\\uddb7 \\uffff \\ud83e\\ud83e\\uddb7";
  const fields = `"timestamp":1,"type":"voice-input","input":"${input}","odd\\u0000key":1`;
  const body = `{"message":{${fields},"call":{"id":"${call.id}"}}}`;
  await accepted(body);
  const row = await world.db.one(
    "select payload::text as text from call_events e join calls c on c.id = e.call_id where provider_call_id = $1",
    [call.id],
  );
  assert.ok(row.text.includes("🦷 \uffff \ufffd🦷"), row.text);
});

for (const [what, bytes] of [
  ["a stray byte", [0xff]],
  ["an overlong slash", [0xc0, 0xaf]],
  ["a surrogate in UTF-8", [0xed, 0xa0, 0xbd]],
  ["half a character", [0xe2, 0x82]],
]) {
  test(`bad UTF-8 in a string (${what}) is replaced, not refused`, async () => {
    const call = freshCall();
    const body = Buffer.concat([
      Buffer.from(
        `{"message":{"timestamp":1,"type":"transcript","role":"user","transcriptType":"final","transcript":"left `,
      ),
      Buffer.from(bytes),
      Buffer.from(` right","call":{"id":"${call.id}"}}}`),
    ]);
    await accepted(body);
    const row = await world.db.callByVapi(call.id);
    const kept = row && (await world.db.one("select text from call_utterances where call_id = $1", [row.id]));
    const dead = await world.db.count("dead_letters where position($1::bytea in body) > 0", [Buffer.from(call.id)]);
    assert.ok(
      dead === 1 || /^left \ufffd+ right$/.test(kept?.text ?? ""),
      `neither stored nor dead-lettered: ${kept?.text}`,
    );
  });
}

const NOT_ENVELOPES = {
  "no message": fixtureText("edge-not-an-envelope.json"),
  "an array": "[1,2]",
  "a string": '"hello"',
  "a number": "42",
  null: "null",
  "message is null": '{"message":null}',
};
for (const [what, body] of Object.entries(NOT_ENVELOPES)) {
  test(`not an envelope (${what}): 200, kept in dead_letters as it came`, async () => {
    await accepted(body);
    const rows = await world.db.rows("select * from dead_letters where body = $1", [Buffer.from(body)]);
    assert.equal(rows.length, 1);
    assert.equal(rows[0].reason, "not_an_envelope");
    assert.equal(rows[0].source, "vapi");
  });
}

for (const body of ['{"message":"status-update"}', '{"message":{}}', '{"message":[]}', '{"message":7}']) {
  test(`an envelope with nothing useful in it (${body}): 200, kept`, async () => {
    await accepted(body);
    const dead = await world.db.count("dead_letters where body = $1", [Buffer.from(body)]);
    const kept = await world.db.count("call_events where payload = $1::jsonb or payload = ($1::jsonb)->'message'", [
      body,
    ]);
    assert.equal(dead + kept, 1);
  });
}

test("values of the wrong kind in every place are no reason to lose the message", async () => {
  const call = freshCall();
  await accepted(
    JSON.stringify({
      message: {
        type: "status-update",
        status: 7,
        timestamp: "yesterday",
        endedReason: { a: 1 },
        artifact: "none",
        analysis: [],
        customer: 5,
        phoneNumber: "x",
        cost: "free",
        startedAt: 12,
        endedAt: false,
        call: { id: call.id, customer: [], metadata: 3, transport: "t", assistantOverrides: null },
      },
    }),
  );
  await accepted(
    JSON.stringify({
      message: {
        type: "end-of-call-report",
        endedReason: 5,
        timestamp: {},
        artifact: { messages: "none", recording: 1 },
        analysis: { summary: 3 },
        cost: true,
        startedAt: "soon",
        endedAt: "later",
        durationSeconds: "long",
        call: { id: call.id },
      },
    }),
  );
  const row = await world.db.callByVapi(call.id);
  assert.equal(await world.db.count("call_events where call_id = $1", [row.id]), 2);
});

test("a type that is missing but carries tool calls is a tool call", async () => {
  const call = freshCall();
  const answer = await accepted(
    JSON.stringify({
      message: {
        timestamp: 1,
        toolCallList: [{ id: "call_1", type: "function", function: { name: "check_availability", arguments: "{}" } }],
        call: { id: call.id },
      },
    }),
  );
  assert.equal(answer.json().results[0].toolCallId, "call_1");
});

test("statuses nobody has heard of are kept and move nothing", async () => {
  const call = freshCall();
  await accepted(statusUpdate(call.id, "in-progress"));
  for (const status of ["not-found", "deletion-failed", "queued", "ringing", "levitating"])
    await accepted(statusUpdate(call.id, status));
  const row = await world.db.callByVapi(call.id);
  assert.equal(row.status, "in-progress");
  assert.equal(await world.db.count("call_events where call_id = $1", [row.id]), 6);
});

test("an ended reason nobody has heard of is kept as text", async () => {
  const call = freshCall();
  const reason = "call.something-new.of-2031-with-a-very-long-name-" + "x".repeat(120);
  await accepted(report(call.id, { endedReason: reason }));
  const row = await world.db.callByVapi(call.id);
  assert.equal(row.ended_reason, reason);
  assert.equal(row.outcome, "other");
});

test("ended never goes back", async () => {
  const call = freshCall();
  await accepted(statusUpdate(call.id, "ended", { endedReason: "silence-timed-out" }));
  await accepted(statusUpdate(call.id, "forwarding"));
  await accepted(statusUpdate(call.id, "in-progress"));
  const row = await world.db.callByVapi(call.id);
  assert.equal(row.status, "ended");
  assert.equal(row.outcome, "no_response");
});

test("what comes after the end adds to the call and takes nothing back", async () => {
  const call = freshCall();
  await accepted(statusUpdate(call.id, "ended", { endedReason: "silence-timed-out" }));
  await accepted(transcript(call.id, "Hello? Is anybody there?"));
  await accepted(statusUpdate(snapshot(call), "ringing"));
  await accepted(fixtureFor("status-update-queued.json", call));
  const row = await world.db.callByVapi(call.id);
  assert.equal(row.status, "ended");
  assert.equal(row.ended_reason, "silence-timed-out");
  assert.equal(row.twilio_call_sid, call.sid);
  assert.equal(row.business_id, LARKSPUR.id);
});

test("late transcripts do not overrule the report's list", async () => {
  const call = freshCall();
  const spoken = [
    { role: "bot", message: "Larkspur Dental, how can I help?", time: 1795014247000, secondsFromStart: 0 },
    { role: "user", message: "I'd like to cancel Tuesday.", time: 1795014251000, secondsFromStart: 4 },
  ];
  await accepted(transcript(call.id, "I'd like to cancel Tooth day.", { timestamp: 1795014251400 }));
  await accepted(report(call.id, { artifact: { messages: spoken, transcript: "" } }));
  await accepted(transcript(call.id, "Larks spur dental.", { timestamp: 1795014247900, role: "assistant" }));
  const { id } = await world.db.callByVapi(call.id);
  const rows = await world.db.rows("select role, text from call_utterances where call_id = $1 order by said_at", [id]);
  assert.deepEqual(rows, [
    { role: "assistant", text: spoken[0].message },
    { role: "user", text: spoken[1].message },
  ]);
});

test("a report that comes twice with other presigned links is one report", async () => {
  const call = freshCall();
  const first = fixtureFor("end-of-call-report-short.json", call);
  const second = first
    .replaceAll(/X-Amz-Signature=[^&"]*/g, "X-Amz-Signature=0")
    .replaceAll("2026-11-18T16:", "2026-11-18T17:");
  await accepted(first);
  const before = await world.db.callByVapi(call.id);
  await accepted(second);
  const afterwards = await world.db.callByVapi(call.id);
  assert.equal(await world.db.count("call_events where call_id = $1", [before.id]), 1);
  assert.deepEqual({ ...afterwards, updated_at: 0 }, { ...before, updated_at: 0 });
});

test("a call whose id is no UUID is kept too", async () => {
  const body = statusUpdate("call-of-2031/ünïque", "ringing");
  await accepted(body);
  const row = await world.db.callByVapi("call-of-2031/ünïque");
  assert.equal(row.status, "ringing");
});

test("credentials are dropped wherever they hide", async () => {
  const call = freshCall();
  const secrets = [
    "tok-1aaaaaaaa",
    "tok-2bbbbbbbb",
    "tok-3cccccccc",
    "tok-4dddddddd",
    "tok-5eeeeeeee",
    "tok-6ffffffff",
  ];
  const fields = {
    phoneNumber: {
      number: LARKSPUR.phone,
      twilioAuthToken: secrets[0],
      twilioApiSecret: secrets[1],
      server: { secret: secrets[2], headers: { Authorization: secrets[3] } },
    },
    assistant: {
      model: { tools: [{ server: { secret: secrets[4] } }] },
      credentials: [{ provider: "openai", apiKey: secrets[5] }],
    },
  };
  const extra = {
    monitor: { listenUrl: "wss://live/tok-1aaaaaaaa", controlUrl: "https://live/tok-2bbbbbbbb" },
    phoneNumber: fields.phoneNumber,
    assistant: fields.assistant,
    transport: { provider: "twilio", callSid: call.sid, callToken: "tok-3cccccccc" },
  };
  await accepted(message("hang", snapshot(call, extra), fields));
  await accepted(report(snapshot(call, extra), fields));
  await accepted(statusUpdate(snapshot(call, extra), "queued", fields));
  await accepted(
    message("something.new", snapshot(call, extra), {
      ...fields,
      nested: { deep: [{ phoneNumber: fields.phoneNumber }] },
    }),
  );
  const rows = await world.db.rows(
    `select type, payload::text as text from call_events e join calls c on c.id = e.call_id
     where provider_call_id = $1`,
    [call.id],
  );
  assert.equal(rows.length, 4);
  for (const row of rows)
    for (const secret of secrets) assert.ok(!row.text.includes(secret), `${secret} stored in ${row.type}`);
});

test("deep nesting is refused politely, not by a crash", async () => {
  const call = freshCall();
  const deep = "[".repeat(5000) + "]".repeat(5000);
  const body = `{"message":{"type":"voice-input","call":{"id":"${call.id}"},"x":${deep}}}`;
  const answer = await post(server, body, { "x-vapi-secret": WEBHOOK_SECRET });
  assert.equal(answer.status, 200);
  assert.equal(await world.db.count("dead_letters where position($1::bytea in body) > 0", [Buffer.from(call.id)]), 1);
});
