// Figures of several rounds to one table.
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const perThousand = (seconds, events) => (seconds * 1000) / Math.max(1, events);

export function summarise({ server, baseline }) {
  const of = (rounds, figure) => median(rounds.map(figure));
  const serverCpu = (r) => perThousand(r.cpu_seconds.server, r.events);
  const postgresCpu = (r) => perThousand(r.cpu_seconds.postgres, r.events);
  const pairs = server.map((s, i) => [s, baseline[i]]);
  return {
    events_per_second: of(server, (r) => r.events_per_second),
    p50_ms: of(server, (r) => r.latency_ms.p50),
    p99_ms: of(server, (r) => r.latency_ms.p99),
    server_cpu_s_per_1k: of(server, serverCpu),
    postgres_cpu_s_per_1k: of(server, postgresCpu),
    server_kernel_share: of(server, (r) => r.cpu_seconds.server_system / r.cpu_seconds.server),
    load_cpu_s_per_1k: of(server, (r) => perThousand(r.cpu_seconds.self, r.events)),
    server_to_postgres: of(server, (r) => serverCpu(r) / postgresCpu(r)),
    batch_events: of(server, (r) => r.batch_events),
    bare_events_per_second: of(baseline, (r) => r.events_per_second),
    bare_postgres_cpu_s_per_1k: of(baseline, postgresCpu),
    bare_batch_events: of(baseline, (r) => r.batch_events),
    postgres_to_bare: median(pairs.map(([s, b]) => postgresCpu(s) / postgresCpu(b))),
    rate_to_bare: median(pairs.map(([s, b]) => s.events_per_second / b.events_per_second)),
    peak_mb: of(server, (r) => r.peak_bytes / 1e6),
    disk_bytes_per_call: of(server, (r) => r.disk_bytes_per_call),
    disk_bytes_per_event: of(server, (r) => r.disk_bytes_per_event),
    wal_bytes_per_event: of(server, (r) => r.wal_bytes_per_event),
    errors: server.reduce((sum, r) => sum + Object.values(r.whole_run.errors).reduce((a, b) => a + b, 0), 0),
  };
}

const whole = (value) => Math.round(value).toLocaleString("en-US");
const columns = [
  ["events/s", (s) => whole(s.events_per_second)],
  ["p50 / p99 ms", (s) => `${s.p50_ms.toFixed(1)} / ${s.p99_ms.toFixed(1)}`],
  ["server CPU s/1k (kernel)", (s) => `${s.server_cpu_s_per_1k.toFixed(4)} (${whole(s.server_kernel_share * 100)} %)`],
  ["Postgres CPU s/1k", (s) => s.postgres_cpu_s_per_1k.toFixed(4)],
  ["server ÷ Postgres", (s) => s.server_to_postgres.toFixed(2)],
  ["bare client events/s", (s) => whole(s.bare_events_per_second)],
  ["its Postgres CPU s/1k", (s) => s.bare_postgres_cpu_s_per_1k.toFixed(4)],
  ["Postgres ÷ bare", (s) => s.postgres_to_bare.toFixed(2)],
  ["batch, server / bare", (s) => `${s.batch_events.toFixed(0)} / ${s.bare_batch_events.toFixed(0)}`],
  ["errors", (s) => whole(s.errors)],
  ["peak MB", (s) => s.peak_mb.toFixed(0)],
  ["disk kB a call", (s) => (s.disk_bytes_per_call / 1000).toFixed(1)],
  ["WAL kB an event", (s) => (s.wal_bytes_per_event / 1000).toFixed(1)],
];

export function table(report) {
  const head = ["workload", ...columns.map(([title]) => title)];
  const rows = Object.entries(report.workloads).map(([name, w]) =>
    [`${name} (${(w.payload.bytes / 1000).toFixed(1)} kB)`, ...columns.map(([, cell]) => cell(w.summary))]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export function page(report) {
  const open = report.open_loop;
  const lines = [
    `# Benchmark of ${report.date}`, "",
    `${report.cores} cores shared by load generator, server and PostgreSQL ${report.postgres}; 256`,
    `keep-alive connections (64 for reports), closed loop, medians of ${report.rounds} alternating round(s).`,
    "Read the ratios, not the absolute figures.", "",
    table(report), "",
  ];
  const check = report.pgbench;
  if (check) {
    const cpu = check.postgres_cpu_s_per_1k.toFixed(4);
    lines.push(`pgbench, the same statements with made-up arrays of ${check.batch}: ` +
      `${whole(check.events_per_second)} events/s, Postgres CPU ${cpu} s/1k, the making of the arrays included.`, "");
  }
  if (report.burst) {
    const { events_per_second: rate, latency_ms: ms } = report.burst;
    lines.push(`Mix with four messages of each call under way at once: ${whole(rate)} events/s, ` +
      `p50 ${ms.p50.toFixed(1)} ms, p99 ${ms.p99.toFixed(1)} ms.`, "");
  }
  if (open) {
    const { p50, p99 } = open.latency_ms;
    lines.push(`Open loop, mix at ${whole(open.rate)} events/s (half of the closed loop): p50 ${p50.toFixed(1)} ms, ` +
      `p99 ${p99.toFixed(1)} ms, batches of ${open.batch_events.toFixed(1)}.`, "");
  }
  return lines.join("\n");
}
