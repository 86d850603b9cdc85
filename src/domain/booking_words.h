#pragma once
/* What the assistant is told: one line each, plain English, with what to do next. Texts are made in the arena or literals. */
#include "calendar.h"
#include "metric.h"

/* Why a booking, or a look at free times, is not to be had. In the others `when` is "Friday, November 20 at 10:30 AM". */
struct str words_refused(enum metric_booking_reason reason);
struct str words_not_looked(enum metric_booking_reason reason);
/* `other`: a time that was booked before in the same call; absent: none. */
struct str words_booked(struct arena *a, bool pending, struct str when, struct str other);
/* For somebody else, by this call; whom it is for is not said: that is what a caller said. */
struct str words_booked_for_other(struct arena *a, struct str when);
/* It was sent, and nobody knows. `when` may be absent. */
struct str words_in_doubt(struct arena *a, struct str when);
/* Free times of the days from `date` on, of which the caller wants the first, or `days` of them. */
struct str words_free(struct arena *a, const struct calendar_ask *slots, const char *date, int64_t days);
/* The nearest two to a time that is taken, "2026-11-20T10:30:00". */
struct str words_taken(struct arena *a, const struct calendar_ask *slots, struct str start_local, struct str when);
