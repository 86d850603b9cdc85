-- What the read API needs beside the rows: columns to list by, indexes, words to search for, and small functions for
-- the statements of sql/statements/dashboard*.sql.

-- Every call has a time to be listed by, also one whose events brought none.
-- From Vapi's analysis, which is whatever the assistant was told to write: only what has the right form.
alter table public.calls
    add column created_at timestamptz not null default now(),
    add column listed_at timestamptz not null
        generated always as (coalesce(started_at, reported_ended_at, seen_ended_at, created_at)) stored,
    add column reason text generated always as (
        case when jsonb_typeof(analysis #> '{structuredData,reason}') = 'string'
             then nullif(left(btrim(analysis #>> '{structuredData,reason}', E' \t\r\n'), 120), '')
             when jsonb_typeof(analysis #> '{structuredData,intent}') = 'string'
             then nullif(replace(left(btrim(analysis #>> '{structuredData,intent}', E' \t\r\n'), 120), '_', ' '), '')
        end) stored,
    add column urgency text generated always as (
        case lower(analysis #>> '{structuredData,urgency}')
            when 'high' then 'high' when 'urgent' then 'high' when 'emergency' then 'high'
            when 'normal' then 'normal' when 'medium' then 'normal' when 'routine' then 'normal'
            when 'low' then 'low' end) stored,
    add column caller_name text generated always as (
        case when jsonb_typeof(analysis #> '{structuredData,callerName}') = 'string'
             then nullif(left(btrim(analysis #>> '{structuredData,callerName}', E' \t\r\n'), 120), '') end) stored,
    add column callback_number text generated always as (
        case when analysis #>> '{structuredData,callbackNumber}' ~ '^\+[1-9][0-9]{5,14}$'
             then analysis #>> '{structuredData,callbackNumber}' end) stored;
grant select (listed_at, reason, urgency, caller_name, callback_number, created_at) on public.calls to authenticated;

-- A page of the list and the numbers of a period read this index and not the rows. What it includes changes when a call
-- ends and when its report comes, not with each event.
drop index public.calls_business;
create index calls_listed on public.calls (business_id, listed_at, id)
    include (outcome, caller_number, duration_seconds, reason, urgency, has_report);
create index calls_caller on public.calls (business_id, caller_number, listed_at) include (outcome)
    where caller_number is not null;

-- The instant at which a local day begins. Where midnight comes twice it is the first one, so that
-- day_start(d) <= t < day_start(d + 1) is the same as (t at time zone zone)::date = d.
create function private.day_start(day date, zone text) returns timestamptz
    language sql stable parallel safe
as $$
    select case when ((t - interval '1 hour') at time zone zone)::date >= day then t - interval '1 hour' else t end
    from (select day::timestamp at time zone zone as t) m
$$;

create function private.rfc3339(t timestamptz) returns text
    language sql stable parallel safe
as $$ select to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

create function private.microseconds(t timestamptz) returns text
    language sql stable parallel safe
as $$ select ((extract(epoch from t) * 1000000)::bigint)::text $$;

create function private.from_microseconds(us text) returns timestamptz
    language sql stable parallel safe
as $$ select timestamptz 'epoch' + us::bigint * interval '1 microsecond' $$;

-- One cell of a CSV file. A spreadsheet takes what begins with = + - @ for a formula, also behind blanks and in
-- full-width form: an apostrophe in front makes it text. So the cells of phone numbers begin with '+.
create function private.csv_cell(value text) returns text
    language sql immutable parallel safe
as $$
    select '"' || case when value ~ ('^[\x01-\x20\u0085\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]*'
                                     '[=+\-@\t\r\n\u2212\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b]')
                       then '''' else '' end
               || replace(coalesce(value, ''), '"', '""') || '"'
$$;

-- What became of a call, and why, as an owner would say it.
create function private.outcome_text(outcome text) returns text
    language sql immutable parallel safe
as $$
    select case outcome
        when 'handled' then 'Handled by the AI'
        when 'hung_up_early' then 'Hung up early'
        when 'no_response' then 'No response'
        when 'transferred' then 'Transferred'
        when 'transfer_not_answered' then 'Transfer not answered'
        when 'booked' then 'Booked'
        when 'ai_unavailable' then 'AI unavailable'
        when 'technical_error' then 'Technical error'
        when 'cut_off' then 'Cut off by the time limit'
        when 'spam' then 'Spam or wrong number'
        when 'other' then 'Other'
        else 'In progress' end
$$;

create function private.cause_text(reason text) returns text
    language sql immutable parallel safe
as $$
    select case
        when reason is null then null
        when reason = 'customer-ended-call' then 'The caller hung up.'
        when reason like 'assistant-ended-call%' or reason = 'assistant-said-end-call-phrase' then
            'The AI said goodbye and hung up.'
        when reason like 'assistant-forwarded-call%' then 'The AI put the caller through.'
        when reason = 'silence-timed-out' then 'Nobody spoke, so the call was ended.'
        when reason = 'exceeded-max-duration' then 'The call reached the longest time allowed.'
        when reason in ('customer-busy', 'customer-did-not-answer') then 'The other side did not pick up.'
        when reason = 'twilio-reported-customer-misdialed' then 'The number was misdialed.'
        when reason = 'manually-canceled' then 'The call was cancelled.'
        when reason = 'voicemail' then 'A voicemail system answered.'
        when reason like 'ringback.transfer-no-answer%' then
            'The AI could not be reached; the call was put through, and nobody picked up.'
        when reason like 'ringback.transfer%' then 'The AI could not be reached; the call was put through to you.'
        when reason like 'ringback.voicemail%' then 'The AI could not be reached; the caller was asked for a message.'
        when reason like 'ringback.%' then 'The AI could not be reached.'
        when reason = 'twilio.failed' then 'The phone company could not connect the call.'
        when reason like 'twilio.%' then 'The caller hung up before the AI answered.'
        when reason like 'call.forwarding%no-answer%' then 'The call was put through, and nobody picked up.'
        when reason like 'call.forwarding%busy%' then 'The call was put through, and the line was busy.'
        when reason like 'call.start.error%' or reason like 'call-start-error-%' or reason like 'assistant-request-%'
            or reason like 'assistant-not-%' then 'The AI could not be started.'
        when reason = 'phone-call-provider-bypass-enabled-but-no-call-received' then 'The call never reached the AI.'
        when reason like '%transcriber%' then 'Speech recognition failed during the call.'
        when reason like '%voice%' then 'The AI''s voice failed during the call.'
        when reason like '%llm%' or reason like '%model%' then 'The AI''s language model failed during the call.'
        when reason like 'phone-call-provider%' or reason like 'twilio%' or reason like '%sip%' then
            'The phone connection failed.'
        when reason like '%error%' or reason like '%fault%' or reason like 'pipeline-%' or reason = 'worker-shutdown'
            then 'The AI service had a technical error.'
        else 'The provider gave an unusual reason.' end
$$;

-- A stored mail, or null if it is none that can be read.
create function private.mail_of(body bytea) returns jsonb
    language plpgsql immutable parallel safe set search_path = ''
as $$
begin
    return convert_from(body, 'UTF8')::jsonb;
exception when others then
    return null;
end
$$;

-- Search. One row holds the words of one call that has ended: what was said, its summary, reason and caller's name.
-- Each word carries a key of its business and its fortnight in front, so that a look-up, by prefix too, touches only
-- what that business has in the period: the index finds nothing else, and no row is read in vain. People cannot read
-- the table: @@ is not leakproof, so through a policy the index would not be used. They ask search_calls.
create table private.call_words (
    call_id uuid primary key references public.calls on delete cascade,
    business_id uuid not null,
    listed_at timestamptz not null,
    words tsvector not null
) with (toast_tuple_target = 128); -- the words of long calls stay out of the rows, which searches read
alter table private.call_words alter column words set compression lz4;
-- Without a list of pending entries: no search has to read through it, and nobody has to empty it all at once.
create index call_words_words on private.call_words using gin (words) with (fastupdate = off);

-- Making the words costs as much as storing the call. So who stores it only notes that it is due, and the
-- server comes by every second. A report is due at once; a call without one when none has come for a while.
create table private.call_words_due (
    id bigint generated always as identity primary key,
    call_id uuid not null,
    has_report boolean not null,
    due_at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

do $$
declare
    t text;
begin
    foreach t in array array['private.call_words', 'private.call_words_due'] loop
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
        execute format('revoke all on %s from public', t);
    end loop;
end
$$;

-- Words as configuration `simple` makes them, accents left out; what it would take for one thing (an address, a path)
-- in parts. 100,000 characters are two hours of talk, and stay below the limits of a tsvector.
create function private.words_of(said text) returns text[]
    language sql immutable parallel safe
as $$
    select tsvector_to_array(to_tsvector('pg_catalog.simple', translate(
        case when octet_length(t) = length(t) then t
             else regexp_replace(normalize(t, NFKD), '[\u0300-\u036f]', '', 'g') end,
        './@-_<&+', '        ')))
    from (select left(said, 100000) as t) s
$$;

create function private.words_key(business uuid) returns text
    language sql immutable parallel safe
as $$ select left(md5(business::text), 6) $$;

-- The fortnight since 1970 that an instant falls in, as far as three hexadecimal digits go: to the year 2126.
create function private.words_time(at timestamptz) returns integer
    language sql stable parallel safe
as $$ select least(greatest(floor(extract(epoch from at) / 1209600), 0), 4095)::integer $$;

create function private.words_prefix(business uuid, fortnight integer) returns text
    language sql immutable parallel safe
as $$ select private.words_key(business) || lpad(to_hex(fortnight), 3, '0') $$;

create function private.lexemes(business uuid, at timestamptz, told text) returns tsvector
    language sql stable parallel safe
as $$
    select array_to_tsvector(array(
        select p.prefix || left(word, 60)
        from private.words_prefix(business, private.words_time(at)) p (prefix), unnest(private.words_of(told)) word))
$$;

create function private.call_changed() returns trigger
    language plpgsql security definer set search_path = ''
as $$
begin
    insert into private.call_words_due (call_id, has_report, due_at)
    values (new.id, new.has_report, case when new.has_report then now() else now() + interval '30 seconds' end);
    return null;
end
$$;

create function private.utterances_said() returns trigger
    language plpgsql security definer set search_path = ''
as $$
begin
    insert into private.call_words_due (call_id, has_report, due_at)
    select c.id, c.has_report, now()
    from (select distinct call_id from told) t
    cross join lateral (
        select id, business_id, status_rank, has_report from public.calls where id = t.call_id
        offset 0) c -- one look-up for each, whatever the planner thinks of the numbers
    where c.business_id is not null and (c.status_rank = 5 or c.has_report);
    return null;
end
$$;

create trigger calls_words_new after insert on public.calls
    for each row when (new.business_id is not null and (new.status_rank = 5 or new.has_report))
    execute function private.call_changed();
create trigger calls_words_changed after update on public.calls
    for each row when ((new.status_rank = 5 or new.has_report)
        and (new.business_id is not null or old.business_id is not null)
        and ((old.business_id, old.listed_at, old.summary, old.reason, old.caller_name, old.has_report, old.said_reported,
              old.status_rank = 5)
             is distinct from
             (new.business_id, new.listed_at, new.summary, new.reason, new.caller_name, new.has_report, new.said_reported,
              new.status_rank = 5)))
    execute function private.call_changed();
-- Late transcripts. The report's own list comes in the same transaction as the change of its call's row.
create trigger utterances_words_new after insert on public.call_utterances
    referencing new table as told for each statement execute function private.utterances_said();

-- Makes the words of up to so many calls that are due; says how many were taken off the list. One at a time: of two
-- that read a call at different moments the later one must write last.
create function private.index_due_calls(most integer) returns integer
    language plpgsql security definer set search_path = ''
as $$
declare
    reported uuid[];
    others uuid[];
    taken integer;
begin
    if not pg_try_advisory_xact_lock(6170626401) then
        return 0;
    end if;
    with gone as (
        delete from private.call_words_due
        where id = any (array(select id from private.call_words_due where due_at <= now() order by id limit most))
        returning call_id, has_report
    )
    select array_agg(call_id) filter (where has_report), array_agg(call_id) filter (where not has_report), count(*)
    into reported, others, taken from gone;
    -- What was due before the report came is left to what became due with the report.
    insert into private.call_words as w (call_id, business_id, listed_at, words)
    select c.id, c.business_id, c.listed_at,
           private.lexemes(c.business_id, c.listed_at, concat_ws(' ', c.summary, c.reason, c.caller_name, (
               select string_agg(u.text, ' ') from public.call_utterances u
               where u.call_id = c.id and (u.source = 'report' or not c.said_reported))))
    from public.calls c
    where (c.id = any (reported) or (c.id = any (others) and not c.has_report)) and c.business_id is not null
    on conflict (call_id) do update
        set business_id = excluded.business_id, listed_at = excluded.listed_at, words = excluded.words
        where (w.business_id, w.listed_at, w.words)
            is distinct from (excluded.business_id, excluded.listed_at, excluded.words);
    delete from private.call_words w using public.calls c
    where c.id = w.call_id and c.id = any (reported || others) and c.business_id is null;
    return taken;
end
$$;

-- The calls of one of my businesses whose words begin with each of the words that are searched for; at most 16 of them
-- count. The newest fortnight comes first, then one more, two, four and so on: it ends when there are as many as wanted
-- that are older than before_at, unless all are wanted (null).
create function private.search_calls(business uuid, sought text, from_at timestamptz, to_at timestamptz,
                                     before_at timestamptz default null, wanted integer default null) returns setof uuid
    language plpgsql stable security definer rows 200
    -- The planner does not know how rare a word is: it is told to look it up.
    set search_path = '' set enable_seqscan = off set max_parallel_workers_per_gather = 0
as $$
declare
    -- Letters and digits only: nothing of a tsquery's own.
    words constant text[] := array(
        select left(translate(word, '''\', ''), 60) from unnest(private.words_of(sought)) word
        order by length(word) desc, word limit 16);
    first integer;
    last integer;
    step integer := 1;
    query tsquery;
    ids uuid[];
    older integer;
begin
    if words = '{}' or not exists (select from private.my_business_ids() m where m = business) then
        return;
    end if;
    select private.words_time(greatest(from_at, min(c.listed_at))), private.words_time(least(to_at, max(c.listed_at)))
    into first, last
    from public.calls c where c.business_id = business
    having max(c.listed_at) is not null;
    while first <= last loop
        if wanted is null then
            step := last - first + 1;
        end if;
        query := (
            select string_agg(w.any_time, ' & ')
            from (select '(' || string_agg('''' || private.words_prefix(business, t) || word || ''':*', ' | ') || ')'
                             as any_time
                  from unnest(words) word, generate_series(greatest(last - step + 1, first), last) t
                  group by word) w);
        select array_agg(w.call_id), count(*) filter (where w.listed_at < coalesce(before_at, 'infinity'))
        into ids, older
        from private.call_words w
        where w.words @@ query and w.business_id = business and w.listed_at >= from_at and w.listed_at < to_at;
        return query select unnest(ids);
        wanted := wanted - older;
        exit when wanted <= 0;
        last := last - step;
        step := step * 2;
    end loop;
end
$$;

-- Everything again. Run as the owner of the tables; null: all businesses.
create function private.rebuild_call_words(businesses uuid[] default null) returns bigint
    language plpgsql set search_path = ''
as $$
declare
    total bigint;
begin
    perform pg_advisory_xact_lock(6170626401);
    if businesses is null then
        drop index private.call_words_words;
        truncate private.call_words, private.call_words_due;
    else
        delete from private.call_words where business_id = any (businesses);
    end if;
    insert into private.call_words (call_id, business_id, listed_at, words)
    select c.id, c.business_id, c.listed_at,
           private.lexemes(c.business_id, c.listed_at, concat_ws(' ', c.summary, c.reason, c.caller_name, (
               select string_agg(u.text, ' ') from public.call_utterances u
               where u.call_id = c.id and (u.source = 'report' or not c.said_reported))))
    from public.calls c
    where c.business_id is not null and (businesses is null or c.business_id = any (businesses))
      and (c.status_rank = 5 or c.has_report);
    get diagnostics total = row_count;
    if businesses is null then
        create index call_words_words on private.call_words using gin (words) with (fastupdate = off);
    end if;
    return total;
end
$$;

do $$
declare
    f text;
begin
    grant create on schema private to ringback_definer;
    foreach f in array array['index_due_calls(integer)', 'call_changed()', 'utterances_said()',
                             'rebuild_call_words(uuid[])', 'lexemes(uuid, timestamptz, text)',
                             'search_calls(uuid, text, timestamptz, timestamptz, timestamptz, integer)', 'words_of(text)',
                             'words_key(uuid)', 'words_time(timestamptz)', 'words_prefix(uuid, integer)',
                             'day_start(date, text)', 'rfc3339(timestamptz)', 'microseconds(timestamptz)',
                             'from_microseconds(text)', 'csv_cell(text)', 'outcome_text(text)', 'cause_text(text)',
                             'mail_of(bytea)'] loop
        execute format('revoke all on function private.%s from public', f);
    end loop;
    foreach f in array array['index_due_calls(integer)', 'call_changed()', 'utterances_said()',
                             'search_calls(uuid, text, timestamptz, timestamptz, timestamptz, integer)'] loop
        execute format('alter function private.%s owner to ringback_definer', f);
    end loop;
    revoke create on schema private from ringback_definer;
end
$$;
grant execute on function private.search_calls(uuid, text, timestamptz, timestamptz, timestamptz, integer),
    private.day_start(date, text),
    private.rfc3339(timestamptz), private.microseconds(timestamptz), private.from_microseconds(text), private.csv_cell(text),
    private.outcome_text(text), private.cause_text(text), private.mail_of(bytea) to authenticated;
grant execute on function private.words_of(text), private.words_key(uuid), private.words_time(timestamptz),
    private.words_prefix(uuid, integer), private.lexemes(uuid, timestamptz, text) to ringback_definer;
grant execute on function private.index_due_calls(integer) to ringback_ingest;
grant select (id, business_id, listed_at, summary, reason, caller_name, status_rank, has_report, said_reported)
    on public.calls to ringback_definer;
grant select (call_id, text, source) on public.call_utterances to ringback_definer;
grant select, insert, update, delete on private.call_words to ringback_definer;
grant select, insert, delete on private.call_words_due to ringback_definer;
create policy call_utterances_definer on public.call_utterances for select to ringback_definer using (true);
create policy call_words_definer on private.call_words to ringback_definer using (true) with check (true);
create policy call_words_due_definer on private.call_words_due to ringback_definer using (true) with check (true);
