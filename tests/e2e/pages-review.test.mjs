// What was once wrong on the pages, and must not be again.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { pageTest, untilPage } from "./lib/browser.mjs";
import { LARKSPUR } from "./lib/env.mjs";
import { bearer, createUser, memberOf, signIn, signInOpens } from "./lib/session.mjs";
import { ANNEX, OWNER, STRANGER, callWith, pagesWorld, recordedCall, tell } from "./lib/pages-world.mjs";
import { freshCall } from "./lib/vapi.mjs";

const BOTH = "both@larkspur.example";
const ANA = "+16465550171";
const BEN = "+16465550172";
const LONG_MS = 20_000;

const world = await pagesWorld();
const server = await signInOpens(await world.start());
const both = await createUser(world.db, BOTH);
await memberOf(world.db, world.larkspur.id, both);
await memberOf(world.db, ANNEX.id, both);

const form = (page) => page.getByRole("heading", { level: 1, name: "Sign in" });
const account = (page) => page.locator(".account-button");
const live = (page) => page.getByText("Live", { exact: true }).first().waitFor();
const asked = (visit, path) => visit.requests.filter(({ url }) => new URL(url).pathname === path).length;

/** Offers the address as a link of the page would, without loading the page anew. */
const follow = (page, href) =>
  page.evaluate((to) => {
    const link = document.createElement("a");
    link.href = to;
    document.body.append(link);
    link.click();
    link.remove();
  }, href);

/** A missed call; its id. */
async function miss(business, number, ago) {
  const { id } = await world.db.one(
    `insert into calls (id, business_id, caller_claim, called_claim, status_rank, started_at, ended_claim)
     values (gen_random_uuid(), $1, '3' || $2, '3' || $3, 5, now() - $4::interval, '5twilio.no-answer') returning id`,
    [business, number, LARKSPUR.phone, ago],
  );
  return id;
}

/** The businesses of the one who has two, in their order. */
async function theirs() {
  const answer = await server.get("/api/v1/me", { headers: bearer(await signIn(server, BOTH)) });
  return answer.json().businesses;
}

async function signOut(page) {
  await account(page).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await form(page).waitFor();
}

pageTest("a plain link to a call of one's second business: the address follows, and so does a tick", async (open) => {
  const [first, second] = await theirs();
  await miss(first.id, BEN, "1 hour");
  const id = await miss(second.id, BEN, "1 hour");
  const visit = await (await open(server, { as: BOTH })).go(`/calls/${id}`);
  await untilPage("the address follows", () => visit.query().business === second.id);
  assert.match(await account(visit.page).innerText(), new RegExp(second.name));
  await visit.page.getByText("Call back").first().waitFor();
  await visit.page.getByRole("button", { name: /^Done/ }).click();
  await visit.page.getByText("is not waiting for a call back any more").waitFor();
  const ticked = await world.db.rows("select business_id from call_backs where caller_number = $1", [BEN]);
  assert.deepEqual(ticked, [{ business_id: second.id }]);
});

pageTest("who was ticked off and calls again in vain is on the list again", async (open) => {
  await miss(ANNEX.id, ANA, "1 hour");
  const { page } = await (await open(server, { as: STRANGER })).go("/");
  const row = page.getByRole("region", { name: "Call back first" }).getByRole("listitem").filter({ hasText: "0171" });
  await row.getByRole("button", { name: /^Done/ }).click();
  await row.waitFor({ state: "hidden" });
  await miss(ANNEX.id, ANA, "0 seconds");
  await untilPage("it is on the list again", async () => {
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // then the page asks again
    return row.isVisible();
  });
});

pageTest("signed out without a network: in every tab, and for good", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/");
  const second = await visit.context.newPage();
  await second.goto("/calls");
  await second.getByRole("heading", { level: 1, name: "Calls" }).waitFor();
  visit.expect(/ERR_INTERNET_DISCONNECTED/, /Failed to fetch/);
  await visit.context.setOffline(true);
  await signOut(visit.page);
  await form(second).waitFor();
  assert.equal(await visit.page.evaluate(() => localStorage.length + sessionStorage.length), 0);
  await visit.context.setOffline(false);
  for (const page of [visit.page, second]) {
    await page.reload();
    await form(page).waitFor();
  }
});

pageTest("skipping to the content leaves unsaved settings alone, and the history", async (open) => {
  const { page } = await (await open(server, { as: OWNER })).go("/settings");
  await page.getByLabel("Greeting").fill("Something else");
  const steps = await page.evaluate(() => history.length);
  await page.getByRole("link", { name: "Skip to content" }).focus();
  await page.keyboard.press("Enter");
  assert.ok(await page.evaluate(() => Boolean(document.activeElement.closest("main"))), "the focus is in the content");
  assert.equal(await page.evaluate(() => history.length), steps);
  assert.match(page.url(), /\/settings$/);
  assert.equal(await page.getByLabel("Greeting").inputValue(), "Something else");
  await page.getByRole("button", { name: "Discard" }).click();
});

pageTest("single-key shortcuts can be switched off, and stay off", async (open) => {
  const call = await callWith(world, "recording_url is not null and outcome is not null");
  const visit = await (await open(server, { as: OWNER })).go("/settings");
  const { page } = visit;
  const choice = page.getByRole("switch", { name: "Single-key shortcuts" });
  assert.equal(await choice.isChecked(), true);
  await choice.click();
  const focused = () => page.evaluate(() => document.activeElement.type || document.activeElement.className);
  await visit.go("/calls");
  await page.getByRole("table", { name: "Calls" }).waitFor();
  assert.equal(await page.locator("kbd").count(), 0);
  const before = await focused();
  for (const key of ["/", "j", "k"]) await page.keyboard.press(key);
  assert.equal(await focused(), before);
  await visit.go(`/calls/${call.id}`);
  await page.getByRole("button", { name: "Play the recording" }).waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Space");
  assert.ok(await page.getByRole("button", { name: "Play the recording" }).isVisible());
  assert.equal(visit.requests.filter(({ url }) => url.includes("/recording")).length, 0);
  await visit.go("/settings");
  await choice.click();
  await visit.go("/calls");
  await page.locator("kbd").waitFor();
  await page.keyboard.press("j");
  await untilPage("a row has the focus", async () => (await focused()).includes("calls-link"));
  await page.keyboard.press("/");
  await untilPage("the search has the focus", async () => (await focused()) === "search");
});

for (const reducedMotion of [false, true])
  pageTest(`found words come into view ${reducedMotion ? "at once" : "smoothly"}`, async (open) => {
    const call = freshCall();
    await tell(server, recordedCall(call, 3_600_000));
    const { id } = await world.db.callByVapi(call.id);
    const visit = await open(server, { as: OWNER, reducedMotion });
    await visit.page.addInitScript(() => {
      window.ways = [];
      Element.prototype.scrollIntoView = (how) => window.ways.push(how.behavior);
    });
    await visit.go(`/calls/${id}?q=tooth`);
    await visit.page.getByRole("button", { name: /^Show/ }).click();
    assert.deepEqual(await visit.page.evaluate(() => window.ways), [reducedMotion ? "auto" : "smooth"]);
  });

pageTest("a link in a drawing of a mail breaks nothing", async (open) => {
  const { day } = await world.db.one(
    "select max(local_date)::text as day from digests where business_id = $1 and request_body is not null",
    [world.larkspur.id],
  );
  const html = `<!doctype html><html><body><svg width="9" height="9"><a href="https://dashboard.example/"><text>a</text></a></svg>
    <p><a href="https://dashboard.example/calls">All calls</a></p></body></html>`;
  const body = { from: "digest@larkspur.example", to: [OWNER], subject: "A drawing", text: "As text", html };
  await world.db.rows("update digests set request_body = $1 where business_id = $2 and local_date = $3", [
    Buffer.from(JSON.stringify(body)),
    world.larkspur.id,
    day,
  ]);
  const { page } = await (await open(server, { as: OWNER })).go(`/digests/${day}`);
  const link = page.frameLocator("iframe").getByRole("link", { name: "All calls" });
  await link.waitFor();
  await untilPage("it opens outside", async () => (await link.getAttribute("target")) === "_blank");
});

pageTest("who signs out leaves no searched words in the address", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/calls?q=crown");
  await signOut(visit.page);
  assert.equal(new URL(visit.page.url()).pathname + new URL(visit.page.url()).search, "/");
});

pageTest("only calls that begin while one looks are told as new", async (open) => {
  const old = recordedCall(freshCall(), 60_000);
  await tell(server, old.slice(0, 6));
  const { page } = await (await open(server, { as: OWNER })).go("/");
  await live(page);
  await page.evaluate(() => {
    window.told = [];
    const place = document.querySelector("main p.hidden[role=status]");
    new MutationObserver(() => place.textContent && window.told.push(place.textContent)).observe(place, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  await tell(server, old.slice(6));
  await tell(server, recordedCall(freshCall()).slice(0, 6));
  await untilPage("the new one is told", () => page.evaluate(() => window.told.length > 0));
  await page.waitForTimeout(1000);
  const told = await page.evaluate(() => window.told);
  assert.match(told.join("; "), /^New call from [^;]+$/);
});

/** The moment for which first questions wait takes as long as a test needs. */
const lengthenHold = (visit) =>
  visit.page.addInitScript((ms) => {
    const real = window.setTimeout.bind(window);
    window.setTimeout = (act, after, ...more) => real(act, after === 250 ? ms : after, ...more);
  }, LONG_MS);

pageTest("a page that is loaded asks each question once", async (open) => {
  for (const [path, question] of [
    ["/", "/api/v1/overview"],
    ["/calls", "/api/v1/calls"],
  ]) {
    const visit = await open(server, { as: STRANGER });
    await lengthenHold(visit);
    await visit.go(path);
    await visit.page.waitForTimeout(4000);
    assert.equal(asked(visit, question), 1, path);
    assert.equal(asked(visit, "/api/v1/live"), 1);
  }
});

pageTest("what was asked before news could come is asked again then", async (open) => {
  const visit = await open(server, { as: OWNER });
  let letThrough;
  const isHeld = new Promise((resolve) => (letThrough = resolve));
  await visit.page.route("**/api/v1/live*", async (route) => {
    await isHeld;
    await route.continue();
  });
  await visit.go("/");
  await visit.page.getByRole("heading", { name: "Call back first" }).waitFor();
  assert.equal(asked(visit, "/api/v1/overview"), 1);
  letThrough();
  await untilPage("it is asked again", () => asked(visit, "/api/v1/overview") === 2);
});

pageTest("a call that is told late has its place in a list that was read to its end", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/calls");
  const { page } = visit;
  const end = (calls) => page.getByText(`That is all: ${calls.toLocaleString("en-US")} calls`);
  const toTheEnd = (calls) =>
    untilPage(`the end of ${calls}`, async () => {
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      return end(calls).isVisible();
    });
  const before = await world.db.count("calls where business_id = $1", [world.larkspur.id]);
  assert.ok(before > 200, `${before} calls`);
  await toTheEnd(before);
  await tell(server, recordedCall(freshCall(), 25 * 86_400_000));
  assert.equal(await world.db.count("calls where business_id = $1", [world.larkspur.id]), before + 1);
  await toTheEnd(before + 1);
});

pageTest("who stays for unsaved settings still sees the business they are in", async (open) => {
  const [first, second] = await theirs();
  const visit = await (await open(server, { as: BOTH })).go("/settings");
  const { page } = visit;
  visit.expect(/dialog: Your changes are not saved/);
  await page.getByLabel("Greeting").fill("Something else");
  await account(page).click();
  const choice = page.getByRole("combobox", { name: "Business", exact: true });
  await choice.selectOption(second.id); // and the question is answered with no
  await untilPage("one was asked", () => visit.found.length > 0);
  assert.equal(await choice.inputValue(), first.id);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Discard" }).click();
});

pageTest("a call of a business that one came to a moment ago is shown there", async (open) => {
  const id = await createUser(world.db, "new@larkspur.example");
  await memberOf(world.db, world.larkspur.id, id);
  const visit = await (await open(server, { as: "new@larkspur.example" })).go("/calls");
  await memberOf(world.db, ANNEX.id, id);
  await follow(visit.page, `/calls/${await miss(ANNEX.id, BEN, "2 hours")}`);
  await untilPage("the address follows", () => visit.query().business === ANNEX.id);
  await visit.heading("+1 (646) 555-0172").waitFor();
  assert.match(await account(visit.page).innerText(), new RegExp(ANNEX.name));
});

test("numbers that can be dialled, and how they are written", async () => {
  const pages = fileURLToPath(new URL("../../src/dashboard/", import.meta.url));
  const { build } = createRequire(`${pages}package.json`)("esbuild");
  const made = await build({ entryPoints: [`${pages}lib/phone.ts`], bundle: true, format: "esm", write: false });
  const text = Buffer.from(made.outputFiles[0].contents).toString("base64");
  const phone = await import(`data:text/javascript;base64,${text}`);
  assert.equal(phone.formatPhone("+442079460123"), "+44 20 7946 0123");
  assert.equal(phone.formatPhone("+16465550187"), "+1 (646) 555-0187");
  assert.equal(phone.formatPhone("+0123456789"), "+0123456789");
  assert.equal(phone.isDialable("+0123456789"), false);
  assert.equal(phone.isDialable("+442079460123"), true);
});
