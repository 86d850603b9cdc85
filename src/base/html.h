#pragma once
/* An HTML document that is safe by construction: markup comes from string literals only, and every value goes through a
 * function that escapes it. The first error is kept in rc and stops all further writing. */
#include "arena.h"
#include "buf.h"
#include <stdint.h>

struct html {
    struct buf out; /* buf_free gives it back */
    int rc;
};

static inline struct html html_make(size_t cap_bytes)
{
    return (struct html){.out = buf_make(cap_bytes)};
}

/* Markup. Anything but a literal does not compile. */
#define HTML(h, literal) html_append_literal((h), STR(literal))
void html_append_literal(struct html *h, struct str literal); /* by HTML alone */

/* A value between tags or in a double-quoted attribute: html_tame, then escaped. */
void html_text(struct html *h, struct str text, size_t most);
/* An address in a double-quoted attribute. Only http, https and tel; anything else, and what is longer than
 * CAP_HTML_URL_BYTES, becomes "#". */
void html_url(struct html *h, struct str url);
/* Would it stay as it is? */
bool html_is_url(struct str url);
void html_number(struct html *h, int64_t number);

/* One line of text for people: valid UTF-8 of at most `most` characters, then an ellipsis; control characters and line
 * breaks are spaces, what steers the direction of writing is gone. Text with letters that run from right to left stands
 * between U+2068 and U+2069, so that it does not turn what comes after it. */
struct str html_tame(struct arena *a, struct str text, size_t most);
