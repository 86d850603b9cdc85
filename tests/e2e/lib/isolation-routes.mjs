// What is asked of each route with somebody's ids. The list of routes is read from the program's own table: one that is not
// here fails the test.
import fs from "node:fs";
import path from "node:path";
import { ROOT } from "./env.mjs";

/** "GET /api/v1/me" and so on, from src/app/routes.c; of the admin listener as "ADMIN GET /metrics". */
export function routesOfProgram() {
  const text = fs.readFileSync(path.join(ROOT, "src/app/routes.c"), "utf8");
  const found = new Set();
  for (const [, table, body] of text.matchAll(/static const struct http_route (\w+)\[\] = \{(.*?)\n\};/gs)) {
    for (const [, verb, at] of body.matchAll(/\{VERB_(\w+), "([^"]+)"/g)) {
      found.add(`${table === "admin" ? "ADMIN " : ""}${verb} ${at}`);
    }
  }
  return [...found].sort();
}

const DAYS = "from=2026-11-01&to=2026-11-30";
/** Of a page: the asker's own token is put beside these fields, into the body. */
const post = (at, form) => ({ method: "POST", path: at, form });
const json = (value) => ({
  body: typeof value === "string" ? value : JSON.stringify(value),
  headers: { "content-type": "application/json" },
});
const gets = (list) => list.flatMap((at) => [{ path: at }, { method: "HEAD", path: at }]);

/** A list's questions: whose, what they said, who called, and where to go on. */
const lists = (at) => (t) =>
  gets([
    `${at}?${DAYS}&business=${t.business}`,
    `${at}?${DAYS}&business=${t.business}&q=crown`,
    `${at}?${DAYS}&business=${t.business}&limit=1`,
    `${at}?${DAYS}&q=${t.secret}`,
    `${at}?${DAYS}&q=${t.secret.slice(0, 5)}`,
    `${at}?${DAYS}&caller=${encodeURIComponent(t.caller)}`,
    `${at}?${DAYS}&caller=${t.caller.slice(-4)}`,
    `${at}?${DAYS}&business=${t.business}&call_back=yes`,
    `${at}?${DAYS}&business=${t.business}&urgency=high,unknown&recording=yes&longer=1&shorter=86400`,
    `${at}?${DAYS}&called=${encodeURIComponent(t.phone)}`,
    `${at}?${DAYS}&reason=${encodeURIComponent(`${t.word} ${t.secret}`)}`,
    `${at}?${DAYS}&call_back=yes&caller=${encodeURIComponent(t.caller)}`,
    `${at}?${DAYS}&cursor=${t.cursor}`,
    `${at}?${DAYS}&cursor=${t.cursor}&limit=200`,
  ]);

const settings = (t, bodies) =>
  bodies.map((body) => ({ method: "PATCH", path: `/api/v1/settings?business=${t.business}`, ...json(body) }));

const callBack = (t, bodies) =>
  ["", `?business=${t.business}`].flatMap((query) =>
    bodies.map((body) => ({ method: "PATCH", path: `/api/v1/call-back${query}`, ...json(body) })),
  );

const form = (t) => ({
  body: new URLSearchParams({ CallSid: t.sid, From: t.caller, To: t.phone, CallStatus: "completed" }).toString(),
  headers: { "content-type": "application/x-www-form-urlencoded" },
});
const unsigned = (at) => (t) => [
  { method: "POST", path: at, ...form(t) },
  {
    method: "POST",
    path: at,
    ...form(t),
    headers: { ...form(t).headers, "x-twilio-signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
  },
];

/** Of that business, signed by nobody. */
const forgedToken = (business) =>
  Buffer.concat([Buffer.from(business.replaceAll("-", ""), "hex"), Buffer.alloc(24)]).toString("base64url");

// Questions with the ids of `t`. All of them must be answered alike whether t is another tenant or nobody.
export const PROBES = {
  "GET /api/v1/me": () => gets(["/api/v1/me"]),
  "GET /api/v1/overview": (t) =>
    gets([`/api/v1/overview?${DAYS}&business=${t.business}`, `/api/v1/overview?business=${t.business}`]),
  "GET /api/v1/calls": lists("/api/v1/calls"),
  "GET /api/v1/calls.csv": lists("/api/v1/calls.csv"),
  "GET /api/v1/calls/{id}": (t) =>
    gets([`/api/v1/calls/${t.call}`, `/api/v1/calls/${t.call.toUpperCase()}`]).concat({
      path: `/api/v1/calls/${t.call}`,
      headers: { "if-none-match": t.tag },
    }),
  "GET /api/v1/calls/{id}/recording": (t) => {
    const at = `/api/v1/calls/${t.call}/recording`;
    return [
      ...gets([at, `${at}?ticket=`, `${at}?ticket=AAAA`]),
      { path: at, headers: { range: "bytes=0-3" } },
      { path: at, headers: { accept: "application/json" } },
    ];
  },
  "GET /api/v1/live": (t) =>
    gets([`/api/v1/live?business=${t.business}`])
      .concat({ path: `/api/v1/live?business=${t.business}`, headers: { "last-event-id": `0123456789abcdef-1` } })
      .map((question) => ({ ...question, endless: true })),
  "GET /api/v1/digests": (t) =>
    gets([`/api/v1/digests?business=${t.business}`, `/api/v1/digests?business=${t.business}&limit=1`]),
  "GET /api/v1/digests/{date}": (t) =>
    gets([`/api/v1/digests/2026-11-20?business=${t.business}`, `/api/v1/digests/${t.day}`]),
  "POST /api/v1/digests/{date}/preview": (t) => [
    post(`/api/v1/digests/${t.day}/preview`, { business: t.business }),
    post(`/api/v1/digests/${t.day}/preview`, {}),
  ],
  "GET /api/v1/settings": (t) => gets([`/api/v1/settings?business=${t.business}`]),
  "PATCH /api/v1/settings": (t) =>
    settings(t, [
      { name: "Taken" },
      { forward_to: "+12125550199" },
      { digest_hour: 99 },
      { name: 5 },
      { owner: 1 },
      {},
      [],
      "{",
      "null",
    ]),
  "PATCH /api/v1/call-back": (t) =>
    callBack(t, [
      { caller_number: t.caller, done: true },
      { caller_number: t.caller, done: false },
      { caller_number: t.caller, done: "true" },
      { caller_number: t.caller },
      { caller_number: `${t.caller}0`, done: true },
      { caller_number: t.caller, done: true, business_id: t.business },
      { caller_number: t.caller.slice(1), done: true },
      [],
      "{",
      "null",
    ]),

  "POST /api/resend-webhook": (t) => {
    const tags = { kind: "digest", business: t.business, date: t.day };
    const event = { type: "email.complained", data: { email_id: `${t.word} resend`, to: [t.email], tags } };
    const signature = { "svix-id": "msg_1", "svix-timestamp": "1795262401", "svix-signature": "v1,AAAA" };
    return ["", "{", JSON.stringify(event)].flatMap((body) => [
      { method: "POST", path: "/api/resend-webhook", body, headers: { "content-type": "application/json" } },
      { method: "POST", path: "/api/resend-webhook", body, headers: signature },
    ]);
  },
  "GET /api/v1/recipients": (t) => gets([`/api/v1/recipients?business=${t.business}`, "/api/v1/recipients"]),
  "PATCH /api/v1/recipients": (t) =>
    [
      { address: `${t.word}@larkspur.example`, paused: false },
      { address: `${t.word}@larkspur.example`, paused: true },
      { address: t.email, paused: false },
      { address: `${t.word}@larkspur.example` },
      {},
      [],
      "{",
    ].map((body) => ({ method: "PATCH", path: `/api/v1/recipients?business=${t.business}`, ...json(body) })),
  "POST /api/resend-webhook": (t) => [
    {
      method: "POST",
      path: "/api/resend-webhook",
      ...json({
        type: "email.complained",
        created_at: "2026-11-20T15:00:00Z",
        data: {
          to: [`${t.word}@larkspur.example`],
          tags: { kind: "digest", business: t.business, date: "2026-11-20" },
        },
      }),
    },
  ],
  "GET /api/cron/daily-digest": (t) => [
    { path: `/api/cron/daily-digest?secret=${t.business}` },
    { path: "/api/cron/daily-digest", headers: { authorization: `Bearer ${t.business}` } },
    { path: "/api/cron/daily-digest", headers: { "x-cron-secret": t.business } },
  ],
  "POST /api/cron/daily-digest": (t) => [
    { method: "POST", path: "/api/cron/daily-digest", ...json({ business: t.business }) },
  ],
  "GET /unsubscribe/{token}": (t) =>
    gets([`/unsubscribe/${t.business}`, `/unsubscribe/${forgedToken(t.business)}`, `/unsubscribe/${t.call}`]),
  "POST /unsubscribe/{token}": (t) =>
    ["List-Unsubscribe=One-Click", "action=stop", "action=resume", ""].map((body) => ({
      method: "POST",
      path: `/unsubscribe/${forgedToken(t.business)}`,
      body,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    })),

  "GET /": () => gets(["/"]),
  "GET /sign-in": () => gets(["/sign-in"]),
  "GET /calls": (t) => gets([`/calls?business=${t.business}&q=${t.secret}`]),
  "GET /calls/{id}": (t) => gets([`/calls/${t.call}`]),
  "GET /digests": (t) => gets([`/digests?business=${t.business}`]),
  "GET /digests/{date}": (t) => gets([`/digests/${t.day}`]),
  "GET /settings": (t) => gets([`/settings?business=${t.business}`]),
  "GET /assets/{name}": (t) => gets([`/assets/${t.call}`]),

  "POST /auth/v1/token": (t) => [
    {
      method: "POST",
      path: "/auth/v1/token?grant_type=password",
      ...json({ email: t.email, password: "larkspur-wrong" }),
    },
    { method: "POST", path: "/auth/v1/token?grant_type=refresh_token", ...json({ refresh_token: t.call }) },
  ],
  "GET /auth/v1/user": () => gets(["/auth/v1/user"]),
  "PUT /auth/v1/user": (t) => [
    { method: "PUT", path: "/auth/v1/user", ...json({ id: t.owner, email: t.email }) },
    {
      method: "PUT",
      path: "/auth/v1/user",
      ...json({ app_metadata: { business_id: t.business, role: "service_role" } }),
    },
  ],
  "POST /auth/v1/logout": (t) => [{ method: "POST", path: `/auth/v1/logout?scope=${t.session}` }],
  "POST /auth/v1/recover": (t) => [{ method: "POST", path: "/auth/v1/recover", ...json({ email: t.email }) }],
  "GET /auth/v1/.well-known/jwks.json": () => gets(["/auth/v1/.well-known/jwks.json"]),
  "GET /auth/v1/health": () => gets(["/auth/v1/health"]),
  "GET /auth/v1/settings": () => gets(["/auth/v1/settings"]),

  "POST /api/webhook": unsigned("/api/webhook"),
  "POST /api/twilio/fallback": unsigned("/api/twilio/fallback"),
  "POST /api/twilio/dialed": unsigned("/api/twilio/dialed"),
  "POST /api/twilio/recorded": unsigned("/api/twilio/recorded"),
  "POST /api/twilio/recording-status": unsigned("/api/twilio/recording-status"),
  "POST /api/twilio/status": unsigned("/api/twilio/status"),
  "POST /api/vapi-webhook": (t) => [
    {
      method: "POST",
      path: "/api/vapi-webhook",
      ...json({ message: { type: "status-update", call: { id: t.provider } } }),
    },
  ],
  "GET /healthz": () => gets(["/healthz"]),
  "GET /readyz": () => gets(["/readyz"]),
  "ADMIN GET /healthz": () => [{ admin: true, path: "/healthz" }],
  "ADMIN GET /readyz": () => [{ admin: true, path: "/readyz" }],
  "ADMIN GET /metrics": () => [{ admin: true, path: "/metrics" }],
};

/** Routes that ask for a person, and refuse whoever is none. */
export const PRIVATE = (route) => route.includes(" /api/v1/");

/** What a member is shown of their own by these: proof that the questions are good ones. */
export const SHOWN = [
  "GET /api/v1/me",
  "GET /api/v1/overview",
  "GET /api/v1/calls",
  "GET /api/v1/calls.csv",
  "GET /api/v1/calls/{id}",
  "GET /api/v1/calls/{id}/recording",
  "GET /api/v1/digests/{date}",
  "POST /api/v1/digests/{date}/preview",
  "GET /api/v1/settings",
  "GET /api/v1/recipients",
  "GET /api/v1/live",
  "GET /auth/v1/user",
];
