#pragma once
/* The read API, the owner's settings and who was called back, all under /api/v1. One request is one visit: who is asking (an
 * access token, checked), one unit of work in that person's name, one answer. Postgres decides which rows there are and
 * writes the JSON; what a person may not see is "not found", the same answer as for what never existed. */
#include "dashboard_turns.h"
#include "db_pool.h"
#include "http.h"
#include "list.h"
#include "live.h"
#include "recording.h"
#include "supabase.h"

enum dashboard_address {
    DASHBOARD_ME,
    DASHBOARD_OVERVIEW,
    DASHBOARD_CALLS,
    DASHBOARD_CALLS_CSV,
    DASHBOARD_CALL,
    DASHBOARD_RECORDING,
    DASHBOARD_DIGESTS,
    DASHBOARD_DIGEST,
    DASHBOARD_DIGEST_PREVIEW,
    DASHBOARD_SETTINGS,
    DASHBOARD_SETTINGS_CHANGE,
    DASHBOARD_CALL_BACK,
    DASHBOARD_RECIPIENTS,
    DASHBOARD_RECIPIENT_CHANGE,
    DASHBOARD_LIVE,
    DASHBOARD_COUNT
};

/* What a person is told of the digest besides the rows: set before dashboard_start. */
struct dashboard_digest {
    bool sending;           /* there is a way to send mail */
    int minute, utc_minute; /* of DIGEST_SCHEDULE, as in struct config */
};

/* Embedded in its owner, zeroed. What the first members point at is the owner's and outlives it. */
struct dashboard {
    struct db_pool *pool; /* of role `authenticated` */
    struct supabase *supabase;
    struct recording_relays *relays;
    struct live *live;
    struct dashboard_digest digest;

    /* Private. */
    char minute[12], utc_minute[12]; /* the digest's, as text */
    struct turns turns;
    struct list exports; /* being streamed */
};

void dashboard_start(struct dashboard *d);
/* Answers the request, now or later. */
void dashboard_serve(struct dashboard *d, struct http_request *r, enum dashboard_address address);
