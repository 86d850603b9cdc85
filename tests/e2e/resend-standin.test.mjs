// The stand-in of Resend, held against what is known of Resend: the other tests lean on it.
import test, { after } from "node:test";
import assert from "node:assert/strict";
import http from "node:http";
import { sleep } from "./lib/env.mjs";
import { request } from "./lib/client.mjs";
import {
  RESEND_FROM,
  RESEND_KEY,
  RESEND_SENDING_KEY,
  Resend,
  chaos,
  moods,
  sha256,
  svixHeaders,
} from "./lib/resend.mjs";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MAIL = {
  from: RESEND_FROM,
  to: ["owner@example.org"],
  subject: "Tue 17 Nov: 3 calls",
  html: "<p>3</p>",
  text: "3",
  headers: {
    "List-Unsubscribe": "<https://missedcall.example.com/unsubscribe/x>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
  },
  tags: [{ name: "kind", value: "digest" }],
};
const HEADERS = {
  authorization: `Bearer ${RESEND_KEY}`,
  "user-agent": "ringback-test/1",
  "content-type": "application/json",
};

const all = [];
async function fresh(options) {
  const resend = await Resend.start(options);
  all.push(resend);
  return resend;
}
after(() => Promise.all(all.map((resend) => resend.stop())));

function send(resend, mail = MAIL, headers = {}, options = {}) {
  const body = typeof mail === "string" ? mail : JSON.stringify(mail);
  const merged = { ...HEADERS, ...headers };
  for (const name of Object.keys(merged)) if (merged[name] === undefined) delete merged[name];
  return request({ port: resend.port, path: "/emails", method: "POST", headers: merged, body, ...options });
}
const batch = (resend, mails, headers) => send(resend, mails, headers, { path: "/emails/batch" });
const under = (key) => ({ "idempotency-key": key });

function assertRefused(answer, status, name) {
  assert.equal(answer.status, status, answer.text);
  const body = answer.json();
  assert.deepEqual(Object.keys(body).sort(), ["message", "name", "statusCode"]);
  assert.deepEqual([body.statusCode, body.name], [status, name]);
}

test("a mail in order is accepted, with an id and the rate headers", async () => {
  const resend = await fresh({ limit: 7 });
  const answer = await send(resend, MAIL, under("digest/a/2026-11-17"));
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(Object.keys(answer.json()), ["id"]);
  assert.match(answer.json().id, UUID);
  assert.equal(answer.headers["ratelimit-policy"], "7;w=1");
  assert.equal(answer.headers["ratelimit-limit"], "7");
  assert.equal(answer.headers["ratelimit-remaining"], "6");
  assert.equal(answer.headers["ratelimit-reset"], "1");
  const [entry] = resend.acceptedFor("digest/a/2026-11-17");
  assert.deepEqual(entry.mails, [MAIL]);
  assert.equal(entry.sha256, sha256(JSON.stringify(MAIL)));
  assert.equal(resend.tally()["200"], 1);
});

test("without a User-Agent nothing gets past Cloudflare, whatever the key", async () => {
  const resend = await fresh();
  for (const agent of [undefined, ""]) {
    const answer = await send(resend, MAIL, { "user-agent": agent });
    assert.equal(answer.status, 403);
    assert.match(answer.headers["content-type"], /html/);
    assert.match(answer.text, /1010/);
  }
  assert.equal(resend.accepted.length, 0);
});

test("keys: none, a wrong one, one that only sends", async () => {
  const resend = await fresh();
  assertRefused(await send(resend, MAIL, { authorization: undefined }), 401, "missing_api_key");
  assertRefused(await send(resend, MAIL, { authorization: "Bearer re_other" }), 403, "invalid_api_key");
  assertRefused(await send(resend, MAIL, { authorization: RESEND_KEY }), 403, "invalid_api_key");
  const only = { authorization: `Bearer ${RESEND_SENDING_KEY}` };
  const sent = await send(resend, MAIL, only);
  assert.equal(sent.status, 200);
  const look = (headers) => send(resend, "", headers, { method: "GET", path: `/emails/${sent.json().id}` });
  assertRefused(await look(only), 401, "restricted_api_key");
  const seen = await look({});
  assert.deepEqual([seen.status, seen.json().to, seen.json().subject], [200, MAIL.to, MAIL.subject]);
  assertRefused(await send(resend, MAIL, {}, { path: "/mails" }), 404, "not_found");
  assertRefused(await send(resend, MAIL, {}, { method: "PUT" }), 405, "method_not_allowed");
  assert.equal(resend.accepted.length, 1);
});

test("a mail that is not in order is refused, and not accepted", async () => {
  const resend = await fresh();
  const without = (field) => Object.fromEntries(Object.entries(MAIL).filter(([name]) => name !== field));
  for (const field of ["from", "to", "subject"])
    assertRefused(await send(resend, without(field)), 422, "missing_required_field");
  const bare = without("html");
  delete bare.text;
  assertRefused(await send(resend, bare), 422, "missing_required_field");
  const wrong = [
    [{ from: "nobody" }, 422, "invalid_from_address"],
    [{ from: "Ringback <digest@example.com>" }, 403, "validation_error"],
    [{ from: "a@mail.example.com\r\nBcc: b@example.org" }, 422, "invalid_from_address"],
    [{ to: [] }, 422, "invalid_parameter"],
    [{ to: Array(51).fill("a@example.org") }, 422, "invalid_parameter"],
    [{ to: ["a@example.org, b@example.org"] }, 422, "invalid_parameter"],
    [{ to: ["no one"] }, 422, "invalid_parameter"],
    [{ cc: "no one" }, 422, "invalid_parameter"],
    [{ subject: "" }, 422, "invalid_parameter"],
    [{ subject: "two\r\nlines" }, 422, "invalid_parameter"],
    [{ html: 7 }, 422, "invalid_parameter"],
    [{ headers: [] }, 422, "invalid_parameter"],
    [{ headers: { "X Y": "1" } }, 422, "invalid_parameter"],
    [{ headers: { "X-A": "1\r\nBcc: b@example.org" } }, 422, "invalid_parameter"],
    [{ headers: { "X-A": 1 } }, 422, "invalid_parameter"],
    [{ tags: [{ name: "date", value: "17/11" }] }, 422, "invalid_parameter"],
    [{ tags: [{ name: "kind", value: "" }] }, 422, "invalid_parameter"],
    [{ tags: [{ name: "kind", value: "x".repeat(257) }] }, 422, "invalid_parameter"],
    [{ tags: { kind: "digest" } }, 422, "invalid_parameter"],
    [{ tags: [MAIL.tags[0], MAIL.tags[0]] }, 422, "invalid_parameter"],
    [{ replyTo: "a@example.org" }, 422, "invalid_parameter"],
  ];
  for (const [change, status, name] of wrong) {
    const answer = await send(resend, { ...MAIL, ...change });
    assert.equal(answer.status, status, `${JSON.stringify(change)}: ${answer.text}`);
    assertRefused(answer, status, name);
  }
  assertRefused(await send(resend, "{"), 400, "validation_error");
  assertRefused(await send(resend, [MAIL]), 422, "invalid_parameter");
  assertRefused(await send(resend, MAIL, { "content-type": "text/plain" }), 400, "validation_error");
  assert.equal(resend.accepted.length, 0);
  for (const to of ["owner@example.org", "Owner <owner@example.org>", ["häns@example.org"]])
    assert.equal((await send(resend, { ...MAIL, to })).status, 200, String(to));
});

test("a batch: one id each, in order; one bad mail refuses all", async () => {
  const resend = await fresh();
  const mails = ["a", "b", "c"].map((name) => ({ ...MAIL, to: [`${name}@example.org`] }));
  const answer = await batch(resend, mails, under("k"));
  assert.equal(answer.status, 200);
  assert.equal(answer.json().data.length, 3);
  for (const one of answer.json().data) assert.match(one.id, UUID);
  assert.deepEqual(resend.acceptedFor("k")[0].mails, mails);
  assert.equal((await batch(resend, mails, under("k"))).text, answer.text);
  const bad = await batch(resend, [mails[0], { ...mails[1], to: "no one" }], under("l"));
  assertRefused(bad, 422, "invalid_parameter");
  assert.match(bad.json().message, /emails\[1\]/);
  for (const odd of [
    [],
    MAIL,
    Array(101).fill(MAIL),
    [{ ...MAIL, attachments: [] }],
    [{ ...MAIL, scheduled_at: "in 1 h" }],
  ])
    assertRefused(await batch(resend, odd), 422, "invalid_parameter");
  assertRefused(await batch(resend, mails, { "x-batch-validation": "lenient" }), 400, "validation_error");
  assert.equal((await batch(resend, mails, { "x-batch-validation": "strict" })).status, 200);
  assert.equal(resend.accepted.length, 2);
});

test("a permissive batch: the good ones are taken, and what is wrong with the others is told", async () => {
  const resend = await fresh();
  const [good, bad] = ["a@example.org", "no one"].map((to) => ({ ...MAIL, to: [to] }));
  const permissive = { ...under("k"), "x-batch-validation": "permissive" };
  const answer = (await batch(resend, [bad, good], permissive)).json();
  assert.deepEqual([answer.data.length, answer.errors.map((error) => error.index)], [1, [0]]);
  assert.deepEqual(resend.acceptedFor("k")[0].mails, [good]);
  assert.equal((await batch(resend, [], { "x-batch-validation": "permissive" })).status, 422);
});

test("one key: the first answer again; with other bytes 409; forgotten after a day", async () => {
  const resend = await fresh();
  const first = await send(resend, MAIL, under("k"));
  const again = await send(resend, MAIL, under("k"));
  assert.equal(again.text, first.text);
  const spaced = await send(resend, JSON.stringify(MAIL, null, 1), under("k"));
  assertRefused(spaced, 409, "invalid_idempotent_request");
  assert.deepEqual(resend.sins(), { twice: [], changed: ["k"] });
  resend.forget("k");
  assert.notEqual((await send(resend, MAIL, under("k"))).text, first.text);
  assert.deepEqual(resend.sins().twice, ["k"]);
  assertRefused(await send(resend, MAIL, under("x".repeat(257))), 400, "invalid_idempotency_key");
  assert.equal((await send(resend, MAIL, under("x".repeat(256)))).status, 200);
  // Without a key nothing is remembered, and what was refused leaves its key free.
  assert.notEqual((await send(resend)).text, (await send(resend)).text);
  assertRefused(await send(resend, { ...MAIL, to: [] }, under("m")), 422, "invalid_parameter");
  assert.equal((await send(resend, MAIL, under("m"))).status, 200);
});

test("one key twice at once: 409 while the first is running, then its answer", async () => {
  const resend = await fresh();
  resend.next(moods.slow(400));
  const first = send(resend, MAIL, under("k"));
  while (!resend.running.has("k")) await sleep(5);
  assertRefused(await send(resend, MAIL, under("k")), 409, "concurrent_idempotent_requests");
  const answer = await first;
  assert.equal(answer.status, 200);
  assert.equal((await send(resend, MAIL, under("k"))).text, answer.text);
  assert.equal(resend.accepted.length, 1);
});

test("the limit is enforced, with retry-after", async () => {
  const resend = await fresh({ limit: 3 });
  const answers = await Promise.all(Array.from({ length: 60 }, () => send(resend)));
  const refused = answers.filter((answer) => answer.status === 429);
  assert.ok(refused.length > 0 && refused.length < 60, `${refused.length} of 60 refused`);
  for (const answer of refused) {
    assertRefused(answer, 429, "rate_limit_exceeded");
    assert.equal(answer.headers["retry-after"], "1");
    assert.equal(answer.headers["ratelimit-remaining"], "0");
  }
  assert.equal(resend.accepted.length, 60 - refused.length);
  await sleep(1050);
  assert.equal((await send(resend)).status, 200);
});

test("bad days: what is accepted, what is answered, and what a second try gets", async () => {
  const cases = [
    ["error500", false, "500 internal_server_error"],
    ["error500After", true, "500 internal_server_error"],
    ["unavailable", false, "503 service_unavailable"],
    ["badGateway", false, "502 html"],
    ["badGatewayAfter", true, "502 html"],
    ["garbageBefore", false, "200 garbage"],
    ["garbageAfter", true, "200 garbage"],
    ["htmlAfter", true, "200 garbage"],
    ["emptyAfter", true, "200 garbage"],
    ["otherJsonAfter", true, "200 garbage"],
    ["dailyQuota", false, "429 daily_quota_exceeded"],
    ["monthlyQuota", false, "429 monthly_quota_exceeded"],
    ["tooManyWithoutRetryAfter", false, "429 rate_limit_exceeded"],
    ["tooManyWithoutWord", false, "429 html"],
    ["busy", false, "409 concurrent_idempotent_requests"],
    ["busyAfter", true, "409 concurrent_idempotent_requests"],
    ["mismatch", false, "409 invalid_idempotent_request"],
    ["mismatchAfter", true, "409 invalid_idempotent_request"],
    ["refused", false, "422 invalid_parameter"],
    ["unverified", false, "403 validation_error"],
    ["suspended", false, "403 suspended_api_key"],
  ];
  const resend = await fresh();
  for (const [name, accepted, told] of cases) {
    resend.next(moods[name]);
    const answer = await send(resend, MAIL, under(name));
    assert.equal(answer.status, Number(told.slice(0, 3)), name);
    const [record] = resend.asked(name);
    assert.deepEqual([record.told, record.mood], [told, name]);
    assert.equal(resend.acceptedFor(name).length, accepted ? 1 : 0, name);
    assert.equal("retry-after" in answer.headers, false, name);
    assert.equal((await send(resend, MAIL, under(name))).status, 200, name);
    assert.equal(resend.acceptedFor(name).length, 1, name);
  }
  resend.next(moods.tooMany(5));
  assert.equal((await send(resend)).headers["retry-after"], "5");
  assert.deepEqual(resend.sins(), { twice: [], changed: [] });
});

test("bad days: no answer at all", async () => {
  const cases = { hang: 0, hangAfter: 1, cutAfter: 1, reset: 0, resetAfter: 1, closed: 0 };
  const resend = await fresh();
  for (const [name, accepted] of Object.entries(cases)) {
    resend.next(moods[name]);
    await assert.rejects(send(resend, MAIL, under(name), { timeoutMs: 300 }), undefined, name);
    assert.equal(resend.acceptedFor(name).length, accepted, name);
    assert.equal((await send(resend, MAIL, under(name))).status, 200, name);
    assert.equal(resend.acceptedFor(name).length, 1, name);
  }
  resend.next(moods.stuck(300));
  await assert.rejects(send(resend, MAIL, under("stuck"), { timeoutMs: 100 }));
  assertRefused(await send(resend, MAIL, under("stuck")), 409, "concurrent_idempotent_requests");
  while (resend.running.has("stuck")) await sleep(20);
  assert.equal((await send(resend, MAIL, under("stuck"))).status, 200);
  assert.equal(resend.acceptedFor("stuck").length, 1);
});

test("half a request is no request", async () => {
  const resend = await fresh();
  const body = JSON.stringify(MAIL);
  const req = http.request({
    port: resend.port,
    path: "/emails",
    method: "POST",
    headers: { ...HEADERS, "content-length": body.length },
  });
  req.on("error", () => {});
  req.write(body.slice(0, body.length / 2));
  await sleep(100);
  req.destroy();
  await sleep(50);
  assert.equal(resend.requests.length, 0);
});

test("chaos is the same for the same seed, near its chances, and ends", () => {
  const chances = { hang: 0.1, error500After: 0.1, garbageAfter: 0.05 };
  const draw = (seed) => {
    const rude = chaos(seed, chances, { calmAfter: 3 });
    return Array.from({ length: 4000 }, (_, i) => rude({ key: `k${i}`, nth: 1 + (i % 3) }));
  };
  const one = draw(1);
  assert.ok(draw(1).every((mood, i) => mood === one[i]));
  assert.ok(draw(2).some((mood, i) => mood !== one[i]));
  for (const [name, share] of Object.entries(chances)) {
    const n = one.filter((mood) => mood === moods[name]).length;
    assert.ok(Math.abs(n / 4000 - share) < 0.03, `${name}: ${n} of 4000`);
  }
  const rude = chaos(1, { hang: 1 }, { calmAfter: 3 });
  assert.deepEqual([rude({ key: "k", nth: 3 }), rude({ key: "k", nth: 4 })], [moods.hang, moods.ok]);
});

test("events are signed as Svix signs them", async () => {
  const body =
    '{"type":"email.delivered","created_at":"2026-01-01T00:00:00.000Z","data":{"email_id":"7b1f3c1e-0000-4000-8000-000000000001",' +
    '"created_at":"2025-12-31T23:59:58.000Z","from":"Digest <digest@example.com>","to":["owner@example.org"],' +
    '"subject":"Yesterday: 3 missed calls","tags":{"kind":"digest","business":"b_42"}}}';
  assert.equal(sha256(body), "ee9462196d01cf945de07aaa7f19fe7a0b77ff893af1b428174f88c345677e6f");
  const headers = svixHeaders(
    "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY",
    "msg_2xTestVectorA0000000000001",
    1767225600,
    body,
  );
  assert.equal(headers["svix-signature"], "v1,Ya7aCpaDG9DOnQ08gHxAQFYT6s+Vzs05EdCxKF0lafQ=");
  const resend = await fresh();
  await send(resend, MAIL, under("k"));
  const event = resend.event("email.bounced", resend.acceptedFor("k")[0], { extra: { bounce: { type: "Permanent" } } });
  assert.equal(event.data.email_id, resend.acceptedFor("k")[0].ids[0]);
  assert.deepEqual(event.data.tags, { kind: "digest" });
  assert.deepEqual(event.data.to, MAIL.to);
  assert.deepEqual(event.data.bounce, { type: "Permanent" });
});
