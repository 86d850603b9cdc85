#pragma once
/* The members of a list header (RFC 9110, 5.6.1), in order, over all lines of that name: whoever adds a line instead of a
 * member means the same. Empty members are left out. A comma within quotes parts too: no member that we look for has one. */
#include "http_parse.h"

struct http_list {
    const struct http_parse *parse;
    struct str name;
    size_t at;       /* the field to look at next */
    struct str rest; /* of the line that is being read */
};

struct http_list http_list_of(const struct http_parse *p, struct str name);
/* False when there are no more. */
bool http_list_next(struct http_list *l, struct str *member_out);
