#pragma once
/* What became of a mail, one word after another, in any order and any number of times. Each word is one unit: the event's id,
 * the recipient's state by rank, the digest's by rank (and that it was sent, which the word proves), and the recipient's pause.
 * Words about mails that are no digest of ours leave only their id. */
#include "err.h"
#include "metric.h"
#include "str.h"
#include <stdint.h>

struct db_pool;
struct digest_delivery_unit; /* private to the room */

/* Of the server; embedded in its owner, zeroed but for the pool. */
struct digest_deliveries {
    struct db_pool *pool;
    size_t open;  /* at most CAP_RESEND_EVENTS_OPEN, so that mails are not held up */
    size_t taken; /* of CAP_RESEND_EVENTS_TIDY the first one also deletes what is old */
};

/* One word. Embedded in its owner, zeroed; the texts live until on_done or abandon. */
struct digest_delivery {
    struct digest_deliveries *of;
    struct str event_id;                /* of the provider, at most 256 characters */
    struct str business_id, local_date; /* absent when the mail does not say; then mail_id counts */
    struct str mail_id, address;        /* the provider's name of the mail, its recipient; either may be empty */
    struct str why;                     /* for the owner; absent: nothing to say */
    struct str pauses;                  /* why the recipient gets no more mail; absent: goes on */
    enum metric_delivery state;
    int64_t happened_us; /* 0: not known */
    void (*on_done)(struct digest_delivery *, int code);

    /* The outcome, valid from on_done on. */
    bool is_new;    /* this id came for the first time */
    bool is_ours;   /* and there is such a digest */
    bool is_paused; /* and the recipient gets no more mail from now on */

    struct digest_delivery_unit *unit;
};

/* 0: on_done fires once, in a later turn, code as of a db_unit. ERR_BUSY: too many are open. */
int digest_delivery_submit(struct digest_delivery *d) must_check;
/* Cuts the wait; the word may be stored all the same. Harmless when nothing is under way. */
void digest_delivery_abandon(struct digest_delivery *d);
