#pragma once
/* Resend: mails out through its API, and its delivery events in.
 * Facts: Resend's API documentation and OpenAPI file of August 2026 (POST /emails, /emails/batch, idempotency keys, errors,
 * ratelimit-* headers; webhooks, signed by Svix). */
#include "config.h"
#include "digest_delivery.h"
#include "fetch.h"
#include "http.h"
#include "mail.h"

/* Embedded in its owner. What it points at is the owner's and outlives it. */
struct resend {
    const struct config *config;
    struct fetch_room *fetch;
    struct mail_port port; /* "resend": idempotent, an attempt without an answer may be repeated under its key */
    struct fetch_host host;
    struct json_shape *reply_shape, *event_shape;
    struct digest_deliveries deliveries; /* its pool is set by the owner */
};

void resend_start(struct resend *r);
/* No attempt may be under way. */
void resend_stop(struct resend *r);

/* POST /api/resend-webhook, as in struct http_route. Without RESEND_WEBHOOK_SECRET, and without a signature, nothing is
 * believed: ERR_UNAUTHORIZED. The handler answers 200 once the event is stored, or when it is about nothing of ours. */
int resend_usher(const struct resend *r, const struct http_request *request) must_check;
int resend_verify(const struct resend *r, const struct http_request *request) must_check;
void resend_on_event(struct resend *r, struct http_request *request);
