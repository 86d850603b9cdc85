-- Statements of the connection itself.

-- name: take_role
-- role: none
-- First in every unit: role and claims last until the unit's end, and no longer.
select set_config('role', $1::text, true), set_config('request.jwt.claims', $2::text, true)

-- name: schema_check
-- role: ringback_ingest
-- Does the schema have the newest migration, and is a commit durable?
select coalesce((select max(version) >= $1::text from supabase_migrations.schema_migrations), false) as schema_is_current,
       current_setting('synchronous_commit') as synchronous_commit

-- name: listen_calls
-- role: ringback_ingest
-- Once, on a connection that does nothing else: sql/statements/live.sql tells.
listen ringback_calls
