#include "demo_row.h"
#include <stdio.h>

#define OF_BOOKING 15 /* a stream of chance */
#define SECOND_US 1000000LL
#define MOMENT_BYTES 64
#define MAIL_BYTES 64
#define UUID_BYTES 37
#define TAKEN STR("User either already has booking at this time or is not available")

bool demo_row_is_booked(const struct demo_words *words)
{
    return words->booking.what == DEMO_CONFIRMED || words->booking.what == DEMO_SECOND_TIME;
}

static void put_id(struct buf *out, struct demo_random *r)
{
    char id[UUID_BYTES];
    uint64_t a = demo_random_next(r), b = demo_random_next(r);
    snprintf(id, sizeof(id), "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff,
             (unsigned)a & 0xfff, (unsigned)(b >> 48 & 0x3fff) | 0x8000, (unsigned long long)(b & 0xffffffffffff));
    demo_put(out, str_of(id));
}

static void put_start(struct buf *out, const struct demo_row *w, const struct demo_time *t, int64_t day)
{
    char moment[MOMENT_BYTES];
    snprintf(moment, sizeof(moment), " %02d:%02d:00 %s", t->hour, t->minute, demo_zones[w->business->zone]);
    demo_put_byte(out, '\t');
    demo_put_date(out, day + t->days_ahead);
    demo_put(out, str_of(moment));
}

static void put_attendee(struct buf *out, const struct demo_row *w, struct str name)
{
    char mail[MAIL_BYTES];
    snprintf(mail, sizeof(mail), "%.*s@example.org", (int)name.n, name.p);
    mail[0] = (char)(mail[0] | 0x20);
    demo_put_next(out, name);
    demo_put_next(out, str_of(mail));
    demo_put_next(out, *w->caller ? str_of(w->caller) : DEMO_ABSENT);
}

static void put_attempt(struct buf *out, const struct demo_row *w, const struct demo_words *words, int64_t day, int nth)
{
    const struct demo_booking *b = &words->booking;
    struct demo_random r = demo_random_make(w->call->seed, OF_BOOKING, (uint64_t)nth);
    bool is_last = nth + 1 == b->count;
    int64_t at_us = w->ended_us - (is_last ? 12 : 28) * SECOND_US;
    put_id(out, &r);
    demo_put_next(out, str_of(w->business->id));
    demo_put_next(out, str_of(w->id));
    demo_put_next(out, str_of(w->provider));
    demo_put_next(out, str_of(w->sid));
    demo_put_next(out, STR("call_"));
    demo_put_key(out, &r);
    demo_put_next(out, str_of(demo_booking_status(b, nth)));
    demo_put_next(out, str_of(demo_booking_reason(b, nth)));
    put_start(out, w, &b->times[nth], day);
    put_attendee(out, w, words->name);
    if (is_last && b->what != DEMO_UNREACHED) {
        demo_put_byte(out, '\t');
        demo_put_key(out, &r);
    } else {
        demo_put_next(out, DEMO_ABSENT);
    }
    demo_put_next(out, is_last ? DEMO_ABSENT : TAKEN);
    demo_put_next(out, words->reason);
    demo_put_next_time(out, at_us);
    demo_put_next_time(out, at_us);
    demo_put_byte(out, '\n');
}

void demo_put_bookings(struct buf *out, const struct demo_row *w, const struct demo_words *words, int64_t day)
{
    for (int i = 0; i < words->booking.count; i++) {
        put_attempt(out, w, words, day, i);
    }
}
