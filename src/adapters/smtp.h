#pragma once
/* SMTP as a way out for mails (mail.h): each mail of a digest is a delivery of its own to the server of SMTP_URL, one after
 * the other, and each that the server took counts in mail_send.done before the next one starts. So does a recipient that it
 * refuses for good, where another one gets the mail.
 *
 * SMTP knows no idempotency key. What the server may have taken without saying so is MAIL_UNKNOWN, never MAIL_LATER.
 * Nothing here logs addresses, credentials or texts. */
#include "config.h"
#include "fetch.h"
#include "mail.h"

/* Embedded in its owner. */
struct smtp {
    struct mail_port port; /* named "smtp" */
    /* For tests, set before smtp_start; 0: CAP_SMTP_MAIL_MS and CAP_MAIL_ATTEMPT_MS. */
    unsigned mail_ms, attempt_ms;

    /* Private. */
    const struct config *config;
    struct fetch_room *fetch_room;
    struct fetch_host host;
};

/* Both outlive it. ERR_BAD_SETTING (logged): SMTP_URL cannot be used. Nothing is asked of the server yet, nothing is to be
 * stopped: the fetch room's end abandons what is under way. */
int smtp_start(struct smtp *s, const struct config *config, struct fetch_room *fetch_room) must_check;
