#pragma once
/* Group commit: events of many calls, one unit of work, then everybody who waits is answered.
 *
 * Batches are natural, not timed: while CAP_BATCHES_IN_FLIGHT are under way the next one gathers; an idle writer sends at
 * the end of the turn. A provider's call belongs to one of as many lanes, and a lane has one batch under way at most, so that
 * two batches hardly ever wait for each other's rows. A batch that the database refuses is sent again one event at a time, so
 * that a bad event fails alone; what is refused even alone goes to dead_letters, which counts as stored. A batch whose fate is
 * uncertain is sent again: events are idempotent. Nobody waits longer than CAP_INGEST_MS; the event itself goes on until it is
 * stored or the server stops.
 *
 * An event is a heap object with its own arena; ingest_submit takes it over. The waiter is embedded in the caller's object,
 * and either side can cut it. */
#include "buf.h"
#include "call.h"
#include "list.h"
#include "metric.h"

struct db_pool;
struct loop;
struct ingest_event;
struct ingest_core; /* private to the room */

/* Embedded in its owner. */
struct ingest {
    struct ingest_core *core;
    void (*on_stopped)(struct ingest *);
    /* May be NULL; set before the start. After the answers: calls that were stored, as "id,id"; and a call that became a part
     * of another one. */
    void (*on_stored)(struct ingest *, struct str call_ids);
    void (*on_merged)(struct ingest *, struct str kept, struct str gone);
};

struct ingest_waiter {
    unsigned patience_ms; /* 0: CAP_INGEST_MS */
    /* 0: durable. ERR_TIMEOUT: patience is over, the event goes its way alone. Else, after CAP_INGEST_MS at the latest,
     * ERR_UNAVAILABLE: it was not stored, or nobody knows. */
    void (*on_done)(struct ingest_waiter *, int code);

    struct ingest_event *event;
    struct list_node node;
    struct list *waiters; /* that it is on */
    uint64_t until_ms;
};

enum ingest_state { INGEST_NEW, INGEST_WAITING, INGEST_ALONE, INGEST_SENT, INGEST_GONE };

struct ingest_event {
    struct call_event call; /* filled by the caller; everything it points at lives in arena and kept */
    struct arena arena;
    struct buf body, kept;

    enum ingest_state state;
    bool dead; /* goes to dead_letters instead of call_events, for the reason below */
    enum metric_dead dead_reason;
    struct ingest_waiter *waiter; /* NULL: nobody waits (any more) */
    struct list_node node;
    size_t bytes, lane;
    unsigned tries;
    uint64_t arrived_ms;
};

/* Start before the pool: its end-of-turn hook must run after this one's, so that a batch leaves in the turn it was made.
 * The pool is the one that ingest writes through; it may be started later. */
void ingest_start(struct ingest *in, struct loop *loop, struct db_pool *pool);
/* Gives up what is left; waiters hear ERR_UNAVAILABLE. Call when the pool has stopped. on_stopped fires once, later. */
void ingest_stop(struct ingest *in, void (*on_stopped)(struct ingest *));
/* Nothing is waiting or under way. */
bool ingest_is_idle(const struct ingest *in);

struct ingest_event *ingest_event_new(enum call_source source);
void ingest_event_free(struct ingest_event *e);

/* Takes the event over, whatever it returns. `waiter` may be NULL. ERR_BUSY: the queue is full, nothing was kept. */
int ingest_submit(struct ingest *in, struct ingest_event *e, struct ingest_waiter *waiter) must_check;
/* Cuts the wait: on_done will not fire, the event goes its way. Harmless when nothing is under way. */
void ingest_abandon(struct ingest_waiter *w);

/* The same for a body that cannot become an event: kept in dead_letters as it came. */
int ingest_dead_letter(struct ingest *in, struct ingest_event *e, enum metric_dead reason,
                       struct ingest_waiter *waiter) must_check;
