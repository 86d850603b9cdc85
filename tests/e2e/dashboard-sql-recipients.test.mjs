// Who gets the digest, who does not any more, and when the next one comes: the statements behind it, by role.
import { test } from "node:test";
import assert from "node:assert/strict";
import { Desk, OTHER, OWNER, STAFF, claims } from "./lib/desk.mjs";
import { addDays } from "./lib/history.mjs";

const desk = await Desk.open("recipients");
const read = (who, business) => desk.reader.json(claims(who), "recipients_read", business, "t");
const address = (who) => claims(who).email;

async function write(who, business, body) {
  const [row] = await desk.reader.rows(claims(who), "recipient_write", business, JSON.stringify(body));
  return row.outcome;
}
const pause = (business, email, reason, detail = null) =>
  desk.db.rows("insert into paused_recipients values ($1, $2, $3, $4, '2026-11-20T08:00:00Z')", [
    business,
    email,
    reason,
    detail,
  ]);
const name = (business, email) => desk.db.rows("update businesses set email = $2 where id = $1", [business, email]);

test("without a name the digest goes to every owner, and members see to whom", async () => {
  const business = await desk.addBusiness("Owners");
  await desk.db.rows("insert into business_users values ($1, $2, 'owner'), ($1, $3, 'staff')", [
    business,
    OTHER,
    STAFF,
  ]);
  const both = [address(OWNER), address(OTHER)].map((one) => ({ address: one, paused: null }));
  const wanted = { enabled: true, sending: true, are_owners: true, recipients: both };
  for (const who of [OWNER, OTHER, STAFF]) assert.deepEqual(await read(who, business), wanted);
  const alone = await desk.addBusiness("Alone");
  assert.equal(await read(STAFF, alone), null, "others are told nothing");
  const rows = await desk.reader.rows(claims(OTHER), "recipients_read", alone);
  assert.deepEqual(rows, []);
});

test("another's recipients are not told, however one asks", async () => {
  const business = await desk.addBusiness("Asked past the statement");
  await desk.reader.client.query("begin");
  await desk.reader.client.query(
    "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)",
    [JSON.stringify(claims(OTHER))],
  );
  const { rows } = await desk.reader.client.query("select * from private.my_digest_recipients($1)", [business]);
  await desk.reader.client.query("rollback");
  assert.deepEqual(rows, []);
});

test("those who are paused say why, in whatever case they are named", async () => {
  const business = await desk.addBusiness("Paused");
  await name(business, "Desk@larkspur.example, owner@larkspur.example");
  await pause(business, "desk@larkspur.example", "bounced", "550 no such mailbox");
  await pause(business, "gone@larkspur.example", "complained");
  await pause(desk.first, "owner@larkspur.example", "complained");
  const { recipients, are_owners } = await read(OWNER, business);
  assert.equal(are_owners, false);
  assert.deepEqual(recipients, [
    {
      address: "Desk@larkspur.example",
      paused: { reason: "bounced", detail: "550 no such mailbox", since: "2026-11-20T08:00:00.000Z" },
    },
    { address: "owner@larkspur.example", paused: null },
  ]);
});

test("an owner lets one of them have it again, nobody else does, and nothing else is taken", async () => {
  const business = await desk.addBusiness("Again");
  await desk.db.rows("insert into business_users values ($1, $2, 'staff')", [business, STAFF]);
  await name(business, "desk@larkspur.example, till@larkspur.example");
  await pause(business, "desk@larkspur.example", "unsubscribed");
  await pause(business, "till@larkspur.example", "bounced");
  await pause(desk.first, "desk@larkspur.example", "bounced");
  const again = { address: "DESK@larkspur.example", paused: false };
  const paused = async (of) =>
    (await desk.db.rows("select address from paused_recipients where business_id = $1 order by 1", [of])).map(
      (row) => row.address,
    );
  const refused = [
    [STAFF, again, "forbidden"],
    [OTHER, again, "not_found"],
    [OWNER, [], "invalid:body"],
    [OWNER, { ...again, reason: "bounced" }, "invalid:key"],
    [OWNER, { paused: false }, "invalid:address"],
    [OWNER, { address: "", paused: false }, "invalid:address"],
    [OWNER, { ...again, address: null }, "invalid:address"],
    [OWNER, { address: again.address }, "invalid:paused"],
    [OWNER, { ...again, paused: true }, "invalid:paused"],
    [OWNER, { ...again, paused: "false" }, "invalid:paused"],
    [OWNER, { ...again, address: "nobody@larkspur.example" }, "not_found"],
  ];
  for (const [who, body, outcome] of refused) assert.equal(await write(who, business, body), outcome);
  assert.deepEqual(await paused(business), ["desk@larkspur.example", "till@larkspur.example"]);
  assert.equal(await write(OWNER, business, again), "ok");
  assert.deepEqual(await paused(business), ["till@larkspur.example"]);
  assert.deepEqual(
    (await desk.db.rows("select 1 from paused_recipients where business_id = $1", [desk.first])).length > 0,
    true,
    "another business's stay",
  );
  assert.equal(await write(OWNER, business, again), "ok", "twice is as good as once");
});

// When the next digest comes.

const MINUTE = 60000;
const next = async (business, minute = "0", utcMinute = null) =>
  (await desk.ask("digests_list", business, null, null, "t", minute, utcMinute)).next_due_at;

async function since(business, daysAgo) {
  await desk.db.rows(
    `update businesses set created_at = now() - $2 * interval '1 day', digest_since = now() - $2 * interval '1 day'
     where id = $1`,
    [business, daysAgo],
  );
}
/** An hour from now, on the minute; and that as a minute of its UTC day. */
function inAnHour() {
  const at = Math.floor(Date.now() / MINUTE) * MINUTE + 60 * MINUTE;
  return { at, text: new Date(at).toISOString(), minute: String((at / MINUTE) % 1440) };
}

test("the first digest of a business of today comes tomorrow, also when its hour is still to come", async () => {
  const business = await desk.addBusiness("Today", "UTC");
  await desk.db.rows("update businesses set digest_hour = 23 where id = $1", [business]);
  const today = new Date().toISOString().slice(0, 10);
  assert.equal(await next(business, "59"), `${addDays(today, 1)}T23:59:00.000Z`);
});

test("the next digest comes at its hour, for the day that has none yet", async () => {
  const business = await desk.addBusiness("Next", "UTC");
  await since(business, 10);
  await desk.db.rows("update businesses set digest_hour = 0 where id = $1", [business]);
  const soon = inAnHour();
  const isTomorrow = soon.text.slice(0, 10) !== new Date().toISOString().slice(0, 10);
  const minute = isTomorrow ? String(Number(soon.minute) + 1440) : soon.minute;
  assert.equal(await next(business, minute), soon.text);
  const dayOfIt = new Date(soon.at - Number(minute) * MINUTE - 1).toISOString().slice(0, 10);
  await desk.db.rows("insert into digests (business_id, local_date, due_at) values ($1, $2, now())", [
    business,
    dayOfIt,
  ]);
  assert.equal(await next(business, minute), new Date(soon.at + 1440 * MINUTE).toISOString());
  await desk.db.rows("update businesses set digest_enabled = false where id = $1", [business]);
  assert.equal(await next(business, minute), null);
});

test("at one minute of the UTC day for all, wherever they are", async () => {
  for (const zone of ["America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"]) {
    const business = await desk.addBusiness(`Of ${zone}`, zone);
    await since(business, 10);
    const soon = inAnHour();
    assert.equal(await next(business, "30", soon.minute), soon.text, zone);
  }
});

test("a digest that waits for a retry says until when; what became of it at each recipient", async () => {
  const business = await desk.addBusiness("Deliveries");
  const mails = ["b@larkspur.example", "a@larkspur.example"].map((to) => ({
    to: [to],
    subject: "Two",
    text: to,
    html: `<p>${to}</p>`,
  }));
  await desk.db.rows(
    `insert into digests (business_id, local_date, status, attempts, due_at, lease_until, reason, error, request_body)
     values ($1, '2026-11-20', 'due', 2, '2026-11-21T12:00:00Z', '2099-01-01T00:00:00Z', 'connect', 'No answer.', $2),
            ($1, '2026-11-19', 'due', 0, '2026-11-20T12:00:00Z', '2099-01-01T00:00:00Z', null, null, null),
            ($1, '2026-11-18', 'sent', 2, '2026-11-19T12:00:00Z', '2099-01-01T00:00:00Z', null, null, null),
            ($1, '2026-11-17', 'due', 3, '2026-11-18T12:00:00Z', '-infinity', null, null, null)`,
    [business, Buffer.from(JSON.stringify(mails))],
  );
  await desk.db.rows(
    `insert into digest_deliveries (business_id, local_date, address, status, error, happened_at)
     values ($1, '2026-11-20', 'b@larkspur.example', 'bounced', 'full', '2026-11-21T12:01:00Z'),
            ($1, '2026-11-20', 'a@larkspur.example', 'delivered', null, null)`,
    [business],
  );
  await pause(business, "b@larkspur.example", "bounced", "full");
  const { digests, sending } = await desk.ask("digests_list", business);
  assert.equal(sending, false);
  const tries = Object.fromEntries(digests.map((one) => [one.date, one.next_try_at]));
  assert.deepEqual(
    [tries["2026-11-20"], tries["2026-11-19"], tries["2026-11-18"]],
    ["2099-01-01T00:00:00.000Z", null, null],
  );
  assert.match(tries["2026-11-17"], /^20\d\d-/, "one that may be taken at once says a moment, too");
  assert.deepEqual([digests[0].due_at, digests[0].reason], ["2026-11-21T12:00:00.000Z", "connect"]);
  const detail = await desk.ask("digest_detail", business, "2026-11-20");
  assert.deepEqual(detail.to, ["b@larkspur.example", "a@larkspur.example"]);
  assert.equal(detail.html, "<p>b@larkspur.example</p>");
  assert.deepEqual(detail.deliveries, [
    { address: "a@larkspur.example", status: "delivered", error: null, happened_at: null, paused: null },
    {
      address: "b@larkspur.example",
      status: "bounced",
      error: "full",
      happened_at: "2026-11-21T12:01:00.000Z",
      paused: { reason: "bounced", detail: "full", since: "2026-11-20T08:00:00.000Z" },
    },
  ]);
});
