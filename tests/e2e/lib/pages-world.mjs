// What the tests of the pages look at: Larkspur with a month of made-up calls, its owner and staff, and another business
// with an owner of its own. The provider's recordings are a tone of the right length.
import assert from "node:assert/strict";
import { PLAIN } from "./env.mjs";
import { recordings } from "./fake.mjs";
import { command } from "./server.mjs";
import { PASSWORD, createUser, memberOf } from "./session.mjs";
import { World } from "./world.mjs";
import { sequence, rekey, post } from "./vapi.mjs";

export const OWNER = "owner@larkspur.example";
export const STAFF = "staff@larkspur.example";
export const STRANGER = "owner@annex.example";
export const ANNEX = PLAIN;

const RATE = 8000;

/** A tone that can be played: 8 kHz, mono, 16 bits. */
export function tone(seconds) {
  const samples = Math.round(RATE * seconds);
  const bytes = Buffer.alloc(44 + samples * 2);
  bytes.write("RIFF", 0, "latin1");
  bytes.writeUInt32LE(36 + samples * 2, 4);
  bytes.write("WAVEfmt ", 8, "latin1");
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20); // PCM
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36, "latin1");
  bytes.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i++)
    bytes.writeInt16LE(Math.round(6000 * Math.sin((i * 2 * Math.PI * 440) / RATE)), 44 + i * 2);
  return bytes;
}

/** A world with `businesses` of the demo and, unless `annex` is false, one with an owner who has no calls. */
export async function pagesWorld({ days = 30, callsPerDay = 12, businesses = 1, label } = {}) {
  const world = await World.create({ seed: false, label });
  const args = [
    "--days",
    days,
    "--calls-per-day",
    callsPerDay,
    "--businesses",
    businesses,
    "--password",
    PASSWORD,
    "--quiet",
  ];
  const end = await command(["demo", ...args.map(String)], { MIGRATE_DATABASE_URL: world.db.ownerUrl }, 120000);
  assert.equal(end.code, 0, end.stderr);
  await world.db.addBusiness(ANNEX);
  await memberOf(world.db, ANNEX.id, await createUser(world.db, STRANGER));
  world.larkspur = await world.db.one(
    "select b.id, b.name from businesses b join business_phones p on p.business_id = b.id where p.phone = '+12125550142'",
  );
  world.fake.file = recordings.file(tone(180));
  return world;
}

/** A call of that business that fits the SQL condition: the newest. */
export const callWith = (world, condition, business = world.larkspur.id) =>
  world.db.one(`select c.* from calls c where c.business_id = $1 and ${condition} order by listed_at desc limit 1`, [
    business,
  ]);

const RECORDED_MS = 1795014245280; // of the sequence's first message

/** The recorded call, as if it had begun `agoMs` ago. */
export function recordedCall(call, agoMs = 0) {
  const shift = Date.now() - agoMs - RECORDED_MS;
  return sequence().map((line) =>
    rekey(line, call)
      .replace(/\b17950\d{8}\b/g, (ms) => String(Number(ms) + shift))
      .replace(/2026-11-18T\d\d:\d\d:\d\d\.\d{3}Z/g, (at) => new Date(Date.parse(at) + shift).toISOString()),
  );
}

/** Posts messages in their order; each must be taken. */
export async function tell(server, lines) {
  for (const line of lines) {
    const answer = await post(server, line);
    assert.equal(answer.status, 200, answer.text);
  }
}
