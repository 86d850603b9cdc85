// Many callers, few times, two servers of which one dies, and a calendar with bad days. In the end: what Cal.com has is what
// the rows say, no wish was sent twice, and nobody was told anything that turned out to be untrue.
import test from "node:test";
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { BookingDesk, NY, dayAhead } from "./lib/booking-desk.mjs";
import { moods } from "./lib/calcom.mjs";
import { sleep, until } from "./lib/env.mjs";

const SEED = process.env.BOOKING_SEED ?? "larkspur";
const CALLERS = 48;
const WIDTH = 8;
const CHANCES = [
  [0.55, moods.ok],
  [0.1, moods.slowAfter(400)],
  [0.05, moods.closedAfter],
  [0.05, moods.error500After],
  [0.05, moods.garbageAfter],
  [0.05, moods.closed],
  [0.05, moods.error500],
  [0.05, moods.lateClosed(1500)],
  [0.05, moods.slowAfter(4000)],
];

const desk = await BookingDesk.open({ calcom: { limit: 100000 } });
const { calcom } = desk;
const servers = [desk.server, await desk.start()];
const DAY = dayAhead(5);

/** By what is asked and how often it was: the order of arrival changes nothing. */
function moodOf(start, nth) {
  const mark = crypto.createHash("sha256").update(`${SEED} ${start} ${nth}`).digest();
  let left = mark.readUInt32BE(0) / 2 ** 32;
  return CHANCES.find(([chance]) => (left -= chance) < 0)?.[1] ?? moods.ok;
}

const seen = new Map();
calcom.mood.book = (standIn, record, res) => {
  const nth = (seen.get(record.json.start) ?? 0) + 1;
  seen.set(record.json.start, nth);
  moodOf(record.json.start, nth)(standIn, record, res);
};

/** Each wish comes twice at once, once to each server, and once more later. */
async function callerAsks(n, told) {
  const call = desk.call({ from: `+1212555${String(n).padStart(4, "0")}` });
  const start = `${DAY}T${String(8 + Math.floor((n % 24) / 2)).padStart(2, "0")}:${n % 2 ? "30" : "00"}`;
  const id = desk.freshToolId();
  const ask = async (server) => {
    try {
      const answer = await desk.book(call, start, { id, server });
      told.push({ call, id, words: answer.words, good: answer.good, ms: answer.ms });
    } catch (error) {
      if (/ECONN|socket hang up/.test(String(error.code ?? error.message))) return; // the power went
      throw error;
    }
  };
  await Promise.all(servers.map(ask));
  await ask(servers[n % 2]);
}

async function quiet() {
  const open = () => desk.db.count("bookings where status in ('asked', 'unknown')");
  for (let i = 0; (await open()) > 0; i++) {
    assert.ok(i < 40, `${await open()} bookings are open`);
    await desk.expire();
    await sleep(2000);
  }
}

test("a storm", async () => {
  calcom.open(
    NY,
    Array.from(
      { length: 24 },
      (_, i) => `${DAY}T${String(8 + Math.floor(i / 2)).padStart(2, "0")}:${i % 2 ? "30" : "00"}`,
    ),
  );
  const told = [];
  let next = 0;
  const worker = async () => {
    while (next < CALLERS) await callerAsks(next++, told);
  };
  const workers = Array.from({ length: WIDTH }, worker);
  await until("half of it", () => next >= CALLERS / 2, 60000);
  await servers[1].kill();
  servers[1] = await desk.start();
  await Promise.all(workers);
  calcom.mood = {};
  await sleep(2000); // what is made late is made by now
  await quiet();

  const rows = await desk.rows();
  const byTool = new Map(rows.map((row) => [`${row.provider_call_id} ${row.tool_call_id.split("@")[0]}`, row]));
  assert.equal(byTool.size, rows.length, "one row a wish");

  const sent = calcom.of("book").map((record) => record.json.metadata.ringback_booking);
  assert.equal(new Set(sent).size, sent.length, "no row was sent twice");
  const made = new Map(calcom.bookings.map((booking) => [booking.metadata.ringback_booking, booking]));
  assert.equal(made.size, calcom.bookings.length);
  for (const row of rows) {
    const booking = made.get(row.id);
    assert.equal(
      row.status === "confirmed",
      Boolean(booking),
      `${row.status} ${row.reason}: ${JSON.stringify(booking)}`,
    );
    if (booking) assert.equal(row.calcom_uid, booking.uid);
  }
  for (const { call, id, words, good, ms } of told) {
    const row = byTool.get(`${call.id} ${id}`);
    if (good) assert.equal(row?.status, "confirmed", words);
    if (/nothing is booked/.test(words)) assert.notEqual(row?.status, "confirmed", words);
    assert.ok(good || /nothing is booked|can not say whether/.test(words), words);
    assert.ok(ms < 8000, `${ms} ms`);
  }
  const starts = calcom.bookings.map((booking) => booking.start);
  assert.equal(new Set(starts).size, starts.length);
  assert.ok(calcom.bookings.length >= 12, `only ${calcom.bookings.length} were booked`);
});
