// Appointments that callers asked for: in the list, on the call, in the numbers and in the settings. To be read only.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { LOOKS, assertAccessible, assertFits, pageTest, untilPage } from "./lib/browser.mjs";
import { signInOpens } from "./lib/session.mjs";
import { OWNER, STAFF, pagesWorld } from "./lib/pages-world.mjs";

const world = await pagesWorld({ days: 10, callsPerDay: 40 });
const server = await signInOpens(await world.start());
const STARTS = "2026-12-04T15:30:00Z"; // 10:30 in New York

/** Answered calls about nothing bookable, newest first; each gets what was tried in it. */
const calls = await world.db.rows(
  `select id from calls c where business_id = $1 and outcome = 'handled'
     and not exists (select from bookings k where k.call_id = c.id) order by listed_at desc limit 8`,
  [world.larkspur.id],
);
assert.equal(calls.length, 8);

async function tried(call, status, reason, more = {}) {
  const columns = {
    business_id: world.larkspur.id,
    call_id: call.id,
    tool_call_id: crypto.randomUUID(),
    status,
    reason,
    starts_at: STARTS,
    attendee_name: "Ada Fern",
    attendee_phone: "+12125550187",
    attendee_email: "ada@example.org",
    service: "a crown",
    lease_until: "infinity", // no server looks it up meanwhile
    ...more,
  };
  const names = Object.keys(columns);
  const places = names.map((_, i) => `$${i + 1}`);
  await world.db.rows(`insert into bookings (${names}) values (${places})`, Object.values(columns));
  if (status === "confirmed") await world.db.rows("update calls set booked = true where id = $1", [call.id]);
}

const CASES = [
  ["confirmed", "none", "Booked for Fri, Dec 4, 10:30 AM"],
  ["pending", "none", "Requested, to be confirmed in Cal.com"],
  ["refused", "off", "Asked to book; booking is switched off"],
  ["refused", "taken", "Asked to book; that time was taken"],
  ["failed", "unreachable", "Asked to book; the calendar could not be reached. Call back."],
  ["unknown", "no_answer", "Booking not certain yet. Call back."],
  ["asked", "none", "Booking not certain yet"],
];
for (const [i, [status, reason]] of CASES.entries()) await tried(calls[i], status, reason);

const several = calls[7];
const at = (seconds) => new Date(Date.now() - seconds * 1000);
await tried(several, "refused", "taken", { error: "User either already has booking at this time", created_at: at(90) });
await tried(several, "refused", "past", { starts_at: null, attendee_email: null, created_at: at(120) });
await tried(several, "failed", "no_answer", { created_at: at(60) });

const plain = (text) => text.replace(/\s+/g, " ").trim();

for (const phone of [false, true]) {
  pageTest(`the list tells what came of each, on a ${phone ? "phone" : "desktop"}`, async (open) => {
    const { page } = await (await open(server, { as: OWNER, phone })).go("/calls");
    for (const [i, [, , words]] of CASES.entries()) {
      const row = page.getByRole("row").filter({ has: page.locator(`a[href*="${calls[i].id}"]`) });
      await untilPage("the row is drawn", async () => {
        if (await row.count()) return true;
        await page.evaluate(() => scrollBy(0, innerHeight / 2));
        return false;
      });
      assert.ok(plain(await row.locator(".calls-outcome").textContent()).includes(words), words);
    }
  });
}

pageTest("a call lists all attempts, the newest first, with everything that is known of each", async (open) => {
  const visit = await (await open(server, { as: STAFF })).go(`/calls/${several.id}`);
  const card = visit.page.getByRole("region", { name: "Appointments" });
  const items = card.getByRole("listitem");
  assert.equal(await items.count(), 3);
  const [newest, taken, oldest] = (await items.allInnerTexts()).map(plain);
  assert.match(newest, /^Asked to book; the calendar did not answer/);
  for (const text of ["Fri, Dec 4, 10:30 AM", "Ada Fern", "+1 (212) 555-0187", "ada@example.org", "a crown"])
    assert.ok(newest.includes(text), text);
  assert.ok(!newest.includes("Cal.com said"));
  assert.match(
    taken,
    /^Asked to book; that time was taken.* Cal\.com said User either already has booking at this time/,
  );
  assert.match(oldest, /^Asked to book; that time was over/);
  assert.ok(!oldest.includes("When") && !oldest.includes("Email"));
  assert.equal(await card.getByRole("link").first().getAttribute("href"), "tel:+12125550187");
  assert.equal(
    (await card.getByRole("button").count()) + (await card.locator("input, select").count()),
    0,
    "read only",
  );
  await visit.page
    .getByText("An appointment was asked for and could not be booked. Call back to find a time.")
    .waitFor();
});

pageTest("what an owner should do is said only where nobody can be sure", async (open) => {
  const visit = await open(server, { as: OWNER });
  const advice = {
    confirmed: null,
    refused: null,
    asked: null,
    failed: /could not be booked/,
    unknown: /Look into Cal\.com/,
  };
  for (const [i, [status, reason]] of CASES.entries()) {
    if (!(status in advice)) continue;
    await visit.go(`/calls/${calls[i].id}`);
    await visit.page.getByRole("region", { name: "Appointment" }).waitFor();
    const said = await visit.page.locator(".call-advice").allInnerTexts();
    if (advice[status]) assert.match(said.join(), advice[status], reason);
    else assert.deepEqual(said, [], `${status} ${reason}`);
  }
  // What was promised is kept, whatever came of it.
  await tried(calls[3], "refused", "taken", { promised: true });
  await visit.go(`/calls/${calls[3].id}`);
  await visit.page.getByText("The caller was told that somebody would call back about the appointment.").waitFor();
  // Another attempt went well.
  await tried(calls[4], "confirmed", "none", { starts_at: "2026-12-05T15:30:00Z" });
  await visit.go(`/calls/${calls[4].id}`);
  await visit.page.getByRole("region", { name: "Appointments" }).waitFor();
  assert.equal(await visit.page.locator(".call-advice").count(), 0);
  await visit.page.locator(".call-outcome").getByText("Booked").waitFor();
});

const business = (sql) => world.db.rows(`update businesses set ${sql} where id = $1`, [world.larkspur.id]);

pageTest("bookings are counted only of a business that books", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/?period=30");
  const tile = (name) => visit.page.getByRole("term").filter({ hasText: name });
  const [{ n }] = await world.db.rows(
    "select count(*)::int as n from bookings where business_id = $1 and status = 'confirmed'",
    [world.larkspur.id],
  );
  await tile(/^Booking rate/).waitFor();
  const box = visit.page.locator("dl > div").filter({ has: tile(/^Bookings/) });
  assert.equal(await box.getByRole("definition").first().innerText(), String(n));
  await box.getByRole("link").click();
  await visit.page.waitForURL(/outcome=booked/);
  await business("calcom_enabled = false");
  await visit.go("/?period=30");
  await tile(/^Average length/).waitFor();
  assert.equal(await tile(/^Booking/).count(), 0);
  await business("calcom_enabled = true");
});

const STATES = [
  ["calcom_enabled = false", null, "Off"],
  ["calcom_enabled = true", null, "On, but not connected"],
  ["calcom_enabled = true", "now()", "On, but Cal.com refuses the key"],
  ["calcom_enabled = true", "null", "On and connected"],
];

for (const [gate, invalid, words] of STATES) {
  pageTest(`settings: ${words}; nobody changes that here`, async (open) => {
    await business(gate);
    await world.db.rows("delete from private.calcom_credentials");
    if (invalid)
      await world.db.rows(
        `insert into private.calcom_credentials (business_id, sealed, key_id, event_type_id, account, invalid_at)
         values ($1, '\\x00', 'k1', 1, 'somebody', ${invalid})`,
        [world.larkspur.id],
      );
    for (const as of [OWNER, STAFF]) {
      const { page } = await (await open(server, { as })).go("/settings");
      const part = page
        .locator("div")
        .filter({ has: page.getByRole("heading", { name: "Booking through Cal.com" }) })
        .last();
      await part.getByText(words, { exact: true }).waitFor();
      await part.getByText("Whoever runs this server can change that: ringback calcom.").waitFor();
      assert.equal(await part.locator("input, button, select, a").count(), 0);
      assert.ok(!(await page.content()).includes("somebody"), "whose key it is concerns nobody here");
    }
  });
}

for (const look of LOOKS) {
  pageTest(`looks right: ${JSON.stringify(look)}`, async (open) => {
    const visit = await open(server, { as: OWNER, ...look });
    for (const where of ["/calls", `/calls/${several.id}`, "/settings", "/?period=30"]) {
      await visit.go(where);
      await visit.page.waitForTimeout(200);
      await assertFits(visit, where);
      await assertAccessible(visit, where);
    }
  });
}
