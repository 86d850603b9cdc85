#pragma once
/* A delivery event of Resend as a struct, and what it says about a mail. Pure. Facts: Resend's OpenAPI file of August 2026. */
#include "digest_delivery.h"
#include "json.h"

struct resend_event {
    struct str type, mail_id;
    struct field_list_value to; /* of texts */
    struct str kind, business_id, date;
    struct str bounce_type, bounce_message, suppressed_reason, suppressed_message, failed_reason;
    int64_t created_us;
};

struct json_shape *resend_event_shape(void);
/* Reads a body; what is missing is absent. ERR_BAD_JSON when it is no JSON object in UTF-8. */
int resend_event_read(const struct json_shape *shape, struct str body, struct arena *a,
                      struct resend_event *out) must_check;
/* What the event says. False when it is about nothing of ours: opened, clicked, received, contacts, domains, and what is not
 * known. The id of the event stays as it is. */
bool resend_event_delivery(const struct resend_event *e, struct arena *a, struct digest_delivery *out);
