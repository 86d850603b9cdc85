#include "http_server.h"
#include "crypto.h"
#include "metric.h"
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ACCEPTS_PER_WAKE 64 /* then the clients that are here already get their turn */

static const struct http_limits default_limits = {
    .connections = CAP_CONNECTIONS,
    .per_address = CAP_CONNECTIONS_PER_ADDRESS,
    .accepts_per_second = CAP_ACCEPTS_PER_SECOND,
    .requests_per_connection = CAP_REQUESTS_PER_CONNECTION,
    .pending_bytes = CAP_PENDING_BYTES,
    .bodies_bytes = CAP_BODIES_BYTES,
    .head_ms = CAP_HEAD_MS,
    .body_ms = CAP_BODY_MS,
    .body_grace_ms = CAP_BODY_GRACE_MS,
    .body_slowest_bytes_per_s = CAP_BODY_SLOWEST_BYTES_PER_S,
    .idle_ms = CAP_IDLE_MS,
    .write_ms = CAP_WRITE_MS,
    .write_whole_ms = CAP_WRITE_WHOLE_MS,
    .stream_ms = CAP_STREAM_MS,
    .live_ms = CAP_LIVE_MS + CAP_WRITE_WHOLE_MS,
    .linger_ms = CAP_LINGER_MS,
    .drain_ms = CAP_DRAIN_MS,
    .accept_pause_ms = CAP_ACCEPT_PAUSE_MS,
};

static void on_acceptable(uv_poll_t *poll, int status, int events);

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

void http_listener_make_id(struct http_listener *l, char id_out[33])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t n = ++l->id_count;
    uint64_t halves[] = {mix(l->id_seed[0] + n * 0x9e3779b97f4a7c15u), mix(l->id_seed[1] ^ n)};
    for (size_t i = 0; i < 32; i++) {
        id_out[i] = digits[halves[i / 16] >> 4 * (i % 16) & 15];
    }
    id_out[32] = 0;
}

uint64_t http_listener_random(struct http_listener *l, uint64_t limit)
{
    l->random += 0x9e3779b97f4a7c15u;
    return mix(l->random) % limit;
}

struct str http_listener_date(struct http_listener *l)
{
    time_t now = time(NULL);
    if (now != l->date_second) {
        struct tm t;
        gmtime_r(&now, &t);
        strftime(l->date, sizeof(l->date), "%a, %d %b %Y %H:%M:%S GMT", &t);
        l->date_second = now;
    }
    return str_of(l->date);
}

void http_listener_refused(struct http_listener *l, int code, struct str peer, struct str id)
{
    metric_count(METRIC_HTTP_REFUSED, (size_t)-code);
    log_event(LOG_INFO, "http_refused", LOG_CSTR("listener", l->options.name), LOG_CSTR("reason", err_info(code)->code),
              LOG_STR("peer", peer), LOG_STR("id", id));
}

static void set_gauge(const struct http_listener *l)
{
    metric_set(METRIC_HTTP_CONNECTIONS, l->options.metric_listener, 0, (double)l->connections);
}

/* Too many: one short word, without reading what was asked and without memory of it. */
static void turn_away(struct http_listener *l, int fd, const struct sockaddr_storage *from)
{
    static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n"
                               "Content-Length: 0\r\n\r\n";
    char text[PEER_TEXT_BYTES];
    http_listener_refused(l, ERR_BUSY, http_peer_text(from, text), STR("none"));
    ssize_t n = send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)n;
    shutdown(fd, SHUT_WR);
    close(fd);
}

static void take_client(struct http_listener *l, int fd, const struct sockaddr_storage *from)
{
    struct http_peer *peer = NULL;
    if (l->connections >= l->limits.connections || http_peers_enter(&l->peers, from, l->limits.per_address, &peer)) {
        turn_away(l, fd, from);
        return;
    }
    if (http_conn_open(l, fd, from, peer)) {
        log_event(LOG_WARN, "http_open_failed", LOG_CSTR("listener", l->options.name));
    }
    set_gauge(l);
}

static void on_pause_over(uv_timer_t *t)
{
    struct http_listener *l = container_of(t, struct http_listener, timer);
    uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
}

static void pause_accepting(struct http_listener *l, uint64_t ms, const char *reason)
{
    log_event(LOG_WARN, "accept_paused", LOG_CSTR("listener", l->options.name), LOG_CSTR("reason", reason));
    uv_poll_stop(&l->poll);
    uv_timer_start(&l->timer, on_pause_over, ms, 0);
}

/* Whether one more may be accepted in this second; otherwise waits for the next. */
static bool within_rate(struct http_listener *l)
{
    uint64_t now = loop_now_ms(l->loop);
    if (now / 1000 != l->accept_second) {
        l->accept_second = now / 1000;
        l->accepts = 0;
    }
    if (l->accepts < l->limits.accepts_per_second) {
        return true;
    }
    pause_accepting(l, 1000 - now % 1000, "rate");
    return false;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct http_listener *l = container_of(poll, struct http_listener, poll);
    for (int i = 0; i < ACCEPTS_PER_WAKE && within_rate(l); i++) {
        struct sockaddr_storage from = {0};
        socklen_t n = sizeof(from);
        int fd = accept4(l->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            l->accepts++;
            take_client(l, fd, &from);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(l, l->limits.accept_pause_ms, strerror(errno));
            return;
        }
    }
}

static int parse_address(const struct http_options *o, struct sockaddr_storage *out, socklen_t *n_out)
{
    if (uv_ip4_addr(o->host, o->port, (struct sockaddr_in *)out) == 0) {
        *n_out = sizeof(struct sockaddr_in);
        return 0;
    }
    *n_out = sizeof(struct sockaddr_in6);
    return uv_ip6_addr(o->host, o->port, (struct sockaddr_in6 *)out) ? ERR_CONNECT : 0;
}

/* A bound and listening socket, or -1 with errno. */
static int open_socket(const struct sockaddr_storage *a, socklen_t n)
{
    int on = 1;
    int fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* clients inherit it */
    if (bind(fd, (const struct sockaddr *)a, n) || listen(fd, CAP_BACKLOG)) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static int bound_port(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof(a);
    if (getsockname(fd, (struct sockaddr *)&a, &n)) {
        return 0;
    }
    return ntohs(a.ss_family == AF_INET ? ((struct sockaddr_in *)&a)->sin_port
                                        : ((struct sockaddr_in6 *)&a)->sin6_port);
}

static void index_routes(struct http_listener *l)
{
    while (l->options.routes[l->path_count].path) {
        l->path_count++;
    }
    l->paths = mem_alloc((l->path_count + 1) * sizeof(*l->paths));
    for (size_t i = 0; i < l->path_count; i++) {
        l->paths[i] = http_path_read(l->options.routes[i].path);
    }
}

static struct http_listener *make_listener(struct http_server *s, int fd)
{
    struct http_listener *l = mem_alloc(sizeof(*l));
    l->server = s;
    l->loop = s->loop;
    l->options = s->options;
    l->limits = default_limits;
    l->fd = fd;
    l->port = bound_port(fd);
    for (size_t i = 0; i < CONN_STATE_COUNT; i++) {
        list_init(&l->by_state[i]);
    }
    crypto_random(l->id_seed, sizeof(l->id_seed));
    crypto_random(&l->random, sizeof(l->random));
    crypto_random(&l->peers.seed, sizeof(l->peers.seed));
    index_routes(l);
    uv_timer_init(&l->loop->uv, &l->timer);
    uv_poll_init(&l->loop->uv, &l->poll, fd);
    uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
    return l;
}

int http_server_start(struct http_server *s, struct loop *loop, const struct http_options *options)
{
    struct sockaddr_storage address = {0};
    socklen_t n;
    signal(SIGPIPE, SIG_IGN); /* a client that left must not take the process with it */
    errno = EINVAL;
    int fd = parse_address(options, &address, &n) ? -1 : open_socket(&address, n);
    if (fd < 0) {
        log_event(LOG_ERROR, "listen_failed", LOG_CSTR("listener", options->name), LOG_CSTR("host", options->host),
                  LOG_INT("port", options->port), LOG_CSTR("reason", strerror(errno)));
        return ERR_CONNECT;
    }
    s->loop = loop;
    s->options = *options;
    s->listener = make_listener(s, fd);
    log_event(LOG_INFO, "listening", LOG_CSTR("listener", options->name), LOG_CSTR("host", options->host),
              LOG_INT("port", s->listener->port));
    return 0;
}

int http_server_port(const struct http_server *s)
{
    return s->listener->port;
}

static void on_timer_closed(uv_handle_t *h)
{
    struct http_listener *l = container_of(h, struct http_listener, timer);
    struct http_server *s = l->server;
    void (*on_stopped)(struct http_server *) = l->on_stopped;
    free(l->paths);
    http_gzip_free(&l->gzip);
    free(l);
    s->listener = NULL;
    on_stopped(s);
}

/* The listener ends with its last connection. */
static void end_if_alone(struct http_listener *l)
{
    if (l->stopping && l->connections == 0 && l->fd < 0 && !uv_is_closing((uv_handle_t *)&l->timer)) {
        uv_close((uv_handle_t *)&l->timer, on_timer_closed);
    }
}

void http_listener_forget(struct http_listener *l)
{
    l->connections--;
    set_gauge(l);
    end_if_alone(l);
}

static void on_poll_closed(uv_handle_t *h)
{
    struct http_listener *l = container_of(h, struct http_listener, poll);
    close(l->fd);
    l->fd = -1;
    end_if_alone(l);
}

static void on_drain_over(uv_timer_t *t)
{
    struct http_listener *l = container_of(t, struct http_listener, timer);
    struct list_node *n;
    log_event(LOG_WARN, "drain_over", LOG_CSTR("listener", l->options.name),
              LOG_INT("connections", (int64_t)l->connections));
    for (size_t state = 0; state < CONN_STATE_COUNT; state++) {
        while (state != CONN_GONE && state != CONN_CLOSING && (n = list_first(&l->by_state[state]))) {
            http_conn_gone(container_of(n, struct http_conn, node), CLOSE_STOPPED);
        }
    }
}

void http_server_stop(struct http_server *s, void (*on_stopped)(struct http_server *))
{
    struct http_listener *l = s->listener;
    struct list_node *n;
    assert(l && !l->stopping);
    l->stopping = true;
    l->on_stopped = on_stopped;
    uv_poll_stop(&l->poll);
    uv_close((uv_handle_t *)&l->poll, on_poll_closed);
    uv_timer_start(&l->timer, on_drain_over, l->limits.drain_ms, 0);
    while ((n = list_first(&l->by_state[CONN_IDLE]))) {
        http_conn_linger(container_of(n, struct http_conn, node));
    }
}
