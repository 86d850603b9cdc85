-- Which TwiML a call was answered with. Who inserts the row makes the call to Vapi; everybody else waits for its answer.

-- name: voice_claim
-- role: ringback_ingest
with mine as (
    insert into private.voice_answers as v (twilio_call_sid) values ($1::text)
    on conflict (twilio_call_sid) do update set claimed_at = now()
        where v.twiml is null and v.claimed_at < now() - interval '6 seconds' -- whoever claimed it is gone
    returning true as mine
)
select coalesce((select mine from mine), false) as mine,
       (select twiml from private.voice_answers where twilio_call_sid = $1::text) as twiml

-- name: voice_store
-- role: ringback_ingest
insert into private.voice_answers (twilio_call_sid, twiml) values ($1::text, $2::text)
on conflict (twilio_call_sid) do update set twiml = coalesce(voice_answers.twiml, excluded.twiml)

-- name: voice_expire
-- role: ringback_ingest
delete from private.voice_answers where claimed_at < now() - interval '1 day'
