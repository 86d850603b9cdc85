#pragma once
/* What the fetch tests share: a room on a real loop, a rude peer on the same loop, and asks that note how they end.
 * The peer reads a whole request, finds its path among the rules and does what the rule says. */
#include "caps.h"
#include "fetch.h"
#include "tap.h"

enum peer_then { PEER_KEEP, PEER_CLOSE, PEER_RESET, PEER_HANG };

struct peer_rule {
    const char *path;  /* NULL ends the table; the last row answers every other path */
    const char *bytes; /* sent as they are */
    size_t filler;     /* then so many bytes of 'x' */
    enum peer_then then;
};

struct peer {
    struct loop *loop;
    uv_tcp_t listener;
    const struct peer_rule *rules;
    struct list clients;
    int port, connections, requests;
    bool deaf;          /* accepts and never reads */
    char request[8192]; /* the last one, as it came */
};

struct peer_client {
    uv_tcp_t tcp;
    struct list_node node;
    struct peer *peer;
    char in[8192]; /* the start of the request; what does not fit is counted and dropped */
    size_t len;
};

struct peer_write {
    uv_write_t req;
    struct peer_client *client;
    enum peer_then then;
    char bytes[];
};

static inline void peer_on_client_closed(uv_handle_t *h)
{
    free(container_of((uv_tcp_t *)h, struct peer_client, tcp));
}

static inline void peer_drop(struct peer_client *c, bool reset)
{
    if (uv_is_closing((uv_handle_t *)&c->tcp)) {
        return;
    }
    list_remove(&c->peer->clients, &c->node);
    if (!reset || uv_tcp_close_reset(&c->tcp, peer_on_client_closed) < 0) {
        uv_close((uv_handle_t *)&c->tcp, peer_on_client_closed);
    }
}

static inline void peer_on_written(uv_write_t *req, int status)
{
    struct peer_write *w = container_of(req, struct peer_write, req);
    if (status < 0 || w->then == PEER_CLOSE || w->then == PEER_RESET) {
        peer_drop(w->client, w->then == PEER_RESET);
    }
    free(w);
}

static inline void peer_answer(struct peer_client *c, const struct peer_rule *r)
{
    size_t n = strlen(r->bytes);
    struct peer_write *w = calloc(1, sizeof(*w) + n + r->filler);
    memcpy(w->bytes, r->bytes, n);
    memset(w->bytes + n, 'x', r->filler);
    w->client = c;
    w->then = r->then;
    uv_buf_t buf = uv_buf_init(w->bytes, (unsigned)(n + r->filler));
    if (uv_write(&w->req, (uv_stream_t *)&c->tcp, &buf, 1, peer_on_written) < 0) {
        abort();
    }
}

static inline const struct peer_rule *peer_find(const struct peer *p, const char *request)
{
    const char *path = strchr(request, ' ') + 1;
    const struct peer_rule *r = p->rules;
    while (r[1].path && !(strncmp(path, r->path, strlen(r->path)) == 0 && strchr(" ?", path[strlen(r->path)]))) {
        r++;
    }
    return r;
}

static inline size_t peer_kept(const struct peer_client *c)
{
    return c->len < sizeof(c->in) - 1 ? c->len : sizeof(c->in) - 1;
}

/* Bytes of the request at the start of the buffer, 0 when it is not whole yet. */
static inline size_t peer_request_bytes(const struct peer_client *c)
{
    const char *end = strstr(c->in, "\r\n\r\n");
    const char *length = strcasestr(c->in, "\r\nContent-Length:");
    if (!end) {
        return 0;
    }
    size_t n = (size_t)(end - c->in) + 4 + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    return n <= c->len ? n : 0;
}

static inline void peer_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct peer_client *c = container_of((uv_tcp_t *)s, struct peer_client, tcp);
    if (n < 0) {
        peer_drop(c, false);
        return;
    }
    c->len += (size_t)n;
    c->in[peer_kept(c)] = '\0';
    if (peer_request_bytes(c) > 0) {
        memcpy(c->peer->request, c->in, sizeof(c->in));
        c->peer->requests++;
        c->len = 0;
        peer_answer(c, peer_find(c->peer, c->peer->request));
    }
}

static inline void peer_on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
    static char dropped[65536];
    (void)size;
    struct peer_client *c = container_of((uv_tcp_t *)h, struct peer_client, tcp);
    size_t free_bytes = sizeof(c->in) - 1 - peer_kept(c);
    *buf = free_bytes ? uv_buf_init(c->in + c->len, (unsigned)free_bytes) : uv_buf_init(dropped, sizeof(dropped));
}

static inline void peer_on_connection(uv_stream_t *s, int status)
{
    struct peer *p = container_of((uv_tcp_t *)s, struct peer, listener);
    if (status < 0) {
        abort();
    }
    struct peer_client *c = calloc(1, sizeof(*c));
    c->peer = p;
    uv_tcp_init(&p->loop->uv, &c->tcp);
    if (uv_accept(s, (uv_stream_t *)&c->tcp) < 0) {
        abort();
    }
    list_push(&p->clients, &c->node);
    p->connections++;
    if (!p->deaf) {
        uv_read_start((uv_stream_t *)&c->tcp, peer_on_alloc, peer_on_read);
    }
}

static inline void peer_open(struct peer *p, struct loop *loop, const struct peer_rule *rules)
{
    struct sockaddr_in at;
    int len = sizeof(at);
    *p = (struct peer){.loop = loop, .rules = rules};
    list_init(&p->clients);
    uv_tcp_init(&loop->uv, &p->listener);
    uv_ip4_addr("127.0.0.1", 0, &at);
    if (uv_tcp_bind(&p->listener, (struct sockaddr *)&at, 0) < 0 ||
        uv_listen((uv_stream_t *)&p->listener, 512, peer_on_connection) < 0 ||
        uv_tcp_getsockname(&p->listener, (struct sockaddr *)&at, &len) < 0) {
        abort();
    }
    p->port = ntohs(at.sin_port);
}

static inline void peer_close(struct peer *p)
{
    for (struct list_node *n; (n = list_first(&p->clients));) {
        peer_drop(container_of(n, struct peer_client, node), false);
    }
    uv_close((uv_handle_t *)&p->listener, NULL);
}

/* One fetch that notes how it ended. */
struct ask {
    struct fetch fetch;
    char url[256];
    int fired, code;
    bool submitting; /* fetch_submit is on the stack */
    void (*then)(struct ask *);
};

struct rig {
    struct loop loop;
    struct fetch_room room;
    struct fetch_host host;
    struct peer peer;
    int closed;
};

static inline void rig_open(struct rig *r, const struct peer_rule *rules)
{
    *r = (struct rig){0};
    metric_free();
    metric_init(NULL, 0);
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    loop_init(&r->loop);
    CHECK_INT(fetch_room_open(&r->room, &r->loop), 0);
    fetch_host_init(&r->host, UPSTREAM_VAPI);
    peer_open(&r->peer, &r->loop, rules);
}

static inline void rig_on_closed(struct fetch_room *room)
{
    struct rig *r = container_of(room, struct rig, room);
    r->closed++;
    loop_stop(&r->loop);
}

/* Every test ends here: the room closes once and the loop is empty. */
static inline void rig_close(struct rig *r)
{
    if (r->room.core) {
        fetch_room_close(&r->room, rig_on_closed);
        CHECK_INT(r->closed, 0);
    }
    peer_close(&r->peer);
    loop_run(&r->loop);
    CHECK_INT(r->closed, 1);
    CHECK_INT(loop_close(&r->loop), 0);
    metric_free();
}

static inline void rig_run_ms(struct rig *r, uint64_t ms)
{
    uint64_t end_ns = uv_hrtime() + ms * 1000000;
    while (uv_hrtime() < end_ns) {
        uv_run(&r->loop.uv, UV_RUN_NOWAIT);
        usleep(200);
    }
}

static inline void ask_on_done(struct fetch *f, int code)
{
    struct ask *a = container_of(f, struct ask, fetch);
    CHECK(!a->submitting);
    a->fired++;
    a->code = code;
    if (a->then) {
        a->then(a);
    }
}

static inline void ask_init(struct ask *a, struct rig *r, const char *path)
{
    *a = (struct ask){0};
    snprintf(a->url, sizeof(a->url), "http://127.0.0.1:%d%s", r->peer.port, path);
    a->fetch.host = &r->host;
    a->fetch.method = "GET";
    a->fetch.url = str_of(a->url);
    a->fetch.deadline_ms = 5000;
    a->fetch.on_done = ask_on_done;
}

static inline int ask_submit(struct ask *a, struct rig *r)
{
    a->submitting = true;
    int rc = fetch_submit(&r->room, &a->fetch);
    a->submitting = false;
    CHECK_INT(a->fired, 0);
    return rc;
}

static inline void ask_wait(struct ask *a, struct rig *r)
{
    while (!a->fired && uv_run(&r->loop.uv, UV_RUN_ONCE)) {
    }
    CHECK_INT(a->fired, 1);
}

/* Asks and waits; the answer stays with the ask until fetch_finish. */
static inline int ask_run(struct ask *a, struct rig *r)
{
    int rc = ask_submit(a, r);
    CHECK_INT(rc, 0);
    if (rc == 0) {
        ask_wait(a, r);
    }
    return a->code;
}
