// With a Supabase project: the browser signs in there, with the key that is meant for browsers, and asks us with its token.
import assert from "node:assert/strict";
import { SESSION_KEY, pageTest, untilPage } from "./lib/browser.mjs";
import { OTHER_PASSWORD, PASSWORD } from "./lib/session.mjs";
import { OWNER, pagesWorld } from "./lib/pages-world.mjs";
import { Project } from "./lib/supabase.mjs";

const world = await pagesWorld({ days: 3 });
const project = await Project.start();
const { id } = await world.db.one("select id from auth.users where email = $1", [OWNER]);
project.add(OWNER, id, PASSWORD);
const SERVICE_KEY = "sb_secret_larkspur_9f27ac51";
const server = await world.start({ ...project.env, SUPABASE_SERVICE_KEY: SERVICE_KEY });

const fillIn = async (page, password) => {
  await page.getByLabel("Email").fill(OWNER);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
};

pageTest("signing in at the project, and the calls here", async (open) => {
  project.requests.length = 0;
  const visit = await open(server, { at: "/calls", origins: [project.url] });
  const { page } = visit;
  await fillIn(page, OTHER_PASSWORD);
  await page.getByRole("alert").getByText("not right").waitFor();
  visit.expectStatus(400, `${project.url}/auth/v1/token`);
  await fillIn(page, PASSWORD);
  await untilPage("rows", async () => (await page.getByRole("table").getByRole("link").count()) > 3);
  await page.getByRole("button", { name: world.larkspur.name }).waitFor();
  const asked = project.requests.filter(({ path }) => path.startsWith("/auth/v1/token"));
  assert.equal(asked.length, 2);
  for (const { apikey, origin } of project.requests) {
    assert.equal(apikey, project.anonKey);
    assert.equal(origin, `http://127.0.0.1:${server.port}`);
  }
  assert.ok(
    visit.requests.filter(({ url }) => url.startsWith(project.url)).every(({ url }) => url.includes("/auth/v1/")),
  );
  await page.reload();
  await untilPage("rows again", async () => (await page.getByRole("table").getByRole("link").count()) > 3);
});

pageTest("a token of the project is renewed there; one that ended for good shows the sign-in", async (open) => {
  const visit = await open(server, { at: "/", origins: [project.url] });
  const { page } = visit;
  await fillIn(page, PASSWORD);
  await visit.heading("Today").waitFor();
  const end = () =>
    page.evaluate((key) => {
      const kept = JSON.parse(localStorage.getItem(key));
      localStorage.setItem(key, JSON.stringify({ ...kept, expires_at: Math.floor(Date.now() / 1000) - 5 }));
    }, SESSION_KEY);
  project.requests.length = 0;
  await end();
  await page.reload();
  await page.getByRole("button", { name: world.larkspur.name }).waitFor();
  assert.equal(project.requests.filter(({ path }) => path.includes("refresh_token")).length, 1);
  project.refreshTokens.clear();
  await end();
  visit.expectStatus(400, `${project.url}/auth/v1/token`);
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

pageTest("a forgotten password: the project sends a mail, and the page says so", async (open) => {
  const visit = await open(server, { at: "/", origins: [project.url] });
  const { page } = visit;
  await page.getByRole("button", { name: "I do not know my password" }).click();
  await page.getByLabel("Email").fill(OWNER);
  await page.getByRole("button", { name: "Send the link" }).click();
  await page.getByText("Look into your mail").waitFor();
  assert.deepEqual(project.mails, [OWNER]);
});

pageTest("the page may ask the project and no other place", async (open) => {
  const visit = await open(server, { at: "/", origins: [project.url] });
  await visit.page.getByRole("heading", { name: "Sign in" }).waitFor();
  const other = await world.anotherFake();
  visit.expect(/Content Security Policy|CSP/);
  const end = await visit.page.evaluate((url) => fetch(url).then(String, (error) => error.name), `${other.url}/`);
  assert.equal(end, "TypeError");
  assert.equal(other.requests.length, 0);
  const served = await visit.page.content();
  assert.ok(served.includes(project.anonKey) && !served.includes(SERVICE_KEY));
});

pageTest("without the project one is told that signing in does not work", async (open) => {
  const away = await Project.start();
  away.add(OWNER, id, PASSWORD);
  const lonely = await world.start(away.env);
  const visit = await open(lonely, { at: "/", origins: [away.url] });
  await visit.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await away.stop();
  visit.expect(/ERR_CONNECTION_REFUSED/, /console error: TypeError: Failed to fetch/); // the client logs it
  await fillIn(visit.page, PASSWORD);
  await visit.page.getByRole("alert").getByText("The server cannot be reached").waitFor();
});
