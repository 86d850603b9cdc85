/* One answer in several forms: gzipped or plain, whole or "you have it already". */
#include "http_house.h"
#include <zlib.h>

#define HOST " HTTP/1.1\r\nHost: a.test\r\n"
#define GZIP "Accept-Encoding: gzip, deflate, br\r\n"

struct answer {
    struct str head, body; /* body as sent */
};

static struct peer peer;

/* A line's value, absent when it is not there. */
static struct str line_of(struct str head, const char *name)
{
    char start[64];
    int n = snprintf(start, sizeof(start), "\r\n%s: ", name);
    const char *at = memmem(head.p, head.n, start, (size_t)n);
    struct str value = str_skip(head, at ? (size_t)(at - head.p) + (size_t)n : head.n);
    return at ? str_cut(value, str_find(value, '\r')) : (struct str){NULL, 0};
}

/* Asks on the open connection; the answer is valid until the next one. */
static struct answer ask_for(const char *request)
{
    struct answer a = {{NULL, 0}, {NULL, 0}};
    bool has_body = !str_starts(str_of(request), STR("HEAD"));
    peer.n = 0;
    peer_say(&peer, request);
    CHECK(peer_wait_for(&peer, "\r\n\r\n", 1));
    struct str got = peer_got(&peer);
    const char *end = memmem(got.p, got.n, "\r\n\r\n", 4);
    if (end) {
        a.head = str_cut(got, (size_t)(end - got.p) + 4);
        size_t n = has_body ? (size_t)strtoull(str_or(line_of(a.head, "Content-Length"), STR("0")).p, NULL, 10) : 0;
        CHECK(PEER_WAIT(&house.loop, (peer_read(&peer), peer.n >= a.head.n + n)));
        a.body = str_skip(peer_got(&peer), a.head.n);
        CHECK_INT(a.body.n, n);
    }
    return a;
}

static struct str unpacked(struct str pressed)
{
    static char plain[1 << 20];
    z_stream z = {0};
    CHECK(inflateInit2(&z, 15 + 16) == Z_OK);
    z.next_in = (unsigned char *)pressed.p;
    z.avail_in = (unsigned)pressed.n;
    z.next_out = (unsigned char *)plain;
    z.avail_out = sizeof(plain);
    CHECK_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
    CHECK_INT(z.avail_in, 0);
    struct str text = {plain, z.total_out};
    inflateEnd(&z);
    return text;
}

static void gzips_what_is_worth_it(void)
{
    static const struct {
        const char *ask;
        bool varies, gzipped;
        size_t bytes;
    } cases[] = {
        {"GET /big?5000" HOST GZIP "\r\n", true, true, 5000},
        {"GET /big?5000" HOST "\r\n", true, false, 5000},
        {"GET /big?5000" HOST "Accept-Encoding: gzip;q=0, *\r\n\r\n", true, false, 5000},
        {"GET /big?1025" HOST GZIP "\r\n", true, true, 1025},
        {"GET /big?1024" HOST GZIP "\r\n", false, false, 1024},
        {"GET /tagged?90000" HOST GZIP "\r\n", true, true, 90000},
        {"GET /tagged?90000" HOST "\r\n", true, false, 90000},
        {"GET /tagged?900" HOST GZIP "\r\n", false, false, 900},
        {"GET /encoded" HOST GZIP "\r\n", false, false, 5000},
        {"GET /hello" HOST GZIP "\r\n", false, false, 5},
        {"GET /big?70000" HOST GZIP "\r\n", true, true, 70000}, /* nothing is left of the answers before */
    };
    house_open();
    house_meet(&peer);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_case(cases[i].ask);
        struct answer a = ask_for(cases[i].ask);
        CHECK(str_starts(a.head, STR("HTTP/1.1 200 OK\r\n")));
        CHECK_STR(line_of(a.head, "Vary"), cases[i].varies ? "Accept-Encoding" : NULL);
        if (cases[i].gzipped) {
            CHECK_STR(line_of(a.head, "Content-Encoding"), "gzip");
            CHECK(a.body.n < cases[i].bytes);
            CHECK_INT(unpacked(a.body).n, cases[i].bytes);
        } else {
            CHECK(!str_eq(line_of(a.head, "Content-Encoding"), STR("gzip")));
            CHECK_INT(a.body.n, cases[i].bytes);
        }
    }
    tap_case(NULL);
    peer_close(&peer);
    house_close();
}

static void unpacks_to_the_plain_bytes(void)
{
    static char plain[90000];
    house_open();
    house_meet(&peer);
    struct answer a = ask_for("GET /tagged?90000" HOST "\r\n");
    memcpy(plain, a.body.p, sizeof(plain));
    for (int i = 0; i < 3; i++) { /* one compressor for all of them */
        a = ask_for("GET /tagged?90000" HOST GZIP "\r\n");
        CHECK(str_eq(unpacked(a.body), (struct str){plain, sizeof(plain)}));
        CHECK_INT(unpacked(ask_for("GET /big?3000" HOST GZIP "\r\n").body).n, 3000);
    }
    peer_close(&peer);
    house_close();
}

/* What a client may keep, and what is not for others. */
static void heads_of_head_and_get_agree(void)
{
    static const char *const headers[] = {"", GZIP};
    static const char *const names[] = {"Content-Length", "Content-Encoding", "Content-Type", "ETag",
                                        "Vary",           "Cache-Control"};
    house_open();
    house_meet(&peer);
    for (size_t i = 0; i < 2; i++) {
        char get[256], head[256], first[6][64];
        snprintf(get, sizeof(get), "GET /tagged?5000" HOST "%s\r\n", headers[i]);
        snprintf(head, sizeof(head), "HEAD /tagged?5000" HOST "%s\r\n", headers[i]);
        struct answer a = ask_for(get);
        CHECK_STR(line_of(a.head, "Cache-Control"), "private, no-store");
        for (size_t k = 0; k < 6; k++) {
            struct str value = line_of(a.head, names[k]);
            snprintf(first[k], sizeof(first[k]), "%.*s", (int)value.n, value.n ? value.p : "");
        }
        a = ask_for(head);
        for (size_t k = 0; k < 6; k++) {
            tap_case(names[k]);
            struct str value = line_of(a.head, names[k]);
            CHECK(str_eq(value, str_of(first[k])));
        }
    }
    tap_case(NULL);
    peer_say(&peer, "GET /hello" HOST "\r\n");
    CHECK(peer_wait_for(&peer, "\r\n\r\nhello", 1));
    peer_close(&peer);
    house_close();
}

static void says_when_the_client_has_it(void)
{
    static const struct {
        const char *verb, *encodings, *before, *after;
        bool gzipped_tag, known;
    } cases[] = {
        {"GET", "", "", "", false, true},
        {"GET", GZIP, "", "", true, true},
        {"GET", "", "", "", true, true}, /* one form is as good as the other */
        {"GET", GZIP, "", "", false, true},
        {"HEAD", GZIP, "", "", true, true},
        {"GET", "", "\"other\", W/", "", false, true},
        {"GET", "", "\"other\"\r\nIf-None-Match: ", ", \"another\"", false, true},
        {"GET", "", "x", "", false, false},
    };
    static char tags[2][64];
    house_open();
    house_meet(&peer);
    for (size_t i = 0; i < 2; i++) {
        struct answer a = ask_for(i ? "GET /tagged?5000" HOST GZIP "\r\n" : "GET /tagged?5000" HOST "\r\n");
        struct str tag = line_of(a.head, "ETag");
        CHECK(tag.n > 30 && tag.p[0] == '"' && str_ends(tag, STR("\"")));
        snprintf(tags[i], sizeof(tags[i]), "%.*s", (int)tag.n, tag.p);
    }
    CHECK(strcmp(tags[0], tags[1]) != 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char ask[512];
        const char *tag = tags[cases[i].gzipped_tag];
        snprintf(ask, sizeof(ask), "%s /tagged?5000" HOST "%sIf-None-Match: %s%s%s\r\n\r\n", cases[i].verb,
                 cases[i].encodings, cases[i].before, tag, cases[i].after);
        tap_case(ask);
        struct answer a = ask_for(ask);
        CHECK_INT(str_starts(a.head, STR("HTTP/1.1 304 Not Modified\r\n")), cases[i].known);
        CHECK_STR(line_of(a.head, "ETag"), cases[i].known ? tag : tags[0]);
        CHECK_STR(line_of(a.head, "Vary"), "Accept-Encoding");
        CHECK_STR(line_of(a.head, "Cache-Control"), "private, no-store");
        CHECK_INT(line_of(a.head, "Content-Length").p == NULL, cases[i].known);
        CHECK_INT(line_of(a.head, "Content-Type").p == NULL, cases[i].known);
        CHECK_STR(line_of(a.head, "Content-Encoding"), NULL);
    }
    tap_case(NULL);
    struct answer a = ask_for("GET /tagged?5001" HOST "If-None-Match: *\r\n\r\n");
    CHECK(str_starts(a.head, STR("HTTP/1.1 304 ")));
    a = ask_for("GET /tagged?900" HOST GZIP "\r\n"); /* too small to have another form */
    CHECK_INT(line_of(a.head, "ETag").n, strlen(tags[0]));
    peer_close(&peer);
    house_close();
}

/* The handler knows better what may be kept. */
static void leaves_cache_control_to_the_handler(void)
{
    house_open();
    house_meet(&peer);
    peer_say(&peer, "GET /later" HOST "\r\n");
    CHECK(PEER_WAIT(&house.loop, house.waiting_count == 1));
    http_reply_header(house.waiting[0], "cache-control", STR("max-age=31536000, immutable"));
    http_reply_tagged(house.waiting[0], "text/css", STR("body{}"));
    CHECK(peer_wait_for(&peer, "\r\n\r\nbody{}", 1));
    CHECK_INT(peer_count(&peer, "\r\ncache-control: max-age=31536000, immutable\r\n"), 1);
    CHECK_INT(peer_count(&peer, "no-store"), 0);
    CHECK_INT(peer_count(&peer, "Vary"), 0);
    peer_close(&peer);
    house_close();
}

TAP_MAIN(TEST(gzips_what_is_worth_it), TEST(unpacks_to_the_plain_bytes), TEST(heads_of_head_and_get_agree),
         TEST(says_when_the_client_has_it), TEST(leaves_cache_control_to_the_handler))
