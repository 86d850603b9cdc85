#pragma once
/* What came of asking for an appointment in a demo call. */
#include "demo_random.h"

#define DEMO_ATTEMPTS 2
#define DEMO_CLOCK_BYTES 16

enum demo_booked {
    DEMO_NOT_BOOKED, /* nobody asked */
    DEMO_CONFIRMED,
    DEMO_PENDING_THERE, /* Cal.com has it, and the business has yet to confirm it */
    DEMO_SECOND_TIME,   /* the first time was taken, the second one is booked */
    DEMO_UNREACHED      /* the calendar could not be reached */
};

/* A time to come to, by the clock of the business. */
struct demo_time {
    int days_ahead, hour, minute;
};

struct demo_booking {
    enum demo_booked what;
    struct demo_time times[DEMO_ATTEMPTS];
    int count; /* of attempts */
};

/* Monday to Friday, between the hours of opening; `weekday` is the call's, 0 for Monday. */
struct demo_booking demo_booking_make(int weekday, int opens, int closes, struct demo_random *r);
/* "10:30 AM" */
void demo_booking_clock(const struct demo_time *t, char out[DEMO_CLOCK_BYTES]);
/* Of attempt `i`, as public.bookings has them. */
const char *demo_booking_status(const struct demo_booking *b, int i);
const char *demo_booking_reason(const struct demo_booking *b, int i);
