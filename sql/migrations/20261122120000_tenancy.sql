-- Who may see and do what. Postgres decides, for each row, whatever a program asks.
--
--   authenticated      a signed-in person: the rows of the businesses that business_users links them to; owners may change
--                      a business's settings, staff only read; a call that belongs to nobody is seen by nobody
--   anon               nothing
--   ringback_ingest    the server when it stores calls; ringback_digest when it mails
--   ringback_definer   owns the functions that run with rights of their own, and has just those rights
--
-- Every table has row-level security on and forced, so that the owner of the tables is bound by it as well.
do $$
begin
    if not exists (select from pg_roles where rolname = 'ringback_definer') then
        create role ringback_definer nologin noinherit;
    end if;
    execute format('grant ringback_definer to %I', current_user); -- to hand functions over to it
end
$$;
grant usage, create on schema private to ringback_definer;
grant usage on schema private to authenticated;

-- The digest of one business and one local day.
create table public.digests (
    business_id uuid not null references public.businesses,
    local_date date not null,
    status text not null default 'due' check (status in ('due', 'claimed', 'sent', 'failed', 'skipped')),
    attempts integer not null default 0 check (attempts >= 0),
    request_body bytea,
    resend_id text,
    delivery_status text,
    error text,
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (business_id, local_date)
);

-- What a caller asked to be booked; one row for each tool call, refused ones too.
create table public.bookings (
    id uuid primary key default gen_random_uuid(),
    business_id uuid not null references public.businesses,
    call_id uuid references public.calls,
    tool_call_id text not null unique,
    status text not null,
    starts_at timestamptz,
    attendee_name text,
    attendee_email text,
    attendee_phone text,
    calcom_uid text,
    error text,
    created_at timestamptz not null default now()
);
create index bookings_call on public.bookings (call_id);
create index bookings_business on public.bookings (business_id, created_at desc);

-- Whose rows a signed-in person may see. In policies always as `= any(array(select ...))`: asked once for a statement, and
-- usable by an index. Without auth.uid(): on Supabase nobody may let ringback_definer into the schema auth.
create function private.my_business_ids() returns setof uuid
    language sql stable security definer set search_path = ''
as $$
    select business_id from public.business_users
    where user_id = (select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid)
$$;

create function private.my_owned_business_ids() returns setof uuid
    language sql stable security definer set search_path = ''
as $$
    select business_id from public.business_users
    where user_id = (select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid) and role = 'owner'
$$;

-- An access token outlives its sign-out; what changes something asks whether the session still exists. Owned by the owner of
-- the schema: on Supabase nobody else may be given a look at auth.sessions.
create function private.session_is_live() returns boolean
    language plpgsql stable security definer set search_path = ''
as $$
begin
    return exists (
        select from auth.sessions s
        where s.id = (auth.jwt() ->> 'session_id')::uuid and s.user_id = auth.uid()
          and (s.not_after is null or s.not_after > now()));
end
$$;

create function private.check_timezone() returns trigger
    language plpgsql set search_path = ''
as $$
begin
    if not exists (select from pg_catalog.pg_timezone_names where name = new.timezone)
            or new.timezone in ('posixrules', 'localtime', 'Factory') then -- files beside the zones
        raise exception 'unknown time zone' using errcode = 'check_violation', constraint = 'businesses_timezone_known';
    end if;
    return new;
end
$$;
create trigger businesses_timezone before insert or update of timezone on public.businesses
    for each row execute function private.check_timezone();

-- Owners write these themselves.
alter table public.businesses
    add constraint businesses_name_plain check (name !~ '[[:cntrl:]\u200e\u200f\u202a-\u202e\u2066-\u2069]'), -- nor what turns text around
    add constraint businesses_email_plain check (email !~ '[[:cntrl:]]' and length(email) <= 1000);

do $$
declare
    f text;
begin
    foreach f in array array['private.my_business_ids()', 'private.my_owned_business_ids()', 'private.session_is_live()',
                             'private.check_timezone()', 'private.directory_changed()', 'private.adopt_calls()',
                             'private.call_outcome(boolean, text, numeric, boolean)',
                             'private.better_business(text, uuid, text, uuid)'] loop
        execute format('revoke all on function %s from public', f);
    end loop;
    foreach f in array array['private.my_business_ids()', 'private.my_owned_business_ids()', 'private.adopt_calls()',
                             'private.directory_changed()'] loop
        execute format('alter function %s owner to ringback_definer', f);
    end loop;
end
$$;
revoke create on schema private from ringback_definer;
grant execute on function private.my_business_ids(), private.my_owned_business_ids(), private.session_is_live() to authenticated;
-- Who writes rows needs the functions of their generated columns and of their checks.
grant execute on function private.call_outcome(boolean, text, numeric, boolean), private.better_business(text, uuid, text, uuid)
    to ringback_ingest, ringback_definer, service_role;
grant usage on schema private to service_role;

-- What the functions of ringback_definer need.
grant select on public.business_users to ringback_definer;
grant select (id, business_id, called_number), update (business_id, updated_at) on public.calls to ringback_definer;
grant select, update on private.directory_version to ringback_definer;
create policy business_users_definer on public.business_users for select to ringback_definer using (true);
create policy calls_definer_read on public.calls for select to ringback_definer using (true);
create policy calls_definer_adopt on public.calls for update to ringback_definer using (business_id is null) with check (true);
create policy directory_version_definer on private.directory_version to ringback_definer using (true) with check (true);

-- A signed-in person.
create policy businesses_member on public.businesses for select to authenticated
    using (id = any (array(select private.my_business_ids())));
create policy businesses_owner on public.businesses for update to authenticated
    using (id = any (array(select private.my_owned_business_ids())) and (select private.session_is_live()))
    with check (id = any (array(select private.my_owned_business_ids())) and (select private.session_is_live()));
create policy business_phones_member on public.business_phones for select to authenticated
    using (business_id = any (array(select private.my_business_ids())));
create policy business_users_self on public.business_users for select to authenticated
    using (user_id = (select auth.uid()));
create policy calls_member on public.calls for select to authenticated
    using (business_id = any (array(select private.my_business_ids())));
-- Not `exists`, which may be answered by reading all of a business's calls first.
create policy call_events_member on public.call_events for select to authenticated
    using ((select c.business_id from public.calls c where c.id = call_id) = any (array(select private.my_business_ids())));
create policy call_utterances_member on public.call_utterances for select to authenticated
    using ((select c.business_id from public.calls c where c.id = call_id) = any (array(select private.my_business_ids())));
create policy digests_member on public.digests for select to authenticated
    using (business_id = any (array(select private.my_business_ids())));
create policy bookings_member on public.bookings for select to authenticated
    using (business_id = any (array(select private.my_business_ids())));

-- Supabase may have granted these to everybody when they were made.
revoke all on public.digests, public.bookings from anon, authenticated;
revoke all on sequence public.call_events_id_seq, public.dead_letters_id_seq from anon, authenticated;
grant select on public.businesses, public.business_phones, public.business_users, public.call_events, public.call_utterances,
    public.digests, public.bookings to authenticated;
-- Not the claims, which are the merge's own.
grant select (id, business_id, provider_call_id, twilio_call_sid, caller_number, called_number, status, outcome, ended_reason,
              started_at, ended_at, duration_seconds, summary, analysis, recording_url, cost, caller_spoke, has_report,
              updated_at) on public.calls to authenticated;
grant update (name, email, timezone, digest_enabled, digest_hour, skip_empty_digest, forward_to, fallback_greeting)
    on public.businesses to authenticated;
grant select, insert, update, delete on public.digests, public.bookings to service_role;

do $$
declare
    t regclass;
begin
    for t in select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
             where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
               and c.relname in ('businesses', 'business_phones', 'business_users', 'calls', 'call_events', 'call_utterances',
                                 'dead_letters', 'digests', 'bookings', 'voice_answers', 'directory_version') loop
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
    end loop;
end
$$;
