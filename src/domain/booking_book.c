#include "booking_op.h"
#include "booking_words.h"
#include "call.h"
#include "caps.h"
#include "db_row.h"
#include "utf8.h"

/* book_appointment: the gate, what is missing, the row, the calendar, the note. */

#define NONE ((struct str){NULL, 0})
#define S(s) (int)(s).n, (s).p ? (s).p : ""

static struct booking_op *op_of(struct flow *f)
{
    return container_of(f, struct booking_op, flow);
}

static enum flow_next finish(struct booking_op *op, bool good, struct str words)
{
    op->good = good;
    op->words = words;
    booking_op_end(op);
    return FLOW_DONE;
}

static enum flow_next step_gate(struct flow *f)
{
    return booking_op_ask_gate(op_of(f));
}

/* Another request is at the same booking: a look at what came of it, after a while. */
static enum flow_next wait_for_other(struct booking_op *op)
{
    op->on_wake = booking_book_start;
    op->wake_ms = loop_now_ms(op->core->options.loop) + CAP_BOOKING_AGAIN_MS;
    return FLOW_DONE;
}

/* But for capitals and blanks. */
static bool is_same_name(struct str a, struct str b)
{
    while (a.n || b.n) {
        while (a.n && *a.p == ' ') {
            a = str_skip(a, 1);
        }
        while (b.n && *b.p == ' ') {
            b = str_skip(b, 1);
        }
        if (!str_eq_nocase(str_cut(a, 1), str_cut(b, 1))) {
            return false;
        }
        a = str_skip(a, 1);
        b = str_skip(b, 1);
    }
    return true;
}

static enum flow_next repeat(struct booking_op *op)
{
    const struct booking_gate *g = &op->gate;
    bool booked = str_eq(g->status, STR("confirmed")) || str_eq(g->status, STR("pending"));
    if (booked && !g->same_tool_call && !is_same_name(g->booked_for, op->wish.name)) {
        return finish(op, false, words_booked_for_other(&op->arena, g->start_words));
    }
    if (g->answer.n) {
        return finish(op, booked, g->answer);
    }
    if (str_eq(g->status, STR("asked")) && op->ticket) {
        op->sent = true; /* by somebody */
        return wait_for_other(op);
    }
    return finish(op, false, words_in_doubt(&op->arena, g->start_words));
}

/* A name, an address: something to say, on one line. */
static bool is_text(struct str s, size_t most)
{
    bool plain = str_trim(s).n > 0 && s.n <= most;
    for (size_t i = 0; plain && i < s.n; i++) {
        plain = utf8_control(str_skip(s, i)) == 0;
    }
    return plain;
}

static bool is_email(struct str s)
{
    size_t at = str_find(s, '@');
    struct str domain = str_skip(s, at + 1);
    return is_text(s, CAP_SMTP_ADDRESS_BYTES) && at > 0 && at < s.n && str_find(domain, '.') > 0 &&
           str_find(domain, '.') < domain.n && !str_ends(domain, STR(".")) && str_find(domain, '@') == domain.n &&
           str_find(s, ' ') == s.n;
}

/* E.164, from what people say: without blanks and the like, and without the country code in a call from a country whose
 * numbers have ten digits after +1. Absent when it is no number. */
static struct str phone_of(struct arena *a, struct str said, struct str caller)
{
    char digits[CAP_BOOKING_TEXT_BYTES + 4] = "+";
    size_t n = 1;
    bool whole = said.n > 0 && said.n <= CAP_BOOKING_TEXT_BYTES;
    for (size_t i = 0; i < said.n && whole; i++) {
        bool digit = said.p[i] >= '0' && said.p[i] <= '9';
        whole = digit || (said.p[i] == '+' && i == 0) || (said.p[i] && strchr(" -.()", said.p[i]));
        digits[n] = said.p[i];
        n += digit;
    }
    bool american = whole && *said.p != '+' && str_starts(caller, STR("+1"));
    struct str number = american && n == 11                       ? arena_printf(a, "+1%.10s", &digits[1])
                        : american && n == 12 && digits[1] == '1' ? arena_printf(a, "%.12s", digits)
                        : whole && *said.p == '+'                 ? arena_printf(a, "%.*s", (int)n, digits)
                                                                  : NONE;
    return call_number_is_e164(number) ? number : NONE;
}

/* Of the row, too, when nothing is booked. */
static void read_phone(struct booking_op *op)
{
    struct booking_wish *w = &op->wish;
    struct str phone = phone_of(&op->arena, w->phone.n ? w->phone : w->caller_number, w->caller_number);
    op->bad_phone |= w->phone.n && !phone.n;
    w->phone = phone;
}

/* What the assistant has to ask for first; absent: nothing. */
static struct str missing(struct booking_op *op)
{
    const struct booking_wish *w = &op->wish;
    const struct booking_gate *g = &op->gate;
    struct arena *a = &op->arena;
    if (w->unreadable) {
        return STR("The arguments could not be read. Call book_appointment again with start and customer_name.");
    }
    if (!op->when.local[0]) {
        return arena_printf(
            a,
            "When is meant? Give start as the business's clock shows it, for example %.*sT10:30; today is "
            "%.*s. Use check_availability for free times.",
            S(g->today), S(g->today_words));
    }
    if (!g->fits) {
        return arena_printf(
            a,
            "That is not a time in the business's time zone, %.*s. Give start as the business's clock shows "
            "it, for example %.*sT10:30, without an offset.",
            S(g->zone), S(g->today));
    }
    if (!is_text(w->name, CAP_BOOKING_TEXT_BYTES)) {
        return STR("Whom is it for? Ask for the caller's first and last name, and give it as customer_name.");
    }
    if (w->email.n && !is_email(w->email)) {
        return STR("That is no e-mail address. Ask the caller to spell it, and give it as customer_email.");
    }
    if (!w->email.n && g->asks_email) {
        return STR("An e-mail address is needed for the confirmation. Ask the caller to spell it, and give it as "
                   "customer_email.");
    }
    if (op->bad_phone || (!w->phone.n && (g->asks_phone || !w->email.n))) {
        return STR("A telephone number is needed. Ask for it, and give it as customer_phone with the country code, as "
                   "+14155550100.");
    }
    return NONE;
}

static void fill_row(struct booking_op *op)
{
    const struct booking_wish *w = &op->wish;
    struct db_param *p = op->params;
    p[0] = db_text(w->business_id);
    p[1] = db_text(w->provider_call_id);
    p[2] = db_text(w->tool_call_id);
    p[3] = db_text(w->twilio_call_sid);
    p[4] = db_text(op->gate.fits ? op->gate.start_utc : NONE);
    p[5] = db_text(w->name.n ? w->name : NONE);
    p[6] = db_text(w->email.n ? w->email : NONE);
    p[7] = db_text(w->phone);
    p[8] = db_text(w->service.n ? w->service : NONE);
}

static void tell_refused(struct booking_op *op)
{
    op->id = arena_copy(&op->arena, db_cell(&op->unit, 0, 0, 0));
    metric_count(METRIC_BOOKINGS, op->status);
    metric_count(METRIC_BOOKING_TROUBLES, op->reason);
    log_event(LOG_INFO, "booking", LOG_STR("business", op->wish.business_id), LOG_STR("booking", op->id),
              LOG_CSTR("result", metric_label(LABELS_BOOKING, op->status)),
              LOG_CSTR("reason", metric_label(LABELS_BOOKING_REASON, op->reason)));
    struct str call = db_cell(&op->unit, 0, 0, 1);
    if (call.n && op->core->options.on_changed) {
        op->core->options.on_changed(op->core->handle, call);
    }
}

static enum flow_next step_refused(struct flow *f)
{
    struct booking_op *op = op_of(f);
    if (db_rows(&op->unit, 0) == 0 && op->ticket) { /* the same tool call came twice: it has one answer */
        op->words = NONE;
        return wait_for_other(op);
    }
    if (db_rows(&op->unit, 0) == 0) {
        booking_op_end(op);
        return FLOW_DONE;
    }
    tell_refused(op);
    booking_op_end(op);
    return FLOW_DONE;
}

static enum flow_next step_refuse(struct flow *f)
{
    struct booking_op *op = op_of(f);
    fill_row(op);
    op->params[9] = db_text(str_of(metric_label(LABELS_BOOKING, op->status)));
    op->params[10] = db_text(str_of(metric_label(LABELS_BOOKING_REASON, op->reason)));
    op->params[11] = db_text(op->words);
    booking_op_unit(op, STMT_BOOKING_REFUSE, 12);
    return booking_op_submit(op, CAP_BOOKING_UNIT_MS);
}

static const struct flow_step refuse_steps[] = {{"refuse", step_refuse}, {"refused", step_refused}, {NULL, NULL}};

/* Kept, although nothing was tried: the owner shall see what callers ask for. */
static enum flow_next refuse(struct booking_op *op, enum metric_booking_reason reason)
{
    op->reason = reason;
    op->status = reason == BOOKING_BLOCKED || reason == BOOKING_CREDENTIALS ? BOOKED_FAILED : BOOKED_REFUSED;
    op->words = words_refused(reason);
    flow_start(&op->flow, refuse_steps, booking_op_fail);
    return FLOW_DONE;
}

/* Nothing is stored of what has to be asked first: the assistant comes again. */
static enum flow_next ask_first(struct booking_op *op, struct str what)
{
    metric_count(METRIC_BOOKING_TROUBLES, BOOKING_MISSING);
    return finish(op, false, what);
}

static enum flow_next open_row(struct booking_op *op)
{
    fill_row(op);
    op->params[9] = db_text(arena_printf(&op->arena, "%d", CAP_BOOKING_LEASE_MS));
    booking_op_unit(op, STMT_BOOKING_OPEN, 10);
    return booking_op_submit(op, CAP_BOOKING_UNIT_MS);
}

static enum flow_next step_judge(struct flow *f)
{
    struct booking_op *op = op_of(f);
    if (!booking_op_read_gate(op)) {
        return finish(op, false, words_refused(BOOKING_OFF));
    }
    if (op->gate.booking.n) {
        return repeat(op);
    }
    op->sent = false;
    read_phone(op);
    enum metric_booking_reason reason = booking_op_open(op);
    if (reason != BOOKING_NONE) {
        return refuse(op, reason);
    }
    struct str what = missing(op);
    if (what.n) {
        return ask_first(op, what);
    }
    if (op->gate.past || op->gate.far) {
        return refuse(op, op->gate.past ? BOOKING_PAST : BOOKING_OUT_OF_RANGE);
    }
    return op->given_up ? finish(op, false, words_refused(BOOKING_BUSY)) : open_row(op);
}

static void fill_calendar(struct booking_op *op)
{
    const struct booking_wish *w = &op->wish;
    struct calendar_ask *q = &op->calendar;
    q->what = CALENDAR_BOOK;
    q->deadline_ms = CAP_CALCOM_BOOK_MS;
    q->start_utc = op->gate.start_utc;
    q->name = str_trim(w->name);
    q->email = w->email;
    q->phone = w->phone;
    q->service = str_or(w->service, STR("Asked for by telephone.")); /* some forms want a note */
    q->booking_id = op->id;
    q->call_id = w->provider_call_id;
    q->business_id = w->business_id;
}

static enum flow_next step_send(struct flow *f)
{
    struct booking_op *op = op_of(f);
    if (db_rows(&op->unit, 0) == 0) { /* somebody else was faster, or it was switched off this moment */
        op->sent = true;              /* as far as is known here */
        return wait_for_other(op);
    }
    op->id = arena_copy(&op->arena, db_cell(&op->unit, 0, 0, 0));
    if (op->given_up || op->core->stopping || booking_op_left_ms(op) == 0) {
        op->calendar.verdict = CALENDAR_UNREACHABLE;
        return FLOW_NEXT;
    }
    fill_calendar(op);
    op->sent = true;
    return booking_op_ask_calendar(op);
}

/* In place of a time that is taken: what else is free in the week that begins that day. */
static enum flow_next step_offer(struct flow *f)
{
    struct booking_op *op = op_of(f);
    struct calendar_ask *q = &op->calendar;
    unsigned left_ms = booking_op_left_ms(op);
    char from[BOOKING_DATE_BYTES] = "", to[BOOKING_DATE_BYTES];
    booking_op_judge(op);
    booking_op_shut_gate(op);
    if (q->verdict != CALENDAR_TAKEN || !op->ticket || left_ms < CAP_BOOKING_OFFER_MS) {
        return FLOW_NEXT;
    }
    booking_date_read(op->gate.start_local, from);
    booking_date_add(from, CAP_BOOKING_DAYS - 1, to);
    calendar_ask_finish(q);
    *q = (struct calendar_ask){
        .what = CALENDAR_SLOTS, .account = q->account, .deadline_ms = left_ms - CAP_BOOKING_TICK_MS};
    q->from_date = arena_copy(&op->arena, str_of(from));
    q->to_date = arena_copy(&op->arena, str_of(to));
    return booking_op_ask_calendar(op);
}

static enum flow_next step_note(struct flow *f)
{
    struct booking_op *op = op_of(f);
    if (op->calendar.what == CALENDAR_SLOTS && op->calendar.verdict == CALENDAR_DONE) {
        op->words = words_taken(&op->arena, &op->calendar, op->gate.start_local, op->gate.start_words);
    }
    booking_op_note(op);
    return FLOW_DONE;
}

static const struct flow_step steps[] = {{"gate", step_gate},   {"judge", step_judge}, {"send", step_send},
                                         {"offer", step_offer}, {"note", step_note},   {NULL, NULL}};

/* Two rows of the call became one at the same moment, or something of that kind: from the gate, then. */
static void on_fail(struct flow *f, int code)
{
    struct booking_op *op = op_of(f);
    if (code == ERR_CONFLICT && op->ticket && !op->id.n) {
        wait_for_other(op);
    } else {
        booking_op_fail(f, code);
    }
}

void booking_book_start(struct booking_op *op)
{
    flow_start(&op->flow, steps, on_fail);
}
