#include "digest_mail.h"

struct str digest_subject(struct arena *a, const struct digest_facts *f)
{
    long calls = (long)f->calls.value;
    return arena_printf(a, "%.*s: %ld call%s, %lld to call back", (int)f->day.n, f->day.p, calls, calls == 1 ? "" : "s",
                        (long long)f->to_call_back);
}

int digest_mail_compose(struct arena *a, const struct digest_facts *f, const struct digest_links *links, size_t to,
                        struct mail *out)
{
    const struct digest_recipient *r = DIGEST_ITEM(f->recipients, digest_recipient, to);
    struct str subject = digest_subject(a, f);
    *out = (struct mail){.from = links->from,
                         .to = r->address,
                         .subject = subject,
                         .html = arena_printf(a, "<p>%.*s</p>", (int)subject.n, subject.p),
                         .text = subject,
                         .business_id = f->business_id,
                         .local_date = f->date};
    out->unsubscribe_url = links->public_url.n ? arena_printf(a, "%.*s/unsubscribe/%.*s", (int)links->public_url.n,
                                                              links->public_url.p, (int)r->token.n, r->token.p)
                                               : (struct str){NULL, 0};
    return 0;
}
