/* Streams to clients that vanish, stand still, trickle or hang up half-way, and handlers that give up: each end is told
 * once, an incomplete body never looks complete, and nothing is left. */
#include "http_conn.h"
#include "http_source.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define OLD_GET "GET /later HTTP/1.0\r\nHost: a.test\r\n\r\n"
#define MIB (1 << 20)

static struct peer peer;
static struct drinker drinker;
static struct source source;

static bool nobody_left(void)
{
    return PEER_WAIT(&house.loop, house.server.listener->connections == 0);
}

static double closed(enum metric_close why)
{
    return metric_value(METRIC_HTTP_CLOSED, why, 0);
}

static struct http_request *ask(const char *bytes)
{
    size_t before = house.waiting_count;
    peer_open(&peer, &house.loop, http_server_port(&house.server), 16384);
    peer_say(&peer, bytes);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == before + 1));
    drinker = (struct drinker){.peer = &peer};
    return house.waiting[before];
}

/* A stream that the client's kernel and ours do not take all at once. */
static void fill(const char *bytes, bool chunked)
{
    source_begin(&source, ask(bytes), 64 * MIB, 100000, chunked);
    CHECK(source.request && source.at < source.total);
}

/* Reads to the bitter end. */
static bool drink_to_the_end(void)
{
    return PEER_WAIT(&house.loop, (drinker_sip(&drinker, 65536), drinker.eof || drinker.reset));
}

static void client_leaves_a_quiet_stream(void)
{
    house_open();
    struct http_request *r = ask(GET("/later") GET("/hello"));
    http_stream_begin(r, 200, NULL, -1);
    http_stream_write(r, STR("first"));
    CHECK(peer_wait_for(&peer, "first", 1));
    peer_reset(&peer);
    CHECK(PEER_WAIT(&house.loop, house.gone == 1));
    CHECK(nobody_left());
    CHECK(closed(CLOSE_GONE) == 1);
    peer_pause(&house.loop, 20);
    CHECK_INT(house.gone, 1);
    CHECK_INT(house.drained, 0);
    CHECK_INT(house.handled, 1); /* what stood behind it went with it */
    house_close();
}

static void client_leaves_a_full_stream(void)
{
    house_open();
    fill(GET("/later"), true);
    peer_reset(&peer);
    CHECK(PEER_WAIT(&house.loop, source.gone == 1));
    CHECK(!source.nested);
    CHECK(nobody_left());
    CHECK_INT(source.gone, 1);
    CHECK_INT(source.drained, 0);
    house_close();
}

/* It closes without reading what it has got: its kernel resets. */
static void client_walks_off_mid_way(void)
{
    house_open();
    fill(GET("/later"), false);
    drinker_sip(&drinker, 5 * MIB);
    peer_close(&peer);
    CHECK(PEER_WAIT(&house.loop, source.gone == 1));
    CHECK(!source.nested && !drinker.broken);
    CHECK(nobody_left());
    house_close();
}

/* The write that notices is the handler's own: it is told later, and what it writes until then is swallowed. */
static void notices_while_writing(void)
{
    static char flood[200000];
    memset(flood, 'G', sizeof(flood));
    house_open();
    struct http_request *r = ask(GET("/later"));
    http_stream_begin(r, 200, NULL, 10 * MIB);
    CHECK(peer_send(&peer, (struct str){flood, sizeof(flood)})); /* so that we do not read any more */
    CHECK_INT(container_of(r, struct http_conn, request)->input, INPUT_PAUSED);
    peer_reset(&peer);
    peer_pause(&house.loop, 20);
    CHECK_INT(house_in(CONN_STREAMING), 1);
    CHECK_INT(http_stream_write(r, pattern_of(0, MIB)), 0);
    CHECK_INT(house_in(CONN_GONE), 1);
    CHECK_INT(house.gone, 0);
    CHECK_INT(http_stream_write(r, pattern_of(0, 4 * MIB)), 0);
    CHECK_INT(http_stream_write(r, pattern_of(0, 4 * MIB)), 0);
    CHECK_INT(house.gone, 0);
    CHECK(PEER_WAIT(&house.loop, house.gone == 1));
    CHECK(nobody_left());
    house_close();
}

/* The handler's end and the news cross: it is told nothing that it need not know. */
static void end_and_farewell_cross(void)
{
    static void (*const ends[])(struct http_request *) = {http_stream_end, http_stream_cut};
    house_open();
    for (size_t i = 0; i < 2; i++) {
        struct http_request *r = ask(GET("/later"));
        http_stream_begin(r, 200, NULL, -1);
        http_conn_gone(container_of(r, struct http_conn, request), CLOSE_GONE);
        CHECK_INT(house.loop.tasks.count, 1);
        ends[i](r);
        CHECK_INT(house.loop.tasks.count, 0);
        CHECK(nobody_left());
        CHECK_INT(house.gone, 0);
        peer_close(&peer);
    }
    house_close();
}

/* What was complete stays so, also when its connection is closed in the same turn. */
static void a_complete_stream_is_not_cut(void)
{
    house_open();
    struct http_request *r = ask(OLD_GET);
    http_stream_begin(r, 200, NULL, -1);
    http_stream_write(r, STR("all of it"));
    http_stream_end(r);
    http_conn_gone(container_of(r, struct http_conn, request), CLOSE_STOPPED);
    CHECK(nobody_left());
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof && str_ends(peer_got(&peer), STR("\r\n\r\nall of it")));
    CHECK_INT(house.gone, 0);
    peer_close(&peer);
    house_close();
}

static void client_leaves_before_the_stream_begins(void)
{
    house_open();
    struct http_request *r = ask(GET("/later"));
    http_conn_gone(container_of(r, struct http_conn, request), CLOSE_GONE);
    http_stream_begin(r, 200, NULL, 5);
    CHECK_INT(http_stream_write(r, STR("abc")), 0);
    CHECK_INT(house.gone, 0);
    CHECK(PEER_WAIT(&house.loop, house.gone == 1));
    CHECK(nobody_left());
    CHECK(peer_wait_end(&peer));
    CHECK_INT(peer.n, 0);
    peer_close(&peer);
    house_close();
}

/* Only what the kernel could not take counts: a stream that waits for its handler may take its time. */
static void gives_the_handler_its_time(void)
{
    house_open();
    house_limits()->write_ms = house_limits()->write_whole_ms = house_limits()->idle_ms = 30;
    struct http_request *r = ask(GET("/later") GET("/hello"));
    http_stream_begin(r, 200, NULL, 5);
    http_stream_write(r, STR("and"));
    peer_pause(&house.loop, 120);
    http_stream_write(r, STR("so"));
    http_stream_end(r);
    CHECK(peer_wait_for(&peer, "\r\n\r\nandsoHTTP/1.1 200 OK", 1));
    CHECK_INT(house.gone, 0);
    peer_close(&peer);
    house_close();
}

static void cuts_a_reader_that_does_not_read(void)
{
    house_open();
    house_limits()->write_ms = 60;
    fill(GET("/later"), true);
    CHECK(PEER_WAIT(&house.loop, source.gone == 1));
    CHECK(nobody_left());
    CHECK(closed(CLOSE_SLOW_READER) == 1);
    CHECK(drink_to_the_end());
    CHECK(drinker.reset && !drinker.broken && drinker.stage != DRINK_BEHIND);
    CHECK_INT(source.gone, 1);
    peer_close(&peer);
    house_close();
}

/* The handler has ended its stream, the client does not read the rest: then nobody needs to be told. */
static void cuts_it_after_the_end_too(void)
{
    house_open();
    house_limits()->write_ms = 60;
    struct http_request *r = ask(OLD_GET);
    size_t total = 0;
    http_stream_begin(r, 200, NULL, -1);
    while (http_stream_write(r, pattern_of(total, MIB)) <= CAP_STREAM_BYTES) {
        total += MIB;
    }
    http_stream_end(r);
    CHECK_INT(house_in(CONN_WRITING), 1);
    CHECK(nobody_left());
    CHECK(closed(CLOSE_SLOW_READER) == 1);
    CHECK_INT(house.gone, 0);
    CHECK_INT(house.drained, 0);
    CHECK(drink_to_the_end());
    CHECK(drinker.reset && !drinker.broken); /* the end of the connection would have been the end of the body */
    peer_close(&peer);
    house_close();
}

/* It takes longer than a writer may stand still, and than an answer may take, but it never stands still. */
static void serves_a_slow_reader(void)
{
    house_open();
    house_limits()->write_ms = 150;
    house_limits()->write_whole_ms = 100;
    source_begin(&source, ask(GET("/later") GET("/hello")), 12 * MIB, 300000, true);
    uint64_t from = uv_hrtime();
    while (!drinker.eof && !drinker.reset && drinker.behind_n == 0) {
        drinker_sip(&drinker, 65536);
        peer_turn(&house.loop);
        peer_pause(&house.loop, drinker.body_n < 3 * MIB ? 5 : 0);
    }
    CHECK((uv_hrtime() - from) / 1000000 > 200);
    CHECK(!drinker.broken);
    CHECK_INT(drinker.body_n, 12 * MIB);
    CHECK_INT(source.gone, 0);
    CHECK_INT(source.request == NULL, true);
    peer_close(&peer);
    house_close();
}

static void bounds_the_whole_stream(void)
{
    house_open();
    house_limits()->stream_ms = 200;
    uint64_t from = uv_hrtime();
    struct http_request *r = ask(GET("/later")); /* the handler does not go on */
    http_stream_begin(r, 200, NULL, -1);
    CHECK(PEER_WAIT(&house.loop, house.gone == 1));
    CHECK((uv_hrtime() - from) / 1000000 >= 190);
    CHECK(peer_wait_end(&peer));
    CHECK_INT(peer_count(&peer, "\r\n0\r\n"), 0);
    peer_close(&peer);
    from = uv_hrtime();
    fill(GET("/later"), true); /* the client reads all the time, slowly */
    while (!drinker.eof && !drinker.reset && drinker.stage != DRINK_BEHIND) {
        drinker_sip(&drinker, 20000);
        peer_pause(&house.loop, 2);
    }
    CHECK_INT(source.gone, 1);
    CHECK((uv_hrtime() - from) / 1000000 >= 190);
    CHECK(!drinker.broken && drinker.stage != DRINK_BEHIND);
    CHECK(nobody_left());
    peer_close(&peer);
    house_close();
}

/* A stream that has no end of its own: silent for long, and over when its client has no more to say. */
static void a_live_stream_has_its_own_limit(void)
{
    house_open();
    house_limits()->stream_ms = 50;
    house_limits()->live_ms = 400;
    uint64_t from = uv_hrtime();
    struct http_request *r = ask(GET("/later"));
    http_stream_begin_live(r, "text/event-stream");
    http_stream_write(r, STR("first"));
    CHECK(PEER_WAIT(&house.loop, house.gone == 1));
    CHECK((uv_hrtime() - from) / 1000000 >= 390);
    CHECK(nobody_left());
    peer_close(&peer);
    house_limits()->live_ms = 60000;
    r = ask(GET("/later"));
    http_stream_begin_live(r, "text/event-stream");
    peer_half_close(&peer);
    CHECK(PEER_WAIT(&house.loop, house.gone == 2));
    CHECK(nobody_left());
    peer_close(&peer);
    house_close();
}

/* However the body is framed, a client can tell that it is not all. */
static void shows_that_a_body_was_cut(void)
{
    static const struct {
        const char *name, *ask;
        int64_t length;
        bool ends; /* too early, instead of cutting */
    } cases[] = {
        {"chunked", GET("/later") GET("/hello"), -1, false},
        {"length", GET("/later") GET("/hello"), 20, false},
        {"complete but for its end", GET("/later"), 10, false},
        {"short", GET("/later") GET("/hello"), 11, true},
        {"HTTP/1.0", OLD_GET, -1, false},
        {"HTTP/1.0, short", OLD_GET, 11, true},
    };
    house_open();
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_case(cases[i].name);
        struct http_request *r = ask(cases[i].ask);
        http_stream_begin(r, 200, NULL, cases[i].length);
        http_stream_write(r, STR("0123456789"));
        CHECK(peer_wait_for(&peer, "0123456789", 1));
        if (cases[i].ends) {
            http_stream_end(r);
        } else {
            http_stream_cut(r);
        }
        CHECK(nobody_left());
        CHECK(peer_wait_end(&peer));
        CHECK(peer.reset && !peer.eof);
        CHECK_INT(peer_count(&peer, "\r\n0\r\n") + peer_count(&peer, "hello"), 0);
        CHECK(closed(CLOSE_CUT) == (double)(i + 1));
        peer_close(&peer);
    }
    tap_case(NULL);
    CHECK_INT(house.gone, 0);
    CHECK_INT(house.handled, sizeof(cases) / sizeof(cases[0]));
    house_close();
}

static void cuts_with_bytes_waiting(void)
{
    house_open();
    fill(GET("/later"), true);
    http_stream_cut(source.request);
    CHECK(nobody_left());
    CHECK(drink_to_the_end());
    CHECK(drinker.reset && !drinker.broken);
    CHECK_INT(source.gone, 0);
    peer_close(&peer);
    house_close();
}

static void goes_on_after_half_close(void)
{
    house_open();
    source_begin(&source, ask(GET("/later") GET("/hello")), 12 * MIB, 300000, true);
    peer_half_close(&peer);
    peer_pause(&house.loop, 20);
    CHECK_INT(house_in(CONN_STREAMING), 1);
    CHECK(drink_to_the_end());
    CHECK(drinker.eof && !drinker.broken);
    CHECK_INT(drinker.body_n, 12 * MIB);
    CHECK(str_ends(drinker_behind(&drinker), STR("\r\n\r\nhello")));
    CHECK(nobody_left());
    CHECK_INT(source.gone, 0);
    peer_close(&peer);
    house_close();
}

static void reads_little_ahead_of_a_stream(void)
{
    static char many[400000];
    size_t n = 0, count = 0;
    for (; n + 64 < sizeof(many); count++) {
        n += (size_t)snprintf(many + n, sizeof(many) - n, "%s", GET("/hello"));
    }
    house_open();
    house_limits()->requests_per_connection = SIZE_MAX;
    struct http_request *r = ask(GET("/later"));
    struct http_conn *c = container_of(r, struct http_conn, request);
    http_stream_begin(r, 200, NULL, -1);
    size_t sent = 0;
    for (ssize_t k = 0; sent < n && k >= 0; sent += k > 0 ? (size_t)k : 0) {
        k = send(peer.fd, many + sent, n - sent, MSG_DONTWAIT);
        peer_turn(&house.loop);
    }
    peer_pause(&house.loop, 20);
    CHECK_INT(c->input, INPUT_PAUSED);
    CHECK(c->pending.len >= CAP_PENDING_BYTES && c->pending.len <= CAP_RECEIVE_BYTES);
    CHECK_INT(house.handled, 1);
    http_stream_write(r, STR("x"));
    http_stream_end(r);
    CHECK(peer_send(&peer, (struct str){many + sent, n - sent}));
    CHECK(PEER_WAIT(&house.loop, (peer_read(&peer), house.handled == count + 1)));
    CHECK_INT(c->input, INPUT_READING);
    peer_close(&peer);
    house_close();
}

/* A stop lets a stream finish; its connection then closes, though its head said nothing of it. */
static void finishes_while_the_server_stops(void)
{
    house_open();
    struct http_request *r = ask(GET("/later"));
    http_stream_begin(r, 200, NULL, -1);
    http_server_stop(&house.server, house_on_stopped);
    http_stream_write(r, STR("goodbye"));
    peer_pause(&house.loop, 20);
    CHECK(!house.stopped);
    http_stream_end(r);
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof && str_ends(peer_got(&peer), STR("\r\n\r\n7\r\ngoodbye\r\n0\r\n\r\n")));
    peer_close(&peer);
    CHECK(PEER_WAIT(&house.loop, house.stopped));
    CHECK_INT(house.gone, 0);
    CHECK(closed(CLOSE_STOPPED) == 0);
    house_close();
}

static void answers_what_stands_behind_while_the_server_stops(void)
{
    house_open();
    struct http_request *r = ask(GET("/later") GET("/hello") GET("/hello"));
    http_stream_begin(r, 200, NULL, 2);
    http_server_stop(&house.server, house_on_stopped);
    http_stream_write(r, STR("on"));
    http_stream_end(r);
    CHECK(peer_wait_end(&peer));
    CHECK_INT(peer_count(&peer, "\r\n\r\nhello"), 1);
    CHECK_INT(peer_count(&peer, "Connection: close"), 1);
    peer_close(&peer);
    CHECK(PEER_WAIT(&house.loop, house.stopped));
    house_close();
}

static void is_cut_when_the_drain_is_over(void)
{
    house_open();
    house_limits()->drain_ms = 50;
    fill(GET("/later"), true);
    http_server_stop(&house.server, house_on_stopped);
    CHECK(PEER_WAIT(&house.loop, house.stopped));
    CHECK_INT(source.gone, 1);
    CHECK(closed(CLOSE_STOPPED) == 1);
    CHECK(drink_to_the_end());
    CHECK(drinker.reset && !drinker.broken);
    peer_close(&peer);
    house_close();
}

/* The client leaves while the handler begins: it is told, although it named its waiter only then. */
static void on_late_waiter(struct http_request *r)
{
    house.handled++;
    http_stream_begin(r, 200, NULL, -1);
    http_conn_gone(container_of(r, struct http_conn, request), CLOSE_GONE);
    r->waiter = &house_waiter;
    house.waiting[house.waiting_count++] = r;
}

static void tells_a_handler_that_was_still_beginning(void)
{
    static const struct http_route routes[] = {{VERB_GET, "/late", NULL, NULL, 0, on_late_waiter},
                                               {0, NULL, NULL, NULL, 0, NULL}};
    static const struct http_options options = {
        .name = "admin", .metric_listener = 1, .routes = routes, .metric_first_route = 1, .host = "127.0.0.1"};
    house = (struct house){.waiting_count = 0};
    metric_init(house_labels, 2);
    loop_init(&house.loop);
    CHECK_INT(http_server_start(&house.server, &house.loop, &options), 0);
    house_meet(&peer);
    peer_say(&peer, GET("/late"));
    CHECK(PEER_WAIT(&house.loop, house.gone == 1));
    CHECK(nobody_left());
    peer_close(&peer);
    house_close();
}

/* Many streams at once, each with a client and a handler of some bad habit; all ends are told once. */
static void survives_anything(void)
{
    static struct source sources[40];
    static struct peer peers[40];
    size_t ended = 0, gone = 0;
    house_open();
    house_limits()->write_ms = 100;
    house_limits()->linger_ms = 50;
    srand(11);
    for (size_t round = 0; round < 6; round++) {
        house.waiting_count = 0;
        for (size_t i = 0; i < 40; i++) {
            peer_open(&peers[i], &house.loop, http_server_port(&house.server), rand() % 2 ? 4096 : 0);
            peer_say(&peers[i], rand() % 4 ? GET("/later") GET("/hello") : OLD_GET);
        }
        CHECK(PEER_WAIT(&house.loop, house.waiting_count == 40));
        for (size_t i = 0; i < 40; i++) {
            size_t total = (size_t)rand() % (i % 2 ? 100000 : 8 * MIB);
            source_begin(&sources[i], house.waiting[i], total, 1 + (size_t)rand() % 200000, rand() % 2);
        }
        for (size_t i = 0; i < 400; i++) {
            struct peer *p = &peers[(size_t)rand() % 40];
            struct source *s = &sources[(size_t)rand() % 40];
            int what = rand() % 20;
            if (what == 0 && p->fd >= 0) {
                peer_reset(p);
            } else if (what == 1 && p->fd >= 0) {
                peer_close(p);
            } else if (what == 2 && s->request) {
                http_stream_cut(s->request);
                s->request = NULL;
            } else if (p->fd >= 0) {
                peer_read(p);
            }
            peer_turn(&house.loop);
        }
        for (size_t i = 0; i < 40; i++) {
            if (peers[i].fd >= 0) {
                peer_close(&peers[i]);
            }
        }
        CHECK(nobody_left());
        for (size_t i = 0; i < 40; i++) {
            CHECK(sources[i].request == NULL && !sources[i].nested && sources[i].gone <= 1);
            gone += sources[i].gone;
            ended += sources[i].gone == 0;
        }
    }
    CHECK(gone > 5 && ended > 5);
    house_close();
}

TAP_MAIN(TEST(client_leaves_a_quiet_stream), TEST(client_leaves_a_full_stream), TEST(client_walks_off_mid_way),
         TEST(notices_while_writing), TEST(end_and_farewell_cross), TEST(a_complete_stream_is_not_cut),
         TEST(client_leaves_before_the_stream_begins), TEST(gives_the_handler_its_time),
         TEST(cuts_a_reader_that_does_not_read), TEST(cuts_it_after_the_end_too), TEST(serves_a_slow_reader),
         TEST(bounds_the_whole_stream), TEST(a_live_stream_has_its_own_limit), TEST(shows_that_a_body_was_cut),
         TEST(cuts_with_bytes_waiting), TEST(goes_on_after_half_close), TEST(reads_little_ahead_of_a_stream),
         TEST(finishes_while_the_server_stops), TEST(answers_what_stands_behind_while_the_server_stops),
         TEST(is_cut_when_the_drain_is_over), TEST(tells_a_handler_that_was_still_beginning), TEST(survives_anything))
