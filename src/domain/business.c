#include "business.h"
#include "caps.h"
#include "db_row.h"
#include "flow.h"
#include "loop.h"
#include "metric.h"
#include <stdio.h>
#include <stdlib.h>

#define ADOPT_ROUNDS 4 /* polls after a change: a batch that began before it may commit for CAP_DB_UNIT_MS more */

/* One loaded copy: an open-addressing table of numbers. */
struct copy {
    struct arena arena;
    struct business *rows; /* phone absent: free */
    size_t size;           /* a power of two */
    size_t count;
};

struct directory_core {
    struct directory *handle;
    struct loop *loop;
    struct db_pool *pool;
    struct flow flow;
    struct db_unit unit;
    struct db_param load_params[2];
    char limit_text[16];
    bool asking, loaded, changed;
    unsigned adoptions;         /* still to be done */
    char version[24], seen[24]; /* of the copy, and as last read */
    struct copy copy;
    uv_timer_t timer;
};

static const struct field business_fields[] = {
    FIELD(struct business, phone, "phone", STR, 0),
    FIELD(struct business, id, "id", STR, 0),
    FIELD(struct business, name, "name", STR, 0),
    FIELD(struct business, timezone, "timezone", STR, 0),
    FIELD(struct business, vapi_assistant_id, "vapi_assistant_id", STR, 0),
    FIELD(struct business, forward_to, "forward_to", STR, 0),
    FIELD(struct business, fallback_greeting, "fallback_greeting", STR, 0),
    FIELD(struct business, books, "books", BOOL, 0),
};

/* FNV-1a. */
static size_t hash(struct str s)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < s.n; i++) {
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    }
    return (size_t)h;
}

static struct business *slot_of(const struct copy *c, struct str phone)
{
    for (size_t i = hash(phone);; i++) {
        struct business *b = &c->rows[i & (c->size - 1)];
        if (!b->phone.n || str_eq(b->phone, phone)) {
            return b;
        }
    }
}

static int load(struct copy *c, const struct db_unit *u)
{
    size_t rows = db_rows(u, 0);
    struct db_row_shape shape = {business_fields, FIELD_COUNT(business_fields), &c->arena};
    for (c->size = 16; c->size < rows * 2;) {
        c->size *= 2;
    }
    c->rows = arena_alloc(&c->arena, c->size * sizeof(*c->rows));
    for (size_t i = 0; i < rows; i++) {
        struct business b = {0};
        int rc = db_row_read(u, i, &shape, &b);
        if (rc < 0) {
            return rc;
        }
        *slot_of(c, b.phone) = b;
        c->count++;
    }
    return 0;
}

static void on_unit_done(struct db_unit *u, int code)
{
    flow_resume(&container_of(u, struct directory_core, unit)->flow, code);
}

static enum flow_next ask(struct directory_core *d, enum sql_statement_id statement, size_t params)
{
    d->unit = (struct db_unit){.role = "ringback_ingest", .on_done = on_unit_done};
    db_unit_add(&d->unit, statement, d->load_params, params);
    return flow_wait(&d->flow, db_submit(d->pool, &d->unit));
}

static enum flow_next step_ask_version(struct flow *f)
{
    return ask(container_of(f, struct directory_core, flow), STMT_DIRECTORY_VERSION, 0);
}

static enum flow_next step_compare(struct flow *f)
{
    struct directory_core *d = container_of(f, struct directory_core, flow);
    struct str version = db_cell(&d->unit, 0, 0, 0);
    snprintf(d->seen, sizeof(d->seen), "%.*s", (int)version.n, version.p);
    d->changed = !d->loaded || strcmp(d->seen, d->version) != 0;
    return d->changed ? ask(d, STMT_DIRECTORY_LOAD, 2) : FLOW_NEXT;
}

static enum flow_next step_load(struct flow *f)
{
    struct directory_core *d = container_of(f, struct directory_core, flow);
    struct copy fresh = {0};
    if (!d->changed) {
        return FLOW_NEXT;
    }
    int rc = load(&fresh, &d->unit);
    if (rc < 0) {
        arena_free(&fresh.arena);
        return flow_fail(f, rc);
    }
    arena_free(&d->copy.arena);
    d->copy = fresh;
    d->loaded = true;
    metric_set(METRIC_DIRECTORY_NUMBERS, 0, 0, (double)fresh.count);
    log_event(fresh.count < CAP_NUMBERS ? LOG_INFO : LOG_ERROR, "directory_loaded",
              LOG_INT("numbers", (int64_t)fresh.count), LOG_INT("most", CAP_NUMBERS));
    d->adoptions = ADOPT_ROUNDS;
    return FLOW_NEXT;
}

static enum flow_next step_adopt(struct flow *f)
{
    struct directory_core *d = container_of(f, struct directory_core, flow);
    if (d->adoptions == 0) {
        d->asking = false;
        return FLOW_DONE;
    }
    d->adoptions--;
    return ask(d, STMT_DIRECTORY_ADOPT, 0);
}

/* Only now is the version done with: an adoption that failed is tried again at the next poll. */
static enum flow_next step_adopted(struct flow *f)
{
    struct directory_core *d = container_of(f, struct directory_core, flow);
    d->asking = false;
    memcpy(d->version, d->seen, sizeof(d->version));
    return FLOW_DONE;
}

static const struct flow_step refresh[] = {{"ask_version", step_ask_version},
                                           {"compare", step_compare},
                                           {"load", step_load},
                                           {"adopt", step_adopt},
                                           {"adopted", step_adopted},
                                           {NULL, NULL}};

static void on_fail(struct flow *f, int code)
{
    struct directory_core *d = container_of(f, struct directory_core, flow);
    d->asking = false;
    log_event(LOG_WARN, "directory_not_refreshed", LOG_CSTR("reason", err_info(code)->code));
}

void directory_refresh(struct directory *handle)
{
    struct directory_core *d = handle->core;
    if (!d->asking) {
        d->asking = true;
        flow_start(&d->flow, refresh, on_fail);
    }
}

static void on_timer(uv_timer_t *t)
{
    directory_refresh(container_of(t, struct directory_core, timer)->handle);
}

void directory_start(struct directory *handle, struct loop *loop, struct db_pool *pool)
{
    struct directory_core *d = mem_alloc(sizeof(*d));
    handle->core = d;
    d->handle = handle;
    d->loop = loop;
    d->pool = pool;
    snprintf(d->limit_text, sizeof(d->limit_text), "%d", CAP_NUMBERS);
    d->load_params[0] = db_text(str_of(d->limit_text));
    d->load_params[1] = db_text(handle->secrets_key_id);
    uv_timer_init(&loop->uv, &d->timer);
    uv_timer_start(&d->timer, on_timer, CAP_DIRECTORY_POLL_MS, CAP_DIRECTORY_POLL_MS);
}

bool directory_is_loaded(const struct directory *handle)
{
    return handle->core->loaded;
}

const struct business *directory_find(const struct directory *handle, struct str phone)
{
    const struct copy *c = &handle->core->copy;
    const struct business *b = c->count && phone.n ? slot_of(c, phone) : NULL;
    return b && b->phone.n ? b : NULL;
}

static void on_closed(uv_handle_t *h)
{
    struct directory_core *d = container_of((uv_timer_t *)h, struct directory_core, timer);
    struct directory *handle = d->handle;
    arena_free(&d->copy.arena);
    free(d);
    handle->core = NULL;
    handle->on_stopped(handle);
}

void directory_stop(struct directory *handle, void (*on_stopped)(struct directory *))
{
    struct directory_core *d = handle->core;
    handle->on_stopped = on_stopped;
    db_abandon(&d->unit);
    uv_close((uv_handle_t *)&d->timer, on_closed);
}
