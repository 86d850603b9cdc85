-- What `ringback demo` needs; the server never prepares these. Run as the owner of the tables, in one transaction but for the
-- looks before it and the vacuum behind it.

-- name: demo_look
-- role: owner
-- Is the schema there, is it this program's newest, are accounts kept by ourselves, and does row-level security let COPY work?
select to_regclass('public.calls') is not null and to_regclass('supabase_migrations.schema_migrations') is not null
           and to_regclass('auth.users') is not null,
       to_regclass('auth.schema_migrations') is not null
           or exists (select from pg_catalog.pg_roles where rolname = 'supabase_auth_admin'),
       to_regclass('auth.identities') is not null,
       (select rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = current_user)

-- name: demo_version
-- role: owner
select 1 from supabase_migrations.schema_migrations where version = $1

-- name: demo_now
-- role: owner
-- The time, and the latest of the zones' dates as days since 1970.
select (extract(epoch from now()) * 1000000)::bigint, max((now() at time zone zone)::date - date '1970-01-01')
from unnest($1::text[]) zone

-- name: demo_hours
-- role: owner
-- When each local hour begins, from the first day's first to the end of the last day.
select (z.nth - 1)::int, (extract(epoch from h at time zone z.zone) * 1000000)::bigint
from unnest($1::text[]) with ordinality z (zone, nth),
     generate_series(date '1970-01-01' + $2::int, (date '1970-01-01' + $3::int)::timestamp, interval '1 hour') h
order by z.nth, h

-- name: demo_here
-- role: owner
-- What is here of earlier runs: their CallSids begin alike.
select business_id, count(*), (extract(epoch from max(started_at)) * 1000000)::bigint,
       min(started_at)::date, max(started_at)::date
from public.calls
where twilio_call_sid collate "C" >= 'CAde30' and twilio_call_sid collate "C" < 'CAde31'
group by business_id

-- name: demo_mailed
-- role: owner
select business_id, max(local_date) - date '1970-01-01' from public.digests group by business_id

-- name: demo_begin
-- role: owner
begin

-- name: demo_settings
-- role: owner
select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
       set_config('lock_timeout', '30s', true), set_config('maintenance_work_mem', '1GB', true),
       set_config('max_parallel_maintenance_workers', '1', true), set_config('client_min_messages', 'warning', true)

-- name: demo_end_left
-- role: owner
-- The call that went on when an earlier run ended is over by now.
update public.calls set status_rank = 5, ended_claim = '5customer-ended-call', has_report = true, updated_at = now(),
    reported_seconds = 150, reported_ended_at = started_at + interval '150 seconds', seen_ended_at = started_at + interval '151 seconds'
where twilio_call_sid collate "C" >= 'CAde30' and twilio_call_sid collate "C" < 'CAde31' and status_rank < 5
    and started_at < now() - interval '10 minutes'

-- name: demo_triggers_off
-- role: owner
-- What they would do row by row is done at once in the end.
do $$
declare
    name text;
begin
    foreach name in array array['businesses', 'calls', 'call_events', 'call_utterances'] loop
        execute format('alter table public.%I disable trigger user', name);
    end loop;
end
$$

-- name: demo_triggers_on
-- role: owner
do $$
declare
    name text;
begin
    foreach name in array array['businesses', 'calls', 'call_events', 'call_utterances'] loop
        execute format('alter table public.%I enable trigger user', name);
    end loop;
    update private.directory_version set version = version + 1 where only_row;
end
$$

-- name: demo_indexes_off
-- role: owner
-- Drops what would be kept up to date row by row, and notes how to make it again: step 1 keys and indexes, step 2 references.
do $$
declare
    big constant oid[] := array['public.calls'::regclass, 'public.call_events'::regclass, 'public.call_utterances'::regclass,
                                'private.call_words'::regclass];
    r record;
begin
    create temporary table demo_made_anew (step integer not null, what text not null, ddl text not null) on commit drop;
    for r in select conname, conrelid::regclass as tab, pg_get_constraintdef(oid) as def from pg_catalog.pg_constraint
             where contype = 'f' and (conrelid = any (big) or confrelid = any (big)) loop
        insert into demo_made_anew values (2, r.conname, format('alter table %s add constraint %I %s', r.tab, r.conname, r.def));
        execute format('alter table %s drop constraint %I', r.tab, r.conname);
    end loop;
    for r in select conname, conrelid::regclass as tab, pg_get_constraintdef(oid) as def from pg_catalog.pg_constraint
             where contype in ('p', 'u') and conrelid = any (big) loop
        insert into demo_made_anew values (1, r.conname, format('alter table %s add constraint %I %s', r.tab, r.conname, r.def));
        execute format('alter table %s drop constraint %I', r.tab, r.conname);
    end loop;
    for r in select indexrelid::regclass as name, pg_get_indexdef(indexrelid) as def from pg_catalog.pg_index
             where indrelid = any (big) loop
        insert into demo_made_anew values (1, r.name, r.def);
        execute format('drop index %s', r.name);
    end loop;
end
$$

-- name: demo_indexes
-- role: owner
select what, ddl from demo_made_anew order by step, what

-- name: demo_businesses
-- role: owner
insert into public.businesses (id, name, timezone, email, forward_to, vapi_assistant_id, created_at, calcom_enabled)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::boolean[])
on conflict (id) do nothing

-- name: demo_phones
-- role: owner
insert into public.business_phones (phone, business_id)
select * from unnest($1::text[], $2::uuid[])
on conflict (phone) do nothing

-- name: demo_users
-- role: owner
-- As GoTrue makes them. Who has the address already keeps account and password.
with made as (
    insert into auth.users (instance_id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data,
                            raw_user_meta_data, confirmation_token, recovery_token, email_change_token_new, email_change)
    select '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', mail, $2, now(),
           '{"provider": "email", "providers": ["email"]}', '{}', '', '', '', ''
    from unnest($1::text[]) mail
    on conflict do nothing
    returning id, email
)
insert into auth.identities (provider_id, user_id, identity_data, provider)
select id::text, id, jsonb_build_object('sub', id, 'email', email, 'email_verified', true), 'email' from made
returning user_id

-- name: demo_members
-- role: owner
insert into public.business_users (business_id, user_id, role)
select m.business_id, u.id, m.role
from unnest($1::uuid[], $2::text[], $3::text[]) m (business_id, mail, role)
join auth.users u on u.email = m.mail
on conflict do nothing

-- name: demo_password
-- role: owner
update auth.users set encrypted_password = $2, updated_at = now() where email = any ($1::text[])

-- name: demo_copy_calls
-- role: owner
copy public.calls (id, business_id, provider_claim, twilio_call_sid, caller_claim, called_claim, status_rank, ended_claim,
                   started_at, reported_ended_at, seen_ended_at, reported_seconds, carrier_seconds, summary, analysis,
                   recording_claim, cost, caller_spoke, has_report, said_reported, booked, created_at, updated_at) from stdin

-- name: demo_copy_utterances
-- role: owner
copy public.call_utterances (call_id, utterance_key, role, said_at, text, source) from stdin

-- name: demo_copy_events
-- role: owner
copy public.call_events (event_key, call_id, source, type, occurred_at, received_at, payload) from stdin

-- name: demo_copy_bookings
-- role: owner
-- Appointments are in local time, with the name of the zone.
copy public.bookings (id, business_id, call_id, provider_call_id, twilio_call_sid, tool_call_id, status, reason, starts_at,
                      attendee_name, attendee_email, attendee_phone, calcom_uid, error, service, created_at,
                      updated_at) from stdin

-- name: demo_copy_digests
-- role: owner
copy public.digests (business_id, local_date, status, attempts, resend_id, delivery_status, error, reason, due_at, created_at,
                     first_attempt_at, sent_at, updated_at) from stdin

-- name: demo_words_keys
-- role: owner
select private.words_key(id) from unnest($1::uuid[]) with ordinality b (id, nth) order by nth

-- name: demo_copy_words
-- role: owner
-- What the server would make of them, a call at a time.
copy private.call_words (call_id, business_id, listed_at, words) from stdin

-- name: demo_call_backs
-- role: owner
-- Most callers whom nobody has answered since are ticked off, some hours later, unless that would be in the last two days
-- of their business's calls. Of the last 60 days: two periods. Whom and when is decided by the call's id.
with recent as materialized (
    select c.business_id, c.caller_number, c.id, c.outcome, c.listed_at,
           max(c.listed_at) filter (where private.is_answered(c.outcome)) over of_caller as answered_at,
           row_number() over (of_caller order by c.listed_at desc, c.id) as nth, e.end_at
    from (select business_id, max(listed_at) as end_at from public.calls where business_id is not null group by 1) e
    join public.calls c on c.business_id = e.business_id and c.listed_at >= e.end_at - interval '60 days'
    where c.caller_number ~ '^\+[1-9][0-9]{5,14}$' and (private.is_missed(c.outcome) or private.is_answered(c.outcome))
    window of_caller as (partition by c.business_id, c.caller_number)
), chance as (
    select *, ('x' || left(md5(id::text), 4))::bit(16)::int as roll from recent where nth = 1
), done as (
    select business_id, caller_number, listed_at + (40 + roll % 1200) * interval '1 minute' as done_at
    from chance
    where private.is_to_call_back(outcome, caller_number, listed_at, answered_at, null) and roll % 10 < 8
      and listed_at + (40 + roll % 1200) * interval '1 minute' < end_at - interval '2 days'
)
insert into public.call_backs as k (business_id, caller_number, done_at, done_by)
select d.business_id, d.caller_number, d.done_at,
       (select u.user_id from public.business_users u where u.business_id = d.business_id order by u.role, u.user_id limit 1)
from done d
on conflict (business_id, caller_number) do update set done_at = excluded.done_at, done_by = excluded.done_by
    where excluded.done_at > k.done_at

-- name: demo_analyze
-- role: owner
analyze public.businesses, public.business_phones, public.calls, public.bookings, public.call_backs, public.digests

-- name: demo_mails_missing
-- role: owner
-- $1 at most so many of this transaction's digests, and when their mails were made: those of business $2, then the newest.
select business_id, local_date, private.rfc3339(due_at)
from public.digests
where xmin = pg_current_xact_id()::xid and request_body is null
order by business_id = $2::uuid desc, due_at desc, business_id limit $1::int

-- name: demo_mail
-- role: owner
update public.digests set request_body = convert_to($3, 'UTF8'), request_sha256 = sha256(convert_to($3, 'UTF8'))
where business_id = $1::uuid and local_date = $2::date

-- name: demo_deliveries
-- role: owner
-- What became of the mails of this transaction, some seconds after each was sent.
with recipients as materialized (
    select b.id as business_id, r.address
    from public.businesses b cross join lateral private.digest_recipients(b.id) r
    where b.id in (select d.business_id from public.digests d where d.xmin = pg_current_xact_id()::xid)
)
insert into public.digest_deliveries (business_id, local_date, address, status, error, happened_at, updated_at)
select d.business_id, d.local_date, r.address, d.delivery_status, d.error, t.at, t.at
from public.digests d
join recipients r on r.business_id = d.business_id
cross join lateral (select d.sent_at + interval '3 seconds' as at) t
where d.xmin = pg_current_xact_id()::xid and d.delivery_status is not null and d.request_body is not null

-- name: demo_commit
-- role: owner
commit

-- name: demo_vacuum
-- role: owner
vacuum (analyze) public.calls, public.call_events, public.call_utterances, public.digests, public.call_backs,
    public.digest_deliveries, public.bookings, private.call_words
