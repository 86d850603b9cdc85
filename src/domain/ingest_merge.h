#pragma once
/* Two rows that turned out to be one call become one. It takes a message that named only the provider's id before the CallSid
 * was known with it. */
#include "db_unit.h"

struct ingest_merge {
    struct db_unit unit;
    struct db_param params[3]; /* good until on_done returns */
    struct arena arena;
    unsigned tries;
    void (*on_done)(struct ingest_merge *, int code); /* 0, or the last error after CAP_EVENT_TRIES */
};

/* Rows to keep and to lose, and what is claimed of the provider's id; copied. on_done fires exactly once, in a later turn, when
 * 0 is returned; negative: it never fires. */
int ingest_merge_submit(struct db_pool *pool, struct ingest_merge *m, const struct str parts[3])
    __attribute__((warn_unused_result));
