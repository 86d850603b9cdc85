// The environment: a doubt stops the start with one clear line.
import test from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { TWILIO_TOKEN, VAPI_KEY, WEBHOOK_SECRET } from "./lib/env.mjs";
import { command } from "./lib/server.mjs";
import { WITHOUT_VAPI, World } from "./lib/world.mjs";
import { freshSid, ring } from "./lib/twilio.mjs";
import { freshCall, post, statusUpdate } from "./lib/vapi.mjs";

const world = await World.create();
const LISTEN = { LISTEN: "127.0.0.1:0", ADMIN_LISTEN: "127.0.0.1:0", PUBLIC_URL: "https://missedcall.example.com" };
const withEnv = (extra) => ({ ...LISTEN, ...world.env(), ...extra });

const REFUSED = {
  "an unknown setting TWILIO_FOO": [{ TWILIO_FOO: "1" }, /TWILIO_FOO/],
  "an unknown setting VAPI_APIKEY": [{ VAPI_APIKEY: "1" }, /VAPI_APIKEY/],
  "an unknown setting RESEND_KEY": [{ RESEND_KEY: "1" }, /RESEND_KEY/],
  "a LOG_LEVEL nobody knows": [{ LOG_LEVEL: "loud" }, /LOG_LEVEL/],
  "a LOG_FORMAT nobody knows": [{ LOG_FORMAT: "xml" }, /LOG_FORMAT/],
  "a LISTEN without a port": [{ LISTEN: "127.0.0.1" }, /LISTEN/],
  "a LISTEN with a port past 65535": [{ LISTEN: "127.0.0.1:65536" }, /LISTEN/],
  "an ADMIN_LISTEN that is none": [{ ADMIN_LISTEN: "here" }, /ADMIN_LISTEN/],
  "a PORT that is none": [{ LISTEN: null, PORT: "http" }, /PORT/],
  "a PUBLIC_URL without a scheme": [{ PUBLIC_URL: "missedcall.example.com" }, /PUBLIC_URL/],
  "a VAPI_API_URL that is none": [{ VAPI_API_URL: "ftp://x" }, /VAPI_API_URL/],
  "Vapi without its phone number id": [{ VAPI_PHONE_NUMBER_ID: null }, /VAPI_PHONE_NUMBER_ID/],
  "Vapi without its key": [{ VAPI_API_KEY: null }, /VAPI_API_KEY/],
  "Vapi without a webhook secret": [{ VAPI_WEBHOOK_SECRET: null }, /VAPI_WEBHOOK_SECRET/],
  "Vapi without PUBLIC_URL": [{ PUBLIC_URL: null, TWILIO_AUTH_TOKEN: null }, /PUBLIC_URL/],
  "Twilio without PUBLIC_URL": [{ PUBLIC_URL: null, ...WITHOUT_VAPI }, /PUBLIC_URL/],
  "DATABASE_URL on port 6543": [
    { DATABASE_URL: "postgresql://u:secret-of-the-url@db.example.com:6543/postgres" },
    /DATABASE_URL.*6543.*pooler/,
  ],
  "DATABASE_URL missing": [{ DATABASE_URL: null }, /DATABASE_URL/],
  "DATABASE_URL that is none": [{ DATABASE_URL: "mysql://x" }, /DATABASE_URL/],
  "a setting by value and by file": [{ TWILIO_AUTH_TOKEN_FILE: "/etc/hostname" }, /TWILIO_AUTH_TOKEN/],
  "a file that is not there": [
    { TWILIO_AUTH_TOKEN: null, TWILIO_AUTH_TOKEN_FILE: "/nonexistent/token" },
    /TWILIO_AUTH_TOKEN_FILE/,
  ],
  "a TWILIO_ACCOUNT_SID that is none": [{ TWILIO_ACCOUNT_SID: "SK12" }, /TWILIO_ACCOUNT_SID/],
};
for (const [what, [env, pattern]] of Object.entries(REFUSED)) {
  test(`${what}: no start, one clear line`, async () => {
    const end = await command(["serve"], withEnv(env), 10000);
    assert.ok(end.code > 0 && end.signal === null, `exit ${end.code} ${end.signal}`);
    const lines = (end.stderr + end.stdout).trim().split("\n");
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0], pattern);
    for (const secret of [TWILIO_TOKEN, VAPI_KEY, WEBHOOK_SECRET, "secret-of-the-url"])
      assert.ok(!lines[0].includes(secret), "a secret is shown");
  });
}

test("a port that is taken: no start, one line that says which", async () => {
  const server = await world.start();
  const end = await command(["serve"], withEnv({ LISTEN: `127.0.0.1:${server.port}` }), 15000);
  assert.ok(end.code > 0);
  assert.match(end.stderr, new RegExp(`${server.port}|address already in use`, "i"));
  const text = await command(["serve"], withEnv({ LISTEN: `127.0.0.1:${server.port}`, LOG_FORMAT: "text" }), 15000);
  assert.doesNotMatch(text.stderr, /^\{/m, "LOG_FORMAT=text is for people");
  await server.stop();
});

test("settings of other programs are none of ours", async () => {
  const server = await world.start({
    TWILLIO: "x",
    DATABASE: "y",
    NODE_ENV: "test",
    LISTEN_PID: "1",
    LOGNAME: "someone",
    VAPID_KEY: "z",
  });
  await server.stop();
});

test("NAME_FILE: secrets from files, a final line break does not count", async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "ringback-e2e-"));
  const file = (name, text) => {
    fs.writeFileSync(path.join(dir, name), text, { mode: 0o600 });
    return path.join(dir, name);
  };
  const server = await world.start({
    TWILIO_AUTH_TOKEN: null,
    TWILIO_AUTH_TOKEN_FILE: file("token", `${TWILIO_TOKEN}\n`),
    VAPI_WEBHOOK_SECRET: null,
    VAPI_WEBHOOK_SECRET_FILE: file("secret", WEBHOOK_SECRET),
    DATABASE_URL: null,
    DATABASE_URL_FILE: file("database", `${world.db.serverUrl}\n`),
  });
  assert.equal((await ring(server, freshSid())).status, 200);
  assert.equal((await post(server, statusUpdate(freshCall().id, "queued"))).status, 200);
  await server.stop();
  fs.rmSync(dir, { recursive: true });
});

test("an empty setting is an unset one", async () => {
  const server = await world.start({ VAPI_WEBHOOK_SECRET_PREVIOUS: "", TWILIO_AUTH_TOKEN_PREVIOUS: "", SPOOL_DIR: "" });
  assert.equal((await post(server, statusUpdate(freshCall().id, "queued"), { "x-vapi-secret": "" })).status, 401);
  await server.stop();
});

test("serve --help prints the table of settings", async () => {
  const end = await command(["serve", "--help"]);
  assert.equal(end.code, 0);
  for (const name of [
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "LISTEN",
    "ADMIN_LISTEN",
    "PUBLIC_URL",
    "SPOOL_DIR",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_AUTH_TOKEN_PREVIOUS",
    "TWILIO_ACCOUNT_SID",
    "VAPI_API_KEY",
    "VAPI_API_URL",
    "VAPI_ASSISTANT_ID",
    "VAPI_PHONE_NUMBER_ID",
    "VAPI_WEBHOOK_SECRET",
    "VAPI_WEBHOOK_SECRET_PREVIOUS",
    "VAPI_HMAC_SECRET",
  ]) {
    assert.match(end.stdout, new RegExp(`^\\s*${name}\\b`, "m"), name);
  }
});

test("--help names the commands, version says which, nonsense is refused", async () => {
  const help = await command(["--help"]);
  assert.equal(help.code, 0);
  for (const name of ["serve", "migrate", "version"]) assert.match(help.stdout, new RegExp(`\\b${name}\\b`));
  const version = await command(["version"]);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^ringback \d/);
  for (const args of [["dance"], ["serve", "--dance"], ["migrate", "--dance"], []]) {
    const end = await command(args, withEnv({}), 10000);
    assert.ok(end.code > 0, args.join(" "));
    assert.ok(end.stderr.trim().length > 0);
  }
});
