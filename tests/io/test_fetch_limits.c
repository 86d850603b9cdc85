/* Breaker, caps and the watchdog, through the room. The room's file is included: the watchdog's test breaks libcurl's
 * clock, which no peer can do. */
#include "fetch.c"
#include "fetch_rig.h"

static const struct peer_rule rules[] = {
    {"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, PEER_KEEP},
    {"/broken", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP},
    {"/refused", "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP},
    {"/hang", "", 0, PEER_HANG},
    {"/", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP},
    {NULL, NULL, 0, 0},
};

static int count_of(enum metric_fetch result)
{
    return (int)metric_value(METRIC_UPSTREAM_REQUESTS, UPSTREAM_VAPI, result);
}

static void run_to(struct rig *r, const char *path, int times)
{
    for (int i = 0; i < times; i++) {
        struct ask a;
        ask_init(&a, r, path);
        CHECK_INT(ask_run(&a, r), 0);
        fetch_finish(&a.fetch);
    }
}

static void the_breaker_opens_and_tries_one(void)
{
    struct rig r;
    struct ask a, b;
    rig_open(&r, rules);
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    run_to(&r, "/broken", CAP_BREAKER_LEAST);
    CHECK_INT(r.host.breaker, FETCH_BREAKER_OPEN);
    ask_init(&a, &r, "/ok");
    ask_init(&b, &r, "/ok");
    CHECK_INT(ask_submit(&a, &r), ERR_BREAKER_OPEN);
    CHECK_INT(count_of(FETCH_BREAKER), 1);
    CHECK_INT(r.peer.requests, CAP_BREAKER_LEAST);
    CHECK(r.host.open_until_ms > loop_now_ms(&r.loop) + CAP_BREAKER_OPEN_MS / 2);
    r.host.open_until_ms = loop_now_ms(&r.loop);
    CHECK_INT(ask_submit(&a, &r), 0);
    CHECK_INT(r.host.breaker, FETCH_BREAKER_HALF_OPEN);
    CHECK_INT(ask_submit(&b, &r), ERR_BREAKER_OPEN);
    ask_wait(&a, &r);
    CHECK_INT(r.host.breaker, FETCH_BREAKER_CLOSED);
    CHECK_INT(ask_run(&b, &r), 0);
    fetch_finish(&a.fetch);
    fetch_finish(&b.fetch);
    rig_close(&r);
}

static void refusals_do_not_open_it(void)
{
    struct rig r;
    rig_open(&r, rules);
    run_to(&r, "/refused", 3 * CAP_BREAKER_LEAST);
    CHECK_INT(r.host.breaker, FETCH_BREAKER_CLOSED);
    CHECK_INT(count_of(FETCH_4XX), 3 * CAP_BREAKER_LEAST);
    rig_close(&r);
}

static void judge(struct ask *a)
{
    fetch_judge_failed(&a->fetch);
}

static void useless_answers_open_it(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    for (int i = 0; i < CAP_BREAKER_LEAST; i++) {
        CHECK_INT(r.host.breaker, FETCH_BREAKER_CLOSED);
        ask_init(&a, &r, "/ok");
        a.then = judge;
        CHECK_INT(ask_run(&a, &r), 0);
        fetch_finish(&a.fetch);
    }
    CHECK_INT(r.host.breaker, FETCH_BREAKER_OPEN);
    r.host.open_until_ms = 0;
    ask_init(&a, &r, "/ok");
    a.then = judge;
    CHECK_INT(ask_run(&a, &r), 0);
    CHECK_INT(r.host.breaker, FETCH_BREAKER_OPEN);
    CHECK(r.host.open_until_ms > 0);
    fetch_finish(&a.fetch);
    rig_close(&r);
}

/* The one call that decides is given up before it was sent: another one must be let through. */
static void an_abandoned_probe_is_replaced(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    run_to(&r, "/broken", CAP_BREAKER_LEAST);
    for (int turns = 0; turns < 2; turns++) {
        r.host.open_until_ms = 0;
        ask_init(&a, &r, "/ok");
        CHECK_INT(ask_submit(&a, &r), 0);
        for (int i = 0; i < turns; i++) {
            uv_run(&r.loop.uv, UV_RUN_NOWAIT);
        }
        fetch_abandon(&a.fetch);
        rig_run_ms(&r, 30);
        CHECK(r.host.breaker != FETCH_BREAKER_HALF_OPEN);
    }
    r.host.open_until_ms = 0;
    ask_init(&a, &r, "/ok");
    CHECK_INT(ask_run(&a, &r), 0);
    CHECK_INT(r.host.breaker, FETCH_BREAKER_CLOSED);
    fetch_finish(&a.fetch);
    rig_close(&r);
}

/* A probe that could not even be prepared gives its place back. */
static void an_unusable_probe_is_replaced(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    run_to(&r, "/broken", CAP_BREAKER_LEAST);
    r.host.open_until_ms = 0;
    ask_init(&a, &r, "/ok");
    a.fetch.url = STR("gopher://127.0.0.1/");
    CHECK_INT(ask_submit(&a, &r), ERR_BAD_SETTING);
    ask_init(&a, &r, "/ok");
    CHECK_INT(ask_run(&a, &r), 0);
    fetch_finish(&a.fetch);
    rig_close(&r);
}

static struct ask many[CAP_FETCH_IN_FLIGHT + 1];

static size_t fired_of(size_t count)
{
    size_t fired = 0;
    for (size_t i = 0; i < count; i++) {
        fired += many[i].fired > 0;
    }
    return fired;
}

/* More than the connections allowed to one host, less than the cap on calls: all are answered in turn. */
static void calls_wait_for_a_connection(void)
{
    struct rig r;
    size_t count = 4 * CAP_FETCH_PER_HOST;
    rig_open(&r, rules);
    for (size_t i = 0; i < count; i++) {
        ask_init(&many[i], &r, "/ok");
        many[i].fetch.deadline_ms = 20000;
        CHECK_INT(ask_submit(&many[i], &r), 0);
    }
    while (fired_of(count) < count) {
        uv_run(&r.loop.uv, UV_RUN_ONCE);
    }
    CHECK_INT(count_of(FETCH_2XX), (int)count);
    CHECK(r.peer.connections <= CAP_FETCH_PER_HOST);
    CHECK(r.room.core->calls[CALL_SPARE].count <= CAP_FETCH_SPARE);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(many[i].fired, 1);
        fetch_finish(&many[i].fetch);
    }
    rig_close(&r);
}

/* The cap on all calls; those that never got a connection end at their deadline too. */
static void the_room_is_full_at_its_cap(void)
{
    struct rig r;
    struct fetch_host others[4];
    rig_open(&r, rules);
    for (size_t i = 0; i < CAP_FETCH_IN_FLIGHT; i++) {
        ask_init(&many[i], &r, "/hang");
        many[i].fetch.deadline_ms = 1500;
        CHECK_INT(ask_submit(&many[i], &r), 0);
    }
    fetch_host_init(&others[0], UPSTREAM_RESEND);
    ask_init(&many[CAP_FETCH_IN_FLIGHT], &r, "/ok");
    many[CAP_FETCH_IN_FLIGHT].fetch.host = &others[0];
    CHECK_INT(ask_submit(&many[CAP_FETCH_IN_FLIGHT], &r), ERR_BUSY);
    uint64_t start_ms = uv_hrtime() / 1000000;
    while (fired_of(CAP_FETCH_IN_FLIGHT) < CAP_FETCH_IN_FLIGHT) {
        uv_run(&r.loop.uv, UV_RUN_ONCE);
    }
    CHECK(uv_hrtime() / 1000000 - start_ms < 1500 + CAP_FETCH_WATCHDOG_MS + 2000);
    CHECK_INT(count_of(FETCH_TIMEOUT), CAP_FETCH_IN_FLIGHT);
    CHECK_INT(many[CAP_FETCH_IN_FLIGHT].fired, 0);
    CHECK_INT(ask_run(&many[CAP_FETCH_IN_FLIGHT], &r), 0);
    fetch_finish(&many[CAP_FETCH_IN_FLIGHT].fetch);
    rig_close(&r);
}

static void the_watchdog_ends_what_libcurl_forgot(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_init(&a, &r, "/hang");
    a.fetch.deadline_ms = 100;
    CHECK_INT(ask_submit(&a, &r), 0);
    while (r.peer.requests == 0) {
        uv_run(&r.loop.uv, UV_RUN_ONCE);
    }
    rig_run_ms(&r, 20);
    uv_timer_stop(&r.room.core->uv.timer);
    ask_wait(&a, &r);
    CHECK_INT(a.code, ERR_TIMEOUT);
    CHECK(a.fetch.seconds > 1.0 && a.fetch.seconds < 3.0);
    CHECK_INT(count_of(FETCH_TIMEOUT), 1);
    ask_init(&a, &r, "/ok");
    CHECK_INT(ask_run(&a, &r), 0);
    fetch_finish(&a.fetch);
    rig_close(&r);
}

static void the_watchdog_leaves_ended_calls_alone(void)
{
    struct rig r;
    struct ask a, b;
    rig_open(&r, rules);
    ask_init(&a, &r, "/ok");
    ask_init(&b, &r, "/hang");
    a.fetch.deadline_ms = 50;
    CHECK_INT(ask_submit(&b, &r), 0);
    CHECK_INT(ask_run(&a, &r), 0);
    fetch_finish(&a.fetch);
    rig_run_ms(&r, 50 + CAP_FETCH_WATCHDOG_MS + 200);
    CHECK_INT(b.fired, 0);
    CHECK_INT(count_of(FETCH_TIMEOUT), 0);
    rig_close(&r);
}

TAP_MAIN(TEST(the_breaker_opens_and_tries_one), TEST(refusals_do_not_open_it), TEST(useless_answers_open_it),
         TEST(an_abandoned_probe_is_replaced), TEST(an_unusable_probe_is_replaced), TEST(calls_wait_for_a_connection),
         TEST(the_room_is_full_at_its_cap), TEST(the_watchdog_ends_what_libcurl_forgot),
         TEST(the_watchdog_leaves_ended_calls_alone))
