// The daily mails on the page: what became of each, and each as it was sent, in a frame where nothing runs.
import assert from "node:assert/strict";
import { LOOKS, assertAccessible, assertFits, pageTest, untilPage } from "./lib/browser.mjs";
import { signInOpens } from "./lib/session.mjs";
import { OWNER, STRANGER, pagesWorld } from "./lib/pages-world.mjs";

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
const HTML = `<!doctype html><html><head><style>h1 { color: rgb(1, 2, 3) } body { margin: 0 }</style></head><body>
<h1>Nine calls, two to call back</h1><p>Ana: <a href="tel:+16465550187">+1 (646) 555-0187</a></p>
<p><a href="https://dashboard.example/calls">All calls</a></p><div style="height: 700px"></div><p>The end of it</p></body></html>`;
const HOSTILE = `<!doctype html><html><head><base href="https://elsewhere.example/"></head><body><h1>Hostile mail</h1>
<script>top.document.title = "taken"; parent.taken = true</script>
<img alt="x" src="data:," onerror="parent.taken = true"><svg onload="parent.taken = true"></svg>
<iframe srcdoc="<script>top.taken = true</script>"></iframe><p onclick="parent.taken = true">press</p>
<a href="javascript:parent.taken=true">a link</a>
<form action="/api/v1/settings" method="post"><input name="a"><button>send</button></form></body></html>`;

/** What a day's mail is, and what became of it. */
async function make(day, { mail, ...columns }) {
  const all = { status: "sent", delivery_status: "delivered", error: null, attempts: 1, ...columns };
  const body = {
    from: "digest@larkspur.example",
    to: ["owner@larkspur.example"],
    subject: `Mail of ${day}`,
    text: "As text",
    ...mail,
  };
  await world.db.rows(
    `update digests set status = $2, delivery_status = $3, error = $4, attempts = $5, request_body = $6
     where business_id = $7 and local_date = $1`,
    [
      day,
      all.status,
      all.delivery_status,
      all.error,
      all.attempts,
      Buffer.from(JSON.stringify(body)),
      world.larkspur.id,
    ],
  );
}
const [shown, hostile, bounced, failed, skipped, delayed] = days;
await make(shown, { mail: { html: HTML } });
await make(hostile, { mail: { html: HOSTILE } });
await make(bounced, { delivery_status: "bounced", error: "mailbox full" });
await make(failed, { status: "failed", delivery_status: null, error: "the address is refused", attempts: 3 });
await make(skipped, { status: "skipped", delivery_status: null });
await make(delayed, { delivery_status: "delivery_delayed" });

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
  await visit.page.getByText(/first digest comes|switched off/).waitFor();
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
    for (const [where, day] of Object.entries({ shown, bounced, failed, skipped, delayed })) {
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
