/* The words that the HTML and the text of a digest share. */
#include "digest_words.h"
#include "digest_sample.h"
#include "tap.h"
#include <math.h>

struct phone_case {
    const char *number, *shown, *tel;
};

static const struct phone_case phones[] = {
    {"+16465550187", "+1 (646) 555-0187", "tel:+16465550187"},
    {"+442079460123", "+44 20 7946 0123", "tel:+442079460123"},
    {"+447700900123", "+44 770 090 0123", "tel:+447700900123"},
    {"+4930123456", "+49 301 23 456", "tel:+4930123456"},
    {"+35312345678", "+353 123 45 678", "tel:+35312345678"},
    {"+123456", "+1 23 456", "tel:+123456"},
    {"+12345", "+12345", NULL},
    {"+06465550187", "+06465550187", NULL},
    {"+1234567890123456", "+1234567890123456", NULL},
    {"sip:desk@example.com", "sip:desk@example.com", NULL},
    {"+1646555018;x", "+1646555018;x", NULL},
    {"anonymous", "Withheld number", NULL},
    {"Restricted", "Withheld number", NULL},
    {"", "Withheld number", NULL},
    {NULL, "Withheld number", NULL},
};

static void numbers_as_the_dashboard_has_them(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(phones) / sizeof(phones[0]); i++) {
        tap_case(phones[i].number);
        CHECK_STR(words_phone(&a, str_of(phones[i].number)), phones[i].shown);
        CHECK_STR(words_tel(&a, str_of(phones[i].number)), phones[i].tel);
    }
    arena_free(&a);
}

struct number_case {
    double value;
    const char *length, *average;
};

static const struct number_case values[] = {
    {0, "0 s", "0"},
    {0.04, "0 s", "0"},
    {48.4, "48 s", "48.4"},
    {59.6, "1 min", "59.6"},
    {60, "1 min", "60"},
    {130, "2 min 10 s", "130"},
    {11.26, "11 s", "11.3"},
    {3599.6, "1 h", "3,600"},
    {3720, "1 h 2 min", "3,720"},
    {1234567, "342 h 56 min", "1,234,567"},
    {NAN, "–", "–"},
};

static void lengths_and_averages(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        tap_case(values[i].length);
        CHECK_STR(words_length(&a, values[i].value), values[i].length);
        CHECK_STR(words_average(&a, values[i].value), values[i].average);
    }
    CHECK_STR(words_count(&a, 1, "call", "calls"), "1 call");
    CHECK_STR(words_count(&a, 0, "call", "calls"), "0 calls");
    CHECK_STR(words_count(&a, 1204, "call", "calls"), "1,204 calls");
    CHECK_STR(words_count(&a, 1234567890, "call", "calls"), "1,234,567,890 calls");
    CHECK_STR(words_count(&a, -123, "call", "calls"), "-123 calls");
    arena_free(&a);
}

static void the_first_to_call_comes_before_the_mail_is_opened(void)
{
    struct arena a = {0};
    struct digest_facts f;
    sample_read(&a, "busy", &f);
    CHECK_STR(words_preheader(&a, &f),
              "First: Dana Whitlock, no hot water in the surgery, wants somebody today, urgent. Then 7 more.");
    f.to_call_back = 1;
    CHECK_STR(words_preheader(&a, &f),
              "First: Dana Whitlock, no hot water in the surgery, wants somebody today, urgent.");
    struct digest_caller *c = f.call_back.items;
    c[0] = c[3];
    CHECK_STR(words_preheader(&a, &f), "First: +1 (347) 555-0119, stayed silent on the line.");
    f.call_back.count = 0;
    CHECK_STR(words_preheader(&a, &f), "Nobody is waiting for a call back.");
    arena_free(&a);
}

static const char *const capitals[][2] = {
    {"chipped tooth", "Chipped tooth"},
    {"Chipped tooth", "Chipped tooth"},
    {"iPhone repair", "iPhone repair"},
    {"x", "X"},
    {"ädern", "ädern"},
    {"2 crowns", "2 crowns"},
    {"", ""},
    {"a crown", "A crown"},
};

static void reasons_begin_as_sentences_do(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(capitals) / sizeof(capitals[0]); i++) {
        CHECK_STR(words_capital(&a, str_of(capitals[i][0])), capitals[i][1]);
    }
    CHECK_STR(words_why(&a, str_of("chipped tooth"), str_of("Longer."), STR("Booked")), "Chipped tooth");
    CHECK_STR(words_why(&a, str_of(NULL), str_of("longer."), STR("Booked")), "Longer.");
    CHECK_STR(words_why(&a, str_of(NULL), str_of(NULL), STR("Hung up early")), "Hung up before saying why");
    CHECK_STR(words_why(&a, str_of(NULL), str_of(NULL), STR("Booked")), "Did not say why");
    arena_free(&a);
}

static void what_came_of_a_booking(void)
{
    static const struct {
        struct digest_booking booking;
        const char *words;
    } rows[] = {
        {{STR(""), STR("Friday"), true}, NULL},
        {{STR("Booked"), STR("Friday, November 20 at 10:30 AM"), false}, "Booked: Friday, November 20 at 10:30 AM"},
        {{STR("Asked to book; that time was taken"), STR(""), false}, "Asked to book; that time was taken"},
        {{STR("Asked to book; the calendar could not be reached"), STR("Friday, November 20 at 10:30 AM"), true},
         "Asked to book; the calendar could not be reached: Friday, November 20 at 10:30 AM. Call back."},
        {{STR("Asked to book; it was not booked"), STR(""), true}, "Asked to book; it was not booked. Call back."},
        {{STR("Asked to book; the calendar could not be reached"), STR("Wednesday, September 30 at 10:30 AM"), true},
         "Asked to book; the calendar could not be reached: Wednesday, September 30 at 10:30 AM. Call back."},
    };
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str words = words_booking(&a, &rows[i].booking);
        CHECK_STR(words, rows[i].words);
        CHECK(words.n <= MOST_BOOKING); /* so that none is cut */
    }
    arena_free(&a);
}

struct trouble_case {
    int64_t no_ai, no_report, no_booking;
    const char *ai, *report, *booking;
};

static const struct trouble_case troubles[] = {
    {0, 0, 0, NULL, NULL, NULL},
    {0, 0, 3, NULL, NULL, "3 callers asked for an appointment, and it is not certain that there is one. Call back."},
    {1, 1, 1, "The AI could not be reached for 1 call. The fallback took it.",
     "1 call has no report, so what was said in it is not known here.",
     "1 caller asked for an appointment, and it is not certain that there is one. Call back."},
    {2, 1200, 0, "The AI could not be reached for 2 calls. The fallback took them.",
     "1,200 calls have no report, so what was said in them is not known here.", NULL},
};

static void what_is_wrong_is_said_only_then(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
        struct digest_facts f = {.not_answered_by_ai = troubles[i].no_ai,
                                 .without_report = troubles[i].no_report,
                                 .without_booking = troubles[i].no_booking};
        CHECK_STR(words_trouble(&a, &f, TROUBLE_NO_AI), troubles[i].ai);
        CHECK_STR(words_trouble(&a, &f, TROUBLE_NO_REPORT), troubles[i].report);
        CHECK_STR(words_trouble(&a, &f, TROUBLE_NO_BOOKING), troubles[i].booking);
        CHECK_STR(words_trouble(&a, &f, TROUBLE_NO_NUMBER), NULL);
        CHECK(digest_has_trouble(&f) == (i > 0));
    }
    arena_free(&a);
}

struct usual_case {
    int64_t weeks;
    const char *want;
};

static const struct usual_case usuals[] = {
    {0, NULL},
    {1, "Usual: the Tuesday of the week before."},
    {2, "Usual: the average of the last two Tuesdays."},
    {3, "Usual: the average of the last three Tuesdays."},
    {4, "Usual: the average of the last four Tuesdays."},
};

static void what_is_usual(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(usuals) / sizeof(usuals[0]); i++) {
        struct digest_facts f = {.usual_weeks = usuals[i].weeks, .weekday = STR("Tuesday")};
        CHECK_STR(words_usual(&a, &f), usuals[i].want);
    }
    arena_free(&a);
}

struct hours_case {
    double calls;
    int64_t after;
    const char *hours, *want;
};

static const struct hours_case hours[] = {
    {0, 0, "every day, 9 AM–5 PM", NULL},
    {5, 0, "no opening hours set", NULL},
    {5, 0, "every day, 9 AM–5 PM", "All calls came within the opening hours (every day, 9 AM–5 PM)."},
    {1, 1, "every day, 9 AM–5 PM", "Outside the opening hours (every day, 9 AM–5 PM): 1 of 1 call, 100%."},
    {37, 11, "Mon–Fri, 9 AM–5 PM", "Outside the opening hours (Mon–Fri, 9 AM–5 PM): 11 of 37 calls, 30%."},
};

static void how_many_came_after_hours(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(hours) / sizeof(hours[0]); i++) {
        struct digest_facts f = {
            .calls = {.value = hours[i].calls}, .after_hours = hours[i].after, .opening_hours = str_of(hours[i].hours)};
        CHECK_STR(words_after_hours(&a, &f), hours[i].want);
    }
    arena_free(&a);
}

TAP_MAIN(TEST(numbers_as_the_dashboard_has_them), TEST(lengths_and_averages),
         TEST(the_first_to_call_comes_before_the_mail_is_opened), TEST(reasons_begin_as_sentences_do),
         TEST(what_came_of_a_booking), TEST(what_is_wrong_is_said_only_then), TEST(what_is_usual),
         TEST(how_many_came_after_hours))
