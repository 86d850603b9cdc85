#pragma once
/* What it means for a question that Cal.com answered so, or not at all. Pure. An answer is known by its status and its words,
 * never by its error code: that is the name of a class there. */
#include "calcom_read.h"

struct calcom_answer {
    int status;
    struct str body;
    struct str reset,
        retry_after; /* X-RateLimit-Reset-Default and Retry-After, in seconds; absent when there is none */
};

/* Fills the outcome of `q`. False when the answer is of no use although its status says otherwise: that counts against the
 * host's breaker. */
bool calcom_reply_read(const struct calcom_shapes *s, const struct calcom_answer *answer, struct calendar_ask *q);
/* None came; `code` as of fetch_submit and its on_done. */
void calcom_reply_none(int code, struct calendar_ask *q);
