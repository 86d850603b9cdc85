/* Points in time: what is read as one, what is refused, and how they are written. */
#include "tap.h"
#include "timestamp.h"
#include <math.h>

#define S 1000000LL
#define AT (1795014249 * S) /* 2026-11-18T15:04:09Z */

struct row {
    const char *text;
    long long us; /* 0: refused */
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tap_case(rows[i].text);
        CHECK_INT(timestamp_parse(str_of(rows[i].text)), rows[i].us);
    }
}

#define ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void iso(void)
{
    static const struct row rows[] = {
        {"2026-11-18T15:04:09Z", AT},
        {"2026-11-18T15:04:09z", AT},
        {"2026-11-18T15:04:09", AT},
        {"2026-11-18 15:04:09Z", AT},
        {"2026-11-18 15:04:09", AT},
        {"2026-11-18T15:04:09.0Z", AT},
        {"2026-11-18T15:04:09.120Z", AT + 120000},
        {"2026-11-18T15:04:09,120Z", AT + 120000},
        {"2026-11-18T15:04:09.000001Z", AT + 1},
        {"2026-11-18T15:04:09.123456Z", AT + 123456},
        {"2026-11-18T15:04:09.123456789Z", AT + 123457},
        {"2026-11-18T15:04:09.9999999Z", AT + S},
        {"2026-11-18T15:04:09.000000000000000000001Z", AT},
        {"2026-11-18T16:04:09+01:00", AT},
        {"2026-11-18T16:04:09+0100", AT},
        {"2026-11-18T16:04:09+01", AT},
        {"2026-11-18T10:04:09-05:00", AT},
        {"2026-11-18T20:34:09.120+05:30", AT + 120000},
        {"2026-11-18T11:34:09-03:30", AT},
        {"2026-11-18T15:04:09+00:00", AT},
        {"2026-11-18T15:04:09-00:00", AT},
        {"2026-11-19T00:04:09+09:00", AT},
        {"2024-02-29T00:00:00Z", 1709164800 * S},
        {"1970-01-01T00:00:01Z", S},
        {"9999-12-31T23:59:58Z", 253402300798 * S},
    };
    ROWS(rows);
}

static void rfc_2822(void)
{
    static const struct row rows[] = {
        {"Wed, 18 Nov 2026 15:04:09 +0000", AT},
        {"Wed, 18 Nov 2026 10:04:09 -0500", AT},
        {"Wed, 18 Nov 2026 20:34:09 +0530", AT},
        {"Wed, 18 Nov 2026 15:04:09 GMT", AT},
        {"Wed, 18 Nov 2026 15:04:09 UT", AT},
        {"Wed, 18 Nov 2026 15:04:09", 0},
        {"Wed, 18 Nov 2026", 0},
        {"Wed, 18 Foo 2026 15:04:09 +0000", 0},
    };
    ROWS(rows);
}

static void numbers(void)
{
    static const struct row rows[] = {
        {"1795014249", AT},
        {"1795014249.5", AT + S / 2},
        {"1795014249000", AT},
        {"1795014249120", AT + 120000},
        {"1795014249000.000", AT},
        {"1.795014249e12", AT},
        {"1.795014249E+12", AT},
        {"17950142490e2", AT},
        {"1795014249e3", AT},
        {"0", 0},
        {"-1795014249000", 0},
        {"1e300", 0},
        {"1e999", 0},
        {"253402300800000", 0},
        {"0x1A1", 0},
        {"inf", 0},
        {"nan", 0},
        {" 1795014249", 0},
        {"1795014249 ", 0},
        {"1795014249000x", 0},
        {"+", 0},
        {".", 0},
        {"e3", 0},
    };
    ROWS(rows);
}

static void nonsense(void)
{
    static const struct row rows[] = {
        {"", 0},
        {" ", 0},
        {"Z", 0},
        {"null", 0},
        {"soon", 0},
        {"2026", 2026 * S}, /* seconds, for want of anything better */
        {"2026-11-18", 0},
        {"2026-11-18T15:04", 0},
        {"15:04:09", 0},
        {"20261118T150409Z", 0},
        {"2026-13-18T15:04:09Z", 0},
        {"2026-00-18T15:04:09Z", 0},
        {"2026-11-32T15:04:09Z", 0},
        {"2026-11-31T15:04:09Z", 0},
        {"2026-02-29T15:04:09Z", 0},
        {"2026-11-18T24:04:09Z", 0},
        {"2026-11-18T15:60:09Z", 0},
        {"2026-11-18T15:04:09Zebra", 0},
        {"2026-11-18T15:04:09Z.{\"message\":1}", 0},
        {"2026-11-18T15:04:09Z ", 0},
        {"2026-11-18T15:04:09 and so on", 0},
        {"2026-11-18T15:04:09.", 0},
        {"2026-11-18T15:04:09.Z", 0},
        {"2026-11-18T15:04:09.5x", 0},
        {"2026-11-18T15:04:09+", 0},
        {"2026-11-18T15:04:09+1", 0},
        {"2026-11-18T15:04:09+01:0", 0},
        {"2026-11-18T15:04:09+01:00x", 0},
        {"2026-11-18T15:04:09+010", 0},
        {"2026-11-18T15:04:09+24:00", 0},
        {"2026-11-18T15:04:09+01:60", 0},
        {"2026-11-18T15:04:09+-1:00", 0},
        {"2026-11-18T15:04:09+ 1:00", 0},
        {"2026-11-18T15:04:09--01:00", 0},
        {"1969-12-31T23:59:59Z", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:30:00+01:00", 0},
        {"9999-12-31T23:59:59-01:00", 0},
        {"10000-01-01T00:00:00Z", 0},
        {"-2026-11-18T15:04:09Z", 0},
        {"2026-11-18T15:04:09.00000000000000000000000000000000000000000000000000000000000000000000Z", 0},
    };
    ROWS(rows);
}

/* The text is not NUL-terminated, and a zero byte in it does not end it. */
static void ends_where_it_ends(void)
{
    CHECK_INT(timestamp_parse((struct str){"1795014249000", 10}), AT);
    CHECK_INT(timestamp_parse((struct str){"2026-11-18T15:04:09.120Z", 19}), AT);
    CHECK_INT(timestamp_parse(STR("2026-11-18T15:04:09Z\0x")), 0);
    CHECK_INT(timestamp_parse(STR("1795014249\0")), 0);
    CHECK_INT(timestamp_parse((struct str){NULL, 0}), 0);
}

static void from_milliseconds(void)
{
    CHECK_INT(timestamp_from_ms(1795014249000.0), AT);
    CHECK_INT(timestamp_from_ms(1.795014249123456e12), AT + 123456);
    CHECK_INT(timestamp_from_ms(1795014249120.25), AT + 120250);
    CHECK_INT(timestamp_from_ms(0), 0);
    CHECK_INT(timestamp_from_ms(-1), 0);
    CHECK_INT(timestamp_from_ms(NAN), 0);
    CHECK_INT(timestamp_from_ms(INFINITY), 0);
    CHECK_INT(timestamp_from_ms(1e300), 0);
    CHECK_INT(timestamp_from_ms(253402300800000.0), 0);
}

static void written(void)
{
    char out[TIMESTAMP_TEXT_BYTES];
    CHECK_STR(timestamp_format(AT, out), "2026-11-18T15:04:09.000Z");
    CHECK_STR(timestamp_format(AT + 120999, out), "2026-11-18T15:04:09.120Z");
    CHECK_STR(timestamp_format(253402300799 * S - 1, out), "9999-12-31T23:59:58.999Z");
    CHECK_INT(timestamp_parse(timestamp_format(AT + 7000, out)), AT + 7000);
}

TAP_MAIN(TEST(iso), TEST(rfc_2822), TEST(numbers), TEST(nonsense), TEST(ends_where_it_ends), TEST(from_milliseconds),
         TEST(written))
