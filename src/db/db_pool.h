#pragma once
/* A pool of connections that share a queue of units. Waiting units are sent at the end of the turn, in order, to the ready
 * connection with the fewest units in flight; each connection carries at most `pipeline`. Connections come back by
 * themselves, with doubled and jittered pauses. Host names are resolved off the loop. */
#include "db_unit.h"
#include "loop.h"

struct db_conn;

struct db_pool_options {
    struct str url; /* postgresql://… or key=value, as libpq takes it */
    size_t connections;
    size_t pipeline;             /* units in flight on one connection; 0: CAP_DB_PIPELINE. 1 where units may be slow */
    size_t metric_pool;          /* index in LABELS_POOL */
    const char *const *roles;    /* whose statements its connections prepare; NULL after the last */
    const char *schema_version;  /* newest migration that this program needs */
    const char *session_options; /* "-c name=value …" for this pool's sessions, or "" */
    bool listens;                /* its connections take no units: they hear what calls were told of, on_notice */
};

struct db_pool {
    struct loop *loop;
    struct db_pool_options options;
    struct db_conn *conns; /* private to the room */
    struct list waiting;
    struct list failed; /* units whose callback is due in a later turn */
    struct loop_task fail_task;
    struct loop_hook flush_hook;
    uv_timer_t clock;
    size_t open_handles;
    bool stopping;
    void (*on_stopped)(struct db_pool *);
    /* May be NULL: a connection became ready. Of a pool that listens: what was told before this moment may have been missed,
     * what is told from now on is not. */
    void (*on_ready)(struct db_pool *);
    void (*on_notice)(struct db_pool *, struct str payload); /* of a pool that listens; must not stop it */
};

int db_pool_start(struct db_pool *p, struct loop *loop, const struct db_pool_options *options)
    __attribute__((warn_unused_result));
/* Units still waiting or sent end with ERR_UNAVAILABLE or ERR_WRITE_UNCERTAIN. on_stopped fires once, later. */
void db_pool_stop(struct db_pool *p, void (*on_stopped)(struct db_pool *));
/* Connections that are prepared and usable now. */
size_t db_pool_ready(const struct db_pool *p);
/* Units sent and not answered. */
size_t db_pool_in_flight(const struct db_pool *p);
/* No unit waits and none is on its way. */
bool db_pool_is_idle(const struct db_pool *p);
