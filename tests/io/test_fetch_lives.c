/* Who may free what, and when: abandon at every stage, ends inside on_done, rooms closed under way. */
#include "fetch_rig.h"

static const struct peer_rule rules[] = {
    {"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, PEER_KEEP},
    {"/broken", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP},
    {"/hang", "", 0, PEER_HANG},
    {"/hang-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", 0, PEER_HANG},
    {"/last", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, PEER_CLOSE},
    {"/", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP},
    {NULL, NULL, 0, 0},
};

static int requests_counted(enum metric_fetch result)
{
    return (int)metric_value(METRIC_UPSTREAM_REQUESTS, UPSTREAM_VAPI, result);
}

/* An ask on the heap, with everything it points at, so that the sanitizer sees a late touch. */
static struct ask *heap_ask(struct rig *r, const char *path)
{
    struct ask *a = malloc(sizeof(*a));
    ask_init(a, r, path);
    char *body = malloc(3);
    memcpy(body, "abc", 3);
    a->fetch.method = "POST";
    a->fetch.body = (struct str){body, 3};
    return a;
}

static void drop(struct ask *a)
{
    fetch_abandon(&a->fetch);
    CHECK_INT(a->fired, 0);
    CHECK_INT(a->fetch.state, FETCH_ABANDONED);
    fetch_finish(&a->fetch);
    free((char *)a->fetch.body.p);
    memset(a, 0xee, sizeof(*a));
    free(a);
}

static void abandon_before_the_start(void)
{
    struct rig r;
    rig_open(&r, rules);
    struct ask *a = heap_ask(&r, "/ok");
    CHECK_INT(ask_submit(a, &r), 0);
    drop(a);
    rig_run_ms(&r, 50);
    CHECK_INT(r.peer.requests, 0);
    CHECK_INT(requests_counted(FETCH_2XX), 0);
    rig_close(&r);
}

static void abandon_after_the_request(void)
{
    static const char *const paths[] = {"/ok", "/hang", "/hang-in-body"};
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        tap_case(paths[i]);
        rig_open(&r, rules);
        struct ask *a = heap_ask(&r, paths[i]);
        a->fetch.deadline_ms = 100;
        CHECK_INT(ask_submit(a, &r), 0);
        while (r.peer.requests == 0) {
            uv_run(&r.loop.uv, UV_RUN_ONCE);
        }
        drop(a);
        rig_run_ms(&r, 200);
        CHECK_INT(requests_counted(FETCH_2XX) + requests_counted(FETCH_TIMEOUT), 1);
        CHECK_INT(r.host.window_count, 1);
        rig_close(&r);
    }
}

/* After the result is known and before it is delivered: turn by turn, every stage once. */
static void abandon_after_every_turn(void)
{
    for (int turns = 0; turns < 40; turns++) {
        struct rig r;
        rig_open(&r, rules);
        struct ask *a = heap_ask(&r, "/ok");
        CHECK_INT(ask_submit(a, &r), 0);
        for (int i = 0; i < turns && !a->fired; i++) {
            uv_run(&r.loop.uv, UV_RUN_NOWAIT);
        }
        if (a->fired) {
            fetch_finish(&a->fetch);
            free((char *)a->fetch.body.p);
            free(a);
        } else {
            drop(a);
        }
        rig_run_ms(&r, 2);
        rig_close(&r);
    }
}

static void abandon_is_harmless_otherwise(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_init(&a, &r, "/ok");
    fetch_abandon(&a.fetch);
    CHECK_INT(a.fetch.state, FETCH_NEW);
    CHECK_INT(ask_run(&a, &r), 0);
    fetch_abandon(&a.fetch);
    CHECK_INT(a.fetch.state, FETCH_DONE);
    CHECK(str_eq(buf_str(&a.fetch.answer), STR("{}")));
    fetch_finish(&a.fetch);
    fetch_finish(&a.fetch);
    rig_close(&r);
}

static int freed;

static void free_it(struct ask *a)
{
    fetch_finish(&a->fetch);
    free((char *)a->fetch.body.p);
    free(a);
    freed++;
}

static void on_done_may_free_the_fetch(void)
{
    struct rig r;
    rig_open(&r, rules);
    struct ask *a = heap_ask(&r, "/ok");
    a->then = free_it;
    freed = 0;
    CHECK_INT(ask_submit(a, &r), 0);
    while (!freed) {
        uv_run(&r.loop.uv, UV_RUN_ONCE);
    }
    CHECK_INT(freed, 1);
    rig_close(&r);
}

static void ask_again(struct ask *a)
{
    if (a->fired < 5) {
        CHECK_INT(fetch_submit(a->fetch.room, &a->fetch), 0);
    }
}

static void on_done_may_submit_again(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_init(&a, &r, "/ok");
    a.then = ask_again;
    CHECK_INT(ask_submit(&a, &r), 0);
    while (a.fired < 5) {
        uv_run(&r.loop.uv, UV_RUN_ONCE);
    }
    CHECK_INT(r.peer.requests, 5);
    CHECK_INT(r.peer.connections, 1);
    CHECK(str_eq(buf_str(&a.fetch.answer), STR("{}")));
    fetch_finish(&a.fetch);
    rig_close(&r);
}

static void close_room(struct ask *a)
{
    fetch_room_close(a->fetch.room, rig_on_closed);
}

static void on_done_may_close_the_room(void)
{
    struct rig r;
    struct ask a, b;
    rig_open(&r, rules);
    ask_init(&a, &r, "/ok");
    ask_init(&b, &r, "/hang");
    a.then = close_room;
    CHECK_INT(ask_submit(&b, &r), 0);
    CHECK_INT(ask_run(&a, &r), 0);
    CHECK_INT(b.fired, 0);
    CHECK_INT(b.fetch.state, FETCH_ABANDONED);
    CHECK_INT(fetch_submit(&r.room, &b.fetch), ERR_STOPPING);
    fetch_finish(&a.fetch);
    rig_close(&r);
}

/* Calls at every stage, some of them abandoned: none fires, and the loop still ends empty. */
static void a_room_closes_with_calls_under_way(void)
{
    static const char *const paths[] = {"/ok", "/hang", "/hang-in-body"};
    for (int turns = 0; turns < 30; turns += 3) {
        struct rig r;
        struct ask asks[12];
        int fired[12];
        rig_open(&r, rules);
        for (int i = 0; i < 12; i++) {
            ask_init(&asks[i], &r, paths[i % 3]);
            CHECK_INT(ask_submit(&asks[i], &r), 0);
        }
        for (int i = 0; i < turns; i++) {
            uv_run(&r.loop.uv, UV_RUN_NOWAIT);
        }
        for (int i = 0; i < 12; i += 4) {
            fetch_abandon(&asks[i].fetch);
        }
        fetch_room_close(&r.room, rig_on_closed);
        for (int i = 0; i < 12; i++) {
            fired[i] = asks[i].fired;
        }
        rig_close(&r);
        for (int i = 0; i < 12; i++) {
            CHECK_INT(asks[i].fired, fired[i]);
            CHECK(asks[i].fetch.state == FETCH_DONE || asks[i].fetch.state == FETCH_ABANDONED);
            fetch_finish(&asks[i].fetch);
        }
    }
}

static void connections_are_kept(void)
{
    struct rig r;
    rig_open(&r, rules);
    for (int i = 0; i < 20; i++) {
        struct ask a;
        ask_init(&a, &r, i % 2 ? "/ok" : "/broken");
        r.host.window_count = r.host.window = 0;
        CHECK_INT(ask_run(&a, &r), 0);
        fetch_finish(&a.fetch);
    }
    CHECK_INT(r.peer.connections, 1);
    rig_close(&r);
}

static const char *method_of_retry;

/* The kept connection dies with the second request on it. */
static void ask_twice(struct rig *r, struct ask *a)
{
    static const struct peer_rule dying[] = {
        {"/first", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, PEER_KEEP},
        {"/second", "", 0, PEER_CLOSE},
        {NULL, NULL, 0, 0},
    };
    rig_open(r, dying);
    ask_init(a, r, "/first");
    CHECK_INT(ask_run(a, r), 0);
    fetch_finish(&a->fetch);
    ask_init(a, r, "/second");
    a->fetch.method = method_of_retry;
    CHECK_INT(ask_run(a, r), ERR_BAD_REPLY);
}

static void a_post_is_sent_once(void)
{
    struct rig r;
    struct ask a;
    method_of_retry = "POST";
    ask_twice(&r, &a);
    CHECK_INT(r.peer.requests, 2);
    rig_close(&r);
}

static void a_get_is_sent_again(void)
{
    struct rig r;
    struct ask a;
    method_of_retry = "GET";
    ask_twice(&r, &a);
    CHECK_INT(r.peer.requests, 3);
    rig_close(&r);
}

/* A connection that the peer closed while it was idle is noticed before anything is sent on it. */
static void a_closed_connection_is_not_used(void)
{
    struct rig r;
    rig_open(&r, rules);
    for (int i = 0; i < 3; i++) {
        struct ask a;
        ask_init(&a, &r, "/last");
        a.fetch.method = "POST";
        CHECK_INT(ask_run(&a, &r), 0);
        fetch_finish(&a.fetch);
        rig_run_ms(&r, 10);
    }
    CHECK_INT(r.peer.connections, 3);
    CHECK_INT(r.peer.requests, 3);
    rig_close(&r);
}

TAP_MAIN(TEST(abandon_before_the_start), TEST(abandon_after_the_request), TEST(abandon_after_every_turn),
         TEST(abandon_is_harmless_otherwise), TEST(on_done_may_free_the_fetch), TEST(on_done_may_submit_again),
         TEST(on_done_may_close_the_room), TEST(a_room_closes_with_calls_under_way), TEST(connections_are_kept),
         TEST(a_post_is_sent_once), TEST(a_get_is_sent_again), TEST(a_closed_connection_is_not_used))
