#include "command_pg.h"
#include "err.h"
#include "utf8.h"
#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 1500

int command_pg_connect(struct command_pg *c, const struct config *config)
{
    c->pg = PQconnectdb(config->database_url.p);
    if (PQstatus(c->pg) != CONNECTION_OK) {
        fprintf(stderr, "ringback %s: %s", c->command, PQerrorMessage(c->pg));
        return ERR_CONNECT;
    }
    return 0;
}

int command_pg_open(struct command_pg *c, struct config *config)
{
    struct str why = STR("DATABASE_URL: needed");
    if (config_read(config, &why) < 0 || !config->database_url.n) {
        fprintf(stderr, "ringback %s: %s\n", c->command, why.p);
        return ERR_BAD_SETTING;
    }
    return command_pg_connect(c, config);
}

void command_pg_close(struct command_pg *c)
{
    PQfinish(c->pg);
    c->pg = NULL;
}

static bool is_good(const PGresult *r)
{
    return PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK;
}

/* What one part of the pipeline brought; a null result ends it. */
static PGresult *next_result(PGconn *pg)
{
    PGresult *r = PQgetResult(pg), *end = PQgetResult(pg);
    PQclear(end);
    return r;
}

/* Role and statement are one segment, and so one transaction: the role is gone with it. */
PGresult *command_pg_try(struct command_pg *c, enum sql_statement_id id, int count, const char *const *values)
{
    const struct sql_statement *s = &sql_statements[id];
    const char *role[] = {s->role, ""};
    if (strcmp(s->role, "owner") == 0) {
        return PQexecParams(c->pg, s->text, count, NULL, values, NULL, NULL, 0);
    }
    int sent = PQenterPipelineMode(c->pg) &&
               PQsendQueryParams(c->pg, sql_statements[STMT_TAKE_ROLE].text, 2, NULL, role, NULL, NULL, 0) &&
               PQsendQueryParams(c->pg, s->text, count, NULL, values, NULL, NULL, 0) && PQpipelineSync(c->pg);
    if (!sent) {
        return NULL;
    }
    PGresult *taken = next_result(c->pg), *answer = next_result(c->pg);
    PQclear(PQgetResult(c->pg)); /* of the Sync */
    PQexitPipelineMode(c->pg);
    if (is_good(taken)) {
        PQclear(taken);
        return answer;
    }
    PQclear(answer);
    return taken;
}

PGresult *command_pg_ask(struct command_pg *c, enum sql_statement_id id, int count, const char *const *values)
{
    PGresult *r = command_pg_try(c, id, count, values);
    if (is_good(r)) {
        return r;
    }
    fprintf(stderr, "ringback %s: %s", c->command, r ? PQresultErrorMessage(r) : PQerrorMessage(c->pg));
    PQclear(r);
    return NULL;
}

const char *command_pg_cell(const PGresult *r, int row, int column)
{
    return PQgetisnull(r, row, column) ? NULL : PQgetvalue(r, row, column);
}

const char *command_shown(const char *text, size_t most)
{
    static char out[SHOWN_BYTES];
    struct str s = str_of(text ? text : "");
    size_t n = 0;
    for (size_t letters = 0; s.n && letters < most && n + 5 < sizeof(out); letters++) {
        size_t bytes = utf8_sequence(s);
        bytes = bytes ? bytes : 1;
        bool control = (unsigned char)*s.p < 0x20 || *s.p == 0x7f || (bytes == 2 && (unsigned char)*s.p == 0xc2);
        memcpy(&out[n], control ? "?" : s.p, control ? 1 : bytes);
        n += control ? 1 : bytes;
        s = str_skip(s, bytes);
    }
    out[n] = 0;
    return out;
}
