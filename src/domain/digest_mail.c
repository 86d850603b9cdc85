#include "digest_mail.h"
#include "digest_page.h"

struct str digest_subject(struct arena *a, const struct digest_facts *f)
{
    struct str report = words_report(a, f);
    return arena_printf(a, "%.*s: %.*s", (int)f->day.n, f->day.p, (int)report.n, report.p);
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
    if (str_starts(stop, STR("https://"))) { /* RFC 8058 asks for https */
        out->unsubscribe_url = stop;
    }
    int rc = digest_html(&page, out->subject, &out->html);
    return rc ? rc : digest_text(&page, &out->text);
}
