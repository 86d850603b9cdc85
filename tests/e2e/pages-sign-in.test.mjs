// Signing in to the pages, staying signed in, and leaving.
import assert from "node:assert/strict";
import { LOOKS, SESSION_KEY, assertAccessible, assertFits, pageTest, untilPage } from "./lib/browser.mjs";
import { OTHER_PASSWORD, PASSWORD, authRequest, createUser, memberOf, signInOpens } from "./lib/session.mjs";
import { ANNEX, OWNER, STRANGER, pagesWorld } from "./lib/pages-world.mjs";

const world = await pagesWorld({ days: 3 });
const server = await signInOpens(await world.start());
await createUser(world.db, "nobody@larkspur.example");

const form = (page) => page.getByRole("heading", { level: 1, name: "Sign in" });
const account = (page, name = world.larkspur.name) => page.getByRole("button", { name });
const stored = (page) => page.evaluate((key) => JSON.parse(localStorage.getItem(key)), SESSION_KEY);
const store = (page, changes) =>
  page.evaluate(
    ([key, more]) => localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key)), ...more })),
    [SESSION_KEY, changes],
  );
const refreshes = (visit) => visit.requests.filter(({ url }) => url.includes("grant_type=refresh_token")).length;

pageTest("a wrong password is told in words, the right one opens today's page", async (open) => {
  const visit = await open(server, { at: "/" });
  const { page } = visit;
  await page.getByLabel("Email").fill(OWNER);
  await page.getByLabel("Password").fill(OTHER_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("The address or the password is not right.").waitFor();
  visit.expectStatus(400, "auth/v1/token");
  assert.equal(await page.getByLabel("Email").inputValue(), OWNER, "the address need not be typed again");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await visit.heading("Today").waitFor();
  const here = page.getByRole("link", { name: "Today", exact: true });
  assert.equal(await here.getAttribute("aria-current"), "page");
  assert.equal(await page.title(), "Today · Ringback");
});

pageTest("unknown people are told the same as those with a wrong password", async (open) => {
  const visit = await open(server, { at: "/" });
  visit.expectStatus(400, "auth/v1/token");
  await visit.page.getByLabel("Email").fill("no-such-person@larkspur.example");
  await visit.page.getByLabel("Password").fill(PASSWORD);
  await visit.page.keyboard.press("Enter");
  await visit.page.getByRole("alert").getByText("The address or the password is not right.").waitFor();
});

pageTest("the address one came for is where one is after signing in", async (open) => {
  const visit = await open(server, { at: "/calls?q=crown" });
  await form(visit.page).waitFor();
  await visit.signIn(OWNER);
  await visit.heading("Calls").waitFor();
  assert.equal(visit.query().q, "crown");
});

pageTest("a reload and another window keep one signed in; leaving ends it for both", async (open) => {
  const visit = await open(server, { as: OWNER, at: "/" });
  const { page } = visit;
  await visit.heading("Today").waitFor();
  await page.reload();
  await visit.heading("Today").waitFor();
  const second = await visit.context.newPage();
  await second.goto("/calls");
  await second.getByRole("heading", { level: 1, name: "Calls" }).waitFor();
  await account(page).click();
  await page.getByText(OWNER).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await form(page).waitFor();
  await form(second).waitFor();
  await page.reload();
  await form(page).waitFor();
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0, "something is left");
});

pageTest("what the browser keeps is one session, in one place", async (open) => {
  const visit = await open(server, { at: "/" });
  await visit.signIn(OWNER);
  const kept = await visit.page.evaluate(() => ({
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    cookies: document.cookie,
  }));
  assert.deepEqual(kept, { local: [SESSION_KEY], session: [], cookies: "" });
  assert.deepEqual(await visit.context.cookies(), []);
  assert.equal((await stored(visit.page)).user.email, OWNER);
});

pageTest("a token that has ended is renewed, and nobody notices", async (open) => {
  const visit = await open(server, { as: OWNER, at: "/" });
  await visit.heading("Today").waitFor();
  await visit.page.goto("/healthz"); // no page of ours may see the change before it is whole
  const before = await stored(visit.page);
  await store(visit.page, { expires_at: Math.floor(Date.now() / 1000) - 5 });
  await visit.page.goto("/");
  await account(visit.page).waitFor();
  assert.equal(refreshes(visit), 1);
  const after = await stored(visit.page);
  assert.notEqual(after.refresh_token, before.refresh_token);
  assert.ok(after.expires_at > Date.now() / 1000 + 3000);
});

pageTest("a token that the server refuses is renewed once, and the question asked again", async (open) => {
  const visit = await open(server, { as: OWNER, at: "/" });
  await visit.heading("Today").waitFor();
  await visit.page.goto("/healthz");
  const { access_token: good } = await stored(visit.page);
  await store(visit.page, { access_token: `${good.slice(0, -6)}AAAAAA` });
  visit.expectStatus(401, "api/v1/me");
  await visit.page.goto("/");
  await account(visit.page).waitFor();
  assert.ok(refreshes(visit) >= 1);
});

pageTest("a session that was ended elsewhere shows the sign-in, in words and without the calls", async (open) => {
  const visit = await open(server, { as: OWNER, at: "/" });
  await visit.heading("Today").waitFor();
  await visit.page.goto("/healthz");
  const { access_token: token } = await stored(visit.page);
  const gone = await authRequest(server, "POST", "/logout?scope=global", { token });
  assert.equal(gone.status, 204);
  await store(visit.page, { expires_at: Math.floor(Date.now() / 1000) - 5 });
  visit.expectStatus(400, "grant_type=refresh_token");
  await visit.page.goto("/");
  await form(visit.page).waitFor();
  assert.equal(await visit.page.getByText(world.larkspur.name).count(), 0);
});

pageTest("who belongs to no business is told so", async (open) => {
  const visit = await open(server, { as: "nobody@larkspur.example", at: "/" });
  await visit.page.getByText("Your account belongs to no business yet").waitFor();
  await assertAccessible(visit, "no business");
});

pageTest("who belongs to two chooses, and the choice is in the address", async (open) => {
  const id = await createUser(world.db, "both@larkspur.example");
  await memberOf(world.db, world.larkspur.id, id);
  await memberOf(world.db, ANNEX.id, id, "staff");
  const visit = await open(server, { as: "both@larkspur.example", at: "/" });
  const { page } = visit;
  await page.getByRole("button", { name: new RegExp(`${world.larkspur.name}|${ANNEX.name}`) }).click();
  await page.getByLabel("Business").selectOption({ label: ANNEX.name });
  await account(page, ANNEX.name).waitFor();
  assert.equal(visit.query().business, ANNEX.id);
  await page.getByRole("link", { name: "Calls", exact: true }).click();
  await visit.heading("Calls").waitFor();
  assert.equal(visit.query().business, ANNEX.id);
  await page.reload();
  await account(page, ANNEX.name).waitFor();
});

pageTest("another business's address is nothing, in the words of one that does not exist", async (open) => {
  const said = [];
  for (const id of [world.larkspur.id, "0b6f3b1e-0000-4000-8000-000000000000"]) {
    const visit = await open(server, { as: STRANGER, at: `/?business=${id}` });
    await visit.heading("Not found").waitFor();
    said.push(await visit.page.locator("main").innerText());
    assert.equal(await visit.page.getByText(world.larkspur.name).count(), 0);
    const asked = visit.requests.filter(({ url }) => url.includes(id) && url.includes("/api/"));
    assert.deepEqual(asked, [], "the server is not even asked");
  }
  assert.equal(said[0], said[1]);
  assert.match(said[0], /not yours to see/);
});

pageTest("an address that is no page says so, once one is signed in", async (open) => {
  const visit = await open(server, { as: OWNER, at: "/" });
  await visit.heading("Today").waitFor();
  await visit.page.evaluate(() => {
    history.pushState(null, "", "/settings/more");
    dispatchEvent(new PopStateEvent("popstate", { state: null }));
  });
  await visit.page.getByText("There is no such page").waitFor();
});

pageTest("by keyboard: sign in, skip to the content, go to a room, open the account and close it", async (open) => {
  const visit = await open(server, { at: "/" });
  const { page } = visit;
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.id);
  await form(page).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.name), "email", "one can begin to type");
  await page.keyboard.type(OWNER);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Sign in");
  await page.keyboard.press("Space");
  await visit.heading("Today").waitFor();
  await page.reload();
  await visit.heading("Today").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to content");
  assert.ok(await page.getByText("Skip to content").isVisible());
  for (const name of ["Ringback", "Today", "Calls"]) {
    await page.keyboard.press("Tab");
    assert.equal(await focused(), name);
    const outline = await page.evaluate(() => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
      return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1.5) || boxShadow !== "none";
    });
    assert.ok(outline, `the focus on ${name} cannot be seen`);
  }
  await page.keyboard.press("Enter");
  await visit.heading("Calls").waitFor();
  await untilPage("the heading has the focus", async () => (await focused()) === "Calls");
  await account(page).focus();
  await page.keyboard.press("Enter");
  await page.getByText(OWNER).waitFor();
  await untilPage("the menu closes", async () => {
    await page.keyboard.press("Escape"); // faster than any hand: the menu may not listen yet
    return page.getByText(OWNER).isHidden();
  });
  assert.match(await focused(), new RegExp(world.larkspur.name), "the focus is where it was");
});

pageTest("skipping leads into the content", async (open) => {
  const visit = await open(server, { as: OWNER, at: "/" });
  await visit.heading("Today").waitFor();
  await visit.page.getByRole("link", { name: "Skip to content" }).focus();
  await visit.page.keyboard.press("Enter");
  await visit.page.keyboard.press("Tab");
  const isInside = await visit.page.evaluate(
    () => document.activeElement === document.body || Boolean(document.activeElement.closest("main")),
  );
  assert.ok(isInside, "the focus is in the bar again");
});

for (const look of LOOKS) {
  pageTest(`sign-in and the account menu are open to everybody: ${look.name}`, async (open) => {
    const visit = await open(server, { ...look, at: "/" });
    const { page } = visit;
    await form(page).waitFor();
    await assertAccessible(visit, "sign-in");
    await assertFits(visit, "sign-in");
    await page.getByLabel("Email").fill(OWNER);
    await page.getByLabel("Password").fill(OTHER_PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("not right").waitFor();
    visit.expectStatus(400, "auth/v1/token");
    await assertAccessible(visit, "a failed sign-in");
    const inside = await open(server, { ...look, as: OWNER, at: "/" });
    await account(inside.page).click();
    await inside.page.getByText(OWNER).waitFor();
    await assertAccessible(inside, "the account menu");
    await assertFits(inside, "the account menu");
  });
}
