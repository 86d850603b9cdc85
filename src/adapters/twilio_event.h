#pragma once
/* A Twilio request as a struct, and the struct as a call event. Private to twilio*.c. */
#include "twilio.h"

struct twilio_request {
    struct form form;
    struct str call_sid, parent_sid, account_sid, from, to, call_status, error_code;
    struct str callback_source, sequence, dial_sid, dial_status, recording_sid, recording_status, recording_url;
    int64_t timestamp_us;
    double call_seconds;
};

/* Reads the body. Every parameter is optional; the texts live in the arena or in the body. */
int twilio_request_read(struct arena *a, struct str body, struct twilio_request *q) must_check;

/* Reads a request's form and makes its event. A form that is none becomes an event that is kept aside; `q` is empty then. A leg
 * that we dialled is of type "dial-leg". */
struct ingest_event *twilio_read(struct http_request *r, struct twilio_request *q, struct str type);
/* Submits what twilio_read made; see ingest_submit. */
int twilio_keep(struct twilio *t, struct ingest_event *e, struct ingest_waiter *waiter) must_check;

/* A new event of that type, with its key, its payload and what every request says: call, caller, called number. It copies
 * what it needs. */
struct ingest_event *twilio_event(const struct twilio_request *q, struct str type);
