#include "ingest_merge.h"
#include "arena.h"
#include "db_unit.h"
#include "log.h"
#include "err.h"
#include <stdlib.h>

#define UUID_CHARS 36

struct merge {
    struct db_unit unit;
    struct db_param ids[2];
    char keep[UUID_CHARS], lose[UUID_CHARS];
};

static void on_done(struct db_unit *u, int code)
{
    struct merge *m = container_of(u, struct merge, unit);
    log_event(code < 0 ? LOG_WARN : LOG_INFO, "calls_merged", LOG_STR("call", ((struct str){m->keep, UUID_CHARS})),
              LOG_CSTR("result", err_info(code)->code));
    free(m);
}

static void merge_pair(struct db_pool *pool, struct str pair)
{
    struct merge *m = mem_alloc(sizeof(*m));
    memcpy(m->keep, pair.p, UUID_CHARS);
    memcpy(m->lose, pair.p + UUID_CHARS + 1, UUID_CHARS);
    m->ids[0] = db_text((struct str){m->keep, UUID_CHARS});
    m->ids[1] = db_text((struct str){m->lose, UUID_CHARS});
    m->unit.role = "ringback_ingest";
    m->unit.on_done = on_done;
    db_unit_add(&m->unit, STMT_MERGE_LOCK, m->ids, 2);
    db_unit_add(&m->unit, STMT_MERGE_MOVE, m->ids, 2);
    db_unit_add(&m->unit, STMT_MERGE_TIDY, m->ids, 1);
    db_unit_add(&m->unit, STMT_MERGE_FOLD, m->ids, 2);
    if (db_submit(pool, &m->unit) < 0) {
        free(m);
    }
}

void ingest_merge(struct db_pool *pool, struct str pairs)
{
    while (pairs.n >= 2 * UUID_CHARS + 1) {
        merge_pair(pool, pairs);
        pairs = str_skip(pairs, 2 * UUID_CHARS + 2);
    }
}
