-- Booking in a live call. Who books holds a row of public.bookings in its hands, "asked", until its lease runs out.

-- name: booking_gate
-- role: ringback_booking
-- May this business book now, with what, and what is known of this tool call? $1 business, $2 the provider's call, $3 tool
-- call or null, $4 a local date and time or null, $5 its offset or null, $6 name of the SECRETS_KEY. One row, or none: no such
-- business. `fits`: that local time exists, and has that offset; `other_words`:
-- another time that was booked in this call.
select case when not b.calcom_enabled then 'off'
            when c.business_id is null then 'not_connected'
            when c.key_id is distinct from $6::text then 'unreadable'
            when c.invalid_at is not null then 'credentials'
            when c.blocked_until > now() then 'blocked'
            else 'open' end as gate,
       b.timezone as zone, to_char(now() at time zone b.timezone, 'YYYY-MM-DD') as today,
       to_char(now() at time zone b.timezone, 'FMDay, FMMonth FMDD, YYYY') as today_words,
       to_char(t.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as start_utc,
       to_char(t.at at time zone b.timezone, 'YYYY-MM-DD"T"HH24:MI:SS') as start_local,
       to_char(t.at at time zone b.timezone, 'FMDay, FMMonth FMDD "at" FMHH12:MI AM') as start_words,
       t.at at time zone b.timezone = $4::text::timestamp as fits,
       t.at <= now() as past, t.at > now() + interval '10 years' as far,
       c.api_url, c.sealed, c.event_type_id, c.asks_email, c.asks_phone,
       k.id as booking, k.status, k.answer, k.attendee_name as booked_for, k.same_tool_call,
       to_char(o.starts_at at time zone b.timezone, 'FMDay, FMMonth FMDD "at" FMHH12:MI AM') as other_words
from public.businesses b
left join private.calcom_credentials c on c.business_id = b.id
cross join lateral (
    select case when $5::text is null then $4::text::timestamp at time zone b.timezone
                else ($4::text || $5::text)::timestamptz end as at) t
left join lateral (
    select k.id, k.status, k.answer, k.attendee_name,
           k.tool_call_id = $3::text or k.tool_call_id = $3::text || '@' || $2::text as same_tool_call
    from public.bookings k
    where k.business_id = b.id and k.provider_call_id = $2::text
      and (k.tool_call_id = $3::text or k.tool_call_id = $3::text || '@' || $2::text
           or k.starts_at = t.at and k.status in ('asked', 'confirmed', 'pending', 'unknown'))
    order by same_tool_call desc, k.created_at desc
    limit 1) k on true
left join lateral (
    select o.starts_at from public.bookings o
    where o.business_id = b.id and o.provider_call_id = $2::text and o.status in ('confirmed', 'pending')
      and o.starts_at <> t.at
    order by o.created_at desc limit 1) o on true
where b.id = $1::text::uuid

-- part: booking_row
-- role: ringback_booking
-- Inserts what is asked for: $1 business, $2 the provider's call, $3 tool call, $4 carrier's call, $5 start, $6 name,
-- $7 e-mail, $8 telephone, $9 service, then status, reason, answer, lease. Ids of tool calls are the model's: one that another
-- call has used is told apart by its call.
insert into public.bookings (business_id, provider_call_id, twilio_call_sid, tool_call_id, starts_at, attendee_name,
                             attendee_email, attendee_phone, service, event_type_id, calendar, call_id, status, reason,
                             answer, lease_until)
select b.id, $2::text, $4::text,
       case when exists (select from public.bookings o
                         where o.tool_call_id = $3::text
                           and (o.business_id, o.provider_call_id) is distinct from (b.id, $2::text))
            then $3::text || '@' || $2::text else $3::text end,
       $5::text::timestamptz, $6::text, $7::text, $8::text, $9::text, e.event_type_id, e.calendar,
       (select c.id from public.calls c
        where c.business_id = b.id and (c.provider_call_id = $2::text or c.twilio_call_sid = $4::text)
        order by c.provider_call_id = $2::text desc limit 1)

-- name: booking_open
-- role: ringback_booking
-- Stores what is going to be asked of Cal.com. No row: another one is there already, or the business does not book.
-- $10 for how many milliseconds nobody else looks after it.
-- include: booking_row
       , 'asked', 'none', null, now() + $10::text::bigint * interval '1 millisecond'
from public.businesses b join private.calcom_credentials e on e.business_id = b.id
where b.id = $1::text::uuid and b.calcom_enabled
on conflict do nothing
returning id, call_id

-- name: booking_refuse
-- role: ringback_booking
-- What was asked for and is not even tried. $10 status, $11 reason, $12 answer
-- include: booking_row
       , $10::text, $11::text, $12::text, '-infinity'
from public.businesses b left join private.calcom_credentials e on e.business_id = b.id
where b.id = $1::text::uuid
on conflict do nothing
returning id, call_id

-- part: booking_told
-- role: ringback_booking
-- Of the rows `done`: a call in which something was booked says so. Ids of the calls that changed.
told as (
    update public.calls c set booked = true, updated_at = now()
    from done d
    where c.id = d.call_id and d.status = 'confirmed' and not c.booked
)
select coalesce(string_agg(distinct d.call_id::text, ','), '') as calls, count(*) as rows from done d

-- name: booking_settle
-- role: ringback_booking
-- What came of it: $1 booking, $2 status, $3 reason, $4 what Cal.com said, $5 its uid, $6 answer, $7 milliseconds until it is
-- looked up, for one that is unknown; $8 so often Cal.com knew nothing of it; $9 't' when the caller was
-- told that somebody will call back. What is settled stays so, but for a booking that
-- was made after all.
with done as (
    update public.bookings k set status = $2::text, reason = $3::text, error = $4::text,
           calcom_uid = coalesce($5::text, k.calcom_uid), answer = coalesce($6::text, k.answer),
           call_id = coalesce(k.call_id, (select c.id from public.calls c
                                          where c.business_id = k.business_id
                                            and (c.provider_call_id = k.provider_call_id
                                                 or c.twilio_call_sid = k.twilio_call_sid)
                                          order by c.provider_call_id = k.provider_call_id desc limit 1)),
           lease_until = now() + coalesce($7::text::bigint, 0) * interval '1 millisecond', absent = $8::text::int,
           promised = k.promised or $9::text = 't',
           updated_at = now()
    where k.id = $1::text::uuid
      and (k.status in ('asked', 'unknown') or k.status = 'failed' and $2::text in ('confirmed', 'pending'))
    returning k.call_id, k.status
),
-- include: booking_told

-- name: booking_adopt
-- role: ringback_booking
-- Bookings whose call was not stored yet when they were.
with done as (
    update public.bookings k set call_id = c.id, updated_at = now()
    from public.calls c
    where k.call_id is null and k.created_at > now() - interval '2 days' and c.business_id = k.business_id
      and (c.provider_call_id = k.provider_call_id or c.twilio_call_sid = k.twilio_call_sid)
    returning k.call_id, k.status
),
-- include: booking_told

-- name: booking_look
-- role: ringback_booking
-- Takes what is due to be looked up, for $1 milliseconds: whoever booked it is gone, or got no clear answer. $2 name of the
-- SECRETS_KEY, $3 how many. A look that fails is made again after a pause that grows, up to an hour, for three days; after
-- that a person has to look. Left to other servers: what this one has no key for.
with due as (
    select k.id
    from public.bookings k
    left join private.calcom_credentials c on c.business_id = k.business_id
    where k.status in ('asked', 'unknown') and k.lease_until < now()
      and (c.key_id = $2::text and k.created_at > now() - interval '3 days' or k.status = 'asked')
    order by k.lease_until
    limit $3::text::int
    for update of k skip locked
),
taken as (
    update public.bookings k set looks = k.looks + 1, updated_at = now(),
           lease_until = now() + least($1::text::bigint * (1 << least(k.looks, 10)), 3600000) * interval '1 millisecond'
    from due d
    where k.id = d.id
    returning k.*
)
select k.id, k.business_id, k.looks, k.absent, b.timezone as zone,
       to_char(k.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as start_utc,
       to_char(k.starts_at at time zone b.timezone, 'FMDay, FMMonth FMDD "at" FMHH12:MI AM') as start_words,
       case when c.blocked_until > now() then 'blocked'
            when c.key_id is distinct from $2::text then 'unreadable'
            when k.calendar is distinct from c.calendar then 'elsewhere'
            else 'open' end as gate,
       c.api_url, c.sealed, k.event_type_id
from taken k
join public.businesses b on b.id = k.business_id
left join private.calcom_credentials c on c.business_id = k.business_id

-- name: booking_key_refused
-- role: ringback_booking
-- Cal.com does not take the key of business $1 any more, or does not know its event type; $2 in its words. $3 the sealed key
-- that was used: another one may have been stored meanwhile.
update private.calcom_credentials set invalid_at = now(), checked_at = now(), invalid_why = $2::text, updated_at = now()
where business_id = $1::text::uuid and sealed = $3::text::bytea and invalid_at is null

-- name: booking_blocked
-- role: ringback_booking
-- Cal.com wants no requests of business $1 for $2 milliseconds, with the sealed key $3.
update private.calcom_credentials
set blocked_until = greatest(blocked_until, now() + $2::text::bigint * interval '1 millisecond'), updated_at = now()
where business_id = $1::text::uuid and sealed = $3::text::bytea

-- name: booking_recheck
-- role: ringback_booking
-- Takes one business whose key was refused and was not tried for $1 milliseconds: Cal.com may have been wrong. $2 name of the
-- SECRETS_KEY.
update private.calcom_credentials c set checked_at = now()
where c.business_id = (
    select d.business_id
    from private.calcom_credentials d join public.businesses b on b.id = d.business_id and b.calcom_enabled
    where d.invalid_at is not null and d.key_id = $2::text
      and d.checked_at < now() - $1::text::bigint * interval '1 millisecond'
    order by d.checked_at limit 1 for update of d skip locked)
returning c.business_id, c.api_url, c.sealed, c.event_type_id, c.asks_email, c.asks_phone

-- name: booking_key_taken
-- role: ringback_booking
-- Cal.com takes the sealed key $2 of business $1 again.
update private.calcom_credentials set invalid_at = null, invalid_why = null, blocked_until = null, verified_at = now(),
       updated_at = now()
where business_id = $1::text::uuid and sealed = $2::text::bytea and invalid_at is not null

-- name: booking_unknown
-- role: ringback_booking
-- Bookings to come of which nobody knows yet whether they were made.
select count(*) from public.bookings where status = 'unknown' and starts_at > now()
