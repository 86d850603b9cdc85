-- The link in each digest that stops it. $1 is the business and $2 the token that the link holds; whoever has the token
-- speaks for the address it was made for, which is one that gets the mail or one whose mail is paused.

-- part: masked_address
-- role: ringback_digest
left(a.address, 1) || '…@' || split_part(a.address, '@', 2)

-- part: unsubscribe_whom
-- role: ringback_digest
-- Digests are compared, not tokens: how long it takes tells nothing about how much of a guess was right.
listed as (
    select r.address from private.digest_recipients($1::text::uuid) r
    union
    select p.address from public.paused_recipients p where p.business_id = $1::text::uuid
), a as materialized (
    select lower(l.address) as address
    from listed l
    where sha256(convert_to(private.unsubscribe_token($1::text::uuid, l.address), 'UTF8')) = sha256(convert_to($2::text, 'UTF8'))
    limit 1
)

-- name: unsubscribe_look
-- role: ringback_digest
-- No row: nobody's token. Else: name of the business, the address as it may be shown, why it gets no mail or null.
with
-- include: unsubscribe_whom
select b.name,
-- include: masked_address
       , p.reason
from a
join public.businesses b on b.id = $1::text::uuid
left join public.paused_recipients p on p.business_id = b.id and p.address = a.address

-- name: unsubscribe_stop
-- role: ringback_digest
-- The same, afterwards. What was paused for another reason stays so.
with
-- include: unsubscribe_whom
, made as (
    insert into public.paused_recipients (business_id, address, reason)
    select $1::text::uuid, a.address, 'unsubscribed' from a
    on conflict (business_id, address) do update set address = excluded.address
    returning reason
)
select b.name,
-- include: masked_address
       , m.reason
from a
join public.businesses b on b.id = $1::text::uuid
cross join made m

-- name: unsubscribe_resume
-- role: ringback_digest
-- The same, afterwards. Only what the recipient stopped himself goes on.
with
-- include: unsubscribe_whom
, gone as (
    delete from public.paused_recipients p using a
    where p.business_id = $1::text::uuid and p.address = a.address and p.reason = 'unsubscribed'
    returning p.address
)
select b.name,
-- include: masked_address
       , p.reason
from a
join public.businesses b on b.id = $1::text::uuid
left join public.paused_recipients p on p.business_id = b.id and p.address = a.address
    and not exists (select from gone)
