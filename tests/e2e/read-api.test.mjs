// The read API over HTTP: parameters, pages, tags, compression, the export, the settings. What Postgres computes is tested
// in dashboard-sql.test.mjs, who sees what in isolation-*.test.mjs.
import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import zlib from "node:zlib";
import { World } from "./lib/world.mjs";
import { LARKSPUR, until } from "./lib/env.mjs";
import { request } from "./lib/client.mjs";
import { assertBodiesRefused, assertRefused } from "./lib/refusals.mjs";
import { authRequest, bearer, createUser, memberOf, signIn } from "./lib/session.mjs";

const CALLS = 1203; // more than two pages of the export
const FORMULA = '=HYPERLINK("http://x.example","hello")';

const world = await World.create();
const server = await world.start();
const business = (
  await world.db.one("select business_id as id from business_phones where phone = $1", [LARKSPUR.phone])
).id;
await memberOf(world.db, business, await createUser(world.db, "owner@larkspur.example"));
await memberOf(world.db, business, await createUser(world.db, "staff@larkspur.example"), "staff");
const owner = await signIn(server, "owner@larkspur.example");
const staff = await signIn(server, "staff@larkspur.example");

/** One call a minute, newest first by its number; every 100th has a summary that a spreadsheet would run. */
async function seedCalls() {
  await world.db.rows(
    `insert into calls (id, business_id, provider_claim, caller_claim, called_claim, status_rank, started_at, seen_ended_at,
                        ended_claim, reported_seconds, summary, caller_spoke, has_report)
     select gen_random_uuid(), $1, '3p-' || n, '3+1646555' || lpad((n % 100)::text, 4, '0'), '3' || $2, 5,
            now() - n * interval '1 minute', now() - n * interval '1 minute' + interval '40 seconds', '3customer-ended-call', 40,
            case when n % 100 = 0 then $3 else 'About the leaking tap, number ' || n end, true, true
     from generate_series(1, $4::int) n`,
    [business, LARKSPUR.phone, FORMULA, CALLS],
  );
}

await seedCalls();

const ask = (path, { as = owner, method = "GET", headers = {}, body } = {}) =>
  request({ port: server.port, path, method, headers: { ...(as ? bearer(as) : {}), ...headers }, body });

const patch = (changes, more = {}) =>
  ask("/api/v1/settings", {
    method: "PATCH",
    body: typeof changes === "string" ? changes : JSON.stringify(changes),
    headers: { "content-type": "application/json" },
    ...more,
  });

test("without a token nothing is answered, and the answer says what is missing", async () => {
  for (const path of ["/api/v1/me", "/api/v1/overview", "/api/v1/calls", "/api/v1/calls.csv", "/api/v1/settings"]) {
    const answer = await ask(path, { as: null });
    assert.equal(answer.status, 401, path);
    assert.equal(answer.headers["www-authenticate"], "Bearer", path);
    assert.equal(answer.json().error.code, "unauthorized");
  }
  const wrong = await request({ port: server.port, path: "/api/v1/me", headers: { authorization: "Basic bm8=" } });
  assert.equal(wrong.status, 401);
});

test("me names the person, the businesses and the role", async () => {
  const mine = (await ask("/api/v1/me")).json();
  assert.equal(mine.user.email, "owner@larkspur.example");
  assert.deepEqual(
    mine.businesses.map((b) => [b.id, b.role]),
    [[business, "owner"]],
  );
  assert.equal((await ask("/api/v1/me", { as: staff })).json().businesses[0].role, "staff");
});

test("parameters that make no sense are refused by name", async () => {
  const refused = [
    ["/api/v1/calls?limit=0", "limit"],
    ["/api/v1/calls?limit=201", "limit"],
    ["/api/v1/calls?limit=ten", "limit"],
    ["/api/v1/calls?from=2026-02-30", "from"],
    ["/api/v1/calls?from=2026-11-02&to=2026-11-01", "from"],
    ["/api/v1/calls?to=yesterday", "to"],
    ["/api/v1/calls?cursor=1", "cursor"],
    ["/api/v1/calls?cursor=-5.00000000-0000-0000-0000-000000000000", "cursor"],
    ["/api/v1/calls?outcome=handled%27", "outcome"],
    ["/api/v1/calls?caller=555", "caller"],
    ["/api/v1/calls?caller=%2B1646555a123", "caller"],
    ["/api/v1/calls?urgency=urgent", "urgency"],
    ["/api/v1/calls.csv?urgency=high,", "urgency"],
    [`/api/v1/calls?reason=${"a".repeat(481)}`, "reason"],
    ["/api/v1/calls?called=6465550187", "called"],
    ["/api/v1/calls.csv?called=%2B0", "called"],
    ["/api/v1/calls?recording=no", "recording"],
    ["/api/v1/calls?shorter=0", "shorter"],
    ["/api/v1/calls.csv?shorter=1.5", "shorter"],
    ["/api/v1/calls?longer=86401", "longer"],
    ["/api/v1/calls?call_back=1", "call_back"],
    ["/api/v1/overview?call_back=yes", "parameter"],
    ["/api/v1/calls?business=larkspur", "business"],
    ["/api/v1/calls?q=%FF", "q"],
    ["/api/v1/calls?q=%00", "q"],
    [`/api/v1/calls?q=${"a".repeat(501)}`, "q"],
    ["/api/v1/calls?form=2026-11-01", "parameter"],
    ["/api/v1/calls?limit=5&limit=6", "twice"],
    ["/api/v1/overview?from=2020-01-01&to=2026-01-01", "400 days"],
    ["/api/v1/overview?from=2020-01-01", "400 days"],
    ["/api/v1/overview?cursor=1", "parameter"],
  ];
  for (const [path, word] of refused) {
    const answer = await ask(path);
    assert.equal(answer.status, 400, path);
    assert.equal(answer.json().error.code, "bad_request", path);
    assert.ok(answer.json().error.message.includes(word), `${path}: ${answer.text}`);
  }
  for (const path of ["/api/v1/calls/1", "/api/v1/digests/2026-02-30", "/api/v1/calls/../me", "/api/v1/nothing"])
    assert.equal((await ask(path)).status, 404, path);
  assert.equal((await ask("/api/v1/calls?q=&outcome=&cursor=")).status, 200, "empty fields of a form are no filters");
});

test("a list comes page by page, every row once, newest first", async () => {
  const seen = [];
  let cursor = null;
  for (let page = 0; page < 20; page++) {
    const answer = (await ask(`/api/v1/calls?limit=200${cursor ? `&cursor=${cursor}` : ""}`)).json();
    seen.push(...answer.calls);
    cursor = answer.next_cursor;
    if (!cursor) break;
  }
  assert.equal(cursor, null);
  assert.equal(seen.length, CALLS);
  assert.equal(new Set(seen.map((c) => c.id)).size, CALLS);
  assert.deepEqual(
    seen.map((c) => c.started_at),
    seen.map((c) => c.started_at).sort((a, b) => (a < b ? 1 : -1)),
  );
});

test("an answer has a tag, and is not sent again to who has it", async () => {
  const first = await ask("/api/v1/calls?limit=2");
  assert.equal(first.status, 200);
  assert.match(first.headers.etag, /^"[^"]+"$/);
  assert.equal(first.headers["cache-control"], "private, no-store");
  const again = await ask("/api/v1/calls?limit=2", { headers: { "if-none-match": first.headers.etag } });
  assert.equal(again.status, 304);
  assert.equal(again.body.length, 0);
  const other = await ask("/api/v1/calls?limit=3", { headers: { "if-none-match": first.headers.etag } });
  assert.equal(other.status, 200);
});

test("long answers are compressed for who takes it", async () => {
  const plain = await ask("/api/v1/calls?limit=50");
  const packed = await ask("/api/v1/calls?limit=50", { headers: { "accept-encoding": "gzip" } });
  assert.equal(plain.headers["content-encoding"], undefined);
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.ok(packed.body.length * 3 < plain.body.length);
  assert.deepEqual(JSON.parse(zlib.gunzipSync(packed.body)), plain.json());
  const head = await ask("/api/v1/calls?limit=50", { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
  assert.equal(head.headers["content-length"], plain.headers["content-length"]);
});

/** The rows of a CSV file, by RFC 4180 and nothing more forgiving. */
function parseCsv(text) {
  const rows = [];
  let row = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let at = 0;
  for (let m; at < text.length && (m = cell.exec(text)); at = cell.lastIndex) {
    row.push(m[1] !== undefined ? m[1].replaceAll('""', '"') : m[2]);
    if (m[3] === "\r\n") rows.push(row.splice(0));
  }
  assert.equal(at, text.length, `not CSV from byte ${at}: ${JSON.stringify(text.slice(at, at + 60))}`);
  return rows;
}

test("the export has every call, in order, and no formula", async () => {
  const answer = await ask("/api/v1/calls.csv?to=2099-12-31&from=2026-01-01");
  assert.equal(answer.status, 200);
  assert.match(answer.headers["content-type"], /^text\/csv; charset=utf-8/);
  assert.equal(answer.headers["content-disposition"], 'attachment; filename="calls-from-2026-01-01-to-2099-12-31.csv"');
  assert.ok(answer.text.startsWith("\uFEFF"));
  const [titles, ...rows] = parseCsv(answer.text.slice(1));
  assert.equal(rows.length, CALLS);
  assert.ok(rows.every((row) => row.length === titles.length));
  assert.equal(new Set(rows.map((row) => row.at(-1))).size, CALLS, "the call's id is the last column");
  for (const cell of rows.flat()) assert.ok(!/^\s*[=+\-@\t\r\n＝＋－＠]/u.test(cell), `a formula: ${cell}`);
  assert.equal(rows.flat().filter((cell) => cell === `'${FORMULA}`).length, Math.floor(CALLS / 100));
  const some = parseCsv((await ask("/api/v1/calls.csv?caller=0007")).text.slice(1));
  assert.equal(some.length - 1, Math.floor((CALLS - 7) / 100) + 1);
});

test("filters reach the list and the export alike, page by page", async () => {
  await world.db.rows(
    `update calls set analysis = jsonb_build_object('structuredData', jsonb_build_object(
                          'reason', case n % 3 when 0 then 'Leaking tap' else 'Other' end,
                          'urgency', case n % 4 when 0 then 'high' when 1 then 'low' end)),
                      recording_claim = case when n % 5 = 0 then '2https://recordings.example/' || n end,
                      called_claim = case when n % 6 = 0 then '3+16465550111' else called_claim end,
                      reported_seconds = n % 120,
                      ended_claim = case when n % 7 = 0 then '5twilio.no-answer' else ended_claim end
     from (select id, substring(provider_claim from 4)::int as n from calls) c where c.id = calls.id`,
  );
  const called = encodeURIComponent("+16465550111");
  // Callers repeat after 100 calls: the newest ones decide.
  const missed = (n) => n % 7 === 0 || n % 120 < 15;
  const toCallBack = (n) => {
    for (let m = n; m > 0; m -= 100) if (!missed(m)) return false;
    return true;
  };
  const cases = [
    ["urgency=high", (n) => n % 4 === 0],
    ["urgency=unknown,low", (n) => n % 4 > 0],
    ["reason=LEAKING+tap", (n) => n % 3 === 0],
    [`called=${called}`, (n) => n % 6 === 0],
    ["recording=yes", (n) => n % 5 === 0],
    ["shorter=30&longer=10", (n) => n % 120 > 10 && n % 120 < 30],
    ["call_back=yes", toCallBack],
    ["call_back=yes&urgency=high", (n) => toCallBack(n) && n % 4 === 0],
    [`q=leaking&recording=yes&called=${called}&reason=&longer=5`, (n) => n % 30 === 0 && n % 120 > 5],
  ];
  await until("the words are made", async () => {
    await world.db.rows("select private.index_due_calls(5000)");
    return (await world.db.one("select count(*)::int as n from private.call_words_due")).n === 0;
  });
  for (const [filter, fits] of cases) {
    const wanted = Array.from({ length: CALLS }, (_, i) => i + 1).filter(fits);
    assert.ok(wanted.length > 2, `${filter}: ${wanted.length}`);
    const ids = [];
    for (let cursor = ""; cursor !== null;) {
      const page = (await ask(`/api/v1/calls?${filter}&limit=90&cursor=${cursor}`)).json();
      ids.push(...page.calls.map((call) => call.id));
      cursor = page.next_cursor;
    }
    const rows = await world.db.rows(
      "select id from calls where substring(provider_claim from 4)::int = any ($1) order by started_at desc",
      [wanted],
    );
    const same = rows.map((row) => row.id);
    assert.deepEqual(ids, same, filter);
    const [, ...lines] = parseCsv((await ask(`/api/v1/calls.csv?${filter}`)).text.slice(1));
    const last = lines.map((line) => line.at(-1));
    assert.deepEqual(last, same, `export of ${filter}`);
  }
});

test("a client that leaves in the middle of an export leaves nothing behind", async () => {
  const busy = async () =>
    (await request({ port: server.adminPort, path: "/metrics" })).text
      .split("\n")
      .filter((line) => line.startsWith("ringback_http_connections{"));
  const quiet = await busy();
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => {
      const req = http.get(
        { host: "127.0.0.1", port: server.port, path: "/api/v1/calls.csv", headers: bearer(owner), agent: false },
        (res) => res.once("data", () => req.destroy()).once("close", resolve),
      );
      req.on("error", resolve);
    });
  }
  await until("the connections are gone", async () => (await busy()).join() === quiet.join());
  assert.equal((await ask("/api/v1/me")).status, 200);
});

test("one person has a few exports at a time", async () => {
  const lock = await world.db.session();
  const asked = [];
  try {
    await lock.query("begin");
    await lock.query("lock table calls in access exclusive mode");
    for (let i = 0; i < 5; i++) asked.push(ask("/api/v1/calls.csv?caller=0007"));
    const first = await Promise.race(asked);
    assert.equal(first.status, 429, first.text);
  } finally {
    await lock.end();
  }
  const statuses = (await Promise.all(asked)).map((answer) => answer.status);
  assert.equal(statuses.filter((status) => status === 429).length, 1, statuses.join());
  for (let i = 0; i < 5; i++)
    assert.equal((await ask("/api/v1/calls.csv?caller=0007")).status, 200, "places come back");
});

test("an owner changes settings, one by one", async () => {
  const before = (await ask("/api/v1/settings")).json();
  assert.equal(before.can_edit, true);
  const answer = await patch({ digest_hour: 6, email: "desk@larkspur.example , second@larkspur.example" });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json(), {
    ...before,
    digest_hour: 6,
    email: "desk@larkspur.example, second@larkspur.example",
  });
  assert.deepEqual((await ask("/api/v1/settings")).json(), answer.json());
  assert.equal((await patch({})).status, 200, "no change is a change, too");
});

test("settings that make no sense are refused by name, and change nothing", async () => {
  const before = (await ask("/api/v1/settings")).json();
  const refused = [
    [{ name: "" }, "name"],
    [{ name: null }, "name"],
    [{ name: "a\nb" }, "name"],
    [{ name: "a\u202eb" }, "name"],
    [{ name: "x".repeat(201) }, "name"],
    [{ name: 7 }, "name"],
    [{ email: "nobody" }, "email"],
    [{ email: "a@b.example\r\nBcc: c@d.example" }, "email"],
    [{ email: ["a@b.example"] }, "email"],
    [{ timezone: "Mars/Olympus" }, "timezone"],
    [{ timezone: null }, "timezone"],
    [{ timezone: "posixrules" }, "timezone"],
    [{ timezone: "CET" }, "timezone"],
    [{ digest_hour: 24 }, "digest_hour"],
    [{ digest_hour: 6.5 }, "digest_hour"],
    [{ digest_hour: "6" }, "digest_hour"],
    [{ digest_enabled: "true" }, "digest_enabled"],
    [{ skip_empty_digest: null }, "skip_empty_digest"],
    [{ forward_to: "646 555" }, "forward_to"],
    [{ forward_to: "+12125550142" }, "forward_to: must be a number that is not answered here"],
    [{ fallback_greeting: "x".repeat(1001) }, "fallback_greeting"],
    [{ open_days: [1, 8] }, "open_days: must be days from 1 (Monday) to 7 (Sunday)"],
    [{ opens_at: "9 AM" }, "opens_at: must be a time such as 09:00"],
    [{ closes_at: "24:00" }, "closes_at: must be a time"],
    [{ sending: true }, "key"],
    [{ calcom_enabled: true }, "key"],
    [{ id: "00000000-0000-0000-0000-000000000000" }, "key"],
    [[], "object"],
    ['"name"', "object"],
    ["null", "object"],
  ];
  await assertRefused(patch, refused);
  await assertBodiesRefused(patch, { withNul: '{"name":"\\u0000"}', tooLarge: 9000, form: "name=x" });
  assert.deepEqual((await ask("/api/v1/settings")).json(), before);
});

test("staff read settings and change none", async () => {
  const read = (await ask("/api/v1/settings", { as: staff })).json();
  assert.equal(read.can_edit, false);
  const answer = await patch({ digest_hour: 3 }, { as: staff });
  assert.equal(answer.status, 403);
  assert.equal(answer.json().error.code, "forbidden");
});

test("who has signed out changes nothing with a token that is still fresh", async () => {
  const session = await signIn(server, "owner@larkspur.example");
  assert.equal((await patch({ skip_empty_digest: true }, { as: session })).status, 200);
  assert.equal((await authRequest(server, "POST", "/logout?scope=local", { token: session.access_token })).status, 204);
  assert.equal((await patch({ skip_empty_digest: false }, { as: session })).status, 401);
  assert.equal((await ask("/api/v1/settings")).json().skip_empty_digest, true);
});

test("a long question is given up and leaves the connection usable", async () => {
  const lock = await world.db.session();
  try {
    await lock.query("begin");
    await lock.query("lock table calls in access exclusive mode");
    const answer = await ask("/api/v1/calls");
    assert.equal(answer.status, 503, answer.text);
    assert.ok(answer.headers["retry-after"]);
  } finally {
    await lock.end();
  }
  assert.equal((await ask("/api/v1/calls?limit=1")).status, 200);
});

test("who asks for everything at once waits for himself, and nobody waits for him", async () => {
  const lock = await world.db.session();
  const asked = [];
  try {
    await lock.query("begin");
    await lock.query("lock table calls in access exclusive mode");
    for (let i = 0; i < 40; i++) asked.push(ask("/api/v1/calls?limit=1"));
    const refused = [];
    for (const answer of asked) answer.then((a) => a.status === 429 && refused.push(a));
    await until("the surplus is refused", () => refused.length === 40 - 18);
    assert.ok(refused.every((a) => a.headers["retry-after"]));
    assert.equal((await ask("/api/v1/me", { as: staff })).status, 200, "somebody else is answered meanwhile");
  } finally {
    await lock.end();
  }
  const statuses = (await Promise.all(asked)).map((a) => a.status);
  assert.equal(statuses.filter((status) => status === 429).length, 22);
  assert.equal(statuses[17], 200, "the last in line has its turn when the lock is gone");
});

test("digests are listed by day", async () => {
  await world.db.rows(
    `insert into digests (business_id, local_date, status, attempts, due_at, sent_at)
     values ($1, '2026-11-20', 'sent', 1, now(), now()), ($1, '2026-11-19', 'failed', 3, now(), null)`,
    [business],
  );
  const list = (await ask("/api/v1/digests")).json();
  assert.deepEqual(
    list.digests.map((d) => d.date),
    ["2026-11-20", "2026-11-19"],
  );
  assert.equal((await ask("/api/v1/digests/2026-11-19")).json().status, "failed");
  assert.equal((await ask("/api/v1/digests/2026-11-18")).status, 404);
});

test("an owner lets a recipient have the digest again; staff do not", async () => {
  await world.db.rows("update businesses set email = 'desk@larkspur.example' where id = $1", [business]);
  await world.db.rows("insert into paused_recipients (business_id, address, reason) values ($1, $2, 'bounced')", [
    business,
    "desk@larkspur.example",
  ]);
  const path = "/api/v1/recipients";
  const headers = { "content-type": "application/json" };
  const again = (body, more) => ask(path, { method: "PATCH", body: JSON.stringify(body), headers, ...more });
  const body = { address: "desk@larkspur.example", paused: false };
  const shown = async (as) => (await ask(path, { as })).json().recipients.map((one) => one.paused?.reason);
  assert.deepEqual(await shown(staff), ["bounced"]);
  assert.equal((await again(body, { as: staff })).status, 403);
  assert.equal((await again({ ...body, address: "x@larkspur.example" })).status, 404);
  await assertRefused(again, [
    [{ ...body, paused: true }, "paused: must be false"],
    [{ paused: false }, "address: must be"],
    [{ ...body, why: 1 }, "key"],
    [[], "object"],
  ]);
  assert.deepEqual(await shown(owner), ["bounced"]);
  const answer = await again(body);
  assert.deepEqual([answer.status, answer.json()], [200, body]);
  assert.deepEqual(await shown(owner), [undefined]);
});

test("whether mail can be sent, and when the next digest comes by this server's schedule", async () => {
  const here = (await ask("/api/v1/digests")).json();
  assert.deepEqual([here.sending, (await ask("/api/v1/settings")).json().sending], [false, false]);
  const soon = new Date(Date.now() + 3600000).toISOString().slice(11, 16);
  const able = await world.start({
    SMTP_URL: "smtp://127.0.0.1:9",
    RESEND_FROM: "Ringback <digest@larkspur.example>",
    DIGEST_SCHEDULE: `${soon} utc`,
  });
  const session = await signIn(able, "owner@larkspur.example");
  const asked = async (path) => {
    const headers = { authorization: `Bearer ${session.access_token}` };
    return (await fetch(`http://127.0.0.1:${able.port}${path}`, { headers })).json();
  };
  const there = await asked("/api/v1/digests");
  assert.deepEqual([there.sending, (await asked("/api/v1/settings")).sending], [true, true]);
  assert.equal(there.next_due_at.slice(11, 16), soon);
  assert.deepEqual((await asked("/api/v1/recipients")).sending, true);
  await able.stop();
});
