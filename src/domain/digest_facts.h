#pragma once
/* What a digest tells: the facts of one business and one local day, as sql/statements/digest_facts.sql gathers them. Counts,
 * days and times of day are worked out there, in the business's time zone; nothing here knows a clock. */
#include "arena.h"
#include "err.h"
#include "field.h"

/* What came of asking for an appointment. */
struct digest_booking {
    struct str words; /* "Booked", "Asked to book; that time was taken"; absent when nobody asked for one */
    struct str when;  /* "Friday, November 20 at 10:30 AM"; absent when there is none to keep in mind */
    bool is_open;     /* nobody can be sure of it: somebody must call back */
};

/* Somebody to call back. */
struct digest_caller {
    struct str number;        /* to dial: the one the caller asked to be called on, else the caller's own; E.164 */
    struct str caller_number; /* that called; E.164 */
    struct str name, reason;  /* absent when not known */
    struct str urgency;       /* high, normal, low; absent when not known */
    struct str when;    /* "8:05 AM", of the last try; with the zone's short name on days when the clocks change */
    struct str outcome; /* "Hung up early" */
    struct str call_id;
    int64_t tries;
    struct digest_booking booking; /* of the last try */
};

struct digest_call {
    struct str id, when;
    struct str number; /* the caller's own, else the one to call back; absent when there is neither */
    struct str name, reason;
    struct str summary; /* at most 200 characters */
    struct str outcome; /* in words */
    struct str urgency; /* as above */
    double seconds;     /* NAN: not known */
    bool missed, booked;
    struct digest_booking booking;
};

struct digest_reason {
    struct str reason;
    int64_t calls;
};

/* One local hour in which there may have been calls; 24 of them. */
struct digest_hour {
    int64_t answered, missed, other;
};

struct digest_recipient {
    struct str address;
    struct str token;  /* of its unsubscribe link */
    struct str paused; /* bounced, complained, suppressed, unsubscribed; absent: gets mail */
};

/* A count of the day, and what is usual: the mean of the same weekday in the four weeks before, as far as the business was
 * there; of lengths that of all their calls. NAN: there is nothing to compare with. */
struct digest_number {
    double value, usual;
};

struct digest_facts {
    struct str business_id, business_name;
    struct str date;     /* "2026-11-17" */
    struct str day;      /* "Tue 17 Nov" */
    struct str day_long; /* "Tuesday, 17 November 2026" */
    struct str weekday;  /* "Tuesday" */
    struct str zone;     /* "America/New_York" */
    struct str hour;     /* when the digest comes: "7 AM" */
    bool skip_empty, bookings_enabled;
    int64_t usual_weeks; /* 0 to 4 */

    struct digest_number calls, unique_callers, answered, missed, hung_up_early, ai_unavailable, spam, bookings;
    struct digest_number average_seconds; /* NAN when no call had a length */

    int64_t to_call_back;              /* callers; call_back holds the first five of them */
    struct field_list_value call_back; /* struct digest_caller */
    int64_t after_hours;               /* calls outside the opening hours; 0 when none are set */
    struct str opening_hours;          /* "Mon–Fri, 9 AM–5 PM" */
    struct str busiest_hour;           /* "10–11 AM"; absent without calls */
    int64_t busiest_calls;
    struct field_list_value hours;   /* struct digest_hour, from midnight */
    struct field_list_value reasons; /* struct digest_reason, most first, at most five */
    /* The other calls, by priority: at most 20 of them together, the most urgent groups first, newest first in each. */
    struct field_list_value high, normal, low, spam_calls; /* struct digest_call; unknown urgency is normal */
    int64_t high_total, normal_total, low_total, spam_total;

    /* Something is wrong, if not 0. */
    int64_t without_booking;    /* calls in which an appointment was wanted, and nobody can be sure of it */
    int64_t without_report;     /* calls that the AI took and that ended more than an hour ago */
    int64_t not_answered_by_ai; /* AI unavailable */
    bool has_no_number;         /* no number leads to this business */

    struct field_list_value recipients; /* struct digest_recipient, in order */
};

/* From the JSON of STMT_DIGEST_FACTS; texts and lists go to the arena. ERR_BAD_JSON. */
int digest_facts_read(struct arena *a, struct str json, struct digest_facts *out) must_check;

#define DIGEST_ITEM(list, type, i) (&((const struct type *)(list).items)[i])
