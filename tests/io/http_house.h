#pragma once
/* A server with the routes that the HTTP tests ask for, and what its handlers saw. */
#include "http.h"
#include "http_network.h"
#include "http_server.h"
#include "metric.h"
#include "rude_peer.h"

struct house {
    struct loop loop;
    struct http_server server;
    struct http_request *waiting[64]; /* of /later, in the order of arrival */
    size_t waiting_count;
    size_t gone, drained, handled;
    bool stopped;
};

static struct house house;

static inline void house_on_stopped(struct http_server *s)
{
    container_of(s, struct house, server)->stopped = true;
}

static inline void on_echo(struct http_request *r)
{
    house.handled++;
    http_reply(r, 200, "text/plain", buf_str(&r->body));
}

static inline void on_hello(struct http_request *r)
{
    house.handled++;
    http_reply(r, 200, "text/plain", STR("hello"));
}

static inline void on_gone(struct http_waiter *w, struct http_request *r)
{
    (void)w;
    house.gone++;
    for (size_t i = 0; i < house.waiting_count; i++) {
        if (house.waiting[i] == r) {
            house.waiting[i] = NULL;
        }
    }
}

static inline void on_drain(struct http_waiter *w, struct http_request *r)
{
    (void)w;
    (void)r;
    house.drained++;
}

static struct http_waiter house_waiter = {.on_gone = on_gone, .on_drain = on_drain};

static inline void on_later(struct http_request *r)
{
    house.handled++;
    r->waiter = &house_waiter;
    house.waiting[house.waiting_count++] = r;
}

/* As many bytes as the query says. */
static inline void on_big(struct http_request *r)
{
    size_t n = (size_t)strtoul(r->query.p, NULL, 10);
    char *bytes = arena_alloc(&r->arena, n);
    memset(bytes, 'x', n);
    house.handled++;
    http_reply(r, 200, "text/plain", (struct str){bytes, n});
}

/* JSON of as many bytes as the query says, with a tag. */
static inline void on_tagged(struct http_request *r)
{
    size_t n = (size_t)strtoul(r->query.p, NULL, 10);
    char *bytes = arena_alloc(&r->arena, n + 1);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = i == 0 || i + 1 == n ? '"' : (char)('a' + i * i % 26);
    }
    house.handled++;
    http_reply_tagged(r, "application/json", (struct str){bytes, n});
}

static inline void on_param(struct http_request *r)
{
    house.handled++;
    http_reply(r, 200, "text/plain", arena_printf(&r->arena, "[%.*s]", (int)http_param(r).n, http_param(r).p));
}

static inline void on_who(struct http_request *r)
{
    house.handled++;
    http_reply(r, 200, "text/plain", http_client_address(r));
}

/* A stream that begins and ends in the handler. */
static inline void on_stream(struct http_request *r)
{
    house.handled++;
    http_stream_begin(r, 200, "text/csv", -1);
    http_stream_write(r, STR("name,number\n"));
    http_stream_write(r, STR("Larkspur,+12125550142\n"));
    http_stream_end(r);
}

/* Text that somebody has encoded already. */
static inline void on_encoded(struct http_request *r)
{
    static char bytes[5000];
    house.handled++;
    http_reply_header(r, "Content-Encoding", STR("br"));
    http_reply(r, 200, "text/plain", (struct str){bytes, sizeof(bytes)});
}

static inline void on_busy(struct http_request *r)
{
    house.handled++;
    http_reply_error(r, ERR_BUSY);
}

static inline int deny(struct http_request *r)
{
    return str_eq(http_header(r, STR("authorization")), STR("open sesame")) ? 0 : ERR_UNAUTHORIZED;
}

static const struct http_route house_routes[] = {
    {VERB_GET, "/hello", NULL, NULL, CAP_NO_BODY_BYTES, on_hello},
    {VERB_POST, "/hello", NULL, NULL, 100, on_echo},
    {VERB_POST, "/echo", NULL, NULL, 1 << 20, on_echo},
    {VERB_POST, "/later", NULL, NULL, 1 << 20, on_later},
    {VERB_GET, "/later", NULL, NULL, CAP_NO_BODY_BYTES, on_later},
    {VERB_GET, "/big", NULL, NULL, CAP_NO_BODY_BYTES, on_big},
    {VERB_GET, "/busy", NULL, NULL, CAP_NO_BODY_BYTES, on_busy},
    {VERB_POST, "/guarded", NULL, deny, 100, on_echo},
    {VERB_GET, "/tagged", NULL, NULL, CAP_NO_BODY_BYTES, on_tagged},
    {VERB_GET, "/calls/{id}", NULL, NULL, CAP_NO_BODY_BYTES, on_param},
    {VERB_PUT, "/calls/{id}", NULL, NULL, 100, on_param},
    {VERB_GET, "/who", NULL, NULL, CAP_NO_BODY_BYTES, on_who},
    {VERB_GET, "/stream", NULL, NULL, CAP_NO_BODY_BYTES, on_stream},
    {VERB_GET, "/encoded", NULL, NULL, CAP_NO_BODY_BYTES, on_encoded},
    {0, NULL, NULL, NULL, 0, NULL},
};
static const char *const house_labels[] = {
    "none",     "/hello GET", "/hello",      "/echo",           "/later", "/later GET", "/big",    "/busy",
    "/guarded", "/tagged",    "/calls/{id}", "/calls/{id} PUT", "/who",   "/stream",    "/encoded"};
enum { ROUTE_LATER = 5, ROUTE_CALLS = 10 };

static inline void house_open(void)
{
    static struct http_networks proxies;
    static const struct http_options options = {.name = "public",
                                                .routes = house_routes,
                                                .metric_first_route = 1,
                                                .host = "127.0.0.1",
                                                .trusted_proxies = &proxies};
    CHECK_INT(http_networks_read(STR("127.0.0.0/8, 10.0.0.0/8"), &proxies), 0);
    house = (struct house){.waiting_count = 0};
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    metric_init(house_labels, sizeof(house_labels) / sizeof(house_labels[0]));
    loop_init(&house.loop);
    CHECK_INT(http_server_start(&house.server, &house.loop, &options), 0);
}

static inline struct http_limits *house_limits(void)
{
    return &house.server.listener->limits;
}

static inline size_t house_in(enum http_conn_state state)
{
    return house.server.listener->by_state[state].count;
}

static inline void house_meet(struct peer *p)
{
    peer_open(p, &house.loop, http_server_port(&house.server), 0);
}

/* Stops the server; the loop must then end by itself and close empty. */
static inline void house_close(void)
{
    if (!house.stopped) {
        http_server_stop(&house.server, house_on_stopped);
        CHECK(PEER_WAIT(&house.loop, house.stopped));
    }
    loop_stop(&house.loop);
    loop_run(&house.loop);
    CHECK_INT(loop_close(&house.loop), 0);
    metric_free();
}
