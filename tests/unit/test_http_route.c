/* Which row a path means, and what its parameter is. */
#include "http_route.c"
#include "tap.h"

#define LONGEST "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789._-xyz" /* 64 bytes */

static const struct http_route routes[] = {
    {VERB_GET, "/calls/{id}", NULL, NULL, 0, NULL},    {VERB_GET, "/calls", NULL, NULL, 0, NULL},
    {VERB_PATCH, "/calls/{id}", NULL, NULL, 0, NULL},  {VERB_GET, "/calls/{id}/recording", NULL, NULL, 0, NULL},
    {VERB_POST, "/calls/search", NULL, NULL, 0, NULL}, {VERB_GET, "/calls.csv", NULL, NULL, 0, NULL},
    {VERB_PUT, "/user", NULL, NULL, 0, NULL},          {VERB_DELETE, "/{what}/all", NULL, NULL, 0, NULL},
};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))

static struct http_path paths[ROUTES];
static struct http_listener house = {.options.routes = routes, .paths = paths, .path_count = ROUTES};

static void open_house(void)
{
    for (size_t i = 0; i < ROUTES; i++) {
        paths[i] = http_path_read(routes[i].path);
    }
}

static void finds_the_row(void)
{
    static const struct {
        enum http_verb verb;
        const char *path;
        int row; /* or an error */
        const char *param;
    } cases[] = {
        {VERB_GET, "/calls", 1, NULL},
        {VERB_HEAD, "/calls", 1, NULL},
        {VERB_PUT, "/user", 6, NULL},
        {VERB_GET, "/user", ERR_METHOD_NOT_ALLOWED, NULL},
        {VERB_GET, "/calls/7", 0, "7"},
        {VERB_HEAD, "/calls/7", 0, "7"},
        {VERB_PATCH, "/calls/7", 2, "7"},
        {VERB_POST, "/calls/7", ERR_METHOD_NOT_ALLOWED, NULL},
        {VERB_GET, "/calls/" LONGEST, 0, LONGEST},
        {VERB_GET, "/calls/" LONGEST "x", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/.x", 0, ".x"},
        {VERB_GET, "/calls/...", 0, "..."},
        {VERB_GET, "/calls/.", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/..", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls//", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/7/", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/%37", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/7%2f8", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/7;8", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/{id}", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/a~b", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/a@b", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/callsx/7", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/Calls/7", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls.csv", 5, NULL},
        {VERB_GET, "/calls/7/recording", 3, "7"},
        {VERB_GET, "/calls//recording", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/recording", 0, "recording"},
        {VERB_GET, "/recording", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/7/8/recording", ERR_NOT_FOUND, NULL},
        {VERB_GET, "/calls/7/recordings", ERR_NOT_FOUND, NULL},
        {VERB_PATCH, "/calls/7/recording", ERR_METHOD_NOT_ALLOWED, NULL},
        /* A row of its own is no parameter, whatever the verb. */
        {VERB_POST, "/calls/search", 4, NULL},
        {VERB_GET, "/calls/search", ERR_METHOD_NOT_ALLOWED, NULL},
        /* Two rows with a parameter fit: the first whose verb it is. */
        {VERB_DELETE, "/calls/all", 7, "calls"},
        {VERB_GET, "/calls/all", 0, "all"},
        {VERB_DELETE, "/all", ERR_NOT_FOUND, NULL},
    };
    open_house();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_match match;
        tap_case(cases[i].path);
        int rc = http_route_find(&house, cases[i].verb, str_of(cases[i].path), &match);
        CHECK_INT(rc ? rc : match.route - routes, cases[i].row);
        CHECK_STR(match.param, cases[i].param);
        CHECK_INT(match.route == NULL, cases[i].row < 0);
    }
}

static void says_what_is_allowed(void)
{
    static const struct {
        const char *path, *allowed;
    } cases[] = {
        {"/calls", "GET, HEAD"},
        {"/user", "PUT"},
        {"/calls/7", "GET, HEAD, PATCH"},
        {"/calls/search", "POST"},
        {"/calls/all", "GET, HEAD, PATCH, DELETE"},
    };
    struct arena a = {0};
    open_house();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_STR(http_route_allowed(&house, str_of(cases[i].path), &a), cases[i].allowed);
    }
    arena_free(&a);
}

TAP_MAIN(TEST(finds_the_row), TEST(says_what_is_allowed))
