#include "http_peer.c"
#include "tap.h"

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&a;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        a.ss_family = AF_INET;
    } else {
        a.ss_family = AF_INET6;
        CHECK(inet_pton(AF_INET6, text, &v6->sin6_addr) == 1);
    }
    return a;
}

static void knows_public_addresses(void)
{
    static const struct {
        const char *text, *written;
        bool is_public;
    } cases[] = {
        {"8.8.8.8", "8.8.8.8", true},
        {"10.1.2.3", "10.1.2.3", false},
        {"11.0.0.1", "11.0.0.1", true},
        {"127.0.0.1", "127.0.0.1", false},
        {"169.254.9.9", "169.254.9.9", false},
        {"172.15.0.1", "172.15.0.1", true},
        {"172.16.0.1", "172.16.0.1", false},
        {"172.31.255.255", "172.31.255.255", false},
        {"172.32.0.1", "172.32.0.1", true},
        {"192.168.1.1", "192.168.1.1", false},
        {"192.169.1.1", "192.169.1.1", true},
        {"100.64.0.1", "100.64.0.1", false},
        {"100.128.0.1", "100.128.0.1", true},
        {"::1", "::1", false},
        {"fe80::1", "fe80::1", false},
        {"fd12::1", "fd12::1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"::ffff:10.0.0.1", "10.0.0.1", false},
        {"::ffff:8.8.4.4", "8.8.4.4", true},
        {"0.0.0.0", "0.0.0.0", false},
        {"::", "::", false},
        {"1.0.0.1", "1.0.0.1", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[PEER_TEXT_BYTES];
        struct sockaddr_storage a = address(cases[i].text);
        tap_case(cases[i].text);
        CHECK_INT(http_peer_is_public(&a), cases[i].is_public);
        CHECK_STR(http_peer_text(&a, text), cases[i].written);
    }
}

static void counts_public_addresses_only(void)
{
    static struct http_peers peers;
    struct sockaddr_storage one = address("8.8.8.8"), mapped = address("::ffff:8.8.8.8"), two = address("8.8.4.4");
    struct sockaddr_storage proxy = address("10.0.0.1");
    struct http_peer *first, *second, *third, *none;
    CHECK_INT(http_peers_enter(&peers, &one, 2, &first), 0);
    CHECK_INT(http_peers_enter(&peers, &mapped, 2, &second), 0);
    CHECK(first && first == second);
    CHECK_INT(http_peers_enter(&peers, &one, 2, &third), ERR_BUSY);
    CHECK(third == NULL);
    CHECK_INT(http_peers_enter(&peers, &two, 2, &third), 0);
    CHECK(third && third != first);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(http_peers_enter(&peers, &proxy, 2, &none), 0);
        CHECK(none == NULL);
        http_peers_leave(&peers, none);
    }
    http_peers_leave(&peers, first);
    CHECK_INT(http_peers_enter(&peers, &one, 2, &second), 0);
    http_peers_leave(&peers, first);
    http_peers_leave(&peers, second);
    http_peers_leave(&peers, third);
    CHECK_INT(http_peers_enter(&peers, &one, 1, &first), 0); /* forgotten: the count began anew */
    CHECK_INT(first->clients, 1);
    http_peers_leave(&peers, first);
}

static void counts_networks_of_ipv6(void)
{
    static struct http_peers peers;
    struct sockaddr_storage a = address("2001:db8:1:2::1"), b = address("2001:db8:1:2:ffff::9");
    struct sockaddr_storage c = address("2001:db8:1:3::1");
    struct http_peer *first, *second, *third;
    CHECK_INT(http_peers_enter(&peers, &a, 1, &first), 0);
    CHECK_INT(http_peers_enter(&peers, &b, 1, &second), ERR_BUSY);
    CHECK_INT(http_peers_enter(&peers, &c, 1, &third), 0);
    http_peers_leave(&peers, first);
    http_peers_leave(&peers, third);
}

static void holds_many(void)
{
    static struct http_peers peers;
    static struct http_peer *all[5000];
    peers.seed = 0x1234567890abcdef;
    for (size_t i = 0; i < 5000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "20.%d.%d.1", (int)(i / 250), (int)(i % 250));
        struct sockaddr_storage a = address(text);
        CHECK(http_peers_enter(&peers, &a, 1, &all[i]) == 0);
    }
    size_t used = 0;
    for (size_t i = 0; i < PEER_BUCKETS; i++) {
        used += peers.buckets[i] != NULL;
    }
    CHECK(used > PEER_BUCKETS * 9 / 10); /* 5000 random ones fill 99 % */
    for (size_t i = 0; i < 5000; i++) {
        http_peers_leave(&peers, all[(i * 7) % 5000]);
    }
    for (size_t i = 0; i < PEER_BUCKETS; i++) {
        CHECK(peers.buckets[i] == NULL);
    }
}

TAP_MAIN(TEST(knows_public_addresses), TEST(counts_public_addresses_only), TEST(counts_networks_of_ipv6),
         TEST(holds_many))
