#pragma once
/* Makes calls findable by their words: asks Postgres to work off private.call_words_due, a few calls at a time, so that
 * storing an event never waits for it. Several servers may ask; one at a time is served. While the database is away nothing
 * is lost: what is due stays on the list. */

struct db_pool;
struct loop;
struct search_index_core; /* private to the room */

/* Embedded in its owner. */
struct search_index {
    struct search_index_core *core;
    void (*on_stopped)(struct search_index *);
};

void search_index_start(struct search_index *s, struct loop *loop, struct db_pool *pool);
/* on_stopped fires once, later. */
void search_index_stop(struct search_index *s, void (*on_stopped)(struct search_index *));
