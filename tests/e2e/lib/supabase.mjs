// A stand-in for a Supabase project's /auth/v1, as far as a browser that signs in needs it: its keys, tokens for people
// that exist in the database, and the headers without which a browser hands no answer to a page of another origin.
import crypto from "node:crypto";
import http from "node:http";
import { after } from "node:test";

const b64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);
const ALLOWED = "authorization, x-client-info, apikey, content-type, x-supabase-api-version";

/** What an access token of Supabase Auth says of somebody who signed in with a password just now. */
export const claimsOfSession = ({ iss, sub, email }) => ({
  iss,
  sub,
  aud: "authenticated",
  role: "authenticated",
  exp: now() + 3600,
  iat: now(),
  email,
  phone: "",
  app_metadata: { provider: "email", providers: ["email"] },
  user_metadata: {},
  aal: "aal1",
  amr: [{ method: "password", timestamp: now() }],
  session_id: crypto.randomUUID(),
  is_anonymous: false,
});

export class Project {
  static async start() {
    const project = new Project();
    project.server = http.createServer((req, res) => project.#take(req, res));
    await new Promise((resolve) => project.server.listen(0, "127.0.0.1", resolve));
    project.url = `http://127.0.0.1:${project.server.address().port}`;
    after(() => project.stop());
    return project;
  }

  constructor() {
    this.pair = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.people = new Map(); // mail → { id, password }
    this.refreshTokens = new Map(); // token → mail
    this.requests = []; // of browsers: { method, path, apikey, origin, body }
    this.mails = [];
    this.anonKey = "sb_publishable_larkspur_4d1f9c";
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  add(email, id, password) {
    this.people.set(email, { id, password });
  }

  get env() {
    return { SUPABASE_URL: this.url, SUPABASE_ANON_KEY: this.anonKey };
  }

  #token(email, id) {
    const claims = claimsOfSession({ iss: `${this.url}/auth/v1`, sub: id, email });
    const input = `${b64({ alg: "ES256", kid: "project-1", typ: "JWT" })}.${b64(claims)}`;
    const key = { key: this.pair.privateKey, dsaEncoding: "ieee-p1363" };
    return `${input}.${crypto.sign("sha256", Buffer.from(input), key).toString("base64url")}`;
  }

  #session(email) {
    const { id } = this.people.get(email);
    const refresh = crypto.randomBytes(9).toString("base64url");
    this.refreshTokens.set(refresh, email);
    return {
      access_token: this.#token(email, id),
      token_type: "bearer",
      expires_in: 3600,
      expires_at: now() + 3600,
      refresh_token: refresh,
      user: this.#user(email),
    };
  }

  #user(email) {
    const { id } = this.people.get(email);
    const at = new Date().toISOString();
    return {
      id,
      aud: "authenticated",
      role: "authenticated",
      email,
      phone: "",
      created_at: at,
      updated_at: at,
      app_metadata: {},
      user_metadata: {},
      identities: [],
      is_anonymous: false,
    };
  }

  #answer({ method, path, body }) {
    if (path === "/auth/v1/.well-known/jwks.json") {
      const jwk = {
        ...this.pair.publicKey.export({ format: "jwk" }),
        kid: "project-1",
        alg: "ES256",
        use: "sig",
        key_ops: ["verify"],
      };
      return [200, { keys: [jwk] }];
    }
    if (path === "/auth/v1/token?grant_type=password") {
      const person = this.people.get(body.email);
      if (person?.password === body.password) return [200, this.#session(body.email)];
      return [
        400,
        { code: "invalid_credentials", error_code: "invalid_credentials", msg: "Invalid login credentials" },
      ];
    }
    if (path === "/auth/v1/token?grant_type=refresh_token") {
      const email = this.refreshTokens.get(body.refresh_token);
      if (email) return [200, this.#session(email)];
      return [
        400,
        { code: "refresh_token_not_found", error_code: "refresh_token_not_found", msg: "Invalid Refresh Token" },
      ];
    }
    if (path.startsWith("/auth/v1/recover") && method === "POST") {
      this.mails.push(body.email);
      return [200, {}];
    }
    if (path.startsWith("/auth/v1/logout")) return [204, null];
    return [404, { code: 404, msg: `no ${method} ${path}` }];
  }

  #take(req, res) {
    const parts = [];
    req.on("data", (part) => parts.push(part));
    req.on("end", () => {
      const text = Buffer.concat(parts).toString("utf8");
      const { origin, apikey } = req.headers;
      const asked = { method: req.method, path: req.url, apikey, origin, body: text ? JSON.parse(text) : {} };
      const cors = origin
        ? { "access-control-allow-origin": "*", "access-control-expose-headers": "x-supabase-api-version" }
        : {};
      if (req.method === "OPTIONS") {
        res.writeHead(200, {
          ...cors,
          "access-control-allow-headers": ALLOWED,
          "access-control-allow-methods": "GET,POST,PUT",
        });
        return res.end();
      }
      if (origin) this.requests.push(asked);
      const isOpen = req.url.endsWith("jwks.json") || apikey === this.anonKey;
      const [status, body] = isOpen ? this.#answer(asked) : [401, { message: "No API key found in request" }];
      res.writeHead(status, { ...cors, "content-type": "application/json", "x-supabase-api-version": "2024-01-01" });
      res.end(body === null ? undefined : JSON.stringify(body));
    });
  }
}
