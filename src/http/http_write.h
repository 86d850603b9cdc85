#pragma once
/* The way out of a connection: what the kernel does not take at once is kept, and how long the client may take for it.
 * Bytes are kept in two buffers: one that is being written, and what has come since. */
#include "http_conn.h"

/* Sends the parts as one and as the last of this answer. To ANSWERED, WRITING, or CLOSING when the client is gone. */
void http_write_all(struct http_conn *c, const uv_buf_t *parts, unsigned count);
/* Sends more of a stream. Stays in STREAMING, or to GONE. */
void http_write_more(struct http_conn *c, const uv_buf_t *parts, unsigned count);
/* Nothing more belongs to this answer: to ANSWERED, or WRITING while bytes wait. */
void http_write_end(struct http_conn *c);
/* Bytes that the kernel has not taken. */
size_t http_write_waiting(const struct http_conn *c);
/* When to look next at a connection that writes. */
uint64_t http_write_deadline(const struct http_conn *c);
/* Looks: is there progress, and is it still in time? */
void http_write_check(struct http_conn *c);
