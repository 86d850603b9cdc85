#include "fetch_call.h"
#include "caps.h"
#include "fetch_breaker.h"
#include <stdlib.h>

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

static bool is_legal_fetch(const struct fetch *f, enum fetch_state to)
{
    bool under_way = f->state == FETCH_SUBMITTED || f->state == FETCH_RUNNING;
    switch (to) {
    case FETCH_SUBMITTED:
        return !under_way;
    case FETCH_RUNNING:
        return f->state == FETCH_SUBMITTED;
    case FETCH_DONE:
    case FETCH_ABANDONED:
        return under_way;
    default:
        return false;
    }
}

void fetch_set_state(struct fetch *f, enum fetch_state to)
{
    assert(is_legal_fetch(f, to));
    f->state = to;
}

static void call_wake(struct fetch_call *c)
{
    if (!list_linked(&c->task.node)) {
        loop_defer(c->core->loop, &c->task);
    }
}

static void on_news(struct fetch_easy *e)
{
    call_wake(container_of(e, struct fetch_call, easy));
}

static void on_watchdog_closed(uv_handle_t *h)
{
    struct fetch_call *c = container_of((uv_timer_t *)h, struct fetch_call, watchdog);
    struct fetch_core *core = c->core;
    list_remove(&core->calls[CALL_CLOSING], &c->node);
    free(c);
    core->on_call_closed(core);
}

void fetch_call_close(struct fetch_call *c)
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
        fetch_call_close(c);
        return;
    }
    loop_defer_cancel(c->core->loop, &c->task);
    uv_timer_stop(&c->watchdog);
    c->fetch = NULL;
    c->told_head = c->paused = false;
    fetch_easy_clear(&c->easy);
    call_set_state(c, CALL_SPARE);
}

/* The watchdog stays with a stream whose end is good: its owner may be too slow to hear of it. */
static void call_end(struct fetch_call *c, CURLcode result, int code)
{
    c->result = result;
    c->code = code;
    if (!c->stall_ms || code < 0) {
        uv_timer_stop(&c->watchdog);
    }
    call_set_state(c, CALL_ENDED);
    call_wake(c);
}

/* Out of libcurl's hands by our own decision. */
static void call_break(struct fetch_call *c, CURLcode result, int code)
{
    fetch_uv_remove(&c->core->uv, c->easy.curl);
    call_end(c, result, code);
}

void fetch_call_on_result(struct fetch_uv *u, CURL *easy, CURLcode result)
{
    (void)u;
    struct fetch_easy *e = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&e);
    struct fetch_call *c = container_of(e, struct fetch_call, easy);
    call_break(c, result, fetch_easy_code(e, result));
}

/* Milliseconds until the watchdog should look, 0 or less: it is too late. */
static int64_t left_ms(const struct fetch_call *c, bool *stalled_out)
{
    int64_t now_ms = (int64_t)(uv_hrtime() / 1000000);
    int64_t end_ms = (int64_t)(c->easy.started_ns / 1000000) + c->easy.deadline_ms + CAP_FETCH_WATCHDOG_MS;
    int64_t stall_ms = (int64_t)(c->easy.touched_ns / 1000000) + c->stall_ms;
    *stalled_out = c->stall_ms && c->state == CALL_RUNNING && !c->paused && stall_ms < end_ms;
    return (*stalled_out ? stall_ms : end_ms) - now_ms;
}

static void on_watchdog(uv_timer_t *h);

static void watch(struct fetch_call *c)
{
    bool stalled;
    int64_t ms = left_ms(c, &stalled);
    uv_timer_start(&c->watchdog, on_watchdog, ms > 0 ? (uint64_t)ms : 0, 0);
}

/* libcurl's event interface is known to lose a wake-up now and then (curl #15154, #23025). */
static void on_watchdog(uv_timer_t *h)
{
    struct fetch_call *c = container_of(h, struct fetch_call, watchdog);
    bool stalled;
    if (left_ms(c, &stalled) > 0) {
        watch(c);
    } else if (c->state == CALL_ENDED) {
        c->code = ERR_TIMEOUT;
        call_wake(c);
    } else {
        if (!stalled) {
            log_event(LOG_ERROR, "fetch_stalled", LOG_CSTR("upstream", fetch_upstream_name(c->host)));
        }
        call_break(c, CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT);
    }
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
    watch(c);
    if (fetch_uv_add(&c->core->uv, c->easy.curl) < 0) {
        call_end(c, CURLE_FAILED_INIT, ERR_CONNECT);
    }
}

static enum metric_fetch result_of(int code, int status)
{
    if (code < 0) {
        return code == ERR_TIMEOUT           ? FETCH_TIMEOUT
               : code == ERR_CONNECT         ? FETCH_CONNECT
               : code == ERR_PRIVATE_ADDRESS ? FETCH_OTHER
                                             : FETCH_BAD_REPLY;
    }
    return status / 100 == 2 ? FETCH_2XX : status / 100 == 4 ? FETCH_4XX : status / 100 == 5 ? FETCH_5XX : FETCH_OTHER;
}

/* Who sent us to a private address is to blame, not who would have answered there. A stream takes as long as its owner
 * likes; the other side is measured by its head. */
static void account(const struct fetch_call *c, int status)
{
    double seconds = c->stall_ms ? fetch_easy_head_seconds(&c->easy) : fetch_easy_seconds(&c->easy);
    uint64_t now_ms = loop_now_ms(c->core->loop);
    metric_add(METRIC_UPSTREAM_REQUESTS, c->host->upstream, result_of(c->code, status), 1);
    metric_observe(METRIC_UPSTREAM_SECONDS, c->host->upstream, seconds);
    if (c->code == ERR_PRIVATE_ADDRESS) {
        fetch_breaker_release(c->host, now_ms, c->probe);
    } else {
        fetch_breaker_record(c->host, now_ms, c->probe, c->code < 0 || status >= 500);
    }
}

static void log_failure(const struct fetch_call *c, int status, double seconds)
{
    if (result_of(c->code, status) != FETCH_2XX) {
        log_event(LOG_WARN, "fetch_failed", LOG_CSTR("upstream", fetch_upstream_name(c->host)),
                  LOG_CSTR("result", c->code ? err_info(c->code)->code : "answered"), LOG_INT("status", status),
                  LOG_INT("ms", (int64_t)(seconds * 1e3)), LOG_CSTR("cause", curl_easy_strerror(c->result)));
    }
}

static void take_head(struct fetch_call *c)
{
    if (!c->told_head) {
        c->told_head = true;
        fetch_easy_take_head(&c->easy, c->fetch);
    }
}

/* on_done may free the fetch, submit again or close the room. */
static void call_deliver(struct fetch_call *c)
{
    struct fetch *f = c->fetch;
    int code = c->code;
    int status = fetch_easy_status(&c->easy);
    double seconds = fetch_easy_seconds(&c->easy);
    log_failure(c, status, seconds);
    account(c, status);
    if (f) {
        f->status = status;
        f->seconds = seconds;
        f->probe = c->probe;
        f->call = NULL;
        if (code == 0) {
            take_head(c);
            f->answer = fetch_easy_take_bytes(&c->easy);
        }
        fetch_set_state(f, FETCH_DONE);
    }
    call_recycle(c);
    if (f) {
        f->on_done(f, code);
    }
}

static bool has_head_to_tell(const struct fetch_call *c)
{
    return c->easy.head_whole && !c->told_head && c->fetch->on_head;
}

static bool has_part_to_tell(const struct fetch_call *c)
{
    return c->stall_ms && c->easy.answer.len > 0;
}

/* The callback is the last act: the call may be another fetch's when it returns. */
static void tell_head(struct fetch_call *c)
{
    struct fetch *f = c->fetch;
    take_head(c);
    call_wake(c);
    f->on_head(f);
}

static void tell_part(struct fetch_call *c)
{
    struct fetch *f = c->fetch;
    take_head(c);
    struct buf part = fetch_easy_take_bytes(&c->easy);
    int rc = c->state == CALL_RUNNING ? fetch_easy_continue(&c->easy) : 0;
    if (rc < 0) {
        call_break(c, CURLE_WRITE_ERROR, rc);
    }
    call_wake(c);
    f->on_part(f, buf_str(&part));
    buf_free(&part);
}

static void on_task(struct loop_task *t)
{
    struct fetch_call *c = container_of(t, struct fetch_call, task);
    bool may_tell = c->fetch && !c->paused && (c->state == CALL_RUNNING || (c->state == CALL_ENDED && c->code == 0));
    if (c->state == CALL_QUEUED) {
        call_start(c);
    } else if (may_tell && has_head_to_tell(c)) {
        tell_head(c);
    } else if (may_tell && has_part_to_tell(c)) {
        tell_part(c);
    } else if (c->state == CALL_ENDED && fetch_easy_spared(&c->easy, c->result)) {
        call_spare(c);
    } else if (c->state == CALL_ENDED && (!c->paused || c->code < 0)) {
        call_deliver(c);
    }
}

struct fetch_call *fetch_call_take(struct fetch_core *core)
{
    struct list_node *n = list_first(&core->calls[CALL_SPARE]);
    if (n) {
        return container_of(n, struct fetch_call, node);
    }
    struct fetch_call *c = mem_alloc(sizeof(*c));
    c->core = core;
    c->state = CALL_SPARE;
    c->task.run = on_task;
    fetch_easy_open(&c->easy, on_news);
    uv_timer_init(&core->loop->uv, &c->watchdog);
    list_push(&core->calls[CALL_SPARE], &c->node);
    return c;
}

void fetch_call_queue(struct fetch_call *c, struct fetch *f, bool probe)
{
    c->fetch = f;
    c->host = f->host;
    c->probe = probe;
    c->code = 0;
    c->stall_ms = !f->on_part ? 0 : f->stall_ms ? f->stall_ms : CAP_FETCH_STALL_MS;
    call_set_state(c, CALL_QUEUED);
    call_wake(c);
}

void fetch_call_pause(struct fetch_call *c)
{
    c->paused = c->stall_ms > 0;
}

void fetch_call_resume(struct fetch_call *c)
{
    if (!c->paused) {
        return;
    }
    c->paused = false;
    c->easy.touched_ns = uv_hrtime();
    if (c->state == CALL_RUNNING) {
        watch(c);
    }
    call_wake(c);
}

static void call_cut(struct fetch_call *c)
{
    if (c->state == CALL_RUNNING) {
        call_break(c, CURLE_OK, 0);
    }
    if (c->easy.head_whole || c->code < 0) {
        account(c, fetch_easy_status(&c->easy));
        call_recycle(c);
    } else {
        call_spare(c);
    }
}

void fetch_call_leave(struct fetch_call *c)
{
    c->easy.unwanted = true;
    c->fetch = NULL;
    if (c->stall_ms) {
        call_cut(c);
    }
}
