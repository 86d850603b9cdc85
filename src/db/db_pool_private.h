#pragma once
/* What the pool and its connections say to each other. */
#include "db_pool.h"

/* Ends a unit now: from I/O callbacks and timers, which are later turns by nature. Frees its results afterwards. */
void db_unit_finish(struct db_unit *u, int code);
/* Ends a unit in a later turn: from places that submit may have led to. */
void db_unit_finish_later(struct db_unit *u, int code);
/* A connection became ready or has room again. */
void db_pool_wake(struct db_pool *p);
void db_pool_handle_opened(struct db_pool *p);
void db_pool_handle_closed(struct db_pool *p);
