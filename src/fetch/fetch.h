#pragma once
/* HTTP out: one call to another party, over libcurl's multi interface on the loop.
 *
 * struct fetch is embedded in the caller's object, zeroed and filled by it; what it points at is copied by fetch_submit,
 * but for the host, which lives as long as the room. fetch_submit returns 0: on_done fires exactly once, in a later
 * turn. Negative: it never fires. Every call ends at its deadline, by libcurl's own clock or by this room's watchdog,
 * CAP_FETCH_WATCHDOG_MS later. A struct that is done or abandoned may be submitted again.
 *
 * A stream is a fetch with on_part: its answer's bytes come in parts instead of being kept. on_head, on_part and on_done
 * fire in this order, each in a turn of its own, never inside a call of this room; any of them may pause, resume, abandon
 * or free the fetch. While it is paused nothing fires but a bad end. A bad end (on_done with a negative code) may leave the
 * head or parts untold. A stream ends at its deadline too, paused or not, and when no byte came for stall_ms while it was
 * not paused.
 *
 * Policy, the same for all calls: http and https only, no redirects, peer and host verified, TLS 1.2 or newer, HTTP/1.1
 * with keep-alive, a User-Agent (some parties refuse calls without one), answers capped, no proxy from the environment,
 * no signals, no cookies. Only a GET is sent again when a kept connection turns out to be dead; anything else is sent at
 * most once. */
#include "arena.h"
#include "buf.h"
#include "list.h"
#include "loop.h"
#include "metric.h"

struct fetch_core; /* private to the room: the multi handle, its sockets and timers */

/* Embedded in its owner. */
struct fetch_room {
    struct loop *loop;
    struct fetch_core *core;
    void (*on_closed)(struct fetch_room *);
};

/* A party we call, with its circuit breaker: closed, open (CAP_BREAKER_OPEN_MS, nothing is asked), half-open (one call
 * is let through; it decides). It opens when at least CAP_BREAKER_LEAST of the last CAP_BREAKER_WINDOW calls failed and
 * these are half of them or more. A failure is a call without an answer, a 5xx, or what fetch_judge_failed says.
 * Embedded in its owner, zeroed, then fetch_host_init. */
enum fetch_breaker { FETCH_BREAKER_CLOSED, FETCH_BREAKER_OPEN, FETCH_BREAKER_HALF_OPEN };

struct fetch_host {
    enum metric_upstream upstream;
    enum fetch_breaker breaker;
    uint32_t window; /* the last calls, newest in bit 0; 1 = failed */
    unsigned window_count;
    uint64_t open_until_ms;
};

enum fetch_state { FETCH_NEW, FETCH_SUBMITTED, FETCH_RUNNING, FETCH_DONE, FETCH_ABANDONED };

struct fetch_header {
    const char *name;
    struct str value;
};

#define FETCH_HEADERS 8

struct fetch {
    struct fetch_room *room;
    struct fetch_host *host;
    const char *method; /* "GET", "POST" */
    struct str url;
    struct fetch_header headers[FETCH_HEADERS];
    size_t header_count;
    struct str body;
    unsigned deadline_ms;                              /* for all of it, connect included */
    unsigned connect_ms;                               /* 0: CAP_FETCH_CONNECT_MS */
    unsigned stall_ms;                                 /* of a stream; 0: CAP_FETCH_STALL_MS */
    size_t answer_cap_bytes;                           /* 0: CAP_FETCH_BODY_BYTES; of a stream: of all its parts */
    bool public_only;                                  /* https, and no address but those of the public internet */
    void (*on_done)(struct fetch *, int code);         /* 0: an answer is there, whatever its status */
    void (*on_head)(struct fetch *);                   /* may be NULL: status, type and headers are known */
    void (*on_part)(struct fetch *, struct str bytes); /* makes it a stream; the bytes are valid during the call */

    /* The answer, valid in on_done and until fetch_finish; with on_head, all but its bytes from there on. */
    int status;
    struct buf answer;      /* empty after a stream */
    struct buf answer_head; /* read by fetch_answer_header */
    struct str answer_type; /* Content-Type, absent if none */
    double seconds;

    enum fetch_state state;
    /* Private to the room. */
    struct fetch_call *call;
    bool probe; /* it decided a half-open breaker */
    char type_bytes[96];
};

int fetch_room_open(struct fetch_room *room, struct loop *loop) must_check;
/* Abandons what is left and closes. on_closed fires once, later. From then on fetch_submit answers ERR_STOPPING. */
void fetch_room_close(struct fetch_room *room, void (*on_closed)(struct fetch_room *));

void fetch_host_init(struct fetch_host *h, enum metric_upstream upstream);
/* The answer arrived but is useless: counts against the breaker. Call from on_done. */
void fetch_judge_failed(struct fetch *f);

void fetch_header_add(struct fetch *f, const char *name, struct str value);
/* ERR_BREAKER_OPEN, ERR_BUSY (CAP_FETCH_IN_FLIGHT), ERR_BAD_SETTING (no usable URL, or a header that is not one line),
 * ERR_STOPPING, or 0.
 * on_done's code: 0, ERR_CONNECT (the request was never sent), ERR_PRIVATE_ADDRESS (nor was it: public_only), ERR_TIMEOUT,
 * ERR_TOO_LARGE (answer over its cap), ERR_BAD_REPLY (not HTTP, cut off or reset). */
int fetch_submit(struct fetch_room *room, struct fetch *f) must_check;
/* Cuts the wait: on_done will not fire, the memory is the caller's again at once. Harmless when nothing is under way.
 * A request that was not sent yet never is; one that was runs to its end or deadline and counts as usual. A stream is cut
 * at once, with its connection. */
void fetch_abandon(struct fetch *f);
/* Frees the answer. */
void fetch_finish(struct fetch *f);

/* A stream's owner can take no more for now: at most CAP_FETCH_PART_BYTES are read ahead, then the other side waits. Both are
 * harmless when nothing is under way. */
void fetch_pause(struct fetch *f);
void fetch_resume(struct fetch *f);
/* Of a fetch with on_head: Content-Length, Content-Range, Accept-Ranges, Location, ETag, Last-Modified, Retry-After,
 * RateLimit-* or X-RateLimit-Reset-Default as sent, the first of several; absent when there is none. The name's case does
 * not matter. Valid until fetch_finish. */
struct str fetch_answer_header(const struct fetch *f, const char *name);
