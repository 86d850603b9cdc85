/* Keys to calendars, sealed: whose they are and where they may be sent belongs to them. */
#include "credentials.h"
#include "crypto.h"
#include "tap.h"

#define SECRET STR("0123456789abcdef0123456789abcdef")
#define OTHER_SECRET STR("0123456789abcdef0123456789abcdeg")
#define LARKSPUR STR("11111111-1111-4111-8111-111111111111")
#define ANNEX STR("22222222-2222-4222-8222-222222222222")
#define KEY "cal_live_Larkspur4f1d"
#define URL STR("https://api.cal.example")

static const struct str none = {NULL, 0};

/* As Postgres writes it. */
static struct str hex_of(struct arena *a, struct str sealed)
{
    struct str hex = crypto_hex(a, sealed);
    return arena_printf(a, "\\x%.*s", (int)hex.n, hex.p);
}

static void opens_what_was_sealed(void)
{
    struct arena a = {0};
    const struct str urls[] = {none, URL};
    for (size_t i = 0; i < 2; i++) {
        struct str sealed = credentials_seal(&a, SECRET, LARKSPUR, urls[i], STR(KEY));
        CHECK_STR(credentials_open(&a, SECRET, LARKSPUR, urls[i], hex_of(&a, sealed)), KEY);
        CHECK(!str_has(sealed, STR(KEY)) && !str_has(sealed, STR("cal_")));
    }
    /* No address and an empty one are the same: NULL in the database. */
    struct str sealed = credentials_seal(&a, SECRET, LARKSPUR, none, STR(KEY));
    CHECK_STR(credentials_open(&a, SECRET, LARKSPUR, STR(""), hex_of(&a, sealed)), KEY);
    arena_free(&a);
}

static void belongs_to_one_business_and_one_address(void)
{
    struct arena a = {0};
    struct str sealed = hex_of(&a, credentials_seal(&a, SECRET, LARKSPUR, URL, STR(KEY)));
    CHECK_STR(credentials_open(&a, SECRET, ANNEX, URL, sealed), NULL);
    CHECK_STR(credentials_open(&a, SECRET, LARKSPUR, none, sealed), NULL);
    CHECK_STR(credentials_open(&a, SECRET, LARKSPUR, STR("https://api.cal.example.net"), sealed), NULL);
    CHECK_STR(credentials_open(&a, SECRET, STR("11111111-1111-4111-8111-111111111111 https:"), STR("//api.cal.example"),
                               sealed),
              NULL);
    CHECK_STR(credentials_open(&a, OTHER_SECRET, LARKSPUR, URL, sealed), NULL);
    CHECK_STR(credentials_open(&a, none, LARKSPUR, URL, sealed), NULL);
    CHECK_STR(credentials_open(&a, SECRET, LARKSPUR, URL, sealed), KEY);
    arena_free(&a);
}

static void what_is_not_sealed_is_no_key(void)
{
    static const char *const rows[] = {"", "\\x", "\\", "x", "\\x00", "\\xzz", "cal_live_Larkspur4f1d", "\\x123"};
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i]);
        CHECK_STR(credentials_open(&a, SECRET, LARKSPUR, none, str_of(rows[i])), NULL);
    }
    CHECK_STR(credentials_open(&a, SECRET, LARKSPUR, none, none), NULL);
    struct str sealed = credentials_seal(&a, SECRET, LARKSPUR, none, STR(KEY));
    CHECK_STR(credentials_open(&a, SECRET, LARKSPUR, none, sealed), NULL);
    CHECK_STR(credentials_open(&a, SECRET, LARKSPUR, none, crypto_hex(&a, sealed)), NULL);
    arena_free(&a);
}

TAP_MAIN(TEST(opens_what_was_sealed), TEST(belongs_to_one_business_and_one_address), TEST(what_is_not_sealed_is_no_key))
