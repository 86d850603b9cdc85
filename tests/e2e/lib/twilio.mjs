// Twilio's side of the conversation: forms and their signatures, made by Twilio's own library.
import twilio from "twilio";
import { PUBLIC_URL, TWILIO_ACCOUNT, TWILIO_TOKEN } from "./env.mjs";

let serial = 0;

/** A CallSid nobody has used in this run. */
export function freshSid(prefix = "CA") {
  serial += 1;
  return prefix + process.pid.toString(16).padStart(8, "0") + serial.toString(16).padStart(24, "0");
}

export function decodeForm(body) {
  return [...new URLSearchParams(String(body))];
}

/** The form of a body with some values replaced. */
export function formWith(body, changes = {}) {
  const pairs = decodeForm(body).map(([name, value]) => [name, name in changes ? changes[name] : value]);
  for (const [name, value] of Object.entries(changes)) {
    if (!pairs.some(([known]) => known === name)) pairs.push([name, value]);
  }
  return new URLSearchParams(pairs).toString();
}

export function sign(target, body, { token = TWILIO_TOKEN, publicUrl = PUBLIC_URL } = {}) {
  const params = {};
  for (const [name, value] of decodeForm(body)) params[name] = name in params ? [params[name], value].flat() : value;
  return twilio.getExpectedTwilioSignature(token, publicUrl + target, params);
}

/** Posts a signed form as Twilio would. */
export function postForm(server, target, body, { signature, token, publicUrl, ...options } = {}) {
  const headers = { "content-type": "application/x-www-form-urlencoded", "i-twilio-idempotency-token": freshSid("") };
  const value = signature === undefined ? sign(target, body, { token, publicUrl }) : signature;
  if (value !== null) headers["x-twilio-signature"] = value;
  return server.post(target, body, headers, options);
}

export function inbound(sid, changes = {}) {
  return new URLSearchParams({
    CallSid: sid,
    AccountSid: TWILIO_ACCOUNT,
    From: "+16465550187",
    To: "+12125550142",
    CallStatus: "ringing",
    ApiVersion: "2010-04-01",
    Direction: "inbound",
    ...changes,
  }).toString();
}

/** The voice request of a call, answered with TwiML. */
export function ring(server, sid, changes = {}, options = {}) {
  return postForm(server, "/api/webhook", inbound(sid, changes), options);
}
