#include "svix.h"
#include "caps.h"
#include "crypto.h"

#define MOST_ID_BYTES 256
#define MOST_DIGITS 12

/* -1 when it is no count of seconds. */
static int64_t read_seconds(struct str s)
{
    int64_t seconds = s.n > 0 && s.n <= MOST_DIGITS ? 0 : -1;
    for (size_t i = 0; i < s.n && seconds >= 0; i++) {
        seconds = s.p[i] >= '0' && s.p[i] <= '9' ? seconds * 10 + (s.p[i] - '0') : -1;
    }
    return seconds;
}

static bool is_recent(struct str timestamp, int64_t now_s)
{
    int64_t at_s = read_seconds(timestamp), age_s = now_s - at_s;
    return at_s >= 0 && age_s <= CAP_RESEND_EVENT_AGE_S && age_s >= -CAP_RESEND_EVENT_AGE_S;
}

/* During a change of secrets there are several; other versions are of other algorithms. */
static bool has_signature(struct str signatures, struct str wanted)
{
    bool found = false;
    while (signatures.n) {
        struct str part = str_cut(signatures, str_find(signatures, ' '));
        found |= str_starts(part, STR("v1,")) && crypto_equal(str_skip(part, 3), wanted);
        signatures = str_skip(signatures, part.n + 1);
    }
    return found;
}

bool svix_valid(struct str key, const struct svix_signed *s, int64_t now_s)
{
    struct arena a = {0};
    const struct str parts[] = {s->id, STR("."), s->timestamp, STR("."), s->body};
    if (!key.n || !s->id.n || s->id.n > MOST_ID_BYTES || !is_recent(s->timestamp, now_s)) {
        return false;
    }
    struct digest d = crypto_hmac(CRYPTO_SHA256, key, parts, sizeof(parts) / sizeof(parts[0]));
    bool valid = has_signature(s->signatures, crypto_base64(&a, digest_str(&d)));
    arena_free(&a);
    return valid;
}
