#include "demo_calendar.h"
#include "arena.h"
#include <assert.h>
#include <stdlib.h>

#define DAYS_OF_YEAR 365.2425

void demo_calendar_init(struct demo_calendar *c, int64_t first_day, size_t days)
{
    *c = (struct demo_calendar){.first_day = first_day, .days = days};
    for (size_t i = 0; i < DEMO_ZONES; i++) {
        c->hours[i] = mem_alloc((days * DEMO_HOURS + 1) * sizeof(*c->hours[i]));
    }
}

void demo_calendar_free(struct demo_calendar *c)
{
    for (size_t i = 0; i < DEMO_ZONES; i++) {
        free(c->hours[i]);
    }
    *c = (struct demo_calendar){0};
}

int64_t demo_calendar_hour(const struct demo_calendar *c, size_t zone, size_t day, size_t hour)
{
    assert(zone < DEMO_ZONES && day * DEMO_HOURS + hour <= c->days * DEMO_HOURS);
    return c->hours[zone][day * DEMO_HOURS + hour];
}

int demo_calendar_weekday(const struct demo_calendar *c, size_t day)
{
    return (int)((c->first_day + (int64_t)day + 3) % 7); /* 1970 began on a Thursday */
}

double demo_calendar_season(const struct demo_calendar *c, size_t day)
{
    double years = (double)(c->first_day + (int64_t)day) / DAYS_OF_YEAR;
    return years - (double)(int64_t)years;
}

long demo_calendar_find(const struct demo_calendar *c, size_t zone, int64_t us)
{
    const int64_t *hours = c->hours[zone];
    size_t low = 0, high = c->days * DEMO_HOURS;
    if (us < hours[low] || us >= hours[high]) {
        return -1;
    }
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (us >= hours[middle]) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (long)low;
}
