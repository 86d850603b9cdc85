#include "caps.h"
#include "dashboard_visit.h"
#include "db_row.h"

/* The export goes page by page: one unit, one piece of the stream, and the next unit when the client has taken most of it.
 * A page says where the next one begins. */

/* Excel takes a file without it for Latin-1. */
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

static enum flow_next ask_page(struct visit *v, bool with_titles)
{
    v->query.values[PARAM_LIMIT] = arena_printf(&v->request->arena, "%d", CAP_CSV_ROWS);
    visit_prepare(v);
    if (with_titles) {
        db_unit_add(&v->unit, STMT_CALLS_CSV_HEAD, NULL, 0);
    }
    return visit_submit(v);
}

static size_t exports_of(const struct dashboard *d, struct str user_id)
{
    size_t n = 0;
    for (struct list_node *i = list_first(&d->exports); i; i = list_next(&d->exports, i)) {
        n += str_eq(container_of(i, struct visit, export)->check.tenant.user_id, user_id);
    }
    return n;
}

static enum flow_next step_enter(struct flow *f)
{
    struct visit *v = visit_of_flow(f);
    struct dashboard *d = v->dashboard;
    if (exports_of(d, v->check.tenant.user_id) >= CAP_EXPORTS_OF_ONE) {
        return flow_fail(f, ERR_RATE_LIMITED);
    }
    if (d->exports.count >= CAP_EXPORTS) {
        return flow_fail(f, ERR_BUSY);
    }
    list_push(&d->exports, &v->export);
    return FLOW_NEXT;
}

void csv_leave(struct visit *v)
{
    if (list_linked(&v->export)) {
        list_remove(&v->dashboard->exports, &v->export);
    }
}

static enum flow_next step_ask_first(struct flow *f)
{
    return ask_page(visit_of_flow(f), true);
}

static enum flow_next step_ask_next(struct flow *f)
{
    return ask_page(visit_of_flow(f), false);
}

static void begin(struct visit *v)
{
    struct http_request *r = v->request;
    struct str from = v->query.values[PARAM_FROM], to = v->query.values[PARAM_TO];
    struct str name = arena_printf(&r->arena, "attachment; filename=\"calls%s%.*s%s%.*s.csv\"", from.n ? "-from-" : "",
                                   (int)from.n, from.n ? from.p : "", to.n ? "-to-" : "", (int)to.n, to.n ? to.p : "");
    http_reply_header(r, "Content-Disposition", name);
    http_reply_header(r, "Cache-Control", STR("private, no-store"));
    http_stream_begin(r, 200, "text/csv; charset=utf-8; header=present", -1);
    http_stream_write(r, STR(BYTE_ORDER_MARK));
    http_stream_write(r, db_cell(&v->unit, 1, 0, 0));
    v->streaming = true;
}

static enum flow_next next_page(struct visit *v);

static enum flow_next step_write(struct flow *f)
{
    struct visit *v = visit_of_flow(f);
    if (db_rows(&v->unit, 0) == 0) {
        return flow_fail(f, ERR_NOT_FOUND);
    }
    if (!v->streaming) {
        begin(v);
    }
    struct arena *a = &v->request->arena;
    struct str us = db_cell(&v->unit, 0, 0, 1), id = db_cell(&v->unit, 0, 0, 2);
    size_t waiting = http_stream_write(v->request, str_or(db_cell(&v->unit, 0, 0, 0), STR("")));
    if (!us.p) {
        csv_leave(v);
        http_stream_end(v->request);
        return FLOW_DONE;
    }
    v->query.values[PARAM_CURSOR_US] = arena_copy(a, us);
    v->query.values[PARAM_CURSOR_ID] = arena_copy(a, id);
    return waiting > CAP_STREAM_BYTES ? FLOW_PARKED : next_page(v); /* parked until csv_on_drain */
}

static const struct flow_step next_steps[] = {{"ask_next", step_ask_next}, {"write", step_write}, {NULL, NULL}};

const struct flow_step csv_steps[] = {
    {"enter", step_enter}, {"ask_first", step_ask_first}, {"write", step_write}, {NULL, NULL}};

static enum flow_next next_page(struct visit *v)
{
    flow_start(&v->flow, next_steps, v->flow.on_fail);
    return FLOW_PARKED; /* the visit belongs to the new steps */
}

void csv_on_drain(struct http_waiter *w, struct http_request *r)
{
    (void)r;
    (void)next_page(container_of(w, struct visit, http));
}
