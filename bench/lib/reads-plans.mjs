// The plans: each statement as the server sends it, under role `authenticated` with an owner's claims, and those of the
// functions that it calls (auto_explain).
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

function statements(dir) {
  const out = {};
  for (const file of readdirSync(dir).filter((name) => name.startsWith("dashboard"))) {
    let name = null;
    for (const line of readFileSync(join(dir, file), "utf8").split("\n")) {
      const head = /^-- name: (\S+)/.exec(line);
      if (head) out[(name = head[1])] = "";
      else if (name && !/^\s*(--|$)/.test(line)) out[name] += `${line}\n`;
    }
  }
  return out;
}

const quote = (text) => (text === null ? "null" : `'${text.replaceAll("'", "''")}'`);

function script(text, params, claims) {
  const types = params.map(() => "text").join(", ");
  return `load 'auto_explain';
set auto_explain.log_analyze = on; set auto_explain.log_buffers = on; set auto_explain.log_nested_statements = on;
set auto_explain.log_min_duration = 0; set client_min_messages = log; set plan_cache_mode = force_custom_plan; set jit = off;
begin;
select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${quote(JSON.stringify(claims))}, true);
prepare question${types ? `(${types})` : ""} as ${text};
execute question${types ? `(${params.map(quote).join(", ")})` : ""};
commit;`;
}

// A list's plan is looked at twice; the second time everything is in memory.
function planOf(postgres, text, params, claims) {
  const where = ["-h", "127.0.0.1", "-p", String(postgres.port), "-U", "postgres", "-d", "ringback"];
  const input = script(text, params, claims);
  const run = () => execFileSync("sh", ["-c", 'exec psql -XAtq -v ON_ERROR_STOP=1 "$@" 2>&1 >/dev/null', "sh", ...where],
    { input, encoding: "utf8", maxBuffer: 64e6 });
  run();
  const plans = run().split(/^LOG: +/m).filter((plan) => plan && !/Query Text: select set_config/.test(plan));
  return plans.map((plan) => plan.replace(/Query Text: prepare .*?(?=\n\S.*\(cost)/s, "Query Text: the statement")).join("\n");
}

export function plansOf(postgres, root, subject, span) {
  const texts = statements(join(root, "sql", "statements"));
  const day = (ms) => new Date(ms).toISOString().slice(0, 10);
  const [from, to] = [day(span.from - 86400000), day(span.to + 86400000)];
  const [id, us, caller] = subject.calls[0];
  const list = (q, outcome = null, number = null, cursor = [null, null]) => [null, from, to, outcome, q, number, ...cursor, null];
  const asked = {
    me: ["me", []],
    "list, first page": ["calls_list", [null, null, null, null, null, null, null, null, null]],
    "list, a page further on": ["calls_list", list(null, null, null, [us, id])],
    "list of one rare outcome": ["calls_list", list(null, "cut_off")],
    "list of one caller": ["calls_list", list(null, null, caller)],
    "list by last four digits": ["calls_list", list(null, null, caller.slice(-4))],
    detail: ["call_detail", [id]],
    "recording": ["call_recording_source", [id]],
    "overview, 30 days": ["overview", [null, null, null]],
    "search, a rare word": ["calls_list", list(subject.words.rare)],
    "search, a common word": ["calls_list", list(subject.words.common)],
    "search, a beginning": ["calls_list", list(subject.words.middle.slice(0, 3))],
    "search, two words": ["calls_list", list(`${subject.words.common} ${subject.words.middle}`)],
    "export, a page": ["calls_csv", [...list(null).slice(0, 8), "500"]],
    "digests": ["digests_list", [null, null, null]],
    "settings": ["settings_read", [null]],
  };
  return Object.entries(asked).map(([title, [name, params]]) => ({
    title, name, plan: planOf(postgres, texts[name], params, subject.claims) }));
}

export const sequentialScans = (plan) => [...plan.matchAll(/Seq Scan on (\S+)/g)].map((match) => match[1]);
