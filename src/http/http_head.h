#pragma once
/* The head of an answer: status line, our own lines, those that the handler added. */
#include "http_conn.h"

#define HEAD_OWN_BYTES 1536 /* more than our own lines can need */
#define HEAD_PARTS 3

struct http_head {
    char bytes[HEAD_OWN_BYTES];
    size_t len;
};

/* Decides whether the connection ends with this answer, and writes all lines but those about the body. */
void http_head_begin(struct http_head *h, struct http_conn *c, int status, const char *content_type);
/* `name` with its colon. */
void http_head_line(struct http_head *h, struct str name, struct str value);
void http_head_number(struct http_head *h, struct str name, uint64_t value);
/* The parts to send, blank line included. They are good until the answer is let go of, and as long as `h`. */
void http_head_end(struct http_head *h, struct http_conn *c, uv_buf_t parts_out[HEAD_PARTS]);

/* Did the handler set this one, of those that have a default? */
bool http_head_is_set(const struct http_conn *c, struct str name);
/* Headers of an answer that was never given, or was sent. */
void http_head_reset(struct http_conn *c);
