#pragma once
/* What the tests of access tokens share: one key of each kind, made by OpenSSL alone, and tokens of any header and payload
 * signed with them. Nothing here goes through the code that is tested, so both must be right to agree. */
#include "access_token.h"
#include "crypto.h"
#include "tap.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define RIG_ISSUER "https://abcdefghijklmnopqrst.supabase.co/auth/v1"
#define RIG_SECRET "larkspur-shared-secret-of-more-than-32-bytes"
#define RIG_NOW_S 1795000000
#define RIG_USER "11111111-2222-4333-8444-555555555555"
#define RIG_SESSION "66666666-7777-4888-9999-aaaaaaaaaaaa"

#define RIG_HEADER(alg, kid) "{\"alg\":\"" alg "\",\"kid\":\"" kid "\",\"typ\":\"JWT\"}"
#define RIG_ES_HEADER RIG_HEADER("ES256", "es-1")
#define RIG_RS_HEADER RIG_HEADER("RS256", "rs-1")
#define RIG_HS_HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

/* Members of a good payload, each as it is written. */
#define RIG_ISS "\"iss\":\"" RIG_ISSUER "\","
#define RIG_SUB "\"sub\":\"" RIG_USER "\","
#define RIG_AUD "\"aud\":\"authenticated\","
#define RIG_ROLE "\"role\":\"authenticated\","
#define RIG_EXP "\"exp\":1795003600"
#define RIG_PAYLOAD_WITH(more) "{" RIG_ISS RIG_SUB RIG_AUD RIG_ROLE more RIG_EXP "}"
#define RIG_PAYLOAD                                                                                                    \
    RIG_PAYLOAD_WITH("\"email\":\"owner@larkspur.example\",\"session_id\":\"" RIG_SESSION "\",\"iat\":1795000000,")

struct token_rig {
    EVP_PKEY *es, *rs, *other; /* made once for all tests; `other`: EC, not in the set */
    struct token_keys keys;    /* es-1, rs-1 and the secret */
    struct arena arena;
};

static struct token_rig rig;

static inline struct str rig_number(EVP_PKEY *key, const char *name, size_t bytes)
{
    BIGNUM *n = NULL;
    unsigned char *out = arena_alloc(&rig.arena, bytes + 1);
    if (!EVP_PKEY_get_bn_param(key, name, &n) || BN_bn2binpad(n, out, (int)bytes) < 0) {
        abort();
    }
    BN_free(n);
    return (struct str){(char *)out, bytes};
}

static inline const char *rig_number_text(EVP_PKEY *key, const char *name, size_t bytes)
{
    return arena_copy(&rig.arena, crypto_base64url(&rig.arena, rig_number(key, name, bytes))).p;
}

/* Public, as it stands in a key set. */
static inline struct str rig_jwk_es(EVP_PKEY *key, const char *kid)
{
    return arena_printf(&rig.arena, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\",\"kid\":\"%s\"}",
                        rig_number_text(key, OSSL_PKEY_PARAM_EC_PUB_X, 32),
                        rig_number_text(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32), kid);
}

static inline struct str rig_jwk_rs(EVP_PKEY *key, const char *kid)
{
    return arena_printf(&rig.arena, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\",\"kid\":\"%s\",\"alg\":\"RS256\"}",
                        rig_number_text(key, OSSL_PKEY_PARAM_RSA_N, (size_t)EVP_PKEY_get_size(key)), kid);
}

static inline void rig_start(void)
{
    if (!rig.rs) {
        rig = (struct token_rig){.es = EVP_EC_gen("P-256"), .rs = EVP_RSA_gen(2048), .other = EVP_EC_gen("P-256")};
    }
    struct str set =
        arena_printf(&rig.arena, "{\"keys\":[%s,%s]}", rig_jwk_es(rig.es, "es-1").p, rig_jwk_rs(rig.rs, "rs-1").p);
    CHECK_INT(token_keys_add_secret(&rig.keys, STR(RIG_SECRET)), 0);
    CHECK_INT(token_keys_read_jwks(&rig.keys, set), 0);
    CHECK_INT((long long)rig.keys.count, 3);
}

static inline void rig_stop(void)
{
    token_keys_free(&rig.keys);
    arena_free(&rig.arena);
}

/* "header.payload", both encoded. */
static inline struct str rig_input(struct str header, struct str payload)
{
    struct str h = crypto_base64url(&rig.arena, header), p = crypto_base64url(&rig.arena, payload);
    return arena_printf(&rig.arena, "%.*s.%.*s", (int)h.n, h.p, (int)p.n, p.p);
}

static inline struct str rig_join(struct str input, struct str signature)
{
    struct str s = crypto_base64url(&rig.arena, signature);
    return arena_printf(&rig.arena, "%.*s.%.*s", (int)input.n, input.p, (int)s.n, s.p);
}

/* What OpenSSL makes of it: DER for EC, PKCS#1 v1.5 for RSA. */
static inline struct str rig_openssl_sign(EVP_PKEY *key, const EVP_MD *hash, struct str input)
{
    size_t n = 1024;
    unsigned char *out = arena_alloc(&rig.arena, n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!EVP_DigestSignInit(ctx, NULL, hash, NULL, key) ||
        !EVP_DigestSign(ctx, out, &n, (const unsigned char *)input.p, input.n)) {
        abort();
    }
    EVP_MD_CTX_free(ctx);
    return (struct str){(char *)out, n};
}

/* r and s, 32 bytes each. */
static inline struct str rig_es_sign(EVP_PKEY *key, struct str input)
{
    struct str der = rig_openssl_sign(key, EVP_sha256(), input);
    const unsigned char *at = (const unsigned char *)der.p;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.n);
    unsigned char *out = arena_alloc(&rig.arena, 64);
    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) < 0) {
        abort();
    }
    ECDSA_SIG_free(sig);
    return (struct str){(char *)out, 64};
}

static inline struct str rig_hs_sign(struct str secret, struct str input)
{
    struct digest d = crypto_hmac(CRYPTO_SHA256, secret, &input, 1);
    return arena_copy(&rig.arena, digest_str(&d));
}

static inline struct str rig_es_token(struct str header, struct str payload)
{
    struct str input = rig_input(header, payload);
    return rig_join(input, rig_es_sign(rig.es, input));
}

static inline struct str rig_rs_token(struct str header, struct str payload)
{
    struct str input = rig_input(header, payload);
    return rig_join(input, rig_openssl_sign(rig.rs, EVP_sha256(), input));
}

static inline struct str rig_hs_token(struct str secret, struct str header, struct str payload)
{
    struct str input = rig_input(header, payload);
    return rig_join(input, rig_hs_sign(secret, input));
}

static inline enum metric_token rig_judge(const struct token_keys *keys, struct str token, struct tenant *out)
{
    struct access_token_rules rules = {STR(RIG_ISSUER), RIG_NOW_S};
    return access_token_judge(keys, &rules, token, &rig.arena, out);
}

static int rig_refused, rig_accepted;

/* The token must be refused for this reason, and must not name anybody. */
static inline void rig_refuse_by(const struct token_keys *keys, struct str token, enum metric_token why)
{
    struct tenant t = {.expires_s = -1};
    CHECK_INT(rig_judge(keys, token, &t), why);
    CHECK(t.expires_s == -1 && !t.user_id.p && !t.claims.p);
    rig_refused++;
}

static inline void rig_refuse(struct str token, enum metric_token why)
{
    CHECK(why != TOKEN_ACCEPTED);
    rig_refuse_by(&rig.keys, token, why);
}

static inline struct tenant rig_accept(struct str token)
{
    struct tenant t = {.expires_s = -1};
    CHECK_INT(rig_judge(&rig.keys, token, &t), TOKEN_ACCEPTED);
    rig_accepted++;
    return t;
}

/* At the end of each program: how many vectors there were. */
static inline void rig_tell(int least_refused)
{
    printf("# %d tokens refused, %d accepted\n", rig_refused, rig_accepted);
    CHECK(rig_refused >= least_refused);
}
