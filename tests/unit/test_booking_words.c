/* What the assistant is told. */
#include "booking_words.h"
#include "tap.h"

static void one_line(struct str words)
{
    CHECK(words.n > 20);
    CHECK(!memchr(words.p, '\n', words.n));
}

static void every_reason_has_its_sentence(void)
{
    static const enum metric_booking_reason told[] = {BOOKING_OFF,      BOOKING_CREDENTIALS, BOOKING_BLOCKED,
                                                      BOOKING_TAKEN,    BOOKING_PAST,        BOOKING_OUT_OF_RANGE,
                                                      BOOKING_LIMIT,    BOOKING_DECLINED,    BOOKING_UNREACHABLE,
                                                      BOOKING_NOT_MADE, BOOKING_CANCELLED};
    size_t count = sizeof(told) / sizeof(told[0]);
    for (size_t i = 0; i < count; i++) {
        tap_case(metric_label(LABELS_BOOKING_REASON, told[i]));
        one_line(words_refused(told[i]));
        for (size_t k = 0; k < i; k++) {
            CHECK(!str_eq(words_refused(told[i]), words_refused(told[k])));
        }
    }
    for (size_t i = 0; i < BOOKING_REASON_COUNT; i++) { /* none without words */
        one_line(words_refused((enum metric_booking_reason)i));
    }
}

static void requested_is_not_booked(void)
{
    struct arena a = {0};
    CHECK_STR(words_booked(&a, false, STR("Friday, November 20 at 10:30 AM"), (struct str){NULL, 0}),
              "Booked: Friday, November 20 at 10:30 AM.");
    CHECK(str_starts(words_booked(&a, true, STR("Friday"), (struct str){NULL, 0}),
                     STR("Requested, not booked yet: Friday.")));
    CHECK_STR(words_booked(&a, false, STR("Friday"), STR("Monday")),
              "Booked: Friday. The appointment on Monday stands as well; only the business can cancel it.");
    one_line(words_in_doubt(&a, STR("Friday")));
    arena_free(&a);
}

#define DAY(date, time) {{"2026-11-" date "T" time ":00.000-05:00", 29}}

struct free_case {
    const char *name;
    int64_t days;
    size_t from, count;
    const char *words;
};

static struct calendar_slot slots[] = {
    DAY("20", "09:00"), DAY("20", "10:30"), DAY("23", "13:00"), DAY("24", "08:00"),
    DAY("24", "08:30"), DAY("24", "09:00"), DAY("24", "09:30"), DAY("24", "10:00"),
    DAY("24", "10:30"), DAY("24", "11:00"), DAY("24", "11:30"), DAY("24", "16:45"),
};

static const struct free_case frees[] = {
    {"the day asked for", 0, 0, 12, "Friday, November 20: 9:00 AM, 10:30 AM."},
    {"several days", 4, 0, 3, "Friday, November 20: 9:00 AM, 10:30 AM. Monday, November 23: 1:00 PM."},
    {"another day", 0, 2, 10,
     "Nothing is free on Friday, November 20. The next free times: Monday, November 23: 1:00 PM."},
    {"another day than those", 3, 2, 10,
     "Nothing is free on Friday, November 20 and the days after it. The next free times: Monday, November 23: 1:00 PM."},
    {"many times", 0, 3, 9,
     "Nothing is free on Friday, November 20. The next free times: Tuesday, November 24: 8:00 AM, 8:30 AM, 9:30 AM, 10:00 "
     "AM, 11:00 AM, 4:45 PM, and 3 times between."},
    {"none", 0, 0, 0, "Nothing is free from Friday, November 20 to Thursday, November 26. Ask about another week."},
};

static void free_times(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(frees) / sizeof(frees[0]); i++) {
        const struct free_case *c = &frees[i];
        struct calendar_ask q = {.slots = &slots[c->from], .slot_count = c->count, .to_date = STR("2026-11-26")};
        tap_case(c->name);
        CHECK_STR(words_free(&a, &q, "2026-11-20", c->days), c->words);
    }
    arena_free(&a);
}

static void the_nearest_two(void)
{
    struct arena a = {0};
    struct calendar_ask q = {.slots = slots, .slot_count = 12};
    CHECK_STR(
        words_taken(&a, &q, STR("2026-11-20T10:00:00"), STR("Friday, November 20 at 10:00 AM")),
        "Friday, November 20 at 10:00 AM is not free any more, so nothing is booked. Offer Friday, November 20 at 10:30 "
        "AM, or Friday, November 20 at 9:00 AM.");
    CHECK_STR(
        words_taken(&a, &q, STR("2026-11-23T23:00:00"), STR("Then")),
        "Then is not free any more, so nothing is booked. Offer Tuesday, November 24 at 8:00 AM, or Tuesday, November "
        "24 at 8:30 AM.");
    CHECK_STR(
        words_taken(&a, &q, STR("2026-11-20T09:00:00"), STR("Then")), /* which it lists all the same */
        "Then is not free any more, so nothing is booked. Offer Friday, November 20 at 10:30 AM, or Monday, November 23 "
        "at 1:00 PM.");
    q.slot_count = 1;
    CHECK_STR(words_taken(&a, &q, STR("2026-11-20T10:00:00"), STR("Then")),
              "Then is not free any more, so nothing is booked. Offer Friday, November 20 at 9:00 AM.");
    q.slot_count = 0;
    CHECK_STR(words_taken(&a, &q, STR("2026-11-20T10:00:00"), STR("Then")),
              "Then is not free any more, so nothing is booked. Use check_availability and offer another time.");
    arena_free(&a);
}

TAP_MAIN(TEST(every_reason_has_its_sentence), TEST(requested_is_not_booked), TEST(free_times), TEST(the_nearest_two))
