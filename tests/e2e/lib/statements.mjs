// The texts of sql/statements, run as the server runs them: its login, one transaction, the role and the claims for that
// transaction alone, a plan for the values at hand.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import pg from "pg";
import { ROOT } from "./env.mjs";

export function statements(folder = path.join(ROOT, "sql/statements")) {
  const out = {};
  const parts = {};
  for (const file of fs.readdirSync(folder).sort()) {
    let add = () => {};
    for (const line of fs.readFileSync(path.join(folder, file), "utf8").split("\n")) {
      const [, word, name] = /^-- (name|part|include): (\S+)/.exec(line) ?? [];
      if (word === "include") {
        assert.ok(name in parts, `${file}: no part ${name} above`);
        add(parts[name]);
      } else if (word) {
        const texts = word === "name" ? out : parts;
        texts[name] = "";
        add = (text) => (texts[name] += text);
      } else if (!/^\s*(--|$)/.test(line)) add(`${line}\n`);
    }
  }
  return out;
}

export class Reader {
  static async open(url) {
    const self = new Reader();
    self.client = new pg.Client({ connectionString: url, options: "-c plan_cache_mode=force_custom_plan -c jit=off" });
    await self.client.connect();
    self.texts = statements();
    return self;
  }

  /** Rows of a statement for the person of these claims; parameters are text or null. */
  async rows(claims, name, ...params) {
    await this.client.query("begin");
    try {
      await this.client.query(
        "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)",
        [JSON.stringify(claims)],
      );
      const text = this.texts[name];
      const count = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map((match) => Number(match[1])));
      const values = Array.from({ length: count }, (_, i) => (params[i] === undefined ? null : params[i]));
      return (await this.client.query(text, values)).rows;
    } finally {
      await this.client.query("commit");
    }
  }

  /** The JSON of the one row, or null. */
  async json(claims, name, ...params) {
    const rows = await this.rows(claims, name, ...params);
    return rows.length ? rows[0].json : null;
  }

  close() {
    return this.client.end();
  }
}
