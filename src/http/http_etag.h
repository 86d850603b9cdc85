#pragma once
/* Entity tags: a digest of the plain body, and the same with a suffix for its gzipped form. */
#include "arena.h"
#include "http_parse.h"

/* `"0123…cdef"`, or `"0123…cdef-gz"` */
struct str http_etag_make(struct arena *a, struct str body, bool gzipped);
/* Whether If-None-Match holds the tag, or the tag of the other form of the same body, by weak comparison (RFC 9110,
 * 13.1.2). `tag` becomes the one that the client has: an answer 304 must name it, or its cache does not know what is
 * meant. */
bool http_etag_known(const struct http_parse *p, struct arena *a, struct str *tag);
