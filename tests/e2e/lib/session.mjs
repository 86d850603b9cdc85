// People who sign in: made by SQL as in a Supabase project, signed in over the wire.
import assert from "node:assert/strict";
import http from "node:http";
import { until } from "./env.mjs";

/** bcrypt of each password, so that no test needs a library for it. */
const HASHES = {
  "larkspur-front-desk": "$2a$10$KUXcktlpUtYylXIqFMLu2OUK/QtN31RB8VjPsPm6cAJbDC3vi7Rxy",
  "larkspur-new-password": "$2a$10$NB44/ANNGIsNRlSE.kBM1efSSPyyTQCWV4OoOBMY5uROrQB8sryee",
  "larkspur-Zoë-ÿ-desk": "$2a$10$qiStbA/e7XMYzk26KLJCV.WfnTk.pU3/n2fvfLqehoCgSqoaz5rAi",
};
export const [PASSWORD, OTHER_PASSWORD, ODD_PASSWORD] = Object.keys(HASHES);

/** A confirmed user with one of the passwords above; `more` are columns of auth.users. Returns the id. */
export async function createUser(db, email, password = PASSWORD, more = {}) {
  assert.ok(password in HASHES, "only the passwords of this file have a hash");
  const columns = {
    instance_id: "00000000-0000-0000-0000-000000000000",
    aud: "authenticated",
    role: "authenticated",
    email,
    encrypted_password: HASHES[password],
    email_confirmed_at: new Date(),
    raw_app_meta_data: { provider: "email", providers: ["email"] },
    raw_user_meta_data: {},
    confirmation_token: "",
    recovery_token: "",
    email_change_token_new: "",
    email_change: "",
    ...more,
  };
  const names = Object.keys(columns);
  const [{ id }] = await db.rows(
    `insert into auth.users (id, ${names.join(", ")})
     values (gen_random_uuid(), ${names.map((_, i) => `$${i + 1}`).join(", ")}) returning id`,
    Object.values(columns),
  );
  await db.rows(
    `insert into auth.identities (provider_id, user_id, provider, identity_data)
     values ($1::uuid::text, $1::uuid, 'email', jsonb_build_object('sub', $1::uuid, 'email', $2::text))`,
    [id, email],
  );
  return id;
}

/** Links a user to a business; role is "owner" or "staff". */
export async function memberOf(db, businessId, userId, role = "owner") {
  await db.rows("insert into business_users (business_id, user_id, role) values ($1, $2, $3)", [
    businessId,
    userId,
    role,
  ]);
}

let addresses = 0;

/** A loopback address that nobody used before: attempts are counted by address. */
export const freshAddress = () => {
  const n = (process.pid % 200) * 65536 + ++addresses;
  return `127.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
};

/** One JSON request to /auth/v1; resolves to { status, headers, body }. `from` is the client's address. */
export function authRequest(server, method, path, { body, token, headers = {}, from = freshAddress() } = {}) {
  const data = body === undefined ? null : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const all = { "x-supabase-api-version": "2024-01-01", ...headers };
  if (data) all["content-type"] = "application/json;charset=UTF-8";
  if (data) all["content-length"] = data.length;
  if (token) all.authorization = `Bearer ${token}`;
  for (const name of Object.keys(all)) if (all[name] === null) delete all[name];
  const options = {
    host: "127.0.0.1",
    port: server.port,
    localAddress: from,
    method,
    path: `/auth/v1${path}`,
    headers: all,
  };
  return new Promise((resolve, reject) => {
    const req = http.request({ ...options, agent: false }, (res) => {
      const parts = [];
      res.on("data", (part) => parts.push(part));
      res.on("error", reject);
      res.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        let parsed = text;
        try {
          parsed = JSON.parse(text);
        } catch {
          // an empty body, or a surprise that the caller will compare
        }
        resolve({ status: res.statusCode, headers: res.headers, body: parsed });
      });
    });
    req.setTimeout(20000, () => req.destroy(new Error(`no answer to ${method} ${path} in 20 s`)));
    req.on("error", reject);
    req.end(data ?? undefined);
  });
}

/** Waits for the keys: they come a moment after the server is ready for calls, which must not wait for them. */
export async function signInOpens(server) {
  await until("sign-in opens", async () => (await authRequest(server, "GET", "/.well-known/jwks.json")).status === 200);
  return server;
}

/** Signs in; resolves to GoTrue's session: { access_token, refresh_token, user, ... }. */
export async function signIn(server, email, password = PASSWORD) {
  await signInOpens(server);
  const answer = await authRequest(server, "POST", "/token?grant_type=password", { body: { email, password } });
  assert.equal(answer.status, 200, `sign-in: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Headers of a signed-in person's request. */
export const bearer = (session) => ({ authorization: `Bearer ${session.access_token}` });
