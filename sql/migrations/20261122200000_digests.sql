-- One mail a day. A row of public.digests is the schedule, the claim, the idempotency key, the audit and the metric of one
-- business and one of its local days:
--
--   due       the day is over, the hour has come; nobody takes it before lease_until (a retry waits there)
--   claimed   one server has it until lease_until, by this database's clock; then anybody may take it
--   sent      accepted: resend_id, and what became of it in delivery_status
--   skipped   nothing to send: an empty day, or everybody has unsubscribed
--   kept      made and kept: this installation has no way to send mail
--   failed    refused for good, or nobody to send it to
--   unknown   it may have been accepted, and asking again is not safe any more: an operator decides
--
-- The bytes that are sent stand in request_body, committed before the first attempt, and never change after it.

alter table public.businesses
    add column digest_since timestamptz not null default now(), -- when the digest was switched on: nothing older is sent
    add column open_days smallint[] not null default '{1,2,3,4,5}' -- 1 is Monday
        check (array_position(open_days, null) is null and open_days <@ '{1,2,3,4,5,6,7}' and cardinality(open_days) <= 7),
    add column opens_at time not null default '09:00',
    add column closes_at time not null default '17:00'; -- at or before opens_at: on the next day

create function private.digest_switched_on() returns trigger
    language plpgsql set search_path = ''
as $$
begin
    new.digest_since := now();
    return new;
end
$$;
revoke all on function private.digest_switched_on() from public;
create trigger businesses_digest_on before update of digest_enabled on public.businesses
    for each row when (new.digest_enabled and not old.digest_enabled) execute function private.digest_switched_on();

alter table public.digests
    drop constraint digests_status_check,
    add constraint digests_status_check
        check (status in ('due', 'claimed', 'sent', 'skipped', 'kept', 'failed', 'unknown')),
    add column due_at timestamptz not null default now(),
    add column lease_until timestamptz not null default '-infinity',
    add column claimed_by text, -- the claim's own name: whoever lost it cannot write any more
    add column first_attempt_at timestamptz,
    add column attempt_way text check (attempt_way in ('resend', 'smtp')), -- while an attempt is under way
    add column doubt text check (doubt in ('resend', 'smtp')), -- an attempt ended without an answer: it may have been accepted
    add column mails_accepted smallint not null default 0 check (mails_accepted >= 0), -- of those in request_body, by SMTP
    add column request_sha256 bytea check (length(request_sha256) = 32),
    add column reason text; -- a word for metrics: why it ended so, or why it waits
alter table public.digests alter column due_at drop default;
create index digests_open on public.digests (lease_until) where status in ('due', 'claimed');
create index digests_unknown on public.digests (local_date) where status = 'unknown';
create index digests_resend on public.digests (resend_id) where resend_id is not null;

-- What became of a mail at one recipient. A later word of a lower rank changes nothing.
create table public.digest_deliveries (
    business_id uuid not null,
    local_date date not null,
    address text not null check (length(address) <= 320),
    status text not null
        check (status in ('sent', 'delivery_delayed', 'delivered', 'failed', 'bounced', 'suppressed', 'complained')),
    error text,
    happened_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (business_id, local_date, address),
    foreign key (business_id, local_date) references public.digests
);

-- Recipients that get no more mail: they bounced, complained, or said so.
create table public.paused_recipients (
    business_id uuid not null references public.businesses,
    address text not null check (length(address) <= 320 and address = lower(address)),
    reason text not null check (reason in ('bounced', 'complained', 'suppressed', 'unsubscribed')),
    detail text,
    paused_at timestamptz not null default now(),
    primary key (business_id, address)
);

-- Events of Resend that were taken in, by their svix-id.
create table private.resend_events (
    svix_id text primary key check (length(svix_id) <= 256),
    type text not null,
    business_id uuid references public.businesses,
    local_date date,
    received_at timestamptz not null default now()
);
create index resend_events_received on private.resend_events (received_at);

-- How fast mails may go out, for all servers together.
create table private.mail_pace (
    only_row boolean primary key default true check (only_row),
    next_at timestamptz not null default now(),
    gap interval not null default interval '500 milliseconds' -- 2 a second until the provider says what it allows
        check (gap between interval '0' and interval '1 minute')
);
insert into private.mail_pace default values;

-- What unsubscribe links are signed with: the two keys of an HMAC, of a secret that was drawn here and kept nowhere.
create table private.unsubscribe_key (
    only_row boolean primary key default true check (only_row),
    inner_key bytea not null check (length(inner_key) = 64),
    outer_key bytea not null check (length(outer_key) = 64)
);
insert into private.unsubscribe_key (inner_key, outer_key)
select r.a || r.b, r.c || r.d
from (select sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')) as a,
             sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')) as b,
             sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')) as c,
             sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')) as d) r;

-- The instant at which a local day begins. Where midnight comes twice it is the first one, now however far the clock was set
-- back: e is where the clock of the day before comes to midnight. A day is [day_start(d), day_start(d + 1)); that is
-- (t at time zone zone)::date = d, but where a clock set back past midnight shows the day before once more.
create or replace function private.day_start(day date, zone text) returns timestamptz
    language sql stable parallel safe
as $$
    select case when e < t and (e at time zone zone)::date >= day then e else t end
    from (select t, t - interval '24 hours' + (day::timestamp - (t - interval '24 hours') at time zone zone) as e
          from (select day::timestamp at time zone zone as t) m) n
$$;

-- The first instant at which the local clock shows this time or a later one: the end of a gap, the first of two.
create function private.first_at(wall timestamp, zone text) returns timestamptz
    language plpgsql stable parallel safe set search_path = ''
as $$
declare
    before constant interval := ((wall - interval '1 day') at time zone 'UTC') at time zone zone - (wall - interval '1 day');
    after constant interval := ((wall + interval '1 day') at time zone 'UTC') at time zone zone - (wall + interval '1 day');
    early timestamptz := (wall - greatest(before, after)) at time zone 'UTC';
    late timestamptz := (wall - least(before, after)) at time zone 'UTC';
    middle timestamptz;
begin
    if early at time zone zone >= wall then
        return early;
    end if;
    -- The clock changes somewhere between the two, by the minute.
    while late - early > interval '1 second' loop
        middle := early + date_trunc('second', (late - early) / 2);
        if middle at time zone zone >= wall then
            late := middle;
        else
            early := middle;
        end if;
    end loop;
    return late;
end
$$;

-- When the digest of a day is due: at this minute of this hour of the local day after it, or, for all businesses alike, at
-- the first such minute of the UTC day when it is over; never before it is over.
create function private.digest_due_at(day date, zone text, local_minute integer, utc_minute integer) returns timestamptz
    language plpgsql stable parallel safe set search_path = ''
as $$
declare
    over_at constant timestamptz := private.day_start(day + 1, zone);
    run_at timestamptz;
begin
    if utc_minute is null then
        return greatest(over_at, private.first_at((day + 1)::timestamp + local_minute * interval '1 minute', zone));
    end if;
    run_at := (date_trunc('day', over_at at time zone 'UTC') + utc_minute * interval '1 minute') at time zone 'UTC';
    return case when run_at >= over_at then run_at else run_at + interval '24 hours' end;
end
$$;

-- Postgres takes these four for abbreviations, without summer time: their days would be an hour off.
create or replace function private.check_timezone() returns trigger
    language plpgsql set search_path = ''
as $$
begin
    if not exists (select from pg_catalog.pg_timezone_names where name = new.timezone)
            or new.timezone in ('posixrules', 'localtime', 'Factory', 'CET', 'EET', 'MET', 'WET') then
        raise exception 'unknown time zone' using errcode = 'check_violation', constraint = 'businesses_timezone_known';
    end if;
    return new;
end
$$;

-- The zones that businesses have were known when they were set; another machine's tables may lack one.
create function private.zone_is_known(zone text) returns boolean
    language plpgsql stable set search_path = '' -- an exception block is no work for parallel workers
as $$
begin
    perform now() at time zone zone;
    return true;
exception when invalid_parameter_value then
    return false;
end
$$;

-- Whose local day is over, whose hour has come, and has no row. What was missed for more than three days stays unsent: it
-- would be old news. `minute` is added to each business's hour; utc_minute, if it is there, stands in place of both.
create function private.digests_owed(at timestamptz, minute integer, utc_minute integer)
    returns table (business_id uuid, local_date date, due_at timestamptz)
    language sql stable set search_path = ''
as $$
    with zones as materialized (
        select z.timezone, case when private.day_start(c.day + 1, z.timezone) <= at then c.day + 1 else c.day end as today
        from (select distinct b.timezone from public.businesses b where b.digest_enabled) z
        cross join lateral (select (at at time zone z.timezone)::date as day) c -- a day early where midnight comes again
        where private.zone_is_known(z.timezone) -- one that is not would stop all others
    ), behind as materialized (
        select b.id, b.timezone, b.digest_hour, b.created_at, b.digest_since, z.today, last.day as last_day
        from public.businesses b
        join zones z using (timezone)
        cross join lateral (select max(g.local_date) as day from public.digests g where g.business_id = b.id) last
        where b.digest_enabled and (last.day is null or last.day < z.today - 1)
    ), days as materialized ( -- once for all that share zone and hour
        select h.timezone, h.digest_hour, d.day, p.to_at, w.due_at
        from (select distinct timezone, digest_hour, today from behind) h
        cross join lateral (select h.today - n as day from generate_series(0, 4) n) d
        cross join lateral (select private.day_start(d.day, h.timezone) as from_at,
                                   private.day_start(d.day + 1, h.timezone) as to_at) p
        cross join lateral (
            select private.digest_due_at(d.day, h.timezone, h.digest_hour * 60 + minute, utc_minute) as due_at) w
        where p.from_at < p.to_at -- a day that the calendar left out has no digest
          and w.due_at <= at and w.due_at > at - interval '3 days'
    )
    select b.id, d.day, d.due_at
    from behind b
    join days d using (timezone, digest_hour)
    where (b.last_day is null or d.day > b.last_day) and d.to_at > b.created_at and d.due_at > b.digest_since
$$;

-- The last part of an unsubscribe link: business and address, signed. It says nothing about the address.
create function private.unsubscribe_token(business uuid, address text) returns text
    language sql stable set search_path = ''
as $$
    select translate(encode(m.id || substr(sha256(k.outer_key || sha256(k.inner_key || m.id || convert_to(lower(address), 'UTF8'))), 1, 24),
                            'base64'), '+/=', '-_')
    from (select decode(replace(business::text, '-', ''), 'hex') as id) m, private.unsubscribe_key k
$$;

-- An owner's address, where a business names no recipients. Owned by the owner of the schema: on Supabase nobody else may be
-- given a look at auth.users.
create function private.email_of(person uuid) returns text
    language plpgsql stable security definer set search_path = ''
as $$
begin
    return (select u.email::text from auth.users u where u.id = person);
end
$$;

-- Who gets a business's digest, in order.
create function private.digest_recipients(business uuid) returns table (address text, nth bigint)
    language sql stable set search_path = ''
as $$
    select (array_agg(a.address order by a.at))[1], row_number() over (order by min(a.at)) -- once, however it is spelt
    from (
        select btrim(x.address) as address, x.at
        from public.businesses b, unnest(string_to_array(b.email, ',')) with ordinality x (address, at)
        where b.id = business
        union all
        select private.email_of(u.user_id), row_number() over (order by u.user_id)
        from public.business_users u join public.businesses b on b.id = u.business_id
        where u.business_id = business and u.role = 'owner' and btrim(coalesce(b.email, ''), ' ,') = '') a
    where a.address ~ '^[^[:cntrl:]\s@,;<>"()]+@[^[:cntrl:]\s@,;<>"()]+$' and length(a.address) <= 320
    group by lower(a.address)
    order by 2
    limit 10
$$;

-- The later word about a mail counts only if it says more.
create function private.delivery_rank(status text) returns integer
    language sql immutable parallel safe
as $$
    select case status when 'sent' then 1 when 'delivery_delayed' then 2 when 'delivered' then 3 when 'failed' then 4
        when 'suppressed' then 5 when 'bounced' then 6 when 'complained' then 7 else 0 end
$$;

-- "EDT", or "UTC-3" where a zone has no word of its own: what tells apart the times of a day on which the clock changes.
create function private.zone_word(at timestamptz, zone text) returns text
    language plpgsql stable set search_path = '' set timezone = 'UTC'
as $$
declare
    word text;
begin
    perform pg_catalog.set_config('timezone', zone, true); -- the function's own clause puts it back
    word := to_char(at, 'TZ');
    return case when word !~ '^[-+]' then word
        else 'UTC' || left(word, 1) || substr(word, 2, 2)::int || coalesce(':' || nullif(substr(word, 4), ''), '') end;
end
$$;

-- A mail may be kept as one of several, each to one recipient. Shown is the first, and to whom they all went.
create or replace function private.mail_of(body bytea) returns jsonb
    language plpgsql immutable parallel unsafe set search_path = ''
as $$
declare
    mail jsonb;
begin
    mail := convert_from(body, 'UTF8')::jsonb; -- here, where what goes wrong is caught
    return case when jsonb_typeof(mail) = 'array'
        then (mail -> 0) || jsonb_build_object('to', (
            select jsonb_agg(t) from jsonb_array_elements(mail) m, jsonb_array_elements_text(m -> 'to') t))
        else mail end;
exception when others then
    return null;
end
$$;

do $$
declare
    f text;
    t text;
begin
    foreach f in array array['first_at(timestamp, text)', 'digest_due_at(date, text, integer, integer)',
                             'digests_owed(timestamptz, integer, integer)', 'zone_is_known(text)',
                             'unsubscribe_token(uuid, text)', 'email_of(uuid)',
                             'digest_recipients(uuid)', 'delivery_rank(text)', 'zone_word(timestamptz, text)',
                             'mail_of(bytea)'] loop
        execute format('revoke all on function private.%s from public', f);
    end loop;
    foreach t in array array['public.digest_deliveries', 'public.paused_recipients', 'private.resend_events', 'private.mail_pace',
                             'private.unsubscribe_key'] loop
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
    end loop;
end
$$;

-- The server while it mails.
grant usage on schema private to ringback_digest;
grant execute on function private.first_at(timestamp, text), private.digest_due_at(date, text, integer, integer),
    private.digests_owed(timestamptz, integer, integer), private.unsubscribe_token(uuid, text), private.email_of(uuid),
    private.digest_recipients(uuid), private.delivery_rank(text), private.zone_is_known(text), private.zone_word(timestamptz, text),
    private.day_start(date, text), private.rfc3339(timestamptz), private.outcome_text(text), private.cause_text(text),
    private.is_answered(text), private.is_missed(text), private.is_to_call_back(text, text, timestamptz, timestamptz, timestamptz) to ringback_digest;
grant select (id, name, email, timezone, digest_enabled, digest_hour, skip_empty_digest, digest_since, created_at, calcom_enabled,
              open_days, opens_at, closes_at) on public.businesses to ringback_digest;
grant select on public.business_users, public.business_phones, public.call_backs, private.unsubscribe_key to ringback_digest;
grant select (id, business_id, caller_number, called_number, status, outcome, ended_reason, started_at, ended_at,
              duration_seconds, summary, has_report, listed_at, reason, urgency, caller_name, callback_number)
    on public.calls to ringback_digest;
grant select (business_id, status, starts_at, created_at) on public.bookings to ringback_digest;
grant select, insert, update on public.digests, public.digest_deliveries to ringback_digest;
grant select, insert, update, delete on public.paused_recipients to ringback_digest;
grant select, insert, delete on private.resend_events to ringback_digest;
grant select, update on private.mail_pace to ringback_digest;
create policy businesses_digest on public.businesses for select to ringback_digest using (true);
create policy business_users_digest on public.business_users for select to ringback_digest using (true);
create policy business_phones_digest on public.business_phones for select to ringback_digest using (true);
create policy calls_digest on public.calls for select to ringback_digest using (business_id is not null);
create policy call_backs_digest on public.call_backs for select to ringback_digest using (true);
create policy bookings_digest on public.bookings for select to ringback_digest using (true);
create policy digests_digest on public.digests to ringback_digest using (true) with check (true);
create policy digest_deliveries_digest on public.digest_deliveries to ringback_digest using (true) with check (true);
create policy paused_recipients_digest on public.paused_recipients to ringback_digest using (true) with check (true);
create policy resend_events_digest on private.resend_events to ringback_digest using (true) with check (true);
create policy mail_pace_digest on private.mail_pace to ringback_digest using (true) with check (true);
create policy unsubscribe_key_digest on private.unsubscribe_key for select to ringback_digest using (true);

-- A signed-in person sees what became of the mails, and an owner lets a recipient have them again.
create policy digest_deliveries_member on public.digest_deliveries for select to authenticated
    using (business_id = any (array(select private.my_business_ids())));
create policy paused_recipients_member on public.paused_recipients for select to authenticated
    using (business_id = any (array(select private.my_business_ids())));
create policy paused_recipients_owner on public.paused_recipients for delete to authenticated
    using (business_id = any (array(select private.my_owned_business_ids())) and (select private.session_is_live()));
revoke all on public.digest_deliveries, public.paused_recipients from anon, authenticated;
grant select on public.digest_deliveries to authenticated;
grant select, delete on public.paused_recipients to authenticated;
grant update (open_days, opens_at, closes_at) on public.businesses to authenticated;
grant execute on function private.mail_of(bytea), private.digest_due_at(date, text, integer, integer),
    private.first_at(timestamp, text) to authenticated;
grant select, insert, update, delete on public.digest_deliveries, public.paused_recipients to service_role;
