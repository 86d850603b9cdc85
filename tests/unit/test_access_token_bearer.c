/* Where the token stands in a request. */
#include "http/http_conn.h"
#include "supabase.h"
#include "tap.h"

struct row {
    const char *headers, *token; /* NULL: absent */
};

static const struct row rows[] = {
    {"Authorization: Bearer a.b.c\r\n", "a.b.c"},
    {"authorization: bearer a.b.c\r\n", "a.b.c"},
    {"AUTHORIZATION: BEARER a.b.c\r\n", "a.b.c"},
    {"Authorization:Bearer   a.b.c  \r\n", "a.b.c"},
    {"Authorization: Bearer a.b.c, Bearer d.e.f\r\n", "a.b.c, Bearer d.e.f"}, /* no token has a comma */
    {"X-Authorization: Bearer a.b.c\r\n", NULL},
    {"Authorization: a.b.c\r\n", NULL},
    {"Authorization: Bearer\r\n", NULL},
    {"Authorization: Bearer \r\n", NULL},
    {"Authorization: Bearera.b.c\r\n", NULL},
    {"Authorization: Bearer\ta.b.c\r\n", NULL},
    {"Authorization: Basic a.b.c\r\n", NULL},
    {"Authorization: Token Bearer a.b.c\r\n", NULL},
    {"Authorization:\r\n", NULL},
    {"apikey: a.b.c\r\n", NULL},
    {"Cookie: access_token=a.b.c\r\n", NULL},
    {"Authorization: Bearer a.b.c\r\nAuthorization: Bearer a.b.c\r\n", NULL},
    {"Authorization: Bearer a.b.c\r\nauthorization: Bearer d.e.f\r\n", NULL},
    {"Authorization: Basic eDp5\r\nAuthorization: Bearer a.b.c\r\n", NULL},
    {"Authorization: Bearer a.b.c\r\nAuthorization:\r\n", NULL},
    {"", NULL},
};

static void bearer(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct http_conn c;
        char head[512];
        snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].headers);
        struct str bytes = str_of(head);
        tap_case(rows[i].headers);
        http_parse_init(&c.parse);
        CHECK_INT(http_parse_head(&c.parse, &bytes), 0);
        CHECK_INT(c.parse.stage != STAGE_HEAD, 1);
        CHECK_STR(bearer_of(&c.request), rows[i].token);
        http_parse_free(&c.parse);
    }
}

TAP_MAIN(TEST(bearer))
