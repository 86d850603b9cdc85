// Live updates: who watches a business hears of its calls, from whichever server stored them, and nobody else does.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { LARKSPUR, PLAIN, until } from "./lib/env.mjs";
import { request } from "./lib/client.mjs";
import { Mint, claimsOf } from "./lib/isolation-tokens.mjs";
import { createUser, memberOf, signIn, signInOpens } from "./lib/session.mjs";
import { freshCall, post, rekey, sequence, snapshot, statusUpdate } from "./lib/vapi.mjs";
import { ring } from "./lib/twilio.mjs";
import { Watcher } from "./lib/watch.mjs";
import { World } from "./lib/world.mjs";

const world = await World.create();
const { db } = world;
const [here, there] = [await world.start(), await world.start()];

async function person(name, business, role) {
  const id = await createUser(db, `${name}@larkspur.example`);
  if (business) await memberOf(db, business, id, role);
  return { id, token: (await signIn(here, `${name}@larkspur.example`)).access_token };
}
const owner = await person("owner", LARKSPUR.id);
const staff = await person("staff", LARKSPUR.id, "staff");
const other = await person("other", PLAIN.id);
const nobody = await person("nobody");
const mint = await Mint.of(db);
const claims = claimsOf(owner.token);

const open = [];
async function watch(server, { who = owner, business = LARKSPUR.id, ...more } = {}) {
  const watcher = await Watcher.open(server, { token: who.token, business, ...more });
  open.push(watcher);
  assert.equal(watcher.status, 200, watcher.text);
  await watcher.hello();
  return watcher;
}
afterEach(() => open.splice(0).forEach((watcher) => watcher.close()));

/** A call to LARKSPUR, as Vapi's first message of it; resolves to the row's id. Not from the caller of the fixtures, whose
 * calls would be repeated ones then. */
async function aCall(server, call = freshCall()) {
  const answer = await post(server, statusUpdate(snapshot(call, { customer: { number: "+16465550110" } }), "in-progress"));
  assert.equal(answer.status, 200, answer.text);
  return (await db.call(call.sid)).id;
}

async function list(who) {
  const headers = { authorization: `Bearer ${who.token}` };
  const answer = await request({ port: here.port, path: "/api/v1/calls?from=2026-11-01&limit=200", headers });
  return answer.json().calls;
}

/** When this is heard, so was all that was told before it. */
async function settled(...watchers) {
  const id = await aCall(there);
  for (const watcher of watchers) await watcher.row(id);
  return id;
}

test("a stream begins with what it is about", async () => {
  const watcher = await watch(here);
  assert.equal(watcher.headers["content-type"], "text/event-stream");
  assert.equal(watcher.headers["cache-control"], "no-store");
  assert.equal(watcher.headers["x-accel-buffering"], "no");
  assert.match(watcher.text, /^retry: 3000\nid: [0-9a-f]{16}-\d+\nevent: hello\ndata: \{"business":"[0-9a-f-]{36}"\}\n\n$/);
  assert.deepEqual(watcher.events[0].data, { business: LARKSPUR.id });
  const first = await Watcher.open(here, { token: owner.token });
  open.push(first);
  await first.hello();
  assert.deepEqual(first.events[0].data, { business: LARKSPUR.id }, "without one it is the first");
});

test("a call appears to its owner and staff, as the list shows it, and to nobody else", async () => {
  const [mine, staffs, others] = [
    await watch(here),
    await watch(here, { who: staff }),
    await watch(here, { who: other, business: PLAIN.id }),
  ];
  const call = freshCall();
  for (const line of sequence()) assert.equal((await post(here, rekey(line, call))).status, 200);
  const { id } = await db.call(call.sid);
  await until("it ends", () => mine.rows.get(id)?.status === "ended", 10000);
  await until("it ends", () => staffs.rows.get(id)?.status === "ended", 10000);
  await settled(mine, staffs);
  const listed = (await list(owner)).find((row) => row.id === id);
  assert.deepEqual(mine.rows.get(id), listed);
  assert.deepEqual(staffs.rows.get(id), listed);
  const to = await ring(here, freshCall().sid, { To: PLAIN.phone });
  assert.equal(to.status, 200);
  await until("the other one hears of its own", () => others.rows.size === 1);
  assert.ok(![...others.rows.keys()].includes(id));
  assert.ok(!others.text.includes(call.sid) && !others.text.includes(id));
  assert.equal(others.of("reset").length, 0);
});

test("what one server stores is heard on the other", async () => {
  const [a, b] = [await watch(here), await watch(there)];
  const id = await aCall(here);
  await Promise.all([a.row(id), b.row(id)]);
  const back = await aCall(there);
  await Promise.all([a.row(back), b.row(back)]);
});

test("many calls at once come in few events, each call's last state", async () => {
  const watcher = await watch(here);
  const calls = Array.from({ length: 40 }, freshCall);
  const began = Date.now();
  const ids = await Promise.all(calls.map((call) => aCall(here, call)));
  const ended = { endedReason: "customer-ended-call" };
  await Promise.all(calls.map((call) => post(there, statusUpdate(snapshot(call), "ended", ended))));
  for (const id of ids) await until("ended", () => watcher.rows.get(id)?.status === "ended", 10000);
  const most = 2 + (Date.now() - began) / 1000;
  assert.ok(watcher.of("calls").length <= most, `${watcher.of("calls").length} events, at most ${most}`);
});

test("more at once than a stream holds is a reset", async () => {
  const watcher = await watch(here);
  const rows = await db.rows(
    `insert into calls (id, business_id, started_at)
     select gen_random_uuid(), $1, now() from generate_series(1, 150) returning id::text`,
    [LARKSPUR.id],
  );
  const ids = rows.map((row) => row.id).join(",");
  await db.rows("select pg_notify('ringback_calls', $1)", [`${LARKSPUR.id}:${ids}`]);
  await watcher.resets();
  assert.equal(watcher.rows.size, 0);
  await settled(watcher);
});

test("who was cut off and comes back is sent exactly what was missed", async () => {
  const first = await watch(here);
  const seen = await aCall(here);
  await first.row(seen);
  await settled(first);
  const lastEventId = first.lastId;
  first.close();
  const missed = [await aCall(here), await aCall(there), await aCall(here)];
  await settled(await watch(here, { who: staff }));
  const again = await watch(here, { lastEventId });
  assert.equal(again.events[0].id, lastEventId, "hello promises no more than what was there");
  for (const id of missed) await again.row(id);
  const one = await settled(again);
  const late = again.rows;
  late.delete(one);
  assert.equal(again.of("reset").length, 0);
  assert.equal(late.has(seen), false);
  assert.equal(late.size, missed.length + 1, "the missed ones and the one that settled");
  const current = await watch(here, { lastEventId: again.lastId });
  await settled(current);
  assert.equal(current.rows.size, 1);
});

test("who comes back with what nobody knows is told to ask again", async () => {
  const known = (await watch(here)).lastId;
  const [epoch, place] = known.split("-");
  for (const lastEventId of [
    `0123456789abcdef-${place}`,
    `${epoch}-1`,
    `${epoch}-${Number(place) + 3600e6}`,
    `${epoch}-`,
    `${epoch}`,
    `${epoch}-99999999999999999999`,
    "nonsense",
  ]) {
    const watcher = await watch(here, { lastEventId });
    await watcher.resets();
    assert.equal(watcher.rows.size, 0, lastEventId);
    watcher.close();
    await until("it is gone", async () => (await here.metric("ringback_live_streams")) <= 1);
  }
  const elsewhere = await watch(there, { lastEventId: known });
  await elsewhere.resets();
});

test("a listener that was cut off missed something: everybody is told, and it goes on", async () => {
  const watcher = await watch(here);
  const killed = await db.rows(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and query ~ '^listen'`,
    [db.name],
  );
  assert.equal(killed.length, 2, "one listener of each server");
  await watcher.resets();
  await settled(watcher);
  await db.lockOut();
  await until("it is away", async () => (await here.get("/readyz")).status === 503);
  await db.letIn();
  await Promise.all([here.ready(), there.ready()]);
  await watcher.resets(2);
  await settled(watcher);
});

test("whatever is told, nobody is shown what is not theirs", async () => {
  const [mine, others] = [await watch(here), await watch(here, { who: other, business: PLAIN.id })];
  const id = await settled(mine);
  const before = others.text;
  for (const notice of [
    "",
    "*nothing",
    id,
    PLAIN.id,
    `${PLAIN.id}:`,
    `${PLAIN.id}:nothing`,
    `${LARKSPUR.id}:${id}`,
    "\u{1f4de}".repeat(900),
  ])
    await db.rows("select pg_notify('ringback_calls', $1)", [notice]);
  await settled(mine);
  assert.equal(others.text.replaceAll(": beat\n\n", ""), before.replaceAll(": beat\n\n", ""));
  await db.rows("select pg_notify('ringback_calls', $1)", [`${PLAIN.id}:${id},${id}`]);
  await others.resets();
  assert.equal(others.rows.size, 0);
  assert.ok(!others.text.includes(id));
});

test("two rows that turn out to be one call are a reset: one of them is gone", async () => {
  const watcher = await watch(here);
  const call = freshCall();
  await ring(here, call.sid);
  const unlinked = { ...snapshot({ id: call.id }), phoneNumber: { number: LARKSPUR.phone } };
  assert.equal((await post(here, statusUpdate(unlinked, "ringing"))).status, 200);
  assert.equal(await db.count("calls where provider_call_id = $1", [call.id]), 1);
  assert.equal((await post(here, statusUpdate(snapshot(call), "in-progress"))).status, 200);
  assert.equal(await db.count("calls where provider_call_id = $1 or twilio_call_sid = $2", [call.id, call.sid]), 1);
  await watcher.resets();
  await settled(watcher);
});

test("a stream ends with its token", async () => {
  const now = Math.floor(Date.now() / 1000);
  const token = mint.sign({ ...claims, iat: now - 3600, exp: now - 20 }); // ten of the seconds that clocks may differ
  const watcher = await watch(here, { who: { token } });
  assert.equal(await watcher.end(), "whole");
  assert.equal((await Watcher.open(here, { token, business: LARKSPUR.id })).status, 401);
});

test("who is a member no longer is sent nothing more", async () => {
  const leaver = await person("leaver", LARKSPUR.id, "staff");
  const [gone, stays] = [await watch(here, { who: leaver }), await watch(here)];
  await settled(gone, stays);
  const before = gone.text;
  await db.rows("delete from business_users where user_id = $1", [leaver.id]);
  await settled(stays);
  assert.equal(await gone.end(), "whole");
  assert.equal(gone.text.replaceAll(": beat\n\n", ""), before);
  assert.equal((await Watcher.open(here, { token: leaver.token, business: LARKSPUR.id })).status, 404);
});

test("one person may watch so often and no oftener", async () => {
  const watchers = [];
  for (let i = 0; i < 6; i++) watchers.push(await watch(here));
  const refused = await Watcher.open(here, { token: owner.token, business: LARKSPUR.id });
  assert.equal(refused.status, 429);
  await refused.end();
  assert.equal(JSON.parse(refused.text).error.code, "rate_limited");
  await watch(here, { who: staff });
  watchers[0].close();
  await until("there is room again", async () => {
    const watcher = await Watcher.open(here, { token: owner.token, business: LARKSPUR.id });
    open.push(watcher);
    return watcher.status === 200;
  });
});

test("who may not watch is told so, and no more", async () => {
  for (const [more, status] of [
    [{}, 401],
    [{ token: "nonsense" }, 401],
    [{ token: owner.token, business: PLAIN.id }, 404],
    [{ token: owner.token, business: "ffffffff-0000-4000-8000-000000000001" }, 404],
    [{ token: owner.token, business: "larkspur" }, 400],
    [{ token: nobody.token }, 404],
  ]) {
    const watcher = await Watcher.open(here, more);
    assert.equal(watcher.status, status, JSON.stringify(more));
    await watcher.end();
    assert.ok(JSON.parse(watcher.text).error.code);
  }
});

test("HEAD is answered with the head alone", async () => {
  const watcher = await Watcher.open(here, { token: owner.token, business: LARKSPUR.id, method: "HEAD" });
  assert.equal(watcher.status, 200);
  assert.equal(watcher.headers["content-type"], "text/event-stream");
  assert.equal(await watcher.end(), "whole");
  assert.equal(watcher.text, "");
});

test("the figures tell of it", async () => {
  await watch(here);
  assert.ok((await here.metric("ringback_live_streams")) >= 1);
  assert.ok((await here.metric("ringback_live_events_total", { event: "calls" })) > 5);
  assert.ok((await here.metric("ringback_live_events_total", { event: "reset" })) > 1);
  assert.ok((await here.metric("ringback_live_notices_total")) > 5);
  assert.equal(await here.metric("ringback_db_connections", { pool: "live", state: "ready" }), 1);
  open.splice(0).forEach((watcher) => watcher.close());
  await until("none is left", async () => (await here.metric("ringback_live_streams")) === 0);
});

test("a server that stops does not wait for its streams", async () => {
  const server = await signInOpens(await world.start());
  const watcher = await watch(server);
  const began = Date.now();
  await server.stop();
  assert.equal(await watcher.end(), "whole");
  assert.ok(Date.now() - began < 9000, "the drain took its whole time");
});
