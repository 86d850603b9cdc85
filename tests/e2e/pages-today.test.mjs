// What the screen Today reckons before it draws: changes against the days before, sentences, scales, weeks.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";

const pages = fileURLToPath(new URL("../../src/dashboard/", import.meta.url));
const SOURCE = `
  export * from "./screens/today_figures";
  export * from "./charts/scale";
  export { formatHour, formatHours } from "./charts/heat";
`;
let today;

before(async () => {
  const { build } = createRequire(`${pages}package.json`)("esbuild");
  const made = await build({
    stdin: { contents: SOURCE, resolveDir: pages },
    banner: {
      js: 'globalThis.history ??= {}; globalThis.location ??= new URL("http://127.0.0.1/"); globalThis.localStorage ??= new Map(); globalThis.document ??= {};',
    },
    define: { navigator: '{"languages":["en-US"],"onLine":true}' },
    bundle: true,
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    write: false,
  });
  today = await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString("base64")}`);
});

const change = (value, previous) => today.changeOf({ value, previous });

test("a change is a share of what was, a number where that was small, and nothing where there was nothing", () => {
  assert.deepEqual(change(210, 194), { direction: "up", by: "8%" });
  assert.deepEqual(change(29, 47), { direction: "down", by: "38%" });
  assert.deepEqual(change(0, 47), { direction: "down", by: "100%" });
  assert.deepEqual(change(2, 1), { direction: "up", by: "1" });
  assert.deepEqual(change(9999, 10), { direction: "up", by: "9,989" });
  assert.deepEqual(change(10_001, 10_000), { direction: "up", by: "1" });
  assert.deepEqual(change(5, 5), { direction: "same", by: "" });
  for (const [value, previous] of [
    [5, 0],
    [0, 0],
    [5, null],
    [null, 5],
  ])
    assert.equal(change(value, previous), null);
  assert.deepEqual(today.lengthChangeOf({ value: 86.4, previous: 87.2 }), { direction: "down", by: "1 s" });
  assert.deepEqual(today.lengthChangeOf({ value: 86.4, previous: 86.1 }), { direction: "same", by: "" });
});

test("only some numbers are better one way", () => {
  assert.equal(today.isBetter("missed", "down"), true);
  assert.equal(today.isBetter("to_call_back", "up"), false);
  assert.equal(today.isBetter("calls", "up"), null);
  assert.equal(today.isBetter("missed", "same"), null);
});

const overview = (people, urgencies) => ({
  tiles: { to_call_back: { value: people } },
  call_back: urgencies.map((urgency) => ({ urgency })),
});
const WEEK = { name: "7", from: "2026-11-16", to: "2026-11-22" };
const YESTERDAY = { name: "yesterday", from: "2026-11-21", to: "2026-11-21" };

test("who waits is said in one sentence", () => {
  const say = today.sayToCallBack;
  assert.equal(say(overview(0, []), YESTERDAY), "Nobody from yesterday is waiting for a call back.");
  assert.equal(say(overview(1, ["low"]), WEEK), "1 caller from the last 7 days is waiting for a call back.");
  assert.equal(
    say(overview(1, ["high"]), WEEK),
    "1 caller from the last 7 days is waiting for a call back, and it is urgent.",
  );
  assert.equal(
    say(overview(3, ["high", "high", null]), WEEK),
    "3 callers from the last 7 days are waiting for a call back, 2 of them urgent.",
  );
  assert.match(say(overview(41, Array(20).fill("high")), WEEK), /^41 callers .*, 20 or more of them urgent\.$/);
});

test("today and yesterday are told of periods that have them", () => {
  const by_day = [
    { date: "2026-11-21", outcomes: { handled: 6, hung_up_early: 1 } },
    { date: "2026-11-22", outcomes: {} },
  ];
  assert.deepEqual(today.recentDays({ by_day }, "2026-11-22"), [
    "Today so far: no calls.",
    "Yesterday: 7 calls, 1 missed.",
  ]);
  assert.deepEqual(today.recentDays({ by_day }, "2026-12-22"), []);
});

test("ticks are whole, few, and reach the largest value", () => {
  assert.deepEqual(today.ticksOf(0), [0, 1]);
  assert.deepEqual(today.ticksOf(3), [0, 1, 2, 3]);
  assert.deepEqual(today.ticksOf(59), [0, 20, 40, 60]);
  for (const largest of [1, 7, 10, 99, 1000, 1001, 25_000, 100_000]) {
    const ticks = today.ticksOf(largest);
    assert.ok(ticks.at(-1) >= largest && ticks.at(-1) < largest * 2 + 1 && ticks.length <= 6, `${largest}: ${ticks}`);
    assert.ok(ticks.every(Number.isInteger));
  }
});

const days = (count) =>
  Array.from({ length: count }, (_, i) => ({
    date: new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10),
    outcomes: { handled: i, spam: 1 },
  }));

test("days are columns until they would be hairs, then weeks from Monday on, and none is lost", () => {
  assert.equal(today.bucketsOf(days(90), 320).length, 90);
  const weeks = today.bucketsOf(days(365), 320);
  assert.equal(weeks.length, 53);
  assert.deepEqual(
    [weeks[0].from, weeks[0].to, weeks[1].from, weeks[1].to],
    ["2026-01-01", "2026-01-04", "2026-01-05", "2026-01-11"],
  );
  assert.equal(
    weeks.reduce((sum, week) => sum + week.calls, 0),
    365 + (364 * 365) / 2,
  );
  assert.equal(weeks[1].counts.handled, 4 + 5 + 6 + 7 + 8 + 9 + 10);
});

test("labels fit", () => {
  for (const [columns, room] of [
    [7, 12],
    [7, 5],
    [30, 12],
    [30, 5],
    [90, 5],
    [400, 5],
  ]) {
    const step = today.labelStep(columns, room);
    const shown = days(columns).filter((day, i) => today.isLabelled(day.date, i, columns, step));
    assert.ok(shown.length >= 1 && shown.length <= room + 1, `${columns} in ${room}: ${shown.length}`);
  }
});

test("the colours of the heat map and their key agree", () => {
  for (const largest of [1, 2, 3, 7, 10, 25, 431]) {
    const ranges = today.levelRanges(largest);
    for (let value = 1; value <= largest; value++) {
      const range = ranges.find(({ from, to }) => value >= from && value <= to);
      assert.equal(today.levelOf(value, largest), range?.level, `${value} of ${largest}`);
    }
  }
  assert.equal(today.levelOf(0, 10), 0);
  assert.equal(today.levelOf(0, 0), 0);
});

test("the busiest hour has a name", () => {
  const rows = Array.from({ length: 7 }, () => Array(24).fill(0));
  assert.equal(today.busiestOf(rows), null);
  rows[0][10] = 4;
  rows[3][23] = 4;
  assert.deepEqual(today.busiestOf(rows), { weekday: 0, hour: 10, calls: 4 });
  assert.equal(today.formatHours(10), "10–11 AM");
  assert.equal(today.formatHours(11), "11 AM–12 PM");
  assert.equal(today.formatHours(23), "11 PM–12 AM");
  assert.equal(today.weekday("2026-11-16"), 0);
  assert.equal(today.weekday("2026-11-22"), 6);
  assert.equal(today.weekday("1999-12-31"), 4);
});
