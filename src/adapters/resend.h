#pragma once
/* Resend: mails out through its API, and its delivery events in.
 * Facts: Resend's API documentation and OpenAPI file of August 2026 (POST /emails, /emails/batch, idempotency keys, errors,
 * ratelimit-* headers). */
#include "config.h"
#include "fetch.h"
#include "mail.h"

/* Embedded in its owner. What it points at is the owner's and outlives it. */
struct resend {
    const struct config *config;
    struct fetch_room *fetch;
    struct mail_port port; /* "resend": idempotent, an attempt without an answer may be repeated under its key */
    struct fetch_host host;
    struct json_shape *reply_shape;
};

void resend_start(struct resend *r);
/* No attempt may be under way. */
void resend_stop(struct resend *r);
