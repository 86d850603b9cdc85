#include "db_row.h"
#include "ingest_batch.h"
#include "ingest_core.h"
#include "ingest_merge.h"
#include <stdlib.h>

#define WHOLE_TRIES 3 /* of a batch that met another instance's, before it is taken apart */

static void log_refused(const struct ingest_batch *b, int code)
{
    log_event(LOG_WARN, "batch_refused", LOG_CSTR("reason", err_info(code)->code),
              LOG_CSTR("sqlstate", b->unit.sqlstate), LOG_INT("events", (int64_t)b->events.count));
}

/* A refused batch is taken apart; one that met another instance's, or whose fate is uncertain, is tried again whole. */
static void settle_failed(struct ingest_core *in, struct ingest_batch *b, int code)
{
    bool alone = b->alone || b->events.count == 1;
    bool refused = code == ERR_BAD_DATA || code == ERR_DENIED || code == ERR_TOO_LARGE;
    struct list_node *n;
    log_refused(b, code);
    while ((n = list_pop(&b->events))) {
        struct ingest_event *e = container_of(n, struct ingest_event, node);
        if (alone) {
            ingest_settle_alone(in, e, code == ERR_TOO_LARGE ? ERR_BAD_DATA : code);
        } else if (refused || (code == ERR_CONFLICT && ++e->tries >= WHOLE_TRIES)) {
            e->tries = 0;
            ingest_set_state(in, e, INGEST_ALONE);
        } else {
            ingest_set_state(in, e, INGEST_WAITING);
        }
    }
    if (!refused && code != ERR_CONFLICT) {
        ingest_pause(in, code);
    }
}

/* The answer's first row: events stored, calls that belong to nobody. */
static void count_stored(struct ingest_core *in, const struct ingest_batch *b)
{
    struct field as_int = {.kind = FIELD_INT};
    int64_t stored = 0, unassigned = 0;
    int rc = field_set_text(&as_int, &stored, db_cell(&b->unit, 0, 0, 1));
    rc = rc ? rc : field_set_text(&as_int, &unassigned, db_cell(&b->unit, 0, 0, 2));
    assert(rc == 0);
    metric_add(METRIC_INGEST_EVENTS, INGEST_DUPLICATE, 0, (double)b->events.count - (double)stored);
    metric_add(METRIC_INGEST_EVENTS, INGEST_STORED, 0, (double)stored);
    metric_add(METRIC_UNASSIGNED, 0, 0, (double)unassigned);
    metric_observe(METRIC_INGEST_BATCH_EVENTS, 0, (double)b->events.count);
    metric_observe(METRIC_INGEST_BATCH_SECONDS, 0, (double)(loop_now_ms(in->loop) - b->sent_ms) / 1e3);
}

/* Events that are stored, but whose call has two rows yet: they are answered when it has one. */
struct held {
    struct ingest_merge merge;
    struct ingest_core *core;
    struct list events;
};

static void settle_held(struct held *h, int code)
{
    struct ingest_core *in = h->core;
    struct list_node *n;
    while ((n = list_pop(&h->events))) {
        struct ingest_event *e = container_of(n, struct ingest_event, node);
        if (code < 0) {
            ingest_set_state(in, e, INGEST_WAITING); /* once more from the start: it finds the two rows again */
        } else {
            ingest_finish(in, e, 0);
        }
    }
    if (code < 0) {
        ingest_pause(in, code);
    }
    free(h);
}

static void on_merged(struct ingest_merge *m, int code)
{
    struct held *h = container_of(m, struct held, merge);
    struct ingest *in = h->core->handle;
    struct str kept = {m->params[0].bytes, m->params[0].n}, gone = {m->params[1].bytes, m->params[1].n};
    h->core->singles--;
    settle_held(h, code);
    if (code == 0 && in->on_merged) {
        in->on_merged(in, kept, gone);
    }
}

/* A split: the row to keep, the row to lose, what is claimed of the provider's id, and that id. */
static void hold_split(struct ingest_core *in, struct ingest_batch *b, size_t row)
{
    struct held *h = mem_alloc(sizeof(*h));
    const struct str parts[3] = {db_cell(&b->unit, 0, row, 1), db_cell(&b->unit, 0, row, 2),
                                 db_cell(&b->unit, 0, row, 3)};
    struct str provider_call_id = str_skip(parts[2], 1);
    struct list_node *next;
    h->core = in;
    h->merge.on_done = on_merged;
    list_init(&h->events);
    for (struct list_node *n = list_first(&b->events); n; n = next) {
        next = list_next(&b->events, n);
        if (str_eq(container_of(n, struct ingest_event, node)->call.provider_call_id, provider_call_id)) {
            list_remove(&b->events, n);
            list_push(&h->events, n);
        }
    }
    int rc = ingest_merge_submit(in->pool, &h->merge, parts);
    if (rc < 0) {
        settle_held(h, rc);
    } else {
        in->singles++;
    }
}

/* The answer's other rows: splits, and the calls that the batch spoke of, which are returned. */
static struct str read_rest(struct ingest_core *in, struct ingest_batch *b)
{
    struct str told = {NULL, 0};
    for (size_t row = 1; row < db_rows(&b->unit, 0); row++) {
        if (str_eq(db_cell(&b->unit, 0, row, 0), STR("1"))) {
            hold_split(in, b, row);
        } else {
            told = db_cell(&b->unit, 0, row, 1);
        }
    }
    return told;
}

/* The batch's way is over: a lane's is used again. */
static void release(struct ingest_core *in, struct ingest_batch *b)
{
    if (b->alone) {
        in->singles--;
        ingest_batch_free(b);
    } else {
        in->lanes[b->lane].busy = false;
        ingest_batch_reset(b);
    }
}

static void on_batch_done(struct db_unit *u, int code)
{
    struct ingest_batch *b = container_of(u, struct ingest_batch, unit);
    struct ingest_core *in = b->core;
    struct str told = {NULL, 0};
    struct list_node *n;
    if (code < 0) {
        settle_failed(in, b, code);
    } else {
        count_stored(in, b);
        told = read_rest(in, b);
    }
    while ((n = list_pop(&b->events))) {
        ingest_finish(in, container_of(n, struct ingest_event, node), 0);
    }
    if (told.n > 0 && in->handle->on_stored) {
        in->handle->on_stored(in->handle, told);
    }
    release(in, b);
}

static void send_batch(struct ingest_core *in, struct ingest_batch *b)
{
    int rc = ingest_batch_seal(b);
    b->unit.on_done = on_batch_done;
    b->sent_ms = loop_now_ms(in->loop);
    rc = rc ? rc : db_submit(in->pool, &b->unit);
    if (rc < 0) {
        settle_failed(in, b, rc);
        release(in, b);
    }
}

void ingest_send_lane(struct ingest_core *in, size_t lane)
{
    struct ingest_batch *b = in->lanes[lane].batch;
    struct list_node *n;
    in->lanes[lane].busy = true;
    while ((n = list_first(&in->lanes[lane].waiting)) && b->events.count < CAP_BATCH_EVENTS &&
           b->bytes < CAP_BATCH_BYTES) {
        struct ingest_event *e = container_of(n, struct ingest_event, node);
        ingest_set_state(in, e, INGEST_SENT);
        ingest_batch_add(b, e);
    }
    send_batch(in, b);
}

void ingest_send_alone(struct ingest_core *in, struct ingest_event *e)
{
    struct ingest_batch *b = ingest_batch_new(in);
    b->alone = true;
    in->singles++;
    ingest_batch_add(b, e);
    send_batch(in, b);
}
