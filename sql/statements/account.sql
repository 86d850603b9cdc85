-- The server's own sign-in. Only where the server is not given SUPABASE_URL.

-- name: account_find
-- role: ringback_auth
select id::text as user_id, encrypted_password as password_hash, coalesce(banned_until > now(), false) as banned,
       email_confirmed_at is not null as confirmed
from auth.users
where email = $1::text and deleted_at is null and not is_sso_user

-- name: account_open_session
-- role: ringback_auth
-- Nothing happens when the password was changed while it was checked. The sessions that were idle longest make room.
with signed_in as (
    update auth.users set last_sign_in_at = now(), updated_at = now()
    where id = $1::text::uuid and encrypted_password = $2::text and deleted_at is null
    returning id
), opened as (
    insert into auth.sessions (user_id, ip, user_agent)
    select id, $4::text::inet, $5::text from signed_in
    returning id
), surplus as (
    delete from auth.sessions
    where id in (select s.id from auth.sessions s join signed_in u on u.id = s.user_id
                 order by s.updated_at desc, s.id offset $6::text::int - 1)
)
insert into auth.refresh_tokens (token_hash, session_id, counter)
select $3::bytea, id, 0 from opened

-- name: account_lock_session
-- role: ringback_auth
-- First in every refresh: one at a time for each session. The next statement sees what the one before it did.
select id from auth.sessions
where id = (select session_id from auth.refresh_tokens where token_hash = $1::bytea)
for update

-- name: account_refresh
-- role: ringback_auth
-- The newest token makes the next one. The newest one's parent, and any that was used moments ago, bring the chain from
-- there to the newest. Whatever is older was stolen, or its successor was: the session ends.
with presented as (
    select t.counter, t.used_at, s.id as session_id, s.refresh_token_counter as newest, s.not_after,
           coalesce(u.banned_until > now(), false) as banned
    from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id join auth.users u on u.id = s.user_id
    where t.token_hash = $1::bytea and u.deleted_at is null
), judged as (
    select *, case
        when banned then 'banned'
        when not_after <= now() then 'expired'
        when counter = newest then 'rotated'
        when counter = newest - 1 then 'repeated'
        when used_at > now() - $6::text::int * interval '1 second' and newest - counter <= $7::text::int then 'repeated'
        else 'used' end as verdict
    from presented
), turned as (
    update auth.sessions s
    set refresh_token_counter = j.newest + 1, updated_at = now(), refreshed_at = now() at time zone 'utc',
        ip = $4::text::inet, user_agent = $5::text
    from judged j where s.id = j.session_id and j.verdict = 'rotated'
), spent as (
    update auth.refresh_tokens t set used_at = now()
    from judged j where t.token_hash = $1::bytea and j.verdict = 'rotated'
), made as (
    insert into auth.refresh_tokens (token_hash, session_id, counter, sealed)
    select $2::bytea, session_id, newest + 1, $3::bytea from judged where verdict = 'rotated'
), forgotten as (
    delete from auth.refresh_tokens t using judged j
    where t.session_id = j.session_id and t.counter <= j.newest - $8::text::int and j.verdict = 'rotated'
), revoked as (
    delete from auth.sessions s using judged j where s.id = j.session_id and j.verdict = 'used'
)
select j.verdict, j.session_id::text,
       (select string_agg(encode(t.sealed, 'base64'), '' order by t.counter) from auth.refresh_tokens t
        where t.session_id = j.session_id and t.counter > j.counter and j.verdict = 'repeated') as chain
from judged j

-- name: account_read
-- role: ringback_auth
-- One account, as itself and as GoTrue would show it: of a user and a session, or of the session of a refresh token. Without
-- a live session there is no session_id.
with who as (
    select $1::text::uuid as user_id, $2::text::uuid as session_id where $3::bytea is null
    union all
    select s.user_id, s.id from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id
    where t.token_hash = $3::bytea
)
select u.id::text as user_id, s.id::text as session_id, floor(extract(epoch from s.created_at))::bigint as signed_in_s,
       u.email, coalesce(u.phone, '') as phone, u.encrypted_password as password_hash,
       coalesce(u.banned_until > now(), false) as banned,
       u.raw_app_meta_data::text as app_metadata, u.raw_user_meta_data::text as user_metadata,
       (jsonb_strip_nulls(jsonb_build_object(
            'id', u.id, 'aud', coalesce(u.aud, ''), 'role', coalesce(u.role, ''), 'email', coalesce(u.email, ''),
            'phone', coalesce(u.phone, ''), 'email_confirmed_at', u.email_confirmed_at,
            'phone_confirmed_at', u.phone_confirmed_at, 'confirmed_at', u.confirmed_at, 'invited_at', u.invited_at,
            'confirmation_sent_at', u.confirmation_sent_at, 'recovery_sent_at', u.recovery_sent_at,
            'last_sign_in_at', u.last_sign_in_at, 'banned_until', u.banned_until, 'is_anonymous', u.is_anonymous,
            'created_at', u.created_at, 'updated_at', u.updated_at))
        || jsonb_build_object(
            'app_metadata', u.raw_app_meta_data, 'user_metadata', u.raw_user_meta_data,
            'identities', coalesce((
                select jsonb_agg(jsonb_build_object(
                    'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'identity_data', i.identity_data,
                    'provider', i.provider, 'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at,
                    'updated_at', i.updated_at, 'email', i.email) order by i.created_at, i.id)
                from auth.identities i where i.user_id = u.id), '[]')))::text as profile
from who
join auth.users u on u.id = who.user_id
left join auth.sessions s on s.id = who.session_id and s.user_id = u.id and (s.not_after is null or s.not_after > now())
where u.deleted_at is null

-- name: account_update
-- role: ringback_auth
-- A new password ends the other sessions. What is null in the data goes; too much of it changes nothing at all.
with live as (
    select u.id, (u.raw_user_meta_data || coalesce($5::text::jsonb, '{}'))
                 - coalesce((select array_agg(key) from jsonb_each($5::text::jsonb) where value = 'null'), '{}') as data
    from auth.users u join auth.sessions s on s.user_id = u.id
    where u.id = $1::text::uuid and s.id = $2::text::uuid and u.encrypted_password is not distinct from $3::text
), changed as (
    update auth.users u
    set encrypted_password = coalesce($4::text, u.encrypted_password), raw_user_meta_data = live.data, updated_at = now()
    from live where u.id = live.id and octet_length(live.data::text) <= $6::text::int
    returning u.id
), ended as (
    delete from auth.sessions s using changed
    where $4::text is not null and s.user_id = changed.id and s.id <> $2::text::uuid
)
select exists (select from live) as live, exists (select from changed) as changed

-- name: account_sign_out
-- role: ringback_auth
with mine as (
    select id from auth.sessions where user_id = $1::text::uuid and id = $2::text::uuid
), ended as (
    delete from auth.sessions s using mine
    where s.user_id = $1::text::uuid
      and case $3::text when 'local' then s.id = mine.id when 'others' then s.id <> mine.id else true end
)
select exists (select from auth.users where id = $1::text::uuid and deleted_at is null) as known,
       exists (select from mine) as live

-- name: account_keys
-- role: ringback_auth
select private_jwk::text as private_jwk, status from auth.signing_keys
order by status = 'in_use' desc, created_at desc, kid
limit $1::text::int

-- name: account_add_key
-- role: ringback_auth
-- Of several servers that start at once, one makes the key.
insert into auth.signing_keys (kid, private_jwk, status) values ($1::text, $2::text::jsonb, 'in_use')
on conflict do nothing
