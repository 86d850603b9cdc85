/* Whom X-Forwarded-For names, and what it may claim without being believed. */
#include "http_asked.h"
#include "http_client.c"

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

static void believes_proxies_alone(void)
{
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        char text[PEER_TEXT_BYTES];
        tap_case(entries[i].lines);
        CHECK_STR(http_client_forwarded(ask_with(entries[i].lines), text), entries[i].found);
    }
    http_parse_free(&asked);
}

/* Whoever connects from a public address speaks for itself alone. */
static void asks_the_peer_first(void)
{
    static const struct {
        bool peer_is_public;
        const char *peer, *lines, *client;
    } cases[] = {
        {true, "9.9.9.9", XFF("8.8.8.8"), "9.9.9.9"},   {true, "9.9.9.9", "", "9.9.9.9"},
        {false, "10.0.0.1", XFF("8.8.8.8"), "8.8.8.8"}, {false, "10.0.0.1", "", "10.0.0.1"},
        {false, "::1", XFF("unknown"), "::1"},          {false, "127.0.0.1", XFF("192.168.0.7"), "127.0.0.1"},
    };
    static struct http_conn c;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_case(cases[i].lines);
        c.parse = *ask_with(cases[i].lines);
        c.peer_is_public = cases[i].peer_is_public;
        c.request.peer = str_of(cases[i].peer);
        CHECK_STR(http_client_address(&c.request), cases[i].client);
    }
    http_parse_free(&asked);
}

TAP_MAIN(TEST(believes_proxies_alone), TEST(asks_the_peer_first))
