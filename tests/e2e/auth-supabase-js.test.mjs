// The unmodified @supabase/supabase-js against the server's own sign-in: what a page would do with a Supabase project.
import test from "node:test";
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import { PUBLIC_URL, until } from "./lib/env.mjs";
import { OTHER_PASSWORD, PASSWORD, authRequest, createUser, signIn, signInOpens } from "./lib/session.mjs";
import { World } from "./lib/world.mjs";

globalThis.crypto ??= crypto.webcrypto; // Node 18 has it, but not there

const world = await World.create();
const server = await signInOpens(await world.start());
let serial = 0;

async function newUser(more) {
  const email = `owner${serial++}@larkspur.example`;
  return { email, id: await createUser(world.db, email, PASSWORD, more) };
}

/** As a page would make it. All of them share one address, which may sign in 20 times a minute. */
function newClient() {
  return createClient(`http://127.0.0.1:${server.port}`, "sb_publishable_larkspur", {
    auth: { autoRefreshToken: false, persistSession: false, detectSessionInUrl: false },
    realtime: { transport: class {} }, // no WebSocket on Node 20
  });
}

async function signedIn(user, client = newClient()) {
  const { data, error } = await client.auth.signInWithPassword({ email: user.email, password: PASSWORD });
  assert.equal(error, null);
  return { client, session: data.session };
}

const sessionsOf = (user) => world.db.count("auth.sessions where user_id = $1", [user.id]);
const claimsIn = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString("utf8"));

test("signs in", async () => {
  const user = await newUser({ raw_user_meta_data: { name: "Front desk" } });
  const before = Math.floor(Date.now() / 1000);
  const { session } = await signedIn(user);
  assert.equal(session.token_type, "bearer");
  assert.equal(session.expires_in, 3600);
  assert.ok(session.expires_at >= before + 3600 && session.expires_at < before + 3660);
  assert.equal(session.user.id, user.id);
  assert.equal(session.user.email, user.email);
  assert.equal(session.user.role, "authenticated");
  assert.equal(session.user.aud, "authenticated");
  assert.equal(session.user.phone, "");
  assert.equal(session.user.is_anonymous, false);
  assert.deepEqual(session.user.app_metadata, { provider: "email", providers: ["email"] });
  assert.deepEqual(session.user.user_metadata, { name: "Front desk" });
  assert.equal(session.user.identities.length, 1);
  assert.equal(session.user.identities[0].provider, "email");
  assert.equal(session.user.identities[0].id, user.id);
  assert.ok(Math.abs(Date.parse(session.user.last_sign_in_at) - Date.now()) < 60000);
  assert.ok(!("banned_until" in session.user), "what is not set is left out");
});

test("the access token has GoTrue's claims", async () => {
  const user = await newUser();
  const { session } = await signedIn(user);
  const claims = claimsIn(session.access_token);
  const header = JSON.parse(Buffer.from(session.access_token.split(".")[0], "base64url").toString("utf8"));
  const [{ kid }] = await world.db.rows("select kid from auth.signing_keys");
  assert.deepEqual(header, { alg: "ES256", kid, typ: "JWT" });
  const [row] = await world.db.rows("select id from auth.sessions where user_id = $1", [user.id]);
  assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 60);
  assert.ok(Math.abs(claims.amr[0].timestamp - claims.iat) <= 2);
  assert.deepEqual(claims, {
    iss: `${PUBLIC_URL}/auth/v1`,
    sub: user.id,
    aud: "authenticated",
    exp: claims.iat + 3600,
    iat: claims.iat,
    email: user.email,
    phone: "",
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: {},
    role: "authenticated",
    aal: "aal1",
    amr: [{ method: "password", timestamp: claims.amr[0].timestamp }],
    session_id: row.id,
    is_anonymous: false,
  });
});

test("small and capital letters of the mail address are the same", async () => {
  const user = await newUser();
  const { data } = await newClient().auth.signInWithPassword({ email: user.email.toUpperCase(), password: PASSWORD });
  assert.equal(data.user?.id, user.id);
});

test("a wrong password and an unknown user are told the same", async () => {
  const user = await newUser();
  const wrong = await newClient().auth.signInWithPassword({ email: user.email, password: OTHER_PASSWORD });
  const unknown = await newClient().auth.signInWithPassword({ email: "x@larkspur.example", password: PASSWORD });
  for (const { data, error } of [wrong, unknown]) {
    assert.equal(data.session, null);
    assert.equal(error.code, "invalid_credentials");
    assert.equal(error.status, 400);
    assert.equal(error.message, "Invalid login credentials");
  }
});

test("getUser asks the server, getClaims checks by itself", async () => {
  const user = await newUser();
  const { client, session } = await signedIn(user);
  const { data, error } = await client.auth.getUser();
  assert.equal(error, null);
  assert.equal(data.user.id, user.id);
  const claims = await client.auth.getClaims();
  assert.equal(claims.error, null);
  assert.equal(claims.data.claims.sub, user.id);
  assert.equal(claims.data.header.alg, "ES256");
  const [head, payload, signature] = session.access_token.split(".");
  const other = { ...claimsIn(session.access_token), sub: "11111111-2222-4333-8444-555555555555" };
  const forged = [head, Buffer.from(JSON.stringify(other)).toString("base64url"), signature].join(".");
  assert.notEqual(forged.split(".")[1], payload);
  assert.ok((await client.auth.getClaims(forged)).error, "a forged token has no claims");
  const refused = await client.auth.getUser(forged);
  assert.equal(refused.error.status, 403);
  assert.equal(refused.error.code, "bad_jwt");
});

test("refreshes, again and again", async () => {
  const user = await newUser();
  const { client, session } = await signedIn(user);
  const seen = new Set([session.refresh_token]);
  for (let i = 0; i < 5; i++) {
    const { data, error } = await client.auth.refreshSession();
    assert.equal(error, null);
    assert.equal(data.user.id, user.id);
    assert.ok(!seen.has(data.session.refresh_token), "a new refresh token each time");
    seen.add(data.session.refresh_token);
    assert.equal(claimsIn(data.session.access_token).session_id, claimsIn(session.access_token).session_id);
    assert.equal(claimsIn(data.session.access_token).amr[0].timestamp, claimsIn(session.access_token).amr[0].timestamp);
  }
  assert.equal(await sessionsOf(user), 1);
});

test("an unknown refresh token", async () => {
  const { error } = await newClient().auth.refreshSession({ refresh_token: "larkspur-never-issued" });
  assert.equal(error.code, "refresh_token_not_found");
  assert.equal(error.status, 400);
});

test("setSession takes a session over, also one whose access token has expired", async () => {
  const user = await newUser();
  const { session } = await signedIn(user);
  const taken = await newClient().auth.setSession(session);
  assert.equal(taken.error, null);
  assert.equal(taken.data.user.id, user.id);
  assert.equal(taken.data.session.refresh_token, session.refresh_token, "valid: not refreshed");
  const [head, , signature] = session.access_token.split(".");
  const past = { ...claimsIn(session.access_token), exp: Math.floor(Date.now() / 1000) - 60 };
  const expired = [head, Buffer.from(JSON.stringify(past)).toString("base64url"), signature].join(".");
  const renewed = await newClient().auth.setSession({ ...session, access_token: expired });
  assert.equal(renewed.error, null);
  assert.notEqual(renewed.data.session.refresh_token, session.refresh_token, "expired: refreshed");
});

test("updateUser changes the password and ends the other sessions", async () => {
  const user = await newUser();
  const { client } = await signedIn(user);
  const elsewhere = await signIn(server, user.email);
  const { data, error } = await client.auth.updateUser({ password: OTHER_PASSWORD });
  assert.equal(error, null);
  assert.equal(data.user.id, user.id);
  assert.equal((await client.auth.getUser()).error, null, "this session lives on");
  assert.equal(await sessionsOf(user), 1);
  const gone = await newClient().auth.refreshSession({ refresh_token: elsewhere.refresh_token });
  assert.equal(gone.error.code, "refresh_token_not_found");
  const old = await newClient().auth.signInWithPassword({ email: user.email, password: PASSWORD });
  assert.equal(old.error.code, "invalid_credentials");
  const now = await newClient().auth.signInWithPassword({ email: user.email, password: OTHER_PASSWORD });
  assert.equal(now.error, null);
  const [{ encrypted_password: hash }] = await world.db.rows("select * from auth.users where id = $1", [user.id]);
  assert.match(hash, /^\$2a\$10\$[./0-9A-Za-z]{53}$/);
});

test("updateUser refuses the same password, a short one and one that bcrypt would cut", async () => {
  const user = await newUser();
  const { client } = await signedIn(user);
  const codes = [];
  for (const password of [PASSWORD, "short", "x".repeat(73)]) {
    const { error } = await client.auth.updateUser({ password });
    codes.push([error.status, error.code, error.reasons ?? null]);
  }
  assert.deepEqual(codes, [
    [422, "same_password", null],
    [422, "weak_password", ["length"]],
    [400, "validation_failed", null],
  ]);
  assert.equal((await client.auth.updateUser({ password: "y".repeat(72) })).error, null);
});

test("updateUser writes what users say of themselves, and nothing else", async () => {
  const user = await newUser({ raw_user_meta_data: { name: "Front desk", color: "blue" } });
  const { client } = await signedIn(user);
  const { data, error } = await client.auth.updateUser({ data: { name: "Zoë", color: null, seat: { row: [1, 2] } } });
  assert.equal(error, null);
  assert.deepEqual(data.user.user_metadata, { name: "Zoë", seat: { row: [1, 2] } });
  const { data: renewed } = await client.auth.refreshSession();
  assert.deepEqual(claimsIn(renewed.session.access_token).user_metadata, { name: "Zoë", seat: { row: [1, 2] } });
  const mail = await client.auth.updateUser({ email: "other@larkspur.example" });
  assert.equal(mail.error.code, "email_provider_disabled");
  const large = await client.auth.updateUser({ data: { text: "x".repeat(3000) } });
  assert.equal(large.error.code, "validation_failed");
  const after = await client.auth.getUser();
  assert.equal(after.data.user.email, user.email);
  assert.deepEqual(after.data.user.user_metadata, { name: "Zoë", seat: { row: [1, 2] } });
});

test("resetPasswordForEmail says the same of everybody", async () => {
  const user = await newUser();
  for (const email of [user.email, "nobody@larkspur.example"]) {
    const { data, error } = await newClient().auth.resetPasswordForEmail(email, { redirectTo: PUBLIC_URL });
    assert.equal(error, null);
    assert.deepEqual(data, {});
  }
});

test("signOut of all, of this, of the others", async () => {
  for (const [scope, here, there] of [
    ["global", false, false],
    ["local", false, true],
    ["others", true, false],
  ]) {
    const user = await newUser();
    const first = await signIn(server, user.email);
    const second = await signIn(server, user.email);
    const client = newClient();
    await client.auth.setSession(first);
    const { error } = await client.auth.signOut({ scope });
    assert.equal(error, null);
    const live = [];
    for (const session of [first, second]) {
      const { error: gone } = await newClient().auth.getUser(session.access_token);
      if (gone) assert.equal(gone.name, "AuthSessionMissingError", "as after session_not_found");
      live.push(!gone);
    }
    assert.deepEqual(live, [here, there], scope);
    assert.equal(await sessionsOf(user), Number(here) + Number(there));
  }
});

test("the client notices that its session was ended elsewhere", async () => {
  const user = await newUser();
  const { client, session } = await signedIn(user);
  const answer = await authRequest(server, "POST", "/logout?scope=global", { token: session.access_token });
  assert.equal(answer.status, 204);
  const { error } = await client.auth.getUser();
  assert.equal(error.name, "AuthSessionMissingError");
  assert.equal((await client.auth.getSession()).data.session, null, "signed out");
});

test("the log names nobody, and nothing that opens a door", async () => {
  const user = await newUser();
  const { session } = await signedIn(user);
  await until("the log is written", () => server.stderr.includes(claimsIn(session.access_token).session_id));
  for (const secret of ["@larkspur.example", PASSWORD, OTHER_PASSWORD, session.refresh_token, session.access_token])
    assert.ok(!server.stderr.includes(secret), "in the log");
});
