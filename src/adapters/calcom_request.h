#pragma once
/* A question as Cal.com wants it asked. Pure. */
#include "buf.h"
#include "calendar.h"

struct calcom_request {
    const char *method;
    const char *version; /* of the resource */
    struct str url;      /* in the arena */
    struct buf body;     /* the caller's to free; empty but for a booking */
};

/* The address with neither a slash nor "/v2" at its end. */
struct str calcom_request_base(struct str api_url);
/* ERR_BAD_REQUEST: a day or a time that is none. ERR_TOO_LARGE: a booking of more than CAP_CALCOM_BODY_BYTES. */
int calcom_request_make(const struct calendar_ask *q, struct str api_url, struct arena *a,
                        struct calcom_request *out) must_check;
