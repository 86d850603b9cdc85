#pragma once
/* Who calls a business on one day, when, why, and how it ends: the weekday and the hour of its trade, the season, some noise;
 * regular callers, new ones, and those who were missed and try again. */
#include "demo_calendar.h"
#include "demo_end.h"
#include "demo_trade.h"

#define DEMO_ANONYMOUS UINT32_MAX
#define DEMO_UNASSIGNED UINT32_MAX /* the number that no business has */
#define DEMO_PENDING 16            /* callers of one business who will try again */
#define DEMO_UUID_BYTES 37
#define DEMO_KEY_BYTES 16
#define DEMO_SID_PREFIX "CAde30" /* of the CallSids made up here: by it they are told from others */

struct demo_pending {
    int64_t at_us;
    uint64_t seed;
    uint32_t caller;
    uint8_t reason, tries;
};

struct demo_business {
    uint32_t index; /* DEMO_UNASSIGNED: nobody's */
    uint64_t seed;
    const struct demo_trade *trade;
    size_t zone;
    char id[DEMO_UUID_BYTES], name[DEMO_NAME_BYTES], phone[DEMO_PHONE_BYTES], forward[DEMO_PHONE_BYTES];
    char words_key[DEMO_KEY_BYTES]; /* in front of each word that its calls are found by */
    bool books;                     /* has a calendar to book in */
    int64_t done_us;                /* calls up to then are there already */
    int64_t digested_day;           /* digests up to this day are there already; days since 1970, 0 for none */
    struct demo_pending pending[DEMO_PENDING];
    size_t pending_count;
};

struct demo_call {
    int64_t started_us;
    uint64_t seed;
    const struct demo_business *business;
    uint32_t caller;
    uint8_t reason, end, tries;
    bool live; /* somebody is talking right now */
};

/* Grows as needed; free `items` when done. */
struct demo_calls {
    struct demo_call *items;
    size_t count, room;
};

/* Business `index`, or the unassigned number. */
void demo_business_init(struct demo_business *b, uint64_t seed, uint32_t index);
/* Appends the calls of one local day that began by now and are not there yet, in no order. Days in turn: who was missed may
 * try again on the next. */
void demo_day_plan(const struct demo_calendar *c, struct demo_business *b, size_t day, double calls_per_day,
                   struct demo_calls *calls);
/* A call that goes on right now, unless one that began later is there already. */
void demo_day_add_live(const struct demo_business *b, int64_t started_us, struct demo_calls *calls);
