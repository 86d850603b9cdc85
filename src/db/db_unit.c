#include "caps.h"
#include "db_conn.h"
#include "err.h"

void db_unit_add(struct db_unit *u, enum sql_statement_id statement, const struct db_param *params, size_t count)
{
    assert(u->call_count < CAP_DB_STATEMENTS && count <= CAP_DB_PARAMS);
    u->calls[u->call_count++] = (struct db_call){statement, params, count};
}

int db_submit(struct db_pool *pool, struct db_unit *u)
{
    assert(u->state == DB_UNIT_NEW || u->state == DB_UNIT_DONE);
    assert(u->role && u->call_count > 0 && u->on_done && !pool->options.listens);
    if (pool->stopping) {
        return ERR_STOPPING;
    }
    if (pool->waiting.count >= CAP_DB_WAITING) {
        return ERR_BUSY;
    }
    u->pool = pool;
    u->slot = NULL;
    u->submitted_ms = loop_now_ms(pool->loop);
    u->deadline_at_ms = u->submitted_ms + (u->deadline_ms ? u->deadline_ms : CAP_DB_UNIT_MS);
    memset(u->results, 0, sizeof(u->results));
    u->sqlstate[0] = 0;
    u->state = DB_UNIT_WAITING;
    list_push(&pool->waiting, &u->node);
    return 0;
}

void db_abandon(struct db_unit *u)
{
    if (u->state == DB_UNIT_DONE) {
        return;
    }
    if (u->state == DB_UNIT_WAITING) {
        list_remove(&u->pool->waiting, &u->node);
    } else if (u->state == DB_UNIT_SENT && u->slot) {
        u->slot->unit = NULL;
    } else if (list_linked(&u->node)) {
        list_remove(&u->pool->failed, &u->node);
    }
    for (size_t i = 0; i < u->call_count; i++) {
        PQclear(u->results[i]); /* those of a unit that is half answered */
        u->results[i] = NULL;
    }
    u->state = DB_UNIT_DONE;
}
