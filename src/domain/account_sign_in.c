#include "account_core.h"
#include "metric.h"

static const struct field found_fields[] = {
    FIELD(struct account, user_id, "user_id", STR, 0),
    FIELD(struct account, password_hash, "password_hash", STR, 0),
    FIELD(struct account, banned, "banned", BOOL, 0),
    FIELD(struct account, confirmed, "confirmed", BOOL, 0),
};

static enum flow_next step_find(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    db_unit_add(account_unit(w), STMT_ACCOUNT_FIND, w->params, 1);
    return account_send(w);
}

/* Also for nobody: the time it takes must not tell. */
static enum flow_next step_check(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    w->op->account = (struct account){.banned = false};
    int rc = account_row(w, 0, found_fields, FIELD_COUNT(found_fields));
    if (rc < 0) {
        return flow_fail(f, rc);
    }
    return account_check(w, &w->password);
}

static enum flow_next end(struct account_work *w, enum account_verdict verdict)
{
    static const struct {
        enum metric_sign_in label;
        const char *why;
    } ends[] = {[ACCOUNT_OK] = {SIGN_IN_OK, ""},
                [ACCOUNT_WRONG] = {SIGN_IN_WRONG, "wrong"},
                [ACCOUNT_UNCONFIRMED] = {SIGN_IN_REFUSED, "unconfirmed"},
                [ACCOUNT_BANNED] = {SIGN_IN_REFUSED, "banned"}};
    metric_count(METRIC_SIGN_INS, ends[verdict].label);
    if (verdict == ACCOUNT_OK) {
        log_event(LOG_INFO, "signed_in", LOG_STR("user", w->op->account.user_id),
                  LOG_STR("session", w->op->account.session_id));
    } else {
        log_event(LOG_INFO, "sign_in_refused", LOG_CSTR("reason", ends[verdict].why));
    }
    return account_found(w, verdict);
}

static enum flow_next step_open(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    bool right = w->password_op.matches;
    account_throttle_end(w->core->throttle, &w->ticket, right ? THROTTLE_RIGHT : THROTTLE_WRONG);
    if (!right) {
        return end(w, ACCOUNT_WRONG);
    }
    if (w->op->account.banned || !w->op->account.confirmed) {
        return end(w, w->op->account.banned ? ACCOUNT_BANNED : ACCOUNT_UNCONFIRMED);
    }
    account_token_make(&w->next, ACCOUNT_NONE);
    w->params[0] = db_text(w->op->account.user_id);
    w->params[1] = db_text(w->op->account.password_hash);
    w->params[2] = db_bytes(digest_str(&w->next.hash));
    w->params[3] = db_text(w->op->client.address);
    w->params[4] = db_text(w->op->client.user_agent);
    w->params[5] = db_text(account_number(w, CAP_SESSIONS_PER_USER));
    db_unit_add(account_unit(w), STMT_ACCOUNT_OPEN_SESSION, w->params, 6);
    account_add_read(w, ACCOUNT_NONE, ACCOUNT_NONE, digest_str(&w->next.hash));
    return account_send(w);
}

static enum flow_next step_read(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    int rc = account_take(w, 1);
    if (rc < 0) {
        return flow_fail(f, rc);
    }
    if (rc == 0) {
        return end(w, ACCOUNT_WRONG); /* the password was changed meanwhile */
    }
    w->op->refresh_token = account_token_text(&w->next, w->op->arena);
    return end(w, ACCOUNT_OK);
}

static void on_fail(struct flow *f, int code)
{
    struct account_work *w = account_of_flow(f);
    account_throttle_end(w->core->throttle, &w->ticket, THROTTLE_UNKNOWN);
    metric_count(METRIC_SIGN_INS, code == ERR_BUSY ? SIGN_IN_BUSY : SIGN_IN_FAILED);
    account_failed(w, code);
}

static const struct flow_step sign_in[] = {
    {"find", step_find}, {"check", step_check}, {"open", step_open}, {"read", step_read}, {NULL, NULL}};

int account_sign_in(struct accounts *a, struct account_op *op, struct str email, struct str password,
                    uint64_t *retry_ms_out)
{
    struct account_work *w = account_work_new(a, op);
    *retry_ms_out =
        account_throttle_enter(w->core->throttle, email, op->client.address, loop_now_ms(w->core->loop), &w->ticket);
    if (*retry_ms_out) {
        metric_count(METRIC_SIGN_INS, SIGN_IN_LIMITED);
        log_event(LOG_DEBUG, "sign_in_limited", LOG_INT("wait_ms", (int64_t)*retry_ms_out));
        return ERR_RATE_LIMITED;
    }
    account_keep(&w->password, password);
    account_keep_client(w);
    w->params[0] = db_text(arena_copy(w->op->arena, email));
    return account_begin(w, sign_in, on_fail);
}
