-- A caller is ticked off the list of those to call back, or put on it again; any member of the business may.

-- name: call_back_write
-- role: authenticated
-- $1 business, text, null: the first of mine; $2 JSON object: caller_number, done. One row: 'ok', 'not_found',
-- 'session_gone', 'invalid:<key>', 'invalid:body' (no object) or 'invalid:key' (another key), and how it is then. Who never
-- called is not found. Row-level security has the last word.
with b as materialized (
    select b.id
    from public.businesses b
-- include: business_asked
), asked as materialized (
    select c, c ->> 'caller_number' as caller, c -> 'done' as done from (select $2::text::jsonb as c) j
), verdict as materialized (
    select case
        when not (select private.session_is_live()) then 'session_gone'
        when jsonb_typeof(c) <> 'object' then 'invalid:body'
        when exists (select from jsonb_object_keys(c) k (key) where k.key not in ('caller_number', 'done'))
            then 'invalid:key'
        when (jsonb_typeof(c -> 'caller_number') = 'string' and caller ~ '^\+[1-9][0-9]{5,14}$') is not true
            then 'invalid:caller_number'
        when (jsonb_typeof(done) = 'boolean') is not true then 'invalid:done'
        when not exists (select from public.calls l where l.business_id = b.id and l.caller_number = caller)
            then 'not_found'
        else 'ok' end as outcome
    from b, asked
), ticked as (
    insert into public.call_backs (business_id, caller_number)
    select b.id, caller from b, asked, verdict where outcome = 'ok' and done = 'true'
    on conflict (business_id, caller_number) do update set done_at = excluded.done_at
    returning done_at
), restored as (
    -- The tick before the last one holds again.
    update public.call_backs k set done_at = k.before_at
    from b, asked, verdict
    where outcome = 'ok' and done = 'false' and k.business_id = b.id and k.caller_number = caller and k.before_at is not null
), unticked as (
    delete from public.call_backs k
    using b, asked, verdict
    where outcome = 'ok' and done = 'false' and k.business_id = b.id and k.caller_number = caller and k.before_at is null
)
select coalesce((select outcome from verdict), 'not_found') as outcome,
       (select json_build_object('caller_number', caller, 'done', done, 'done_at', private.rfc3339(t.done_at))
        from verdict, asked left join ticked t on true
        where outcome = 'ok')::text as json
