-- The server's own sign-in, for a Postgres that is not Supabase's: what GoTrue keeps in schema auth, as far as it is used
-- here, in the same tables and columns. ringback_auth is the server while it signs people in; it sees nothing else.
do $$
begin
    if not exists (select from pg_roles where rolname = 'ringback_auth') then
        create role ringback_auth nologin noinherit;
    end if;
    grant ringback_auth to ringback_server;
end
$$;
grant usage on schema auth to ringback_auth;

alter table auth.users
    add column if not exists instance_id uuid,
    add column if not exists aud varchar(255) default 'authenticated',
    add column if not exists role varchar(255) default 'authenticated',
    add column if not exists email_confirmed_at timestamptz,
    add column if not exists invited_at timestamptz,
    add column if not exists confirmation_token varchar(255) default '',
    add column if not exists confirmation_sent_at timestamptz,
    add column if not exists recovery_token varchar(255) default '',
    add column if not exists recovery_sent_at timestamptz,
    add column if not exists email_change_token_new varchar(255) default '',
    add column if not exists email_change varchar(255) default '',
    add column if not exists email_change_sent_at timestamptz,
    add column if not exists last_sign_in_at timestamptz,
    add column if not exists is_super_admin boolean,
    add column if not exists phone text unique,
    add column if not exists phone_confirmed_at timestamptz,
    add column if not exists confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
    add column if not exists banned_until timestamptz,
    add column if not exists is_sso_user boolean not null default false,
    add column if not exists deleted_at timestamptz,
    add column if not exists is_anonymous boolean not null default false;

create table if not exists auth.identities (
    id uuid primary key default gen_random_uuid(),
    provider_id text not null,
    user_id uuid not null references auth.users on delete cascade,
    identity_data jsonb not null,
    provider text not null,
    last_sign_in_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    email text generated always as (lower(identity_data ->> 'email')) stored,
    unique (provider_id, provider)
);
create index if not exists identities_user on auth.identities (user_id);

create table if not exists auth.sessions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    factor_id uuid,
    aal text default 'aal1',
    not_after timestamptz,
    refreshed_at timestamp,
    user_agent text,
    ip inet,
    tag text,
    refresh_token_counter bigint not null default 0
);
create index if not exists sessions_user on auth.sessions (user_id, updated_at);

-- One chain a session. A token is known by its SHA-256 alone; whoever comes with its parent can have it again: `sealed` is
-- the token under a key that is made from the parent.
create table if not exists auth.refresh_tokens (
    token_hash bytea primary key check (length(token_hash) = 32),
    session_id uuid not null references auth.sessions on delete cascade,
    counter bigint not null,
    sealed bytea check (length(sealed) = 32),
    created_at timestamptz not null default now(),
    used_at timestamptz,
    unique (session_id, counter) -- never two branches
);

-- What access tokens are signed with. The first server makes a key. To change keys: add one as `standby`, a while later make
-- it `in_use` and the old one `previous`, and an hour later delete that. Servers read this table every minute.
create table if not exists auth.signing_keys (
    kid text primary key check (kid ~ '^[A-Za-z0-9_-]{1,64}$'),
    private_jwk jsonb not null,
    status text not null check (status in ('in_use', 'standby', 'previous')),
    created_at timestamptz not null default now()
);
create unique index if not exists signing_keys_in_use on auth.signing_keys (status) where status = 'in_use';

do $$
declare
    t text;
begin
    if not exists (select from pg_constraint where conname = 'users_email_lower') then
        alter table auth.users add constraint users_email_lower check (email = lower(email));
    end if;
    foreach t in array array['users', 'identities', 'sessions', 'refresh_tokens', 'signing_keys'] loop
        execute format('alter table auth.%I enable row level security', t);
        execute format('alter table auth.%I force row level security', t);
        execute format('revoke all on auth.%I from public, anon, authenticated', t);
        execute format('drop policy if exists %I on auth.%I', t || '_sign_in', t);
        execute format('create policy %I on auth.%I to ringback_auth using (true) with check (true)', t || '_sign_in', t);
    end loop;
end
$$;

grant select, update (encrypted_password, raw_user_meta_data, last_sign_in_at, updated_at) on auth.users to ringback_auth;
grant select on auth.identities to ringback_auth;
grant select, insert, update (updated_at, refreshed_at, user_agent, ip, refresh_token_counter), delete
    on auth.sessions to ringback_auth;
grant select, insert, update (used_at), delete on auth.refresh_tokens to ringback_auth;
grant select, insert on auth.signing_keys to ringback_auth;
