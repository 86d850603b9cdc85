#include "form.h"
#include "gotrue_private.h"
#include "json.h"
#include "timestamp.h"
#include <ctype.h>

struct grant {
    struct str email, phone, password, refresh_token;
};

static const struct field grant_fields[] = {
    FIELD(struct grant, email, "email", STR, 0),
    FIELD(struct grant, phone, "phone", STR, 0),
    FIELD(struct grant, password, "password", STR, 0),
    FIELD(struct grant, refresh_token, "refresh_token", STR, 0),
};

struct json_shape *gotrue_grant_shape(void)
{
    return json_shape_new(grant_fields, FIELD_COUNT(grant_fields));
}

struct claims {
    struct str issuer, sub, aud, email, phone, role, aal, session_id;
    struct str app_metadata, user_metadata, amr; /* JSON */
    int64_t expires_s, issued_s;
    bool is_anonymous;
};

static const struct field claim_fields[] = {
    FIELD(struct claims, issuer, "iss", STR, 0),
    FIELD(struct claims, sub, "sub", STR, 0),
    FIELD(struct claims, aud, "aud", STR, 0),
    FIELD(struct claims, expires_s, "exp", INT, 0),
    FIELD(struct claims, issued_s, "iat", INT, 0),
    FIELD(struct claims, email, "email", STR, 0),
    FIELD(struct claims, phone, "phone", STR, 0),
    FIELD(struct claims, app_metadata, "app_metadata", RAW, 0),
    FIELD(struct claims, user_metadata, "user_metadata", RAW, 0),
    FIELD(struct claims, role, "role", STR, 0),
    FIELD(struct claims, aal, "aal", STR, 0),
    FIELD(struct claims, amr, "amr", RAW, 0),
    FIELD(struct claims, session_id, "session_id", STR, 0),
    FIELD(struct claims, is_anonymous, "is_anonymous", BOOL, 0),
};

static int sign_claims(const struct gotrue *g, const struct claims *c, struct arena *a, struct str *token_out)
{
    struct buf payload = buf_make(CAP_TOKEN_BYTES);
    struct access_token_rules rules = {.issuer = g->issuer, .now_s = c->issued_s};
    struct tenant tenant;
    int rc = json_write(&payload, claim_fields, FIELD_COUNT(claim_fields), c);
    rc = rc ? rc : access_token_sign(&g->signer, buf_str(&payload), a, token_out);
    rc = rc ? rc : access_token_check(&g->keys, &rules, *token_out, a, &tenant);
    buf_free(&payload);
    return rc;
}

static int sign(const struct gotrue *g, const struct account *account, struct arena *a, struct str *token_out)
{
    if (!gotrue_is_ready(g)) {
        return ERR_UNAVAILABLE;
    }
    struct claims c = {.issuer = g->issuer,
                       .sub = account->user_id,
                       .aud = STR("authenticated"),
                       .issued_s = timestamp_wall_us() / 1000000,
                       .email = account->email.p ? account->email : STR(""),
                       .phone = account->phone,
                       .app_metadata = account->app_metadata,
                       .user_metadata = account->user_metadata,
                       .role = STR("authenticated"),
                       .aal = STR("aal1"),
                       .session_id = account->session_id};
    c.expires_s = c.issued_s + CAP_ACCESS_TOKEN_S;
    c.amr = arena_printf(a, "[{\"method\":\"password\",\"timestamp\":%lld}]", (long long)account->signed_in_s);
    int rc = sign_claims(g, &c, a, token_out);
    if (rc < 0) { /* what users say of themselves may be more than a token can carry: nothing is decided by it */
        log_event(LOG_WARN, "user_metadata_left_out", LOG_STR("user", account->user_id));
        c.user_metadata = STR("{}");
        rc = sign_claims(g, &c, a, token_out);
    }
    return rc < 0 ? ERR_INTERNAL : 0;
}

struct token_answer {
    struct str access_token, token_type, refresh_token, user, weak_password;
    int64_t expires_in, expires_at;
};

static const struct field answer_fields[] = {
    FIELD(struct token_answer, access_token, "access_token", STR, 0),
    FIELD(struct token_answer, token_type, "token_type", STR, 0),
    FIELD(struct token_answer, expires_in, "expires_in", INT, 0),
    FIELD(struct token_answer, expires_at, "expires_at", INT, 0),
    FIELD(struct token_answer, refresh_token, "refresh_token", STR, 0),
    FIELD(struct token_answer, user, "user", RAW, 0),
    FIELD(struct token_answer, weak_password, "weak_password", RAW, 0),
};

static void reply_session(struct gotrue_exchange *x)
{
    struct token_answer answer = {.token_type = STR("bearer"),
                                  .expires_in = CAP_ACCESS_TOKEN_S,
                                  .expires_at = timestamp_wall_us() / 1000000 + CAP_ACCESS_TOKEN_S,
                                  .refresh_token = x->op.refresh_token,
                                  .user = x->op.account.profile};
    struct buf body = buf_make(CAP_REPLY_BYTES);
    int rc = sign(x->gotrue, &x->op.account, &x->request->arena, &answer.access_token);
    rc = rc ? rc : json_write(&body, answer_fields, FIELD_COUNT(answer_fields), &answer);
    if (rc < 0) {
        gotrue_fail(x->request, rc);
    } else {
        http_reply(x->request, 200, "application/json", buf_str(&body));
    }
    buf_free(&body);
}

static void on_granted(struct account_op *op, int code, const enum gotrue_error *errors)
{
    struct gotrue_exchange *x = container_of(op, struct gotrue_exchange, op);
    if (code < 0) {
        gotrue_fail(x->request, code);
    } else if (op->verdict == ACCOUNT_OK) {
        reply_session(x);
    } else {
        gotrue_refuse(x->request, errors[op->verdict]);
    }
}

static void on_signed_in(struct account_op *op, int code)
{
    static const enum gotrue_error errors[] = {[ACCOUNT_WRONG] = GOTRUE_WRONG,
                                               [ACCOUNT_UNCONFIRMED] = GOTRUE_UNCONFIRMED,
                                               [ACCOUNT_BANNED] = GOTRUE_SIGN_IN_BANNED};
    on_granted(op, code, errors);
}

static void on_refreshed(struct account_op *op, int code)
{
    static const enum gotrue_error errors[] = {[ACCOUNT_TOKEN_UNKNOWN] = GOTRUE_REFRESH_UNKNOWN,
                                               [ACCOUNT_TOKEN_USED] = GOTRUE_REFRESH_USED,
                                               [ACCOUNT_EXPIRED] = GOTRUE_REFRESH_EXPIRED,
                                               [ACCOUNT_BANNED] = GOTRUE_REFRESH_BANNED};
    on_granted(op, code, errors);
}

/* ASCII alone: other letters have no two forms that everybody agrees on. */
static struct str in_small_letters(struct arena *a, struct str s)
{
    struct str copy = arena_copy(a, s);
    for (size_t i = 0; i < copy.n; i++) {
        char *c = (char *)copy.p + i;
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return copy;
}

static void grant_password(struct gotrue_exchange *x, const struct grant *given)
{
    uint64_t wait_ms = 0;
    if (!given->email.n) {
        gotrue_wipe(given->password);
        gotrue_refuse(x->request, given->phone.n ? GOTRUE_NO_PHONES : GOTRUE_NO_EMAIL);
        return;
    }
    x->op.on_done = on_signed_in;
    struct str email = in_small_letters(&x->request->arena, given->email);
    int rc = account_sign_in(x->gotrue->accounts, &x->op, email, given->password, &wait_ms);
    gotrue_wipe(given->password);
    if (rc == ERR_RATE_LIMITED) {
        gotrue_limit(x->request, wait_ms);
    } else if (rc < 0) {
        gotrue_fail(x->request, rc);
    }
}

static void grant_refresh(struct gotrue_exchange *x, const struct grant *given)
{
    if (!given->refresh_token.n) {
        gotrue_refuse_oauth(x->request, STR("invalid_request"), STR("refresh_token required"));
        return;
    }
    x->op.on_done = on_refreshed;
    int rc = account_refresh(x->gotrue->accounts, &x->op, given->refresh_token);
    if (rc < 0) {
        gotrue_fail(x->request, rc);
    }
}

void gotrue_on_token(struct gotrue *g, struct http_request *r)
{
    struct gotrue_exchange *x = gotrue_begin(g, r);
    struct form query = {.count = 0};
    struct grant given = {.email = {NULL, 0}};
    int rc = form_parse(&r->arena, r->query, &query);
    struct str type = rc ? STR("") : form_get(&query, STR("grant_type"));
    bool by_password = str_eq(type, STR("password")), by_refresh = str_eq(type, STR("refresh_token"));
    rc = gotrue_read_body(x, g->grant_shape, &given, sizeof(given));
    if (by_password && rc == 0 && gotrue_is_ready(g)) {
        grant_password(x, &given);
        return;
    }
    gotrue_wipe(given.password);
    if (!by_password && !by_refresh) {
        gotrue_refuse(r, GOTRUE_UNKNOWN_GRANT);
    } else if (rc < 0) {
        gotrue_refuse(r, GOTRUE_BAD_JSON);
    } else if (!gotrue_is_ready(g)) {
        gotrue_refuse(r, GOTRUE_AWAY); /* before a token is spent for nothing */
    } else {
        grant_refresh(x, &given);
    }
}
