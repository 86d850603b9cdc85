#pragma once
/* What an assistant asks of a business's calendar during a call: free times, and a booking. Both exist for a business only
 * while it has booking switched on and its credentials are good; that is asked of the database each time (the gate).
 *
 * A booking is stored before the calendar hears of it, under the id of its tool call: the same tool call, sent five times at
 * once or an hour later, gets the same answer and no second booking. Whoever stored it sends it, once. The answer to the
 * caller comes after CAP_BOOKING_LIVE_MS at the latest; the calendar's own answer is waited for longer and written down. What
 * stays without a clear answer, because the calendar gave none or this process died, is looked up until there is one
 * (booking_sweep.h). */
#include "calendar.h"
#include "list.h"
#include "metric.h"

struct db_pool;
struct loop;
struct bookings_core; /* private to the room */
struct booking_op;
struct bookings;

struct booking_options {
    struct loop *loop;
    struct db_pool *pool;
    struct calendar_port *port;
    struct str secrets_key, secrets_key_id; /* absent: nobody's credentials can be opened */
    /* Calls whose bookings changed, as "id,id". */
    void (*on_changed)(struct bookings *, struct str call_ids);
};

/* Embedded in its owner. */
struct bookings {
    struct bookings_core *core;
    void (*on_stopped)(struct bookings *);
};

enum booking_tool { BOOKING_CHECK, BOOKING_BOOK };

/* What a tool call asks. All texts are copied by booking_submit and may be absent; what is missing or unusable is answered in
 * words, for the assistant to ask the caller. */
struct booking_wish {
    enum booking_tool tool;
    struct str business_id;                    /* present */
    struct str provider_call_id, tool_call_id; /* present; together they name the tool call */
    struct str twilio_call_sid, caller_number;
    unsigned spent_ms;                      /* of CAP_BOOKING_LIVE_MS, before it is submitted */
    bool unreadable;                        /* its arguments could not be understood at all */
    struct str date;                        /* CHECK: the first day, "2026-12-01" */
    int64_t days;                           /* CHECK: 0: as many as are needed to find free times */
    struct str start;                       /* BOOK: "2026-12-01T10:30", with offset or without */
    struct str name, email, phone, service; /* BOOK */
};

/* Embedded in the caller's object. */
struct booking_ask {
    void (*on_done)(struct booking_ask *);
    /* The outcome, valid in on_done only. */
    bool good;        /* else it is an error, for the assistant */
    struct str words; /* one line, to be spoken or acted upon */

    struct booking_op *op; /* private */
};

void bookings_start(struct bookings *b, const struct booking_options *options);
/* 0: on_done fires once, in a later turn, after CAP_BOOKING_LIVE_MS at the latest. ERR_BUSY, ERR_STOPPING: never. */
int booking_submit(struct bookings *b, struct booking_ask *ask, const struct booking_wish *wish) must_check;
/* Cuts the wait: on_done will not fire. A booking that was sent is seen through to its end all the same; one that was not is
 * not sent any more. Harmless when nothing is under way. */
void booking_abandon(struct booking_ask *ask);
/* Nothing new; what is under way gets CAP_BOOKING_STOP_MS, then it is looked up by whoever runs next. on_stopped fires once,
 * later. */
void bookings_stop(struct bookings *b, void (*on_stopped)(struct bookings *));
