/* Time, number and size: what is over a limit is refused in words, or in silence when there is nothing to answer. */
#include "http_conn.h"
#include "http_house.h"
#include <sys/resource.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define POST(length) "POST /later HTTP/1.1\r\nHost: a.test\r\nContent-Length: " length "\r\n\r\n"

static struct peer peer, other;

static bool nobody_left(void)
{
    return PEER_WAIT(&house.loop, house.server.listener->connections == 0);
}

static double refused(int code)
{
    return metric_value(METRIC_HTTP_REFUSED, (size_t)-code, 0);
}

static void closes_the_silent_in_silence(void)
{
    house_open();
    house_limits()->head_ms = 50;
    house_meet(&peer);
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof);
    CHECK_INT(peer.n, 0);
    CHECK(refused(ERR_REQUEST_TIMEOUT) == 0);
    peer_close(&peer);
    house_close();
}

static void closes_the_idle_in_silence(void)
{
    house_open();
    house_limits()->idle_ms = 100;
    house_meet(&peer);
    peer_say(&peer, GET("/hello"));
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    size_t n = peer.n;
    uint64_t from = uv_hrtime();
    CHECK(peer_wait_end(&peer));
    CHECK((uv_hrtime() - from) / 1000000 >= 80);
    CHECK_INT(peer.n, n);
    CHECK(metric_value(METRIC_HTTP_CLOSED, CLOSE_IDLE, 0) == 1);
    CHECK(peer.eof);
    peer_close(&peer);
    house_close();
}

static void tells_half_a_head_that_it_was_slow(void)
{
    house_open();
    house_limits()->head_ms = 50;
    house_meet(&peer);
    peer_say(&peer, "GET /hello HTTP/1.1\r\n");
    CHECK(peer_wait_end(&peer));
    CHECK(str_starts(peer_got(&peer), STR("HTTP/1.1 408 Request Timeout\r\n")));
    CHECK_INT(peer_count(&peer, "Connection: close"), 1);
    CHECK(refused(ERR_REQUEST_TIMEOUT) == 1);
    peer_close(&peer);
    house_close();
}

/* Each byte is progress, the head as a whole is not. */
static void does_not_wait_for_drops(void)
{
    house_open();
    house_limits()->head_ms = 100;
    house_meet(&peer);
    uint64_t from = uv_hrtime();
    peer_say(&peer, GET("/hello")); /* the second head has its own time */
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    for (int i = 0; i < 400 && peer_count(&peer, "408") == 0; i++) {
        peer_say(&peer, "G");
        peer_pause(&house.loop, 10);
        peer_read(&peer);
    }
    CHECK_INT(peer_count(&peer, "408 Request Timeout"), 1);
    CHECK((uv_hrtime() - from) / 1000000 >= 100);
    peer_close(&peer);
    house_close();
}

static void asks_for_a_least_rate(void)
{
    house_open();
    house_limits()->body_grace_ms = 60;
    house_limits()->body_slowest_bytes_per_s = 100000;
    house_meet(&peer);
    peer_say(&peer, POST("20000"));
    CHECK(peer_wait_end(&peer));
    CHECK(str_starts(peer_got(&peer), STR("HTTP/1.1 408 ")));
    CHECK_INT(house.server.listener->bodies_bytes, 0);
    peer_close(&peer);
    house_meet(&peer); /* 20000 bytes are worth 200 ms */
    peer_say(&peer, POST("20001"));
    static char body[20000];
    CHECK(peer_send(&peer, (struct str){body, sizeof(body)}));
    peer_pause(&house.loop, 120);
    CHECK_INT(house_in(CONN_BODY), 1);
    CHECK(peer_wait_end(&peer));
    CHECK(str_starts(peer_got(&peer), STR("HTTP/1.1 408 ")));
    peer_close(&peer);
    house_close();
}

static void bounds_the_whole_body(void)
{
    static char body[5000];
    house_open();
    house_limits()->body_ms = 150;
    house_limits()->body_grace_ms = 50;
    house_meet(&peer);
    uint64_t from = uv_hrtime();
    peer_say(&peer, POST("1000000"));
    for (int i = 0; i < 100 && peer_count(&peer, "408") == 0; i++) {
        peer_send(&peer, (struct str){body, sizeof(body)});
        peer_pause(&house.loop, 10);
        peer_read(&peer);
    }
    CHECK_INT(peer_count(&peer, "408 Request Timeout"), 1);
    CHECK((uv_hrtime() - from) / 1000000 >= 150);
    CHECK_INT(house.handled, 0);
    peer_close(&peer);
    house_close();
}

static void gives_handlers_their_time(void)
{
    house_open();
    house_limits()->head_ms = house_limits()->body_ms = house_limits()->idle_ms = 30;
    house_meet(&peer);
    peer_say(&peer, POST("2") "hi");
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    peer_pause(&house.loop, 100);
    http_reply(house.waiting[0], 200, NULL, STR("thought about it"));
    CHECK(peer_wait_for(&peer, "thought about it", 1));
    peer_close(&peer);
    house_close();
}

static void bounds_all_bodies_together(void)
{
    house_open();
    house_limits()->bodies_bytes = 100000;
    house_meet(&peer);
    peer_say(&peer, POST("65536"));
    CHECK(PEER_WAIT(&house.loop, house_in(CONN_BODY) == 1));
    CHECK_INT(house.server.listener->bodies_bytes, 65536);
    house_meet(&other);
    peer_say(&other, POST("65536"));
    CHECK(peer_wait_for(&other, "503 Service Unavailable", 1));
    CHECK_INT(peer_count(&other, "Retry-After: 2\r\n"), 1);
    CHECK_INT(peer_count(&other, "Connection: close"), 1);
    peer_close(&other);
    house_meet(&other); /* grows past the limit chunk by chunk */
    static char body[60000];
    peer_say(&other, "POST /later HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nea60\r\n");
    CHECK(peer_send(&other, (struct str){body, sizeof(body)}));
    CHECK(peer_wait_for(&other, "503 Service Unavailable", 1));
    peer_close(&other);
    CHECK(refused(ERR_BUSY) == 2);
    peer_reset(&peer);
    CHECK(nobody_left());
    CHECK_INT(house.server.listener->bodies_bytes, 0);
    house_close();
}

static void bounds_the_connections(void)
{
    house_open();
    house_limits()->connections = 1;
    house_meet(&peer);
    CHECK(PEER_WAIT(&house.loop, house.server.listener->connections == 1));
    house_meet(&other);
    CHECK(peer_wait_end(&other));
    CHECK(str_starts(peer_got(&other), STR("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\n")));
    CHECK(refused(ERR_BUSY) == 1);
    peer_close(&other);
    peer_close(&peer);
    CHECK(nobody_left());
    house_meet(&other);
    peer_say(&other, GET("/hello"));
    CHECK(peer_wait_for(&other, "\r\n\r\nhello", 1));
    peer_close(&other);
    house_close();
}

/* A public address, which loopback cannot have: the connection is handed over as the listener does it. */
static void counts_public_addresses(void)
{
    struct sockaddr_storage from = {.ss_family = AF_INET};
    ((struct sockaddr_in *)&from)->sin_addr.s_addr = htonl(0x08080808);
    struct http_peer *counted, *second;
    int ends[2];
    house_open();
    struct http_listener *l = house.server.listener;
    CHECK_INT(http_peers_enter(&l->peers, &from, 1, &counted), 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    CHECK_INT(http_conn_open(l, ends[0], &from, counted), 0);
    CHECK_INT(http_peers_enter(&l->peers, &from, 1, &second), ERR_BUSY);
    CHECK(send(ends[1], GET("/later"), sizeof(GET("/later")) - 1, 0) > 0);
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    CHECK_STR(house.waiting[0]->peer, "8.8.8.8");
    http_reply(house.waiting[0], 200, NULL, STR(""));
    close(ends[1]);
    CHECK(nobody_left());
    CHECK_INT(http_peers_enter(&l->peers, &from, 1, &second), 0);
    http_peers_leave(&l->peers, second);
    house_close();
}

static void lets_the_hasty_wait(void)
{
    static struct peer peers[9];
    house_open();
    house_limits()->accepts_per_second = 4;
    for (size_t i = 0; i < 9; i++) {
        house_meet(&peers[i]);
        peer_say(&peers[i], GET("/hello"));
    }
    uint64_t from = loop_now_ms(&house.loop);
    for (size_t i = 0; i < 9; i++) {
        CHECK(peer_wait_for(&peers[i], "\r\n\r\nhello", 1));
        peer_close(&peers[i]);
    }
    CHECK(loop_now_ms(&house.loop) - from >= 900); /* nine need three seconds' allowances, two beginnings of seconds */
    house_close();
}

static void takes_a_rest_without_descriptors(void)
{
    struct rlimit before, none;
    house_open();
    house_limits()->accept_pause_ms = 50;
    house_meet(&peer); /* connected by the kernel, not accepted yet */
    CHECK(send(peer.fd, GET("/hello"), sizeof(GET("/hello")) - 1, 0) > 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = (struct rlimit){3, before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    size_t turns = 0;
    for (uint64_t end = uv_hrtime() + 120000000; uv_hrtime() < end; turns++) {
        uv_run(&house.loop.uv, UV_RUN_ONCE);
    }
    CHECK(turns <= 12); /* it does not spin */
    CHECK_INT(house.server.listener->connections, 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    peer_close(&peer);
    house_close();
}

static void sends_clients_away_after_many_requests(void)
{
    house_open();
    house_limits()->requests_per_connection = 3;
    house_meet(&peer);
    peer_say(&peer, GET("/hello") GET("/hello") GET("/hello") GET("/hello"));
    CHECK(peer_wait_end(&peer));
    CHECK_INT(peer_count(&peer, "\r\n\r\nhello"), 3);
    CHECK_INT(peer_count(&peer, "Connection: close"), 1);
    peer_close(&peer);
    house_close();
}

static void does_not_linger_for_ever(void)
{
    house_open();
    house_limits()->linger_ms = 50;
    house_meet(&peer);
    peer_say(&peer, GET("/busy"));
    CHECK(peer_wait_for(&peer, "503", 1));
    CHECK(PEER_WAIT(&house.loop, house_in(CONN_LINGER) == 1));
    CHECK(nobody_left());
    peer_close(&peer);
    house_close();
}

static void refuses_a_large_head(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "GET /hello HTTP/1.1\r\nHost: a\r\nX: ");
    for (int i = 0; i < CAP_HEAD_BYTES / 16; i++) {
        peer_say(&peer, "0123456789abcdef");
    }
    CHECK(peer_wait_end(&peer));
    CHECK(str_starts(peer_got(&peer), STR("HTTP/1.1 431 Request Header Fields Too Large\r\n")));
    CHECK(refused(ERR_HEAD_TOO_LARGE) == 1);
    peer_close(&peer);
    house_close();
}

TAP_MAIN(TEST(closes_the_silent_in_silence), TEST(closes_the_idle_in_silence), TEST(tells_half_a_head_that_it_was_slow),
         TEST(does_not_wait_for_drops), TEST(asks_for_a_least_rate), TEST(bounds_the_whole_body),
         TEST(gives_handlers_their_time), TEST(bounds_all_bodies_together), TEST(bounds_the_connections),
         TEST(counts_public_addresses), TEST(lets_the_hasty_wait), TEST(takes_a_rest_without_descriptors),
         TEST(sends_clients_away_after_many_requests), TEST(does_not_linger_for_ever), TEST(refuses_a_large_head))
