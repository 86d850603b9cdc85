// Calls found by their words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk, OTHER, claims } from "./lib/desk.mjs";
import { localTime, randomHistory, storeHistory } from "./lib/history.mjs";

const desk = await Desk.open("dashboard_search");

test("search: all words, by their beginnings, in what was said or in the summary", async () => {
  const business = await desk.addBusiness("Search");
  const stranger = await desk.addBusiness("Elsewhere", "UTC", OTHER);
  const talk = {
    crown: await desk.addCall(business, {
      minutes: 1,
      summary: "Price of a crown.",
      said: ["Hi!", "How much is it?", "900 dollars"],
    }),
    cafe: await desk.addCall(business, {
      minutes: 2,
      summary: "Meet at the Café Olé",
      said: ["It's Zoë O'Neil, half-past nine", "naïve, 3:30pm"],
    }),
    russian: await desk.addCall(business, { minutes: 3, summary: "Запись на приём", said: ["Über Straße", "Spaß"] }),
    mail: await desk.addCall(business, {
      minutes: 4,
      said: ["Write to front-desk@larkspur.example or www.larkspur.example/price/list"],
    }),
    name: await desk.addCall(business, {
      minutes: 5,
      analysis: JSON.stringify({ structuredData: { reason: "Bridge work", callerName: "Ada Fern" } }),
    }),
    wordless: await desk.addCall(business, { minutes: 6 }),
  };
  const live = await desk.addCall(business, {
    minutes: 0,
    status_rank: 3,
    ended_claim: null,
    has_report: false,
    summary: "crown",
  });
  const theirs = await desk.addCall(stranger, { minutes: 1, summary: "Price of a crown." });
  await desk.makeWords();
  const cases = [
    ["crown", "crown"],
    ["CROWN", "crown"],
    ["cro", "crown"],
    ["crowns", ""],
    ["price crown", "crown"],
    ["much crown", "crown"],
    ["much tooth", ""],
    ["price", "crown mail"],
    ["cafe", "cafe"],
    ["café", "cafe"],
    ["cafe\u0301", "cafe"],
    ["CAFÉ ole", "cafe"],
    ["zoe o'neil", "cafe"],
    ["O’Neil", "cafe"],
    ["half-past", "cafe"],
    ["past half", "cafe"],
    ["naive", "cafe"],
    ["3:30pm", "cafe"],
    ["запись", "russian"],
    ["прием", "russian"],
    ["ПРИЁМ", "russian"],
    ["uber", "russian"],
    ["spaß", "russian"],
    ["front-desk@larkspur.example", "mail"],
    ["larkspur", "mail"],
    ["list", "mail"],
    ["fern", "name"],
    ["bridge ada", "name"],
    ["ridge", ""],
    ["  crown  ", "crown"],
    ["", Object.keys(talk).join(" ") + " live"],
    // Operators are no operators.
    ["crown & price", "crown"],
    ["crown | zoe", ""],
    ["!crown", "crown"],
    ["crown:*", "crown"],
    ["crown <-> price", "crown"],
    ["(crown", "crown"],
    ["crown:A", "crown"],
    ["'crown'", "crown"],
    ['"price of" crown', "crown"],
    ["crown\\", "crown"],
    ["\\'", ""],
    ["''", ""],
    ["&", ""],
    ["! | & :* <->", ""],
    ["*", ""],
    ["%", ""],
    ["$$", ""],
    ["cr%wn", ""],
    ["crown'); drop table private.call_words; --", ""],
    ["<b>crown</b>", ""],
    ["crown\u0001", "crown"],
  ];
  for (const [q, wanted] of cases) {
    const got = (await desk.list(business, { q })).calls.map((c) => c.id).sort();
    const ids = wanted
      .split(" ")
      .filter(Boolean)
      .map((name) => (name === "live" ? live : talk[name]))
      .sort();
    assert.deepEqual(got, ids, `q = ${JSON.stringify(q)}`);
  }
  assert.deepEqual(
    (await desk.reader.json(claims(OTHER), "calls_list", stranger, null, null, null, "crown")).calls.map((c) => c.id),
    [theirs],
  );
  assert.equal(await desk.reader.json(claims(OTHER), "calls_list", business, null, null, null, "crown"), null);
});

test("search: long and odd input is answered", async () => {
  const business = await desk.addBusiness("Odd input");
  const id = await desk.addCall(business, { summary: "Price of a crown" });
  await desk.makeWords();
  const odd = [
    "a".repeat(10240),
    "crown ".repeat(1700),
    "& ".repeat(5000),
    "\u{1F9B7}".repeat(2500),
    "ä".repeat(10240),
    "'".repeat(9999),
    "w".repeat(61),
    Array.from({ length: 900 }, (_, i) => `w${i}`).join(" "),
    "\ufeff\u202e\u0000".replaceAll("\u0000", ""),
    "\\".repeat(5000),
  ];
  for (const q of odd) {
    const got = await desk.list(business, { q });
    assert.deepEqual(
      got.calls.map((c) => c.id),
      q.startsWith("crown") ? [id] : [],
      q.slice(0, 20),
    );
  }
});

test("search: with filters and pages, rare and common words", async () => {
  const business = await desk.addBusiness("Search pages", "UTC");
  const history = randomHistory(desk.random, {
    count: 300,
    from: Date.UTC(2026, 8, 1),
    to: Date.UTC(2026, 8, 28),
    midnights: [],
  });
  await storeHistory(desk.db, business, history);
  await desk.db.rows(
    `update calls set summary = case when caller_number like '%7' then 'common rare' else 'common' end
     where business_id = $1 and status_rank = 5`,
    [business],
  );
  await desk.makeWords();
  const period = { from: "2026-09-03", to: "2026-09-25" };
  const within = history.filter(
    (c) => c.ended && localTime(c.at, "UTC").date >= period.from && localTime(c.at, "UTC").date <= period.to,
  );
  for (const [q, keep] of [
    ["common", () => true],
    ["com", () => true],
    ["rare common", (c) => c.caller?.endsWith("7")],
  ]) {
    for (const outcome of [undefined, "handled,spam"]) {
      const wanted = within.filter((c) => keep(c) && (!outcome || outcome.split(",").includes(c.outcome)));
      const ids = wanted.sort((a, b) => b.at - a.at).map((c) => c.id);
      assert.ok(ids.length > 0);
      assert.deepEqual(await desk.everyPage(business, { ...period, q, outcome, limit: 9 }), ids, `${q} ${outcome}`);
    }
  }
});

test("search: more calls at one moment than a page holds, and others years before", async () => {
  const business = await desk.addBusiness("Search ties", "UTC");
  const times = [
    ...Array(13).fill("2026-11-10T10:00:00Z"),
    ...Array(9).fill("2026-11-09T10:00:00Z"),
    "2026-08-01T10:00:00Z",
    "2024-02-29T10:00:00Z",
    "1971-01-01T10:00:00Z",
  ];
  const calls = [];
  for (const at of times) {
    calls.push({ at, id: await desk.addCall(business, { started_at: new Date(at), summary: "crown" }) });
  }
  await desk.makeWords();
  calls.sort((a, b) => (a.at === b.at ? (a.id < b.id ? 1 : -1) : a.at < b.at ? 1 : -1));
  const ids = calls.map((call) => call.id);
  for (const limit of [1, 2, 4, 12, 13, 14, 25, 26]) {
    const got = await desk.everyPage(business, { from: "1970-01-01", to: "2026-12-31", q: "crown", limit });
    assert.deepEqual(got, ids, `limit ${limit}`);
  }
});
