// Refresh tokens: one chain a session, whatever happens at once, in which order, and to the server meanwhile.
import test from "node:test";
import assert from "node:assert/strict";
import { sleep, until } from "./lib/env.mjs";
import { once, urlFor } from "./lib/database.mjs";
import { prng } from "./lib/prng.mjs";
import { authRequest, createUser, signIn, signInOpens } from "./lib/session.mjs";
import { World } from "./lib/world.mjs";

const world = await World.create({ seed: false });

// All of them meet an empty table of keys.
const [server, second, third] = await Promise.all([world.start(), world.start(), world.start()]);
for (const each of [server, second, third]) await signInOpens(each);

let serial = 0;

async function newSession(at = server) {
  const email = `owner${serial++}@larkspur.example`;
  const id = await createUser(world.db, email);
  return { id, email, ...(await signIn(at, email)) };
}

const refresh = (token, at = server) =>
  authRequest(at, "POST", "/token?grant_type=refresh_token", { body: { refresh_token: token } });
const look = (token, at = server) => authRequest(at, "GET", "/user", { token });

async function renewed(token, at) {
  const answer = await refresh(token, at);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

/** The chain as stored: counters without a gap, the newest one is the session's, all but it are used. */
async function chainOf(session) {
  const [row] = await world.db.rows("select * from auth.sessions where user_id = $1", [session.id]);
  const tokens = await world.db.rows("select * from auth.refresh_tokens where session_id = $1 order by counter", [
    row.id,
  ]);
  assert.deepEqual(
    tokens.map((token) => Number(token.counter)),
    tokens.map((_, i) => i),
  );
  assert.equal(Number(row.refresh_token_counter), tokens.length - 1);
  assert.deepEqual(
    tokens.map((token) => token.used_at === null),
    tokens.map((_, i) => i === tokens.length - 1),
  );
  return tokens.length;
}

const age = (session, interval) =>
  world.db.rows(
    `update auth.refresh_tokens set used_at = used_at - $2::interval
     where session_id in (select id from auth.sessions where user_id = $1)`,
    [session.id, interval],
  );

test("servers that start together agree on one key", async () => {
  assert.equal(await world.db.count("auth.signing_keys"), 1);
  const sets = [];
  for (const each of [server, second, third])
    sets.push(JSON.stringify((await authRequest(each, "GET", "/.well-known/jwks.json")).body));
  assert.equal(new Set(sets).size, 1);
  const session = await newSession(second);
  for (const each of [server, second, third]) assert.equal((await look(session.access_token, each)).status, 200);
});

test("no token is stored as it is", async () => {
  const session = await newSession();
  const next = await renewed(session.refresh_token);
  const text = JSON.stringify(await world.db.rows("select t::text from auth.refresh_tokens t"));
  for (const token of [session.refresh_token, next.refresh_token]) {
    assert.match(token, /^[\w-]{43}$/);
    assert.ok(!text.includes(token));
    assert.ok(!text.includes(Buffer.from(token, "base64url").toString("hex")));
  }
});

test("the newest one's parent brings the newest again, however late", async () => {
  const session = await newSession();
  const next = await renewed(session.refresh_token);
  await age(session, "30 days");
  for (let i = 0; i < 3; i++) {
    const again = await renewed(session.refresh_token);
    assert.equal(again.refresh_token, next.refresh_token);
    assert.equal((await look(again.access_token)).status, 200);
  }
  assert.equal(await chainOf(session), 2);
});

test("an older one is taken for ten seconds, and brings the newest too", async () => {
  const session = await newSession();
  let newest = session;
  const chain = [session.refresh_token];
  for (let i = 0; i < 4; i++) {
    newest = await renewed(newest.refresh_token);
    chain.push(newest.refresh_token);
  }
  await age(session, "2 seconds");
  for (const token of chain.slice(0, -1)) assert.equal((await renewed(token)).refresh_token, newest.refresh_token);
  assert.equal(await chainOf(session), 5);
});

test("after that it ends the session", async () => {
  const session = await newSession();
  const parent = await renewed(session.refresh_token);
  const newest = await renewed(parent.refresh_token);
  const other = await signIn(server, session.email);
  await age(session, "11 seconds");
  const stolen = await refresh(session.refresh_token);
  assert.deepEqual([stolen.status, stolen.body.code], [400, "refresh_token_already_used"]);
  assert.equal(stolen.body.message, "Invalid Refresh Token: Already Used");
  for (const token of [newest.refresh_token, parent.refresh_token, session.refresh_token])
    assert.equal((await refresh(token)).body.code, "refresh_token_not_found");
  assert.equal((await look(newest.access_token)).body.code, "session_not_found");
  assert.equal((await look(other.access_token)).status, 200, "the user's other session lives on");
  assert.ok(server.lines().some((line) => line.event === "refresh_token_used_again" && line.session));
});

test("twenty at once make one chain", async () => {
  for (let round = 0; round < 5; round++) {
    const session = await newSession();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => renewed(session.refresh_token, [server, second, third][i % 3])),
    );
    assert.equal(new Set(answers.map((answer) => answer.refresh_token)).size, 1, "all were given the same");
    assert.equal(await chainOf(session), 2);
  }
});

test("two tabs that refresh as they like never lose their session", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = prng(seed);
    const session = await newSession();
    const tabs = [session.refresh_token, session.refresh_token, session.refresh_token];
    for (let step = 0; step < 12; step++) {
      await age(session, "-1 minute"); // however slow this machine is, all of it happens within ten seconds
      const now = tabs.map((_, i) => i).filter(() => random() < 0.6);
      await Promise.all(
        now.map(async (i) => {
          const answer = await renewed(tabs[i], [server, second][i % 2]);
          assert.equal((await look(answer.access_token, third)).status, 200);
          if (random() < 0.7) tabs[i] = answer.refresh_token; // else the answer was lost
        }),
      );
    }
    await chainOf(session);
  }
});

test("a server that is killed in the middle costs nobody his session", async () => {
  for (let round = 0; round < 4; round++) {
    const fragile = await world.start();
    await signInOpens(fragile);
    const sessions = [];
    for (let i = 0; i < 6; i++) sessions.push(await newSession(fragile));
    const under = sessions.map((session) => refresh(session.refresh_token, fragile).catch(() => null));
    await sleep(round * 4);
    await fragile.kill();
    const answers = await Promise.all(under);
    await fragile.start();
    await signInOpens(fragile);
    for (const [i, session] of sessions.entries()) {
      const next = await renewed(session.refresh_token, fragile);
      if (answers[i]?.status === 200) assert.equal(next.refresh_token, answers[i].body.refresh_token);
      await renewed(next.refresh_token, fragile);
      assert.ok((await chainOf(session)) >= 3);
      assert.equal((await look(session.access_token, fragile)).status, 200, "the key is the same as before");
    }
    await fragile.stop();
  }
  assert.equal(await world.db.count("auth.signing_keys"), 1);
});

test("a database that goes away in the middle costs nobody his session", async () => {
  const sessions = [];
  for (let i = 0; i < 6; i++) sessions.push(await newSession());
  const under = sessions.map((session) => refresh(session.refresh_token));
  await world.db.terminateBackends();
  for (const answer of await Promise.all(under)) assert.ok([200, 503].includes(answer.status), String(answer.status));
  for (const session of sessions) {
    const next = await until("a refresh", async () => {
      const answer = await refresh(session.refresh_token);
      assert.ok([200, 503].includes(answer.status), JSON.stringify(answer.body));
      return answer.status === 200 && answer.body;
    });
    await renewed(next.refresh_token);
    assert.ok((await chainOf(session)) >= 3);
  }
});

test("signing out while others refresh leaves no session behind", async () => {
  for (let round = 0; round < 5; round++) {
    const session = await newSession();
    const [out, ...answers] = await Promise.all([
      authRequest(server, "POST", "/logout", { token: session.access_token }),
      ...Array.from({ length: 8 }, () => refresh(session.refresh_token, second)),
    ]);
    assert.equal(out.status, 204);
    for (const answer of answers)
      assert.ok(answer.status === 200 || answer.body.code === "refresh_token_not_found", JSON.stringify(answer.body));
    assert.equal(await world.db.count("auth.sessions where user_id = $1", [session.id]), 0);
    for (const answer of answers.filter((each) => each.status === 200))
      assert.equal((await refresh(answer.body.refresh_token)).body.code, "refresh_token_not_found");
  }
});

test("a user has a hundred sessions, and the newest ones", async () => {
  const session = await newSession();
  await world.db.rows(
    `insert into auth.sessions (user_id, created_at, updated_at)
     select $1, now() - n * interval '1 day', now() - n * interval '1 day' from generate_series(1, 150) n`,
    [session.id],
  );
  await signIn(server, session.email);
  assert.equal(await world.db.count("auth.sessions where user_id = $1", [session.id]), 100);
  assert.equal((await look(session.access_token)).status, 200);
  const [{ oldest }] = await world.db.rows(
    "select extract(day from now() - min(updated_at)) as oldest from auth.sessions where user_id = $1",
    [session.id],
  );
  assert.equal(Number(oldest), 98);
});

test("a session remembers a thousand used tokens", async () => {
  const session = await newSession();
  const [{ id }] = await world.db.rows("select id from auth.sessions where user_id = $1", [session.id]);
  await world.db.rows("update auth.sessions set refresh_token_counter = 5000 where id = $1", [id]);
  await world.db.rows("update auth.refresh_tokens set counter = 5000 where session_id = $1", [id]);
  await world.db.rows(
    `insert into auth.refresh_tokens (token_hash, session_id, counter, used_at)
     select sha256(n::text::bytea), $1, n, now() - interval '1 hour' from generate_series(0, 4999) n`,
    [id],
  );
  await renewed(session.refresh_token);
  const [{ least, n }] = await world.db.rows(
    "select min(counter)::int as least, count(*)::int as n from auth.refresh_tokens where session_id = $1",
    [id],
  );
  assert.deepEqual([least, n], [4001, 1001]);
});

test("keys change without signing anybody out", async () => {
  const session = await newSession();
  const [{ kid }] = await world.db.rows("select kid from auth.signing_keys where status = 'in_use'");
  const other = await World.create({ seed: false, label: "auth_other_keys" });
  const elsewhere = await signInOpens(await other.start());
  const [spare] = await other.db.rows("select kid, private_jwk from auth.signing_keys");
  await world.db.rows("insert into auth.signing_keys (kid, private_jwk, status) values ($1, $2, 'standby')", [
    spare.kid,
    spare.private_jwk,
  ]);
  const keysOf = async (at) => (await authRequest(at, "GET", "/.well-known/jwks.json")).body.keys.map((key) => key.kid);
  const fresh = await signInOpens(await world.start());
  assert.deepEqual((await keysOf(fresh)).sort(), [kid, spare.kid].sort());
  await world.db.rows("update auth.signing_keys set status = 'previous' where kid = $1", [kid]);
  await world.db.rows("update auth.signing_keys set status = 'in_use' where kid = $1", [spare.kid]);
  const later = await signInOpens(await world.start());
  const next = await renewed(session.refresh_token, later);
  const head = JSON.parse(Buffer.from(next.access_token.split(".")[0], "base64url"));
  assert.equal(head.kid, spare.kid, "signed with the new one");
  assert.equal((await look(session.access_token, later)).status, 200, "the old one still counts");
  assert.equal((await look(next.access_token, fresh)).status, 200, "who knew it as standby takes it at once");
  assert.equal((await look(next.access_token, elsewhere)).status, 403, "another issuer's session is none of ours");
});

test("the role that signs people in can do that and nothing else", async () => {
  const url = urlFor(world.db.name, "ringback_server");
  const denied = async (role, sql) => {
    await assert.rejects(once(url, role ? `set role ${role}; ${sql}` : sql), /permission denied/, `${role}: ${sql}`);
  };
  for (const table of ["users", "sessions", "refresh_tokens", "signing_keys", "identities"]) {
    for (const role of [null, "authenticated", "ringback_ingest"]) await denied(role, `select * from auth.${table}`);
    await once(url, `set role ringback_auth; select * from auth.${table} limit 1`);
    const [row] = await world.db.rows(
      "select relrowsecurity, relforcerowsecurity from pg_class where oid = $1::regclass",
      [`auth.${table}`],
    );
    assert.deepEqual(row, { relrowsecurity: true, relforcerowsecurity: true }, table);
  }
  for (const sql of [
    "select * from public.businesses",
    "select * from public.calls",
    "insert into auth.users (email) values ('x@larkspur.example')",
    "delete from auth.users",
    "update auth.users set email = 'x@larkspur.example'",
    "update auth.users set raw_app_meta_data = '{}'",
    "update auth.users set banned_until = null",
    "update auth.signing_keys set status = 'previous'",
    "delete from auth.signing_keys",
    "insert into public.business_users values (gen_random_uuid(), gen_random_uuid(), 'owner')",
  ])
    await denied("ringback_auth", sql);
  await assert.rejects(
    world.db.rows("insert into auth.users (email) values ('Capital@larkspur.example')"),
    /email_lower/,
  );
});
