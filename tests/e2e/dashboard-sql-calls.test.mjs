// The list of calls and one call, as the statements of the read API give them to a signed-in person.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROOT } from "./lib/env.mjs";
import { Desk, OWNER, STAFF, OTHER, NOBODY, claims } from "./lib/desk.mjs";
import { addDays, localTime, randomCall, randomHistory, storeHistory } from "./lib/history.mjs";

const desk = await Desk.open("dashboard_calls");

test("pages bring every call once, newest first, while others come in", async () => {
  const business = await desk.addBusiness("Pages", "UTC");
  const now = Date.now();
  // Many at the same moment: the id decides.
  const calls = Array.from({ length: 230 }, (_, i) =>
    randomCall(desk.random, now - 86400000 - Math.floor(i / 40) * 60000),
  );
  await storeHistory(desk.db, business, calls);
  const order = (a, b) => b.at - a.at || (a.id < b.id ? 1 : -1);
  const wanted = [...calls].sort(order).map((c) => c.id);
  for (const limit of [1, 7, 50, 229, 230, 231]) {
    assert.deepEqual(await desk.everyPage(business, { limit }), wanted, `limit ${limit}`);
  }
  const seen = await desk.everyPage(business, { limit: 20 }, () =>
    storeHistory(desk.db, business, [randomCall(desk.random, now), randomCall(desk.random, now - 86400000 - 90000)]),
  );
  assert.equal(new Set(seen).size, seen.length);
  for (const id of wanted) assert.ok(seen.includes(id));
});

test("microseconds count: calls within one millisecond are not skipped", async () => {
  const business = await desk.addBusiness("Micro", "UTC");
  await desk.db.rows(
    `insert into calls (id, business_id, started_at)
     select gen_random_uuid(), $1, timestamptz '2026-11-20 10:00:00.123Z' + n * interval '1 microsecond' from generate_series(1, 30) n`,
    [business],
  );
  const wanted = await desk.db.rows("select id from calls where business_id = $1 order by started_at desc", [business]);
  assert.deepEqual(
    await desk.everyPage(business, { limit: 4, from: "2026-11-01", to: "2026-11-30" }),
    wanted.map((row) => row.id),
  );
});

test("a call without any time is listed by when it was first stored", async () => {
  const business = await desk.addBusiness("Timeless");
  const id = await desk.addCall(business, { started_at: null, ended_claim: null, status_rank: 0, has_report: false });
  const [call] = (await desk.list(business)).calls;
  assert.equal(call.id, id);
  assert.ok(Math.abs(Date.parse(call.listed_at) - Date.now()) < 60000);
  assert.deepEqual(
    [call.started_at, call.status, call.outcome, call.outcome_text],
    [null, "scheduled", null, "In progress"],
  );
});

test("filters: outcome, caller, period, alone and together", async () => {
  const business = await desk.addBusiness("Filters", "UTC");
  const history = randomHistory(desk.random, {
    count: 400,
    from: Date.UTC(2026, 8, 1),
    to: Date.UTC(2026, 9, 15),
    midnights: [],
  });
  await storeHistory(desk.db, business, history);
  const outcomes = [null, "handled", "spam,other", "in_progress,no_response", "booked", "'; drop table calls; --"];
  const callers = [null, "+12125550007", "0007", "125550007", "+1212555000", "9999", "%0007", "____"];
  const periods = [
    ["2026-09-01", "2026-10-15"],
    ["2026-09-10", "2026-09-12"],
    ["2026-09-12", "2026-09-10"],
  ];
  let some = 0;
  for (const outcome of outcomes) {
    for (const caller of callers) {
      for (const [from, to] of periods) {
        const wanted = history.filter((c) => {
          const date = localTime(c.at, "UTC").date;
          return (
            date >= from &&
            date <= to &&
            (!outcome || outcome.split(",").includes(c.outcome ?? "in_progress")) &&
            (!caller || (caller.startsWith("+") ? c.caller === caller : (c.caller ?? "").endsWith(caller)))
          );
        });
        const got = await desk.list(business, { from, to, outcome, caller, limit: 200 });
        const ids = wanted
          .sort((a, b) => b.at - a.at)
          .slice(0, 200)
          .map((c) => c.id);
        assert.deepEqual(
          got.calls.map((c) => c.id),
          ids,
          JSON.stringify({ outcome, caller, from, to }),
        );
        some += ids.length;
      }
    }
  }
  assert.ok(some > 300);
});

test("a row of the list: names, numbers, badge, booking", async () => {
  const business = await desk.addBusiness("Rows");
  const analysis = {
    structuredData: {
      reason: "  A crown\n",
      urgency: "Urgent",
      callerName: "Zoë Fern",
      callbackNumber: "+12125550188",
    },
  };
  const before = await desk.addCall(business, { minutes: 24 * 60 + 61 });
  const other = await desk.addCall(business, { minutes: 61 + 23 * 60 });
  const id = await desk.addCall(business, {
    summary: "About a crown.",
    analysis,
    recording_claim: "2https://recordings.example/1",
    reported_ended_at: "2026-11-20T10:01:00Z",
  });
  await desk.db.rows(
    `insert into bookings (business_id, call_id, tool_call_id, status, starts_at, created_at)
     values ($1, $2, $3, 'refused', null, now() - interval '1 minute'), ($1, $2, $4, 'confirmed', '2026-12-01T09:00:00Z', now())`,
    [business, id, crypto.randomUUID(), crypto.randomUUID()],
  );
  const { calls } = await desk.list(business, { from: addDays(localTime(Date.now(), "UTC").date, -5) });
  const { listed_at, started_at, ...row } = calls[0];
  assert.equal(listed_at, started_at);
  assert.deepEqual(row, {
    id,
    ended_at: "2026-11-20T10:01:00.000Z",
    duration_seconds: 60,
    caller_number: "+12125550101",
    called_number: "+12125550142",
    caller_name: "Zoë Fern",
    reason: "A crown",
    urgency: "high",
    status: "ended",
    outcome: "handled",
    outcome_text: "Handled by the AI",
    summary: "About a crown.",
    has_recording: true,
    has_report: true,
    repeat_caller: true,
    booking: {
      status: "confirmed",
      reason: "none",
      text: "Booked",
      promised: false,
      starts_at: "2026-12-01T09:00:00.000Z",
    },
  });
  assert.deepEqual(
    calls.map((c) => [c.id, c.repeat_caller]),
    [
      [id, true],
      [other, true],
      [before, false],
    ],
  );
});

test("what the analysis says counts only where it has the right form", async () => {
  const business = await desk.addBusiness("Forms");
  const odd = [
    { structuredData: { reason: { a: 1 }, urgency: "soon", callerName: 7, callbackNumber: "12125550188" } },
    { structuredData: ["reason", "urgency"] },
    { structuredData: "reason" },
    ["structuredData"],
    "structuredData",
    { structuredData: { reason: "   ", urgency: null, callerName: "", callbackNumber: "+1212555018x" } },
    { structuredData: { reason: null } },
  ];
  for (const analysis of odd) {
    const id = await desk.addCall(business, { analysis: JSON.stringify(analysis) });
    const call = await desk.ask("call_detail", id);
    assert.deepEqual([call.reason, call.urgency, call.caller_name, call.callback_number], [null, null, null, null]);
    assert.deepEqual(call.analysis, analysis);
  }
  const long = await desk.addCall(business, {
    analysis: JSON.stringify({ structuredData: { reason: "é".repeat(5000) } }),
  });
  assert.equal((await desk.ask("call_detail", long)).reason, "é".repeat(120));
  const intent = await desk.addCall(business, {
    analysis: JSON.stringify({ structuredData: { intent: "book_appointment" } }),
  });
  assert.equal((await desk.ask("call_detail", intent)).reason, "book appointment");
});

test("detail: transcript, events, other calls, bookings; never the recording's address", async () => {
  const business = await desk.addBusiness("Detail");
  const started = new Date("2026-11-20T10:00:00.500Z");
  const id = await desk.addCall(business, {
    started_at: started,
    said: ["Hello.", "I need a crown.", "When?"],
    cost: "0.4210",
    recording_claim: "2https://recordings.example/secret",
  });
  const others = [];
  for (let i = 0; i < 25; i++) others.push(await desk.addCall(business, { minutes: 100 + i }));
  await desk.addCall(business, { caller_claim: "3+12125550102" });
  await desk.db.rows(
    `insert into call_events (event_key, call_id, source, type, occurred_at, received_at, payload)
     select gen_random_uuid(), $1, case n % 2 when 0 then 'vapi' else 'twilio' end, 'status-update',
            $2::timestamptz + n * interval '1 second', $2::timestamptz + n * interval '1 second',
            case n % 2 when 0 then '{"message": {"status": "ended", "endedReason": "customer-ended-call"}}'::jsonb
                       else '{"CallStatus": "completed", "From": "+12125550101"}' end
     from generate_series(1, 510) n`,
    [id, started],
  );
  await desk.db.rows(
    `insert into bookings (business_id, call_id, tool_call_id, status, reason, error, service, created_at)
     values ($1, $2, 't1', 'refused', 'taken', 'full', 'a crown', now() - interval '1 minute'),
            ($1, $2, 't2', 'failed', 'unreachable', null, null, now())`,
    [business, id],
  );
  const call = await desk.ask("call_detail", id);
  assert.deepEqual(call.business, { id: business, name: "Detail", timezone: "America/New_York" });
  assert.deepEqual(
    call.transcript.map((u) => [u.role, u.said_at, u.offset_seconds, u.text, u.source]),
    [
      ["assistant", "2026-11-20T10:00:00.500Z", 0, "Hello.", "report"],
      ["user", "2026-11-20T10:00:01.500Z", 1, "I need a crown.", "report"],
      ["assistant", "2026-11-20T10:00:02.500Z", 2, "When?", "report"],
    ],
  );
  assert.deepEqual(
    [call.cost, call.has_recording, call.outcome_text, call.cause_text],
    ["0.4210", true, "Handled by the AI", "The caller hung up."],
  );
  assert.deepEqual([call.events.length, call.events_cut], [500, true]);
  assert.deepEqual(
    call.events.slice(0, 2).map((e) => [e.type, e.source, e.occurred_at, e.detail]),
    [
      ["status-update", "twilio", "2026-11-20T10:00:01.500Z", "completed"],
      ["status-update", "vapi", "2026-11-20T10:00:02.500Z", "ended: customer-ended-call"],
    ],
  );
  assert.deepEqual(
    call.caller_calls.map((c) => c.id),
    others.slice(0, 20),
  );
  assert.deepEqual(
    call.bookings.map((b) => [b.status, b.reason, b.text, b.error, b.service]),
    [
      ["failed", "unreachable", "Asked to book; the calendar could not be reached", null, null],
      ["refused", "taken", "Asked to book; that time was taken", "full", "a crown"],
    ],
    "the newest first",
  );
  assert.ok(!JSON.stringify(call).includes("recordings.example"));
  const [source] = await desk.reader.rows(claims(OWNER), "call_recording_source", id);
  assert.deepEqual(source, { provider_call_id: null, recording_url: "https://recordings.example/secret" });
});

test("of several attempts the list tells the best, then the newest", async () => {
  const business = await desk.addBusiness("Attempts");
  const id = await desk.addCall(business);
  const book = (status, reason, minutes) =>
    desk.db.rows(
      `insert into bookings (business_id, call_id, tool_call_id, status, reason, created_at)
       values ($1, $2, $3, $4, $5, now() + $6 * interval '1 minute')`,
      [business, id, crypto.randomUUID(), status, reason, minutes],
    );
  const told = async () => (await desk.list(business)).calls[0].booking.text;
  for (const [status, reason, minutes, text] of [
    ["refused", "past", 1, "Asked to book; that time was over"],
    ["refused", "off", 2, "Asked to book; booking is switched off"],
    ["refused", "taken", 0, "Asked to book; booking is switched off"],
    ["failed", "no_answer", -1, "Asked to book; the calendar did not answer"],
    ["asked", "none", -2, "Booking not certain yet"],
    ["pending", "none", -3, "Requested, to be confirmed in Cal.com"],
    ["confirmed", "none", -4, "Booked"],
  ]) {
    await book(status, reason, minutes);
    assert.equal(await told(), text);
  }
});

// Words of LABELS_BOOKING_REASON: src/base/metric.c.
test("each reason that a booking can have is said in words of its own", async () => {
  const source = fs.readFileSync(path.join(ROOT, "src/base/metric.c"), "utf8");
  const list = source.match(/\[LABELS_BOOKING_REASON\] = \{"reason", VALUES\(([^)]*)\)/)[1];
  const reasons = [...list.matchAll(/"(\w+)"/g)].map((match) => match[1]);
  assert.ok(reasons.length > 10 && reasons[0] === "none");
  const said = await desk.db.rows(
    "select private.booking_text(s, r) as text from unnest($1::text[]) r cross join unnest('{refused,failed}'::text[]) s",
    [reasons],
  );
  const texts = new Set(said.map((row) => row.text));
  assert.equal(texts.size, reasons.length);
  for (const text of texts) assert.match(text, /^Asked to book; [^;]{10,40}$/);
});

test("detail: nothing of others, of nobody, of what is not there", async () => {
  const mine = await desk.addCall(desk.first);
  const nobodys = await desk.addCall(null);
  for (const [user, id] of [
    [OTHER, mine],
    [OWNER, nobodys],
    [OWNER, crypto.randomUUID()],
    [NOBODY, mine],
  ]) {
    assert.equal(await desk.reader.json(claims(user), "call_detail", id), null);
    assert.deepEqual(await desk.reader.rows(claims(user), "call_recording_source", id), []);
  }
  assert.equal((await desk.reader.json(claims(STAFF), "call_detail", mine)).id, mine);
});

test("a caller who withholds the number has no other calls", async () => {
  const business = await desk.addBusiness("Withheld");
  const a = await desk.addCall(business, { caller_claim: "1anonymous" });
  await desk.addCall(business, { caller_claim: "1anonymous" });
  assert.deepEqual((await desk.ask("call_detail", a)).caller_calls, []);
  assert.deepEqual(
    (await desk.list(business)).calls.map((c) => c.repeat_caller),
    [false, false],
  );
});
