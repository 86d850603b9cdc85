// Sign-in on the wire: GoTrue's codes and texts, in both of their forms.
import test from "node:test";
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { PUBLIC_URL } from "./lib/env.mjs";
import {
  ODD_PASSWORD,
  OTHER_PASSWORD,
  PASSWORD,
  authRequest,
  createUser,
  signIn,
  signInOpens,
} from "./lib/session.mjs";
import { World } from "./lib/world.mjs";

const world = await World.create({ seed: false });
const server = await signInOpens(await world.start());
let serial = 0;

async function newUser(more, password = PASSWORD) {
  const email = `owner${serial++}@larkspur.example`;
  return { email, id: await createUser(world.db, email, password, more) };
}

const grant = (body, options = {}) => authRequest(server, "POST", "/token?grant_type=password", { body, ...options });
const refresh = (token, options = {}) =>
  authRequest(server, "POST", "/token?grant_type=refresh_token", { body: { refresh_token: token }, ...options });

function assertError(answer, status, code, message) {
  assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
  assert.equal(answer.headers["x-sb-error-code"], code);
  assert.equal(answer.headers["x-supabase-api-version"], "2024-01-01");
  assert.match(answer.headers["content-type"], /^application\/json/);
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.ok(answer.body.message);
  if (message) assert.equal(answer.body.message, message);
}

/** Signs what it is given with the server's own key, as somebody who had it could. */
async function forge(claims, header = {}) {
  const [{ kid, private_jwk: jwk }] = await world.db.rows("select kid, private_jwk from auth.signing_keys");
  const parts = [{ alg: "ES256", kid, typ: "JWT", ...header }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const key = crypto.createPrivateKey({ key: jwk, format: "jwk" });
  const signature = crypto.sign("sha256", Buffer.from(parts.join(".")), { key, dsaEncoding: "ieee-p1363" });
  return [...parts, signature.toString("base64url")].join(".");
}

const claimsIn = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString("utf8"));

test("both forms of an error", async () => {
  const body = () => ({ email: `nobody${serial++}@larkspur.example`, password: PASSWORD });
  for (const version of ["2024-01-01", "2024-06-30", "2099-12-31"]) {
    const answer = await grant(body(), { headers: { "x-supabase-api-version": version } });
    assertError(answer, 400, "invalid_credentials", "Invalid login credentials");
    assert.deepEqual(Object.keys(answer.body).sort(), ["code", "message"]);
  }
  for (const version of [null, "", "2023-12-31", "yesterday", "2024-1-01", "2024-01-01T00"]) {
    const answer = await grant(body(), { headers: { "x-supabase-api-version": version } });
    assert.equal(answer.status, 400);
    assert.equal(answer.headers["x-supabase-api-version"], undefined);
    assert.equal(answer.headers["x-sb-error-code"], "invalid_credentials");
    assert.deepEqual(answer.body, {
      code: 400,
      error_code: "invalid_credentials",
      msg: "Invalid login credentials",
    });
  }
});

test("passwords that are none", async () => {
  for (const password of [
    undefined,
    null,
    "",
    7,
    OTHER_PASSWORD,
    `${PASSWORD} `,
    `${PASSWORD}\u0000`,
    "x".repeat(73),
  ]) {
    const user = await newUser();
    const answer = await grant({ email: user.email, password });
    assertError(answer, 400, "invalid_credentials", "Invalid login credentials");
    assert.equal((await grant({ email: user.email, password: PASSWORD })).status, 200);
  }
});

test("a password that is longer than bcrypt reads is wrong, even if its beginning is right", async () => {
  const user = await newUser();
  const session = await signIn(server, user.email);
  const long = "z".repeat(72);
  const changed = await authRequest(server, "PUT", "/user", { body: { password: long }, token: session.access_token });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assertError(await grant({ email: user.email, password: `${long}z` }), 400, "invalid_credentials");
  assert.equal((await grant({ email: user.email, password: long })).status, 200);
});

test("a password that is no ASCII", async () => {
  const user = await newUser({}, ODD_PASSWORD);
  assert.equal((await grant({ email: user.email, password: ODD_PASSWORD })).status, 200);
  assertError(await grant({ email: user.email, password: PASSWORD }), 400, "invalid_credentials");
});

test("accounts that cannot sign in", async () => {
  const rows = [
    [{ encrypted_password: null }, "invalid_credentials", "Invalid login credentials"],
    [{ encrypted_password: "" }, "invalid_credentials", "Invalid login credentials"],
    [{ encrypted_password: "larkspur-front-desk" }, "invalid_credentials", "Invalid login credentials"],
    [{ deleted_at: new Date() }, "invalid_credentials", "Invalid login credentials"],
    [{ is_sso_user: true }, "invalid_credentials", "Invalid login credentials"],
    [{ email_confirmed_at: null }, "email_not_confirmed", "Email not confirmed"],
    [{ banned_until: "2100-01-01" }, "user_banned", "User is banned"],
  ];
  for (const [more, code, message] of rows) {
    const user = await newUser(more);
    assertError(await grant({ email: user.email, password: PASSWORD }), 400, code, message);
    const wrong = await grant({ email: user.email, password: OTHER_PASSWORD });
    assertError(wrong, 400, "invalid_credentials", "Invalid login credentials");
  }
  const free = await newUser({ banned_until: "2000-01-01" });
  assert.equal((await grant({ email: free.email, password: PASSWORD })).status, 200, "a ban ends");
});

test("hashes that other programs wrote", async () => {
  const [{ encrypted_password: hash }] = await world.db.rows(
    "select encrypted_password from auth.users where id = $1",
    [(await newUser()).id],
  );
  for (const prefix of ["$2b$", "$2y$"]) {
    const user = await newUser({ encrypted_password: prefix + hash.slice(4) });
    assert.equal((await grant({ email: user.email, password: PASSWORD })).status, 200, prefix);
  }
});

test("bodies that are no wish", async () => {
  for (const body of ["", "{", '"text"x', "\u0000"]) assertError(await grant(body), 400, "bad_json");
  assertError(await grant({ password: PASSWORD }), 400, "validation_failed", "missing email or phone");
  assertError(await grant({ phone: "15550100", password: PASSWORD }), 422, "phone_provider_disabled");
  for (const type of ["", "?grant_type=", "?grant_type=pkce", "?grant_type=Password"]) {
    const answer = await authRequest(server, "POST", `/token${type}`, { body: {} });
    assertError(answer, 400, "invalid_credentials", "unsupported_grant_type");
  }
  assert.equal((await grant({ email: "x".repeat(70000) })).status, 413);
});

test("refresh tokens that are none", async () => {
  for (const token of [undefined, null, ""]) {
    const answer = await refresh(token);
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body, { error: "invalid_request", error_description: "refresh_token required" });
  }
  for (const token of ["nonsense", "x".repeat(60000), "\u0000'; --", crypto.randomBytes(32).toString("base64url")])
    assertError(await refresh(token), 400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found");
});

test("sessions that cannot be refreshed", async () => {
  const banned = await newUser();
  const first = await signIn(server, banned.email);
  await world.db.rows("update auth.users set banned_until = now() + interval '1 day' where id = $1", [banned.id]);
  assertError(await refresh(first.refresh_token), 400, "user_banned", "Invalid Refresh Token: User Banned");
  await world.db.rows("update auth.users set banned_until = null where id = $1", [banned.id]);
  assert.equal((await refresh(first.refresh_token)).status, 200, "the ban cost him nothing");

  const late = await newUser();
  const second = await signIn(server, late.email);
  await world.db.rows("update auth.sessions set not_after = now() where user_id = $1", [late.id]);
  assertError(await refresh(second.refresh_token), 400, "session_expired", "Invalid Refresh Token: Session Expired");
  const look = await authRequest(server, "GET", "/user", { token: second.access_token });
  assertError(look, 403, "session_not_found");

  const gone = await newUser();
  const third = await signIn(server, gone.email);
  await world.db.rows("delete from auth.users where id = $1", [gone.id]);
  assertError(await refresh(third.refresh_token), 400, "refresh_token_not_found");
});

test("who is not signed in", async () => {
  const user = await newUser();
  const session = await signIn(server, user.email);
  const claims = claimsIn(session.access_token);
  const endpoints = [
    ["GET", "/user", undefined],
    ["PUT", "/user", { data: { a: 1 } }],
    ["POST", "/logout", undefined],
  ];
  for (const [method, path, body] of endpoints) {
    const ask = (token, headers) => authRequest(server, method, path, { body, token, headers });
    assertError(await ask(), 401, "no_authorization", "This endpoint requires a valid Bearer token");
    assertError(await ask(undefined, { authorization: "Basic abc" }), 401, "no_authorization");
    for (const token of ["sb_publishable_larkspur", "a.b.c", await forge({ ...claims, exp: claims.iat - 60 })])
      assertError(await ask(token), 403, "bad_jwt");
    assertError(await ask(await forge({ ...claims, iss: "https://elsewhere.example/auth/v1" })), 403, "bad_jwt");
    assertError(await ask(await forge({ ...claims, role: "service_role" })), 403, "bad_jwt");
    assertError(await ask(await forge({ ...claims, session_id: crypto.randomUUID() })), 403, "session_not_found");
    assertError(await ask(await forge({ ...claims, session_id: undefined })), 403, "session_not_found");
    assertError(await ask(await forge({ ...claims, sub: crypto.randomUUID() })), 403, "user_not_found");
  }
  assert.equal((await authRequest(server, "GET", "/user", { token: await forge(claims) })).status, 200, "forged well");
  await world.db.rows("update auth.users set banned_until = now() + interval '1 day' where id = $1", [user.id]);
  assertError(await authRequest(server, "GET", "/user", { token: session.access_token }), 403, "user_banned");
  assertError(
    await authRequest(server, "PUT", "/user", { token: session.access_token, body: { data: {} } }),
    403,
    "user_banned",
  );
});

test("one user's token and another's session", async () => {
  const mine = await signIn(server, (await newUser()).email);
  const other = await newUser();
  const theirs = await signIn(server, other.email);
  const mixed = await forge({ ...claimsIn(mine.access_token), session_id: claimsIn(theirs.access_token).session_id });
  for (const [method, path, body] of [
    ["GET", "/user"],
    ["PUT", "/user", { password: OTHER_PASSWORD }],
    ["POST", "/logout?scope=local"],
    ["POST", "/logout?scope=global"],
  ])
    assertError(await authRequest(server, method, path, { token: mixed, body }), 403, "session_not_found");
  assert.equal((await authRequest(server, "GET", "/user", { token: theirs.access_token })).status, 200);
  assert.equal((await authRequest(server, "GET", "/user", { token: mine.access_token })).status, 200);
});

test("wishes that are refused, and what becomes of the account: nothing", async () => {
  const user = await newUser();
  const { access_token: token } = await signIn(server, user.email);
  const before = await world.db.rows("select * from auth.users where id = $1", [user.id]);
  for (const [body, status, code] of [
    ["{", 400, "bad_json"],
    [{ data: [1] }, 400, "bad_json"],
    [{ data: "text" }, 400, "bad_json"],
    [{ app_metadata: { role: "owner" } }, 403, "not_admin"],
    [{ email: "other@larkspur.example" }, 422, "email_provider_disabled"],
    [{ phone: "15550100" }, 422, "phone_provider_disabled"],
    [{ password: "" }, 422, "weak_password"],
    [{ password: "seven77" }, 422, "weak_password"],
    [{ password: "x".repeat(73) }, 400, "validation_failed"],
    [{ password: PASSWORD }, 422, "same_password"],
    [{ password: OTHER_PASSWORD, current_password: "wrong-one" }, 400, "current_password_invalid"],
    [{ password: "seven77", data: { a: 1 } }, 422, "weak_password"],
    [{ data: { text: "x".repeat(2100) } }, 400, "validation_failed"],
    ['{"data":{"n":1e999999}}', 400, "validation_failed"],
  ])
    assertError(await authRequest(server, "PUT", "/user", { token, body }), status, code);
  const old = await authRequest(server, "PUT", "/user", {
    token,
    body: { password: "seven77" },
    headers: { "x-supabase-api-version": null },
  });
  assert.deepEqual(old.body, {
    code: 422,
    error_code: "weak_password",
    msg: "Password should be at least 8 characters.",
    weak_password: { reasons: ["length"] },
  });
  assert.deepEqual(await world.db.rows("select * from auth.users where id = $1", [user.id]), before);
  const proven = { password: OTHER_PASSWORD, current_password: PASSWORD };
  assert.equal((await authRequest(server, "PUT", "/user", { token, body: proven })).status, 200);
  assert.equal((await authRequest(server, "PUT", "/user", { token, body: { email: user.email } })).status, 200);
  assertError(await authRequest(server, "POST", "/logout?scope=all", { token }), 400, "validation_failed");
});

test("data that is deeper than a token may be is kept, and left out of the token", async () => {
  const user = await newUser();
  const session = await signIn(server, user.email);
  const data = { a: { b: { c: { d: { e: { f: { g: { h: 1 } } } } } } } };
  const changed = await authRequest(server, "PUT", "/user", { token: session.access_token, body: { data } });
  assert.deepEqual(changed.body.user_metadata, data);
  const renewed = await refresh(session.refresh_token);
  assert.equal(renewed.status, 200, JSON.stringify(renewed.body));
  assert.deepEqual(claimsIn(renewed.body.access_token).user_metadata, {});
  const look = await authRequest(server, "GET", "/user", { token: renewed.body.access_token });
  assert.deepEqual(look.body.user_metadata, data);
});

test("keys, health and settings are for everybody", async () => {
  const keys = await authRequest(server, "GET", "/.well-known/jwks.json");
  const [{ kid, private_jwk: jwk }] = await world.db.rows("select * from auth.signing_keys");
  assert.equal(keys.status, 200);
  assert.equal(keys.headers["cache-control"], "public, max-age=600");
  assert.equal(keys.body.keys.length, 1);
  const [key] = keys.body.keys;
  assert.deepEqual([key.kid, key.kty, key.crv, key.alg, key.x, key.y], [kid, "EC", "P-256", "ES256", jwk.x, jwk.y]);
  assert.ok(!("d" in key), "the private half stays here");
  const health = await authRequest(server, "GET", "/health");
  assert.deepEqual([health.status, health.body.name], [200, "GoTrue"]);
  const settings = await authRequest(server, "GET", "/settings");
  assert.equal(settings.body.external.email, true);
  assert.equal(settings.body.disable_signup, true);
  const recover = await authRequest(server, "POST", "/recover?redirect_to=x", {
    body: { email: "a@larkspur.example" },
  });
  assert.deepEqual([recover.status, recover.body], [200, {}]);
});

test("what is not served", async () => {
  for (const [method, path] of [
    ["POST", "/signup"],
    ["POST", "/otp"],
    ["POST", "/verify"],
    ["POST", "/admin/users"],
    ["GET", "/admin/users"],
  ])
    assert.equal((await authRequest(server, method, path, { body: method === "POST" ? {} : undefined })).status, 404);
});

test("with Supabase's project there is no sign-in of our own", async () => {
  const away = await world.start({ SUPABASE_URL: "http://127.0.0.1:9", SUPABASE_ANON_KEY: "sb_publishable_larkspur" });
  for (const path of ["/token?grant_type=password", "/user", "/.well-known/jwks.json", "/health"])
    assert.equal((await authRequest(away, path.startsWith("/token") ? "POST" : "GET", path)).status, 404);
});

test("the metrics count", async () => {
  assert.ok((await server.metric("ringback_sign_ins_total", { result: "ok" })) > 5);
  assert.ok((await server.metric("ringback_sign_ins_total", { result: "wrong" })) > 5);
  assert.ok((await server.metric("ringback_sign_ins_total", { result: "refused" })) >= 2);
  assert.ok((await server.metric("ringback_refreshes_total", { result: "unknown" })) >= 4);
  assert.ok((await server.metric("ringback_refreshes_total", { result: "rotated" })) >= 2);
  assert.equal(await server.metric("ringback_passwords_waiting"), 0);
});

test("the log names nobody", () => {
  for (const secret of ["@larkspur.example", PASSWORD, OTHER_PASSWORD, PUBLIC_URL.slice(8)])
    assert.ok(!server.stderr.includes(secret), `in the log: ${secret}`);
});
