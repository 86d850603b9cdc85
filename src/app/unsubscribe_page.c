#include "unsubscribe_page.h"
#include "caps.h"
#include "page_files.h"
#include <assert.h>

#define POLICY                                                                                                         \
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

static const char before[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n"
    "<title>%.*s · Ringback</title>\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"/assets/%s\">\n"
    "<link rel=\"stylesheet\" href=\"/assets/%s\">\n</head>\n<body>\n<main class=\"sign-in\">\n"
    "<div class=\"sign-in-card\">\n<p class=\"sign-in-brand\">Ringback</p>\n<div>\n<h1>%.*s</h1>\n";
static const char after[] = "</div>\n</div>\n</main>\n</body>\n</html>\n";
static const char button[] = "<form method=\"post\"><button class=\"button is-wide%s\" name=\"action\" value=\"%s\">%s"
                             "</button></form>\n";

static const char *asset_of(const char *type)
{
    const struct page_file *f = page_files;
    while (f->name && strcmp(f->type, type) != 0) {
        f++;
    }
    assert(f->name);
    return f->name;
}

static struct str escaped(struct arena *a, struct str text)
{
    char *out = arena_alloc(a, text.n * 6 + 1), *at = out;
    for (size_t i = 0; i < text.n; i++) {
        const char *word = text.p[i] == '<'    ? "&lt;"
                           : text.p[i] == '>'  ? "&gt;"
                           : text.p[i] == '&'  ? "&amp;"
                           : text.p[i] == '"'  ? "&quot;"
                           : text.p[i] == '\'' ? "&#39;"
                                               : NULL;
        size_t n = word ? strlen(word) : 1;
        memcpy(at, word ? word : &text.p[i], n);
        at += n;
    }
    return (struct str){out, (size_t)(at - out)};
}

static void answer(struct http_request *r, int status, struct str title, struct str body)
{
    struct str head = arena_printf(&r->arena, before, (int)title.n, title.p, asset_of("image/svg+xml"),
                                   asset_of("text/css; charset=utf-8"), (int)title.n, title.p);
    http_reply_header(r, "Content-Security-Policy", STR(POLICY));
    http_reply(r, status, "text/html; charset=utf-8",
               arena_printf(&r->arena, "%.*s%.*s%s", (int)head.n, head.p, (int)body.n, body.p, after));
}

/* What the page says: ADDRESS text BUSINESS end. */
struct words {
    struct str paused, title, text, end, note;
    const char *action, *kind, *label; /* of its button; NULL: it has none */
};

#define NO_MAIL STR("No mail is sent"), STR("gets no daily mail about the calls of")
#define OWNER STR("An owner can have it sent again, in the settings of the dashboard."), NULL, NULL, NULL

static const struct words gets = {STR(""),
                                  STR("Stop the daily mail?"),
                                  STR("gets a mail each morning about the calls of"),
                                  STR("."),
                                  STR("Only mail to this address is stopped."),
                                  "stop",
                                  " is-primary",
                                  "Stop this mail"};
static const struct words gets_again = {STR(""),
                                        STR("The mail comes again"),
                                        STR("gets the daily mail about the calls of"),
                                        STR(" from now on."),
                                        STR(""),
                                        "stop",
                                        "",
                                        "Stop this mail"};
static const struct words stopped[] = {
    {STR("unsubscribed"), STR("The mail is stopped"), STR("gets no more daily mails about the calls of"), STR("."),
     STR(""), "resume", "", "Send it again after all"},
    {STR("bounced"), NO_MAIL, STR(", because one came back as undeliverable."), OWNER},
    {STR("complained"), NO_MAIL, STR(", because one was reported as spam."), OWNER},
    {STR(""), NO_MAIL, STR(": the mail service does not deliver to it."), OWNER},
};

static const struct words *words_for(bool again, struct str paused)
{
    const struct words *w = stopped;
    if (!paused.p) {
        return again ? &gets_again : &gets;
    }
    while (w->paused.n && !str_eq(w->paused, paused)) {
        w++;
    }
    return w;
}

static int put(struct buf *out, const struct str *parts)
{
    int rc = 0;
    for (size_t i = 0; parts[i].p && rc == 0; i++) {
        rc = buf_append(out, parts[i]);
    }
    return rc;
}

void unsubscribe_page_show(struct http_request *r, bool again, const struct unsubscribe_whom *whom)
{
    const struct words *w = words_for(again, whom->paused);
    struct arena *a = &r->arena;
    struct buf page = buf_make(CAP_REPLY_BYTES);
    int rc = put(&page, (struct str[]){STR("<p><strong>"),
                                       escaped(a, whom->address),
                                       STR("</strong> "),
                                       w->text,
                                       STR(" <strong>"),
                                       escaped(a, whom->business),
                                       STR("</strong>"),
                                       w->end,
                                       STR("</p>\n"),
                                       {NULL, 0}});
    if (rc == 0 && w->note.n) {
        rc = put(&page, (struct str[]){STR("<p class=\"sign-in-note\">"), w->note, STR("</p>\n"), {NULL, 0}});
    }
    if (rc == 0 && w->action) {
        rc = buf_printf(&page, button, w->kind, w->action, w->label);
    }
    if (rc < 0) {
        http_reply_error(r, rc);
    } else {
        answer(r, 200, w->title, buf_str(&page));
    }
    buf_free(&page);
}

void unsubscribe_page_refuse(struct http_request *r, int code)
{
    int status = err_info(code)->status;
    if (code == ERR_NOT_FOUND) {
        answer(
            r, status, STR("This link does not work"),
            STR("<p>It is not complete, or not good any more: it may be from a mail to an address that has been taken "
                "off the list since.</p>\n<p class=\"sign-in-note\">Who gets the daily mail stands in the settings of "
                "the dashboard.</p>\n"));
    } else if (status >= 500) {
        answer(r, status, STR("That did not work"),
               STR("<p>Nothing was changed, as far as we know. Please try again in a minute.</p>\n"));
    } else {
        answer(r, status, STR("That did not work"), STR("<p>Please open the link in the mail again.</p>\n"));
    }
}
