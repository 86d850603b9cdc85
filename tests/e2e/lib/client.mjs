// HTTP clients: a polite one, and a raw socket for everything a polite one cannot say.
import http from "node:http";
import net from "node:net";

/** One request; resolves to { status, headers, body, text, json(), ms }. */
export function request({ port, path, method = "GET", headers = {}, body, timeoutMs = 20000, agent }) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const data = body === undefined || body === null ? null : Buffer.isBuffer(body) ? body : Buffer.from(body);
    const all = { ...headers };
    if (data) all["content-length"] = data.length;
    const req = http.request({ host: "127.0.0.1", port, path, method, headers: all, agent }, (res) => {
      const parts = [];
      res.on("data", (part) => parts.push(part));
      res.on("error", reject);
      res.on("end", () => {
        const whole = Buffer.concat(parts);
        resolve({
          status: res.statusCode,
          headers: res.headers,
          body: whole,
          text: whole.toString("utf8"),
          json() {
            return JSON.parse(this.text);
          },
          ms: performance.now() - began,
        });
      });
    });
    req.setTimeout(timeoutMs, () => req.destroy(new Error(`no answer to ${method} ${path} in ${timeoutMs} ms`)));
    req.on("error", reject);
    req.end(data ?? undefined);
  });
}

/** Keep-alive connections of one's own, closed by `destroy()`. */
export const ownAgent = (sockets = 1) => new http.Agent({ keepAlive: true, maxSockets: sockets });

/** Bytes in, bytes out. */
export class RawConnection {
  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, "127.0.0.1");
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawConnection(socket)));
    });
  }

  constructor(socket) {
    this.socket = socket;
    this.data = Buffer.alloc(0);
    this.closed = false;
    this.waiters = [];
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (part) => {
      this.data = Buffer.concat([this.data, part]);
      this.#wake();
    });
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.closed = true;
        this.#wake();
      });
    }
  }

  #wake() {
    for (const wake of this.waiters.splice(0)) wake();
  }

  write(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes);
    return this;
  }

  /** Waits until `done(this)` is true, the peer has closed or the time is up; returns whether `done` held. */
  async wait(done, timeoutMs = 5000) {
    const end = Date.now() + timeoutMs;
    while (!done(this)) {
      const left = end - Date.now();
      if (this.closed || left <= 0) return done(this);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return true;
  }

  /** Waits for the peer's close; false if it stays open. */
  waitClosed(timeoutMs = 5000) {
    return this.wait((self) => self.closed, timeoutMs);
  }

  /** The next whole answer, taken off the stream, or null. `head` answers have no body. */
  async answer({ timeoutMs = 5000, head = false } = {}) {
    let parsed = null;
    await this.wait((self) => (parsed = parseAnswer(self.data, head)) !== null, timeoutMs);
    if (parsed) this.data = this.data.subarray(parsed.length);
    return parsed;
  }

  close() {
    this.socket.destroy();
  }

  /** RST instead of FIN. */
  reset() {
    this.socket.resetAndDestroy();
  }
}

function parseAnswer(data, head) {
  const text = data.toString("latin1");
  const gap = text.indexOf("\r\n\r\n");
  if (gap < 0) return null;
  const [first, ...rest] = text.slice(0, gap).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
  const headers = {};
  for (const line of rest) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const size = head || status < 200 || status === 204 ? 0 : Number(headers["content-length"] ?? 0);
  const length = gap + 4 + size;
  if (data.length < length) return null;
  return { status, headers, body: data.subarray(gap + 4, length).toString("utf8"), length };
}

/** Sends `bytes` on a fresh connection; resolves to the answers until the peer closes or `count` came. */
export async function raw(port, bytes, { count = 1, timeoutMs = 5000, head = false } = {}) {
  const connection = await RawConnection.open(port);
  connection.write(bytes);
  const answers = [];
  while (answers.length < count) {
    const answer = await connection.answer({ timeoutMs, head });
    if (!answer) break;
    answers.push(answer);
  }
  return { answers, first: answers[0] ?? null, connection };
}
