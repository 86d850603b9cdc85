-- Daily mails as they were sent. $n are text, null when absent; a business that is not given is the first of mine.

-- name: digests_list
-- role: authenticated
-- $1 business, $2 only days before this one, $3 limit, $4 't' when there is a way to send mail, $5 minute past each
-- business's hour, $6 minute of the UTC day for all or null. next_due_at: when the next digest comes, null when none does.
with b as materialized (
    select b.*
    from public.businesses b
-- include: business_asked
), page as materialized (
    select d.* from public.digests d
    where d.business_id = (select id from b) and ($2::text is null or d.local_date < $2::text::date)
    order by d.local_date desc
    limit coalesce($3::text::int, 50) + 1
), shown as materialized (
    select p.* from page p order by p.local_date desc limit coalesce($3::text::int, 50)
)
select json_build_object(
    'digests', coalesce((
        select json_agg(json_build_object(
            'date', d.local_date, 'status', d.status, 'attempts', d.attempts, 'delivery_status', d.delivery_status,
            'error', d.error, 'reason', d.reason, 'due_at', private.rfc3339(d.due_at),
            'created_at', private.rfc3339(d.created_at), 'sent_at', private.rfc3339(d.sent_at),
            'next_try_at', case when d.status = 'due' and d.attempts > 0
                then private.rfc3339(greatest(d.lease_until, d.updated_at)) end)
            order by d.local_date desc)
        from shown d), '[]'),
    'next_before', (select min(local_date) from shown
                    where (select count(*) from page) > (select count(*) from shown)),
    'sending', $4::text is not distinct from 't',
    'next_due_at', (
        select private.rfc3339(min(w.due_at))
        from (select (now() at time zone b.timezone)::date + n as day from generate_series(-1, 2) n) d
        cross join lateral (select private.digest_due_at(d.day, b.timezone, b.digest_hour * 60 + coalesce($5::text::int, 0),
                                                         $6::text::int) as due_at) w
        where b.digest_enabled and w.due_at > greatest(now(), b.digest_since)
          and private.day_start(d.day, b.timezone) < private.day_start(d.day + 1, b.timezone)
          and private.day_start(d.day + 1, b.timezone) > b.created_at
          and d.day > coalesce((select max(l.local_date) from public.digests l where l.business_id = b.id), '-infinity'))) as json
from b

-- name: digest_detail
-- role: authenticated
-- $1 business, $2 date
with b as materialized (
    select b.id
    from public.businesses b
-- include: business_asked
)
select json_build_object(
    'date', d.local_date, 'status', d.status, 'attempts', d.attempts, 'delivery_status', d.delivery_status,
    'error', d.error, 'reason', d.reason, 'due_at', private.rfc3339(d.due_at),
    'created_at', private.rfc3339(d.created_at), 'sent_at', private.rfc3339(d.sent_at),
    'updated_at', private.rfc3339(d.updated_at),
    'next_try_at', case when d.status = 'due' and d.attempts > 0
        then private.rfc3339(greatest(d.lease_until, d.updated_at)) end,
    'deliveries', coalesce((
        select json_agg(json_build_object(
            'address', v.address, 'status', v.status, 'error', v.error, 'happened_at', private.rfc3339(v.happened_at),
            'paused',
-- include: pause_as_json
            ) order by v.address)
        from public.digest_deliveries v
        left join public.paused_recipients p on p.business_id = v.business_id and p.address = lower(v.address)
        where v.business_id = d.business_id and v.local_date = d.local_date), '[]'),
    'subject', m.mail ->> 'subject', 'to', m.mail -> 'to', 'text', m.mail ->> 'text', 'html', m.mail ->> 'html') as json
from b
join public.digests d on d.business_id = b.id
cross join lateral (select private.mail_of(d.request_body) as mail) m
where d.local_date = $2::text::date

-- name: digest_html
-- role: authenticated
-- $1 business, $2 date. No row: there is no such mail, or it has no HTML.
with b as materialized (
    select b.id
    from public.businesses b
-- include: business_asked
)
select m.mail ->> 'html' as html
from b
join public.digests d on d.business_id = b.id
cross join lateral (select private.mail_of(d.request_body) as mail) m
where d.local_date = $2::text::date and jsonb_typeof(m.mail -> 'html') = 'string' and m.mail ->> 'html' <> ''
