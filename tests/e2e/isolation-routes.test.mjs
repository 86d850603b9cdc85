// The same question asked of every route: what do you tell me about a business that is not mine? Nothing, in no body, header,
// tag or error; and what is another's is answered byte for byte as what never was.
import assert from "node:assert/strict";
import http from "node:http";
import { after, test } from "node:test";
import { A, B, BOTH, STRANGER, UNASSIGNED, canaries, fill } from "./lib/isolation-house.mjs";
import { PRIVATE, PROBES, SHOWN, routesOfProgram } from "./lib/isolation-routes.mjs";
import { Mint, claimsOf } from "./lib/isolation-tokens.mjs";
import { PASSWORD, bearer, createUser, freshAddress, signIn } from "./lib/session.mjs";
import { World } from "./lib/world.mjs";

const NEVER = {
  word: "neverwhereine",
  business: "ffffff01-0000-4000-8000-000000000001",
  owner: "f0f0f002-0000-4000-8000-000000000002",
  staff: "f1f1f003-0000-4000-8000-000000000003",
  session: "f2f2f204-0000-4000-8000-000000000004",
  call: "f3f3f305-0000-4000-8000-000000000005",
  phone: "+12125550154",
  caller: "+16465550164",
};
/** Called both businesses. */
const SHARED = "+16465550169";

const world = await World.create({ seed: false });
const { db } = world;
await fill(db);

/** Everything the questions need to know of a tenant; what only they say is in `secret`. */
async function describe(t, secret, day) {
  const row = await db.one(
    "select (extract(epoch from listed_at) * 1000000)::bigint::text as us from calls where id = $1",
    [t.call],
  );
  return {
    ...t,
    secret,
    day,
    business: t.business ?? NEVER.business,
    owner: t.owner ?? NEVER.owner,
    session: t.session ?? NEVER.session,
    cursor: `${row?.us}.${t.call}`,
    email: `${t === A ? "a" : "b"}-owner.${t.word}@larkspur.example`,
    sid: `CA-${t.word}`,
    provider: `${t.word}-provider`,
    tag: '"00"',
  };
}

/** What a careless join would bring together: one caller of two businesses, and B's booking on A's call. */
async function plantTraps() {
  for (const [t, secret] of [
    [A, "ambrosial"],
    [B, "velveteen"],
  ]) {
    await db.rows(
      `insert into calls (id, business_id, provider_claim, caller_claim, called_claim, status_rank, started_at, ended_claim,
                          reported_seconds, summary, analysis, has_report)
       values (gen_random_uuid(), $1, $2, $3, $4, 5, '2026-11-21 15:00Z', '3customer-ended-call', 5, $5, $6, true)`,
      [
        t.business,
        `1${t.word}-shared`,
        `1${SHARED}`,
        `1${t.phone}`,
        `${t.word} ${secret}`,
        { structuredData: { reason: `${t.word} ${secret}`, callerName: t.word, urgency: "high" } },
      ],
    );
    await db.rows(
      `insert into digests (business_id, local_date, status, due_at, request_body) values ($1, $2, 'sent', now(), $3)`,
      [
        t.business,
        t === A ? "2026-11-18" : "2026-11-19",
        JSON.stringify({ subject: t.word, to: [`${t.word}@larkspur.example`], text: t.word, html: t.word }),
      ],
    );
  }
  await db.rows(
    `insert into bookings (business_id, call_id, tool_call_id, status, attendee_name, service)
     values ($1, $2, 'stray', 'confirmed', $3, $3)`,
    [B.business, A.call, `${B.word} stray`],
  );
  await db.rows("update digests set request_body = $2 where business_id = $1 and local_date = '2026-11-20'", [
    A.business,
    JSON.stringify({ subject: A.word, text: A.word }),
  ]);
}

/** The people of the house get a password. */
async function givePasswords() {
  const id = await createUser(db, "pattern@larkspur.example");
  await db.rows(
    `update auth.users u set encrypted_password = p.encrypted_password, email_confirmed_at = now(),
                             raw_app_meta_data = p.raw_app_meta_data
     from auth.users p where p.id = $1 and u.id <> p.id`,
    [id],
  );
}

await plantTraps();
await givePasswords();
const server = await world.start();

/** What the storage holds says whose it is. */
world.fake.recording = (res, record) => {
  res.writeHead(200, { "content-type": "audio/wav" });
  res.end(`sound of ${record.path}`);
};

const [a, b, nobodys, never] = [
  await describe(A, "ambrosial", "2026-11-18"),
  await describe(B, "velveteen", "2026-11-19"),
  await describe(UNASSIGNED, "foundlingine", "2026-11-17"),
  await describe(NEVER, "neverwhere", "2026-11-16"),
];

const session = async (name, t) => ({
  ...(await signIn(server, `${name}.${t?.word ?? "nobody"}@larkspur.example`, PASSWORD)),
});
const sessions = {
  "owner of A": await session("a-owner", A),
  "staff of A": await session("a-staff", A),
  "owner of B": await session("b-owner", B),
  "owner of A and staff of B": await session("both"),
  "user of no business": await session("stranger"),
};
const mint = await Mint.of(db);
b.tag = (await ask({ path: `/api/v1/calls/${B.call}` }, bearer(sessions["owner of B"]).authorization)).headers.etag;

const claims = claimsOf(sessions["user of no business"].access_token);
const greedy = {
  ...claims,
  app_metadata: { business_id: B.business, business_ids: [B.business], role: "service_role" },
  user_metadata: { business_id: B.business, role: "owner" },
  business_id: B.business,
};

function person(name, member, token = sessions[name].access_token) {
  return { name, member, authorization: `Bearer ${token}`, sub: claimsOf(token).sub };
}
const PEOPLE = [
  person("owner of A", [A]),
  person("staff of A", [A]),
  person("owner of B", [B]),
  person("owner of A and staff of B", [A, B]),
  person("user of no business", []),
  person("user of no business who asks for B", [], mint.sign(greedy)),
];
assert.equal(claims.sub, STRANGER);
assert.equal(claimsOf(sessions["owner of A and staff of B"].access_token).sub, BOTH);

/** One request from an address of its own; resolves to status, headers and body, and all of it as text. */
function ask({ method = "GET", path, headers = {}, body, form, admin, endless }, authorization) {
  const all = { ...headers };
  if (form) {
    const token = authorization ? { access_token: authorization.replace(/^\w+ /, "") } : {};
    body = new URLSearchParams({ ...token, ...form }).toString();
    all["content-type"] = "application/x-www-form-urlencoded";
  } else if (authorization) all.authorization = authorization;
  if (body !== undefined) all["content-length"] = Buffer.byteLength(body);
  const port = admin ? server.adminPort : server.port;
  const options = { host: "127.0.0.1", port, method, path, headers: all, agent: false, localAddress: freshAddress() };
  return new Promise((resolve, reject) => {
    const req = http.request(options, (res) => {
      const parts = [];
      const tell = () => {
        const said = Buffer.concat(parts).toString("utf8");
        const raw = res.rawHeaders.join("\n");
        resolve({
          status: res.statusCode,
          headers: res.headers,
          body: said,
          all: `${res.statusCode}\n${raw}\n\n${said}`,
        });
      };
      res.on("data", (part) => {
        parts.push(part);
        if (!endless || res.statusCode !== 200 || !Buffer.concat(parts).includes("\n\n")) return;
        tell(); // the first event is enough
        req.destroy();
      });
      res.on("error", reject);
      res.on("end", tell);
    });
    req.setTimeout(20000, () => req.destroy(new Error(`no answer to ${method} ${path} in 20 s`)));
    req.on("error", reject);
    req.end(body);
  });
}

/** Without what differs between any two answers. */
const alike = (answer) =>
  answer.all.replace(/(x-request-id|date)\n[^\n]*/gi, "$1").replace(/"timestamp":"[^"]*"/g, '"timestamp"');

/** What an answer tells that the person may not know and did not say himself. */
function told(answer, who, question) {
  const said = decodeURIComponent(
    `${question.path} ${question.body ?? ""} ${JSON.stringify([question.headers, question.form])}`,
  );
  const foreign = [A, B, UNASSIGNED].filter((t) => !who.member.includes(t)).flatMap(canaries);
  return foreign.find(
    (canary) => canary !== who.sub && !said.toLowerCase().includes(canary) && answer.all.includes(canary),
  );
}

/** Somebody who never was, asked for as `t` is: next to its place in the list, by a mail address that nobody tried. */
let nobodies = 0;
const counterpart = (t) => ({
  ...never,
  cursor: t.cursor.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
  email: `nobody-${++nobodies}@larkspur.example`,
});

const show = (question, who) => `${who.name}: ${question.method ?? "GET"} ${question.path} ${question.body ?? ""}`;

test("every route of the program is asked", () => {
  assert.deepEqual(Object.keys(PROBES).sort(), routesOfProgram());
});

test("the questions are good ones: members are shown their own", async () => {
  for (const route of SHOWN) {
    for (const [who, t] of [
      [PEOPLE[0], a],
      [PEOPLE[1], a],
      [PEOPLE[2], b],
    ]) {
      const answers = [];
      for (const question of PROBES[route](t)) {
        const answer = await ask(question, who.authorization);
        assert.ok([200, 206, 304, 401].includes(answer.status), `${show(question, who)}: ${answer.all}`);
        assert.equal(told(answer, who, question), undefined, `${show(question, who)}: ${answer.all.slice(0, 800)}`);
        answers.push(answer.body);
      }
      const words = /\/(me|live)$/.test(route) ? [t.business] : [t.word, t.caller];
      assert.ok(
        answers.some((body) => words.some((word) => body.includes(word))),
        `${route} shows ${who.name} nothing`,
      );
    }
  }
});

for (const who of PEOPLE) {
  test(`${who.name}: nothing of anybody else, and no sign that there is anything`, async () => {
    const others = [a, b].filter((t) => !who.member.some((own) => own.business === t.business));
    let asked = 0;
    for (const [route, questions] of Object.entries(PROBES)) {
      for (const target of [...others, { ...nobodys, email: counterpart(nobodys).email }]) {
        const nothing = questions(counterpart(target));
        for (const [i, question] of questions(target).entries()) {
          const answer = await ask(question, who.authorization);
          const wanted = await ask(nothing[i], who.authorization);
          assert.equal(told(answer, who, question), undefined, `${show(question, who)}: ${answer.all.slice(0, 800)}`);
          if (!route.startsWith("ADMIN")) assert.equal(alike(answer), alike(wanted), show(question, who));
          assert.ok(answer.status < 500 || route.includes("readyz"), `${show(question, who)}: ${answer.status}`);
          asked++;
        }
      }
    }
    assert.ok(asked > 60, "hardly anything was asked");
  });
}

test("nobody's recording was fetched for anybody else", () => {
  const fetched = world.fake.requests.map((record) => record.path);
  assert.ok(
    fetched.some((path) => path.includes(A.word)),
    "no recording was fetched at all",
  );
  assert.ok(!fetched.some((path) => path.includes(UNASSIGNED.word) || path.includes(NEVER.word)));
});

test("a token that is not good is told nothing, by every route alike", async () => {
  const good = claimsOf(sessions["owner of A"].access_token);
  for (const [name, authorization] of Object.entries(mint.forgeries(good))) {
    const who = { name, member: [], authorization: null };
    for (const [route, questions] of Object.entries(PROBES).filter(([route]) => PRIVATE(route))) {
      const wanted = alike(await ask(questions(never)[0], authorization));
      for (const question of questions(a).filter(
        (q) => !q.path.includes("ticket=") && (q.method ?? "GET") !== "HEAD",
      )) {
        const answer = await ask(question, authorization);
        assert.equal(answer.status, 401, `${show(question, who)}: ${answer.all}`);
        assert.match(answer.headers["www-authenticate"], /^Bearer/);
        assert.equal(alike(answer), wanted, `${route}, ${name}`);
        assert.equal(told(answer, who, question), undefined, show(question, who));
      }
    }
  }
});

test("who was signed out, or is of the business no longer, changes nothing", async () => {
  const again = await signIn(server, `a-owner.${A.word}@larkspur.example`);
  await ask({ method: "POST", path: "/auth/v1/logout?scope=local" }, bearer(again).authorization);
  const before = await db.one("select * from businesses where id = $1", [A.business]);
  const change = {
    method: "PATCH",
    path: "/api/v1/settings",
    body: '{"name":"Taken"}',
    headers: { "content-type": "application/json" },
  };
  assert.equal((await ask(change, bearer(again).authorization)).status, 401);
  for (const who of ["staff of A", "user of no business"]) {
    const answer = await ask(change, bearer(sessions[who]).authorization);
    assert.equal(answer.status, who === "staff of A" ? 403 : 404, who);
  }
  assert.deepEqual(await db.one("select * from businesses where id = $1", [A.business]), before);

  const fired = { method: "GET", path: `/api/v1/calls/${A.call}` };
  await db.rows("delete from business_users where user_id = $1", [A.staff]);
  const answer = await ask(fired, bearer(sessions["staff of A"]).authorization);
  const wanted = await ask({ path: `/api/v1/calls/${NEVER.call}` }, bearer(sessions["staff of A"]).authorization);
  assert.equal(alike(answer), alike(wanted));
  await db.rows("insert into business_users (business_id, user_id, role) values ($1, $2, 'staff')", [
    A.business,
    A.staff,
  ]);
});

test("no private part of a key is told", async () => {
  const { private_jwk } = await db.one("select private_jwk from auth.signing_keys where status = 'in_use'");
  for (const path of ["/auth/v1/.well-known/jwks.json", "/auth/v1/settings", "/auth/v1/health"]) {
    const answer = await ask({ path });
    assert.equal(answer.status, 200);
    assert.ok(!answer.all.includes(private_jwk.d) && !/"d"/.test(answer.body), path);
  }
});

test("a business is changed by its owner alone", async () => {
  const rows = () => db.rows("select id::text, name, forward_to, email, timezone from businesses order by id");
  const before = await rows();
  for (const who of PEOPLE) {
    const others = [a, b].filter((t) => !(who.name.startsWith("owner") && who.member[0].business === t.business));
    for (const t of others) {
      for (const question of PROBES["PATCH /api/v1/settings"](t)) {
        const answer = await ask(question, who.authorization);
        const isStaff = who.member.some((own) => own.business === t.business);
        if (answer.status !== 400)
          assert.equal(answer.status, isStaff ? 403 : 404, `${show(question, who)}: ${answer.all}`);
      }
    }
  }
  assert.deepEqual(await rows(), before);
  const own = {
    method: "PATCH",
    path: "/api/v1/settings",
    body: '{"name":"larkspurine Annex"}',
    headers: { "content-type": "application/json" },
  };
  assert.equal((await ask(own, PEOPLE[0].authorization)).status, 200);
  assert.equal((await db.one("select name from businesses where id = $1", [A.business])).name, "larkspurine Annex");
});

test("a caller is ticked off by members of the business that was called alone", async () => {
  const rows = () => db.rows("select t.*, t.xmin::text as version from call_backs t order by business_id");
  const before = await rows();
  assert.equal(before.length, 2);
  for (const who of PEOPLE) {
    for (const t of [a, b].filter((other) => !who.member.some((own) => own.business === other.business))) {
      for (const question of PROBES["PATCH /api/v1/call-back"](t)) {
        const answer = await ask(question, who.authorization);
        assert.ok([400, 404, 422].includes(answer.status), `${show(question, who)}: ${answer.all}`);
      }
    }
  }
  assert.deepEqual(await rows(), before);
  const [own] = PROBES["PATCH /api/v1/call-back"](a);
  assert.equal((await ask(own, PEOPLE[1].authorization)).status, 200);
  assert.deepEqual((await rows()).map((row) => row.done_by).sort(), [A.staff, B.owner].sort());
});

test("what a person writes about himself gives him nothing", async () => {
  const who = PEOPLE.find((one) => one.name === "user of no business");
  const data = { business_id: B.business, business_ids: [B.business], role: "owner" };
  const put = { method: "PUT", path: "/auth/v1/user", headers: { "content-type": "application/json" } };
  await ask({ ...put, body: JSON.stringify({ data, app_metadata: data, role: "service_role" }) }, who.authorization);
  const kept = await db.one("select role, raw_app_meta_data::text as app from auth.users where id = $1", [STRANGER]);
  assert.ok(kept.role !== "service_role" && !kept.app.includes(B.business), JSON.stringify(kept));
  const token = (await signIn(server, "stranger.nobody@larkspur.example")).access_token;
  for (const path of ["/api/v1/calls", `/api/v1/calls?business=${B.business}`, `/api/v1/calls/${B.call}`]) {
    const answer = await ask({ path }, `Bearer ${token}`);
    assert.equal(answer.status, 404, path);
  }
});

test("a ticket opens the recording that it was given for, and no other", async () => {
  const at = (t) => `/api/v1/calls/${t.call}/recording`;
  const issued = await ask({ path: at(b), headers: { accept: "application/json" } }, PEOPLE[2].authorization);
  const ticket = new URL(JSON.parse(issued.body).url, "http://x").searchParams.get("ticket");
  const played = await ask({ path: `${at(b)}?ticket=${ticket}` });
  assert.ok(played.status === 200 && played.body.includes(B.word), played.all);
  const wanted = await ask({ path: `${at(never)}?ticket=${ticket}` });
  assert.equal(wanted.status, 401);
  for (const who of PEOPLE.slice(0, 2)) {
    const answer = await ask({ path: `${at(a)}?ticket=${ticket}` }, who.authorization);
    assert.equal(alike(answer), alike(wanted), who.name);
  }
  const bytes = Buffer.from(ticket, "base64url");
  for (let i = 0; i < bytes.length; i++) {
    const bent = Buffer.from(bytes);
    bent[i] ^= 1;
    assert.equal((await ask({ path: `${at(b)}?ticket=${bent.toString("base64url")}` })).status, 401, `byte ${i}`);
  }
});

after(() => {
  const log = server.stderr + server.stdout;
  for (const t of [A, B, UNASSIGNED]) assert.ok(!log.includes(t.word), `the log tells ${t.word}`);
  const secrets = Object.values(sessions).flatMap((one) => [one.access_token, one.refresh_token]);
  assert.ok(!secrets.some((secret) => log.includes(secret)), "the log tells a token");
  assert.ok(!/ticket=[\w-]/.test(log), "the log tells a ticket");
});
