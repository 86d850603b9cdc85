#include "gotrue.h"
#include "gotrue_private.h"
#include "json.h"
#include "timestamp.h"
#include "utf8.h"

static enum flow_next ask(struct gotrue *g)
{
    arena_free(&g->keys_arena);
    return flow_wait(&g->keys_flow, account_keys(g->accounts, &g->keys_op));
}

static struct gotrue *of_flow(struct flow *f)
{
    return container_of(f, struct gotrue, keys_flow);
}

static enum flow_next step_ask(struct flow *f)
{
    struct gotrue *g = of_flow(f);
    g->key_made = false;
    return ask(g);
}

static enum flow_next step_make(struct flow *f)
{
    struct gotrue *g = of_flow(f);
    struct token_key key;
    struct str private_jwk;
    if (g->keys_op.key_count > 0 && g->keys_op.keys[0].in_use) {
        return FLOW_NEXT;
    }
    int rc = token_key_generate(&key);
    if (rc < 0) {
        return flow_fail(f, rc);
    }
    rc = token_key_export_private(&key, &g->keys_arena, &private_jwk);
    if (rc == 0) {
        struct str kid = arena_copy(&g->keys_arena, str_of(key.kid));
        rc = account_add_key(g->accounts, &g->keys_op, kid, private_jwk);
    }
    token_key_free(&key);
    g->key_made = true;
    return flow_wait(f, rc);
}

/* Whose key it became, ours or a faster server's, stands in the table. */
static enum flow_next step_ask_again(struct flow *f)
{
    struct gotrue *g = of_flow(f);
    return g->key_made ? ask(g) : FLOW_NEXT;
}

static void forget_keys(struct gotrue *g)
{
    token_keys_free(&g->keys);
    if (g->signer.jwk) {
        token_key_free(&g->signer);
    }
    g->signer = (struct token_key){.jwk = NULL};
}

static void read_key(struct gotrue *g, const struct account_key *k)
{
    struct token_key key;
    int rc = token_key_import_private(k->private_jwk, &key);
    gotrue_wipe(k->private_jwk);
    rc = rc ? rc : token_keys_add(&g->keys, &key);
    if (rc < 0) {
        log_event(LOG_ERROR, "signing_key_unusable", LOG_CSTR("reason", err_info(rc)->code));
        return;
    }
    if (k->in_use) {
        g->signer = key;
    } else {
        token_key_free(&key);
    }
}

static void await_poll(struct gotrue *g, uint64_t pause_ms);

static enum flow_next step_use(struct flow *f)
{
    struct gotrue *g = of_flow(f);
    char before[sizeof(g->signer.kid)];
    memcpy(before, g->signer.kid, sizeof(before));
    forget_keys(g);
    for (size_t i = 0; i < g->keys_op.key_count; i++) {
        read_key(g, &g->keys_op.keys[i]);
    }
    arena_free(&g->keys_arena);
    supabase_use_local(g->supabase, &g->keys, g->issuer);
    if (strcmp(before, g->signer.kid) != 0) {
        log_event(LOG_INFO, "signing_key_in_use", LOG_CSTR("kid", g->signer.kid),
                  LOG_INT("keys", (int64_t)g->keys.count));
    }
    await_poll(g, g->signer.jwk ? CAP_SIGNING_KEYS_POLL_MS : CAP_SIGNING_KEYS_RETRY_MS);
    return FLOW_DONE;
}

static const struct flow_step keys_steps[] = {
    {"ask", step_ask}, {"make", step_make}, {"ask_again", step_ask_again}, {"use", step_use}, {NULL, NULL}};

/* The keys that we have stay in use. */
static void on_keys_failed(struct flow *f, int code)
{
    struct gotrue *g = of_flow(f);
    log_event(LOG_WARN, "signing_keys_not_read", LOG_CSTR("reason", err_info(code)->code));
    await_poll(g, CAP_SIGNING_KEYS_RETRY_MS);
}

static void on_poll(uv_timer_t *t)
{
    flow_start(&container_of(t, struct gotrue, keys_timer)->keys_flow, keys_steps, on_keys_failed);
}

static void await_poll(struct gotrue *g, uint64_t pause_ms)
{
    uv_timer_start(&g->keys_timer, on_poll, pause_ms, 0);
}

static void on_keys_op(struct account_op *op, int code)
{
    flow_resume(&container_of(op, struct gotrue, keys_op)->keys_flow, code);
}

/* Where clients find us, and then GoTrue's path. */
static struct str make_issuer(struct gotrue *g)
{
    struct str base = g->config->public_url;
    while (base.n && base.p[base.n - 1] == '/') {
        base.n--;
    }
    if (base.n) {
        return arena_printf(&g->arena, "%.*s/auth/v1", (int)base.n, base.p);
    }
    struct str host = g->config->listen_host;
    bool v6 = str_has(host, STR(":"));
    return arena_printf(&g->arena, "http://%s%.*s%s:%d/auth/v1", v6 ? "[" : "", (int)host.n, host.p, v6 ? "]" : "",
                        g->config->listen_port);
}

void gotrue_start(struct gotrue *g)
{
    g->issuer = make_issuer(g);
    g->grant_shape = gotrue_grant_shape();
    g->change_shape = gotrue_change_shape();
    g->keys_op.arena = &g->keys_arena;
    g->keys_op.on_done = on_keys_op;
    uv_timer_init(&g->loop->uv, &g->keys_timer);
    await_poll(g, 0);
}

void gotrue_stop(struct gotrue *g)
{
    account_abandon(&g->keys_op);
    uv_close((uv_handle_t *)&g->keys_timer, NULL);
    forget_keys(g);
    json_shape_free(g->grant_shape);
    json_shape_free(g->change_shape);
    arena_free(&g->keys_arena);
    arena_free(&g->arena);
}

bool gotrue_is_ready(const struct gotrue *g)
{
    return g->signer.jwk != NULL;
}

void gotrue_wipe(struct str secret)
{
    if (secret.n) {
        explicit_bzero((char *)secret.p, secret.n);
    }
}

static void let_go(struct gotrue_exchange *x)
{
    gotrue_wipe(buf_str(&x->body));
    buf_free(&x->body);
}

static void on_gone(struct http_waiter *w, struct http_request *r)
{
    struct gotrue_exchange *x = container_of(w, struct gotrue_exchange, waiter);
    (void)r;
    token_check_abandon(&x->check);
    account_abandon(&x->op);
    let_go(x);
}

struct gotrue_exchange *gotrue_begin(struct gotrue *g, struct http_request *r)
{
    struct gotrue_exchange *x = arena_alloc(&r->arena, sizeof(*x));
    x->gotrue = g;
    x->request = r;
    x->waiter.on_gone = on_gone;
    x->op.arena = &r->arena;
    x->op.client.address = http_client_address(r);
    x->op.client.user_agent = http_header(r, STR("user-agent"));
    x->body = http_take_body(r);
    r->waiter = &x->waiter;
    return x;
}

int gotrue_read_body(struct gotrue_exchange *x, const struct json_shape *shape, void *target, size_t target_bytes)
{
    struct json_pass pass = {
        .shape = shape, .target = target, .target_bytes = target_bytes, .arena = &x->request->arena};
    struct buf doc = buf_make(CAP_SIGN_IN_BYTES * 3); /* a bad byte becomes three */
    int rc = buf_append(&doc, buf_str(&x->body));
    rc = rc ? rc : utf8_repair_json(&doc);
    pass.doc = buf_str(&doc);
    rc = rc < 0 ? rc : json_read(&pass);
    gotrue_wipe(buf_str(&doc));
    buf_free(&doc);
    let_go(x);
    return rc < 0 ? ERR_BAD_JSON : 0;
}

static void on_checked(struct token_check *c, int code)
{
    struct gotrue_exchange *x = container_of(c, struct gotrue_exchange, check);
    if (code == 0) {
        x->on_checked(x);
        return;
    }
    let_go(x);
    if (code == ERR_UNAUTHORIZED || code == ERR_TOKEN_EXPIRED) {
        gotrue_refuse(x->request, GOTRUE_BAD_JWT);
    } else {
        gotrue_fail(x->request, code);
    }
}

void gotrue_check(struct gotrue_exchange *x, void (*then)(struct gotrue_exchange *))
{
    struct str token = bearer_of(x->request);
    x->on_checked = then;
    x->check.token = token;
    x->check.arena = &x->request->arena;
    x->check.on_done = on_checked;
    int rc = token.n ? token_check_submit(x->gotrue->supabase, &x->check) : 0;
    if (token.n && rc == 0) {
        return;
    }
    let_go(x);
    if (rc < 0) {
        gotrue_fail(x->request, rc);
    } else {
        gotrue_refuse(x->request, GOTRUE_NO_BEARER);
    }
}

void gotrue_on_jwks(struct gotrue *g, struct http_request *r)
{
    struct buf body = buf_make(CAP_JWKS_BYTES);
    if (!gotrue_is_ready(g) || token_keys_write_jwks(&g->keys, &body) < 0) {
        gotrue_refuse(r, GOTRUE_AWAY);
    } else {
        http_reply_header(r, "Cache-Control", STR("public, max-age=600"));
        http_reply(r, 200, "application/json", buf_str(&body));
    }
    buf_free(&body);
}

/* Always the same answer: who has an account is not for everybody to know. */
void gotrue_on_recover(struct gotrue *g, struct http_request *r)
{
    uint64_t now_ms = loop_now_ms(g->loop);
    if (!g->recovery_logged_ms || now_ms >= g->recovery_logged_ms + CAP_RECOVERY_LOG_MS) {
        g->recovery_logged_ms = now_ms;
        log_event(LOG_INFO, "password_recovery_asked", LOG_CSTR("effect", "none: this server sends no mail"),
                  LOG_CSTR("request", r->id));
    }
    http_reply(r, 200, "application/json", STR("{}"));
}

void gotrue_on_health(struct gotrue *g, struct http_request *r)
{
    (void)g;
    http_reply(r, 200, "application/json",
               STR("{\"name\":\"GoTrue\",\"version\":\"ringback-" RINGBACK_VERSION
                   "\",\"description\":\"Sign-in of this server, as GoTrue would do it\"}"));
}

void gotrue_on_settings(struct gotrue *g, struct http_request *r)
{
    (void)g;
    http_reply(r, 200, "application/json",
               STR("{\"external\":{\"email\":true,\"phone\":false,\"anonymous_users\":false},\"disable_signup\":true,"
                   "\"mailer_autoconfirm\":false,\"phone_autoconfirm\":false,\"sms_provider\":\"\","
                   "\"saml_enabled\":false}"));
}
