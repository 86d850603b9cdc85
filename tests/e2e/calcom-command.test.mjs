// `ringback calcom`: a key comes in by a terminal, a pipe or a file, is tried out, and is stored so that the server alone can
// read it. It is never seen again: not in the output, not in the database, not in a log, not among the processes.
import test, { after, beforeEach } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { BookingDesk, NY, OTHER_SECRETS_KEY, SECRETS_KEY, dayAhead, dayWords } from "./lib/booking-desk.mjs";
import {
  CALCOM_EXPIRED_KEY,
  CALCOM_KEY,
  CALCOM_OTHER_KEY,
  CALCOM_REVOKED_KEY,
  EVENT_TYPE,
  fields,
  moods,
} from "./lib/calcom.mjs";
import { BIN, LARKSPUR, ODD, PLAIN, until } from "./lib/env.mjs";
import { cleanEnv, command } from "./lib/server.mjs";

const desk = await BookingDesk.open({ start: false });
const { calcom, db } = desk;
const home = fs.mkdtempSync(path.join(os.tmpdir(), "ringback-calcom-"));
after(() => fs.rmSync(home, { recursive: true }));
beforeEach(async () => {
  await desk.reset();
  await db.rows("delete from private.calcom_credentials");
  await db.rows("update businesses set calcom_enabled = false");
});

const KEYS = [CALCOM_KEY, CALCOM_OTHER_KEY, CALCOM_EXPIRED_KEY, CALCOM_REVOKED_KEY, SECRETS_KEY, OTHER_SECRETS_KEY];
const NOBODY = "dddddddd-0000-4000-8000-000000000009";
const said = { all: "" };

function settings(more = {}) {
  return cleanEnv({ DATABASE_URL: db.serverUrl, SECRETS_KEY, CALCOM_API_URL: calcom.url, ...more });
}

/** Runs `ringback calcom`, with `input` on its standard input. Resolves to { code, stdout, stderr }. */
function run(words, { input = "", env = {}, onStart = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(BIN, ["calcom", ...words], { env: settings(env), stdio: ["pipe", "pipe", "pipe"] });
    const done = { stdout: "", stderr: "" };
    const timer = setTimeout(() => child.kill("SIGKILL"), 60000);
    for (const name of ["stdout", "stderr"])
      child[name].setEncoding("utf8").on("data", (text) => {
        done[name] += text;
      });
    child.on("error", reject);
    child.stdin.on("error", () => {}); // it refuses before it reads
    child.on("close", (code) => {
      clearTimeout(timer);
      said.all += done.stdout + done.stderr;
      assert.ok(!/Sanitizer|runtime error/.test(done.stderr), done.stderr);
      for (const key of KEYS) assert.ok(!(done.stdout + done.stderr).includes(key), `tells a key: ${done.stderr}`);
      resolve({ ...done, code });
    });
    onStart(child);
    child.stdin.end(input);
  });
}

async function ends(code, words, pattern, how) {
  const done = await run(words, how);
  const all = `${words.join(" ")}\n${done.stdout}\n${done.stderr}`;
  assert.equal(done.code, code, all);
  if (pattern) assert.match(code ? done.stderr : done.stdout, pattern, all);
  return done;
}

const of = (business, ...more) => ["--business", business.id, ...more];
const set = (business, ...more) => ["set", ...of(business), "--event-type", String(EVENT_TYPE), ...more];
const isOn = async (business) =>
  (await db.one("select calcom_enabled from businesses where id = $1", [business.id])).calcom_enabled;
const lineOf = ({ stdout }, business) => stdout.split("\n").find((line) => line.startsWith(business.id)) ?? "";
const connect = (business, how) => ends(0, set(business), /^stored/m, { input: CALCOM_KEY, ...how });

test("--help tells of every verb, and that no key stands on the command line", async () => {
  const { stdout } = await ends(0, ["--help"], /^usage: ringback calcom/);
  for (const verb of ["list", "set", "on", "off", "check", "remove"]) {
    assert.match(stdout, new RegExp(`^  ${verb} `, "m"));
    assert.equal((await ends(0, [verb, "--help"])).stdout, stdout);
  }
  assert.match(stdout, /never stands on the command line/);
  assert.match((await command(["--help"])).stdout, /^ {2}calcom +\S/m);
});

test("words that make no sense end with 2, before anything is asked", async () => {
  for (const [words, why] of [
    [["connect"], /connect: there is no such verb/],
    [["list", "--business", LARKSPUR.id], /--business: there is no such option/],
    [["set"], /--business is needed/],
    [["on"], /--business is needed/],
    [["off"], /--business is needed/],
    [["remove"], /--business is needed/],
    [["set", ...of(LARKSPUR)], /--event-type is needed/],
    [["set", "--business", "Larkspur"], /--business: not an id/],
    [["check", "--business"], /--business needs a value/],
    [["on", ...of(LARKSPUR), "--event-type", "1"], /--event-type: there is no such option/],
    [["set", ...of(LARKSPUR), "--key", "cal_x"], /--key: there is no such option/],
    ...["0", "-1", "47 11", "4711x", "", "0x10", "99999999999999999999", "check-up"].map((text) => [
      ["set", ...of(LARKSPUR), "--event-type", text],
      /--event-type: not a number/,
    ]),
    [set({ id: NOBODY }), /there is no such business/],
    [["on", "--business", NOBODY], /there is no such business/],
    [["off", "--business", NOBODY], /there is no such business/],
    [["check", "--business", NOBODY], /there is no such business/],
    [["remove", "--business", NOBODY], /there is no such business/],
  ]) {
    const { stdout } = await ends(2, words, why, { input: CALCOM_KEY });
    assert.equal(stdout, "");
  }
  assert.deepEqual(calcom.tally(), {});
  assert.equal(await db.count("private.calcom_credentials"), 0);
});

test("a key is tried out and stored, and booking stays off", async () => {
  calcom.addEventType(4712, { title: "Whitening", minutes: 45, bookingFields: fields({ email: false, phone: true }) });
  const { stdout } = await ends(0, ["set", ...of(LARKSPUR), "--event-type", "4712"], null, {
    input: `${CALCOM_KEY}\n`,
  });
  assert.match(
    stdout,
    /^Larkspur Dental Studio\n {2}key +good, of larkspur\n {2}event type +4712 Whitening, 45 minutes\n/,
  );
  assert.match(stdout, /^ {2}asks for +a name, a telephone number$/m);
  assert.match(
    stdout,
    new RegExp(`^booking is off\\. To switch it on: ringback calcom on --business ${LARKSPUR.id}$`, "m"),
  );
  assert.deepEqual(calcom.tally(), { me: 1, eventType: 1 });
  assert.deepEqual([...new Set(calcom.requests.map((request) => request.key))], [CALCOM_KEY]);
  const row = await desk.credentials();
  assert.deepEqual(
    [row.api_url, row.account, row.event_type_id, row.event_title, row.event_minutes, row.asks_email, row.asks_phone],
    [null, "larkspur", "4712", "Whitening", 45, false, true],
  );
  assert.deepEqual([row.invalid_at, row.blocked_until], [null, null]);
  assert.ok(!(await isOn(LARKSPUR)));
});

test("what the command stores, the server opens: booking works", async () => {
  await ends(0, set(LARKSPUR, "--on"), /^booking is now on\.$/m, { input: CALCOM_KEY });
  const day = dayAhead(10);
  calcom.open(NY, [`${day}T09:00`]);
  const server = await desk.start();
  try {
    const answer = await desk.check(desk.call(), { date: day }, { server });
    assert.deepEqual([answer.good, answer.words], [true, `${dayWords(day)}: 9:00 AM.`]);
    await ends(0, ["off", ...of(LARKSPUR)], /^booking is now off\.$/m);
    assert.equal((await desk.check(desk.call(), { date: day }, { server })).good, false);
  } finally {
    await server.stop();
  }
});

test("an account elsewhere has its address, and its key goes nowhere else", async () => {
  const elsewhere = { CALCOM_API_URL: "http://127.0.0.1:1" };
  for (const url of [calcom.url, `${calcom.url}/`, `${calcom.url}/v2`, calcom.url.replace("127.0.0.1", "localhost")]) {
    await ends(0, set(LARKSPUR, "--api-url", url), /^stored/m, { input: CALCOM_KEY, env: elsewhere });
    assert.equal((await desk.credentials()).api_url, url.replace(/\/(v2)?$/, ""));
    await ends(0, ["check"], /key +good, of larkspur/, { env: elsewhere });
  }
  assert.match(lineOf(await ends(0, []), LARKSPUR), /larkspur at http:/);
  await db.rows("update private.calcom_credentials set api_url = 'https://elsewhere.example'");
  assert.match(lineOf(await ends(0, []), LARKSPUR), /sealed with another SECRETS_KEY$/);
  await ends(1, ["on", ...of(LARKSPUR)], /sealed with another SECRETS_KEY, or was changed/);
});

test("a key goes to https addresses and to this machine alone", async () => {
  for (const url of [
    "http://api.cal.example",
    "http://127.0.0.1.example",
    "http://localhost.example",
    "http://localhost@api.cal.example",
    "http://[::1].example",
    "http://10.0.0.1",
    "http://127.1",
    "http://",
    "https://",
    "ftp://127.0.0.1",
    "api.cal.com",
    "https://user:password@api.cal.example",
    "https://api.cal.example?x",
    "https://api.cal.example/ v2",
    "https://api.cal.example\nHost: x",
    `https://${"a".repeat(300)}.example`,
    "",
  ]) {
    await ends(2, set(LARKSPUR, "--api-url", url), /--api-url: must begin with https:/, { input: CALCOM_KEY });
  }
  await ends(2, set(LARKSPUR), /CALCOM_API_URL: must begin with https:/, {
    input: CALCOM_KEY,
    env: { CALCOM_API_URL: "http://api.cal.example" },
  });
  assert.deepEqual(calcom.tally(), {});
});

test("without SECRETS_KEY nothing is stored, and a key among the settings is refused", async () => {
  await ends(2, set(LARKSPUR), /SECRETS_KEY is not set.*openssl rand -hex 32/, {
    input: CALCOM_KEY,
    env: { SECRETS_KEY: null },
  });
  await ends(1, set(LARKSPUR), /CALCOM_API_KEY: no such setting/, { env: { CALCOM_API_KEY: CALCOM_KEY } });
  assert.deepEqual(calcom.tally(), {});
});

test("keys that can be none are not sent anywhere", async () => {
  for (const [input, why] of [
    ["", /no key was given/],
    ["\n\n", /no key was given/],
    [`${CALCOM_KEY} x`, /not one word/],
    [` ${CALCOM_KEY}`, /not one word/],
    [`CALCOM_API_KEY=x\ncal_y\n`, /not one word/],
    ["cal_live_\u0007", /not one word/],
    ["cal_live_Zoë", /not one word/],
    ["cal_live_\0x", /not one word/],
    [`cal_${"x".repeat(509)}`, /too long/],
    [`cal_${"x".repeat(5000)}`, /too long/],
  ]) {
    await ends(2, set(LARKSPUR), why, { input });
  }
  assert.deepEqual(calcom.tally(), {});
  await ends(1, set(LARKSPUR), /Cal\.com refuses the key/, { input: `cal_${"x".repeat(508)}` });
  assert.deepEqual(calcom.tally(), { me: 1 });
});

test("a key may come from a file", async () => {
  const file = path.join(home, "key");
  fs.writeFileSync(file, `${CALCOM_KEY}\r\n`, { mode: 0o600 });
  await ends(0, set(LARKSPUR, "--key-file", file), /^stored/m, { input: "not this" });
  for (const [name, text] of [
    ["none", null],
    ["empty", ""],
    ["two words", "cal_a cal_b"],
  ]) {
    if (text !== null) fs.writeFileSync(path.join(home, name), text);
    await ends(2, set(LARKSPUR, "--key-file", path.join(home, name)), /no key|not one word/);
  }
  await ends(2, set(LARKSPUR, "--key-file", home), /--key-file: no key can be read/);
});

/** The same at a terminal, where `type` is typed when it asks. Resolves to what was on the screen, and the exit code. */
function atTerminal(words, type) {
  return new Promise((resolve, reject) => {
    const line = ["exec", BIN, "calcom", ...words].map((word, i) => (i ? `'${word}'` : word)).join(" ");
    const child = spawn("script", ["-qec", line, "/dev/null"], { env: settings({ SHELL: "/bin/sh" }) });
    const timer = setTimeout(() => child.kill("SIGKILL"), 60000);
    let screen = "";
    let typed = false;
    child.stdout.setEncoding("utf8").on("data", (text) => {
      screen += text;
      if (!typed && screen.includes("(it is not shown): ")) {
        typed = true;
        child.stdin.write(type);
      }
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ screen, code });
    });
  });
}

test("at a terminal it asks for the key, and does not show it", async () => {
  const good = await atTerminal(set(LARKSPUR), `${CALCOM_KEY}\n`);
  assert.equal(good.code, 0, good.screen);
  assert.match(good.screen, /^API key of Larkspur Dental Studio at Cal\.com \(it is not shown\): \r\nLarkspur/);
  assert.match(good.screen, /stored, sealed/);
  assert.ok(!good.screen.includes(CALCOM_KEY), good.screen);
  const empty = await atTerminal(set(LARKSPUR), "\n");
  assert.equal(empty.code, 2);
  assert.match(empty.screen, /no key was given/);
  const interrupted = await atTerminal(set(LARKSPUR), "cal_live_half\u0003");
  assert.equal(interrupted.code, 2);
  assert.match(interrupted.screen, /no key can be read/);
  assert.ok(!interrupted.screen.includes("half"), interrupted.screen);
});

test("what Cal.com does not take is not stored, and what helps is said", async () => {
  const question = { slug: "insurer", label: "Your insurer", type: "text", required: true, hidden: false };
  calcom.addEventType(4720, { title: "Series", recurrence: { interval: 1, occurrences: 4, frequency: "weekly" } });
  calcom.addEventType(4721, { title: "Class", seats: 8 });
  calcom.addEventType(4722, { title: "Consult", bookingFields: fields({ more: [question] }) });
  const other = (id) => ["set", ...of(LARKSPUR), "--event-type", String(id), "--on"];
  const me = (mood) => ({ input: CALCOM_KEY, before: () => calcom.next("me", mood) });
  for (const [words, why, how] of [
    [set(LARKSPUR), /refuses the key: Your api key is not valid -> make a new one/, { input: CALCOM_REVOKED_KEY }],
    [set(LARKSPUR), /refuses the key: Your api key is expired -> make a new one/, { input: CALCOM_EXPIRED_KEY }],
    [set(LARKSPUR), /refuses the key: .*Invalid API Key -> .*--api-url/, { input: "cal_live_Nobody" }],
    [set(LARKSPUR), /refuses the key/, { input: "Nobody" }],
    [set(LARKSPUR), /no such event type of this account/, { input: CALCOM_OTHER_KEY }],
    [other(9999), /no such event type of this account: .*9999.* -> take the number/],
    [other(4720), /"Series" is booked as a series/],
    [other(4721), /"Class" has seats/],
    [other(4722), /"Consult" requires an answer to "Your insurer".* -> make that question optional/],
    [other(EVENT_TYPE), /wants no requests for \d+ seconds -> wait/, me(moods.blocked)],
    [other(EVENT_TYPE), /no usable answer/, me(moods.error500)],
    [other(EVENT_TYPE), /no usable answer/, me(moods.badGateway)],
    [other(EVENT_TYPE), /no usable answer/, me(moods.closed)],
    [other(EVENT_TYPE), /no usable answer/, me(moods.garbageAfter)],
    [other(EVENT_TYPE), /no usable answer/, me(moods.redirect)],
    [other(EVENT_TYPE), /no usable answer/, { input: CALCOM_KEY, env: { CALCOM_API_URL: "http://127.0.0.1:1" } }],
  ]) {
    calcom.clear();
    how?.before?.();
    const { stdout } = await ends(1, words, why, { input: CALCOM_KEY, ...how });
    assert.match(stdout, /^nothing was stored\.$/m);
    assert.ok(!(await isOn(LARKSPUR)));
  }
  assert.equal(await db.count("private.calcom_credentials"), 0);
});

test("a key that is refused leaves the one before it as it was", async () => {
  await connect(LARKSPUR);
  const before = await desk.credentials();
  await ends(1, set(LARKSPUR), /refuses the key/, { input: CALCOM_REVOKED_KEY });
  assert.deepEqual(await desk.credentials(), before);
  await connect(LARKSPUR);
  assert.notDeepEqual((await desk.credentials()).sealed, before.sealed);
  assert.equal(await db.count("private.calcom_credentials"), 1);
});

test("whoever answers may say what he likes: neither keys nor control characters come through", async () => {
  const name = `Larkspur \u001b[31m ${CALCOM_KEY}`;
  for (const message of [`no: ${CALCOM_KEY}`, "no \u001b[2J\u0007\r\nstored"]) {
    calcom.next("me", moods.refused(401, message, "UnauthorizedException"));
    const { stderr } = await ends(1, set(LARKSPUR), /refuses the key/, { input: CALCOM_KEY });
    assert.match(stderr, /^[^\x00-\x1f\x7f]+\n$/);
  }
  calcom.next("me", moods.bodyAfter(JSON.stringify({ status: "success", data: { id: 1, username: name } })));
  calcom.next(
    "eventType",
    moods.bodyAfter(JSON.stringify({ status: "success", data: { title: "T\u001b[0m", lengthInMinutes: 5 } })),
  );
  const { stdout } = await connect(LARKSPUR);
  assert.match(stdout, /^[^\x00-\x09\x0b-\x1f\x7f]+$/);
  assert.ok(!JSON.stringify(await desk.credentials()).includes(CALCOM_KEY));
});

test("on needs credentials that are good; on and off may be said twice", async () => {
  await ends(1, ["on", ...of(LARKSPUR)], /no calendar is connected -> ringback calcom set/);
  await ends(0, ["off", ...of(LARKSPUR)], /^booking is off\.$/m);
  await connect(LARKSPUR);
  await ends(1, ["on", ...of(LARKSPUR)], /SECRETS_KEY is not set here/, { env: { SECRETS_KEY: null } });
  await ends(1, ["on", ...of(LARKSPUR)], /another SECRETS_KEY/, { env: { SECRETS_KEY: OTHER_SECRETS_KEY } });
  await db.rows("update private.calcom_credentials set invalid_at = now(), invalid_why = 'Your api key is expired'");
  await ends(
    1,
    ["on", ...of(LARKSPUR)],
    /refuses the key since \S+ \S+Z: Your api key is expired -> ringback calcom check/,
  );
  assert.ok(!(await isOn(LARKSPUR)));
  await connect(LARKSPUR);
  await ends(0, ["on", ...of(LARKSPUR)], /^booking is now on\.$/m);
  await ends(0, ["on", ...of(LARKSPUR)], /^booking is on\.$/m);
  assert.ok(await isOn(LARKSPUR));
  await db.rows("update private.calcom_credentials set blocked_until = now() + interval '1 minute'");
  await ends(0, ["on", "--business", LARKSPUR.id.toUpperCase()], /^booking is on\.$/m);
  assert.match((await connect(LARKSPUR)).stdout, /^booking is on\.$/m);
  await ends(0, ["off", ...of(LARKSPUR)], /^booking is now off\.$/m);
  await ends(0, ["off", ...of(LARKSPUR)], /^booking is off\.$/m);
  assert.ok(!(await isOn(LARKSPUR)) && !(await isOn(PLAIN)));
});

test("an id in capital letters seals for the same business", async () => {
  const id = "abcdefab-1111-4111-8111-111111111111";
  await db.addBusiness({ ...PLAIN, id, phone: null });
  await ends(0, set({ id: id.toUpperCase() }, "--on"), /^booking is now on\.$/m, { input: CALCOM_KEY });
  await ends(0, ["check", "--business", id], /key +good/);
  await db.rows("delete from businesses where id = $1", [id]);
});

test("the list tells how it is with each, and shows names as they may be shown", async () => {
  await connect(LARKSPUR);
  await ends(0, set(PLAIN, "--on"), null, { input: CALCOM_KEY });
  await db.rows(
    "update private.calcom_credentials set invalid_at = '2026-11-20 10:00Z', invalid_why = $2 where business_id = $1",
    [PLAIN.id, "Your api key\u001b[31m is expired"],
  );
  await db.rows("update private.calcom_credentials set account = $2, event_title = $3 where business_id = $1", [
    PLAIN.id,
    "lark\u001b[2J\u0007\u0085spur",
    "Zoë's check-up, as long as it takes and then some",
  ]);
  const plain = await ends(0, [], /^BUSINESS +NAME +BOOKING +ACCOUNT +EVENT TYPE +ASKS FOR +KEY$/m);
  assert.equal((await ends(0, ["list"])).stdout, plain.stdout);
  assert.match(lineOf(plain, LARKSPUR), / {2}off +larkspur +4711, 30 min, Check-up +e-mail +ok$/);
  assert.match(
    lineOf(plain, PLAIN),
    / {2}on +lark\?\[2J\?\?spur +4711, 30 min, Zoë's check-up, as lon {2}e-mail +refused since 2026-11-20 10:00Z: Your api key\?\[31m is expired$/,
  );
  assert.match(lineOf(plain, ODD), / {2}Larkspur & Sons <"Smiles"> +off +- +- +- +not connected$/);
  assert.match(plain.stdout, /^[^\x00-\x09\x0b-\x1f\x7f]+$/);
  await db.rows("update private.calcom_credentials set blocked_until = now() + interval '1 minute'");
  assert.match(lineOf(await ends(0, []), LARKSPUR), /ok; Cal\.com wants no requests until \d\d:\d\d:\d\dZ$/);
  const env = { SECRETS_KEY: OTHER_SECRETS_KEY };
  assert.match(lineOf(await ends(0, [], null, { env }), LARKSPUR), /sealed with another SECRETS_KEY$/);
  assert.match(lineOf(await ends(0, [], null, { env: { SECRETS_KEY: null } }), LARKSPUR), /SECRETS_KEY is not set$/);
  assert.deepEqual(calcom.tally(), { me: 2, eventType: 2 }, "the list asks nobody");
});

test("check asks again, and writes down what it hears", async () => {
  await ends(0, ["check"], /no business has a calendar connected/);
  await ends(1, ["check", ...of(LARKSPUR)]);
  await connect(LARKSPUR);
  await connect(PLAIN);
  const { stdout } = await ends(0, ["check"]);
  assert.equal(stdout.match(/key +good, of larkspur/g).length, 2);
  assert.ok(!stdout.includes(ODD.name));

  const eventType = calcom.eventTypes.get(EVENT_TYPE);
  const usual = { ...eventType };
  Object.assign(eventType, {
    title: "Long check-up",
    minutes: 50,
    bookingFields: fields({ email: false, phone: true }),
  });
  await ends(0, ["check", ...of(LARKSPUR)], /4711 Long check-up, 50 minutes/);
  let row = await desk.credentials();
  assert.deepEqual(
    [row.event_title, row.event_minutes, row.asks_email, row.asks_phone],
    ["Long check-up", 50, false, true],
  );
  assert.equal((await desk.credentials(PLAIN)).event_minutes, 30, "of one alone");
  Object.assign(eventType, usual);

  calcom.next("me", moods.refused(401, "Your api key is expired", "UnauthorizedException"));
  const refused = await ends(1, ["check", ...of(LARKSPUR)]);
  assert.match(refused.stdout, /not good +Cal\.com refuses the key: Your api key is expired -> /);
  row = await desk.credentials();
  assert.ok(row.invalid_at && /expired/.test(row.invalid_why));
  assert.equal((await ends(0, ["check", ...of(LARKSPUR)])).stderr, "");
  row = await desk.credentials();
  assert.deepEqual([row.invalid_at, row.invalid_why], [null, null]);
});

test("check leaves a key alone about which it heard nothing", async () => {
  await connect(LARKSPUR);
  const { invalid_at, verified_at, sealed } = await desk.credentials();
  for (const mood of [moods.error500, moods.closed, moods.garbageAfter]) {
    calcom.next("me", mood);
    await ends(1, ["check"]);
    const row = await desk.credentials();
    assert.deepEqual([row.invalid_at, row.verified_at, row.sealed], [invalid_at, verified_at, sealed]);
  }
  calcom.next("me", moods.blocked);
  assert.match((await ends(1, ["check"])).stdout, /not good +Cal\.com wants no requests for/);
  assert.ok((await desk.credentials()).blocked_until > new Date());
  const asked = calcom.requests.length;
  assert.match((await ends(1, ["check"])).stdout, /not asked +Cal\.com wants no requests until/);
  assert.equal(calcom.requests.length, asked);
});

test("check finds what has become of an event type, and what nobody can open", async () => {
  await ends(0, set(LARKSPUR, "--on"), null, { input: CALCOM_KEY });
  const eventType = calcom.eventTypes.get(EVENT_TYPE);
  eventType.seats = 5;
  assert.match((await ends(1, ["check"])).stdout, /not good +"Check-up" has seats/);
  assert.match((await desk.credentials()).invalid_why, /has seats/);
  delete eventType.seats;
  await ends(0, ["check"]);
  const env = { SECRETS_KEY: OTHER_SECRETS_KEY };
  assert.match((await ends(1, ["check"], null, { env })).stdout, /not good +the key cannot be opened/);
  await db.rows("update private.calcom_credentials set sealed = sealed || '\\x00'");
  assert.match((await ends(1, ["check"])).stdout, /not good +the key cannot be opened/);
  await db.rows("delete from private.calcom_credentials");
  assert.match((await ends(1, ["check"])).stdout, /booking is on\n {2}not good +no calendar is connected/);
});

test("a key that is exchanged while the old one is asked about is not called bad", async () => {
  await connect(LARKSPUR);
  calcom.next("me", (standIn, record, res) => {
    connect(LARKSPUR).then(() => standIn.refuse(res, record, 401, "UnauthorizedException", "Your api key is expired"));
  });
  await ends(1, ["check"]);
  assert.equal((await desk.credentials()).invalid_at, null);
});

test("remove forgets the key, and says what that means", async () => {
  await ends(0, set(LARKSPUR, "--on"), null, { input: CALCOM_KEY });
  await ends(0, ["remove", ...of(LARKSPUR)], /the key is removed.*until ringback calcom set.*still switched on/);
  assert.equal(await db.count("private.calcom_credentials"), 0);
  await ends(0, ["remove", ...of(PLAIN)], /no calendar was connected/);
});

test("a login that may not book is told so by the database, and nothing else is told", async () => {
  await connect(LARKSPUR);
  const { stderr, code } = await run(["list"], {
    env: { DATABASE_URL: db.serverUrl.replace("ringback_server", "nobody") },
  });
  assert.equal(code, 1);
  assert.match(stderr, /^ringback calcom: /);
});

test("while Cal.com takes its time, the key is in no list of processes", async () => {
  const heard = {};
  calcom.next("me", (standIn, record, res) => {
    heard.answer = () => moods.ok(standIn, record, res);
  });
  const child = {};
  const done = run(set(LARKSPUR), {
    input: CALCOM_KEY,
    onStart: (started) => {
      child.pid = started.pid;
    },
  });
  await until("Cal.com is asked", () => heard.answer);
  for (const file of ["cmdline", "environ"]) {
    const text = fs.readFileSync(`/proc/${child.pid}/${file}`, "latin1");
    assert.ok(text.includes(file === "cmdline" ? "calcom\0set" : "DATABASE_URL="), "that is the one");
    assert.ok(!text.includes(CALCOM_KEY), file);
  }
  heard.answer();
  assert.equal((await done).code, 0);
});

test("no key is anywhere in the database, nor among its statements", async () => {
  await connect(LARKSPUR);
  await ends(1, set(PLAIN), /refuses/, { input: CALCOM_REVOKED_KEY });
  const tables = await db.rows(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')`,
  );
  assert.ok(tables.length > 20);
  const forms = KEYS.flatMap((key) => [key, Buffer.from(key).toString("hex"), Buffer.from(key).toString("base64")]);
  for (const { name } of tables) {
    for (const form of forms) {
      const found = await db.one(`select count(*)::int as n from ${name} t where strpos(t::text, $1) > 0`, [form]);
      assert.equal(found.n, 0, `${name} holds a key`);
    }
  }
  const asked = await db.rows("select query from pg_stat_activity where datname = current_database()");
  for (const key of KEYS) assert.ok(!asked.some(({ query }) => query.includes(key)));
  assert.ok(said.all.length > 1000);
});
