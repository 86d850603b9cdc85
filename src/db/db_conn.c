#include "db_conn.h"
#include "crypto.h"
#include "db_connect.h"
#include "db_error.h"
#include "db_pool_private.h"
#include "err.h"
#include "metric.h"
#include <stdlib.h>

#define OVERDUE_MS 2000 /* beyond a unit's longest time, before the whole connection counts as stuck */

struct db_poll {
    uv_poll_t handle;
    struct db_conn *conn; /* NULL once the connection has moved on */
    int fd;
};

static void on_socket(uv_poll_t *h, int status, int events);

static bool transition_allowed(enum db_conn_state from, enum db_conn_state to)
{
    static const unsigned allowed[] = {
        [DB_CONN_IDLE] = 1u << DB_CONN_RESOLVING | 1u << DB_CONN_CONNECTING | 1u << DB_CONN_CLOSED,
        [DB_CONN_RESOLVING] = 1u << DB_CONN_CONNECTING | 1u << DB_CONN_IDLE | 1u << DB_CONN_CLOSED,
        [DB_CONN_CONNECTING] = 1u << DB_CONN_PREPARING | 1u << DB_CONN_IDLE | 1u << DB_CONN_CLOSED,
        [DB_CONN_PREPARING] = 1u << DB_CONN_READY | 1u << DB_CONN_IDLE | 1u << DB_CONN_CLOSED,
        [DB_CONN_READY] = 1u << DB_CONN_IDLE | 1u << DB_CONN_CLOSED,
    };
    return from != DB_CONN_CLOSED && (allowed[from] >> to & 1);
}

void db_conn_set_state(struct db_conn *c, enum db_conn_state to)
{
    assert(transition_allowed(c->state, to));
    c->state = to;
}

static void on_poll_closed(uv_handle_t *h)
{
    free(container_of((uv_poll_t *)h, struct db_poll, handle));
}

static void drop_poll(struct db_conn *c)
{
    if (c->poll) {
        uv_poll_stop(&c->poll->handle);
        c->poll->conn = NULL;
        uv_close((uv_handle_t *)&c->poll->handle, on_poll_closed);
        c->poll = NULL;
    }
}

/* libpq may change its socket while it connects: then a new handle watches the new one. */
void db_conn_watch(struct db_conn *c, int events)
{
    int fd = PQsocket(c->pg);
    if (c->poll && c->poll->fd != fd) {
        drop_poll(c);
    }
    if (!c->poll) {
        c->poll = mem_alloc(sizeof(*c->poll));
        c->poll->conn = c;
        c->poll->fd = fd;
        uv_poll_init(&c->pool->loop->uv, &c->poll->handle, fd);
    }
    uv_poll_start(&c->poll->handle, events, on_socket);
}

/* The end of a connection: what was in flight is uncertain, in a later turn. */
static void disconnect(struct db_conn *c)
{
    drop_poll(c);
    PQfinish(c->pg);
    c->pg = NULL;
    c->flushing = c->stale = false;
    for (; c->count > 0; c->count--) {
        struct db_slot *s = &c->slots[c->first];
        c->first = (c->first + 1) % CAP_DB_PIPELINE;
        if (s->unit) {
            db_unit_finish_later(s->unit, ERR_WRITE_UNCERTAIN);
            s->unit = NULL;
        }
    }
}

static void on_retry(uv_timer_t *t)
{
    struct db_conn *c = container_of(t, struct db_conn, retry);
    if (c->state == DB_CONN_IDLE) {
        db_conn_limit(c);
        db_connect_start(c);
    } else if (c->state == DB_CONN_RESOLVING) {
        uv_cancel((uv_req_t *)&c->lookup); /* its callback fails the attempt; too late to cancel: it comes by itself */
    } else {
        db_conn_fail(c, "timeout", "");
    }
}

void db_conn_limit(struct db_conn *c)
{
    uv_timer_start(&c->retry, on_retry, CAP_DB_CONNECT_MS, 0);
}

void db_conn_fail(struct db_conn *c, const char *why, const char *sqlstate)
{
    struct str detail = c->state == DB_CONN_CONNECTING && c->pg ? str_of(PQerrorMessage(c->pg)) : STR("");
    log_event(LOG_WARN, c->state == DB_CONN_READY ? "db_connection_lost" : "db_connect_failed", LOG_CSTR("reason", why),
              LOG_CSTR("sqlstate", sqlstate), LOG_STR("detail", str_cut(detail, str_find(detail, '\n'))),
              LOG_INT("units_in_flight", (int64_t)c->count));
    metric_count(METRIC_DB_CONNECTS, DB_FAILED);
    disconnect(c);
    db_conn_set_state(c, DB_CONN_IDLE);
    unsigned doubled = c->failures < 6 ? c->failures : 6;
    uint32_t most = (uint32_t)CAP_DB_RETRY_FIRST_MS << doubled;
    most = most > CAP_DB_RETRY_MOST_MS ? CAP_DB_RETRY_MOST_MS : most;
    c->failures++;
    uv_timer_start(&c->retry, on_retry, most / 4 + crypto_random_below(most), 0);
}

static void connected(struct db_conn *c)
{
    uv_timer_stop(&c->retry);
    c->failures = 0;
    db_conn_set_state(c, DB_CONN_READY);
    metric_count(METRIC_DB_CONNECTS, DB_OK);
    log_event(LOG_INFO, c->pool->options.listens ? "db_listening" : "db_connected",
              LOG_INT("backend", PQbackendPID(c->pg)));
    db_pool_wake(c->pool);
}

/* A prepared statement no longer fits the schema, or is gone: only a new connection has good ones. 0A000 alone may mean other
 * things; the name of Postgres's own function tells them apart in every language. */
static bool is_stale(const PGresult *r)
{
    struct str state = str_of(PQresultErrorField(r, PG_DIAG_SQLSTATE));
    struct str function = str_of(PQresultErrorField(r, PG_DIAG_SOURCE_FUNCTION));
    return str_eq(state, STR("26000")) ||
           (str_eq(state, STR("0A000")) && str_eq(function, STR("RevalidateCachedQuery")));
}

static void slot_error(struct db_conn *c, struct db_slot *s, const PGresult *r)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    c->stale = c->stale || is_stale(r);
    if (s->code == 0) {
        s->code = c->stale ? ERR_BUSY : db_error_code(state ? state : "");
        if (s->answered == 0 && s->code == ERR_BAD_DATA) {
            s->code = ERR_DENIED; /* it is the role that does not exist, the data was not looked at */
        }
        if (s->unit && state) {
            strncpy(s->unit->sqlstate, state, sizeof(s->unit->sqlstate) - 1);
        }
    }
}

/* The Sync came back: the unit at the head of the ring is over. */
static void finish_slot(struct db_conn *c)
{
    struct db_slot *s = &c->slots[c->first];
    struct db_unit *u = s->unit;
    int code = s->code;
    s->unit = NULL;
    c->first = (c->first + 1) % CAP_DB_PIPELINE;
    c->count--;
    if (u) {
        db_unit_finish(u, code);
    }
}

static void slot_result(struct db_conn *c, PGresult *r)
{
    struct db_slot *s = &c->slots[c->first];
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(r);
        finish_slot(c);
        return;
    }
    if (status == PGRES_FATAL_ERROR) {
        slot_error(c, s, r);
    }
    size_t call = s->answered++;
    if (s->unit && call > 0 && call <= s->unit->call_count && status != PGRES_PIPELINE_ABORTED) {
        s->unit->results[call - 1] = r; /* call 0 took the role */
    } else {
        PQclear(r);
    }
}

static void read_results(struct db_conn *c)
{
    PGconn *pg = c->pg;
    bool ended = false;
    while (c->pg == pg && (c->count > 0 || c->state == DB_CONN_PREPARING) && !PQisBusy(pg)) {
        PGresult *r = PQgetResult(pg);
        if (!r && ended) {
            db_conn_fail(c, "out_of_step", ""); /* we wait for an answer that libpq does not: it would never come */
            return;
        }
        ended = !r; /* one NULL is the end of one statement's results */
        if (!r) {
            continue;
        }
        if (c->state != DB_CONN_PREPARING) {
            slot_result(c, r);
        } else if (db_connect_result(c, r)) {
            connected(c);
        }
    }
}

static void hear(struct db_conn *c)
{
    PGnotify *n;
    while ((n = PQnotifies(c->pg))) {
        c->pool->on_notice(c->pool, str_of(n->extra));
        PQfreemem(n);
    }
}

void db_conn_flush(struct db_conn *c)
{
    int left = PQflush(c->pg);
    if (left < 0) {
        db_conn_fail(c, "write", "");
    } else if (left != c->flushing) {
        c->flushing = left;
        db_conn_watch(c, UV_READABLE | (left ? UV_WRITABLE : 0));
    }
}

static void on_socket(uv_poll_t *h, int status, int events)
{
    struct db_conn *c = container_of(h, struct db_poll, handle)->conn;
    if (!c) {
        return;
    }
    if (c->state == DB_CONN_CONNECTING) {
        db_connect_poll(c);
        return;
    }
    if (status < 0 || ((events & UV_READABLE) && !PQconsumeInput(c->pg))) {
        db_conn_fail(c, "read", "");
        return;
    }
    const PGconn *pg = c->pg;
    read_results(c);
    if (c->pg == pg && c->state == DB_CONN_READY && c->pool->options.listens) {
        hear(c);
    }
    if (c->pg && c->pg == pg && (PQstatus(c->pg) == CONNECTION_BAD || (c->stale && c->count == 0))) {
        db_conn_fail(c, c->stale ? "stale" : "closed", "");
    } else if (c->pg && c->pg == pg && c->state >= DB_CONN_PREPARING) {
        db_conn_flush(c);
    }
}

static int send_call(struct db_conn *c, const struct db_call *call)
{
    const char *values[CAP_DB_PARAMS];
    int lengths[CAP_DB_PARAMS], formats[CAP_DB_PARAMS];
    for (size_t i = 0; i < call->param_count; i++) {
        values[i] = call->params[i].bytes;
        lengths[i] = (int)call->params[i].n;
        formats[i] = 1;
    }
    return PQsendQueryPrepared(c->pg, sql_statements[call->statement].name, (int)call->param_count, values, lengths,
                               formats, 0);
}

static int send_role(struct db_conn *c, const struct db_unit *u)
{
    const char *values[] = {u->role, u->claims.p ? u->claims.p : ""};
    int lengths[] = {(int)strlen(u->role), (int)u->claims.n};
    int formats[] = {1, 1}; /* text in binary form: the bytes themselves, no NUL needed */
    return PQsendQueryPrepared(c->pg, sql_statements[STMT_TAKE_ROLE].name, 2, values, lengths, formats, 0);
}

int db_conn_send(struct db_conn *c, struct db_unit *u)
{
    assert(c->state == DB_CONN_READY && c->count < CAP_DB_PIPELINE);
    int ok = send_role(c, u);
    for (size_t i = 0; ok && i < u->call_count; i++) {
        ok = send_call(c, &u->calls[i]);
    }
    if (!ok || !PQpipelineSync(c->pg)) {
        db_conn_fail(c, "send", "");
        return ERR_WRITE_UNCERTAIN;
    }
    struct db_slot *s = &c->slots[(c->first + c->count++) % CAP_DB_PIPELINE];
    *s = (struct db_slot){.unit = u, .sent_ms = loop_now_ms(c->pool->loop)};
    u->slot = s;
    u->state = DB_UNIT_SENT;
    return 0;
}

void db_conn_check(struct db_conn *c, uint64_t now_ms)
{
    for (size_t i = 0; i < c->count; i++) {
        struct db_slot *s = &c->slots[(c->first + i) % CAP_DB_PIPELINE];
        if (s->unit && s->unit->deadline_at_ms <= now_ms) {
            struct db_unit *u = s->unit;
            s->unit = NULL;
            db_unit_finish_later(u, ERR_WRITE_UNCERTAIN);
        }
    }
    if (c->count && c->slots[c->first].sent_ms + CAP_DB_UNIT_MS + OVERDUE_MS < now_ms) {
        db_conn_fail(c, "stuck", "");
    }
}

static void on_handle_closed(uv_handle_t *h)
{
    db_pool_handle_closed(container_of((uv_timer_t *)h, struct db_conn, retry)->pool);
}

void db_conn_open(struct db_conn *c, struct db_pool *pool)
{
    c->pool = pool;
    c->state = DB_CONN_IDLE;
    uv_timer_init(&pool->loop->uv, &c->retry);
    db_pool_handle_opened(pool);
    uv_timer_start(&c->retry, on_retry, 0, 0);
}

void db_conn_close(struct db_conn *c)
{
    if (c->state == DB_CONN_RESOLVING) {
        uv_cancel((uv_req_t *)&c->lookup);
    }
    disconnect(c);
    db_conn_set_state(c, DB_CONN_CLOSED);
    uv_close((uv_handle_t *)&c->retry, on_handle_closed);
}
