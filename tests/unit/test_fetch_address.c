/* Every special block at its first and last address, and the public neighbours on both sides. */
#include "fetch_address.h"
#include "tap.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static const char *const closed[] = {
    /* IPv4 */
    "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255",
    "127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.169.254", "169.254.170.2",
    "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.192", "192.0.0.255", "192.0.2.1",
    "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.255",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    /* IPv6: unspecified, loopback, mapped, compatible, NAT64 of a private one and of local use, discard, protocols,
     * documentation, 6to4, unique local, link-local, site-local, multicast, unassigned */
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::127.0.0.1",
    "::8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::10.1.2.3", "64:ff9b::169.254.169.254",
    "64:ff9b::192.168.1.1", "64:ff9b::100.64.0.1", "64:ff9b:1::8.8.8.8", "64:ff9b::1:8.8.8.8", "100::1", "2001::1",
    "2001:10::1", "2001:20::1", "2001:1ff::1", "2001:db8::1", "2001:db8:ffff::1", "2002::1", "2002:7f00:1::1",
    "2002:808:808::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1",
    "febf::1", "fec0::1", "ff02::1", "ffff::1", "1fff::1",
    /* no address at all */
    "", "localhost", "127.1", "0x7f.0.0.1", "1.1.1.1 ", "[2606:4700::1111]", "fe80::1%lo"};

static const char *const open_ones[] = {
    "1.0.0.0",       "9.255.255.255",   "11.0.0.0",        "100.63.255.255",  "100.128.0.0",      "126.255.255.255",
    "128.0.0.0",     "168.63.129.15",   "168.63.129.17",   "169.253.255.255", "169.255.0.0",      "172.15.255.255",
    "172.32.0.0",    "191.255.255.255", "192.0.1.0",       "192.0.3.0",       "192.88.98.255",    "192.88.100.0",
    "192.167.0.1",   "192.169.0.0",     "198.17.255.255",  "198.20.0.0",      "198.51.99.255",    "198.51.101.0",
    "203.0.112.255", "203.0.114.0",     "223.255.255.255", "8.8.8.8",         "64:ff9b::8.8.8.8", "2000::1",
    "2001:200::1",   "2001:db7::1",     "2001:db9::1",     "2003::1",         "2606:4700::1111",  "2a00:1450::1",
    "3ffe::1",       "3fff:1000::1"};

static bool address_says(const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        return fetch_address_is_public((struct sockaddr *)&four);
    }
    return inet_pton(AF_INET6, text, &six.sin6_addr) == 1 && fetch_address_is_public((struct sockaddr *)&six);
}

static void check_all(const char *const *texts, size_t count, bool want)
{
    for (size_t i = 0; i < count; i++) {
        tap_case(texts[i]);
        CHECK_INT(fetch_address_text_is_public(texts[i]), want);
        CHECK_INT(address_says(texts[i]), want);
    }
}

static void special_addresses_are_closed(void)
{
    check_all(closed, sizeof(closed) / sizeof(closed[0]), false);
}

static void their_neighbours_are_open(void)
{
    check_all(open_ones, sizeof(open_ones) / sizeof(open_ones[0]), true);
}

static void other_families_are_closed(void)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    CHECK(!fetch_address_is_public((struct sockaddr *)&local));
    CHECK(!fetch_address_is_public(&(struct sockaddr){.sa_family = AF_UNSPEC}));
}

TAP_MAIN(TEST(special_addresses_are_closed), TEST(their_neighbours_are_open), TEST(other_families_are_closed))
