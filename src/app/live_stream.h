#pragma once
/* One stream: what waits for it, the question under way, what is written. Private to live*.c. Lives in its request's arena, so
 * it ends with the answer, or when the client is gone. */
#include "live.h"

struct live_stream {
    struct live *live;
    struct http_request *request;
    struct http_waiter http;
    const struct tenant *who;
    struct uuid business;
    struct list_node node;
    uint64_t next_ms, beat_ms, end_ms; /* the next event not before; the next beat; the end */

    struct uuid due[CAP_LIVE_DUE]; /* changed, and not asked for yet */
    size_t due_count;
    bool reset_due; /* instead */

    bool asking, asked_reset; /* what the question under way is for */
    size_t asked_count;
    uint64_t asked_us; /* its place: everything before it is in the answer */
    struct db_unit unit;
    struct db_param params[2];
    char business_text[UUID_TEXT], ids_text[CAP_LIVE_DUE * (UUID_TEXT + 1) + 2];
};

/* Begins the answer and says hello, at this place. */
void live_stream_begin(struct live_stream *s, uint64_t place_us);
/* A call of its business changed. */
void live_stream_add(struct live_stream *s, const struct uuid *call);
/* Asks the database when something waits and the last event was long enough ago. */
void live_stream_ask(struct live_stream *s, uint64_t now_ms);
void live_stream_beat(struct live_stream *s);
/* The answer is complete; `s` is gone. */
void live_stream_end(struct live_stream *s, const char *why);

/* In live.c: microseconds, for the ring. */
uint64_t live_now_us(void);
/* In live.c: a place with the database is free, or something came. */
void live_wake(struct live *l);
/* In live.c: off the list. */
void live_forget(struct live_stream *s);
