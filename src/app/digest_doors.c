#include "digest_doors.h"
#include "app.h"
#include "crypto.h"

/* One question, in the request's arena. */
struct cron_visit {
    struct http_waiter http;
    struct digest_look look;
    struct http_request *request;
};

/* A secret that was pasted with a line end or a blank is the same one. */
static struct str trimmed(struct str s)
{
    while (s.n && strchr(" \t\r\n", *s.p)) {
        s = str_skip(s, 1);
    }
    while (s.n && strchr(" \t\r\n", s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

int digest_doors_guard(struct http_request *r)
{
    struct str secret = trimmed(app_of_public(r)->config.cron_secret);
    struct str bearer = http_header_once(r, STR("authorization"));
    bool is_bearer = str_eq_nocase(str_cut(bearer, 7), STR("Bearer "));
    bool by_bearer = crypto_equal(is_bearer ? str_trim(str_skip(bearer, 7)) : STR(""), secret);
    bool by_header = crypto_equal(http_header_once(r, STR("x-cron-secret")), secret);
    if (secret.n && (by_bearer || by_header)) {
        return 0;
    }
    http_reply_header(r, "WWW-Authenticate", STR("Bearer"));
    return ERR_UNAUTHORIZED;
}

static void on_gone(struct http_waiter *w, struct http_request *r)
{
    struct cron_visit *v = container_of(w, struct cron_visit, http);
    digests_look_abandon(&app_of_public(r)->digests, &v->look);
}

static void on_looked(struct digest_look *look, int code)
{
    struct cron_visit *v = container_of(look, struct cron_visit, look);
    long long due = look->open, enqueued = look->made;
    if (code < 0) {
        http_reply_error(v->request, code == ERR_WRITE_UNCERTAIN ? ERR_UNAVAILABLE : code);
        return;
    }
    log_event(LOG_INFO, "cron", LOG_INT("due", due), LOG_INT("enqueued", enqueued));
    struct str json = arena_printf(&v->request->arena, "{\"due\":%lld,\"enqueued\":%lld,\"skipped\":%lld}", due,
                                   enqueued, due - enqueued);
    http_reply(v->request, 200, "application/json", json);
}

void digest_doors_on_cron(struct http_request *r)
{
    struct app *app = app_of_public(r);
    struct cron_visit *v = arena_alloc(&r->arena, sizeof(*v));
    v->request = r;
    v->http.on_gone = on_gone;
    v->look.on_done = on_looked;
    r->waiter = &v->http;
    bool away = db_pool_ready(&app->digest_pool) == 0 && db_pool_ready(&app->pool) == 0;
    int rc = away ? ERR_UNAVAILABLE : digests_look(&app->digests, &v->look);
    if (rc < 0) {
        http_reply_error(r, rc);
    }
}
