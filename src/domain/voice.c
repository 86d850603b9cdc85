#include "voice.h"
#include "caps.h"
#include "db_row.h"
#include "err.h"
#include "loop.h"
#include <stdlib.h>

#define EXPIRE_MS 3600000

struct answer {
    struct arena arena; /* of the two texts */
    struct str call_sid, twiml;
};

struct voice_core {
    struct loop *loop;
    struct db_pool *pool;
    struct answer answers[CAP_VOICE_ANSWERS]; /* ring: the oldest is overwritten */
    size_t next;
    uint64_t expire_at_ms;
};

/* A unit of work that lives by itself; the ticket, if there is one, can be cut from either side. */
struct voice_op {
    struct db_unit unit;
    struct db_param params[2];
    struct arena arena;
    struct voice_ticket *ticket;
};

static void free_op(struct voice_op *op)
{
    arena_free(&op->arena);
    free(op);
}

static void on_op_done(struct db_unit *u, int code)
{
    struct voice_op *op = container_of(u, struct voice_op, unit);
    struct voice_ticket *t = op->ticket;
    enum voice_claim_result result = VOICE_MINE;
    struct str twiml = {NULL, 0};
    if (t && code == 0 && db_rows(u, 0) == 1) {
        twiml = db_cell(u, 0, 0, 1);
        bool mine = str_eq(db_cell(u, 0, 0, 0), STR("t"));
        result = twiml.n ? VOICE_ANSWERED : mine ? VOICE_MINE : VOICE_TAKEN;
    }
    if (t) {
        t->op = NULL;
        t->on_done(t, result, twiml);
    }
    free_op(op);
}

static int submit(struct voice_core *v, enum sql_statement_id statement, struct str call_sid, struct str twiml,
                  struct voice_ticket *t)
{
    struct voice_op *op = mem_alloc(sizeof(*op));
    op->params[0] = db_text(arena_copy(&op->arena, call_sid));
    op->params[1] = db_text(arena_copy(&op->arena, twiml));
    op->unit.role = "ringback_ingest";
    op->unit.on_done = on_op_done;
    op->unit.deadline_ms = t ? CAP_VOICE_STORE_MS : 0;
    op->ticket = t;
    size_t params = statement == STMT_VOICE_EXPIRE ? 0 : twiml.n ? 2 : 1;
    db_unit_add(&op->unit, statement, op->params, params);
    int rc = db_submit(v->pool, &op->unit);
    if (rc < 0) {
        free_op(op);
    } else if (t) {
        t->op = op;
    }
    return rc;
}

void voice_start(struct voice *v, struct loop *loop, struct db_pool *pool)
{
    v->core = mem_alloc(sizeof(*v->core));
    v->core->loop = loop;
    v->core->pool = pool;
}

void voice_stop(struct voice *v)
{
    for (size_t i = 0; i < CAP_VOICE_ANSWERS; i++) {
        arena_free(&v->core->answers[i].arena);
    }
    free(v->core);
    v->core = NULL;
}

static struct answer *find(const struct voice_core *v, struct str call_sid)
{
    for (size_t i = 0; i < CAP_VOICE_ANSWERS; i++) {
        if (str_eq(v->answers[i].call_sid, call_sid)) {
            return (struct answer *)&v->answers[i];
        }
    }
    return NULL;
}

struct str voice_remembered(const struct voice *v, struct str call_sid)
{
    const struct answer *a = find(v->core, call_sid);
    return a ? a->twiml : (struct str){NULL, 0};
}

int voice_claim(struct voice *v, struct voice_ticket *t, struct str call_sid)
{
    return submit(v->core, STMT_VOICE_CLAIM, call_sid, (struct str){NULL, 0}, t);
}

void voice_abandon(struct voice_ticket *t)
{
    if (t->op) {
        t->op->ticket = NULL;
        t->op = NULL;
    }
}

void voice_answered(struct voice *handle, struct str call_sid, struct str twiml)
{
    struct voice_core *v = handle->core;
    struct answer *a = &v->answers[v->next++ % CAP_VOICE_ANSWERS];
    arena_free(&a->arena);
    a->call_sid = arena_copy(&a->arena, call_sid);
    a->twiml = arena_copy(&a->arena, twiml);
    int ignored = submit(v, STMT_VOICE_STORE, call_sid, twiml, NULL);
    uint64_t now = loop_now_ms(v->loop);
    if (now >= v->expire_at_ms) {
        v->expire_at_ms = now + EXPIRE_MS;
        ignored = submit(v, STMT_VOICE_EXPIRE, call_sid, twiml, NULL);
    }
    (void)ignored; /* the memory of this process has it; another instance would merely make a second AI call */
}
