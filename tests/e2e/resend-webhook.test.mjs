// What became of the mails: Resend's events, signed by the vendor's own client, in any order and any number of times.
import test from "node:test";
import assert from "node:assert/strict";
import { Webhook } from "svix";
import { World } from "./lib/world.mjs";
import { fixtureJson } from "./lib/env.mjs";

const LARKSPUR = "aaaaaaaa-0000-4000-8000-000000000001";
const MARIGOLD = "bbbbbbbb-0000-4000-8000-000000000002";
const DATE = "2026-11-20";
const OWNER = "owner@larkspur.example.com";
const { vectors } = fixtureJson("svix-vectors.json");
const SECRET = vectors.find((vector) => vector.name === "B").secret;

const world = await World.create({ seed: false });
const { db } = world;
await db.rows(
  "insert into businesses (id, name, email, timezone) values ($1, 'Larkspur', $3, 'UTC'), ($2, 'Marigold', $3, 'UTC')",
  [LARKSPUR, MARIGOLD, OWNER],
);
const server = await world.start({ RESEND_WEBHOOK_SECRET: SECRET });

let serial = 0;
const nextId = () => `msg_${String(++serial).padStart(24, "0")}`;
const TAGS = { kind: "digest", business: LARKSPUR, date: DATE };
/** An event about the digest of DATE, unless `data` says otherwise. */
function event(type, data = {}) {
  const base = { email_id: "0f1e2d3c-0000-4000-8000-000000000001", created_at: "2026-11-21T12:00:00.000Z" };
  const mail = { from: "Ringback <digest@mail.example.com>", to: [OWNER], subject: "Yesterday", tags: TAGS };
  return { type, created_at: "2026-11-21T12:00:05.000Z", data: { ...base, ...mail, ...data } };
}
const bounced = (type = "Permanent") =>
  event("email.bounced", { bounce: { type, subType: "General", message: "550 5.1.1 user unknown" } });

function signed(body, { id = nextId(), secret = SECRET, ageSeconds = 0, prefix = "svix" } = {}) {
  const at = new Date(Date.now() - ageSeconds * 1000);
  return {
    "content-type": "application/json",
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(Math.floor(at.getTime() / 1000)),
    [`${prefix}-signature`]: new Webhook(secret).sign(id, at, body),
  };
}
const post = (body, headers, to = server) => to.post("/api/resend-webhook", body, headers);
function deliver(what, options = {}) {
  const body = typeof what === "string" ? what : JSON.stringify(what);
  return post(body, signed(body, options), options.to);
}
async function taken(what, options) {
  const answer = await deliver(what, options);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json(), {});
}

/** Everything is as before the first event; the digest of DATE has this state. */
async function fresh(fields = {}) {
  for (const table of ["private.resend_events", "digest_deliveries", "paused_recipients", "digests"])
    await db.rows(`delete from ${table}`);
  const row = {
    status: "sent",
    resend_id: null,
    claimed_by: null,
    doubt: null,
    reason: null,
    error: null,
    attempts: 1,
    ...fields,
  };
  for (const business of [LARKSPUR, MARIGOLD])
    await db.rows(
      `insert into digests (business_id, local_date, due_at, status, resend_id, claimed_by, doubt, reason, error, attempts, delivery_status)
       values ($1, $2, now(), $3, $4, $5, $6, $7, $8, $9, case when $3 = 'sent' then 'sent' end)`,
      [business, DATE, row.status, row.resend_id, row.claimed_by, row.doubt, row.reason, row.error, row.attempts],
    );
}
const digest = (business = LARKSPUR) =>
  db.one(
    `select status, delivery_status, resend_id, claimed_by, doubt, attempt_way, reason, error, sent_at is not null as sent
     from digests where business_id = $1`,
    [business],
  );
const deliveries = () =>
  db.rows(
    "select business_id, local_date::text as date, address, status, error from digest_deliveries order by 1, 2, 3",
  );
const paused = () => db.rows("select business_id, address, reason, detail from paused_recipients order by 1, 2");
const events = () =>
  db.rows("select svix_id, type, business_id, local_date::text as date from private.resend_events order by 1");
const delivery = (status, error = null, address = OWNER) => ({
  business_id: LARKSPUR,
  date: DATE,
  address,
  status,
  error,
});

test("each kind of event is kept, and who bounces or complains gets no more mail", async () => {
  for (const [what, status, error, reason] of [
    [event("email.sent"), "sent", null, null],
    [event("email.delivery_delayed"), "delivery_delayed", null, null],
    [event("email.delivered"), "delivered", null, null],
    [event("email.failed", { failed: { reason: "reached_daily_quota" } }), "failed", "reached_daily_quota", null],
    [bounced(), "bounced", "550 5.1.1 user unknown", "bounced"],
    [bounced("Undetermined"), "bounced", "550 5.1.1 user unknown", "bounced"],
    [bounced("Transient"), "bounced", "550 5.1.1 user unknown", null],
    [
      event("email.suppressed", { suppressed: { reason: "previous_bounce", message: "It bounced before" } }),
      "suppressed",
      "It bounced before",
      "suppressed",
    ],
    [event("email.complained"), "complained", null, "complained"],
  ]) {
    await fresh();
    const id = nextId();
    await taken(what, { id });
    assert.deepEqual(await deliveries(), [delivery(status, error)], what.type);
    assert.equal((await digest()).delivery_status, status);
    assert.deepEqual(await events(), [{ svix_id: id, type: status, business_id: LARKSPUR, date: DATE }]);
    const rows = reason ? [{ business_id: LARKSPUR, address: OWNER, reason, detail: error }] : [];
    assert.deepEqual(await paused(), rows, what.type);
    assert.equal((await digest(MARIGOLD)).delivery_status, "sent", "the other business hears nothing");
  }
});

const permutations = (list) =>
  list.length < 2
    ? [list]
    : list.flatMap((one, i) => permutations([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [one, ...rest]));

test("any order of events, each of them twice, ends in the same state", async () => {
  const life = [
    event("email.sent"),
    event("email.delivery_delayed"),
    event("email.delivered"),
    event("email.complained"),
  ];
  for (const order of permutations(life)) {
    await fresh({ status: "claimed", claimed_by: "somebody" });
    const ids = new Map(order.map((what) => [what, nextId()]));
    for (const what of order) await taken(what, { id: ids.get(what) });
    for (const what of order) await taken(what, { id: ids.get(what) });
    assert.deepEqual(await deliveries(), [delivery("complained")]);
    assert.equal((await digest()).delivery_status, "complained");
    assert.equal((await paused()).length, 1);
    assert.equal((await events()).length, 4);
  }
});

test("many at once, some of them the same, end in the same state", async () => {
  await fresh({ status: "claimed", claimed_by: "somebody" });
  const other = "second@larkspur.example.com";
  const list = [
    [event("email.sent"), nextId()],
    [event("email.delivered"), nextId()],
    [event("email.sent", { to: [other] }), nextId()],
    [event("email.delivered", { to: [other] }), nextId()],
    [{ ...bounced(), data: { ...bounced().data, to: [other] } }, nextId()],
  ];
  await Promise.all([...list, ...list, ...list, ...list].map(([what, id]) => taken(what, { id })));
  assert.deepEqual(await deliveries(), [delivery("delivered"), delivery("bounced", "550 5.1.1 user unknown", other)]);
  assert.equal((await digest()).delivery_status, "bounced");
  assert.deepEqual(
    (await paused()).map((row) => row.address),
    [other],
  );
  assert.equal((await events()).length, list.length);
});

test("an id that came before does nothing more, whatever it says now", async () => {
  await fresh();
  const id = nextId();
  await taken(event("email.delivered"), { id });
  await taken(event("email.complained"), { id });
  assert.deepEqual(await deliveries(), [delivery("delivered")]);
  assert.deepEqual(await paused(), []);
});

test("an event proves that the mail was accepted, whatever the row says", async () => {
  for (const fields of [
    { status: "due", reason: "busy", error: "Resend is still at it." },
    { status: "claimed", claimed_by: "server-1", doubt: "resend" },
    { status: "unknown", doubt: "resend", reason: "too_late", error: "No clear answer came." },
    { status: "failed", reason: "refused", error: "Resend does not take this mail." },
  ]) {
    await fresh(fields);
    await taken(event("email.delivered", { email_id: "e-1" }));
    assert.deepEqual(await digest(), {
      status: "sent",
      delivery_status: "delivered",
      resend_id: "e-1",
      claimed_by: null,
      doubt: null,
      attempt_way: null,
      reason: null,
      error: null,
      sent: true,
    });
    assert.equal((await digest(MARIGOLD)).status, fields.status);
  }
});

test("without tags the provider's name of the mail finds it; tags come first", async () => {
  await fresh();
  await db.rows("update digests set resend_id = 'mail-of-marigold' where business_id = $1", [MARIGOLD]);
  await taken(event("email.delivered", { email_id: "mail-of-marigold", tags: undefined }));
  assert.equal((await digest(MARIGOLD)).delivery_status, "delivered");
  assert.equal((await digest()).delivery_status, "sent");
  await taken(event("email.complained", { email_id: "mail-of-marigold" }));
  assert.equal((await digest(MARIGOLD)).delivery_status, "delivered");
  assert.equal((await digest()).delivery_status, "complained");
  assert.equal((await digest()).resend_id, "mail-of-marigold");
});

test("mails of somebody else leave their id and nothing else", async () => {
  await fresh();
  const others = [
    { tags: undefined, email_id: "not-ours" },
    { tags: { ...TAGS, business: "cccccccc-0000-4000-8000-000000000003" }, email_id: "not-ours" },
    { tags: { ...TAGS, date: "2026-11-19" }, email_id: "not-ours" },
    { tags: { ...TAGS, date: "2026-02-31" }, email_id: "not-ours" },
    { tags: { ...TAGS, business: "x' or true --" }, email_id: "not-ours" },
    { tags: { ...TAGS, kind: "newsletter" }, email_id: "not-ours" },
    { tags: [], email_id: null, to: null },
  ];
  for (const data of others) await taken({ ...bounced(), data: { ...bounced().data, ...data } });
  assert.deepEqual(await deliveries(), []);
  assert.deepEqual(await paused(), []);
  assert.equal((await digest()).delivery_status, "sent");
  const kept = await events();
  assert.equal(kept.length, others.length);
  for (const row of kept) assert.deepEqual([row.business_id, row.date], [null, null]);
});

test("a digest that was never tried cannot have bounced, whatever the tags of a mail say", async () => {
  await fresh({ status: "skipped", reason: "empty", attempts: 0 });
  await taken(bounced());
  assert.deepEqual([await deliveries(), await paused()], [[], []]);
  assert.equal((await digest()).status, "skipped");
});

test("events that are none of ours, or no JSON, are answered and forgotten", async () => {
  await fresh();
  const before = await server.metric("ringback_digest_deliveries_total", { state: "other" });
  const list = [
    "email.opened",
    "email.clicked",
    "email.received",
    "email.scheduled",
    "contact.created",
    "domain.updated",
  ];
  for (const type of [...list, "email.read_aloud", ""]) await taken(event(type));
  for (const body of ["{", "", "[]", "null", '{"type":"email.sent"', "<html>", "{}"]) await taken(body);
  assert.deepEqual(await events(), []);
  assert.deepEqual(await deliveries(), []);
  assert.equal(await server.metric("ringback_digest_deliveries_total", { state: "other" }), before + 15);
});

test("who unsubscribed stays so; addresses are one in either case", async () => {
  await fresh();
  await db.rows("insert into paused_recipients (business_id, address, reason) values ($1, $2, 'unsubscribed')", [
    LARKSPUR,
    OWNER,
  ]);
  await taken({ ...bounced(), data: { ...bounced().data, to: ["Owner@Larkspur.Example.com"] } });
  assert.deepEqual(await paused(), [{ business_id: LARKSPUR, address: OWNER, reason: "unsubscribed", detail: null }]);
  await taken(event("email.complained"));
  assert.deepEqual(await deliveries(), [delivery("complained")]);
});

test("odd events are taken: no recipient, no time, texts that no database takes", async () => {
  await fresh();
  await taken(event("email.delivered", { to: [] }));
  assert.deepEqual(await deliveries(), []);
  assert.equal((await digest()).delivery_status, "delivered");
  const odd = event("email.bounced", {
    bounce: { type: "Permanent", message: "no\u0000\r\n\ud800 " + "é".repeat(300) },
  });
  odd.created_at = "soon";
  await taken(odd);
  const [row] = await deliveries();
  assert.equal(row.status, "bounced");
  assert.ok(row.error.length <= 200 && !/[\u0000-\u001f]/.test(row.error), row.error);
  assert.equal((await deliver(event("email.sent", { subject: "x".repeat(70000) }))).status, 413);
});

test("what is not signed, or not any more, or by somebody else, is refused", async () => {
  await fresh();
  const body = JSON.stringify(event("email.complained"));
  const good = () => signed(body);
  const without = (name) => Object.fromEntries(Object.entries(good()).filter(([key]) => key !== name));
  const raw = (headers) => headers["svix-signature"].slice(3);
  const refused = [
    {},
    without("svix-id"),
    without("svix-timestamp"),
    without("svix-signature"),
    signed(body, { secret: vectors[0].secret }),
    signed(`${body} `),
    signed(body, { ageSeconds: 310 }),
    signed(body, { ageSeconds: -310 }),
    ...[
      (h) => ({ ...h, "svix-id": `${h["svix-id"]}1` }),
      (h) => ({ ...h, "svix-timestamp": String(Number(h["svix-timestamp"]) - 1) }),
      (h) => ({ ...h, "svix-timestamp": `+${h["svix-timestamp"]}` }),
      (h) => ({ ...h, "svix-timestamp": `${h["svix-timestamp"]}abc` }),
      (h) => ({ ...h, "svix-signature": `v1, ${raw(h)}` }),
      (h) => ({ ...h, "svix-signature": `v2,${raw(h)}` }),
      (h) => ({ ...h, "svix-signature": raw(h) }),
      (h) => ({ ...h, "svix-signature": "v1," }),
      (h) => ({ ...h, "svix-id": [h["svix-id"], h["svix-id"]] }),
      (h) => ({ ...h, "svix-timestamp": [h["svix-timestamp"], "0"] }),
      (h) => ({ ...h, "svix-signature": ["v1,AAAA", h["svix-signature"]] }),
    ].map((spoil) => spoil(good())),
  ];
  for (const headers of refused) {
    const answer = await post(body, headers);
    assert.equal(answer.status, 401, JSON.stringify(headers));
    assert.equal(answer.json().error.code, "unauthorized");
  }
  assert.equal((await server.get("/api/resend-webhook")).status, 405);
  assert.deepEqual(await events(), []);
  assert.equal((await digest()).delivery_status, "sent");
});

test("several signatures, the other names of the headers, an older timestamp and the other vector's secret are taken", async () => {
  await fresh();
  const body = JSON.stringify(event("email.delivered"));
  const several = signed(body);
  several["svix-signature"] = `v1,AAAA ${several["svix-signature"]} v1a,x`;
  for (const headers of [several, signed(body, { prefix: "webhook" }), signed(body, { ageSeconds: 280 })])
    assert.equal((await post(body, headers)).status, 200);
  assert.equal((await events()).length, 3);
  const secret = vectors[0].secret;
  const another = await world.start({ RESEND_WEBHOOK_SECRET: secret });
  await taken(event("email.complained"), { to: another, secret });
  assert.equal((await digest()).delivery_status, "complained");
  await another.stop();
});

test("without a secret nothing is believed", async () => {
  const another = await world.start();
  for (const secret of [SECRET, "whsec_AA=="])
    assert.equal((await deliver(bounced(), { to: another, secret })).status, 401);
  await another.stop();
});

test("ids of more than 30 days ago are forgotten", async () => {
  await fresh();
  await db.rows(
    `insert into private.resend_events (svix_id, type, received_at)
     values ('old', 'sent', now() - interval '31 days'), ('recent', 'sent', now() - interval '29 days')`,
  );
  const another = await world.start({ RESEND_WEBHOOK_SECRET: SECRET });
  await taken(event("email.delivered"), { to: another, id: "new" });
  assert.deepEqual(
    (await events()).map((row) => row.svix_id),
    ["new", "recent"],
  );
  await another.stop();
});

test("while the database is away the sender is asked to come again, and then it is stored", async () => {
  await fresh();
  const id = nextId();
  await db.lockOut();
  try {
    const answer = await deliver(event("email.delivered"), { id });
    assert.equal(answer.status, 503);
    assert.ok(Number(answer.headers["retry-after"]) > 0);
  } finally {
    await db.letIn();
  }
  for (let i = 0; i < 100 && (await deliver(event("email.delivered"), { id })).status !== 200; i++)
    await new Promise((done) => setTimeout(done, 100));
  assert.deepEqual(await deliveries(), [delivery("delivered")]);
});

test("each event is one line in the log, without address or text; the metric counts what is new", async () => {
  const log = server.stderr + server.stdout;
  for (const text of ["larkspur.example", "user unknown", "Yesterday", SECRET.slice(6)])
    assert.ok(!log.includes(text), text);
  const lines = server.lines().filter((line) => line.event === "mail_event");
  assert.deepEqual([...new Set(lines.map((line) => line.result))].sort(), [
    "known",
    "not_about_delivery",
    "not_json",
    "not_ours",
    "paused",
    "stored",
  ]);
  const counted = lines.filter((line) => line.state === "complained" && ["stored", "paused"].includes(line.result));
  assert.ok(counted.length > 0);
  assert.equal(await server.metric("ringback_digest_deliveries_total", { state: "complained" }), counted.length);
});
