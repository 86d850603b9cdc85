// The list of calls: finding one, filters that live in the address, the file, new calls, and a list of ten thousand.
import assert from "node:assert/strict";
import fs from "node:fs";
import { LOOKS, assertAccessible, assertFits, pageTest, untilPage } from "./lib/browser.mjs";
import { until } from "./lib/env.mjs";
import { bearer, signIn, signInOpens } from "./lib/session.mjs";
import { OWNER, STRANGER, pagesWorld, recordedCall, tell } from "./lib/pages-world.mjs";
import { freshCall } from "./lib/vapi.mjs";

const MANY = 10_000;
const world = await pagesWorld({ callsPerDay: 350 }); // 30 days of them
const server = await signInOpens(await world.start());
const owner = await signIn(server, OWNER);

const ask = async (path) => {
  const answer = await server.get(path, { headers: bearer(owner) });
  assert.equal(answer.status, 200, answer.text);
  return answer;
};
const day = (agoDays) =>
  new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York" }).format(Date.now() - agoDays * 86_400_000);

/** The ids of the calls that stand on the page, from above. */
const shown = (page) =>
  page
    .getByRole("table", { name: "Calls" })
    .getByRole("link")
    .evaluateAll((links) => {
      const ids = links.map((link) => /^\/calls\/([0-9a-f-]{36})/.exec(link.pathname)?.[1]).filter(Boolean);
      return [...new Set(ids)];
    });

/** The first calls on the page are the first that the server tells for this question. */
async function shows(page, question) {
  const expected = (await ask(`/api/v1/calls?limit=5&${question}`)).json().calls.map((call) => call.id);
  assert.ok(expected.length > 0, `nothing matches ${question}`);
  await untilPage(`the calls of ${question}`, async () => {
    const ids = await shown(page);
    return expected.every((id, i) => ids[i] === id);
  });
  return expected;
}

pageTest("a call is found by what was said, and opened", async (open) => {
  const call = freshCall();
  await tell(server, recordedCall(call, 120_000));
  const { id } = await world.db.callByVapi(call.id);
  await until(
    "its words are indexed",
    async () => (await world.db.count("private.call_words where call_id = $1", [id])) === 1,
    20000,
  );
  const visit = await (await open(server, { as: OWNER })).go("/calls");
  const { page } = visit;
  await page.getByRole("searchbox").fill("chewing glass");
  await untilPage("no call matches", async () => (await shown(page)).length === 0);
  await page.getByRole("searchbox").fill("okafor chipped");
  await untilPage("the call is found", async () => (await shown(page)).includes(id));
  assert.equal(visit.query().q, "okafor chipped");
  await page.locator(`a[href*="${id}"]`).first().click();
  await page.waitForURL(`**/calls/${id}*`);
  await page.getByText("okafor chipped").first().waitFor();
  await page.goBack();
  await untilPage("the list as it was", async () => (await shown(page)).includes(id));
  assert.equal(await page.getByRole("searchbox").inputValue(), "okafor chipped");
});

pageTest("filters are in the address: a reload shows the same, a step back takes one away", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/calls?period=30");
  const { page } = visit;
  const days = `from=${day(29)}&to=${day(0)}`;
  const missed = "outcome=hung_up_early,no_response,transfer_not_answered,ai_unavailable,technical_error";
  await page.getByRole("button", { name: "Missed", exact: true }).click();
  await shows(page, `${days}&${missed}`);
  await page.getByRole("button", { name: "With recording", exact: true }).click();
  const both = await shows(page, `${days}&${missed}&recording=yes`);
  const { outcome, ...rest } = visit.query();
  assert.deepEqual(rest, { period: "30", recording: "yes" });
  assert.deepEqual(outcome.split(",").sort(), missed.split("=")[1].split(",").sort());
  await page.reload();
  assert.deepEqual(await shows(page, `${days}&${missed}&recording=yes`), both);
  assert.equal(await page.getByRole("button", { name: "Missed", exact: true }).getAttribute("aria-pressed"), "true");
  await page.goBack();
  await shows(page, `${days}&${missed}`);
  await page.goForward();
  await shows(page, `${days}&${missed}&recording=yes`);
  await page.getByRole("button", { name: "Clear all" }).click();
  await untilPage("no filter is left", () => Object.keys(visit.query()).length === 0);
});

pageTest("more filters: outcomes one by one, urgency, length; each is said and can be taken away", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/calls?period=30");
  const { page } = visit;
  const days = `from=${day(29)}&to=${day(0)}`;
  await page.getByRole("button", { name: /More|Filters/ }).click();
  const more = page.getByRole("group", { name: "More filters" });
  await more.getByLabel("Spam or wrong number").check();
  await shows(page, `${days}&outcome=spam`);
  await more.getByLabel("Spam or wrong number").uncheck();
  await more.getByLabel("Can wait").check();
  await more.getByRole("button", { name: "Under 60 s" }).click();
  await shows(page, `${days}&urgency=low&shorter=60`);
  await page.keyboard.press("Escape");
  await more.waitFor({ state: "hidden" });
  const on = page.getByRole("list", { name: "Filters that are on" });
  assert.equal(await on.getByRole("button").count(), 2);
  await on.getByRole("button", { name: /Urgency/ }).click();
  await shows(page, `${days}&shorter=60`);
});

pageTest("the file holds what the filters show", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/calls?period=7&recording=yes&outcome=handled");
  const [download] = await Promise.all([
    visit.page.waitForEvent("download"),
    visit.page.getByRole("button", { name: "Download CSV" }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^[\w.-]+\.csv$/);
  const mine = fs.readFileSync(await download.path());
  const { body } = await ask(`/api/v1/calls.csv?from=${day(6)}&to=${day(0)}&recording=yes&outcome=handled`);
  assert.ok(mine.equals(body), "the file differs from the server's");
  assert.ok(mine.toString().split("\n").length > 100);
});

pageTest("a call that comes in appears by itself, on top, and only where it fits", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/calls");
  const other = await (await open(server, { as: OWNER })).go("/calls?outcome=spam");
  const strange = await (await open(server, { as: STRANGER })).go("/calls");
  await strange.page.getByText("No calls yet").waitFor();
  await untilPage("the stream runs", () => visit.requests.some(({ url }) => url.includes("/api/v1/live")));
  const before = await shown(other.page);
  const call = freshCall();
  const lines = recordedCall(call, 5000);
  await tell(server, lines.slice(0, 6));
  const { id } = await world.db.callByVapi(call.id);
  await untilPage("it is on top", async () => (await shown(visit.page))[0] === id);
  const row = visit.page.getByRole("row").filter({ has: visit.page.locator(`a[href*="${id}"]`) });
  await row
    .getByText(/in progress|right now|on the phone/i)
    .first()
    .waitFor();
  await tell(server, lines.slice(6));
  await row
    .getByText(/handled/i)
    .first()
    .waitFor();
  assert.deepEqual(await shown(other.page), before);
  assert.ok(await strange.page.getByText("No calls yet").isVisible());
});

pageTest("ten thousand calls: the first and the last are reached, and the page stays small", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/calls?period=30");
  const { page } = visit;
  const [{ n, oldest }] = await world.db.rows(
    `select count(*) as n, (array_agg(id order by listed_at, id))[1] as oldest from calls
     where business_id = $1 and (listed_at at time zone 'America/New_York')::date between $2 and $3`,
    [world.larkspur.id, day(29), day(0)],
  );
  assert.ok(Number(n) >= MANY * 0.9, `${n} calls`);
  const [first] = await shows(page, `from=${day(29)}&to=${day(0)}`);
  let most = 0;
  const look = async () => {
    most = Math.max(most, await page.evaluate(() => document.querySelectorAll("*").length));
  };
  await untilPage("the end of the list", async () => {
    await page.evaluate(() => scrollBy(0, 20 * innerHeight));
    await look();
    return page.getByText(/^That is all: /).isVisible();
  });
  await untilPage("the bottom", async () => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    return (await shown(page)).includes(oldest);
  });
  await look();
  await page.getByText(`That is all: ${Number(n).toLocaleString("en-US")} calls`).waitFor();
  assert.ok(most < 4000, `${most} elements`);
  await page.evaluate(() => scrollTo(0, 0));
  await untilPage("the newest again", async () => (await shown(page))[0] === first);
  assert.equal(
    new Set(visit.requests.filter(({ url }) => url.includes("cursor=")).map(({ url }) => url)).size,
    visit.requests.filter(({ url }) => url.includes("cursor=")).length,
    "no page was asked for twice",
  );
});

pageTest("whoever comes back from a call is where they were", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/calls?period=30");
  const { page } = visit;
  await page.evaluate(() => scrollTo(0, 6000));
  let id = null;
  await untilPage("rows are there", async () => {
    const ids = await page
      .getByRole("table")
      .getByRole("link")
      .evaluateAll((links) =>
        links
          .filter((link) => link.getBoundingClientRect().top > 200 && link.getBoundingClientRect().bottom < innerHeight)
          .map((link) => /^\/calls\/([0-9a-f-]{36})/.exec(link.pathname)?.[1])
          .filter(Boolean),
      );
    id = ids[0];
    return ids.length > 3;
  });
  const link = page.locator(`a[href*="${id}"]`).first();
  const before = await link.evaluate((one) => one.getBoundingClientRect().top);
  await link.click();
  await page.waitForURL(`**/calls/${id}*`);
  await page.goBack();
  await link.waitFor();
  await untilPage(
    "as it was",
    async () => Math.abs((await link.evaluate((one) => one.getBoundingClientRect().top)) - before) < 100,
  );
});

pageTest("by keyboard: search, go through the rows, open one, and come back to it", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/calls");
  const { page } = visit;
  const [first, second] = await shows(page, "");
  await page.keyboard.press("/");
  await untilPage("the search has the focus", () => page.evaluate(() => document.activeElement.type === "search"));
  const link = page.locator(`a[href*="${first}"]`).first();
  await link.focus();
  await page.keyboard.press("ArrowDown");
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("href") ?? "");
  await untilPage("the next row has the focus", async () => (await focused()).includes(second));
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/calls/${second}*`);
  await untilPage("the call is there", () =>
    page
      .getByText("Loading")
      .count()
      .then((n) => n === 0),
  );
  await page.goBack();
  await untilPage("the focus is on the row again", async () => (await focused()).includes(second));
});

for (const look of LOOKS) {
  pageTest(`open to everybody: ${look.name}`, async (open) => {
    const visit = await open(server, { ...look, as: OWNER });
    const { page } = visit;
    for (const [where, address] of [
      ["calls", "/calls"],
      ["filtered calls", "/calls?period=30&outcome=spam,other&urgency=low,high&recording=yes&caller=0187"],
      ["a search", "/calls?q=appointment"],
      ["nothing found", "/calls?q=zzzzzz"],
      ["days of one's own", `/calls?from=${day(5)}&to=${day(2)}`],
    ]) {
      await visit.go(address);
      await assertAccessible(visit, where);
      await assertFits(visit, where);
    }
    await visit.go("/calls");
    await page.getByRole("button", { name: /More|Filters/ }).click();
    await page.getByRole("group", { name: "More filters" }).waitFor();
    await assertAccessible(visit, "more filters");
    await assertFits(visit, "more filters");
    const empty = await (await open(server, { ...look, as: STRANGER })).go("/calls");
    await empty.page.getByText("No calls yet").waitFor();
    await assertAccessible(empty, "a business without calls");
    await assertFits(empty, "a business without calls");
  });
}
