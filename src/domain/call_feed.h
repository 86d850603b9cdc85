#pragma once
/* Tells every server which calls have changed, after they were stored: the first at the end of the turn, what comes after it
 * together, at most once in CAP_FEED_PAUSE_MS. Nothing waits for it. What could not be told, or was too much to be told one
 * by one, becomes one notice that anything may have changed. */
#include "str.h"
#include <stdbool.h>

struct db_pool;
struct loop;
struct call_feed_core; /* private to the room */

/* Embedded in its owner. */
struct call_feed {
    struct call_feed_core *core;
    void (*on_stopped)(struct call_feed *);
};

/* The pool is one that stores calls; it may be started later. */
void call_feed_start(struct call_feed *f, struct loop *loop, struct db_pool *pool);
/* Call when the pool has stopped. on_stopped fires once, later. */
void call_feed_stop(struct call_feed *f, void (*on_stopped)(struct call_feed *));
/* Calls that changed, as "id,id". `became` is the call that they are a part of now; absent: they are still there. */
void call_feed_add(struct call_feed *f, struct str ids, struct str became);
/* Nothing waits to be told and nothing is on its way; or there is no telling now. */
bool call_feed_is_idle(const struct call_feed *f);
