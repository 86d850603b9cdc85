#include "supabase.h"
#include "timestamp.h"

#define KEYS_PATH "/auth/v1/.well-known/jwks.json"
#define ISSUER_PATH "/auth/v1"

static void refresh(struct supabase *s);

static uint64_t limit(uint64_t given, uint64_t cap)
{
    return given ? given : cap;
}

static void on_timer(uv_timer_t *t)
{
    refresh(container_of(t, struct supabase, timer));
}

static void schedule(struct supabase *s, uint64_t delay_ms)
{
    uv_timer_start(&s->timer, on_timer, delay_ms, 0);
}

/* Are there keys that came by JWKS? */
static bool has_fetched(const struct supabase *s)
{
    return s->keys.count > (token_keys_secret(&s->keys) != NULL);
}

/* The keys that a set begins with: the secret, if there is one. */
static int start_keys(const struct supabase *s, struct token_keys *keys)
{
    struct str secret = s->config->supabase_jwt_secret;
    return secret.n ? token_keys_add_secret(keys, secret) : 0;
}

static void use_keys(struct supabase *s, const struct token_keys *keys)
{
    token_keys_free(&s->keys);
    s->keys = *keys;
    metric_set(METRIC_JWKS_TIME, 0, 0, has_fetched(s) ? (double)timestamp_wall_us() / 1e6 : 0);
}

/* Keys that could not be confirmed for so long may have been revoked. */
static void drop_old_keys(struct supabase *s)
{
    struct token_keys rest = {.count = 0};
    uint64_t age_ms = loop_now_ms(s->loop) - s->good_ms;
    if (s->local || !has_fetched(s) || age_ms < limit(s->limits.keep_ms, CAP_JWKS_KEEP_MS)) {
        return;
    }
    log_event(LOG_ERROR, "signin_keys_dropped", LOG_INT("age_s", (int64_t)(age_ms / 1000)));
    if (start_keys(s, &rest) == 0) {
        use_keys(s, &rest);
    }
}

/* An answer without a usable key is believed only where there were none: from a project that signs with its secret. */
static enum metric_jwks take_keys(struct supabase *s, struct str json)
{
    struct token_keys keys = {.count = 0};
    bool read = start_keys(s, &keys) == 0 && token_keys_read_jwks(&keys, json) == 0;
    bool secret_alone = token_keys_secret(&keys) && keys.count == 1;
    if (!read || keys.count == 0 || (secret_alone && has_fetched(s))) {
        token_keys_free(&keys);
        return JWKS_UNUSABLE;
    }
    use_keys(s, &keys);
    return JWKS_GOOD;
}

static void on_judged(struct loop_task *t)
{
    struct token_check *c = container_of(t, struct token_check, task);
    c->on_done(c, c->code);
}

static enum metric_token judge(struct supabase *s, struct token_check *c)
{
    struct access_token_rules rules = {.issuer = s->issuer, .now_s = timestamp_wall_us() / 1000000};
    drop_old_keys(s);
    return access_token_judge(&s->keys, &rules, c->token, c->arena, &c->tenant);
}

/* A key that is not known is wrong only if we know the keys. */
static void conclude(struct supabase *s, struct token_check *c, enum metric_token verdict)
{
    bool in_doubt = verdict == TOKEN_UNKNOWN_KEY && (s->local ? s->keys.count == 0 : s->failed);
    metric_count(METRIC_TOKEN_CHECKS, in_doubt ? TOKEN_NO_KEYS : verdict);
    c->code = in_doubt ? ERR_UNAVAILABLE : access_token_code(verdict);
    c->task.run = on_judged;
    loop_defer(s->loop, &c->task);
}

static void schedule_next(struct supabase *s, enum metric_jwks result)
{
    uint64_t fresh_ms = limit(s->limits.fresh_ms, CAP_JWKS_FRESH_MS);
    uint64_t most_ms = limit(s->limits.refetch_ms, CAP_JWKS_REFETCH_MS);
    uint64_t first_ms = limit(s->limits.retry_first_ms, CAP_JWKS_RETRY_FIRST_MS);
    if (result == JWKS_GOOD) {
        s->retry_ms = 0;
        schedule(s, fresh_ms - fresh_ms / 10);
        return;
    }
    s->retry_ms = s->retry_ms ? s->retry_ms * 2 : first_ms;
    s->retry_ms = s->retry_ms < most_ms ? s->retry_ms : most_ms;
    schedule(s, s->retry_ms);
}

static void note(struct supabase *s, enum metric_jwks result, int code)
{
    static const char *const words[] = {"good", "unreachable", "status", "unusable"};
    bool good = result == JWKS_GOOD, news = s->failed || !good;
    metric_count(METRIC_JWKS_FETCHES, result);
    log_event(good ? (news ? LOG_INFO : LOG_DEBUG) : LOG_WARN, "signin_keys_fetched", LOG_CSTR("result", words[result]),
              LOG_CSTR("error", err_info(code)->code), LOG_INT("status", s->fetch.status),
              LOG_INT("keys", (int64_t)s->keys.count));
    s->failed = !good;
    s->good_ms = good ? loop_now_ms(s->loop) : s->good_ms;
}

static void end_fetch(struct supabase *s, enum metric_jwks result, int code)
{
    struct list_node *n;
    s->fetching = false;
    note(s, result, code);
    schedule_next(s, result);
    while ((n = list_pop(&s->waiting))) {
        struct token_check *c = container_of(n, struct token_check, node);
        conclude(s, c, judge(s, c));
    }
}

static void on_fetched(struct fetch *f, int code)
{
    struct supabase *s = container_of(f, struct supabase, fetch);
    enum metric_jwks result = code == ERR_TOO_LARGE ? JWKS_UNUSABLE : code < 0 ? JWKS_UNREACHABLE : JWKS_STATUS;
    if (code == 0 && f->status == 200) {
        result = take_keys(s, buf_str(&f->answer));
        if (result == JWKS_UNUSABLE) {
            fetch_judge_failed(f);
        }
    }
    end_fetch(s, result, code);
    fetch_finish(f);
}

static void refresh(struct supabase *s)
{
    if (s->fetching) {
        return;
    }
    s->fetch = (struct fetch){.host = &s->host,
                              .method = "GET",
                              .url = s->keys_url,
                              .deadline_ms = s->limits.fetch_ms ? s->limits.fetch_ms : CAP_JWKS_MS,
                              .answer_cap_bytes = CAP_JWKS_BYTES,
                              .on_done = on_fetched};
    fetch_header_add(&s->fetch, "Accept", STR("application/json"));
    int rc = fetch_submit(s->fetch_room, &s->fetch);
    s->fetching = rc == 0;
    if (rc < 0) {
        end_fetch(s, JWKS_UNREACHABLE, rc);
    }
}

/* Is a fetch under way that may bring the key, or may one be started for it? */
static bool may_find_key(struct supabase *s)
{
    uint64_t now_ms = loop_now_ms(s->loop);
    if (s->local || s->fetching) {
        return s->fetching;
    }
    if (s->unknown_ms && now_ms - s->unknown_ms < limit(s->limits.refetch_ms, CAP_JWKS_REFETCH_MS)) {
        return false;
    }
    s->unknown_ms = now_ms;
    refresh(s);
    return s->fetching;
}

int token_check_submit(struct supabase *s, struct token_check *c)
{
    if (s->stopping) {
        return ERR_STOPPING;
    }
    c->supabase = s;
    enum metric_token verdict = judge(s, c);
    if (verdict != TOKEN_UNKNOWN_KEY || !may_find_key(s)) {
        conclude(s, c, verdict);
        return 0;
    }
    if (s->waiting.count >= CAP_TOKEN_WAITING) {
        return ERR_BUSY;
    }
    list_push(&s->waiting, &c->node);
    return 0;
}

void token_check_abandon(struct token_check *c)
{
    if (list_linked(&c->node)) {
        list_remove(&c->supabase->waiting, &c->node);
    }
    if (c->supabase) {
        loop_defer_cancel(c->supabase->loop, &c->task);
    }
}

/* "localhost", 127.x.x.x or [::1], with or without a port. */
static bool is_loopback(struct str authority)
{
    bool bracket = str_starts(authority, STR("["));
    struct str host = str_cut(authority, bracket ? str_find(authority, ']') + 1 : str_find(authority, ':'));
    struct str port = str_skip(authority, host.n);
    size_t digits = 0;
    while (digits < host.n && memchr("0123456789.", host.p[digits], 11)) {
        digits++;
    }
    bool numeric = digits == host.n && str_starts(host, STR("127."));
    return (port.n == 0 || *port.p == ':') && (numeric || str_eq(host, STR("localhost")) || str_eq(host, STR("[::1]")));
}

/* Whoever stands between us and the keys signs in as anybody. */
static bool url_allowed(struct str url)
{
    bool https = str_starts(url, STR("https://")), http = str_starts(url, STR("http://"));
    struct str rest = str_skip(url, https ? 8 : 7);
    for (size_t i = 0; i < rest.n; i++) {
        if (rest.p[i] <= ' ' || rest.p[i] >= 0x7f || memchr("@?#\\\"", rest.p[i], 5)) {
            return false;
        }
    }
    struct str authority = str_cut(rest, str_find(rest, '/'));
    return authority.n && (https || (http && is_loopback(authority)));
}

static int refuse(const char *setting, const char *why)
{
    log_event(LOG_ERROR, "setting_refused", LOG_CSTR("setting", setting), LOG_CSTR("reason", why));
    return ERR_BAD_SETTING;
}

int supabase_start(struct supabase *s)
{
    struct str url = s->config->supabase_url;
    s->local = url.n == 0;
    s->failed = true;
    list_init(&s->waiting);
    uv_timer_init(&s->loop->uv, &s->timer);
    if (s->local) {
        return 0;
    }
    if (!url_allowed(url)) {
        return refuse("SUPABASE_URL", "https://, or http:// on this machine, a host, and neither login nor query");
    }
    if (start_keys(s, &s->keys) < 0) {
        return refuse("SUPABASE_JWT_SECRET", "32 to 1024 bytes");
    }
    fetch_host_init(&s->host, UPSTREAM_SUPABASE);
    s->issuer = arena_printf(&s->arena, "%.*s" ISSUER_PATH, (int)url.n, url.p);
    s->keys_url = arena_printf(&s->arena, "%.*s" KEYS_PATH, (int)url.n, url.p);
    schedule(s, 0);
    return 0;
}

void supabase_stop(struct supabase *s)
{
    s->stopping = true;
    while (list_pop(&s->waiting)) {
    }
    fetch_abandon(&s->fetch);
    fetch_finish(&s->fetch);
    uv_close((uv_handle_t *)&s->timer, NULL);
    token_keys_free(&s->keys);
    arena_free(&s->arena);
}

bool supabase_is_local(const struct supabase *s)
{
    return s->local;
}

struct str supabase_issuer(const struct supabase *s)
{
    return s->issuer;
}

void supabase_use_local(struct supabase *s, const struct token_keys *keys, struct str issuer)
{
    struct token_keys copy = {.count = 0};
    int rc = 0;
    assert(s->local && !s->stopping);
    for (size_t i = 0; i < keys->count && rc == 0; i++) {
        rc = token_keys_add(&copy, &keys->keys[i]);
    }
    assert(rc == 0); /* one set is no larger than another */
    use_keys(s, &copy);
    arena_free(&s->arena);
    s->issuer = arena_copy(&s->arena, issuer);
}

struct str bearer_of(const struct http_request *r)
{
    struct str value = http_header_once(r, STR("authorization"));
    bool is_bearer = str_eq_nocase(str_cut(value, 7), STR("Bearer "));
    struct str token = is_bearer ? str_trim(str_skip(value, 7)) : (struct str){NULL, 0};
    return token.n ? token : (struct str){NULL, 0};
}
