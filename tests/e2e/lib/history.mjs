// Random histories of calls, and the numbers of a period worked out from them without SQL.
import crypto from "node:crypto";

/** Reasons, and what they make of a call that had a talk. */
export const REASONS = {
  "customer-ended-call": "handled",
  "assistant-said-end-call-phrase": "handled",
  "assistant-forwarded-call": "transferred",
  "silence-timed-out": "no_response",
  "exceeded-max-duration": "cut_off",
  "pipeline-error-openai-llm-failed": "technical_error",
  "call.start.error-get-assistant": "ai_unavailable",
  "call.forwarding.operator-busy": "transfer_not_answered",
  "twilio.no-answer": "hung_up_early",
  "twilio-reported-customer-misdialed": "spam",
  "some-new-reason": "other",
};
export const ANSWERED = new Set(["handled", "transferred", "booked"]);
export const MISSED = new Set([
  "hung_up_early",
  "no_response",
  "transfer_not_answered",
  "ai_unavailable",
  "technical_error",
]);
const WHY = [
  "Appointment",
  "appointment",
  "Price of a crown",
  "Directions",
  "Insurance",
  "Refund",
  "Job",
  "Pain",
  "Lost",
];

const pick = (random, list) => list[Math.floor(random() * list.length)];

/** A call in milliseconds; `at` is when it is listed. */
export function randomCall(random, at) {
  const reason = random() < 0.04 ? null : pick(random, Object.keys(REASONS));
  const number = `+1212555${String(Math.floor(random() * 30)).padStart(4, "0")}`;
  return {
    id: crypto.randomUUID(),
    at,
    timed: random() < 0.9 || !reason ? "started" : "ended",
    caller: random() < 0.1 ? pick(random, [null, "anonymous"]) : number,
    ended: reason !== null,
    reason,
    outcome: reason ? REASONS[reason] : null,
    seconds: reason && random() < 0.9 ? 15 + Math.floor(random() * 300000) / 1000 : null,
    hasReport: reason !== null && random() < 0.8,
    why: random() < 0.6 ? pick(random, WHY) : null,
    urgency: random() < 0.4 ? pick(random, ["high", "normal", "low"]) : null,
  };
}

/** Half of them anywhere, half within some hours of the local midnights of `days`. */
export function randomHistory(random, { count, from, to, midnights }) {
  return Array.from({ length: count }, (_, i) => {
    const near = i % 2 && midnights.length;
    const at = near ? pick(random, midnights) + (random() - 0.5) * 6 * 3600000 : from + random() * (to - from);
    return randomCall(random, Math.round(at));
  });
}

export async function storeHistory(db, business, calls) {
  await db.rows(
    `insert into calls (id, business_id, caller_claim, called_claim, status_rank, ended_claim, started_at, seen_ended_at,
                        reported_seconds, analysis, caller_spoke, has_report)
     select (c ->> 'id')::uuid, $1, '3' || (c ->> 'caller'), '3+12125550142', case when (c -> 'ended')::bool then 5 else 3 end,
            '5' || (c ->> 'reason'),
            case when c ->> 'timed' = 'started' then to_timestamp((c ->> 'at')::numeric / 1000) end,
            case when c ->> 'timed' = 'ended' then to_timestamp((c ->> 'at')::numeric / 1000) end,
            (c ->> 'seconds')::numeric,
            jsonb_build_object('structuredData', jsonb_build_object('reason', c -> 'why', 'urgency', c -> 'urgency',
                                                                    'callerName', c -> 'name', 'callbackNumber', c -> 'callback')),
            true, (c -> 'hasReport')::bool
     from jsonb_array_elements($2::jsonb) c`,
    [business, JSON.stringify(calls)],
  );
}

const clocks = new Map();

/** Local date, weekday (Monday is 0) and hour, by the time zone data of this program and not by Postgres's. */
export function localTime(ms, zone) {
  if (!clocks.has(zone)) {
    const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", weekday: "short" };
    clocks.set(zone, new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", ...parts }));
  }
  const part = Object.fromEntries(
    clocks
      .get(zone)
      .formatToParts(ms)
      .map((p) => [p.type, p.value]),
  );
  return {
    date: `${part.year}-${part.month}-${part.day}`,
    weekday: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(part.weekday),
    hour: Number(part.hour),
  };
}

export function addDays(date, days) {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86400000).toISOString().slice(0, 10);
}

const isNumber = (caller) => caller !== null && caller.startsWith("+");

/** Callers whose last missed call of these was not followed by an answered one of `all`. */
function toCallBack(calls, all) {
  const missed = new Map();
  for (const call of calls) {
    if (isNumber(call.caller) && MISSED.has(call.outcome)) {
      missed.set(call.caller, Math.max(call.at, missed.get(call.caller) ?? -Infinity));
    }
  }
  for (const call of all) {
    if (ANSWERED.has(call.outcome) && missed.has(call.caller) && call.at > missed.get(call.caller))
      missed.delete(call.caller);
  }
  return missed;
}

function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  return low + (sorted[Math.ceil(at)] - low) * (at - Math.floor(at));
}

function numbersOf(calls, all) {
  const lengths = calls.filter((c) => c.outcome && c.outcome !== "spam" && c.seconds !== null).map((c) => c.seconds);
  const rated = calls.filter((c) => c.outcome && c.outcome !== "spam").length;
  const answered = calls.filter((c) => ANSWERED.has(c.outcome)).length;
  const again = calls.filter(
    (c) =>
      isNumber(c.caller) &&
      all.some((o) => o.caller === c.caller && o.id !== c.id && o.at < c.at && o.at >= c.at - 24 * 3600000),
  );
  return {
    calls: calls.length,
    unique_callers: new Set(calls.filter((c) => isNumber(c.caller)).map((c) => c.caller)).size,
    answered,
    missed: calls.filter((c) => MISSED.has(c.outcome)).length,
    to_call_back: toCallBack(calls, all).size,
    average_seconds: lengths.length ? lengths.reduce((sum, s) => sum + s, 0) / lengths.length : null,
    p90_seconds: lengths.length ? percentile(lengths, 0.9) : null,
    answer_rate: rated ? answered / rated : null,
    ai_minutes: calls.filter((c) => c.hasReport).reduce((sum, c) => sum + (c.seconds ?? 0), 0) / 60,
    repeat_callers: new Set(again.map((c) => c.caller)).size,
    spam: calls.filter((c) => c.outcome === "spam").length,
  };
}

const tally = (items) => {
  const out = {};
  for (const item of items) out[item] = (out[item] ?? 0) + 1;
  return out;
};

/** What the overview must say of the local days from..to. */
export function overviewOf(all, zone, from, to) {
  const days = (Date.parse(to) - Date.parse(from)) / 86400000 + 1;
  const before = addDays(from, -days);
  const dated = all.map((call) => ({ ...call, ...localTime(call.at, zone) }));
  const now = dated.filter((c) => c.date >= from && c.date <= to);
  const then = dated.filter((c) => c.date >= before && c.date < from);
  const byHour = Array.from({ length: 7 }, () => Array(24).fill(0));
  for (const call of now) byHour[call.weekday][call.hour]++;
  const missedBy = toCallBack(now, all);
  return {
    days,
    before,
    now: numbersOf(now, all),
    then: numbersOf(then, all),
    byDay: Array.from({ length: days }, (_, i) => {
      const date = addDays(from, i);
      return { date, outcomes: tally(now.filter((c) => c.date === date).map((c) => c.outcome ?? "in_progress")) };
    }),
    byHour,
    outcomes: tally(now.map((c) => c.outcome ?? "in_progress")),
    reasons: tally(now.filter((c) => c.why).map((c) => c.why.toLowerCase())),
    urgencies: tally(now.map((c) => c.urgency ?? "unknown")),
    callBack: missedBy,
    ended: now.filter((c) => c.outcome).length,
    withReport: now.filter((c) => c.outcome && c.hasReport).length,
  };
}
