-- Daily mails as they were sent. $n are text, null when absent; a business that is not given is the first of mine.

-- name: digests_list
-- role: authenticated
-- $1 business, $2 only days before this one, $3 limit
with b as materialized (
    select b.id
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
            'error', d.error, 'created_at', private.rfc3339(d.created_at), 'sent_at', private.rfc3339(d.sent_at))
            order by d.local_date desc)
        from shown d), '[]'),
    'next_before', (select min(local_date) from shown
                    where (select count(*) from page) > (select count(*) from shown))) as json
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
    'error', d.error,
    'created_at', private.rfc3339(d.created_at), 'sent_at', private.rfc3339(d.sent_at),
    'updated_at', private.rfc3339(d.updated_at),
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
