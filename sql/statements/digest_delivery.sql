-- What became of a mail, as its provider tells it: several times, and in any order.

-- name: digest_delivery_apply
-- role: ringback_digest
-- $1 id of the event, $2 state, $3 business and $4 date or null, $5 the provider's name of the mail or null, $6 recipient or
-- null, $7 what the owner is told or null, $8 when or null, $9 why the recipient gets no more mail or null. One row: whether
-- the event is new, whether it is about a digest, whether it stopped the recipient's mail. Whatever the digest's row said,
-- what is told of its mail proves that it was sent.
with tagged as materialized (
    select business_id, local_date from public.digests
    where business_id = $3::text::uuid and local_date = $4::text::date and attempts > 0 -- never tried: not its mail
), found as materialized (
    select business_id, local_date from tagged
    union all
    (select business_id, local_date from public.digests
     where resend_id = $5::text and not exists (select from tagged)
     order by business_id, local_date limit 1)
), event as (
    insert into private.resend_events (svix_id, type, business_id, local_date)
    select $1::text, $2::text, f.business_id, f.local_date
    from (values (1)) one (n) left join found f on true
    on conflict do nothing
    returning business_id, local_date
), delivery as (
    insert into public.digest_deliveries as d (business_id, local_date, address, status, error, happened_at)
    select e.business_id, e.local_date, lower($6::text), $2::text, $7::text, $8::text::timestamptz
    from event e where e.business_id is not null and $6::text is not null
    on conflict (business_id, local_date, address) do update
        set status = excluded.status, error = excluded.error, happened_at = excluded.happened_at, updated_at = now()
        where private.delivery_rank(excluded.status) > private.delivery_rank(d.status)
), told as (
    update public.digests d set
        delivery_status = case when private.delivery_rank($2::text) > private.delivery_rank(d.delivery_status)
            then $2::text else d.delivery_status end,
        status = 'sent', sent_at = coalesce(d.sent_at, now()), resend_id = coalesce(d.resend_id, $5::text),
        reason = case when d.status = 'sent' then d.reason end, error = case when d.status = 'sent' then d.error end,
        doubt = null, attempt_way = null, claimed_by = null, updated_at = now()
    from event e
    where d.business_id = e.business_id and d.local_date = e.local_date
      and (d.status <> 'sent' or private.delivery_rank($2::text) > private.delivery_rank(d.delivery_status))
), paused as (
    insert into public.paused_recipients (business_id, address, reason, detail)
    select e.business_id, lower($6::text), $9::text, $7::text
    from event e where e.business_id is not null and $6::text is not null and $9::text is not null
    on conflict do nothing
    returning 1
)
select (select count(*) from event) > 0 as is_new,
       (select count(e.business_id) from event e) > 0 as is_ours,
       (select count(*) from paused) > 0 as is_paused

-- name: digest_delivery_tidy
-- role: ringback_digest
-- Nobody sends the same event again after so long.
delete from private.resend_events where received_at < now() - interval '30 days'
