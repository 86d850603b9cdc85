/* The server on a real loop: what well-behaved clients get. */
#include "http_conn.h"
#include "http_house.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.test\r\n\r\n"

static struct peer peer;

static void answers_with_all_headers(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, GET("/hello"));
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    struct str got = peer_got(&peer);
    CHECK(str_starts(got, STR("HTTP/1.1 200 OK\r\nDate: ")));
    CHECK(str_has(got, STR(" GMT\r\nX-Request-Id: ")));
    CHECK(str_has(got, STR("\r\nContent-Type: text/plain\r\n")));
    CHECK(str_has(got, STR("\r\nContent-Length: 5\r\n")));
    CHECK(str_has(got, STR("\r\nX-Content-Type-Options: nosniff\r\n")));
    CHECK(str_has(got, STR("\r\nReferrer-Policy: no-referrer\r\n")));
    CHECK(str_has(got, STR("\r\nCache-Control: no-store\r\n")));
    CHECK(str_has(got, STR("\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n")));
    CHECK(str_has(got, STR("\r\nStrict-Transport-Security: max-age=63072000; includeSubDomains\r\n")));
    CHECK(str_has(got, STR("\r\nCross-Origin-Opener-Policy: same-origin\r\n")));
    CHECK(str_has(got, STR("\r\nCross-Origin-Resource-Policy: same-origin\r\n")));
    CHECK(str_has(got, STR("\r\nPermissions-Policy: camera=(), geolocation=(), microphone=()\r\n")));
    CHECK(!str_has(got, STR("Server:")));
    CHECK(!str_has(got, STR("Connection:")));
    peer_close(&peer);
    house_close();
}

static void keeps_the_connection(void)
{
    house_open();
    house_meet(&peer);
    for (size_t i = 1; i <= 50; i++) {
        peer_say(&peer, "POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nping");
        CHECK(peer_wait_for(&peer, "\r\n\r\nping", i));
    }
    CHECK_INT(house_in(CONN_IDLE), 1);
    CHECK(metric_value(METRIC_HTTP_REQUESTS, 3, metric_code(200)) == 50);
    CHECK(metric_value(METRIC_HTTP_CONNECTIONS, 0, 0) == 1);
    peer_close(&peer);
    house_close();
}

static void closes_when_asked(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "GET /hello HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
    CHECK(peer_wait_end(&peer));
    CHECK(peer.eof);
    CHECK_INT(peer_count(&peer, "\r\nConnection: close\r\n"), 1);
    CHECK_INT(peer_count(&peer, "\r\n\r\nhello"), 1);
    peer_close(&peer);
    house_close();
}

static void speaks_http_1_0(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "GET /hello HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n");
    CHECK(peer_wait_for(&peer, "\r\nConnection: keep-alive\r\n", 1));
    peer_say(&peer, "GET /hello HTTP/1.0\r\nHost: a.test\r\n\r\n");
    CHECK(peer_wait_end(&peer));
    CHECK_INT(peer_count(&peer, "\r\n\r\nhello"), 2);
    CHECK_INT(peer_count(&peer, "\r\nConnection: close\r\n"), 1);
    peer_close(&peer);
    house_close();
}

static void answers_head_without_a_body(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "HEAD /hello HTTP/1.1\r\nHost: a.test\r\n\r\n" GET("/hello"));
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    CHECK_INT(peer_count(&peer, "Content-Length: 5\r\n"), 2);
    CHECK_INT(peer_count(&peer, "\r\n\r\nHTTP/1.1 200 OK"), 1);
    peer_close(&peer);
    house_close();
}

static void takes_chunked_bodies(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "POST /echo HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n" GET("/hello"));
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    CHECK_INT(peer_count(&peer, "\r\n\r\nabc0123456789HTTP/1.1"), 1);
    peer_close(&peer);
    house_close();
}

static void answers_errors_as_json(void)
{
    static const struct {
        const char *ask, *status, *part;
        bool stays;
    } cases[] = {
        {GET("/nowhere"), "404 Not Found", "{\"error\":{\"code\":\"not_found\",\"message\":\"", true},
        {GET("/echo"), "405 Method Not Allowed", "\r\nAllow: POST\r\n", true},
        {"DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n", "405 Method Not Allowed", "\r\nAllow: GET, HEAD, POST\r\n", true},
        {"PUT /hello HTTP/1.1\r\nHost: a\r\n\r\n", "405 Method Not Allowed", "\r\nAllow: GET, HEAD, POST\r\n", true},
        {"BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", "501 Not Implemented", "not_implemented", false},
        {"GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", "505 HTTP Version Not Supported", "http_version", false},
        {"GET /hello HTTP/1.1\r\n\r\n", "400 Bad Request", "bad_request", false},
        {"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "404 Not Found", "not_found", false},
        {"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", "413 Content Too Large", "too_large", false},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", "413 Content Too Large", "too_large",
         false},
        {"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n",
         "415 Unsupported Media Type", "unsupported_media", false},
        {"POST /hello HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\nContent-Length: 1\r\n\r\n", "417 Expectation Failed",
         "expectation_failed", false},
        {"POST /guarded HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "401 Unauthorized", "unauthorized", true},
        {GET("/busy"), "503 Service Unavailable", "\r\nRetry-After: 2\r\n", false},
    };
    house_open();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_case(cases[i].ask);
        house_meet(&peer);
        peer_say(&peer, cases[i].ask);
        CHECK(peer_wait_for(&peer, "\"}}", 1));
        CHECK(str_has(str_cut(peer_got(&peer), 60), str_of(cases[i].status)));
        CHECK(str_has(peer_got(&peer), str_of(cases[i].part)));
        CHECK_INT(peer_count(&peer, "Connection: close"), !cases[i].stays);
        peer_half_close(&peer);
        CHECK(peer_wait_end(&peer));
        CHECK(peer.eof);
        CHECK_INT(peer_count(&peer, "X-Request-Id: "), 1);
        peer_close(&peer);
    }
    house_close();
}

static void guards_see_the_headers(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "POST /guarded HTTP/1.1\r\nHost: a\r\nAUTHORIZATION:  open sesame \r\nContent-Length: 2\r\n\r\nok");
    CHECK(peer_wait_for(&peer, "\r\n\r\nok", 1));
    peer_close(&peer);
    house_close();
}

static void answers_expect_continue(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    CHECK(peer_wait_for(&peer, "HTTP/1.1 100 Continue\r\n\r\n", 1));
    CHECK_STR(peer_got(&peer), "HTTP/1.1 100 Continue\r\n\r\n");
    peer_say(&peer, "done");
    CHECK(peer_wait_for(&peer, "\r\n\r\ndone", 1));
    peer_say(&peer, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nhere");
    CHECK(peer_wait_for(&peer, "\r\n\r\nhere", 1)); /* who sends the body at once needs no leave */
    CHECK_INT(peer_count(&peer, "100 Continue"), 1);
    peer_close(&peer);
    house_meet(&peer); /* a request that will be refused is not asked for its body */
    peer_say(&peer, "POST /hello HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4000\r\n\r\n");
    CHECK(peer_wait_for(&peer, "too_large", 1));
    CHECK_INT(peer_count(&peer, "100 Continue"), 0);
    peer_close(&peer);
    house_close();
}

static void answers_pipelined_requests_in_order(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1" GET("/hello") GET("/later")
                        GET("/nowhere"));
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    peer_pause(&house.loop, 20);
    CHECK_INT(house.handled, 1);
    http_reply(house.waiting[0], 200, "text/plain", STR("first"));
    CHECK_INT(house.waiting_count, 1); /* never inside http_reply */
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 2));
    peer_say(&peer, GET("/hello")); /* comes to stand behind what is kept */
    http_reply(house.waiting[1], 200, "text/plain", STR("third"));
    CHECK(peer_wait_for(&peer, "not_found", 1));
    struct str got = peer_got(&peer);
    const char *first = memmem(got.p, got.n, "first", 5), *second = memmem(got.p, got.n, "hello", 5);
    const char *third = memmem(got.p, got.n, "third", 5);
    CHECK(first && second && third && first < second && second < third);
    CHECK(peer_wait_for(&peer, "hello", 2));
    CHECK_INT(house.handled, 4);
    peer_close(&peer);
    house_close();
}

static void tells_requests_apart(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, GET("/later?a=1&b=/x?y"));
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    struct http_request *r = house.waiting[0];
    CHECK_STR(r->target, "/later?a=1&b=/x?y");
    CHECK_STR(r->path, "/later");
    CHECK_STR(r->query, "a=1&b=/x?y");
    CHECK_STR(r->peer, "127.0.0.1");
    CHECK_INT(r->verb, VERB_GET);
    CHECK(r->server == &house.server);
    CHECK_STR(http_header(r, STR("HOST")), "a.test");
    CHECK_STR(http_header(r, STR("none")), NULL);
    CHECK_INT(strspn(r->id, "0123456789abcdef"), 32);
    char id[33];
    memcpy(id, r->id, 33);
    http_reply_header(r, "Cache-Control", STR("max-age=60\r\nEvil: 1"));
    http_reply(r, 200, NULL, STR(""));
    CHECK(peer_wait_for(&peer, "\r\n\r\n", 1));
    CHECK(str_has(peer_got(&peer), STR("\r\nCache-Control: max-age=60Evil: 1\r\n")));
    CHECK_INT(peer_count(&peer, "Cache-Control"), 1);
    CHECK(str_has(peer_got(&peer), str_of(id)));
    CHECK_INT(peer_count(&peer, "Content-Type:"), 0);
    peer_say(&peer, GET("/later"));
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 2));
    CHECK_STR(house.waiting[1]->query, NULL);
    CHECK(strcmp(id, house.waiting[1]->id) != 0);
    http_reply(house.waiting[1], 204, NULL, STR(""));
    CHECK(peer_wait_for(&peer, "204 No Content", 1));
    peer_close(&peer);
    house_close();
}

static void finds_parameters(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, GET("/calls/a-7._Z?x=/y") "PUT /calls/8 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx" GET(
                        "/calls/a%2f") GET("/calls/..") GET("/hello"));
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    CHECK_INT(peer_count(&peer, "\r\n\r\n[a-7._Z]HTTP/1.1 200"), 1);
    CHECK_INT(peer_count(&peer, "\r\n\r\n[8]HTTP/1.1 404"), 1);
    CHECK_INT(peer_count(&peer, "\"not_found\""), 2);
    CHECK(metric_value(METRIC_HTTP_REQUESTS, ROUTE_CALLS, metric_code(200)) == 1);
    CHECK(metric_value(METRIC_HTTP_REQUESTS, ROUTE_CALLS + 1, metric_code(200)) == 1);
    peer_say(&peer, GET("/later")); /* nothing is left of the last request's */
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    CHECK_STR(http_param(house.waiting[0]), NULL);
    http_reply(house.waiting[0], 204, NULL, STR(""));
    peer_close(&peer);
    house_close();
}

static void knows_who_asks(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, GET("/who") "GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\n"
                                "X-Forwarded-For: 8.8.8.8, 10.0.0.1\r\n\r\n");
    CHECK(peer_wait_for(&peer, "\r\n\r\n8.8.8.8", 1));
    CHECK_INT(peer_count(&peer, "\r\n\r\n127.0.0.1HTTP/1.1"), 1);
    peer_close(&peer);
    house_close();
}

/* A public address, which loopback cannot have: the connection is handed over as the listener does it. */
static void believes_nobody_who_comes_directly(void)
{
    static const char ask[] = "GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 8.8.8.8\r\n\r\n";
    struct sockaddr_storage from = {.ss_family = AF_INET};
    ((struct sockaddr_in *)&from)->sin_addr.s_addr = htonl(0x09090909);
    int ends[2];
    house_open();
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    CHECK_INT(http_conn_open(house.server.listener, ends[0], &from, NULL), 0);
    peer = (struct peer){.loop = &house.loop, .fd = ends[1]};
    peer_say(&peer, ask);
    CHECK(peer_wait_for(&peer, "\r\n\r\n9.9.9.9", 1));
    peer_close(&peer);
    house_close();
}

/* A header that may come once only counts when it does. */
static void knows_headers_that_come_twice(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "GET /later HTTP/1.1\r\nHost: a\r\nOne: 1\r\nTwo: 1\r\ntwo: 1\r\nNone:\r\n\r\n");
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    struct http_request *r = house.waiting[0];
    CHECK_STR(http_header_once(r, STR("ONE")), "1");
    CHECK_STR(http_header_once(r, STR("two")), NULL);
    CHECK_STR(http_header(r, STR("two")), "1");
    CHECK_STR(http_header_once(r, STR("none")), "");
    CHECK_STR(http_header_once(r, STR("absent")), NULL);
    http_reply(r, 204, NULL, STR(""));
    peer_close(&peer);
    house_close();
}

static void words_errors(void)
{
    static char longest[CAP_REPLY_MESSAGE_BYTES];
    house_open();
    house_meet(&peer);
    for (size_t i = 0; i < 5; i++) {
        peer_say(&peer, GET("/later"));
        CHECK(PEER_WAIT(&house.loop, house.waiting_count == i + 1));
        struct http_request *r = house.waiting[i];
        if (i == 0) {
            http_reply_header(r, "WWW-Authenticate", STR("Bearer"));
            http_reply_message(r, ERR_UNAUTHORIZED, STR("say \"please\"\\\n"));
        } else if (i == 1) {
            http_reply_message(r, ERR_NOT_FOUND, (struct str){longest, sizeof(longest)});
        } else if (i == 2) {
            http_reply_retry_after(r, 77);
            http_reply(r, 429, NULL, STR(""));
        } else if (i == 3) {
            http_reply_retry_after(r, 5);
            http_reply(r, 202, NULL, STR(""));
        } else {
            http_reply(r, 429, NULL, STR(""));
        }
        CHECK(PEER_WAIT(&house.loop, house_in(CONN_IDLE) == 1));
    }
    CHECK(peer_wait_for(&peer, "429 Too Many Requests", 2));
    CHECK_INT(peer_count(&peer, "{\"error\":{\"code\":\"unauthorized\",\"message\":"
                                "\"say \\\"please\\\"\\\\\\u000a\"}}"),
              1);
    CHECK_INT(peer_count(&peer, "\r\nWWW-Authenticate: Bearer\r\n"), 1);
    CHECK_INT(peer_count(&peer, "\"message\":\"there is nothing here\""), 1);
    CHECK_INT(peer_count(&peer, "\r\nRetry-After: 77\r\n"), 1);
    CHECK_INT(peer_count(&peer, "\r\nRetry-After: 2\r\n"), 1);
    CHECK_INT(peer_count(&peer, "\r\nRetry-After: 5\r\n"), 1);
    CHECK_INT(peer_count(&peer, "Retry-After"), 3);
    peer_close(&peer);
    house_close();
}

static void sends_large_answers(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, GET("/big?1000000") GET("/hello"));
    CHECK(PEER_WAIT(&house.loop, (peer_read(&peer), peer.n > 1000000 + 600)));
    CHECK_INT(house.handled, 2);
    log_setup(LOG_ERROR + 1, LOG_FORMAT_TEXT);
    peer_say(&peer, GET("/big?4194305"));
    CHECK(PEER_WAIT(&house.loop, metric_value(METRIC_HTTP_REQUESTS, 6, metric_code(500)) == 1));
    peer_close(&peer);
    house_close();
}

/* Headers that were meant for the answer are not sent with the error in its place. */
static void answers_an_error_when_it_is_too_large(void)
{
    static char bytes[CAP_REPLY_BYTES + 1];
    house_open();
    log_setup(LOG_ERROR + 1, LOG_FORMAT_TEXT);
    house_meet(&peer);
    peer_say(&peer, GET("/later"));
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    http_reply_header(house.waiting[0], "Content-Disposition", STR("attachment"));
    http_reply_tagged(house.waiting[0], "text/csv", (struct str){bytes, sizeof(bytes)});
    CHECK(peer_wait_for(&peer, "{\"error\":{\"code\":\"internal\"", 1));
    CHECK_INT(peer_count(&peer, "Content-Disposition") + peer_count(&peer, "ETag"), 0);
    CHECK_INT(peer_count(&peer, "\r\nCache-Control: no-store\r\n"), 1);
    peer_close(&peer);
    house_close();
}

static void takes_large_bodies(void)
{
    static char body[1 << 20];
    memset(body, 'b', sizeof(body));
    house_open();
    house_meet(&peer);
    peer_say(&peer, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n");
    CHECK(peer_send(&peer, (struct str){body, sizeof(body)}));
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    CHECK_INT(house.waiting[0]->body.len, 1 << 20);
    CHECK(house.server.listener->bodies_bytes >= 1 << 20);
    struct buf taken = http_take_body(house.waiting[0]);
    http_reply(house.waiting[0], 200, NULL, STR("ok"));
    CHECK(peer_wait_for(&peer, "\r\n\r\nok", 1));
    CHECK(PEER_WAIT(&house.loop, house.server.listener->bodies_bytes == 0));
    CHECK(taken.len == sizeof(body) && memcmp(taken.data, body, taken.len) == 0);
    buf_free(&taken);
    peer_close(&peer);
    house_close();
}

TAP_MAIN(TEST(answers_with_all_headers), TEST(keeps_the_connection), TEST(closes_when_asked), TEST(speaks_http_1_0),
         TEST(answers_head_without_a_body), TEST(takes_chunked_bodies), TEST(answers_errors_as_json),
         TEST(guards_see_the_headers), TEST(answers_expect_continue), TEST(answers_pipelined_requests_in_order),
         TEST(tells_requests_apart), TEST(finds_parameters), TEST(knows_who_asks),
         TEST(believes_nobody_who_comes_directly), TEST(knows_headers_that_come_twice), TEST(words_errors),
         TEST(sends_large_answers), TEST(answers_an_error_when_it_is_too_large), TEST(takes_large_bodies))
