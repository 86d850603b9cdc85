#include "unsubscribe.h"
#include "app.h"
#include "caps.h"
#include "crypto.h"
#include "db_row.h"
#include "form.h"
#include "unsubscribe_page.h"
#include "uuid.h"

#define TOKEN_LETTERS 54
#define TOKEN_BYTES 40
#define ONE_CLICK_NAME "List-Unsubscribe"
#define ONE_CLICK_VALUE "One-Click"

/* One question, in the request's arena. */
struct visit {
    struct http_waiter http;
    struct db_unit unit;
    struct http_request *request;
    struct db_param params[2];
    char business[UUID_TEXT];
    bool one_click;
};

static struct unsubscribe *door_of(const struct visit *v)
{
    return &app_of_public(v->request)->unsubscribe;
}

/* A mail program is told as little as it asked for, a person in words. */
static void refuse(struct visit *v, int code)
{
    if (v->one_click) {
        http_reply_error(v->request, code);
    } else {
        unsubscribe_page_refuse(v->request, code);
    }
}

static void on_gone(struct http_waiter *w, struct http_request *r)
{
    (void)r;
    struct visit *v = container_of(w, struct visit, http);
    db_abandon(&v->unit); /* what was sent may still happen: they asked for it */
    door_of(v)->open--;
}

static void on_done(struct db_unit *u, int code)
{
    struct visit *v = container_of(u, struct visit, unit);
    door_of(v)->open--;
    if (code < 0) {
        refuse(v, code);
    } else if (db_rows(u, 0) == 0) {
        refuse(v, ERR_NOT_FOUND);
    } else if (v->one_click) {
        http_reply(v->request, 200, "text/plain; charset=utf-8", STR(""));
    } else {
        struct unsubscribe_whom whom = {db_cell(u, 0, 0, 0), db_cell(u, 0, 0, 1), db_cell(u, 0, 0, 2)};
        unsubscribe_page_show(v->request, u->calls[0].statement == STMT_UNSUBSCRIBE_RESUME, &whom);
    }
}

/* A token begins with its business; the rest is for Postgres to judge. */
static bool read_token(struct visit *v, struct str token)
{
    struct uuid id;
    struct str bytes = token.n == TOKEN_LETTERS ? crypto_base64url_decode(&v->request->arena, token) : STR("");
    if (bytes.n != TOKEN_BYTES) {
        return false;
    }
    memcpy(id.bytes, bytes.p, sizeof(id.bytes));
    uuid_write(&id, v->business);
    return true;
}

static void ask(struct visit *v, enum sql_statement_id statement)
{
    struct http_request *r = v->request;
    struct app *app = app_of_public(r);
    struct str token = http_param(r);
    if (!read_token(v, token)) {
        refuse(v, ERR_NOT_FOUND);
        return;
    }
    v->params[0] = db_text((struct str){v->business, UUID_TEXT});
    v->params[1] = db_text(token);
    v->unit = (struct db_unit){.role = "ringback_digest", .on_done = on_done};
    db_unit_add(&v->unit, statement, v->params, 2);
    int rc = app->unsubscribe.open < CAP_UNSUBSCRIBE_OPEN ? db_submit(&app->digest_pool, &v->unit) : ERR_BUSY;
    if (rc < 0) {
        refuse(v, rc);
        return;
    }
    app->unsubscribe.open++;
    v->http.on_gone = on_gone;
    r->waiter = &v->http;
}

static struct visit *visit_new(struct http_request *r)
{
    struct visit *v = arena_alloc(&r->arena, sizeof(*v));
    v->request = r;
    return v;
}

void unsubscribe_on_get(struct http_request *r)
{
    ask(visit_new(r), STMT_UNSUBSCRIBE_LOOK);
}

/* A form of several parts is only ever a mail program's, and holds one field. */
static bool is_one_click_in_parts(struct str type, struct str body)
{
    return str_eq_nocase(str_cut(type, 20), STR("multipart/form-data;")) &&
           str_has(body, STR("name=\"" ONE_CLICK_NAME "\"")) && str_has(body, STR("\r\n\r\n" ONE_CLICK_VALUE "\r\n"));
}

void unsubscribe_on_post(struct http_request *r)
{
    struct visit *v = visit_new(r);
    struct form form;
    struct str body = buf_str(&r->body);
    int rc = form_parse(&r->arena, body, &form);
    struct str action = rc ? STR("") : form_get(&form, STR("action"));
    v->one_click = is_one_click_in_parts(str_trim(http_header(r, STR("Content-Type"))), body) ||
                   (!rc && str_eq_nocase(form_get(&form, STR(ONE_CLICK_NAME)), STR(ONE_CLICK_VALUE)));
    if (v->one_click || str_eq(action, STR("stop"))) {
        ask(v, STMT_UNSUBSCRIBE_STOP);
    } else if (str_eq(action, STR("resume"))) {
        ask(v, STMT_UNSUBSCRIBE_RESUME);
    } else {
        refuse(v, ERR_BAD_REQUEST);
    }
}
