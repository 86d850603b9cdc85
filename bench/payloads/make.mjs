// Writes the workloads, one compact message a line, a file a workload: `node make.mjs FIXTURES OUT`.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// What our own subscription brings: see `serverMessages` in the call we ask for.
const types = ["assistant.started", "status-update", "tool-calls", "hang", "user-interrupted", "end-of-call-report"];
const subscribed = (m) => types.includes(m.type) || (m.type === "transcript" && m.transcriptType === "final");

// The least that a status update says: the call, no prompt, no assistant.
function small({ timestamp, type, status, endedReason, call, customer }) {
  const keep = ["id", "orgId", "type", "status", "createdAt", "updatedAt", "phoneCallProvider", "phoneCallProviderId"];
  const slim = Object.fromEntries(keep.map((name) => [name, call[name]]));
  slim.transport = call.transport;
  const phoneNumber = { number: "+12125550142" };
  return { timestamp, type, status, endedReason, call: slim, phoneNumber, customer };
}

export function makeWorkloads(fixtures, out) {
  const messages = (name) => {
    const lines = readFileSync(join(fixtures, name), "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line).message);
  };
  const sequence = messages("call-sequence.ndjson");
  const workloads = {
    status: sequence.filter((m) => m.type === "status-update").map(small),
    mix: sequence.filter(subscribed),
    "mix-all": sequence,
    report: messages("end-of-call-report-long.json"),
  };
  mkdirSync(out, { recursive: true });
  return Object.fromEntries(Object.entries(workloads).map(([name, list]) => {
    const lines = list.map((message) => JSON.stringify({ message }));
    writeFileSync(join(out, `${name}.ndjson`), lines.join("\n") + "\n");
    const bytes = lines.map((line) => Buffer.byteLength(line));
    const total = bytes.reduce((a, b) => a + b, 0);
    const range = { least: Math.min(...bytes), most: Math.max(...bytes) };
    return [name, { messages: lines.length, bytes: Math.round(total / lines.length), ...range }];
  }));
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  console.log(JSON.stringify(makeWorkloads(process.argv[2], process.argv[3]), null, 2));
}
