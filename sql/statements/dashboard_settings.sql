-- What owners set themselves. $n are text, null when absent; a business that is not given is the first of mine.

-- part: settings_as_json
-- role: authenticated
-- Of business s, for who is in it as u; way.sending: there is a way to send mail.
json_build_object(
    'id', s.id, 'name', s.name, 'email', s.email, 'timezone', s.timezone, 'digest_enabled', s.digest_enabled,
    'digest_hour', s.digest_hour, 'skip_empty_digest', s.skip_empty_digest, 'sending', way.sending,
    'open_days', (select coalesce(json_agg(distinct d order by d), '[]') from unnest(s.open_days) d),
    'opens_at', left(s.opens_at::text, 5), 'closes_at', left(s.closes_at::text, 5),
    'forward_to', s.forward_to, 'fallback_greeting', s.fallback_greeting, 'calcom_enabled', s.calcom_enabled,
    'calendar', private.my_calendar(s.id),
    'phones', coalesce((select json_agg(p.phone order by p.phone) from public.business_phones p
                        where p.business_id = s.id), '[]'),
    'role', u.role, 'can_edit', u.role = 'owner')

-- name: settings_read
-- role: authenticated
-- $1 business, $2 't' when there is a way to send mail
with b as materialized (
    select b.*
    from public.businesses b
-- include: business_asked
)
select
-- include: settings_as_json
    as json
from b s
join public.business_users u on u.business_id = s.id
cross join (select $2::text is not distinct from 't' as sending) way

-- name: settings_write
-- role: authenticated
-- $1 business, $2 JSON object of changes: the keys that are there are set, $3 't' when there is a way to send mail. One
-- row: 'ok', 'not_found', 'forbidden', 'session_gone', 'invalid:<key>', 'invalid:body' (no object) or 'invalid:key' (not a
-- setting), and the settings as they are then. Row-level security has the last word on the update.
with b as materialized (
    select b.*, u.role
    from public.businesses b
    join public.business_users u on u.business_id = b.id
-- include: business_asked
), asked as materialized (
    select $2::text::jsonb as c
), wrong_type as materialized (
    select t.key
    from asked, (values ('name', 'string'), ('email', 'string null'), ('timezone', 'string'), ('digest_enabled', 'boolean'),
                        ('digest_hour', 'number'), ('skip_empty_digest', 'boolean'), ('forward_to', 'string null'),
                        ('fallback_greeting', 'string null'), ('open_days', 'array'), ('opens_at', 'string'),
                        ('closes_at', 'string')) t (key, types)
    where c ? t.key and not jsonb_typeof(c -> t.key) = any (string_to_array(t.types, ' '))
), wanted as materialized (
    select btrim(c ->> 'name') as name,
           nullif(regexp_replace(btrim(c ->> 'email'), '\s*,\s*', ', ', 'g'), '') as email, c ->> 'timezone' as timezone,
           c ->> 'digest_enabled' as digest_enabled, c ->> 'digest_hour' as digest_hour,
           c ->> 'skip_empty_digest' as skip_empty_digest, nullif(btrim(c ->> 'forward_to'), '') as forward_to,
           nullif(btrim(c ->> 'fallback_greeting'), '') as fallback_greeting,
           c ->> 'opens_at' as opens_at, c ->> 'closes_at' as closes_at,
           array(select d.day from jsonb_array_elements_text(
                     case when jsonb_typeof(c -> 'open_days') = 'array' then c -> 'open_days' else '[]' end) d (day)
                 order by d.day) as open_days
    from asked
), verdict as materialized (
    select case
        when b.role <> 'owner' then 'forbidden'
        when not (select private.session_is_live()) then 'session_gone'
        when jsonb_typeof(c) <> 'object' then 'invalid:body'
        when exists (select from jsonb_object_keys(c) k (key) where k.key not in ('name', 'email', 'timezone', 'digest_enabled',
            'digest_hour', 'skip_empty_digest', 'forward_to', 'fallback_greeting', 'open_days', 'opens_at', 'closes_at')) then 'invalid:key'
        when exists (select from wrong_type) then (select 'invalid:' || min(key) from wrong_type)
        when c ? 'name' and (w.name is null or length(w.name) not between 1 and 200 or w.name ~ '[[:cntrl:]\u200e\u200f\u202a-\u202e\u2066-\u2069]')
            then 'invalid:name'
        when c ? 'email' and (length(w.email) > 1000
            or w.email !~ '^[^[:cntrl:]\s@,;<>"()]+@[^[:cntrl:]\s@,;<>"()]+(, [^[:cntrl:]\s@,;<>"()]+@[^[:cntrl:]\s@,;<>"()]+){0,9}$')
            then 'invalid:email'
        when c ? 'timezone' and (w.timezone is null
            or not exists (select from pg_catalog.pg_timezone_names z where z.name = w.timezone)
            or w.timezone in ('posixrules', 'localtime', 'Factory', 'CET', 'EET', 'MET', 'WET')) then 'invalid:timezone'
        when c ? 'digest_enabled' and (w.digest_enabled in ('true', 'false')) is not true then 'invalid:digest_enabled'
        when c ? 'digest_hour' and (w.digest_hour ~ '^([0-9]|1[0-9]|2[0-3])$') is not true then 'invalid:digest_hour'
        when c ? 'skip_empty_digest' and (w.skip_empty_digest in ('true', 'false')) is not true then 'invalid:skip_empty_digest'
        when c ? 'forward_to' and w.forward_to !~ '^\+[1-9][0-9]{5,14}$' then 'invalid:forward_to'
        when c ? 'forward_to' and exists (select from public.business_phones p where p.phone = w.forward_to and p.business_id = b.id)
            then 'invalid:forward_to_ourselves' -- a call would come back to us
        when c ? 'fallback_greeting' and (length(w.fallback_greeting) > 1000 or w.fallback_greeting ~ '[\x01-\x08\x0b-\x1f\x7f]')
            then 'invalid:fallback_greeting'
        when jsonb_path_exists(c, '$.open_days[*] ? (@.type() != "number")') or not w.open_days <@ '{1,2,3,4,5,6,7}'
            or exists (select from unnest(w.open_days) d (day) group by day having count(*) > 1) then 'invalid:open_days'
        when w.opens_at !~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' then 'invalid:opens_at'
        when w.closes_at !~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' then 'invalid:closes_at'
        else 'ok' end as outcome
    from b, asked, wanted w
), changed as (
    -- What is not asked for is not read either: somebody else may be changing it.
    update public.businesses x set
        name = case when c ? 'name' then w.name else x.name end,
        email = case when c ? 'email' then w.email else x.email end,
        timezone = case when c ? 'timezone' then w.timezone else x.timezone end,
        digest_enabled = case when c ? 'digest_enabled' then w.digest_enabled::boolean else x.digest_enabled end,
        digest_hour = case when c ? 'digest_hour' then w.digest_hour::smallint else x.digest_hour end,
        skip_empty_digest = case when c ? 'skip_empty_digest' then w.skip_empty_digest::boolean else x.skip_empty_digest end,
        forward_to = case when c ? 'forward_to' then w.forward_to else x.forward_to end,
        fallback_greeting = case when c ? 'fallback_greeting' then w.fallback_greeting else x.fallback_greeting end,
        open_days = case when c ? 'open_days' then w.open_days::smallint[] else x.open_days end,
        opens_at = case when c ? 'opens_at' then w.opens_at::time else x.opens_at end,
        closes_at = case when c ? 'closes_at' then w.closes_at::time else x.closes_at end
    from asked, wanted w, verdict v
    where x.id = (select id from b) and v.outcome = 'ok'
    returning x.*
)
select coalesce((select case when v.outcome = 'ok' and not exists (select from changed) then 'forbidden' else v.outcome end
                 from verdict v), 'not_found') as outcome,
       (select
-- include: settings_as_json
        from b u, changed s, (select $3::text is not distinct from 't' as sending) way)::text as json
