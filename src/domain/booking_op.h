#pragma once
/* One piece of work between the database and the calendar: a tool call, or a look at what became of one. Private to
 * booking*.c.
 *
 * An op is a heap object on its core's list from booking_op_new to booking_op_end. Its ticket, if there is one, can be cut
 * from either side: the tool call is answered at live_until_ms at the latest, the op goes on as long as it must. */
#include "booking.h"
#include "booking_when.h"
#include "db_unit.h"
#include "flow.h"
#include "loop.h"

struct bookings_core {
    struct bookings *handle;
    struct booking_options options;
    struct list ops;
    uv_timer_t tick, sweep;  /* tick: while there are ops */
    struct booking_op *look; /* takes what is due to be looked up; NULL: not now */
    bool stopping;
    uint64_t stop_at_ms;
    size_t open_handles;
};

/* What the gate said, copied. Dates and words are the business's own. */
struct booking_gate {
    struct str gate, zone, today, today_words, start_utc, start_local, start_words, api_url, sealed;
    struct str booking, status, answer, booked_for; /* that is there already */
    struct str other_words;                         /* another time that was booked in this call */
    int64_t event_type_id;
    bool fits, past, far, asks_email, asks_phone;
    bool same_tool_call; /* as that booking's */
};

struct booking_op {
    struct bookings_core *core;
    struct list_node node;
    struct flow flow;
    struct db_unit unit;
    struct db_param params[12];
    struct calendar_ask calendar;
    struct arena arena;
    struct booking_ask *ticket; /* NULL: answered or cut */
    uint64_t started_ms, live_until_ms;
    struct loop_task begin; /* a submit never calls back inside itself */
    uint64_t wake_ms;       /* 0: nothing to wake for */
    void (*on_wake)(struct booking_op *);

    struct booking_wish wish; /* copied */
    struct booking_when when;
    bool bad_phone; /* a number was said that is none */
    struct booking_gate gate;
    struct str id; /* of the row that is ours */
    bool promised; /* the caller was told that somebody will call back about it */
    bool sent;     /* the calendar has heard of it */
    bool given_up; /* the caller was told so: nothing is sent any more */

    /* What it came to. */
    bool settled, good;
    enum metric_booking status;
    enum metric_booking_reason reason;
    struct str words; /* absent: not known yet */
    char error[CALENDAR_WORDS_BYTES];
    char uid[CALENDAR_UID_BYTES];
    unsigned note_tries;
    unsigned retry_ms;     /* until it is looked up again */
    int64_t looks, absent; /* of a look at a booking: how many there were with this one, and how many in vain */
};

struct booking_op *booking_op_new(struct bookings_core *c);
/* Answers who still waits, if there are words, and frees it. */
void booking_op_end(struct booking_op *op);
/* Answers now; the op goes on. */
void booking_op_answer(struct booking_op *op);

/* No more is known, and the caller must hear something true: what was not sent by now never is. */
void booking_op_give_up(struct booking_op *op);

/* An empty unit, whose end resumes the flow; and its statement, with the parameters that are in place. */
void booking_op_unit(struct booking_op *op, enum sql_statement_id statement, size_t params);
enum flow_next booking_op_submit(struct booking_op *op, unsigned deadline_ms);
/* Asks the gate about wish and when. */
enum flow_next booking_op_ask_gate(struct booking_op *op);
/* What it said. False: there is no such business. */
bool booking_op_read_gate(struct booking_op *op);
/* May the calendar be asked? BOOKING_NONE, or why not. Opens the credentials. */
enum metric_booking_reason booking_op_open(struct booking_op *op);
/* Asks the calendar: what, deadline and so on are in place. Its end resumes the flow, also when it could not be asked. */
enum flow_next booking_op_ask_calendar(struct booking_op *op);
/* Milliseconds until the caller must have an answer. */
unsigned booking_op_left_ms(const struct booking_op *op);
/* The end of a flow that failed: whoever waits hears that the calendar could not be reached, unless there are other words. */
void booking_op_fail(struct flow *f, int code);
/* What is known of the booking, written down; tried several times, then the op ends: the row's lease runs out, and somebody
 * looks it up. */
void booking_op_note(struct booking_op *op);
/* What a verdict of the calendar means for a booking. */
void booking_op_judge(struct booking_op *op);
/* Cal.com does not take the key, or wants to be left alone: the gate shuts. Nobody waits for it. */
void booking_op_shut_gate(struct booking_op *op);

/* In booking.c: runs while there are ops. */
void bookings_on_tick(uv_timer_t *t);
/* In booking_check.c and booking_book.c. */
void booking_check_start(struct booking_op *op);
void booking_book_start(struct booking_op *op);
/* In booking_sweep.c: looks at what was left half done. */
void booking_sweep_look(struct bookings_core *c);
