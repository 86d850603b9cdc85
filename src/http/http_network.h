#pragma once
/* Networks by address and length, such as those of proxies that are believed. IPv4 also where it comes within IPv6. */
#include "caps.h"
#include "err.h"
#include "str.h"
#include <sys/socket.h>

struct http_networks {
    struct {
        unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
        unsigned bits;
    } rows[CAP_TRUSTED_PROXIES];
    size_t count;
};

/* Numeric, without port; false when it is none. */
bool http_network_address(struct str text, struct sockaddr_storage *address_out);
/* "10.0.0.0/8, ::1": networks and single addresses, separated by commas. ERR_BAD_SETTING: one of them is none, or they are
 * more than CAP_TRUSTED_PROXIES. */
int http_networks_read(struct str list, struct http_networks *networks_out) must_check;
bool http_networks_have(const struct http_networks *networks, const struct sockaddr_storage *a);
