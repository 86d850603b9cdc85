// `ringback digest`: what it tells of a date, a mail before anybody gets it, and sending by hand, which sends nothing twice.
import test, { after } from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { PUBLIC_URL } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { command } from "./lib/server.mjs";
import { moods } from "./lib/resend.mjs";
import {
  Businesses,
  Rows,
  addDays,
  keyOf,
  localDate,
  mailEnv,
  muteEnv,
  standIn,
  storeDay,
  zoneAt,
} from "./lib/digests.mjs";

const world = await World.create({ seed: false });
const { db } = world;
const businesses = new Businesses(db);
const rows = new Rows(db);
const resend = await standIn(world);
const home = fs.mkdtempSync(path.join(os.tmpdir(), "ringback-digest-"));
after(() => fs.rmSync(home, { recursive: true }));

const withMail = mailEnv(resend, { PUBLIC_URL, DATABASE_URL: db.serverUrl });
const without = muteEnv({ PUBLIC_URL, DATABASE_URL: db.serverUrl });
const run = (words, env = withMail) => command(["digest", ...words], env, 60000);
const at = (business, ...words) => ["--date", business.yesterday, "--business", business.id, ...words];
const key = (business) => keyOf(business.id, business.yesterday);

async function ends(code, words, pattern, env) {
  const done = await run(words, env);
  assert.equal(done.code, code, `${words.join(" ")}\n${done.stdout}\n${done.stderr}`);
  if (pattern) assert.match(code === 2 ? done.stderr : done.stdout, pattern);
  assert.ok(!/Sanitizer|runtime error/.test(done.stderr), done.stderr);
  return done;
}
const lineOf = (done, business) => done.stdout.split("\n").findLast((line) => line.startsWith(business.id)) ?? "";

test("--help tells what sending again means", async () => {
  const { stdout } = await ends(0, ["--help"], /usage: ringback digest --date DATE/);
  for (const words of [/never sent a second time/, /Resend's\s+log first/, /same key/, /24 hours/])
    assert.match(stdout, words);
  assert.match((await command(["--help"])).stdout, /^ {2}digest +\S/m);
});

test("words that make no sense end with 2, and say why", async () => {
  const day = ["--date", "2026-11-18"];
  for (const [words, why] of [
    [[], /--date is needed/],
    [["--send"], /--date is needed/],
    [["--date"], /--date needs a value/],
    [["--date", "yesterday"], /not a date/],
    [["--date", "2026-02-29"], /not a date/],
    [["--date", "2026-11-31"], /not a date/],
    [["--date", "2026-1-01"], /not a date/],
    [["--date", "2026-11-18T00:00"], /not a date/],
    [["--date", "18.11.2026"], /not a date/],
    [["--date", "+026-11-18"], /not a date/],
    [[...day, "--business", "Larkspur"], /--business: not an id/],
    [[...day, "--business"], /--business needs a value/],
    [[...day, "--preview", "mail.txt"], /must end with \.html/],
    [[...day, "--preview", ".html"], /must end with \.html/],
    [[...day, "--preview", "a.html", "--send"], /one at a time/],
    [[...day, "--again"], /is for --send/],
    [[...day, "--force"], /there is no such option/],
    [[...day, "now"], /there is no such option/],
  ]) {
    const { stdout } = await ends(2, words, why);
    assert.equal(stdout, "");
  }
});

test("a date that no business has, one that is not over, and a business that there is not", async () => {
  await ends(2, ["--date", "2026-11-18"], /no business has a digest/);
  const business = await businesses.add({ name: "Larkspur Branch Today" });
  const today = localDate(business.place);
  const never = "dddddddd-0000-4000-8000-000000000009";
  for (const more of [[], ["--send"], ["--preview", path.join(home, "none.html")]]) {
    await ends(2, ["--date", business.yesterday, "--business", never, ...more], /there is no such business/);
    await ends(2, ["--date", today, "--business", business.id, ...more], /not over there yet/);
    await ends(2, ["--date", addDays(today, 400), ...more], /not over anywhere yet/);
  }
  assert.deepEqual(fs.readdirSync(home), []);
  assert.equal(await db.count("digests"), 0);
  assert.equal(resend.requests.length, 0);
  await db.rows("update businesses set digest_enabled = false where id = $1", [business.id]);
});

test("the list names each business with what became of its digest", async () => {
  const place = zoneAt(9);
  const [sent, failed, waiting, none] = await businesses.addMany(4, (i) => ({
    place,
    name: ["Aster & Söhne", "Borage Studio", "Clover Dental", "Dahlia Optics"][i],
  }));
  const add = (business, status, more = "") =>
    db.rows(
      `insert into digests (business_id, local_date, status, due_at, attempts, reason, error, delivery_status, lease_until)
       values ($1, $2, $3, '2026-11-20 12:00Z', ${more})`,
      [business.id, business.yesterday, status],
    );
  await add(sent, "sent", "1, 'none', null, 'delivered', '-infinity'");
  await add(failed, "failed", "2, 'refused', 'The provider refused it.', null, '-infinity'");
  await add(waiting, "due", "3, 'timeout', 'No answer came.', null, now() + interval '1 hour'");
  const done = await ends(
    0,
    ["--date", sent.yesterday],
    /^BUSINESS +NAME +STATUS +DUE +TRIES +DELIVERY +WHY$/m,
    without,
  );
  assert.match(lineOf(done, sent), /^\S+ {2}Aster & Söhne {21}sent +2026-11-20 12:00Z +1 +delivered +-$/);
  assert.match(lineOf(done, failed), /Borage Studio +failed +\S+ \S+ +2 +- +refused: The provider refused it\.$/);
  assert.match(lineOf(done, waiting), /Clover Dental +due .* 3 .*timeout: No answer came\.; again at \d\d:\d\d:\d\dZ$/);
  assert.match(lineOf(done, none), /Dahlia Optics +none +- +- +- +-$/);
  assert.match(done.stdout, /failed: .*--send --again/);
  const one = await ends(0, at(failed), /Borage/);
  assert.ok(!one.stdout.includes(sent.id));
  await db.rows("delete from digests");
  await db.rows("update businesses set digest_enabled = false");
});

test("--preview writes the mail as it would be made, and changes nothing", async () => {
  const business = await businesses.add({ name: `Larkspur <b>"Branch"</b>` });
  const other = await businesses.add();
  await storeDay(db, [business], { calls: 5 });
  const file = path.join(home, "made.html");
  await ends(2, ["--date", business.yesterday, "--preview", file], /choose it by --business/);
  assert.ok(!fs.existsSync(file));
  for (const env of [withMail, without]) {
    const done = await ends(0, at(business, "--preview", file), /^As it would be made now: .*5 calls/, env);
    assert.deepEqual(done.stdout.trim().split("\n").slice(1), [file, file.replace(/html$/, "txt")]);
    const html = fs.readFileSync(file, "utf8");
    const text = fs.readFileSync(file.replace(/html$/, "txt"), "utf8");
    assert.match(html, /<table|<p/i);
    assert.ok(html.includes("&lt;b&gt;") && !html.includes('<b>"Branch') && !text.includes("<table"), "names are text");
    assert.match(text, /5 calls/);
    fs.rmSync(file);
  }
  assert.equal(await db.count("digests"), 0);
  await ends(1, at(business, "--preview", path.join(home, "no", "such", "folder.html")));
  await db.rows("update businesses set email = null where id = $1", [other.id]);
  assert.match((await ends(1, at(other, "--preview", file))).stderr, /nobody gets this mail/);
  assert.ok(!fs.existsSync(file));
});

test("--send sends one, --preview shows what went out, and nothing sends it again", async () => {
  const business = await businesses.add();
  await storeDay(db, [business], { calls: 4 });
  const done = await ends(0, at(business, "--send"), new RegExp(`^${business.name}: sent$`, "m"));
  assert.match(lineOf(done, business), / sent /);
  const row = await rows.one(business);
  assert.deepEqual([row.status, row.attempts], ["sent", 1]);
  const [entry] = resend.acceptedFor(key(business));
  const file = path.join(home, "kept.html");
  await db.rows("update businesses set name = 'Renamed' where id = $1", [business.id]);
  await ends(0, at(business, "--preview", file), /^As it was kept: .*4 calls/);
  assert.equal(fs.readFileSync(file, "utf8"), entry.mails[0].html);
  assert.equal(fs.readFileSync(file.replace(/html$/, "txt"), "utf8"), entry.mails[0].text);
  for (const words of [["--send"], ["--send", "--again"]]) {
    await ends(0, at(business, ...words), /never sent a second time/);
  }
  assert.equal(resend.asked(key(business)).length, 1);
});

test("a digest of several is shown as its first mail", async () => {
  const business = await businesses.add({ email: "one@larkspur.example.net, two@larkspur.example.net" });
  await ends(0, at(business, "--send"));
  const [{ mails }] = resend.acceptedFor(key(business));
  assert.equal(mails.length, 2);
  const file = path.join(home, "several.html");
  await ends(0, at(business, "--preview", file), /^As it was kept/);
  assert.equal(fs.readFileSync(file, "utf8"), mails[0].html);
});

test("without a way to send it refuses, and makes nothing", async () => {
  const business = await businesses.add();
  await ends(2, at(business, "--send"), /no way to send mail; set RESEND_API_KEY/, without);
  assert.equal((await rows.of(business)).length, 0);
});

test("what was refused is failed, and made anew only when asked to", async () => {
  const business = await businesses.add();
  resend.next(moods.refused);
  const failed = await ends(1, at(business, "--send"), new RegExp(`^${business.name}: failed, refused: .+`, "m"));
  assert.match(failed.stdout, /failed: mend .*--send --again makes the digest anew/);
  assert.equal((await rows.one(business)).status, "failed");
  await ends(1, at(business, "--send"));
  assert.equal(resend.asked(key(business)).length, 1);
  await storeDay(db, [business], { calls: 2 });
  await ends(0, at(business, "--send", "--again"), /: sent$/m);
  const [first, second, ...more] = resend.asked(key(business));
  assert.deepEqual(more, []);
  assert.notEqual(first.sha256, second.sha256, "made anew");
  assert.match(second.json.subject, /2 calls/);
});

test("what is unknown is left alone, and sent again as it was only when asked to", async () => {
  const business = await businesses.add();
  await ends(0, at(business, "--send"));
  await db.rows(
    `update digests set status = 'unknown', doubt = 'resend', reason = 'too_late', resend_id = null,
                        first_attempt_at = now() - interval '23 hours 5 minutes' where business_id = $1`,
    [business.id],
  );
  const left = await ends(1, at(business, "--send"), /unknown: the mail may have gone out\. Look into Resend's log/);
  assert.match(lineOf(left, business), / unknown .* too_late/);
  assert.equal(resend.asked(key(business)).length, 1);
  await ends(0, at(business, "--send", "--again"), /: sent$/m);
  const [first, second, ...more] = resend.asked(key(business));
  assert.deepEqual(more, []);
  assert.equal(second.sha256, first.sha256, "the same bytes");
  assert.equal(resend.acceptedFor(key(business)).length, 1, "which the provider knew");
  const row = await rows.one(business);
  assert.deepEqual([row.status, row.resend_id], ["sent", resend.acceptedFor(key(business))[0].ids[0]]);
});

test("what was kept, or skipped, is sent when asked to again", async () => {
  const kept = await businesses.add();
  const skipped = await businesses.add({ skipEmpty: true });
  await db.rows(
    "insert into digests (business_id, local_date, status, due_at, request_body, reason) values ($1, $2, 'kept', now(), '{}', 'no_provider')",
    [kept.id, kept.yesterday],
  );
  await ends(1, at(kept, "--send"), /kept: made while there was no way to send/);
  await ends(0, at(kept, "--send", "--again"), /: sent$/m);
  const done = await ends(0, at(skipped, "--send"), new RegExp(`^${skipped.name}: nothing to send, empty`, "m"));
  assert.match(lineOf(done, skipped), / skipped .* empty/);
  await storeDay(db, [skipped], { calls: 1 });
  await ends(0, at(skipped, "--send"));
  assert.equal(resend.asked(key(skipped)).length, 0);
  await ends(0, at(skipped, "--send", "--again"), /: sent$/m);
});

test("what waits for another try goes now; what cannot go now waits, and is not lost", async () => {
  const business = await businesses.add();
  resend.next(moods.unavailable);
  const done = await ends(1, at(business, "--send"), new RegExp(`^${business.name}: not now, provider_error`, "m"));
  assert.match(lineOf(done, business), / due .*; again at /);
  await ends(0, at(business, "--send"), /: sent$/m);
  const row = await rows.one(business);
  assert.deepEqual([row.status, row.attempts], ["sent", 2]);
  assert.equal(resend.acceptedFor(key(business)).length, 1);
});

test("a claim of somebody who died is waited for", async () => {
  const business = await businesses.add();
  await db.rows(
    `insert into digests (business_id, local_date, status, due_at, claimed_by, lease_until)
     values ($1, $2, 'claimed', now(), 'somebody', now() + interval '3 seconds')`,
    [business.id, business.yesterday],
  );
  await ends(0, at(business, "--send"), /: sent$/m);
  assert.equal(resend.acceptedFor(key(business)).length, 1);
});

test("a whole date, by several commands and a server at once: each mail once", async () => {
  await db.rows("update businesses set digest_enabled = false");
  const place = zoneAt(8);
  const many = await businesses.addMany(30, () => ({ place }));
  await storeDay(db, many);
  const server = await world.start(mailEnv(resend));
  const words = ["--date", many[0].yesterday, "--send"];
  const ended = await Promise.all([run(words), run(words), run(words)]);
  for (const done of ended) assert.equal(done.code, 0, `${done.stdout}\n${done.stderr}`);
  for (const business of many) {
    assert.equal(resend.acceptedFor(key(business)).length, 1, business.name);
    assert.equal((await rows.one(business)).status, "sent");
    for (const done of ended) assert.match(lineOf(done, business), / sent /);
  }
  assert.deepEqual(resend.sins(), {
    twice: [],
    changed: resend.sins().changed.filter((k) => !many.some((b) => key(b) === k)),
  });
  await server.stop();
});

test("a zone that Postgres does not know stops nobody else", async () => {
  await db.rows("update businesses set digest_enabled = false");
  const [good, lost] = await businesses.addMany(2);
  const session = await db.session();
  await session.query("set session_replication_role = replica");
  await session.query("update businesses set timezone = 'Mars/Olympus' where id = $1", [lost.id]);
  await session.end();
  const done = await ends(0, ["--date", good.yesterday, "--send"], new RegExp(`^${good.name}: sent$`, "m"));
  assert.match(lineOf(done, lost), / no zone /);
  await ends(2, at(lost, "--send"), /does not know the time zone/);
});

test("the database is away: 1, and why", async () => {
  const business = await businesses.add();
  const nowhere = { ...withMail, DATABASE_URL: "postgresql://ringback_server@127.0.0.1:1/none" };
  const done = await ends(1, at(business, "--send"), null, nowhere);
  assert.match(done.stderr, /ringback digest: .*refused/);
  assert.match((await ends(1, at(business), null, { ...withMail, DATABASE_URL: null })).stderr, /DATABASE_URL: needed/);
  assert.match(
    (await ends(1, at(business), null, { ...withMail, RESEND_FORM: "x" })).stderr,
    /RESEND_FORM: no such setting/,
  );
});
