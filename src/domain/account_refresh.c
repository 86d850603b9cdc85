#include "account_core.h"
#include "db_row.h"
#include "metric.h"

static const struct {
    struct str word; /* as the statement says it */
    enum account_verdict verdict;
    enum metric_refresh label;
} ends[] = {
    {STR("rotated"), ACCOUNT_OK, REFRESH_ROTATED},      {STR("repeated"), ACCOUNT_OK, REFRESH_REPEATED},
    {STR("used"), ACCOUNT_TOKEN_USED, REFRESH_USED},    {STR("banned"), ACCOUNT_BANNED, REFRESH_REFUSED},
    {STR("expired"), ACCOUNT_EXPIRED, REFRESH_REFUSED}, {STR(""), ACCOUNT_TOKEN_UNKNOWN, REFRESH_UNKNOWN},
};
#define ENDS (sizeof(ends) / sizeof(ends[0]))

static enum flow_next step_turn(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    account_token_make(&w->next, w->presented);
    w->params[0] = db_bytes(digest_str(&w->presented_hash));
    w->params[1] = db_bytes(digest_str(&w->next.hash));
    w->params[2] = db_bytes((struct str){(const char *)w->next.sealed, sizeof(w->next.sealed)});
    w->params[3] = db_text(w->op->client.address);
    w->params[4] = db_text(w->op->client.user_agent);
    w->params[5] = db_text(account_number(w, CAP_REFRESH_REUSE_S));
    w->params[6] = db_text(account_number(w, CAP_REFRESH_CHAIN));
    w->params[7] = db_text(account_number(w, CAP_REFRESH_TOKENS));
    struct db_unit *u = account_unit(w);
    db_unit_add(u, STMT_ACCOUNT_LOCK_SESSION, w->params, 1);
    db_unit_add(u, STMT_ACCOUNT_REFRESH, w->params, 8);
    account_add_read(w, ACCOUNT_NONE, ACCOUNT_NONE, digest_str(&w->presented_hash));
    return account_send(w);
}

static enum flow_next step_answer(struct flow *f)
{
    struct account_work *w = account_of_flow(f);
    struct str word = db_rows(&w->unit, 1) ? db_cell(&w->unit, 1, 0, 0) : STR("");
    size_t i = 0;
    while (i < ENDS - 1 && !str_eq(ends[i].word, word)) {
        i++;
    }
    if (ends[i].verdict == ACCOUNT_TOKEN_USED) {
        log_event(LOG_WARN, "refresh_token_used_again", LOG_STR("session", db_cell(&w->unit, 1, 0, 1)));
    }
    if (ends[i].verdict == ACCOUNT_OK) {
        w->op->refresh_token = ends[i].label == REFRESH_ROTATED
                                   ? account_token_text(&w->next, w->op->arena)
                                   : account_token_follow(w->presented, db_cell(&w->unit, 1, 0, 2), w->op->arena);
        int rc = account_take(w, 2);
        if (rc <= 0 || !w->op->refresh_token.n) {
            return flow_fail(f, rc < 0 ? rc : ERR_BAD_REPLY);
        }
    }
    metric_count(METRIC_REFRESHES, ends[i].label);
    return account_found(w, ends[i].verdict);
}

static void on_fail(struct flow *f, int code)
{
    metric_count(METRIC_REFRESHES, REFRESH_FAILED);
    account_failed(account_of_flow(f), code);
}

static const struct flow_step refresh[] = {{"turn", step_turn}, {"answer", step_answer}, {NULL, NULL}};

int account_refresh(struct accounts *a, struct account_op *op, struct str refresh_token)
{
    struct account_work *w = account_work_new(a, op);
    w->presented = arena_copy(w->op->arena, refresh_token);
    w->presented_hash = crypto_sha256(refresh_token);
    account_keep_client(w);
    return account_begin(w, refresh, on_fail);
}
