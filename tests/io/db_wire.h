#pragma once
/* What stands between the server and Postgres: a proxy that can cut or freeze a connection, or a peer that never was a
 * Postgres. It runs in a thread of its own; the test steers it by its atomic members. Loopback only. */
#include "tap.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define WIRE_PAIRS 32
#define WIRE_NEVER (1L << 60)

enum wire_mode {
    WIRE_PROXY,
    WIRE_SILENT,    /* accepts and never says a word */
    WIRE_CLOSE,     /* closes after the first bytes */
    WIRE_SAY,       /* answers the first bytes with `words`, then hangs */
    WIRE_SAY_CLOSE, /* … then closes */
    WIRE_FALSE_TLS  /* agrees to TLS and closes; a connection that does not ask for it is let through */
};

struct wire_pair {
    int client, server; /* -1: closed */
};

struct wire {
    pthread_t thread;
    int listener, port, backend_port;
    atomic_int mode, stop, frozen, connections;
    atomic_int poisoned;          /* the proxy says `words` in place of what Postgres says */
    atomic_long down, up;         /* bytes passed to the client and to Postgres since wire_arm */
    atomic_long cut_down, cut_up; /* cut when so many have passed */
    const char *words;
    size_t word_bytes;
    struct wire_pair pairs[WIRE_PAIRS];
    bool reset; /* cut by a reset instead of an end */
};

static inline void wire_close_fd(const struct wire *w, int *fd)
{
    struct linger now = {1, 0};
    if (*fd >= 0 && w->reset) {
        setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static inline void wire_close_pair(const struct wire *w, struct wire_pair *p)
{
    wire_close_fd(w, &p->client);
    wire_close_fd(w, &p->server);
}

static inline int wire_connect(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Words for a peer that is no Postgres, or for a start of TLS that never comes. True when the connection is used up. */
static inline bool wire_misbehave(struct wire *w, struct wire_pair *p)
{
    static const char tls_wanted[] = {0, 0, 0, 8, 4, (char)0xd2, 0x16, 0x2f};
    char first[16];
    enum wire_mode mode = atomic_load(&w->mode);
    ssize_t n = recv(p->client, first, sizeof(first), mode == WIRE_FALSE_TLS ? MSG_PEEK : 0);
    if (mode == WIRE_FALSE_TLS && n >= 8 && memcmp(first, tls_wanted, 8) != 0) {
        p->server = wire_connect(w->backend_port);
        return p->server < 0;
    }
    if (n > 0 && mode == WIRE_FALSE_TLS) {
        n = recv(p->client, first, 8, 0);
        n = send(p->client, "S", 1, MSG_NOSIGNAL);
    } else if (n > 0 && mode != WIRE_CLOSE && w->words) {
        n = send(p->client, w->words, w->word_bytes, MSG_NOSIGNAL);
    }
    return n <= 0 || mode != WIRE_SAY;
}

/* In place of Postgres's next answer. */
static inline bool wire_poison(const struct wire *w, struct wire_pair *p)
{
    char answer[4096];
    ssize_t n = recv(p->server, answer, sizeof(answer), MSG_DONTWAIT);
    return n < 0 ? errno == EAGAIN : n > 0 && send(p->client, w->words, w->word_bytes, MSG_NOSIGNAL) > 0;
}

/* Passes bytes on; false when this way has come to its end. */
static inline bool wire_pass(int from, int to, atomic_long *passed, const atomic_long *cut)
{
    char bytes[4096];
    long left = atomic_load(cut) - atomic_load(passed);
    if (left <= 0) {
        return false;
    }
    ssize_t n = recv(from, bytes, left < (long)sizeof(bytes) ? (size_t)left : sizeof(bytes), MSG_DONTWAIT);
    if (n <= 0) {
        return n < 0 && errno == EAGAIN;
    }
    for (ssize_t sent = 0, k; sent < n; sent += k) {
        k = send(to, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (k <= 0) {
            return false;
        }
    }
    atomic_fetch_add(passed, n);
    return n < left;
}

static inline void wire_serve(struct wire *w, struct wire_pair *p)
{
    if (p->server < 0) {
        struct pollfd ready = {p->client, POLLIN, 0};
        if (atomic_load(&w->mode) != WIRE_SILENT && poll(&ready, 1, 0) > 0 && wire_misbehave(w, p)) {
            wire_close_pair(w, p);
        }
        return;
    }
    bool up = wire_pass(p->client, p->server, &w->up, &w->cut_up);
    bool down = atomic_load(&w->poisoned) ? wire_poison(w, p) : wire_pass(p->server, p->client, &w->down, &w->cut_down);
    if (!up || !down) {
        wire_close_pair(w, p);
    }
}

static inline void wire_accept(struct wire *w)
{
    int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
    for (size_t i = 0; i < WIRE_PAIRS && fd >= 0; i++) {
        if (w->pairs[i].client < 0) {
            bool proxy = atomic_load(&w->mode) == WIRE_PROXY;
            w->pairs[i] = (struct wire_pair){fd, proxy ? wire_connect(w->backend_port) : -1};
            atomic_fetch_add(&w->connections, 1);
            return;
        }
    }
    close(fd);
}

static inline void *wire_run(void *arg)
{
    struct wire *w = arg;
    while (!atomic_load(&w->stop)) {
        struct pollfd fds[2 * WIRE_PAIRS + 1] = {{w->listener, POLLIN, 0}};
        for (size_t i = 0; i < WIRE_PAIRS; i++) {
            fds[1 + 2 * i] = (struct pollfd){w->pairs[i].client, POLLIN, 0};
            fds[2 + 2 * i] = (struct pollfd){w->pairs[i].server, POLLIN, 0};
        }
        poll(fds, atomic_load(&w->frozen) ? 0 : 2 * WIRE_PAIRS + 1, 1);
        if (fds[0].revents) {
            wire_accept(w);
        }
        for (size_t i = 0; i < WIRE_PAIRS && !atomic_load(&w->frozen); i++) {
            if (w->pairs[i].client >= 0) {
                wire_serve(w, &w->pairs[i]);
            }
        }
    }
    for (size_t i = 0; i < WIRE_PAIRS; i++) {
        wire_close_pair(w, &w->pairs[i]);
    }
    return NULL;
}

/* Counts from here, and cuts when so many bytes have passed either way. */
static inline void wire_arm(struct wire *w, long cut_down, long cut_up)
{
    atomic_store(&w->cut_down, WIRE_NEVER);
    atomic_store(&w->cut_up, WIRE_NEVER);
    atomic_store(&w->down, 0);
    atomic_store(&w->up, 0);
    atomic_store(&w->cut_down, cut_down);
    atomic_store(&w->cut_up, cut_up);
}

static inline void wire_open(struct wire *w, enum wire_mode mode, int backend_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof(at);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *w = (struct wire){.mode = mode, .backend_port = backend_port};
    wire_arm(w, WIRE_NEVER, WIRE_NEVER);
    for (size_t i = 0; i < WIRE_PAIRS; i++) {
        w->pairs[i] = (struct wire_pair){-1, -1};
    }
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(w->listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(w->listener, 64) < 0 ||
        getsockname(w->listener, (struct sockaddr *)&at, &len) < 0 ||
        pthread_create(&w->thread, NULL, wire_run, w) != 0) {
        abort();
    }
    w->port = ntohs(at.sin_port);
}

static inline void wire_close(struct wire *w)
{
    atomic_store(&w->stop, 1);
    pthread_join(w->thread, NULL);
    close(w->listener);
}
