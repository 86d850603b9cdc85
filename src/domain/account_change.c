#include "account_core.h"
#include "db_row.h"

/* What stands in the way of this account and session; ACCOUNT_OK: nothing. Or a code. */
static int judge(struct account_work *w, size_t call)
{
    int rc = account_take(w, call);
    if (rc < 0) {
        return rc;
    }
    return rc == 0                        ? ACCOUNT_NO_USER
           : w->op->account.banned        ? ACCOUNT_BANNED
           : !w->op->account.session_id.n ? ACCOUNT_NO_SESSION
                                          : ACCOUNT_OK;
}

static void on_fail(struct flow *f, int code)
{
    account_failed(account_of_flow(f), code);
}

static enum flow_next step_look(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    account_unit(w);
    account_add_read(w, w->change.user_id, w->change.session_id, ACCOUNT_NONE);
    return account_send(w);
}

static enum flow_next tell(struct account_work *w, size_t call)
{
    int rc = judge(w, call);
    return rc < 0 ? flow_fail(&w->flow, rc) : account_found(w, (enum account_verdict)rc);
}

static enum flow_next step_tell(struct flow *f)
{
    return tell(account_of_flow(f), 0);
}

static const struct flow_step read_steps[] = {{"look", step_look}, {"tell", step_tell}, {NULL, NULL}};

int account_read(struct accounts *a, struct account_op *op, struct str user_id, struct str session_id)
{
    struct account_work *w = account_work_new(a, op);
    w->change = (struct account_change){.user_id = user_id, .session_id = session_id};
    return account_begin(w, read_steps, on_fail);
}

static enum flow_next step_prove(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    if (judge(w, 0) != ACCOUNT_OK) {
        return tell(w, 0);
    }
    return w->current.n ? account_check(w, &w->current) : FLOW_NEXT;
}

static enum flow_next step_compare(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    if (w->current.n && !w->password_op.matches) {
        return account_found(w, ACCOUNT_WRONG);
    }
    return w->password.n ? account_check(w, &w->password) : FLOW_NEXT;
}

static enum flow_next step_hash(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    if (!w->password.n) {
        return FLOW_NEXT;
    }
    if (w->password_op.matches) {
        return account_found(w, ACCOUNT_SAME_PASSWORD);
    }
    return account_hash(w, &w->password);
}

static enum flow_next step_store(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    w->params[0] = db_text(w->change.user_id);
    w->params[1] = db_text(w->change.session_id);
    w->params[2] = db_text(w->op->account.password_hash);
    w->params[3] = db_text(w->password.n ? str_of(w->password_op.hash) : ACCOUNT_NONE);
    w->params[4] = db_text(w->change.data);
    w->params[5] = db_text(account_number(w, CAP_USER_METADATA_BYTES));
    db_unit_add(account_unit(w), STMT_ACCOUNT_UPDATE, w->params, 6);
    account_add_read(w, w->change.user_id, w->change.session_id, ACCOUNT_NONE);
    return account_send(w);
}

static enum flow_next step_stored(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    bool live = str_eq(db_cell(&w->unit, 0, 0, 0), STR("t"));
    bool changed = str_eq(db_cell(&w->unit, 0, 0, 1), STR("t"));
    if (!live || !changed) {
        return account_found(w, live ? ACCOUNT_DATA_TOO_LARGE : ACCOUNT_NO_SESSION);
    }
    if (w->password.n) {
        log_event(LOG_INFO, "password_changed", LOG_STR("user", w->change.user_id));
    }
    return tell(w, 1);
}

static const struct flow_step write_steps[] = {{"look", step_look}, {"prove", step_prove}, {"compare", step_compare},
                                               {"hash", step_hash}, {"store", step_store}, {"stored", step_stored},
                                               {NULL, NULL}};

int account_write(struct accounts *a, struct account_op *op, const struct account_change *change)
{
    struct account_work *w = account_work_new(a, op);
    w->change = *change;
    account_keep(&w->password, change->password);
    account_keep(&w->current, change->current_password);
    return account_begin(w, write_steps, on_fail);
}

static enum flow_next step_end_sessions(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    db_unit_add(account_unit(w), STMT_ACCOUNT_SIGN_OUT, w->params, 3);
    return account_send(w);
}

static enum flow_next step_ended(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    bool known = str_eq(db_cell(&w->unit, 0, 0, 0), STR("t"));
    bool live = str_eq(db_cell(&w->unit, 0, 0, 1), STR("t"));
    return account_found(w, live ? ACCOUNT_OK : known ? ACCOUNT_NO_SESSION : ACCOUNT_NO_USER);
}

static const struct flow_step sign_out_steps[] = {{"end", step_end_sessions}, {"ended", step_ended}, {NULL, NULL}};

int account_sign_out(struct accounts *a, struct account_op *op, struct str user_id, struct str session_id,
                     enum account_scope scope)
{
    struct account_work *w = account_work_new(a, op);
    static const struct str names[] = {
        [ACCOUNT_GLOBAL] = STR("global"), [ACCOUNT_LOCAL] = STR("local"), [ACCOUNT_OTHERS] = STR("others")};
    w->params[0] = db_text(user_id);
    w->params[1] = db_text(session_id);
    w->params[2] = db_text(names[scope]);
    return account_begin(w, sign_out_steps, on_fail);
}
