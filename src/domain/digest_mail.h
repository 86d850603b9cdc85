#pragma once
/* The digest as a mail: facts in, subject, HTML and text out. Pure: the same facts give the same bytes.
 *
 * The HTML is for mail programs: tables, inline styles, a style sheet in the head as an extra (dark mode, narrow screens), no
 * image, no script, at most CAP_DIGEST_HTML_BYTES (Gmail cuts at 102 kB). Every value goes through html.h, which escapes. */
#include "digest_facts.h"
#include "mail.h"

struct digest_links {
    struct str dashboard_url; /* without a slash at its end; absent: the mail has no links into the dashboard */
    struct str public_url;    /* under which unsubscribe links are; absent: none */
    struct str from;
};

/* The mail to recipient number `to` of the facts. Texts live in the arena. ERR_TOO_LARGE is not expected: what could grow is
 * cut before. */
int digest_mail_compose(struct arena *a, const struct digest_facts *f, const struct digest_links *links, size_t to,
                        struct mail *out) must_check;
/* "Tue 17 Nov: 14 calls, 3 to call back" */
struct str digest_subject(struct arena *a, const struct digest_facts *f);
