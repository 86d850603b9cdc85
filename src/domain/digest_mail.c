#include "digest_mail.h"
#include "digest_page.h"

struct str digest_subject(struct arena *a, const struct digest_facts *f)
{
    struct str report = words_report(a, f);
    return arena_printf(a, "%.*s: %.*s", (int)f->day.n, f->day.p, (int)report.n, report.p);
}

/* RFC 8058 asks for https. A host of one's own machine is for trying. */
static bool may_stop_by(struct str url)
{
    static const char *const starts[] = {"https://", "http://127.0.0.1", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        struct str rest = str_skip(url, strlen(starts[i]));
        if (str_starts(url, str_of(starts[i])) &&
            (i == 0 || str_starts(rest, STR(":")) || str_starts(rest, STR("/")))) {
            return true;
        }
    }
    return false;
}

int digest_mail_compose(struct arena *a, const struct digest_facts *f, const struct digest_links *links, size_t to,
                        struct mail *out)
{
    struct digest_page page = {.a = a, .f = f, .links = links, .to = to};
    struct str stop = digest_stop_url(a, f, links, to);
    *out = (struct mail){.from = links->from,
                         .to = DIGEST_ITEM(f->recipients, digest_recipient, to)->address,
                         .subject = digest_subject(a, f),
                         .business_id = f->business_id,
                         .local_date = f->date};
    if (may_stop_by(stop)) {
        out->unsubscribe_url = stop;
    }
    int rc = digest_html(&page, out->subject, &out->html);
    return rc ? rc : digest_text(&page, &out->text);
}
