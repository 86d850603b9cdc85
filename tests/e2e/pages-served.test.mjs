// The pages as bytes: headers, encodings, caching, and that nothing that is secret is among them.
import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { TWILIO_TOKEN, VAPI_KEY, WEBHOOK_SECRET } from "./lib/env.mjs";
import { Project } from "./lib/supabase.mjs";
import { World } from "./lib/world.mjs";

const world = await World.create();
const server = await world.start();
const project = await Project.start();
const PRIVATE = {
  TWILIO_AUTH_TOKEN: TWILIO_TOKEN,
  VAPI_API_KEY: VAPI_KEY,
  VAPI_WEBHOOK_SECRET: WEBHOOK_SECRET,
  TWILIO_AUTH_TOKEN_PREVIOUS: "abcdef0123456789abcdef0123456789",
  VAPI_WEBHOOK_SECRET_PREVIOUS: "larkspur-older-secret",
  VAPI_HMAC_SECRET: "larkspur-hmac-secret",
  SUPABASE_SERVICE_KEY: "sb_secret_larkspur_9f27ac51",
  SUPABASE_JWT_SECRET: "larkspur-legacy-secret-of-more-than-32-bytes",
  RESEND_API_KEY: "re_larkspur_5c01e7",
  RESEND_API_URL: "http://127.0.0.1:9", // nobody
  RESEND_WEBHOOK_SECRET: "whsec_bGFya3NwdXItcmVzZW5kLXNlY3JldA==",
  RESEND_FROM: "digest@larkspur.example",
  CRON_SECRET: "larkspur-cron-secret-31d0",
};
const guarded = await world.start({ ...project.env, ...PRIVATE });

const PAGES = [
  "/",
  "/sign-in",
  "/calls",
  "/calls/0b6f3b1e-0000-4000-8000-000000000000",
  "/digests",
  "/digests/2026-11-18",
  "/settings",
];
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; " +
  "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'";
const unpack = { br: zlib.brotliDecompressSync, gzip: zlib.gunzipSync };

const assetsOf = (html) => [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((match) => match[1]);
const assets = assetsOf((await server.get("/")).text);

test("every address of the dashboard is one page, under one strict policy", async () => {
  const { text } = await server.get("/");
  for (const path of PAGES) {
    const answer = await server.get(path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.text, text, path);
    assert.equal(answer.headers["content-security-policy"], POLICY, path);
    assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.equal(answer.headers["cache-control"], "no-cache");
    assert.equal(answer.headers["set-cookie"], undefined);
  }
  for (const path of ["/call", "/settings/more", "/calls/a/b", "/index.html", "/assets", "/assets/", "/favicon.ico"])
    assert.equal((await server.get(path)).status, 404, path);
});

test("a link that leads nowhere: a page for people, JSON for programs", async () => {
  const browser = { headers: { accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8" } };
  const { text } = await server.get("/");
  for (const path of ["/call", "/settings/more", "/api/v2", "/assets/x/y"]) {
    const page = await server.get(path, browser);
    assert.equal(page.status, 404, path);
    assert.equal(page.text, text, path);
    assert.equal(page.headers["content-security-policy"], POLICY, path);
    assert.equal(page.headers["cache-control"], "no-store", path);
    for (const options of [{}, { headers: { accept: "application/json" } }]) {
      const answer = await server.get(path, options);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.json().error.code, "not_found", path);
    }
    assert.equal((await server.post(path, "x", browser)).json().error.code, "not_found", path);
  }
  assert.equal((await server.get("/api/v1/me", browser)).status, 401, "a route that there is");
});

test("with Supabase the browser may also ask there, and nowhere else", async () => {
  const answer = await guarded.get("/");
  assert.equal(
    answer.headers["content-security-policy"],
    POLICY.replace("connect-src 'self'", `connect-src 'self' ${project.url}`),
  );
  assert.ok(answer.text.includes(`content="${project.url}"`) && answer.text.includes(`content="${project.anonKey}"`));
  assert.ok(!(await server.get("/")).text.includes("sb_publishable"));
});

test("the page has no code and no looks of its own in it", async () => {
  const { text } = await server.get("/");
  assert.equal(assets.length, 3, "an icon, a style sheet, a script");
  assert.doesNotMatch(text, /<style|\sstyle=|\son\w+=|javascript:/i);
  for (const [, inside] of text.matchAll(/<script[^>]*>([^]*?)<\/script>/g)) assert.equal(inside, "");
  assert.doesNotMatch(text, /(src|href)="(https?:)?\/\//);
});

test("an unchanged page is not sent again", async () => {
  const { headers } = await server.get("/");
  assert.ok(headers.etag);
  const again = await server.get("/calls", { headers: { "if-none-match": headers.etag } });
  assert.equal(again.status, 304);
  assert.equal(again.text, "");
  assert.equal(again.headers["content-security-policy"], POLICY);
  assert.equal((await server.get("/", { headers: { "if-none-match": '"other"' } })).status, 200);
  const { etag } = (await guarded.get("/")).headers;
  assert.notEqual(etag, headers.etag, "another project, another page");
});

test("assets are plain, gzip or Brotli, as the browser takes them: the same bytes, for ever", async () => {
  for (const path of assets) {
    const plain = await server.get(path);
    assert.equal(plain.status, 200);
    assert.equal(plain.headers["content-encoding"], undefined);
    assert.equal(plain.headers["cache-control"], "public, max-age=31536000, immutable");
    assert.equal(plain.headers["x-content-type-options"], "nosniff");
    assert.match(plain.headers["content-type"], /^(text\/(javascript|css); charset=utf-8|image\/svg\+xml)$/);
    for (const [accept, coding] of [
      ["gzip", "gzip"],
      ["br", "br"],
      ["gzip, deflate, br, zstd", "br"],
      ["gzip, br;q=0", "gzip"],
    ]) {
      const packed = await server.get(path, { headers: { "accept-encoding": accept } });
      assert.equal(packed.headers["content-encoding"], coding, `${path} for ${accept}`);
      assert.equal(packed.headers.vary, "Accept-Encoding");
      assert.ok(unpack[coding](packed.body).equals(plain.body), `${path} differs in ${coding}`);
      assert.equal(packed.headers["content-length"], String(packed.body.length));
      if (plain.body.length > 2000) assert.ok(packed.body.length < plain.body.length / 2, `${path} in ${coding}`);
    }
    for (const accept of ["identity", "gzip;q=0, br;q=0", ""])
      assert.equal(
        (await server.get(path, { headers: { "accept-encoding": accept } })).headers["content-encoding"],
        undefined,
      );
  }
});

test("HEAD tells what GET would; other methods and other names do not work", async () => {
  for (const path of ["/", ...assets]) {
    const [head, got] = [await server.get(path, { method: "HEAD" }), await server.get(path)];
    assert.equal(head.status, 200);
    assert.equal(head.text, "");
    assert.equal(head.headers["content-length"], String(got.body.length));
    const posted = await server.post(path, "x");
    assert.equal(posted.status, 405, path);
    assert.match(posted.headers.allow, /GET/);
  }
  const [script] = assets.filter((path) => path.endsWith(".js"));
  for (const path of [
    "/assets/app.js",
    `${script}.gzip`,
    script.slice(0, -1),
    "/assets/..%2f",
    "/assets/%00",
    `${script}/x`,
  ]) {
    const answer = await server.get(path);
    assert.equal(answer.status, 404, path);
    assert.notEqual(answer.headers["cache-control"], "public, max-age=31536000, immutable", path);
  }
});

test("the first load is small", async () => {
  let total = 0;
  for (const path of ["/", ...assets])
    total += (await server.get(path, { headers: { "accept-encoding": "gzip, br" } })).body.length;
  assert.ok(total <= 100_000, `${total} bytes`);
});

test("no byte that is served holds a secret", async () => {
  const { RESEND_FROM, RESEND_API_URL, ...keys } = PRIVATE;
  const secrets = { ...keys, DATABASE_URL: world.db.serverUrl, "its database": world.db.name };
  const served = [];
  for (const path of [...PAGES, ...assets, "/assets/none", "/none", "/api/v1/me", "/healthz", "/readyz"]) {
    for (const accept of ["identity", "gzip", "br"]) {
      const answer = await guarded.get(path, { headers: { "accept-encoding": accept } });
      const coding = answer.headers["content-encoding"];
      const body = coding ? unpack[coding](answer.body) : answer.body;
      served.push({ path: `${path} as ${accept}`, text: JSON.stringify(answer.headers) + body.toString("latin1") });
    }
  }
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString("base64").replace(/=*$/, ""),
    ]) {
      const held = served.find(({ text }) => text.includes(form));
      assert.equal(held?.path, undefined, `${name} is in ${held?.path}`);
    }
  }
  assert.ok(
    served.some(({ text }) => text.includes(project.anonKey)),
    "the key for browsers is there: the search works",
  );
});
