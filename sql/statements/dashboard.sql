-- What the statements of the dashboard share; parts are known to the files after this one, in the order of their names.

-- part: business_asked
-- role: authenticated
-- Of businesses b, already only those of who asks: the one named by $1 (text), or without a name the first.
where $1::text is null or b.id = $1::text::uuid
order by b.created_at, b.id
limit 1

-- part: pause_as_json
-- role: authenticated
-- Of a row p of public.paused_recipients, or null without one.
case when p.address is not null then
    json_build_object('reason', p.reason, 'detail', p.detail, 'since', private.rfc3339(p.paused_at)) end
