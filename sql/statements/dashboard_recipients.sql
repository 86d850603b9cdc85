-- Who gets the daily mail, and who does not any more. $n are text, null when absent; a business that is not given is the
-- first of mine.

-- name: recipients_read
-- role: authenticated
-- $1 business, $2 't' when there is a way to send mail
with b as materialized (
    select b.id, b.email, b.digest_enabled
    from public.businesses b
-- include: business_asked
)
select json_build_object(
    'enabled', b.digest_enabled, 'sending', $2::text is not distinct from 't',
    'are_owners', btrim(coalesce(b.email, ''), ' ,') = '',
    'recipients', coalesce((
        select json_agg(json_build_object('address', r.address, 'paused',
-- include: pause_as_json
            ) order by r.nth)
        from private.my_digest_recipients(b.id) r
        left join public.paused_recipients p on p.business_id = b.id and p.address = lower(r.address)), '[]')) as json
from b

-- name: recipient_write
-- role: authenticated
-- $1 business, $2 JSON object: address, paused (false: let it have the mail again). One row: 'ok', 'not_found',
-- 'forbidden', 'session_gone', 'invalid:<key>', 'invalid:body' (no object) or 'invalid:key' (another key), and how it is
-- then. Row-level security has the last word.
with b as materialized (
    select b.id, u.role
    from public.businesses b
    join public.business_users u on u.business_id = b.id
-- include: business_asked
), asked as materialized (
    select c, c ->> 'address' as address, c -> 'paused' as paused from (select $2::text::jsonb as c) j
), verdict as materialized (
    select case
        when b.role <> 'owner' then 'forbidden'
        when not (select private.session_is_live()) then 'session_gone'
        when jsonb_typeof(c) <> 'object' then 'invalid:body'
        when exists (select from jsonb_object_keys(c) k (key) where k.key not in ('address', 'paused')) then 'invalid:key'
        when (jsonb_typeof(c -> 'address') = 'string' and length(address) between 1 and 320) is not true
            then 'invalid:address'
        when (paused = 'false') is not true then 'invalid:paused'
        when lower(address) not in (
            select lower(r.address) from private.my_digest_recipients(b.id) r
            union all select p.address from public.paused_recipients p where p.business_id = b.id) then 'not_found'
        else 'ok' end as outcome
    from b, asked
), resumed as (
    delete from public.paused_recipients p
    using b, asked, verdict
    where outcome = 'ok' and p.business_id = b.id and p.address = lower(asked.address)
)
select coalesce((select outcome from verdict), 'not_found') as outcome,
       (select json_build_object('address', address, 'paused', false)
        from verdict, asked where outcome = 'ok')::text as json
