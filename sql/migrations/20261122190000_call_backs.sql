-- Callers whom somebody of the business has called back, and the one rule for who is still to be called back.

create table public.call_backs (
    business_id uuid not null references public.businesses,
    caller_number text not null check (caller_number ~ '^\+[1-9][0-9]{5,14}$'),
    done_at timestamptz not null default now(), -- calls that began until then are done
    before_at timestamptz, -- what it was before the last tick, for taking that one back
    done_by uuid, -- null: no person
    primary key (business_id, caller_number)
);

-- Nobody says for himself how far it goes, or who it was. A tick goes as far as the newest call that is over: one that is
-- still going on may be missed yet. Only what was before may be asked for again.
create function private.call_back_ticked() returns trigger
    language plpgsql set search_path = ''
as $$
begin
    if auth.uid() is null then
        return new;
    end if;
    if tg_op = 'UPDATE' and new.done_at is not distinct from old.before_at then
        new.before_at := null;
    else
        select coalesce(max(c.listed_at) filter (where c.outcome is not null), min(c.listed_at) - interval '1 second')
        into new.done_at
        from public.calls c
        where c.business_id = new.business_id and c.caller_number = new.caller_number;
        new.done_at := coalesce(new.done_at, now()); -- never called: the policy refuses it
        if tg_op = 'UPDATE' then
            new.before_at := case when new.done_at > old.done_at then old.done_at else old.before_at end;
        end if;
    end if;
    new.done_by := auth.uid();
    return new;
end
$$;
revoke all on function private.call_back_ticked() from public;
create trigger call_backs_ticked before insert or update on public.call_backs
    for each row execute function private.call_back_ticked();

alter table public.call_backs enable row level security;
alter table public.call_backs force row level security;
create policy call_backs_member on public.call_backs for select to authenticated
    using (business_id = any (array(select private.my_business_ids())));
-- Only who has called can be ticked off, so there are no more rows than callers.
create policy call_backs_tick on public.call_backs for insert to authenticated
    with check (business_id = any (array(select private.my_business_ids())) and (select private.session_is_live())
                and exists (select from public.calls c where c.business_id = call_backs.business_id
                                                         and c.caller_number = call_backs.caller_number));
create policy call_backs_tick_again on public.call_backs for update to authenticated
    using (business_id = any (array(select private.my_business_ids())) and (select private.session_is_live()))
    with check (business_id = any (array(select private.my_business_ids())) and (select private.session_is_live()));
create policy call_backs_untick on public.call_backs for delete to authenticated
    using (business_id = any (array(select private.my_business_ids())) and (select private.session_is_live()));

revoke all on public.call_backs from anon, authenticated;
grant select, insert (business_id, caller_number), update (done_at), delete on public.call_backs to authenticated;
grant select, insert, update, delete on public.call_backs to service_role;

create function private.is_answered(outcome text) returns boolean
    language sql immutable parallel safe
as $$ select outcome in ('handled', 'transferred', 'booked') $$;

create function private.is_missed(outcome text) returns boolean
    language sql immutable parallel safe
as $$
    select outcome in ('hung_up_early', 'no_response', 'transfer_not_answered', 'ai_unavailable', 'technical_error')
$$;

-- A caller is to be called back while one of these is there: a missed call from a number that can be called, not followed
-- by an answered one (answered_at: the caller's last), and begun after those that were ticked off (done_at).
create function private.is_to_call_back(outcome text, caller text, at timestamptz, answered_at timestamptz, done_at timestamptz)
    returns boolean
    language sql immutable parallel safe
as $$
    select private.is_missed(outcome) and at >= coalesce(answered_at, '-infinity')
       and at > coalesce(done_at, '-infinity') and caller ~ '^\+[1-9][0-9]{5,14}$'
$$;

revoke all on function private.is_answered(text), private.is_missed(text),
    private.is_to_call_back(text, text, timestamptz, timestamptz, timestamptz) from public;
grant execute on function private.is_answered(text), private.is_missed(text),
    private.is_to_call_back(text, text, timestamptz, timestamptz, timestamptz) to authenticated;
