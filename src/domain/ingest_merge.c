#include "ingest_merge.h"
#include "caps.h"
#include "err.h"

static int submit(struct db_pool *pool, struct ingest_merge *m);

/* Somebody else changed the rows at the same time: the next try tells. */
static void on_unit_done(struct db_unit *u, int code)
{
    struct ingest_merge *m = container_of(u, struct ingest_merge, unit);
    if (code == ERR_CONFLICT && ++m->tries < CAP_EVENT_TRIES && submit(u->pool, m) == 0) {
        return;
    }
    log_event(code < 0 ? LOG_WARN : LOG_INFO, "calls_merged",
              LOG_STR("call", ((struct str){m->params[0].bytes, m->params[0].n})),
              LOG_CSTR("result", err_info(code)->code));
    struct arena texts = m->arena; /* on_done may free m */
    m->on_done(m, code);
    arena_free(&texts);
}

static int submit(struct db_pool *pool, struct ingest_merge *m)
{
    m->unit = (struct db_unit){.role = "ringback_ingest", .deadline_ms = CAP_MERGE_MS, .on_done = on_unit_done};
    db_unit_add(&m->unit, STMT_MERGE_LOCK, m->params, 2);
    db_unit_add(&m->unit, STMT_MERGE_MOVE, m->params, 2);
    db_unit_add(&m->unit, STMT_MERGE_TIDY, m->params, 1);
    db_unit_add(&m->unit, STMT_MERGE_FOLD, m->params, 3);
    return db_submit(pool, &m->unit);
}

int ingest_merge_submit(struct db_pool *pool, struct ingest_merge *m, const struct str parts[3])
{
    for (size_t i = 0; i < 3; i++) {
        m->params[i] = db_text(arena_copy(&m->arena, parts[i]));
    }
    int rc = submit(pool, m);
    if (rc < 0) {
        arena_free(&m->arena);
    }
    return rc;
}
