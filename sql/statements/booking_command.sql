-- What `ringback calcom` asks: keys to calendars, and who has booking switched on.

-- name: calcom_command_rows
-- role: ringback_booking
-- Business $1, or all, by name. $2 name of the SECRETS_KEY, null when there is none.
select b.id::text, b.name, b.calcom_enabled,
       case when c.business_id is null then 'none'
            when c.key_id is distinct from $2::text then 'unreadable'
            when c.invalid_at is not null then 'refused'
            when c.blocked_until > now() then 'blocked'
            else 'ok' end as state,
       c.account, c.api_url, c.event_type_id, c.event_title, c.event_minutes, c.asks_email, c.asks_phone,
       to_char(c.invalid_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || 'Z' as invalid_since, c.invalid_why,
       to_char(c.blocked_until at time zone 'UTC', 'HH24:MI:SS') || 'Z' as blocked_until, c.sealed
from public.businesses b
left join private.calcom_credentials c on c.business_id = b.id
where b.id = $1::text::uuid or $1::text is null
order by b.name, b.id

-- name: calcom_command_store
-- role: ringback_booking
-- $1 business, $2 address or null, $3 the sealed key, $4 name of the SECRETS_KEY, $5 account, $6 event type, $7 its title,
-- $8 its minutes, $9 and $10 whether it asks for an e-mail address and a telephone number. Cal.com took the key just now.
insert into private.calcom_credentials as c (business_id, api_url, sealed, key_id, account, event_type_id, event_title,
                                             event_minutes, asks_email, asks_phone)
values ($1::text::uuid, $2::text, $3::text::bytea, $4::text, $5::text, $6::text::bigint, $7::text, $8::text::integer,
        $9::text::boolean, $10::text::boolean)
on conflict (business_id) do update
set api_url = excluded.api_url, sealed = excluded.sealed, key_id = excluded.key_id, account = excluded.account,
    event_type_id = excluded.event_type_id, event_title = excluded.event_title, event_minutes = excluded.event_minutes,
    asks_email = excluded.asks_email, asks_phone = excluded.asks_phone, verified_at = now(), checked_at = now(),
    invalid_at = null, invalid_why = null, blocked_until = null, updated_at = now()
returning 1

-- name: calcom_command_checked
-- role: ringback_booking
-- What Cal.com said of the key of business $1, unless it was exchanged for another since; $2 is how it was sealed. $3 what is
-- wrong with it, null: nothing. $4 account, $5 title, $6 minutes, $7 and $8 what the event type asks for; null: not told.
update private.calcom_credentials
set invalid_at = case when $3::text is not null then coalesce(invalid_at, now()) end, invalid_why = $3::text,
    verified_at = case when $3::text is null then now() else verified_at end,
    blocked_until = case when $3::text is not null then blocked_until end,
    account = coalesce($4::text, account), event_title = coalesce($5::text, event_title),
    event_minutes = coalesce($6::text::integer, event_minutes), asks_email = coalesce($7::text::boolean, asks_email),
    asks_phone = coalesce($8::text::boolean, asks_phone), checked_at = now(), updated_at = now()
where business_id = $1::text::uuid and sealed = $2::text::bytea
returning 1

-- name: calcom_command_switch
-- role: ringback_booking
-- Booking of business $1 on or off, $2; it has a key when it is switched on.
update public.businesses b set calcom_enabled = $2::text::boolean
where b.id = $1::text::uuid and b.calcom_enabled <> $2::text::boolean
  and (not $2::text::boolean or exists (select from private.calcom_credentials c where c.business_id = b.id))
returning 1

-- name: calcom_command_remove
-- role: ringback_booking
delete from private.calcom_credentials where business_id = $1::text::uuid returning 1
