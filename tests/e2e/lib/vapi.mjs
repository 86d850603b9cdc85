// Vapi's side of the conversation: recorded messages under ids of one's own, and made ones.
import crypto from "node:crypto";
import { WEBHOOK_SECRET, fixtureJson, fixtureText } from "./env.mjs";
import { freshSid } from "./twilio.mjs";

export const RECORDED_ID = "019a97f2-6d40-7b3c-9f51-2c8e4a1d7b06";
export const RECORDED_SID = "CA7c1e5a90d3b84f26a1c07e9b5d2f4a83";

/** A call nobody has seen: both providers' ids. */
export function freshCall() {
  return { id: crypto.randomUUID(), sid: freshSid() };
}

/** The text of a fixture as if it belonged to `call`. */
export function rekey(text, call) {
  return text.replaceAll(RECORDED_ID, call.id).replaceAll(RECORDED_SID, call.sid);
}

export const fixtureFor = (name, call) => rekey(fixtureText(name), call);

/** A message under its envelope. `call` may be an id or what stands in `message.call`. */
export function message(type, call, fields = {}) {
  const snapshot = typeof call === "string" ? { id: call } : call;
  return JSON.stringify({
    message: { timestamp: Date.now(), type, ...fields, ...(snapshot ? { call: snapshot } : {}) },
  });
}

/** What Vapi's call object says in a message, with the ids that link it to Twilio's call. */
export function snapshot({ id, sid }, extra = {}) {
  return {
    id,
    orgId: "5f0c7a1e-3b9d-4e62-8a17-c2d94b6e0f35",
    type: "inboundPhoneCall",
    status: "ringing",
    createdAt: "2026-11-18T15:04:05.120Z",
    updatedAt: "2026-11-18T15:04:05.120Z",
    customer: { number: "+16465550187" },
    ...(sid ? { assistantOverrides: { metadata: { twilioCallSid: sid, twilioNumber: "+12125550142" } } } : {}),
    ...extra,
  };
}

export const statusUpdate = (call, status, fields = {}) => message("status-update", call, { status, ...fields });

/** A final transcript whose text nobody else has. */
export function transcript(call, text, fields = {}) {
  return message("transcript", call, { role: "user", transcriptType: "final", transcript: text, ...fields });
}

export function report(call, fields = {}) {
  return message("end-of-call-report", call, {
    endedReason: "customer-ended-call",
    startedAt: "2026-11-18T15:04:06.970Z",
    endedAt: "2026-11-18T15:05:07.661Z",
    analysis: {},
    artifact: { messages: [], transcript: "" },
    ...fields,
  });
}

export function post(server, body, headers = { "x-vapi-secret": WEBHOOK_SECRET }, options = {}) {
  return server.post("/api/vapi-webhook", body, { "content-type": "application/json", ...headers }, options);
}

/** The bytes of a post with the right secret, as far as `headers` and `body` go. */
export function rawPost(headers = "", body = "") {
  const lines = ["POST /api/vapi-webhook HTTP/1.1", "Host: x", "Content-Type: application/json"];
  return `${lines.join("\r\n")}\r\nX-Vapi-Secret: ${WEBHOOK_SECRET}\r\n${headers}\r\n${body}`;
}

/** Posts many bodies over `width` connections at once, in the order given; resolves to the answers in that order. */
export async function postAll(server, bodies, width = 1, headers = undefined) {
  const answers = new Array(bodies.length);
  let next = 0;
  const worker = async () => {
    while (next < bodies.length) {
      const mine = next++;
      answers[mine] = await post(server, bodies[mine], headers);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return answers;
}

export const sequence = (name = "call-sequence.ndjson") => fixtureText(name).trimEnd().split("\n");

/** Everything spoken in the fixtures: no line of a log may hold it. */
export function spokenTexts() {
  const texts = new Set();
  const visit = (node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (!node || typeof node !== "object") return;
    for (const [key, value] of Object.entries(node)) {
      if (typeof value === "string" && /^(transcript|message|content|summary|text|originalTranscript)$/.test(key)) {
        for (const line of value.split("\n")) if (line.length >= 16) texts.add(line);
      } else visit(value);
    }
  };
  for (const line of sequence()) visit(JSON.parse(line));
  visit(fixtureJson("transcript-user-filtered.json"));
  visit(fixtureJson("end-of-call-report-short-wire.json"));
  return [...texts];
}
