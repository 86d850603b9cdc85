// What people say and write is text, whatever it looks like: on every screen, on a phone, without end and right to left.
import assert from "node:assert/strict";
import { assertAccessible, assertFits, pageTest, untilPage } from "./lib/browser.mjs";
import { until } from "./lib/env.mjs";
import { bearer, signIn, signInOpens } from "./lib/session.mjs";
import { OWNER, pagesWorld, tell } from "./lib/pages-world.mjs";
import { freshCall, message, report, snapshot, statusUpdate, transcript } from "./lib/vapi.mjs";

const world = await pagesWorld({ days: 3 });
const server = await signInOpens(await world.start());

const MARKUP = `<img src=x onerror="window.taken=1"><script>window.taken=1</script><b onclick=alert(1)>bold</b>&lt;i&gt;{{7*7}}`;
const TURNED = "\u202Egnp.eciovni\u2066 abc \u202E";
const ARABIC =
  "\u0645\u0631\u062D\u0628\u0627 \u0623\u0646\u0627 \u0644\u064A\u0644\u0649 \u0648\u0623\u0631\u064A\u062F \u0645\u0648\u0639\u062F\u0627";
const ENDLESS = "Wort".repeat(500);
const URL_LIKE = "javascript:alert(1) https://elsewhere.example/?a=b data:text/html,<script>window.taken=1</script>";
const TEXTS = { MARKUP, TURNED, ARABIC, ENDLESS, URL_LIKE };

const ids = {};
for (const [name, text] of Object.entries(TEXTS)) {
  const call = freshCall();
  const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
  const of = snapshot(call, { createdAt: ago(100), updatedAt: ago(100) });
  const said = { timestamp: Date.now() - 60_000 };
  await tell(server, [
    statusUpdate(of, "in-progress", { timestamp: Date.now() - 90_000 }),
    transcript(of, `${name} ${text}`, said),
    transcript(of, `Answer to ${text}`, { ...said, role: "assistant" }),
    message("conversation-update", of, { conversation: [] }),
    report(of, {
      startedAt: ago(90),
      endedAt: ago(30),
      endedReason: "customer-ended-call",
      analysis: {
        summary: `Summary ${text}`,
        structuredData: {
          reason: `Reason ${text}`,
          callerName: `Name ${text}`,
          urgency: "high",
          callbackNumber: text.slice(0, 80),
          [`key ${text.slice(0, 200)}`]: { deep: [text, { [text.slice(0, 50)]: text }] },
        },
        successEvaluation: text,
      },
    }),
  ]);
  ids[name] = (await world.db.callByVapi(call.id)).id;
  // What the caller and Cal.com said of an appointment.
  await world.db.rows(
    `insert into bookings (business_id, call_id, tool_call_id, status, reason, starts_at, attendee_name, attendee_email,
                           attendee_phone, service, error, answer, created_at)
     select $1, $2, n || $3, s, r, now() + interval '1 day', $3, $3, $3, 'Service ' || $3, 'Error ' || $3, $3, now() + n * interval '1 s'
     from (values (1, 'refused', 'taken'), (2, 'failed', 'unreachable')) v (n, s, r)`,
    [world.larkspur.id, ids[name], text],
  );
}
// Missed, so that they stand under "Call back first" and among the reasons.
const owner = await signIn(server, OWNER);
await until("reasons are there", async () => {
  const { calls } = (await server.get("/api/v1/calls?limit=20", { headers: bearer(owner) })).json();
  return calls.some((call) => call.caller_name?.includes("onerror") || call.reason?.includes("onerror"));
});

const [{ day }] = await world.db.rows(
  "select local_date::text as day from digests where business_id = $1 order by local_date desc limit 1",
  [world.larkspur.id],
);
const mail = {
  subject: `Subject ${MARKUP} ${ENDLESS}`,
  to: [`"${MARKUP}" <a@larkspur.example>`],
  text: `${MARKUP}\n${ENDLESS}\n${TURNED}`,
};
await world.db.rows(
  "update digests set status = 'failed', delivery_status = null, error = $3, request_body = $4 where business_id = $1 and local_date = $2",
  [world.larkspur.id, day, `${MARKUP} ${ENDLESS}`, Buffer.from(JSON.stringify(mail))],
);
await world.db.rows("update businesses set name = $2, fallback_greeting = $3 where id = $1", [
  world.larkspur.id,
  `${MARKUP} ${ENDLESS}`.slice(0, 200),
  `${MARKUP}`.slice(0, 200),
]);

const SCREENS = {
  today: "/",
  "today, one day": "/?period=today",
  calls: "/calls",
  "a search": `/calls?q=${encodeURIComponent(MARKUP)}`,
  "a filter": `/calls?reason=${encodeURIComponent(MARKUP)}&caller=${encodeURIComponent("<b>")}`,
  "an endless filter": `/calls?reason=${encodeURIComponent(ENDLESS.slice(0, 180))}`,
  digests: "/digests",
  "a digest": `/digests/${day}`,
  settings: "/settings",
  ...Object.fromEntries(
    Object.entries(ids).map(([name, id]) => [
      `a call: ${name}`,
      `/calls/${id}?q=${encodeURIComponent("name <b> reason")}`,
    ]),
  ),
};

for (const phone of [true, false]) {
  for (const [where, address] of Object.entries(SCREENS)) {
    pageTest(`${where} on a ${phone ? "phone" : "desktop"} shows words as words`, async (open) => {
      const visit = await open(server, { phone, as: OWNER });
      if (where === "a filter") visit.expected.push(/status of 400 .*api\/v1\/calls/);
      await visit.go(address);
      const { page } = visit;
      await page.waitForTimeout(200);
      assert.equal(await page.evaluate(() => window.taken), undefined, "something ran");
      const made = await page.evaluate(
        () =>
          document.querySelectorAll(
            "#app script, #app img[src=x], #app b[onclick], #app [onerror], #app a[href^='javascript:']",
          ).length,
      );
      assert.equal(made, 0, "words became elements");
      await assertFits(visit, where);
      await assertAccessible(visit, where);
      if (where === "a call: MARKUP") {
        const text = await page.locator("body").innerText();
        for (const part of ["Summary", "Reason", "Answer to", "Service", "Error"])
          assert.ok(text.includes(`${part} ${MARKUP}`), part);
      }
      if (where === "calls") {
        await page.getByText("Name <img src=x").first().waitFor();
        const turned = page.getByRole("link").filter({ hasText: "Name \u202E" }).first();
        assert.equal(await turned.locator("bdi").count(), 1, "a name that turns text around is set apart");
      }
    });
  }
}

pageTest("the calls of today, as they come in, are words too", async (open) => {
  const visit = await (await open(server, { as: OWNER, phone: true })).go("/calls");
  await untilPage("the stream runs", () => visit.requests.some(({ url }) => url.includes("/api/v1/live")));
  const call = freshCall();
  const of = snapshot(call, {
    createdAt: new Date().toISOString(),
    customer: { number: "+16465550188", name: MARKUP },
  });
  await tell(server, [statusUpdate(of, "in-progress"), transcript(of, MARKUP)]);
  const { id } = await world.db.callByVapi(call.id);
  await visit.page.locator(`a[href*="${id}"]`).first().waitFor();
  assert.equal(await visit.page.evaluate(() => window.taken), undefined);
  await assertFits(visit, "calls");
});
