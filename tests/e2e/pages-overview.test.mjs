// Today: whom to call back, the numbers, and how the page goes on while calls come in and connections go.
import assert from "node:assert/strict";
import { LOOKS, assertAccessible, assertFits, pageTest, untilPage } from "./lib/browser.mjs";
import { bearer, signIn, signInOpens } from "./lib/session.mjs";
import { ANNEX, OWNER, STAFF, STRANGER, pagesWorld, recordedCall, tell } from "./lib/pages-world.mjs";
import { freshCall } from "./lib/vapi.mjs";

const world = await pagesWorld({ callsPerDay: 40 });
const server = await signInOpens(await world.start());
const owner = await signIn(server, OWNER);

const day = (agoDays) =>
  new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York" }).format(Date.now() - agoDays * 86_400_000);
const overview = async (days) => {
  const answer = await server.get(`/api/v1/overview?from=${day(days - 1)}&to=${day(0)}`, { headers: bearer(owner) });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};
const people = (page) => page.getByRole("region", { name: "Call back first" });

/** The number that stands under a word. */
async function tile(page, label) {
  const box = page.locator("dl > div").filter({ has: page.getByRole("term").filter({ hasText: label }) });
  return Number((await box.getByRole("definition").first().innerText()).replaceAll(",", ""));
}

pageTest("the numbers are those of the server, in the business's zone", async (open) => {
  const { page } = await (await open(server, { as: OWNER })).go("/?period=30");
  const { tiles } = await overview(30);
  for (const [label, name] of [
    [/^Calls/, "calls"],
    [/^Unique callers/, "unique_callers"],
    [/^Answered/, "answered"],
    [/^Missed/, "missed"],
    [/^To call back/, "to_call_back"],
  ])
    assert.equal(await tile(page, label), tiles[name].value, name);
  assert.ok(tiles.calls.value > 100 && tiles.missed.value > 0);
  await page.getByText("Eastern Time (New York)").first().waitFor();
});

pageTest("whom to call back: names, reasons, a number that dials, the call behind it", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/?period=30");
  const { call_back: expected } = await overview(30);
  assert.ok(expected.length >= 5);
  const rows = people(visit.page).getByRole("listitem");
  for (const [i, person] of expected.slice(0, 5).entries()) {
    const row = rows.nth(i);
    assert.equal(await row.getByRole("link", { name: /^Call / }).getAttribute("href"), `tel:${person.number}`);
    const said = (await row.innerText()).toLowerCase();
    for (const words of [person.name, person.reason]) assert.ok(!words || said.includes(words.toLowerCase()), words);
    assert.match(said, /\+1 \(\d{3}\) \d{3}-\d{4}/);
  }
  await rows.first().getByRole("link").first().click();
  await visit.page.waitForURL(`**/calls/${expected[0].last_call_id}`);
});

pageTest("who was called back is ticked off, for all who look, and put back", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/?period=30");
  const other = await (await open(server, { as: STAFF })).go("/?period=30");
  const [first] = (await overview(30)).call_back;
  const waits = ({ page }) => people(page).getByRole("listitem").locator(`a[href*="${first.last_call_id}"]`);
  await waits(other).waitFor();
  const [before] = [await tile(visit.page, /^To call back/)];
  await people(visit.page).getByRole("listitem").first().getByRole("button", { name: /^Done/ }).click();
  await waits(visit).waitFor({ state: "hidden" });
  await untilPage("one less to call back", async () => (await tile(visit.page, /^To call back/)) === before - 1);
  await other.page.reload();
  await people(other.page).getByRole("listitem").first().waitFor();
  assert.equal(await waits(other).count(), 0);
  const undo = visit.page.getByRole("button", { name: "Undo" });
  await untilPage("the focus is not lost", () => undo.evaluate((one) => one === document.activeElement));
  await assertAccessible(visit, "somebody ticked off");
  await visit.page.keyboard.press("Enter");
  await waits(visit).waitFor();
  assert.equal((await overview(30)).call_back[0].last_call_id, first.last_call_id);
});

pageTest("a number leads to its calls", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/?period=30");
  await visit.page.getByRole("link", { name: "Missed", exact: true }).click();
  await visit.heading("Calls").waitFor();
  assert.equal(visit.query().period, "30");
  assert.match(visit.query().outcome, /hung_up_early/);
  await visit.page.goBack();
  await visit.page.getByRole("heading", { name: "Call back first" }).waitFor();
});

pageTest("the period is in the address: a reload and a step back keep to it", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/");
  const { page } = visit;
  const calls = async (days) => (await overview(days)).tiles.calls.value;
  const shows = (days) =>
    untilPage(`calls of ${days} days`, async () => (await tile(page, /^Calls/)) === (await calls(days)));
  await page.getByRole("button", { name: "30 days" }).click();
  await shows(30);
  assert.equal(visit.query().period, "30");
  await page.reload();
  await shows(30);
  assert.equal(await page.getByRole("button", { name: "30 days" }).getAttribute("aria-pressed"), "true");
  await page.getByRole("button", { name: "Today", exact: true }).click();
  await shows(1);
  await page.goBack();
  await shows(30);
});

pageTest("a call that comes in appears by itself", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/?period=today");
  const { page } = visit;
  await untilPage("it is live", () => page.getByText("Live", { exact: true }).first().isVisible());
  const before = await tile(page, /^Calls/);
  await tell(server, recordedCall(freshCall(), 65_000));
  await untilPage("one more call", async () => (await tile(page, /^Calls/)) === before + 1);
  assert.equal(visit.requests.filter(({ url }) => url.endsWith("/")).length, 0, "nothing was loaded anew");
});

pageTest("a business without calls is told how to begin", async (open) => {
  const visit = await (await open(server, { as: STRANGER })).go("/");
  await visit.page.getByRole("heading", { name: "No calls yet" }).waitFor();
  assert.equal(await visit.page.getByText(world.larkspur.name).count(), 0);
  await tell(server, recordedCall(freshCall(), 65_000)); // to the other business
  assert.ok(await visit.page.getByRole("heading", { name: "No calls yet" }).isVisible());
});

pageTest("without a network what was there stays, and it goes on by itself", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/?period=today");
  const { page } = visit;
  await untilPage("it is live", () => page.getByText("Live", { exact: true }).first().isVisible());
  const before = await tile(page, /^Calls/);
  visit.allow(/ERR_INTERNET_DISCONNECTED/); // of what is asked just then, if anything is
  await visit.context.setOffline(true);
  const banner = page.getByText("No connection to the server");
  await banner.waitFor();
  await tell(server, recordedCall(freshCall(), 65_000));
  assert.equal(await tile(page, /^Calls/), before, "what was there stays");
  await assertAccessible(visit, "without a network");
  await assertFits(visit, "without a network");
  await visit.context.setOffline(false);
  await banner.waitFor({ state: "hidden" });
  await untilPage("the call of meanwhile", async () => (await tile(page, /^Calls/)) === before + 1);
});

pageTest("the server goes and comes back: the page tells, and goes on by itself", async (open) => {
  const other = await signInOpens(await world.start());
  const visit = await (await open(other, { as: OWNER })).go("/?period=today");
  const { page } = visit;
  await untilPage("it is live", () => page.getByText("Live", { exact: true }).first().isVisible());
  const before = await tile(page, /^Calls/);
  visit.expect(/ERR_CONNECTION_REFUSED/);
  visit.expected.push(/ERR_(CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_REFUSED)/);
  other.env.LISTEN = `127.0.0.1:${other.port}`;
  await other.stop();
  const banner = page.getByText("No connection to the server");
  await banner.waitFor();
  assert.equal(await tile(page, /^Calls/), before);
  await tell(server, recordedCall(freshCall(), 65_000));
  await other.start();
  await banner.waitFor({ state: "hidden" });
  await untilPage("the call of meanwhile", async () => (await tile(page, /^Calls/)) === before + 1);
});

pageTest("the database goes and comes back: it is said, and what was there stays", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/?period=30");
  const { page } = visit;
  await world.db.lockOut();
  try {
    visit.expectStatus(503, "api/v1/overview");
    visit.expected.push(/status of (429|503|504) .*api/);
    await page.getByRole("button", { name: "7 days" }).click();
    await page.getByText("its database is away").first().waitFor();
  } finally {
    await world.db.letIn();
  }
  await server.ready(30000);
  await page
    .getByRole("button", { name: "Try again" })
    .click({ timeout: 5000 })
    .catch(() => {}); // or it did so itself
  await untilPage("numbers again", async () => (await page.getByRole("term").count()) > 0);
});

for (const look of LOOKS) {
  pageTest(`open to everybody: ${look.name}`, async (open) => {
    const visit = await open(server, { ...look, as: OWNER });
    for (const [where, address] of [
      ["today", "/"],
      ["a month", "/?period=30"],
      ["one day", "/?period=yesterday"],
      ["days of one's own", `/?from=${day(5)}&to=${day(2)}`],
    ]) {
      await visit.go(address);
      await assertAccessible(visit, where);
      await assertFits(visit, where);
    }
    const empty = await (await open(server, { ...look, as: STRANGER })).go("/");
    await empty.page.getByRole("heading", { name: "No calls yet" }).waitFor();
    await assertAccessible(empty, "a business without calls");
    await assertFits(empty, "a business without calls");
    assert.equal((await empty.page.getByText(ANNEX.name).count()) > 0, true);
  });
}
