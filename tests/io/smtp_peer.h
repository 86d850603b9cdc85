#pragma once
/* A mail server with bad manners, on its own thread: one connection after another, each played by a script. What a script
 * does not mention is answered as a good server would. TLS by the context of tls_peer.h when there is one. */
#include "tap.h"
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define SMTP_PEER_SESSIONS 8

enum smtp_then {
    SMTP_GO_ON,
    SMTP_CLOSE, /* after the answer */
    SMTP_RESET,
    SMTP_MUTE, /* reads on, but never answers again */
};

/* "greeting", the start of a command, "data" (a message's first line came), or "." (its end came). */
struct smtp_row {
    const char *at, *say; /* NULL ends the script; what is said may be NULL */
    enum smtp_then then;
    int session; /* only in this one, from 1; 0: in each */
};

struct smtp_peer {
    const struct smtp_row *script;
    SSL_CTX *context;
    bool wrapped; /* TLS from the first byte */
    pthread_t thread;
    int listener, port;
    atomic_int sessions, messages; /* messages: ends of one that were heard */
    atomic_bool stopping;
    char heard[1 << 18]; /* all sessions, one after another; read it when the peer is closed or quiet */
    size_t n;
};

struct smtp_talk {
    struct smtp_peer *peer;
    SSL *ssl;
    int fd, session;
    bool in_data, over, mute;
    char in[8192];
    size_t n;
};

static inline void smtp_send_text(struct smtp_talk *t, const char *text)
{
    size_t n = strlen(text);
    if (t->ssl) {
        SSL_write(t->ssl, text, (int)n);
    } else {
        send(t->fd, text, n, MSG_NOSIGNAL);
    }
}

static inline void smtp_encrypt(struct smtp_talk *t)
{
    t->ssl = SSL_new(t->peer->context);
    SSL_set_fd(t->ssl, t->fd);
    t->over = SSL_accept(t->ssl) != 1;
}

static inline void smtp_do(struct smtp_talk *t, const char *say, enum smtp_then then)
{
    if (t->mute) {
        return;
    }
    if (say) {
        smtp_send_text(t, say);
    }
    t->mute = then == SMTP_MUTE;
    t->over = t->over || then == SMTP_CLOSE || then == SMTP_RESET;
    if (then == SMTP_RESET) {
        struct linger now = {1, 0};
        setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
}

static inline const struct smtp_row *smtp_find(const struct smtp_talk *t, const char *what)
{
    for (const struct smtp_row *r = t->peer->script; r && r->at; r++) {
        bool now = r->session == 0 || r->session == t->session;
        if (now && strncasecmp(what, r->at, strlen(r->at)) == 0) {
            return r;
        }
    }
    return NULL;
}

static inline const char *smtp_standard(const struct smtp_talk *t, const char *what)
{
    static const char *const rows[][2] = {
        {"greeting", "220 mail.example ESMTP\r\n"},
        {"EHLO", "250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 1000000\r\n"},
        {"AUTH PLAIN", "334 \r\n"},
        {"MAIL", "250 2.1.0 Ok\r\n"},
        {"RCPT", "250 2.1.5 Ok\r\n"},
        {"DATA", "354 Go on\r\n"},
        {"STARTTLS", "220 Go on\r\n"},
        {".", "250 2.0.0 Ok: queued\r\n"},
        {"QUIT", "221 Bye\r\n"},
        {"data", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strncasecmp(what, rows[i][0], strlen(rows[i][0])) == 0 &&
            (t->in_data == (*rows[i][0] == '.') || *rows[i][0] == 'd')) {
            return rows[i][1];
        }
    }
    return "235 2.7.0 Ok\r\n"; /* a password comes without a command */
}

static inline void smtp_act(struct smtp_talk *t, const char *what)
{
    const struct smtp_row *r = smtp_find(t, what);
    smtp_do(t, r ? r->say : smtp_standard(t, what), r ? r->then : SMTP_GO_ON);
    if (strncasecmp(what, "STARTTLS", 8) == 0 && t->peer->context && (!r || r->then == SMTP_GO_ON)) {
        smtp_encrypt(t);
    }
}

static inline void smtp_hear(struct smtp_talk *t, const char *line)
{
    if (!t->in_data) {
        smtp_act(t, line);
        t->in_data = strncasecmp(line, "DATA", 4) == 0 && !t->over;
        t->in_data = t->in_data && !t->mute;
    } else if (strcmp(line, ".\r\n") == 0) {
        atomic_fetch_add(&t->peer->messages, 1);
        smtp_act(t, ".");
        t->in_data = false;
    } else if (strncmp(line, "From:", 5) == 0) {
        smtp_act(t, "data");
    }
}

static inline ssize_t smtp_recv(struct smtp_talk *t)
{
    struct pollfd p = {t->fd, POLLIN, 0};
    while (!(t->ssl && SSL_pending(t->ssl)) && poll(&p, 1, 20) == 0) {
        if (atomic_load(&t->peer->stopping)) {
            return -1;
        }
    }
    size_t room = sizeof(t->in) - 1 - t->n;
    return t->ssl ? SSL_read(t->ssl, t->in + t->n, (int)room) : recv(t->fd, t->in + t->n, room, 0);
}

static inline void smtp_keep(struct smtp_peer *p, const char *bytes, size_t n)
{
    n = n < sizeof(p->heard) - 1 - p->n ? n : sizeof(p->heard) - 1 - p->n;
    memcpy(p->heard + p->n, bytes, n);
    p->n += n;
}

static inline void smtp_play(struct smtp_talk *t)
{
    ssize_t n;
    if (t->peer->wrapped) {
        smtp_encrypt(t);
    }
    smtp_act(t, "greeting");
    while (!t->over && (n = smtp_recv(t)) > 0) {
        smtp_keep(t->peer, t->in + t->n, (size_t)n);
        t->n += (size_t)n;
        for (char *end; !t->over && (end = memchr(t->in, '\n', t->n));) {
            char line[sizeof(t->in)];
            size_t bytes = (size_t)(end + 1 - t->in);
            memcpy(line, t->in, bytes);
            line[bytes] = 0;
            memmove(t->in, t->in + bytes, t->n - bytes);
            t->n -= bytes;
            smtp_hear(t, line);
        }
    }
}

static inline void *smtp_serve(void *arg)
{
    struct smtp_peer *p = arg;
    for (int fd; (fd = accept(p->listener, NULL, NULL)) >= 0; close(fd)) {
        struct smtp_talk t = {.peer = p, .fd = fd, .session = atomic_fetch_add(&p->sessions, 1) + 1};
        smtp_play(&t);
        SSL_free(t.ssl);
    }
    return NULL;
}

static inline void smtp_peer_open(struct smtp_peer *p, const struct smtp_row *script)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    p->script = script;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(p->listener, (struct sockaddr *)&at, sizeof(at)) || listen(p->listener, 8) ||
        getsockname(p->listener, (struct sockaddr *)&at, &len) || pthread_create(&p->thread, NULL, smtp_serve, p)) {
        abort();
    }
    p->port = ntohs(at.sin_port);
}

static inline void smtp_peer_close(struct smtp_peer *p)
{
    atomic_store(&p->stopping, true);
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listener);
}
