#pragma once
/* What the parts of ingest share: the queues and the one setter. Private to ingest*.c. */
#include "caps.h"
#include "db_pool.h"
#include "ingest.h"
#include "loop.h"

struct ingest_batch;

/* Calls that share a writer. Messages of one provider's call are in one lane; a carrier's events of it may be in another. */
struct ingest_lane {
    struct list waiting;
    struct ingest_batch *batch;
    bool busy; /* its batch is under way */
};

struct ingest_core {
    struct ingest *handle;
    struct loop *loop;
    struct db_pool *pool;
    struct ingest_lane lanes[CAP_BATCHES_IN_FLIGHT];
    struct list alone;   /* to be sent one by one */
    struct list waiters; /* everybody who waits */
    size_t bytes;        /* of all that waits */
    size_t singles;      /* events sent alone, dead letters and merges in flight */
    uint64_t again_ms;   /* nothing is sent before this time */
    struct loop_hook flush_hook;
    uv_timer_t clock;
};

/* The one place that moves an event between the queues and counts its bytes. Events that are SENT stand on a list of whoever
 * sent them. */
void ingest_set_state(struct ingest_core *in, struct ingest_event *e, enum ingest_state to);
/* The end of an event, whatever became of it: counted, answered, freed. */
void ingest_finish(struct ingest_core *in, struct ingest_event *e, int code);
/* What becomes of an event that was sent alone. */
void ingest_settle_alone(struct ingest_core *in, struct ingest_event *e, int code);
/* A pause before the next try of anything; how long depends on what went wrong. */
void ingest_pause(struct ingest_core *in, int code);

/* In ingest_send.c: makes a batch of what waits in a lane, or of one event. */
void ingest_send_lane(struct ingest_core *in, size_t lane);
void ingest_send_alone(struct ingest_core *in, struct ingest_event *e);
/* In ingest_letter.c: the event goes to dead_letters. */
void ingest_send_letter(struct ingest_core *in, struct ingest_event *e);
