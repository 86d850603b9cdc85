#pragma once
/* Where demo businesses and their callers are: time zones, area codes, names. Every number is +1 NPA 555 01xx, which nobody
 * has; every business is made up, and people have given names only. */
#include "demo_text.h"

#define DEMO_PHONE_BYTES 13   /* +12125550142 and its end */
#define DEMO_NAME_BYTES 64    /* of a business */
#define DEMO_BUSINESSES 10000 /* so many names and numbers differ */
#define DEMO_CALLERS 1000     /* numbers that call one business, at most */
#define DEMO_ZONES 13

/* IANA names; the first is America/New_York. */
extern const char *const demo_zones[DEMO_ZONES];

/* The business's zone, as an index. */
size_t demo_place_zone(uint32_t business);
void demo_place_name(uint32_t business, const char *kind, char out[DEMO_NAME_BYTES]);
void demo_place_phone(uint32_t business, char out[DEMO_PHONE_BYTES]);
void demo_place_forward(uint32_t business, char out[DEMO_PHONE_BYTES]);
/* One that no business has. */
void demo_place_unmapped(char out[DEMO_PHONE_BYTES]);
/* A caller's number, mostly from nearby; never the business's own. */
void demo_place_caller(uint32_t business, uint32_t caller, char out[DEMO_PHONE_BYTES]);

/* Fills what is said of a call: name, day, part, when, since, street, price. `weekday` is the call's, 0 for Monday. */
void demo_place_slots(struct demo_slots *slots, int weekday, struct demo_random *r);
/* The name that goes with a number. */
/* "Friday", and "tomorrow" for the next day. */
struct str demo_place_day(int weekday, int days_ahead);
struct str demo_place_person(uint64_t which);
