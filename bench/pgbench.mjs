// Prints a pgbench script that runs the server's ingest unit with arrays made up on the fly: for a reader who wants to
// check the order of magnitude with nothing but pgbench. README.md says how it differs from the recorded batches.
//
//   node bench/pgbench.mjs > ingest.sql
//   pgbench -n -M prepared -c 2 -T 10 -D b=0 -D batch=100 -f ingest.sql -U ringback_server ringback
//
// Each of `batch` slots plays one call after the other; transaction b of a client sends message (b + slot) % 29 of it.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const transcript = "Thursday at ten thirty works for me, and it is for a cleaning. My name is Maya Okafor.";
const messagesInReport = 17;

function statement(file, name) {
  const parts = readFileSync(join(root, "sql", "statements", file), "utf8").split(/^-- name: /m);
  const body = parts.find((part) => part.startsWith(`${name}\n`));
  return body.split("\n").slice(1).filter((line) => !line.trim().startsWith("--")).join("\n").trim();
}

// Columns of one event, from its row `x`: slot, step (0 to 28), call (number of the call), at (its time).
const small = `jsonb_build_object('type', 'transcript', 'timestamp', x.step, 'role', 'user', 'transcriptType', 'final',
  'call', jsonb_build_object('id', x.call), 'transcript', '${transcript}')`;
const message = `jsonb_build_object('role', 'user', 'message', '${transcript}', 'time', m, 'endTime', m,
  'secondsFromStart', m, 'duration', m, 'source', repeat('s', 600))`;
const report = `jsonb_build_object('type', 'end-of-call-report', 'call', jsonb_build_object('id', x.call), 'artifact',
  jsonb_build_object('messages', (select jsonb_agg(${message}) from generate_series(1, ${messagesInReport}) m)))`;
const event = {
  event_key: "md5(x.call || ' ' || x.step)::uuid",
  source: "'vapi'",
  type: "case x.step when 28 then 'end-of-call-report' else 'transcript' end",
  pid: "md5('p' || x.call)::uuid::text",
  sid: "'CA' || md5(x.call)",
  occurred_at: "x.at",
  received_at: "x.at",
  payload: `(case x.step when 28 then ${report} else ${small} end)::text::jsonb`,
  pid_rank: "1",
  caller_claim: "'2+16465550187'",
  called_claim: "'2+12125550142'",
  status_rank: "case when x.step >= 27 then 5 when x.step >= 2 then 3 else 2 end",
  started_at: "case when x.step in (2, 28) then x.at end",
  reported_ended_at: "case x.step when 28 then x.at end",
  ended_claim: "case when x.step >= 27 then '3customer-ended-call' end",
  reported_seconds: "case x.step when 28 then 62.5 end",
  summary: `case x.step when 28 then '${transcript}' end`,
  cost: "case x.step when 28 then 0.13 end",
  caller_spoke: "x.step between 3 and 26",
  has_report: "x.step = 28",
  said_reported: "x.step = 28",
};
const utterance = {
  event_key: event.event_key,
  utterance_key: "md5(x.call || ' ' || x.step || ' ' || m)::uuid",
  role: "'user'",
  said_at: "x.at",
  text: `'${transcript}'`,
  reported: "x.step = 28",
};

const rows = `(select slot, (:b + slot) % 29 as step, :client_id || '-' || slot || '-' || (:b + slot) / 29 as call,
  timestamptz '2026-11-18 15:04:05Z' + ((:b + slot) / 29) * interval '1 second' as at
  from generate_series(1, :batch) slot) x`;
const saidRows = `${rows}
  cross join lateral generate_series(1, case x.step when 28 then ${messagesInReport} else 1 end) m
  where x.step between 3 and 20 or x.step = 28`;

// Puts a subselect that builds the array in the place of each parameter of the statement's unnest.
function withArrays(text, columns, from) {
  const names = /unnest\([\s\S]*?\)\s*as t \(([^)]*)\)/.exec(text)[1].split(",").map((name) => name.trim());
  return text.replace(/\$(\d+)::(\w+)\[\]/g, (_, number, type) => {
    const value = columns[names[number - 1]] ?? "null";
    return `(select array_agg((${value})::${type}) from ${from})::${type}[]`;
  });
}

const role = statement("session.sql", "take_role").replace("$1::text", "'ringback_ingest'").replace("$2::text", "''");
const events = withArrays(statement("ingest.sql", "ingest_batch"), event, rows);
const said = withArrays(statement("ingest.sql", "ingest_utterances"), utterance, saidRows);
console.log(["begin", role, events, said, "commit", "\\set b :b + 1"].join(";\n\n"));
