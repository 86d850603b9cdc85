-- Two calls as text: one that the assistant took, with its transcript, and one that it did not get.
\echo
select 'The recorded call, row ' || c.id || E'\n'
    || '  business    ' || coalesce(b.name, 'not assigned') || ', ' || c.called_number || E'\n'
    || '  caller      ' || c.caller_number || E'\n'
    || '  began       ' || to_char(c.started_at at time zone coalesce(b.timezone, 'UTC'), 'FMDay, DD FMMonth YYYY, HH24:MI:SS')
    || ' in ' || coalesce(b.timezone, 'UTC') || E'\n'
    || '  lasted      ' || round(c.duration_seconds) || E' s\n'
    || '  outcome     ' || c.outcome || ' (' || c.ended_reason || E')\n'
    || '  events      ' || (select count(*) from call_events e where e.call_id = c.id) || E' kept\n'
    || '  summary     ' || coalesce(c.summary, 'none') || E'\n\n'
    || '  Transcript'
from calls c left join businesses b on b.id = c.business_id
where c.provider_call_id = :'recorded';

select '  ' || to_char(u.said_at at time zone coalesce(b.timezone, 'UTC'), 'HH24:MI:SS') || '  '
    || case u.role when 'user' then 'caller     ' else 'assistant  ' end || u.text
from call_utterances u
join calls c on c.id = u.call_id
left join businesses b on b.id = c.business_id
where c.provider_call_id = :'recorded'
order by u.said_at, u.utterance_key;

\echo
select 'The call that no assistant took, row ' || c.id || E'\n'
    || '  caller      ' || c.caller_number || E'\n'
    || '  outcome     ' || coalesce(c.outcome, 'none yet; the call is ' || c.status)
    || coalesce(' (' || c.ended_reason || ')', '')
from calls c
where c.twilio_call_sid = :'unanswered';
