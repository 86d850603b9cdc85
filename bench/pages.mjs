// ./dev bench pages: see README.md. Needs the release build, Chromium and the packages of tests/e2e; leaves nothing running.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Postgres } from "./lib/postgres.mjs";
import { Server } from "./lib/server.mjs";
import { jumpAround, scrollDown, watchFirst, watchTasks } from "./lib/pages-scroll.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const PASSWORD = "bench-of-the-pages";
const EMAIL = "owner@larkspur.example";
const DAYS = 30;
const AIM_BYTES = 100_000;
const AIM_TASK_MS = 50;
const usage = "usage: bench/run pages [--rounds=N] [--calls=N] [--build=DIR] [--chromium=FILE]";

// What is waited for: the sign-in form, the first row of the list, the first one to call back.
const LOADS = {
  "sign-in, nobody": { path: "/", selector: "input[type=password]", isSignedIn: false },
  "calls, to the first row": { path: "/calls", selector: "table a[href^='/calls/']", isSignedIn: true },
  "today, to whom to call back": { path: "/", selector: "main li a[href^='/calls/']", isSignedIn: true },
};

function options(args) {
  const wide = args.join(" ").replace(/(--\w+) (?=[^-])/g, "$1=").split(" ").filter(Boolean);
  if (wide.some((arg) => !/^--((rounds|calls)=\d+|(build|chromium)=.+)$/.test(arg))) throw new Error(usage);
  const valued = (name, value) => wide.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? value;
  return {
    rounds: Math.max(1, Number(valued("rounds", 9))), calls: Number(valued("calls", 10000)),
    build: valued("build", join(root, "build", "release")), chromium: valued("chromium", "/usr/bin/chromium"),
  };
}

function playwright() {
  const home = join(root, "tests", "e2e");
  if (!existsSync(join(home, "node_modules", "playwright-core"))) throw new Error("run `npm ci --ignore-scripts` in tests/e2e first");
  return createRequire(join(home, "package.json"))("playwright-core");
}

function ringback(chosen, args, postgres) {
  const env = { PATH: process.env.PATH, MIGRATE_DATABASE_URL: postgres.url("postgres") };
  const done = spawnSync(join(chosen.build, "ringback"), args, { env, stdio: ["ignore", "ignore", "inherit"] });
  if (done.status !== 0) throw new Error(`ringback ${args[0]} failed`);
}

function fill(chosen, postgres) {
  postgres.sql("create database ringback");
  ringback(chosen, ["migrate", "--local"], postgres);
  const perDay = String(Math.ceil((chosen.calls * 1.15) / DAYS)); // weekends have fewer
  ringback(chosen, ["demo", "--days", String(DAYS), "--calls-per-day", perDay, "--businesses", "1", "--password", PASSWORD, "--quiet"], postgres);
  postgres.sql("analyze", "ringback");
}

async function signIn(origin) {
  for (const end = Date.now() + 20000; Date.now() < end; await new Promise((done) => setTimeout(done, 100))) {
    const answer = await fetch(`${origin}/auth/v1/token?grant_type=password`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
    });
    if (answer.ok) return answer.text();
  }
  throw new Error("nobody can sign in");
}

// A browser that was never here: no cache, and the session in its storage when somebody has signed in.
async function freshPage(bench, isSignedIn) {
  const localStorage = [{ name: "ringback-session", value: bench.session }];
  const storageState = isSignedIn ? { cookies: [], origins: [{ origin: bench.origin, localStorage }] } : undefined;
  const context = await bench.browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "en-US", storageState });
  await context.addInitScript(watchTasks);
  return context.newPage();
}

async function load(bench, { path, selector, isSignedIn }) {
  const page = await freshPage(bench, isSignedIn);
  await page.addInitScript(watchFirst, selector);
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  const seen = { requests: 0, bytes: 0, pages: 0 };
  const urls = new Map();
  network.on("Network.requestWillBeSent", ({ requestId, request }) => {
    seen.requests++;
    urls.set(requestId, new URL(request.url).pathname);
  });
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    seen.bytes += encodedDataLength;
    if (!/^\/(api|auth)\//.test(urls.get(requestId) ?? "")) seen.pages += encodedDataLength;
  });
  await page.goto(bench.origin + path);
  await page.waitForFunction(() => window.benchShown);
  await page.waitForTimeout(300);
  const times = await page.evaluate(() => ({
    shown: window.benchShown,
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    task: Math.max(0, ...window.benchTasks),
  }));
  await page.context().close();
  return { ...seen, ...times };
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor((values.length - 1) / 2)];
const share = (values, part) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * part))];

async function loads(bench, rounds) {
  const results = {};
  for (const [title, what] of Object.entries(LOADS)) {
    const all = [];
    for (let i = 0; i < rounds; i++) all.push(await load(bench, what));
    const times = all.map((one) => one.shown);
    results[title] = {
      requests: median(all.map((one) => one.requests)), bytes: median(all.map((one) => one.bytes)), pages: median(all.map((one) => one.pages)),
      paint: median(all.map((one) => one.paint)), shown: median(times), least: Math.min(...times), most: Math.max(...times),
      task: median(all.map((one) => one.task)),
    };
    console.error(`${title}: ${results[title].shown.toFixed(0)} ms, ${results[title].bytes} bytes`);
  }
  return results;
}

// The longest task of the page's main thread, as the tracer sees it: also what is shorter than the 50 ms that pages hear of.
// `work` is processor time: a machine with other things to do makes tasks longer, not heavier.
function longestTask(file) {
  const { traceEvents } = JSON.parse(readFileSync(file, "utf8"));
  const main = new Set(traceEvents.filter((e) => e.name === "thread_name" && e.args.name === "CrRendererMain").map((e) => `${e.pid}/${e.tid}`));
  const tasks = traceEvents.filter((e) => /RunTask$/.test(e.name) && e.ph === "X" && main.has(`${e.pid}/${e.tid}`));
  return { longest: Math.max(0, ...tasks.map((e) => e.dur / 1000)), work: Math.max(0, ...tasks.map((e) => (e.tdur ?? 0) / 1000)) };
}

async function traced(bench, page, act, argument) {
  const file = join(bench.dir, "trace.json");
  await bench.browser.startTracing(page, { path: file, categories: ["toplevel", "disabled-by-default-devtools.timeline"] });
  const result = await page.evaluate(act, argument);
  console.error(`${result.times.length} frames, ${result.elements} elements`);
  await bench.browser.stopTracing();
  return { ...result, ...longestTask(file) };
}

async function scrolls(bench) {
  const page = await freshPage(bench, true);
  await page.goto(`${bench.origin}/calls?period=${DAYS}`);
  await page.locator("table a[href^='/calls/']").first().waitFor();
  await page.waitForTimeout(1000);
  const results = {
    "reading, 30 pixels a frame": await traced(bench, page, scrollDown, { pixels: 30, frames: 300 }),
    "to the end, 1,500 pixels a frame": await traced(bench, page, scrollDown, { pixels: 1500, frames: 3000 }),
    "100 jumps to far-off places": await traced(bench, page, jumpAround, 100),
  };
  await page.getByText(/^That is all/).waitFor({ state: "attached" });
  await page.context().close();
  return results;
}

const number = (n) => Math.round(n).toLocaleString("en-US");
const table = (lines) => lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");

function text(report) {
  const first = Object.entries(report.loads).map(([title, r]) => [title, r.requests, number(r.bytes), number(r.pages), number(r.paint),
    number(r.shown), `${number(r.least)} to ${number(r.most)}`, number(r.task)]);
  const scroll = Object.entries(report.scrolls).map(([title, r]) => [title, number(r.times.length), share(r.times, 0.5).toFixed(1),
    share(r.times, 0.95).toFixed(1), Math.max(...r.times).toFixed(0), r.longest.toFixed(1), r.work.toFixed(1), r.tasks.length, number(r.elements)]);
  return `# Pages, ${report.date}

First load with a cold cache on loopback: a browser that was never here, median of ${report.rounds}. ${report.cores} cores shared by
${report.browser} without a screen, server and PostgreSQL ${report.postgres}.

${table([["load", "requests", "bytes", "of them the pages'", "first paint ms", "shown ms", "least to most", "longest task ms"], Array(8).fill("---"), ...first])}

Bytes are those on the wire with all heads. Aim: the pages' at most ${number(AIM_BYTES)}.

The list of ${number(report.calls)} calls:

${table([["scrolling", "frames", "median ms", "p95 ms", "most ms", "longest task ms", "heaviest task, processor ms", `tasks of ${AIM_TASK_MS} ms and more`, "elements"], Array(9).fill("---"), ...scroll])}
`;
}

function save(report) {
  const base = join(here, "results", `${report.date.replaceAll(":", "")}-pages`);
  const plain = { ...report, scrolls: Object.fromEntries(Object.entries(report.scrolls).map(([k, { times, ...r }]) => [k, { ...r, frames: times.length, median: share(times, 0.5), p95: share(times, 0.95), most: Math.max(...times) }])) };
  writeFileSync(`${base}.json`, JSON.stringify(plain, null, 2) + "\n");
  writeFileSync(`${base}.md`, text(report));
  console.log(text(report));
  console.log(`Kept in ${base}.md and .json`);
}

function judge(report) {
  const heavy = Object.entries(report.loads).filter(([, r]) => r.pages > AIM_BYTES).map(([title]) => title);
  const slow = Object.entries(report.scrolls).filter(([, r]) => r.work > AIM_TASK_MS).map(([title]) => title);
  if (heavy.length) throw new Error(`more than ${AIM_BYTES} bytes: ${heavy.join(", ")}`);
  if (slow.length) throw new Error(`a task of more than ${AIM_TASK_MS} ms: ${slow.join(", ")}`);
}

async function run(chosen, bench) {
  bench.server = await Server.start({
    binary: join(chosen.build, "ringback"), databaseUrl: bench.postgres.url("ringback_server"), logFile: join(bench.dir, "server.log"),
  });
  bench.origin = `http://127.0.0.1:${bench.server.ports.public}`;
  bench.session = await signIn(bench.origin);
  const rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";
  bench.browser = await playwright().chromium.launch({ executablePath: chosen.chromium, args: ["--no-sandbox", rules] });
  const report = {
    date: new Date().toISOString().slice(0, 19) + "Z", rounds: chosen.rounds, cores: cpus().length, postgres: bench.postgres.version,
    browser: `Chromium ${bench.browser.version()}`, calls: Number(bench.postgres.sql("select count(*) from calls where business_id is not null", "ringback")),
    loads: await loads(bench, chosen.rounds), scrolls: await scrolls(bench),
  };
  save(report);
  judge(report);
}

// The user `postgres` must be able to reach the cluster when we are root.
function workDir() {
  const local = join(root, ".local");
  mkdirSync(local, { recursive: true });
  const reachable = process.getuid() !== 0 || spawnSync("runuser", ["-u", "postgres", "--", "test", "-x", local]).status === 0;
  return mkdtempSync(join(reachable ? local : tmpdir(), "bench-"));
}

async function main() {
  const chosen = options(process.argv.slice(2));
  const program = join(chosen.build, "ringback");
  if (!existsSync(program)) throw new Error(`${program} is missing: cmake --preset release && cmake --build --preset release`);
  if (!existsSync(chosen.chromium)) throw new Error(`${chosen.chromium} is missing: deps/test.txt names the package`);
  const bench = { dir: workDir() };
  spawnSync("chmod", ["755", bench.dir]);
  let isClean = false;
  const cleanUp = async () => {
    if (isClean) return;
    isClean = true;
    await bench.browser?.close().catch(() => {});
    bench.server?.child.kill("SIGKILL");
    bench.postgres?.stop("fast");
    rmSync(bench.dir, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void cleanUp().then(() => process.exit(130)));
  try {
    bench.postgres = await Postgres.start(bench.dir, { fsync: "off" });
    fill(chosen, bench.postgres);
    await run(chosen, bench);
  } finally {
    await cleanUp();
  }
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
