// ./dev bench reads: see README.md. Needs the release build; leaves nothing running.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Postgres } from "./lib/postgres.mjs";
import { Server } from "./lib/server.mjs";
import { openLoop } from "./lib/reads-load.mjs";
import { peopleOf } from "./lib/reads-people.mjs";
import { plansOf, sequentialScans } from "./lib/reads-plans.mjs";
import { questionsOf, randomOf, subjectsOf } from "./lib/reads-questions.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const PASSWORD = "bench-of-the-read-api";
const CALLS_OF_ONE = 2500;
const usage = "usage: bench/run reads [--calls=N] [--rate=N] [--seconds=N] [--build=DIR] [--data=DIR] [--only=WORD]";

function options(args) {
  const wide = args.join(" ").replace(/(--\w+) (?=[^-])/g, "$1=").split(" ").filter(Boolean);
  if (wide.some((arg) => !/^--((calls|rate|seconds)=\d+|(build|data|only)=.+)$/.test(arg))) throw new Error(usage);
  const valued = (name, value) => wide.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? value;
  return {
    calls: Number(valued("calls", 250000)), rate: Number(valued("rate", 50)), seconds: Number(valued("seconds", 20)),
    build: valued("build", join(root, "build", "release")), data: valued("data"), only: valued("only", ""),
  };
}

function ringback(chosen, args, postgres) {
  const env = { PATH: process.env.PATH, MIGRATE_DATABASE_URL: postgres.url("postgres") };
  const done = spawnSync(join(chosen.build, "ringback"), args, { env, stdio: ["ignore", "ignore", "inherit"] });
  if (done.status !== 0) throw new Error(`ringback ${args[0]} failed`);
}

// Not durable while it is filled, which nobody measures.
async function fill(chosen, dir) {
  const quick = { fsync: "off", full_page_writes: "off", autovacuum: "off", max_wal_size: "2GB" };
  const postgres = await Postgres.start(dir, quick);
  try {
    postgres.sql("create database ringback");
    ringback(chosen, ["migrate", "--local"], postgres);
    const businesses = Math.max(1, Math.round(chosen.calls / CALLS_OF_ONE));
    ringback(chosen, ["demo", "--days", "100", "--calls-per-day", "25", "--businesses", String(businesses), "--password", PASSWORD], postgres);
    postgres.sql("analyze", "ringback");
    postgres.sql("checkpoint");
  } finally {
    postgres.stop("fast");
  }
}

async function measure(chosen, server, subjects, questions) {
  const results = {};
  for (const [title, path] of Object.entries(questions)) {
    if (!title.includes(chosen.only)) continue;
    const random = randomOf(7);
    const next = () => {
      const subject = subjects[Math.floor(random() * subjects.length)];
      return { path: path(subject, random), token: subject.token };
    };
    await openLoop({ port: server.ports.public, next, rate: chosen.rate, count: chosen.rate * 3 }); // a warm-up
    results[title] = await openLoop({ port: server.ports.public, next, rate: chosen.rate, count: chosen.rate * chosen.seconds });
    const { p50, p99, failures } = results[title];
    console.error(`${title}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms ${JSON.stringify(failures)}`);
  }
  return results;
}

function sizesOf(postgres) {
  return postgres.sql(`select relname || '|' || pg_table_size(oid) || '|' || pg_indexes_size(oid) || '|' || reltuples::bigint
    from pg_class where relkind = 'r' and relnamespace in ('public'::regnamespace, 'private'::regnamespace)
    order by pg_total_relation_size(oid) desc limit 5`, "ringback").split("\n").map((row) => row.split("|"));
}

const number = (n) => Math.round(n).toLocaleString("en-US");

function page(report) {
  const rows = Object.entries(report.results).map(([title, r]) =>
    [title, number(r.requests), ...[r.p50, r.p90, r.p99, r.most].map((ms) => ms.toFixed(1)), number(r.bytes),
      number(Object.values(r.failures).reduce((a, b) => a + b, 0))]);
  const sizes = report.sizes.map(([name, table, index, count]) => [name, number(count), number(table / 1e6), number(index / 1e6)]);
  const table = (lines) => lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return `# Reads, ${report.date}

${number(report.calls)} calls of ${number(report.businesses)} businesses; ${report.rate} requests a second, open loop, one kind after the
other, each for a random one of ${report.subjects} businesses in its owner's name. ${report.cores} cores shared by load generator, server
and PostgreSQL ${report.postgres}.

${table([["question", "requests", "p50 ms", "p90 ms", "p99 ms", "most ms", "bytes", "failed"], Array(8).fill("---"), ...rows])}

Sequential scans in the plans: ${report.scans.length ? report.scans.join(", ") : "none"}.

${table([["table", "rows", "MB", "indexes MB"], Array(4).fill("---"), ...sizes])}
`;
}

function save(report, plans) {
  const base = join(here, "results", `${report.date.replaceAll(":", "")}-reads`);
  writeFileSync(`${base}.json`, JSON.stringify(report, null, 2) + "\n");
  writeFileSync(`${base}.md`, page(report));
  writeFileSync(`${base}-plans.txt`, plans.map((p) => `=== ${p.title} (${p.name})\n\n${p.plan}\n`).join("\n"));
  console.log(page(report));
  console.log(`Kept in ${base}.md, .json and -plans.txt`);
}

async function run(chosen, bench) {
  const { postgres } = bench;
  bench.server = await Server.start({
    binary: join(chosen.build, "ringback"), databaseUrl: postgres.url("ringback_server"), logFile: join(bench.dir, "server.log"),
  });
  const people = await peopleOf(bench.server, postgres, PASSWORD);
  const [calls, from, to] = postgres.sql(
    `select count(*), extract(epoch from min(listed_at)) * 1000, extract(epoch from max(listed_at)) * 1000 from calls`,
    "ringback").split("|").map(Number);
  const span = { from, to };
  const subjects = subjectsOf(postgres, people, Math.min(200, people.length), 3);
  const plans = plansOf(postgres, root, subjects[0], span);
  const scans = [...new Set(plans.flatMap((p) => sequentialScans(p.plan)))];
  const results = await measure(chosen, bench.server, subjects, questionsOf(span));
  save({
    date: new Date().toISOString().slice(0, 19) + "Z", calls, businesses: people.length, subjects: subjects.length, rate: chosen.rate,
    cores: cpus().length, postgres: postgres.version, results, scans, sizes: sizesOf(postgres),
  }, plans);
  const failed = Object.values(results).some((r) => Object.keys(r.failures).length);
  if (failed) throw new Error("some requests failed");
  if (scans.length && calls > 1e6) throw new Error(`sequential scans of ${scans.join(", ")}`); // small tables are read so
}

// The user `postgres` must be able to reach the cluster when we are root.
function workDir() {
  const local = join(root, ".local");
  mkdirSync(local, { recursive: true });
  const asPostgres = ["-u", "postgres", "--", "test", "-x", local];
  const reachable = process.getuid() !== 0 || spawnSync("runuser", asPostgres).status === 0;
  return mkdtempSync(join(reachable ? local : tmpdir(), "bench-"));
}

async function main() {
  const chosen = options(process.argv.slice(2));
  const program = join(chosen.build, "ringback");
  if (!existsSync(program)) throw new Error(`${program} is missing: cmake --preset release && cmake --build --preset release`);
  const bench = { dir: chosen.data ?? workDir() };
  mkdirSync(bench.dir, { recursive: true });
  spawnSync("chmod", ["755", bench.dir]);
  const cleanUp = () => {
    bench.server?.child.kill("SIGKILL");
    bench.postgres?.stop("fast");
    if (!chosen.data) rmSync(bench.dir, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => (cleanUp(), process.exit(130)));
  try {
    if (!existsSync(join(bench.dir, "pg"))) await fill(chosen, bench.dir);
    bench.postgres = await Postgres.start(bench.dir, { max_wal_size: "2GB" });
    await run(chosen, bench);
  } finally {
    cleanUp();
  }
}

main().catch((error) => {
  console.error(`bench: ${error.message}${error.stdout ? `\n${error.stdout}` : ""}`);
  process.exitCode = 1;
});
