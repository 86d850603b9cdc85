#pragma once
/* Plays a workload against one HTTP server over keep-alive connections. Each connection plays one call after the
 * other, a message at a time; or, with a number of live calls given, takes the next message of the next of those, so
 * that several messages of one call are under way at once. A new call takes the next serial: no event is sent twice.
 *
 * Closed loop: every connection has one request under way at all times. Open loop: requests fall due at a fixed
 * rate whether or not earlier ones are answered; latency counts from the moment a request was due. */
#include "latency.h"
#include "usage.h"
#include "workload.h"

#include <netinet/in.h>

enum { LOAD_STATUSES = 600, LOAD_MAX_CONNECTIONS = 4096 };

struct load_settings {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } target;
    socklen_t target_bytes;
    int connections;
    int live_calls;         /* 0: one for each connection, its own */
    double rate_per_second; /* 0: closed loop */
    double warmup_seconds, seconds;
    uint64_t max_events; /* ends the measured window early; 0: no such bound */
    uint64_t seed;
};

struct load_result {
    double seconds;
    uint64_t events, bytes_sent;           /* of the measured window; an event is a 2xx */
    uint64_t statuses[LOAD_STATUSES];      /* of the whole run, as the ones below */
    uint64_t sent, ok, closed, unanswered; /* closed: cut before the answer; unanswered: when the run ended */
    uint64_t bad_answers, reconnects;
    struct latency latency; /* of the measured window */
};

/* Blocks until the run is over. `usage` is started and ended with the measured window. 0, or -1 when the target
 * takes no connections. */
int load_run(const struct load_settings *settings, struct workload *workload, struct usage *usage,
             struct load_result *result_out);
