#include "booking_op.h"
#include "booking_words.h"
#include "caps.h"
#include "credentials.h"
#include "db_row.h"
#include <stdio.h>
#include <stdlib.h>

#define NONE ((struct str){NULL, 0})

static struct booking_op *op_of_flow(struct flow *f)
{
    return container_of(f, struct booking_op, flow);
}

struct booking_op *booking_op_new(struct bookings_core *c)
{
    struct booking_op *op = mem_alloc(sizeof(*op));
    op->core = c;
    op->started_ms = loop_now_ms(c->options.loop);
    list_push(&c->ops, &op->node);
    if (!uv_is_active((uv_handle_t *)&c->tick)) {
        uv_timer_start(&c->tick, bookings_on_tick, CAP_BOOKING_TICK_MS, CAP_BOOKING_TICK_MS);
    }
    return op;
}

void booking_op_answer(struct booking_op *op)
{
    struct booking_ask *ask = op->ticket;
    if (!ask) {
        return;
    }
    op->ticket = NULL;
    ask->op = NULL;
    ask->good = op->good;
    ask->words = op->words.n ? op->words : words_refused(BOOKING_BUSY);
    uint64_t ms = loop_now_ms(op->core->options.loop) - op->started_ms;
    metric_observe(METRIC_BOOKING_SECONDS, 0, (double)ms / 1000);
    ask->on_done(ask);
}

void booking_op_give_up(struct booking_op *op)
{
    if (!op->words.n) {
        op->good = false;
        op->words = op->sent ? words_in_doubt(&op->arena, op->gate.start_words) : words_refused(BOOKING_BUSY);
        op->given_up = !op->sent;
        op->promised = op->sent;
    }
}

void booking_op_end(struct booking_op *op)
{
    booking_op_answer(op);
    loop_defer_cancel(op->core->options.loop, &op->begin);
    db_abandon(&op->unit);
    op->core->options.port->abandon(op->core->options.port, &op->calendar);
    calendar_ask_finish(&op->calendar);
    list_remove(&op->core->ops, &op->node);
    arena_free(&op->arena);
    free(op);
}

void booking_op_fail(struct flow *f, int code)
{
    struct booking_op *op = op_of_flow(f);
    log_event(LOG_WARN, "booking_interrupted", LOG_CSTR("step", f->step[-1].name),
              LOG_STR("business", op->wish.business_id), LOG_CSTR("reason", err_info(code)->code));
    metric_count(METRIC_BOOKING_TROUBLES, BOOKING_BUSY);
    booking_op_give_up(op);
    booking_op_end(op);
}

static void on_unit_done(struct db_unit *u, int code)
{
    flow_resume(&container_of(u, struct booking_op, unit)->flow, code);
}

void booking_op_unit(struct booking_op *op, enum sql_statement_id statement, size_t params)
{
    op->unit = (struct db_unit){.role = "ringback_booking", .on_done = on_unit_done};
    db_unit_add(&op->unit, statement, op->params, params);
}

enum flow_next booking_op_submit(struct booking_op *op, unsigned deadline_ms)
{
    op->unit.deadline_ms = deadline_ms;
    return flow_wait(&op->flow, db_submit(op->core->options.pool, &op->unit));
}

enum flow_next booking_op_ask_gate(struct booking_op *op)
{
    const struct booking_wish *w = &op->wish;
    op->params[0] = db_text(w->business_id);
    op->params[1] = db_text(w->provider_call_id);
    op->params[2] = db_text(w->tool == BOOKING_BOOK ? w->tool_call_id : NONE);
    op->params[3] = db_text(op->when.local[0] ? str_of(op->when.local) : NONE);
    op->params[4] = db_text(op->when.offset[0] ? str_of(op->when.offset) : NONE);
    op->params[5] = db_text(op->core->options.secrets_key_id);
    booking_op_unit(op, STMT_BOOKING_GATE, 6);
    return booking_op_submit(op, CAP_BOOKING_UNIT_MS);
}

static const struct field gate_fields[] = {
    FIELD(struct booking_gate, gate, "gate", STR, 0),
    FIELD(struct booking_gate, zone, "zone", STR, 0),
    FIELD(struct booking_gate, today, "today", STR, 0),
    FIELD(struct booking_gate, today_words, "today_words", STR, 0),
    FIELD(struct booking_gate, start_utc, "start_utc", STR, 0),
    FIELD(struct booking_gate, start_local, "start_local", STR, 0),
    FIELD(struct booking_gate, start_words, "start_words", STR, 0),
    FIELD(struct booking_gate, fits, "fits", BOOL, 0),
    FIELD(struct booking_gate, past, "past", BOOL, 0),
    FIELD(struct booking_gate, far, "far", BOOL, 0),
    FIELD(struct booking_gate, api_url, "api_url", STR, 0),
    FIELD(struct booking_gate, sealed, "sealed", STR, 0),
    FIELD(struct booking_gate, event_type_id, "event_type_id", INT, 0),
    FIELD(struct booking_gate, asks_email, "asks_email", BOOL, 0),
    FIELD(struct booking_gate, asks_phone, "asks_phone", BOOL, 0),
    FIELD(struct booking_gate, booking, "booking", STR, 0),
    FIELD(struct booking_gate, status, "status", STR, 0),
    FIELD(struct booking_gate, answer, "answer", STR, 0),
    FIELD(struct booking_gate, booked_for, "booked_for", STR, 0),
    FIELD(struct booking_gate, other_words, "other_words", STR, 0),
    FIELD(struct booking_gate, same_tool_call, "same_tool_call", BOOL, 0),
};

bool booking_op_read_gate(struct booking_op *op)
{
    struct db_row_shape shape = {gate_fields, FIELD_COUNT(gate_fields), &op->arena};
    op->gate = (struct booking_gate){0};
    return db_rows(&op->unit, 0) == 1 && db_row_read(&op->unit, 0, &shape, &op->gate) == 0;
}

enum metric_booking_reason booking_op_open(struct booking_op *op)
{
    static const struct {
        const char *gate;
        enum metric_booking_reason reason;
    } rows[] = {{"open", BOOKING_NONE},
                {"off", BOOKING_OFF},
                {"credentials", BOOKING_CREDENTIALS},
                {"blocked", BOOKING_BLOCKED}};
    const struct booking_gate *g = &op->gate;
    enum metric_booking_reason reason = BOOKING_NOT_CONNECTED;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reason = str_eq(g->gate, str_of(rows[i].gate)) ? rows[i].reason : reason;
    }
    if (reason != BOOKING_NONE) {
        return reason;
    }
    struct calendar_account *account = &op->calendar.account;
    *account = (struct calendar_account){.api_url = g->api_url, .event_type_id = g->event_type_id};
    account->key =
        credentials_open(&op->arena, op->core->options.secrets_key, op->wish.business_id, g->api_url, g->sealed);
    if (!account->key.n) {
        log_event(LOG_ERROR, "credentials_unreadable", LOG_STR("business", op->wish.business_id));
        return BOOKING_NOT_CONNECTED;
    }
    return BOOKING_NONE;
}

static void on_calendar_done(struct calendar_ask *q)
{
    flow_resume(&container_of(q, struct booking_op, calendar)->flow, 0);
}

enum flow_next booking_op_ask_calendar(struct booking_op *op)
{
    struct calendar_port *port = op->core->options.port;
    op->calendar.on_done = on_calendar_done;
    op->calendar.zone = op->gate.zone;
    if (port->submit(port, &op->calendar) < 0) {
        op->calendar.verdict = CALENDAR_UNREACHABLE;
        return FLOW_NEXT;
    }
    return FLOW_PARKED;
}

unsigned booking_op_left_ms(const struct booking_op *op)
{
    uint64_t now = loop_now_ms(op->core->options.loop);
    return now < op->live_until_ms ? (unsigned)(op->live_until_ms - now) : 0;
}

void booking_op_judge(struct booking_op *op)
{
    static const struct {
        enum metric_booking status;
        enum metric_booking_reason reason;
    } rows[] = {
        [CALENDAR_DONE] = {BOOKED_CONFIRMED, BOOKING_NONE},
        [CALENDAR_PENDING] = {BOOKED_PENDING, BOOKING_NONE},
        [CALENDAR_ABSENT] = {BOOKED_UNKNOWN, BOOKING_NO_ANSWER},
        [CALENDAR_CANCELLED] = {BOOKED_REFUSED, BOOKING_CANCELLED},
        [CALENDAR_TAKEN] = {BOOKED_REFUSED, BOOKING_TAKEN},
        [CALENDAR_PAST] = {BOOKED_REFUSED, BOOKING_PAST},
        [CALENDAR_OUT_OF_RANGE] = {BOOKED_REFUSED, BOOKING_OUT_OF_RANGE},
        [CALENDAR_LIMIT] = {BOOKED_REFUSED, BOOKING_LIMIT},
        [CALENDAR_DECLINED] = {BOOKED_REFUSED, BOOKING_DECLINED},
        [CALENDAR_CREDENTIALS] = {BOOKED_FAILED, BOOKING_CREDENTIALS},
        [CALENDAR_BLOCKED] = {BOOKED_FAILED, BOOKING_BLOCKED},
        [CALENDAR_UNREACHABLE] = {BOOKED_FAILED, BOOKING_UNREACHABLE},
        [CALENDAR_UNKNOWN] = {BOOKED_UNKNOWN, BOOKING_NO_ANSWER},
    };
    const struct calendar_ask *q = &op->calendar;
    op->status = rows[q->verdict].status;
    op->reason = rows[q->verdict].reason;
    op->promised |= op->status == BOOKED_UNKNOWN && op->ticket;
    op->good = op->status == BOOKED_CONFIRMED || op->status == BOOKED_PENDING;
    op->words = op->good
                    ? words_booked(&op->arena, op->status == BOOKED_PENDING, op->gate.start_words, op->gate.other_words)
                : op->status == BOOKED_UNKNOWN ? words_in_doubt(&op->arena, op->gate.start_words)
                                               : words_refused(op->reason);
    memcpy(op->error, q->words, sizeof(op->error));
    memcpy(op->uid, q->uid, sizeof(op->uid));
}

static struct db_param number(struct booking_op *op, int64_t n)
{
    return db_text(arena_printf(&op->arena, "%lld", (long long)n));
}

static struct db_param optional(const char *text)
{
    return db_text(*text ? str_of(text) : NONE);
}

/* One line for each booking and each time that more is known of it. */
static void tell(struct booking_op *op)
{
    struct str calls = db_cell(&op->unit, 0, 0, 0);
    bool changed = str_eq(db_cell(&op->unit, 0, 0, 1), STR("1"));
    if (!changed || (op->looks > 0 && op->status == BOOKED_UNKNOWN)) {
        return; /* nothing new */
    }
    metric_count(METRIC_BOOKINGS, op->status);
    if (op->reason != BOOKING_NONE) {
        metric_count(METRIC_BOOKING_TROUBLES, op->reason);
    }
    log_event(op->good || op->status == BOOKED_REFUSED ? LOG_INFO : LOG_WARN, "booking",
              LOG_STR("business", op->wish.business_id), LOG_STR("booking", op->id),
              LOG_CSTR("result", metric_label(LABELS_BOOKING, op->status)),
              LOG_CSTR("reason", metric_label(LABELS_BOOKING_REASON, op->reason)));
    if (calls.n && op->core->options.on_changed) {
        op->core->options.on_changed(op->core->handle, calls);
    }
}

static void on_noted(struct db_unit *u, int code)
{
    struct booking_op *op = container_of(u, struct booking_op, unit);
    if (code == 0) {
        tell(op);
        booking_op_end(op);
        return;
    }
    log_event(LOG_WARN, "booking_not_noted", LOG_STR("business", op->wish.business_id), LOG_STR("booking", op->id),
              LOG_CSTR("reason", err_info(code)->code));
    if (op->note_tries >= CAP_BOOKING_NOTE_TRIES) {
        booking_op_end(op);
        return;
    }
    op->on_wake = booking_op_note;
    op->wake_ms = loop_now_ms(op->core->options.loop) + CAP_BOOKING_AGAIN_MS * op->note_tries;
}

/* One that is unknown keeps no answer: the same tool call shall hear the truth when it is known. */
void booking_op_note(struct booking_op *op)
{
    op->settled = true;
    op->note_tries++;
    op->params[0] = db_text(op->id);
    op->params[1] = db_text(str_of(metric_label(LABELS_BOOKING, op->status)));
    op->params[2] = db_text(str_of(metric_label(LABELS_BOOKING_REASON, op->reason)));
    op->params[3] = optional(op->error);
    op->params[4] = optional(op->uid);
    op->params[5] = db_text(op->status == BOOKED_UNKNOWN ? NONE : op->words);
    op->params[6] = number(op, op->retry_ms);
    op->params[7] = number(op, op->absent);
    op->params[8] = db_text(op->promised ? STR("t") : STR("f"));
    booking_op_unit(op, STMT_BOOKING_SETTLE, 9);
    op->unit.on_done = on_noted;
    int rc = db_submit(op->core->options.pool, &op->unit);
    if (rc < 0) {
        on_noted(&op->unit, rc);
    }
}

/* A unit that lives by itself. */
struct shutting {
    struct db_unit unit;
    struct db_param params[3];
    struct arena arena;
};

static void on_shut(struct db_unit *u, int code)
{
    struct shutting *s = container_of(u, struct shutting, unit);
    if (code < 0) { /* the next one finds out for itself */
        log_event(LOG_WARN, "calendar_state_not_noted", LOG_CSTR("reason", err_info(code)->code));
    }
    arena_free(&s->arena);
    free(s);
}

void booking_op_shut_gate(struct booking_op *op)
{
    const struct calendar_ask *q = &op->calendar;
    bool blocked = q->verdict == CALENDAR_BLOCKED;
    if (!blocked && q->verdict != CALENDAR_CREDENTIALS) {
        return;
    }
    log_event(LOG_WARN, blocked ? "calendar_blocked" : "calendar_refuses_key",
              LOG_STR("business", op->wish.business_id));
    struct shutting *s = mem_alloc(sizeof(*s));
    s->unit = (struct db_unit){.role = "ringback_booking", .on_done = on_shut};
    s->params[0] = db_text(arena_copy(&s->arena, op->wish.business_id));
    s->params[1] =
        db_text(blocked ? arena_printf(&s->arena, "%u", q->block_ms) : arena_copy(&s->arena, str_of(q->words)));
    s->params[2] = db_text(arena_copy(&s->arena, op->gate.sealed));
    db_unit_add(&s->unit, blocked ? STMT_BOOKING_BLOCKED : STMT_BOOKING_KEY_REFUSED, s->params, 3);
    if (db_submit(op->core->options.pool, &s->unit) < 0) {
        on_shut(&s->unit, ERR_BUSY);
    }
}
