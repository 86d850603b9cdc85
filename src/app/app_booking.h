#pragma once
/* How booking and the calendar stand in the program. */

struct app;

/* After the fetch room is open. 0, or negative when the database settings are unusable. */
int app_start_bookings(struct app *app) __attribute__((warn_unused_result));
