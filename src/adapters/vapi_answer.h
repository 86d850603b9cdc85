#pragma once
/* What Vapi's live questions are answered, from memory. Private to vapi*.c. */
#include "vapi.h"
#include "vapi_message.h"

/* True when the message is a live question; then `answer_out` is its JSON, in the arena. */
bool vapi_answer(const struct vapi *v, const struct vapi_message *m, struct arena *a, struct str *answer_out);

/* The settings that an assistant gets from us for one call: who is called, and how events reach us. */
struct vapi_overrides {
    struct str call_sid, called, business_id;          /* metadata */
    struct str business_name, caller_number, timezone; /* variables of the prompt */
    struct str server_messages, server_url, server_secret, backoff_plan;
    struct str tools; /* absent: none of ours */
    int64_t server_timeout_s;
};

struct vapi_overrides vapi_overrides_make(const struct vapi *v, const struct business *b, struct arena *a);
