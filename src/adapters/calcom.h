#pragma once
/* Cal.com's API v2 as a calendar (domain/calendar.h). Each resource has a version of its own, named in a header; one that is
 * missing or unknown would mean the oldest shapes. What its answers mean stands in calcom_reply.h.
 *
 * submit's negative codes: ERR_BREAKER_OPEN, ERR_BUSY, ERR_STOPPING, ERR_BAD_SETTING (an address that is none, a key that is not
 * one line: nobody refused it, so it is not CALENDAR_CREDENTIALS), ERR_TOO_LARGE. Nothing was sent then, and the verdict
 * is CALENDAR_UNREACHABLE.
 * Facts: Cal.com's API documentation and source, 2026 (slots 2024-09-04, bookings 2024-08-13, event types 2024-06-14). */
#include "calcom_read.h"
#include "calendar.h"
#include "caps.h"
#include "config.h"
#include "fetch.h"

/* Embedded in its owner. What it points at is the owner's and outlives it. */
struct calcom {
    const struct config *config;
    struct fetch_room *fetch;
    struct fetch_host hosts[CAP_CALCOM_HOSTS]; /* an address and a key have one; some share it */
    struct calcom_shapes shapes;
    struct calendar_port port;
};

void calcom_start(struct calcom *c);
/* When the fetch room has closed. */
void calcom_stop(struct calcom *c);
