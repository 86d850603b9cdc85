#pragma once
/* A handler that streams so many bytes of the pattern, waiting when it is told to. Tests read what it went through. */
#include "http_drinker.h"

struct source {
    struct http_waiter waiter;
    struct http_request *request; /* NULL: not begun, ended or gone */
    size_t at, total, piece, most_waiting;
    size_t gone, drained, turns; /* turns: how often it was allowed to write */
    bool writing, nested;        /* nested: told something inside its own call */
};

static inline void source_pump(struct source *s)
{
    size_t waiting = 0;
    s->turns++;
    s->writing = true;
    while (s->at < s->total && waiting <= CAP_STREAM_BYTES) {
        size_t n = s->piece < s->total - s->at ? s->piece : s->total - s->at;
        waiting = http_stream_write(s->request, pattern_of(s->at, n));
        s->at += n;
        s->most_waiting = waiting > s->most_waiting ? waiting : s->most_waiting;
    }
    if (s->at == s->total && waiting <= CAP_STREAM_BYTES) {
        struct http_request *r = s->request;
        s->request = NULL;
        http_stream_end(r);
    }
    s->writing = false;
}

static inline void source_on_drain(struct http_waiter *w, struct http_request *r)
{
    struct source *s = container_of(w, struct source, waiter);
    s->nested = s->nested || s->writing || r != s->request;
    s->drained++;
    source_pump(s);
}

static inline void source_on_gone(struct http_waiter *w, struct http_request *r)
{
    struct source *s = container_of(w, struct source, waiter);
    s->nested = s->nested || s->writing || r != s->request;
    s->gone++;
    s->request = NULL;
}

/* Takes a request over that waits in the house, and writes until it has to wait. */
static inline void source_begin(struct source *s, struct http_request *r, size_t total, size_t piece, bool chunked)
{
    *s = (struct source){.waiter = {source_on_gone, source_on_drain}, .request = r, .total = total, .piece = piece};
    r->waiter = &s->waiter;
    http_stream_begin(r, 200, "application/octet-stream", chunked ? -1 : (int64_t)total);
    source_pump(s);
}
