#include "vapi.h"
#include "caps.h"
#include "crypto.h"
#include "json.h"
#include "metric.h"
#include "timestamp.h"
#include "utf8.h"
#include "vapi_answer.h"
#include "vapi_booking.h"
#include "vapi_call.h"
#include "vapi_message.h"
#include <stdlib.h>

#define HMAC_AGE_US 300000000 /* 5 minutes, either way */

void vapi_start(struct vapi *v)
{
    fetch_host_init(&v->host, UPSTREAM_VAPI);
    v->message_shape = vapi_message_shape();
    v->reply_shape = vapi_reply_shape();
    v->tool_shape = vapi_tool_shape();
}

void vapi_stop(struct vapi *v)
{
    json_shape_free(v->message_shape);
    json_shape_free(v->reply_shape);
    json_shape_free(v->tool_shape);
}

static bool matches_secret(const struct config *c, struct str given)
{
    bool now = c->vapi_webhook_secret.n && crypto_equal(given, c->vapi_webhook_secret);
    bool before = c->vapi_webhook_secret_previous.n && crypto_equal(given, c->vapi_webhook_secret_previous);
    return given.n && (now || before);
}

bool vapi_hmac_valid(struct str secret, struct str signature, struct str timestamp, struct str body, int64_t now_us)
{
    struct arena a = {0};
    struct str given = str_starts(signature, STR("sha256=")) ? str_skip(signature, 7) : signature;
    int64_t signed_us = timestamp_parse(timestamp);
    if (!signed_us || llabs(now_us - signed_us) > HMAC_AGE_US) {
        return false; /* without a time a message could be replayed for ever */
    }
    const struct str parts[] = {timestamp, STR("."), body};
    bool valid = false;
    for (enum crypto_hash hash = CRYPTO_SHA256; hash <= CRYPTO_SHA512; hash++) {
        struct digest d = crypto_hmac(hash, secret, parts, 3);
        valid |= crypto_equal(given, crypto_hex(&a, digest_str(&d)));
        valid |= crypto_equal(given, crypto_base64(&a, digest_str(&d)));
    }
    arena_free(&a);
    return valid;
}

static bool believes_anybody(const struct config *c)
{
    return c->insecure_dev && !c->vapi_webhook_secret.n && !c->vapi_hmac_secret.n;
}

int vapi_usher(const struct vapi *v, const struct http_request *r)
{
    bool carries = http_header(r, STR("x-vapi-secret")).n || http_header(r, STR("authorization")).n ||
                   http_header(r, STR("x-signature")).n;
    return carries || believes_anybody(v->config) ? 0 : ERR_UNAUTHORIZED;
}

int vapi_verify(const struct vapi *v, const struct http_request *r)
{
    const struct config *c = v->config;
    struct str bearer = http_header(r, STR("authorization"));
    bool is_bearer = str_eq_nocase(str_cut(bearer, 7), STR("Bearer "));
    struct str signature = http_header(r, STR("x-signature"));
    if (matches_secret(c, http_header(r, STR("x-vapi-secret"))) ||
        (is_bearer && matches_secret(c, str_skip(bearer, 7)))) {
        return 0;
    }
    if (c->vapi_hmac_secret.n && signature.n) {
        struct str body = buf_str(&r->body);
        struct str timestamp = http_header(r, STR("x-timestamp"));
        if (vapi_hmac_valid(c->vapi_hmac_secret, signature, timestamp, body, timestamp_wall_us())) {
            return 0;
        }
    }
    return believes_anybody(c) ? 0 : ERR_UNAUTHORIZED;
}

/* One message between its arrival and its answer; lives in the request's arena. */
struct exchange {
    struct ingest_waiter waiter;
    struct http_waiter http;
    struct http_request *request;
    struct vapi *vapi;
    struct vapi_booking booking;
    uint64_t arrived_ms;
    struct str answer;
    struct str call_id, type; /* for the log */
    bool live;                /* a caller hears the silence: answered in time whatever happens */
    bool books;               /* the calendar must be asked first */
};

static void on_booked(struct vapi_booking *b, struct str answer)
{
    http_reply(container_of(b, struct exchange, booking)->request, 200, "application/json", answer);
}

static void on_stored(struct ingest_waiter *w, int code)
{
    struct exchange *x = container_of(w, struct exchange, waiter);
    log_event(code < 0 ? LOG_WARN : LOG_DEBUG, "vapi_message", LOG_CSTR("request", x->request->id),
              LOG_STR("call", x->call_id), LOG_STR("type", x->type), LOG_CSTR("result", err_info(code)->code));
    if (code < 0 && x->live) {
        metric_count(METRIC_CONTROL_NOT_DURABLE, 0);
        code = 0;
    }
    if (code < 0) {
        http_reply_error(x->request, code);
    } else if (x->books) {
        uint64_t spent_ms = loop_now_ms(x->vapi->loop) - x->arrived_ms;
        vapi_booking_submit(&x->booking, x->vapi->bookings, (unsigned)spent_ms);
    } else {
        http_reply(x->request, 200, "application/json", x->answer);
    }
}

static void on_gone(struct http_waiter *w, struct http_request *r)
{
    struct exchange *x = container_of(w, struct exchange, http);
    (void)r;
    ingest_abandon(&x->waiter);
    vapi_booking_abandon(&x->booking);
}

/* A copy becomes an event and, for live questions, an answer; the body stays as it came for the case that it can not. */
static int understand(struct vapi *v, struct ingest_event *e, struct exchange *x, struct buf *doc)
{
    struct vapi_message m;
    int repaired = utf8_repair_json(doc);
    int rc = repaired < 0 ? repaired : vapi_message_read(v->message_shape, e, doc, &m);
    if (rc < 0) {
        return rc;
    }
    metric_add(METRIC_TEXT_REPAIRED, 0, 0, repaired);
    if (!m.is_envelope) {
        return ERR_BAD_REQUEST;
    }
    vapi_message_describe(e, &m, timestamp_wall_us());
    if (vapi_message_type(&m) == VAPI_OTHER) {
        metric_count(METRIC_UNKNOWN_TYPES, 0);
    }
    x->call_id = arena_copy(&x->request->arena, str_cut(e->call.provider_call_id, 64));
    x->type = arena_copy(&x->request->arena, str_cut(e->call.type, 64));
    x->books = vapi_booking_plan(&x->booking, v, &m, e);
    x->live = x->books || vapi_answer(v, &m, &x->request->arena, &x->answer);
    buf_free(&e->body); /* what waits for its commit is what will be stored */
    return 0;
}

static int submit(struct vapi *v, struct ingest_event *e, struct exchange *x)
{
    struct buf doc = buf_make(CAP_VAPI_BYTES * 3); /* a bad byte becomes three */
    int rc = buf_append(&doc, buf_str(&e->body));
    rc = rc ? rc : understand(v, e, x, &doc);
    buf_free(&doc);
    if (rc < 0) {
        enum metric_dead reason = rc == ERR_BAD_REQUEST ? DEAD_NOT_AN_ENVELOPE : DEAD_BAD_JSON;
        return ingest_dead_letter(v->ingest, e, reason, &x->waiter);
    }
    x->waiter.patience_ms = x->books ? CAP_BOOKING_STORE_MS : x->live ? CAP_CONTROL_STORE_MS : 0;
    return ingest_submit(v->ingest, e, &x->waiter);
}

void vapi_on_message(struct vapi *v, struct http_request *r)
{
    struct exchange *x = arena_alloc(&r->arena, sizeof(*x));
    struct ingest_event *e = ingest_event_new(CALL_VAPI);
    *x = (struct exchange){.request = r,
                           .vapi = v,
                           .arrived_ms = loop_now_ms(v->loop),
                           .booking.arena = &r->arena,
                           .booking.on_done = on_booked,
                           .answer = STR("{}"),
                           .call_id = STR(""),
                           .type = STR(""),
                           .waiter.on_done = on_stored,
                           .http.on_gone = on_gone};
    r->waiter = &x->http;
    e->body = http_take_body(r);
    metric_add(METRIC_INGEST_RECEIVED_BYTES, 0, 0, (double)e->body.len);
    int rc = submit(v, e, x);
    if (rc < 0) {
        on_stored(&x->waiter, rc);
    }
}
