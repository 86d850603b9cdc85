#pragma once
/* What the ingest tests share: offices (a pool and an ingest, as one server has them) on one loop, and events by table. */
#include "db_rig.h"
#include "crypto.h"
#include "ingest.h"

/* As in src/app/app.c: rows are found by key. */
#define OFFICE_SESSION                                                                                                 \
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
#define OFFICE_CONNECTIONS (CAP_BATCHES_IN_FLIGHT + 1)

struct office {
    struct loop *loop;
    struct db_pool pool;
    struct ingest ingest;
    bool stopped;
};

static inline void office_on_ingest_stopped(struct ingest *in)
{
    container_of(in, struct office, ingest)->stopped = true;
}

static inline void office_on_pool_stopped(struct db_pool *p)
{
    struct office *o = container_of(p, struct office, pool);
    ingest_stop(&o->ingest, office_on_ingest_stopped);
}

/* `port` 0: straight to Postgres. */
static inline void office_open(struct office *o, struct loop *loop, int port)
{
    struct db_pool_options options = rig_options(OFFICE_CONNECTIONS, port);
    options.session_options = OFFICE_SESSION;
    *o = (struct office){.loop = loop};
    ingest_start(&o->ingest, loop, &o->pool);
    CHECK_INT(db_pool_start(&o->pool, loop, &options), 0);
    CHECK(RIG_WAIT(loop, db_pool_ready(&o->pool) == OFFICE_CONNECTIONS));
}

static inline void office_close(struct office *o)
{
    db_pool_stop(&o->pool, office_on_pool_stopped);
    CHECK(RIG_WAIT(o->loop, o->stopped));
}

static inline void town_open(struct loop *loop)
{
    rig_database();
    rig_sql(
        "truncate calls, call_events, call_utterances, dead_letters, private.voice_answers, businesses, business_phones "
        "cascade");
    metric_free();
    metric_init(NULL, 0);
    if (!getenv("RIG_LOG")) {
        log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    }
    loop_init(loop);
}

static inline void town_close(struct loop *loop)
{
    loop_stop(loop);
    loop_run(loop);
    CHECK_INT(loop_close(loop), 0);
    metric_free();
}

/* Somebody who waits for an event. */
struct guest {
    struct ingest_waiter waiter;
    int fired, code;
    uint64_t at_ms;
    bool submitting;
};

static inline void guest_on_done(struct ingest_waiter *w, int code)
{
    struct guest *g = container_of(w, struct guest, waiter);
    CHECK(!g->submitting);
    g->fired++;
    g->code = code;
    g->at_ms = rig_now_ms();
}

/* What an event says, as text; NULL and 0 say nothing. */
struct says {
    const char *name; /* the event's key is made of this */
    const char *pid, *sid;
    enum call_status status;
    const char *called, *caller, *ended, *recording, *summary, *analysis;
    int64_t started_us, reported_ended_us, seen_ended_us;
    double reported_seconds, carrier_seconds, cost;
    int pid_rank;
    bool spoke, report;
    const char *utterance; /* said by the caller; reported if `report` */
    const char *payload;
    enum call_source source;
};

static inline struct str say_copy(struct arena *a, const char *text)
{
    return text ? arena_copy(a, str_of(text)) : (struct str){NULL, 0};
}

static inline void say_utterance(struct ingest_event *e, const struct says *s)
{
    struct call_utterance *u = arena_alloc(&e->arena, sizeof(*u));
    u->text = say_copy(&e->arena, s->utterance);
    u->role = ROLE_USER;
    u->said_us = 1795014250000000;
    call_event_set_key(u->key, (const struct str[]){STR("u"), u->text}, 2);
    e->call.utterances = u;
    e->call.utterance_count = 1;
    e->call.utterances_reported = s->report;
}

static inline struct ingest_event *say(const struct says *s)
{
    struct ingest_event *e = ingest_event_new(s->source);
    struct call_event *c = &e->call;
    struct arena *a = &e->arena;
    call_event_set_key(c->key, (const struct str[]){STR("test"), str_of(s->name)}, 2);
    c->type = STR("status-update");
    c->payload = say_copy(a, s->payload ? s->payload : "{\"a\":1}");
    c->provider_call_id = say_copy(a, s->pid);
    c->twilio_call_sid = say_copy(a, s->sid);
    c->occurred_us = c->received_us = 1795014245280000;
    c->provider_rank = s->pid_rank ? s->pid_rank : RANK_SEEN;
    c->status = s->status;
    c->called_claim = say_copy(a, s->called);
    c->caller_claim = say_copy(a, s->caller);
    c->ended_claim = say_copy(a, s->ended);
    c->recording_claim = say_copy(a, s->recording);
    c->summary = say_copy(a, s->summary);
    c->analysis = say_copy(a, s->analysis);
    c->started_us = s->started_us;
    c->reported_ended_us = s->reported_ended_us;
    c->seen_ended_us = s->seen_ended_us;
    c->reported_seconds = s->reported_seconds > 0 ? s->reported_seconds : c->reported_seconds;
    c->carrier_seconds = s->carrier_seconds > 0 ? s->carrier_seconds : c->carrier_seconds;
    c->cost = s->cost > 0 ? s->cost : c->cost;
    c->caller_spoke = s->spoke;
    c->has_report = s->report;
    if (s->utterance) {
        say_utterance(e, s);
    }
    return e;
}

static inline int guest_submit(struct guest *g, struct office *o, const struct says *s)
{
    g->fired = 0;
    g->code = 1;
    g->submitting = true;
    g->waiter.on_done = guest_on_done;
    int rc = ingest_submit(&o->ingest, say(s), &g->waiter);
    g->submitting = false;
    return rc;
}

static inline int guest_wait(struct guest *g, struct office *o)
{
    CHECK(RIG_WAIT(o->loop, g->fired));
    CHECK_INT(g->fired, 1);
    return g->code;
}

/* One event, stored. */
static inline void tell(struct office *o, const struct says *s)
{
    struct guest g = {0};
    CHECK_INT(guest_submit(&g, o, s), 0);
    CHECK_INT(guest_wait(&g, o), 0);
}

static inline bool town_is_quiet(struct office *o)
{
    return ingest_is_idle(&o->ingest) && db_pool_in_flight(&o->pool) == 0 && o->pool.waiting.count == 0;
}
