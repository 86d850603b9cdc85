#pragma once
/* One connection that waits for its answers: the command runs alone, not inside the server. What fails is said on standard
 * error, once. */
#include "buf.h"
#include "sql_statements.h"
#include <libpq-fe.h>

struct demo_pg {
    PGconn *pg;
};

/* SIGINT and SIGTERM from now on cancel what Postgres is doing; it keeps nothing of an unfinished transaction. */
int demo_pg_open(struct demo_pg *d, const char *url) must_check;
void demo_pg_close(struct demo_pg *d);
/* The signal that asked to stop, or 0. */
int demo_pg_stopped(void);

/* The statement's rows; PQclear them. NULL when it failed. */
PGresult *demo_pg_ask(struct demo_pg *d, enum sql_statement_id id, int count, const char *const *values);
/* The same for a statement that is asked many times: once demo_pg_prepare, which is good until the connection ends. */
int demo_pg_prepare(struct demo_pg *d, enum sql_statement_id id) must_check;
PGresult *demo_pg_ask_again(struct demo_pg *d, enum sql_statement_id id, int count, const char *const *values);
/* The same for who wants no rows. */
int demo_pg_do(struct demo_pg *d, enum sql_statement_id id, int count, const char *const *values) must_check;
/* Text that Postgres made itself. */
int demo_pg_run(struct demo_pg *d, const char *made) must_check;
/* Sends rows and empties their buffer. */
int demo_pg_copy(struct demo_pg *d, enum sql_statement_id id, struct buf *rows) must_check;

/* An array as Postgres reads it: begin, add any number, end. An empty value is null. */
void demo_array_begin(struct buf *array);
void demo_array_add(struct buf *array, const char *value);
const char *demo_array_end(struct buf *array);
