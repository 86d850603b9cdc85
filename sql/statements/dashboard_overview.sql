-- Who am I, and the numbers of a period. The claims of the unit say who asks; row-level security decides what there is.
-- $n are text, null when absent; a business that is not given is the first of mine.

-- name: me
-- role: authenticated
select json_build_object(
    'user', json_build_object('id', auth.uid(), 'email', auth.jwt() ->> 'email'),
    'businesses', coalesce((
        select json_agg(json_build_object('id', b.id, 'name', b.name, 'timezone', b.timezone, 'role', u.role)
                        order by b.created_at, b.id)
        from public.business_users u join public.businesses b on b.id = u.business_id), '[]')) as json

-- name: overview
-- role: authenticated
-- $1 business, $2 from, $3 to. What each number counts is in "definitions", for the page to show.
--   the period           the local days from..to of the business; the previous one is as many days just before
--   a caller             a number in E.164; who withholds it is a call, and no caller
--   an ended call        one with an outcome; missed and answered are the outcomes of "words"
with b as materialized (
    select b.id, b.name, b.timezone, b.calcom_enabled
    from public.businesses b
-- include: business_asked
), asked as materialized (
    select b.*, p.*, p.to_day - p.from_day + 1 as days, p.from_day - (p.to_day - p.from_day + 1) as before_day
    from b
    cross join lateral (select coalesce($3::text::date, (now() at time zone b.timezone)::date) as to_day) t
    cross join lateral (select coalesce($2::text::date, t.to_day - 29) as from_day, t.to_day) p
), border as materialized (
    select private.day_start(before_day, timezone) as before_at, private.day_start(from_day, timezone) as from_at,
           private.day_start(to_day + 1, timezone) as to_at
    from asked
), seen as materialized (
    -- Two periods, and the day before them, which says who calls again.
    select c.id, c.listed_at, c.outcome, c.duration_seconds, c.reason, c.urgency, c.has_report,
           c.listed_at at time zone (select timezone from asked) as local_time,
           case when c.caller_number like '+%' then c.caller_number end as caller,
           private.is_answered(c.outcome) as answered, private.is_missed(c.outcome) as missed,
           c.listed_at >= (select from_at from border) as is_current,
           c.listed_at >= (select before_at from border) as is_counted,
           c.listed_at - lag(c.listed_at) over (of_caller order by c.listed_at, c.id) <= interval '24 hours' as is_repeat,
           max(c.listed_at) filter (where private.is_answered(c.outcome)) over of_caller as answered_at
    from public.calls c
    where c.business_id = (select id from asked)
      and c.listed_at >= (select before_at - interval '24 hours' from border) and c.listed_at < (select to_at from border)
    window of_caller as (partition by c.caller_number)
), later as materialized (
    select distinct c.caller_number as caller
    from public.calls c
    where c.business_id = (select id from asked) and c.listed_at >= (select to_at from border)
      and private.is_answered(c.outcome) and c.caller_number is not null
), unanswered as materialized (
    -- Missed, and neither answered nor ticked off since: of each period, as it looks now.
    select s.id, s.listed_at, s.caller, s.urgency, s.is_current
    from seen s
    left join public.call_backs k on k.business_id = (select id from asked) and k.caller_number = s.caller
    where s.is_counted and private.is_to_call_back(s.outcome, s.caller, s.listed_at, s.answered_at, k.done_at)
      and s.caller not in (select l.caller from later l)
), booked as materialized (
    select count(*) filter (where k.created_at >= o.from_at) as now,
           count(*) filter (where k.created_at < o.from_at) as before
    from border o
    join public.bookings k on k.business_id = (select id from asked) and k.created_at >= o.before_at
                          and k.created_at < o.to_at
    where k.status = 'confirmed'
), counted as materialized (
    select p.is_current, count(s.id) as calls, count(distinct s.caller) as unique_callers,
           count(*) filter (where s.answered) as answered, count(*) filter (where s.missed) as missed,
           count(*) filter (where s.outcome = 'booked') as with_booking,
           count(*) filter (where s.outcome = 'spam') as spam, count(*) filter (where s.outcome <> 'spam') as rated,
           round(avg(s.duration_seconds) filter (where s.outcome <> 'spam'), 1) as average_seconds,
           round((percentile_cont(0.9) within group (order by s.duration_seconds)
                  filter (where s.outcome <> 'spam'))::numeric, 1) as p90_seconds,
           round(coalesce(sum(s.duration_seconds) filter (where s.has_report), 0) / 60, 1) as ai_minutes,
           count(distinct s.caller) filter (where s.is_repeat) as repeat_callers,
           count(*) filter (where s.outcome is not null) as ended,
           count(*) filter (where s.outcome is not null and s.has_report) as with_report,
           (select count(distinct u.caller) from unanswered u where u.is_current = p.is_current) as to_call_back
    from (values (true), (false)) p (is_current)
    left join seen s on s.is_current = p.is_current and s.is_counted
    group by p.is_current
), tiles as (
    select json_object_agg(v.name, json_build_object('value', v.now, 'previous', v.before) order by v.at) as tiles
    from counted n
    join counted p on n.is_current and not p.is_current
    cross join booked k
    cross join asked a
    cross join lateral (values
        (1, 'calls', n.calls::numeric, p.calls::numeric),
        (2, 'unique_callers', n.unique_callers, p.unique_callers),
        (3, 'answered', n.answered, p.answered),
        (4, 'missed', n.missed, p.missed),
        (5, 'to_call_back', n.to_call_back, p.to_call_back),
        (6, 'average_seconds', n.average_seconds, p.average_seconds),
        (7, 'p90_seconds', n.p90_seconds, p.p90_seconds),
        (8, 'answer_rate', round(n.answered / nullif(n.rated, 0)::numeric, 4),
         round(p.answered / nullif(p.rated, 0)::numeric, 4)),
        (9, 'ai_minutes', n.ai_minutes, p.ai_minutes),
        (10, 'repeat_callers', n.repeat_callers, p.repeat_callers),
        (11, 'spam', n.spam, p.spam),
        (12, 'bookings', k.now, k.before),
        (13, 'booking_rate', round(n.with_booking / nullif(n.rated, 0)::numeric, 4),
         round(p.with_booking / nullif(p.rated, 0)::numeric, 4))) v (at, name, now, before)
    -- A business that does not book has nothing to count.
    where v.at < 12 or a.calcom_enabled
), per_day as materialized (
    select local_time::date as day, coalesce(outcome, 'in_progress') as outcome,
           count(*) as calls
    from seen
    where is_current
    group by 1, 2
), by_day as (
    select json_agg(json_build_object('date', d.day, 'outcomes', coalesce(o.outcomes, '{}')) order by d.day) as by_day
    from (select generate_series(from_day, to_day, interval '1 day')::date as day from asked) d
    left join (select day, json_object_agg(outcome, calls order by outcome) as outcomes from per_day group by day) o
        using (day)
), per_hour as materialized (
    select extract(isodow from local_time)::int as weekday, extract(hour from local_time)::int as hour, count(*) as calls
    from seen
    where is_current
    group by 1, 2
), by_hour as (
    select json_agg(hours order by weekday) as by_hour
    from (select w.weekday, json_agg(coalesce(h.calls, 0) order by o.hour) as hours
          from generate_series(1, 7) w (weekday) cross join generate_series(0, 23) o (hour)
          left join per_hour h on h.weekday = w.weekday and h.hour = o.hour
          group by w.weekday) rows
), outcomes as (
    select json_object_agg(w.outcome, coalesce(o.calls, 0) order by w.at) as outcomes
    from unnest(array['handled', 'booked', 'transferred', 'hung_up_early', 'no_response', 'transfer_not_answered',
                      'ai_unavailable', 'technical_error', 'cut_off', 'spam', 'other', 'in_progress'])
        with ordinality w (outcome, at)
    left join (select outcome, sum(calls) as calls from per_day group by outcome) o using (outcome)
), reasons as (
    select coalesce(json_agg(json_build_object('reason', reason, 'calls', calls) order by calls desc, reason), '[]')
               as reasons
    from (select min(reason) as reason, count(*) as calls from seen where is_current and reason is not null
          group by lower(reason) order by count(*) desc, min(reason) limit 8) r
), urgencies as (
    select json_object_agg(w.urgency, coalesce(u.calls, 0) order by w.at) as urgencies
    from unnest(array['high', 'normal', 'low', 'unknown']) with ordinality w (urgency, at)
    left join (select coalesce(urgency, 'unknown') as urgency, count(*) as calls from seen where is_current group by 1) u
        using (urgency)
), tries as (
    -- Of a caller to call back: the missed calls of the period since the last answered one, or since the tick.
    select u.caller, count(*) as tries, coalesce(bool_or(u.urgency = 'high'), false) as is_urgent,
           max(u.listed_at) as last_at,
           (array_agg(u.id order by u.listed_at desc, u.id desc))[1] as last_id,
           (array_agg(u.id order by u.listed_at desc, u.id desc))[1:20] as ids
    from unanswered u
    where u.is_current
    group by u.caller
    order by is_urgent desc, last_at desc, u.caller
    limit 20
), call_back as (
    select coalesce(json_agg(json_build_object(
        'number', coalesce(i.callback_number, t.caller), 'caller_number', t.caller, 'name', i.caller_name,
        'reason', i.reason,
        'urgency', case when t.is_urgent then 'high' else i.urgency end, 'tries', t.tries, 'last_call_id', t.last_id,
        'last_at', private.rfc3339(t.last_at), 'outcome', i.outcome)
        order by t.is_urgent desc, t.last_at desc, t.caller), '[]') as call_back
    from tries t
    cross join lateral (
        -- The newest of what is known; of the outcomes simply the last.
        select (array_agg(k.callback_number order by at) filter (where k.callback_number is not null))[1] as callback_number,
               (array_agg(k.caller_name order by at) filter (where k.caller_name is not null))[1] as caller_name,
               (array_agg(k.reason order by at) filter (where k.reason is not null))[1] as reason,
               (array_agg(k.urgency order by at) filter (where k.urgency is not null))[1] as urgency,
               (array_agg(k.outcome order by at))[1] as outcome
        from (select c.*, row_number() over (order by c.listed_at desc, c.id desc) as at
              from (select id, listed_at, callback_number, caller_name, reason, urgency, outcome
                    from public.calls where id = any (t.ids)) c) k) i
), newest as (
    -- The last event of the newest calls: of a call that is still going on, if there is one.
    select max(e.received_at) as last_event_at
    from (select c.id from public.calls c where c.business_id = (select id from asked)
          order by c.listed_at desc, c.id desc limit 5) c
    join public.call_events e on e.call_id = c.id
)
select json_build_object(
    'business', json_build_object('id', a.id, 'name', a.name, 'timezone', a.timezone),
    'range', json_build_object('from', a.from_day, 'to', a.to_day, 'days', a.days),
    'previous', json_build_object('from', a.before_day, 'to', a.from_day - 1),
    'tiles', (select tiles from tiles),
    'by_day', coalesce((select by_day from by_day), '[]'),
    'by_hour', (select by_hour from by_hour),
    'outcomes', (select outcomes from outcomes),
    'reasons', (select reasons from reasons),
    'urgencies', (select urgencies from urgencies),
    'call_back', (select call_back from call_back),
    'completeness', (select json_build_object('ended', ended, 'with_report', with_report) from counted where is_current),
    'freshness', json_build_object('last_event_at', (select private.rfc3339(last_event_at) from newest)),
    'definitions', json_build_object(
        'calls', 'All calls of the period, spam too. Calls, not callers.',
        'unique_callers', 'Different numbers that called. Withheld numbers are not counted.',
        'answered', 'Calls that the AI handled, booked or put through.',
        'missed', 'Calls in which the caller hung up early (before 15 seconds, or without a word), did not respond, '
                  'was put through to nobody, or could not talk to the AI.',
        'to_call_back', 'Callers whose last missed call of the period was not followed by an answered one, up to now, '
                        'and who were not ticked off since.',
        'average_seconds', 'Mean length of ended calls, spam left out.',
        'p90_seconds', 'Nine of ten ended calls were not longer than this; spam left out.',
        'answer_rate', 'Answered calls as a share of ended calls, spam left out.',
        'ai_minutes', 'Length of all calls that the AI took and reported, in minutes.',
        'repeat_callers', 'Callers who called again within 24 hours.',
        'spam', 'Spam and wrong numbers.',
        'bookings', 'Appointments that were booked in the period, through Cal.com.',
        'booking_rate', 'Calls in which an appointment was booked, as a share of ended calls, spam left out.',
        'by_hour', 'Calls by weekday, Monday first, and hour, in the time zone of the business.',
        'completeness', 'Ended calls, and those of them whose final report has come.',
        'previous', 'As many days just before the period.')) as json
from asked a
