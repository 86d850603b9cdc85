#include "demo_day.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND_US 1000000LL
#define MINUTE_US (60 * SECOND_US)
#define TAU 6.283185307179586
#define MOST_TRIES 2
#define FIRST_CALLS 0.88 /* of all calls; the others are second tries */
#define REGULARS 60      /* of a business's callers, who call often */
#define SELLERS 30       /* the last numbers: they call about a listing, a loan, a warranty */
#define FIRST_WAKING 7   /* nobody tries again at night */
#define LAST_WAKING 22
#define WEIGHT_SCALE 1000 /* of hours, to whole numbers */

#define LARKSPUR "3b1f0c52-7d8e-4a6b-9c21-5e4f8a90d7b3" /* as in every version so far */

/* Streams of chance. */
enum { OF_BUSINESS = 1, OF_DAY, OF_CALL, OF_NEXT, OF_LIVE };

static void write_uuid(struct demo_random *r, char out[DEMO_UUID_BYTES])
{
    uint64_t a = demo_random_next(r), b = demo_random_next(r);
    snprintf(out, DEMO_UUID_BYTES, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff,
             (unsigned)a & 0xfff, (unsigned)(b >> 48 & 0x3fff) | 0x8000, (unsigned long long)(b & 0xffffffffffff));
}

void demo_business_init(struct demo_business *b, uint64_t seed, uint32_t index)
{
    struct demo_random chosen = demo_random_make(seed, OF_BUSINESS, index);
    *b = (struct demo_business){.index = index, .seed = demo_random_next(&chosen), .trade = &demo_trades[0]};
    if (index == DEMO_UNASSIGNED) {
        demo_place_unmapped(b->phone);
        return;
    }
    struct demo_random fixed = demo_random_make(0, OF_BUSINESS, index); /* whatever the seed is */
    write_uuid(&fixed, b->id);
    if (index == 0) {
        memcpy(b->id, LARKSPUR, DEMO_UUID_BYTES);
        b->books = true;
    }
    b->trade = &demo_trades[index % DEMO_TRADES];
    b->zone = demo_place_zone(index);
    demo_place_name(index, b->trade->kinds[index ? demo_random_below(&fixed, 3) : 0], b->name);
    demo_place_phone(index, b->phone);
    if (index && demo_random_often(&fixed, 600)) {
        demo_place_forward(index, b->forward);
    }
}

static bool is_open_day(const struct demo_trade *t, int weekday)
{
    return weekday < 5 || (weekday == 5 && t->saturday_open);
}

static double weekday_weight(const struct demo_trade *t, int weekday)
{
    static const double working[5] = {1.25, 1.08, 1, 0.97, 0.9};
    return weekday < 5 ? working[weekday] : weekday == 5 ? t->saturday : t->sunday;
}

/* The expected number of calls of a day. */
static double expected(const struct demo_calendar *c, const struct demo_business *b, size_t day, double calls_per_day)
{
    struct demo_random r = demo_random_make(b->seed, OF_DAY, (uint64_t)(c->first_day + (int64_t)day));
    double week = 0;
    for (int i = 0; i < 7; i++) {
        week += weekday_weight(b->trade, i);
    }
    double season = 1 + b->trade->season * cos(TAU * (demo_calendar_season(c, day) - b->trade->season_peak));
    double noise = exp(0.16 * demo_random_normal(&r));
    return calls_per_day * FIRST_CALLS * weekday_weight(b->trade, demo_calendar_weekday(c, day)) * 7 / week * season *
           noise;
}

static double bump(double hour, double top, double width)
{
    return exp(-(hour - top) * (hour - top) / (2 * width * width));
}

static double closed_weight(const struct demo_trade *t, int hour)
{
    double awake = hour < 6 ? 0.08 : hour < 8 ? 0.4 : hour < 21 ? 1 : hour < 23 ? 0.5 : 0.2;
    return t->night * awake;
}

static void weigh_hours(const struct demo_trade *t, int weekday, unsigned out[DEMO_HOURS])
{
    for (int h = 0; h < DEMO_HOURS; h++) {
        bool open = is_open_day(t, weekday) && h >= t->opens && h < t->closes;
        double busy =
            0.75 + 0.6 * bump(h, t->opens + 1, 1.3) + 0.4 * bump(h, t->closes - 3, 1.6) - 0.25 * bump(h, 12, 0.7);
        out[h] = (unsigned)(WEIGHT_SCALE * (open ? busy : closed_weight(t, h)));
    }
}

static uint32_t pick_caller(struct demo_random *r)
{
    if (demo_random_often(r, 40)) {
        return DEMO_ANONYMOUS;
    }
    if (demo_random_often(r, 300)) {
        return (uint32_t)(REGULARS * pow(demo_random_unit(r), 1.25));
    }
    return REGULARS + demo_random_below(r, DEMO_CALLERS - REGULARS - SELLERS);
}

static uint8_t pick_reason(const struct demo_trade *t, struct demo_random *r)
{
    unsigned weights[UINT8_MAX];
    size_t count = demo_reason_count(t);
    assert(count <= UINT8_MAX);
    for (size_t i = 0; i < count; i++) {
        weights[i] = demo_reason(t, i)->weight;
    }
    return (uint8_t)demo_random_weighted(r, weights, count);
}

static uint8_t pick_end(const struct demo_business *b, bool open, bool again, struct demo_random *r)
{
    unsigned weights[DEMO_ENDS];
    if (b->index == DEMO_UNASSIGNED) {
        return DEMO_ENDS - 1;
    }
    for (size_t i = 0; i < DEMO_ENDS; i++) {
        weights[i] = again ? demo_ends[i].again : open ? demo_ends[i].open : demo_ends[i].closed;
    }
    size_t end = demo_random_weighted(r, weights, DEMO_ENDS);
    return (uint8_t)(demo_end_dials(&demo_ends[end]) && !b->forward[0] ? DEMO_ENDS - 1 : end);
}

static bool is_open(const struct demo_calendar *c, const struct demo_business *b, int64_t us)
{
    long at = demo_calendar_find(c, b->zone, us);
    int hour = (int)(at % DEMO_HOURS), weekday = demo_calendar_weekday(c, (size_t)at / DEMO_HOURS);
    return is_open_day(b->trade, weekday) && hour >= b->trade->opens && hour < b->trade->closes;
}

/* Postgres is told milliseconds, and its latest call is compared with ours. */
static int64_t whole_ms(int64_t us)
{
    return us - us % 1000;
}

static struct demo_call *add_call(struct demo_calls *calls)
{
    if (calls->count == calls->room) {
        calls->room = calls->room ? calls->room * 2 : 64;
        struct demo_call *items = realloc(calls->items, calls->room * sizeof(*items));
        if (!items) {
            abort();
        }
        calls->items = items;
    }
    return &calls->items[calls->count++];
}

/* A first call, somewhere in an hour of the day. */
static void add_first(const struct demo_calendar *c, struct demo_business *b, size_t day, uint64_t seed,
                      struct demo_calls *calls)
{
    struct demo_random r = demo_random_make(seed, OF_CALL, 0);
    unsigned weights[DEMO_HOURS];
    weigh_hours(b->trade, demo_calendar_weekday(c, day), weights);
    size_t hour = demo_random_weighted(&r, weights, DEMO_HOURS);
    int64_t from = demo_calendar_hour(c, b->zone, day, hour);
    int64_t length = demo_calendar_hour(c, b->zone, day, hour + 1) - from;
    int64_t at = whole_ms(from + (int64_t)(demo_random_unit(&r) * (double)length));
    if (length == 0) {
        return; /* the hour that is left out in spring */
    }
    struct demo_call *call = add_call(calls);
    *call = (struct demo_call){.started_us = at, .seed = demo_random_next(&r), .business = b};
    call->caller = pick_caller(&r);
    call->reason = pick_reason(b->trade, &r);
    call->end = pick_end(b, is_open(c, b, at), false, &r);
    if (demo_end_is_spam(&demo_ends[call->end])) {
        call->caller = DEMO_CALLERS - 1 - demo_random_below(&r, SELLERS);
    }
}

static void add_again(const struct demo_calendar *c, struct demo_business *b, const struct demo_pending *p,
                      struct demo_calls *calls)
{
    struct demo_random r = demo_random_make(p->seed, OF_CALL, 0);
    struct demo_call *call = add_call(calls);
    *call = (struct demo_call){.started_us = p->at_us,
                               .seed = demo_random_next(&r),
                               .business = b,
                               .caller = p->caller,
                               .reason = p->reason,
                               .tries = p->tries};
    call->end = pick_end(b, is_open(c, b, p->at_us), true, &r);
}

/* Does the caller try again, and when? */
static bool tries_again(const struct demo_calendar *c, const struct demo_call *call, struct demo_pending *p_out)
{
    struct demo_random r = demo_random_make(call->seed, OF_NEXT, 0);
    const struct demo_end *end = &demo_ends[call->end];
    bool wants = demo_random_often(&r, end->missed ? 520 : 50);
    double soon_min = 4 + 14 * exp(demo_random_normal(&r));
    double later_min = 60 * (2 + 22 * demo_random_unit(&r));
    double after_min = demo_random_often(&r, 600) ? soon_min : later_min;
    int64_t at = call->started_us + (int64_t)(end->median_s * 3) * SECOND_US + (int64_t)(after_min * (double)MINUTE_US);
    long hour = demo_calendar_find(c, call->business->zone, at);
    bool awake = hour >= 0 && hour % DEMO_HOURS >= FIRST_WAKING && hour % DEMO_HOURS < LAST_WAKING;
    *p_out = (struct demo_pending){.at_us = whole_ms(at),
                                   .seed = demo_random_next(&r),
                                   .caller = call->caller,
                                   .reason = call->reason,
                                   .tries = (uint8_t)(call->tries + 1)};
    return wants && awake && call->caller != DEMO_ANONYMOUS && call->tries < MOST_TRIES && !demo_end_is_spam(end);
}

static void take_pending(const struct demo_calendar *c, struct demo_business *b, int64_t until_us,
                         struct demo_calls *calls)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->pending_count; i++) {
        if (b->pending[i].at_us < until_us) {
            add_again(c, b, &b->pending[i], calls);
        } else {
            b->pending[kept++] = b->pending[i];
        }
    }
    b->pending_count = kept;
}

/* Leaves out, from index `from` on, what has not begun by now and what is there already. */
static void keep_new(const struct demo_calendar *c, const struct demo_business *b, struct demo_calls *calls,
                     size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < calls->count; i++) {
        if (calls->items[i].started_us <= c->now_us && calls->items[i].started_us > b->done_us) {
            calls->items[kept++] = calls->items[i];
        }
    }
    calls->count = kept;
}

void demo_day_plan(const struct demo_calendar *c, struct demo_business *b, size_t day, double calls_per_day,
                   struct demo_calls *calls)
{
    uint64_t date = (uint64_t)(c->first_day + (int64_t)day);
    struct demo_random r = demo_random_make(b->seed, OF_DAY, ~date);
    int64_t until_us = demo_calendar_hour(c, b->zone, day, DEMO_HOURS);
    size_t from = calls->count;
    unsigned count = demo_random_count(&r, expected(c, b, day, calls_per_day));
    take_pending(c, b, until_us, calls);
    for (unsigned i = 0; i < count; i++) {
        add_first(c, b, day, demo_random_next(&r), calls);
    }
    for (size_t i = from; i < calls->count; i++) {
        struct demo_pending next;
        if (!tries_again(c, &calls->items[i], &next)) {
            continue;
        }
        if (next.at_us < until_us) {
            add_again(c, b, &next, calls);
        } else if (b->pending_count < DEMO_PENDING) {
            b->pending[b->pending_count++] = next;
        }
    }
    keep_new(c, b, calls, from);
}

void demo_day_add_live(const struct demo_business *b, int64_t started_us, struct demo_calls *calls)
{
    struct demo_random r = demo_random_make(b->seed, OF_LIVE, (uint64_t)started_us);
    if (started_us <= b->done_us) {
        return;
    }
    struct demo_call *call = add_call(calls);
    *call = (struct demo_call){
        .started_us = whole_ms(started_us), .seed = demo_random_next(&r), .business = b, .live = true};
    call->caller = demo_random_below(&r, REGULARS);
    call->reason = pick_reason(b->trade, &r);
}
