#pragma once
/* Clients by address. Public addresses are counted, so that one of them cannot take all connections; an IPv6 network of
 * 64 bits counts as one. Private, loopback and link-local addresses are proxies and are not counted. */
#include "err.h"
#include "str.h"
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#define PEER_TEXT_BYTES INET6_ADDRSTRLEN
#define PEER_BUCKETS 1024

struct http_peer {
    struct http_peer *next;
    unsigned char key[8];
    bool six;
    size_t clients;
};

struct http_peers {
    struct http_peer *buckets[PEER_BUCKETS];
    uint64_t seed; /* random: nobody outside knows which addresses share a bucket */
};

/* The address without port, in `out`; an IPv4 address within IPv6 is written as IPv4. */
struct str http_peer_text(const struct sockaddr_storage *a, char out[PEER_TEXT_BYTES]);
bool http_peer_is_public(const struct sockaddr_storage *a);

/* One client more. 0, with NULL for an address that is not counted; ERR_BUSY when `most` are there already. */
int http_peers_enter(struct http_peers *t, const struct sockaddr_storage *a, size_t most,
                     struct http_peer **peer_out) must_check;
/* One client less; the last one frees the entry. */
void http_peers_leave(struct http_peers *t, struct http_peer *peer);
