#pragma once
/* A TLS server on its own thread, with certificates made for the test: one authority, and a leaf as wished. It serves one
 * connection after another until its client closes, and answers every request with "{}". */
#include "tap.h"
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>

struct tls_wish {
    const char *names;   /* subjectAltName */
    int from_s, until_s; /* validity, from now */
    bool alone;          /* signed by itself */
    int newest;          /* TLS version; 0: any */
};

struct tls_peer {
    SSL_CTX *context;
    pthread_t thread;
    int listener, port;
    char authority[64]; /* file with the certificate to trust */
    atomic_int connections, requests;
};

static inline X509 *tls_certificate(EVP_PKEY *key, const char *name, const struct tls_wish *w)
{
    X509 *c = X509_new();
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), rand());
    X509_gmtime_adj(X509_getm_notBefore(c), w->from_s);
    X509_gmtime_adj(X509_getm_notAfter(c), w->until_s);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    const char *value = w->names ? w->names : "critical,CA:TRUE";
    int kind = w->names ? NID_subject_alt_name : NID_basic_constraints;
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    X509_add_ext(c, e, -1);
    X509_EXTENSION_free(e);
    return c;
}

static inline void tls_sign(X509 *c, X509 *by, EVP_PKEY *key)
{
    X509_set_issuer_name(c, X509_get_subject_name(by));
    if (!X509_sign(c, key, EVP_sha256())) {
        abort();
    }
}

static inline void tls_make_context(struct tls_peer *p, const struct tls_wish *w)
{
    static const struct tls_wish authority_wish = {NULL, -7200, 7200, false, 0};
    EVP_PKEY *authority_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *authority = tls_certificate(authority_key, "Test authority", &authority_wish);
    X509 *leaf = tls_certificate(key, "localhost", w);
    tls_sign(authority, authority, authority_key);
    tls_sign(leaf, w->alone ? leaf : authority, w->alone ? key : authority_key);
    strcpy(p->authority, "/tmp/ringback-tls-XXXXXX");
    FILE *f = fdopen(mkstemp(p->authority), "w");
    PEM_write_X509(f, authority);
    fclose(f);
    p->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(p->context, w->newest ? 0 : 1); /* old versions are off otherwise */
    SSL_CTX_set_max_proto_version(p->context, w->newest);
    SSL_CTX_use_certificate(p->context, leaf);
    SSL_CTX_use_PrivateKey(p->context, key);
    X509_free(authority);
    X509_free(leaf);
    EVP_PKEY_free(authority_key);
    EVP_PKEY_free(key);
}

static inline void tls_talk(struct tls_peer *p, SSL *ssl)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    char request[4096];
    while (SSL_read(ssl, request, sizeof(request)) > 0) { /* a small request is one record */
        atomic_fetch_add(&p->requests, 1);
        if (SSL_write(ssl, answer, sizeof(answer) - 1) <= 0) {
            return;
        }
    }
}

static inline void *tls_serve(void *arg)
{
    struct tls_peer *p = arg;
    for (int fd; (fd = accept(p->listener, NULL, NULL)) >= 0; close(fd)) {
        SSL *ssl = SSL_new(p->context);
        atomic_fetch_add(&p->connections, 1);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1) {
            tls_talk(p, ssl);
        }
        SSL_free(ssl);
    }
    return NULL;
}

static inline void tls_open(struct tls_peer *p, const struct tls_wish *w)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    signal(SIGPIPE, SIG_IGN); /* clients that do not like us close at once */
    *p = (struct tls_peer){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    tls_make_context(p, w);
    if (bind(p->listener, (struct sockaddr *)&at, sizeof(at)) || listen(p->listener, 8) ||
        getsockname(p->listener, (struct sockaddr *)&at, &len) || pthread_create(&p->thread, NULL, tls_serve, p)) {
        abort();
    }
    p->port = ntohs(at.sin_port);
}

/* The clients' connections must be closed. */
static inline void tls_close(struct tls_peer *p)
{
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listener);
    SSL_CTX_free(p->context);
    unlink(p->authority);
}
