/* What If-None-Match has, and which form of a body it means. */
#include "http_asked.h"
#include "http_etag.c"

/* Of SHA-256 of "hello". */
#define DIGEST "2cf24dba5fb0a30e26e83b2ac5b9e29e"
#define PLAIN "\"" DIGEST "\""
#define PRESSED "\"" DIGEST "-gz\""

static void names_the_body(void)
{
    struct arena a = {0};
    CHECK_STR(http_etag_make(&a, STR("hello"), false), PLAIN);
    CHECK_STR(http_etag_make(&a, STR("hello"), true), PRESSED);
    CHECK(!str_eq(http_etag_make(&a, STR("hellp"), false), STR(PLAIN)));
    arena_free(&a);
}

static void finds_what_the_client_has(void)
{
    static const struct {
        const char *lines, *plain,
            *pressed; /* the tag of a 304 when the answer would be plain, or gzipped; NULL: a 200 */
    } cases[] = {
        {"", NULL, NULL},
        {"If-None-Match:\r\n", NULL, NULL},
        {"If-None-Match: " PLAIN "\r\n", PLAIN, PLAIN},
        {"If-None-Match: " PRESSED "\r\n", PRESSED, PRESSED},
        {"If-None-Match: " PLAIN ", " PRESSED "\r\n", PLAIN, PRESSED},
        {"If-None-Match: " PRESSED "," PLAIN "\r\n", PLAIN, PRESSED},
        {"If-None-Match: W/" PLAIN "\r\n", PLAIN, PLAIN},
        {"If-None-Match: W/" PRESSED "\r\n", PRESSED, PRESSED},
        {"If-None-Match: *\r\n", PLAIN, PRESSED},
        {"if-none-match: \"other\" ,\t" PLAIN "  \r\n", PLAIN, PLAIN},
        {"If-None-Match: \"other\"\r\nIf-None-Match: " PLAIN "\r\n", PLAIN, PLAIN},
        {"If-None-Match: \"a,b\", " PLAIN "\r\n", PLAIN, PLAIN},
        {"If-None-Match: \"other\", W/\"another\"\r\n", NULL, NULL},
        {"If-None-Match: " DIGEST "\r\n", NULL, NULL},
        {"If-None-Match: \"" DIGEST "\r\n", NULL, NULL},
        {"If-None-Match: w/" PLAIN "\r\n", NULL, NULL},
        {"If-None-Match: \"*\"\r\n", NULL, NULL},
        {"If-None-Match: \"" DIGEST "-gz-gz\"\r\n", NULL, NULL},
        {"If-None-Match: \"2CF24DBA5FB0A30E26E83B2AC5B9E29E\"\r\n", NULL, NULL},
        {"If-Match: " PLAIN "\r\n", NULL, NULL},
    };
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str plain = STR(PLAIN), pressed = STR(PRESSED);
        const struct http_parse *p = ask_with(cases[i].lines);
        tap_case(cases[i].lines);
        CHECK_INT(http_etag_known(p, &a, &plain), cases[i].plain != NULL);
        CHECK_STR(plain, cases[i].plain ? cases[i].plain : PLAIN);
        CHECK_INT(http_etag_known(p, &a, &pressed), cases[i].pressed != NULL);
        CHECK_STR(pressed, cases[i].pressed ? cases[i].pressed : PRESSED);
    }
    arena_free(&a);
    http_parse_free(&asked);
}

TAP_MAIN(TEST(names_the_body), TEST(finds_what_the_client_has))
