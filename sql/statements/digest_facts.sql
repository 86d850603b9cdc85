-- What a digest tells. The numbers mean what they mean in the dashboard: see "definitions" of the statement overview.

-- name: digest_facts
-- role: ringback_digest
-- $1 business, $2 date, $3 as of this moment (null: now): what came later is not looked at. One JSON object, as
-- src/domain/digest_facts.c reads it; a length that nobody knows is -1. No row: there is no such business.
with b as materialized (
    select b.id, b.name, b.timezone as zone, b.digest_hour, b.skip_empty_digest, b.calcom_enabled, b.created_at,
           array(select distinct d from unnest(b.open_days) d) as open_days, b.opens_at, b.closes_at,
           $2::text::date as day, coalesce($3::text::timestamptz, now()) as at
    from public.businesses b
    where b.id = $1::text::uuid
), border as materialized (
    -- The day, and the same weekday of the four weeks before.
    select w.week, private.day_start(b.day - 7 * w.week, b.zone) as from_at,
           private.day_start(b.day - 7 * w.week + 1, b.zone) as to_at
    from b cross join generate_series(0, 4) w (week)
), changes as materialized (
    -- Does the clock change on this day? Then its times need a word more.
    select p.from_at at time zone b.zone - p.from_at at time zone 'UTC'
        <> (p.to_at - interval '1 second') at time zone b.zone - (p.to_at - interval '1 second') at time zone 'UTC' as today
    from b join border p on p.week = 0
), period as materialized (
    -- Weeks in which the business was not there yet do not count, nor does a day that the calendar left out.
    select p.week, p.from_at, least(p.to_at, b.at) as to_at
    from b cross join border p
    where p.week = 0
       or p.from_at < p.to_at and (b.created_at < p.to_at or exists (
              select from public.calls c where c.business_id = b.id and c.listed_at < p.to_at))
), seen as materialized (
    select p.week, c.id, c.listed_at, c.outcome, c.duration_seconds as seconds, c.reason, c.urgency, c.has_report,
           case when c.caller_number like '+%' then c.caller_number end as caller
    from period p
    join public.calls c on c.business_id = (select id from b) and c.listed_at >= p.from_at and c.listed_at < p.to_at
), booked as materialized (
    select p.week, count(*) as bookings
    from period p
    join public.bookings k on k.business_id = (select id from b) and k.created_at >= p.from_at and k.created_at < p.to_at
    where k.status = 'confirmed'
    group by p.week
), counted as materialized (
    select p.week, count(s.id) as calls, count(distinct s.caller) as unique_callers,
           count(*) filter (where private.is_answered(s.outcome)) as answered,
           count(*) filter (where private.is_missed(s.outcome)) as missed,
           count(*) filter (where s.outcome = 'hung_up_early') as hung_up_early,
           count(*) filter (where s.outcome = 'ai_unavailable') as ai_unavailable,
           count(*) filter (where s.outcome = 'spam') as spam,
           coalesce((select k.bookings from booked k where k.week = p.week), 0) as bookings,
           count(s.seconds) filter (where s.outcome <> 'spam') as timed,
           sum(s.seconds) filter (where s.outcome <> 'spam') as seconds
    from period p left join seen s on s.week = p.week
    group by p.week
), usual as materialized (
    select count(*) as weeks, round(avg(calls), 2) as calls, round(avg(unique_callers), 2) as unique_callers,
           round(avg(answered), 2) as answered, round(avg(missed), 2) as missed,
           round(avg(hung_up_early), 2) as hung_up_early, round(avg(ai_unavailable), 2) as ai_unavailable,
           round(avg(spam), 2) as spam, round(avg(bookings), 2) as bookings,
           round(sum(seconds) / nullif(sum(timed), 0), 1) as average_seconds
    from counted
    where week > 0
), today as materialized (
    select s.*, s.listed_at at time zone b.zone as local_time
    from b join seen s on s.week = 0
), missed as materialized (
    -- Neither answered nor ticked off since, as it looked at that moment. Looked up once for each caller: one number may
    -- call thousands of times.
    select t.id, t.listed_at, m.caller, t.urgency
    from b
    cross join (
        select caller, min(listed_at) as first_at, array_agg(id) as ids, array_agg(listed_at) as times,
               array_agg(urgency) as urgencies, array_agg(outcome) as outcomes
        from today
        where private.is_missed(outcome) and caller is not null
        group by caller) m
    left join public.call_backs k on k.business_id = b.id and k.caller_number = m.caller
    cross join lateral (
        select max(c.listed_at) as answered_at
        from public.calls c
        where c.business_id = b.id and c.caller_number = m.caller and c.listed_at >= m.first_at and c.listed_at < b.at
          and private.is_answered(c.outcome)) later
    cross join lateral unnest(m.ids, m.times, m.urgencies, m.outcomes) t (id, listed_at, urgency, outcome)
    where private.is_to_call_back(
        t.outcome, m.caller, t.listed_at, later.answered_at,
        case when k.done_at <= b.at then k.done_at when k.before_at <= b.at then k.before_at end)
), tries as materialized (
    select m.caller, count(*) as tries, coalesce(bool_or(m.urgency = 'high'), false) as is_urgent,
           max(m.listed_at) as last_at,
           (array_agg(m.id order by m.listed_at desc, m.id desc))[1] as last_id,
           (array_agg(m.id order by m.listed_at desc, m.id desc))[1:20] as ids
    from missed m
    group by m.caller
    order by is_urgent desc, last_at desc, m.caller
    limit 5
), unbooked as materialized (
    -- Somebody wanted an appointment, and nobody can be sure of it. One that went well later in the call counts.
    select t.id
    from b cross join today t
    cross join lateral (
        select k.status, k.promised from public.bookings k
        where k.call_id = t.id and k.created_at < b.at
        order by private.booking_rank(k.status), k.created_at desc, k.id desc limit 1) k
    where k.status in ('failed', 'unknown') or k.promised
), others as materialized (
    select t.id, t.listed_at,
           case when t.outcome = 'spam' then 4 when t.urgency = 'high' then 1 when t.urgency = 'low' then 3 else 2 end as nth
    from today t
    where t.id not in (select m.id from missed m join tries r on r.caller = m.caller)
), shown as materialized (
    -- Whom to call back because of an appointment is never left out for others.
    select o.id, o.nth
    from others o
    order by o.id in (select u.id from unbooked u) desc, o.nth, o.listed_at desc, o.id desc
    limit 20
), told as materialized (
    select c.*, k.booking, k.booking_when, k.booking_open, to_char(c.listed_at at time zone b.zone, 'FMHH12:MI AM')
                    || case when h.today then ' ' || private.zone_word(c.listed_at, b.zone) else '' end as clock
    from b cross join changes h
    cross join (select o.id, o.nth from shown o union all select r.last_id, null from tries r) o
    cross join lateral (
        select c.id, o.nth, c.listed_at, c.outcome, c.urgency, c.reason, c.caller_name, c.duration_seconds,
               case when length(c.summary) > 200 then left(c.summary, 199) || '…' else c.summary end as summary,
               case when c.caller_number like '+%' then c.caller_number else c.callback_number end as number
        from public.calls c
        where c.id = o.id) c
    left join lateral (
        -- What came of the best of its attempts; what nobody can be sure of needs somebody to act.
        select private.booking_text(k.status, k.reason) as booking,
               case when k.status <> 'refused' then
                   to_char(k.starts_at at time zone b.zone, 'FMDay, FMMonth FMDD "at" FMHH12:MI AM') end as booking_when,
               k.status in ('failed', 'unknown') or k.promised as booking_open
        from public.bookings k
        where k.call_id = c.id and k.created_at < b.at
        order by private.booking_rank(k.status), k.created_at desc, k.id desc
        limit 1) k on true
), call_back as (
    select coalesce(json_agg(json_build_object(
        'number', coalesce(i.callback_number, r.caller), 'caller_number', r.caller, 'name', i.caller_name,
        'reason', i.reason, 'urgency', case when r.is_urgent then 'high' else i.urgency end,
        'when', t.clock, 'outcome', private.outcome_text(t.outcome), 'call_id', r.last_id, 'tries', r.tries,
        'booking', t.booking, 'booking_when', t.booking_when, 'booking_open', coalesce(t.booking_open, false))
        order by r.is_urgent desc, r.last_at desc, r.caller), '[]') as list
    from tries r
    join told t on t.id = r.last_id
    cross join lateral (
        -- The newest of what is known.
        select (array_agg(k.callback_number order by at) filter (where k.callback_number is not null))[1] as callback_number,
               (array_agg(k.caller_name order by at) filter (where k.caller_name is not null))[1] as caller_name,
               (array_agg(k.reason order by at) filter (where k.reason is not null))[1] as reason,
               (array_agg(k.urgency order by at) filter (where k.urgency is not null))[1] as urgency
        from (select c.callback_number, c.caller_name, c.reason, c.urgency,
                     row_number() over (order by c.listed_at desc, c.id desc) as at
              from public.calls c where c.id = any (r.ids)) k) i
), groups as materialized (
    select g.nth, (select count(*) from others o where o.nth = g.nth) as total, (
        select coalesce(json_agg(json_build_object(
            'id', t.id, 'when', t.clock, 'number', t.number, 'name', t.caller_name, 'reason', t.reason,
            'summary', t.summary, 'outcome', private.outcome_text(t.outcome), 'urgency', t.urgency,
            'seconds', coalesce(t.duration_seconds, -1), 'missed', coalesce(private.is_missed(t.outcome), false),
            'booked', coalesce(t.outcome = 'booked', false), 'booking', t.booking, 'booking_when', t.booking_when,
            'booking_open', coalesce(t.booking_open, false)) order by t.listed_at desc, t.id desc), '[]')
        from told t where t.nth = g.nth) as list
    from generate_series(1, 4) g (nth)
), hours as materialized (
    select h.hour, count(t.id) as calls, count(*) filter (where private.is_answered(t.outcome)) as answered,
           count(*) filter (where private.is_missed(t.outcome)) as missed
    from generate_series(0, 23) h (hour) left join today t on extract(hour from t.local_time) = h.hour
    group by h.hour
), busiest as (
    select h.calls, to_char(w.from_time, case when h.hour in (11, 23) then 'FMHH12 AM' else 'FMHH12' end)
                        || '–' || to_char(w.from_time + interval '1 hour', 'FMHH12 AM') as hour
    from hours h
    cross join lateral (select timestamp '2000-01-01' + h.hour * interval '1 hour' as from_time) w
    where h.calls > 0
    order by h.calls desc, h.hour
    limit 1
), reasons as (
    select coalesce(json_agg(json_build_object('reason', r.reason, 'calls', r.calls) order by r.calls desc, r.reason), '[]')
               as list
    from (select min(reason) as reason, count(*) as calls from today where reason is not null
          group by lower(reason) order by count(*) desc, min(reason) limit 5) r
), closed as (
    -- What is open over midnight belongs to the day on which it opened.
    select count(*) as calls
    from b cross join today t
    cross join lateral (select extract(isodow from t.local_time)::int as weekday, t.local_time::time as clock) w
    where b.open_days <> '{}' and not case
        when b.closes_at > b.opens_at then w.weekday = any (b.open_days) and w.clock >= b.opens_at and w.clock < b.closes_at
        else w.weekday = any (b.open_days) and w.clock >= b.opens_at
             or (w.weekday + 5) % 7 + 1 = any (b.open_days) and w.clock < b.closes_at end
), open_runs as (
    -- Days in a row: "Mon–Wed", but "Sat, Sun".
    select min(d.day) as first, string_agg(d.name, ', ' order by d.day) as each,
           case when count(*) > 2 then min(d.name) filter (where d.is_first) || '–' || min(d.name) filter (where d.is_last) end
               as whole
    from (select n.day, n.name, n.run, n.day = min(n.day) over of_run as is_first, n.day = max(n.day) over of_run as is_last
          from (select w.day, (array['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])[w.day] as name,
                       w.day - row_number() over (order by w.day) as run
                from b, unnest(b.open_days) w (day)) n
          window of_run as (partition by n.run)) d
    group by d.run
), opening as (
    select case
        when b.open_days = '{}' then 'no opening hours set'
        else case when cardinality(b.open_days) = 7 then 'every day'
                  else (select string_agg(coalesce(r.whole, r.each), ', ' order by r.first) from open_runs r) end
             || ', ' || case
                 when b.opens_at = '00:00' and b.closes_at in ('00:00', '24:00') then 'around the clock'
                 else to_char(f.at, case when extract(minute from f.at) = 0 then 'FMHH12 AM' else 'FMHH12:MI AM' end) || '–'
                      || to_char(t.at, case when extract(minute from t.at) = 0 then 'FMHH12 AM' else 'FMHH12:MI AM' end) end
        end as hours
    from b
    cross join lateral (select date '2000-01-01' + b.opens_at as at) f
    cross join lateral (select date '2000-01-01' + b.closes_at as at) t
), lost as (
    -- Over for an hour, taken by the AI, and nothing was told of it.
    select count(*) as calls
    from b cross join today t join public.calls c on c.id = t.id
    where t.outcome <> 'ai_unavailable' and not t.has_report and coalesce(c.ended_at, t.listed_at) < b.at - interval '1 hour'
      and coalesce(c.ended_reason not like 'ringback.%' and c.ended_reason not like 'twilio.%', true)
), recipients as (
    select coalesce(json_agg(json_build_object('address', r.address, 'token', private.unsubscribe_token(b.id, r.address),
                                               'paused', p.reason) order by r.nth), '[]') as list
    from b cross join lateral private.digest_recipients(b.id) r
    left join public.paused_recipients p on p.business_id = b.id and p.address = lower(r.address)
)
select json_build_object(
    'business_id', b.id, 'business_name', b.name, 'date', b.day, 'day', to_char(b.day, 'Dy FMDD Mon'),
    'day_long', to_char(b.day, 'FMDay, FMDD FMMonth YYYY'), 'weekday', to_char(b.day, 'FMDay'), 'zone', b.zone,
    'hour', to_char(timestamp '2000-01-01' + b.digest_hour * interval '1 hour', 'FMHH12 AM'),
    'skip_empty', b.skip_empty_digest, 'bookings_enabled', b.calcom_enabled, 'usual_weeks', u.weeks,
    'calls', json_build_object('value', n.calls, 'usual', u.calls),
    'unique_callers', json_build_object('value', n.unique_callers, 'usual', u.unique_callers),
    'answered', json_build_object('value', n.answered, 'usual', u.answered),
    'missed', json_build_object('value', n.missed, 'usual', u.missed),
    'hung_up_early', json_build_object('value', n.hung_up_early, 'usual', u.hung_up_early),
    'ai_unavailable', json_build_object('value', n.ai_unavailable, 'usual', u.ai_unavailable),
    'spam', json_build_object('value', n.spam, 'usual', u.spam),
    'bookings', json_build_object('value', n.bookings, 'usual', u.bookings),
    'average_seconds', json_build_object('value', round(n.seconds / nullif(n.timed, 0), 1), 'usual', u.average_seconds),
    'to_call_back', (select count(distinct caller) from missed), 'call_back', (select list from call_back),
    'after_hours', (select calls from closed), 'opening_hours', (select hours from opening),
    'busiest_hour', (select hour from busiest), 'busiest_calls', coalesce((select calls from busiest), 0),
    'hours', (select json_agg(json_build_object('answered', h.answered, 'missed', h.missed,
                                                'other', h.calls - h.answered - h.missed) order by h.hour) from hours h),
    'reasons', (select list from reasons),
    'high', (select list from groups where nth = 1), 'high_total', (select total from groups where nth = 1),
    'normal', (select list from groups where nth = 2), 'normal_total', (select total from groups where nth = 2),
    'low', (select list from groups where nth = 3), 'low_total', (select total from groups where nth = 3),
    'spam_calls', (select list from groups where nth = 4), 'spam_total', (select total from groups where nth = 4),
    'without_booking', (select count(*) from unbooked), 'without_report', (select calls from lost), 'not_answered_by_ai', n.ai_unavailable,
    'has_no_number', not exists (select from public.business_phones p where p.business_id = b.id),
    'recipients', (select list from recipients)) as json
from b
join counted n on n.week = 0
cross join usual u
