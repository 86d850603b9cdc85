#include "call_feed.h"
#include "caps.h"
#include "db_param.h"
#include "err.h"
#include "loop.h"
#include "uuid.h"
#include <stdlib.h>

/* One call that changed, and whose business it has. */
struct change {
    struct uuid call, home;
};

struct call_feed_core {
    struct call_feed *handle;
    struct loop *loop;
    struct db_pool *pool;
    struct change changes[CAP_FEED_CALLS];
    size_t count;
    bool everything; /* instead of the changes */
    bool sending, failed;
    struct db_unit unit;
    struct db_array calls, homes;
    struct db_param params[2];
    struct loop_task task;
    uv_timer_t timer; /* runs from one notice until the next is allowed */
};

static bool has_news(const struct call_feed_core *f)
{
    return f->everything || f->count > 0;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct change));
}

/* A call that is spoken of often stands here often. */
static void drop_repeated(struct call_feed_core *f)
{
    size_t kept = 0;
    qsort(f->changes, f->count, sizeof(f->changes[0]), compare);
    for (size_t i = 0; i < f->count; i++) {
        if (kept == 0 || compare(&f->changes[kept - 1], &f->changes[i]) != 0) {
            f->changes[kept++] = f->changes[i];
        }
    }
    f->count = kept;
}

static void encode(struct call_feed_core *f)
{
    drop_repeated(f);
    db_array_reset(&f->calls);
    db_array_reset(&f->homes);
    for (size_t i = 0; i < f->count; i++) {
        db_array_uuid(&f->calls, f->changes[i].call.bytes);
        db_array_uuid(&f->homes, f->changes[i].home.bytes);
    }
    f->params[0] = db_array_param(&f->calls);
    f->params[1] = db_array_param(&f->homes);
}

static void send_if_due(struct call_feed_core *f);

static void settle(struct call_feed_core *f, int code)
{
    f->sending = false;
    f->failed = code < 0;
    f->everything = f->everything || f->failed; /* what was on its way is not known any more */
    if (code < 0 && code != ERR_UNAVAILABLE) {  /* the pool says that one itself */
        log_event(LOG_WARN, "changes_not_told", LOG_CSTR("reason", err_info(code)->code));
    }
}

static void on_unit_done(struct db_unit *u, int code)
{
    struct call_feed_core *f = container_of(u, struct call_feed_core, unit);
    settle(f, code);
    send_if_due(f);
}

static void on_timer(uv_timer_t *t)
{
    send_if_due(container_of(t, struct call_feed_core, timer));
}

static void send_now(struct call_feed_core *f)
{
    f->unit = (struct db_unit){.role = "ringback_ingest", .on_done = on_unit_done};
    if (f->everything) {
        db_unit_add(&f->unit, STMT_FEED_NOTIFY_ALL, NULL, 0);
    } else {
        encode(f);
        db_unit_add(&f->unit, STMT_FEED_NOTIFY, f->params, 2);
    }
    f->everything = false;
    f->count = 0;
    f->sending = true;
    uv_timer_start(&f->timer, on_timer, CAP_FEED_PAUSE_MS, 0);
    int rc = db_submit(f->pool, &f->unit);
    if (rc < 0) {
        settle(f, rc);
    }
}

static void send_if_due(struct call_feed_core *f)
{
    if (has_news(f) && !f->sending && !uv_is_active((uv_handle_t *)&f->timer)) {
        send_now(f);
    }
}

/* In a turn of its own: whoever stored something is in the middle of answering for it. */
static void run_task(struct loop_task *t)
{
    send_if_due(container_of(t, struct call_feed_core, task));
}

static void make_room(struct call_feed_core *f)
{
    drop_repeated(f);
    if (f->count > CAP_FEED_CALLS / 2) {
        f->everything = true;
        f->count = 0;
    }
}

static void take(struct call_feed_core *f, struct str id, struct str became)
{
    struct change c;
    if (!uuid_read(id, &c.call) || !uuid_read(became.p ? became : id, &c.home)) {
        return;
    }
    if (f->count == CAP_FEED_CALLS) {
        make_room(f);
    }
    if (!f->everything) {
        f->changes[f->count++] = c;
    }
}

void call_feed_add(struct call_feed *handle, struct str ids, struct str became)
{
    struct call_feed_core *f = handle->core;
    while (ids.n > 0) {
        size_t n = str_find(ids, ',');
        take(f, str_cut(ids, n), became);
        ids = str_skip(ids, n + 1);
    }
    if (!list_linked(&f->task.node)) {
        loop_defer(f->loop, &f->task);
    }
}

void call_feed_start(struct call_feed *handle, struct loop *loop, struct db_pool *pool)
{
    struct call_feed_core *f = mem_alloc(sizeof(*f));
    handle->core = f;
    f->handle = handle;
    f->loop = loop;
    f->pool = pool;
    f->task.run = run_task;
    db_array_init(&f->calls, DB_UUID);
    db_array_init(&f->homes, DB_UUID);
    uv_timer_init(&loop->uv, &f->timer);
}

static void on_closed(uv_handle_t *h)
{
    struct call_feed_core *f = container_of((uv_timer_t *)h, struct call_feed_core, timer);
    struct call_feed *handle = f->handle;
    db_array_free(&f->calls);
    db_array_free(&f->homes);
    free(f);
    handle->core = NULL;
    handle->on_stopped(handle);
}

void call_feed_stop(struct call_feed *handle, void (*on_stopped)(struct call_feed *))
{
    struct call_feed_core *f = handle->core;
    handle->on_stopped = on_stopped;
    db_abandon(&f->unit);
    loop_defer_cancel(f->loop, &f->task);
    uv_close((uv_handle_t *)&f->timer, on_closed);
}

bool call_feed_is_idle(const struct call_feed *handle)
{
    const struct call_feed_core *f = handle->core;
    return f->failed || (!f->sending && !has_news(f));
}
