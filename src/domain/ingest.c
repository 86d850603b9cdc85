#include "ingest.h"
#include "ingest_batch.h"
#include "ingest_core.h"
#include <stdlib.h>

#define CLOCK_MS 10
#define AGAIN_MS 50    /* pause before what could not be stored is tried again */
#define MENDED_MS 1000 /* the same for what somebody has to mend first */

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

void ingest_set_state(struct ingest_core *in, struct ingest_event *e, enum ingest_state to)
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

void ingest_finish(struct ingest_core *in, struct ingest_event *e, int code)
{
    struct ingest_waiter *w = e->waiter;
    if (code < 0 || e->dead) {
        metric_count(METRIC_INGEST_EVENTS, code < 0 ? INGEST_REFUSED : INGEST_DEAD);
    }
    if (w) {
        ingest_abandon(w);
    }
    ingest_set_state(in, e, INGEST_GONE);
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
    ingest_set_state(in, e, e->dead ? INGEST_ALONE : INGEST_WAITING);
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

void ingest_pause(struct ingest_core *in, int code)
{
    in->again_ms = loop_now_ms(in->loop) + (code == ERR_DENIED ? MENDED_MS : AGAIN_MS);
}

/* ERR_BAD_DATA of one event alone: it will never be taken. Anything else may pass when it is tried again. Where that is not
 * likely soon, whoever waits is asked to come back; an event that was answered already goes on all the same. */
void ingest_settle_alone(struct ingest_core *in, struct ingest_event *e, int code)
{
    bool conflict = code == ERR_CONFLICT && ++e->tries < CAP_EVENT_TRIES;
    if (code == 0) {
        ingest_finish(in, e, 0);
    } else if (code == ERR_BAD_DATA && !e->dead) {
        e->dead = true;
        e->dead_reason = DEAD_REJECTED;
        ingest_set_state(in, e, INGEST_ALONE);
    } else if (code == ERR_BAD_DATA || (e->waiter && !conflict && (code == ERR_DENIED || code == ERR_CONFLICT))) {
        ingest_finish(in, e, ERR_UNAVAILABLE);
    } else {
        ingest_set_state(in, e, INGEST_ALONE);
        if (!conflict) {
            ingest_pause(in, code);
        }
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
        struct ingest_event *e = container_of(list_first(&in->alone), struct ingest_event, node);
        ingest_set_state(in, e, INGEST_SENT);
        if (e->dead) {
            ingest_send_letter(in, e);
        } else {
            ingest_send_alone(in, e);
        }
    }
    for (size_t i = 0; i < CAP_BATCHES_IN_FLIGHT; i++) {
        if (in->lanes[i].waiting.count > 0 && !in->lanes[i].busy && may_send(in)) {
            ingest_send_lane(in, i);
        }
    }
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

/* How long the first of a queue has waited; queues are in order of arrival but for what is tried again. */
static uint64_t age_ms(const struct list *queue, uint64_t now)
{
    const struct list_node *n = list_first(queue);
    return n ? now - container_of(n, struct ingest_event, node)->arrived_ms : 0;
}

static void measure(const struct ingest_core *in, uint64_t now)
{
    uint64_t oldest_ms = age_ms(&in->alone, now);
    size_t count = queued(in) + in->singles;
    for (size_t i = 0; i < CAP_BATCHES_IN_FLIGHT; i++) {
        const struct list *queues[] = {&in->lanes[i].waiting, &in->lanes[i].batch->events};
        for (size_t k = 0; k < 2; k++) {
            uint64_t age = age_ms(queues[k], now);
            oldest_ms = age > oldest_ms ? age : oldest_ms;
        }
        count += in->lanes[i].batch->events.count;
    }
    metric_set(METRIC_INGEST_QUEUE, 0, 0, (double)count);
    metric_set(METRIC_INGEST_OLDEST, 0, 0, (double)oldest_ms / 1e3);
}

static void on_clock(uv_timer_t *t)
{
    struct ingest_core *in = container_of(t, struct ingest_core, clock);
    uint64_t now = loop_now_ms(in->loop);
    dismiss(in, now);
    measure(in, now);
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
            ingest_finish(in, container_of(n, struct ingest_event, node), ERR_UNAVAILABLE);
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
