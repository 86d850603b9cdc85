// X-Twilio-Signature over PUBLIC_URL and the request target: the recorded vectors, and Twilio's own library.
//
// Four vectors cannot be said over HTTP, because the server answers POST on its own paths only; a C unit test has
// them: twilio-doc-form and twilio-doc-json (/myapp.php, /myapp), form:fallback-url (/api/webhook/fallback) and
// get-request.
import test from "node:test";
import assert from "node:assert/strict";
import { PUBLIC_URL, TWILIO_TOKEN, fixtureJson, fixtureNames, fixtureText } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { formWith, freshSid, inbound, postForm, ring, sign } from "./lib/twilio.mjs";

const OLDER = "fedcba9876543210fedcba9876543210";
const ELSEWHERE = /^(twilio-doc-form|twilio-doc-json|form:fallback-url|get-request)$/;

const world = await World.create();
const server = await world.start({ TWILIO_AUTH_TOKEN_PREVIOUS: OLDER });
const { vectors } = fixtureJson("twilio-signature-vectors.json");
const byOrigin = new Map();

function originOf(vector) {
  return /^https?:\/\/[^/]+/.exec(vector.urlSeenByServer)[0];
}

async function serverFor(origin) {
  if (origin === PUBLIC_URL) return server;
  if (!byOrigin.has(origin)) byOrigin.set(origin, world.start({ PUBLIC_URL: origin }));
  return byOrigin.get(origin);
}

const expressible = vectors.filter((vector) => !ELSEWHERE.test(vector.name));

test("26 of the 30 vectors can be said over HTTP", () => {
  assert.equal(vectors.length, 30);
  assert.equal(expressible.length, 26);
});

for (const vector of expressible) {
  test(`vector ${vector.name} is ${vector.twilioNodeAccepts ? "accepted" : "refused"}`, async () => {
    const origin = originOf(vector);
    const target = vector.urlSeenByServer.slice(origin.length);
    const body = vector.bodyFile ? fixtureText(vector.bodyFile) : vector.body;
    const headers = { "content-type": vector.contentType, "x-twilio-signature": vector.headerXTwilioSignature };
    const answer = await (await serverFor(origin)).post(target, body, headers);
    if (vector.twilioNodeAccepts) assert.equal(answer.status, 200, answer.text);
    else if (target.endsWith("/")) assert.equal(answer.status, 404, "a path that is not ours");
    else assert.equal(answer.status, 403, answer.text);
  });
}

test("the extra servers stop cleanly", async () => {
  for (const started of byOrigin.values()) await (await started).stop();
});

const PATHS = [
  [/^twilio-inbound/, "/api/webhook"],
  [/^twilio-fallback/, "/api/twilio/fallback"],
  [/^twilio-status/, "/api/twilio/status"],
  [/^twilio-dial-leg/, "/api/twilio/status"],
  [/^twilio-dial-action/, "/api/twilio/dialed"],
  [/^twilio-record-action/, "/api/twilio/recorded"],
  [/^twilio-recording-status/, "/api/twilio/recording-status"],
];
const forms = fixtureNames().filter((name) => name.endsWith(".form"));

test("there are forms for every path", () => {
  for (const [pattern] of PATHS)
    assert.ok(
      forms.some((name) => pattern.test(name)),
      String(pattern),
    );
  for (const name of forms)
    assert.ok(
      PATHS.some(([pattern]) => pattern.test(name)),
      name,
    );
});

for (const name of forms) {
  const target = PATHS.find(([pattern]) => pattern.test(name))[1];
  test(`${name}: signed by the twilio package it is accepted, otherwise not`, async () => {
    const body = fixtureText(name);
    const good = await postForm(server, target, body);
    assert.ok(
      good.status === 200 || (good.status === 204 && !/dialed|recorded|webhook|fallback/.test(target)),
      `${good.status}`,
    );
    assert.equal((await postForm(server, target, body, { token: OLDER })).status, good.status, "the previous token");
    assert.equal((await postForm(server, target, body, { signature: null })).status, 403, "no signature");
    assert.equal((await postForm(server, target, body, { signature: "" })).status, 403, "an empty signature");
    assert.equal((await postForm(server, target, body, { token: "another token" })).status, 403, "another token");
    const changed = body.replace(/CallSid=CA./, "CallSid=CAf");
    if (changed !== body) {
      assert.equal(
        (await postForm(server, target, changed, { signature: sign(target, body) })).status,
        403,
        "changed body",
      );
    }
  });
}

test("the Host header plays no part in it", async () => {
  const body = inbound(freshSid());
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    "x-twilio-signature": sign("/api/webhook", body),
    host: "evil.example.com",
    "x-forwarded-host": "evil.example.com",
    "x-forwarded-proto": "http",
  };
  assert.equal((await server.post("/api/webhook", body, headers)).status, 200);
});

test("a signature for one path is no good on another", async () => {
  const body = inbound(freshSid());
  const answer = await postForm(server, "/api/twilio/status", body, { signature: sign("/api/webhook", body) });
  assert.equal(answer.status, 403);
});

test("a query is part of what is signed", async () => {
  const body = inbound(freshSid());
  assert.equal((await postForm(server, "/api/webhook?a=1&b=%20x", body)).status, 200);
  assert.equal(
    (await postForm(server, "/api/webhook?a=2", body, { signature: sign("/api/webhook?a=1", body) })).status,
    403,
  );
  assert.equal(
    (await postForm(server, "/api/webhook?a=1", body, { signature: sign("/api/webhook", body) })).status,
    403,
  );
});

test("signatures that are no signatures are refused, whatever they are made of", async () => {
  const body = inbound(freshSid());
  const good = sign("/api/webhook", body);
  for (const signature of [
    good.slice(0, -2),
    `${good}=`,
    ` ${good}x`,
    good.toLowerCase(),
    "A".repeat(28),
    "é".repeat(14),
    "=".repeat(28),
    "x".repeat(4000),
  ]) {
    const answer = await postForm(server, "/api/webhook", body, {
      signature: Buffer.from(signature, "utf8").toString("latin1"),
    });
    assert.equal(answer.status, 403, signature.slice(0, 40));
  }
});

test("nothing of a refused request is stored, and Vapi is not asked", async () => {
  const sid = freshSid();
  assert.equal((await ring(server, sid, {}, { token: "wrong" })).status, 403);
  assert.equal(await world.db.call(sid), undefined);
  assert.equal(world.fake.callsFor(sid).length, 0);
});

test("every byte of a body counts", async () => {
  const body = formWith(fixtureText("twilio-inbound-minimal.form"), { CallSid: freshSid() });
  const signature = sign("/api/webhook", body);
  for (let at = 0; at < body.length; at += 3) {
    const other = body[at] === "7" ? "8" : "7";
    const answer = await postForm(server, "/api/webhook", body.slice(0, at) + other + body.slice(at + 1), {
      signature,
    });
    assert.equal(answer.status, 403, `byte ${at}`);
  }
});

test("no token configured: refused", async () => {
  const bare = await world.start({ TWILIO_AUTH_TOKEN: null, TWILIO_ACCOUNT_SID: null });
  const body = inbound(freshSid());
  assert.equal((await postForm(bare, "/api/webhook", body, { token: TWILIO_TOKEN })).status, 403);
  assert.equal(
    (await postForm(bare, "/api/webhook", body, { signature: sign("/api/webhook", body, { token: "" }) })).status,
    403,
  );
  assert.equal((await postForm(bare, "/api/webhook", body, { signature: null })).status, 403);
  await bare.stop();
});
