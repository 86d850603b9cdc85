// The real binary: started, watched and stopped.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import os from "node:os";
import { BIN, PUBLIC_URL, sleep } from "./env.mjs";
import { ownAgent, request } from "./client.mjs";

const SANITIZER = /AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:/;

/** Nothing of the developer's own environment reaches the program, or its settings would be judged too. */
export function cleanEnv(extra) {
  const env = {
    PATH: process.env.PATH,
    HOME: os.tmpdir(),
    TMPDIR: os.tmpdir(),
    LANG: "C.UTF-8",
    ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}:detect_leaks=1`,
    UBSAN_OPTIONS: `${process.env.UBSAN_OPTIONS ?? ""}:print_stacktrace=1:halt_on_error=1`,
    ...extra,
  };
  for (const name of Object.keys(env)) if (env[name] === undefined || env[name] === null) delete env[name];
  return env;
}

/** Runs a command of the binary to its end. */
export function command(args, env = {}, timeoutMs = 30000) {
  return new Promise((resolve, reject) => {
    const child = spawn(BIN, args, { env: cleanEnv(env), stdio: ["ignore", "pipe", "pipe"] });
    const out = { stdout: "", stderr: "", code: null, signal: null };
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    child.stdout.setEncoding("utf8").on("data", (text) => {
      out.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      out.stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ ...out, code, signal });
    });
  });
}

export class Server {
  constructor(env, args = []) {
    this.env = { LISTEN: "127.0.0.1:0", ADMIN_LISTEN: "127.0.0.1:0", PUBLIC_URL, ...env };
    this.args = args;
    this.stderr = "";
    this.stdout = "";
    this.port = 0;
    this.adminPort = 0;
    this.exited = null;
    this.agent = ownAgent(64);
  }

  /** Starts it and returns once it listens; `ready()` waits for the database too. */
  async listen(timeoutMs = 15000) {
    this.port = 0;
    this.adminPort = 0;
    const mark = this.stderr.length;
    const child = spawn(BIN, ["serve", ...this.args], { env: cleanEnv(this.env), stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    child.stdout.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal }));
    });
    let gone = null;
    this.exited.then(
      (end) => {
        gone = end;
      },
      (error) => {
        gone = { error };
      },
    );
    const end = Date.now() + timeoutMs;
    while (!this.port || !this.adminPort) {
      if (gone || Date.now() > end) {
        child.kill("SIGKILL");
        throw new Error(`the server does not listen (${JSON.stringify(gone)}):\n${this.stderr.slice(mark)}`);
      }
      await sleep(10);
      this.#readPorts(mark);
    }
    return this;
  }

  #readPorts(mark) {
    for (const line of this.lines(mark)) {
      if (line.event !== "listening") continue;
      if (line.listener === "public") this.port = line.port;
      if (line.listener === "admin") this.adminPort = line.port;
    }
  }

  async start(timeoutMs = 15000) {
    await this.listen(timeoutMs);
    await this.ready(timeoutMs);
    return this;
  }

  async ready(timeoutMs = 15000) {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const answer = await this.get("/readyz").catch(() => null);
      if (answer?.status === 200) return;
      if (Date.now() > end) throw new Error(`not ready after ${timeoutMs} ms (${answer?.status}):\n${this.tail()}`);
      await sleep(20);
    }
  }

  /** The log as objects; a line that is no JSON becomes { raw }. */
  lines(from = 0) {
    return this.stderr
      .slice(from)
      .split("\n")
      .slice(0, -1)
      .filter(Boolean)
      .map((line) => {
        try {
          return JSON.parse(line);
        } catch {
          return { raw: line };
        }
      });
  }

  tail() {
    return this.stderr.slice(-3000);
  }

  get running() {
    return this.child && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** SIGTERM: a clean stop is exit 0, which also means no sanitizer report and an empty loop. */
  async stop(timeoutMs = 30000) {
    if (!this.child) return;
    for (const idle of Object.values(this.agent.freeSockets).flat()) idle.destroy();
    if (this.running) this.child.kill("SIGTERM");
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, timeoutMs, null);
    });
    const end = await Promise.race([this.exited, late]);
    clearTimeout(timer);
    const child = this.child;
    this.child = null;
    if (!end) {
      child.kill("SIGKILL");
      assert.fail(`no exit ${timeoutMs} ms after SIGTERM:\n${this.tail()}`);
    }
    assert.ok(!SANITIZER.test(this.stderr), `sanitizer report:\n${this.stderr.slice(-8000)}`);
    assert.ok(!/loop_not_empty/.test(this.stderr), `loop not empty at exit:\n${this.tail()}`);
    assert.deepEqual(end, { code: 0, signal: null }, `exit after SIGTERM:\n${this.tail()}`);
  }

  /** The power switch. */
  async kill() {
    const child = this.child;
    this.child = null;
    child.kill("SIGKILL");
    await this.exited;
  }

  get(path, options = {}) {
    return request({ port: this.port, path, agent: this.agent, ...options });
  }

  admin(path, options = {}) {
    return request({ port: this.adminPort, path, agent: this.agent, ...options });
  }

  post(path, body, headers = {}, options = {}) {
    return request({ port: this.port, path, method: "POST", body, headers, agent: this.agent, ...options });
  }

  /** One sample of /metrics, e.g. metric("ringback_dead_letters_total", { reason: "bad_json" }); absent is 0. */
  async metric(name, labels = {}) {
    const { text } = await this.admin("/metrics");
    let sum = 0;
    for (const line of text.split("\n")) {
      const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
      if (!match || match[1] !== name) continue;
      const has = Object.fromEntries(
        [...(match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((m) => [m[1], m[2]]),
      );
      if (Object.entries(labels).every(([key, value]) => has[key] === value)) sum += Number(match[3]);
    }
    return sum;
  }
}
