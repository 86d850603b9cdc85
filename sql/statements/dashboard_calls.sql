-- Calls: the list, one of them, its recording's source, the list as CSV. $n are text, null when absent; a business that
-- is not given is the first of mine, a period that is not given the last 30 days. Newest first, by listed_at and id; a
-- cursor is the last row's listed_at in microseconds since 1970 and its id. Filters that are absent are folded away by
-- the planner, which sees the values. A page reads the index calls_listed first and only then the rows it shows.

-- part: calls_shown
-- role: authenticated
-- Which calls the list and the export show, for the statements below: the one place that says what a filter finds.
-- $1 business, $2 from, $3 to, $4 outcomes, $5 words, $6 caller, $7 and $8 cursor, $9 limit, $10 urgencies, $11 reason,
-- $12 called, $13 recording, $14 shorter than, $15 longer than, $16 to call back
with b as materialized (
    select b.id, b.timezone
    from public.businesses b
-- include: business_asked
), asked as materialized (
    select b.id, b.timezone, private.day_start(coalesce($2::text::date, t.to_day - 29), b.timezone) as from_at,
           private.day_start(t.to_day + 1, b.timezone) as to_at
    from b, lateral (select coalesce($3::text::date, (now() at time zone b.timezone)::date) as to_day) t
), unanswered as materialized (
    -- As in overview: missed, and the caller was neither answered nor ticked off since, up to now.
    select s.id
    from (select c.id, c.outcome, c.caller_number, c.listed_at,
                 max(c.listed_at) filter (where private.is_answered(c.outcome))
                     over (partition by c.caller_number) as answered_at
          from public.calls c
          where $16::text is not null and c.business_id = (select id from asked)
            and c.listed_at >= (select from_at from asked)) s
    left join public.call_backs k on k.business_id = (select id from asked) and k.caller_number = s.caller_number
    where private.is_to_call_back(s.outcome, s.caller_number, s.listed_at, s.answered_at, k.done_at)
), page as materialized (
    select c.id, c.listed_at
    from public.calls c
    where c.business_id = (select id from asked)
      and c.listed_at >= (select from_at from asked) and c.listed_at < (select to_at from asked)
      and ($7::text is null or (c.listed_at, c.id) < (private.from_microseconds($7::text), $8::text::uuid))
      and ($4::text is null or coalesce(c.outcome, 'in_progress') = any (string_to_array($4::text, ',')))
      and ($6::text is null or case when $6::text like '+%' then c.caller_number = $6::text
                                    else right(c.caller_number, length($6::text)) = $6::text end)
      and ($10::text is null or coalesce(c.urgency, 'unknown') = any (string_to_array($10::text, ',')))
      and ($11::text is null or lower(c.reason) = lower($11::text))
      and ($12::text is null or c.called_number = $12::text)
      and ($13::text is null or c.recording_url is not null)
      and ($14::text is null or c.duration_seconds < $14::text::numeric)
      and ($15::text is null or c.duration_seconds > $15::text::numeric)
      and ($16::text is null or c.id in (select u.id from unanswered u))
      and (coalesce($5::text, '') = '' or c.id in (
          select s.id
          from asked a
          cross join lateral private.search_calls(
              a.id, $5::text, a.from_at, least(a.to_at, private.from_microseconds($7::text) + interval '1 microsecond'),
              private.from_microseconds($7::text),
              -- So many are enough only if every one that is found is shown.
              case when coalesce($4::text, $6::text, $10::text, $11::text, $12::text, $13::text, $14::text, $15::text,
                                 $16::text) is null then coalesce($9::text::int, 50) + 1 end) s (id)))
    order by c.listed_at desc, c.id desc
    limit coalesce($9::text::int, 50) + 1
), shown as materialized (
    select p.id, p.listed_at from page p order by p.listed_at desc, p.id desc limit coalesce($9::text::int, 50)
)

-- name: calls_list
-- role: authenticated
-- include: calls_shown
select json_build_object(
    'calls', private.listed_calls(array(select id from shown)),
    'next_cursor', (select private.microseconds(l.listed_at) || '.' || l.id
                    from (select s.listed_at, s.id from shown s order by s.listed_at, s.id limit 1) l
                    where (select count(*) from page) > (select count(*) from shown))) as json
from asked

-- name: call_detail
-- role: authenticated
-- $1 call
select json_build_object(
    'id', c.id,
    'business', (select json_build_object('id', b.id, 'name', b.name, 'timezone', b.timezone)
                 from public.businesses b where b.id = c.business_id),
    'listed_at', private.rfc3339(c.listed_at), 'started_at', private.rfc3339(c.started_at),
    'ended_at', private.rfc3339(c.ended_at), 'duration_seconds', c.duration_seconds,
    'caller_number', c.caller_number, 'called_number', c.called_number, 'callback_number', c.callback_number,
    'caller_name', c.caller_name, 'reason', c.reason, 'urgency', c.urgency,
    'status', c.status, 'outcome', c.outcome, 'outcome_text', private.outcome_text(c.outcome),
    'ended_reason', c.ended_reason, 'cause_text', private.cause_text(c.ended_reason),
    'summary', c.summary, 'analysis', c.analysis, 'cost', c.cost::text,
    'has_report', c.has_report, 'has_recording', c.recording_url is not null,
    -- The rule of overview over the last 90 days.
    'to_call_back', case when c.caller_number like '+%' then exists (
        select
        from (select o.outcome, o.listed_at,
                     max(o.listed_at) filter (where private.is_answered(o.outcome)) over () as answered_at
              from public.calls o
              where o.business_id = c.business_id and o.caller_number = c.caller_number
                and o.listed_at >= now() - interval '90 days') o
        left join public.call_backs k on k.business_id = c.business_id and k.caller_number = c.caller_number
        where private.is_to_call_back(o.outcome, c.caller_number, o.listed_at, o.answered_at, k.done_at)) end,
    'transcript', coalesce((
        select json_agg(json_build_object(
            'role', u.role, 'said_at', private.rfc3339(u.said_at),
            'offset_seconds', round(extract(epoch from u.said_at - c.started_at), 3), 'text', u.text, 'source', u.source)
            order by u.said_at nulls last, u.role, u.utterance_key)
        from public.call_utterances u where u.call_id = c.id), '[]'),
    'events', coalesce((
        select json_agg(json_build_object(
            'type', e.type, 'source', e.source, 'occurred_at', private.rfc3339(e.occurred_at),
            'received_at', private.rfc3339(e.received_at),
            -- Small messages only: a report's is large, and what it says is above.
            'detail', left(case
                when e.source = 'twilio' then coalesce(e.payload ->> 'DialCallStatus', e.payload ->> 'RecordingStatus',
                                                       e.payload ->> 'CallStatus')
                when e.type = 'status-update' then nullif(concat_ws(': ', e.payload #>> '{message,status}',
                                                                    e.payload #>> '{message,endedReason}'), '')
                when e.type = 'transcript' then e.payload #>> '{message,role}'
                when e.type = 'tool-calls' then coalesce(e.payload #>> '{message,toolCallList,0,function,name}',
                                                         e.payload #>> '{message,toolCallList,0,name}') end, 200))
            order by e.occurred_at nulls last, e.received_at, e.id)
        from (select * from public.call_events e where e.call_id = c.id
              order by e.occurred_at nulls last, e.received_at, e.id limit 500) e), '[]'),
    'events_cut', (select count(*) > 500 from (select from public.call_events e where e.call_id = c.id limit 501) e),
    'caller_calls', coalesce((
        select json_agg(json_build_object(
            'id', o.id, 'listed_at', private.rfc3339(o.listed_at), 'duration_seconds', o.duration_seconds,
            'status', o.status, 'outcome', o.outcome, 'outcome_text', private.outcome_text(o.outcome), 'reason', o.reason)
            order by o.listed_at desc, o.id desc)
        from (select o.id, o.listed_at, o.duration_seconds, o.status, o.outcome, o.reason
              from public.calls o
              where o.business_id = c.business_id and o.caller_number = c.caller_number and o.caller_number like '+%'
                and o.id <> c.id
              order by o.listed_at desc, o.id desc limit 20) o), '[]'),
    'bookings', coalesce((
        select json_agg(json_build_object(
            'id', k.id, 'status', k.status, 'reason', k.reason, 'text', private.booking_text(k.status, k.reason),
            'promised', k.promised, 'starts_at', private.rfc3339(k.starts_at), 'attendee_name', k.attendee_name,
            'attendee_email', k.attendee_email, 'attendee_phone', k.attendee_phone, 'service', k.service,
            'error', k.error, 'created_at', private.rfc3339(k.created_at)) order by k.created_at desc, k.id desc)
        from public.bookings k where k.call_id = c.id), '[]')) as json
from public.calls c
where c.id = $1::text::uuid

-- name: call_recording_source
-- role: authenticated
-- $1 call. For the relay alone: the URL goes to nobody.
select c.provider_call_id, c.recording_url from public.calls c where c.id = $1::text::uuid

-- name: calls_csv_head
-- role: authenticated
select E'time,caller,called,name,reason,outcome,urgency,seconds,booking,appointment,summary,call\r\n' as csv

-- name: calls_csv
-- role: authenticated
-- A page of lines, and the cursor behind it. Times are the business's own.
-- include: calls_shown
, last as (
    select s.listed_at, s.id
    from (select s.listed_at, s.id from shown s order by s.listed_at, s.id limit 1) s
    where (select count(*) from page) > (select count(*) from shown)
)
select coalesce((
        select string_agg(concat_ws(',',
            private.csv_cell(to_char(c.listed_at at time zone a.timezone, 'YYYY-MM-DD HH24:MI:SS')),
            private.csv_cell(c.caller_number), private.csv_cell(c.called_number), private.csv_cell(c.caller_name),
            private.csv_cell(c.reason), private.csv_cell(private.outcome_text(c.outcome)), private.csv_cell(c.urgency),
            private.csv_cell(round(c.duration_seconds)::text), private.csv_cell(k.text),
            private.csv_cell(to_char(k.starts_at at time zone a.timezone, 'YYYY-MM-DD HH24:MI')),
            private.csv_cell(c.summary), private.csv_cell(c.id::text))
            || E'\r\n', '' order by c.listed_at desc, c.id desc)
        from shown s
        join public.calls c on c.id = s.id
        left join lateral (
            select private.booking_text(k.status, k.reason) as text, k.starts_at
            from public.bookings k where k.call_id = c.id
            order by private.booking_rank(k.status), k.created_at desc, k.id desc limit 1) k on true), '') as csv,
    (select private.microseconds(listed_at) from last) as next_us,
    (select id::text from last) as next_id
from asked a
