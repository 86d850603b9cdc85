#include "booking_words.h"
#include "booking_when.h"
#include "caps.h"
#include <stdlib.h>

#define TIME_LETTERS 16 /* of a local time up to its minutes */
#define S(s) (int)(s).n, (s).p ? (s).p : ""
#define MESSAGE "Offer to take a message so that somebody calls back."
#define CHECK_AGAIN "Use check_availability and offer another time."

struct str words_refused(enum metric_booking_reason reason)
{
    static const char *const words[BOOKING_REASON_COUNT] = {
        [BOOKING_OFF] = "I can not book appointments in this call. " MESSAGE,
        [BOOKING_NOT_CONNECTED] = "I can not book appointments in this call. " MESSAGE,
        [BOOKING_CREDENTIALS] = "I can not get into the calendar right now, so nothing is booked. " MESSAGE,
        [BOOKING_BLOCKED] = "The calendar is too busy to answer right now, so nothing is booked. " MESSAGE,
        [BOOKING_TAKEN] = "That time was just taken, so nothing is booked. " CHECK_AGAIN,
        [BOOKING_PAST] = "That time is over, so nothing is booked. " CHECK_AGAIN,
        [BOOKING_OUT_OF_RANGE] = "That time is too soon or too far ahead to be booked. " CHECK_AGAIN,
        [BOOKING_LIMIT] = "The caller has as many appointments as the calendar allows, so nothing is booked. " MESSAGE,
        [BOOKING_DECLINED] = "The calendar did not accept that booking, so nothing is booked. " MESSAGE,
        [BOOKING_UNREACHABLE] = "I could not reach the calendar, so nothing is booked. " MESSAGE,
        [BOOKING_NOT_MADE] = "The calendar did not answer, and nothing is booked. " MESSAGE,
        [BOOKING_CANCELLED] = "That booking was cancelled in the calendar. " MESSAGE,
        [BOOKING_BUSY] = "I could not reach the calendar. " MESSAGE, /* nor is it known what was booked before */
    };
    return str_of(words[reason] ? words[reason] : words[BOOKING_DECLINED]);
}

struct str words_not_looked(enum metric_booking_reason reason)
{
    static const char *const words[BOOKING_REASON_COUNT] = {
        [BOOKING_OFF] = "I can not book appointments in this call. " MESSAGE,
        [BOOKING_NOT_CONNECTED] = "I can not book appointments in this call. " MESSAGE,
        [BOOKING_CREDENTIALS] = "I can not get into the calendar right now. " MESSAGE,
        [BOOKING_BLOCKED] = "The calendar is too busy to answer right now. " MESSAGE,
    };
    return str_of(words[reason] ? words[reason] : "I could not reach the calendar to look for free times. " MESSAGE);
}

struct str words_booked_for_other(struct arena *a, struct str when)
{
    return arena_printf(a, "In this call %.*s is booked already, under another name. " CHECK_AGAIN, S(when));
}

struct str words_booked(struct arena *a, bool pending, struct str when, struct str other)
{
    struct str out = pending ? arena_printf(a,
                                            "Requested, not booked yet: %.*s. The business has to confirm it; tell the "
                                            "caller that it is requested.",
                                            S(when))
                             : arena_printf(a, "Booked: %.*s.", S(when));
    return other.n ? arena_printf(a, "%.*s The appointment on %.*s stands as well; only the business can cancel it.",
                                  S(out), S(other))
                   : out;
}

struct str words_in_doubt(struct arena *a, struct str when)
{
    return arena_printf(
        a,
        "The calendar did not answer in time, so I can not say whether %.*s is booked. Do not try it again; "
        "tell the caller that somebody will call back to confirm.",
        S(when));
}

/* Slots of one day stand together: in order of time. */
static size_t same_day(const struct calendar_ask *q, size_t first)
{
    size_t n = 1;
    while (first + n < q->slot_count &&
           str_eq(str_cut(q->slots[first + n].start, 10), str_cut(q->slots[first].start, 10))) {
        n++;
    }
    return n;
}

/* "Friday, November 20: 9:00 AM, 10:30 AM." Of many times some, from the first to the last. */
static struct str day_line(struct arena *a, const struct calendar_slot *slots, size_t count)
{
    char date[BOOKING_DATE_BYTES] = "";
    size_t shown = count < CAP_BOOKING_OFFERS ? count : CAP_BOOKING_OFFERS;
    booking_slot_date(slots[0].start, date);
    struct str day = booking_day_words(a, date), line = arena_printf(a, "%.*s:", S(day));
    for (size_t i = 0; i < shown; i++) {
        size_t at = shown == count ? i : i * (count - 1) / (shown - 1);
        struct str time = booking_slot_words(a, slots[at].start);
        line = arena_printf(a, "%.*s%s %.*s", S(line), i ? "," : "", S(time));
    }
    return count > shown ? arena_printf(a, "%.*s, and %zu times between.", S(line), count - shown)
                         : arena_printf(a, "%.*s.", S(line));
}

static struct str nothing_free(struct arena *a, const char *date, struct str to_date)
{
    char last[BOOKING_DATE_BYTES] = "";
    booking_date_read(to_date, last);
    struct str from = booking_day_words(a, date), to = booking_day_words(a, last);
    return arena_printf(a, "Nothing is free from %.*s to %.*s. Ask about another week.", S(from), S(to));
}

struct str words_free(struct arena *a, const struct calendar_ask *q, const char *date, int64_t days)
{
    char day[BOOKING_DATE_BYTES];
    struct str out = {NULL, 0};
    size_t told = 0;
    for (size_t i = 0, n; i < q->slot_count; i += n) {
        n = same_day(q, i);
        booking_slot_date(q->slots[i].start, day);
        bool wanted = booking_days_between(date, day) < (days > 1 ? days : 1);
        if (!wanted && told) {
            break;
        }
        struct str line = day_line(a, &q->slots[i], n);
        if (wanted) {
            out = out.p ? arena_printf(a, "%.*s %.*s", S(out), S(line)) : line;
        } else {
            struct str asked = booking_day_words(a, date);
            out = arena_printf(a, "Nothing is free on %.*s%s. The next free times: %.*s", S(asked),
                               days > 1 ? " and the days after it" : "", S(line));
        }
        told++;
    }
    return told ? out : nothing_free(a, date, q->to_date);
}

/* Minutes from one local time to another; where clocks change in between it is an hour off, which does not matter here. */
static long distance(struct str x, struct str y)
{
    char a[BOOKING_DATE_BYTES] = "", b[BOOKING_DATE_BYTES] = "";
    booking_date_read(str_cut(x, 10), a);
    booking_date_read(str_cut(y, 10), b);
    return labs((long)booking_days_between(a, b) * 1440 + booking_slot_minute(y) - booking_slot_minute(x));
}

static struct str slot_words(struct arena *a, struct str start)
{
    char date[BOOKING_DATE_BYTES] = "";
    booking_slot_date(start, date);
    struct str day = booking_day_words(a, date), time = booking_slot_words(a, start);
    return arena_printf(a, "%.*s at %.*s", S(day), S(time));
}

struct str words_taken(struct arena *a, const struct calendar_ask *q, struct str start_local, struct str when)
{
    const struct calendar_slot *best = NULL, *second = NULL;
    for (size_t i = 0; i < q->slot_count; i++) {
        const struct calendar_slot *s = &q->slots[i];
        if (str_eq(str_cut(s->start, TIME_LETTERS), str_cut(start_local, TIME_LETTERS))) {
            continue; /* its list of free times is older than its refusal */
        }
        long d = distance(start_local, s->start);
        if (!best || d < distance(start_local, best->start)) {
            second = best;
            best = s;
        } else if (!second || d < distance(start_local, second->start)) {
            second = s;
        }
    }
    if (!best) {
        return arena_printf(a, "%.*s is not free any more, so nothing is booked. " CHECK_AGAIN, S(when));
    }
    struct str one = slot_words(a, best->start);
    struct str two = second ? slot_words(a, second->start) : (struct str){NULL, 0};
    return arena_printf(a, "%.*s is not free any more, so nothing is booked. Offer %.*s%s%.*s.", S(when), S(one),
                        second ? ", or " : "", S(two));
}
