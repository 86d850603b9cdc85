#pragma once
/* The way from nothing to a ready connection: resolve, connect, prepare every statement, check the schema. Private to the
 * room. */
#include "db_conn.h"

/* Begins; ends in db_conn_connected or db_conn_fail. */
void db_connect_start(struct db_conn *c);
/* The socket is ready while CONNECTING. */
void db_connect_poll(struct db_conn *c);
/* A result came while PREPARING. True when all of them are in. */
bool db_connect_result(struct db_conn *c, PGresult *r);

/* In db_conn.c. */
void db_conn_set_state(struct db_conn *c, enum db_conn_state to);
/* The attempt fails after CAP_DB_CONNECT_MS from now. */
void db_conn_limit(struct db_conn *c);
void db_conn_watch(struct db_conn *c, int events);
void db_conn_fail(struct db_conn *c, const char *why, const char *sqlstate);
