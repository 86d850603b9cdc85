// A kept mail shown as it was sent: posted for by a page's form, whose frame shows the answer, whatever it is.
import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { LARKSPUR } from "./lib/env.mjs";
import { createUser, memberOf, signIn } from "./lib/session.mjs";
import { World } from "./lib/world.mjs";

const AT = "/api/v1/digests/2026-11-20/preview";
const MAIL_POLICY =
  "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
  "frame-ancestors 'self'";
const ERROR_POLICY = "default-src 'none'; frame-ancestors 'self'";
const HTML =
  '<!doctype html>\r\n<html><head><style>p { color: #123 }</style></head><body><p style="margin:0">Zoë &amp; “Ada” ☎ ' +
  `\u2028 \\ \t</p><script>alert(1)</script>${"<p>One more line.</p>".repeat(200)}</body></html>\n`;

const world = await World.create();
const server = await world.start();
const ofPhone = "select business_id as id from business_phones where phone = $1";
const business = (await world.db.one(ofPhone, [LARKSPUR.phone])).id;
const second = (await world.db.one("insert into businesses (name, timezone) values ('Annex', 'UTC') returning id")).id;
const ownerId = await createUser(world.db, "owner@larkspur.example");
await memberOf(world.db, business, ownerId);
await memberOf(world.db, second, ownerId, "staff");
await memberOf(world.db, business, await createUser(world.db, "staff@larkspur.example"), "staff");
await createUser(world.db, "stranger@larkspur.example");
const owner = await signIn(server, "owner@larkspur.example");
const staff = await signIn(server, "staff@larkspur.example");
const stranger = await signIn(server, "stranger@larkspur.example");

async function keep(of, date, body) {
  const bytes = body === null ? null : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  await world.db.rows(
    "insert into digests (business_id, local_date, status, due_at, request_body) values ($1, $2, 'sent', now(), $3)",
    [of, date, bytes],
  );
}
const mail = { subject: "Yesterday", to: ["desk@larkspur.example"], text: "Plain words", html: HTML };
await keep(business, "2026-11-20", mail);
await keep(business, "2026-11-19", [
  { ...mail, html: "<p>To the first</p>" },
  { ...mail, to: ["second@larkspur.example"], html: "<p>To the second</p>" },
]);
await keep(second, "2026-11-20", { ...mail, html: "<p>The Annex</p>" });
await keep(business, "2026-11-10", { subject: "Only words", text: "Plain words" });
await keep(business, "2026-11-11", { ...mail, html: "" });
await keep(business, "2026-11-12", { ...mail, html: { a: "<p>" } });
await keep(business, "2026-11-13", "<p>not JSON</p>");
await keep(business, "2026-11-14", null);

/** One post; `form` is encoded unless it is text already. */
function post({ path = AT, form = { access_token: owner.access_token }, headers = {}, method = "POST" } = {}) {
  const body = typeof form === "string" ? form : new URLSearchParams(form).toString();
  const type = "application/x-www-form-urlencoded";
  const all = { "content-type": type, "content-length": Buffer.byteLength(body), ...headers };
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: server.port, path, method, headers: all, agent: false };
    const req = http.request(options, (res) => {
      const parts = [];
      res.on("data", (part) => parts.push(part)).on("error", reject);
      res.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        resolve({ status: res.statusCode, headers: res.headers, raw: res.rawHeaders, text });
      });
    });
    req.on("error", reject);
    req.end(body);
  });
}

/** A browser heeds every policy that is there: there must be this one alone. */
function assertPolicy(answer, policy) {
  const all = answer.raw.filter((_, i) => i % 2 && answer.raw[i - 1].toLowerCase() === "content-security-policy");
  assert.deepEqual(all, [policy]);
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.equal(answer.headers["x-content-type-options"], "nosniff");
  assert.equal(answer.headers["referrer-policy"], "no-referrer");
}

async function refused(status, code, question) {
  const answer = await post(question);
  assert.equal(answer.status, status, answer.text);
  assert.equal(JSON.parse(answer.text).error.code, code);
  assertPolicy(answer, ERROR_POLICY);
  assert.ok(!answer.text.includes("<"), answer.text);
  return answer;
}

test("the mail comes as it was kept, byte for byte, and may do nothing", async () => {
  for (const person of [owner, staff]) {
    const answer = await post({ form: { access_token: person.access_token, business } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, HTML);
    assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
    assert.equal(answer.headers["content-length"], String(Buffer.byteLength(HTML)));
    assert.equal(answer.headers.etag, undefined);
    assertPolicy(answer, MAIL_POLICY);
  }
});

test("the first business is meant when none is named", async () => {
  assert.equal((await post({ form: { business: second, access_token: owner.access_token } })).text, "<p>The Annex</p>");
  assert.equal((await post({ form: { business: "", access_token: owner.access_token } })).text, HTML);
  assert.equal((await post()).text, HTML);
});

test("of several mails of a day the first is shown", async () => {
  const answer = await post({ path: "/api/v1/digests/2026-11-19/preview" });
  assert.deepEqual([answer.status, answer.text], [200, "<p>To the first</p>"]);
});

test("what is not there, has no HTML or is another's is not found, all alike", async () => {
  const bodies = new Set();
  for (const day of ["2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13", "2026-11-14", "2026-11-15", "2026-02-30"])
    bodies.add((await refused(404, "not_found", { path: `/api/v1/digests/${day}/preview` })).text);
  for (const person of [stranger, staff]) {
    const form = { access_token: person.access_token, business: second };
    bodies.add((await refused(404, "not_found", { form })).text);
  }
  bodies.add((await refused(404, "not_found", { form: { access_token: stranger.access_token } })).text);
  assert.equal(bodies.size, 1);
});

test("the token must be in the body, once, and good", async () => {
  const good = owner.access_token;
  const header = { authorization: `Bearer ${good}` };
  const forms = [
    "",
    "business=",
    "access_token=",
    `access_token=${good}&access_token=${good}`,
    `access_token=${good}x`,
  ];
  forms.push(`access_token=a.b.c&access_token=${good}`, `Access_Token=${good}`, `token=${good}`, "&=&");
  forms.push(Array.from({ length: 500 }, (_, i) => `a${i}=1`).join("&"));
  for (const form of forms) {
    const answer = await refused(401, "unauthorized", { form, headers: header });
    assert.match(answer.headers["www-authenticate"], /^Bearer/);
  }
  assert.equal((await post({ headers: { authorization: "Bearer a.b.c" } })).status, 200, "a header is not asked for");
});

test("a token in the address is refused, even a good one", async () => {
  const form = { access_token: owner.access_token };
  await refused(400, "bad_request", { path: `${AT}?business=${business}`, form });
  await refused(400, "bad_request", { path: `${AT}?access_token=${owner.access_token}`, form: "" });
});

test("fields that make no sense are refused by name", async () => {
  const token = { access_token: owner.access_token };
  const wrong = await refused(400, "bad_request", { form: { ...token, business: "larkspur" } });
  assert.match(wrong.text, /business/);
  await refused(400, "bad_request", { form: { ...token, from: "2026-11-01" } });
  const twice = `access_token=${token.access_token}&business=${business}&business=${second}`;
  await refused(400, "bad_request", { form: twice });
});

test("only a page of this server may post, as far as browsers tell", async () => {
  for (const site of ["cross-site", "same-site", "none", "SAME-ORIGIN", ""])
    await refused(403, "forbidden", { headers: { "sec-fetch-site": site } });
  assert.equal((await post({ headers: { "sec-fetch-site": "same-origin" } })).text, HTML);
});

test("only a form is taken, of a form's size, by POST", async () => {
  const token = owner.access_token;
  for (const type of ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
    await refused(415, "unsupported_media", { headers: { "content-type": type } });
  const spelled = { "content-type": "Application/X-WWW-Form-URLencoded; charset=UTF-8" };
  assert.equal((await post({ headers: spelled })).status, 200);
  assert.equal((await post({ form: `access_token=${token}&business=${"a".repeat(8500)}` })).status, 413);
  for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE"]) {
    const answer = await post({ method, form: "" });
    assert.equal(answer.status, 405, method);
  }
});

test("the log knows the path and no token", async () => {
  await post({ form: `access_token=${owner.access_token}x` });
  await post({ path: `${AT}?access_token=${owner.access_token}`, form: "" });
  const log = server.stderr + server.stdout;
  for (const { access_token } of [owner, staff, stranger]) {
    for (const part of access_token.split(".").slice(1)) assert.ok(!log.includes(part), "a token is in the log");
  }
  const answered = await server.metric("ringback_http_requests_total", {
    route: "/api/v1/digests/{date}/preview",
    code: "200",
  });
  assert.ok(answered > 5, String(answered));
});
