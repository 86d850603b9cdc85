/* Who may free a stream, and when: from inside its callbacks, after every turn, with the room. */
#include "stream_rig.h"

static int dropped;

static void drop(struct ear *e)
{
    e->inside = true;
    fetch_abandon(&e->ask.fetch);
    CHECK_INT(e->ask.fetch.state, FETCH_ABANDONED);
    ear_finish(e);
    memset(e, 0xee, sizeof(*e));
    free(e);
    dropped++;
}

/* Dropped from inside each callback, with its memory; the connection goes at once. */
static void an_abandoned_stream_is_cut(void)
{
    for (int part = 0; part < 2; part++) {
        struct rig r;
        rig_open(&r, rules);
        struct ear *e = malloc(sizeof(*e));
        ear_init(e, &r, "/big");
        e->at_head = part ? NULL : drop;
        e->at_part = part ? drop : NULL;
        dropped = 0;
        CHECK_INT(ask_submit(&e->ask, &r), 0);
        while (!dropped) {
            uv_run(&r.loop.uv, UV_RUN_ONCE);
        }
        while (r.peer.clients.count > 0) {
            uv_run(&r.loop.uv, UV_RUN_ONCE);
        }
        CHECK_INT(count_of(FETCH_2XX), 1);
        CHECK_INT(r.host.window_count, 1);
        CHECK_INT(r.host.window, 0);
        rig_close(&r);
    }
}

static void abandoned_after_every_turn(void)
{
    static const char *const paths[] = {"/big", "/chunks", "/close-in-body"};
    for (int turns = 0; turns < 60; turns++) {
        struct rig r;
        rig_open(&r, rules);
        struct ear *e = malloc(sizeof(*e));
        ear_init(e, &r, paths[turns % 3]);
        CHECK_INT(ask_submit(&e->ask, &r), 0);
        for (int i = 0; i < turns && !e->ask.fired; i++) {
            uv_run(&r.loop.uv, UV_RUN_NOWAIT);
        }
        if (e->ask.fired) {
            ear_finish(e);
            free(e);
        } else {
            drop(e);
        }
        rig_run_ms(&r, 2);
        rig_close(&r);
    }
}

/* Nobody knows how the other side is before its head came: such a call says nothing about it. */
static void abandoned_before_the_head_is_not_counted(void)
{
    struct rig r;
    rig_open(&r, rules);
    struct ear *e = malloc(sizeof(*e));
    ear_init(e, &r, "/hang");
    CHECK_INT(ask_submit(&e->ask, &r), 0);
    while (r.peer.requests == 0) {
        uv_run(&r.loop.uv, UV_RUN_ONCE);
    }
    drop(e);
    rig_run_ms(&r, 20);
    CHECK_INT(r.host.window_count, 0);
    CHECK_INT(r.peer.clients.count, 0);
    rig_close(&r);
}

static void go_on_elsewhere(struct ear *e)
{
    struct fetch *f = &e->ask.fetch;
    struct fetch_room *room = f->room;
    e->at_head = NULL;
    e->heads = 0;
    e->inside = true;
    fetch_abandon(f);
    snprintf(strrchr(e->ask.url, '/'), 16, "/small");
    f->url = str_of(e->ask.url);
    CHECK_INT(fetch_submit(room, f), 0);
    e->inside = false;
}

static void on_head_may_submit_again(void)
{
    struct rig r;
    struct ear e;
    rig_open(&r, rules);
    ear_init(&e, &r, "/moved");
    e.at_head = go_on_elsewhere;
    CHECK_INT(ask_run(&e.ask, &r), 0);
    CHECK_INT(e.ask.fetch.status, 200);
    CHECK_STR(buf_str(&e.got), "hello");
    CHECK_STR(fetch_answer_header(&e.ask.fetch, "Location"), NULL);
    CHECK_INT(r.peer.requests, 2);
    ear_finish(&e);
    rig_close(&r);
}

static void close_room(struct ear *e)
{
    fetch_room_close(e->ask.fetch.room, rig_on_closed);
}

static void callbacks_may_close_the_room(void)
{
    for (int part = 0; part < 2; part++) {
        struct rig r;
        struct ear e;
        rig_open(&r, rules);
        ear_init(&e, &r, "/big");
        e.at_head = part ? NULL : close_room;
        e.at_part = part ? close_room : NULL;
        CHECK_INT(ask_submit(&e.ask, &r), 0);
        while (r.room.core) {
            uv_run(&r.loop.uv, UV_RUN_ONCE);
        }
        rig_close(&r);
        CHECK_INT(e.ask.fetch.state, FETCH_ABANDONED);
        CHECK_INT(e.heads, 1);
        CHECK_INT(e.parts, part);
        CHECK_INT(e.ask.fired, 0);
        ear_finish(&e);
    }
}

/* One breaker's single call, given up by its owner: another one must be let through. */
static void an_abandoned_probe_is_replaced(void)
{
    static const char *const paths[] = {"/hang", "/big"};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        struct ear e;
        tap_case(paths[i]);
        rig_open(&r, rules);
        for (int k = 0; k < CAP_BREAKER_LEAST; k++) {
            ear_init(&e, &r, "/broken");
            CHECK_INT(ask_run(&e.ask, &r), 0);
            ear_finish(&e);
        }
        r.host.open_until_ms = 0;
        ear_init(&e, &r, paths[i]);
        CHECK_INT(ask_submit(&e.ask, &r), 0);
        CHECK_INT(r.host.breaker, FETCH_BREAKER_HALF_OPEN);
        rig_run_ms(&r, 50);
        fetch_abandon(&e.ask.fetch);
        ear_finish(&e);
        CHECK_INT(r.host.breaker, i ? FETCH_BREAKER_CLOSED : FETCH_BREAKER_OPEN);
        ear_init(&e, &r, "/small");
        CHECK_INT(ask_run(&e.ask, &r), 0);
        ear_finish(&e);
        rig_close(&r);
    }
}

static void pausing_is_harmless_otherwise(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_init(&a, &r, "/small");
    fetch_pause(&a.fetch);
    fetch_resume(&a.fetch);
    CHECK_INT(ask_submit(&a, &r), 0);
    fetch_pause(&a.fetch); /* no stream: it has nothing to hold back */
    ask_wait(&a, &r);
    fetch_pause(&a.fetch);
    fetch_resume(&a.fetch);
    CHECK_STR(buf_str(&a.fetch.answer), "hello");
    fetch_finish(&a.fetch);
    rig_close(&r);
}

/* What one stream left behind, paused or failed, is nothing to the next one. */
static void the_next_one_starts_afresh(void)
{
    struct rig r;
    struct ear e;
    rig_open(&r, rules);
    ear_init(&e, &r, "/hang-in-body");
    CHECK_INT(ask_submit(&e.ask, &r), 0);
    ear_pause(&e);
    rig_run_ms(&r, 30);
    fetch_abandon(&e.ask.fetch);
    ear_finish(&e);
    ear_init(&e, &r, "/close-in-head");
    CHECK_INT(ask_run(&e.ask, &r), ERR_BAD_REPLY);
    ear_finish(&e);
    CHECK_INT(r.host.window, 1);
    unsigned counted = r.host.window_count;
    ear_init(&e, &r, "/small");
    CHECK_INT(ask_submit(&e.ask, &r), 0);
    fetch_abandon(&e.ask.fetch);
    ear_finish(&e);
    CHECK_INT(r.host.window_count, counted);
    ear_init(&e, &r, "/small");
    CHECK_INT(ask_run(&e.ask, &r), 0);
    CHECK_STR(buf_str(&e.got), "hello");
    ear_finish(&e);
    rig_close(&r);
}

static void streams_keep_their_connection(void)
{
    struct rig r;
    rig_open(&r, rules);
    for (int i = 0; i < 10; i++) {
        struct ear e;
        ear_init(&e, &r, i % 2 ? "/chunks" : "/small");
        CHECK_INT(ask_run(&e.ask, &r), 0);
        ear_finish(&e);
    }
    CHECK_INT(r.peer.connections, 1);
    rig_close(&r);
}

TAP_MAIN(TEST(an_abandoned_stream_is_cut), TEST(abandoned_after_every_turn),
         TEST(abandoned_before_the_head_is_not_counted), TEST(on_head_may_submit_again),
         TEST(callbacks_may_close_the_room), TEST(an_abandoned_probe_is_replaced), TEST(pausing_is_harmless_otherwise),
         TEST(the_next_one_starts_afresh), TEST(streams_keep_their_connection))
