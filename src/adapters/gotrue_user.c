#include "form.h"
#include "gotrue_private.h"
#include "json.h"

struct change {
    struct str email, phone, password, current_password;
    struct str data, app_metadata; /* JSON */
};

static const struct field change_fields[] = {
    FIELD(struct change, email, "email", STR, 0),
    FIELD(struct change, phone, "phone", STR, 0),
    FIELD(struct change, password, "password", STR, 0),
    FIELD(struct change, current_password, "current_password", STR, 0),
    FIELD(struct change, data, "data", RAW, 0),
    FIELD(struct change, app_metadata, "app_metadata", RAW, 0),
};

struct json_shape *gotrue_change_shape(void)
{
    return json_shape_new(change_fields, FIELD_COUNT(change_fields));
}

static void on_account(struct account_op *op, int code)
{
    struct http_request *r = container_of(op, struct gotrue_exchange, op)->request;
    if (code < 0) {
        gotrue_fail(r, code);
    } else if (op->verdict != ACCOUNT_OK) {
        gotrue_deny(r, op->verdict);
    } else {
        http_reply(r, 200, "application/json", op->account.profile);
    }
}

static void read_account(struct gotrue_exchange *x)
{
    const struct tenant *t = &x->check.tenant;
    x->op.on_done = on_account;
    int rc = account_read(x->gotrue->accounts, &x->op, t->user_id, t->session_id);
    if (rc < 0) {
        gotrue_fail(x->request, rc);
    }
}

void gotrue_on_user(struct gotrue *g, struct http_request *r)
{
    gotrue_check(gotrue_begin(g, r), read_account);
}

/* What is wrong with a wish, if anything: the index of an error, or negative. */
static int judge(const struct change *c, const struct tenant *t)
{
    bool is_object = c->data.n && c->data.p[0] == '{';
    if (c->app_metadata.n && !str_eq(c->app_metadata, STR("null"))) {
        return GOTRUE_NOT_ADMIN;
    }
    if (c->email.n && !str_eq_nocase(c->email, t->email)) {
        return GOTRUE_NO_MAIL;
    }
    if (c->phone.n) {
        return GOTRUE_NO_PHONES;
    }
    if (c->password.n > CAP_PASSWORD_BYTES) {
        return GOTRUE_LONG_PASSWORD;
    }
    if (c->password.p && c->password.n < CAP_PASSWORD_LEAST_BYTES) {
        return GOTRUE_WEAK_PASSWORD;
    }
    return c->data.n && !is_object && !str_eq(c->data, STR("null")) ? GOTRUE_BAD_JSON : -1;
}

static void write_account(struct gotrue_exchange *x)
{
    const struct tenant *t = &x->check.tenant;
    struct change wish = {.email = {NULL, 0}};
    int rc = gotrue_read_body(x, x->gotrue->change_shape, &wish, sizeof(wish));
    int wrong = rc < 0 ? GOTRUE_BAD_JSON : judge(&wish, t);
    if (wrong < 0) {
        struct account_change change = {.user_id = t->user_id,
                                        .session_id = t->session_id,
                                        .password = wish.password,
                                        .current_password = wish.current_password};
        change.data = wish.data.n && wish.data.p[0] == '{' ? wish.data : (struct str){NULL, 0};
        x->op.on_done = on_account;
        rc = account_write(x->gotrue->accounts, &x->op, &change);
    }
    gotrue_wipe(wish.password);
    gotrue_wipe(wish.current_password);
    if (wrong >= 0) {
        gotrue_refuse(x->request, (enum gotrue_error)wrong);
    } else if (rc < 0) {
        gotrue_fail(x->request, rc);
    }
}

void gotrue_on_user_update(struct gotrue *g, struct http_request *r)
{
    gotrue_check(gotrue_begin(g, r), write_account);
}

static void on_signed_out(struct account_op *op, int code)
{
    struct http_request *r = container_of(op, struct gotrue_exchange, op)->request;
    if (code < 0) {
        gotrue_fail(r, code);
    } else if (op->verdict != ACCOUNT_OK) {
        gotrue_deny(r, op->verdict);
    } else {
        http_reply(r, 204, NULL, STR(""));
    }
}

static void sign_out(struct gotrue_exchange *x)
{
    static const struct {
        struct str word;
        enum account_scope scope;
    } scopes[] = {{STR(""), ACCOUNT_GLOBAL},
                  {STR("global"), ACCOUNT_GLOBAL},
                  {STR("local"), ACCOUNT_LOCAL},
                  {STR("others"), ACCOUNT_OTHERS}};
    struct http_request *r = x->request;
    struct form query = {.count = 0};
    int rc = form_parse(&r->arena, r->query, &query);
    struct str word = rc ? STR("?") : form_get(&query, STR("scope"));
    size_t i = 0, count = sizeof(scopes) / sizeof(scopes[0]);
    while (i < count && !str_eq(scopes[i].word, word)) {
        i++;
    }
    if (i == count) {
        gotrue_refuse(r, GOTRUE_BAD_SCOPE);
        return;
    }
    const struct tenant *t = &x->check.tenant;
    x->op.on_done = on_signed_out;
    rc = account_sign_out(x->gotrue->accounts, &x->op, t->user_id, t->session_id, scopes[i].scope);
    if (rc < 0) {
        gotrue_fail(r, rc);
    }
}

void gotrue_on_logout(struct gotrue *g, struct http_request *r)
{
    gotrue_check(gotrue_begin(g, r), sign_out);
}
