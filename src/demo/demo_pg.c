#include "demo_pg.h"
#include "demo_text.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;
static PGcancel *volatile cancel;

static void on_signal(int number)
{
    int kept = errno;
    char why[256];
    stopped = number;
    if (cancel) {
        PQcancel(cancel, why, sizeof(why)); /* may be called here, says libpq */
    }
    errno = kept;
}

int demo_pg_stopped(void)
{
    return stopped;
}

int demo_pg_open(struct demo_pg *d, const char *url)
{
    struct sigaction on_stop = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    d->pg = PQconnectdb(url);
    if (PQstatus(d->pg) != CONNECTION_OK) {
        fprintf(stderr, "ringback demo: %s", PQerrorMessage(d->pg));
        return ERR_CONNECT;
    }
    cancel = PQgetCancel(d->pg);
    sigaction(SIGINT, &on_stop, NULL);
    sigaction(SIGTERM, &on_stop, NULL);
    return 0;
}

void demo_pg_close(struct demo_pg *d)
{
    PGcancel *last = cancel;
    cancel = NULL;
    PQfreeCancel(last);
    PQfinish(d->pg);
    d->pg = NULL;
}

static int complain(struct demo_pg *d)
{
    if (!stopped) {
        fprintf(stderr, "%sringback demo: %s", isatty(STDERR_FILENO) ? "\r\033[K" : "", PQerrorMessage(d->pg));
    }
    return ERR_BAD_DATA;
}

static bool is_good(const PGresult *r)
{
    return PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;
}

static PGresult *good_or_null(struct demo_pg *d, PGresult *r)
{
    if (!r || !is_good(r)) {
        complain(d);
        PQclear(r);
        return NULL;
    }
    return r;
}

PGresult *demo_pg_ask(struct demo_pg *d, enum sql_statement_id id, int count, const char *const *values)
{
    const char *text = sql_statements[id].text;
    return good_or_null(d, stopped ? NULL : PQexecParams(d->pg, text, count, NULL, values, NULL, NULL, 0));
}

int demo_pg_prepare(struct demo_pg *d, enum sql_statement_id id)
{
    const struct sql_statement *s = &sql_statements[id];
    PGresult *r = good_or_null(d, stopped ? NULL : PQprepare(d->pg, s->name, s->text, 0, NULL));
    PQclear(r);
    return r ? 0 : ERR_BAD_DATA;
}

PGresult *demo_pg_ask_again(struct demo_pg *d, enum sql_statement_id id, int count, const char *const *values)
{
    const char *name = sql_statements[id].name;
    return good_or_null(d, stopped ? NULL : PQexecPrepared(d->pg, name, count, values, NULL, NULL, 0));
}

int demo_pg_do(struct demo_pg *d, enum sql_statement_id id, int count, const char *const *values)
{
    PGresult *r = demo_pg_ask(d, id, count, values);
    PQclear(r);
    return r ? 0 : ERR_BAD_DATA;
}

int demo_pg_run(struct demo_pg *d, const char *made)
{
    PGresult *r = stopped ? NULL : PQexec(d->pg, made);
    int rc = r && is_good(r) ? 0 : complain(d);
    PQclear(r);
    return rc;
}

int demo_pg_copy(struct demo_pg *d, enum sql_statement_id id, struct buf *rows)
{
    if (rows->len == 0) {
        return 0;
    }
    PGresult *r = stopped ? NULL : PQexec(d->pg, sql_statements[id].text);
    int rc = r && PQresultStatus(r) == PGRES_COPY_IN ? 0 : complain(d);
    PQclear(r);
    if (rc < 0) {
        return rc;
    }
    bool sent = PQputCopyData(d->pg, rows->data, (int)rows->len) == 1;
    sent = PQputCopyEnd(d->pg, stopped ? "stopped" : NULL) == 1 && sent;
    rows->len = 0;
    r = PQgetResult(d->pg);
    rc = sent && is_good(r) ? 0 : complain(d);
    while (r) {
        PQclear(r);
        r = PQgetResult(d->pg);
    }
    return rc;
}

void demo_array_begin(struct buf *array)
{
    array->len = 0;
    demo_put_byte(array, '{');
}

void demo_array_add(struct buf *array, const char *value)
{
    if (array->len > 1) {
        demo_put_byte(array, ',');
    }
    demo_put(array, *value ? STR("\"") : STR("NULL"));
    demo_put(array, str_of(value));
    demo_put(array, *value ? STR("\"") : STR(""));
}

const char *demo_array_end(struct buf *array)
{
    demo_put(array, (struct str){"}", 2});
    return array->data;
}
