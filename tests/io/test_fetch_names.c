/* Names that are slow to look up: the look-up has its own thread, and nobody may wait for that thread. */
#include "fetch_rig.h"
#include <netdb.h>
#include <stdatomic.h>

#define LOOKUP_MS 1500
#define HERE_MS 100

static atomic_int lookups;

/* Takes the C library's place: here.test is this machine, after a while; other names do not exist, after a long while. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    bool here = strcmp(name, "here.test") == 0;
    usleep((here ? HERE_MS : LOOKUP_MS) * 1000);
    atomic_fetch_add(&lookups, 1);
    if (!here) {
        return EAI_NONAME;
    }
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(service))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct addrinfo *a = calloc(1, sizeof(*a) + sizeof(at)); /* one block, as freeaddrinfo expects it */
    *a = (struct addrinfo){.ai_family = AF_INET, .ai_socktype = hints->ai_socktype, .ai_protocol = IPPROTO_TCP};
    a->ai_addrlen = sizeof(at);
    a->ai_addr = (struct sockaddr *)memcpy(a + 1, &at, sizeof(at));
    *out = a;
    return 0;
}

static const struct peer_rule rules[] = {
    {"/", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, PEER_KEEP},
    {NULL, NULL, 0, 0},
};

static void ask_slow(struct ask *a, struct rig *r)
{
    ask_init(a, r, "/");
    a->fetch.url = STR("http://slow.test/");
    a->fetch.deadline_ms = 200;
}

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* The thread frees what it holds when it ends. */
static void await_lookups(int count)
{
    while (atomic_load(&lookups) < count) {
        usleep(10000);
    }
    usleep(50000);
}

static void a_deadline_does_not_wait_for_the_name(void)
{
    struct rig r;
    struct ask a;
    atomic_store(&lookups, 0);
    rig_open(&r, rules);
    ask_slow(&a, &r);
    uint64_t start_ms = now_ms();
    CHECK_INT(ask_run(&a, &r), ERR_TIMEOUT);
    CHECK(now_ms() - start_ms < 800);
    CHECK_INT(atomic_load(&lookups), 0);
    rig_close(&r);
    CHECK(now_ms() - start_ms < 1000);
    await_lookups(1);
}

static void a_closing_room_does_not_wait_for_the_name(void)
{
    struct rig r;
    struct ask a;
    atomic_store(&lookups, 0);
    rig_open(&r, rules);
    ask_slow(&a, &r);
    uint64_t start_ms = now_ms();
    CHECK_INT(ask_submit(&a, &r), 0);
    rig_run_ms(&r, 20);
    rig_close(&r);
    CHECK(now_ms() - start_ms < 500);
    CHECK_INT(a.fired, 0);
    await_lookups(1);
}

static void an_unknown_name_is_no_connection(void)
{
    struct rig r;
    struct ask a;
    atomic_store(&lookups, 0);
    rig_open(&r, rules);
    ask_slow(&a, &r);
    a.fetch.deadline_ms = 10000;
    a.fetch.connect_ms = 10000;
    CHECK_INT(ask_run(&a, &r), ERR_CONNECT);
    CHECK_INT(atomic_load(&lookups), 1);
    rig_close(&r);
}

static void ask_here(struct ask *a, struct rig *r)
{
    ask_init(a, r, "/");
    snprintf(a->url, sizeof(a->url), "http://here.test:%d/", r->peer.port);
    a->fetch.url = str_of(a->url);
    a->fetch.method = "POST";
}

static void a_known_name_is_reached(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_here(&a, &r);
    CHECK_INT(ask_run(&a, &r), 0);
    CHECK_INT(r.peer.requests, 1);
    fetch_finish(&a.fetch);
    rig_close(&r);
}

/* The connection comes about, but nobody wants the request any more: it is not sent, and nobody is blamed. */
static void abandoned_while_connecting_is_never_sent(void)
{
    struct rig r;
    struct ask *a = malloc(sizeof(*a));
    rig_open(&r, rules);
    ask_here(a, &r);
    CHECK_INT(ask_submit(a, &r), 0);
    rig_run_ms(&r, HERE_MS / 2);
    CHECK_INT(a->fetch.state, FETCH_RUNNING);
    fetch_abandon(&a->fetch);
    free(a);
    rig_run_ms(&r, 2 * HERE_MS);
    CHECK_INT(r.peer.connections, 1);
    CHECK_INT(r.peer.requests, 0);
    CHECK_INT(r.host.window_count, 0);
    CHECK_INT((int)metric_value(METRIC_UPSTREAM_REQUESTS, UPSTREAM_VAPI, FETCH_CONNECT), 0);
    rig_close(&r);
}

TAP_MAIN(TEST(a_known_name_is_reached), TEST(abandoned_while_connecting_is_never_sent),
         TEST(a_deadline_does_not_wait_for_the_name), TEST(a_closing_room_does_not_wait_for_the_name),
         TEST(an_unknown_name_is_no_connection))
