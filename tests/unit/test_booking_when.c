/* Days and times as assistants write them. */
#include "booking_when.h"
#include "tap.h"

struct when_case {
    const char *text, *local, *offset; /* local NULL: it is none */
};

static const struct when_case whens[] = {
    {"2026-11-20T10:30", "2026-11-20 10:30:00", ""},
    {"2026-11-20 10:30", "2026-11-20 10:30:00", ""},
    {"2026-11-20t10:30:59", "2026-11-20 10:30:00", ""},
    {" 2026-11-20T10:30:00.000 ", "2026-11-20 10:30:00", ""},
    {"2026-11-20T10:30:00Z", "2026-11-20 10:30:00", "+00:00"},
    {"2026-11-20T10:30-05:00", "2026-11-20 10:30:00", "-05:00"},
    {"2026-11-20T10:30:00.000+0545", "2026-11-20 10:30:00", "+05:45"},
    {"2026-11-20T10:30+14", "2026-11-20 10:30:00", "+14:00"},
    {"2028-02-29T00:00", "2028-02-29 00:00:00", ""},
    {"2026-02-29T00:00", NULL, NULL},
    {"2026-11-31T10:30", NULL, NULL},
    {"2026-13-01T10:30", NULL, NULL},
    {"2026-00-01T10:30", NULL, NULL},
    {"2026-11-00T10:30", NULL, NULL},
    {"2026-11-20T24:00", NULL, NULL},
    {"2026-11-20T10:60", NULL, NULL},
    {"2026-11-20T10:30:61", NULL, NULL},
    {"2026-11-20T10:30+15:00", NULL, NULL},
    {"2026-11-20T10:30+05:60", NULL, NULL},
    {"2026-11-20T10:30+5", NULL, NULL},
    {"2026-11-20T10:30+05:000", NULL, NULL},
    {"2026-11-20T10:30 tomorrow", NULL, NULL},
    {"2026-11-20T10:30:00'; drop", NULL, NULL},
    {"2026-11-20", NULL, NULL},
    {"2026-11-20T", NULL, NULL},
    {"2026-11-20T10", NULL, NULL},
    {"2026-11-20T10:3", NULL, NULL},
    {"2026-11-20X10:30", NULL, NULL},
    {"1999-11-20T10:30", NULL, NULL},
    {"2200-11-20T10:30", NULL, NULL},
    {"20261120T1030", NULL, NULL},
    {"next Friday", NULL, NULL},
    {"", NULL, NULL},
    {NULL, NULL, NULL},
};

static void reads_times(void)
{
    for (size_t i = 0; i < sizeof(whens) / sizeof(whens[0]); i++) {
        struct booking_when w = {{0}, {0}};
        tap_case(whens[i].text);
        bool is_one = booking_when_read(str_of(whens[i].text), &w);
        CHECK_INT(is_one, whens[i].local != NULL);
        if (is_one && whens[i].local) {
            CHECK_STR(str_of(w.local), whens[i].local);
            CHECK_STR(str_of(w.offset), whens[i].offset);
        }
    }
}

/* The text is not NUL-terminated where it ends. */
static void reads_no_further(void)
{
    struct booking_when w;
    char date[BOOKING_DATE_BYTES];
    CHECK(!booking_when_read(str_cut(str_of("2026-11-20T10:30"), 15), &w));
    CHECK(booking_when_read(str_cut(str_of("2026-11-20T10:30:99"), 16), &w));
    CHECK(booking_date_read(str_cut(str_of("2026-11-205"), 10), date));
}

struct date_case {
    const char *text, *date;
};

static const struct date_case dates[] = {
    {"2026-11-20", "2026-11-20"},
    {"2026-11-20T10:30:00-05:00", "2026-11-20"},
    {"2026-11-20 morning", "2026-11-20"},
    {"2026-11-205", NULL},
    {"2026-02-30", NULL},
    {"11/20/2026", NULL},
    {"Friday", NULL},
    {"today", NULL},
    {"", NULL},
};

static void reads_days(void)
{
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        char date[BOOKING_DATE_BYTES];
        tap_case(dates[i].text);
        bool is_one = booking_date_read(str_of(dates[i].text), date);
        CHECK_INT(is_one, dates[i].date != NULL);
        if (is_one && dates[i].date) {
            CHECK_STR(str_of(date), dates[i].date);
        }
    }
}

static void counts_days(void)
{
    char out[BOOKING_DATE_BYTES];
    booking_date_add("2026-12-30", 3, out);
    CHECK_STR(str_of(out), "2027-01-02");
    booking_date_add("2028-03-01", -1, out);
    CHECK_STR(str_of(out), "2028-02-29");
    CHECK_INT(booking_days_between("2026-11-20", "2026-11-27"), 7);
    CHECK_INT(booking_days_between("2026-11-20", "2026-11-19"), -1);
    CHECK_INT(booking_days_between("2026-03-01", "2026-04-01"), 31);
}

struct slot_case {
    const char *start, *words;
    int minute;
};

static const struct slot_case slots[] = {
    {"2026-12-01T09:00:00.000+01:00", "9:00 AM", 540},
    {"2026-12-01T00:05:00.000Z", "12:05 AM", 5},
    {"2026-12-01T12:00:00Z", "12:00 PM", 720},
    {"2026-12-01T23:59:00Z", "11:59 PM", 1439},
    {"2026-12-01T24:00:00Z", NULL, -1},
    {"2026-12-01", NULL, -1},
};

static void reads_slots(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        char date[BOOKING_DATE_BYTES];
        tap_case(slots[i].start);
        CHECK_INT(booking_slot_minute(str_of(slots[i].start)), slots[i].minute);
        CHECK_INT(booking_slot_date(str_of(slots[i].start), date), slots[i].words != NULL);
        if (slots[i].words) {
            CHECK_STR(booking_slot_words(&a, str_of(slots[i].start)), slots[i].words);
        }
    }
    CHECK_STR(booking_day_words(&a, "2026-11-20"), "Friday, November 20");
    CHECK_STR(booking_day_words(&a, "2027-01-03"), "Sunday, January 3");
    arena_free(&a);
}

TAP_MAIN(TEST(reads_times), TEST(reads_no_further), TEST(reads_days), TEST(counts_days), TEST(reads_slots))
