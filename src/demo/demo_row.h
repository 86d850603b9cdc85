#pragma once
/* One call on its way to become rows. Private to demo_row*.c and demo_event.c. */
#include "demo_rows.h"

#define DEMO_ABSENT STR("\\N")
#define DEMO_SID_BYTES 35

/* What is derived from a call's seed comes first and in a fixed order. */
struct demo_row {
    const struct demo_call *call;
    const struct demo_business *business;
    const struct demo_end *end;
    char id[DEMO_UUID_BYTES], provider[DEMO_UUID_BYTES], sid[DEMO_SID_BYTES], caller[DEMO_PHONE_BYTES];
    int64_t answered_us, ended_us;
    double seconds;
    bool live, has_report;
};

/* So many digits of the number's upper end. */
void demo_put_hex(struct buf *out, uint64_t bits, size_t digits);
/* 32 digits. */
void demo_put_key(struct buf *out, struct demo_random *r);
/* A tab and a value. */
void demo_put_next(struct buf *out, struct str value);
/* 0 is null. */
void demo_put_next_time(struct buf *out, int64_t us);
/* NAN is null. */
void demo_put_next_decimal(struct buf *out, double value, unsigned decimals);
void demo_put_next_claim(struct buf *out, char rank, struct str value);

/* Does the call end with an appointment? */
bool demo_row_is_booked(const struct demo_words *words);
/* What was asked to be booked on `day`, in days since 1970. */
void demo_put_bookings(struct buf *out, const struct demo_row *w, const struct demo_words *words, int64_t day);

/* The messages that told of the call; how many. */
size_t demo_put_events(struct buf *out, const struct demo_row *w, const struct demo_words *words,
                       struct demo_random *r);
