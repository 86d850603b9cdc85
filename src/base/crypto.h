#pragma once
/* Digests, encodings and comparisons; OpenSSL does the work. */
#include "arena.h"
#include <stdint.h>

#define CRYPTO_DIGEST_BYTES 64 /* the largest: SHA-512 */

enum crypto_hash { CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA512 };

struct digest {
    unsigned char bytes[CRYPTO_DIGEST_BYTES];
    size_t n;
};

static inline struct str digest_str(const struct digest *d)
{
    return (struct str){(const char *)d->bytes, d->n};
}

/* HMAC over the parts one after another. */
struct digest crypto_hmac(enum crypto_hash hash, struct str key, const struct str *parts, size_t count);
/* Digest over the parts, each preceded by its length, so that ("ab","c") and ("a","bc") differ. */
struct digest crypto_hash_tuple(const struct str *parts, size_t count);
struct digest crypto_sha256(struct str s);

/* Equal? Takes the same time whatever the bytes are; both sides are digested first, so lengths do not show either. */
bool crypto_equal(struct str a, struct str b);

struct str crypto_base64(struct arena *a, struct str bytes);
struct str crypto_hex(struct arena *a, struct str bytes);
/* Absent when the text is not pairs of hex digits. */
struct str crypto_hex_decode(struct arena *a, struct str text);
/* Absent when the text is not strict base64. */
struct str crypto_base64_decode(struct arena *a, struct str text);

/* RFC 7515: the other alphabet, no padding. */
struct str crypto_base64url(struct arena *a, struct str bytes);
/* Absent when the text is not exactly what crypto_base64url would have made of the bytes. */
struct str crypto_base64url_decode(struct arena *a, struct str text);

/* AES-256-GCM (NIST SP 800-38D) under a key of CRYPTO_KEY_BYTES: the sealed text, with a nonce of its own and a tag. `about` is
 * not in it but must be the same to open it. */
#define CRYPTO_KEY_BYTES 32
struct str crypto_seal(struct arena *a, struct str key, struct str about, struct str text);
/* Absent when it was not sealed under this key, about that, or was changed since. */
struct str crypto_open(struct arena *a, struct str key, struct str about, struct str sealed);

void crypto_random(void *out, size_t bytes);
/* A number from 0 to below `limit`; for jitter. */
uint32_t crypto_random_below(uint32_t limit);
