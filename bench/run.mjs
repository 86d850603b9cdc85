// ./dev bench: see README.md. Needs the release build; leaves nothing running.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeWorkloads } from "./payloads/make.mjs";
import { Postgres } from "./lib/postgres.mjs";
import { baselineRound, pgbenchRound, recordPass, serverRound } from "./lib/rounds.mjs";
import { page, summarise } from "./lib/report.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const full = { rounds: 3, record: { warmup: 0, seconds: 4 }, load: { warmup: 2, seconds: 6 }, open: true };
const quick = { rounds: 1, record: { warmup: 0, seconds: 1.5 }, load: { warmup: 0.5, seconds: 2 }, open: false };

const usage = "usage: bench/run [--quick] [--only=status,mix,mix-all,report] [--build=DIR] [--keep]";

function options(args) {
  const valued = (name) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  if (args.some((arg) => !/^--(quick|keep|only=.+|build=.+)$/.test(arg))) throw new Error(usage);
  const quickly = args.includes("--quick");
  const build = valued("build") ?? join(root, "build", "release");
  const passes = quickly ? quick : full;
  return { ...passes, quick: quickly, keep: args.includes("--keep"), only: valued("only")?.split(","), build };
}

function migrate(bench) {
  bench.postgres.sql("create database ringback");
  const env = { PATH: process.env.PATH, MIGRATE_DATABASE_URL: bench.postgres.url("postgres") };
  const done = spawnSync(join(bench.build, "ringback"), ["migrate", "--local"], { env, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`ringback migrate --local failed: ${done.stdout}${done.stderr}`);
  bench.postgres.sql(`with b as (insert into businesses (name, email, timezone) values
    ('Larkspur Dental Studio', 'owner@larkspur.example', 'America/New_York') returning id)
    insert into business_phones (phone, business_id) select '+12125550142', id from b`, "ringback");
  bench.postgres.sql("alter database ringback rename to ringback_seeded");
}

// The recording passes through a relay, which shifts how large batches grow: ask for as many connections as bring the
// batches of the measured round back.
async function recordLike(bench, workload, wanted, load) {
  const record = await recordPass(bench, workload, load);
  const off = wanted / record.batch_events;
  if (off > 0.87 && off < 1.15) return record;
  const connections = Math.max(1, Math.min(1024, Math.round(load.connections * off)));
  return recordPass(bench, workload, { ...load, connections });
}

// 256 reports of 300 kB at one moment is not load but flood: it is refused by the limit on waiting bytes.
const connectionsOf = (workload) => (workload === "report" ? 64 : 256);

async function measure(bench, workload, chosen) {
  const connections = connectionsOf(workload);
  const server = [], baseline = [];
  let record;
  for (let round = 0; round < chosen.rounds; round++) {
    server.push(await serverRound(bench, workload, { ...chosen.load, connections }));
    record ??= await recordLike(bench, workload, server[0].batch_events, { ...chosen.record, connections });
    baseline.push(baselineRound(bench, record));
    const rate = Math.round(server.at(-1).events_per_second);
    console.error(`${workload}, round ${round + 1} of ${chosen.rounds}: ${rate} events/s`);
  }
  rmSync(record.dir, { recursive: true });
  return { summary: summarise({ server, baseline }), server, baseline };
}

async function runAll(bench, chosen) {
  const payloads = makeWorkloads(join(root, "tests", "fixtures"), join(bench.dir, "workloads"));
  const report = {
    date: new Date().toISOString().slice(0, 19) + "Z", quick: chosen.quick, rounds: chosen.rounds,
    cores: cpus().length, postgres: bench.postgres.version, workloads: {},
  };
  for (const [name, payload] of Object.entries(payloads)) {
    if (chosen.only && !chosen.only.includes(name)) continue;
    report.workloads[name] = { payload, ...(await measure(bench, name, chosen)) };
  }
  const mix = report.workloads.mix?.summary;
  if (mix) {
    report.pgbench = pgbenchRound(bench, { batch: Math.round(mix.bare_batch_events), seconds: chosen.load.seconds });
  }
  if (mix && chosen.open) {
    const rate = Math.round(mix.events_per_second / 2);
    report.open_loop = { ...(await serverRound(bench, "mix", { ...chosen.load, rate })) };
    report.burst = await serverRound(bench, "mix", { ...chosen.load, live: 64 });
  }
  return report;
}

function save(report) {
  const base = join(here, "results", report.date.replaceAll(":", ""));
  writeFileSync(`${base}.json`, JSON.stringify(report, null, 2) + "\n");
  writeFileSync(`${base}.md`, page(report));
  console.log(page(report));
  console.log(`Kept in ${base}.md and .json`);
}

// The user `postgres` must be able to reach the cluster when we are root.
function workDir() {
  const local = join(root, ".local");
  mkdirSync(local, { recursive: true });
  const asPostgres = ["-u", "postgres", "--", "test", "-x", local];
  const reachable = process.getuid() !== 0 || spawnSync("runuser", asPostgres).status === 0;
  const dir = mkdtempSync(join(reachable ? local : tmpdir(), "bench-"));
  spawnSync("chmod", ["755", dir]);
  return dir;
}

function programsCheck(build) {
  const names = ["ringback", "bench/replay", "bench/pgtap", "bench/pgfeed"];
  const missing = names.map((name) => join(build, name)).find((path) => !existsSync(path));
  if (missing) throw new Error(`${missing} is missing: cmake --preset release && cmake --build --preset release`);
}

async function main() {
  const chosen = options(process.argv.slice(2));
  programsCheck(chosen.build);
  const bench = { here, build: chosen.build, statement: "ingest_batch", dir: workDir() };
  const cleanUp = () => {
    bench.server?.kill("SIGKILL");
    bench.tap?.kill("SIGKILL");
    bench.postgres?.stop();
    if (!chosen.keep) rmSync(bench.dir, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => (cleanUp(), process.exit(130)));
  try {
    bench.postgres = await Postgres.start(bench.dir);
    migrate(bench);
    save(await runAll(bench, chosen));
  } finally {
    cleanUp();
  }
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
