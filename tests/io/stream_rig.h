#pragma once
/* What the tests of streams share: answers of all kinds, and a stream's owner that notes what it is told. */
#include "fetch_rig.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n"
#define BIG_BYTES (8u << 20)

static char big[BIG_BYTES + 256];     /* head and body */
static char chunked[BIG_BYTES + 512]; /* the same body in three chunks */
static const char *big_body;

static const struct peer_rule rules[] = {
    {"/small", HEAD "Content-Length: 5\r\nETag: \"a1\"\r\n\r\nhello", 0, PEER_KEEP},
    {"/chunks", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", 0, PEER_KEEP},
    {"/trailers", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nETag: \"late\"\r\n\r\n", 0, PEER_KEEP},
    {"/until-close", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", 0, PEER_CLOSE},
    {"/empty", HEAD "Content-Length: 0\r\n\r\n", 0, PEER_KEEP},
    {"/nothing", "HTTP/1.1 204 No Content\r\n\r\n", 0, PEER_KEEP},
    {"/moved", "HTTP/1.1 302 Found\r\nlocation:  /x?y=1 \t\r\nLocation: /second\r\nContent-Length: 4\r\n\r\ngone", 0,
     PEER_KEEP},
    {"/hints",
     "HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\n\r\n" HEAD "Content-Length: 2\r\nAccept-Ranges: bytes\r\n\r\nhi",
     0, PEER_KEEP},
    {"/refused", "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno", 0, PEER_KEEP},
    {"/broken", "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh", 0, PEER_KEEP},
    {"/big", big, 0, PEER_KEEP},
    {"/big-chunks", chunked, 0, PEER_KEEP},
    {"/exactly", HEAD "Content-Length: 300000\r\n\r\n", 300000, PEER_KEEP},
    {"/one-over", HEAD "Content-Length: 300001\r\n\r\n", 300001, PEER_KEEP},
    {"/over-chunked", HEAD "Transfer-Encoding: chunked\r\n\r\n61a80\r\n", 400000, PEER_HANG},
    {"/close-in-body", HEAD "Content-Length: 100\r\n\r\nabc", 0, PEER_CLOSE},
    {"/reset-in-body", HEAD "Content-Length: 100\r\n\r\nabc", 0, PEER_RESET},
    {"/hang-in-body", HEAD "Content-Length: 100\r\n\r\nabc", 0, PEER_HANG},
    {"/hang-in-head", "HTTP/1.1 200 OK\r\nContent-Ty", 0, PEER_HANG},
    {"/hang", "", 0, PEER_HANG},
    {"/bad-chunk", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", 0, PEER_CLOSE},
    {"/close-in-head", "HTTP/1.1 200 OK\r\nContent-Ty", 0, PEER_CLOSE},
    {"/garbage", "\x16\x03\x01 what is this\r\n\r\n", 0, PEER_CLOSE},
    {"/", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP},
    {NULL, NULL, 0, 0},
};

static inline void make_big(void)
{
    if (big_body) {
        return;
    }
    int n = snprintf(big, sizeof(big), HEAD "Content-Length: %u\r\n\r\n", BIG_BYTES);
    char *body = big + n;
    for (size_t i = 0; i < BIG_BYTES; i += 8) {
        char word[9];
        snprintf(word, sizeof(word), "%08zx", i);
        memcpy(body + i, word, 8);
    }
    big_body = body;
    static const size_t cuts[] = {0, 1, 100001, BIG_BYTES};
    char *at = chunked + snprintf(chunked, sizeof(chunked), HEAD "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < 3; i++) {
        size_t bytes = cuts[i + 1] - cuts[i];
        at += snprintf(at, 32, "%zx\r\n", bytes);
        memcpy(at, body + cuts[i], bytes);
        memcpy(at + bytes, "\r\n", 2);
        at += bytes + 2;
    }
    memcpy(at, "0\r\n\r\n", 6);
}

/* A stream that notes what it is told, and acts when told to. */
struct ear {
    struct ask ask;
    struct buf got;
    int heads, parts;
    bool inside; /* a function of the room is on the stack: nothing may be told */
    void (*at_head)(struct ear *);
    void (*at_part)(struct ear *);
};

static inline struct ear *ear_of(struct fetch *f)
{
    return container_of(f, struct ear, ask.fetch);
}

static inline void ear_on_head(struct fetch *f)
{
    struct ear *e = ear_of(f);
    CHECK(!e->inside && !e->ask.submitting);
    CHECK_INT(e->heads + e->parts + e->ask.fired, 0);
    CHECK(f->status >= 200);
    e->heads++;
    if (e->at_head) {
        e->at_head(e);
    }
}

static inline void ear_on_part(struct fetch *f, struct str bytes)
{
    struct ear *e = ear_of(f);
    CHECK(!e->inside && !e->ask.submitting);
    CHECK(bytes.n > 0 && bytes.n <= CAP_FETCH_PART_BYTES);
    CHECK_INT(e->heads, 1);
    CHECK_INT(e->ask.fired, 0);
    CHECK_INT(buf_append(&e->got, bytes), 0);
    e->parts++;
    if (e->at_part) {
        e->at_part(e);
    }
}

static inline void ear_init(struct ear *e, struct rig *r, const char *path)
{
    make_big();
    *e = (struct ear){.got = buf_make(2 * BIG_BYTES)};
    ask_init(&e->ask, r, path);
    e->ask.fetch.on_head = ear_on_head;
    e->ask.fetch.on_part = ear_on_part;
    e->ask.fetch.answer_cap_bytes = BIG_BYTES;
    e->ask.fetch.deadline_ms = 20000;
}

static inline void ear_finish(struct ear *e)
{
    buf_free(&e->got);
    fetch_finish(&e->ask.fetch);
}

static inline void ear_pause(struct ear *e)
{
    e->inside = true;
    fetch_pause(&e->ask.fetch);
    e->inside = false;
}

static inline void ear_resume(struct ear *e)
{
    e->inside = true;
    fetch_resume(&e->ask.fetch);
    e->inside = false;
}

static inline int count_of(enum metric_fetch result)
{
    return (int)metric_value(METRIC_UPSTREAM_REQUESTS, UPSTREAM_VAPI, result);
}

/* What the peer still holds back. */
static inline size_t peer_queue(const struct rig *r)
{
    size_t bytes = 0;
    for (struct list_node *n = list_first(&r->peer.clients); n; n = list_next(&r->peer.clients, n)) {
        struct peer_client *c = container_of(n, struct peer_client, node);
        bytes += uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp);
    }
    return bytes;
}
