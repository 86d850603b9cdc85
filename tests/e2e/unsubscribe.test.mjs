// The link that stops the daily mail: GET shows, POST stops, one recipient of one business at a time, and only whoever holds
// the token.
import test from "node:test";
import assert from "node:assert/strict";
import { World } from "./lib/world.mjs";

const LARKSPUR = "aaaaaaaa-0000-4000-8000-000000000001";
const MARIGOLD = "bbbbbbbb-0000-4000-8000-000000000002";
const NAME = `Larkspur & Sons <"Smiles"> 'Zoë' ☎`;
const world = await World.create({ seed: false });
const { db } = world;
await db.rows(
  `insert into businesses (id, name, email, timezone) values
     ($1, $2, 'Desk@larkspur.example.com, zoe@larkspur.example.org', 'UTC'),
     ($3, 'Marigold Optics', 'desk@larkspur.example.com', 'UTC')`,
  [LARKSPUR, NAME, MARIGOLD],
);
const server = await world.start();

const tokenOf = async (business, address) =>
  (await db.one("select private.unsubscribe_token($1, $2) as token", [business, address])).token;
const desk = await tokenOf(LARKSPUR, "desk@larkspur.example.com");
const zoe = await tokenOf(LARKSPUR, "zoe@larkspur.example.org");
const elsewhere = await tokenOf(MARIGOLD, "desk@larkspur.example.com");

const paused = () =>
  db.rows("select business_id, address, reason from paused_recipients order by business_id, address, reason");
const row = (business, address, reason = "unsubscribed") => ({ business_id: business, address, reason });
const clear = () => db.rows("delete from paused_recipients");
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const get = (token, options = {}) => server.get(`/unsubscribe/${token}`, options);
const post = (token, body, headers = FORM) => server.post(`/unsubscribe/${token}`, body, headers);
const oneClick = (token) => post(token, "List-Unsubscribe=One-Click");

function isPage(answer, status, title) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
  assert.match(answer.text, new RegExp(`<h1>${title}</h1>`));
  assert.equal(
    answer.headers["content-security-policy"],
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.equal(answer.headers["referrer-policy"], "no-referrer");
  assert.equal(answer.headers["set-cookie"], undefined);
  assert.ok(!/<script|style=|\son\w+=|http:|https:/i.test(answer.text), "only what the policy lets through");
  assert.ok(!/larkspur\.example\.com, |desk@|zoe@/i.test(answer.text), "no whole address");
  assert.ok(answer.text.endsWith("</html>\n"));
}
const buttonOf = (answer) => /name="action" value="(\w+)">([^<]+)</.exec(answer.text)?.slice(1) ?? null;

test("GET and HEAD show whom it stops, and change nothing", async () => {
  for (let i = 0; i < 3; i++) {
    const answer = await get(desk);
    isPage(answer, 200, "Stop the daily mail\\?");
    assert.deepEqual(buttonOf(answer), ["stop", "Stop this mail"]);
    assert.ok(answer.text.includes("<strong>d…@larkspur.example.com</strong>"));
    assert.ok(answer.text.includes("Larkspur &amp; Sons &lt;&#34;Smiles&#34;&gt; &#39;Zoë&#39; ☎"));
    assert.equal((await get(desk, { method: "HEAD" })).status, 200);
  }
  assert.ok((await get(zoe)).text.includes("<strong>z…@larkspur.example.org</strong>"));
  assert.deepEqual(await paused(), []);
});

test("the page's style and icon are there", async () => {
  const answer = await get(desk);
  const assets = [...answer.text.matchAll(/href="(\/assets\/[^"]+)"/g)].map((match) => match[1]);
  assert.equal(assets.length, 2);
  for (const asset of assets) assert.equal((await server.get(asset)).status, 200, asset);
});

test("a mail program's one click stops it, without a word", async () => {
  const bodies = [
    ["List-Unsubscribe=One-Click", FORM],
    ["List-Unsubscribe=One-Click", { "content-type": "Application/X-WWW-Form-Urlencoded; charset=utf-8" }],
    ["List-Unsubscribe=One-Click", {}],

    [
      '--b0\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b0--\r\n',
      { "content-type": "multipart/form-data; boundary=b0" },
    ],
    [
      '--a b\r\ncontent-type: text/plain\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--a b--',
      { "content-type": 'Multipart/Form-Data; boundary="a b"' },
    ],
  ];
  for (const [body, headers] of bodies) {
    await clear();
    for (let i = 0; i < 2; i++) {
      const answer = await post(desk, body, headers);
      assert.equal(answer.status, 200, `${body}: ${answer.text}`);
      assert.equal(answer.text, "");
      assert.equal(answer.headers["set-cookie"], undefined);
      assert.deepEqual(await paused(), [row(LARKSPUR, "desk@larkspur.example.com")]);
    }
  }
});

test("the other recipient and the other business go on", async () => {
  await clear();
  await oneClick(desk);
  assert.deepEqual(buttonOf(await get(zoe))?.[0], "stop");
  assert.deepEqual(buttonOf(await get(elsewhere))?.[0], "stop");
  await oneClick(elsewhere);
  assert.deepEqual(await paused(), [
    row(LARKSPUR, "desk@larkspur.example.com"),
    row(MARIGOLD, "desk@larkspur.example.com"),
  ]);
});

test("the page's buttons stop it, and let it come again", async () => {
  await clear();
  const stopped = await post(zoe, "action=stop");
  isPage(stopped, 200, "The mail is stopped");
  assert.deepEqual(buttonOf(stopped), ["resume", "Send it again after all"]);
  assert.deepEqual(await paused(), [row(LARKSPUR, "zoe@larkspur.example.org")]);
  isPage(await get(zoe), 200, "The mail is stopped");
  const again = await post(zoe, "action=resume");
  isPage(again, 200, "The mail comes again");
  assert.deepEqual(buttonOf(again), ["stop", "Stop this mail"]);
  assert.deepEqual(await paused(), []);
  isPage(await post(zoe, "action=resume"), 200, "The mail comes again");
});

test("what bounced, or was reported as spam, does not come again by the link", async () => {
  for (const [reason, words] of [
    ["bounced", /came back/],
    ["complained", /reported as spam/],
    ["suppressed", /does not deliver/],
  ]) {
    await clear();
    await db.rows("insert into paused_recipients values ($1, 'desk@larkspur.example.com', $2)", [LARKSPUR, reason]);
    for (const answer of [await get(desk), await post(desk, "action=resume"), await post(desk, "action=stop")]) {
      isPage(answer, 200, "No mail is sent");
      assert.match(answer.text, words);
      assert.equal(buttonOf(answer), null);
    }
    assert.equal((await oneClick(desk)).status, 200);
    assert.deepEqual(await paused(), [row(LARKSPUR, "desk@larkspur.example.com", reason)]);
  }
});

test("a paused recipient who is not on the list any more can still let go", async () => {
  await clear();
  const gone = await tokenOf(MARIGOLD, "gone@larkspur.example.net");
  isPage(await get(gone), 404, "This link does not work");
  await db.rows("insert into paused_recipients values ($1, 'gone@larkspur.example.net', 'unsubscribed')", [MARIGOLD]);
  isPage(await get(gone), 200, "The mail is stopped");
  isPage(await post(gone, "action=resume"), 200, "The mail comes again");
  assert.deepEqual(await paused(), []);
});

test("a token that is nobody's is 404 and changes nothing, whatever it looks like", async () => {
  await clear();
  const last = "AEIMQUYcgkosw048";
  const next = (letter) => (letter === "A" ? "B" : "A");
  const forged = (bytes) => Buffer.from(bytes).toString("base64url");
  const id = (business) => Buffer.from(business.replaceAll("-", ""), "hex");
  const tokens = [
    desk.slice(0, -1),
    `${desk}A`,
    desk.toLowerCase(),
    `${desk.slice(0, -1)}${last[(last.indexOf(desk.at(-1)) + 1) % 16]}`, // another last byte
    `${desk.slice(0, -1)}${"BFJNRVZdhlptx159"[last.indexOf(desk.at(-1))]}`, // the same bytes, written otherwise
    `${next(desk[0])}${desk.slice(1)}`,
    `${desk.slice(0, 30)}${next(desk[30])}${desk.slice(31)}`,
    forged(Buffer.concat([id(LARKSPUR), Buffer.alloc(24)])),
    forged(Buffer.concat([id(MARIGOLD), Buffer.from(desk, "base64url").subarray(16)])),
    forged(Buffer.alloc(40)),
    forged(Buffer.alloc(40, 255)),
    "A".repeat(54),
    ".".repeat(54),
    "..-_".repeat(13) + "AA",
    LARKSPUR,
    "0",
  ];
  for (const token of tokens) {
    assert.notEqual(token, desk);
    isPage(await get(token), 404, "This link does not work");
    isPage(await post(token, "action=stop"), 404, "This link does not work");
    isPage(await post(token, "action=resume"), 404, "This link does not work");
    const clicked = await oneClick(token);
    assert.equal(clicked.status, 404, token);
    assert.equal(clicked.json().error.code, "not_found");
  }
  for (const odd of ["%41".repeat(18), `${desk.slice(0, 53)}%00`, "a".repeat(65), `${desk}/`, "'", ""]) {
    assert.equal((await get(odd)).status, 404, odd);
  }
  assert.deepEqual(await paused(), []);
});

test("another body, verb or too much of it changes nothing", async () => {
  await clear();
  for (const [body, headers] of [
    ["", FORM],
    ["action=", FORM],
    ["action=delete", FORM],
    ["List-Unsubscribe=Maybe", FORM],
    ["action[]=stop&x=%zz", FORM],
    ['name="List-Unsubscribe"\r\n\r\nOne-Click\r\n', FORM],
    ["--b\r\n\r\nhello\r\n--b--", { "content-type": "multipart/form-data; boundary=b" }],
    ['{"List-Unsubscribe":"One-Click"}', { "content-type": "application/json" }],
    ["a&".repeat(500), FORM],
  ]) {
    isPage(await post(desk, body, headers), 400, "That did not work");
  }
  assert.equal((await post(desk, `action=stop&x=${"x".repeat(5000)}`)).status, 413);
  for (const method of ["PUT", "DELETE", "PATCH"]) assert.equal((await get(desk, { method })).status, 405);
  assert.equal((await get(`${desk}?action=stop`)).status, 200);
  assert.deepEqual(await paused(), []);
});

test("many at once, of all kinds, end in one row or none", async () => {
  await clear();
  const stops = await Promise.all(Array.from({ length: 24 }, () => oneClick(desk)));
  for (const answer of stops) assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(await paused(), [row(LARKSPUR, "desk@larkspur.example.com")]);
  const mixed = await Promise.all(
    Array.from({ length: 24 }, (_, i) => post(desk, i % 2 ? "action=stop" : "action=resume")),
  );
  for (const answer of mixed) assert.ok([200, 503].includes(answer.status), answer.text);
  assert.ok((await paused()).length <= 1);
});

test("while the database is away a person reads so, and a mail program is told to come again", async () => {
  await clear();
  await db.lockOut();
  try {
    const [page, click] = await Promise.all([get(desk), oneClick(desk)]);
    isPage(page, 503, "That did not work");
    assert.equal(click.status, 503);
    for (const answer of [page, click]) assert.ok(Number(answer.headers["retry-after"]) > 0);
  } finally {
    await db.letIn();
  }
  await until200();
  assert.deepEqual(await paused(), []);
});

async function until200() {
  for (let i = 0; i < 100; i++) {
    if ((await get(desk)).status === 200) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail("it does not come back");
}

test("no token, address or name is in a log", () => {
  const log = server.stderr + server.stdout;
  for (const text of [desk, zoe, elsewhere, "larkspur.example", "Smiles", "Marigold"]) {
    assert.ok(!log.includes(text), text);
  }
});
