// The digest by SMTP: what the mail server gets, and what happens when it has a bad day. SMTP has no idempotency key: a mail
// that may have been taken is not sent again, by nobody.
import test from "node:test";
import assert from "node:assert/strict";
import { PUBLIC_URL, until } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { RESEND_FROM } from "./lib/resend.mjs";
import { Businesses, Rows, assertNothingPersonal, look, muteEnv, storeDay } from "./lib/digests.mjs";
import { SMTP_PASSWORD, Smtp, parseMail, smtpMoods } from "./lib/smtp.mjs";

const world = await World.create({ seed: false });
const { db } = world;
const businesses = new Businesses(db);
const rows = new Rows(db);
const smtp = await Smtp.start();
world.fakes.push(smtp);
const scripts = new Map(); // address: the moods of its first tries
smtp.rude = (address, nth) => scripts.get(address)?.[nth] ?? smtpMoods.ok;
const env = muteEnv({ SMTP_URL: smtp.url, RESEND_FROM });
let server = await world.start(env);

const SENDER = /<(.*)>/.exec(RESEND_FROM)[1];

test("the whole way: one mail, with both texts and a way to stop them", async () => {
  const business = await businesses.add({ name: "Larkspur Café – Zürich" });
  await storeDay(db, [business], { calls: 6 });
  await rows.settle(server);
  const [mail, ...more] = smtp.mailsTo(business.email);
  assert.deepEqual(more, []);
  assert.equal(mail.from, SENDER);
  assert.equal(smtp.signedIn, 1);
  const { headers, parts } = parseMail(mail.raw);
  assert.equal(headers.from, RESEND_FROM);
  assert.equal(headers.to, business.email);
  assert.match(headers.subject, /\b6 calls\b/);
  assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 120000, headers.date);
  assert.equal(
    headers["message-id"],
    `<digest.${business.id}.${business.yesterday}.0@${SENDER.slice(SENDER.indexOf("@") + 1)}>`,
  );
  assert.match(headers["list-unsubscribe"], new RegExp(`^<${PUBLIC_URL}/unsubscribe/[\\w-]{54}>$`));
  assert.equal(headers["list-unsubscribe-post"], "List-Unsubscribe=One-Click");
  assert.deepEqual(Object.keys(parts), ["text/plain", "text/html"]);
  for (const line of mail.raw.split("\r\n")) assert.ok(line.length <= 998 && /^[\t\x20-\x7e]*$/.test(line), line);

  const row = await rows.one(business);
  assert.deepEqual([row.status, row.reason, row.attempts, row.mails_accepted], ["sent", "none", 1, 1]);
  assert.deepEqual([row.doubt, row.attempt_way, row.resend_id, row.error], [null, null, null, null]);
  const kept = JSON.parse(row.request_body);
  assert.equal(headers.subject, kept.subject);
  const lines = (text) => text.replaceAll("\r\n", "\n");
  assert.equal(lines(parts["text/plain"]), lines(kept.text));
  assert.equal(lines(parts["text/html"]), lines(kept.html));
});

test("several recipients: who has it does not get it again", async () => {
  const to = ["one", "two", "three"].map((name) => `${name}@larkspur.example.net`);
  const business = await businesses.add({ email: to.join(", ") });
  scripts.set(to[1], [smtpMoods.greylisted, smtpMoods.cutBefore, smtpMoods.full]);
  await rows.settle(server);
  const row = await rows.one(business);
  assert.deepEqual([row.status, row.attempts, row.mails_accepted], ["sent", 4, 3]);
  assert.deepEqual(
    to.map((address) => smtp.triesOf(address).length),
    [1, 4, 1],
  );
  assert.deepEqual(
    to.map((address) => smtp.mailsTo(address).length),
    [1, 1, 1],
  );
  const links = to.map((address) => parseMail(smtp.mailsTo(address)[0].raw).headers["list-unsubscribe"]);
  assert.equal(new Set(links).size, 3);
});

test("several recipients: those that the server refuses hold up no other", async () => {
  const to = ["anna", "ben", "cleo"].map((name) => `${name}@larkspur.example.net`);
  const [first, last, all] = [[to[0]], [to[2]], to].map((refused) => ({ refused }));
  for (const [which, status, words] of [
    [first, "sent", /some of the recipients/],
    [last, "sent", /some of the recipients/],
    [all, "failed", /recipient \(550\)/],
  ]) {
    const address = (name) => name.replace("@", `.${which.refused.length}${which.refused[0][0]}@`);
    for (const name of which.refused) scripts.set(address(name), Array(9).fill(smtpMoods.noSuchUser));
    const business = await businesses.add({ email: to.map(address).join(", ") });
    await rows.settle(server);
    const row = await rows.one(business);
    assert.deepEqual([row.status, row.attempts], [status, 1]);
    assert.match(row.error, words);
    for (const name of to) {
      assert.equal(smtp.triesOf(address(name)).length, 1);
      assert.equal(smtp.mailsTo(address(name)).length, which.refused.includes(name) ? 0 : 1);
    }
  }
});

for (const [name, status, words] of [
  ["noSuchUser", "failed", /recipient \(550\)/],
  ["refused", "failed", /mail \(554\)/],
  ["cutAfter", "unknown", /did not say/],
  ["muteAfter", "unknown", /did not say/],
]) {
  test(`${name}: ${status}, and tried once`, async () => {
    const business = await businesses.add();
    scripts.set(business.email, Array(9).fill(smtpMoods[name]));
    await rows.settle(server);
    await look(server);
    const row = await rows.one(business);
    assert.deepEqual([row.status, row.attempts], [status, 1]);
    assert.match(row.error, words);
    assert.ok(!row.error.includes("@"), row.error);
    assert.equal(smtp.triesOf(business.email).length, 1);
    assert.equal(smtp.mailsTo(business.email).length, status === "unknown" ? 1 : 0);
  });
}

test("a server killed while the mail server thinks: the next one does not send it again", async () => {
  const business = await businesses.add();
  scripts.set(business.email, [smtpMoods.muteAfter]);
  await look(server);
  await until("the mail is out", () => smtp.mailsTo(business.email).length === 1);
  assertNothingPersonal(server);
  await server.kill();
  server = await world.start(env);
  await rows.timePasses();
  await rows.settle(server);
  const row = await rows.one(business);
  assert.equal(row.status, "unknown");
  assert.equal(smtp.mailsTo(business.email).length, 1);
});

test("nothing personal in the log, and no password", async () => {
  assertNothingPersonal(server);
  await server.stop();
  for (const { stderr, stdout } of world.servers)
    for (const secret of [SMTP_PASSWORD, encodeURIComponent(SMTP_PASSWORD)])
      assert.ok(!(stderr + stdout).includes(secret), "the password is in the log");
});
