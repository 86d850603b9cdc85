-- What the list of calls and the live updates share.

-- Rows of the list, newest first; those that whoever asks may see. What a list shows of a call is said here and nowhere else.
create function private.listed_calls(ids uuid[]) returns json
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
        'booking', (select json_build_object('status', k.status, 'starts_at', private.rfc3339(k.starts_at))
                    from public.bookings k where k.call_id = c.id order by k.created_at desc, k.id desc limit 1))
        order by c.listed_at desc, c.id desc), '[]')
    from public.calls c
    where c.id = any (ids)
$$;
revoke all on function private.listed_calls(uuid[]) from public;
grant execute on function private.listed_calls(uuid[]) to authenticated;
