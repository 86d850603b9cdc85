-- What `ringback doctor` asks. Lists are rows of what was found and what helps, null where that is the same for all of them;
-- $1 is how many it wants at most. The last column says how many there are.

-- name: doctor_login
-- role: owner
-- Asked by the server's login in its own name: which of the roles in $1, an array, it may take, and whether rows hide from it.
select r.name, case when to_regrole(r.name) is null then 'missing'
                    when pg_has_role(current_user, to_regrole(r.name), 'member') then 'yes' else 'no' end as may,
       exists (select from pg_catalog.pg_roles l where l.rolname = current_user and (l.rolsuper or l.rolbypassrls)) as sees_all
from unnest($1::text[]) r (name)

-- name: doctor_past_due
-- role: ringback_digest
select b.name || ', ' || d.local_date || ', since ' || to_char(d.due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || 'Z'
       || coalesce(' (' || nullif(d.reason, 'none') || ')', '') as what,
       null as remedy, count(*) over () as of
from public.digests d
join public.businesses b on b.id = d.business_id
where d.status in ('due', 'claimed') and d.due_at < now() - interval '1 hour'
order by d.due_at, b.name
limit $1::text::int

-- name: doctor_unknown
-- role: ringback_digest
select b.name || ', ' || d.local_date || coalesce(' (' || d.reason || ')', '') as what,
       'look for it in the log of Resend or of your mail server; only if it is not there: ringback digest --date '
       || d.local_date || ' --business ' || b.id || ' --send --again' as remedy, count(*) over () as of
from public.digests d
join public.businesses b on b.id = d.business_id
where d.status = 'unknown'
order by d.local_date desc, b.name
limit $1::text::int

-- name: doctor_failed
-- role: ringback_digest
-- Of the last 7 days, by reason.
select coalesce(d.reason, 'no reason') || ': ' || count(*) || ', last of ' || max(d.local_date) as what,
       case d.reason
           when 'no_recipient' then 'set who gets the mail in the settings of the business, or give its owner an address'
           when 'paused' then 'mend or change the address in the settings of the business, then let it have mail again'
           when 'credentials' then 'check RESEND_API_KEY and whether the domain of RESEND_FROM is verified, or SMTP_URL'
           when 'quota' then 'Resend lets no more through in this period: wait, or raise the plan'
       end as remedy, count(*) over () as of
from public.digests d
where d.status = 'failed' and d.updated_at > now() - interval '7 days'
group by d.reason
order by count(*) desc, 1
limit $1::text::int

-- name: doctor_paused
-- role: ringback_digest
select b.name || ', ' ||
-- include: masked_address
       || ': ' || a.reason as what,
       case when a.reason = 'unsubscribed' then 'nothing to do: they asked for it' end as remedy, count(*) over () as of
from public.paused_recipients a
join public.businesses b on b.id = a.business_id
order by a.reason = 'unsubscribed', b.name, a.address
limit $1::text::int

-- name: doctor_without_recipient
-- role: ringback_digest
select b.name || ' (' || b.id || ')' as what, null as remedy, count(*) over () as of
from public.businesses b
where b.digest_enabled and not exists (select from private.digest_recipients(b.id))
order by b.name
limit $1::text::int

-- name: doctor_without_number
-- role: ringback_digest
select b.name || ' (' || b.id || ')' as what, null as remedy, count(*) over () as of
from public.businesses b
where not exists (select from public.business_phones p where p.business_id = b.id)
order by b.name
limit $1::text::int

-- name: doctor_without_zone
-- role: ringback_digest
select b.name || ' (' || b.id || '): ' || b.timezone as what, null as remedy, count(*) over () as of
from public.businesses b
where not private.zone_is_known(b.timezone)
order by b.name
limit $1::text::int

-- name: doctor_secrets_key
-- role: ringback_booking
-- $2 name of the SECRETS_KEY, null when there is none.
select count(*) || ' with booking switched on' as what, null as remedy, count(*) over () as of
from public.businesses b
where b.calcom_enabled and $2::text is null
having count(*) > 0
limit $1::text::int

-- name: doctor_booking_not_connected
-- role: ringback_booking
select b.name || ' (' || b.id || ')' as what, null as remedy, count(*) over () as of
from public.businesses b
where b.calcom_enabled and not exists (select from private.calcom_credentials c where c.business_id = b.id)
order by b.name
limit $1::text::int

-- name: doctor_booking_refused
-- role: ringback_booking
select b.name || ' (' || b.id || '), since ' || to_char(c.invalid_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || 'Z'
       || coalesce(': ' || nullif(c.invalid_why, ''), '') as what, null as remedy, count(*) over () as of
from public.businesses b
join private.calcom_credentials c on c.business_id = b.id
where b.calcom_enabled and c.invalid_at is not null
order by b.name
limit $1::text::int

-- name: doctor_booking_unreadable
-- role: ringback_booking
-- $2 name of the SECRETS_KEY, null when there is none: that is said above.
select b.name || ' (' || b.id || ')' as what, null as remedy, count(*) over () as of
from public.businesses b
join private.calcom_credentials c on c.business_id = b.id
where b.calcom_enabled and c.key_id <> $2::text
order by b.name
limit $1::text::int

-- name: doctor_booking_unknown
-- role: ringback_booking
-- For three days servers look such a booking up (booking_look).
select b.name || ', for ' || to_char(k.starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || 'Z, asked for at '
       || to_char(k.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || 'Z' as what,
       case when k.created_at <= now() - interval '3 days'
            then 'it is not looked up any more: look into the calendar for it, and tell the caller' end as remedy,
       count(*) over () as of
from public.bookings k
join public.businesses b on b.id = k.business_id
where k.status in ('asked', 'unknown') and k.created_at < now() - interval '1 hour'
order by k.created_at, k.id
limit $1::text::int
