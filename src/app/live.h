#pragma once
/* Live updates: GET /api/v1/live, as server-sent events. Whoever watches a business is sent the rows of its calls that
 * changed, as the list of calls shows them, at most one event a second.
 *
 *   hello   the business; from here on nothing is missed
 *   calls   rows that are new or changed
 *   reset   something may have been missed, or has gone: ask for the list again
 *
 * What changed is heard from the database, whichever server stored it. Before anything is sent the database is asked in the
 * watcher's own name, so row-level security decides each time; a watcher who is a member no longer is sent nothing and the
 * stream ends. It also ends when the access token is good no longer, after CAP_LIVE_MS and with the server. An event's id is
 * EPOCH-PLACE: who comes back with it in Last-Event-ID is sent what was missed, or a reset when that is not known. */
#include "db_pool.h"
#include "http.h"
#include "live_ring.h"
#include "loop.h"
#include "tenant.h"

/* Embedded in its owner, zeroed. */
struct live {
    struct loop *loop;
    struct db_pool *pool; /* of role `authenticated` */

    /* Private. */
    struct live_ring ring;
    char epoch[17];      /* of this start: 16 hex digits */
    struct list streams; /* the one that was looked at last is the last */
    size_t asking;       /* streams that wait for an answer of the database */
    struct loop_task task;
    uv_timer_t tick; /* runs while there are streams */
    bool stopping;
};

void live_start(struct live *l);
/* Ends all streams now; call it before the HTTP server stops, which would wait for them. */
void live_stop(struct live *l);
/* Answers the request with a stream; the tenant is the request's and lives as long. ERR_RATE_LIMITED: this person has
 * CAP_LIVE_STREAMS_OF_ONE open; ERR_BUSY: all are taken; ERR_STOPPING. Then nothing was answered. */
int live_open(struct live *l, struct http_request *r, const struct tenant *who, const struct uuid *business) must_check;
/* "BUSINESS:CALL,CALL…", or "*" when anything may have changed; anything else is nothing. */
void live_hear(struct live *l, struct str notice);
/* Something may have been missed. */
void live_gap(struct live *l);
