-- Businesses and their numbers, for the copy that the server keeps in memory.

-- name: directory_version
-- role: ringback_ingest
select version from private.directory_version

-- name: directory_load
-- role: ringback_ingest
-- $1 at most so many, $2 name of the SECRETS_KEY or null. `books`: the assistant may look into a calendar and book.
select p.phone, b.id::text as id, b.name, b.timezone, b.vapi_assistant_id, b.forward_to, b.fallback_greeting,
       b.calcom_enabled and c.business_id is not null as books
from public.business_phones p join public.businesses b on b.id = p.business_id
left join private.calcom_credentials c on c.business_id = b.id and c.key_id = $2::text and c.invalid_at is null
limit $1::text::int

-- name: directory_adopt
-- role: ringback_ingest
-- Calls that slipped in while their number was being mapped.
-- Few numbers wait, however many calls do: each is looked up once.
update public.calls c set business_id = p.business_id, updated_at = now()
from (select distinct called_number from public.calls where business_id is null) w
join public.business_phones p on p.phone = w.called_number
where c.business_id is null and c.called_number = w.called_number
