#include "caps.h"
#include "flow.h"
#include "metric.h"
#include "twilio_event.h"
#include "twiml.h"
#include <stdlib.h>

#define CLOCK_MS 100
#define ASK_AGAIN_MS 200
#define KEEP_MS 250 /* the hand-over's event may take so long before the caller is answered without it */

/* One call that is being answered. It outlives its request: an answer that was paid for is remembered. */
struct voice_call {
    struct list_node node;
    struct twilio *room;
    struct http_request *request; /* NULL: the client left */
    struct http_waiter http;
    struct list followers; /* repeated requests, which get the same answer */
    struct arena arena;
    struct buf body;
    struct twilio_request q;
    struct flow flow;
    struct ingest_waiter stored;
    struct voice_ticket ticket;
    struct vapi_handoff handoff;
    uint64_t started_ms, ask_again_ms;
    const char *cause; /* why no AI takes the call; NULL: it does */
    struct str twiml;
    enum metric_voice kind;
};

struct follower {
    struct list_node node;
    struct http_waiter http;
    struct voice_call *call;
    struct http_request *request;
};

static void reply(struct http_request *r, struct str twiml, enum metric_voice kind)
{
    metric_count(METRIC_VOICE_ANSWERS, kind);
    http_reply(r, 200, "text/xml; charset=utf-8", twiml);
}

static unsigned left_ms(const struct voice_call *c)
{
    uint64_t spent = loop_now_ms(c->room->loop) - c->started_ms;
    return spent < CAP_VOICE_MS ? (unsigned)(CAP_VOICE_MS - spent) : 0;
}

static void free_call(struct voice_call *c)
{
    list_remove(&c->room->calls, &c->node);
    vapi_handoff_finish(&c->handoff);
    arena_free(&c->arena);
    buf_free(&c->body);
    free(c);
}

static void log_answer(const struct voice_call *c)
{
    static const char *const kinds[] = {"vapi", "repeated", "forward", "voicemail"};
    log_event(LOG_INFO, "voice_answered", LOG_CSTR("request", c->request ? c->request->id : ""),
              LOG_STR("call", c->q.call_sid), LOG_STR("vapi_call", str_or(c->handoff.call_id, STR(""))),
              LOG_CSTR("kind", kinds[c->kind]), LOG_CSTR("cause", c->cause ? c->cause : ""),
              LOG_INT("ms", (int64_t)(loop_now_ms(c->room->loop) - c->started_ms)));
}

/* The last act: everybody who asked hears the same. */
static void answer(struct voice_call *c)
{
    struct http_request *r = c->request;
    struct list_node *n;
    log_answer(c);
    if (r) {
        c->request = NULL;
        reply(r, c->twiml, c->kind);
    }
    while ((n = list_pop(&c->followers))) {
        reply(container_of(n, struct follower, node)->request, c->twiml, VOICE_REPEATED);
    }
    free_call(c);
}

static void fall_back(struct voice_call *c)
{
    const struct business *b = directory_find(c->room->directory, c->q.to);
    struct twiml_fallback f = {.public_url = c->room->config->public_url};
    if (b) {
        f.business_name = b->name;
        f.greeting = b->fallback_greeting;
        f.forward_to = b->forward_to;
    }
    c->kind = f.forward_to.n ? VOICE_FORWARD : VOICE_VOICEMAIL;
    c->twiml = twiml_forward_or_record(&c->arena, &f);
}

static void on_stored(struct ingest_waiter *w, int code)
{
    struct voice_call *c = container_of(w, struct voice_call, stored);
    if (code < 0) {
        metric_count(METRIC_CONTROL_NOT_DURABLE, 0);
    }
    flow_resume(&c->flow, 0); /* the caller is answered all the same */
}

static enum flow_next store(struct voice_call *c, struct ingest_event *e, unsigned patience_ms)
{
    c->stored = (struct ingest_waiter){.patience_ms = patience_ms, .on_done = on_stored};
    if (ingest_submit(c->room->ingest, e, &c->stored) < 0) {
        metric_count(METRIC_CONTROL_NOT_DURABLE, 0);
        return FLOW_NEXT;
    }
    return FLOW_PARKED;
}

/* First of all the row, so that even a call that nobody answers is there. */
static enum flow_next step_store(struct flow *f)
{
    struct voice_call *c = container_of(f, struct voice_call, flow);
    struct ingest_event *e = twilio_event(&c->q, c->q.error_code.n ? STR("voice-fallback") : STR("voice"));
    e->call.status = CALL_RINGING;
    e->call.started_us = e->call.received_us;
    return store(c, e, CAP_VOICE_STORE_MS);
}

static void on_claimed(struct voice_ticket *t, enum voice_claim_result result, struct str twiml)
{
    struct voice_call *c = container_of(t, struct voice_call, ticket);
    if (result == VOICE_TAKEN && left_ms(c) > CAP_VOICE_RESERVE_MS + CAP_VOICE_STORE_MS + ASK_AGAIN_MS) {
        c->ask_again_ms = loop_now_ms(c->room->loop) + ASK_AGAIN_MS;
        return;
    }
    if (result == VOICE_ANSWERED) {
        c->twiml = arena_copy(&c->arena, twiml);
        c->kind = VOICE_REPEATED;
    } else if (result == VOICE_TAKEN) {
        c->cause = "ringback.vapi-timeout";
    }
    flow_resume(&c->flow, 0);
}

static enum flow_next step_claim(struct flow *f)
{
    struct voice_call *c = container_of(f, struct voice_call, flow);
    c->ticket.on_done = on_claimed;
    if (c->q.error_code.n) {
        return FLOW_NEXT; /* the fallback URL: whoever claimed the call has failed */
    }
    return voice_claim(c->room->voice, &c->ticket, c->q.call_sid) < 0 ? FLOW_NEXT : FLOW_PARKED;
}

static void on_handed_over(struct vapi_handoff *h)
{
    flow_resume(&container_of(h, struct voice_call, handoff)->flow, 0);
}

static enum flow_next step_ask(struct flow *f)
{
    struct voice_call *c = container_of(f, struct voice_call, flow);
    struct twilio *t = c->room;
    const struct business *b = directory_find(t->directory, c->q.to);
    if (c->twiml.n) {
        answer(c);
        return FLOW_DONE;
    }
    if (c->q.error_code.n) {
        c->cause = "ringback.twilio-error"; /* the fallback URL: something failed already, no time for a second try */
    } else if (!b && directory_is_loaded(t->directory) && !t->config->vapi_assistant_id.n) {
        c->cause = "ringback.number-unmapped";
    }
    if (c->cause) {
        return FLOW_NEXT;
    }
    struct vapi_caller caller = {c->q.call_sid, c->q.from, c->q.to, b};
    c->handoff.on_done = on_handed_over;
    if (left_ms(c) <= CAP_VOICE_RESERVE_MS) {
        c->cause = "ringback.vapi-timeout"; /* a request that can not be answered in time would only make a ghost */
        return FLOW_NEXT;
    }
    if (vapi_handoff_submit(t->vapi, &c->handoff, &caller, left_ms(c) - CAP_VOICE_RESERVE_MS) < 0) {
        return FLOW_NEXT;
    }
    return FLOW_PARKED;
}

/* The event that joins Twilio's call with Vapi's, or says why there is none. */
static struct ingest_event *handoff_event(struct voice_call *c)
{
    struct twilio_request q = {
        .call_sid = c->q.call_sid, .account_sid = c->q.account_sid, .from = c->q.from, .to = c->q.to};
    struct form_pair pairs[] = {
        {STR("CallSid"), c->q.call_sid},
        {c->cause ? STR("Cause") : STR("VapiCallId"), c->cause ? str_of(c->cause) : c->handoff.call_id}};
    q.form = (struct form){pairs, 2};
    q.sequence = pairs[1].value;
    struct ingest_event *e = twilio_event(&q, STR("handoff"));
    if (c->cause) {
        e->call.ended_claim = call_claim(&e->arena, RANK_HANDOFF, str_of(c->cause));
    } else {
        e->call.provider_call_id = arena_copy(&e->arena, c->handoff.call_id);
        e->call.provider_rank = RANK_LINKED;
    }
    return e;
}

static enum flow_next step_keep(struct flow *f)
{
    struct voice_call *c = container_of(f, struct voice_call, flow);
    c->cause = c->cause ? c->cause : c->handoff.cause;
    if (c->cause) {
        fall_back(c);
    } else {
        c->kind = VOICE_VAPI;
        c->twiml = c->handoff.twiml;
    }
    voice_answered(c->room->voice, c->q.call_sid, c->twiml);
    unsigned patience = left_ms(c) < KEEP_MS ? left_ms(c) + 1 : KEEP_MS;
    return store(c, handoff_event(c), patience);
}

static enum flow_next step_answer(struct flow *f)
{
    answer(container_of(f, struct voice_call, flow));
    return FLOW_DONE;
}

static const struct flow_step voice_steps[] = {{"store", step_store}, {"claim", step_claim},   {"ask", step_ask},
                                               {"keep", step_keep},   {"answer", step_answer}, {NULL, NULL}};

/* Every step answers for itself: a caller must never hear an error. */
static void on_fail(struct flow *f, int code)
{
    struct voice_call *c = container_of(f, struct voice_call, flow);
    log_event(LOG_ERROR, "voice_failed", LOG_CSTR("reason", err_info(code)->code));
    c->cause = "ringback.vapi-bad-reply";
    fall_back(c);
    answer(c);
}

static void on_call_gone(struct http_waiter *w, struct http_request *r)
{
    (void)r;
    container_of(w, struct voice_call, http)->request = NULL;
}

static void on_follower_gone(struct http_waiter *w, struct http_request *r)
{
    struct follower *f = container_of(w, struct follower, http);
    (void)r;
    list_remove(&f->call->followers, &f->node);
}

static struct voice_call *find_call(struct twilio *t, struct str call_sid)
{
    for (struct list_node *n = list_first(&t->calls); n; n = list_next(&t->calls, n)) {
        struct voice_call *c = container_of(n, struct voice_call, node);
        if (str_eq(c->q.call_sid, call_sid)) {
            return c;
        }
    }
    return NULL;
}

static void follow(struct voice_call *c, struct http_request *r)
{
    struct follower *f = arena_alloc(&r->arena, sizeof(*f));
    f->call = c;
    f->request = r;
    f->http.on_gone = on_follower_gone;
    r->waiter = &f->http;
    list_push(&c->followers, &f->node);
}

static void begin(struct twilio *t, struct http_request *r)
{
    struct voice_call *c = mem_alloc(sizeof(*c));
    c->room = t;
    c->request = r;
    c->http.on_gone = on_call_gone;
    r->waiter = &c->http;
    list_init(&c->followers);
    c->started_ms = r->started_ms;
    c->body = http_take_body(r);
    int rc = twilio_request_read(&c->arena, buf_str(&c->body), &c->q);
    list_push(&t->calls, &c->node);
    if (rc < 0) {
        on_fail(&c->flow, rc);
    } else {
        flow_start(&c->flow, voice_steps, on_fail);
    }
}

/* A request without a CallSid, or one too many: still a caller, who is told something. */
static void apologise(struct twilio *t, struct http_request *r)
{
    struct twilio_request q;
    if (twilio_keep(t, twilio_read(r, &q, STR("voice")), NULL) < 0) {
        metric_count(METRIC_CONTROL_NOT_DURABLE, 0);
    }
    struct twiml_fallback f = {.public_url = t->config->public_url};
    reply(r, twiml_record(&r->arena, &f), VOICE_VOICEMAIL);
}

void twilio_on_voice(struct twilio *t, struct http_request *r)
{
    struct twilio_request q;
    int rc = twilio_request_read(&r->arena, buf_str(&r->body), &q);
    if (rc < 0 || !q.call_sid.n) {
        apologise(t, r);
        return;
    }
    struct str before = q.error_code.n ? (struct str){NULL, 0} : voice_remembered(t->voice, q.call_sid);
    struct voice_call *c = find_call(t, q.call_sid);
    if (before.n) {
        reply(r, before, VOICE_REPEATED);
    } else if (c && !q.error_code.n) {
        follow(c, r);
    } else if (t->calls.count >= CAP_VOICE_IN_FLIGHT) {
        apologise(t, r);
    } else {
        begin(t, r);
    }
}

static void on_clock(uv_timer_t *timer)
{
    struct twilio *t = container_of(timer, struct twilio, clock);
    struct list_node *next;
    for (struct list_node *n = list_first(&t->calls); n; n = next) {
        next = list_next(&t->calls, n);
        struct voice_call *c = container_of(n, struct voice_call, node);
        if (c->ask_again_ms && c->ask_again_ms <= loop_now_ms(t->loop)) {
            c->ask_again_ms = 0;
            if (voice_claim(t->voice, &c->ticket, c->q.call_sid) < 0) {
                flow_resume(&c->flow, 0);
            }
        }
    }
}

void twilio_start(struct twilio *t)
{
    list_init(&t->calls);
    uv_timer_init(&t->loop->uv, &t->clock);
    uv_timer_start(&t->clock, on_clock, CLOCK_MS, CLOCK_MS);
}

static void on_closed(uv_handle_t *h)
{
    struct twilio *t = container_of((uv_timer_t *)h, struct twilio, clock);
    t->on_stopped(t);
}

void twilio_stop(struct twilio *t, void (*on_stopped)(struct twilio *))
{
    struct list_node *n;
    t->on_stopped = on_stopped;
    while ((n = list_first(&t->calls))) {
        struct voice_call *c = container_of(n, struct voice_call, node);
        assert(!c->request && c->followers.count == 0); /* the servers have stopped */
        ingest_abandon(&c->stored);
        voice_abandon(&c->ticket);
        vapi_handoff_abandon(&c->handoff);
        free_call(c);
    }
    uv_close((uv_handle_t *)&t->clock, on_closed);
}
