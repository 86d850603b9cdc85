#pragma once
/* Vapi: its webhook verified and understood, its live questions answered, and calls handed to it.
 * Facts: Vapi's documentation and schema of August 2026 (server messages, HMAC credential, call API). */
#include "booking.h"
#include "business.h"
#include "config.h"
#include "fetch.h"
#include "http.h"
#include "ingest.h"

/* Embedded in its owner. What it points at is the owner's and outlives it. */
struct vapi {
    const struct config *config;
    struct loop *loop;
    struct fetch_room *fetch;
    struct ingest *ingest;
    struct directory *directory;
    struct bookings *bookings; /* NULL: nothing can be booked */
    struct fetch_host host;
    struct json_shape *message_shape, *reply_shape, *tool_shape;
};

void vapi_start(struct vapi *v);
void vapi_stop(struct vapi *v);

/* Turns away posts without any credential, before their body is read. */
int vapi_usher(const struct vapi *v, const struct http_request *r) must_check;
/* The guard of /api/vapi-webhook: x-vapi-secret, Bearer or HMAC over the raw body, current and previous secret, in constant
 * time. 0 or ERR_UNAUTHORIZED, also when nothing is configured (unless --insecure-dev). */
int vapi_verify(const struct vapi *v, const struct http_request *r) must_check;
/* The HMAC credential alone; `now_us` decides the age (5 minutes either way). */
bool vapi_hmac_valid(struct str secret, struct str signature, struct str timestamp, struct str body, int64_t now_us);

/* POST /api/vapi-webhook. 200 once the event is durable; live questions are answered in time whatever the database does. */
void vapi_on_message(struct vapi *v, struct http_request *r);

/* A call to hand over. */
struct vapi_caller {
    struct str call_sid, from, to;
    const struct business *business; /* may be NULL: the configured assistant takes it */
};

/* Embedded in the caller's object. */
struct vapi_handoff {
    struct vapi *vapi;
    struct fetch fetch;
    struct arena arena;
    void (*on_done)(struct vapi_handoff *);

    /* The outcome, valid from on_done until vapi_handoff_finish. */
    struct str call_id, twiml; /* present: handed over */
    const char *cause;         /* "ringback.…": why not; NULL when handed over */
};

/* Asks Vapi for a media stream for the call (POST /call with the provider bypass). on_done fires exactly once, in a later
 * turn, when 0 is returned; negative: it never fires and `cause` says why. */
int vapi_handoff_submit(struct vapi *v, struct vapi_handoff *h, const struct vapi_caller *caller,
                        unsigned deadline_ms) must_check;
void vapi_handoff_abandon(struct vapi_handoff *h);
void vapi_handoff_finish(struct vapi_handoff *h);
