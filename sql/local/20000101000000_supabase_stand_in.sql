-- What Supabase brings by itself, for a Postgres that is not Supabase's. Never run there.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['anon', 'authenticated', 'service_role', 'ringback_server'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin noinherit', role_name);
        end if;
    end loop;
    alter role service_role bypassrls;
    alter role ringback_server login;
end
$$;

create schema if not exists auth;

create table if not exists auth.users (
    id uuid primary key default gen_random_uuid(),
    email text unique,
    encrypted_password text,
    raw_app_meta_data jsonb not null default '{}',
    raw_user_meta_data jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table auth.users enable row level security;

-- After the first transaction that set it, the setting reads as '' and not as null.
create or replace function auth.jwt() returns jsonb
    language sql stable set search_path = ''
as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;

create or replace function auth.uid() returns uuid
    language sql stable set search_path = ''
as $$ select (auth.jwt() ->> 'sub')::uuid $$;

create or replace function auth.role() returns text
    language sql stable set search_path = ''
as $$ select auth.jwt() ->> 'role' $$;

grant usage on schema auth to anon, authenticated, service_role;
