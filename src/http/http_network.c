#include "http_network.h"
#include <arpa/inet.h>

#define MAPPED_BITS 96 /* of ::ffff:0:0 */

bool http_network_address(struct str text, struct sockaddr_storage *address_out)
{
    char copy[INET6_ADDRSTRLEN] = {0};
    if (text.n == 0 || text.n >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.p, text.n);
    *address_out = (struct sockaddr_storage){.ss_family = AF_INET};
    if (inet_pton(AF_INET, copy, &((struct sockaddr_in *)address_out)->sin_addr) == 1) {
        return true;
    }
    address_out->ss_family = AF_INET6;
    return inet_pton(AF_INET6, copy, &((struct sockaddr_in6 *)address_out)->sin6_addr) == 1;
}

static void as_six(const struct sockaddr_storage *a, unsigned char out[16])
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (a->ss_family == AF_INET) {
        memcpy(out, mapped, sizeof(mapped));
        memcpy(out + sizeof(mapped), &((const struct sockaddr_in *)a)->sin_addr, 4);
    } else {
        memcpy(out, &((const struct sockaddr_in6 *)a)->sin6_addr, 16);
    }
}

/* Up to three digits; -1 when it is anything else. */
static int number_of(struct str digits)
{
    int n = digits.n >= 1 && digits.n <= 3 ? 0 : -1;
    for (size_t i = 0; i < digits.n && n >= 0; i++) {
        bool digit = digits.p[i] >= '0' && digits.p[i] <= '9';
        n = digit ? n * 10 + (digits.p[i] - '0') : -1;
    }
    return n;
}

static int add(struct http_networks *networks, struct str text)
{
    struct sockaddr_storage a;
    size_t slash = str_find(text, '/');
    if (networks->count == CAP_TRUSTED_PROXIES || !http_network_address(str_cut(text, slash), &a)) {
        return ERR_BAD_SETTING;
    }
    int most = a.ss_family == AF_INET ? 32 : 128;
    int bits = slash < text.n ? number_of(str_skip(text, slash + 1)) : most;
    if (bits < 0 || bits > most) {
        return ERR_BAD_SETTING;
    }
    networks->rows[networks->count].bits = (unsigned)bits + (most == 32 ? MAPPED_BITS : 0);
    as_six(&a, networks->rows[networks->count++].address);
    return 0;
}

int http_networks_read(struct str list, struct http_networks *networks_out)
{
    int rc = 0;
    networks_out->count = 0;
    while (list.n > 0 && rc == 0) {
        struct str entry = str_cut(list, str_find(list, ','));
        list = str_skip(list, entry.n + 1);
        rc = add(networks_out, str_trim(entry));
    }
    return rc;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    unsigned mask = 0xff00u >> rest & 0xff;
    return memcmp(a, b, whole) == 0 && (rest == 0 || ((a[whole] ^ b[whole]) & mask) == 0);
}

bool http_networks_have(const struct http_networks *networks, const struct sockaddr_storage *a)
{
    unsigned char address[16];
    as_six(a, address);
    for (size_t i = 0; networks && i < networks->count; i++) {
        if (same_bits(networks->rows[i].address, address, networks->rows[i].bits)) {
            return true;
        }
    }
    return false;
}
