/* Answers that come in parts: what is told, in which order, and who waits for whom. */
#include "stream_rig.h"

struct good_case {
    const char *path;
    int status;
    const char *bytes;
};

static const struct good_case goods[] = {
    {"/small", 200, "hello"},  {"/chunks", 200, "abcdefg"},
    {"/trailers", 200, "abc"}, {"/until-close", 200, "to the end"},
    {"/empty", 200, ""},       {"/nothing", 204, ""},
    {"/moved", 302, "gone"},   {"/hints", 200, "hi"},
    {"/refused", 401, "no"},   {"/broken", 500, "oh"},
};

static void head_then_parts_then_end(void)
{
    for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
        struct rig r;
        struct ear e;
        tap_case(goods[i].path);
        rig_open(&r, rules);
        ear_init(&e, &r, goods[i].path);
        CHECK_INT(ask_run(&e.ask, &r), 0);
        CHECK_INT(e.heads, 1);
        CHECK_INT(e.ask.fetch.status, goods[i].status);
        CHECK_STR(buf_str(&e.got), goods[i].bytes);
        CHECK_INT(e.ask.fetch.answer.len, 0);
        CHECK_INT(r.host.window_count, 1);
        CHECK_INT(r.host.window, goods[i].status == 500);
        ear_finish(&e);
        rig_close(&r);
    }
}

struct bad_case {
    const char *path;
    int code, heads;
    enum metric_fetch result;
};

static const struct bad_case bads[] = {
    {"/one-over", ERR_TOO_LARGE, -1, FETCH_BAD_REPLY},      {"/over-chunked", ERR_TOO_LARGE, 1, FETCH_BAD_REPLY},
    {"/close-in-body", ERR_BAD_REPLY, -1, FETCH_BAD_REPLY}, {"/reset-in-body", ERR_BAD_REPLY, -1, FETCH_BAD_REPLY},
    {"/bad-chunk", ERR_BAD_REPLY, -1, FETCH_BAD_REPLY},     {"/close-in-head", ERR_BAD_REPLY, 0, FETCH_BAD_REPLY},
    {"/garbage", ERR_BAD_REPLY, 0, FETCH_BAD_REPLY},        {"/hang-in-body", ERR_TIMEOUT, 1, FETCH_TIMEOUT},
    {"/hang-in-head", ERR_TIMEOUT, 0, FETCH_TIMEOUT},       {"/hang", ERR_TIMEOUT, 0, FETCH_TIMEOUT},
};

static void every_bad_end_is_told_once(void)
{
    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        struct rig r;
        struct ear e;
        tap_case(bads[i].path);
        rig_open(&r, rules);
        ear_init(&e, &r, bads[i].path);
        e.ask.fetch.answer_cap_bytes = 300000;
        e.ask.fetch.stall_ms = bads[i].code == ERR_TIMEOUT ? 150 : 0;
        CHECK_INT(ask_run(&e.ask, &r), bads[i].code);
        CHECK(bads[i].heads < 0 || e.heads == bads[i].heads);
        CHECK(e.ask.fetch.seconds < 5);
        CHECK_INT(count_of(bads[i].result), 1);
        CHECK_INT(r.host.window, 1);
        ear_finish(&e);
        rig_close(&r);
    }
}

static void the_cap_is_exact(void)
{
    struct rig r;
    struct ear e;
    rig_open(&r, rules);
    ear_init(&e, &r, "/exactly");
    e.ask.fetch.answer_cap_bytes = 300000;
    CHECK_INT(ask_run(&e.ask, &r), 0);
    CHECK_INT(e.got.len, 300000);
    ear_finish(&e);
    rig_close(&r);
}

static void the_named_headers_are_kept(void)
{
    struct rig r;
    struct ear e;
    rig_open(&r, rules);
    ear_init(&e, &r, "/moved");
    CHECK_INT(ask_run(&e.ask, &r), 0);
    CHECK_STR(fetch_answer_header(&e.ask.fetch, "Location"), "/x?y=1");
    CHECK_STR(fetch_answer_header(&e.ask.fetch, "CONTENT-LENGTH"), "4");
    CHECK_STR(fetch_answer_header(&e.ask.fetch, "Content-Range"), NULL);
    CHECK_STR(fetch_answer_header(&e.ask.fetch, "Content"), NULL);
    CHECK_STR(e.ask.fetch.answer_type, NULL);
    ear_finish(&e);
    CHECK_STR(fetch_answer_header(&e.ask.fetch, "Location"), NULL);
    ear_init(&e, &r, "/hints");
    CHECK_INT(ask_run(&e.ask, &r), 0);
    CHECK_STR(fetch_answer_header(&e.ask.fetch, "ETag"), NULL);
    CHECK_STR(fetch_answer_header(&e.ask.fetch, "Accept-Ranges"), "bytes");
    CHECK_STR(e.ask.fetch.answer_type, "audio/wav");
    ear_finish(&e);
    ear_init(&e, &r, "/trailers");
    CHECK_INT(ask_run(&e.ask, &r), 0);
    CHECK_STR(fetch_answer_header(&e.ask.fetch, "ETag"), NULL);
    ear_finish(&e);
    rig_close(&r);
}

static void a_head_can_be_too_large(void)
{
    static char long_head[3 * CAP_FETCH_HEAD_BYTES];
    static const struct peer_rule one[] = {{"/", long_head, 0, PEER_KEEP}, {NULL, NULL, 0, 0}};
    char *at = long_head + sprintf(long_head, "HTTP/1.1 200 OK\r\n");
    while (at < long_head + CAP_FETCH_HEAD_BYTES + 1000) {
        at += sprintf(at, "Location: /%0200d\r\n", 0);
    }
    strcpy(at, "Content-Length: 0\r\n\r\n");
    struct rig r;
    struct ear e;
    rig_open(&r, one);
    ear_init(&e, &r, "/");
    CHECK_INT(ask_run(&e.ask, &r), ERR_TOO_LARGE);
    CHECK_INT(e.heads, 0);
    ear_finish(&e);
    rig_close(&r);
}

/* A head may be wanted without a stream; the answer is then kept as ever. */
static void a_head_alone(void)
{
    struct rig r;
    struct ear e;
    rig_open(&r, rules);
    ear_init(&e, &r, "/small");
    e.ask.fetch.on_part = NULL;
    CHECK_INT(ask_run(&e.ask, &r), 0);
    CHECK_INT(e.heads, 1);
    CHECK_STR(buf_str(&e.ask.fetch.answer), "hello");
    CHECK_STR(fetch_answer_header(&e.ask.fetch, "etag"), "\"a1\"");
    CHECK_STR(e.ask.fetch.answer_type, "audio/wav");
    ear_finish(&e);
    rig_close(&r);
}

/* Parts without a head: the answer's type is known with the first of them. */
static void check_type(struct fetch *f, struct str bytes)
{
    CHECK_STR(bytes, "hello");
    CHECK_INT(f->status, 200);
    CHECK_STR(f->answer_type, "audio/wav");
    CHECK_STR(fetch_answer_header(f, "etag"), NULL);
}

static void parts_alone(void)
{
    struct rig r;
    struct ear e;
    rig_open(&r, rules);
    ear_init(&e, &r, "/small");
    e.ask.fetch.on_head = NULL;
    e.ask.fetch.on_part = check_type;
    CHECK_INT(ask_run(&e.ask, &r), 0);
    ear_finish(&e);
    rig_close(&r);
}

static const char *const bigs[] = {"/big", "/big-chunks"};

static void check_big(const struct ear *e)
{
    CHECK_INT(e->got.len, BIG_BYTES);
    CHECK(memcmp(e->got.data, big_body, e->got.len < BIG_BYTES ? e->got.len : BIG_BYTES) == 0);
}

static void a_big_one_arrives_as_it_was(void)
{
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        struct ear e;
        tap_case(bigs[i]);
        rig_open(&r, rules);
        ear_init(&e, &r, bigs[i]);
        CHECK_INT(ask_run(&e.ask, &r), 0);
        check_big(&e);
        CHECK_INT(count_of(FETCH_2XX), 1);
        ear_finish(&e);
        rig_close(&r);
    }
}

/* Paused in the middle: nothing comes, the peer keeps most of it, and nothing is lost. */
static void a_pause_holds_the_other_side_back(void)
{
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        struct ear e;
        tap_case(bigs[i]);
        rig_open(&r, rules);
        ear_init(&e, &r, bigs[i]);
        e.at_part = ear_pause;
        CHECK_INT(ask_submit(&e.ask, &r), 0);
        while (e.parts == 0) {
            uv_run(&r.loop.uv, UV_RUN_ONCE);
        }
        rig_run_ms(&r, 100);
        size_t held = peer_queue(&r);
        CHECK(held > 0);
        rig_run_ms(&r, 100);
        CHECK_INT(peer_queue(&r), held);
        CHECK_INT(e.parts, 1);
        e.at_part = NULL;
        ear_resume(&e);
        ask_wait(&e.ask, &r);
        CHECK_INT(e.ask.code, 0);
        check_big(&e);
        ear_finish(&e);
        rig_close(&r);
    }
}

static void pause_and_resume(struct ear *e)
{
    ear_pause(e);
    ear_pause(e);
    if (e->parts % 2) {
        ear_resume(e);
    }
}

/* Paused at the head and at every part, from inside the callback; every second pause is taken back there. */
static void pauses_everywhere_lose_nothing(void)
{
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        struct ear e;
        tap_case(bigs[i]);
        rig_open(&r, rules);
        ear_init(&e, &r, bigs[i]);
        e.at_head = e.at_part = pause_and_resume;
        CHECK_INT(ask_submit(&e.ask, &r), 0);
        ear_pause(&e);
        while (!e.ask.fired) {
            uv_run(&r.loop.uv, UV_RUN_NOWAIT);
            ear_resume(&e);
            ear_resume(&e);
        }
        CHECK_INT(e.ask.code, 0);
        check_big(&e);
        ear_finish(&e);
        rig_close(&r);
    }
}

/* All of it is here, but its owner is not ready: not even the end is told. */
static void the_end_waits_for_a_paused_owner(void)
{
    struct rig r;
    struct ear e;
    rig_open(&r, rules);
    ear_init(&e, &r, "/small");
    e.at_head = ear_pause;
    CHECK_INT(ask_submit(&e.ask, &r), 0);
    rig_run_ms(&r, 100);
    CHECK_INT(e.heads, 1);
    CHECK_INT(e.parts + e.ask.fired, 0);
    ear_resume(&e);
    ask_wait(&e.ask, &r);
    CHECK_STR(buf_str(&e.got), "hello");
    ear_finish(&e);
    rig_close(&r);
}

static void a_pause_is_no_stall(void)
{
    static const char *const paths[] = {"/big", "/small"};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        struct ear e;
        tap_case(paths[i]);
        rig_open(&r, rules);
        ear_init(&e, &r, paths[i]);
        e.ask.fetch.stall_ms = 400;
        e.at_head = ear_pause;
        CHECK_INT(ask_submit(&e.ask, &r), 0);
        rig_run_ms(&r, 1200);
        CHECK_INT(e.heads, 1);
        CHECK_INT(e.ask.fired, 0);
        ear_resume(&e);
        ask_wait(&e.ask, &r);
        CHECK_INT(e.ask.code, 0);
        ear_finish(&e);
        rig_close(&r);
    }
}

/* After a pause the clock of the stall starts anew, and it does start. */
static void a_stall_after_a_pause_is_one(void)
{
    struct rig r;
    struct ear e;
    rig_open(&r, rules);
    ear_init(&e, &r, "/hang-in-body");
    e.ask.fetch.stall_ms = 200;
    e.at_part = ear_pause;
    CHECK_INT(ask_submit(&e.ask, &r), 0);
    rig_run_ms(&r, 500);
    CHECK_INT(e.parts, 1);
    CHECK_INT(e.ask.fired, 0);
    uint64_t resumed_ms = uv_hrtime() / 1000000;
    ear_resume(&e);
    ask_wait(&e.ask, &r);
    CHECK_INT(e.ask.code, ERR_TIMEOUT);
    CHECK(uv_hrtime() / 1000000 - resumed_ms >= 199);
    CHECK(e.ask.fetch.seconds * 1e3 < e.ask.fetch.deadline_ms / 2);
    ear_finish(&e);
    rig_close(&r);
}

/* The deadline holds for a paused stream as well: while it runs, and when it has ended but nobody took its parts. */
static void the_deadline_does_not_wait(void)
{
    static const char *const paths[] = {"/big", "/hang", "/small"};
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        struct ear e;
        tap_case(paths[i]);
        rig_open(&r, rules);
        ear_init(&e, &r, paths[i]);
        e.ask.fetch.deadline_ms = 200;
        e.ask.fetch.stall_ms = 5000;
        CHECK_INT(ask_submit(&e.ask, &r), 0);
        ear_pause(&e);
        ask_wait(&e.ask, &r);
        CHECK_INT(e.ask.code, ERR_TIMEOUT);
        CHECK_INT(e.heads + e.parts, 0);
        CHECK_INT(count_of(FETCH_TIMEOUT), 1);
        ear_finish(&e);
        rig_close(&r);
    }
}

TAP_MAIN(TEST(head_then_parts_then_end), TEST(every_bad_end_is_told_once), TEST(the_cap_is_exact),
         TEST(the_named_headers_are_kept), TEST(a_head_can_be_too_large), TEST(a_head_alone), TEST(parts_alone),
         TEST(a_big_one_arrives_as_it_was), TEST(a_pause_holds_the_other_side_back),
         TEST(pauses_everywhere_lose_nothing), TEST(the_end_waits_for_a_paused_owner), TEST(a_pause_is_no_stall),
         TEST(a_stall_after_a_pause_is_one), TEST(the_deadline_does_not_wait))
