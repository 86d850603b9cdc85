#pragma once
/* A listener: accepts clients, knows its connections by state, keeps what they share. Owned by its http_server, freed
 * when it has stopped. It accepts by itself on a plain socket, so that it can wait when descriptors run out or when too
 * many come at once: the kernel's queue holds them meanwhile. */
#include "http_conn.h"
#include "http_gzip.h"
#include "http_peer.h"
#include "http_route.h"

/* Defaults are the caps of caps.h; tests of time and overload set smaller ones. */
struct http_limits {
    size_t connections, per_address, accepts_per_second, requests_per_connection, pending_bytes, bodies_bytes;
    uint64_t head_ms, body_ms, body_grace_ms, body_slowest_bytes_per_s, idle_ms, write_ms, write_whole_ms, linger_ms;
    uint64_t stream_ms, live_ms, drain_ms, accept_pause_ms;
};

struct http_listener {
    struct http_server *server;
    struct loop *loop;
    struct http_options options;
    struct http_limits limits;
    struct http_path *paths; /* of the routes */
    size_t path_count;
    int fd, port;
    uv_poll_t poll;
    uv_timer_t timer; /* accepting goes on, or the drain ends */
    bool stopping;
    void (*on_stopped)(struct http_server *);
    struct list by_state[CONN_STATE_COUNT];
    size_t connections; /* all lists together, and those being freed */
    struct http_peers peers;
    uint64_t accept_second;
    size_t accepts; /* within that second */
    size_t bodies_bytes;
    uint64_t id_seed[2], id_count, random;
    time_t date_second;
    char date[32];
    struct http_gzip gzip;
    char receive[CAP_RECEIVE_BYTES]; /* one read of any connection; empty again before the next */
};

/* A connection has been freed. */
void http_listener_forget(struct http_listener *l);
/* A new request id, 32 hex digits and NUL. */
void http_listener_make_id(struct http_listener *l, char id_out[33]);
/* A cheap number for jitter, below `limit`. */
uint64_t http_listener_random(struct http_listener *l, uint64_t limit);
/* "Sun, 06 Nov 1994 08:49:37 GMT" */
struct str http_listener_date(struct http_listener *l);
/* Counts and logs a refusal. */
void http_listener_refused(struct http_listener *l, int code, struct str peer, struct str id);
