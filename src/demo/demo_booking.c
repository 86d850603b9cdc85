#include "demo_booking.h"
#include <stdio.h>

#define DAYS_AHEAD 6 /* so that the name of a weekday says which day is meant */
#define WEEK 7
#define WORKDAYS 5
#define NOON 12

static struct demo_time make_time(int weekday, int opens, int closes, struct demo_random *r)
{
    struct demo_time t = {.days_ahead = 1 + (int)demo_random_below(r, DAYS_AHEAD)};
    while ((weekday + t.days_ahead) % WEEK >= WORKDAYS) {
        t.days_ahead = t.days_ahead % DAYS_AHEAD + 1;
    }
    t.hour = opens + (int)demo_random_below(r, (uint32_t)(closes - opens));
    t.minute = demo_random_often(r, 500) ? 30 : 0;
    return t;
}

struct demo_booking demo_booking_make(int weekday, int opens, int closes, struct demo_random *r)
{
    static const unsigned weights[] = {
        [DEMO_CONFIRMED] = 74, [DEMO_PENDING_THERE] = 10, [DEMO_SECOND_TIME] = 10, [DEMO_UNREACHED] = 6};
    struct demo_booking b = {.count = 1};
    b.what = (enum demo_booked)demo_random_weighted(r, weights, sizeof(weights) / sizeof(weights[0]));
    b.times[0] = b.times[1] = make_time(weekday, opens, closes, r);
    if (b.what == DEMO_SECOND_TIME) {
        b.count = 2;
        b.times[1].hour = b.times[0].hour + 1 < closes ? b.times[0].hour + 1 : opens;
    }
    return b;
}

void demo_booking_clock(const struct demo_time *t, char out[DEMO_CLOCK_BYTES])
{
    int hour = t->hour % NOON ? t->hour % NOON : NOON;
    snprintf(out, DEMO_CLOCK_BYTES, "%d:%02d %s", hour, t->minute, t->hour < NOON ? "AM" : "PM");
}

const char *demo_booking_status(const struct demo_booking *b, int i)
{
    return b->what == DEMO_PENDING_THERE           ? "pending"
           : b->what == DEMO_UNREACHED             ? "failed"
           : b->what == DEMO_SECOND_TIME && i == 0 ? "refused"
                                                   : "confirmed";
}

const char *demo_booking_reason(const struct demo_booking *b, int i)
{
    return b->what == DEMO_UNREACHED ? "unreachable" : b->what == DEMO_SECOND_TIME && i == 0 ? "taken" : "none";
}
