#pragma once
/* Access tokens (JWT): checked and made. No I/O; the clock is an argument; nothing is kept between calls.
 *
 * A token is taken apart strictly before any cryptography: at most CAP_TOKEN_BYTES, three parts of canonical base64url
 * without padding, header and payload JSON objects without duplicate keys, NUL or bad UTF-8, CAP_TOKEN_DEPTH deep. The key
 * decides the algorithm: it is found by `kid`, and the header's `alg` must name its own. The shared secret serves HS256
 * tokens that name no key of the set. What a token says counts only after its signature was checked. */
#include "metric.h"
#include "tenant.h"
#include "token_keys.h"

struct access_token_rules {
    struct str issuer; /* must be the same, byte by byte */
    int64_t now_s;     /* since 1970 */
};

/* TOKEN_ACCEPTED fills `tenant_out`, texts in the arena, claims rebuilt by us:
 * {"sub","role":"authenticated","email"?,"session_id"?}. Else why it is refused, and `tenant_out` is untouched. */
enum metric_token access_token_judge(const struct token_keys *keys, const struct access_token_rules *rules,
                                     struct str token, struct arena *arena, struct tenant *tenant_out) must_check;
/* What the client is told: 0, ERR_TOKEN_EXPIRED (authentic, but too old) or ERR_UNAUTHORIZED. */
int access_token_code(enum metric_token verdict) must_check;

/* Both together. */
static inline must_check int access_token_check(const struct token_keys *keys, const struct access_token_rules *rules,
                                                struct str token, struct arena *arena, struct tenant *tenant_out)
{
    return access_token_code(access_token_judge(keys, rules, token, arena, tenant_out));
}

/* Signs a payload, which must be a JSON object, with a key made by token_key_generate or token_key_import_private. Header:
 * alg, kid, typ. The token lives in the arena. ERR_INTERNAL when OpenSSL fails, ERR_TOO_LARGE when nobody would take it. */
int access_token_sign(const struct token_key *key, struct str payload_json, struct arena *a,
                      struct str *token_out) must_check;
