-- What `ringback digest` asks. $1 is the date and $2 a business, or null for all.

-- name: digest_command_rows
-- role: ringback_digest
-- Businesses that want a digest, or have a row of that date, by name. `day` says whether it is over.
select b.id::text, b.name, d.status,
       to_char(d.due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || 'Z' as due_at, d.attempts, d.delivery_status,
       d.reason, d.error,
       case when not private.zone_is_known(b.timezone) then 'lost'
            when private.day_start($1::text::date + 1, b.timezone) > now() then 'running'
            when private.day_start($1::text::date, b.timezone) = private.day_start($1::text::date + 1, b.timezone) then 'none'
            else 'over' end as day,
       case when d.status = 'due' and d.lease_until > now()
            then to_char(d.lease_until at time zone 'UTC', 'HH24:MI:SS') || 'Z' end as waits_until
from public.businesses b
left join public.digests d on d.business_id = b.id and d.local_date = $1::text::date
where (b.id = $2::text::uuid or $2::text is null and (b.digest_enabled or d.business_id is not null))
order by b.name, b.id

-- name: digest_command_kept
-- role: ringback_digest
-- The mail that was kept, the first of several. No row: none was.
select m.mail ->> 'subject' as subject, m.mail ->> 'html' as html, m.mail ->> 'text' as text
from public.digests d
cross join lateral (select convert_from(d.request_body, 'UTF8')::jsonb as body) k
cross join lateral (select case when jsonb_typeof(k.body) = 'array' then k.body -> 0 else k.body end as mail) m
where d.local_date = $1::text::date and d.business_id = $2::text::uuid and d.request_body is not null

-- name: digest_command_hurry
-- role: ringback_digest
-- What waits for another try does not wait any longer.
update public.digests set lease_until = '-infinity', updated_at = now()
where local_date = $1::text::date and (business_id = $2::text::uuid or $2::text is null)
  and status = 'due' and lease_until > now()
returning 1

-- name: digest_command_open
-- role: ringback_digest
-- What is not at its end: in somebody's hands, free to be taken, waiting for another try.
select count(*) filter (where status = 'claimed' and lease_until >= now()) as claimed,
       count(*) filter (where lease_until < now()) as free,
       count(*) filter (where status = 'due' and lease_until >= now()) as waiting
from public.digests
where local_date = $1::text::date and (business_id = $2::text::uuid or $2::text is null) and status in ('due', 'claimed')
