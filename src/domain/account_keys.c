#include "account_core.h"
#include "db_row.h"

static void on_fail(struct flow *f, int code)
{
    account_failed(account_of_flow(f), code);
}

static enum flow_next step_ask(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    w->params[0] = db_text(account_number(w, CAP_TOKEN_KEYS));
    db_unit_add(account_unit(w), STMT_ACCOUNT_KEYS, w->params, 1);
    return account_send(w);
}

static enum flow_next step_copy(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    w->op->key_count = db_rows(&w->unit, 0);
    w->op->keys = arena_alloc(w->op->arena, w->op->key_count * sizeof(*w->op->keys));
    for (size_t i = 0; i < w->op->key_count; i++) {
        w->op->keys[i].private_jwk = arena_copy(w->op->arena, db_cell(&w->unit, 0, i, 0));
        w->op->keys[i].in_use = str_eq(db_cell(&w->unit, 0, i, 1), STR("in_use"));
    }
    return account_found(w, ACCOUNT_OK);
}

static const struct flow_step keys_steps[] = {{"ask", step_ask}, {"copy", step_copy}, {NULL, NULL}};

int account_keys(struct accounts *a, struct account_op *op)
{
    struct account_work *w = account_work_new(a, op);
    return account_begin(w, keys_steps, on_fail);
}

static enum flow_next step_add(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    db_unit_add(account_unit(w), STMT_ACCOUNT_ADD_KEY, w->params, 2);
    return account_send(w);
}

static enum flow_next step_added(struct flow *f)
{
    return account_found(account_of_flow(f), ACCOUNT_OK);
}

static const struct flow_step add_steps[] = {{"add", step_add}, {"added", step_added}, {NULL, NULL}};

int account_add_key(struct accounts *a, struct account_op *op, struct str kid, struct str private_jwk)
{
    struct account_work *w = account_work_new(a, op);
    w->params[0] = db_text(kid);
    w->params[1] = db_text(private_jwk);
    return account_begin(w, add_steps, on_fail);
}
