#pragma once
/* From the facts of a day to the bytes that are kept and sent, or to the reason why nothing is. */
#include "digest.h"
#include "digest_job.h"

struct digest_made {
    bool to_send;        /* there are bytes, and a way to send them */
    enum digest_end end; /* else: DIGEST_SKIPPED, DIGEST_KEPT (with bytes) or DIGEST_FAILED */
    size_t reason;       /* enum metric_mail_reason */
    const char *words;   /* for the owner; NULL: nothing to say */
    struct buf bytes;    /* of mail_write; free with buf_free */
};

/* `facts_json` is the answer of STMT_DIGEST_FACTS. ERR_BAD_JSON or ERR_TOO_LARGE: ours to mend. */
int digest_make(struct arena *a, struct str facts_json, const struct digest_options *options,
                struct digest_made *out) must_check;
