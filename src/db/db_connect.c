#include "db_connect.h"
#include "db_pool_private.h"
#include "err.h"
#include <stdio.h>
#include <stdlib.h>

/* Session settings: they hold for the whole life of a direct or session-pooled connection. */
#define SESSION_OPTIONS                                                                                                \
    "-c statement_timeout=5000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=10000 -c timezone=UTC "     \
    "-c jit=off"

struct target {
    char host[256], port[16], options[512];
};

/* What the URL says of host, port and options; libpq reads all of its forms. */
static int read_target(struct str url, struct target *t_out)
{
    *t_out = (struct target){.port = "5432"};
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(url.p, &why);
    PQfreemem(why);
    if (!options) {
        return ERR_BAD_SETTING;
    }
    for (PQconninfoOption *o = options; o->keyword; o++) {
        const char *value = o->val ? o->val : "";
        if (!strcmp(o->keyword, "host")) {
            strncpy(t_out->host, value, sizeof(t_out->host) - 1);
        } else if (!strcmp(o->keyword, "port") && *value) {
            strncpy(t_out->port, value, sizeof(t_out->port) - 1);
        } else if (!strcmp(o->keyword, "hostaddr") && *value) {
            t_out->host[0] = 0; /* already resolved: libpq needs no help */
        } else if (!strcmp(o->keyword, "options")) {
            strncpy(t_out->options, value, sizeof(t_out->options) - 1);
        }
    }
    PQconninfoFree(options);
    return 0;
}

/* libpq would print them, and nobody would know whose lines those are. */
static void on_notice(void *arg, const PGresult *r)
{
    (void)arg;
    log_event(LOG_DEBUG, "db_notice", LOG_CSTR("sqlstate", PQresultErrorField(r, PG_DIAG_SQLSTATE)));
}

static void begin(struct db_conn *c)
{
    struct target t;
    db_conn_limit(c); /* from here again: a look-up cannot be stopped, and may have outlasted its own limit */
    int rc = read_target(c->pool->options.url, &t);
    char options[1024];
    bool to_pooler = t.options[0] && t.options[0] != '-'; /* such as reference=…: not meant for Postgres */
    snprintf(options, sizeof(options), "%s %s %s", SESSION_OPTIONS, c->pool->options.session_options, t.options);
    const char *keys[] = {"dbname",
                          "application_name",
                          "connect_timeout",
                          "keepalives_idle",
                          "keepalives_interval",
                          "keepalives_count",
                          "tcp_user_timeout",
                          "gssencmode",
                          "hostaddr",
                          "options",
                          NULL};
    const char *values[] = {c->pool->options.url.p,
                            "ringback",
                            "5",
                            "15",
                            "5",
                            "3",
                            "10000",
                            "disable",
                            c->address[0] ? c->address : NULL,
                            to_pooler ? NULL : options,
                            NULL};
    c->pg = rc < 0 ? NULL : PQconnectStartParams(keys, values, 1);
    PQsetNoticeReceiver(c->pg, on_notice, NULL);
    db_conn_set_state(c, DB_CONN_CONNECTING);
    if (!c->pg || PQstatus(c->pg) == CONNECTION_BAD || PQsocket(c->pg) < 0) {
        db_conn_fail(c, "connect", "");
        return;
    }
    db_conn_watch(c, UV_WRITABLE);
}

static void on_resolved(uv_getaddrinfo_t *lookup, int status, struct addrinfo *list)
{
    struct db_conn *c = container_of(lookup, struct db_conn, lookup);
    if (c->state != DB_CONN_RESOLVING) {
        uv_freeaddrinfo(list);
        db_pool_handle_closed(c->pool); /* closed meanwhile */
        return;
    }
    db_pool_handle_closed(c->pool);
    size_t count = 0;
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        count++;
    }
    struct addrinfo *chosen = list;
    for (size_t skip = count ? c->failures % count : 0; skip > 0; skip--) {
        chosen = chosen->ai_next; /* another address each time one failed */
    }
    int rc = status == 0 && chosen ? uv_ip_name(chosen->ai_addr, c->address, sizeof(c->address)) : UV_EAI_NONAME;
    uv_freeaddrinfo(list);
    if (rc < 0) {
        db_conn_fail(c, "host_not_found", "");
    } else {
        begin(c);
    }
}

static bool is_numeric(const char *host)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    return uv_ip4_addr(host, 0, &v4) == 0 || uv_ip6_addr(host, 0, &v6) == 0;
}

void db_connect_start(struct db_conn *c)
{
    struct target t;
    int rc = read_target(c->pool->options.url, &t);
    c->address[0] = 0;
    bool needs_lookup = rc == 0 && t.host[0] && t.host[0] != '/' && !strchr(t.host, ',') && !is_numeric(t.host);
    if (!needs_lookup) {
        begin(c);
        return;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    db_conn_set_state(c, DB_CONN_RESOLVING);
    rc = uv_getaddrinfo(&c->pool->loop->uv, &c->lookup, on_resolved, t.host, t.port, &hints);
    if (rc < 0) {
        db_conn_fail(c, "host_not_found", "");
    } else {
        db_pool_handle_opened(c->pool);
    }
}

/* A statement without a role runs under whatever role its unit takes. */
static bool is_served(const struct db_pool *p, int statement)
{
    const char *role = sql_statements[statement].role;
    bool served = statement == STMT_SCHEMA_CHECK || strcmp(role, "none") == 0 ||
                  (statement == STMT_LISTEN_CALLS && p->options.listens);
    for (size_t i = 0; !served && p->options.roles[i]; i++) {
        served = strcmp(p->options.roles[i], role) == 0;
    }
    return served;
}

/* Statements are parsed under the role that will run them: names in other schemas need its rights. */
static int send_prepares(struct db_conn *c)
{
    int ok = PQsendPrepare(c->pg, sql_statements[STMT_TAKE_ROLE].name, sql_statements[STMT_TAKE_ROLE].text, 0, NULL);
    for (int i = 0; ok && i < STMT_COUNT; i++) {
        const char *role = sql_statements[i].role;
        if (i == STMT_TAKE_ROLE || !is_served(c->pool, i)) {
            continue;
        }
        const char *values[] = {role, ""};
        ok = PQsendQueryPrepared(c->pg, sql_statements[STMT_TAKE_ROLE].name, 2, values, NULL, NULL, 0) &&
             PQsendPrepare(c->pg, sql_statements[i].name, sql_statements[i].text, 0, NULL);
    }
    const char *version[] = {c->pool->options.schema_version};
    const char *values[] = {sql_statements[STMT_SCHEMA_CHECK].role, ""};
    ok = ok && PQsendQueryPrepared(c->pg, sql_statements[STMT_TAKE_ROLE].name, 2, values, NULL, NULL, 0) &&
         PQsendQueryPrepared(c->pg, sql_statements[STMT_SCHEMA_CHECK].name, 1, version, NULL, NULL, 0);
    if (ok && c->pool->options.listens) {
        ok = PQsendQueryPrepared(c->pg, sql_statements[STMT_LISTEN_CALLS].name, 0, NULL, NULL, NULL, 0);
    }
    return ok && PQpipelineSync(c->pg) ? 0 : ERR_CONNECT;
}

static void start_preparing(struct db_conn *c)
{
    db_conn_set_state(c, DB_CONN_PREPARING);
    c->sqlstate[0] = 0;
    c->refused = NULL;
    c->first = c->count = 0;
    if (PQsetnonblocking(c->pg, 1) < 0 || !PQenterPipelineMode(c->pg) || send_prepares(c) < 0) {
        db_conn_fail(c, "prepare", "");
        return;
    }
    c->flushing = true;
    db_conn_watch(c, UV_READABLE | UV_WRITABLE);
    db_conn_flush(c);
}

void db_connect_poll(struct db_conn *c)
{
    switch (PQconnectPoll(c->pg)) {
    case PGRES_POLLING_READING:
        db_conn_watch(c, UV_READABLE);
        break;
    case PGRES_POLLING_WRITING:
        db_conn_watch(c, UV_WRITABLE);
        break;
    case PGRES_POLLING_OK:
        start_preparing(c);
        break;
    default:
        db_conn_fail(c, "connect", "");
    }
}

static const char *why_not(const char *sqlstate)
{
    static const struct {
        const char *sqlstate, *why;
    } rows[] = {
        {"42P01", "schema_missing: run `ringback migrate`"},   {"3F000", "schema_missing: run `ringback migrate`"},
        {"22023", "schema_missing: run `ringback migrate`"}, /* a role that does not exist */
        {"42703", "schema_too_old: run `ringback migrate`"},   {"42883", "schema_too_old: run `ringback migrate`"},
        {"42501", "the login may not take the server's roles"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].sqlstate, sqlstate) == 0) {
            return rows[i].why;
        }
    }
    return "prepare";
}

/* The schema check answers with one row: does the schema have our newest migration, is a commit durable? */
static void check_schema(struct db_conn *c, const PGresult *r)
{
    if (PQresultStatus(r) != PGRES_TUPLES_OK || strcmp(PQfname(r, 0), "schema_is_current") != 0) {
        return; /* the answer to taking a role, or to listening */
    }
    if (strcmp(PQgetvalue(r, 0, 0), "t") != 0) {
        c->refused = "schema_too_old: run `ringback migrate`";
    } else if (strcmp(PQgetvalue(r, 0, 1), "off") == 0) {
        c->refused = "synchronous_commit is off: nothing would be durable";
    }
}

bool db_connect_result(struct db_conn *c, PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_FATAL_ERROR && !c->refused) {
        const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
        snprintf(c->sqlstate, sizeof(c->sqlstate), "%s", state ? state : "");
        c->refused = why_not(c->sqlstate);
    }
    check_schema(c, r);
    PQclear(r);
    if (status != PGRES_PIPELINE_SYNC) {
        return false;
    }
    if (!c->refused) {
        return true;
    }
    db_conn_fail(c, c->refused, c->sqlstate);
    return false;
}
