// Pictures of every screen for people to look at: ./dev pictures [NAME...] writes them to build/pictures.
// Wide and narrow, light and dark, with the data of `ringback demo`; NAME... keeps those whose name contains one of the words.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { LOOKS, Visit, assertFits } from "./lib/browser.mjs";
import { ROOT } from "./lib/env.mjs";
import { signInOpens } from "./lib/session.mjs";
import { OWNER, STAFF, STRANGER, callWith, pagesWorld } from "./lib/pages-world.mjs";

const OUT = process.env.RINGBACK_PICTURES ?? path.join(ROOT, "build/pictures");
const words = process.argv.slice(2);

const world = await pagesWorld({ callsPerDay: 25 });
const server = await signInOpens(await world.start());
const talk = await callWith(
  world,
  "c.outcome = 'handled' and c.recording_url is not null and (select count(*) from call_utterances u where u.call_id = c.id) > 9",
);
const missed = await callWith(world, "c.outcome = 'hung_up_early'");
const booked = await callWith(
  world,
  "c.outcome = 'booked' and (select count(*) from bookings k where k.call_id = c.id) > 1",
);
const live = await callWith(world, "c.status = 'in-progress'");
const { day } = await world.db.one("select max(local_date)::text as day from digests where business_id = $1", [
  world.larkspur.id,
]);

const press = (name) => (page) => page.getByRole("button", { name }).click();
const leave = async (page) => {
  await page.context().setOffline(true);
  await page.getByText("No connection to the server").waitFor();
};
// Address, who looks, and what is done before the picture.
const SCREENS = {
  "sign-in": ["/", null],
  today: ["/", OWNER],
  "today-month": ["/?period=30", OWNER],
  "today-one-day": ["/?period=yesterday", OWNER],
  "today-empty": ["/", STRANGER],
  "today-offline": ["/", OWNER, leave],
  account: ["/", OWNER, press(world.larkspur.name)],
  calls: ["/calls", OWNER],
  "calls-filtered": ["/calls?period=7&outcome=hung_up_early,no_response&urgency=high,normal", OWNER],
  "calls-filters": ["/calls", OWNER, press(/More filters/)],
  "calls-search": ["/calls?q=appointment", OWNER],
  "calls-nothing": ["/calls?q=zzzzzz", OWNER],
  "calls-empty": ["/calls", STRANGER],
  call: [`/calls/${talk.id}`, OWNER],
  "call-missed": [`/calls/${missed.id}`, OWNER],
  "call-booked": [`/calls/${booked.id}`, OWNER],
  "call-live": [`/calls/${live.id}`, OWNER],
  "call-not-found": ["/calls/0b6f3b1e-0000-4000-8000-000000000000", OWNER],
  digests: ["/digests", OWNER],
  digest: [`/digests/${day}`, OWNER],
  "digests-empty": ["/digests", STRANGER],
  settings: ["/settings", OWNER],
  "settings-staff": ["/settings", STAFF],
};
const wanted = Object.entries(SCREENS).filter(([name]) => !words.length || words.some((word) => name.includes(word)));

async function picture(name, [address, who, act], look) {
  const visit = await Visit.open(server, { ...look, as: who ?? undefined });
  const file = path.join(OUT, `${name}-${look.phone ? "phone" : "desktop"}-${look.dark ? "dark" : "light"}.png`);
  try {
    await visit.go(address);
    await act?.(visit.page);
    await visit.page.waitForTimeout(400); // what moves has come to rest
    await visit.page.screenshot({ path: file, fullPage: !act && !name.startsWith("calls") });
    await assertFits(visit, "it");
    console.log(path.relative(ROOT, file));
    return true;
  } catch (error) {
    console.log(`${path.relative(ROOT, file)}: ${error.message.split("\n")[0]}`);
    return false;
  } finally {
    await visit.close();
  }
}

test(`${wanted.length} screens in ${LOOKS.length} looks`, async () => {
  fs.mkdirSync(OUT, { recursive: true });
  let failed = 0;
  for (const [name, screen] of wanted) for (const look of LOOKS) failed += (await picture(name, screen, look)) ? 0 : 1;
  assert.equal(failed, 0, `${failed} pictures went wrong`);
});
