/* The gate and the parser: what is a request, what is not, and where it ends, whatever pieces it comes in. */
#include "http_parse.c"
#include "tap.h"

#define H "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n" H
#define NEXT "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

/* The outcome: "ok:BODY" for each request, an error's word, or "more" when the last one is not complete. */
struct vector {
    const char *name, *bytes, *outcome;
};

static const struct vector good[] = {
    {"get", GET H "\r\n", "ok:"},
    {"two gets", GET H "\r\n" GET H "\r\n", "ok: ok:"},
    {"post", POST "Content-Length: 3\r\n\r\nabc", "ok:abc"},
    {"post, then get", POST "Content-Length: 3\r\n\r\nabc" GET H "\r\n", "ok:abc ok:"},
    {"length zero", POST "Content-Length: 0\r\n\r\n" GET H "\r\n", "ok: ok:"},
    {"length with zeros", POST "Content-Length: 003\r\n\r\nabc", "ok:abc"},
    {"chunked", CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" GET H "\r\n", "ok:abcde ok:"},
    {"chunked, capitals", POST "transfer-encoding: CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", "ok:0123456789"},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n" H "\r\n", "ok:"},
    {"empty lines before", "\r\n\r\n" GET H "\r\n", "ok:"},
    {"empty header value", GET H "X:\r\n\r\n", "ok:"},
    {"blanks around a value", GET "Host:\t a \r\n\r\n", "ok:"},
    {"identity", POST "Content-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", "ok:x"},
    {"host with port", GET "Host: [::1]:8080\r\n\r\n", "ok:"},
    {"half a head", GET H, "more"},
    {"half a body", POST "Content-Length: 4\r\n\r\nabc", "more"},
    {"half a chunk", CHUNKED "3\r\nab", "more"},
    {"blank line missing", "GET / HTTP/1.1\r\nHost: a\r\n", "more"},
};

static const struct vector refused[] = {
    {"no host", GET "\r\n", "bad_request"},
    {"two hosts", GET H H "\r\n", "bad_request"},
    {"two hosts, differing", GET H "host: b\r\n\r\n", "bad_request"},
    {"empty host", GET "Host:\r\n\r\n", "bad_request"},
    {"list of hosts", GET "Host: a, b\r\n\r\n", "bad_request"},
    {"host with user", GET "Host: u@a\r\n\r\n", "bad_request"},
    {"host with path", GET "Host: a/b\r\n\r\n", "bad_request"},
    {"no host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "bad_request"},
    {"absolute form", "GET http://a/ HTTP/1.1\r\n" H "\r\n", "bad_request"},
    {"asterisk form", "GET * HTTP/1.1\r\n" H "\r\n", "bad_request"},
    {"fragment", "GET /#top HTTP/1.1\r\n" H "\r\n", "bad_request"},
    {"target with high bytes", "GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n", "bad_request"},
    {"connect", "CONNECT a:443 HTTP/1.1\r\n" H "\r\n", "not_implemented"},
    {"options", "OPTIONS / HTTP/1.1\r\n" H "\r\n", "not_implemented"},
    {"unknown method", "BREW / HTTP/1.1\r\n" H "\r\n", "not_implemented"},
    {"small letters", "get / HTTP/1.1\r\n" H "\r\n", "bad_request"},
    {"HTTP/0.9 without version", "GET /\r\n\r\n", "bad_request"},
    {"HTTP/0.9", "GET / HTTP/0.9\r\n" H "\r\n", "http_version"},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n" H "\r\n", "http_version"},
    {"HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", "http_version"},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad_request"},
    {"TLS greeting", "\x16\x03\x01", "bad_request"},
    {"blank before the method", " GET / HTTP/1.1\r\n" H "\r\n", "bad_request"},
    {"two blanks", "GET  / HTTP/1.1\r\n" H "\r\n", "bad_request"},
    {"upgrade", GET H "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "bad_request"},
    {"upgrade to h2c", GET H "Upgrade: h2c\r\n\r\n", "bad_request"},
    {"gzip body", POST "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "unsupported_media"},
    {"expectation", POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx", "expectation_failed"},
    {"five empty lines", "\r\n\r\n\r\n\r\n\r\n" GET H "\r\n", "bad_request"},
};

/* Each of these has split one message into two, or hidden one, in some server. */
static const struct vector smuggling[] = {
    {"head ends CR LF CR, then a request", GET H "\r\n\rX" NEXT, "ok: bad_request"},
    {"a letter before the next request", GET H "\r\nX" NEXT, "ok: not_implemented"},
    {"CR without LF ends the head", GET H "\r" NEXT, "bad_request"},
    {"CR x hides a header", POST "X-Abc:\rxTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad_request"},
    {"bare CR in a value", POST "X: a\rContent-Length: 5\r\n\r\n", "bad_request"},
    {"blank in a name", POST "Content-Length : 3\r\n\r\nabc", "bad_request"},
    {"blank inside a name", POST "Content Length: 3\r\n\r\nabc", "bad_request"},
    {"tab after a name", POST "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", "bad_request"},
    {"blank before the first header", "POST / HTTP/1.1\r\n Host: a\r\n\r\n", "bad_request"},
    {"empty name", GET H ": v\r\n\r\n", "bad_request"},
    {"no colon", GET H "Transfer-Encoding\r\n\r\n", "bad_request"},
    {"folded coding", POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "bad_request"},
    {"folded with a tab", POST "X: a\r\n\tb\r\n\r\n", "bad_request"},
    {"folded length", POST "Content-Length: 1\r\n 0\r\n\r\n0123456789", "bad_request"},
    {"length in trailers", CHUNKED "0\r\nContent-Length: 5\r\n\r\n" NEXT, "bad_request"},
    {"trailer without a value", CHUNKED "0\r\nX:\r\n\r\n", "bad_request"},
    {"any trailer", CHUNKED "1\r\na\r\n0\r\nX: y\r\n\r\n", "bad_request"},
    {"last chunk ends with LF", CHUNKED "0\r\n\n" NEXT, "bad_request"},
    {"chunk size ends with LF", CHUNKED "1\na\r\n0\r\n\r\n", "bad_request"},
    {"chunk ends with LF", CHUNKED "1\r\na\n0\r\n\r\n", "bad_request"},
    {"chunk without its end", CHUNKED "1\r\nab0\r\n\r\n", "bad_request"},
    {"chunk extension", CHUNKED "1;x=y\r\na\r\n0\r\n\r\n", "bad_request"},
    {"chunk extension without value", CHUNKED "1;x\r\na\r\n0\r\n\r\n", "bad_request"},
    {"LF in a chunk extension", CHUNKED "1;\nx\r\na\r\n0\r\n\r\n", "bad_request"},
    {"blank after a chunk size", CHUNKED "1 \r\na\r\n0\r\n\r\n", "bad_request"},
    {"chunk size 0x1", CHUNKED "0x1\r\na\r\n0\r\n\r\n", "bad_request"},
    {"chunk size +1", CHUNKED "+1\r\na\r\n0\r\n\r\n", "bad_request"},
    {"chunk size -1", CHUNKED "-1\r\na\r\n0\r\n\r\n", "bad_request"},
    {"chunk size overflows", CHUNKED "10000000000000001\r\na\r\n0\r\n\r\n", "bad_request"},
    {"empty chunk size", CHUNKED "\r\na\r\n0\r\n\r\n", "bad_request"},
    {"coding in HTTP/1.0", "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad_request"},
    {"gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "bad_request"},
    {"chunked, identity", POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "bad_request"},
    {"identity", POST "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", "bad_request"},
    {"xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "bad_request"},
    {"quoted chunked", POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "bad_request"},
    {"chunked with a vertical tab", POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", "bad_request"},
    {"empty coding", POST "Transfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc", "bad_request"},
    {"two codings", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad_request"},
    {"two codings, one odd", POST "Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n\r\n0\r\n\r\n",
     "bad_request"},
    {"length and coding", POST "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", "bad_request"},
    {"coding and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n1\r\na\r\n0\r\n\r\n",
     "bad_request"},
    {"length zero and coding", POST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad_request"},
    {"two lengths", POST "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", "bad_request"},
    {"two equal lengths", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "bad_request"},
    {"two lengths, one zero", POST "Content-Length: 0\r\nContent-Length: 3\r\n\r\nabc", "bad_request"},
    {"length +3", POST "Content-Length: +3\r\n\r\nabc", "bad_request"},
    {"length -3", POST "Content-Length: -3\r\n\r\nabc", "bad_request"},
    {"length 3,3", POST "Content-Length: 3,3\r\n\r\nabc", "bad_request"},
    {"length 3 3", POST "Content-Length: 3 3\r\n\r\nabc", "bad_request"},
    {"length 0x3", POST "Content-Length: 0x3\r\n\r\nabc", "bad_request"},
    {"length 3.0", POST "Content-Length: 3.0\r\n\r\nabc", "bad_request"},
    {"empty length", POST "Content-Length:\r\n\r\nabc", "bad_request"},
    {"length overflows", POST "Content-Length: 18446744073709551619\r\n\r\nabc", "bad_request"},
    {"length nearly overflows", POST "Content-Length: 9999999999999999999\r\n\r\nabc", "bad_request"},
    {"LF ends the request line", "GET / HTTP/1.1\n" H "\r\n", "bad_request"},
    {"LF ends a header", GET "Host: a\nX: y\r\n\r\n", "bad_request"},
    {"LF LF ends the head", GET "Host: a\n\n" NEXT, "bad_request"},
    {"CR CR LF", GET "Host: a\r\r\n\r\n", "bad_request"},
    {"control byte in a value",
     GET H "X: a\x01"
           "b\r\n\r\n",
     "bad_request"},
    {"control byte in a name", GET H "X\x0b: a\r\n\r\n", "bad_request"},
    {"delete in a value", GET H "X: a\x7f\r\n\r\n", "bad_request"},
    {"name with brackets", GET H "X(y): a\r\n\r\n", "bad_request"},
    {"tab in the request line", "GET\t/\tHTTP/1.1\r\n" H "\r\n", "bad_request"},
    {"form feed in the request line", "GET /\x0c HTTP/1.1\r\n" H "\r\n", "bad_request"},
    {"words behind the version", "GET / HTTP/1.1 x\r\n" H "\r\n", "http_version"},
    {"version in small letters", "GET / http/1.1\r\n" H "\r\n", "bad_request"},
    {"version with zeros", "GET / HTTP/01.1\r\n" H "\r\n", "http_version"},
    {"version with two digits", "GET / HTTP/1.10\r\n" H "\r\n", "http_version"},
    {"RTSP", "GET / RTSP/1.0\r\n" H "\r\n", "http_version"},
    {"ICE", "GET / ICE/1.0\r\n" H "\r\n", "bad_request"},
    {"body on GET is a body", GET H "Content-Length: 35\r\n\r\n" NEXT, "ok:" NEXT},
    {"body without length is a request", POST "\r\n" NEXT, "ok: ok:"},
};

/* Bytes in pieces of `step`, the way a connection feeds them. */
static struct str outcome(struct arena *a, struct str bytes, size_t first, size_t step)
{
    struct http_parse p = {.line = 0};
    struct buf body = buf_make(1 << 16), words = buf_make(1 << 16);
    struct str rest = str_cut(bytes, first), waiting = str_skip(bytes, first);
    int rc = 0;
    http_parse_init(&p);
    while (rc == 0 && (rest.n || waiting.n)) {
        if (rest.n == 0) {
            rest = str_cut(waiting, step);
            waiting = str_skip(waiting, step);
        }
        rc = p.stage == STAGE_HEAD ? http_parse_head(&p, &rest) : http_parse_body(&p, &rest, &body);
        const char *blank = words.len ? " " : "";
        if (rc) {
            CHECK(buf_printf(&words, "%s%s", blank, err_info(rc)->code) == 0);
        } else if (p.stage == STAGE_DONE) {
            CHECK(buf_printf(&words, "%sok:%.*s", blank, (int)body.len, buf_str(&body).p) == 0);
            body.len = 0;
            http_parse_reset(&p);
        }
    }
    if (rc == 0 && (p.stage != STAGE_HEAD || p.head.len > 0)) {
        CHECK(buf_printf(&words, "%smore", words.len ? " " : "") == 0);
    }
    struct str result = arena_copy(a, buf_str(&words));
    http_parse_free(&p);
    buf_free(&body);
    buf_free(&words);
    return result;
}

static void run(const struct vector *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena a = {0};
        struct str bytes = str_of(vectors[i].bytes);
        tap_case(vectors[i].name);
        CHECK_STR(outcome(&a, bytes, bytes.n, 1), vectors[i].outcome);
        CHECK_STR(outcome(&a, bytes, 0, 1), vectors[i].outcome);
        int before = tap.failures;
        for (size_t cut = 1; cut < bytes.n && tap.failures == before; cut++) {
            CHECK_STR(outcome(&a, bytes, cut, bytes.n), vectors[i].outcome);
        }
        arena_free(&a);
    }
}

#define RUN(table) run(table, sizeof(table) / sizeof((table)[0]))

static void reads_requests(void)
{
    RUN(good);
}

static void refuses_what_is_no_request(void)
{
    RUN(refused);
}

static void is_not_smuggled_through(void)
{
    CHECK(sizeof(smuggling) / sizeof(smuggling[0]) >= 54);
    RUN(smuggling);
}

static void refuses_nul(void)
{
    static const char *const parts[] = {GET, "Host: a", "X: a", "GET /"};
    for (size_t i = 0; i < 4; i++) {
        struct arena a = {0};
        struct buf bytes = buf_make(200);
        tap_case(parts[i]);
        CHECK(buf_append(&bytes, str_of(i == 3 ? "" : GET)) == 0);
        CHECK(buf_append(&bytes, str_of(parts[i])) == 0);
        CHECK(buf_append(&bytes, (struct str){"\0", 1}) == 0);
        CHECK(buf_append(&bytes, str_of(i == 3 ? " HTTP/1.1\r\n" H "\r\n" : "\r\n" H "\r\n")) == 0);
        CHECK_STR(outcome(&a, buf_str(&bytes), bytes.len, 1), "bad_request");
        CHECK_STR(outcome(&a, buf_str(&bytes), 0, 1), "bad_request");
        buf_free(&bytes);
        arena_free(&a);
    }
}

static struct str repeated(struct arena *a, const char *begin, const char *part, size_t times, const char *end)
{
    struct buf b = buf_make(1 << 20);
    CHECK(buf_append(&b, str_of(begin)) == 0);
    for (size_t i = 0; i < times; i++) {
        CHECK(buf_append(&b, str_of(part)) == 0);
    }
    CHECK(buf_append(&b, str_of(end)) == 0);
    struct str s = arena_copy(a, buf_str(&b));
    buf_free(&b);
    return s;
}

static void bounds_the_head(void)
{
    struct arena a = {0};
    static const struct {
        const char *begin, *part;
        size_t times;
        const char *end, *outcome;
    } cases[] = {
        {GET H, "X: y\r\n", CAP_HEADERS - 1, "\r\n", "ok:"},
        {GET H, "X: y\r\n", CAP_HEADERS, "\r\n", "head_too_large"},
        {"GET /", "a", CAP_TARGET_BYTES - 1, " HTTP/1.1\r\n" H "\r\n", "ok:"},
        {"GET /", "a", CAP_TARGET_BYTES, " HTTP/1.1\r\n" H "\r\n", "head_too_large"},
        {GET H "X: ", "a", CAP_HEAD_BYTES - sizeof(GET H "X: \r\n\r\n") + 1, "\r\n\r\n", "ok:"},
        {GET H "X: ", "a", CAP_HEAD_BYTES - sizeof(GET H "X: \r\n\r\n") + 2, "\r\n\r\n", "head_too_large"},
        {"GET /", "a", CAP_HEAD_BYTES, "", "head_too_large"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str bytes = repeated(&a, cases[i].begin, cases[i].part, cases[i].times, cases[i].end);
        tap_case(cases[i].outcome);
        CHECK_STR(outcome(&a, bytes, bytes.n, 1), cases[i].outcome);
        CHECK_STR(outcome(&a, bytes, 0, 7), cases[i].outcome);
    }
    arena_free(&a);
}

static void bounds_the_body(void)
{
    struct arena a = {0};
    struct http_parse p = {.line = 0};
    struct buf body = buf_make(4);
    struct str bytes = STR(CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    http_parse_init(&p);
    CHECK_INT(http_parse_head(&p, &bytes), 0);
    CHECK_INT(p.stage, STAGE_BODY);
    CHECK_INT(http_parse_body(&p, &bytes, &body), ERR_TOO_LARGE);
    CHECK_INT(body.len, 3);
    http_parse_free(&p);
    buf_free(&body);
    arena_free(&a);
}

static void tells_what_the_head_says(void)
{
    struct http_parse p = {.line = 0};
    enum http_verb verb = VERB_GET;
    struct str bytes = STR("PATCH /a/b?c=d HTTP/1.1\r\nhost: Larkspur.test\r\nX-Two: 1\r\nx-two: 2\r\nEmpty:\r\n"
                           "Content-Length: 12\r\nExpect: 100-Continue\r\n\r\n");
    http_parse_init(&p);
    CHECK_INT(http_parse_head(&p, &bytes), 0);
    CHECK_INT(http_parse_verb(&p, &verb), 0);
    CHECK_INT(verb, VERB_PATCH);
    CHECK_STR(http_parse_target(&p), "/a/b?c=d");
    CHECK_STR(http_parse_header(&p, STR("HOST")), "Larkspur.test");
    CHECK_STR(http_parse_header(&p, STR("X-TWO")), "1");
    CHECK_STR(http_parse_header(&p, STR("empty")), "");
    CHECK_STR(http_parse_header(&p, STR("absent")), NULL);
    CHECK_INT(p.declared_bytes, 12);
    CHECK(p.keep_alive && p.expects_continue);
    http_parse_free(&p);
}

static void ignores_expectations_of_http_1_0(void)
{
    struct http_parse p = {.line = 0};
    struct str bytes = STR("POST / HTTP/1.0\r\n" H "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    http_parse_init(&p);
    CHECK_INT(http_parse_head(&p, &bytes), 0);
    CHECK_INT(p.stage, STAGE_BODY);
    CHECK(!p.expects_continue);
    http_parse_free(&p);
}

/* llhttp refuses all of these as well; the gate must not rely on it. */
static void gate_stands_alone(void)
{
    static const struct {
        const char *line;
        int outcome;
    } cases[] = {
        {"Host: a\r\n", 0},
        {"\r\n", 1},
        {" folded\r\n", ERR_BAD_REQUEST},
        {"\tfolded\r\n", ERR_BAD_REQUEST},
        {": nameless\r\n", ERR_BAD_REQUEST},
        {"a\rb: c\r\n", ERR_BAD_REQUEST},
        {"a: b\n", ERR_BAD_REQUEST},
        {"\n", ERR_BAD_REQUEST},
        {"\r\r\n", ERR_BAD_REQUEST},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_parse p = {.line = 0};
        http_parse_init(&p);
        p.lines = 1;
        tap_case(cases[i].line);
        CHECK_INT(buf_append(&p.head, str_of(cases[i].line)), 0);
        CHECK_INT(check_line(&p), cases[i].outcome);
        http_parse_free(&p);
    }
}

static void knows_who_stays(void)
{
    static const struct {
        const char *bytes;
        bool stays;
    } cases[] = {
        {GET H "\r\n", true},
        {GET H "Connection: close\r\n\r\n", false},
        {GET H "Connection: keep-alive, Close\r\n\r\n", false},
        {GET H "Connection: x\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n" H "\r\n", false},
        {"GET / HTTP/1.0\r\n" H "Connection: keep-alive\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_parse p = {.line = 0};
        struct str bytes = str_of(cases[i].bytes);
        tap_case(cases[i].bytes);
        http_parse_init(&p);
        CHECK_INT(http_parse_head(&p, &bytes), 0);
        CHECK_INT(p.stage, STAGE_DONE);
        CHECK_INT(p.keep_alive, cases[i].stays);
        http_parse_free(&p);
    }
}

TAP_MAIN(TEST(reads_requests), TEST(refuses_what_is_no_request), TEST(is_not_smuggled_through), TEST(refuses_nul),
         TEST(bounds_the_head), TEST(bounds_the_body), TEST(tells_what_the_head_says),
         TEST(ignores_expectations_of_http_1_0), TEST(gate_stands_alone), TEST(knows_who_stays))
