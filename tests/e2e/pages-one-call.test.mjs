// One call: the conversation, its recording, what it becomes while it goes on, and nothing of it for others.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { LOOKS, assertAccessible, assertFits, pageTest, untilPage } from "./lib/browser.mjs";
import { recordings } from "./lib/fake.mjs";
import { signInOpens } from "./lib/session.mjs";
import { OWNER, STAFF, STRANGER, callWith, pagesWorld, recordedCall, tell, tone } from "./lib/pages-world.mjs";
import { freshCall } from "./lib/vapi.mjs";

const world = await pagesWorld();
const server = await signInOpens(await world.start());

const call = freshCall();
await tell(server, recordedCall(call, 3_600_000));
const recorded = await world.db.callByVapi(call.id);
const SECONDS = 60.7; // of the recorded call

const audio = (page, name) => page.locator("audio").evaluate((one, key) => one[key], name);
const play = (page) => page.getByRole("button", { name: "Play the recording" });
const line = (page, text) => page.getByRole("listitem").filter({ hasText: text });

pageTest("a call: who, when in the business's zone, what became of it, what was said", async (open) => {
  const { page } = await (await open(server, { as: STAFF })).go(`/calls/${recorded.id}`);
  const main = page.getByRole("main");
  await main.getByText("Maya Okafor called about a tooth").waitFor();
  await main.getByText(/AI/).first().waitFor();
  assert.match(await main.innerText(), /\+1 \(646\) 555-0187/);
  assert.match(await main.innerText(), /Eastern Time/);
  const dial = main.getByRole("link", { name: /Call .*555-0187/ }).first();
  assert.equal(await dial.getAttribute("href"), "tel:+16465550187");
  const said = await line(page, /\S/).allInnerTexts();
  const place = (text) => said.findIndex((one) => one.includes(text));
  assert.ok(place("What are you calling about?") >= 0);
  assert.ok(place("I chipped a tooth last night") > place("What are you calling about?"));
  assert.ok(place("Goodbye!") > place("I chipped a tooth last night"));
  assert.equal(
    said.filter((one) => one.includes("and I'd like to come in this week")).length,
    1,
    "partial words are gone",
  );
  assert.match(said[place("I chipped a tooth")], /Caller|Maya/);
});

pageTest("the recording plays; a line of the conversation leads to its place; the speed is kept", async (open) => {
  world.fake.file = recordings.file(tone(SECONDS));
  const visit = await (await open(server, { as: OWNER })).go(`/calls/${recorded.id}`);
  const { page } = visit;
  const asked = () => visit.requests.filter(({ url }) => url.includes("/recording")).length;
  assert.equal(asked(), 0, "nothing is fetched before somebody wants to hear it");
  await play(page).click();
  await untilPage("it plays", async () => (await audio(page, "currentTime")) > 0.5);
  assert.ok(Math.abs((await audio(page, "duration")) - SECONDS) < 0.5);
  const friday = line(page, "Friday morning is great.");
  const [{ offset }] = await world.db.rows(
    `select extract(epoch from u.said_at - c.started_at) as offset from call_utterances u join calls c on c.id = u.call_id
     where c.id = $1 and u.text like 'Friday morning is great%'`,
    [recorded.id],
  );
  await friday.getByText("Friday morning is great.").click();
  await untilPage("it jumped", async () => Math.abs((await audio(page, "currentTime")) - Number(offset)) < 3);
  assert.ok(Number(offset) > 15, "far from where it was");
  assert.equal(await audio(page, "paused"), false);
  await page.getByLabel("Speed").selectOption("2");
  assert.equal(await audio(page, "playbackRate"), 2);
  await page.getByRole("button", { name: "Pause the recording" }).click();
  await untilPage("it pauses", () => audio(page, "paused"));
  const at = await audio(page, "currentTime");
  await page.getByRole("button", { name: "Back 10 seconds" }).click();
  await untilPage("it went back", async () => Math.abs((await audio(page, "currentTime")) - (at - 10)) < 1);
  const [first] = await page.getByRole("button", { name: /^Play from 0:/ }).all();
  await first.press("Enter");
  await untilPage("it jumped by keyboard", async () => (await audio(page, "currentTime")) < 6);
  await page.reload();
  await play(page).click();
  await untilPage("as fast as before", async () => (await audio(page, "playbackRate")) === 2);
  assert.ok(
    visit.requests.every(({ url }) => !url.includes(world.fake.url)),
    "the browser never asks the provider",
  );
});

pageTest("space plays and stops, but not while a button has the focus", async (open) => {
  world.fake.file = recordings.file(tone(SECONDS));
  const { page } = await (await open(server, { as: OWNER })).go(`/calls/${recorded.id}`);
  await play(page).waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Space");
  await untilPage("it plays", async () => (await audio(page, "currentTime")) > 0.2);
  await page.keyboard.press("Space");
  await untilPage("it pauses", () => audio(page, "paused"));
});

pageTest("a recording that cannot be had is said, and can be tried again", async (open) => {
  world.fake.recording = recordings.status(404);
  try {
    const visit = await (await open(server, { as: OWNER })).go(`/calls/${recorded.id}`);
    visit.expectStatus(404, "recording");
    await play(visit.page).click();
    await visit.page
      .getByRole("alert")
      .getByText(/recording/)
      .waitFor();
    await assertAccessible(visit, "a recording that is not there");
    world.fake.recording = recordings.signed;
    await play(visit.page).click();
    await untilPage("it plays", async () => (await audio(visit.page, "currentTime")) > 0.2);
  } finally {
    world.fake.recording = recordings.signed;
  }
});

pageTest("an open call grows while it goes on, and ends, by itself", async (open) => {
  const live = freshCall();
  const lines = recordedCall(live, 2000);
  await tell(server, lines.slice(0, 9));
  const { id } = await world.db.callByVapi(live.id);
  const visit = await (await open(server, { as: OWNER })).go(`/calls/${id}`);
  const { page } = visit;
  await line(page, "What are you calling about?").waitFor();
  assert.equal(await line(page, "chipped a tooth").count(), 0);
  await tell(server, lines.slice(9, 20));
  await line(page, "I chipped a tooth last night").waitFor();
  await assertAccessible(visit, "a call that goes on");
  await tell(server, lines.slice(20));
  await page.getByText("Maya Okafor called about a tooth").waitFor();
  await line(page, "Goodbye!").waitFor();
  await play(page).waitFor();
  assert.equal(await line(page, "I chipped a tooth last night").count(), 1, "nothing stands there twice");
});

pageTest("somebody else's call is nothing: the same words as for one that never was", async (open) => {
  const said = [];
  for (const id of [recorded.id, crypto.randomUUID(), "no-call"]) {
    const visit = await open(server, { as: STRANGER });
    visit.expectStatus(404, "api/v1/calls/");
    await visit.go(`/calls/${id}`);
    await visit.heading("Not found").waitFor();
    said.push(await visit.page.locator("body").innerText());
    assert.doesNotMatch(said.at(-1), /Okafor|555-0187/);
    const title = await visit.page.title();
    assert.match(title, /not found/i);
    if (said.length === 1) await assertAccessible(visit, "a call that is not there");
  }
  assert.equal(said[0], said[1]);
  assert.equal(said[0], said[2]);
  const visit = await open(server, { as: STRANGER });
  await visit.go(`/calls/${recorded.id}?business=${world.larkspur.id}`);
  await visit.heading("Not found").waitFor();
  assert.equal(visit.requests.filter(({ url }) => url.includes("/api/v1/calls")).length, 0);
});

pageTest("a searched word is marked where it was said", async (open) => {
  const { page } = await (await open(server, { as: OWNER })).go(`/calls/${recorded.id}?q=chipped`);
  await untilPage("marks", async () => (await page.locator("mark").count()) >= 2);
  assert.deepEqual(
    [...new Set((await page.locator("mark").allInnerTexts()).map((text) => text.toLowerCase()))],
    ["chipped"],
  );
});

pageTest("what happened behind the scenes is folded away, and opens", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go(`/calls/${recorded.id}`);
  const { page } = visit;
  const event = page.getByText("The AI took the call");
  assert.equal(await event.count(), 0);
  await page.getByText("Behind the scenes").click();
  await event.first().waitFor();
  await assertAccessible(visit, "all of a call");
});

pageTest("without a network the conversation stays", async (open) => {
  const visit = await (await open(server, { as: OWNER })).go(`/calls/${recorded.id}`);
  visit.expect(/ERR_INTERNET_DISCONNECTED/);
  await visit.context.setOffline(true);
  await visit.page.getByText("No connection to the server").waitFor();
  await line(visit.page, "I chipped a tooth last night").waitFor();
  await play(visit.page).click();
  await visit.page
    .getByRole("alert")
    .getByText(/cannot be reached/)
    .waitFor();
  await visit.context.setOffline(false);
  await visit.page.getByText("No connection to the server").waitFor({ state: "hidden" });
  await play(visit.page).click();
  await untilPage("it plays", async () => (await audio(visit.page, "currentTime")) > 0.2);
});

const KINDS = {
  "with a conversation": "c.outcome = 'handled' and c.recording_url is not null",
  "of a caller who hung up": "c.outcome = 'hung_up_early'",
  "that the AI never took": "c.outcome = 'ai_unavailable'",
  "of a withheld number": "c.caller_number = 'anonymous'",
  "that goes on": "c.status = 'in-progress'",
  "of a regular":
    "c.caller_number = (select o.caller_number from calls o where o.caller_number like '+%' group by 1 order by count(*) desc limit 1)",
};
for (const look of LOOKS) {
  pageTest(`open to everybody: ${look.name}`, async (open) => {
    const visit = await open(server, { ...look, as: OWNER });
    for (const [kind, condition] of Object.entries(KINDS)) {
      const one = await callWith(world, condition);
      assert.ok(one, `no call ${kind}`);
      await visit.go(`/calls/${one.id}`);
      await assertAccessible(visit, `a call ${kind}`);
      await assertFits(visit, `a call ${kind}`);
    }
  });
}
