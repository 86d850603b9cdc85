#include "dashboard_visit.h"
#include "caps.h"

struct visit *visit_of_flow(struct flow *f)
{
    return container_of(f, struct visit, flow);
}

static void on_gone(struct http_waiter *w, struct http_request *r)
{
    (void)r;
    struct visit *v = container_of(w, struct visit, http);
    token_check_abandon(&v->check);
    db_abandon(&v->unit);
    turns_give_back(&v->dashboard->turns, &v->turn);
    csv_leave(v);
}

static void refuse(struct visit *v, int code)
{
    struct http_request *r = v->request;
    if (code == ERR_UNAUTHORIZED) {
        http_reply_header(r, "WWW-Authenticate", STR("Bearer"));
    } else if (code == ERR_TOKEN_EXPIRED) {
        http_reply_header(r, "WWW-Authenticate", STR("Bearer error=\"invalid_token\""));
    }
    if (v->query.wrong.n) {
        http_reply_message(r, code, v->query.wrong);
    } else {
        http_reply_error(r, code);
    }
}

/* A read that may or may not have happened is just one that failed. SQLSTATE 57014: Postgres gave up; 22P0x: what was sent
 * as JSON is none, or has \u0000. */
static int code_for_client(const struct visit *v, int code)
{
    bool reads = v->request->verb != VERB_PATCH;
    bool too_slow = code == ERR_WRITE_UNCERTAIN || strcmp(v->unit.sqlstate, "57014") == 0;
    bool not_json = !reads && strncmp(v->unit.sqlstate, "22P0", 4) == 0;
    return not_json ? ERR_BAD_JSON : too_slow && reads ? ERR_TIMEOUT : code;
}

static void on_fail(struct flow *f, int code)
{
    struct visit *v = visit_of_flow(f);
    csv_leave(v);
    if (v->streaming) {
        http_stream_cut(v->request);
    } else {
        refuse(v, code_for_client(v, code));
    }
}

static void on_unit_done(struct db_unit *u, int code)
{
    struct visit *v = container_of(u, struct visit, unit);
    turns_give_back(&v->dashboard->turns, &v->turn);
    flow_resume(&v->flow, code);
}

static int ask_now(struct visit *v)
{
    int rc = db_submit(v->dashboard->pool, &v->unit);
    if (rc < 0) {
        turns_give_back(&v->dashboard->turns, &v->turn);
    }
    return rc;
}

static void on_turn(struct turn *t)
{
    struct visit *v = container_of(t, struct visit, turn);
    int rc = ask_now(v);
    if (rc < 0) {
        on_fail(&v->flow, rc);
    }
}

static void on_checked(struct token_check *c, int code)
{
    struct visit *v = container_of(c, struct visit, check);
    code = code ? code : query_read(v->request, v->request->query, v->endpoint->params, &v->query);
    if (code < 0) {
        refuse(v, code);
    } else {
        flow_start(&v->flow, v->endpoint->steps, on_fail);
    }
}

void visit_prepare(struct visit *v)
{
    size_t n = 0;
    for (; v->endpoint->params[n] != PARAM_NONE; n++) {
        v->params[n] = db_text(v->query.values[v->endpoint->params[n]]);
    }
    v->unit = tenant_unit(&v->check.tenant, on_unit_done);
    v->unit.deadline_ms = CAP_DASHBOARD_MS;
    db_unit_add(&v->unit, v->endpoint->statement, v->params, n);
}

enum flow_next visit_submit(struct visit *v)
{
    v->turn = (struct turn){.who = v->check.tenant.user_id, .on_turn = on_turn};
    int rc = turns_take(&v->dashboard->turns, &v->turn);
    return flow_wait(&v->flow, rc == TURN_NOW ? ask_now(v) : rc);
}

void visit_start(struct dashboard *d, struct http_request *r, const struct endpoint *e)
{
    struct visit *v = arena_alloc(&r->arena, sizeof(*v));
    *v = (struct visit){.dashboard = d, .request = r, .endpoint = e};
    v->http = (struct http_waiter){.on_gone = on_gone, .on_drain = csv_on_drain};
    r->waiter = &v->http;
    v->check = (struct token_check){.token = bearer_of(r), .arena = &r->arena, .on_done = on_checked};
    int rc = v->check.token.n ? token_check_submit(d->supabase, &v->check) : ERR_UNAUTHORIZED;
    if (rc < 0) {
        refuse(v, rc);
    }
}
