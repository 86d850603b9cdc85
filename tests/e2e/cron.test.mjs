// The door for outside schedulers: who may open it, and that any number of callers at any time make no digest twice.
import test from "node:test";
import assert from "node:assert/strict";
import { raw, request } from "./lib/client.mjs";
import { World } from "./lib/world.mjs";

const AT = "/api/cron/daily-digest";
const SECRET = "larkspur-cron-secret-5f3a";
const world = await World.create({ seed: false });
const { db } = world;
const server = await world.start({ CRON_SECRET: SECRET, DIGEST_SCHEDULE: "00:00 utc" });
const bearer = { authorization: `Bearer ${SECRET}` };

async function refused(answer) {
  assert.equal(answer.status, 401, answer.text);
  assert.equal(answer.headers["www-authenticate"], "Bearer");
  assert.equal(answer.json().error.code, "unauthorized");
  assert.ok(!answer.text.includes(SECRET));
}

/** A digest of it is owed since midnight UTC. */
async function addBusiness(name) {
  await db.rows(
    `insert into businesses (name, email, timezone, created_at, digest_since)
     values ($1, 'desk@larkspur.example', 'UTC', now() - interval '2 days', date_trunc('day', now(), 'UTC') - interval '1 minute')`,
    [name],
  );
}
const digestsOf = (name) =>
  db.rows(
    "select local_date::text, status from digests where business_id = (select id from businesses where name = $1)",
    [name],
  );

test("opens by Authorization and by x-cron-secret, with GET, HEAD and POST", async () => {
  for (const headers of [
    bearer,
    { authorization: `bearer ${SECRET}` },
    { "x-cron-secret": SECRET },
    { "x-cron-secret": SECRET, authorization: "Basic bGFya3NwdXI=" },
  ]) {
    for (const method of ["GET", "HEAD", "POST"]) {
      const answer = await server.get(AT, { method, headers });
      assert.equal(answer.status, 200, `${method} ${JSON.stringify(headers)}: ${answer.text}`);
      assert.equal(answer.headers["cache-control"], "no-store");
      if (method === "HEAD") assert.equal(answer.text, "");
      else assert.deepEqual(answer.json(), { due: 0, enqueued: 0, skipped: 0 });
    }
  }
  const answer = await server.post(AT, '{"hello":"scheduler"}', { ...bearer, "content-type": "application/json" });
  assert.equal(answer.status, 200, answer.text);
});

test("is shut without the secret, with a wrong one and with one in the address", async () => {
  for (const headers of [
    {},
    { authorization: "" },
    { authorization: "Bearer" },
    { authorization: "Bearer " },
    { authorization: SECRET },
    { authorization: `Basic ${SECRET}` },
    { authorization: `Bearer ${SECRET.slice(0, -1)}` },
    { authorization: `Bearer ${SECRET}x` },
    { authorization: `Bearer ${SECRET.toUpperCase()}` },
    { authorization: `Bearer ${SECRET}, Bearer ${SECRET}` },
    { "x-cron-secret": "" },
    { "x-cron-secret": `Bearer ${SECRET}` },
    { "x-cron-secret": "undefined" },
    { "x-vercel-cron": "1", "user-agent": "vercel-cron/1.0" },
  ]) {
    for (const method of ["GET", "POST"]) await refused(await server.get(AT, { method, headers }));
  }
  await refused(await server.get(`${AT}?secret=${SECRET}&CRON_SECRET=${SECRET}&x-cron-secret=${SECRET}`));
  await refused(await server.post(AT, `secret=${SECRET}`, { "content-type": "application/x-www-form-urlencoded" }));
});

test("a header that comes twice counts for nothing", async () => {
  for (const name of ["Authorization: Bearer ", "x-cron-secret: "]) {
    const lines = [`${name}${SECRET}`, `${name}${SECRET}`].join("\r\n");
    const { first, connection } = await raw(
      server.port,
      `GET ${AT} HTTP/1.1\r\nHost: x\r\n${lines}\r\nConnection: close\r\n\r\n`,
    );
    connection.close();
    assert.equal(first.status, 401, name);
  }
});

test("other verbs and longer addresses are not there", async () => {
  for (const method of ["PUT", "DELETE", "PATCH"]) {
    const answer = await server.get(AT, { method, headers: bearer });
    assert.equal(answer.status, 405);
    assert.match(answer.headers.allow, /GET/);
    assert.match(answer.headers.allow, /POST/);
  }
  assert.equal((await server.get(`${AT}/`, { headers: bearer })).status, 404);
});

test("is shut while there is no secret, or an empty one", async () => {
  for (const secret of [null, "", "   ", "\n"]) {
    const other = await world.start({ CRON_SECRET: secret });
    for (const value of ["", "undefined", "null", " "]) {
      await refused(await other.get(AT, { headers: { "x-cron-secret": value } }));
      await refused(await other.get(AT, { headers: { authorization: `Bearer ${value}` } }));
    }
    await refused(await other.get(AT));
    await other.stop();
  }
});

test("white space around the secret, as pasting leaves it, does not matter", async () => {
  const other = await world.start({ CRON_SECRET: ` \t${SECRET}\r\n` });
  assert.equal((await other.get(AT, { headers: bearer })).status, 200);
  assert.equal((await other.get(AT, { headers: { "x-cron-secret": SECRET } })).status, 200);
  await other.stop();
});

test("many calls at once make each digest once, and say so", async () => {
  const second = await world.start({ CRON_SECRET: SECRET, DIGEST_SCHEDULE: "00:00 utc" });
  // Held back, so that all calls stand at the same line.
  const lock = await db.session();
  await lock.query("begin; lock table digests in exclusive mode");
  await addBusiness("Larkspur North");
  await addBusiness("Larkspur South");
  const calls = Array.from({ length: 12 }, (_, i) =>
    (i % 2 ? server : second).get(AT, { method: i % 3 ? "GET" : "POST", headers: bearer, agent: false }),
  );
  await new Promise((done) => setTimeout(done, 500));
  await lock.query("commit");
  await lock.end();
  const answers = await Promise.all(calls);
  for (const answer of answers) {
    assert.equal(answer.status, 200, answer.text);
    const { due, enqueued, skipped, ...rest } = answer.json();
    assert.deepEqual(rest, {});
    assert.equal(due, enqueued + skipped);
  }
  // Calls of one server that wait together are one look.
  const most = Math.max(...answers.map((answer) => answer.json().enqueued));
  assert.ok(most >= 1 && most <= 2, `${most}`);
  const yesterday = (await db.one("select ((now() at time zone 'UTC')::date - 1)::text as day")).day;
  for (const name of ["Larkspur North", "Larkspur South"]) {
    const rows = await digestsOf(name);
    assert.deepEqual(
      rows.map((row) => row.local_date),
      [yesterday],
      name,
    );
  }
  await second.stop();
});

test("called again, late or early, it finds nothing new", async () => {
  const before = await db.rows("select business_id, local_date, due_at from digests order by 1, 2");
  for (let i = 0; i < 3; i++) {
    const answer = await server.get(AT, { headers: bearer });
    assert.equal(answer.json().enqueued, 0);
  }
  assert.deepEqual(await db.rows("select business_id, local_date, due_at from digests order by 1, 2"), before);
});

test("what is not at its end is due and skipped", async () => {
  await addBusiness("Larkspur East");
  await db.rows(
    `insert into digests (business_id, local_date, due_at, lease_until)
     select id, (now() at time zone 'UTC')::date - 1, now(), now() + interval '1 hour' from businesses where name = 'Larkspur East'`,
  );
  const answer = await server.get(AT, { headers: bearer });
  assert.deepEqual(answer.json(), { due: 1, enqueued: 0, skipped: 1 });
});

test("whoever leaves before the answer leaves nothing behind", async () => {
  const lock = await db.session();
  await lock.query("begin; lock table digests in exclusive mode");
  await addBusiness("Larkspur West");
  await assert.rejects(request({ port: server.port, path: AT, headers: bearer, timeoutMs: 300 }), /no answer/);
  await lock.query("commit");
  await lock.end();
  assert.equal((await server.get(AT, { headers: bearer })).status, 200);
  assert.equal((await digestsOf("Larkspur West")).length, 1);
});

test("503 while the database is away, and 200 after it came back", async () => {
  await db.lockOut();
  try {
    let answer;
    for (let i = 0; i < 100; i++) {
      answer = await server.get(AT, { headers: bearer });
      if (answer.status === 503) break;
    }
    assert.equal(answer.status, 503, answer.text);
    assert.ok(Number(answer.headers["retry-after"]) > 0);
    await refused(await server.get(AT, { headers: { "x-cron-secret": "wrong" } }));
  } finally {
    await db.letIn();
  }
  for (let i = 0; i < 200; i++) {
    const answer = await server.get(AT, { headers: bearer });
    if (answer.status === 200) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail("it does not come back");
});

test("the secret is in no log", () => {
  for (const one of world.servers) assert.ok(!(one.stderr + one.stdout).includes(SECRET));
});
