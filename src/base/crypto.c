#include "crypto.h"
#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

/* Fetched once: OpenSSL 3 looks an algorithm up again each time it is only named. */
static const EVP_MD *method(enum crypto_hash hash)
{
    static const char *const names[] = {"SHA1", "SHA256", "SHA512"};
    static EVP_MD *fetched[3];
    if (!fetched[hash]) {
        fetched[hash] = EVP_MD_fetch(NULL, names[hash], NULL);
        assert(fetched[hash]);
    }
    return fetched[hash];
}

struct digest crypto_hmac(enum crypto_hash hash, struct str key, const struct str *parts, size_t count)
{
    struct digest d = {.n = 0};
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, (const unsigned char *)key.p, key.n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = pkey && ctx && EVP_DigestSignInit(ctx, NULL, method(hash), NULL, pkey);
    for (size_t i = 0; ok && i < count; i++) {
        ok = EVP_DigestSignUpdate(ctx, parts[i].p, parts[i].n);
    }
    d.n = sizeof(d.bytes);
    ok = ok && EVP_DigestSignFinal(ctx, d.bytes, &d.n);
    assert(ok);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return d;
}

struct digest crypto_hash_tuple(const struct str *parts, size_t count)
{
    struct digest d;
    unsigned int n = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx && EVP_DigestInit_ex(ctx, method(CRYPTO_SHA256), NULL);
    for (size_t i = 0; ok && i < count; i++) {
        uint64_t length = parts[i].n;
        ok = EVP_DigestUpdate(ctx, &length, sizeof(length)) && EVP_DigestUpdate(ctx, parts[i].p, parts[i].n);
    }
    ok = ok && EVP_DigestFinal_ex(ctx, d.bytes, &n);
    assert(ok);
    d.n = n;
    EVP_MD_CTX_free(ctx);
    return d;
}

struct digest crypto_sha256(struct str s)
{
    struct digest d;
    unsigned int n = 0;
    int ok = EVP_Digest(s.p, s.n, d.bytes, &n, method(CRYPTO_SHA256), NULL);
    assert(ok);
    d.n = n;
    return d;
}

bool crypto_equal(struct str a, struct str b)
{
    struct digest x = crypto_sha256(a), y = crypto_sha256(b);
    return CRYPTO_memcmp(x.bytes, y.bytes, x.n) == 0;
}

struct str crypto_base64(struct arena *a, struct str bytes)
{
    unsigned char *out = arena_alloc(a, (bytes.n + 2) / 3 * 4 + 1);
    int n = EVP_EncodeBlock(out, (const unsigned char *)bytes.p, (int)bytes.n);
    return (struct str){(char *)out, (size_t)n};
}

struct str crypto_hex(struct arena *a, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *out = arena_alloc(a, bytes.n * 2 + 1);
    for (size_t i = 0; i < bytes.n; i++) {
        out[2 * i] = digits[(unsigned char)bytes.p[i] >> 4];
        out[2 * i + 1] = digits[bytes.p[i] & 15];
    }
    return (struct str){out, bytes.n * 2};
}

struct str crypto_base64_decode(struct arena *a, struct str text)
{
    unsigned char *out = arena_alloc(a, text.n / 4 * 3 + 1);
    int n = text.n % 4 || text.n == 0 ? -1 : EVP_DecodeBlock(out, (const unsigned char *)text.p, (int)text.n);
    if (n < 0) {
        return (struct str){NULL, 0};
    }
    size_t pad = text.p[text.n - 1] != '=' ? 0 : text.p[text.n - 2] != '=' ? 1 : 2;
    struct str bytes = {(char *)out, (size_t)n > pad ? (size_t)n - pad : 0};
    /* OpenSSL overlooks blanks at the ends and padding in the middle. */
    return str_eq(crypto_base64(a, bytes), text) ? bytes : (struct str){NULL, 0};
}

struct str crypto_base64url(struct arena *a, struct str bytes)
{
    struct str text = crypto_base64(a, bytes);
    char *p = (char *)text.p;
    while (text.n && p[text.n - 1] == '=') {
        p[--text.n] = '\0';
    }
    for (size_t i = 0; i < text.n; i++) {
        p[i] = p[i] == '+' ? '-' : p[i] == '/' ? '_' : p[i];
    }
    return text;
}

/* -1 when it is none. */
static int base64url_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

struct str crypto_base64url_decode(struct arena *a, struct str text)
{
    char *out = arena_alloc(a, text.n / 4 * 3 + 3);
    size_t n = 0;
    unsigned kept = 0, bits = 0;
    for (size_t i = 0; i < text.n; i++) {
        int digit = base64url_digit(text.p[i]);
        if (digit < 0) {
            return (struct str){NULL, 0};
        }
        kept = (kept << 6 | (unsigned)digit) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (char)(kept >> bits);
        }
    }
    /* A lone digit is no byte, and bits behind the last byte would be a second way to write it. */
    bool canonical = text.n % 4 != 1 && (kept & ((1u << bits) - 1)) == 0;
    return canonical ? (struct str){out, n} : (struct str){NULL, 0};
}

void crypto_random(void *out, size_t bytes)
{
    int ok = RAND_bytes(out, (int)bytes);
    assert(ok == 1);
}

uint32_t crypto_random_below(uint32_t limit)
{
    uint32_t r;
    crypto_random(&r, sizeof(r));
    return limit ? r % limit : 0;
}

struct str crypto_hex_decode(struct arena *a, struct str text)
{
    unsigned char *out = arena_alloc(a, text.n / 2 + 1);
    size_t n = 0;
    bool fits = text.n && text.n % 2 == 0 && strspn(text.p, "0123456789abcdefABCDEF") >= text.n &&
                OPENSSL_hexstr2buf_ex(out, text.n / 2, &n, text.p, '\0');
    return fits ? (struct str){(char *)out, n} : (struct str){NULL, 0};
}
