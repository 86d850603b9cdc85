-- Booking through Cal.com, for businesses that have it switched on. A row of public.bookings is what a caller asked for, the
-- idempotency key of the tool call that asked, and the answer that the same tool call gets again:
--
--   asked      stored before Cal.com hears of it; one server is at it until lease_until, then it is looked up
--   confirmed  booked: calcom_uid
--   pending    Cal.com has it, and the business has yet to confirm it there
--   refused    not booked: `reason` says why (switched off, taken, in the past …); nothing was made
--   failed     not booked: the calendar could not be reached, or knows nothing of it
--   unknown    it may have been booked: no clear answer came; it is looked up until one does
--
-- Nothing is ever sent to Cal.com a second time for one row.
do $$
declare
    login name;
begin
    if not exists (select from pg_roles where rolname = 'ringback_booking') then
        create role ringback_booking nologin noinherit;
    end if;
    -- Logins that may mail in the server's name may book as well.
    for login in select distinct r.rolname from pg_auth_members m join pg_roles r on r.oid = m.member
                 where m.roleid = 'ringback_digest'::regrole and r.rolcanlogin loop
        execute format('grant ringback_booking to %I', login);
    end loop;
end
$$;

-- A business's key to its calendar. The server alone can read what is sealed, with SECRETS_KEY; whose row it is and where the
-- key goes are sealed along with it, so that neither can be exchanged.
create table private.calcom_credentials (
    business_id uuid primary key references public.businesses on delete cascade,
    api_url text check (api_url ~ '^https?://'), -- null: CALCOM_API_URL
    sealed bytea not null,
    key_id text not null, -- of the SECRETS_KEY that sealed it
    account text, -- who the key belongs to, for people
    calendar bigint not null generated always as (hashtextextended(coalesce(api_url, '') || ' ' || coalesce(account, ''), 0)) stored,
    event_type_id bigint not null check (event_type_id > 0),
    event_title text,
    event_minutes integer,
    asks_email boolean not null default true, -- the event type's form wants one
    asks_phone boolean not null default false,
    verified_at timestamptz not null default now(),
    checked_at timestamptz not null default now(),
    invalid_at timestamptz, -- Cal.com refused the key, or does not know the event type
    invalid_why text,
    blocked_until timestamptz, -- Cal.com wants to be left alone so long
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create trigger calcom_credentials_changed after insert or delete or truncate or update of key_id, invalid_at
    on private.calcom_credentials for each statement execute function private.directory_changed();

update public.bookings set status = 'unknown'
where status not in ('asked', 'confirmed', 'pending', 'refused', 'failed', 'unknown');
alter table public.bookings
    add column provider_call_id text,
    add column twilio_call_sid text,
    add column reason text not null default 'none',
    add column answer text, -- what the assistant was told
    add column service text,
    add column event_type_id bigint, -- where it was asked for: that calendar is asked what came of it
    add column calendar bigint, -- as in calcom_credentials
    add column promised boolean not null default false, -- the caller was told that somebody will call back about it
    add column lease_until timestamptz not null default '-infinity',
    add column looks integer not null default 0,
    add column absent integer not null default 0, -- so often Cal.com knew nothing of it
    add column updated_at timestamptz not null default now(),
    add constraint bookings_status_check
        check (status in ('asked', 'confirmed', 'pending', 'refused', 'failed', 'unknown'));
-- One caller, one time: an assistant that asks again for what it asked before gets that answer.
create unique index bookings_once on public.bookings (business_id, provider_call_id, starts_at)
    where status in ('asked', 'confirmed', 'pending', 'unknown');
create index bookings_open on public.bookings (lease_until) where status in ('asked', 'unknown');
create index bookings_without_call on public.bookings (created_at) where call_id is null;

-- A call in which something was booked ends as such. The expression of a generated column cannot be changed everywhere, so
-- the column is made anew, and what is built on it.
drop index public.calls_listed, public.calls_caller;
alter table public.calls drop column outcome, add column booked boolean not null default false;
alter table public.calls add column outcome text generated always as (
    case when booked and status_rank = 5 then 'booked'
         else private.call_outcome(status_rank = 5, substr(ended_claim, 2), coalesce(reported_seconds, carrier_seconds),
                                   caller_spoke) end) stored;
create index calls_listed on public.calls (business_id, listed_at, id)
    include (outcome, caller_number, duration_seconds, reason, urgency, has_report);
create index calls_caller on public.calls (business_id, caller_number, listed_at) include (outcome)
    where caller_number is not null;
grant select (outcome) on public.calls to authenticated, ringback_digest;

-- Of several attempts in one call the best, then the newest.
create function private.booking_rank(status text) returns integer
    language sql immutable parallel safe
as $$ select coalesce(array_position(array['confirmed', 'pending', 'unknown', 'asked', 'failed', 'refused'], status), 9) $$;

-- What came of it, as an owner would say it: the same words in the list, in the file and in the mail.
create function private.booking_text(status text, reason text) returns text
    language sql immutable parallel safe
as $$
    select case
        when status = 'confirmed' then 'Booked'
        when status = 'pending' then 'Requested, to be confirmed in Cal.com'
        when status in ('asked', 'unknown') then 'Booking not certain yet'
        else 'Asked to book; ' || case reason
            when 'off' then 'booking is switched off'
            when 'not_connected' then 'no calendar is connected'
            when 'credentials' then 'Cal.com refuses the key'
            when 'blocked' then 'Cal.com was too busy'
            when 'taken' then 'that time was taken'
            when 'past' then 'that time was over'
            when 'out_of_range' then 'that day is not open for booking'
            when 'limit' then 'the caller has too many bookings'
            when 'declined' then 'Cal.com declined it'
            when 'unreachable' then 'the calendar could not be reached'
            when 'no_answer' then 'the calendar did not answer'
            when 'not_made' then 'the calendar knows nothing of it'
            when 'cancelled' then 'it was cancelled in Cal.com'
            when 'missing' then 'something was left unsaid'
            when 'busy' then 'Ringback was too busy'
            else 'it was not booked' end end
$$;

create or replace function private.listed_calls(ids uuid[]) returns json
    language sql stable
as $$
    select coalesce(json_agg(json_build_object(
        'id', c.id, 'listed_at', private.rfc3339(c.listed_at), 'started_at', private.rfc3339(c.started_at),
        'ended_at', private.rfc3339(c.ended_at), 'duration_seconds', c.duration_seconds,
        'caller_number', c.caller_number, 'called_number', c.called_number, 'caller_name', c.caller_name,
        'reason', c.reason, 'urgency', c.urgency,
        'status', c.status, 'outcome', c.outcome, 'outcome_text', private.outcome_text(c.outcome),
        'summary', c.summary, 'has_recording', c.recording_url is not null, 'has_report', c.has_report,
        'repeat_caller', c.caller_number like '+%' and exists (
            select from public.calls r
            where r.business_id = c.business_id and r.caller_number = c.caller_number
              and (r.listed_at, r.id) < (c.listed_at, c.id) and r.listed_at >= c.listed_at - interval '24 hours'),
        'booking', (select json_build_object('status', k.status, 'reason', k.reason, 'text', private.booking_text(k.status, k.reason),
                                                   'promised', k.promised, 'starts_at', private.rfc3339(k.starts_at))
                    from public.bookings k where k.call_id = c.id
                    order by private.booking_rank(k.status), k.created_at desc, k.id desc limit 1))
        order by c.listed_at desc, c.id desc), '[]')
    from public.calls c
    where c.id = any (ids)
$$;

-- Is there a calendar to book in? For the members of a business, who may not see the credentials:
-- off, not_connected, refused (Cal.com does not take the key any more), connected.
create function private.my_calendar(business uuid) returns text
    language sql stable security definer set search_path = ''
as $$
    select case when not b.calcom_enabled then 'off'
                when c.business_id is null then 'not_connected'
                when c.invalid_at is not null then 'refused'
                else 'connected' end
    from public.businesses b left join private.calcom_credentials c on c.business_id = b.id
    where b.id = business and b.id in (select m from private.my_business_ids() m)
$$;

do $$
begin
    grant create on schema private to ringback_definer;
    revoke all on function private.my_calendar(uuid), private.booking_rank(text), private.booking_text(text, text)
        from public;
    alter function private.my_calendar(uuid) owner to ringback_definer;
    revoke create on schema private from ringback_definer;
end
$$;
grant execute on function private.my_calendar(uuid), private.booking_rank(text), private.booking_text(text, text)
    to authenticated;
grant execute on function private.booking_rank(text), private.booking_text(text, text) to ringback_digest;

alter table private.calcom_credentials enable row level security;
alter table private.calcom_credentials force row level security;

-- The server while it books, and the command that stores credentials.
grant usage on schema private to ringback_booking;
grant execute on function private.call_outcome(boolean, text, numeric, boolean), private.rfc3339(timestamptz) to ringback_booking;
grant select (id, name, timezone, calcom_enabled), update (calcom_enabled) on public.businesses to ringback_booking;
grant select (id, provider_call_id, twilio_call_sid, business_id, booked), update (booked, updated_at) on public.calls
    to ringback_booking;
grant select, insert, update on public.bookings to ringback_booking;
grant select, insert, update, delete on private.calcom_credentials to ringback_booking;
create policy businesses_booking on public.businesses for select to ringback_booking using (true);
create policy businesses_booking_switch on public.businesses for update to ringback_booking using (true) with check (true);
create policy calls_booking on public.calls for select to ringback_booking using (business_id is not null);
create policy calls_booking_booked on public.calls for update to ringback_booking
    using (business_id is not null) with check (business_id is not null);
create policy bookings_booking on public.bookings to ringback_booking using (true) with check (true);
create policy calcom_credentials_booking on private.calcom_credentials to ringback_booking using (true) with check (true);

-- The server while it stores calls: who has a calendar, and bookings of a call that became a part of another one.
grant select (calcom_enabled) on public.businesses to ringback_ingest;
grant select (business_id, key_id, invalid_at) on private.calcom_credentials to ringback_ingest;
grant select (id, call_id), update (call_id) on public.bookings to ringback_ingest;
create policy calcom_credentials_ingest on private.calcom_credentials for select to ringback_ingest using (true);
create policy bookings_ingest on public.bookings for select to ringback_ingest using (true);
create policy bookings_ingest_merge on public.bookings for update to ringback_ingest using (true) with check (true);

grant select (business_id, invalid_at) on private.calcom_credentials to ringback_definer;
grant select (calcom_enabled) on public.businesses to ringback_definer;
create policy calcom_credentials_definer on private.calcom_credentials for select to ringback_definer using (true);

-- The daily mail.
grant select (id, call_id, reason, promised) on public.bookings to ringback_digest;
