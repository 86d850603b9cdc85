#pragma once
/* Local time of the demo's zones. Postgres says when each local hour begins, so that the calls keep the business's hours also
 * when the clocks change, and by the same tables that people later look at them with. */
#include "demo_place.h"

#define DEMO_HOURS 24

struct demo_calendar {
    int64_t first_day; /* days since 1970, of the first local date */
    size_t days;
    int64_t now_us;             /* nothing begins later */
    int64_t *hours[DEMO_ZONES]; /* when each hour of these days begins, and the end of the last one; owned */
};

void demo_calendar_init(struct demo_calendar *c, int64_t first_day, size_t days);
void demo_calendar_free(struct demo_calendar *c);
/* When an hour of a day begins; hour 24 is the next day's first. */
int64_t demo_calendar_hour(const struct demo_calendar *c, size_t zone, size_t day, size_t hour);
/* 0 for Monday. */
int demo_calendar_weekday(const struct demo_calendar *c, size_t day);
/* From 0 on New Year to 1, nearly. */
double demo_calendar_season(const struct demo_calendar *c, size_t day);
/* The local hour, counted from the first day's; -1 when the calendar does not go so far. */
long demo_calendar_find(const struct demo_calendar *c, size_t zone, int64_t us);
