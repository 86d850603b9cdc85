// PATCH /api/v1/call-back over HTTP: who may tick a caller off, and what is answered. The rule itself is tested in
// dashboard-sql-call-back.test.mjs.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import { request } from "./lib/client.mjs";
import { LARKSPUR } from "./lib/env.mjs";
import { assertBodiesRefused, assertRefused } from "./lib/refusals.mjs";
import { authRequest, bearer, createUser, memberOf, signIn } from "./lib/session.mjs";
import { World } from "./lib/world.mjs";

const AT = "/api/v1/call-back";
const ADA = "+16465550171";
const BEN = "+16465550172";

const world = await World.create();
const server = await world.start();
const { db } = world;
const ofPhone = "select business_id as id from business_phones where phone = $1";
const business = (await db.one(ofPhone, [LARKSPUR.phone])).id;
const annex = (await db.one("insert into businesses (name) values ('Larkspur Annex') returning id")).id;
const theirs = (await db.one("insert into businesses (name) values ('Marigold Bakery') returning id")).id;
const people = {};
for (const [name, links] of Object.entries({
  owner: [
    [business, "owner"],
    [annex, "staff"],
  ],
  staff: [[business, "staff"]],
  stranger: [[theirs, "owner"]],
})) {
  const id = await createUser(db, `${name}@larkspur.example`);
  for (const [where, role] of links) await memberOf(db, where, id, role);
  people[name] = { id, ...(await signIn(server, `${name}@larkspur.example`)) };
}

/** A missed call of `number`, an hour ago; the id. */
async function miss(where, number) {
  const { id } = await db.one(
    `insert into calls (id, business_id, caller_claim, called_claim, status_rank, started_at, ended_claim)
     values (gen_random_uuid(), $1, '3' || $2, '3' || $3, 5, now() - interval '1 hour', '5twilio.no-answer') returning id`,
    [where, number, LARKSPUR.phone],
  );
  return id;
}
const adas = await miss(business, ADA);
await miss(business, BEN);
await miss(annex, ADA);
await miss(theirs, ADA);

const ask = (path, { as = people.owner, ...more } = {}) =>
  request({ port: server.port, path, ...more, headers: { ...(as ? bearer(as) : {}), ...more.headers } });
const patch = (change, { at = AT, ...more } = {}) =>
  ask(at, {
    method: "PATCH",
    body: typeof change === "string" ? change : JSON.stringify(change),
    ...more,
    headers: { "content-type": "application/json", ...more.headers },
  });
const tick = (number, more) => patch({ caller_number: number, done: true }, more);
const untick = (number, more) => patch({ caller_number: number, done: false }, more);
const rows = () => db.rows("select business_id, caller_number, done_by from call_backs order by 1, 2");
const waiting = async (as) =>
  (await ask("/api/v1/overview", { as })).json().call_back.map((row) => row.caller_number).sort();

test("owner and staff tick off and undo, and the other one sees it", async () => {
  assert.deepEqual(await waiting(), [ADA, BEN]);
  assert.equal((await ask(`/api/v1/calls/${adas}`)).json().to_call_back, true);
  const answer = await tick(ADA);
  assert.equal(answer.status, 200, answer.text);
  const { done_at } = answer.json();
  assert.match(done_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(answer.json(), { caller_number: ADA, done: true, done_at });
  assert.deepEqual(await rows(), [{ business_id: business, caller_number: ADA, done_by: people.owner.id }]);
  assert.deepEqual(await waiting(people.staff), [BEN]);
  assert.equal((await ask(`/api/v1/calls/${adas}`, { as: people.staff })).json().to_call_back, false);

  assert.equal((await tick(BEN, { as: people.staff })).status, 200);
  assert.deepEqual(await waiting(), []);
  const undone = await untick(ADA, { as: people.staff });
  assert.equal(undone.status, 200, undone.text);
  assert.deepEqual(undone.json(), { caller_number: ADA, done: false, done_at: null });
  assert.equal((await untick(BEN)).status, 200);
  assert.deepEqual(await waiting(), [ADA, BEN]);
  assert.deepEqual(await rows(), []);
});

test("a business that is named: one's own, and no other", async () => {
  const of = (id) => ({ at: `${AT}?business=${id}` });
  assert.equal((await tick(ADA, of(annex))).status, 200);
  assert.deepEqual(await rows(), [{ business_id: annex, caller_number: ADA, done_by: people.owner.id }]);
  assert.deepEqual(await waiting(), [ADA, BEN], "the first one's list is as it was");
  assert.equal((await untick(ADA, of(annex))).status, 200);
  for (const id of [theirs, crypto.randomUUID()]) {
    for (const ask of [tick, untick]) assert.equal((await ask(ADA, of(id))).status, 404);
  }
  assert.equal((await tick(ADA, { ...of(business), as: people.stranger })).status, 404);
  assert.equal((await tick(BEN, { as: people.stranger })).status, 404, "who never called there");
  assert.equal((await tick(ADA, of("first"))).status, 400);
  assert.equal((await tick(ADA, { at: `${AT}?caller=1` })).status, 400);
  assert.deepEqual(await rows(), []);
});

test("who is not signed in, or no longer, changes nothing", async () => {
  const answer = await tick(ADA, { as: null });
  assert.equal(answer.status, 401);
  assert.equal(answer.headers["www-authenticate"], "Bearer");
  const session = await signIn(server, "staff@larkspur.example");
  assert.equal((await tick(ADA, { as: session })).status, 200);
  assert.equal((await authRequest(server, "POST", "/logout?scope=local", { token: session.access_token })).status, 204);
  assert.equal((await untick(ADA, { as: session })).status, 401);
  assert.equal((await tick(BEN, { as: session })).status, 401);
  assert.equal((await rows()).length, 1);
  assert.equal((await untick(ADA)).status, 200);
});

test("what makes no sense is refused by name", async () => {
  const refused = [
    [{}, "caller_number"],
    [{ caller_number: "6465550171", done: true }, "caller_number"],
    [{ caller_number: 16465550171, done: true }, "caller_number"],
    [{ caller_number: ADA }, "done"],
    [{ caller_number: ADA, done: "yes" }, "done"],
    [{ caller_number: ADA, done: true, done_at: "2026-01-01T00:00:00Z" }, "key"],
    [[], "object"],
    ["null", "object"],
  ];
  await assertRefused(patch, refused);
  await assertBodiesRefused(patch, { withNul: '{"caller_number":"\\u0000"}', tooLarge: 1100, form: "done=true" });
  assert.equal((await ask(AT)).status, 405);
  assert.deepEqual(await rows(), []);
});
