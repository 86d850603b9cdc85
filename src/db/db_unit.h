#pragma once
/* A unit of work: a role, perhaps claims, up to CAP_DB_STATEMENTS prepared statements, one callback. It travels as one
 * Sync segment, which Postgres runs as one implicit transaction: all of it or nothing.
 *
 * The struct is embedded in its owner's object. What it points at must live until it was sent, that is, until on_done or
 * db_abandon. db_submit returns 0: on_done fires exactly once, in a later turn; negative: it never fires.
 *
 * on_done's code: 0, or
 *   ERR_UNAVAILABLE      never sent, no connection within its deadline
 *   ERR_WRITE_UNCERTAIN  sent, and the connection was lost or the deadline passed: it may have happened
 *   ERR_BAD_DATA         the data itself is refused (SQLSTATE classes 22, 23, 54)
 *   ERR_CONFLICT         deadlock, serialization failure, unique violation: try again
 *   ERR_DENIED           permission, missing object: ours to mend
 *   ERR_BUSY             the database has no room now (classes 53, 55, 57, read-only): try again */
#include "arena.h"
#include "list.h"
#include "sql_statements.h"
#include <stdint.h>

struct db_pool;
struct db_slot;
struct pg_result; /* libpq's PGresult */

/* Always in binary form. */
struct db_param {
    const char *bytes; /* NULL: SQL null */
    size_t n;
};

struct db_call {
    enum sql_statement_id statement;
    const struct db_param *params;
    size_t param_count;
};

enum db_unit_state { DB_UNIT_NEW, DB_UNIT_WAITING, DB_UNIT_SENT, DB_UNIT_DONE };

struct db_unit {
    const char *role;  /* taken for this unit only */
    struct str claims; /* JWT claims for row-level security; absent: none */
    struct db_call calls[4];
    size_t call_count;
    unsigned deadline_ms; /* 0: CAP_DB_UNIT_MS */
    void (*on_done)(struct db_unit *, int code);

    /* The outcome, valid in on_done only. */
    struct pg_result *results[4];
    char sqlstate[6]; /* of the error, "" if none came from Postgres */

    enum db_unit_state state;
    struct list_node node;
    struct db_pool *pool;
    struct db_slot *slot;
    uint64_t submitted_ms, deadline_at_ms;
    int late_code; /* while on the pool's list of failed units */
};

/* A value of SQL type text; the statement casts it to what it needs. Sent in binary form, which needs no NUL. */
static inline struct db_param db_text(struct str s)
{
    return (struct db_param){s.p, s.n};
}

/* A value of SQL type bytea. */
static inline struct db_param db_bytes(struct str s)
{
    return (struct db_param){s.p ? s.p : "", s.n};
}

/* Adds a statement; its parameters are not copied. */
void db_unit_add(struct db_unit *u, enum sql_statement_id statement, const struct db_param *params, size_t count);
int db_submit(struct db_pool *pool, struct db_unit *u) __attribute__((warn_unused_result));
/* Cuts the wait: on_done will not fire, the memory is the caller's again at once; what was sent may still happen.
 * Harmless when nothing is under way. */
void db_abandon(struct db_unit *u);
