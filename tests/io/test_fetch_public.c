/* A fetch for the public internet alone: however an address is written or hidden behind a name, nothing else is called.
 * The peer listens on loopback; no URL may bring a connection to it. */
#include "fetch_rig.h"
#include <dlfcn.h>
#include <netdb.h>

static const struct peer_rule rules[] = {
    {"/", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, PEER_KEEP},
    {NULL, NULL, 0, 0},
};

/* What names resolve to; each may have two addresses. Other names, and addresses in numbers, go to the C library. */
static const struct {
    const char *name, *first, *second;
} names[] = {
    {"inside.test", "127.0.0.1", NULL},  {"metadata.test", "169.254.169.254", NULL},
    {"private.test", "10.0.0.5", NULL},  {"six.test", "::1", NULL},
    {"local-six.test", "fd00::5", NULL}, {"mapped.test", "::ffff:127.0.0.1", NULL},
    {"both.test", "127.0.0.1", "::1"},   {"nat.test", "64:ff9b::7f00:1", NULL},
    {"nowhere.test", "0.0.0.0", NULL},   {"six-nowhere.test", "::", NULL},
    {"here.test", "127.0.0.1", NULL},
};

static struct addrinfo *make_address(const char *text, const char *service)
{
    struct addrinfo *a =
        calloc(1, sizeof(*a) + sizeof(struct sockaddr_in6)); /* one block, as freeaddrinfo expects it */
    struct sockaddr_in *four = (void *)(a + 1);
    struct sockaddr_in6 *six = (void *)(a + 1);
    in_port_t port = htons((uint16_t)atoi(service));
    *a = (struct addrinfo){.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP, .ai_addr = (void *)(a + 1)};
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = port;
        a->ai_addrlen = sizeof(*four);
    } else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = port;
        a->ai_addrlen = sizeof(*six);
    }
    a->ai_family = a->ai_addr->sa_family;
    return a;
}

/* Takes the C library's place. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i].name) == 0) {
            *out = make_address(names[i].first, service);
            (*out)->ai_next = names[i].second ? make_address(names[i].second, service) : NULL;
            return 0;
        }
    }
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, __func__);
    return real(name, service, hints, out);
}

/* %d is the peer's port. */
static const char *const spellings[] = {
    /* loopback and its short, octal, hexadecimal and whole forms */
    "https://127.0.0.1:%d/",
    "https://127.0.0.1.:%d/",
    "https://127.1:%d/",
    "https://127.0.1:%d/",
    "https://127.255.255.254:%d/",
    "https://0177.0.0.1:%d/",
    "https://0177.0.0.01:%d/",
    "https://00000177.0.0.1:%d/",
    "https://0x7f.0.0.1:%d/",
    "https://0x7f.1:%d/",
    "https://0X7F.0x0.0x0.0x1:%d/",
    "https://0x7f000001:%d/",
    "https://0x000000007f000001:%d/",
    "https://2130706433:%d/",
    "https://017700000001:%d/",
    "https://127.000.000.001:%d/",
    "https://127.0.0.1%%2e:%d/",
    "https://%%31%%32%%37.0.0.1:%d/",
    "https://0:%d/",
    "https://0.0.0.0:%d/",
    "https://00.00.00.00:%d/",
    "https://localhost:%d/",
    "https://LOCALHOST:%d/",
    "https://localhost.:%d/",
    "https://LocalHost%%2e:%d/",
    "HTTPS://127.0.0.1:%d/",
    "https:///127.0.0.1:%d/",
    /* IPv6 and what it can wrap */
    "https://[::1]:%d/",
    "https://[0:0:0:0:0:0:0:1]:%d/",
    "https://[0000:0000:0000:0000:0000:0000:0000:0001]:%d/",
    "https://[::]:%d/",
    "https://[::127.0.0.1]:%d/",
    "https://[::ffff:127.0.0.1]:%d/",
    "https://[::ffff:7f00:1]:%d/",
    "https://[::FFFF:7F00:0001]:%d/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]:%d/",
    "https://[::ffff:0:127.0.0.1]:%d/",
    "https://[64:ff9b::127.0.0.1]:%d/",
    "https://[64:ff9b:1::7f00:1]:%d/",
    "https://[2002:7f00:1::]:%d/",
    "https://[fe80::1%%25lo]:%d/",
    "https://[fe80::1]:%d/",
    "https://[fd00:ec2::254]:%d/",
    "https://[fc00::1]:%d/",
    "https://[ff02::1]:%d/",
    "https://[::1%%25lo]:%d/",
    /* private, link-local, metadata, carriers', multicast, broadcast */
    "https://10.0.0.1:%d/",
    "https://012.0.0.1:%d/",
    "https://10.1:%d/",
    "https://172.16.0.1:%d/",
    "https://172.31.255.255:%d/",
    "https://192.168.1.1:%d/",
    "https://3232235777:%d/",
    "https://169.254.169.254:%d/latest/meta-data/",
    "https://0xa9fea9fe:%d/latest/meta-data/",
    "https://2852039166:%d/latest/meta-data/",
    "https://0251.0376.0251.0376:%d/latest/meta-data/",
    "https://169.254.43518:%d/latest/meta-data/",
    "https://100.100.100.200:%d/",
    "https://168.63.129.16:%d/",
    "https://192.0.0.192:%d/",
    "https://224.0.0.1:%d/",
    "https://255.255.255.255:%d/",
    /* names */
    "https://inside.test:%d/",
    "https://INSIDE.test:%d/",
    "https://metadata.test:%d/",
    "https://private.test:%d/",
    "https://six.test:%d/",
    "https://local-six.test:%d/",
    "https://mapped.test:%d/",
    "https://both.test:%d/",
    "https://nat.test:%d/",
    "https://nowhere.test:%d/",
    "https://six-nowhere.test:%d/",
    /* who is the host here? */
    "https://api.twilio.com@127.0.0.1:%d/",
    "https://api.twilio.com:443@127.0.0.1:%d/",
    "https://user:word@inside.test:%d/",
    "https://@127.0.0.1:%d/",
    "https://127.0.0.1:%d#@api.twilio.com/",
    "https://127.0.0.1:%d?@api.twilio.com/",
    "https://127.0.0.1:%d\\@api.twilio.com/",
    "https://api.twilio.com\\@127.0.0.1:%d/",
    "https://127.0.0.1:%d:80/",
    "https://127.0.0.1 :%d/",
    "https://127.0.0.1\t:%d/",
    "https://[::1]@127.0.0.1:%d/",
    "https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1:%d/",
    "https://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1:%d/",
    "https://127\xe3\x80\x82"
    "0\xe3\x80\x82"
    "0\xe3\x80\x82"
    "1:%d/",
    /* other schemes, or none */
    "http://127.0.0.1:%d/",
    "HTTP://here.test:%d/",
    "http://inside.test:%d/",
    "ftp://127.0.0.1:%d/",
    "gopher://127.0.0.1:%d/",
    "file://127.0.0.1:%d/etc/hostname",
    "dict://127.0.0.1:%d/",
    "ws://127.0.0.1:%d/",
    "//127.0.0.1:%d/",
    "127.0.0.1:%d/",
    "inside.test:%d",
    "javascript:%d",
};

static int run(struct rig *r, struct ask *a)
{
    int rc = ask_submit(a, r);
    if (rc == 0) {
        ask_wait(a, r);
        CHECK_INT(a->fetch.status, 0);
        rc = a->code;
    }
    fetch_finish(&a->fetch);
    return rc;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void url_with_port(struct ask *a, const struct rig *r, const char *format)
{
    snprintf(a->url, sizeof(a->url), format, r->peer.port);
    a->fetch.url = str_of(a->url);
}
#pragma GCC diagnostic pop

/* Refused as a URL, as an address, or no name at all; and the peer saw nothing of it. */
static void no_spelling_reaches_a_private_address(void)
{
    size_t count = sizeof(spellings) / sizeof(spellings[0]), by_address = 0;
    struct rig r;
    rig_open(&r, rules);
    for (size_t i = 0; i < count; i++) {
        struct ask a;
        tap_case(spellings[i]);
        ask_init(&a, &r, "/");
        url_with_port(&a, &r, spellings[i]);
        a.fetch.public_only = true;
        r.host.window = r.host.window_count = 0; /* names that do not exist are failures */
        int rc = run(&r, &a);
        CHECK(rc == ERR_PRIVATE_ADDRESS || rc == ERR_BAD_SETTING || rc == ERR_CONNECT);
        by_address += rc == ERR_PRIVATE_ADDRESS;
        CHECK_INT(r.peer.connections, 0);
    }
    CHECK(count >= 100);
    CHECK(by_address >= 60);
    rig_close(&r);
}

/* Not even to a public address without TLS: refused before anything is looked up. */
static void outside_it_is_https_alone(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_init(&a, &r, "/");
    a.fetch.url = STR("http://8.8.8.8:1/");
    a.fetch.public_only = true;
    CHECK_INT(ask_submit(&a, &r), ERR_BAD_SETTING);
    rig_close(&r);
}

/* The one to blame is whoever gave us the address. */
static void the_breaker_is_not_for_that(void)
{
    struct rig r;
    rig_open(&r, rules);
    for (int i = 0; i < 2 * CAP_BREAKER_LEAST; i++) {
        struct ask a;
        ask_init(&a, &r, "/");
        url_with_port(&a, &r, "https://127.0.0.1:%d/");
        a.fetch.public_only = true;
        CHECK_INT(run(&r, &a), ERR_PRIVATE_ADDRESS);
    }
    CHECK_INT(r.host.breaker, FETCH_BREAKER_CLOSED);
    CHECK_INT((int)metric_value(METRIC_UPSTREAM_REQUESTS, UPSTREAM_VAPI, FETCH_OTHER), 2 * CAP_BREAKER_LEAST);
    rig_close(&r);
}

/* Whoever is not told to stay outside reaches this machine as ever, by the same names. */
static void others_are_not_concerned(void)
{
    static const char *const ways[] = {"http://here.test:%d/", "http://127.0.0.1:%d/", "http://127.1:%d/"};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct rig r;
        struct ask a;
        tap_case(ways[i]);
        rig_open(&r, rules);
        ask_init(&a, &r, "/");
        url_with_port(&a, &r, ways[i]);
        CHECK_INT(ask_run(&a, &r), 0);
        CHECK_INT(r.peer.connections, 1);
        fetch_finish(&a.fetch);
        rig_close(&r);
    }
}

TAP_MAIN(TEST(no_spelling_reaches_a_private_address), TEST(outside_it_is_https_alone),
         TEST(the_breaker_is_not_for_that), TEST(others_are_not_concerned))
