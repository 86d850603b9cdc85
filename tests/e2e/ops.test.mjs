// What operators and Prometheus see.
import test from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { ROOT, UNMAPPED_PHONE, until } from "./lib/env.mjs";
import { Database } from "./lib/database.mjs";
import { World, migrate } from "./lib/world.mjs";
import { phoneNumberIn } from "./lib/leaks.mjs";
import { freshSid, ring } from "./lib/twilio.mjs";
import { freshCall, post, postAll, statusUpdate } from "./lib/vapi.mjs";

const world = await World.create();
const server = await world.start();

function promtool() {
  const local = [".local/promtool/usr/bin/promtool", ".local/deps/prometheus/usr/bin/promtool"].map((file) =>
    path.join(ROOT, file),
  );
  return process.env.PROMTOOL ?? local.find((file) => fs.existsSync(file)) ?? "promtool";
}

test("/healthz and /readyz answer 200 on both listeners, without detail", async () => {
  for (const ask of [server.get.bind(server), server.admin.bind(server)]) {
    for (const where of ["/healthz", "/readyz"]) {
      const answer = await ask(where);
      assert.equal(answer.status, 200);
      assert.ok(answer.text.length < 64, answer.text);
    }
  }
});

test("/metrics is on the admin listener only", async () => {
  const page = await server.admin("/metrics");
  assert.equal(page.status, 200);
  assert.match(page.headers["content-type"], /^text\/plain; version=0\.0\.4/);
  assert.equal((await server.get("/metrics")).status, 404);
});

test("the admin listener takes no webhooks", async () => {
  for (const where of ["/api/webhook", "/api/vapi-webhook"])
    assert.equal((await server.admin(where, { method: "POST", body: "{}" })).status, 404);
});

const FAMILIES = [
  "ringback_http_requests_total",
  "ringback_http_request_seconds",
  "ringback_ingest_events_total",
  "ringback_ingest_batch_events",
  "ringback_ingest_batch_seconds",
  "ringback_ingest_queue_events",
  "ringback_ingest_oldest_seconds",
  "ringback_unassigned_calls_total",
  "ringback_dead_letters_total",
  "ringback_upstream_requests_total",
  "ringback_db_connections",
  "ringback_loop_lag_seconds",
  "ringback_build_info",
  "ringback_control_answer_not_durable_total",
  "ringback_process_cpu_seconds_total",
  "ringback_process_resident_memory_bytes",
];

async function exercise() {
  await postAll(
    server,
    Array.from({ length: 50 }, () => statusUpdate(freshCall().id, "queued")),
    8,
  );
  await post(server, "no json");
  await post(server, "{}", { "x-vapi-secret": "wrong" });
  await ring(server, freshSid());
  await ring(server, freshSid(), { To: UNMAPPED_PHONE });
  await server.get("/nothing/of/the/kind");
  await server.get("/nothing/of/any/kind");
}

test("promtool finds nothing to say about the page", async () => {
  await exercise();
  const { text } = await server.admin("/metrics");
  const checked = spawnSync(promtool(), ["check", "metrics"], { input: text, encoding: "utf8" });
  assert.equal(checked.error, undefined, `promtool is needed: ${checked.error}`);
  assert.equal(checked.stdout + checked.stderr, "");
  assert.equal(checked.status, 0);
});

test("every family of the contract is there, with HELP and TYPE", async () => {
  const { text } = await server.admin("/metrics");
  for (const family of FAMILIES) {
    assert.match(text, new RegExp(`^# HELP ${family} \\S`, "m"));
    assert.match(text, new RegExp(`^# TYPE ${family} (counter|gauge|histogram)$`, "m"));
    assert.match(text, new RegExp(`^${family}(_bucket|_sum|_count)?[{ ]`, "m"), `no sample of ${family}`);
  }
});

test("the figures move as they should", async () => {
  const before = await snapshot();
  await exercise();
  const after = await snapshot();
  const grown = Object.fromEntries(Object.keys(before).map((key) => [key, after[key] - before[key]]));
  assert.ok(grown.batched >= 52, `${grown.batched} events in batches`);
  assert.ok(
    grown.batches >= 1 && grown.batches < grown.batched,
    `${grown.batches} batches for ${grown.batched} events`,
  );
  assert.equal(grown.badJson, 1);
  assert.equal(grown.unassigned, 51);
  assert.ok(grown.upstream >= 1);
  assert.ok(grown.refused >= 1);
  assert.equal(grown.ok, 51);
  assert.ok(after.memory > 1e6 && after.cpu > 0);
  await until("the queue is empty", async () => (await snapshot()).queue === 0, 5000);
});

async function snapshot() {
  const m = (name, labels) => server.metric(`ringback_${name}`, labels);
  return {
    batched: await m("ingest_batch_events_sum"),
    batches: await m("ingest_batch_events_count"),
    badJson: await m("dead_letters_total", { reason: "bad_json" }),
    unassigned: await m("unassigned_calls_total"),
    upstream: await m("upstream_requests_total", { upstream: "vapi" }),
    refused: await m("http_requests_total", { code: "401" }),
    ok: await m("http_requests_total", { code: "200", route: "/api/vapi-webhook" }),
    memory: await m("process_resident_memory_bytes"),
    cpu: await m("process_cpu_seconds_total"),
    queue: await m("ingest_queue_events"),
  };
}

test("labels come from tables: a path that nobody serves makes no new series", async () => {
  const { text } = await server.admin("/metrics");
  assert.doesNotMatch(text, /nothing\/of/);
  assert.equal(phoneNumberIn(text), null);
});

test("the log has one JSON object a line, with request ids and call ids, and no numbers or words", async () => {
  const answer = await post(server, statusUpdate(freshCall().id, "queued"));
  await until("a line with the request's id", () => server.stderr.includes(answer.headers["x-request-id"]), 3000);
  for (const line of server.lines()) {
    assert.ok(line.event, line.raw);
    assert.match(line.level, /^(debug|info|warn|error)$/);
    assert.ok(!Number.isNaN(Date.parse(line.time ?? line.ts)), JSON.stringify(line));
  }
});

test("/readyz is 503 when the database is away and 200 when it is back", async () => {
  await world.db.lockOut();
  try {
    await until("not ready", async () => (await server.get("/readyz")).status === 503, 10000);
    assert.equal((await server.admin("/readyz")).status, 503);
    assert.equal((await server.get("/healthz")).status, 200);
  } finally {
    await world.db.letIn();
  }
  await server.ready(20000);
});

test("/readyz is 503 without migrations, and turns 200 when they have run", async () => {
  const empty = await Database.create("unmigrated");
  const early = world.server({ DATABASE_URL: empty.serverUrl });
  try {
    await early.listen();
    for (let i = 0; i < 10; i++) assert.equal((await early.get("/readyz")).status, 503);
    assert.equal((await early.get("/healthz")).status, 200);
    assert.equal((await migrate(empty)).code, 0);
    await early.ready(30000);
    assert.equal((await post(early, statusUpdate(freshCall().id, "queued"))).status, 200);
  } finally {
    await early.stop();
    await empty.drop();
  }
});
