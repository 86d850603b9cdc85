#pragma once
/* A mail, the form in which mails are kept, and the port through which they leave. The domain fills and keeps mails; which
 * way they go is an adapter's business.
 *
 * Kept, and sent by Resend as they are, are the bytes of mail_write: for one mail the object that Resend's POST /emails takes,
 * for several the array of POST /emails/batch. Each mail has one recipient, so that each can be told apart afterwards. */
#include "arena.h"
#include "buf.h"

#define MAIL_WORDS_BYTES 240

struct mail {
    struct str from, to, subject, html, text;
    struct str unsubscribe_url;         /* of List-Unsubscribe, with one click (RFC 8058); absent: no such header */
    struct str business_id, local_date; /* tags, by which delivery events find their digest */
};

/* Appends the JSON of one or several mails. Headers and tags get no control characters, whatever the texts hold.
 * ERR_TOO_LARGE past the buffer's cap. */
int mail_write(struct buf *out, const struct mail *mails, size_t count) must_check;
/* The mails in such bytes, copied to the arena; at most CAP_MAIL_RECIPIENTS. ERR_BAD_JSON when these are none. */
int mail_read(struct arena *a, struct str bytes, struct mail *mails_out, size_t *count_out) must_check;

enum mail_verdict {
    MAIL_ACCEPTED, /* every one of them, but for recipients that are refused for good: then there are words */
    MAIL_LATER,    /* not now: the same bytes under the same key may be tried again */
    MAIL_REFUSED,  /* these bytes will never be taken, or this installation is not allowed to send */
    MAIL_UNKNOWN   /* it may have been taken, and trying again may send it twice */
};

/* One attempt; embedded in its owner, who fills the first part. */
struct mail_send {
    struct str key;   /* idempotency key, at most 256 characters */
    struct str bytes; /* of mail_write; must live until on_done or abandon */
    size_t done;      /* in: so many of the mails were accepted before; out: so many are now. Resend: all or none */
    void (*on_done)(struct mail_send *);

    /* The outcome, valid from on_done on. */
    enum mail_verdict verdict;
    bool doubt;    /* no clear answer: it may have been accepted all the same */
    size_t reason; /* index in LABELS_MAIL_REASON, enum metric_mail_reason */
    char
        words[MAIL_WORDS_BYTES]; /* why, for the owner and the log; no address, no text of the mail. "" when accepted */
    char id[64];                 /* the provider's name of the first mail, "" if it has none */
    unsigned retry_ms;           /* MAIL_LATER: the provider's own wish; 0: none */
    double per_second;           /* how many requests the provider allows; 0: it did not say */
    unsigned pause_ms;           /* nothing at all may go out for so long, whoever's it is; 0: no pause */

    void *port_op; /* private to the port */
};

/* Embedded in the adapter's object. submit returns 0: on_done fires exactly once, in a later turn; negative: never. */
struct mail_port {
    const char *name; /* "resend" or "smtp", as in digests.attempt_way */
    int (*submit)(struct mail_port *, struct mail_send *);
    /* Cuts the wait: on_done will not fire; the mail may go out all the same. Harmless when nothing is under way. */
    void (*abandon)(struct mail_port *, struct mail_send *);
};
