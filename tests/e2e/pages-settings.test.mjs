// Settings: an owner changes them and they stay, staff read them and cannot, neither on the page nor past it.
import assert from "node:assert/strict";
import { LOOKS, SESSION_KEY, assertAccessible, assertFits, pageTest, untilPage } from "./lib/browser.mjs";
import { OTHER_PASSWORD, PASSWORD, authRequest, createUser, memberOf, signInOpens } from "./lib/session.mjs";
import { ANNEX, OWNER, STAFF, STRANGER, pagesWorld } from "./lib/pages-world.mjs";

const world = await pagesWorld({ days: 3 });
const server = await signInOpens(await world.start());

const kept = () => world.db.one("select * from businesses where id = $1", [world.larkspur.id]);
const save = async (page) => {
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("status").getByText("Saved.").waitFor();
};
const patches = (visit) => visit.requests.filter(({ method }) => method === "PATCH").length;

pageTest("an owner changes the hour of the digest, and it stays", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/settings");
  const { page } = visit;
  const before = (await kept()).digest_hour;
  const after = before === 18 ? 6 : 18;
  assert.equal(await page.getByLabel("Hour").inputValue(), String(before));
  assert.equal(await page.getByRole("button", { name: "Save", exact: true }).count(), 0, "there is nothing to save");
  await page.getByLabel("Hour").selectOption({ label: after === 18 ? "6 PM" : "6 AM" });
  await save(page);
  assert.equal((await kept()).digest_hour, after);
  await page.reload();
  await page.getByLabel("Hour").waitFor();
  assert.equal(await page.getByLabel("Hour").inputValue(), String(after));
  await page.getByRole("link", { name: "Digests", exact: true }).click();
  await page
    .getByText(new RegExp(`every day, next (today|tomorrow) at ${after === 18 ? "6:00 PM" : "6:00 AM"}`))
    .waitFor();
});

pageTest("whoever reads that it is saved is not asked about changes that are not saved", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/settings");
  const { page } = visit;
  await page.evaluate(() => {
    globalThis.asked = { unsaved: null, saved: null };
    const isAsked = () => !dispatchEvent(new Event("beforeunload", { cancelable: true }));
    new MutationObserver(() => {
      const said = document.querySelector(".settings-form .save").textContent;
      if (/Not saved yet/.test(said)) globalThis.asked.unsaved ??= isAsked();
      if (/Saved\./.test(said)) globalThis.asked.saved ??= isAsked();
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  await page.getByLabel("Hour").selectOption({ label: "9 AM" });
  await save(page);
  assert.deepEqual(await page.evaluate(() => globalThis.asked), { unsaved: true, saved: false });
});

pageTest("all other settings: recipients, zone, name, greeting, number; only what changed is sent", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/settings");
  const { page } = visit;
  const before = await kept();
  await page.getByLabel("Recipients").fill("a@larkspur.example, b@larkspur.example");
  await page.getByLabel("Forward number").fill("(646) 555-0123");
  await page.getByText("Will be saved as +1 (646) 555-0123").waitFor();
  await page.getByLabel("Greeting").fill('You\'ve reached us <"now">. Zoë calls back.');
  await page.getByLabel("Skip days without calls").click();
  const [sent] = await Promise.all([page.waitForRequest((one) => one.method() === "PATCH"), save(page)]);
  assert.deepEqual(sent.postDataJSON(), {
    email: "a@larkspur.example, b@larkspur.example",
    forward_to: "+16465550123",
    fallback_greeting: 'You\'ve reached us <"now">. Zoë calls back.',
    skip_empty_digest: !before.skip_empty_digest,
  });
  assert.equal((await kept()).forward_to, "+16465550123");
  await page.getByLabel("Time zone").selectOption("Europe/Lisbon");
  await page.getByLabel("Name", { exact: true }).fill("Larkspur by the River");
  await save(page);
  await page.getByRole("button", { name: "Larkspur by the River" }).waitFor();
  await page.getByRole("link", { name: "Today", exact: true }).click();
  await page
    .getByText(/Lisbon/)
    .first()
    .waitFor();
  await page.goBack();
  await page.getByLabel("Forward number").fill("");
  await page.getByLabel("Time zone").selectOption("America/New_York");
  await page.getByLabel("Name", { exact: true }).fill(before.name);
  await save(page);
  const now = await kept();
  assert.deepEqual([now.forward_to, now.timezone, now.name], [null, "America/New_York", before.name]);
});

pageTest("opening hours: days by their names, and a night that ends on the day after", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/settings");
  const { page } = visit;
  const hours = page.getByRole("group", { name: "Opening hours" });
  const open_days = () =>
    hours.getByRole("checkbox", { checked: true }).evaluateAll((all) => all.map((one) => one.ariaLabel));
  assert.deepEqual(await open_days(), ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]);
  await hours.getByRole("checkbox", { name: "Saturday" }).press("Space");
  await hours.getByRole("checkbox", { name: "Monday" }).click();
  await hours.getByLabel("Opens").selectOption("6:30 PM");
  await hours.getByLabel("Closes").selectOption("2:00 AM");
  await hours.getByText("It closes on the day after.").waitFor();
  const [sent] = await Promise.all([page.waitForRequest((one) => one.method() === "PATCH"), save(page)]);
  assert.deepEqual(sent.postDataJSON(), { open_days: [2, 3, 4, 5, 6], opens_at: "18:30", closes_at: "02:00" });
  const now = await kept();
  assert.deepEqual([now.open_days, now.opens_at, now.closes_at], [[2, 3, 4, 5, 6], "18:30:00", "02:00:00"]);
  for (const day of ["Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"])
    await hours.getByRole("checkbox", { name: day }).click();
  await hours.getByText("No day is chosen").waitFor();
  assert.ok(await hours.getByLabel("Opens").isDisabled());
  await save(page);
  assert.deepEqual((await kept()).open_days, []);
  await page.reload();
  await hours.getByText("No day is chosen").waitFor();
  assert.deepEqual(await open_days(), []);
});

pageTest("a time that was set by other means is a choice, too", async (open) => {
  await world.db.rows(
    "update businesses set open_days = '{1}', opens_at = '08:45', closes_at = '08:45' where id = $1",
    [world.larkspur.id],
  );
  const { page } = await (await open(server, { as: OWNER })).go("/settings");
  assert.equal(await page.getByLabel("Opens").inputValue(), "08:45");
  await page.getByText("Open around the clock on these days.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Save", exact: true }).count(), 0);
});

const nameRecipients = async (text, reasons) => {
  await world.db.rows("update businesses set email = $2 where id = $1", [world.larkspur.id, text]);
  await world.db.rows("delete from paused_recipients where business_id = $1", [world.larkspur.id]);
  for (const [address, [reason, detail]] of Object.entries(reasons)) {
    await world.db.rows(
      "insert into paused_recipients (business_id, address, reason, detail) values ($1, $2, $3, $4)",
      [world.larkspur.id, address, reason, detail ?? null],
    );
  }
};
const THREE = "a@larkspur.example, b@larkspur.example, c@larkspur.example";
const TROUBLED = { "b@larkspur.example": ["bounced", "550 no such mailbox"], "c@larkspur.example": ["unsubscribed"] };

pageTest("who gets the digest, who does not and why; an owner lets one have it again", async (open) => {
  await nameRecipients(THREE, TROUBLED);
  const visit = await (await open(server, { as: OWNER })).go("/settings");
  const { page } = visit;
  const at = (letter) =>
    page
      .locator(".recipients")
      .getByRole("listitem")
      .filter({ hasText: `${letter}@larkspur.example` });
  await at("a").getByText("Gets it").waitFor();
  assert.match(await at("b").innerText(), /Bounced[^]*sent a digest back[^]*It said: 550 no such mailbox/);
  assert.match(await at("c").innerText(), /Unsubscribed[^]*by the link in it/);
  await page.getByText("Nothing is mailed: this installation has no way to send mail yet.").waitFor();
  await page.getByRole("button", { name: "Send again to b@larkspur.example" }).click();
  await page.getByText("The next digest goes to b@larkspur.example again.").waitFor();
  await at("b").getByText("Gets it").waitFor();
  const left = await world.db.rows("select address from paused_recipients where business_id = $1", [world.larkspur.id]);
  assert.deepEqual(left, [{ address: "c@larkspur.example" }]);
  await page.getByLabel("Recipients").fill("d@larkspur.example");
  await save(page);
  await at("d").getByText("Gets it").waitFor();
  assert.equal(await at("a").count(), 0);
  await page.getByLabel("Recipients").fill("");
  await save(page);
  await page.getByText("None is named, so each owner gets it").waitFor();
  await page.locator(".recipients").getByText(OWNER).waitFor();
});

const MAILS = { SMTP_URL: "smtp://127.0.0.1:9", RESEND_FROM: "Ringback <digest@larkspur.example>" };
const able = await signInOpens(await world.start(MAILS));

pageTest("an owner reads on the first page whom the digest no longer reaches; staff do not", async (open) => {
  const notice = async () => {
    const { page } = await (await open(able, { as: OWNER })).go("/");
    await page.getByText("Call back first").waitFor();
    return page.locator(".unreached");
  };
  await nameRecipients(THREE, TROUBLED);
  const one = await notice();
  await one.getByText("The digest no longer reaches b@larkspur.example.").waitFor();
  await nameRecipients(THREE, { ...TROUBLED, "a@larkspur.example": ["complained"] });
  const all = await notice();
  await all.getByText("The digest no longer reaches anybody.").waitFor();
  await all.getByRole("link", { name: "See who gets it" }).click();
  await all.page().getByRole("heading", { name: "Who gets it" }).waitFor();
  assert.equal(await all.page().getByText("Nothing is mailed").count(), 0);
  for (const [on, reasons] of [
    [server, TROUBLED], // which mails nothing
    [able, { "c@larkspur.example": ["unsubscribed"] }],
    [able, {}],
  ]) {
    await nameRecipients(THREE, reasons);
    const { page } = await open(on, { as: OWNER });
    await Promise.all([page.waitForResponse(/api\/v1\/recipients/), page.goto("/")]);
    await page.getByText("Call back first").waitFor();
    assert.equal(await page.locator(".unreached").count(), 0, JSON.stringify(reasons));
  }
  await nameRecipients(THREE, TROUBLED);
  const staff = await (await open(able, { as: STAFF })).go("/");
  await staff.page.getByText("Call back first").waitFor();
  assert.ok(!staff.requests.some(({ url }) => url.includes("recipients")), "staff are not asked for");
});

pageTest("what is wrong is said at its field, which gets the focus; nothing is lost", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/settings");
  const { page } = visit;
  const before = await kept();
  visit.expectStatus(422, "api/v1/settings");
  await page.getByLabel("Forward number").fill("12");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const field = page.getByLabel("Forward number");
  await untilPage("the field is marked", async () => (await field.getAttribute("aria-invalid")) === "true");
  await untilPage("it has the focus", () => field.evaluate((one) => one === document.activeElement));
  assert.equal(await field.inputValue(), "12");
  await assertAccessible(visit, "a field that is wrong");
  assert.deepEqual(await kept(), before);
  await page.getByRole("button", { name: "Discard" }).click();
  assert.equal(await field.inputValue(), before.forward_to ?? "");
});

pageTest("who leaves without saving is asked first", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/settings");
  const { page } = visit;
  visit.expect(/dialog: Your changes are not saved/);
  await page.getByLabel("Greeting").fill("Something else");
  await page.getByRole("link", { name: "Calls", exact: true }).click(); // and the question is answered with no
  await untilPage("one was asked", () => visit.found.length > 0);
  assert.match(page.url(), /\/settings$/);
  assert.equal(await page.getByLabel("Greeting").inputValue(), "Something else");
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("link", { name: "Calls", exact: true }).click();
  await visit.heading("Calls").waitFor();
});

pageTest("staff read the settings and cannot change them, nor can they past the page", async (open) => {
  const visit = await (await open(server, { as: STAFF })).go("/settings");
  const { page } = visit;
  await page.getByText("Only an owner can change this").waitFor();
  const fields = page.locator("form").first().locator("input, select, textarea, button");
  assert.ok((await fields.count()) >= 7);
  for (const field of await fields.all())
    assert.ok(await field.isDisabled(), await field.evaluate((one) => one.outerHTML));
  const before = await kept();
  visit.expectStatus(403, "api/v1/settings");
  const status = await page.evaluate(async (key) => {
    const { access_token: token } = JSON.parse(localStorage.getItem(key));
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return (await fetch("/api/v1/settings", { method: "PATCH", headers, body: '{"digest_hour":3}' })).status;
  }, SESSION_KEY);
  assert.equal(status, 403);
  assert.deepEqual(await kept(), before);
});

pageTest("another business's settings are its own", async (open) => {
  const { page } = await (await open(server, { as: STRANGER })).go("/settings");
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), ANNEX.name);
  const before = await kept();
  await page.getByLabel("Hour").selectOption("21");
  await save(page);
  assert.deepEqual(await kept(), before);
});

pageTest("without a network nothing is saved, it is said, and what was typed is not lost", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/settings");
  const { page } = visit;
  await page.getByLabel("Greeting").fill("Typed without a network");
  visit.expect(/ERR_INTERNET_DISCONNECTED/);
  await visit.context.setOffline(true);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("The server cannot be reached").first().waitFor();
  await page.getByText("No connection to the server").waitFor();
  assert.equal(patches(visit), 1);
  await visit.context.setOffline(false);
  await page.getByText("No connection to the server").waitFor({ state: "hidden" });
  assert.equal(await page.getByLabel("Greeting").inputValue(), "Typed without a network");
  await save(page);
  assert.equal((await kept()).fallback_greeting, "Typed without a network");
});

pageTest("a new password: the old one opens nothing any more", async (open) => {
  const email = "kim@larkspur.example";
  await memberOf(world.db, world.larkspur.id, await createUser(world.db, email), "staff");
  const visit = await (await open(server, { as: email })).go("/settings");
  const { page } = visit;
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByLabel("New password").fill(OTHER_PASSWORD);
  await assertAccessible(visit, "a new password");
  await page.getByRole("button", { name: "Set the password" }).click();
  await page.getByText("The new password is set.").waitFor();
  const attempt = (password) =>
    authRequest(server, "POST", "/token?grant_type=password", { body: { email, password } }).then((one) => one.status);
  assert.equal(await attempt(PASSWORD), 400);
  assert.equal(await attempt(OTHER_PASSWORD), 200);
});

for (const look of LOOKS) {
  pageTest(`the word that the digest reaches nobody: ${look.name}`, async (open) => {
    await nameRecipients(THREE, { ...TROUBLED, "a@larkspur.example": ["suppressed"] });
    const visit = await (await open(able, { ...look, as: OWNER })).go("/");
    await visit.page.getByText("The digest no longer reaches anybody.").waitFor();
    await assertAccessible(visit, "a digest that reaches nobody");
    await assertFits(visit, "a digest that reaches nobody");
  });
}

for (const look of LOOKS) {
  pageTest(`open to everybody: ${look.name}`, async (open) => {
    await nameRecipients(`${"very-long-".repeat(6)}address@larkspur.example, ${THREE}`, TROUBLED);
    for (const who of [OWNER, STAFF]) {
      const visit = await (await open(server, { ...look, as: who })).go("/settings");
      await visit.page.getByText("550 no such mailbox").waitFor();
      await assertAccessible(visit, `settings of ${who}`);
      await assertFits(visit, `settings of ${who}`);
      if (who === STAFF) continue;
      await visit.page.getByLabel("Recipients").fill(`${"very-long-".repeat(12)}address@larkspur.example`);
      await visit.page.getByRole("button", { name: "Save", exact: true }).waitFor();
      await assertAccessible(visit, "settings that are not saved");
      await assertFits(visit, "settings that are not saved");
      await visit.page.getByRole("button", { name: "Discard" }).click();
    }
  });
}
