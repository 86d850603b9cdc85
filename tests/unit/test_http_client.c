/* Whom X-Forwarded-For names, and what it may claim without being believed. */
#include "http_asked.h"
#include "http_client.c"
#include "http_server.h"

#define XFF(value) "X-Forwarded-For: " value "\r\n"

static const struct {
    const char *lines, *found;
} entries[] = {
    {"", NULL},
    {XFF(""), NULL},
    {XFF("8.8.8.8"), "8.8.8.8"},
    {XFF("2001:db8::0:1"), "2001:db8::1"},
    {XFF("::ffff:8.8.8.8"), "8.8.8.8"},
    {XFF("  8.8.8.8\t"), "8.8.8.8"},
    /* The client wrote the first, the proxy the last. */
    {XFF("1.2.3.4, 8.8.8.8"), "8.8.8.8"},
    {XFF("8.8.4.4,1.2.3.4,8.8.8.8"), "8.8.8.8"},
    {XFF("1.2.3.4") XFF("8.8.8.8"), "8.8.8.8"},
    {XFF("8.8.8.8") XFF("1.2.3.4"), "1.2.3.4"},
    {XFF("127.0.0.1, 8.8.8.8"), "8.8.8.8"},
    /* Behind it come proxies of our own. */
    {XFF("1.2.3.4, 8.8.8.8, 10.0.0.1"), "8.8.8.8"},
    {XFF("8.8.8.8, 10.0.0.1, 192.168.1.1, 127.0.0.1"), "8.8.8.8"},
    {XFF("8.8.8.8") XFF("10.0.0.1, fd00::1"), "8.8.8.8"},
    {XFF("10.0.0.1"), NULL},
    {XFF("127.0.0.1, ::1, fe80::1, 0.0.0.0, ::"), NULL},
    {XFF("::ffff:127.0.0.1"), NULL},
    /* What is no address hides what stands before it. */
    {XFF("8.8.8.8, unknown"), NULL},
    {XFF("8.8.8.8, unknown, 10.0.0.1"), NULL},
    {XFF("unknown, 8.8.8.8"), "8.8.8.8"},
    {XFF("8.8.8.8, _hidden"), NULL},
    {XFF("8.8.8.8, 8.8.8"), NULL},
    {XFF("8.8.8.8, 8.8.8.8.8"), NULL},
    {XFF("8.8.8.8, 256.8.8.8"), NULL},
    {XFF("8.8.8.8, 08.8.8.8"), NULL},
    {XFF("8.8.8.8, 0x08080808"), NULL},
    {XFF("8.8.8.8, 134744072"), NULL},
    {XFF("8.8.8.8, example.com"), NULL},
    {XFF("8.8.8.8, fe80::1%eth0"), NULL},
    {XFF("8.8.8.8, 2001:db8::g"), NULL},
    {XFF("8.8.8.8, \"8.8.4.4\""), NULL},
    {XFF("8.8.8.8 8.8.4.4"), NULL},
    {XFF("8.8.8.8; drop"), NULL},
    {XFF("8.8.8.8, 2001:0db8:0000:0000:0000:0000:0000:0000:0000:0001:0001"), NULL},
    {XFF("8.8.8.8,, ,"), "8.8.8.8"},
    /* Ports and brackets. */
    {XFF("8.8.8.8:443"), "8.8.8.8"},
    {XFF("[2001:db8::1]"), "2001:db8::1"},
    {XFF("[2001:db8::1]:443"), "2001:db8::1"},
    {XFF("8.8.8.8:"), NULL},
    {XFF("8.8.8.8:443x"), NULL},
    {XFF("8.8.8.8:443:443"), NULL},
    {XFF("8.8.8.8:123456"), NULL},
    {XFF("[2001:db8::1"), NULL},
    {XFF("2001:db8::1]"), NULL},
    {XFF("[2001:db8::1]443"), NULL},
    {XFF("[]"), NULL},
    {XFF("["), NULL},
    {XFF(":"), NULL},
    /* Another header is none of ours. */
    {"Forwarded: for=8.8.8.8\r\nX-Real-IP: 8.8.8.8\r\nX-Forwarded: 8.8.8.8\r\n", NULL},
};

static const struct http_networks *ours(void)
{
    static struct http_networks n;
    CHECK_INT(http_networks_read(STR("127.0.0.0/8,::1, 10.0.0.0/8,192.168.0.0/16,fd00::/8,fe80::/10,0.0.0.0,::"), &n),
              0);
    return &n;
}

static void believes_proxies_alone(void)
{
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        char text[PEER_TEXT_BYTES];
        tap_case(entries[i].lines);
        CHECK_STR(http_client_forwarded(ask_with(entries[i].lines), ours(), text), entries[i].found);
    }
    http_parse_free(&asked);
}

/* Whoever is no proxy of ours speaks for itself alone. */
static void asks_the_peer_first(void)
{
    static const struct {
        bool trusted;
        const char *peer, *lines, *client;
    } cases[] = {
        {false, "9.9.9.9", XFF("8.8.8.8"), "9.9.9.9"},
        {false, "9.9.9.9", "", "9.9.9.9"},
        {false, "172.17.0.1", XFF("8.8.8.8"), "172.17.0.1"}, /* private, and nobody said that it is a proxy */
        {true, "10.0.0.1", XFF("8.8.8.8"), "8.8.8.8"},
        {true, "10.0.0.1", XFF("8.8.8.8, 172.17.0.5"), "172.17.0.5"}, /* a private client of a proxy */
        {true, "10.0.0.1", "", "10.0.0.1"},
        {true, "::1", XFF("unknown"), "::1"},
        {true, "127.0.0.1", XFF("192.168.0.7"), "127.0.0.1"},
    };
    static struct http_listener l;
    static struct http_conn c;
    l.options.trusted_proxies = ours();
    c.listener = &l;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_case(cases[i].lines);
        c.parse = *ask_with(cases[i].lines);
        c.peer_is_trusted = cases[i].trusted;
        c.request.peer = str_of(cases[i].peer);
        CHECK_STR(http_client_address(&c.request), cases[i].client);
    }
    http_parse_free(&asked);
}

/* A list, and an address that is in it or is not; NULL: it is no list. */
static void networks_are_read_and_held_against(void)
{
    static const struct {
        const char *list, *in, *out;
    } cases[] = {
        {"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
        {"10.1.2.3", "10.1.2.3", "10.1.2.4"},
        {"10.1.2.129/25", "10.1.2.128", "10.1.2.127"},
        {"10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:11.0.0.1"},
        {"::ffff:10.0.0.0/104", "10.0.0.1", "11.0.0.1"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
        {"0.0.0.0/0", "8.8.8.8", "2001:db8::1"},
        {"::/0", "8.8.8.8", NULL},
        {" 10.0.0.1 , 10.0.0.2 ", "10.0.0.2", "10.0.0.3"},
        {"", NULL, "127.0.0.1"},
        {"10.0.0.0/33", NULL, NULL},
        {"::/129", NULL, NULL},
        {"10.0.0.0/", NULL, NULL},
        {"10.0.0.0/8x", NULL, NULL},
        {"10.0.0.0/-1", NULL, NULL},
        {"10.0.0.0/0008", NULL, NULL},
        {"10.0.0", NULL, NULL},
        {"proxy", NULL, NULL},
        {"10.0.0.1,,10.0.0.2", NULL, NULL},
        {"10.0.0.1 10.0.0.2", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static struct http_networks n;
        struct sockaddr_storage a;
        tap_case(cases[i].list);
        bool refused = !cases[i].in && !cases[i].out;
        CHECK_INT(http_networks_read(str_of(cases[i].list), &n), refused ? ERR_BAD_SETTING : 0);
        if (cases[i].in) {
            CHECK(http_network_address(str_of(cases[i].in), &a) && http_networks_have(&n, &a));
        }
        if (cases[i].out) {
            CHECK(http_network_address(str_of(cases[i].out), &a) && !http_networks_have(&n, &a));
        }
    }
}

static void networks_are_not_too_many(void)
{
    static struct http_networks n;
    char list[(CAP_TRUSTED_PROXIES + 1) * 8] = "";
    for (size_t i = 0; i <= CAP_TRUSTED_PROXIES; i++) {
        CHECK_INT(http_networks_read(str_of(list), &n), 0);
        strcat(list, i ? ",1.1.1.1" : "1.1.1.1");
    }
    CHECK_INT(http_networks_read(str_of(list), &n), ERR_BAD_SETTING);
}

TAP_MAIN(TEST(believes_proxies_alone), TEST(asks_the_peer_first), TEST(networks_are_read_and_held_against),
         TEST(networks_are_not_too_many))
