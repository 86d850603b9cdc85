#include "fetch_address.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block {
    uint32_t start;
    unsigned bits;
};

#define V4(a, b, c, d, bits) {(uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d), bits}
static const struct block closed4[] = {
    V4(0, 0, 0, 0, 8),        /* this network */
    V4(10, 0, 0, 0, 8),       /* private */
    V4(100, 64, 0, 0, 10),    /* carriers' own, also a cloud's metadata */
    V4(127, 0, 0, 0, 8),      /* this machine */
    V4(168, 63, 129, 16, 32), /* a cloud's metadata */
    V4(169, 254, 0, 0, 16),   /* link-local, most clouds' metadata */
    V4(172, 16, 0, 0, 12),    /* private */
    V4(192, 0, 0, 0, 24),     /* protocols, also a cloud's metadata */
    V4(192, 0, 2, 0, 24),     /* documentation */
    V4(192, 88, 99, 0, 24),   /* 6to4 relays */
    V4(192, 168, 0, 0, 16),   /* private */
    V4(198, 18, 0, 0, 15),    /* benchmarks */
    V4(198, 51, 100, 0, 24),  /* documentation */
    V4(203, 0, 113, 0, 24),   /* documentation */
    V4(224, 0, 0, 0, 4),      /* multicast */
    V4(240, 0, 0, 0, 4),      /* reserved, broadcast */
};

/* Within 2000::/3; outside of it nothing is public but NAT64. */
static const struct {
    unsigned char start[4];
    unsigned bits;
} closed6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* protocols, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02, 0x00, 0x00}, 16}, /* 6to4: wraps any IPv4 */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* documentation */
};

static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};

static uint32_t read_word(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool is_within(uint32_t word, uint32_t start, unsigned bits)
{
    return (word ^ start) >> (32 - bits) == 0;
}

static bool is_public4(uint32_t word)
{
    for (size_t i = 0; i < sizeof(closed4) / sizeof(closed4[0]); i++) {
        if (is_within(word, closed4[i].start, closed4[i].bits)) {
            return false;
        }
    }
    return true;
}

static bool is_public6(const unsigned char bytes[16])
{
    uint32_t word = read_word(bytes);
    if (memcmp(bytes, nat64, sizeof(nat64)) == 0) {
        return is_public4(read_word(bytes + 12));
    }
    bool open = is_within(word, 0x20000000, 3);
    for (size_t i = 0; i < sizeof(closed6) / sizeof(closed6[0]); i++) {
        open = open && !is_within(word, read_word(closed6[i].start), closed6[i].bits);
    }
    return open;
}

bool fetch_address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        return is_public4(ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
    }
    return address->sa_family == AF_INET6 &&
           is_public6(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
}

bool fetch_address_text_is_public(const char *text)
{
    unsigned char bytes[16];
    if (inet_pton(AF_INET, text, bytes) == 1) {
        return is_public4(read_word(bytes));
    }
    return inet_pton(AF_INET6, text, bytes) == 1 && is_public6(bytes);
}
