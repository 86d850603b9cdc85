// The daily mails on the page: what became of each, and each as it was sent, in a frame where nothing runs.
import assert from "node:assert/strict";
import { LOOKS, assertAccessible, assertFits, pageTest, untilPage } from "./lib/browser.mjs";
import { signInOpens } from "./lib/session.mjs";
import { OWNER, STAFF, STRANGER, pagesWorld } from "./lib/pages-world.mjs";

const world = await pagesWorld({ days: 60, callsPerDay: 2 });
const server = await signInOpens(await world.start());
const days = (
  await world.db.rows("select local_date::text as day from digests where business_id = $1 order by 1 desc", [
    world.larkspur.id,
  ])
).map((row) => row.day);

const long = (day) =>
  new Intl.DateTimeFormat("en-US", { weekday: "long", month: "long", day: "numeric", timeZone: "UTC" }).format(
    new Date(`${day}T12:00:00Z`),
  );
const HTML = `<!doctype html><html><head><meta name="color-scheme" content="light dark"><style>h1 { color: rgb(1, 2, 3) }
body { margin: 0 } @media (prefers-color-scheme: dark) { body { background: rgb(19, 21, 23) } h1 { color: rgb(236, 234, 228) } }
</style></head><body>
<h1>Nine calls, two to call back</h1><p>Ana: <a href="tel:+16465550187">+1 (646) 555-0187</a></p>
<p><a href="https://dashboard.example/calls">All calls</a></p><div style="height: 700px"></div><p>The end of it</p></body></html>`;
const HOSTILE = `<!doctype html><html><head><base href="https://elsewhere.example/"></head><body><h1>Hostile mail</h1>
<script>top.document.title = "taken"; parent.taken = true</script>
<img alt="x" src="data:," onerror="parent.taken = true"><svg onload="parent.taken = true"></svg>
<iframe srcdoc="<script>top.taken = true</script>"></iframe><p onclick="parent.taken = true">press</p>
<a href="javascript:parent.taken=true">a link</a>
<form action="/api/v1/settings" method="post"><input name="a"><button>send</button></form></body></html>`;

/** What a day's mail is, and what became of it: `to` of several are as many mails; `at` the recipients, word and answer. */
async function make(day, { mail, to, at = {}, ...columns }) {
  const all = { status: "sent", delivery_status: "delivered", error: null, reason: null, attempts: 1, ...columns };
  const one = {
    from: "digest@larkspur.example",
    to: ["owner@larkspur.example"],
    subject: `Mail of ${day}`,
    text: "As text",
    ...mail,
  };
  const body = to ? to.map((address) => ({ ...one, to: [address] })) : one;
  await world.db.rows("delete from digest_deliveries where business_id = $1 and local_date = $2", [
    world.larkspur.id,
    day,
  ]);
  for (const [address, [status, error]] of Object.entries(at)) {
    await world.db.rows(
      "insert into digest_deliveries (business_id, local_date, address, status, error) values ($1, $2, $3, $4, $5)",
      [world.larkspur.id, day, address, status, error],
    );
  }
  await world.db.rows(
    `update digests set status = $2, delivery_status = $3, error = $4, attempts = $5, request_body = $6, reason = $8,
       lease_until = coalesce($9, lease_until)
     where business_id = $7 and local_date = $1`,
    [
      day,
      all.status,
      all.delivery_status,
      all.error,
      all.attempts,
      mail === null ? null : Buffer.from(JSON.stringify(body)),
      world.larkspur.id,
      all.reason,
      all.lease_until ?? null,
    ],
  );
}
const [shown, hostile, bounced, failed, skipped, delayed, kept, unknown, waiting, several, nobody] = days;
const LONG_NAME = `${"very-long-".repeat(6)}desk@larkspur.example`;
await make(shown, { mail: { html: HTML } });
await make(hostile, { mail: { html: HOSTILE } });
await make(bounced, { delivery_status: "bounced", error: "mailbox full" });
await make(failed, { status: "failed", delivery_status: null, error: "the address is refused", attempts: 3 });
await make(skipped, { status: "skipped", delivery_status: null });
await make(delayed, { delivery_status: "delivery_delayed" });
await make(kept, { status: "kept", delivery_status: null, attempts: 0, reason: "no_provider", error: "No way." });
await make(unknown, {
  status: "unknown",
  delivery_status: null,
  attempts: 9,
  error: "For 23 hours no clear answer came.",
});
await make(waiting, {
  status: "due",
  delivery_status: null,
  attempts: 2,
  error: "The mail service could not be reached.",
  lease_until: new Date(Date.now() + 3600000),
});
await make(several, {
  delivery_status: "bounced",
  mail: { html: "<p>To several</p>" },
  to: ["owner@larkspur.example", LONG_NAME],
  at: { "owner@larkspur.example": ["delivered", null], [LONG_NAME]: ["bounced", "550 no such mailbox"] },
});
await make(nobody, {
  status: "failed",
  delivery_status: null,
  attempts: 0,
  reason: "paused",
  error: "Every recipient is paused.",
  mail: null,
});
const pause = () =>
  world.db.rows(
    `insert into paused_recipients (business_id, address, reason, detail) values ($1, $2, 'bounced', '550 no such mailbox')
     on conflict do nothing`,
    [world.larkspur.id, LONG_NAME],
  );
await pause();
const paused = async () =>
  (await world.db.rows("select address from paused_recipients where business_id = $1", [world.larkspur.id])).length;

const mailOf = (page, day) => page.frameLocator(`iframe[title="Digest of ${long(day)}"]`);
const row = (page, day) => page.locator(`a[href^="/digests/${day}"]`);

pageTest("each day says what became of its mail", async (open) => {
  const { page } = await (await open(server, { as: OWNER })).go("/digests");
  for (const [day, words] of [
    [shown, "Delivered"],
    [bounced, "Bounced"],
    [failed, "Failed"],
    [skipped, "Skipped"],
    [delayed, "Delayed"],
    [kept, "Kept here"],
    [unknown, "Not certain"],
    [waiting, "Waiting to try again"],
    [several, "Bounced"],
    [nobody, "Failed"],
  ])
    assert.match(await row(page, day).innerText(), new RegExp(words), day);
  await row(page, bounced).click();
  await page
    .getByText(/Mailbox full/)
    .first()
    .waitFor();
  await row(page, failed).click();
  await page
    .getByText(/after 3 tries/)
    .first()
    .waitFor();
  await page.waitForURL(`**/digests/${failed}`);
  await page.goBack();
  await page
    .getByText(/Mailbox full/)
    .first()
    .waitFor();
});

pageTest(
  "one that waits says until when; one that is not certain, who decides; one without recipients, where they are",
  async (open) => {
    const { page } = await (await open(server, { as: OWNER })).go(`/digests/${waiting}`);
    const detail = page.getByRole("article");
    await detail
      .getByText(/It is tried again (today|tomorrow) at \d+:\d\d [AP]M\. The mail service could not be reached\./)
      .waitFor();
    await row(page, unknown).click();
    await detail
      .getByText(/For 23 hours no clear answer came\. It is not sent again by itself.*whoever runs this server/)
      .waitFor();
    assert.equal(await detail.getByRole("listitem").filter({ hasText: "Sent, or not" }).count(), 1);
    await row(page, kept).click();
    await detail.getByText("Made and kept here. It was not mailed to anybody.").waitFor();
    assert.equal(await detail.getByText("Delivered").count(), 0);
    await detail.getByRole("button", { name: "As made" }).or(detail.getByText("The mail, plain text")).waitFor();
    await row(page, nobody).click();
    await detail.getByText("This mail could not be sent. Every recipient is paused.").waitFor();
    await detail.getByText("There is no mail of this day").waitFor();
    await detail.getByRole("link", { name: "Check who gets the digest" }).click();
    await page.getByRole("heading", { name: "Who gets it" }).waitFor();
  },
);

pageTest("where nothing can be sent it is said, and when the next one is made", async (open) => {
  const { page } = await (await open(server, { as: OWNER })).go("/digests");
  await page.getByText("Digests are made and kept here. Nothing is mailed").waitFor();
  await page.getByText(/^Made every day, next (today|tomorrow) at \d+:00 [AP]M/).waitFor();
});

pageTest(
  "of several recipients each says what became of it there, and an owner may send to one again",
  async (open) => {
    await pause();
    const staff = await (await open(server, { as: STAFF })).go(`/digests/${several}`);
    await staff.page.getByText("Later digests do not go there.").waitFor();
    assert.equal(await staff.page.getByRole("button", { name: /Send again/ }).count(), 0);
    const visit = await (await open(server, { as: OWNER })).go(`/digests/${several}`);
    const { page } = visit;
    await page.getByText("1 of 2 recipients had trouble with this mail").waitFor();
    const at = (address) => page.getByRole("article").getByRole("listitem").filter({ hasText: address });
    assert.match(await at(OWNER).innerText(), /Delivered/);
    assert.match(await at(LONG_NAME).innerText(), /Bounced[^]*It said: 550 no such mailbox/);
    await mailOf(page, several).getByText("To several").waitFor();
    await page.getByRole("button", { name: `Send again to ${LONG_NAME}` }).click();
    const said = page.getByText(`The next digest goes to ${LONG_NAME} again.`);
    await said.waitFor();
    assert.equal(await paused(), 0);
    await untilPage("the focus is on what was said", () => said.evaluate((one) => one === document.activeElement));
    await page.getByRole("button", { name: /Send again/ }).waitFor({ state: "hidden" });
    await pause();
  },
);

pageTest("a link in a mail opens beside the page, and knows nothing of it", async (open) => {
  const visit = await open(server, { as: OWNER });
  visit.allow(/dashboard\.example/);
  await visit.context.route("https://dashboard.example/**", (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>All calls</title>" }),
  );
  await visit.go(`/digests/${shown}`);
  const link = mailOf(visit.page, shown).getByRole("link", { name: "All calls" });
  await link.waitFor();
  assert.deepEqual(
    [await link.getAttribute("target"), await link.getAttribute("rel")],
    ["_blank", "noopener noreferrer"],
  );
  const [beside] = await Promise.all([visit.context.waitForEvent("page"), link.click()]);
  await beside.waitForLoadState();
  assert.equal(beside.url(), "https://dashboard.example/calls");
  assert.equal(await beside.evaluate(() => window.opener), null);
  assert.match(visit.page.url(), new RegExp(`/digests/${shown}$`));
});

pageTest("a mail that has colours for the dark is dark on a dark page", async (open) => {
  for (const [dark, color] of [
    [true, "rgb(236, 234, 228)"],
    [false, "rgb(1, 2, 3)"],
  ]) {
    const { page } = await (await open(server, { dark, as: OWNER })).go(`/digests/${shown}`);
    const heading = mailOf(page, shown).getByRole("heading");
    await heading.waitFor();
    assert.equal(await heading.evaluate((one) => getComputedStyle(one).color), color);
  }
});

pageTest("a mail is shown exactly as it was sent, in a frame of its own", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go(`/digests/${shown}`);
  const { page } = visit;
  const mail = mailOf(page, shown);
  await mail.getByText("Nine calls, two to call back").waitFor();
  assert.equal(await mail.getByRole("heading").evaluate((one) => getComputedStyle(one).color), "rgb(1, 2, 3)");
  assert.equal(await mail.getByRole("link", { name: "+1 (646) 555-0187" }).getAttribute("href"), "tel:+16465550187");
  await page.getByText(`Mail of ${shown}`).waitFor();
  await page.getByText("owner@larkspur.example").first().waitFor();
  const fits = () =>
    page.locator("iframe").evaluate((one) => one.clientHeight >= one.contentDocument.documentElement.scrollHeight);
  await untilPage("all of it is seen without a second scroll bar", fits);
  const { url } = visit.requests.find(({ url }) => url.endsWith("/preview"));
  assert.ok(!url.includes("token"), "the token is in no address");
  await page.getByRole("button", { name: "Text" }).click();
  await page.getByText("As text").waitFor();
});

pageTest("what is in a mail runs nothing and sends nothing", async (open) => {
  const visit = await open(server, { as: OWNER });
  visit.expect(/Blocked script execution|Content Security Policy|CSP/, /Blocked form submission/);
  await visit.go(`/digests/${hostile}`);
  const { page } = visit;
  const mail = mailOf(page, hostile);
  await mail.getByText("Hostile mail").waitFor();
  await mail.getByText("press").click();
  await mail.getByRole("link", { name: "a link" }).click();
  await mail.getByRole("button", { name: "send" }).click();
  await page.waitForTimeout(500);
  assert.equal(await page.evaluate(() => window.taken), undefined);
  assert.doesNotMatch(await page.title(), /taken/);
  assert.equal(visit.requests.filter(({ url, method }) => method === "POST" && url.includes("settings")).length, 0);
  assert.equal(visit.context.pages().length, 1);
  assert.match(page.url(), new RegExp(`/digests/${hostile}$`));
});

pageTest("older days are asked for by a button, and the focus goes on with them", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go("/digests");
  const { page } = visit;
  const count = () => page.locator('a[href^="/digests/2"]').count();
  const before = await count();
  assert.ok(before < days.length, `${before} of ${days.length}`);
  await page.getByRole("button", { name: "Load older" }).click();
  await untilPage("all days", async () => (await count()) === days.length);
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("href") ?? "");
  await untilPage("the focus is on the first of them", async () => (await focused()).includes(days[before]));
});

pageTest("another business sees none of them; a day without a mail is nothing", async (open) => {
  const visit = await (await open(server, { as: STRANGER })).go("/digests");
  await visit.page.getByText(/^Your first digest comes tomorrow at \d+:00 AM$/).waitFor();
  await visit.go(`/digests/${shown}`);
  await visit.page.getByText("There is no digest of this day").waitFor();
  assert.equal(await visit.page.getByText(`Mail of ${shown}`).count(), 0);
  for (const address of ["/digests/2026-02-30", "/digests/yesterday"]) {
    await visit.page.goto(address);
    await visit.page.getByText("There is no digest of this day").waitFor();
  }
});

for (const look of LOOKS) {
  pageTest(`open to everybody: ${look.name}`, async (open) => {
    const visit = await open(server, { ...look, as: OWNER });
    await visit.go("/digests");
    await assertAccessible(visit, "digests");
    await assertFits(visit, "digests");
    for (const [where, day] of Object.entries({
      shown,
      bounced,
      failed,
      skipped,
      delayed,
      kept,
      unknown,
      waiting,
      several,
      nobody,
    })) {
      await visit.go(`/digests/${day}`);
      if (where === "shown") await mailOf(visit.page, day).getByText("The end of it").waitFor();
      await assertAccessible(visit, `a ${where} mail`);
      await assertFits(visit, `a ${where} mail`);
    }
    const empty = await (await open(server, { ...look, as: STRANGER })).go("/digests");
    await empty.page.getByText(/first digest comes|switched off/).waitFor();
    await assertAccessible(empty, "no digest yet");
    await assertFits(empty, "no digest yet");
  });
}
