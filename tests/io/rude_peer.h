#pragma once
/* A client with bad manners, driven from the same thread as the loop: every wait turns the loop, so a test reads top-down
 * and nothing races. Sockets are non-blocking and on loopback. */
#include "loop.h"
#include "tap.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#define PEER_WAIT_MS 4000 /* for what must happen; a test that waits so long has failed */

struct peer {
    struct loop *loop;
    int fd;
    char in[1 << 17];
    size_t n; /* bytes received so far; what passes the array is counted and thrown away */
    bool eof, reset;
};

static inline void peer_turn(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_NOWAIT);
}

/* Turns the loop for a while. */
static inline void peer_pause(struct loop *l, uint64_t ms)
{
    for (uint64_t end = uv_hrtime() / 1000000 + ms; uv_hrtime() / 1000000 < end;) {
        peer_turn(l);
        poll(NULL, 0, 1);
    }
}

/* Turns the loop until the condition holds; false when it never does. */
#define PEER_WAIT(loop, cond)                                                                                          \
    ({                                                                                                                 \
        uint64_t end_ms = uv_hrtime() / 1000000 + PEER_WAIT_MS;                                                        \
        while (!(cond) && uv_hrtime() / 1000000 < end_ms) {                                                            \
            peer_turn(loop);                                                                                           \
            poll(NULL, 0, 1);                                                                                          \
        }                                                                                                              \
        (cond);                                                                                                        \
    })

/* With a small receive window when `window_bytes` is not 0. */
static inline void peer_open(struct peer *p, struct loop *l, int port, int window_bytes)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->loop = l;
    p->n = 0;
    p->eof = p->reset = false;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (window_bytes) {
        setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &window_bytes, sizeof(window_bytes));
    }
    if (connect(p->fd, (struct sockaddr *)&to, sizeof(to))) {
        perror("connect");
        abort();
    }
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Takes what is there now. */
static inline void peer_read(struct peer *p)
{
    char scrap[65536];
    while (!p->eof && !p->reset) {
        bool room = p->n < sizeof(p->in);
        ssize_t n = recv(p->fd, room ? p->in + p->n : scrap, room ? sizeof(p->in) - p->n : sizeof(scrap), MSG_DONTWAIT);
        if (n > 0) {
            p->n += (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else {
            p->eof = n == 0;
            p->reset = n < 0;
        }
    }
}

/* Sends all of it, turning the loop while the socket is full. False when the connection is gone. */
static inline bool peer_send(struct peer *p, struct str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(p->fd, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) {
            return false;
        }
        bytes = str_skip(bytes, n > 0 ? (size_t)n : 0);
        peer_turn(p->loop);
    }
    return true;
}

static inline bool peer_say(struct peer *p, const char *text)
{
    return peer_send(p, str_of(text));
}

static inline struct str peer_got(const struct peer *p)
{
    return (struct str){p->in, p->n < sizeof(p->in) ? p->n : sizeof(p->in)};
}

static inline size_t peer_count(const struct peer *p, const char *needle)
{
    size_t count = 0;
    struct str s = peer_got(p), want = str_of(needle);
    for (const char *at; s.n && (at = memmem(s.p, s.n, want.p, want.n)); count++) {
        s = str_skip(s, (size_t)(at - s.p) + want.n);
    }
    return count;
}

/* Waits until the text has come `times` times. */
static inline bool peer_wait_for(struct peer *p, const char *needle, size_t times)
{
    return PEER_WAIT(p->loop, (peer_read(p), peer_count(p, needle) >= times));
}

static inline bool peer_wait_end(struct peer *p)
{
    return PEER_WAIT(p->loop, (peer_read(p), p->eof || p->reset));
}

static inline void peer_half_close(struct peer *p)
{
    shutdown(p->fd, SHUT_WR);
}

static inline void peer_close(struct peer *p)
{
    close(p->fd);
    p->fd = -1;
}

/* Closes with a reset, as a crashed client's kernel does. */
static inline void peer_reset(struct peer *p)
{
    struct linger now = {1, 0};
    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    peer_close(p);
}
