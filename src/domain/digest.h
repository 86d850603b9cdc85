#pragma once
/* One mail a day for each business: asks Postgres whose local day is over, whose hour has come and has no row, claims rows,
 * and sees each through to its end (digest_job.h). Any number of servers may run this at once, and die at any moment.
 *
 * At most CAP_DIGEST_JOBS digests are in memory; everything else waits as rows. Mails leave one after the other, at the pace
 * that the provider allows to all servers together (private.mail_pace). */
#include "digest_mail.h"
#include "loop.h"

struct db_pool;
struct digests_core; /* private to the room */

/* DIGEST_SCHEDULE */
struct digest_schedule {
    int minute;     /* past each business's own hour */
    int utc_minute; /* of the UTC day, for all businesses in place of their hours; -1: local */
};

struct digest_options {
    struct loop *loop;
    struct db_pool *pool;
    struct mail_port *port; /* NULL: digests are made and kept, nothing is sent */
    struct digest_links links;
    struct digest_schedule schedule;
};

/* Embedded in its owner. */
struct digests {
    struct digests_core *core;
    void (*on_stopped)(struct digests *);
};

/* A look at what is owed, asked for from outside; embedded in the caller's object. */
struct digest_look {
    void (*on_done)(struct digest_look *, int code);
    int64_t made;          /* rows that became due now */
    int64_t open;          /* that are not at their end, with these */
    struct list_node node; /* private */
};

void digests_start(struct digests *d, const struct digest_options *options);
/* Looks now instead of at the next poll. 0: on_done fires once, in a later turn. ERR_BUSY: CAP_DIGEST_LOOKS wait. */
int digests_look(struct digests *d, struct digest_look *look) must_check;
void digests_look_abandon(struct digests *d, struct digest_look *look);
/* Attempts under way get CAP_DIGEST_STOP_MS, then their leases run out. on_stopped fires once, later. */
void digests_stop(struct digests *d, void (*on_stopped)(struct digests *));
