/* Who calls when: repeatable, in the business's hours, every outcome, second tries, days of 23 and 25 hours. */
#include "demo_day.h"
#include "demo_rows.h"
#include "tap.h"
#include <stdlib.h>

#define HOUR_US 3600000000LL
#define FIRST_DAY 20755 /* 2026-10-29, a Thursday */
#define DAYS 40
#define SHORT_DAY 3 /* has no hour 2 */
#define LONG_DAY 10 /* has hour 1 twice */

/* All zones alike, the day begins at 5 UTC. */
static void make_calendar(struct demo_calendar *c, size_t days)
{
    demo_calendar_init(c, FIRST_DAY, days);
    for (size_t z = 0; z < DEMO_ZONES; z++) {
        int64_t at = (int64_t)FIRST_DAY * 24 * HOUR_US + 5 * HOUR_US;
        for (size_t i = 0; i <= days * DEMO_HOURS; i++) {
            c->hours[z][i] = at;
            bool skipped = i == SHORT_DAY * DEMO_HOURS + 2, twice = i == LONG_DAY * DEMO_HOURS;
            at += skipped ? 0 : twice ? 2 * HOUR_US : HOUR_US;
        }
    }
    c->now_us = INT64_MAX;
}

static void plan_all(const struct demo_calendar *c, struct demo_business *b, double per_day, struct demo_calls *out)
{
    out->count = 0;
    for (size_t day = 0; day < c->days; day++) {
        demo_day_plan(c, b, day, per_day, out);
    }
}

static void the_same_seed_gives_the_same_calls(void)
{
    struct demo_calendar c;
    struct demo_calls a = {0}, b = {0};
    struct demo_business x, y;
    make_calendar(&c, DAYS);
    demo_business_init(&x, 7, 3);
    demo_business_init(&y, 7, 3);
    plan_all(&c, &x, 25, &a);
    plan_all(&c, &y, 25, &b);
    CHECK_INT(a.count, b.count);
    CHECK(a.count > 500);
    size_t same = 0, different = 0;
    for (size_t i = 0; i < a.count; i++) {
        same += a.items[i].started_us == b.items[i].started_us && a.items[i].seed == b.items[i].seed &&
                a.items[i].caller == b.items[i].caller && a.items[i].end == b.items[i].end;
    }
    CHECK_INT(same, a.count);
    demo_business_init(&y, 8, 3);
    plan_all(&c, &y, 25, &b);
    for (size_t i = 0; i < a.count && i < b.count; i++) {
        different += a.items[i].started_us != b.items[i].started_us;
    }
    CHECK(different > 400);
    free(a.items);
    free(b.items);
    demo_calendar_free(&c);
}

static void as_many_as_asked_for(void)
{
    static const double rates[] = {2, 25, 300};
    struct demo_calendar c;
    struct demo_calls calls = {0};
    make_calendar(&c, DAYS);
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        size_t count = 0;
        for (uint32_t n = 0; n < 24; n++) {
            struct demo_business b;
            demo_business_init(&b, 1, n);
            plan_all(&c, &b, rates[i], &calls);
            count += calls.count;
        }
        double wanted = rates[i] * 24 * DAYS;
        CHECK((double)count > wanted * 0.85 && (double)count < wanted * 1.15);
    }
    free(calls.items);
    demo_calendar_free(&c);
}

static void calls_keep_the_hours_of_the_trade(void)
{
    struct demo_calendar c;
    struct demo_calls calls = {0};
    make_calendar(&c, DAYS);
    for (uint32_t n = 0; n < DEMO_TRADES; n++) {
        struct demo_business b;
        size_t open = 0, night = 0, sunday = 0;
        demo_business_init(&b, 1, n);
        plan_all(&c, &b, 100, &calls);
        for (size_t i = 0; i < calls.count; i++) {
            long at = demo_calendar_find(&c, b.zone, calls.items[i].started_us);
            int hour = (int)(at % DEMO_HOURS);
            open += hour >= b.trade->opens && hour < b.trade->closes;
            night += hour < 6;
            sunday += demo_calendar_weekday(&c, (size_t)at / DEMO_HOURS) == 6;
        }
        CHECK(open * 100 > calls.count * 55);
        CHECK(night > 0 && night * 100 < calls.count * 6);
        CHECK(sunday > 0 && sunday * 7 < calls.count);
    }
    free(calls.items);
    demo_calendar_free(&c);
}

static void every_end_occurs(void)
{
    struct demo_calendar c;
    struct demo_calls calls = {0};
    size_t ends[DEMO_ENDS] = {0}, anonymous = 0, again = 0;
    make_calendar(&c, 30);
    for (uint32_t n = 0; n < DEMO_TRADES; n++) {
        struct demo_business b;
        demo_business_init(&b, 1, n);
        plan_all(&c, &b, 25, &calls);
        for (size_t i = 0; i < calls.count; i++) {
            ends[calls.items[i].end]++;
            anonymous += calls.items[i].caller == DEMO_ANONYMOUS;
            again += calls.items[i].tries > 0;
            CHECK(calls.items[i].caller < DEMO_CALLERS || calls.items[i].caller == DEMO_ANONYMOUS);
            CHECK(!(calls.items[i].tries && calls.items[i].caller == DEMO_ANONYMOUS));
            CHECK(b.forward[0] || !demo_end_dials(&demo_ends[calls.items[i].end]));
        }
    }
    for (size_t i = 0; i < DEMO_ENDS; i++) {
        tap_case(demo_ends[i].claim);
        CHECK(ends[i] > 0);
    }
    CHECK(anonymous > 150 && again > 450);
    free(calls.items);
    demo_calendar_free(&c);
}

static void who_tries_again_does_so_after_the_first_call(void)
{
    struct demo_calendar c;
    struct demo_calls calls = {0};
    struct demo_business b;
    make_calendar(&c, DAYS);
    demo_business_init(&b, 3, 1);
    plan_all(&c, &b, 60, &calls);
    size_t tries = 0, found = 0, at_night = 0;
    for (size_t i = 0; i < calls.count; i++) {
        const struct demo_call *call = &calls.items[i];
        if (!call->tries) {
            continue;
        }
        tries++;
        long hour = demo_calendar_find(&c, b.zone, call->started_us) % DEMO_HOURS;
        at_night += hour < 7 || hour >= 22;
        for (size_t k = 0; k < calls.count; k++) {
            const struct demo_call *first = &calls.items[k];
            if (first->caller == call->caller && first->reason == call->reason && first->tries + 1 == call->tries &&
                first->started_us < call->started_us && call->started_us - first->started_us < 26 * HOUR_US) {
                found++;
                break;
            }
        }
    }
    CHECK(tries > 50);
    CHECK_INT(found, tries);
    CHECK_INT(at_night, 0);
    free(calls.items);
    demo_calendar_free(&c);
}

static void days_of_23_and_25_hours(void)
{
    struct demo_calendar c;
    struct demo_calls calls = {0};
    struct demo_business b;
    size_t in_second_hour = 0;
    make_calendar(&c, DAYS);
    demo_business_init(&b, 1, 9); /* locksmiths are called at night */
    demo_day_plan(&c, &b, SHORT_DAY, 2000, &calls);
    for (size_t i = 0; i < calls.count; i++) {
        long at = demo_calendar_find(&c, b.zone, calls.items[i].started_us);
        CHECK(at / DEMO_HOURS == SHORT_DAY && at % DEMO_HOURS != 2);
    }
    CHECK(calls.count > 500);
    calls.count = 0;
    demo_business_init(&b, 1, 9);
    demo_day_plan(&c, &b, LONG_DAY, 2000, &calls);
    for (size_t i = 0; i < calls.count; i++) {
        int64_t since = calls.items[i].started_us - demo_calendar_hour(&c, b.zone, LONG_DAY, 0);
        CHECK(since >= 0 && since < 25 * HOUR_US);
        in_second_hour += since >= HOUR_US && since < 2 * HOUR_US;
    }
    CHECK(in_second_hour > 0);
    free(calls.items);
    demo_calendar_free(&c);
}

static void nothing_after_now_nothing_twice(void)
{
    struct demo_calendar c;
    struct demo_calls all = {0}, first = {0}, rest = {0};
    struct demo_business b;
    make_calendar(&c, DAYS);
    demo_business_init(&b, 1, 2);
    plan_all(&c, &b, 25, &all);
    int64_t cut = demo_calendar_hour(&c, b.zone, 20, 13);
    c.now_us = cut;
    demo_business_init(&b, 1, 2);
    plan_all(&c, &b, 25, &first);
    c.now_us = INT64_MAX;
    demo_business_init(&b, 1, 2);
    b.done_us = cut;
    plan_all(&c, &b, 25, &rest);
    for (size_t i = 0; i < all.count; i++) {
        CHECK(all.items[i].started_us % 1000 == 0); /* as the database keeps it */
    }
    for (size_t i = 0; i < first.count; i++) {
        CHECK(first.items[i].started_us <= cut);
    }
    for (size_t i = 0; i < rest.count; i++) {
        CHECK(rest.items[i].started_us > cut);
    }
    CHECK(first.count > 100 && rest.count > 100);
    CHECK_INT(first.count + rest.count, all.count);
    free(all.items);
    free(first.items);
    free(rest.items);
    demo_calendar_free(&c);
}

static void one_call_goes_on(void)
{
    struct demo_calls calls = {0};
    struct demo_business b;
    demo_business_init(&b, 1, 0);
    demo_day_add_live(&b, 5000, &calls);
    CHECK_INT(calls.count, 1);
    CHECK(calls.items[0].live && calls.items[0].started_us == 5000);
    b.done_us = 5000;
    demo_day_add_live(&b, 5000, &calls);
    CHECK_INT(calls.count, 1);
    free(calls.items);
}

static size_t count_bytes(const struct buf *b, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++) {
        n += b->data[i] == c;
    }
    return n;
}

static void rows_have_all_their_columns(void)
{
    struct demo_calendar c;
    struct demo_calls calls = {0};
    struct demo_business b;
    struct demo_rows rows;
    make_calendar(&c, 12);
    c.now_us = demo_calendar_hour(&c, 0, 11, 23);
    demo_business_init(&b, 1, 0);
    demo_rows_init(&rows, (struct demo_shape){.lines = 9, .events = true});
    for (size_t day = 0; day < c.days; day++) {
        demo_day_plan(&c, &b, day, 25, &calls);
        demo_rows_digest(&rows, &c, &b, day);
    }
    demo_day_add_live(&b, c.now_us - 60000000, &calls);
    for (size_t i = 0; i < calls.count; i++) {
        demo_rows_call(&rows, &c, &calls.items[i]);
    }
    CHECK_INT(count_bytes(&rows.calls, '\n'), calls.count);
    CHECK_INT(count_bytes(&rows.calls, '\t'), 22 * calls.count);
    CHECK_INT(count_bytes(&rows.utterances, '\n'), rows.utterance_count);
    CHECK_INT(count_bytes(&rows.utterances, '\t'), 5 * rows.utterance_count);
    CHECK_INT(count_bytes(&rows.events, '\n'), rows.event_count);
    CHECK_INT(count_bytes(&rows.events, '\t'), 6 * rows.event_count);
    CHECK_INT(count_bytes(&rows.words, '\t'), 3 * count_bytes(&rows.words, '\n'));
    CHECK_INT(count_bytes(&rows.words, '\n'), calls.count - 1); /* not of the call that goes on */
    CHECK_INT(rows.digest_count, 11);
    CHECK_INT(count_bytes(&rows.bookings, '\t'), 16 * count_bytes(&rows.bookings, '\n'));
    CHECK(count_bytes(&rows.bookings, '\n') > 10);
    CHECK_INT(count_bytes(&rows.digests, '\t'), 12 * rows.digest_count);
    CHECK(rows.utterance_count > 4 * calls.count);
    demo_rows_free(&rows);
    free(calls.items);
    demo_calendar_free(&c);
}

/* Every end of it occurs, each on a working day within a week, in the opening hours. */
static void appointments_are_on_working_days(void)
{
    size_t seen[DEMO_UNREACHED + 1] = {0};
    struct demo_random r = demo_random_make(1, 2, 3);
    for (int i = 0; i < 2000; i++) {
        int weekday = i % 7;
        struct demo_booking b = demo_booking_make(weekday, 9, 17, &r);
        seen[b.what]++;
        CHECK_INT(b.count, b.what == DEMO_SECOND_TIME ? 2 : 1);
        for (int k = 0; k < b.count; k++) {
            const struct demo_time *t = &b.times[k];
            CHECK(t->days_ahead > 0 && t->days_ahead < 7 && (weekday + t->days_ahead) % 7 < 5);
            CHECK(t->hour >= 9 && t->hour < 17 && (t->minute == 0 || t->minute == 30));
        }
        CHECK(b.count == 1 || b.times[0].hour != b.times[1].hour);
    }
    CHECK_INT(seen[DEMO_NOT_BOOKED], 0);
    CHECK(seen[DEMO_CONFIRMED] > 1200 && seen[DEMO_UNREACHED] > 40);
    CHECK(seen[DEMO_PENDING_THERE] > 100 && seen[DEMO_SECOND_TIME] > 100);
    char clock[DEMO_CLOCK_BYTES];
    demo_booking_clock(&(struct demo_time){1, 12, 30}, clock);
    CHECK_STR(str_of(clock), "12:30 PM");
    demo_booking_clock(&(struct demo_time){1, 9, 0}, clock);
    CHECK_STR(str_of(clock), "9:00 AM");
}

TAP_MAIN(TEST(the_same_seed_gives_the_same_calls), TEST(as_many_as_asked_for), TEST(calls_keep_the_hours_of_the_trade),
         TEST(every_end_occurs), TEST(who_tries_again_does_so_after_the_first_call), TEST(days_of_23_and_25_hours),
         TEST(nothing_after_now_nothing_twice), TEST(one_call_goes_on), TEST(rows_have_all_their_columns),
         TEST(appointments_are_on_working_days))
