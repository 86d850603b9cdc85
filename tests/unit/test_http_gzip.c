/* Who gets gzip, what is gzipped, and that it unpacks to the same bytes. */
#include "http_asked.h"
#include "http_gzip.c"

static void asks_who_takes_it(void)
{
    static const struct {
        const char *lines;
        bool taken;
    } cases[] = {
        {"", false},
        {"Accept-Encoding:\r\n", false},
        {"Accept-Encoding: gzip\r\n", true},
        {"accept-encoding: GZip\r\n", true},
        {"Accept-Encoding: x-gzip\r\n", true},
        {"Accept-Encoding: gzip, deflate, br, zstd\r\n", true},
        {"Accept-Encoding: br;q=1.0, gzip;q=0.8, *;q=0.1\r\n", true},
        {"Accept-Encoding: deflate\r\nAccept-Encoding: gzip\r\n", true},
        {"Accept-Encoding: deflate, br\r\n", false},
        {"Accept-Encoding: identity\r\n", false},
        {"Accept-Encoding: gzipped\r\n", false},
        {"Accept-Encoding: not gzip\r\n", false},
        {"Accept-Encoding: *\r\n", true},
        {"Accept-Encoding: *;q=0\r\n", false},
        {"Accept-Encoding: gzip;q=0\r\n", false},
        {"Accept-Encoding: gzip;q=0.0\r\n", false},
        {"Accept-Encoding: gzip; q=0.000, *\r\n", false},
        {"Accept-Encoding: *;q=0, gzip\r\n", true},
        {"Accept-Encoding: gzip;q=0.001\r\n", true},
        {"Accept-Encoding: gzip ; q=1.000\r\n", true},
        {"Accept-Encoding: gzip;Q=1\r\n", true},
        {"Accept-Encoding: gzip;q=1.001\r\n", false},
        {"Accept-Encoding: gzip;q=0.0001\r\n", false},
        {"Accept-Encoding: gzip;q=0.1234\r\n", false},
        {"Accept-Encoding: gzip;q=0.123\r\n", true},
        {"Accept-Encoding: gzip;q=1.\r\n", true},
        {"Accept-Encoding: gzip;q=05\r\n", false},
        {"Accept-Encoding: gzip;q=2\r\n", false},
        {"Accept-Encoding: gzip;q=-1\r\n", false},
        {"Accept-Encoding: gzip;q=\r\n", false},
        {"Accept-Encoding: gzip;q=1x\r\n", false},
        {"Accept-Encoding: gzip;q=..5\r\n", false},
        {"Accept-Encoding: gzip;level=9\r\n", false},
        {"Accept-Encoding: gzip;q=0.5, identity\r\n", false},
        {"Accept-Encoding: gzip;q=0.5, identity;q=0.5\r\n", true},
        {"Accept-Encoding: gzip, identity;q=0\r\n", true},
        {"Accept-Encoding: ,, gzip ,\r\n", true},
        {"Accept-Encoding: ;q=1\r\n", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_case(cases[i].lines);
        CHECK_INT(http_gzip_accepted(ask_with(cases[i].lines)), cases[i].taken);
    }
    http_parse_free(&asked);
}

static void asks_what_it_fits(void)
{
    static const struct {
        const char *type;
        size_t bytes;
        bool fits;
    } cases[] = {
        {"application/json", CAP_GZIP_LEAST_BYTES + 1, true},
        {"application/json", CAP_GZIP_LEAST_BYTES, false},
        {"application/json", 0, false},
        {"application/json; charset=utf-8", 5000, true},
        {"Application/JSON ;charset=utf-8", 5000, true},
        {"text/csv", 5000, true},
        {"text/html; charset=utf-8", 5000, true},
        {"application/jsonp", 5000, false},
        {"application/octet-stream", 5000, false},
        {"audio/wav", 5000, false},
        {"image/png; text/html", 5000, false},
        {"text", 5000, false},
        {NULL, 5000, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_case(cases[i].type);
        CHECK_INT(http_gzip_fits(cases[i].type, cases[i].bytes), cases[i].fits);
    }
}

static void check_same(struct str pressed, struct str want)
{
    static char plain[CAP_REPLY_BYTES + 1];
    z_stream z = {0};
    CHECK(inflateInit2(&z, 15 + 16) == Z_OK);
    z.next_in = (unsigned char *)pressed.p;
    z.avail_in = (unsigned)pressed.n;
    z.next_out = (unsigned char *)plain;
    z.avail_out = sizeof(plain);
    CHECK_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
    CHECK_INT(z.avail_in, 0);
    CHECK(str_eq((struct str){plain, z.total_out}, want));
    inflateEnd(&z);
}

static void unpacks_to_the_same(void)
{
    static char bytes[CAP_REPLY_BYTES];
    static const size_t sizes[] = {1, 1025, 100000, CAP_REPLY_BYTES, 2000, 70000, 0};
    struct http_gzip g = {.ready = false};
    uint32_t random = 7;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (char)(i / 4096 % 2 ? random >> 24 : 'a' + (random >> 24) % 16);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct str plain = {bytes + i, sizes[i] > i ? sizes[i] - i : sizes[i]};
        struct str pressed = http_gzip_press(&g, plain);
        check_same(pressed, plain);
        CHECK(plain.n < 1000 || pressed.n < plain.n);
    }
    CHECK(g.out.size <= KEPT_BYTES); /* the largest was given back */
    http_gzip_free(&g);
}

TAP_MAIN(TEST(asks_who_takes_it), TEST(asks_what_it_fits), TEST(unpacks_to_the_same))
