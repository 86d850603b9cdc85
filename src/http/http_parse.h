#pragma once
/* The bytes of one request. The head is collected whole and checked line by line, then parsed by llhttp and judged; the
 * body is taken out of its framing by llhttp into a capped buffer. Knows no sockets and no routes.
 *
 * Owned by the connection, used for its requests one after another. Every error is final for the connection: where the
 * next request would begin is not known any more. */
#include "arena.h"
#include "buf.h"
#include "caps.h"
#include "http.h"
#include <llhttp.h>

enum http_stage {
    STAGE_HEAD, /* the blank line has not come yet */
    STAGE_BODY, /* the head is good, more bytes belong to the body */
    STAGE_DONE, /* the request is complete */
};

/* Offsets into the head: it moves while it grows. */
struct http_field {
    uint16_t name, name_n, value, value_n;
};

struct http_parse {
    llhttp_t ll;
    enum http_stage stage;
    int error;       /* of a callback, which can tell llhttp only that there is one */
    struct buf head; /* as sent, without empty lines before it */
    size_t line;     /* where the unfinished line begins */
    size_t lines, empty_lines;
    size_t field_count;
    struct http_field fields[CAP_HEADERS];
    size_t hosts, lengths, codings; /* how often Host, Content-Length, Transfer-Encoding came */
    uint64_t declared_bytes;        /* Content-Length */
    bool keep_alive, expects_continue;
    struct buf *body;
};

void http_parse_init(struct http_parse *p);
/* Ready for the next request. */
void http_parse_reset(struct http_parse *p);
void http_parse_free(struct http_parse *p);

/* Takes bytes of a head and moves `bytes` past them. 0 with stage HEAD: more are needed. 0 with another stage: the head
 * is good, and the rest of `bytes` belongs to the body or to the next request. */
int http_parse_head(struct http_parse *p, struct str *bytes) must_check;
/* Takes bytes of the body into `body`, whose cap decides about ERR_TOO_LARGE. */
int http_parse_body(struct http_parse *p, struct str *bytes, struct buf *body) must_check;

/* After the head. */
int http_parse_verb(const struct http_parse *p, enum http_verb *verb_out) must_check;
struct str http_parse_target(const struct http_parse *p);
struct str http_parse_header(const struct http_parse *p, struct str name);
/* The value of the next field of that name from field `*at` on, which is moved past it; absent when there is none. */
struct str http_parse_next(const struct http_parse *p, struct str name, size_t *at);
