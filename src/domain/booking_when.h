#pragma once
/* Days and times as an assistant writes them. No time zones here: what a local time means where the business is, Postgres
 * says (booking_gate). */
#include "arena.h"
#include <stdint.h>

#define BOOKING_DATE_BYTES 11

/* "2026-11-20T10:30", with a blank instead of T, with seconds, with "Z" or an offset, or with none of these. */
struct booking_when {
    char local[20]; /* "2026-11-20 10:30:00" */
    char offset[7]; /* "+05:30"; "" when there is none */
};

/* False when it is no such time, or no day of the calendar. */
bool booking_when_read(struct str text, struct booking_when *out);
/* A day, or the day of a time: "2026-11-20". */
bool booking_date_read(struct str text, char out[BOOKING_DATE_BYTES]);
/* So many days later, or earlier. */
void booking_date_add(const char date[BOOKING_DATE_BYTES], int days, char out[BOOKING_DATE_BYTES]);
/* From the first to the second. */
int booking_days_between(const char from[BOOKING_DATE_BYTES], const char to[BOOKING_DATE_BYTES]);
/* "Friday, November 20" */
struct str booking_day_words(struct arena *a, const char date[BOOKING_DATE_BYTES]);
/* Of a slot's start, "2026-11-20T09:00:00.000-05:00": its local day, its minute of that day (-1: it is none), and
 * "9:00 AM". */
bool booking_slot_date(struct str start, char out[BOOKING_DATE_BYTES]);
int booking_slot_minute(struct str start);
struct str booking_slot_words(struct arena *a, struct str start);
