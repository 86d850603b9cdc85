#pragma once
/* The port to a business's calendar: free times, a booking, a look whether one was made. The domain asks, an adapter knows
 * how (adapters/calcom.h).
 *
 * A booking is sent at most once: there is no idempotency key. What may have been made all the same is CALENDAR_UNKNOWN, and
 * is looked up by the name that it was given (`booking_id`), never sent again. */
#include "arena.h"
#include "field.h"

#define CALENDAR_WORDS_BYTES 200
#define CALENDAR_UID_BYTES 80

enum calendar_what {
    CALENDAR_SLOTS,
    CALENDAR_BOOK,
    CALENDAR_FIND,
    CALENDAR_ACCOUNT,   /* is the key good, and whose is it? */
    CALENDAR_EVENT_TYPE /* what can be booked, and what must be told for it */
};

enum calendar_verdict {
    CALENDAR_DONE,         /* SLOTS: perhaps none; BOOK, FIND: booked */
    CALENDAR_PENDING,      /* BOOK, FIND: there, and somebody has yet to confirm it */
    CALENDAR_ABSENT,       /* FIND: no such booking */
    CALENDAR_CANCELLED,    /* FIND: it was made and is cancelled or rejected */
    CALENDAR_TAKEN,        /* that time is not free (any more) */
    CALENDAR_PAST,         /* it lies in the past */
    CALENDAR_OUT_OF_RANGE, /* too soon or too far */
    CALENDAR_LIMIT,        /* this booker has too many bookings */
    CALENDAR_DECLINED,     /* refused for another reason; nothing was made */
    CALENDAR_CREDENTIALS,  /* the key is not taken, or the event type is not known to it */
    CALENDAR_BLOCKED,      /* no requests for block_ms */
    CALENDAR_UNREACHABLE,  /* never sent; of a question, also: no usable answer */
    CALENDAR_UNKNOWN       /* BOOK: it may have been made */
};

struct calendar_account {
    struct str api_url, key; /* api_url absent: the configured one */
    int64_t event_type_id;
};

struct calendar_slot {
    struct str start; /* local time with offset, as the calendar wrote it: "2026-12-01T09:00:00.000+01:00" */
};

/* EVENT_TYPE */
struct calendar_event_type {
    struct str title;
    int64_t minutes;
    bool asks_email, asks_phone; /* its form requires them */
    bool repeats, seats;         /* a series, or several people at one time: not for bookings by voice */
    struct str cannot_fill;      /* a required question of its form that a caller cannot be asked; absent: none */
};

/* One question; embedded in its owner, zeroed, then the first part filled. What it points at must live until on_done or
 * abandon. */
struct calendar_ask {
    enum calendar_what what;
    struct calendar_account account;
    unsigned deadline_ms;
    struct str zone;                             /* IANA: SLOTS, BOOK */
    struct str from_date, to_date;               /* SLOTS: local days, both included, "2026-12-01" */
    struct str start_utc;                        /* BOOK, FIND: "2026-12-01T08:00:00Z" */
    struct str name, email, phone, service;      /* BOOK; e-mail or phone, or both; the others may be absent */
    struct str booking_id, call_id, business_id; /* BOOK: kept with the booking. FIND: booking_id */
    void (*on_done)(struct calendar_ask *);

    /* The outcome, valid from on_done until calendar_ask_finish. */
    enum calendar_verdict verdict;
    char words
        [CALENDAR_WORDS_BYTES];   /* why not, as the calendar said it; for the owner, never for a log; "" if nothing */
    char uid[CALENDAR_UID_BYTES]; /* BOOK, FIND: the calendar's own name of the booking */
    unsigned block_ms;            /* CALENDAR_BLOCKED */
    struct calendar_slot *slots;  /* SLOTS: in order of time; those of other days are left out */
    size_t slot_count;
    struct str account_name; /* ACCOUNT: whose key it is */
    struct calendar_event_type event_type;

    struct arena arena; /* of the outcome */
    void *port_op;      /* private to the port */
};

static inline void calendar_ask_finish(struct calendar_ask *q)
{
    arena_free(&q->arena);
}

/* Embedded in the adapter's object. submit returns 0: on_done fires exactly once, in a later turn, at the deadline at the
 * latest; negative: never. */
struct calendar_port {
    int (*submit)(struct calendar_port *, struct calendar_ask *);
    /* Cuts the wait: on_done will not fire; a booking may be made all the same. Harmless when nothing is under way. */
    void (*abandon)(struct calendar_port *, struct calendar_ask *);
};
