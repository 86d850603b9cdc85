#include "log.h"
#include "resend.h"
#include "resend_event.h"
#include "svix.h"
#include "timestamp.h"
#include "utf8.h"
#include <assert.h>

/* One event, in the request's arena. */
struct visit {
    struct http_waiter http;
    struct digest_delivery delivery;
    struct http_request *request;
};

/* The three headers, by Svix's names or by those of Standard Webhooks; each of them once. */
static bool read_headers(const struct http_request *r, struct svix_signed *out)
{
    *out = (struct svix_signed){.id = http_header_once(r, STR("svix-id")),
                                .timestamp = http_header_once(r, STR("svix-timestamp")),
                                .signatures = http_header_once(r, STR("svix-signature"))};
    if (!out->id.n || !out->timestamp.n || !out->signatures.n) {
        *out = (struct svix_signed){.id = http_header_once(r, STR("webhook-id")),
                                    .timestamp = http_header_once(r, STR("webhook-timestamp")),
                                    .signatures = http_header_once(r, STR("webhook-signature"))};
    }
    return out->id.n && out->timestamp.n && out->signatures.n;
}

int resend_usher(const struct resend *r, const struct http_request *request)
{
    struct svix_signed s;
    return r->config->resend_webhook_key.n && read_headers(request, &s) ? 0 : ERR_UNAUTHORIZED;
}

int resend_verify(const struct resend *r, const struct http_request *request)
{
    struct svix_signed s;
    bool whole = read_headers(request, &s);
    s.body = buf_str(&request->body);
    bool valid = whole && svix_valid(r->config->resend_webhook_key, &s, timestamp_wall_us() / 1000000);
    return valid ? 0 : ERR_UNAUTHORIZED;
}

static void take(struct http_request *r)
{
    http_reply(r, 200, "application/json", STR("{}"));
}

/* It would not be better the next time. */
static void take_other(struct http_request *r, enum log_level level, const char *what)
{
    metric_count(METRIC_DELIVERIES, DELIVERY_OTHER);
    log_event(level, "mail_event", LOG_CSTR("request", r->id), LOG_CSTR("result", what));
    take(r);
}

static const char *result_of(const struct digest_delivery *d)
{
    return !d->is_new ? "known" : !d->is_ours ? "not_ours" : d->is_paused ? "paused" : "stored";
}

static void tell(const struct visit *v)
{
    const struct digest_delivery *d = &v->delivery;
    if (d->is_new) {
        metric_count(METRIC_DELIVERIES, d->is_ours ? d->state : DELIVERY_OTHER);
    }
    log_event(LOG_INFO, "mail_event", LOG_CSTR("request", v->request->id), LOG_CSTR("result", result_of(d)),
              LOG_CSTR("state", metric_label(LABELS_DELIVERY, d->state)), LOG_STR("business", d->business_id),
              LOG_STR("date", d->local_date));
}

static void on_stored(struct digest_delivery *d, int code)
{
    struct visit *v = container_of(d, struct visit, delivery);
    if (code == ERR_BAD_DATA) {
        take_other(v->request, LOG_ERROR, "refused_by_database");
    } else if (code < 0) {
        http_reply_error(v->request, code == ERR_DENIED ? ERR_INTERNAL : ERR_UNAVAILABLE);
    } else {
        tell(v);
        take(v->request);
    }
}

static void on_gone(struct http_waiter *w, struct http_request *r)
{
    (void)r;
    digest_delivery_abandon(&container_of(w, struct visit, http)->delivery); /* it comes again */
}

static void store(struct resend *r, struct visit *v)
{
    struct svix_signed s;
    bool whole = read_headers(v->request, &s);
    assert(whole); /* the guard saw them */
    v->delivery.of = &r->deliveries;
    v->delivery.event_id = utf8_clean(&v->request->arena, s.id);
    v->delivery.on_done = on_stored;
    v->http.on_gone = on_gone;
    v->request->waiter = &v->http;
    int rc = digest_delivery_submit(&v->delivery);
    if (rc < 0) {
        http_reply_error(v->request, rc);
    }
}

void resend_on_event(struct resend *r, struct http_request *request)
{
    struct visit *v = arena_alloc(&request->arena, sizeof(*v));
    struct resend_event event;
    v->request = request;
    if (resend_event_read(r->event_shape, buf_str(&request->body), &request->arena, &event) < 0) {
        take_other(request, LOG_WARN, "not_json");
    } else if (!resend_event_delivery(&event, &request->arena, &v->delivery)) {
        take_other(request, LOG_DEBUG, "not_about_delivery");
    } else {
        store(r, v);
    }
}
