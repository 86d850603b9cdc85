// The passes of a benchmark: the server under load, a recording of what it sends to Postgres, and the recording played
// by a bare client. Each starts from the same seeded database.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Server, secret } from "./server.mjs";

const tables = "'call_events','calls','call_utterances','dead_letters'";

function program(bench, name, args) {
  const done = spawnSync(join(bench.build, "bench", name), args, { encoding: "utf8", maxBuffer: 1 << 26 });
  if (done.status !== 0) throw new Error(`${name} failed: ${done.stderr}`);
  return JSON.parse(done.stdout);
}

function replay(bench, server, workload, { connections = 256, warmup, seconds, rate = 0, live = 0 }) {
  const args = ["-c", connections, "-w", warmup, "-d", seconds, "-s", secret, "-r", rate, "-l", live,
    "-p", `server=${server.child.pid}`, "-p", `postgres=${bench.postgres.pid}`,
    server.webhookUrl(), join(bench.dir, "workloads", `${workload}.ndjson`)];
  return program(bench, "replay", args.map(String));
}

function stored(bench) {
  const size = `(select sum(pg_total_relation_size(oid)) from pg_class where relname in (${tables}) and relkind = 'r')`;
  const row = bench.postgres.sql(`select (select count(*) from call_events), (select count(*) from dead_letters),
    (select count(*) from calls), ${size}, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')`, "ringback");
  const [events, deadLetters, calls, bytes, wal] = row.split("|").map(Number);
  return { events, deadLetters, calls, bytes, wal };
}

// Every 2xx must be a row. More rows than 2xx are possible only when answers were lost.
function checkLedger(result, rows, before) {
  const { ok, sent } = result.whole_run;
  const kept = rows.events - before.events;
  if (kept < ok || kept > sent || rows.deadLetters > before.deadLetters) {
    throw new Error(`${sent} sent, ${ok} answered 2xx, but ${kept} are stored and ${rows.deadLetters} rejected`);
  }
}

async function withServer(bench, port, name, work) {
  const server = await Server.start({
    binary: join(bench.build, "ringback"),
    databaseUrl: bench.postgres.url("ringback_server", port),
    logFile: join(bench.dir, `${name}.log`),
  });
  bench.server = server.child;
  try {
    return await work(server);
  } finally {
    const code = await server.stop();
    bench.server = null;
    if (code !== 0) console.error(`the server left with ${code}`);
  }
}

async function loaded(bench, server, workload, load) {
  const before = stored(bench);
  const result = replay(bench, server, workload, load);
  const histogram = "ringback_ingest_batch_events";
  const [batches, events] = await server.metric(`${histogram}_count`, `${histogram}_sum`);
  const rows = stored(bench);
  checkLedger(result, rows, before);
  const kept = rows.events - before.events;
  return {
    ...result,
    batch_events: batches ? events / batches : 0,
    peak_bytes: server.peakBytes(),
    disk_bytes_per_call: (rows.bytes - before.bytes) / Math.max(1, rows.calls - before.calls),
    disk_bytes_per_event: (rows.bytes - before.bytes) / Math.max(1, kept),
    wal_bytes_per_event: (rows.wal - before.wal) / Math.max(1, kept),
  };
}

export async function serverRound(bench, workload, load) {
  bench.postgres.reset();
  const { port } = bench.postgres;
  return withServer(bench, port, `server-${workload}`, (server) => loaded(bench, server, workload, load));
}

async function tapStart(bench, dir) {
  const args = [String(bench.postgres.port), dir];
  const tap = spawn(join(bench.build, "bench", "pgtap"), args, { stdio: ["ignore", "pipe", "inherit"] });
  bench.tap = tap;
  const port = await new Promise((resolve, reject) => {
    tap.stdout.once("data", (text) => resolve(Number(text)));
    tap.once("exit", () => reject(new Error("pgtap stopped")));
  });
  const stop = () => new Promise((resolve) => (tap.once("exit", resolve), tap.kill("SIGTERM")));
  return { port, stop };
}

// What the server sends for this workload, connection by connection.
export async function recordPass(bench, workload, load) {
  const dir = join(bench.dir, `record-${workload}`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  bench.postgres.reset();
  const tap = await tapStart(bench, dir);
  try {
    const work = (server) => loaded(bench, server, workload, load);
    const result = await withServer(bench, tap.port, `record-${workload}`, work);
    return { dir, batch_events: result.batch_events };
  } finally {
    await tap.stop();
    bench.tap = null;
  }
}

export function baselineRound(bench, record) {
  bench.postgres.reset();
  const files = readdirSync(record.dir).map((name) => join(record.dir, name));
  const { pid, port } = bench.postgres;
  return program(bench, "pgfeed", ["-s", bench.statement, "-p", `postgres=${pid}`, String(port), ...files]);
}

// CPU seconds of the postmaster, its living children and those it has waited for.
function postgresSeconds({ pid }) {
  let ticks = 0;
  for (const name of readdirSync("/proc").filter((entry) => /^[0-9]+$/.test(entry))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1).split(" ").map(Number);
      if (Number(name) === pid || fields[1] === pid) ticks += fields[11] + fields[12] + fields[13] + fields[14];
    } catch {
      // the process has ended meanwhile: its parent counts it
    }
  }
  return ticks / 100;
}

// The check that needs nothing but pgbench: the same unit with arrays made up by Postgres itself.
export function pgbenchRound(bench, { batch, seconds }) {
  const script = join(bench.dir, "ingest.sql");
  const made = spawnSync(process.execPath, [join(bench.here, "pgbench.mjs")], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`pgbench.mjs failed: ${made.stderr}`);
  writeFileSync(script, made.stdout);
  bench.postgres.reset();
  const before = postgresSeconds(bench.postgres);
  const load = ["-n", "-M", "prepared", "-c", "2", "-j", "1", "-T", String(Math.ceil(seconds)), "-f", script];
  const where = ["-h", "127.0.0.1", "-p", String(bench.postgres.port), "-U", "ringback_server", "ringback"];
  const args = [...load, "-D", "b=0", "-D", `batch=${batch}`, ...where];
  const done = spawnSync(join(bench.postgres.bin, "pgbench"), args, { encoding: "utf8" });
  const tps = Number(/tps = ([0-9.]+)/.exec(done.stdout)?.[1]);
  if (done.status !== 0 || !tps) throw new Error(`pgbench failed: ${done.stderr}`);
  const events = Number(bench.postgres.sql("select count(*) from call_events", "ringback"));
  const cpu = postgresSeconds(bench.postgres) - before;
  return { batch, events, events_per_second: tps * batch, postgres_cpu_s_per_1k: (cpu * 1000) / events };
}
