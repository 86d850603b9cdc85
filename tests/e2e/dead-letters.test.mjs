// What can not be stored as an event is stored as it came, alone, and everything beside it goes through.
import test from "node:test";
import assert from "node:assert/strict";
import { WEBHOOK_SECRET } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { freshSid, postForm } from "./lib/twilio.mjs";
import { freshCall, message, post, statusUpdate, transcript } from "./lib/vapi.mjs";

const world = await World.create();
const server = await world.start();
const { db } = world;

const letters = (body) => db.rows("select * from dead_letters where body = $1", [Buffer.from(body)]);

const NOT_JSON = {
  "cut off": '{"message":{"type":"hang","call":{"id":"x"',
  "plain words": "hello",
  nothing: "",
  "two documents": '{"a":1}{"b":2}',
  "single quotes": "{'message':1}",
  "a comment": '{"message":1}/* x */',
  "a trailing comma": '{"message":{"type":"hang",}}',
  NaN: '{"message":{"type":"hang","x":NaN}}',
  "raw control characters": '{"message":{"type":"ha\u0001ng"}}',
  "NUL bytes": "\u0000\u0000\u0000",
};
for (const [what, body] of Object.entries(NOT_JSON)) {
  test(`a body that is no JSON (${what}): 200, kept byte for byte`, async () => {
    const before = await server.metric("ringback_dead_letters_total", { reason: "bad_json" });
    const answer = await post(server, body);
    assert.equal(answer.status, 200);
    const [letter, ...more] = await letters(body);
    assert.ok(letter, "not kept");
    assert.equal(more.length, 0);
    assert.equal(letter.reason, "bad_json");
    assert.equal(letter.source, "vapi");
    assert.equal(await server.metric("ringback_dead_letters_total", { reason: "bad_json" }), before + 1);
  });
}

test("bytes that are no text are kept byte for byte", async () => {
  const body = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  assert.equal((await post(server, body)).status, 200);
  assert.equal((await letters(body)).length, 1);
});

test("the same dead letter sent again is answered 200 and kept at least once", async () => {
  const body = "again and again";
  for (let i = 0; i < 3; i++) assert.equal((await post(server, body)).status, 200);
  assert.ok((await letters(body)).length >= 1);
});

test("one event that the database refuses goes alone, the good ones around it are stored", async () => {
  const good = Array.from({ length: 40 }, freshCall);
  const badCall = freshCall();
  const bad = message("voice-input", badCall.id, { input: "x" }).replace('"input":"x"', '"input":1e400000');
  const bodies = good.map((call, i) => transcript(call.id, `a good sentence number ${i}`));
  bodies.splice(20, 0, bad);
  const answers = await Promise.all(bodies.map((body) => post(server, body)));
  for (const answer of answers) assert.equal(answer.status, 200, answer.text);
  const [letter] = await letters(bad);
  assert.ok(letter, "the bad one is not in dead_letters");
  assert.equal(letter.reason, "rejected_by_database");
  for (const call of good) {
    const row = await db.callByVapi(call.id);
    assert.ok(row, "a good event is missing");
    assert.equal(await db.count("call_events where call_id = $1", [row.id]), 1);
  }
  assert.equal(await db.callByVapi(badCall.id), undefined);
  assert.ok((await server.metric("ringback_dead_letters_total", { reason: "rejected_by_database" })) >= 1);
});

test("many bad ones among many good ones, again and again", async () => {
  for (let round = 0; round < 3; round++) {
    const good = Array.from({ length: 30 }, freshCall);
    const bad = Array.from({ length: 6 }, () =>
      message("voice-input", freshCall().id, { input: "x" }).replace('"x"', "-1e999999"),
    );
    const bodies = good.map((call) => statusUpdate(call.id, "ringing"));
    bad.forEach((body, i) => bodies.splice(i * 5, 0, body));
    const answers = await Promise.all(bodies.map((body) => post(server, body)));
    for (const answer of answers) assert.equal(answer.status, 200);
    for (const body of bad) assert.equal((await letters(body)).length, 1);
    assert.equal(await db.count("calls where provider_call_id = any($1)", [good.map((call) => call.id)]), good.length);
  }
});

test("a value out of range in a column is no reason to lose the event", async () => {
  const call = freshCall();
  const body = JSON.stringify({
    message: {
      type: "end-of-call-report",
      endedReason: "customer-ended-call",
      timestamp: 1e300,
      startedAt: "+275760-09-13T00:00:00.000Z",
      endedAt: "9999-99-99T99:99:99Z",
      cost: 1e300,
      durationSeconds: -1e300,
      analysis: {},
      artifact: {},
      call: { id: call.id },
    },
  });
  assert.equal((await post(server, body)).status, 200);
  const row = await db.callByVapi(call.id);
  const stored = row ? await db.count("call_events where call_id = $1", [row.id]) : 0;
  assert.equal(stored + (await letters(body)).length, 1);
});

test("very long texts, ids, types and numbers are kept or dead-lettered, never lost", async () => {
  const long = "y".repeat(300000);
  const stored = () => db.count("call_events");
  const before = await stored();
  const bodies = [
    statusUpdate(long, "ringing"),
    transcript(freshCall().id, long),
    message(long, freshCall().id),
    message("hang", { id: freshCall().id, customer: { number: long } }, { phoneNumber: { number: long } }),
  ];
  for (const body of bodies) assert.equal((await post(server, body)).status, 200);
  const dead = await db.count("dead_letters where length(body) > 300000");
  assert.equal((await stored()) - before + dead, bodies.length);
});

test("a Twilio form that makes no sense is accounted for", async () => {
  const sid = freshSid();
  for (const body of [
    "RecordingUrl=%00%01&CallSid=" + sid,
    "CallSid=" + sid + "&CallDuration=much&Timestamp=yesterday&CallStatus=odd",
  ]) {
    const answer = await postForm(server, "/api/twilio/status", body);
    assert.ok(answer.status === 200 || answer.status === 204, `${answer.status}`);
  }
  const row = await db.call(sid);
  const stored = row ? await db.count("call_events where call_id = $1", [row.id]) : 0;
  assert.ok(stored + (await db.count("dead_letters where source = 'twilio'")) >= 2);
});

test("no dead letter holds the secret it came with", async () => {
  assert.equal(await db.count("dead_letters where position($1::bytea in body) > 0", [Buffer.from(WEBHOOK_SECRET)]), 0);
});
