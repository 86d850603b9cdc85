-- Two rows turned out to be one call: first known by the provider's id alone, and by the CallSid alone. The statements run
-- as one unit: lock both rows, move what hangs on the second, fold it into the first. A second row that has got a CallSid of
-- its own meanwhile is another call and stays.

-- name: merge_lock
-- role: ringback_ingest
select id from public.calls where id in ($1::text::uuid, $2::text::uuid) order by id for update

-- name: merge_move
-- role: ringback_ingest
with events as (
    update public.call_events set call_id = $1::text::uuid
    where call_id = (select id from public.calls where id = $2::text::uuid and twilio_call_sid is null)
), moved as (
    delete from public.call_utterances
    where call_id = (select id from public.calls where id = $2::text::uuid and twilio_call_sid is null)
    returning *
)
insert into public.call_utterances (call_id, utterance_key, role, said_at, text, source)
select $1::text::uuid, utterance_key, role, said_at, text, source from moved
on conflict do nothing

-- name: merge_tidy
-- role: ringback_ingest
delete from public.call_utterances d
where d.call_id = $1::text::uuid and d.source = 'transcript'
  and exists (select from public.call_utterances r where r.call_id = $1::text::uuid and r.source = 'report')

-- name: merge_fold
-- role: ringback_ingest
with gone as (
    delete from public.calls where id = $2::text::uuid and twilio_call_sid is null returning *
)
update public.calls c set
    business_id = private.better_business(c.called_claim, c.business_id, g.called_claim, g.business_id),
    provider_claim = greatest(c.provider_claim, g.provider_claim, $3::text),
    caller_claim = greatest(c.caller_claim, g.caller_claim),
    called_claim = greatest(c.called_claim, g.called_claim),
    status_rank = greatest(c.status_rank, g.status_rank),
    started_at = least(c.started_at, g.started_at),
    reported_ended_at = greatest(c.reported_ended_at, g.reported_ended_at),
    seen_ended_at = least(c.seen_ended_at, g.seen_ended_at),
    ended_claim = greatest(c.ended_claim, g.ended_claim),
    reported_seconds = greatest(c.reported_seconds, g.reported_seconds),
    carrier_seconds = greatest(c.carrier_seconds, g.carrier_seconds),
    summary = greatest(c.summary, g.summary),
    analysis = greatest(c.analysis, g.analysis),
    recording_claim = greatest(c.recording_claim, g.recording_claim),
    cost = greatest(c.cost, g.cost),
    caller_spoke = c.caller_spoke or g.caller_spoke,
    has_report = c.has_report or g.has_report,
    said_reported = c.said_reported or g.said_reported,
    updated_at = now()
from gone g
where c.id = $1::text::uuid
