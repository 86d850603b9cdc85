// Who may post to /api/vapi-webhook: shared secret, Bearer or HMAC; the current and the previous secret; nobody else.
import test from "node:test";
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { WEBHOOK_SECRET, fixture, fixtureJson } from "./lib/env.mjs";
import { WITHOUT_VAPI, World } from "./lib/world.mjs";
import { freshCall, post, statusUpdate } from "./lib/vapi.mjs";

const OLDER = "larkspur-older-secret";
const HMAC_SECRET = "larkspur-hmac-secret";
const world = await World.create();
const both = await world.start({ VAPI_WEBHOOK_SECRET_PREVIOUS: OLDER });
const signed = await world.start({ VAPI_WEBHOOK_SECRET: null, VAPI_HMAC_SECRET: HMAC_SECRET });

let serial = 0;
const body = () => statusUpdate(freshCall().id, "queued", { note: serial++ });

async function assertTaken(server, bytes, headers) {
  const answer = await post(server, bytes, headers);
  assert.equal(answer.status, 200, answer.text);
  const { id } = JSON.parse(bytes).message.call;
  assert.ok(await world.db.callByVapi(id), "stored");
}

async function assertRefused(server, bytes, headers) {
  const answer = await post(server, bytes, headers);
  assert.equal(answer.status, 401, answer.text);
  assert.ok(!answer.text.includes("secret") || answer.text.length < 200);
  const id = /"call":\{"id":"([^"]+)"/.exec(bytes)?.[1];
  assert.ok(!id || !(await world.db.callByVapi(id)), "a refused message is stored");
}

const GOOD = {
  "x-vapi-secret": { "x-vapi-secret": WEBHOOK_SECRET },
  "X-VAPI-SECRET in capitals": { "X-VAPI-SECRET": WEBHOOK_SECRET },
  Bearer: { authorization: `Bearer ${WEBHOOK_SECRET}` },
  "bearer in small letters": { authorization: `bearer ${WEBHOOK_SECRET}` },
  "the previous x-vapi-secret": { "x-vapi-secret": OLDER },
  "the previous Bearer": { authorization: `Bearer ${OLDER}` },
};
for (const [what, headers] of Object.entries(GOOD)) {
  test(`accepted: ${what}`, () => assertTaken(both, body(), headers));
}

const BAD = {
  nothing: {},
  "an empty secret": { "x-vapi-secret": "" },
  "another secret": { "x-vapi-secret": "larkspur-webhook-secreT" },
  "the secret cut short": { "x-vapi-secret": WEBHOOK_SECRET.slice(0, -1) },
  "the secret and more": { "x-vapi-secret": `${WEBHOOK_SECRET}x` },
  "an empty Bearer": { authorization: "Bearer " },
  "a Bearer without a scheme": { authorization: WEBHOOK_SECRET },
  Basic: { authorization: `Basic ${Buffer.from(`vapi:${WEBHOOK_SECRET}`).toString("base64")}` },
  "another Bearer": { authorization: "Bearer nobody" },
  "a signature that nobody asked for": { "x-signature": "00" },
};
for (const [what, headers] of Object.entries(BAD)) {
  test(`refused with 401: ${what}`, () => assertRefused(both, body(), headers));
}

test("refused: what is no JSON, without a secret, is not kept either", async () => {
  const before = await world.db.count("dead_letters");
  const answer = await post(both, "{nonsense", {});
  assert.equal(answer.status, 401);
  assert.equal(await world.db.count("dead_letters"), before);
});

const hex = (text, algorithm = "sha256", encoding = "hex") =>
  crypto.createHmac(algorithm, HMAC_SECRET).update(text).digest(encoding);

const STAMPS = {
  milliseconds: () => String(Date.now()),
  seconds: () => String(Math.floor(Date.now() / 1000)),
  "ISO text": () => new Date().toISOString(),
};
for (const [unit, stamp] of Object.entries(STAMPS)) {
  test(`HMAC over {timestamp}.{body}, timestamp in ${unit}`, async () => {
    const bytes = body();
    const now = stamp();
    await assertTaken(signed, bytes, { "x-signature": hex(`${now}.${bytes}`), "x-timestamp": now });
  });
}

test("HMAC with the prefix sha256=", async () => {
  const bytes = body();
  const now = String(Date.now());
  await assertTaken(signed, bytes, { "x-signature": `sha256=${hex(`${now}.${bytes}`)}`, "x-timestamp": now });
});

test("HMAC over the body alone, with and without prefix: 401, it could be replayed for ever", async () => {
  for (const prefix of ["", "sha256="]) {
    const bytes = body();
    await assertRefused(signed, bytes, { "x-signature": prefix + hex(bytes) });
  }
});

for (const [minutes, fine] of [
  [-6, false],
  [-4, true],
  [4, true],
  [6, false],
]) {
  test(`HMAC with a timestamp ${minutes} minutes off is ${fine ? "accepted" : "refused"}`, async () => {
    const bytes = body();
    const then = String(Date.now() + minutes * 60000);
    const headers = { "x-signature": hex(`${then}.${bytes}`), "x-timestamp": then };
    await (fine ? assertTaken : assertRefused)(signed, bytes, headers);
  });
}

const BROKEN = {
  "over other bytes": (bytes, now) => ({ "x-signature": hex(`${now}.${bytes} `), "x-timestamp": now }),
  "with another timestamp": (bytes, now) => ({
    "x-signature": hex(`${now}.${bytes}`),
    "x-timestamp": String(Number(now) + 1),
  }),
  "with a timestamp that is none": (bytes) => ({ "x-signature": hex(`soon.${bytes}`), "x-timestamp": "soon" }),
  "cut short": (bytes, now) => ({ "x-signature": hex(`${now}.${bytes}`).slice(0, 32), "x-timestamp": now }),
  empty: (bytes, now) => ({ "x-signature": "", "x-timestamp": now }),
  "that is no hex": (bytes, now) => ({ "x-signature": "z".repeat(64), "x-timestamp": now }),
  "replaced by the secret itself": () => ({ "x-vapi-secret": HMAC_SECRET }),
  missing: () => ({}),
};
for (const [what, headers] of Object.entries(BROKEN)) {
  test(`HMAC ${what}: 401`, async () => {
    const bytes = body();
    await assertRefused(signed, bytes, headers(bytes, String(Date.now())));
  });
}

test("the recorded HMAC vectors are too old by now; made anew they pass", async () => {
  const recorded = await world.start({ VAPI_WEBHOOK_SECRET: null, VAPI_HMAC_SECRET: "larkspur-webhook-secret" });
  const { vectors } = fixtureJson("vapi-hmac-vectors.json");
  let passed = 0;
  for (const { plan, headers, ...vector } of vectors) {
    const bytes = vector.bodyFile ? fixture(vector.bodyFile) : Buffer.from(vector.body);
    const answer = await post(recorded, bytes, headers);
    assert.equal(answer.status, 401, vector.name);
    if (plan.algorithm !== "sha256" || plan.payloadFormat !== "{timestamp}.{body}" || plan.signatureEncoding !== "hex")
      continue;
    const now = String(Date.now());
    const fresh = crypto.createHmac("sha256", plan.secretKey).update(`${now}.`).update(bytes).digest("hex");
    assert.equal((await post(recorded, bytes, { "x-signature": fresh, "x-timestamp": now })).status, 200, vector.name);
    passed += 1;
  }
  assert.equal(passed, 4);
  await recorded.stop();
});

test("nothing configured: 401 whatever is sent", async () => {
  const server = await world.start(WITHOUT_VAPI);
  for (const headers of [{}, { "x-vapi-secret": "" }, { authorization: "Bearer " }, { "x-signature": hex("") }]) {
    await assertRefused(server, body(), headers);
  }
  await server.stop();
});

test("nothing configured and --insecure-dev: accepted", async () => {
  const server = await world.start(WITHOUT_VAPI, ["--insecure-dev"]);
  await assertTaken(server, body(), {});
  await server.stop();
});

test("--insecure-dev does not switch off a secret that is configured", async () => {
  const server = await world.start({}, ["--insecure-dev"]);
  await assertRefused(server, body(), { "x-vapi-secret": "wrong" });
  await assertRefused(server, body(), {});
  await server.stop();
});
