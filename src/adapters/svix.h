#pragma once
/* Signatures of webhooks, as Svix and Standard Webhooks make them: HMAC-SHA256 over "id.timestamp.body", in base64, one or
 * several of them in a header. Pure.
 *
 * Stricter than the vendors' own libraries: a timestamp is 1 to 12 digits and nothing else, and a key is never empty. */
#include "str.h"
#include <stdint.h>

struct svix_signed {
    struct str id, timestamp, signatures, body; /* the headers as received, and the raw body */
};

/* `key` are the bytes that the secret stands for; no key: nothing is valid. `now_s` is the wall clock's time; the
 * signature's may be CAP_RESEND_EVENT_AGE_S off, either way. */
bool svix_valid(struct str key, const struct svix_signed *s, int64_t now_s);
