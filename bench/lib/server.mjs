// One release server against one database, and what it says of itself.
import { spawn } from "node:child_process";
import { createReadStream, openSync, readFileSync, closeSync } from "node:fs";
import { createInterface } from "node:readline";

export const secret = "larkspur-webhook-secret";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function waitFor(what, check, seconds = 15) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(20)) {
    const found = await check();
    if (found) return found;
  }
  throw new Error(`gave up waiting for ${what}`);
}

async function portsIn(logFile) {
  const ports = {};
  for await (const line of createInterface({ input: createReadStream(logFile) })) {
    if (!line.includes('"listening"')) continue;
    const entry = JSON.parse(line);
    ports[entry.listener] = entry.port;
  }
  return ports.public && ports.admin ? ports : null;
}

export class Server {
  static async start({ binary, databaseUrl, logFile }) {
    const self = new Server();
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      LISTEN: "127.0.0.1:0",
      ADMIN_LISTEN: "127.0.0.1:0",
      PUBLIC_URL: "https://missedcall.example.com",
      VAPI_WEBHOOK_SECRET: secret,
    };
    const log = openSync(logFile, "w");
    self.child = spawn(binary, ["serve"], { env, stdio: ["ignore", "ignore", log] });
    closeSync(log);
    self.exit = new Promise((resolve) => self.child.once("exit", (code, signal) => resolve(code ?? signal)));
    const alive = () => {
      if (self.child.exitCode === null) return;
      throw new Error(`the server stopped: ${readFileSync(logFile, "utf8").slice(-2000)}`);
    };
    self.ports = await waitFor("the listeners", () => (alive(), portsIn(logFile)));
    await waitFor("/readyz", async () => (alive(), (await self.get(self.ports.public, "/readyz")).ok));
    return self;
  }

  get(port, path) {
    return fetch(`http://127.0.0.1:${port}${path}`).catch(() => ({ ok: false }));
  }

  webhookUrl() {
    return `http://127.0.0.1:${this.ports.public}/api/vapi-webhook`;
  }

  // Sum of a metric over its labels.
  async metric(...names) {
    const text = await (await this.get(this.ports.admin, "/metrics")).text();
    return names.map((name) =>
      text.split("\n").filter((line) => line.startsWith(name) && /[{ ]/.test(line[name.length]))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0));
  }

  peakBytes() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+)/.exec(status)[1]) * 1024;
  }

  async stop() {
    if (this.child.exitCode === null) this.child.kill("SIGTERM");
    const code = await Promise.race([this.exit, sleep(15000).then(() => "late")]);
    if (code === "late") this.child.kill("SIGKILL");
    return code;
  }
}
