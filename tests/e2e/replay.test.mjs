// One recorded call, delivered in every order and multiplicity: the final rows may not differ by a byte.
import test from "node:test";
import assert from "node:assert/strict";
import { LARKSPUR, fixtureJson } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { prng, shuffle } from "./lib/prng.mjs";
import { assertSameDump, dump } from "./lib/rows.mjs";
import { RECORDED_ID, RECORDED_SID, postAll, sequence } from "./lib/vapi.mjs";

const SEEDS = 20;
const lines = sequence();
const world = await World.create();
const server = await world.start();
let wanted;

async function deliver(bodies, width = 1) {
  await world.db.clearCalls();
  const answers = await postAll(server, bodies, width);
  for (const answer of answers) assert.equal(answer.status, 200, answer.text);
  return dump(world.db);
}

test("in order: every message is kept and the call row is right", async () => {
  wanted = await deliver(lines);
  const rows = await world.db.rows("select * from calls");
  assert.equal(rows.length, 1);
  const [call] = rows;
  const report = fixtureJson("end-of-call-report-short-wire.json").message;
  assert.equal(call.provider_call_id, RECORDED_ID);
  assert.equal(call.twilio_call_sid, RECORDED_SID);
  assert.equal(call.business_id, LARKSPUR.id);
  assert.equal(call.caller_number, "+16465550187");
  assert.equal(call.called_number, "+12125550142");
  assert.equal(call.status, "ended");
  assert.equal(call.outcome, "handled");
  assert.equal(call.ended_reason, "customer-ended-call");
  assert.equal(call.started_at.toISOString(), "2026-11-18T15:04:05.120Z", "when it began to ring");
  assert.equal(call.ended_at.toISOString(), "2026-11-18T15:05:07.661Z");
  assert.ok(Math.abs(Number(call.duration_seconds) - 60.691) < 1, `duration ${call.duration_seconds}`);
  assert.equal(call.summary, report.analysis.summary);
  assert.equal(call.analysis.structuredData.intent, "book_appointment");
  assert.equal(call.recording_url, report.artifact.recording.mono.combinedUrl);
  assert.equal(Number(call.cost), 0.0993);
  assert.equal(await world.db.count("call_events"), lines.length);
  assert.equal(await world.db.count("dead_letters"), 0);
});

test("in order: the transcript is what the report says, in its order", async () => {
  const spoken = JSON.parse(lines.at(-1)).message.artifact.messages.filter(
    (m) => m.role === "user" || m.role === "bot",
  );
  const rows = await world.db.rows("select role, text, said_at from call_utterances order by said_at, role");
  assert.deepEqual(
    rows.map((row) => [row.role, row.text, row.said_at.getTime()]),
    spoken.map((m) => [m.role === "bot" ? "assistant" : "user", m.message, m.time]),
  );
});

test("reversed", async () => {
  assertSameDump(await deliver([...lines].reverse()), wanted, "reversed");
});

test("every message twice in a row", async () => {
  assertSameDump(await deliver(lines.flatMap((line) => [line, line])), wanted, "doubled");
});

test("the recorded shuffle, with doubles and messages after the report", async () => {
  assertSameDump(await deliver(sequence("call-sequence-shuffled.ndjson")), wanted, "call-sequence-shuffled");
});

for (let seed = 1; seed <= SEEDS; seed++) {
  test(`shuffled with duplicates, seed ${seed}`, async () => {
    const random = prng(seed);
    const doubled = lines.filter(() => random() < 0.3);
    const bodies = shuffle([...lines, ...doubled, ...doubled.slice(0, 5)], random);
    const width = seed % 4 === 0 ? 4 : 1;
    assertSameDump(await deliver(bodies, width), wanted, `seed ${seed}`);
  });
}

test("from 8 connections at once, each message from two of them", async () => {
  const random = prng(8008);
  const half = shuffle(lines, random);
  assertSameDump(
    await deliver(
      half.flatMap((line) => [line, line]),
      8,
    ),
    wanted,
    "8 connections",
  );
});

test("the whole call from 8 connections, each of them sending all of it", async () => {
  await world.db.clearCalls();
  const results = await Promise.all(
    Array.from({ length: 8 }, (_, i) => postAll(server, shuffle(lines, prng(900 + i)))),
  );
  for (const answer of results.flat()) assert.equal(answer.status, 200, answer.text);
  assertSameDump(await dump(world.db), wanted, "8 times all");
});

test("a restart in the middle changes nothing", async () => {
  await world.db.clearCalls();
  await postAll(server, shuffle(lines, prng(77)).slice(0, 43), 4);
  await server.stop();
  await server.start();
  await postAll(server, shuffle(lines, prng(77)).slice(43), 4);
  assertSameDump(await dump(world.db), wanted, "restart");
});

test("two servers share one call", async () => {
  await world.db.clearCalls();
  const other = await world.start();
  const bodies = shuffle([...lines, ...lines], prng(4242));
  const answers = await Promise.all([
    postAll(
      server,
      bodies.filter((_, i) => i % 2 === 0),
      4,
    ),
    postAll(
      other,
      bodies.filter((_, i) => i % 2 === 1),
      4,
    ),
  ]);
  for (const answer of answers.flat()) assert.equal(answer.status, 200, answer.text);
  assertSameDump(await dump(world.db), wanted, "two servers");
  await other.stop();
});

test("the report is the first message ever seen", async () => {
  const late = lines.slice(0, -1);
  assertSameDump(await deliver([lines.at(-1), ...late]), wanted, "report first");
});
