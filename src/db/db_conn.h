#pragma once
/* One PGconn on one uv_poll: resolve, connect, prepare, pipeline, drain. Private to the room.
 *
 * A slot is a unit's place in the pipeline. Abandoning a unit cuts the slot's pointer; the answer then drains to nobody. */
#include "caps.h"
#include "db_pool.h"
#include <libpq-fe.h>

enum db_conn_state {
    DB_CONN_IDLE,       /* not connected; the retry timer runs */
    DB_CONN_RESOLVING,  /* the host name is being looked up, off the loop */
    DB_CONN_CONNECTING, /* PQconnectPoll */
    DB_CONN_PREPARING,  /* statements are being prepared, the schema is being checked */
    DB_CONN_READY,      /* takes units */
    DB_CONN_CLOSED      /* for good */
};

struct db_slot {
    struct db_unit *unit; /* NULL: abandoned */
    uint64_t sent_ms;
    size_t answered; /* statements answered so far; 0 is the role */
    int code;        /* the first error */
    bool used;
};

struct db_poll; /* a uv_poll_t that outlives its connection until it is closed */

struct db_conn {
    struct db_pool *pool;
    enum db_conn_state state;
    PGconn *pg;
    struct db_poll *poll;
    uv_timer_t retry; /* also the deadline of connecting */
    uv_getaddrinfo_t lookup;
    char address[64]; /* numeric; "" when libpq needs no help */
    unsigned failures;
    struct db_slot slots[CAP_DB_PIPELINE];
    size_t first, count; /* ring */
    bool flushing;       /* libpq holds bytes that the socket did not take */
    bool stale;          /* its prepared statements no longer fit */
    const char *refused; /* why preparing failed, and its SQLSTATE */
    char sqlstate[6];
};

void db_conn_open(struct db_conn *c, struct db_pool *pool);
void db_conn_close(struct db_conn *c);
/* The connection is READY and its ring has room. Negative: it broke, the unit was not sent. */
int db_conn_send(struct db_conn *c, struct db_unit *u);
void db_conn_flush(struct db_conn *c);
/* Gives up on slots that are long overdue. */
void db_conn_check(struct db_conn *c, uint64_t now_ms);
