// The export, the daily mails and the settings, as the statements of the read API give them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk, OWNER, STAFF, OTHER, claims } from "./lib/desk.mjs";
import { addDays, randomHistory, storeHistory } from "./lib/history.mjs";

const desk = await Desk.open("dashboard_owner");

// The export.

function parseCsv(text) {
  const rows = [];
  let row = [],
    at = 0;
  while (at < text.length) {
    assert.equal(text[at], '"', `a cell begins with a quote, at ${at}`);
    let cell = "";
    for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
      if (text[at] === '"') at++;
      cell += text[at];
    }
    row.push(cell);
    at++;
    if (text[at] === ",") at++;
    else {
      assert.equal(text.slice(at, at + 2), "\r\n");
      at += 2;
      rows.push(row);
      row = [];
    }
  }
  assert.deepEqual(row, []);
  return rows;
}

const FORMULAS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "−", "﹢", "﹣", "﹦", "﹫"];
const BLANKS = ["", " ", "   ", "\t ", "\u00a0", "\u3000", "\ufeff", "\u200b ", "\u0001", "\u2028"];
const CELLS = [
  ...FORMULAS.flatMap((sign) => BLANKS.map((blank) => `${blank}${sign}1+1`)),
  ...[
    '=HYPERLINK("http://x.example","a")',
    "=cmd|' /C calc'!A0",
    "+1;=2",
    "@SUM(A1)",
    "-2+3",
    "\r\n=1",
    '=""',
    "'=1",
    '"=1',
    '""',
    "a,b",
    "a;b",
    'say "hi"',
    "line\r\nline",
    "plain",
    "Zoë",
    "日本",
    " leading",
    "trailing ",
    "1-2",
    "a=b",
    "3 + 4",
    "x@y.example",
    "\u{1F9B7}",
  ],
];

test("csv: every cell comes back, and none is a formula", async () => {
  const business = await desk.addBusiness("Export", "Asia/Kolkata");
  assert.ok(CELLS.length > 60);
  for (const [i, cell] of CELLS.entries()) await desk.addCall(business, { minutes: i + 1, summary: cell });
  const [page] = await desk.reader.rows(
    claims(OWNER),
    "calls_csv",
    business,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    "1000",
  );
  assert.deepEqual([page.next_us, page.next_id], [null, null]);
  const rows = parseCsv(page.csv);
  assert.equal(rows.length, CELLS.length);
  for (const [i, row] of rows.entries()) {
    const dangerous = /^[\s\u0001-\u0020\u00a0\u200b\u2028\u3000\ufeff]*[=+\-@\t\r\n＝＋－＠−﹢﹣﹦﹫]/u;
    assert.equal(row[10], dangerous.test(CELLS[i]) ? `'${CELLS[i]}` : CELLS[i], JSON.stringify(CELLS[i]));
    for (const cell of row) assert.ok(!dangerous.test(cell), JSON.stringify(cell));
    assert.equal(row[1], "'+12125550101");
  }
  const [head] = await desk.reader.rows(claims(OWNER), "calls_csv_head");
  assert.equal(head.csv, "time,caller,called,name,reason,outcome,urgency,seconds,booking,appointment,summary,call\r\n");
});

test("csv: the columns, in the time of the business", async () => {
  const business = await desk.addBusiness("Columns", "Asia/Kolkata");
  const id = await desk.addCall(business, {
    started_at: new Date("2026-11-20T20:15:59.900Z"),
    reported_seconds: "61.6",
    summary: "Two\nlines",
    analysis: JSON.stringify({ structuredData: { reason: "=1", callerName: "@Ada", urgency: "high" } }),
  });
  const nameless = await desk.addCall(business, {
    started_at: new Date("2026-11-20T20:15:58Z"),
    caller_claim: null,
    called_claim: null,
    reported_seconds: null,
  });
  await desk.db.rows(
    `insert into bookings (business_id, call_id, tool_call_id, status, reason, starts_at)
     values ($1, $2, 'csv 1', 'confirmed', 'none', '2026-12-01T09:00:00Z'), ($1, $2, 'csv 2', 'refused', 'taken', '2026-12-02T09:00:00Z')`,
    [business, id],
  );
  const [page] = await desk.reader.rows(claims(OWNER), "calls_csv", business, "2026-11-21", "2026-11-21");
  assert.deepEqual(parseCsv(page.csv), [
    [
      "2026-11-21 01:45:59",
      "'+12125550101",
      "'+12125550142",
      "'@Ada",
      "'=1",
      "Handled by the AI",
      "high",
      "62",
      "Booked",
      "2026-12-01 14:30",
      "Two\nlines",
      id,
    ],
    ["2026-11-21 01:45:58", "", "", "", "", "Handled by the AI", "", "", "", "", "", nameless],
  ]);
});

test("csv: pages join to the list, with the same filters", async () => {
  const business = await desk.addBusiness("Csv pages", "UTC");
  const history = randomHistory(desk.random, {
    count: 120,
    from: Date.UTC(2026, 8, 1),
    to: Date.UTC(2026, 8, 28),
    midnights: [],
  });
  await storeHistory(desk.db, business, history);
  for (const outcome of [null, "handled"]) {
    let csv = "";
    let cursor = [null, null];
    do {
      const [page] = await desk.reader.rows(
        claims(OWNER),
        "calls_csv",
        business,
        "2026-09-01",
        "2026-09-30",
        outcome,
        null,
        null,
        ...cursor,
        "17",
      );
      csv += page.csv;
      cursor = [page.next_us, page.next_id];
    } while (cursor[0]);
    const wanted = await desk.everyPage(business, { from: "2026-09-01", to: "2026-09-30", outcome, limit: 11 });
    assert.deepEqual(
      parseCsv(csv).map((row) => row[11]),
      wanted,
    );
  }
  const [empty] = await desk.reader.rows(claims(OWNER), "calls_csv", business, "2025-01-01", "2025-01-02");
  assert.deepEqual(empty, { csv: "", next_us: null, next_id: null });
});

// Digests.

test("digests: newest first, by pages; one of them with its mail", async () => {
  const business = await desk.addBusiness("Digests");
  const mail = {
    from: "x@y.example",
    to: ["desk@larkspur.example"],
    subject: "Tue 17 Nov: 14 calls",
    html: "<p>14</p>",
    text: "14",
  };
  await desk.db.rows(
    `insert into digests (business_id, local_date, status, attempts, request_body, delivery_status, due_at, sent_at)
     select $1, date '2026-11-20' - n, 'sent', 1, case when n = 0 then $2::bytea when n = 1 then '\\xff00'::bytea end, 'delivered', now(),
            timestamptz '2026-11-21T12:00:00Z' - n * interval '1 day'
     from generate_series(0, 24) n`,
    [business, Buffer.from(JSON.stringify(mail))],
  );
  const dates = [];
  let before = null;
  do {
    const page = await desk.ask("digests_list", business, before, "10");
    dates.push(...page.digests.map((d) => d.date));
    before = page.next_before;
  } while (before);
  assert.deepEqual(
    dates,
    Array.from({ length: 25 }, (_, i) => addDays("2026-11-20", -i)),
  );
  const [newest] = (await desk.ask("digests_list", business, null, "1")).digests;
  assert.deepEqual(
    [newest.status, newest.attempts, newest.delivery_status, newest.sent_at],
    ["sent", 1, "delivered", "2026-11-21T12:00:00.000Z"],
  );
  const one = await desk.ask("digest_detail", business, "2026-11-20");
  assert.deepEqual([one.subject, one.to, one.text, one.html], [mail.subject, mail.to, mail.text, mail.html]);
  assert.deepEqual([(await desk.ask("digest_detail", business, "2026-11-19")).subject], [null]);
  assert.equal(await desk.ask("digest_detail", business, "2026-01-01"), null);
});

// Settings.

const write = async (user, business, changes) => {
  const [row] = await desk.reader.rows(claims(user), "settings_write", business, JSON.stringify(changes));
  return { outcome: row.outcome, json: row.json && JSON.parse(row.json) };
};

test("settings: who may read and who may write", async () => {
  const own = await desk.ask("settings_read", desk.first);
  assert.deepEqual(own, {
    id: desk.first,
    name: "Larkspur Dental Studio",
    email: null,
    timezone: "America/New_York",
    digest_enabled: true,
    digest_hour: 7,
    skip_empty_digest: false,
    sending: false,
    open_days: [1, 2, 3, 4, 5],
    opens_at: "09:00",
    closes_at: "17:00",
    forward_to: null,
    fallback_greeting: null,
    calcom_enabled: false,
    calendar: "off",
    phones: ["+12125550142", "+12125550143"],
    role: "owner",
    can_edit: true,
  });
  assert.deepEqual(await desk.reader.json(claims(STAFF), "settings_read", desk.first), {
    ...own,
    role: "staff",
    can_edit: false,
  });
  assert.deepEqual(await write(STAFF, desk.first, { name: "Mine" }), { outcome: "forbidden", json: null });
  assert.deepEqual(await write(OTHER, desk.first, { name: "Mine" }), { outcome: "not_found", json: null });
  assert.deepEqual(await desk.ask("settings_read", desk.first), own);
});

test("settings: only what is given changes", async () => {
  const business = await desk.addBusiness("Settings");
  const before = await desk.ask("settings_read", business);
  const steps = [
    [{ name: "  Larkspur Annex " }, { name: "Larkspur Annex" }],
    [
      { email: "desk@larkspur.example ,owner@larkspur.example" },
      { email: "desk@larkspur.example, owner@larkspur.example" },
    ],
    [
      { timezone: "Europe/Berlin", digest_hour: 23 },
      { timezone: "Europe/Berlin", digest_hour: 23 },
    ],
    [
      { digest_enabled: false, skip_empty_digest: true },
      { digest_enabled: false, skip_empty_digest: true },
    ],
    [
      { forward_to: "+12125550119", fallback_greeting: "Hello.\nWe call back." },
      { forward_to: "+12125550119", fallback_greeting: "Hello.\nWe call back." },
    ],
    [
      { forward_to: null, email: null, fallback_greeting: "" },
      { forward_to: null, email: null, fallback_greeting: null },
    ],
    [
      { open_days: [7, 2], opens_at: "22:30", closes_at: "06:00" },
      { open_days: [2, 7], opens_at: "22:30", closes_at: "06:00" },
    ],
    [{ open_days: [] }, { open_days: [] }],
    [{}, {}],
  ];
  let now = before;
  for (const [changes, wanted] of steps) {
    now = { ...now, ...wanted };
    assert.deepEqual(await write(OWNER, business, changes), { outcome: "ok", json: now });
    assert.deepEqual(await desk.ask("settings_read", business), now);
  }
});

test("settings: what cannot be is refused by its name, and nothing changes", async () => {
  const before = await desk.ask("settings_read", desk.first);
  const bad = {
    name: ["", "   ", null, "x".repeat(201), "a\u0007b", "a\nb", "a\u202eb"],
    email: [
      "desk",
      "desk@",
      "@x",
      "a@b c@d",
      "a@b,",
      "a@b,,c@d",
      "a <a@b.example>",
      "a@b\nbcc: c@d",
      "x".repeat(1000) + "@b.example",
      Array(11).fill("a@b.example").join(","),
    ],
    timezone: ["", null, "Mars/Base", "EST5", "+05:00", "america/new_york", "posix", "Factory", "localtime"],
    digest_enabled: [null, "yes", 1],
    digest_hour: [-1, 24, 7.5, null, "seven", "007"],
    skip_empty_digest: [null, "no", 0],
    forward_to: ["12125550119", "+0", "+1212555011x", "+1 212 555 0119", "anonymous"],
    open_days: [null, 1, "1", ["1"], [0], [8], [1.5], [1, 1], [null], [[1]], { 1: 1 }],
    opens_at: [null, 9, "", "9:00", "24:00", "09:60", "09:00:00", "09:00 ", "noon"],
    closes_at: [null, "25:00", "-1:00", "17.30"],
    fallback_greeting: ["x".repeat(1001), "a\u0000b".replace("\u0000", "\u0001")],
  };
  for (const [field, values] of Object.entries(bad)) {
    for (const value of values) {
      const { outcome, json } = await write(OWNER, desk.first, { digest_hour: 9, [field]: value });
      assert.deepEqual([outcome, json], [`invalid:${field}`, null], `${field} = ${JSON.stringify(value)}`);
    }
  }
  assert.deepEqual(await desk.ask("settings_read", desk.first), before);
});

test("settings: after sign-out a token still reads and does not write", async () => {
  await desk.db.rows("delete from auth.sessions where id = $1", [claims(OWNER).session_id]);
  assert.deepEqual(await write(OWNER, desk.first, { name: "Mine" }), { outcome: "session_gone", json: null });
  assert.equal((await desk.ask("settings_read", desk.first)).name, "Larkspur Dental Studio");
  await desk.db.rows("insert into auth.sessions (id, user_id) values ($1, $2)", [claims(OWNER).session_id, OWNER]);
  assert.equal((await write(OWNER, desk.first, { digest_hour: 8 })).outcome, "ok");
});
