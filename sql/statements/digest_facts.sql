-- What a digest tells.

-- name: digest_facts
-- role: ringback_digest
-- $1 business, $2 date, $3 as of this moment (null: now): what came later is not looked at. One JSON object, as
-- src/domain/digest_facts.c reads it; no row: there is no such business.
select json_build_object('business_id', b.id, 'date', $2::text, 'at', $3::text) as json
from public.businesses b
where b.id = $1::text::uuid
