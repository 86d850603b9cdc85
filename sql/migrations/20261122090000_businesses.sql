-- Businesses, the numbers they are called on, and the people who may see their calls.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['ringback_ingest', 'ringback_digest'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin noinherit', role_name);
        end if;
    end loop;
    -- The server's login takes these roles one unit of work at a time and inherits nothing.
    if exists (select from pg_roles where rolname = 'ringback_server') then
        grant ringback_ingest, ringback_digest, authenticated to ringback_server;
    end if;
end
$$;

create schema if not exists private;
revoke all on schema private from public;
grant usage on schema private to ringback_ingest;

create table public.businesses (
    id uuid primary key default gen_random_uuid(),
    name text not null check (length(name) between 1 and 200),
    email text,
    timezone text not null default 'UTC' check (length(timezone) between 1 and 64),
    calcom_enabled boolean not null default false,
    digest_enabled boolean not null default true,
    digest_hour smallint not null default 7 check (digest_hour between 0 and 23),
    skip_empty_digest boolean not null default false,
    vapi_assistant_id text,
    forward_to text check (forward_to ~ '^\+[1-9][0-9]{5,14}$'),
    fallback_greeting text check (length(fallback_greeting) <= 1000),
    created_at timestamptz not null default now()
);

create table public.business_phones (
    phone text primary key check (phone ~ '^\+[1-9][0-9]{5,14}$'),
    business_id uuid not null references public.businesses on delete cascade
);
create index business_phones_business on public.business_phones (business_id);

create table public.business_users (
    business_id uuid not null references public.businesses on delete cascade,
    user_id uuid not null references auth.users on delete cascade,
    role text not null default 'owner' check (role in ('owner', 'staff')),
    primary key (business_id, user_id)
);
create index business_users_user on public.business_users (user_id);

-- Servers keep businesses and numbers in memory and reload them when this number has changed.
create table private.directory_version (
    only_row boolean primary key default true check (only_row),
    version bigint not null default 1
);
insert into private.directory_version default values;

create function private.directory_changed() returns trigger
    language plpgsql security definer set search_path = ''
as $$
begin
    update private.directory_version set version = version + 1 where only_row; -- some clients may not update without a where
    return null;
end
$$;
revoke all on function private.directory_changed() from public;

create trigger businesses_changed after insert or update or delete or truncate on public.businesses
    for each statement execute function private.directory_changed();
create trigger business_phones_changed after insert or update or delete or truncate on public.business_phones
    for each statement execute function private.directory_changed();

alter table public.businesses enable row level security;
alter table public.businesses force row level security;
alter table public.business_phones enable row level security;
alter table public.business_phones force row level security;
alter table public.business_users enable row level security;
alter table public.business_users force row level security;
alter table private.directory_version enable row level security;

revoke all on public.businesses, public.business_phones, public.business_users from anon, authenticated;
grant select (id, name, timezone, vapi_assistant_id, forward_to, fallback_greeting) on public.businesses to ringback_ingest;
grant select on public.business_phones to ringback_ingest;
grant select on private.directory_version to ringback_ingest;
grant select, insert, update, delete on public.businesses, public.business_phones, public.business_users to service_role;

create policy businesses_ingest on public.businesses for select to ringback_ingest using (true);
create policy business_phones_ingest on public.business_phones for select to ringback_ingest using (true);
create policy directory_version_ingest on private.directory_version for select to ringback_ingest using (true);

-- Where migrations are recorded, by `ringback migrate` and by Supabase's own CLI alike. A server is ready when it finds the
-- newest one that it knows.
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
grant usage on schema supabase_migrations to ringback_ingest;
grant select on supabase_migrations.schema_migrations to ringback_ingest;
