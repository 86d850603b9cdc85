/* Stopping: nothing new is taken, what is being handled is answered, what takes too long is cut, and nothing is left. */
#include "http_conn.h"
#include "http_house.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.test\r\n\r\n"

static struct peer peer;

static void stop(void)
{
    http_server_stop(&house.server, house_on_stopped);
    CHECK(!house.stopped); /* never inside the call */
}

static void stops_with_nobody_there(void)
{
    house_open();
    int port = http_server_port(&house.server);
    CHECK(port > 0);
    stop();
    CHECK(PEER_WAIT(&house.loop, house.stopped));
    CHECK(house.server.listener == NULL);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno == ECONNREFUSED);
    close(fd);
    house_close();
}

static void closes_the_idle(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, GET("/hello"));
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    stop();
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof);
    peer_close(&peer);
    CHECK(PEER_WAIT(&house.loop, house.stopped));
    house_close();
}

static void answers_what_is_in_flight(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, GET("/later") GET("/hello"));
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    stop();
    peer_pause(&house.loop, 30);
    CHECK(!house.stopped);
    http_reply(house.waiting[0], 200, NULL, STR("goodbye"));
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof);
    CHECK_INT(peer_count(&peer, "\r\n\r\ngoodbye"), 1);
    CHECK_INT(peer_count(&peer, "Connection: close"), 1);
    CHECK_INT(house.handled, 1); /* the pipelined one is left to another server */
    peer_close(&peer);
    CHECK(PEER_WAIT(&house.loop, house.stopped));
    CHECK_INT(house.gone, 0);
    house_close();
}

static void lets_half_a_request_be_finished(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhal");
    CHECK(PEER_WAIT(&house.loop, house_in(CONN_BODY) == 1));
    stop();
    peer_say(&peer, "ves");
    CHECK(peer_wait_end(&peer));
    CHECK_INT(peer_count(&peer, "\r\n\r\nhalves"), 1);
    peer_close(&peer);
    CHECK(PEER_WAIT(&house.loop, house.stopped));
    house_close();
}

static void cuts_what_takes_too_long(void)
{
    static struct peer peers[4];
    house_open();
    house_limits()->drain_ms = 50;
    for (size_t i = 0; i < 4; i++) {
        peer_open(&peers[i], &house.loop, http_server_port(&house.server), 4096);
    }
    peer_say(&peers[0], GET("/later"));
    peer_say(&peers[1], "GET /hel");
    peer_say(&peers[2], "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhal");
    for (size_t i = 0; i < 12; i++) {
        peer_say(&peers[3], GET("/big?1048576"));
    }
    CHECK(PEER_WAIT(&house.loop, house_in(CONN_HANDLING) == 1 && house_in(CONN_HEAD) == 1));
    CHECK(PEER_WAIT(&house.loop, house_in(CONN_BODY) == 1 && house_in(CONN_WRITING) == 1));
    stop();
    CHECK(PEER_WAIT(&house.loop, house.stopped));
    CHECK_INT(house.gone, 1);
    CHECK(metric_value(METRIC_HTTP_CLOSED, CLOSE_STOPPED, 0) == 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK(peer_wait_end(&peers[i]));
        peer_close(&peers[i]);
    }
    house_close();
}

static void on_stop(struct http_request *r)
{
    http_server_stop(r->server, house_on_stopped);
    http_reply(r, 200, NULL, STR("stopping"));
}

static void stops_from_a_handler(void)
{
    static const struct http_route routes[] = {{VERB_GET, "/stop", NULL, NULL, 0, on_stop},
                                               {0, NULL, NULL, NULL, 0, NULL}};
    static const struct http_options options = {
        .name = "admin", .metric_listener = 1, .routes = routes, .metric_first_route = 1, .host = "127.0.0.1"};
    house = (struct house){.waiting_count = 0};
    metric_init(house_labels, 2);
    loop_init(&house.loop);
    CHECK_INT(http_server_start(&house.server, &house.loop, &options), 0);
    house_meet(&peer);
    peer_say(&peer, GET("/stop"));
    CHECK(peer_wait_end(&peer));
    CHECK_INT(peer_count(&peer, "\r\n\r\nstopping"), 1);
    CHECK_INT(peer_count(&peer, "Connection: close"), 1);
    peer_close(&peer);
    CHECK(PEER_WAIT(&house.loop, house.stopped));
    house_close();
}

static void reports_a_taken_address(void)
{
    house_open();
    struct http_server second = {.loop = NULL};
    struct http_options options = house.server.options;
    log_setup(LOG_ERROR + 1, LOG_FORMAT_TEXT);
    options.port = http_server_port(&house.server);
    CHECK_INT(http_server_start(&second, &house.loop, &options), ERR_CONNECT);
    options.host = "not an address";
    CHECK_INT(http_server_start(&second, &house.loop, &options), ERR_CONNECT);
    CHECK(second.listener == NULL);
    house_close();
}

static void on_second_stopped(struct http_server *s)
{
    CHECK(s->listener == NULL);
}

static void listens_on_ipv6(void)
{
    house_open();
    struct http_server second = {.loop = NULL};
    struct http_options options = house.server.options;
    options.host = "::1";
    if (http_server_start(&second, &house.loop, &options) == 0) {
        struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
        to.sin6_port = htons((uint16_t)http_server_port(&second));
        peer.loop = &house.loop;
        peer.n = 0;
        peer.eof = peer.reset = false;
        peer.fd = socket(AF_INET6, SOCK_STREAM, 0);
        CHECK(connect(peer.fd, (struct sockaddr *)&to, sizeof(to)) == 0);
        peer_say(&peer, GET("/later"));
        CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
        CHECK_STR(house.waiting[0]->peer, "::1");
        http_reply(house.waiting[0], 200, NULL, STR("six"));
        CHECK(peer_wait_for(&peer, "six", 1));
        peer_close(&peer);
        http_server_stop(&second, on_second_stopped);
        CHECK(PEER_WAIT(&house.loop, second.listener == NULL));
    }
    house_close();
}

TAP_MAIN(TEST(stops_with_nobody_there), TEST(closes_the_idle), TEST(answers_what_is_in_flight),
         TEST(lets_half_a_request_be_finished), TEST(cuts_what_takes_too_long), TEST(stops_from_a_handler),
         TEST(reports_a_taken_address), TEST(listens_on_ipv6))
