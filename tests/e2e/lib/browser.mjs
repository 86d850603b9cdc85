// A person with a browser: Debian's Chromium, driven as a hand would, with an eye on everything that must not happen.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, test } from "node:test";
import { chromium } from "playwright-core";
import { BIN, until } from "./env.mjs";
import { PASSWORD, signIn, signInOpens } from "./session.mjs";

const CHROMIUM = process.env.RINGBACK_CHROMIUM ?? "/usr/bin/chromium";
const SHOTS = process.env.RINGBACK_SHOTS ?? path.join(path.dirname(BIN), "test-logs");
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const SESSION_KEY = "ringback-session"; // in the browser's storage
const LOADING = '[role=status][aria-label^="Loading"], [role=status][aria-label="Starting"], [aria-busy=true]';
const WAIT_MS = 15000; // for anything that appears; the machine may be busy

let browser = null;
after(() => browser?.close());

/** One Chromium for a whole file. No name resolves in it, so that nobody outside can be asked. */
export async function chrome() {
  if (browser) return browser;
  assert.ok(fs.existsSync(CHROMIUM), `no browser at ${CHROMIUM}: deps/test.txt names the package`);
  const rules = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", `--host-resolver-rules=${rules}`],
  });
  return browser;
}

export const originOf = (server) => `http://127.0.0.1:${server.port}`;

/** Runs in the page before its own scripts. */
function watchPolicy() {
  document.addEventListener("securitypolicyviolation", (event) => {
    const where = `${event.sourceFile ?? ""}:${event.lineNumber}`;
    console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample} ${where}`);
  });
}

const isOwn = (url, origins) => /^(data|blob|about):/.test(url) || origins.includes(new URL(url).origin);

/** What a browser keeps of somebody who has signed in. Each time another session: one address may not begin many. */
async function signedIn(server, email) {
  const value = JSON.stringify(await signIn(server, email));
  return { cookies: [], origins: [{ origin: originOf(server), localStorage: [{ name: SESSION_KEY, value }] }] };
}

/** Both sizes in both colours. */
export const LOOKS = [false, true].flatMap((phone) =>
  [false, true].map((dark) => ({ phone, dark, name: `${phone ? "phone" : "desktop"}, ${dark ? "dark" : "light"}` })),
);

/** A window of somebody's browser: `page`, and what went wrong in it. */
export class Visit {
  /** `phone`, `dark`, `reducedMotion`; `as` is who has signed in already, `at` the address to begin with; `origins` are
   * other hosts that may be asked. */
  static async open(server, { phone, dark, reducedMotion, as, at, name, origins = [], ...more } = {}) {
    const context = await (
      await chrome()
    ).newContext({
      baseURL: originOf(server),
      viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 860 },
      isMobile: Boolean(phone),
      hasTouch: Boolean(phone),
      colorScheme: dark ? "dark" : "light",
      reducedMotion: reducedMotion ? "reduce" : "no-preference",
      locale: "en-US",
      timezoneId: "Europe/Berlin", // never the zone of a business here
      acceptDownloads: true,
      storageState: as ? await signedIn(server, as) : undefined,
      ...more,
    });
    context.setDefaultTimeout(WAIT_MS);
    const visit = new Visit(server, context, [originOf(server), ...origins]);
    await context.addInitScript(watchPolicy);
    visit.page = await context.newPage();
    if (at) await visit.page.goto(at);
    return visit;
  }

  constructor(server, context, origins) {
    Object.assign(this, { server, context, origins, found: [], expected: [], allowed: [], requests: [] });
    context.on("console", (message) => {
      if (["error", "warning", "assert"].includes(message.type()))
        this.found.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => this.found.push(`uncaught: ${error.error().stack ?? error.error()}`));
    context.on("dialog", async (dialog) => {
      this.found.push(`dialog: ${dialog.message()}`);
      await dialog.dismiss().catch(() => {});
    });
    context.on("request", (request) => {
      this.requests.push({ method: request.method(), url: request.url() });
      if (!isOwn(request.url(), this.origins)) this.found.push(`asked elsewhere: ${request.url()}`);
    });
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText;
      if (why !== "net::ERR_ABORTED") this.found.push(`failed: ${request.method()} ${request.url()} ${why}`);
    });
  }

  /** What this test provokes: patterns of problems, each of which must occur. */
  expect(...patterns) {
    this.expected.push(...patterns);
  }

  /** What may occur in this test, as timing will have it. */
  allow(...patterns) {
    this.allowed.push(...patterns);
  }

  /** The browser says so of every answer of 400 and more. */
  expectStatus(status, part) {
    this.expect(new RegExp(`status of ${status} .*${part}`));
  }

  assertNothingWrong() {
    const known = [...this.expected, ...this.allowed];
    const wrong = this.found.filter((text) => !known.some((pattern) => pattern.test(text)));
    assert.deepEqual(wrong, [], "the browser complains");
    const missing = this.expected.filter((pattern) => !this.found.some((text) => pattern.test(text)));
    assert.deepEqual(missing.map(String), [], "expected complaints that never came");
  }

  /** By the form, as people do. */
  async signIn(email, password = PASSWORD) {
    await signInOpens(this.server);
    if (!this.page.url().startsWith("http")) await this.page.goto("/");
    await this.page.getByLabel("Email").fill(email);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.getByRole("navigation", { name: "Main" }).waitFor();
  }

  async go(address) {
    await this.page.goto(address);
    await this.settled();
    return this;
  }

  heading(name) {
    return this.page.getByRole("heading", { level: 1, name });
  }

  /** Nothing is loading any more. */
  async settled() {
    await this.page.getByRole("heading", { level: 1 }).first().waitFor();
    await this.page.waitForFunction((loading) => !document.querySelector(loading), LOADING);
  }

  query() {
    return Object.fromEntries(new URL(this.page.url()).searchParams);
  }

  async close() {
    await this.context.close();
  }
}

async function keepPicture(visit, name) {
  fs.mkdirSync(SHOTS, { recursive: true });
  const file = path.join(SHOTS, `${name.replace(/\W+/g, "-").slice(0, 80)}.png`);
  await visit.page.screenshot({ path: file, fullPage: true, timeout: 5000 });
  return file;
}

/** Opens windows for a test; in the end none of them may have complained. */
function windowsFor(name) {
  const visits = [];
  const open = async (server, options = {}) => {
    const visit = await Visit.open(server, options);
    visits.push(visit);
    return visit;
  };
  const finish = async (failed) => {
    try {
      for (const [i, visit] of visits.entries()) {
        if (!failed) continue;
        const file = await keepPicture(visit, `${name}-${i}`).catch((error) => `no picture: ${error.message}`);
        console.error(`${name}: ${visit.page.url()} looked like ${file}\n  ${visit.found.join("\n  ")}`);
      }
      if (!failed) for (const visit of visits) visit.assertNothingWrong();
    } finally {
      for (const visit of visits) await visit.close();
    }
  };
  return { open, finish };
}

/** A test with windows: body(open), where open(server, options) resolves to a Visit, signed in with `as: email`. */
export function pageTest(name, body) {
  test(name, async () => {
    const { open, finish } = windowsFor(name);
    try {
      await body(open);
    } catch (error) {
      await finish(true);
      throw error;
    }
    try {
      await finish(false);
    } catch (error) {
      console.error(`${name}: ${error.message}`);
      throw error;
    }
  });
}

const REPORT = `axe.run(document, { resultTypes: ["violations"] }).then((report) => JSON.stringify(
  report.violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((n) =>
    n.target.flat().join(" ") + ": " + n.html.slice(0, 160) + " " + (n.any[0] ?? n.all[0] ?? n.none[0])?.message) }))))`;

/** What axe finds on the page, one line each. The page's policy lets no script in, the debugger does. */
export async function axeFindings(visit) {
  const session = await visit.context.newCDPSession(visit.page);
  const evaluate = async (expression) => {
    const answer = await session.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    assert.ok(!answer.exceptionDetails, JSON.stringify(answer.exceptionDetails));
    return answer.result.value;
  };
  await visit.page.waitForFunction(() => {
    const isMoving = (one) => one.playState === "running" && one.effect.getComputedTiming().endTime !== Infinity;
    return !document.getAnimations().some(isMoving);
  });
  await evaluate(AXE);
  const report = JSON.parse(await evaluate(REPORT));
  await session.detach();
  return report.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id} (${help}): ${node}`));
}

export async function assertAccessible(visit, where) {
  const findings = await axeFindings(visit);
  assert.equal(findings.length, 0, `axe on ${where}:\n  ${findings.join("\n  ")}`);
}

/** The page is no wider than the window: a phone would show it small, or let it slip to the side. */
export async function assertFits(visit, where) {
  const { width } = visit.page.viewportSize();
  const { wide, over } = await visit.page.evaluate((width) => {
    const isKept = (one) => one && (getComputedStyle(one).overflowX !== "visible" || isKept(one.parentElement));
    const isFixed = (one) => one && (getComputedStyle(one).position === "fixed" || isFixed(one.parentElement));
    const sticksOut = (one) =>
      one.getBoundingClientRect().right > width + 1 && !isKept(one.parentElement) && !isFixed(one);
    const over = [...document.querySelectorAll("body *")].filter(sticksOut).slice(-8);
    return {
      wide: Math.max(document.documentElement.scrollWidth, window.innerWidth) - width,
      over: over.map((one) => `<${one.localName} class="${one.className}"> ${one.textContent.slice(0, 60)}`),
    };
  }, width);
  assert.ok(wide <= 0, `${where} is ${wide} px too wide:\n  ${over.join("\n  ")}`);
}

/** Waits until the page says something that holds. */
export const untilPage = (what, probe) => until(what, probe, WAIT_MS, 50);
