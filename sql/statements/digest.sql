-- The digest's row, from due to its end; migration "digests" says what the states mean. $n are text, null when absent, unless
-- said otherwise. $owner is the name of one claim: what has been claimed by somebody else since is left alone, and then the
-- statement returns no row.

-- name: digest_schedule
-- role: ringback_digest
-- $1 minute past each business's hour, $2 minute of the UTC day for all or null, $3 at most so many
-- One row: how many became due.
with owed as materialized (
    select * from private.digests_owed(now(), $1::text::int, $2::text::int)
    order by due_at, business_id, local_date limit $3::text::int
), made as (
    insert into public.digests (business_id, local_date, due_at)
    select business_id, local_date, due_at from owed
    on conflict do nothing
    returning 1
)
select (select count(*) from made) as made, (select count(*) from owed) as owed

-- name: digest_make_due
-- role: ringback_digest
-- $1 date, $2 business or null for all that want one: due now, whatever the hour. Days that are over, of businesses that
-- were there. One row: how many.
with made as (
    insert into public.digests (business_id, local_date, due_at)
    select b.id, $1::text::date, now()
    from public.businesses b
    where (b.id = $2::text::uuid or $2::text is null and b.digest_enabled)
      and case when private.zone_is_known(b.timezone) then -- one that is not would stop all others
            private.day_start($1::text::date + 1, b.timezone) <= now()
            and private.day_start($1::text::date, b.timezone) < private.day_start($1::text::date + 1, b.timezone) end
    on conflict do nothing
    returning 1
)
select count(*) as made from made

-- name: digest_give_up
-- role: ringback_digest
-- $1 the way that mails go now, or null. What may have been accepted and cannot be asked again safely, and what could not
-- be made or sent for three days: it would be old news. A row each: business, date, reason, and the status that it has now.
update public.digests set
    status = case when first_attempt_at is null and coalesce(doubt, attempt_way) is null then 'failed' else 'unknown' end,
    claimed_by = null, attempt_way = null, doubt = coalesce(doubt, attempt_way), updated_at = now(),
    reason = case when coalesce(first_attempt_at, due_at) < now() - interval '23 hours' then 'too_late' else 'interrupted' end,
    error = case
        when first_attempt_at is null and coalesce(doubt, attempt_way) is null then 'It could not be made or sent for three days.'
        when coalesce(doubt, attempt_way) is null then 'It could not be sent for 23 hours.'
        when first_attempt_at < now() - interval '23 hours' then
            'For 23 hours no clear answer came. The mail may have gone out or not.'
        else 'It was interrupted while it was being sent. The mail may have gone out or not.' end
where status in ('due', 'claimed') and lease_until < now()
  and (first_attempt_at < now() - interval '23 hours'
       or first_attempt_at is null and due_at < now() - interval '3 days'
       or coalesce(doubt, attempt_way) = 'smtp' or coalesce(doubt, attempt_way) <> coalesce($1::text, 'resend'))
returning business_id, local_date, reason, status

-- name: digest_claim
-- role: ringback_digest
-- $1 owner, $2 at most so many, $3 date or null, $4 business or null, $5 the way that mails go now, or null. None
-- during a pause that the provider asked for; what digest_give_up is for is left alone.
with free as materialized (
    select business_id, local_date
    from public.digests
    where status in ('due', 'claimed') and lease_until < now()
      and (request_body is null or $5::text is not null) -- made for a way out that is not here
      and (select next_at < clock_timestamp() + interval '30 seconds' from private.mail_pace)
      and ($3::text is null or local_date = $3::text::date) and ($4::text is null or business_id = $4::text::uuid)
      and coalesce(first_attempt_at, now()) >= now() - interval '23 hours'
      and (first_attempt_at is not null or due_at >= now() - interval '3 days')
      and (coalesce(doubt, attempt_way) is null
           or coalesce(doubt, attempt_way) = 'resend' and coalesce($5::text, 'resend') = 'resend')
    order by lease_until, due_at, business_id
    limit $2::text::int
    for update skip locked
)
update public.digests d set status = 'claimed', claimed_by = $1::text, lease_until = now() + interval '5 minutes',
    doubt = coalesce(d.doubt, d.attempt_way), attempt_way = null, updated_at = now()
from free f
where d.business_id = f.business_id and d.local_date = f.local_date
returning d.business_id, d.local_date, d.request_body is not null as is_made, d.attempts

-- name: digest_state
-- role: ringback_digest
-- For the metrics. "Past due": an hour after it was due and still not at its end.
select count(*) filter (where status = 'due') as due, count(*) filter (where status = 'claimed') as claimed,
       count(*) filter (where due_at < now() - interval '1 hour') as past_due,
       coalesce(extract(epoch from now() - min(due_at) filter (where due_at < now() - interval '1 hour')), 0)::bigint
           as oldest_seconds,
       (select count(*) from public.digests where status = 'unknown') as unknown,
       (select coalesce(sum(z.businesses), 0)::bigint
        from (select timezone, count(*) as businesses from public.businesses where digest_enabled group by 1) z
        where not private.zone_is_known(z.timezone)) as lost
from public.digests
where status in ('due', 'claimed')

-- name: digest_keep_bytes
-- role: ringback_digest
-- $1 business, $2 date, $3 owner, $4 bytes, $5 their SHA-256 (both bytea). Once: what is there is never replaced after it
-- may have been sent.
update public.digests set request_body = $4::bytea, request_sha256 = $5::bytea, updated_at = now()
where business_id = $1::text::uuid and local_date = $2::text::date and claimed_by = $3::text and status = 'claimed'
  and lease_until > now() and first_attempt_at is null
returning 1

-- name: digest_pace
-- role: ringback_digest
-- The next moment at which a mail may go out, in milliseconds from now; no row when that is more than 30 s away.
update private.mail_pace set next_at = greatest(next_at, clock_timestamp()) + gap
where only_row and next_at < clock_timestamp() + interval '30 seconds'
returning greatest(ceil(extract(epoch from next_at - gap - clock_timestamp()) * 1000), 0)::int as wait_ms

-- name: digest_pace_learn
-- role: ringback_digest
-- $1 mails a second, or null if nothing was said; $2 milliseconds for which nothing may go out
update private.mail_pace set
    gap = coalesce(make_interval(secs => 1 / least(greatest($1::text::float8, 0.02), 10000)), gap),
    next_at = greatest(next_at, clock_timestamp() + least($2::text::bigint, 86400000) * interval '1 millisecond')
where only_row
returning 1

-- name: digest_attempt
-- role: ringback_digest
-- $1 business, $2 date, $3 owner, $4 way. Committed before anything is sent; what is sent are the bytes that it returns,
-- null if they are not what was kept.
update public.digests set attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, now()),
    attempt_way = $4::text, lease_until = now() + interval '5 minutes', updated_at = now()
where business_id = $1::text::uuid and local_date = $2::text::date and claimed_by = $3::text and status = 'claimed'
  and lease_until > now() and request_body is not null
  and coalesce(first_attempt_at, now()) > now() - interval '23 hours'
returning attempts, mails_accepted,
    case when sha256(request_body) = request_sha256 then convert_from(request_body, 'UTF8') end as whole_body

-- name: digest_outcome
-- role: ringback_digest
-- $1 business, $2 date, $3 owner, $4 status (sent, due, failed, unknown), $5 reason, $6 error, $7 resend_id,
-- $8 milliseconds until the next try, $9 mails accepted, $10 't' when the attempt may have been accepted all the same.
-- What was in doubt before stays so: then a refusal proves nothing. One row: the status that it has now.
update public.digests set
    status = case when $4::text = 'failed' and (doubt is not null or $10::text = 't') then 'unknown' else $4::text end,
    reason = $5::text, error = $6::text, resend_id = coalesce($7::text, resend_id),
    delivery_status = case when $4::text = 'sent' then coalesce(delivery_status, 'sent') else delivery_status end,
    sent_at = case when $4::text = 'sent' then coalesce(sent_at, now()) else sent_at end,
    lease_until = case when $4::text = 'due' then now() + $8::text::bigint * interval '1 millisecond' else lease_until end,
    doubt = case when $4::text = 'sent' then null when $10::text = 't' then coalesce(doubt, attempt_way) else doubt end,
    mails_accepted = coalesce($9::text::smallint, mails_accepted), attempt_way = null, claimed_by = null, updated_at = now()
where business_id = $1::text::uuid and local_date = $2::text::date and claimed_by = $3::text and status = 'claimed'
returning status

-- name: digest_settle
-- role: ringback_digest
-- $1 business, $2 date, $3 owner, $4 status (skipped, kept, failed), $5 reason, $6 error, $7 bytes, $8 their SHA-256 (bytea,
-- null when there are none). The end of a digest that was never tried.
update public.digests set status = $4::text, reason = $5::text, error = $6::text, claimed_by = null, updated_at = now(),
    request_body = coalesce($7::bytea, request_body), request_sha256 = coalesce($8::bytea, request_sha256)
where business_id = $1::text::uuid and local_date = $2::text::date and claimed_by = $3::text and status = 'claimed'
  and first_attempt_at is null
returning status

-- name: digest_release
-- role: ringback_digest
-- $1 business, $2 date, $3 owner, $4 milliseconds until somebody may take it again
update public.digests set status = 'due', claimed_by = null, updated_at = now(),
    lease_until = now() + $4::text::bigint * interval '1 millisecond'
where business_id = $1::text::uuid and local_date = $2::text::date and claimed_by = $3::text and status = 'claimed'
  and attempt_way is null
returning 1

-- name: digest_untried
-- role: ringback_digest
-- $1 business, $2 date, $3 owner, $4 milliseconds until somebody may take it again. Of an attempt that began and never left
-- this machine: as if it had not begun.
update public.digests set status = 'due', claimed_by = null, attempt_way = null, updated_at = now(),
    attempts = attempts - 1, first_attempt_at = case when attempts > 1 then first_attempt_at end,
    lease_until = now() + $4::text::bigint * interval '1 millisecond'
where business_id = $1::text::uuid and local_date = $2::text::date and claimed_by = $3::text and status = 'claimed'
returning 1

-- name: digest_again
-- role: ringback_digest
-- $1 date, $2 business or null. The operator's word: what failed is made anew, what is unknown, or went to some of its
-- recipients, is sent again as it was.
update public.digests set status = 'due', due_at = now(), lease_until = '-infinity', claimed_by = null, attempt_way = null,
    reason = null, error = null, updated_at = now(),
    request_body = case when status = 'unknown' or mails_accepted > 0 then request_body end,
    request_sha256 = case when status = 'unknown' or mails_accepted > 0 then request_sha256 end,
    first_attempt_at = null, doubt = null
where local_date = $1::text::date and (business_id = $2::text::uuid or $2::text is null)
  and status in ('failed', 'unknown', 'kept', 'skipped')
returning business_id
