/* Who the other side must be: certificates that are good, and all the ways in which they are not. */
#include "fetch_call.h"
#include "fetch_rig.h"
#include "tls_peer.h"

#define HOUR 3600
#define GOOD_NAMES "DNS:localhost,IP:127.0.0.1"

static const struct peer_rule no_rules[] = {{"/", "", 0, PEER_CLOSE}, {NULL, NULL, 0, 0}};

static void tls_ask(struct ask *a, struct rig *r, const struct tls_peer *p, const char *host)
{
    ask_init(a, r, "/");
    snprintf(a->url, sizeof(a->url), "https://%s:%d/", host, p->port);
    a->fetch.url = str_of(a->url);
    a->fetch.connect_ms = 5000;
}

/* Trusts the test's own authority, which no policy of ours does. */
static int run_trusting(struct ask *a, struct rig *r, const char *authority)
{
    int rc = ask_submit(a, r);
    if (rc == 0 && authority) {
        CHECK_INT(curl_easy_setopt(a->fetch.call->easy.curl, CURLOPT_CAINFO, authority), CURLE_OK);
    }
    if (rc == 0) {
        ask_wait(a, r);
        rc = a->code;
    }
    fetch_finish(&a->fetch);
    return rc;
}

struct tls_case {
    const char *what;
    struct tls_wish wish;
    const char *host;
    bool trusted;
    int code;
};

static const struct tls_case cases[] = {
    {"good by name", {GOOD_NAMES, -HOUR, HOUR, false, 0}, "localhost", true, 0},
    {"good by address", {GOOD_NAMES, -HOUR, HOUR, false, 0}, "127.0.0.1", true, 0},
    {"TLS 1.2", {GOOD_NAMES, -HOUR, HOUR, false, TLS1_2_VERSION}, "localhost", true, 0},
    {"TLS 1.1", {GOOD_NAMES, -HOUR, HOUR, false, TLS1_1_VERSION}, "localhost", true, ERR_CONNECT},
    {"TLS 1.0", {GOOD_NAMES, -HOUR, HOUR, false, TLS1_VERSION}, "localhost", true, ERR_CONNECT},
    {"unknown authority", {GOOD_NAMES, -HOUR, HOUR, false, 0}, "localhost", false, ERR_CONNECT},
    {"signed by itself", {GOOD_NAMES, -HOUR, HOUR, true, 0}, "localhost", true, ERR_CONNECT},
    {"expired", {GOOD_NAMES, -HOUR, -60, false, 0}, "localhost", true, ERR_CONNECT},
    {"not yet valid", {GOOD_NAMES, 60, HOUR, false, 0}, "localhost", true, ERR_CONNECT},
    {"another name", {"DNS:larkspur.example", -HOUR, HOUR, false, 0}, "localhost", true, ERR_CONNECT},
    {"another address", {"IP:127.0.0.2", -HOUR, HOUR, false, 0}, "127.0.0.1", true, ERR_CONNECT},
    {"a name below", {"DNS:a.localhost", -HOUR, HOUR, false, 0}, "localhost", true, ERR_CONNECT},
};

static void only_the_right_one_is_talked_to(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rig r;
        struct ask a;
        struct tls_peer p;
        tap_case(cases[i].what);
        rig_open(&r, no_rules);
        tls_open(&p, &cases[i].wish);
        tls_ask(&a, &r, &p, cases[i].host);
        fetch_header_add(&a.fetch, "Authorization", STR("Bearer not-for-everybody"));
        CHECK_INT(run_trusting(&a, &r, cases[i].trusted ? p.authority : NULL), cases[i].code);
        CHECK_INT(atomic_load(&p.requests), cases[i].code == 0);
        rig_close(&r);
        CHECK_INT(atomic_load(&p.connections), 1);
        tls_close(&p);
    }
}

/* A kept connection is not a way around the look at addresses: another call may have made it. */
static void a_kept_connection_is_looked_at_too(void)
{
    static const struct tls_wish good = {GOOD_NAMES, -HOUR, HOUR, false, 0};
    struct rig r;
    struct ask a;
    struct tls_peer p;
    rig_open(&r, no_rules);
    tls_open(&p, &good);
    for (int i = 0; i < 2; i++) {
        tls_ask(&a, &r, &p, "localhost");
        CHECK_INT(run_trusting(&a, &r, p.authority), 0);
    }
    tls_ask(&a, &r, &p, "localhost");
    a.fetch.public_only = true;
    CHECK_INT(run_trusting(&a, &r, p.authority), ERR_PRIVATE_ADDRESS);
    CHECK_INT(atomic_load(&p.requests), 2);
    rig_close(&r);
    CHECK_INT(atomic_load(&p.connections), 1);
    tls_close(&p);
}

TAP_MAIN(TEST(only_the_right_one_is_talked_to), TEST(a_kept_connection_is_looked_at_too))
