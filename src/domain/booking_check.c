#include "booking_op.h"
#include "booking_words.h"
#include "caps.h"

/* check_availability: the gate, the days, the calendar, the words. */

static struct booking_op *op_of(struct flow *f)
{
    return container_of(f, struct booking_op, flow);
}

static enum flow_next finish(struct booking_op *op, enum metric_availability result, struct str words)
{
    metric_count(METRIC_AVAILABILITY, result);
    op->good = result == AVAILABILITY_FREE || result == AVAILABILITY_NONE;
    op->words = words;
    booking_op_end(op);
    return FLOW_DONE;
}

static enum flow_next refuse(struct booking_op *op, enum metric_booking_reason reason)
{
    metric_count(METRIC_BOOKING_TROUBLES, reason);
    return finish(op, AVAILABILITY_REFUSED, words_not_looked(reason));
}

static enum flow_next step_gate(struct flow *f)
{
    return booking_op_ask_gate(op_of(f));
}

/* A day that is over, or none at all: the assistant does not know what day it is. */
static struct str unusable(struct booking_op *op, bool is_date)
{
    return arena_printf(&op->arena, "%s Give date as YYYY-MM-DD, for example %.*s, which is today: %.*s.",
                        is_date ? "That day is over, or more than a year away." : "Which day is meant?",
                        (int)op->gate.today.n, op->gate.today.p, (int)op->gate.today_words.n, op->gate.today_words.p);
}

static enum flow_next step_ask(struct flow *f)
{
    struct booking_op *op = op_of(f);
    char date[BOOKING_DATE_BYTES] = "", today[BOOKING_DATE_BYTES] = "", last[BOOKING_DATE_BYTES];
    if (!booking_op_read_gate(op)) {
        return refuse(op, BOOKING_OFF);
    }
    enum metric_booking_reason reason = booking_op_open(op);
    if (reason != BOOKING_NONE) {
        return refuse(op, reason);
    }
    bool is_date = booking_date_read(op->wish.date, date) && booking_date_read(op->gate.today, today);
    int ahead = is_date ? booking_days_between(today, date) : 0;
    if (!is_date || ahead < 0 || ahead > CAP_BOOKING_AHEAD_DAYS) {
        metric_count(METRIC_BOOKING_TROUBLES, BOOKING_MISSING);
        return finish(op, AVAILABILITY_REFUSED, unusable(op, is_date));
    }
    booking_date_add(date, CAP_BOOKING_DAYS - 1, last);
    struct calendar_ask *q = &op->calendar;
    q->what = CALENDAR_SLOTS;
    q->from_date = arena_copy(&op->arena, str_of(date));
    q->to_date = arena_copy(&op->arena, str_of(last));
    q->deadline_ms = booking_op_left_ms(op) + 1; /* 0 would be none */
    return booking_op_ask_calendar(op);
}

static enum flow_next step_say(struct flow *f)
{
    struct booking_op *op = op_of(f);
    const struct calendar_ask *q = &op->calendar;
    if (q->verdict == CALENDAR_DONE) {
        int64_t days = op->wish.days < CAP_BOOKING_DAYS ? op->wish.days : CAP_BOOKING_DAYS;
        return finish(op, q->slot_count ? AVAILABILITY_FREE : AVAILABILITY_NONE,
                      words_free(&op->arena, q, q->from_date.p, days));
    }
    booking_op_shut_gate(op);
    booking_op_judge(op);
    metric_count(METRIC_BOOKING_TROUBLES, op->reason);
    return finish(op, AVAILABILITY_FAILED, words_not_looked(op->reason));
}

static const struct flow_step steps[] = {
    {"gate", step_gate}, {"ask_calendar", step_ask}, {"say", step_say}, {NULL, NULL}};

void booking_check_start(struct booking_op *op)
{
    flow_start(&op->flow, steps, booking_op_fail);
}
