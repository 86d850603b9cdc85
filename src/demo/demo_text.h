#pragma once
/* Sentences from templates. In a template {day} is a slot, and {soon|this week|on {day}} is a choice. Templates and slots hold no quotes, backslashes or control characters, so that what is made of them stands in JSON
 * and in COPY as it is. */
#include "buf.h"
#include "demo_random.h"

enum demo_slot {
    SLOT_NAME,     /* {name} of the caller */
    SLOT_BUSINESS, /* {business} */
    SLOT_STAFF,    /* {staff}: who calls back */
    SLOT_DAY,      /* {day} */
    SLOT_PART,     /* {part} of the day */
    SLOT_WHEN,     /* {when} it happened: yesterday */
    SLOT_SINCE,    /* {since} when it goes on: since yesterday */
    SLOT_STREET,   /* {street} */
    SLOT_PRICE,    /* {price} */
    SLOT_TAIL,     /* {tail}: the last digits of a number */
    SLOT_REASON,   /* {reason} of the call */
    SLOT_TIME,     /* {time} of an appointment: 10:30 AM */
    SLOTS
};

struct demo_slots {
    struct str of[SLOTS];
};

/* Appends; the caller has seen to the room. */
void demo_put(struct buf *out, struct str s);
void demo_put_byte(struct buf *out, char c);
void demo_put_number(struct buf *out, uint64_t n);
/* 2026-11-18, of days since 1970. */
void demo_put_date(struct buf *out, int64_t days);
/* A point in time as Postgres reads it, in UTC with milliseconds. */
void demo_put_time(struct buf *out, int64_t us);
/* Appends what the template becomes. */
void demo_put_text(struct buf *out, const char *template, const struct demo_slots *slots, struct demo_random *r);
