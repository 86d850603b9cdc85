#pragma once
/* /unsubscribe/{token}: the link in each digest that stops it, for the one recipient whose mail it was. The token is made and
 * checked by Postgres (sql/statements/digest_doors.sql).
 *
 * GET shows who would get no more mail and a button, and changes nothing: mail scanners follow links. POST with
 * List-Unsubscribe=One-Click, as mail programs send it (RFC 8058), stops the mail and answers 200 without a word; the page's
 * own buttons (action=stop, action=resume) answer with the page. 404 for a token that is nobody's. */
#include "http.h"

/* Of the server; embedded in its owner, zeroed. */
struct unsubscribe {
    size_t open; /* questions with the database: at most CAP_UNSUBSCRIBE_OPEN, so that they never hold up mails */
};

void unsubscribe_on_get(struct http_request *r);
void unsubscribe_on_post(struct http_request *r);
