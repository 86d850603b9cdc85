#include "migrate.h"
#include "config.h"
#include "sql_migrations.h"
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#define LOCK_KEY "7267261" /* one migration at a time, whoever runs it */

static const char prepare_sql[] = "set client_min_messages = warning;"
                                  "create schema if not exists supabase_migrations;"
                                  "create table if not exists supabase_migrations.schema_migrations ("
                                  "version text primary key, statements text[], name text)";
static int run(PGconn *pg, const char *sql)
{
    PGresult *r = PQexec(pg, sql);
    int ok = PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;
    if (!ok) {
        fprintf(stderr, "%s", PQerrorMessage(pg));
    }
    PQclear(r);
    return ok ? 0 : -1;
}

/* 1 applied, 0 not, -1 the question failed. */
static int is_applied(PGconn *pg, const char *version)
{
    PGresult *exists = PQexec(pg, "select to_regclass('supabase_migrations.schema_migrations')");
    int known = PQresultStatus(exists) == PGRES_TUPLES_OK ? !PQgetisnull(exists, 0, 0) : -1;
    PQclear(exists);
    if (known < 1) {
        return known;
    }
    const char *values[] = {version};
    PGresult *r = PQexecParams(pg, "select 1 from supabase_migrations.schema_migrations where version = $1", 1, NULL,
                               values, NULL, NULL, 0);
    int applied = PQresultStatus(r) == PGRES_TUPLES_OK ? PQntuples(r) : -1;
    PQclear(r);
    return applied;
}

static int record(PGconn *pg, const struct sql_migration *m)
{
    const char *values[] = {m->version, m->name, m->text};
    PGresult *r = PQexecParams(pg,
                               "insert into supabase_migrations.schema_migrations (version, name, statements) "
                               "values ($1, $2, array[$3])",
                               3, NULL, values, NULL, NULL, 0);
    int ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    return ok ? 0 : -1;
}

/* One migration, one transaction. */
static int apply(PGconn *pg, const struct sql_migration *m, bool recorded)
{
    if (run(pg, "begin") == 0 && run(pg, m->text) == 0 && (!recorded || record(pg, m) == 0) && run(pg, "commit") == 0) {
        printf("applied  %s %s\n", m->version, m->name);
        return 0;
    }
    fprintf(stderr, "failed   %s %s: nothing of it was kept\n", m->version, m->name);
    int ignored = run(pg, "rollback");
    (void)ignored;
    return -1;
}

static int apply_pending(PGconn *pg, const struct migrate_options *o)
{
    int pending = 0;
    for (const struct sql_migration *m = sql_migrations; m->version; m++) {
        int applied = is_applied(pg, m->version);
        if (applied < 0) {
            fprintf(stderr, "%s", PQerrorMessage(pg));
            return -1;
        }
        pending += !applied;
        if (o->status || o->dry_run) {
            printf("%s  %s %s\n", applied ? "applied" : "pending", m->version, m->name);
        } else if (!applied && apply(pg, m, true) < 0) {
            return -1;
        }
    }
    if (pending == 0) {
        printf("The schema is up to date.\n");
    }
    return 0;
}

static int migrate(PGconn *pg, const struct migrate_options *o)
{
    bool reads_only = o->status || o->dry_run;
    if (reads_only) {
        return apply_pending(pg, o);
    }
    if (run(pg, "select pg_advisory_lock(" LOCK_KEY ")") < 0 || run(pg, prepare_sql) < 0) {
        return -1;
    }
    for (const struct sql_migration *m = sql_local; o->local && m->version; m++) {
        if (apply(pg, m, false) < 0) {
            return -1;
        }
    }
    return apply_pending(pg, o);
}

int migrate_run(const struct migrate_options *options)
{
    struct config c;
    struct str why;
    int rc = config_read(&c, &why);
    struct str url = str_or(c.migrate_database_url, c.database_url);
    if (rc < 0 || !url.n) {
        fprintf(stderr, "ringback migrate: %s\n", rc < 0 ? why.p : "MIGRATE_DATABASE_URL or DATABASE_URL: needed");
        config_free(&c);
        return 1;
    }
    PGconn *pg = PQconnectdb(url.p);
    if (PQstatus(pg) != CONNECTION_OK) {
        fprintf(stderr, "ringback migrate: %s", PQerrorMessage(pg));
        rc = -1;
    } else {
        rc = migrate(pg, options);
    }
    PQfinish(pg);
    config_free(&c);
    return rc < 0 ? 1 : 0;
}
