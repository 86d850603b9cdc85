// Who reads: every owner of the generated businesses, with an access token as the server's own sign-in makes them.
import crypto from "node:crypto";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

async function signIn(server, email, password) {
  const answer = await fetch(`http://127.0.0.1:${server.ports.public}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  if (!answer.ok) throw new Error(`sign-in as ${email}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).access_token;
}

function mint(postgres) {
  const row = "select kid || ' ' || private_jwk::text from auth.signing_keys where status = 'in_use'";
  const [, kid, jwk] = /^(\S+) (.*)$/s.exec(postgres.sql(row, "ringback"));
  const key = crypto.createPrivateKey({ key: JSON.parse(jwk), format: "jwk" });
  return (claims) => {
    const text = `${encode({ alg: "ES256", typ: "JWT", kid })}.${encode(claims)}`;
    const signature = crypto.sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
    return `${text}.${signature.toString("base64url")}`;
  };
}

// One signs in over the wire, which shows what a token says; the others get theirs signed with the same key, since an
// address may sign in only so often.
export async function peopleOf(server, postgres, password) {
  const rows = postgres.sql(
    `select b.id, u.id, u.email from businesses b
     join business_users m on m.business_id = b.id and m.role = 'owner' join auth.users u on u.id = m.user_id
     order by b.created_at, b.id`, "ringback");
  const people = rows.split("\n").map((row) => row.split("|")).map(([business, id, email]) => ({ business, id, email }));
  const first = await signIn(server, people[0].email, password);
  const claims = JSON.parse(Buffer.from(first.split(".")[1], "base64url"));
  const sign = mint(postgres);
  const expires = Math.floor(Date.now() / 1000) + 6 * 3600;
  for (const person of people) {
    person.claims = { ...claims, sub: person.id, email: person.email, session_id: crypto.randomUUID(), exp: expires };
    person.token = sign(person.claims);
  }
  return people;
}
