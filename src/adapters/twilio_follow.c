#include "caps.h"
#include "metric.h"
#include "twilio_event.h"
#include "twiml.h"
#include "utf8.h"

/* A follow-up between its arrival and its answer; lives in the request's arena. */
struct follow {
    struct ingest_waiter waiter;
    struct http_waiter http;
    struct http_request *request;
    struct str twiml;
    bool live; /* a caller is on the line: answered in time whatever happens */
};

static void on_stored(struct ingest_waiter *w, int code)
{
    struct follow *f = container_of(w, struct follow, waiter);
    if (code < 0 && f->live) {
        metric_count(METRIC_CONTROL_NOT_DURABLE, 0);
        code = 0;
    }
    if (code < 0) {
        http_reply_error(f->request, code);
    } else {
        http_reply(f->request, 200, "text/xml; charset=utf-8", f->twiml);
    }
}

static void on_gone(struct http_waiter *w, struct http_request *r)
{
    (void)r;
    ingest_abandon(&container_of(w, struct follow, http)->waiter);
}

static void store(struct twilio *t, struct http_request *r, struct ingest_event *e, struct follow answer)
{
    struct follow *f = arena_alloc(&r->arena, sizeof(*f));
    *f = answer;
    f->request = r;
    f->waiter = (struct ingest_waiter){.patience_ms = f->live ? CAP_VOICE_STORE_MS : 0, .on_done = on_stored};
    f->http.on_gone = on_gone;
    r->waiter = &f->http;
    int rc = twilio_keep(t, e, &f->waiter);
    if (rc < 0) {
        on_stored(&f->waiter, rc);
    }
}

/* The call is over when Twilio says so of the call itself, not of a leg. */
static void describe_status(struct ingest_event *e, const struct twilio_request *q)
{
    struct call_event *c = &e->call;
    enum call_status status = q->parent_sid.n ? CALL_UNKNOWN : call_status_of_twilio(q->call_status);
    c->status = status;
    if (status != CALL_ENDED) {
        return;
    }
    c->seen_ended_us = c->occurred_us;
    c->carrier_seconds = q->call_seconds >= 0 && q->call_seconds < 864000 ? q->call_seconds : c->carrier_seconds;
    if (!str_eq(q->call_status, STR("completed"))) {
        struct str reason = arena_printf(&e->arena, "twilio.%.*s", (int)q->call_status.n, q->call_status.p);
        c->ended_claim = call_claim(&e->arena, RANK_CARRIER, reason);
    }
}

void twilio_on_status(struct twilio *t, struct http_request *r)
{
    struct twilio_request q;
    struct ingest_event *e = twilio_read(r, &q, STR("status"));
    describe_status(e, &q);
    store(t, r, e, (struct follow){.twiml = twiml_nothing()});
}

static struct twiml_fallback fallback_of(const struct twilio *t, struct str called)
{
    const struct business *b = directory_find(t->directory, called);
    struct twiml_fallback f = {.public_url = t->config->public_url};
    if (b) {
        f.business_name = b->name;
        f.greeting = b->fallback_greeting;
    }
    return f;
}

void twilio_on_dialed(struct twilio *t, struct http_request *r)
{
    struct twilio_request q;
    struct ingest_event *e = twilio_read(r, &q, STR("dialed"));
    struct twiml_fallback f = fallback_of(t, q.to);
    bool talked = str_eq(q.dial_status, STR("completed")) || str_eq(q.dial_status, STR("answered"));
    describe_status(e, &q);
    struct str reason = talked ? STR("ringback.transfer-completed") : STR("ringback.transfer-no-answer");
    e->call.ended_claim = call_claim(&e->arena, RANK_DIALLED, reason);
    store(t, r, e, (struct follow){.live = true, .twiml = talked ? twiml_hangup() : twiml_record(&r->arena, &f)});
}

static void describe_recording(struct ingest_event *e, const struct twilio_request *q)
{
    bool absent = q->recording_status.n && !str_eq(q->recording_status, STR("completed"));
    if (!absent) {
        e->call.recording_claim = call_claim(&e->arena, RANK_VOICEMAIL, utf8_cut(q->recording_url, 2000));
    }
}

void twilio_on_recorded(struct twilio *t, struct http_request *r)
{
    struct twilio_request q;
    struct ingest_event *e = twilio_read(r, &q, STR("recorded"));
    describe_status(e, &q);
    describe_recording(e, &q);
    store(t, r, e, (struct follow){.live = true, .twiml = twiml_thanks()});
}

void twilio_on_recording_status(struct twilio *t, struct http_request *r)
{
    struct twilio_request q;
    struct ingest_event *e = twilio_read(r, &q, STR("recording-status"));
    describe_recording(e, &q);
    store(t, r, e, (struct follow){.twiml = twiml_nothing()});
}
