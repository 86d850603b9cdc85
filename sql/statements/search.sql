-- Words to search for.

-- name: words_index
-- role: ringback_ingest
-- The words of up to $1 calls that are due; how many were taken off the list.
select private.index_due_calls($1::text::int) as taken
