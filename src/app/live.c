#include "live.h"
#include "crypto.h"
#include "live_stream.h"
#include "metric.h"
#include "timestamp.h"
#include <stdlib.h>

#define TICK_MS 200

uint64_t live_now_us(void)
{
    return uv_hrtime() / 1000;
}

static struct live_stream *stream_of(struct list_node *n)
{
    return container_of(n, struct live_stream, node);
}

/* Those that wait longest are asked for first. */
static void serve(struct live *l)
{
    uint64_t now = loop_now_ms(l->loop);
    for (size_t left = l->streams.count; left > 0 && l->asking < CAP_LIVE_ASKING; left--) {
        struct list_node *n = list_pop(&l->streams);
        list_push(&l->streams, n);
        live_stream_ask(stream_of(n), now);
    }
}

static void run_task(struct loop_task *t)
{
    serve(container_of(t, struct live, task));
}

void live_wake(struct live *l)
{
    if (!l->stopping && !list_linked(&l->task.node)) {
        loop_defer(l->loop, &l->task);
    }
}

static void on_tick(uv_timer_t *t)
{
    struct live *l = container_of(t, struct live, tick);
    uint64_t now = loop_now_ms(l->loop);
    struct list_node *next;
    for (struct list_node *n = list_first(&l->streams); n; n = next) {
        next = list_next(&l->streams, n);
        if (stream_of(n)->end_ms <= now) {
            live_stream_end(stream_of(n), "expired");
        } else if (stream_of(n)->beat_ms <= now) {
            live_stream_beat(stream_of(n));
        }
    }
    serve(l);
}

static void count_streams(struct live *l)
{
    metric_set(METRIC_LIVE_STREAMS, 0, 0, (double)l->streams.count);
    if (l->streams.count == 0) {
        uv_timer_stop(&l->tick);
    } else if (!uv_is_active((uv_handle_t *)&l->tick)) {
        uv_timer_start(&l->tick, on_tick, TICK_MS, TICK_MS);
    }
}

void live_forget(struct live_stream *s)
{
    list_remove(&s->live->streams, &s->node);
    count_streams(s->live);
}

static void hear_call(struct live *l, const struct uuid *business, const struct uuid *call)
{
    live_ring_add(&l->ring, live_now_us(), business, call);
    for (struct list_node *n = list_first(&l->streams); n; n = list_next(&l->streams, n)) {
        if (uuid_eq(&stream_of(n)->business, business)) {
            live_stream_add(stream_of(n), call);
        }
    }
}

void live_gap(struct live *l)
{
    live_ring_gap(&l->ring, live_now_us());
    for (struct list_node *n = list_first(&l->streams); n; n = list_next(&l->streams, n)) {
        stream_of(n)->reset_due = true;
    }
    live_wake(l);
}

void live_hear(struct live *l, struct str notice)
{
    struct uuid business, call;
    struct str ids = str_skip(notice, UUID_TEXT + 1);
    metric_count(METRIC_LIVE_NOTICES, 0);
    if (str_eq(notice, STR("*"))) {
        live_gap(l);
        return;
    }
    if (!uuid_read(str_cut(notice, UUID_TEXT), &business)) {
        return;
    }
    for (; ids.n > 0; ids = str_skip(ids, UUID_TEXT + 1)) {
        if (uuid_read(str_cut(ids, UUID_TEXT), &call)) {
            hear_call(l, &business, &call);
        }
    }
    live_wake(l);
}

static size_t streams_of(const struct live *l, struct str user_id)
{
    size_t count = 0;
    for (struct list_node *n = list_first(&l->streams); n; n = list_next(&l->streams, n)) {
        count += str_eq(stream_of(n)->who->user_id, user_id);
    }
    return count;
}

/* The place that a client says it stood at; false when it says none of this start's. */
static bool read_place(const struct live *l, struct str event_id, uint64_t *place_us_out)
{
    struct str digits = str_skip(event_id, sizeof(l->epoch));
    *place_us_out = 0;
    if (!str_starts(event_id, str_of(l->epoch)) || digits.n == 0 || digits.n > 18 || digits.p[-1] != '-') {
        return false;
    }
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9') {
            return false;
        }
        *place_us_out = *place_us_out * 10 + (uint64_t)(digits.p[i] - '0');
    }
    return true;
}

/* Where the stream begins: where it was cut, with what came behind that; or now. */
static uint64_t resume(struct live_stream *s, struct str event_id)
{
    struct live *l = s->live;
    uint64_t place_us = 0, now_us = live_ring_place(&l->ring, live_now_us());
    if (!event_id.n) {
        return now_us;
    }
    if (!read_place(l, event_id, &place_us) || !live_ring_knows(&l->ring, place_us)) {
        s->reset_due = true;
        return now_us;
    }
    s->due_count = live_ring_behind(&l->ring, place_us, &s->business, s->due, CAP_LIVE_DUE);
    if (s->due_count > CAP_LIVE_DUE) {
        s->due_count = 0;
        s->reset_due = true;
        return now_us;
    }
    return place_us;
}

/* A token is good for CAP_TOKEN_LEEWAY_S more than it says, here as everywhere. */
static uint64_t end_of(const struct live *l, const struct tenant *who)
{
    int64_t left_ms = (who->expires_s + CAP_TOKEN_LEEWAY_S) * 1000 - timestamp_wall_us() / 1000;
    left_ms = left_ms > CAP_LIVE_MS ? CAP_LIVE_MS : left_ms < 0 ? 0 : left_ms;
    return loop_now_ms(l->loop) + (uint64_t)left_ms;
}

static int refuse(const struct live *l, const struct tenant *who)
{
    return l->stopping                                              ? ERR_STOPPING
           : streams_of(l, who->user_id) >= CAP_LIVE_STREAMS_OF_ONE ? ERR_RATE_LIMITED
           : l->streams.count >= CAP_LIVE_STREAMS                   ? ERR_BUSY
                                                                    : 0;
}

int live_open(struct live *l, struct http_request *r, const struct tenant *who, const struct uuid *business)
{
    int rc = refuse(l, who);
    if (rc < 0) {
        return rc;
    }
    struct live_stream *s = arena_alloc(&r->arena, sizeof(*s));
    *s = (struct live_stream){.live = l, .request = r, .who = who, .business = *business, .end_ms = end_of(l, who)};
    s->beat_ms = loop_now_ms(l->loop) + CAP_LIVE_BEAT_MS;
    uuid_write(business, s->business_text);
    list_push(&l->streams, &s->node);
    count_streams(l);
    live_stream_begin(s, resume(s, http_header(r, STR("Last-Event-ID"))));
    if (r->verb == VERB_HEAD) {
        live_stream_end(s, "head");
    }
    live_wake(l);
    return 0;
}

void live_start(struct live *l)
{
    uint64_t random;
    crypto_random(&random, sizeof(random));
    snprintf(l->epoch, sizeof(l->epoch), "%016llx", (unsigned long long)random);
    list_init(&l->streams);
    l->task.run = run_task;
    uv_timer_init(&l->loop->uv, &l->tick);
}

void live_stop(struct live *l)
{
    struct list_node *n;
    l->stopping = true;
    loop_defer_cancel(l->loop, &l->task);
    while ((n = list_first(&l->streams))) {
        live_stream_end(stream_of(n), "stopping");
    }
    uv_close((uv_handle_t *)&l->tick, NULL);
}
