// A private Postgres cluster for one benchmark run, as a machine of ours would have it: durable, 1 GB of buffers.
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, readdirSync, readFileSync, existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const settings = {
  shared_buffers: "1GB",
  fsync: "on",
  synchronous_commit: "on",
  listen_addresses: "127.0.0.1",
  // No checkpoint falls into a round: one is asked for before each, for server and baseline alike.
  max_wal_size: "16GB",
  checkpoint_timeout: "1h",
  log_min_messages: "error",
  log_min_error_statement: "panic",
};

function binaries() {
  const base = "/usr/lib/postgresql";
  const versions = existsSync(base) ? readdirSync(base).map(Number).filter((v) => v > 0).sort((a, b) => b - a) : [];
  const found = versions.map((v) => `${base}/${v}/bin`).find((dir) => existsSync(join(dir, "initdb")));
  if (!found) throw new Error("no Postgres server found under /usr/lib/postgresql");
  return found;
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export class Postgres {
  // Postgres refuses to run as root: there it runs as the user `postgres`. A cluster that is there already is used again;
  // `more` are settings.
  static async start(dir, more = {}) {
    const self = new Postgres();
    self.bin = binaries();
    self.port = await freePort();
    self.root = process.getuid() === 0;
    self.home = join(dir, "pg");
    self.data = join(self.home, "data");
    if (!existsSync(self.home)) self.create();
    self.launch(more);
    self.version = self.sql("show server_version");
    return self;
  }

  create() {
    mkdirSync(this.home);
    const id = (flag) => Number(execFileSync("id", [flag, "postgres"]));
    if (this.root) chownSync(this.home, id("-u"), id("-g"));
    this.run("initdb", ["-D", this.data, "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8"]);
  }

  launch(more = {}) {
    const set = { ...settings, ...more, port: this.port, unix_socket_directories: this.home };
    const options = Object.entries(set).map(([name, value]) => `-c ${name}=${value}`).join(" ");
    this.run("pg_ctl", ["-D", this.data, "-l", join(this.home, "log"), "-o", options, "-w", "-t", "600", "start"]);
    this.pid = Number(readFileSync(join(this.data, "postmaster.pid"), "utf8").split("\n")[0]);
  }

  run(program, args) {
    const path = join(this.bin, program);
    const [file, all] = this.root ? ["runuser", ["-u", "postgres", "--", path, ...args]] : [path, args];
    const done = spawnSync(file, all, { cwd: "/", stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
    if (done.status !== 0) throw new Error(`${program} failed: ${done.stderr}`);
  }

  url(user, port = this.port) {
    return `postgresql://${user}@127.0.0.1:${port}/ringback`;
  }

  sql(text, database = "postgres") {
    const where = ["-h", "127.0.0.1", "-p", String(this.port), "-U", "postgres", "-d", database];
    const args = ["-XAtq", "-v", "ON_ERROR_STOP=1", ...where, "-c", text];
    const env = { ...process.env, PGOPTIONS: "-c client_min_messages=error" };
    return execFileSync("psql", args, { encoding: "utf8", env }).trim();
  }

  // A database as it was after migrating and seeding, and a checkpoint behind it.
  reset() {
    this.sql("drop database if exists ringback with (force)");
    this.sql("create database ringback template ringback_seeded strategy file_copy");
    this.sql("checkpoint");
  }

  // `immediate` is for a cluster that is thrown away.
  stop(mode = "immediate") {
    this.run("pg_ctl", ["-D", this.data, "-m", mode, "-w", "-t", "600", "stop"]);
  }
}
