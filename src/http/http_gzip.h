#pragma once
/* Answers made smaller. One compressor serves all connections of a listener, one answer after another: setting one up
 * costs more than a small answer. Zeroed is empty; freed with the listener. */
#include "buf.h"
#include "http_parse.h"
#include <zlib.h>

struct http_gzip {
    z_stream z;
    bool ready; /* made with the first answer that needs it */
    struct buf out;
};

/* Is such an answer worth it? JSON and text above CAP_GZIP_LEAST_BYTES. */
bool http_gzip_fits(const char *content_type, size_t bytes);
/* Does the client take the coding, and not less gladly than the plain bytes? RFC 9110, 12.5.3. */
bool http_coding_accepted(const struct http_parse *p, struct str coding);
bool http_gzip_accepted(const struct http_parse *p);
/* The bytes as a gzip file, valid until the next call. */
struct str http_gzip_press(struct http_gzip *g, struct str bytes);
void http_gzip_free(struct http_gzip *g);
