#include "search_index.h"
#include "caps.h"
#include "db_row.h"
#include "err.h"
#include "log.h"
#include "loop.h"
#include <stdio.h>
#include <stdlib.h>

struct search_index_core {
    struct search_index *handle;
    struct db_pool *pool;
    struct db_unit unit;
    struct db_param most;
    char most_text[16];
    uv_timer_t timer;
};

static void again_in(struct search_index_core *s, unsigned ms);

static void on_failed(struct search_index_core *s, int code)
{
    if (code != ERR_UNAVAILABLE) { /* the pool says that one itself */
        log_event(LOG_WARN, "calls_not_indexed", LOG_CSTR("reason", err_info(code)->code));
    }
    again_in(s, CAP_WORDS_POLL_MS);
}

static void on_unit_done(struct db_unit *u, int code)
{
    struct search_index_core *s = container_of(u, struct search_index_core, unit);
    if (code < 0) {
        on_failed(s, code);
        return;
    }
    /* A full hand: there is more. The pause leaves the connection to the events between. */
    struct str taken = db_cell(u, 0, 0, 0);
    again_in(s, str_eq(taken, str_of(s->most_text)) ? CAP_WORDS_PAUSE_MS : CAP_WORDS_POLL_MS);
}

static void on_timer(uv_timer_t *t)
{
    struct search_index_core *s = container_of(t, struct search_index_core, timer);
    s->unit = (struct db_unit){.role = "ringback_ingest", .on_done = on_unit_done};
    db_unit_add(&s->unit, STMT_WORDS_INDEX, &s->most, 1);
    int rc = db_submit(s->pool, &s->unit);
    if (rc < 0) {
        on_failed(s, rc);
    }
}

static void again_in(struct search_index_core *s, unsigned ms)
{
    uv_timer_start(&s->timer, on_timer, ms, 0);
}

void search_index_start(struct search_index *handle, struct loop *loop, struct db_pool *pool)
{
    struct search_index_core *s = mem_alloc(sizeof(*s));
    handle->core = s;
    s->handle = handle;
    s->pool = pool;
    snprintf(s->most_text, sizeof(s->most_text), "%d", CAP_WORDS_CALLS);
    s->most = db_text(str_of(s->most_text));
    uv_timer_init(&loop->uv, &s->timer);
    again_in(s, CAP_WORDS_POLL_MS);
}

static void on_closed(uv_handle_t *h)
{
    struct search_index_core *s = container_of((uv_timer_t *)h, struct search_index_core, timer);
    struct search_index *handle = s->handle;
    free(s);
    handle->core = NULL;
    handle->on_stopped(handle);
}

void search_index_stop(struct search_index *handle, void (*on_stopped)(struct search_index *))
{
    struct search_index_core *s = handle->core;
    handle->on_stopped = on_stopped;
    db_abandon(&s->unit);
    uv_close((uv_handle_t *)&s->timer, on_closed);
}
