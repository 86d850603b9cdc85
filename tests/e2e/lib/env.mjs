// What the runner hands over, and the fixed values every test shares.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.resolve(here, "../../..");
export const FIXTURES = path.join(ROOT, "tests/fixtures");

export const BIN = process.env.RINGBACK_BIN ?? path.join(ROOT, "build/dev/ringback");
export const ADMIN_URL = process.env.RINGBACK_TEST_DATABASE_URL;
export const PG_DATA = process.env.RINGBACK_TEST_PGDATA;
export const PG_BIN = process.env.RINGBACK_TEST_PGBIN;
export const PG_USER = process.env.RINGBACK_TEST_PGUSER;

if (!ADMIN_URL) {
  throw new Error("RINGBACK_TEST_DATABASE_URL is not set: an owner's URL of a private test cluster");
}

export const PUBLIC_URL = "https://missedcall.example.com";
export const TWILIO_TOKEN = "0123456789abcdef0123456789abcdef";
export const TWILIO_ACCOUNT = "AC3f9b1d7e5a2c4860b8d6f4e2a0c19375";
export const VAPI_KEY = "vapi-private-key-4f1d9c2e7a";
export const WEBHOOK_SECRET = "larkspur-webhook-secret";
export const ASSISTANT_ID = "a7d1c3f0-92be-4c58-b6e4-1f0837d5a2c9";
export const DEFAULT_ASSISTANT_ID = "0c5e2d97-6b1f-4a38-9e70-d4a8b3f6c215";
export const PHONE_NUMBER_ID = "c4e8b215-7f63-4d0a-9e2b-6a51d8f3079e";

// The businesses every database begins with. `plain` has nobody to forward to and no assistant of its own.
export const LARKSPUR = {
  id: "11111111-1111-4111-8111-111111111111",
  name: "Larkspur Dental Studio",
  phone: "+12125550142",
  forwardTo: "+12125550119",
  assistantId: ASSISTANT_ID,
  greeting: null,
};
export const PLAIN = {
  id: "22222222-2222-4222-8222-222222222222",
  name: "Larkspur Annex",
  phone: "+12125550143",
  forwardTo: null,
  assistantId: null,
  greeting: null,
};
export const ODD = {
  id: "33333333-3333-4333-8333-333333333333",
  name: 'Larkspur & Sons <"Smiles">',
  phone: "+12125550144",
  forwardTo: null,
  assistantId: ASSISTANT_ID,
  greeting: 'You\'ve reached Larkspur & Sons <"Smiles">. Zoë will call you back.',
};
export const UNMAPPED_PHONE = "+12125550177";

export const fixture = (name) => fs.readFileSync(path.join(FIXTURES, name));
export const fixtureText = (name) => fs.readFileSync(path.join(FIXTURES, name), "utf8");
export const fixtureJson = (name) => JSON.parse(fixtureText(name));
export const fixtureNames = () => fs.readdirSync(FIXTURES).sort();

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Calls `probe` until it returns something true, else fails with `what`. */
export async function until(what, probe, timeoutMs = 10000, everyMs = 50) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const got = await probe();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(everyMs);
  }
}
