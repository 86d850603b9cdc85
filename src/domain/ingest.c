#include "ingest.h"
#include "crypto.h"
#include "db_pool.h"
#include "db_row.h"
#include "ingest_batch.h"
#include "ingest_merge.h"
#include "loop.h"
#include <stdlib.h>

#define CLOCK_MS 10
#define LOOK_MS 100 /* between looks for events that have waited too long */
#define AGAIN_MS 50 /* pause before a refused batch is tried again */

#define WHOLE_TRIES 3 /* of a batch that met another instance's, before it is taken apart */

/* Calls that share a writer. */
struct lane {
    struct list waiting;
    struct ingest_batch *batch;
    bool busy; /* its batch is under way */
};

struct ingest_core {
    struct ingest *handle;
    struct loop *loop;
    struct db_pool *pool;
    struct lane lanes[CAP_BATCHES_IN_FLIGHT];
    struct list alone;   /* to be sent one by one */
    struct list waiters; /* everybody who waits */
    size_t bytes;        /* of all that waits */
    size_t singles;      /* in flight */
    uint64_t again_ms;   /* no batch before this time */
    uint64_t look_ms;    /* next look for events that have waited too long */
    struct loop_hook flush_hook;
    uv_timer_t clock;
};

static size_t queued(const struct ingest_core *in)
{
    size_t n = in->alone.count;
    for (size_t i = 0; i < CAP_BATCHES_IN_FLIGHT; i++) {
        n += in->lanes[i].waiting.count;
    }
    return n;
}

static struct list *queue_of(struct ingest_core *in, const struct ingest_event *e)
{
    return e->state == INGEST_ALONE ? &in->alone : &in->lanes[e->lane].waiting;
}

static bool transition_allowed(enum ingest_state from, enum ingest_state to)
{
    static const unsigned allowed[] = {
        [INGEST_NEW] = 1u << INGEST_WAITING | 1u << INGEST_ALONE | 1u << INGEST_GONE,
        [INGEST_WAITING] = 1u << INGEST_SENT | 1u << INGEST_GONE,
        [INGEST_ALONE] = 1u << INGEST_SENT | 1u << INGEST_GONE,
        [INGEST_SENT] = 1u << INGEST_WAITING | 1u << INGEST_ALONE | 1u << INGEST_GONE,
    };
    return from != INGEST_GONE && (allowed[from] >> to & 1);
}

/* The one place that moves an event between the queues and counts its bytes. SENT events are on their batch's list. */
static void set_state(struct ingest_core *in, struct ingest_event *e, enum ingest_state to)
{
    assert(transition_allowed(e->state, to));
    if (e->state == INGEST_WAITING || e->state == INGEST_ALONE) {
        list_remove(queue_of(in, e), &e->node);
        in->bytes -= e->bytes;
    }
    e->state = to;
    if (to == INGEST_WAITING || to == INGEST_ALONE) {
        list_push(queue_of(in, e), &e->node);
        in->bytes += e->bytes;
    }
    metric_set(METRIC_INGEST_QUEUE, 0, 0, (double)queued(in));
}

void ingest_abandon(struct ingest_waiter *w)
{
    if (w->event) {
        w->event->waiter = NULL;
        w->event = NULL;
    }
    if (list_linked(&w->node)) {
        list_remove(w->waiters, &w->node);
    }
}

/* The end of an event, whatever became of it. */
static void finish(struct ingest_core *in, struct ingest_event *e, int code)
{
    struct ingest_waiter *w = e->waiter;
    if (code < 0 || e->dead) {
        metric_count(METRIC_INGEST_EVENTS, code < 0 ? INGEST_REFUSED : INGEST_DEAD);
    }
    if (w) {
        ingest_abandon(w);
    }
    set_state(in, e, INGEST_GONE);
    ingest_event_free(e);
    if (w) {
        w->on_done(w, code < 0 ? ERR_UNAVAILABLE : 0);
    }
}

struct ingest_event *ingest_event_new(enum call_source source)
{
    struct ingest_event *e = mem_alloc(sizeof(*e));
    e->call = call_event_make(source);
    return e;
}

void ingest_event_free(struct ingest_event *e)
{
    arena_free(&e->arena);
    buf_free(&e->body);
    buf_free(&e->kept);
    free(e);
}

/* FNV-1a of what names the call; nearly all messages of a call name it alike. */
static size_t lane_of(const struct call_event *c)
{
    struct str name = str_or(c->provider_call_id, c->twilio_call_sid);
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < name.n; i++) {
        h = (h ^ (unsigned char)name.p[i]) * 16777619u;
    }
    return h % CAP_BATCHES_IN_FLIGHT;
}

static int submit(struct ingest_core *in, struct ingest_event *e, struct ingest_waiter *w)
{
    e->bytes = e->body.len + e->kept.len + sizeof(*e);
    bool full = queued(in) >= CAP_INGEST_EVENTS;
    if (full || (in->bytes > 0 && in->bytes + e->bytes > CAP_INGEST_BYTES)) {
        metric_count(METRIC_INGEST_EVENTS, INGEST_REFUSED);
        ingest_event_free(e);
        return ERR_BUSY;
    }
    e->arrived_ms = loop_now_ms(in->loop);
    e->lane = lane_of(&e->call);
    e->waiter = w;
    if (w) {
        w->event = e;
        w->until_ms = e->arrived_ms + (w->patience_ms ? w->patience_ms : CAP_INGEST_MS);
        w->waiters = &in->waiters;
        list_push(&in->waiters, &w->node);
    }
    set_state(in, e, e->dead ? INGEST_ALONE : INGEST_WAITING);
    return 0;
}

int ingest_submit(struct ingest *in, struct ingest_event *e, struct ingest_waiter *waiter)
{
    metric_add(METRIC_INGEST_STORED_BYTES, 0, 0, (double)e->call.payload.n);
    return submit(in->core, e, waiter);
}

int ingest_dead_letter(struct ingest *in, struct ingest_event *e, enum metric_dead reason, struct ingest_waiter *waiter)
{
    e->dead = true;
    e->dead_reason = reason;
    return submit(in->core, e, waiter);
}

/* ERR_BAD_DATA of one event alone: it will never be taken. Anything else may pass when it is tried again. */
static void settle_alone(struct ingest_core *in, struct ingest_event *e, int code)
{
    if (code == 0) {
        finish(in, e, 0);
    } else if (code == ERR_BAD_DATA && !e->dead) {
        e->dead = true;
        e->dead_reason = DEAD_REJECTED;
        set_state(in, e, INGEST_ALONE);
    } else if (code == ERR_BAD_DATA || code == ERR_DENIED || (code == ERR_CONFLICT && ++e->tries >= CAP_EVENT_TRIES)) {
        finish(in, e, ERR_UNAVAILABLE);
    } else {
        set_state(in, e, e->dead || code == ERR_CONFLICT ? INGEST_ALONE : INGEST_WAITING);
        in->again_ms = code == ERR_CONFLICT ? 0 : loop_now_ms(in->loop) + AGAIN_MS; /* until CAP_INGEST_MS has passed */
    }
}

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
            settle_alone(in, e, code == ERR_TOO_LARGE ? ERR_BAD_DATA : code);
        } else if (refused || (code == ERR_CONFLICT && ++e->tries >= WHOLE_TRIES)) {
            set_state(in, e, INGEST_ALONE);
        } else {
            set_state(in, e, INGEST_WAITING);
        }
    }
    if (!refused && code != ERR_CONFLICT) {
        in->again_ms = loop_now_ms(in->loop) + AGAIN_MS;
    }
}

static void count_stored(struct ingest_core *in, const struct ingest_batch *b)
{
    struct field as_int = {.kind = FIELD_INT};
    int64_t stored = 0, unassigned = 0;
    int rc = field_set_text(&as_int, &stored, db_cell(&b->unit, 0, 0, 0));
    rc = rc ? rc : field_set_text(&as_int, &unassigned, db_cell(&b->unit, 0, 0, 1));
    assert(rc == 0);
    metric_add(METRIC_INGEST_EVENTS, INGEST_DUPLICATE, 0, (double)b->events.count - (double)stored);
    metric_add(METRIC_INGEST_EVENTS, INGEST_STORED, 0, (double)stored);
    metric_add(METRIC_UNASSIGNED, 0, 0, (double)unassigned);
    metric_observe(METRIC_INGEST_BATCH_EVENTS, 0, (double)b->events.count);
    metric_observe(METRIC_INGEST_BATCH_SECONDS, 0, (double)(loop_now_ms(in->loop) - b->sent_ms) / 1e3);
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

/* Answers everybody. With a merge undone the sender is asked to try again: then the split shows again. */
static void finish_batch(struct ingest_batch *b)
{
    struct ingest_core *in = b->core;
    struct list_node *n;
    while ((n = list_pop(&b->events))) {
        finish(in, container_of(n, struct ingest_event, node), b->merge_code);
    }
    release(in, b);
}

struct batch_merge {
    struct ingest_merge merge;
    struct ingest_batch *batch;
};

static void on_merged(struct ingest_merge *m, int code)
{
    struct batch_merge *bm = container_of(m, struct batch_merge, merge);
    struct ingest_batch *b = bm->batch;
    free(bm);
    b->merge_code = code < 0 ? code : b->merge_code;
    if (--b->merges == 0) {
        finish_batch(b);
    }
}

static void start_merges(struct ingest_core *in, struct ingest_batch *b)
{
    for (size_t row = 1; row < db_rows(&b->unit, 0); row++) {
        struct batch_merge *bm = mem_alloc(sizeof(*bm));
        const struct str parts[3] = {db_cell(&b->unit, 0, row, 0), db_cell(&b->unit, 0, row, 1),
                                     db_cell(&b->unit, 0, row, 2)};
        bm->batch = b;
        bm->merge.on_done = on_merged;
        int rc = ingest_merge_submit(in->pool, &bm->merge, parts);
        if (rc < 0) {
            b->merge_code = rc;
            free(bm);
        } else {
            b->merges++;
        }
    }
}

static void on_batch_done(struct db_unit *u, int code)
{
    struct ingest_batch *b = container_of(u, struct ingest_batch, unit);
    struct ingest_core *in = b->core;
    if (code < 0) {
        settle_failed(in, b, code);
        release(in, b);
        return;
    }
    count_stored(in, b);
    start_merges(in, b);
    if (b->merges == 0) {
        finish_batch(b);
    }
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

static void gather(struct ingest_core *in, size_t lane)
{
    struct ingest_batch *b = in->lanes[lane].batch;
    struct list_node *n;
    in->lanes[lane].busy = true;
    while ((n = list_first(&in->lanes[lane].waiting)) && b->events.count < CAP_BATCH_EVENTS &&
           b->bytes < CAP_BATCH_BYTES) {
        struct ingest_event *e = container_of(n, struct ingest_event, node);
        set_state(in, e, INGEST_SENT);
        ingest_batch_add(b, e);
    }
    send_batch(in, b);
}

/* A dead letter on its way. */
struct letter {
    struct ingest_core *core;
    struct db_unit unit;
    struct db_param params[3];
    struct ingest_event *event;
};

static void on_letter_done(struct db_unit *u, int code)
{
    struct letter *l = container_of(u, struct letter, unit);
    struct ingest_core *in = l->core;
    struct ingest_event *e = l->event;
    free(l);
    in->singles--;
    if (code == 0) {
        metric_count(METRIC_DEAD_LETTERS, e->dead_reason);
        log_event(LOG_WARN, "dead_letter", LOG_INT("reason", e->dead_reason), LOG_INT("bytes", (int64_t)e->bytes));
    }
    settle_alone(in, e, code);
}

static void send_letter(struct ingest_core *in, struct ingest_event *e)
{
    static const char *const reasons[] = {"bad_json", "not_an_envelope", "rejected_by_database"};
    struct letter *l = mem_alloc(sizeof(*l));
    l->core = in;
    l->event = e;
    l->params[0] = db_text(e->call.source == CALL_TWILIO ? STR("twilio") : STR("vapi"));
    l->params[1] = db_text(str_of(reasons[e->dead_reason]));
    l->params[2] = db_bytes(e->body.len ? buf_str(&e->body) : buf_str(&e->kept));
    l->unit.role = "ringback_ingest";
    l->unit.on_done = on_letter_done;
    db_unit_add(&l->unit, STMT_DEAD_LETTER_INSERT, l->params, 3);
    int rc = db_submit(in->pool, &l->unit);
    if (rc < 0) {
        free(l);
        settle_alone(in, e, rc);
    } else {
        in->singles++;
    }
}

static void send_alone(struct ingest_core *in)
{
    struct ingest_event *e = container_of(list_first(&in->alone), struct ingest_event, node);
    set_state(in, e, INGEST_SENT);
    if (e->dead) {
        send_letter(in, e);
    } else {
        struct ingest_batch *b = ingest_batch_new(in);
        b->alone = true;
        in->singles++;
        ingest_batch_add(b, e);
        send_batch(in, b);
    }
}

static bool may_send(const struct ingest_core *in)
{
    return db_pool_ready(in->pool) > 0 && loop_now_ms(in->loop) >= in->again_ms;
}

static void flush_turn(struct loop_hook *h)
{
    struct ingest_core *in = container_of(h, struct ingest_core, flush_hook);
    for (size_t left = in->alone.count; left > 0 && may_send(in) && in->singles < CAP_SINGLES_IN_FLIGHT; left--) {
        send_alone(in);
    }
    for (size_t i = 0; i < CAP_BATCHES_IN_FLIGHT; i++) {
        if (in->lanes[i].waiting.count > 0 && !in->lanes[i].busy && may_send(in)) {
            gather(in, i);
        }
    }
}

/* Gives up on events that somebody has waited for too long: an answer was not given yet, and will be a refusal. Events that
 * were answered already go on trying. Returns the age of the oldest that goes on waiting. */
static uint64_t expire(struct ingest_core *in, struct list *queue, uint64_t now)
{
    uint64_t oldest_ms = 0;
    struct list_node *next;
    for (struct list_node *n = list_first(queue); n; n = next) {
        next = list_next(queue, n);
        struct ingest_event *e = container_of(n, struct ingest_event, node);
        if (e->waiter && e->arrived_ms + CAP_INGEST_MS <= now) {
            finish(in, e, ERR_UNAVAILABLE);
        } else if (now - e->arrived_ms > oldest_ms) {
            oldest_ms = now - e->arrived_ms;
        }
    }
    return oldest_ms;
}

/* Tells those who have waited long enough, also while their event is on its way. A callback may abandon other waiters. */
static void dismiss(struct ingest_core *in, uint64_t now)
{
    struct list due;
    struct list_node *next;
    list_init(&due);
    for (struct list_node *n = list_first(&in->waiters); n; n = next) {
        next = list_next(&in->waiters, n);
        struct ingest_waiter *w = container_of(n, struct ingest_waiter, node);
        if (w->until_ms <= now) {
            list_remove(&in->waiters, n);
            list_push(&due, n);
            w->waiters = &due;
        }
    }
    while (due.count > 0) {
        struct ingest_waiter *w = container_of(list_first(&due), struct ingest_waiter, node);
        ingest_abandon(w);
        w->on_done(w, w->patience_ms ? ERR_TIMEOUT : ERR_UNAVAILABLE);
    }
}

static void on_clock(uv_timer_t *t)
{
    struct ingest_core *in = container_of(t, struct ingest_core, clock);
    uint64_t now = loop_now_ms(in->loop);
    dismiss(in, now);
    uint64_t oldest_ms = expire(in, &in->alone, now);
    for (size_t i = 0; i < CAP_BATCHES_IN_FLIGHT; i++) {
        uint64_t age_ms = expire(in, &in->lanes[i].waiting, now);
        oldest_ms = age_ms > oldest_ms ? age_ms : oldest_ms;
    }
    metric_set(METRIC_INGEST_OLDEST, 0, 0, (double)oldest_ms / 1e3);
}

void ingest_start(struct ingest *handle, struct loop *loop, struct db_pool *pool)
{
    struct ingest_core *in = mem_alloc(sizeof(*in));
    handle->core = in;
    in->handle = handle;
    in->loop = loop;
    in->pool = pool;
    for (size_t i = 0; i < CAP_BATCHES_IN_FLIGHT; i++) {
        list_init(&in->lanes[i].waiting);
        in->lanes[i].batch = ingest_batch_new(in);
        in->lanes[i].batch->lane = i;
    }
    list_init(&in->alone);
    list_init(&in->waiters);
    in->flush_hook.run = flush_turn;
    loop_add_hook(loop, &in->flush_hook);
    uv_timer_init(&loop->uv, &in->clock);
    uv_timer_start(&in->clock, on_clock, CLOCK_MS, CLOCK_MS);
}

static void on_closed(uv_handle_t *h)
{
    struct ingest_core *in = container_of((uv_timer_t *)h, struct ingest_core, clock);
    struct ingest *handle = in->handle;
    for (size_t i = 0; i <= CAP_BATCHES_IN_FLIGHT; i++) {
        struct list *queue = i < CAP_BATCHES_IN_FLIGHT ? &in->lanes[i].waiting : &in->alone;
        struct list_node *n;
        while ((n = list_first(queue))) {
            finish(in, container_of(n, struct ingest_event, node), ERR_UNAVAILABLE);
        }
        if (i < CAP_BATCHES_IN_FLIGHT) {
            ingest_batch_free(in->lanes[i].batch);
        }
    }
    free(in);
    handle->core = NULL;
    handle->on_stopped(handle);
}

void ingest_stop(struct ingest *in, void (*on_stopped)(struct ingest *))
{
    in->on_stopped = on_stopped;
    loop_remove_hook(in->core->loop, &in->core->flush_hook);
    uv_close((uv_handle_t *)&in->core->clock, on_closed);
}

bool ingest_is_idle(const struct ingest *in)
{
    const struct ingest_core *c = in->core;
    size_t busy = c->singles;
    for (size_t i = 0; i < CAP_BATCHES_IN_FLIGHT; i++) {
        busy += c->lanes[i].busy;
    }
    return busy + queued(c) == 0;
}
