#pragma once
/* One connection of the server's own login, for a command that runs alone and waits for its answers. Each question is a
 * transaction of its own under its statement's role, as in the server (db_unit.h); one of role `owner` under the login's own. */
#include "config.h"
#include "sql_statements.h"
#include <libpq-fe.h>

struct command_pg {
    const char *command; /* its name, for what is said on standard error */
    PGconn *pg;
};

/* Reads the settings and connects. 0, or negative: said on standard error; config_free and command_pg_close are due all the
 * same. */
int command_pg_open(struct command_pg *c, struct config *config) __attribute__((warn_unused_result));
/* The same with settings that were read. */
int command_pg_connect(struct command_pg *c, const struct config *config) __attribute__((warn_unused_result));
void command_pg_close(struct command_pg *c);
/* The statement's rows; PQclear them. NULL when it failed: said on standard error. */
PGresult *command_pg_ask(struct command_pg *c, enum sql_statement_id id, int count, const char *const *values);
/* The same without a word about a failure: the result says what it was. */
PGresult *command_pg_try(struct command_pg *c, enum sql_statement_id id, int count, const char *const *values);
/* A cell as text; NULL: there is none. */
const char *command_pg_cell(const PGresult *r, int row, int column);
/* What somebody wrote, fit for a terminal, at most so many letters; in a buffer that the next call takes again. */
const char *command_shown(const char *text, size_t most);
