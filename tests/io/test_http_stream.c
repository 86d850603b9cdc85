/* Streamed answers to clients that behave: framing, order, backpressure, and what comes after. */
#include "http_source.h"
#include <sys/wait.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define MIB (1 << 20)
#define WINDOW_BYTES 65536 /* so that the kernel does not take all of a long stream */

static struct peer peer;
static struct drinker drinker;
static struct source source;

static struct http_request *ask(const char *bytes)
{
    size_t before = house.waiting_count;
    peer_open(&peer, &house.loop, http_server_port(&house.server), WINDOW_BYTES);
    peer_say(&peer, bytes);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == before + 1));
    drinker = (struct drinker){.peer = &peer};
    return house.waiting[before];
}

/* Reads until the answer has ended, and what was pipelined behind it came too. */
static bool drink_all(const char *behind)
{
    return PEER_WAIT(&house.loop, (drinker_sip(&drinker, 65536), str_has(drinker_behind(&drinker), str_of(behind))));
}

static void streams_in_chunks(void)
{
    house_open();
    struct http_request *r = ask(GET("/later") GET("/hello"));
    http_reply_header(r, "Content-Disposition", STR("attachment; filename=\"calls.csv\""));
    http_stream_begin(r, 200, "text/csv", -1);
    CHECK(peer_wait_for(&peer, "\r\n\r\n", 1));
    CHECK_INT(peer_count(&peer, "\r\nTransfer-Encoding: chunked\r\n"), 1);
    CHECK_INT(peer_count(&peer, "\r\nContent-Type: text/csv\r\n"), 1);
    CHECK_INT(peer_count(&peer, "\r\nContent-Disposition: attachment; filename=\"calls.csv\"\r\n"), 1);
    CHECK_INT(peer_count(&peer, "\r\nStrict-Transport-Security: "), 1);
    CHECK_INT(peer_count(&peer, "Content-Length") + peer_count(&peer, "Connection:"), 0);
    CHECK_INT(http_stream_write(r, STR("a,b\n")), 0);
    CHECK(peer_wait_for(&peer, "\r\n\r\n4\r\na,b\n\r\n", 1)); /* at once, not when all is there */
    CHECK_INT(http_stream_write(r, STR("")), 0);
    CHECK_INT(http_stream_write(r, (struct str){NULL, 0}), 0);
    CHECK_INT(http_stream_write(r, STR("seventeen letters")), 0);
    http_stream_end(r);
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    CHECK_INT(peer_count(&peer, "\r\n\r\n4\r\na,b\n\r\n11\r\nseventeen letters\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"), 1);
    CHECK_INT(house_in(CONN_IDLE), 1);
    peer_close(&peer);
    house_close();
}

static void streams_a_known_length(void)
{
    house_open();
    struct http_request *r = ask(GET("/later") GET("/hello"));
    http_reply_header(r, "Content-Range", STR("bytes 0-6/20"));
    http_reply_header(r, "Accept-Ranges", STR("bytes"));
    http_stream_begin(r, 206, "audio/wav", 7);
    http_stream_write(r, STR("abc"));
    http_stream_write(r, STR("defg"));
    http_stream_end(r);
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    CHECK(str_starts(peer_got(&peer), STR("HTTP/1.1 206 Partial Content\r\n")));
    CHECK_INT(peer_count(&peer, "\r\nContent-Range: bytes 0-6/20\r\n"), 1);
    CHECK_INT(peer_count(&peer, "\r\nAccept-Ranges: bytes\r\n"), 1);
    CHECK_INT(peer_count(&peer, "\r\nContent-Length: 7\r\n"), 1);
    CHECK_INT(peer_count(&peer, "Transfer-Encoding"), 0);
    CHECK_INT(peer_count(&peer, "\r\n\r\nabcdefgHTTP/1.1 200 OK\r\n"), 1);
    peer_close(&peer);
    house_close();
}

static void streams_nothing(void)
{
    house_open();
    struct http_request *r = ask(GET("/later") GET("/later") GET("/hello"));
    http_stream_begin(r, 200, "text/csv", -1);
    http_stream_end(r);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 2));
    http_stream_begin(house.waiting[1], 200, NULL, 0);
    http_stream_end(house.waiting[1]);
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    CHECK_INT(peer_count(&peer, "\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"), 1);
    CHECK_INT(peer_count(&peer, "\r\n\r\nHTTP/1.1 200 OK\r\n"), 2); /* behind each of the two */
    peer_close(&peer);
    house_close();
}

static void speaks_http_1_0(void)
{
    house_open();
    struct http_request *r = ask("GET /later HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    http_stream_begin(r, 200, "text/csv", 3); /* a known length: the connection may stay */
    http_stream_write(r, STR("abc"));
    http_stream_end(r);
    CHECK(peer_wait_for(&peer, "\r\n\r\nabc", 1));
    CHECK_INT(peer_count(&peer, "Connection: keep-alive"), 1);
    peer_say(&peer, "GET /later HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 2));
    r = house.waiting[1];
    http_stream_begin(r, 200, "text/csv", -1);
    http_stream_write(r, STR("to the "));
    http_stream_write(r, STR("end"));
    http_stream_end(r);
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof && !peer.reset);
    CHECK(str_ends(peer_got(&peer), STR("\r\n\r\nto the end")));
    CHECK_INT(peer_count(&peer, "Connection: close"), 1);
    CHECK_INT(peer_count(&peer, "Transfer-Encoding"), 0);
    CHECK_INT(peer_count(&peer, "Content-Length"), 1);
    peer_close(&peer);
    house_close();
}

static void closes_when_asked(void)
{
    house_open();
    struct http_request *r = ask("GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/hello"));
    http_stream_begin(r, 200, "text/csv", -1);
    http_stream_write(r, STR("x"));
    http_stream_end(r);
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof && !peer.reset);
    CHECK(str_ends(peer_got(&peer), STR("\r\n\r\n1\r\nx\r\n0\r\n\r\n")));
    CHECK_INT(peer_count(&peer, "Connection: close"), 1);
    peer_close(&peer);
    house_close();
}

/* With the headers of GET and not a byte more, whether the handler writes its body or not. */
static void answers_head_with_the_head(void)
{
    static const int64_t lengths[] = {-1, 5};
    house_open();
    house_meet(&peer);
    for (size_t i = 0; i < 4; i++) {
        bool writes = i < 2;
        peer_say(&peer, "HEAD /later HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(PEER_WAIT(&house.loop, house.waiting_count == i + 1));
        http_stream_begin(house.waiting[i], 200, "text/csv", lengths[i % 2]);
        if (writes) {
            CHECK_INT(http_stream_write(house.waiting[i], STR("bytes")), 0);
        }
        http_stream_end(house.waiting[i]);
        CHECK(PEER_WAIT(&house.loop, house_in(CONN_IDLE) == 1));
    }
    peer_say(&peer, GET("/hello"));
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    CHECK_INT(peer_count(&peer, "\r\n\r\nHTTP/1.1 200 OK"), 4);
    CHECK_INT(peer_count(&peer, "\r\n\r\n"), 5);
    CHECK_INT(peer_count(&peer, "\r\nTransfer-Encoding: chunked\r\n"), 2);
    CHECK_INT(peer_count(&peer, "\r\nContent-Length: 5\r\n"), 3);
    peer_close(&peer);
    house_close();
}

static void streams_within_the_handler(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, GET("/stream") GET("/stream") GET("/hello"));
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    CHECK_INT(peer_count(&peer, "c\r\nname,number\n\r\n16\r\nLarkspur,+12125550142\n\r\n0\r\n\r\nHTTP/1.1 200"), 2);
    CHECK_INT(house.gone, 0);
    peer_close(&peer);
    house_close();
}

static void counts_at_the_beginning_and_takes_time_at_the_end(void)
{
    static char page[MIB];
    struct buf out = buf_make(sizeof(page));
    house_open();
    struct http_request *r = ask(GET("/later"));
    http_stream_begin(r, 206, "text/csv", -1);
    CHECK(metric_value(METRIC_HTTP_REQUESTS, ROUTE_LATER, metric_code(206)) == 1);
    CHECK_INT(metric_render(&out), 0);
    CHECK(!str_has(buf_str(&out), STR("http_request_seconds_count{route=\"/later GET\"} 1\n")));
    http_stream_end(r);
    out.len = 0;
    CHECK_INT(metric_render(&out), 0);
    CHECK(str_has(buf_str(&out), STR("http_request_seconds_count{route=\"/later GET\"} 1\n")));
    CHECK(metric_value(METRIC_HTTP_REQUESTS, ROUTE_LATER, metric_code(206)) == 1);
    buf_free(&out);
    peer_close(&peer);
    house_close();
}

/* 24 MiB in pieces of odd sizes: every byte in its place, never more kept than one piece past the limit. */
static void waits_for_the_client(void)
{
    static const struct {
        const char *name;
        bool chunked;
        size_t piece;
    } cases[] = {
        {"chunks, odd", true, 65521},
        {"chunks, large", true, 3 * MIB},
        {"length, odd", false, 99991},
        {"length, large", false, 2 * MIB + 1},
    };
    house_open();
    for (size_t i = 0; i < 4; i++) {
        tap_case(cases[i].name);
        struct http_request *r = ask(GET("/later") GET("/hello"));
        struct http_conn *c = container_of(r, struct http_conn, request);
        source_begin(&source, r, 24 * MIB, cases[i].piece, cases[i].chunked);
        CHECK(source.at < source.total && source.request); /* the client has not read a byte yet */
        size_t at = source.at;
        peer_pause(&house.loop, 20);
        CHECK_INT(source.at, at);
        CHECK(c->out.size + c->next.size <= 2 * (CAP_STREAM_BYTES + cases[i].piece) + MIB);
        CHECK(drink_all("\r\n\r\nhello"));
        CHECK(!drinker.broken && !source.nested);
        CHECK_INT(drinker.body_n, 24 * MIB);
        CHECK(source.drained > 0 && source.turns == source.drained + 1);
        CHECK(source.most_waiting > CAP_STREAM_BYTES);
        CHECK(source.most_waiting <= CAP_STREAM_BYTES + cases[i].piece + 20);
        CHECK_INT(source.gone, 0);
        CHECK_INT(c->out.size + c->next.size, 0);
        peer_close(&peer);
    }
    tap_case(NULL);
    house_close();
}

/* Framing of single bytes, and of bytes that look like framing. */
static void streams_small_pieces(void)
{
    house_open();
    struct http_request *r = ask(GET("/later") GET("/hello"));
    source_begin(&source, r, 30000, 1, true);
    CHECK(drink_all("\r\n\r\nhello"));
    CHECK(!drinker.broken);
    CHECK_INT(drinker.body_n, 30000);
    CHECK_INT(drinker.chunks, 30000);
    peer_close(&peer);
    house_close();
}

/* Told only when it was asked to wait. */
static void does_not_drain_unasked(void)
{
    house_open();
    peer_open(&peer, &house.loop, http_server_port(&house.server), 4096);
    peer_say(&peer, GET("/later"));
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    struct http_request *r = house.waiting[0];
    size_t waiting = 0, total = 0;
    http_stream_begin(r, 200, NULL, -1);
    while (waiting == 0) {
        waiting = http_stream_write(r, pattern_of(total, 50000));
        total += 50000;
    }
    CHECK(waiting <= CAP_STREAM_BYTES);
    drinker = (struct drinker){.peer = &peer};
    CHECK(PEER_WAIT(&house.loop, (drinker_sip(&drinker, 65536), drinker.body_n == total)));
    CHECK(!drinker.broken);
    CHECK_INT(house.drained, 0);
    http_stream_end(r);
    CHECK(PEER_WAIT(&house.loop, (drinker_sip(&drinker, 65536), drinker.stage == DRINK_BEHIND)));
    peer_close(&peer);
    house_close();
}

static void writes_too_much(struct http_request *r)
{
    http_stream_begin(r, 200, NULL, 3);
    http_stream_write(r, STR("four"));
}

static void writes_without_waiting(struct http_request *r)
{
    http_stream_begin(r, 200, NULL, -1);
    for (size_t i = 0; i < 64; i++) {
        http_stream_write(r, pattern_of(0, MIB));
    }
}

static void begins_twice(struct http_request *r)
{
    http_stream_begin(r, 200, NULL, -1);
    http_stream_begin(r, 200, NULL, -1);
}

static void replies_within(struct http_request *r)
{
    http_stream_begin(r, 200, NULL, -1);
    http_reply(r, 200, NULL, STR(""));
}

static void writes_before(struct http_request *r)
{
    http_stream_write(r, STR("x"));
}

static void has_no_body(struct http_request *r)
{
    http_stream_begin(r, 204, NULL, -1);
}

/* A handler that breaks the contract stops the program before a client is harmed. */
static void holds_handlers_to_the_contract(void)
{
    static const struct {
        const char *name;
        void (*run)(struct http_request *);
    } cases[] = {
        {"writes too much", writes_too_much}, {"writes without waiting", writes_without_waiting},
        {"begins twice", begins_twice},       {"replies within", replies_within},
        {"writes before", writes_before},     {"has no body", has_no_body},
    };
    house_open();
    struct http_request *r = ask(GET("/later"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_case(cases[i].name);
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            close(STDERR_FILENO);
            cases[i].run(r);
            _exit(0);
        }
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
    tap_case(NULL);
    peer_reset(&peer);
    CHECK(PEER_WAIT(&house.loop, house.gone == 1));
    house_close();
}

TAP_MAIN(TEST(streams_in_chunks), TEST(streams_a_known_length), TEST(streams_nothing), TEST(speaks_http_1_0),
         TEST(closes_when_asked), TEST(answers_head_with_the_head), TEST(streams_within_the_handler),
         TEST(counts_at_the_beginning_and_takes_time_at_the_end), TEST(waits_for_the_client),
         TEST(streams_small_pieces), TEST(does_not_drain_unasked), TEST(holds_handlers_to_the_contract))
