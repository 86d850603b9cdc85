#include "http_exchange.h"
#include "http_head.h"
#include "http_reply.h"
#include "http_route.h"
#include "http_server.h"

#define FIRST_BODY_BYTES 65536 /* taken at once for a body of declared length; a longer one grows as it comes */

static void begin(struct http_conn *c)
{
    struct http_request *r = &c->request;
    *r = (struct http_request){.server = c->listener->server, .peer = str_of(c->peer_text)};
    http_listener_make_id(c->listener, r->id);
    r->started_ms = loop_now_ms(c->listener->loop);
    c->started_ns = uv_hrtime();
    c->last = false;
    http_conn_set_state(c, CONN_HEAD);
}

void http_exchange_release(struct http_conn *c)
{
    arena_free(&c->request.arena);
    buf_free(&c->request.body);
    c->listener->bodies_bytes -= c->charged_bytes;
    c->charged_bytes = 0;
    c->streaming = c->live = false;
    http_head_reset(c);
}

void http_exchange_count(struct http_conn *c, int status)
{
    c->status = status;
    metric_add(METRIC_HTTP_REQUESTS, http_route_metric(c->listener, c->request.route), metric_code(status), 1);
}

void http_exchange_took(const struct http_conn *c)
{
    const struct http_request *r = &c->request;
    uint64_t took_ns = uv_hrtime() - c->started_ns;
    if (!c->live) { /* how long somebody watches is no measure of us */
        metric_observe(METRIC_HTTP_REQUEST_SECONDS, http_route_metric(c->listener, r->route), (double)took_ns / 1e9);
    }
    if (log_enabled(LOG_DEBUG)) {
        log_event(LOG_DEBUG, "http_request", LOG_CSTR("listener", c->listener->options.name),
                  LOG_CSTR("verb", http_verb_name(r->verb)), LOG_CSTR("route", r->route ? r->route->path : "none"),
                  LOG_INT("status", c->status), LOG_INT("took_us", (int64_t)(took_ns / 1000)), LOG_CSTR("id", r->id));
    }
}

/* The answer is with the kernel: the next request may come. */
static void finish(struct http_conn *c)
{
    http_exchange_release(c);
    http_parse_reset(&c->parse);
    c->requests++;
    if (c->last) {
        http_conn_linger(c);
    } else {
        http_conn_set_state(c, CONN_IDLE);
    }
}

static void begin_dispatch(struct http_conn *c)
{
    c->dispatching = true;
    http_conn_set_state(c, CONN_DISPATCH);
}

static void end_dispatch(struct http_conn *c)
{
    c->dispatching = false;
    assert(c->state != CONN_STREAMING || c->request.waiter);
    if (c->state == CONN_DISPATCH) {
        http_conn_set_state(c, CONN_HANDLING);
    } else if (c->state == CONN_GONE) {
        http_conn_tell(c); /* it left while the stream began */
    } else if (c->state == CONN_ANSWERED) {
        finish(c);
    }
}

static void answer_error(struct http_conn *c, int code)
{
    struct http_request *r = &c->request;
    http_listener_refused(c->listener, code, r->peer, (struct str){r->id, sizeof(r->id) - 1});
    if (code == ERR_METHOD_NOT_ALLOWED) {
        http_reply_header(r, "Allow", http_route_allowed(c->listener, r->path, &r->arena));
    }
    http_reply_error(r, code);
}

void http_exchange_refuse(struct http_conn *c, int code)
{
    c->last = true;
    begin_dispatch(c);
    answer_error(c, code);
    end_dispatch(c);
}

/* The request is whole: its connection stays usable whatever the guard says. */
static void dispatch(struct http_conn *c)
{
    struct http_request *r = &c->request;
    begin_dispatch(c);
    int rc = r->route->guard ? r->route->guard(r) : 0;
    if (rc) {
        answer_error(c, rc);
    } else {
        r->route->handler(r);
    }
    end_dispatch(c);
}

static void charge(struct http_conn *c)
{
    struct http_listener *l = c->listener;
    l->bodies_bytes = l->bodies_bytes - c->charged_bytes + c->request.body.size;
    c->charged_bytes = c->request.body.size;
}

static int prepare_body(struct http_conn *c)
{
    struct http_request *r = &c->request;
    struct http_listener *l = c->listener;
    uint64_t declared = c->parse.declared_bytes;
    r->body = buf_make(r->route->body_cap_bytes);
    if (declared > r->body.cap) {
        return ERR_TOO_LARGE;
    }
    size_t first = declared < FIRST_BODY_BYTES ? (size_t)declared : FIRST_BODY_BYTES;
    if (first > 0 && l->bodies_bytes + first > l->limits.bodies_bytes) {
        return ERR_BUSY;
    }
    int rc = first > 0 ? buf_reserve(&r->body, first) : 0;
    charge(c);
    return rc;
}

/* The head is good as such: is it wanted? */
static int accept_head(struct http_conn *c)
{
    struct http_request *r = &c->request;
    r->target = http_parse_target(&c->parse);
    const char *mark = memchr(r->target.p, '?', r->target.n);
    r->path = mark ? str_cut(r->target, (size_t)(mark - r->target.p)) : r->target;
    r->query = mark ? str_skip(r->target, r->path.n + 1) : (struct str){NULL, 0};
    c->last = !c->parse.keep_alive;
    struct http_match match = {NULL, {NULL, 0}};
    int rc = http_parse_verb(&c->parse, &r->verb);
    rc = rc ? rc : http_route_find(c->listener, r->verb, r->path, &match);
    r->route = match.route;
    c->param = match.param;
    rc = rc || !r->route->usher ? rc : r->route->usher(r);
    return rc ? rc : prepare_body(c);
}

/* Somebody followed a link that leads nowhere. */
static bool is_lost(const struct http_conn *c, int code)
{
    const struct http_request *r = &c->request;
    return code == ERR_NOT_FOUND && c->listener->options.on_lost && (r->verb == VERB_GET || r->verb == VERB_HEAD) &&
           str_has(http_header(r, STR("Accept")), STR("text/html"));
}

static struct str take_head(struct http_conn *c, struct str bytes)
{
    int rc = http_parse_head(&c->parse, &bytes);
    if (rc == 0 && c->parse.stage == STAGE_HEAD) {
        return bytes;
    }
    rc = rc ? rc : accept_head(c);
    bool whole = c->parse.stage == STAGE_DONE;
    if (whole && (rc == ERR_NOT_FOUND || rc == ERR_METHOD_NOT_ALLOWED)) {
        begin_dispatch(c);
        if (is_lost(c, rc)) {
            c->listener->options.on_lost(&c->request);
        } else {
            answer_error(c, rc);
        }
        end_dispatch(c);
    } else if (rc) {
        http_exchange_refuse(c, rc);
    } else if (whole) {
        dispatch(c);
    } else {
        http_conn_set_state(c, CONN_BODY);
        if (c->parse.expects_continue && bytes.n == 0) {
            http_reply_continue(c);
        }
    }
    return bytes;
}

static struct str take_body(struct http_conn *c, struct str bytes)
{
    struct http_listener *l = c->listener;
    int rc = l->bodies_bytes + bytes.n > l->limits.bodies_bytes ? ERR_BUSY : 0;
    rc = rc ? rc : http_parse_body(&c->parse, &bytes, &c->request.body);
    charge(c);
    if (rc) {
        http_exchange_refuse(c, rc);
    } else if (c->parse.stage == STAGE_DONE) {
        dispatch(c);
    }
    return bytes;
}

/* Goes on until the bytes are used up, or a request has to be waited for. Returns what is left. */
static struct str parse(struct http_conn *c, struct str bytes)
{
    while (bytes.n > 0) {
        if (c->state == CONN_IDLE) {
            begin(c);
        } else if (c->state == CONN_HEAD) {
            bytes = take_head(c, bytes);
        } else if (c->state == CONN_BODY) {
            bytes = take_body(c, bytes);
        } else {
            break;
        }
    }
    return bytes;
}

static bool ended(const struct http_conn *c)
{
    return c->state == CONN_LINGER || c->state == CONN_CLOSING;
}

static void keep(struct http_conn *c, struct str bytes)
{
    if (bytes.n == 0 || ended(c)) {
        return;
    }
    buf_consume(&c->pending, c->pending_at);
    c->pending_at = 0;
    int rc = buf_append(&c->pending, bytes);
    assert(rc == 0); /* on_alloc asks for no more than fits */
    http_conn_update_input(c);
}

static void feed_pending(struct http_conn *c)
{
    struct str rest = parse(c, str_skip(buf_str(&c->pending), c->pending_at));
    if (ended(c)) {
        return;
    }
    c->pending_at = c->pending.len - rest.n;
    if (rest.n == 0) {
        buf_free(&c->pending);
        c->pending_at = 0;
    }
    http_conn_update_input(c);
}

/* Nothing more will come, so what is not whole by now never will be. */
static void close_when_idle(struct http_conn *c)
{
    bool waits = c->state == CONN_IDLE || c->state == CONN_HEAD || c->state == CONN_BODY;
    if (c->input == INPUT_EOF && waits) {
        http_conn_close(c, http_conn_reason(c));
    } else if (c->state == CONN_IDLE && c->listener->stopping) {
        http_conn_linger(c); /* its answer began before the stop, and said that more may follow */
    }
}

void http_exchange_feed(struct http_conn *c, struct str bytes)
{
    keep(c, parse(c, bytes));
}

void http_exchange_eof(struct http_conn *c)
{
    if (c->state == CONN_LINGER) {
        http_conn_close(c, http_conn_reason(c));
    } else if (c->live && c->state == CONN_STREAMING) {
        http_conn_gone(c, CLOSE_GONE);
    } else {
        close_when_idle(c);
    }
}

void http_exchange_resume(struct http_conn *c)
{
    finish(c);
    if (c->state == CONN_IDLE) {
        feed_pending(c);
        close_when_idle(c);
    }
}
