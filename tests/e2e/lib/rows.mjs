// Dumps of the tables for comparison. Columns that tell when or in which order something arrived are left out: they
// alone may differ between two deliveries of the same call.
import assert from "node:assert/strict";

const ARRIVAL = /^(received_at|updated_at|created_at|stored_at|ingested_at|first_seen_at|last_seen_at|seq|arrival\w*)$/;
const TABLES = {
  calls: "id",
  call_events: "event_key",
  call_utterances: "call_id, said_at, role, utterance_key",
  bookings: "provider_call_id, tool_call_id",
};
const DRAWN = { bookings: "id" }; // by chance, each time

export async function dump(db) {
  const out = {};
  for (const [table, order] of Object.entries(TABLES)) {
    const columns = (
      await db.rows(
        `select column_name, data_type, is_identity, column_default from information_schema.columns
       where table_schema = 'public' and table_name = $1 order by column_name`,
        [table],
      )
    )
      .filter((column) => !ARRIVAL.test(column.column_name))
      .filter((column) => !(column.column_name === "id" && /int/.test(column.data_type)))
      .filter((column) => column.column_name !== DRAWN[table]);
    out[table] = [];
    assert.ok(columns.length > 3, `table ${table} is not there`);
    const list = columns.map((column) => `${column.column_name}::text as ${column.column_name}`).join(", ");
    out[table] = await db.rows(`select ${list} from ${table} order by ${order}`);
  }
  return out;
}

/** Byte-identical, and a readable difference if not. */
export function assertSameDump(got, wanted, what) {
  for (const table of Object.keys(TABLES)) {
    const left = got[table].map((row) => JSON.stringify(row));
    const right = wanted[table].map((row) => JSON.stringify(row));
    if (left.join("\n") === right.join("\n")) continue;
    const at = left.findIndex((row, i) => row !== right[i]);
    assert.fail(
      `${what}: ${table} differs (${left.length} rows, wanted ${right.length})\n got ${left[at]}\n wanted ${right[at]}`,
    );
  }
}
