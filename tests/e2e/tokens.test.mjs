// Who is asking, with a Supabase project: its tokens open the dashboard's API, everything that only looks like one does
// not. The project is a stand-in that serves a key set; tokens are made by node:crypto.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import http from "node:http";
import test, { after } from "node:test";
import { LARKSPUR, PLAIN, PUBLIC_URL, fixtureJson, until } from "./lib/env.mjs";
import { request, raw } from "./lib/client.mjs";
import { createUser, memberOf } from "./lib/session.mjs";
import { command } from "./lib/server.mjs";
import { claimsOfSession } from "./lib/supabase.mjs";
import { World } from "./lib/world.mjs";

const SECRET = "larkspur-legacy-secret-of-more-than-32-bytes";
const b64 = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);

/** A stand-in for the project's /auth/v1: its keys, and who asked for them. */
class Project {
  static async start() {
    const project = new Project();
    project.server = http.createServer((req, res) => {
      project.asked.push(req.url);
      const body = JSON.stringify({ keys: project.keys });
      res.writeHead(project.status, { "content-type": "application/json" });
      res.end(body);
    });
    await new Promise((resolve) => project.server.listen(0, "127.0.0.1", resolve));
    project.url = `http://127.0.0.1:${project.server.address().port}`;
    project.issuer = `${project.url}/auth/v1`;
    after(() => project.server.close());
    return project;
  }

  constructor() {
    Object.assign(this, { asked: [], keys: [], status: 200 });
  }
}

const es = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
const rs = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
const foreign = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwkOf = (pair, kid, alg) => ({
  ...pair.publicKey.export({ format: "jwk" }),
  kid,
  alg,
  use: "sig",
  key_ops: ["verify"],
});

const project = await Project.start();
project.keys = [jwkOf(es, "es-1", "ES256"), jwkOf(rs, "rs-1", "RS256")];

const world = await World.create();
const user = await createUser(world.db, "owner@larkspur.example");
await memberOf(world.db, LARKSPUR.id, user);
const PROJECT = { SUPABASE_URL: project.url, SUPABASE_ANON_KEY: "sb_publishable_larkspur" };
const server = await world.start(PROJECT);
const legacy = await world.start({ ...PROJECT, SUPABASE_JWT_SECRET: SECRET });

const claimsOf = (changes = {}) => ({
  ...claimsOfSession({ iss: project.issuer, sub: user, email: "owner@larkspur.example" }),
  ...changes,
});

const signers = {
  ES256: (input, key = es.privateKey) => crypto.sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }),
  RS256: (input, key = rs.privateKey) => crypto.sign("sha256", Buffer.from(input), key),
  HS256: (input, key = SECRET) => crypto.createHmac("sha256", key).update(input).digest(),
};
const HEADERS = {
  ES256: { alg: "ES256", kid: "es-1", typ: "JWT" },
  RS256: { alg: "RS256", kid: "rs-1", typ: "JWT" },
  HS256: { alg: "HS256", typ: "JWT" },
};

/** A token: `by` names the signer, `header` and `claims` may be objects or texts, `key` signs instead of the right one. */
function token({ by = "ES256", header = HEADERS[by], claims = claimsOf(), key, signature } = {}) {
  const input = `${b64(header)}.${b64(claims)}`;
  return `${input}.${(signature ?? signers[by](input, key)).toString("base64url")}`;
}

const withHeader = (more, by = "ES256") => token({ by, header: { ...HEADERS[by], ...more } });
const withClaims = (more) => token({ claims: claimsOf(more) });

const me = (text, on = server, headers = {}) =>
  request({ port: on.port, path: "/api/v1/me", headers: { authorization: `Bearer ${text}`, ...headers } });

function assertKnown(answer) {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json().user.id, user);
  assert.deepEqual(
    answer.json().businesses.map((b) => b.id),
    [LARKSPUR.id],
  );
}

function assertUnknown(answer, code = "unauthorized") {
  assert.equal(answer.status, 401, answer.text);
  assert.match(answer.headers["www-authenticate"], /^Bearer\b/);
  assert.equal(answer.json().error.code, code);
  assert.ok(!answer.text.includes(LARKSPUR.name) && !answer.text.includes(LARKSPUR.id));
}

test("good tokens: ES256, RS256, and HS256 where its secret is configured", async () => {
  assertKnown(await me(token()));
  assertKnown(await me(token({ by: "RS256" })));
  assertKnown(await me(token(), legacy));
  assertKnown(await me(token({ by: "HS256" }), legacy));
  assertKnown(await me(withHeader({ kid: "a-legacy-name" }, "HS256"), legacy));
  assertKnown(await me(withClaims({ aud: ["authenticated", "other"] })));
  assertKnown(await me(withClaims({ email: "", session_id: undefined })));
  assertKnown(await me(withClaims({ exp: now() - 20 })));
  for (const scheme of ["bearer", "BEARER"])
    assertKnown(await me("", server, { authorization: `${scheme} ${token()}` }));
});

test("keys were fetched from the project's address and nowhere else, once a server", async () => {
  assert.deepEqual(new Set(project.asked), new Set(["/auth/v1/.well-known/jwks.json"]));
  assert.equal(await server.metric("ringback_jwks_fetches_total", { result: "good" }), 1);
  assert.ok((await server.metric("ringback_jwks_time_seconds")) > now() - 300);
});

const [head, body, tail] = token().split(".");
const pem = es.publicKey.export({ type: "spki", format: "pem" });
const zero = Buffer.alloc(32);
const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
const der = crypto.sign("sha256", Buffer.from(`${head}.${body}`), es.privateKey);
const good = Buffer.from(tail, "base64url");

const REFUSED = {
  "no token": "",
  "no JWT": "sb_publishable_larkspur",
  "two parts": `${head}.${body}`,
  "four parts": `${head}.${body}.${tail}.${tail}`,
  "no signature": `${head}.${body}.`,
  padding: `${head}.${body}.${tail}==`,
  blanks: `${head} .${body}.${tail}`,
  "alg none": token({ header: { alg: "none", typ: "JWT" }, signature: Buffer.from("x") }),
  "alg none, no signature": `${b64({ alg: "none" })}.${body}.`,
  "alg None": withHeader({ alg: "None" }),
  "alg nOnE": withHeader({ alg: "nOnE" }),
  "alg missing": withHeader({ alg: undefined }),
  "alg a list": withHeader({ alg: ["ES256"] }),
  "alg a number": withHeader({ alg: 256 }),
  "alg ES512": withHeader({ alg: "ES512" }),
  "alg of another key": withHeader({ alg: "RS256" }),
  "HS256 without a configured secret": token({ by: "HS256" }),
  "HS256 with the public key": token({ by: "HS256", key: pem }),
  "HS256 with the public key, named": token({ by: "HS256", key: pem, header: { alg: "HS256", kid: "es-1" } }),
  "HS256 with an empty secret": token({ by: "HS256", key: "" }),
  "kid a path": withHeader({ kid: "../../dev/null" }),
  "kid SQL": withHeader({ kid: "es-1' or '1'='1" }),
  "kid an address": withHeader({ kid: "https://evil.example/jwks.json" }),
  "kid with NUL": withHeader({ kid: "es-1\u0000" }),
  "kid missing": withHeader({ kid: undefined }),
  "kid unknown": withHeader({ kid: "es-2" }),
  jku: withHeader({ jku: "https://evil.example/jwks.json" }),
  "jwk brought along": token({
    header: { ...HEADERS.ES256, jwk: foreign.publicKey.export({ format: "jwk" }) },
    key: foreign.privateKey,
  }),
  crit: withHeader({ crit: ["exp"] }),
  "alg twice": token({ header: '{"alg":"ES256","alg":"none","kid":"es-1"}' }),
  "somebody else's key": token({ key: foreign.privateKey }),
  "r and s zero": token({ signature: Buffer.concat([zero, zero]) }),
  "s the order": token({ signature: Buffer.concat([good.subarray(0, 32), order]) }),
  DER: `${head}.${body}.${der.toString("base64url")}`,
  "63 bytes": `${head}.${body}.${good.subarray(1).toString("base64url")}`,
  "65 bytes": `${head}.${body}.${Buffer.concat([good, zero.subarray(0, 1)]).toString("base64url")}`,
  "another payload": `${head}.${b64(claimsOf({ sub: crypto.randomUUID() }))}.${tail}`,
  "exp missing": withClaims({ exp: undefined }),
  "exp a text": withClaims({ exp: String(now() + 3600) }),
  "exp a fraction": withClaims({ exp: now() + 3600.5 }),
  "exp 1e400": token({ claims: JSON.stringify(claimsOf({ exp: 0 })).replace('"exp":0', '"exp":1e400') }),
  "nbf ahead": withClaims({ nbf: now() + 3600 }),
  "iat ahead": withClaims({ iat: now() + 3600 }),
  "another project": withClaims({ iss: "https://abcdefghijklmnopqrst.supabase.co/auth/v1" }),
  "iss with a slash": withClaims({ iss: `${project.issuer}/` }),
  "iss missing": withClaims({ iss: undefined }),
  "aud another": withClaims({ aud: "other" }),
  "aud missing": withClaims({ aud: undefined }),
  "role anon": withClaims({ role: "anon" }),
  "role service_role": withClaims({ role: "service_role" }),
  "role postgres": withClaims({ role: "postgres" }),
  "role missing": withClaims({ role: undefined, user_metadata: { role: "authenticated" } }),
  "sub missing": withClaims({ sub: undefined }),
  "sub no uuid": withClaims({ sub: "owner@larkspur.example" }),
  "sub null": withClaims({ sub: null }),
  "session_id no uuid": withClaims({ session_id: "1" }),
  "sub twice": token({ claims: JSON.stringify(claimsOf()).replace("{", `{"sub":"${crypto.randomUUID()}",`) }),
  "too deep": token({ claims: JSON.stringify(claimsOf({ a: [[[[[[[[]]]]]]]] })) }),
  "too long": withClaims({ user_metadata: { text: "x".repeat(8192) } }),
};

for (const [what, text] of Object.entries(REFUSED)) {
  test(`refused: ${what}`, async () => assertUnknown(await me(text)));
}

test("refused with a secret too: the recorded token of another project, and public keys as its secret", async () => {
  for (const { token: recorded } of fixtureJson("token-vectors.json").vectors)
    assertUnknown(await me(recorded, legacy));
  assertUnknown(await me(token({ by: "HS256", key: pem }), legacy));
  assertUnknown(await me(token({ by: "HS256", header: { alg: "HS256", kid: "es-1" } }), legacy));
  assertUnknown(await me(token({ by: "HS256", key: `${SECRET}x` }), legacy));
});

test("a token that was good is told that it has expired", async () => {
  assertUnknown(await me(withClaims({ exp: now() - 60, iat: now() - 3660 })), "token_expired");
});

test("other places for a token, and two of them, are none", async () => {
  const text = token();
  for (const headers of [
    {},
    { authorization: text },
    { authorization: `Basic ${text}` },
    { apikey: text },
    { cookie: `access_token=${text}` },
  ]) {
    assertUnknown(await request({ port: server.port, path: "/api/v1/me", headers }));
  }
  assertUnknown(await request({ port: server.port, path: `/api/v1/me?access_token=${text}` }));
  const twice = `Authorization: Bearer ${text}\r\n`;
  const { first, connection } = await raw(server.port, `GET /api/v1/me HTTP/1.1\r\nHost: a\r\n${twice}${twice}\r\n`);
  assert.equal(first.status, 401);
  connection.close();
});

test("what a person may write into their own record gives no rights", async () => {
  const text = withClaims({
    user_metadata: { role: "service_role", business_id: PLAIN.id, sub: crypto.randomUUID(), is_admin: true },
    app_metadata: { role: "postgres", businesses: [PLAIN.id] },
  });
  assertKnown(await me(text));
  const other = await request({
    port: server.port,
    path: `/api/v1/settings?business=${PLAIN.id}`,
    headers: { authorization: `Bearer ${text}` },
  });
  assert.equal(other.status, 404);
});

test("a stranger with a good token sees no business", async () => {
  const answer = await me(withClaims({ sub: crypto.randomUUID() }));
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json().businesses, []);
});

test("sign-in is the project's: the server has no such routes", async () => {
  for (const path of ["/token?grant_type=password", "/logout", "/recover"]) {
    assert.equal(
      (await server.post(`/auth/v1${path}`, "{}", { "content-type": "application/json" })).status,
      404,
      path,
    );
  }
  for (const path of ["/user", "/.well-known/jwks.json", "/health", "/settings"]) {
    const answer = await server.get(`/auth/v1${path}`, { headers: { authorization: `Bearer ${token()}` } });
    assert.equal(answer.status, 404, path);
  }
});

test("a flood of made-up keys is one question to the project", async () => {
  const fresh = await world.start(PROJECT);
  assertKnown(await me(token(), fresh));
  const before = project.asked.length;
  const flood = Array.from({ length: 200 }, (_, i) => me(withHeader({ kid: `made-up-${i}` }), fresh));
  for (const answer of await Promise.all(flood)) assertUnknown(answer);
  assert.ok(project.asked.length - before <= 1, `${project.asked.length - before} questions`);
  assertKnown(await me(token(), fresh));
  assert.equal(await fresh.metric("ringback_token_checks_total", { result: "unknown_key" }), 200);
  await fresh.stop();
});

test("a new key is found, a key that is gone is forgotten", async () => {
  const fresh = await world.start(PROJECT);
  assertKnown(await me(token(), fresh));
  const next = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keys = project.keys;
  project.keys = [jwkOf(next, "es-9", "ES256")];
  assertKnown(await me(token({ header: { ...HEADERS.ES256, kid: "es-9" }, key: next.privateKey }), fresh));
  assertUnknown(await me(token(), fresh));
  project.keys = keys;
  await fresh.stop();
});

test("no keys yet: the server says that it is its own fault, and goes on by itself", async () => {
  project.status = 500;
  const fresh = await world.start(PROJECT);
  const answer = await me(token(), fresh);
  assert.equal(answer.status, 503, answer.text);
  assert.equal(answer.json().error.code, "unavailable");
  assert.ok(Number(answer.headers["retry-after"]) > 0);
  assertUnknown(await me("nonsense", fresh));
  project.status = 200;
  await until("the keys come", async () => (await me(token(), fresh)).status === 200);
  // From now on the project may be away: the keys stay.
  project.status = 500;
  assertKnown(await me(token(), fresh));
  project.status = 200;
  await fresh.stop();
});

test("settings that would let others in stop the start", async () => {
  const refused = [
    { ...PROJECT, SUPABASE_URL: "http://abcdefghijklmnopqrst.supabase.co" },
    { ...PROJECT, SUPABASE_URL: "http://127.0.0.1@evil.example" },
    { ...PROJECT, SUPABASE_JWT_SECRET: "too-short" },
  ];
  for (const settings of refused) {
    const end = await command(["serve"], {
      ...world.env(settings),
      PUBLIC_URL,
      LISTEN: "127.0.0.1:0",
      ADMIN_LISTEN: "127.0.0.1:0",
    });
    assert.equal(end.code, 1, end.stderr);
    assert.match(end.stderr, /SUPABASE_(URL|JWT_SECRET)/);
    assert.ok(!end.stderr.includes("too-short"));
  }
});

test("no token and no secret is in a log", () => {
  for (const one of world.servers) {
    for (const part of [head, body, tail, SECRET]) assert.ok(!one.stderr.includes(part));
    assert.ok(!/eyJ[A-Za-z0-9_-]{20}/.test(one.stderr), "a token is in the log");
  }
});
