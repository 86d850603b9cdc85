// Access tokens as the server's own sign-in makes them, and the ones that somebody else would like it to believe. Signed with
// the server's key, which is read from its database, or with one of our own.
import crypto from "node:crypto";

const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

const es256 = (text, key) => crypto.sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });

export class Mint {
  static async of(db) {
    const { kid, private_jwk } = await db.one("select kid, private_jwk from auth.signing_keys where status = 'in_use'");
    return new Mint(kid, crypto.createPrivateKey({ key: private_jwk, format: "jwk" }));
  }

  constructor(kid, key) {
    Object.assign(this, { kid, key });
    this.foreign = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  }

  sign(claims, { header = {}, key = this.key } = {}) {
    const text = `${encode({ alg: "ES256", typ: "JWT", kid: this.kid, ...header })}.${encode(claims)}`;
    return `${text}.${es256(text, key).toString("base64url")}`;
  }

  hs256(claims, secret, header = {}) {
    const text = `${encode({ alg: "HS256", typ: "JWT", ...header })}.${encode(claims)}`;
    return `${text}.${crypto.createHmac("sha256", secret).update(text).digest("base64url")}`;
  }

  /** What must be refused whoever sends it: name → Authorization header, or null for none. */
  forgeries(claims) {
    const now = Math.floor(Date.now() / 1000);
    const spki = crypto.createPublicKey(this.key).export({ type: "spki", format: "pem" });
    const unsigned = `${encode({ alg: "none", typ: "JWT", kid: this.kid })}.${encode(claims)}.`;
    const good = this.sign(claims);
    const tokens = {
      "an anon key": this.hs256({ iss: "supabase", role: "anon", iat: now, exp: now + 3600 }, "anon"),
      "a service key": this.hs256({ iss: "supabase", role: "service_role", iat: now, exp: now + 3600 }, "service"),
      "a publishable key": "sb_publishable_larkspur",
      "an expired token": this.sign({ ...claims, iat: now - 7200, exp: now - 3600 }),
      "a token of tomorrow": this.sign({ ...claims, nbf: now + 86400, exp: now + 90000 }),
      "a foreign signature": this.sign(claims, { key: this.foreign }),
      "a foreign key with its own name": this.sign(claims, { key: this.foreign, header: { kid: "another" } }),
      "no signature": unsigned,
      "the public key as a secret": this.hs256(claims, spki, { kid: this.kid }),
      "a changed sub": good.replace(/\.[^.]+\./, `.${encode({ ...claims, sub: claims.sub.replace(/.$/, "f") })}.`),
      "role service_role": this.sign({ ...claims, role: "service_role" }),
      "role ringback_ingest": this.sign({ ...claims, role: "ringback_ingest" }),
      "role anon": this.sign({ ...claims, role: "anon" }),
      "no role": this.sign({ ...claims, role: undefined }),
      "a sub that is no uuid": this.sign({ ...claims, sub: "owner' or true --" }),
      "no sub": this.sign({ ...claims, sub: undefined }),
      "another audience": this.sign({ ...claims, aud: "service" }),
      "another issuer": this.sign({ ...claims, iss: "https://larkspur.example/auth/v1" }),
    };
    const headers = Object.fromEntries(Object.entries(tokens).map(([name, token]) => [name, `Bearer ${token}`]));
    return {
      ...headers,
      "no token": null,
      "an empty one": "Bearer ",
      "a basic login": `Basic ${encode("owner:owner")}`,
    };
  }
}
