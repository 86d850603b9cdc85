#include "booking_op.h"
#include "booking_words.h"
#include "caps.h"
#include "db_row.h"
#include <stdlib.h>

/* What was left half done: rows whose server is gone, bookings that got no clear answer, keys that were refused. One op takes
 * what is due, and makes one op for each; any number of servers may do so at once. */

#define NOT_MADE_LOOKS 3 /* so often Cal.com must know nothing of it: a request may still be on its way */

enum { LOOK, ADOPT, RECHECK, UNKNOWN }; /* calls of a look */

static struct booking_op *op_of(struct flow *f)
{
    return container_of(f, struct booking_op, flow);
}

static enum flow_next finish(struct booking_op *op)
{
    booking_op_end(op);
    return FLOW_DONE;
}

struct look_row {
    struct str id, business_id, zone, start_utc, start_words, gate, api_url, sealed;
    int64_t looks, absent, event_type_id;
};

static const struct field look_fields[] = {
    FIELD(struct look_row, id, "id", STR, 0),
    FIELD(struct look_row, business_id, "business_id", STR, 0),
    FIELD(struct look_row, looks, "looks", INT, 0),
    FIELD(struct look_row, absent, "absent", INT, 0),
    FIELD(struct look_row, zone, "zone", STR, 0),
    FIELD(struct look_row, start_utc, "start_utc", STR, 0),
    FIELD(struct look_row, start_words, "start_words", STR, 0),
    FIELD(struct look_row, gate, "gate", STR, 0),
    FIELD(struct look_row, api_url, "api_url", STR, 0),
    FIELD(struct look_row, sealed, "sealed", STR, 0),
    FIELD(struct look_row, event_type_id, "event_type_id", INT, 0),
};

static unsigned pause_ms(int64_t looks)
{
    uint64_t ms = CAP_BOOKING_LOOK_FIRST_MS;
    for (int64_t i = 1; i < looks && ms < CAP_BOOKING_LOOK_MOST_MS; i++) {
        ms *= 2;
    }
    return (unsigned)(ms < CAP_BOOKING_LOOK_MOST_MS ? ms : CAP_BOOKING_LOOK_MOST_MS);
}

static void judge(struct booking_op *op)
{
    enum calendar_verdict verdict = op->calendar.verdict;
    bool known = verdict == CALENDAR_DONE || verdict == CALENDAR_PENDING || verdict == CALENDAR_CANCELLED;
    booking_op_judge(op);
    if (known) {
        return;
    }
    op->status = BOOKED_UNKNOWN;
    op->reason = BOOKING_NO_ANSWER;
    op->good = false;
    op->retry_ms = pause_ms(op->looks);
    op->absent += verdict == CALENDAR_ABSENT;
    if (op->absent >= NOT_MADE_LOOKS) {
        op->status = BOOKED_FAILED;
        op->reason = BOOKING_NOT_MADE;
        op->words = words_refused(BOOKING_NOT_MADE);
    }
}

static enum flow_next step_find(struct flow *f)
{
    struct booking_op *op = op_of(f);
    struct calendar_ask *q = &op->calendar;
    q->verdict = CALENDAR_UNREACHABLE;
    if (booking_op_open(op) != BOOKING_NONE || !op->gate.start_utc.n) {
        return FLOW_NEXT;
    }
    q->what = CALENDAR_FIND;
    q->deadline_ms = CAP_CALCOM_LOOK_MS;
    q->booking_id = op->id;
    q->start_utc = op->gate.start_utc;
    return booking_op_ask_calendar(op);
}

static enum flow_next step_found(struct flow *f)
{
    struct booking_op *op = op_of(f);
    booking_op_shut_gate(op);
    judge(op);
    booking_op_note(op);
    return FLOW_DONE;
}

static const struct flow_step find_steps[] = {{"find", step_find}, {"found", step_found}, {NULL, NULL}};

static void start_find(struct booking_op *look, size_t row)
{
    struct booking_op *op = booking_op_new(look->core);
    struct db_row_shape shape = {look_fields, FIELD_COUNT(look_fields), &op->arena};
    struct look_row r = {0};
    if (db_row_read(&look->unit, row, &shape, &r) < 0) {
        booking_op_end(op);
        return;
    }
    op->id = r.id;
    op->looks = r.looks;
    op->absent = r.absent;
    op->wish.business_id = r.business_id;
    op->gate = (struct booking_gate){.gate = r.gate,
                                     .zone = r.zone,
                                     .start_utc = r.start_utc,
                                     .start_words = r.start_words,
                                     .api_url = r.api_url,
                                     .sealed = r.sealed,
                                     .event_type_id = r.event_type_id};
    flow_start(&op->flow, find_steps, booking_op_fail);
}

static enum flow_next step_ask_account(struct flow *f)
{
    struct booking_op *op = op_of(f);
    struct calendar_ask *q = &op->calendar;
    if (booking_op_open(op) != BOOKING_NONE) {
        return finish(op);
    }
    q->what = CALENDAR_EVENT_TYPE;
    q->deadline_ms = CAP_CALCOM_LOOK_MS;
    return booking_op_ask_calendar(op);
}

static bool is_bookable(const struct calendar_event_type *t)
{
    return !t->repeats && !t->seats && !t->cannot_fill.n;
}

/* Only what is clearly good opens the gate again. */
static enum flow_next step_take_key(struct flow *f)
{
    struct booking_op *op = op_of(f);
    if (op->calendar.verdict != CALENDAR_DONE || !is_bookable(&op->calendar.event_type)) {
        return finish(op);
    }
    log_event(LOG_INFO, "calendar_takes_key", LOG_STR("business", op->wish.business_id));
    op->params[0] = db_text(op->wish.business_id);
    op->params[1] = db_text(op->gate.sealed);
    booking_op_unit(op, STMT_BOOKING_KEY_TAKEN, 2);
    return booking_op_submit(op, 0);
}

static enum flow_next step_finish(struct flow *f)
{
    return finish(op_of(f));
}

static const struct flow_step recheck_steps[] = {
    {"ask_account", step_ask_account}, {"take_key", step_take_key}, {"finish", step_finish}, {NULL, NULL}};

static void start_recheck(struct booking_op *look)
{
    struct booking_op *op = booking_op_new(look->core);
    struct str api_url = db_cell(&look->unit, RECHECK, 0, 1);
    op->wish.business_id = arena_copy(&op->arena, db_cell(&look->unit, RECHECK, 0, 0));
    op->gate = (struct booking_gate){.gate = STR("open"),
                                     .api_url = api_url.p ? arena_copy(&op->arena, api_url) : api_url,
                                     .sealed = arena_copy(&op->arena, db_cell(&look->unit, RECHECK, 0, 2)),
                                     .event_type_id = strtoll(db_cell(&look->unit, RECHECK, 0, 3).p, NULL, 10)};
    flow_start(&op->flow, recheck_steps, booking_op_fail);
}

static void tell_adopted(const struct booking_op *look)
{
    struct str calls = db_cell(&look->unit, ADOPT, 0, 0);
    if (calls.n && look->core->options.on_changed) {
        look->core->options.on_changed(look->core->handle, calls);
    }
}

static enum flow_next step_look(struct flow *f)
{
    struct booking_op *op = op_of(f);
    op->params[0] = db_text(arena_printf(&op->arena, "%d", CAP_BOOKING_LOOK_FIRST_MS));
    op->params[1] = db_text(op->core->options.secrets_key_id);
    op->params[2] = db_text(arena_printf(&op->arena, "%d", CAP_BOOKING_SWEEP_ROWS));
    op->params[3] = db_text(arena_printf(&op->arena, "%d", CAP_BOOKING_RECHECK_MS));
    op->params[4] = op->params[1];
    booking_op_unit(op, STMT_BOOKING_LOOK, 3);
    db_unit_add(&op->unit, STMT_BOOKING_ADOPT, NULL, 0);
    db_unit_add(&op->unit, STMT_BOOKING_RECHECK, &op->params[3], 2);
    db_unit_add(&op->unit, STMT_BOOKING_UNKNOWN, NULL, 0);
    return booking_op_submit(op, 0);
}

static enum flow_next step_begin_finds(struct flow *f)
{
    struct booking_op *op = op_of(f);
    struct str unknown = db_cell(&op->unit, UNKNOWN, 0, 0);
    tell_adopted(op);
    metric_set(METRIC_BOOKINGS_UNKNOWN, 0, 0, (double)strtoll(unknown.p, NULL, 10));
    for (size_t i = 0; i < db_rows(&op->unit, LOOK); i++) {
        start_find(op, i);
    }
    if (db_rows(&op->unit, RECHECK)) {
        start_recheck(op);
    }
    op->core->look = NULL;
    return finish(op);
}

static const struct flow_step look_steps[] = {{"look", step_look}, {"begin_finds", step_begin_finds}, {NULL, NULL}};

static void on_look_failed(struct flow *f, int code)
{
    struct booking_op *op = op_of(f);
    if (code != ERR_UNAVAILABLE) { /* the pool says that one itself */
        log_event(LOG_WARN, "bookings_not_looked_up", LOG_CSTR("reason", err_info(code)->code));
    }
    op->core->look = NULL;
    booking_op_end(op);
}

void booking_sweep_look(struct bookings_core *c)
{
    if (c->look || c->stopping || c->ops.count + CAP_BOOKING_SWEEP_ROWS + 2 > CAP_BOOKINGS) {
        return;
    }
    c->look = booking_op_new(c);
    flow_start(&c->look->flow, look_steps, on_look_failed);
}
