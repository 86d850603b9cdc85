#include "db_pool.h"
#include "caps.h"
#include "db_conn.h"
#include "db_pool_private.h"
#include "err.h"
#include "metric.h"
#include <stdlib.h>

#define CLOCK_MS 50

void db_unit_finish(struct db_unit *u, int code)
{
    struct pg_result *results[CAP_DB_STATEMENTS];
    size_t count = u->call_count;
    memcpy(results, u->results, sizeof(results));
    u->state = DB_UNIT_DONE;
    u->slot = NULL;
    metric_count(METRIC_DB_UNITS, code < 0 ? DB_FAILED : DB_OK);
    u->on_done(u, code); /* may free u */
    for (size_t i = 0; i < count; i++) {
        PQclear(results[i]);
    }
}

void db_unit_finish_later(struct db_unit *u, int code)
{
    u->slot = NULL;
    u->state = DB_UNIT_SENT;
    u->late_code = code;
    list_push(&u->pool->failed, &u->node);
    if (!list_linked(&u->pool->fail_task.node)) {
        loop_defer(u->pool->loop, &u->pool->fail_task);
    }
}

static void run_failed(struct loop_task *t)
{
    struct db_pool *p = container_of(t, struct db_pool, fail_task);
    struct list_node *n;
    while ((n = list_pop(&p->failed))) {
        struct db_unit *u = container_of(n, struct db_unit, node);
        db_unit_finish(u, u->late_code);
    }
}

static struct db_conn *least_loaded(struct db_pool *p)
{
    struct db_conn *best = NULL;
    for (size_t i = 0; i < p->options.connections; i++) {
        struct db_conn *c = &p->conns[i];
        bool usable = c->state == DB_CONN_READY && !c->stale && c->count < p->options.pipeline;
        if (usable && (!best || c->count < best->count)) {
            best = c;
        }
    }
    return best;
}

static void flush_turn(struct loop_hook *h)
{
    struct db_pool *p = container_of(h, struct db_pool, flush_hook);
    struct db_conn *c;
    while (p->waiting.count > 0 && (c = least_loaded(p))) {
        struct db_unit *u = container_of(list_pop(&p->waiting), struct db_unit, node);
        if (db_conn_send(c, u) < 0) {
            db_unit_finish_later(u, ERR_WRITE_UNCERTAIN);
        }
    }
    for (size_t i = 0; i < p->options.connections; i++) {
        if (p->conns[i].state == DB_CONN_READY) {
            db_conn_flush(&p->conns[i]);
        }
    }
}

static void count_states(const struct db_pool *p)
{
    size_t counts[3] = {0};
    for (size_t i = 0; i < p->options.connections; i++) {
        enum db_conn_state s = p->conns[i].state;
        counts[s == DB_CONN_READY ? DB_READY : s == DB_CONN_IDLE || s == DB_CONN_CLOSED ? DB_IDLE : DB_CONNECTING]++;
    }
    for (size_t i = 0; i < 3; i++) {
        metric_set(METRIC_DB_CONNECTIONS, p->options.metric_pool, i, (double)counts[i]);
    }
    metric_set(METRIC_DB_WAITING, p->options.metric_pool, 0, (double)p->waiting.count);
}

static void on_clock(uv_timer_t *t)
{
    struct db_pool *p = container_of(t, struct db_pool, clock);
    uint64_t now = loop_now_ms(p->loop);
    struct list_node *next;
    for (struct list_node *n = list_first(&p->waiting); n; n = next) {
        next = list_next(&p->waiting, n);
        struct db_unit *u = container_of(n, struct db_unit, node);
        if (u->deadline_at_ms <= now) {
            list_remove(&p->waiting, n);
            db_unit_finish_later(u, ERR_UNAVAILABLE);
        }
    }
    for (size_t i = 0; i < p->options.connections; i++) {
        db_conn_check(&p->conns[i], now);
    }
    count_states(p);
}

void db_pool_wake(struct db_pool *p)
{
    if (p->on_ready && !p->stopping) {
        p->on_ready(p);
    }
}

void db_pool_handle_opened(struct db_pool *p)
{
    p->open_handles++;
}

void db_pool_handle_closed(struct db_pool *p)
{
    if (--p->open_handles == 0 && p->stopping) {
        free(p->conns);
        p->conns = NULL;
        p->on_stopped(p);
    }
}

int db_pool_start(struct db_pool *p, struct loop *loop, const struct db_pool_options *options)
{
    if (options->connections == 0 || options->connections > CAP_DB_CONNECTIONS || options->pipeline > CAP_DB_PIPELINE) {
        return ERR_BAD_SETTING;
    }
    p->loop = loop;
    p->options = *options;
    p->options.pipeline = options->pipeline ? options->pipeline : CAP_DB_PIPELINE;
    list_init(&p->waiting);
    list_init(&p->failed);
    p->fail_task.run = run_failed;
    p->flush_hook.run = flush_turn;
    loop_add_hook(loop, &p->flush_hook);
    uv_timer_init(&loop->uv, &p->clock);
    uv_timer_start(&p->clock, on_clock, CLOCK_MS, CLOCK_MS);
    db_pool_handle_opened(p);
    p->conns = mem_alloc(options->connections * sizeof(*p->conns));
    for (size_t i = 0; i < options->connections; i++) {
        db_conn_open(&p->conns[i], p);
    }
    return 0;
}

static void on_clock_closed(uv_handle_t *h)
{
    struct db_pool *p = container_of((uv_timer_t *)h, struct db_pool, clock);
    assert(p->waiting.count == 0 && p->failed.count == 0);
    db_pool_handle_closed(p);
}

/* In a turn of its own, so that the callbacks of what is left do not run inside db_pool_stop. */
static void finish_stop(struct loop_task *t)
{
    struct db_pool *p = container_of(t, struct db_pool, fail_task);
    for (size_t i = 0; i < p->options.connections; i++) {
        db_conn_close(&p->conns[i]);
    }
    struct list_node *n;
    while ((n = list_pop(&p->waiting))) {
        db_unit_finish_later(container_of(n, struct db_unit, node), ERR_UNAVAILABLE);
    }
    loop_defer_cancel(p->loop, &p->fail_task);
    run_failed(t);
    uv_close((uv_handle_t *)&p->clock, on_clock_closed);
}

void db_pool_stop(struct db_pool *p, void (*on_stopped)(struct db_pool *))
{
    p->on_stopped = on_stopped;
    p->stopping = true;
    loop_remove_hook(p->loop, &p->flush_hook);
    loop_defer_cancel(p->loop, &p->fail_task);
    p->fail_task.run = finish_stop;
    loop_defer(p->loop, &p->fail_task);
}

size_t db_pool_ready(const struct db_pool *p)
{
    size_t ready = 0;
    for (size_t i = 0; p->conns && i < p->options.connections; i++) {
        ready += p->conns[i].state == DB_CONN_READY;
    }
    return ready;
}

size_t db_pool_in_flight(const struct db_pool *p)
{
    size_t n = 0;
    for (size_t i = 0; p->conns && i < p->options.connections; i++) {
        n += p->conns[i].count;
    }
    return n;
}

bool db_pool_is_idle(const struct db_pool *p)
{
    return p->waiting.count + p->failed.count + db_pool_in_flight(p) == 0;
}
