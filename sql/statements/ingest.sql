-- name: ingest_batch
-- role: ringback_ingest
-- Stores events and joins what they say into their calls' rows. One row of the arrays is one event.
-- A call is found by its CallSid, else by the provider's id; a new one gets an id made from the same. A row that was made from
-- the provider's id alone, before its CallSid was known, is told as a split: sql/statements/merge.sql makes one of the two.
with e as materialized (
    select *
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::jsonb[],
                $9::int2[], $10::text[], $11::text[], $12::int2[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[],
                $16::text[], $17::float8[], $18::float8[], $19::text[], $20::jsonb[], $21::text[], $22::float8[], $23::bool[],
                $24::bool[], $25::bool[])
        as t (event_key, source, type, pid, sid, occurred_at, received_at, payload, pid_rank, caller_claim, called_claim,
              status_rank, started_at, reported_ended_at, seen_ended_at, ended_claim, reported_seconds, carrier_seconds,
              summary, analysis, recording_claim, cost, caller_spoke, has_report, said_reported)
), found as materialized (
    select e.*, by_pid.id as pid_id, by_pid.twilio_call_sid as pid_sid,
           case when e.sid is not null then coalesce(by_sid.id, md5('twilio:' || e.sid)::uuid)
                else coalesce(by_pid.id, md5('vapi:' || e.pid)::uuid) end as call_id
    from e
    left join public.calls by_sid on by_sid.twilio_call_sid = e.sid
    left join public.calls by_pid on by_pid.provider_call_id = e.pid
), stored as (
    insert into public.call_events (event_key, call_id, source, type, occurred_at, received_at, payload)
    select event_key, call_id, source, type, occurred_at, received_at, payload from found
    order by event_key -- the same order everywhere: no deadlocks
    on conflict (event_key) do nothing
    returning 1
), said as (
    select call_id,
           max(case when pid is not null and (pid_id is null or pid_id = call_id) then pid_rank || pid end collate "C") as provider_claim,
           max(sid) as sid, max(caller_claim collate "C") as caller_claim, max(called_claim collate "C") as called_claim,
           max(status_rank) as status_rank, min(started_at) as started_at, max(reported_ended_at) as reported_ended_at,
           min(seen_ended_at) as seen_ended_at, max(ended_claim collate "C") as ended_claim,
           max(reported_seconds) as reported_seconds, max(carrier_seconds) as carrier_seconds,
           max(summary collate "C") as summary,
           (array_agg(analysis order by analysis desc) filter (where analysis is not null))[1] as analysis,
           max(recording_claim collate "C") as recording_claim, max(cost) as cost,
           bool_or(caller_spoke) as caller_spoke, bool_or(has_report) as has_report, bool_or(said_reported) as said_reported
    from found
    where call_id is not null
    group by call_id
), joined as (
    insert into public.calls as c (id, business_id, provider_claim, twilio_call_sid, caller_claim, called_claim, status_rank,
                                   started_at, reported_ended_at, seen_ended_at, ended_claim, reported_seconds,
                                   carrier_seconds, summary, analysis, recording_claim, cost, caller_spoke, has_report,
                                   said_reported)
    select call_id, b.business_id, provider_claim, sid, caller_claim, called_claim, status_rank, started_at, reported_ended_at,
           seen_ended_at, ended_claim, reported_seconds, carrier_seconds, summary, analysis, recording_claim, cost,
           caller_spoke, has_report, said_reported
    from said
    left join public.business_phones b on b.phone = substr(said.called_claim, 2) collate "default" -- its index's collation
    order by call_id
    on conflict (id) do update set
        business_id = private.better_business(c.called_claim, c.business_id, excluded.called_claim, excluded.business_id),
        provider_claim = greatest(c.provider_claim, excluded.provider_claim),
        twilio_call_sid = coalesce(c.twilio_call_sid, excluded.twilio_call_sid),
        caller_claim = greatest(c.caller_claim, excluded.caller_claim),
        called_claim = greatest(c.called_claim, excluded.called_claim),
        status_rank = greatest(c.status_rank, excluded.status_rank),
        started_at = least(c.started_at, excluded.started_at),
        reported_ended_at = greatest(c.reported_ended_at, excluded.reported_ended_at),
        seen_ended_at = least(c.seen_ended_at, excluded.seen_ended_at),
        ended_claim = greatest(c.ended_claim, excluded.ended_claim),
        reported_seconds = greatest(c.reported_seconds, excluded.reported_seconds),
        carrier_seconds = greatest(c.carrier_seconds, excluded.carrier_seconds),
        summary = greatest(c.summary, excluded.summary),
        analysis = greatest(c.analysis, excluded.analysis),
        recording_claim = greatest(c.recording_claim, excluded.recording_claim),
        cost = greatest(c.cost, excluded.cost),
        caller_spoke = c.caller_spoke or excluded.caller_spoke,
        has_report = c.has_report or excluded.has_report,
        said_reported = c.said_reported or excluded.said_reported,
        updated_at = now()
    -- Most events add nothing to the row: then it is locked, and not written again.
    where (c.business_id, c.twilio_call_sid, c.provider_claim, c.caller_claim, c.called_claim, c.status_rank, c.started_at,
           c.reported_ended_at, c.seen_ended_at, c.ended_claim, c.reported_seconds, c.carrier_seconds, c.summary, c.analysis,
           c.recording_claim, c.cost, c.caller_spoke, c.has_report, c.said_reported)
        is distinct from
          (private.better_business(c.called_claim, c.business_id, excluded.called_claim, excluded.business_id),
           coalesce(c.twilio_call_sid, excluded.twilio_call_sid),
           greatest(c.provider_claim, excluded.provider_claim),
           greatest(c.caller_claim, excluded.caller_claim),
           greatest(c.called_claim, excluded.called_claim),
           greatest(c.status_rank, excluded.status_rank),
           least(c.started_at, excluded.started_at),
           greatest(c.reported_ended_at, excluded.reported_ended_at),
           least(c.seen_ended_at, excluded.seen_ended_at),
           greatest(c.ended_claim, excluded.ended_claim),
           greatest(c.reported_seconds, excluded.reported_seconds),
           greatest(c.carrier_seconds, excluded.carrier_seconds),
           greatest(c.summary, excluded.summary),
           greatest(c.analysis, excluded.analysis),
           greatest(c.recording_claim, excluded.recording_claim),
           greatest(c.cost, excluded.cost),
           c.caller_spoke or excluded.caller_spoke,
           c.has_report or excluded.has_report,
           c.said_reported or excluded.said_reported)
    returning c.business_id, c.xmax = 0 as is_new
)
-- First row: events stored, calls that belong to nobody. Kind 1: splits, as the row to keep, the row to lose, and what the
-- event claims of the provider's id. Kind 2: the calls that were spoken of, to be told; also of events that were here already,
-- because whoever stored them may have ended before it told.
select 0 as kind, (select count(*) from stored)::text, (select count(*) from joined where business_id is null and is_new)::text, null
union all
select 1, call_id::text, pid_id::text, max(pid_rank || pid collate "C")
from found
where pid_id <> call_id and pid_sid is null
group by call_id, pid_id
union all
select 2, string_agg(call_id::text, ','), null, null from said having count(*) > 0
order by kind

-- name: ingest_utterances
-- role: ringback_ingest
-- What was said. A report's list replaces what transcripts told and has the last word over those that come after it.
-- Runs behind ingest_batch, which holds the locks of the calls' rows: of two batches the later one sees the earlier.
with u as materialized (
    select v.call_id, c.said_reported, t.*
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::bool[])
        as t (event_key, utterance_key, role, said_at, text, reported)
    join public.call_events v on v.event_key = t.event_key
    join public.calls c on c.id = v.call_id
), reports as materialized (
    select distinct call_id from u where reported
), told as (
    delete from public.call_utterances d using reports r where d.call_id = r.call_id and d.source = 'transcript'
)
insert into public.call_utterances (call_id, utterance_key, role, said_at, text, source)
select call_id, utterance_key, role, said_at, text, case when reported then 'report' else 'transcript' end
from u
where case when reported
           then not exists (select from public.call_utterances x where x.call_id = u.call_id and x.source = 'report')
           else not said_reported end
on conflict do nothing

-- name: dead_letter_insert
-- role: ringback_ingest
insert into public.dead_letters (source, reason, body, letter_key) values ($1::text, $2::text, $3::bytea, $4::bytea)
on conflict (letter_key) do nothing
