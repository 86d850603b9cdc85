// Guesses at passwords: few of many reach the checker, nobody is told who has an account, nobody is locked out for ever.
import test from "node:test";
import assert from "node:assert/strict";
import { OTHER_PASSWORD, PASSWORD, authRequest, createUser, freshAddress, signInOpens } from "./lib/session.mjs";
import { World } from "./lib/world.mjs";

const world = await World.create({ seed: false });
const server = await signInOpens(await world.start());

const grant = (email, password, from) =>
  authRequest(server, "POST", "/token?grant_type=password", { body: { email, password }, from });
const count = (result) => server.metric("ringback_sign_ins_total", { result });

/** In rows of `width` at once. */
async function inRows(total, width, act) {
  const all = [];
  for (let i = 0; i < total; i += width)
    all.push(...(await Promise.all(Array.from({ length: Math.min(width, total - i) }, (_, k) => act(i + k)))));
  return all;
}

function assertLimited(answer) {
  assert.deepEqual([answer.status, answer.body.code], [429, "over_request_rate_limit"], JSON.stringify(answer.body));
  assert.ok(Number(answer.headers["retry-after"]) >= 1);
}

for (const known of [true, false]) {
  test(`2,000 guesses from 1,000 addresses at an account that is ${known ? "" : "not "}there`, async () => {
    const email = known ? "owner@larkspur.example" : "nobody@larkspur.example";
    if (known) await createUser(world.db, email);
    const before = await count("wrong");
    const started = Date.now();
    const addresses = Array.from({ length: 1000 }, freshAddress);
    const answers = await inRows(2000, 40, (i) => grant(email, `guess ${i}`, addresses[i % 1000]));
    const checked = answers.filter((answer) => answer.status === 400);
    for (const answer of answers)
      if (answer.status === 400) assert.equal(answer.body.code, "invalid_credentials");
      else assertLimited(answer);
    // five at once, then one after 1 s, 2 s, 4 s, ...
    const most = 5 + Math.floor(Math.log2(1 + (Date.now() - started) / 1000));
    assert.ok(checked.length >= 5 && checked.length <= most, `${checked.length} guesses were checked, at most ${most}`);
    assert.equal((await count("wrong")) - before, checked.length);
    const late = await grant(email, PASSWORD);
    if (late.status !== 200) assertLimited(late);
  });
}

test("one address has twenty attempts a minute, whomever it tries", async () => {
  const from = freshAddress();
  const started = Date.now();
  const answers = await inRows(40, 10, (i) => grant(`nobody${i}@larkspur.example`, PASSWORD, from));
  const checked = answers.filter((answer) => answer.status === 400).length;
  const most = 20 + Math.floor((Date.now() - started) / 3000) + 1;
  // a few less if its slot is shared with one of the thousand above
  assert.ok(checked >= 12 && checked <= most, `${checked} of 40`);
  for (const answer of answers) if (answer.status !== 400) assertLimited(answer);
});

test("the owner of another account notices nothing", async () => {
  await createUser(world.db, "staff@larkspur.example");
  const answer = await grant("staff@larkspur.example", PASSWORD);
  assert.equal(answer.status, 200);
});

test("a success makes up for the failures before it", async () => {
  await createUser(world.db, "forgetful@larkspur.example");
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 4; i++) assert.equal((await grant("forgetful@larkspur.example", OTHER_PASSWORD)).status, 400);
    assert.equal((await grant("forgetful@larkspur.example", PASSWORD)).status, 200);
  }
});

test("an account that is not there takes as long as one that is", async () => {
  const took = { there: [], absent: [], without: [] };
  for (let i = 0; i < 5; i++) {
    await createUser(world.db, `there${i}@larkspur.example`);
    await createUser(world.db, `without${i}@larkspur.example`, PASSWORD, { encrypted_password: null });
    for (const kind of Object.keys(took)) {
      const began = performance.now();
      const answer = await grant(`${kind}${i}@larkspur.example`, OTHER_PASSWORD);
      took[kind].push(performance.now() - began);
      assert.equal(answer.status, 400);
    }
  }
  // A busy machine only makes them longer, so the shortest are compared.
  const [there, absent, without] = Object.values(took).map((all) => Math.min(...all));
  assert.ok(absent > there / 2 && without > there / 2, JSON.stringify(took));
});

test("more at once than can be computed are told to come again", async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => grant(`crowd${i}@larkspur.example`, PASSWORD)),
  );
  for (const answer of answers) if (answer.status !== 400) assertLimited(answer);
  assert.ok(answers.some((answer) => answer.status === 400));
  assert.ok(answers.some((answer) => answer.status === 429));
});
