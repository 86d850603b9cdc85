#include "unsubscribe_page.h"
#include "caps.h"
#include "html.h"
#include "page_files.h"
#include <assert.h>

#define POLICY                                                                                                         \
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

#define MOST_LETTERS 300 /* of a name or an address */

static struct str asset_of(const char *type)
{
    const struct page_file *f = page_files;
    while (f->name && strcmp(f->type, type) != 0) {
        f++;
    }
    assert(f->name);
    return str_of(f->name);
}

static struct html begin(struct str title)
{
    struct html h = html_make(CAP_REPLY_BYTES);
    HTML(&h,
         "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n<title>");
    html_text(&h, title, MOST_LETTERS);
    HTML(&h, " · Ringback</title>\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"/assets/");
    html_text(&h, asset_of("image/svg+xml"), MOST_LETTERS);
    HTML(&h, "\">\n<link rel=\"stylesheet\" href=\"/assets/");
    html_text(&h, asset_of("text/css; charset=utf-8"), MOST_LETTERS);
    HTML(&h, "\">\n</head>\n<body>\n<main class=\"sign-in\">\n<div class=\"sign-in-card\">\n"
             "<p class=\"sign-in-brand\">Ringback</p>\n<div>\n<h1>");
    html_text(&h, title, MOST_LETTERS);
    HTML(&h, "</h1>\n");
    return h;
}

static void answer(struct http_request *r, int status, struct html *h)
{
    HTML(h, "</div>\n</div>\n</main>\n</body>\n</html>\n");
    if (h->rc < 0) {
        http_reply_error(r, h->rc);
    } else {
        http_reply_header(r, "Content-Security-Policy", STR(POLICY));
        http_reply(r, status, "text/html; charset=utf-8", buf_str(&h->out));
    }
    buf_free(&h->out);
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

static void put_button(struct html *h, const struct words *w)
{
    HTML(h, "<form method=\"post\"><button class=\"button is-wide");
    html_text(h, str_of(w->kind), MOST_LETTERS);
    HTML(h, "\" name=\"action\" value=\"");
    html_text(h, str_of(w->action), MOST_LETTERS);
    HTML(h, "\">");
    html_text(h, str_of(w->label), MOST_LETTERS);
    HTML(h, "</button></form>\n");
}

void unsubscribe_page_show(struct http_request *r, bool again, const struct unsubscribe_whom *whom)
{
    const struct words *w = words_for(again, whom->paused);
    struct html h = begin(w->title);
    HTML(&h, "<p><strong>");
    html_text(&h, whom->address, MOST_LETTERS);
    HTML(&h, "</strong> ");
    html_text(&h, w->text, MOST_LETTERS);
    HTML(&h, " <strong>");
    html_text(&h, whom->business, MOST_LETTERS);
    HTML(&h, "</strong>");
    html_text(&h, w->end, MOST_LETTERS);
    HTML(&h, "</p>\n");
    if (w->note.n) {
        HTML(&h, "<p class=\"sign-in-note\">");
        html_text(&h, w->note, MOST_LETTERS);
        HTML(&h, "</p>\n");
    }
    if (w->action) {
        put_button(&h, w);
    }
    answer(r, 200, &h);
}

void unsubscribe_page_refuse(struct http_request *r, int code)
{
    int status = err_info(code)->status;
    struct html h = begin(code == ERR_NOT_FOUND ? STR("This link does not work") : STR("That did not work"));
    if (code == ERR_NOT_FOUND) {
        HTML(&h, "<p>It is not complete, or not good any more: it may be from a mail to an address that has been taken "
                 "off the list since.</p>\n<p class=\"sign-in-note\">Who gets the daily mail stands in the settings of "
                 "the dashboard.</p>\n");
    } else if (status >= 500) {
        HTML(&h, "<p>Nothing was changed, as far as we know. Please try again in a minute.</p>\n");
    } else {
        HTML(&h, "<p>Please open the link in the mail again.</p>\n");
    }
    answer(r, status, &h);
}
