#pragma once
/* A stand-in for the bookings room: notes what it is asked, and answers when it is told to. Texts that a wish points at are
 * copied, as the room does it. The directory knows one business. */
#include "booking.h"
#include "business.h"
#include "err.h"
#include "tap.h"

#define DESK_ROWS 32

struct desk {
    struct arena arena;
    struct booking_wish wishes[DESK_ROWS];
    struct booking_ask *asks[DESK_ROWS]; /* NULL: answered or abandoned */
    size_t count, abandoned;
    int code; /* what booking_submit returns */
};

static struct desk desk;
static struct bookings desk_room;
static struct business larkspur;
static char larkspur_id[] = "b1"; /* gone when the directory is loaded again */

static inline void desk_reset(void)
{
    arena_free(&desk.arena);
    desk = (struct desk){0};
    memcpy(larkspur_id, "b1", 2);
    larkspur = (struct business){.phone = STR("+12125550142"), .id = str_of(larkspur_id), .books = true};
}

static inline struct str desk_copy(struct str s)
{
    return s.p ? arena_copy(&desk.arena, s) : s;
}

int booking_submit(struct bookings *b, struct booking_ask *ask, const struct booking_wish *wish)
{
    CHECK(b == &desk_room && desk.count < DESK_ROWS);
    if (desk.code < 0) {
        return desk.code;
    }
    struct booking_wish *w = &desk.wishes[desk.count];
    *w = *wish;
    struct str *texts[] = {&w->business_id,   &w->provider_call_id,
                           &w->tool_call_id,  &w->twilio_call_sid,
                           &w->caller_number, &w->date,
                           &w->start,         &w->name,
                           &w->email,         &w->phone,
                           &w->service};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = desk_copy(*texts[i]);
    }
    ask->op = (struct booking_op *)&desk.asks[desk.count]; /* under way */
    desk.asks[desk.count++] = ask;
    return 0;
}

void booking_abandon(struct booking_ask *ask)
{
    for (size_t i = 0; i < desk.count; i++) {
        if (desk.asks[i] == ask) {
            desk.asks[i] = NULL;
            desk.abandoned++;
        }
    }
    ask->op = NULL;
}

/* The words are gone after the answer. */
static inline void desk_answer(size_t i, bool good, const char *words)
{
    struct booking_ask *ask = desk.asks[i];
    char text[1000];
    CHECK(ask != NULL);
    if (!ask) {
        return;
    }
    desk.asks[i] = NULL;
    snprintf(text, sizeof(text), "%s", words);
    ask->op = NULL;
    ask->good = good;
    ask->words = str_of(text);
    ask->on_done(ask);
    memset(text, '#', sizeof(text));
}

const struct business *directory_find(const struct directory *d, struct str phone)
{
    (void)d;
    return str_eq(phone, larkspur.phone) ? &larkspur : NULL;
}
