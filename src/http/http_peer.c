#include "http_peer.h"
#include "arena.h"
#include <arpa/inet.h>
#include <stdlib.h>

static const struct in6_addr *six(const struct sockaddr_storage *a)
{
    return &((const struct sockaddr_in6 *)a)->sin6_addr;
}

/* The IPv4 address in host order, also from within IPv6; false when it is a real IPv6 address. */
static bool four(const struct sockaddr_storage *a, uint32_t *address_out)
{
    uint32_t net;
    if (a->ss_family == AF_INET) {
        net = ((const struct sockaddr_in *)a)->sin_addr.s_addr;
    } else if (IN6_IS_ADDR_V4MAPPED(six(a))) {
        memcpy(&net, six(a)->s6_addr + 12, 4);
    } else {
        return false;
    }
    *address_out = ntohl(net);
    return true;
}

struct str http_peer_text(const struct sockaddr_storage *a, char out[PEER_TEXT_BYTES])
{
    uint32_t v4;
    const char *text;
    if (four(a, &v4)) {
        struct in_addr net = {htonl(v4)};
        text = inet_ntop(AF_INET, &net, out, PEER_TEXT_BYTES);
    } else {
        text = inet_ntop(AF_INET6, six(a), out, PEER_TEXT_BYTES);
    }
    return str_of(text);
}

static const struct {
    uint32_t net, mask;
} private_nets[] = {
    {0x00000000, 0xff000000}, /* 0/8, nobody */
    {0x0a000000, 0xff000000}, /* 10/8 */
    {0x64400000, 0xffc00000}, /* 100.64/10, inside clouds */
    {0x7f000000, 0xff000000}, /* 127/8 */
    {0xa9fe0000, 0xffff0000}, /* 169.254/16 */
    {0xac100000, 0xfff00000}, /* 172.16/12 */
    {0xc0a80000, 0xffff0000}, /* 192.168/16 */
};

bool http_peer_is_public(const struct sockaddr_storage *a)
{
    uint32_t v4;
    if (!four(a, &v4)) {
        bool unique_local = (six(a)->s6_addr[0] & 0xfe) == 0xfc;
        bool here = IN6_IS_ADDR_LOOPBACK(six(a)) || IN6_IS_ADDR_UNSPECIFIED(six(a));
        return !unique_local && !here && !IN6_IS_ADDR_LINKLOCAL(six(a));
    }
    for (size_t i = 0; i < sizeof(private_nets) / sizeof(private_nets[0]); i++) {
        if ((v4 & private_nets[i].mask) == private_nets[i].net) {
            return false;
        }
    }
    return true;
}

static struct http_peer key_of(const struct sockaddr_storage *a)
{
    struct http_peer k = {.clients = 0};
    uint32_t v4;
    k.six = !four(a, &v4);
    if (k.six) {
        memcpy(k.key, six(a)->s6_addr, sizeof(k.key));
    } else {
        memcpy(k.key, &v4, sizeof(v4));
    }
    return k;
}

static struct http_peer **bucket(struct http_peers *t, const struct http_peer *k)
{
    uint64_t h;
    memcpy(&h, k->key, sizeof(h));
    h = (h ^ t->seed) * 0x9e3779b97f4a7c15u;
    return &t->buckets[(h ^ h >> 32) % PEER_BUCKETS];
}

int http_peers_enter(struct http_peers *t, const struct sockaddr_storage *a, size_t most, struct http_peer **peer_out)
{
    *peer_out = NULL;
    if (!http_peer_is_public(a)) {
        return 0;
    }
    struct http_peer k = key_of(a);
    struct http_peer **at = bucket(t, &k), *p = *at;
    while (p && (p->six != k.six || memcmp(p->key, k.key, sizeof(k.key)) != 0)) {
        p = p->next;
    }
    if (p && p->clients >= most) {
        return ERR_BUSY;
    }
    if (!p) {
        p = mem_alloc(sizeof(*p));
        *p = k;
        p->next = *at;
        *at = p;
    }
    p->clients++;
    *peer_out = p;
    return 0;
}

void http_peers_leave(struct http_peers *t, struct http_peer *peer)
{
    if (!peer || --peer->clients > 0) {
        return;
    }
    struct http_peer **at = bucket(t, peer);
    while (*at != peer) {
        at = &(*at)->next;
    }
    *at = peer->next;
    free(peer);
}
