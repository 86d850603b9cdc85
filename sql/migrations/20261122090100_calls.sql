-- Calls, their events and what was said.
--
-- A call's row is a join of its events: every column that the server writes is merged by greatest, least or "or", so that
-- any order and any repetition of events gives the same row. Where one source is better than another the value carries its
-- rank as a first digit (a claim, such as '3customer-ended-call'), and the greatest claim wins; the column that people read
-- is generated from it.

-- The words that owners understand, from the reason the provider gives. 15 seconds: the common limit for a hang-up.
create function private.call_outcome(ended boolean, reason text, seconds numeric, caller_spoke boolean) returns text
    language sql immutable parallel safe
as $$
    select case
        when not ended and reason is null then null
        when reason is null then 'other'
        when reason like 'ringback.transfer-no-answer%' then 'transfer_not_answered'
        when reason like 'ringback.transfer%' then 'transferred'
        when reason like 'ringback.%' then 'ai_unavailable'
        when reason = 'twilio.failed' then 'technical_error'
        when reason like 'twilio.%' then 'hung_up_early'
        when reason = 'twilio-reported-customer-misdialed' then 'spam'
        when reason in ('customer-ended-call', 'customer-busy', 'customer-did-not-answer', 'manually-canceled') then
            case when caller_spoke and coalesce(seconds, 15) >= 15 then 'handled' else 'hung_up_early' end
        when reason like 'assistant-ended-call%' or reason = 'assistant-said-end-call-phrase' then 'handled'
        when reason like 'assistant-forwarded-call%' then 'transferred'
        when reason = 'silence-timed-out' then 'no_response'
        when reason like 'call.forwarding%no-answer%' or reason like 'call.forwarding%busy%' then 'transfer_not_answered'
        when reason = 'exceeded-max-duration' then 'cut_off'
        when reason like 'call.start.error%' or reason like 'assistant-request-%' or reason like 'assistant-not-%'
            or reason like 'call-start-error-%' or reason = 'phone-call-provider-bypass-enabled-but-no-call-received'
            then 'ai_unavailable'
        when reason like '%error%' or reason like '%fault%' or reason like 'pipeline-%' or reason in
            ('worker-shutdown', 'phone-call-provider-closed-websocket', 'twilio-failed-to-connect-call')
            then 'technical_error'
        else 'other'
    end
$$;

-- The called number decides whose call it is, and the better source of the number decides. Null: nobody's, for now. A number
-- that moves to another business leaves its old calls where they are.
create function private.better_business(a_claim text, a uuid, b_claim text, b uuid) returns uuid
    language sql immutable parallel safe
as $$ select case when b_claim is null or b_claim < a_claim then a when b_claim = a_claim then coalesce(a, b) else b end $$;

create table public.calls (
    id uuid primary key,
    business_id uuid references public.businesses, -- no cascade: a business with calls is not deleted by accident
    provider_claim text collate "C",
    provider_call_id text generated always as (substr(provider_claim, 2)) stored unique,
    twilio_call_sid text unique,
    caller_claim text collate "C",
    caller_number text generated always as (substr(caller_claim, 2)) stored,
    called_claim text collate "C",
    called_number text generated always as (substr(called_claim, 2)) stored,
    status_rank smallint not null default 0 check (status_rank between 0 and 5),
    status text not null generated always as (
        case status_rank when 0 then 'scheduled' when 1 then 'queued' when 2 then 'ringing' when 3 then 'in-progress'
            when 4 then 'forwarding' else 'ended' end) stored,
    outcome text generated always as (
        private.call_outcome(status_rank = 5, substr(ended_claim, 2), coalesce(reported_seconds, carrier_seconds), caller_spoke)
        ) stored,
    ended_claim text collate "C",
    ended_reason text generated always as (substr(ended_claim, 2)) stored,
    started_at timestamptz,
    reported_ended_at timestamptz,
    seen_ended_at timestamptz,
    ended_at timestamptz generated always as (coalesce(reported_ended_at, seen_ended_at)) stored,
    reported_seconds numeric(12, 3),
    carrier_seconds numeric(12, 3),
    duration_seconds numeric(12, 3) generated always as (coalesce(reported_seconds, carrier_seconds)) stored,
    summary text collate "C",
    analysis jsonb,
    recording_claim text collate "C",
    recording_url text generated always as (substr(recording_claim, 2)) stored,
    cost numeric(12, 4),
    caller_spoke boolean not null default false,
    has_report boolean not null default false,
    said_reported boolean not null default false, -- call_utterances are the report's, which has the last word
    updated_at timestamptz not null default now()
) with (fillfactor = 70);
create index calls_business on public.calls (business_id, started_at desc);
create index calls_unassigned on public.calls (called_number) where business_id is null;

create table public.call_events (
    id bigint generated always as identity,
    event_key uuid primary key,
    call_id uuid references public.calls,
    source text not null check (source in ('twilio', 'vapi')),
    type text not null,
    occurred_at timestamptz,
    received_at timestamptz not null,
    payload jsonb compression lz4 not null
);
create index call_events_call on public.call_events (call_id);

create table public.call_utterances (
    call_id uuid not null references public.calls,
    utterance_key uuid not null,
    role text not null check (role in ('assistant', 'user')),
    said_at timestamptz,
    text text not null,
    source text not null check (source in ('transcript', 'report')),
    primary key (call_id, utterance_key)
);

-- Bodies that were believed but could not be stored as events; the same one once.
create table public.dead_letters (
    id bigint generated always as identity primary key,
    letter_key bytea not null unique, -- a digest of the event's key, or of the body of what is no event
    source text not null,
    reason text not null,
    body bytea not null,
    received_at timestamptz not null default now()
);

-- The TwiML that a call was answered with, so that a repeated request gets the same again.
create table private.voice_answers (
    twilio_call_sid text primary key,
    twiml text,
    claimed_at timestamptz not null default now()
);

-- A number that is mapped later adopts the calls that waited for it.
create function private.adopt_calls() returns trigger
    language plpgsql security definer set search_path = ''
as $$
begin
    update public.calls set business_id = new.business_id, updated_at = now()
        where business_id is null and called_number = new.phone;
    return null;
end
$$;
revoke all on function private.adopt_calls() from public;
create trigger business_phones_adopt after insert or update on public.business_phones
    for each row execute function private.adopt_calls();

do $$
declare
    table_name text;
begin
    foreach table_name in array array['public.calls', 'public.call_events', 'public.call_utterances', 'public.dead_letters',
                                      'private.voice_answers'] loop
        execute format('alter table %s enable row level security', table_name);
        execute format('create policy ingest on %s to ringback_ingest using (true) with check (true)', table_name);
    end loop;
    foreach table_name in array array['public.calls', 'public.call_events', 'public.call_utterances', 'public.dead_letters'] loop
        execute format('revoke all on %s from anon, authenticated', table_name);
        execute format('grant select, insert, update, delete on %s to service_role', table_name);
    end loop;
end
$$;
-- What the statements do and no more: the server cannot read back what it stored of a message.
grant select, insert, update, delete on public.calls, private.voice_answers to ringback_ingest;
grant select (event_key, call_id), insert, update (call_id) on public.call_events to ringback_ingest;
grant select, insert, delete on public.call_utterances to ringback_ingest;
grant select (letter_key), insert on public.dead_letters to ringback_ingest;
-- Not forced on calls: adopt_calls runs as the owner.
alter table public.call_events force row level security;
alter table public.call_utterances force row level security;
alter table public.dead_letters force row level security;
