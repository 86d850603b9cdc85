/* Clients that stutter, leave, hang up half-way, read slowly, or talk too much: nothing leaks, nothing is answered twice. */
#include "http_conn.h"
#include "http_house.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define POST_LATER "POST /later HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"

static struct peer peer;

static bool nobody_left(void)
{
    return PEER_WAIT(&house.loop, house.server.listener->connections == 0);
}

static double closed(enum metric_close why)
{
    return metric_value(METRIC_HTTP_CLOSED, why, 0);
}

static void reads_byte_by_byte(void)
{
    static const char ask[] = "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
    house_open();
    house_meet(&peer);
    for (size_t round = 1; round <= 2; round++) {
        for (const char *p = ask; *p; p++) {
            CHECK(peer_send(&peer, (struct str){p, 1}));
        }
        CHECK(peer_wait_for(&peer, "\r\n\r\nabcd", round));
    }
    peer_close(&peer);
    house_close();
}

static void drops_half_a_head_at_eof(void)
{
    static const char *const parts[] = {"", "G", "GET /hello HTTP/1.1\r\nHost: a\r\n",
                                        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"};
    house_open();
    for (size_t i = 0; i < 4; i++) {
        tap_case(parts[i]);
        house_meet(&peer);
        peer_say(&peer, parts[i]);
        peer_half_close(&peer);
        CHECK(peer_wait_end(&peer));
        CHECK(peer.eof);
        CHECK_INT(peer.n, 0);
        peer_close(&peer);
    }
    CHECK(nobody_left());
    CHECK(closed(CLOSE_CLIENT) == 1 && closed(CLOSE_GONE) == 3);
    CHECK_INT(house.handled, 0);
    CHECK_INT(house.server.listener->bodies_bytes, 0);
    house_close();
}

static void answers_after_half_close(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, POST_LATER GET("/hello") GET("/later") GET("/hello"));
    peer_half_close(&peer);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    peer_pause(&house.loop, 20);
    http_reply(house.waiting[0], 200, NULL, STR("one"));
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 2));
    http_reply(house.waiting[1], 200, NULL, STR("three"));
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof);
    CHECK_INT(peer_count(&peer, "HTTP/1.1 200 OK"), 4);
    CHECK_INT(house.gone, 0);
    CHECK(nobody_left());
    peer_close(&peer);
    house_close();
}

static void closes_after_the_last_of_a_half_closed(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, POST_LATER);
    peer_half_close(&peer);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    peer_pause(&house.loop, 20);
    http_reply(house.waiting[0], 200, NULL, STR("one"));
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof);
    CHECK_INT(peer_count(&peer, "Connection: close"), 1);
    peer_close(&peer);
    house_close();
}

static void tells_the_handler_that_the_client_left(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, POST_LATER GET("/hello"));
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    struct http_request *r = house.waiting[0];
    peer_reset(&peer);
    CHECK(PEER_WAIT(&house.loop, house.gone == 1));
    CHECK(house.waiting[0] == NULL && r != NULL);
    CHECK(nobody_left());
    CHECK(closed(CLOSE_GONE) == 1);
    peer_pause(&house.loop, 20);
    CHECK_INT(house.gone, 1);
    CHECK_INT(house.handled, 1); /* what stood behind it went with it */
    house_close();
}

/* The handler's news and its answer may cross: whichever comes first is the only one. */
static void answer_and_farewell_cross(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, POST_LATER);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    struct http_request *r = house.waiting[0];
    http_conn_gone(container_of(r, struct http_conn, request), CLOSE_GONE);
    CHECK_INT(house.gone, 0); /* not inside the call that noticed */
    CHECK_STR(buf_str(&r->body), "hi");
    http_reply(r, 200, NULL, STR("too late"));
    CHECK(nobody_left());
    CHECK_INT(house.gone, 0);
    CHECK(peer_wait_end(&peer));
    CHECK_INT(peer.n, 0);
    peer_close(&peer);
    house_close();
}

static void answer_crosses_the_end(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, POST_LATER);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    struct http_request *r = house.waiting[0];
    http_reply(r, 200, NULL, STR("in time"));
    CHECK_INT(house.loop.tasks.count, 1);
    http_conn_gone(container_of(r, struct http_conn, request), CLOSE_GONE);
    CHECK_INT(house.loop.tasks.count, 0); /* nothing is left that could run after the memory is gone */
    CHECK(nobody_left());
    CHECK_INT(house.gone, 0);
    peer_close(&peer);
    house_close();
}

static void waits_for_a_handler_without_a_waiter(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, POST_LATER);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    struct http_request *r = house.waiting[0];
    r->waiter = NULL;
    peer_reset(&peer);
    CHECK(PEER_WAIT(&house.loop, house_in(CONN_GONE) == 1));
    peer_pause(&house.loop, 20);
    CHECK_STR(buf_str(&r->body), "hi");
    http_reply(r, 200, NULL, STR("late"));
    CHECK(nobody_left());
    house_close();
}

/* Reading has stopped, so the reset shows only when the answer is written. */
static void notices_the_reset_when_writing(void)
{
    static char flood[200000];
    memset(flood, 'G', sizeof(flood));
    house_open();
    house_meet(&peer);
    peer_say(&peer, POST_LATER);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    CHECK(peer_send(&peer, (struct str){flood, sizeof(flood)}));
    peer_pause(&house.loop, 20);
    CHECK_INT(house_in(CONN_HANDLING), 1);
    peer_reset(&peer);
    peer_pause(&house.loop, 20);
    CHECK_INT(house_in(CONN_HANDLING), 1);
    http_reply(house.waiting[0], 200, NULL, STR("anybody there?"));
    CHECK(nobody_left());
    CHECK_INT(house.gone, 0);
    house_close();
}

static void stops_reading_when_enough_is_kept(void)
{
    static char many[400000];
    size_t n = 0, count = 0;
    for (; n + 64 < sizeof(many); count++) {
        n += (size_t)snprintf(many + n, sizeof(many) - n, "%s", GET("/hello"));
    }
    house_open();
    house_meet(&peer);
    peer_say(&peer, POST_LATER);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    struct http_conn *c = container_of(house.waiting[0], struct http_conn, request);
    size_t sent = 0;
    while (sent < n) {
        ssize_t k = send(peer.fd, many + sent, n - sent, MSG_DONTWAIT);
        sent += k > 0 ? (size_t)k : 0;
        peer_turn(&house.loop);
        if (k < 0) {
            break;
        }
    }
    peer_pause(&house.loop, 20);
    CHECK_INT(c->input, INPUT_PAUSED);
    CHECK(c->pending.len >= CAP_PENDING_BYTES && c->pending.len <= CAP_RECEIVE_BYTES);
    house_limits()->requests_per_connection = SIZE_MAX;
    http_reply(house.waiting[0], 200, NULL, STR(""));
    CHECK(peer_send(&peer, (struct str){many + sent, n - sent}));
    CHECK(PEER_WAIT(&house.loop, (peer_read(&peer), house.handled == count + 1)));
    CHECK_INT(c->input, INPUT_READING);
    CHECK_INT(c->pending.len, 0);
    peer_close(&peer);
    house_close();
}

static void cuts_a_reader_that_does_not_read(void)
{
    house_open();
    house_limits()->write_ms = 60;
    peer_open(&peer, &house.loop, http_server_port(&house.server), 4096);
    for (size_t i = 0; i < 12; i++) {
        peer_say(&peer, GET("/big?1048576"));
    }
    CHECK(PEER_WAIT(&house.loop, house_in(CONN_WRITING) == 1));
    CHECK(nobody_left());
    CHECK(closed(CLOSE_SLOW_READER) == 1);
    CHECK(house.handled < 12);
    peer_close(&peer);
    house_close();
}

/* 4 MB/s: one answer takes longer than a writer may stand still, but it never stands still. */
static void serves_a_slow_reader(void)
{
    const size_t answers = 4, least = answers * ((1 << 20) + 300); /* bodies and heads */
    house_open();
    house_limits()->write_ms = 60;
    peer_open(&peer, &house.loop, http_server_port(&house.server), 4096);
    for (size_t i = 0; i < answers; i++) {
        peer_say(&peer, GET("/big?1048576"));
    }
    size_t total = 0;
    bool waited = false;
    for (ssize_t n = 1; total < least && n != 0;) {
        static char scrap[20000];
        n = recv(peer.fd, scrap, sizeof(scrap), MSG_DONTWAIT);
        total += n > 0 ? (size_t)n : 0;
        peer_pause(&house.loop, total < 2 << 20 ? 5 : 0);
        waited = waited || house_in(CONN_WRITING) == 1;
    }
    CHECK(waited);
    CHECK_INT(house.handled, answers);
    CHECK(total >= least);
    peer_close(&peer);
    house_close();
}

static void survives_a_reset_while_writing(void)
{
    house_open();
    peer_open(&peer, &house.loop, http_server_port(&house.server), 4096);
    for (size_t i = 0; i < 12; i++) {
        peer_say(&peer, GET("/big?1048576"));
    }
    CHECK(PEER_WAIT(&house.loop, house_in(CONN_WRITING) == 1));
    peer_reset(&peer);
    CHECK(nobody_left());
    house_close();
}

/* The client is still sending when it is refused: it must be able to read why. */
static void says_why_before_it_closes(void)
{
    static char body[300000];
    house_open();
    house_meet(&peer);
    peer_say(&peer, "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
    CHECK(peer_send(&peer, (struct str){body, sizeof(body)}));
    peer_pause(&house.loop, 20);
    CHECK_INT(house_in(CONN_LINGER), 1);
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof && !peer.reset);
    CHECK_INT(house_in(CONN_LINGER), 1); /* it said so itself, and waits for us */
    CHECK_INT(peer_count(&peer, "too_large"), 1);
    peer_close(&peer);
    CHECK(nobody_left());
    CHECK(closed(CLOSE_ANSWERED) == 1);
    house_close();
}

static void ignores_what_follows_a_close(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/hello"));
    CHECK(peer_wait_end(&peer));
    CHECK_INT(peer_count(&peer, "HTTP/1.1 200 OK"), 1);
    CHECK_INT(house.handled, 1);
    peer_close(&peer);
    house_close();
}

static void answers_in_whatever_order_handlers_do(void)
{
    static struct peer peers[20];
    house_open();
    for (size_t i = 0; i < 20; i++) {
        house_meet(&peers[i]);
        peer_say(&peers[i], POST_LATER);
    }
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 20));
    for (size_t i = 20; i-- > 0;) {
        if (i % 3 == 0) {
            peer_reset(&peers[i]);
        } else {
            http_reply(house.waiting[i], 200, NULL, STR("ok"));
        }
    }
    CHECK(PEER_WAIT(&house.loop, house.gone == 7));
    for (size_t i = 0; i < 20; i++) {
        if (i % 3 != 0) {
            CHECK(peer_wait_for(&peers[i], "\r\n\r\nok", 1));
            peer_close(&peers[i]);
        }
    }
    house_close();
}

/* Random pieces of random requests, random ends: the loop still closes empty and every request is accounted for. */
static void survives_anything(void)
{
    static const char *const asks[] = {GET("/hello"),
                                       POST_LATER,
                                       GET("/big?300000"),
                                       GET("/nowhere"),
                                       "GET /x\r\n\r\n",
                                       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "4\r\nwxyz\r\n0\r\n\r\n",
                                       GET("/busy"),
                                       "\x16\x03\x01"};
    house_open();
    srand(7);
    for (int round = 0; round < 300; round++) {
        house_meet(&peer);
        for (int i = rand() % 6; i >= 0; i--) {
            struct str ask = str_of(asks[rand() % 8]);
            peer_send(&peer, rand() % 4 ? ask : str_cut(ask, (size_t)rand() % (ask.n + 1)));
        }
        if (rand() % 2) {
            peer_pause(&house.loop, 1);
        }
        while (house.waiting_count > 0) {
            struct http_request *r = house.waiting[--house.waiting_count];
            if (r && rand() % 2) {
                http_reply(r, 200, NULL, STR("late"));
            } else if (r) {
                http_conn_gone(container_of(r, struct http_conn, request), CLOSE_GONE);
            }
        }
        if (rand() % 2) {
            peer_reset(&peer);
        } else {
            peer_close(&peer);
        }
    }
    house_limits()->linger_ms = house_limits()->drain_ms = 50;
    http_server_stop(&house.server, house_on_stopped);
    CHECK(PEER_WAIT(&house.loop, house.stopped));
    CHECK(house.handled > 100);
    house_close();
}

TAP_MAIN(TEST(reads_byte_by_byte), TEST(drops_half_a_head_at_eof), TEST(answers_after_half_close),
         TEST(closes_after_the_last_of_a_half_closed), TEST(tells_the_handler_that_the_client_left),
         TEST(answer_and_farewell_cross), TEST(answer_crosses_the_end), TEST(waits_for_a_handler_without_a_waiter),
         TEST(notices_the_reset_when_writing), TEST(stops_reading_when_enough_is_kept),
         TEST(cuts_a_reader_that_does_not_read), TEST(serves_a_slow_reader), TEST(survives_a_reset_while_writing),
         TEST(says_why_before_it_closes), TEST(ignores_what_follows_a_close),
         TEST(answers_in_whatever_order_handlers_do), TEST(survives_anything))
