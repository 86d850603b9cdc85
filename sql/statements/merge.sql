-- Two rows turned out to be one call: first known by the provider's id alone, and by the CallSid alone. The statements run
-- as one unit: lock both rows, move what hangs on the second, fold it into the first.

-- name: merge_lock
-- role: ringback_ingest
select id from public.calls where id in ($1::text::uuid, $2::text::uuid) order by id for update

-- name: merge_move
-- role: ringback_ingest
with events as (
    update public.call_events set call_id = $1::text::uuid where call_id = $2::text::uuid
), bookings as (
    update public.bookings set call_id = $1::text::uuid where call_id = $2::text::uuid
), moved as (
    delete from public.call_utterances where call_id = $2::text::uuid returning *
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
-- The second row may be gone already, folded by another instance; what the event claims of the provider's id counts all the
-- same, because ingest_batch could not note it while two rows stood for it.
with gone as (
    delete from public.calls where id = $2::text::uuid returning *
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
    caller_spoke = c.caller_spoke or coalesce(g.caller_spoke, false),
    has_report = c.has_report or coalesce(g.has_report, false),
    said_reported = c.said_reported or coalesce(g.said_reported, false),
    booked = c.booked or coalesce(g.booked, false),
    updated_at = now()
from (select $1::text::uuid as id) k left join gone g on true
where c.id = k.id
