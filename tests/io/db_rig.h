#pragma once
/* What the database tests share: a migrated database of their own, pools on one real loop, and units that note how they
 * end. The server is the one of RINGBACK_TEST_DATABASE_URL; the database is dropped when the program ends. */
#include "caps.h"
#include "db_pool.h"
#include "db_row.h"
#include "err.h"
#include "metric.h"
#include "migrate.h"
#include "sql_migrations.h"
#include "tap.h"
#include <libpq-fe.h>
#include <poll.h>
#include <stdarg.h>

#define RIG_WAIT_MS 10000 /* for what must happen; a test that waits so long has failed */

/* The database; made once, by the first test that asks. */
struct rig_base {
    PGconn *admin; /* as superuser, in the server's own database */
    PGconn *pg;    /* as superuser, in ours */
    char name[64], port[16], url[256];
};

static struct rig_base base;

struct rig {
    struct loop loop;
    struct db_pool pool;
    int stopped;
};

static inline uint64_t rig_now_ms(void)
{
    return uv_hrtime() / 1000000;
}

static inline void rig_turn(struct loop *l)
{
    struct pollfd any = {uv_backend_fd(&l->uv), POLLIN, 0};
    uv_run(&l->uv, UV_RUN_NOWAIT);
    poll(&any, 1, 1);
}

static inline void rig_pause(struct loop *l, uint64_t ms)
{
    for (uint64_t end = rig_now_ms() + ms; rig_now_ms() < end;) {
        rig_turn(l);
    }
}

/* Turns the loop until the condition holds; false when it never does. */
#define RIG_WAIT(loop, cond)                                                                                           \
    ({                                                                                                                 \
        uint64_t end_ms = rig_now_ms() + RIG_WAIT_MS;                                                                  \
        while (!(cond) && rig_now_ms() < end_ms) {                                                                     \
            rig_turn(loop);                                                                                            \
        }                                                                                                              \
        (cond);                                                                                                        \
    })

static inline PGconn *rig_connect(const char *url)
{
    PGconn *pg = PQconnectdb(url);
    if (PQstatus(pg) != CONNECTION_OK) {
        printf("Bail out! %s\n", PQerrorMessage(pg));
        exit(1);
    }
    return pg;
}

static inline PGresult *rig_exec(PGconn *pg, const char *sql)
{
    PGresult *r = PQexec(pg, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
        printf("Bail out! %s: %s\n", sql, PQerrorMessage(pg));
        exit(1);
    }
    return r;
}

/* As superuser in the test's database. The first cell, "" when there is none; valid until the eighth call from now. */
static inline const char *rig_sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline const char *rig_sql(const char *format, ...)
{
    static char cells[8][8192];
    static unsigned next;
    char sql[16384];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof(sql), format, args);
    va_end(args);
    PGresult *r = rig_exec(base.pg, sql);
    char *cell = cells[next++ % 8];
    snprintf(cell, sizeof(cells[0]), "%s", PQntuples(r) && PQnfields(r) ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    return cell;
}

#define rig_count(...) strtol(rig_sql(__VA_ARGS__), NULL, 10)

static inline void rig_drop(void)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "drop database %s with (force)", base.name);
    PQfinish(base.pg);
    PQclear(PQexec(base.admin, sql));
    PQfinish(base.admin);
}

static inline void rig_ignore(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

/* Makes and migrates the database when there is none yet. */
static inline void rig_database(void)
{
    const char *server = getenv("RINGBACK_TEST_DATABASE_URL");
    if (base.pg) {
        return;
    }
    if (!server) {
        printf("Bail out! RINGBACK_TEST_DATABASE_URL: needed\n");
        exit(1);
    }
    char text[256];
    base.admin = rig_connect(server);
    snprintf(base.port, sizeof(base.port), "%s", PQport(base.admin));
    snprintf(base.name, sizeof(base.name), "ringback_%d", (int)getpid());
    snprintf(base.url, sizeof(base.url), "postgresql://ringback_server@127.0.0.1:%s/%s", base.port, base.name);
    snprintf(text, sizeof(text), "create database %s", base.name);
    PQclear(rig_exec(base.admin, text));
    snprintf(text, sizeof(text), "postgresql://%s@127.0.0.1:%s/%s", PQuser(base.admin), base.port, base.name);
    setenv("MIGRATE_DATABASE_URL", text, 1);
    if (migrate_run(&(struct migrate_options){.local = true}) != 0) {
        printf("Bail out! the migrations failed\n");
        exit(1);
    }
    base.pg = rig_connect(text);
    PQsetNoticeReceiver(base.pg, rig_ignore, NULL);
    atexit(rig_drop);
}

static inline const char *rig_newest_migration(void)
{
    const char *newest = "";
    for (const struct sql_migration *m = sql_migrations; m->version; m++) {
        newest = m->version;
    }
    return newest;
}

/* Options for connections to the test's database, by way of `port` when it is not 0. */
static inline struct db_pool_options rig_options(size_t connections, int port)
{
    static const char *const roles[] = {"ringback_ingest", NULL};
    static char urls[8][256];
    static unsigned next;
    char *url = urls[next++ % 8];
    snprintf(url, sizeof(urls[0]), "%s", base.url);
    if (port) {
        snprintf(url, sizeof(urls[0]), "postgresql://ringback_server@127.0.0.1:%d/%s", port, base.name);
    }
    return (struct db_pool_options){.url = str_of(url),
                                    .connections = connections,
                                    .roles = roles,
                                    .schema_version = rig_newest_migration(),
                                    .session_options = ""};
}

static inline void rig_open_with(struct rig *r, const struct db_pool_options *options)
{
    *r = (struct rig){0};
    metric_free();
    metric_init(NULL, 0);
    if (!getenv("RIG_LOG")) {
        log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    }
    loop_init(&r->loop);
    CHECK_INT(db_pool_start(&r->pool, &r->loop, options), 0);
}

static inline bool rig_ready(struct rig *r)
{
    return RIG_WAIT(&r->loop, db_pool_ready(&r->pool) == r->pool.options.connections);
}

/* A pool with all of its connections ready. */
static inline void rig_open(struct rig *r, size_t connections)
{
    rig_database();
    struct db_pool_options options = rig_options(connections, 0);
    rig_open_with(r, &options);
    CHECK(rig_ready(r));
}

static inline void rig_on_stopped(struct db_pool *p)
{
    container_of(p, struct rig, pool)->stopped++;
}

/* Every test ends here: the pool stops once and the loop is empty. */
static inline void rig_close(struct rig *r)
{
    if (!r->pool.stopping) {
        db_pool_stop(&r->pool, rig_on_stopped);
        CHECK_INT(r->stopped, 0);
    }
    CHECK(RIG_WAIT(&r->loop, r->stopped == 1));
    loop_stop(&r->loop);
    loop_run(&r->loop);
    CHECK_INT(r->stopped, 1);
    CHECK_INT(loop_close(&r->loop), 0);
    metric_free();
}
