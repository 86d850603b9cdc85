#include "dashboard_visit.h"
#include "caps.h"
#include "form.h"

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

static bool is_posted(const struct visit *v)
{
    return v->request->verb == VERB_POST;
}

static void refuse(struct visit *v, int code)
{
    struct http_request *r = v->request;
    if (code == ERR_UNAUTHORIZED) {
        http_reply_header(r, "WWW-Authenticate", STR("Bearer"));
    } else if (code == ERR_TOKEN_EXPIRED) {
        http_reply_header(r, "WWW-Authenticate", STR("Bearer error=\"invalid_token\""));
    }
    if (is_posted(v)) {
        http_reply_header(r, "Content-Security-Policy", STR("default-src 'none'; frame-ancestors 'self'"));
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
    struct http_request *r = v->request;
    struct str text = is_posted(v) ? buf_str(&r->body) : r->query;
    code = code ? code : query_read(r, text, v->endpoint->params, &v->query);
    if (code < 0) {
        refuse(v, code);
    } else {
        flow_start(&v->flow, v->endpoint->steps, on_fail);
    }
}

static void tell_digest(struct query *q, const struct dashboard *d)
{
    static const struct str none = {NULL, 0};
    q->values[PARAM_SENDING] = d->digest.sending ? STR("t") : none;
    q->values[PARAM_MINUTE] = str_of(d->minute);
    q->values[PARAM_UTC_MINUTE] = d->digest.utc_minute < 0 ? none : str_of(d->utc_minute);
}

void visit_prepare(struct visit *v)
{
    size_t n = 0;
    tell_digest(&v->query, v->dashboard);
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

/* Absent when it is not there once. */
static struct str token_of_form(struct http_request *r)
{
    struct form form;
    struct str token = {NULL, 0};
    size_t found = 0;
    if (form_parse(&r->arena, buf_str(&r->body), &form) < 0) {
        return token;
    }
    for (size_t i = 0; i < form.count; i++) {
        if (str_eq(form.pairs[i].name, STR("access_token"))) {
            token = form.pairs[i].value;
            found++;
        }
    }
    return found == 1 ? token : (struct str){NULL, 0};
}

/* Of a form that was posted. A token in the address would be written into logs. */
static int check_post(struct visit *v)
{
    struct http_request *r = v->request;
    struct str site = http_header(r, STR("Sec-Fetch-Site")), type = http_header(r, STR("Content-Type"));
    if (site.p && !str_eq(site, STR("same-origin"))) {
        v->query.wrong = STR("this is for the pages of this server");
        return ERR_FORBIDDEN;
    }
    if (!str_eq_nocase(str_trim(str_cut(type, str_find(type, ';'))), STR("application/x-www-form-urlencoded"))) {
        return ERR_UNSUPPORTED_MEDIA;
    }
    if (r->query.n) {
        v->query.wrong = STR("parameters belong in the body here");
        return ERR_BAD_REQUEST;
    }
    return 0;
}

static int check_token(struct visit *v)
{
    struct http_request *r = v->request;
    struct str token = is_posted(v) ? token_of_form(r) : bearer_of(r);
    v->check = (struct token_check){.token = token, .arena = &r->arena, .on_done = on_checked};
    return token.n ? token_check_submit(v->dashboard->supabase, &v->check) : ERR_UNAUTHORIZED;
}

void visit_start(struct dashboard *d, struct http_request *r, const struct endpoint *e)
{
    struct visit *v = arena_alloc(&r->arena, sizeof(*v));
    *v = (struct visit){.dashboard = d, .request = r, .endpoint = e};
    v->http = (struct http_waiter){.on_gone = on_gone, .on_drain = csv_on_drain};
    r->waiter = &v->http;
    int rc = is_posted(v) ? check_post(v) : 0;
    rc = rc ? rc : check_token(v);
    if (rc < 0) {
        refuse(v, rc);
    }
}
