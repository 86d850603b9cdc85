#pragma once
/* A request's head as the parser leaves it, made of header lines. */
#include "http_parse.h"
#include "tap.h"

static struct http_parse asked;

/* Lines end with CRLF each. */
static inline const struct http_parse *ask_with(const char *lines)
{
    char head[4096];
    int n = snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
    struct str bytes = {head, (size_t)n};
    http_parse_free(&asked);
    http_parse_init(&asked);
    CHECK(n < (int)sizeof(head) && http_parse_head(&asked, &bytes) == 0 && asked.stage == STAGE_DONE);
    return &asked;
}
