-- Live updates: who changed what is told by pg_notify, apart from storing it, because a commit that notifies waits for every
-- other one of the cluster. What was told is then read in each watcher's own name.

-- name: feed_notify
-- role: ringback_ingest
-- $1 calls, $2 whose business they have: their own, or that of the call that they became a part of. A message is
-- "business:id,id,..."; Postgres takes less than 8000 bytes.
select pg_notify('ringback_calls', business_id || ':' || string_agg(id::text, ','))
from (select c.business_id, t.id, (row_number() over (partition by c.business_id) - 1) / 200 as part
      from unnest($1::uuid[], $2::uuid[]) as t (id, of_call)
      join public.calls c on c.id = t.of_call
      where c.business_id is not null) t
group by business_id, part

-- name: feed_notify_all
-- role: ringback_ingest
select pg_notify('ringback_calls', '*')

-- name: live_business
-- role: authenticated
-- $1 business, the first of mine when it is not given.
select b.id::text as id
from public.businesses b
-- include: business_asked

-- name: calls_live
-- role: authenticated
-- $1 business, $2 calls as "{id,id}", looked up one by one: never by reading a business's calls. No row: the business is not
-- mine, or no longer. On one line, as an event must be.
with found as materialized (
    select c.id
    from unnest($2::text::uuid[]) as w (id)
    cross join lateral (select c.id from public.calls c where c.id = w.id and c.business_id = $1::text::uuid limit 1) c
)
select replace(json_build_object('calls', private.listed_calls(array(select id from found)))::text, E'\n', '') as json,
       (select count(*) from found)::text as found
from public.businesses b
where b.id = $1::text::uuid
