/* One call at a time against a peer that answers well, badly or not at all. */
#include "fetch_rig.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define ENDLESS_HEADER "HTTP/1.1 200 OK\r\nX-Long: "

static const struct peer_rule rules[] = {
    {"/ok", OK_HEAD "Content-Length: 2\r\n\r\n{}", 0, PEER_KEEP},
    {"/no-type", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 0, PEER_KEEP},
    {"/empty", "HTTP/1.1 204 No Content\r\n\r\n", 0, PEER_KEEP},
    {"/chunked", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", 0, PEER_KEEP},
    {"/until-close", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", 0, PEER_CLOSE},
    {"/early-hints", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK_HEAD "Content-Length: 2\r\n\r\n{}", 0,
     PEER_KEEP},
    {"/gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08z", 0, PEER_KEEP},
    {"/refused", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno", 0, PEER_KEEP},
    {"/broken", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP},
    {"/moved", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP},
    {"/exactly", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 1000, PEER_KEEP},
    {"/one-over", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", 1001, PEER_KEEP},
    {"/over-no-length", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 200000, PEER_CLOSE},
    {"/over-chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30d40\r\n", 200000, PEER_HANG},
    {"/hang-at-once", "", 0, PEER_HANG},
    {"/hang-in-head", "HTTP/1.1 200 OK\r\nContent-Ty", 0, PEER_HANG},
    {"/hang-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", 0, PEER_HANG},
    {"/close-at-once", "", 0, PEER_CLOSE},
    {"/close-in-head", "HTTP/1.1 200 OK\r\nContent-Ty", 0, PEER_CLOSE},
    {"/close-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", 0, PEER_CLOSE},
    {"/reset-at-once", "", 0, PEER_RESET},
    {"/reset-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", 0, PEER_RESET},
    {"/garbage", "\x16\x03\x01 what is this\r\n\r\n", 0, PEER_CLOSE},
    {"/old", "just a text, as in HTTP/0.9", 0, PEER_CLOSE},
    {"/bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 0, PEER_CLOSE},
    {"/zero-status", "HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n", 0, PEER_CLOSE},
    {"/endless-head", ENDLESS_HEADER, 1 << 20, PEER_HANG},
    {"/", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP},
    {NULL, NULL, 0, 0},
};

struct answer_case {
    const char *path;
    int code, status; /* -1: the kernel may or may not have passed on what came before the reset */
    const char *body; /* NULL: whatever */
    enum metric_fetch result;
};

static const struct answer_case answers[] = {
    {"/ok", 0, 200, "{}", FETCH_2XX},
    {"/ok?with=query", 0, 200, "{}", FETCH_2XX},
    {"/empty", 0, 204, "", FETCH_2XX},
    {"/chunked", 0, 200, "abcdefg", FETCH_2XX},
    {"/until-close", 0, 200, "to the end", FETCH_2XX},
    {"/early-hints", 0, 200, "{}", FETCH_2XX},
    {"/gzip", 0, 200, "\x1f\x8b\x08z", FETCH_2XX},
    {"/refused", 0, 401, "no", FETCH_4XX},
    {"/unknown", 0, 404, "", FETCH_4XX},
    {"/broken", 0, 503, "", FETCH_5XX},
    {"/moved", 0, 302, "", FETCH_OTHER},
    {"/exactly", 0, 200, NULL, FETCH_2XX},
    {"/one-over", ERR_TOO_LARGE, 200, "", FETCH_BAD_REPLY},
    {"/over-no-length", ERR_TOO_LARGE, 200, "", FETCH_BAD_REPLY},
    {"/over-chunked", ERR_TOO_LARGE, 200, "", FETCH_BAD_REPLY},
    {"/hang-at-once", ERR_TIMEOUT, 0, "", FETCH_TIMEOUT},
    {"/hang-in-head", ERR_TIMEOUT, 200, "", FETCH_TIMEOUT},
    {"/hang-in-body", ERR_TIMEOUT, 200, "", FETCH_TIMEOUT},
    {"/close-at-once", ERR_BAD_REPLY, 0, "", FETCH_BAD_REPLY},
    {"/close-in-head", ERR_BAD_REPLY, 200, "", FETCH_BAD_REPLY},
    {"/close-in-body", ERR_BAD_REPLY, 200, "", FETCH_BAD_REPLY},
    {"/reset-at-once", ERR_BAD_REPLY, 0, "", FETCH_BAD_REPLY},
    {"/reset-in-body", ERR_BAD_REPLY, -1, "", FETCH_BAD_REPLY},
    {"/garbage", ERR_BAD_REPLY, 0, "", FETCH_BAD_REPLY},
    {"/old", ERR_BAD_REPLY, 0, "", FETCH_BAD_REPLY},
    {"/bad-chunk", ERR_BAD_REPLY, 200, "", FETCH_BAD_REPLY},
    {"/zero-status", ERR_BAD_REPLY, 0, "", FETCH_BAD_REPLY},
    {"/endless-head", ERR_BAD_REPLY, 200, "", FETCH_BAD_REPLY},
};

static void every_answer_has_one_end(void)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const struct answer_case *c = &answers[i];
        struct rig r;
        struct ask a;
        tap_case(c->path);
        rig_open(&r, rules);
        ask_init(&a, &r, c->path);
        a.fetch.answer_cap_bytes = 1000;
        a.fetch.deadline_ms = c->code == ERR_TIMEOUT ? 150 : 5000;
        CHECK_INT(ask_run(&a, &r), c->code);
        CHECK(c->status < 0 || a.fetch.status == c->status);
        CHECK(a.fetch.seconds > 0 && a.fetch.seconds < 3);
        CHECK(!c->body || str_eq(buf_str(&a.fetch.answer), str_of(c->body)));
        CHECK_INT((int)metric_value(METRIC_UPSTREAM_REQUESTS, UPSTREAM_VAPI, c->result), 1);
        CHECK_INT(r.peer.requests, 1);
        fetch_finish(&a.fetch);
        rig_close(&r);
    }
}

static void the_request_is_what_was_asked(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_init(&a, &r, "/ok?a=1");
    a.fetch.method = "POST";
    char body[] = "{\"a\":\"\0b\"}", key[] = "Bearer key-123 and more that is not part of it";
    a.fetch.body = (struct str){body, sizeof(body) - 1};
    fetch_header_add(&a.fetch, "Authorization", (struct str){key, 14});
    fetch_header_add(&a.fetch, "Content-Type", STR("application/json"));
    fetch_header_add(&a.fetch, "X-Empty", STR(""));
    CHECK_INT(ask_submit(&a, &r), 0);
    memset(body, '?', sizeof(body)); /* all of it was copied */
    memset(key, '?', sizeof(key));
    memset(a.url, '?', sizeof(a.url));
    ask_wait(&a, &r);
    CHECK_INT(a.code, 0);
    char host[64];
    snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%d\r\n", r.peer.port);
    CHECK(strncmp(r.peer.request, "POST /ok?a=1 HTTP/1.1\r\n", 23) == 0);
    CHECK(strstr(r.peer.request, host) != NULL);
    CHECK(strstr(r.peer.request, "\r\nAuthorization: Bearer key-123\r\n") != NULL);
    CHECK(strstr(r.peer.request, "\r\nContent-Type: application/json\r\n") != NULL);
    CHECK(strstr(r.peer.request, "\r\nContent-Length: 10\r\n") != NULL);
    CHECK(strstr(r.peer.request, "\r\nX-Empty:\r\n") != NULL);
    CHECK(strstr(r.peer.request, "\r\nUser-Agent: ringback/" RINGBACK_VERSION "\r\n") != NULL);
    CHECK(strcasestr(r.peer.request, "\r\nAccept-Encoding:") == NULL);
    CHECK(memcmp(strstr(r.peer.request, "\r\n\r\n") + 4, "{\"a\":\"\0b\"}", 10) == 0);
    CHECK_STR(a.fetch.answer_type, "application/json");
    fetch_finish(&a.fetch);
    CHECK_STR(a.fetch.answer_type, NULL);
    rig_close(&r);
}

/* libcurl on its own asks for a 100-continue before a long body, and waits a second for it. */
static void a_long_body_is_sent_at_once(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_init(&a, &r, "/ok");
    size_t bytes = 3u << 20;
    char *body = calloc(1, bytes);
    a.fetch.method = "POST";
    a.fetch.body = (struct str){body, bytes};
    CHECK_INT(ask_run(&a, &r), 0);
    CHECK(strcasestr(r.peer.request, "\r\nContent-Length: 3145728\r\n") != NULL);
    CHECK(strcasestr(r.peer.request, "\r\nExpect:") == NULL);
    fetch_finish(&a.fetch);
    free(body);
    rig_close(&r);
}

static void an_absent_type_is_absent(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_init(&a, &r, "/no-type");
    CHECK_INT(ask_run(&a, &r), 0);
    CHECK_STR(a.fetch.answer_type, NULL);
    fetch_finish(&a.fetch);
    rig_close(&r);
}

/* A closed port, and an address that connect() itself refuses: libcurl fails before its first return, on_done later. */
static void a_failure_at_once_is_told_later(void)
{
    static const char *const nowhere[] = {"http://127.0.0.1:1/", "http://255.255.255.255/"};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        struct ask a;
        tap_case(nowhere[i]);
        rig_open(&r, rules);
        ask_init(&a, &r, "/ok");
        a.fetch.url = str_of(nowhere[i]);
        CHECK_INT(ask_run(&a, &r), ERR_CONNECT);
        CHECK_INT(a.fetch.status, 0);
        CHECK_INT((int)metric_value(METRIC_UPSTREAM_REQUESTS, UPSTREAM_VAPI, FETCH_CONNECT), 1);
        rig_close(&r);
    }
}

static void tls_with_a_plain_peer_is_no_connection(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_init(&a, &r, "/ok");
    snprintf(a.url, sizeof(a.url), "https://127.0.0.1:%d/ok", r.peer.port);
    a.fetch.url = str_of(a.url);
    a.fetch.connect_ms = 200;
    CHECK_INT(ask_run(&a, &r), ERR_CONNECT);
    CHECK_INT(r.peer.requests, 0);
    rig_close(&r);
}

struct url_case {
    const char *url;
    int code;
};

static const struct url_case urls[] = {
    {"", ERR_BAD_SETTING},
    {"127.0.0.1/path", ERR_BAD_SETTING},
    {"ftp://127.0.0.1/", ERR_BAD_SETTING},
    {"file:///etc/hostname", ERR_BAD_SETTING},
    {"http://", ERR_BAD_SETTING},
    {"http://127.0.0.1:99999/", ERR_BAD_SETTING},
    {"http://127.0.0.1/a b", ERR_BAD_SETTING},
    {"http://127.0.0.1/\r\nX-Evil: 1", ERR_BAD_SETTING},
    {"http://user:word@127.0.0.1/", ERR_BAD_SETTING},
};

static void unusable_urls_are_refused_at_submit(void)
{
    struct rig r;
    rig_open(&r, rules);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct ask a;
        tap_case(urls[i].url);
        ask_init(&a, &r, "/");
        a.fetch.url = str_of(urls[i].url);
        CHECK_INT(ask_submit(&a, &r), urls[i].code);
        CHECK_INT(a.fetch.state, FETCH_NEW);
        rig_run_ms(&r, 2);
        CHECK_INT(a.fired, 0);
    }
    rig_close(&r);
}

static void a_header_of_two_lines_is_refused(void)
{
    struct rig r;
    struct ask a;
    rig_open(&r, rules);
    ask_init(&a, &r, "/ok");
    fetch_header_add(&a.fetch, "Authorization", STR("Bearer a\r\nX-Evil: 1"));
    CHECK_INT(ask_submit(&a, &r), ERR_BAD_SETTING);
    rig_close(&r);
}

TAP_MAIN(TEST(every_answer_has_one_end), TEST(the_request_is_what_was_asked), TEST(a_long_body_is_sent_at_once),
         TEST(an_absent_type_is_absent), TEST(a_failure_at_once_is_told_later),
         TEST(tls_with_a_plain_peer_is_no_connection), TEST(unusable_urls_are_refused_at_submit),
         TEST(a_header_of_two_lines_is_refused))
