// Somebody who watches /api/v1/live: events as they come, and how the stream ended.
import http from "node:http";
import { until } from "./env.mjs";
import { freshAddress } from "./session.mjs";

export class Watcher {
  /** Resolves when the head of the answer is here. */
  static open(server, { token, business, lastEventId, method = "GET" } = {}) {
    const headers = {};
    if (token) headers.authorization = `Bearer ${token}`;
    if (lastEventId !== undefined) headers["last-event-id"] = lastEventId;
    const path = `/api/v1/live${business ? `?business=${business}` : ""}`;
    const options = { host: "127.0.0.1", port: server.port, method, path, headers, agent: false };
    return new Promise((resolve, reject) => {
      const req = http.request({ ...options, localAddress: freshAddress() }, (res) => resolve(new Watcher(req, res)));
      req.on("error", reject);
      req.end();
    });
  }

  constructor(req, res) {
    Object.assign(this, { req, status: res.statusCode, headers: res.headers });
    this.text = "";
    this.ended = null; // "whole" or "cut"
    res.setEncoding("utf8").on("data", (part) => {
      this.text += part;
    });
    res.on("end", () => {
      this.ended ??= "whole";
    });
    for (const it of [req, res]) {
      it.on("error", () => {
        this.ended ??= "cut";
      });
    }
  }

  /** Complete events so far: { id, event, data }. */
  get events() {
    return this.text
      .split("\n\n")
      .slice(0, -1)
      .map((block) => Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2))))
      .filter((one) => one.event)
      .map((one) => ({ ...one, data: JSON.parse(one.data) }));
  }

  of(kind) {
    return this.events.filter((one) => one.event === kind);
  }

  get lastId() {
    return this.events.at(-1)?.id;
  }

  /** Rows sent so far, the newest state of each call: id → row. */
  get rows() {
    return new Map(this.of("calls").flatMap((one) => one.data.calls.map((row) => [row.id, row])));
  }

  hello() {
    return until("hello", () => this.of("hello").length === 1, 10000, 10);
  }

  row(id) {
    return until(`call ${id} appears`, () => this.rows.get(id), 10000, 20);
  }

  resets(count = 1) {
    return until(`${count} resets`, () => this.of("reset").length >= count, 15000, 20);
  }

  end() {
    return until("the stream ends", () => this.ended, 30000, 20);
  }

  close() {
    this.ended ??= "left";
    this.req.destroy();
  }
}
