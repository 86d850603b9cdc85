#include "fetch.h"
#include "caps.h"
#include "fetch_breaker.h"
#include "fetch_easy.h"
#include "fetch_uv.h"
#include <stdlib.h>

enum call_state {
    CALL_SPARE,   /* ready for the next submit */
    CALL_QUEUED,  /* submitted; its task starts it */
    CALL_RUNNING, /* in libcurl's hands */
    CALL_ENDED,   /* its result is known; its task delivers it */
    CALL_CLOSING, /* its timer is closing; the close callback frees it */
    CALL_STATES
};

/* The room's side of a fetch. It outlives an abandoned one: the answer then drains to nobody. */
struct fetch_call {
    struct list_node node; /* on the core's list of its state */
    enum call_state state;
    struct fetch_core *core;
    struct fetch *fetch; /* NULL: abandoned */
    struct fetch_host *host;
    bool probe;
    struct fetch_easy easy;
    uv_timer_t watchdog;
    struct loop_task task;
    CURLcode result;
    int code;
};

struct fetch_core {
    struct fetch_room *room;
    struct loop *loop;
    struct fetch_uv uv;
    struct list calls[CALL_STATES];
    bool uv_closed;
};

static bool is_legal_call(enum call_state from, enum call_state to)
{
    switch (to) {
    case CALL_QUEUED:
        return from == CALL_SPARE;
    case CALL_RUNNING:
        return from == CALL_QUEUED;
    case CALL_ENDED:
        return from == CALL_QUEUED || from == CALL_RUNNING;
    case CALL_SPARE:
        return from == CALL_QUEUED || from == CALL_ENDED;
    case CALL_CLOSING:
        return true;
    default:
        return false;
    }
}

static void call_set_state(struct fetch_call *c, enum call_state to)
{
    assert(is_legal_call(c->state, to));
    list_remove(&c->core->calls[c->state], &c->node);
    c->state = to;
    list_push(&c->core->calls[to], &c->node);
}

static bool is_under_way(const struct fetch *f)
{
    return f->state == FETCH_SUBMITTED || f->state == FETCH_RUNNING;
}

static bool is_legal_fetch(const struct fetch *f, enum fetch_state to)
{
    switch (to) {
    case FETCH_SUBMITTED:
        return !is_under_way(f);
    case FETCH_RUNNING:
        return f->state == FETCH_SUBMITTED;
    case FETCH_DONE:
    case FETCH_ABANDONED:
        return is_under_way(f);
    default:
        return false;
    }
}

static void fetch_set_state(struct fetch *f, enum fetch_state to)
{
    assert(is_legal_fetch(f, to));
    f->state = to;
}

static void finish_close(struct fetch_core *core)
{
    if (!core->uv_closed || core->calls[CALL_CLOSING].count > 0) {
        return;
    }
    struct fetch_room *room = core->room;
    free(core);
    curl_global_cleanup();
    room->on_closed(room);
}

static void on_uv_closed(struct fetch_uv *u)
{
    struct fetch_core *core = container_of(u, struct fetch_core, uv);
    core->uv_closed = true;
    finish_close(core);
}

static void on_watchdog_closed(uv_handle_t *h)
{
    struct fetch_call *c = container_of((uv_timer_t *)h, struct fetch_call, watchdog);
    struct fetch_core *core = c->core;
    list_remove(&core->calls[CALL_CLOSING], &c->node);
    free(c);
    finish_close(core);
}

static void call_close(struct fetch_call *c)
{
    loop_defer_cancel(c->core->loop, &c->task);
    if (c->state == CALL_RUNNING) {
        fetch_uv_remove(&c->core->uv, c->easy.curl);
    }
    fetch_easy_close(&c->easy);
    call_set_state(c, CALL_CLOSING);
    uv_close((uv_handle_t *)&c->watchdog, on_watchdog_closed);
}

static void call_recycle(struct fetch_call *c)
{
    if (c->core->calls[CALL_SPARE].count >= CAP_FETCH_SPARE) {
        call_close(c);
        return;
    }
    c->fetch = NULL;
    fetch_easy_clear(&c->easy);
    call_set_state(c, CALL_SPARE);
}

static void call_end(struct fetch_call *c, CURLcode result, int code)
{
    c->result = result;
    c->code = code;
    uv_timer_stop(&c->watchdog);
    call_set_state(c, CALL_ENDED);
    loop_defer(c->core->loop, &c->task);
}

static void on_result(struct fetch_uv *u, CURL *easy, CURLcode result)
{
    (void)u;
    struct fetch_easy *e = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&e);
    struct fetch_call *c = container_of(e, struct fetch_call, easy);
    int code = fetch_easy_code(e, result);
    fetch_uv_remove(u, easy);
    call_end(c, result, code);
}

/* libcurl's event interface is known to lose a wake-up now and then (curl #15154, #23025). */
static void on_watchdog(uv_timer_t *h)
{
    struct fetch_call *c = container_of(h, struct fetch_call, watchdog);
    log_event(LOG_ERROR, "fetch_stalled", LOG_CSTR("upstream", fetch_upstream_name(c->host)));
    fetch_uv_remove(&c->core->uv, c->easy.curl);
    call_end(c, CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT);
}

static void call_spare(struct fetch_call *c)
{
    fetch_breaker_release(c->host, loop_now_ms(c->core->loop), c->probe);
    call_recycle(c);
}

static void call_start(struct fetch_call *c)
{
    if (!c->fetch) {
        call_spare(c);
        return;
    }
    fetch_set_state(c->fetch, FETCH_RUNNING);
    call_set_state(c, CALL_RUNNING);
    uv_timer_start(&c->watchdog, on_watchdog, (uint64_t)c->easy.deadline_ms + CAP_FETCH_WATCHDOG_MS, 0);
    if (fetch_uv_add(&c->core->uv, c->easy.curl) < 0) {
        call_end(c, CURLE_FAILED_INIT, ERR_CONNECT);
    }
}

static enum metric_fetch result_of(int code, int status)
{
    if (code < 0) {
        return code == ERR_TIMEOUT ? FETCH_TIMEOUT : code == ERR_CONNECT ? FETCH_CONNECT : FETCH_BAD_REPLY;
    }
    return status / 100 == 2 ? FETCH_2XX : status / 100 == 4 ? FETCH_4XX : status / 100 == 5 ? FETCH_5XX : FETCH_OTHER;
}

static void account(const struct fetch_call *c, int status, double seconds)
{
    bool failed = c->code < 0 || status >= 500;
    enum metric_fetch result = result_of(c->code, status);
    metric_add(METRIC_UPSTREAM_REQUESTS, c->host->upstream, result, 1);
    metric_observe(METRIC_UPSTREAM_SECONDS, c->host->upstream, seconds);
    if (result != FETCH_2XX) {
        log_event(LOG_WARN, "fetch_failed", LOG_CSTR("upstream", fetch_upstream_name(c->host)),
                  LOG_CSTR("result", c->code ? err_info(c->code)->code : "answered"), LOG_INT("status", status),
                  LOG_INT("ms", (int64_t)(seconds * 1e3)), LOG_CSTR("cause", curl_easy_strerror(c->result)));
    }
    fetch_breaker_record(c->host, loop_now_ms(c->core->loop), c->probe, failed);
}

/* on_done is the last act: it may free the fetch, submit again or close the room. */
static void call_deliver(struct fetch_call *c)
{
    struct fetch *f = c->fetch;
    int code = c->code;
    int status = fetch_easy_status(&c->easy);
    double seconds = fetch_easy_seconds(&c->easy);
    account(c, status, seconds);
    if (f) {
        f->status = status;
        f->seconds = seconds;
        f->probe = c->probe;
        f->call = NULL;
        if (code == 0) {
            fetch_easy_take_answer(&c->easy, f);
        }
        fetch_set_state(f, FETCH_DONE);
    }
    call_recycle(c);
    if (f) {
        f->on_done(f, code);
    }
}

static void on_task(struct loop_task *t)
{
    struct fetch_call *c = container_of(t, struct fetch_call, task);
    if (c->state == CALL_QUEUED) {
        call_start(c);
    } else if (fetch_easy_spared(&c->easy, c->result)) {
        call_spare(c);
    } else {
        call_deliver(c);
    }
}

static struct fetch_call *call_take(struct fetch_core *core)
{
    struct list_node *n = list_first(&core->calls[CALL_SPARE]);
    if (n) {
        return container_of(n, struct fetch_call, node);
    }
    struct fetch_call *c = mem_alloc(sizeof(*c));
    c->core = core;
    c->state = CALL_SPARE;
    c->task.run = on_task;
    fetch_easy_open(&c->easy);
    uv_timer_init(&core->loop->uv, &c->watchdog);
    list_push(&core->calls[CALL_SPARE], &c->node);
    return c;
}

int fetch_room_open(struct fetch_room *room, struct loop *loop)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return ERR_INTERNAL;
    }
    struct fetch_core *core = mem_alloc(sizeof(*core));
    core->uv.on_result = on_result;
    core->uv.on_closed = on_uv_closed;
    if (fetch_uv_open(&core->uv, loop) < 0) {
        free(core);
        curl_global_cleanup();
        return ERR_INTERNAL;
    }
    core->room = room;
    core->loop = loop;
    for (size_t i = 0; i < CALL_STATES; i++) {
        list_init(&core->calls[i]);
    }
    *room = (struct fetch_room){.loop = loop, .core = core};
    return 0;
}

void fetch_room_close(struct fetch_room *room, void (*on_closed)(struct fetch_room *))
{
    struct fetch_core *core = room->core;
    room->core = NULL;
    room->on_closed = on_closed;
    for (enum call_state s = CALL_SPARE; s < CALL_CLOSING; s++) {
        struct list_node *n;
        while ((n = list_first(&core->calls[s]))) {
            struct fetch_call *c = container_of(n, struct fetch_call, node);
            if (c->fetch) {
                fetch_abandon(c->fetch);
            }
            call_close(c);
        }
    }
    fetch_uv_close(&core->uv);
}

static int refuse(const struct fetch *f, int code)
{
    metric_add(METRIC_UPSTREAM_REQUESTS, f->host->upstream, code == ERR_BREAKER_OPEN ? FETCH_BREAKER : FETCH_OTHER, 1);
    return code;
}

static bool is_full(const struct fetch_core *core)
{
    return core->calls[CALL_QUEUED].count + core->calls[CALL_RUNNING].count + core->calls[CALL_ENDED].count >=
           CAP_FETCH_IN_FLIGHT;
}

int fetch_submit(struct fetch_room *room, struct fetch *f)
{
    assert(f->method && f->host && f->on_done && f->deadline_ms > 0);
    struct fetch_core *core = room->core;
    if (!core) {
        return ERR_STOPPING;
    }
    if (is_full(core)) {
        return refuse(f, ERR_BUSY);
    }
    uint64_t now_ms = loop_now_ms(core->loop);
    bool probe;
    if (fetch_breaker_admit(f->host, now_ms, &probe) < 0) {
        return refuse(f, ERR_BREAKER_OPEN);
    }
    struct fetch_call *c = call_take(core);
    int rc = fetch_easy_prepare(&c->easy, f);
    if (rc < 0) {
        fetch_breaker_release(f->host, now_ms, probe);
        fetch_easy_clear(&c->easy);
        return refuse(f, rc);
    }
    fetch_finish(f);
    fetch_set_state(f, FETCH_SUBMITTED);
    f->room = room;
    f->call = c;
    c->fetch = f;
    c->host = f->host;
    c->probe = probe;
    call_set_state(c, CALL_QUEUED);
    loop_defer(core->loop, &c->task);
    return 0;
}

void fetch_abandon(struct fetch *f)
{
    if (is_under_way(f)) {
        f->call->easy.unwanted = true;
        f->call->fetch = NULL;
        f->call = NULL;
        fetch_set_state(f, FETCH_ABANDONED);
    }
}

void fetch_finish(struct fetch *f)
{
    buf_free(&f->answer);
    f->answer_type = (struct str){NULL, 0};
    f->status = 0;
}

void fetch_judge_failed(struct fetch *f)
{
    assert(f->state == FETCH_DONE);
    fetch_breaker_revise(f->host, loop_now_ms(f->room->loop), f->probe);
}

void fetch_header_add(struct fetch *f, const char *name, struct str value)
{
    assert(f->header_count < FETCH_HEADERS);
    f->headers[f->header_count++] = (struct fetch_header){name, value};
}
