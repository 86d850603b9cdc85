#include "token_keys.h"
#include "crypto.h"
#include "err.h"
#include "token_json.h"
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

#define P256_BYTES 32
#define RSA_LEAST_BYTES 256 /* 2048 bits */
#define RSA_MOST_BYTES 512
#define RSA_EXPONENT_MOST_BYTES 4
#define SECRET_LEAST_BYTES 32

struct str token_alg_name(enum token_alg alg)
{
    static const struct str names[] = {{"ES256", 5}, {"RS256", 5}, {"HS256", 5}};
    return names[alg];
}

bool token_kid_valid(struct str kid)
{
    bool valid = kid.n > 0 && kid.n <= CAP_TOKEN_KID_BYTES;
    for (size_t i = 0; valid && i < kid.n; i++) {
        char c = kid.p[i];
        valid = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }
    return valid;
}

bool token_scalar_valid(struct str s)
{
    static const char order[] = "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"
                                "\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51";
    static const char zero[P256_BYTES];
    return s.n == P256_BYTES && memcmp(s.p, order, P256_BYTES) < 0 && memcmp(s.p, zero, P256_BYTES) != 0;
}

const struct token_key *token_keys_find(const struct token_keys *keys, struct str kid)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (kid.n && str_eq(str_of(keys->keys[i].kid), kid)) {
            return &keys->keys[i];
        }
    }
    return NULL;
}

const struct token_key *token_keys_secret(const struct token_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->keys[i].alg == ALG_HS256) {
            return &keys->keys[i];
        }
    }
    return NULL;
}

static int add(struct token_keys *keys, struct str kid, enum token_alg alg, cjose_jwk_t *jwk)
{
    if (!jwk) {
        ERR_clear_error(); /* else a TLS connection would take it for its own */
        return ERR_BAD_DATA;
    }
    struct token_key *k = &keys->keys[keys->count++];
    *k = (struct token_key){.alg = alg, .jwk = jwk};
    memcpy(k->kid, kid.p ? kid.p : "", kid.n);
    return 0;
}

static cjose_jwk_t *read_ec(const struct token_node *node, struct arena *a)
{
    struct str x = crypto_base64url_decode(a, token_json_string(node, STR("x")));
    struct str y = crypto_base64url_decode(a, token_json_string(node, STR("y")));
    if (!str_eq(token_json_string(node, STR("crv")), STR("P-256")) || x.n != P256_BYTES || y.n != P256_BYTES) {
        return NULL;
    }
    cjose_jwk_ec_keyspec spec = {
        .crv = CJOSE_JWK_EC_P_256, .x = (uint8_t *)x.p, .xlen = x.n, .y = (uint8_t *)y.p, .ylen = y.n};
    return cjose_jwk_create_EC_spec(&spec, NULL); /* refuses what is not on the curve */
}

static cjose_jwk_t *read_rsa(const struct token_node *node, struct arena *a)
{
    struct str n = crypto_base64url_decode(a, token_json_string(node, STR("n")));
    struct str e = crypto_base64url_decode(a, token_json_string(node, STR("e")));
    bool long_enough = n.n > RSA_LEAST_BYTES ? n.p[0] != 0 : n.n == RSA_LEAST_BYTES && n.p[0] & 0x80;
    bool odd = n.n && n.p[n.n - 1] & 1 && e.n && e.p[e.n - 1] & 1;
    bool exponent = e.n >= 3 && e.n <= RSA_EXPONENT_MOST_BYTES && e.p[0] != 0;
    if (!long_enough || n.n > RSA_MOST_BYTES || !odd || !exponent) {
        return NULL;
    }
    cjose_jwk_rsa_keyspec spec = {.n = (uint8_t *)n.p, .nlen = n.n, .e = (uint8_t *)e.p, .elen = e.n};
    return cjose_jwk_create_RSA_spec(&spec, NULL);
}

static bool names_verify(const struct token_node *ops)
{
    const struct token_node *op = ops->kind == TOKEN_JSON_ARRAY ? ops->first : NULL;
    while (op && !(op->kind == TOKEN_JSON_STRING && str_eq(op->text, STR("verify")))) {
        op = op->next;
    }
    return op != NULL;
}

/* Absent, or this text. */
static bool allows(const struct token_node *node, struct str key, struct str text)
{
    return !token_json_member(node, key) || str_eq(token_json_string(node, key), text);
}

/* A key that we cannot use is none of our business: no error, but not in the set either. */
static void read_key(struct token_keys *keys, const struct token_node *node, struct arena *a)
{
    struct str kid = token_json_string(node, STR("kid")), kty = token_json_string(node, STR("kty"));
    const struct token_node *ops = token_json_member(node, STR("key_ops"));
    bool fits = token_kid_valid(kid) && !token_keys_find(keys, kid) && keys->count < CAP_TOKEN_KEYS;
    if (!fits || !allows(node, STR("use"), STR("sig")) || (ops && !names_verify(ops))) {
        return;
    }
    cjose_jwk_t *jwk = NULL;
    enum token_alg alg = str_eq(kty, STR("EC")) ? ALG_ES256 : ALG_RS256;
    if (allows(node, STR("alg"), token_alg_name(alg))) {
        jwk = str_eq(kty, STR("EC")) ? read_ec(node, a) : str_eq(kty, STR("RSA")) ? read_rsa(node, a) : NULL;
    }
    int unused = add(keys, kid, alg, jwk);
    (void)unused;
}

int token_keys_read_jwks(struct token_keys *keys, struct str json)
{
    struct arena a = {0};
    const struct token_node *root = token_json_read(json, &a);
    const struct token_node *list = root ? token_json_member(root, STR("keys")) : NULL;
    bool fits = list && list->kind == TOKEN_JSON_ARRAY;
    for (const struct token_node *node = fits ? list->first : NULL; node; node = node->next) {
        fits = fits && node->kind == TOKEN_JSON_OBJECT;
    }
    for (const struct token_node *node = fits ? list->first : NULL; node; node = node->next) {
        read_key(keys, node, &a);
    }
    arena_free(&a);
    return fits ? 0 : ERR_BAD_JSON;
}

int token_keys_add_secret(struct token_keys *keys, struct str secret)
{
    bool fits = secret.n >= SECRET_LEAST_BYTES && secret.n <= CAP_TOKEN_SECRET_BYTES && !token_keys_secret(keys);
    if (!fits || keys->count == CAP_TOKEN_KEYS) {
        return ERR_BAD_SETTING;
    }
    return add(keys, STR(""), ALG_HS256, cjose_jwk_create_oct_spec((const uint8_t *)secret.p, secret.n, NULL));
}

int token_keys_add(struct token_keys *keys, const struct token_key *key)
{
    bool taken = key->alg == ALG_HS256 ? token_keys_secret(keys) : token_keys_find(keys, str_of(key->kid));
    if (taken || keys->count == CAP_TOKEN_KEYS) {
        return taken ? ERR_CONFLICT : ERR_TOO_LARGE;
    }
    return add(keys, str_of(key->kid), key->alg, cjose_jwk_retain(key->jwk, NULL));
}

void token_keys_free(struct token_keys *keys)
{
    while (keys->count) {
        token_key_free(&keys->keys[--keys->count]);
    }
}

void token_key_free(struct token_key *key)
{
    if (key->jwk) {
        cjose_jwk_release(key->jwk);
    }
    *key = (struct token_key){.jwk = NULL};
}

/* What cjose knows of an EC key: its coordinates, and `d` if asked for, as base64url in the arena. */
struct ec_text {
    struct str x, y, d;
};

static int describe(const cjose_jwk_t *jwk, bool private_too, struct arena *a, struct ec_text *out)
{
    char *json = cjose_jwk_to_json(jwk, private_too, NULL);
    size_t n = json ? strlen(json) : 0;
    const struct token_node *root = token_json_read((struct str){json ? json : "", n}, a);
    *out = (struct ec_text){.x = {NULL, 0}};
    if (root) {
        out->x = token_json_string(root, STR("x"));
        out->y = token_json_string(root, STR("y"));
        out->d = token_json_string(root, STR("d"));
    }
    OPENSSL_cleanse(json, n);
    free(json);
    return out->x.n && out->y.n && (out->d.n || !private_too) ? 0 : ERR_INTERNAL;
}

#define JWK "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\",\"y\":\"%.*s\","
#define TEXT(s) (int)(s).n, (s).p

int token_keys_write_jwks(const struct token_keys *keys, struct buf *out)
{
    const char *comma = "";
    struct arena a = {0};
    int rc = buf_append(out, STR("{\"keys\":["));
    for (size_t i = 0; i < keys->count && rc == 0; i++) {
        const struct token_key *k = &keys->keys[i];
        struct ec_text t;
        if (k->alg != ALG_ES256) {
            continue;
        }
        rc = describe(k->jwk, false, &a, &t);
        rc = rc ? rc
                : buf_printf(out, "%s" JWK "\"kid\":\"%s\",\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"verify\"]}",
                             comma, TEXT(t.x), TEXT(t.y), k->kid);
        comma = ",";
    }
    arena_free(&a);
    return rc ? rc : buf_append(out, STR("]}"));
}

int token_key_generate(struct token_key *out)
{
    struct arena a = {0};
    struct ec_text t;
    *out = (struct token_key){.alg = ALG_ES256, .jwk = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL)};
    int rc = out->jwk ? describe(out->jwk, false, &a, &t) : ERR_INTERNAL;
    if (rc == 0) {
        struct str json =
            arena_printf(&a, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.*s\",\"y\":\"%.*s\"}", TEXT(t.x), TEXT(t.y));
        struct digest d = crypto_sha256(json);
        struct str kid = crypto_base64url(&a, digest_str(&d));
        memcpy(out->kid, kid.p, kid.n);
    } else {
        token_key_free(out);
    }
    arena_free(&a);
    return rc;
}

int token_key_export_private(const struct token_key *key, struct arena *a, struct str *json_out)
{
    struct ec_text t;
    int rc = key->alg == ALG_ES256 ? describe(key->jwk, true, a, &t) : ERR_INTERNAL;
    if (rc == 0) {
        *json_out = arena_printf(a, JWK "\"d\":\"%.*s\",\"kid\":\"%s\",\"alg\":\"ES256\"}", TEXT(t.x), TEXT(t.y),
                                 TEXT(t.d), key->kid);
    }
    return rc;
}

/* cjose works the public half out of `d` and never looks at the one that was given: compared here. */
static cjose_jwk_t *read_private(const struct token_node *root, struct arena *a)
{
    struct str d = crypto_base64url_decode(a, token_json_string(root, STR("d")));
    struct ec_text t;
    if (!str_eq(token_json_string(root, STR("kty")), STR("EC")) ||
        !str_eq(token_json_string(root, STR("crv")), STR("P-256")) || !token_scalar_valid(d)) {
        return NULL;
    }
    cjose_jwk_ec_keyspec spec = {.crv = CJOSE_JWK_EC_P_256, .d = (uint8_t *)d.p, .dlen = d.n};
    cjose_jwk_t *jwk = cjose_jwk_create_EC_spec(&spec, NULL);
    bool belongs = jwk && describe(jwk, false, a, &t) == 0 && str_eq(t.x, token_json_string(root, STR("x"))) &&
                   str_eq(t.y, token_json_string(root, STR("y")));
    if (jwk && !belongs) {
        cjose_jwk_release(jwk);
    }
    return belongs ? jwk : NULL;
}

int token_key_import_private(struct str json, struct token_key *out)
{
    struct arena a = {0};
    const struct token_node *root = token_json_read(json, &a);
    struct str kid = root ? token_json_string(root, STR("kid")) : STR("");
    *out = (struct token_key){.alg = ALG_ES256};
    if (token_kid_valid(kid) && str_eq(token_json_string(root, STR("alg")), token_alg_name(ALG_ES256))) {
        out->jwk = read_private(root, &a);
    }
    if (out->jwk) {
        memcpy(out->kid, kid.p, kid.n);
    }
    arena_free(&a);
    return out->jwk ? 0 : ERR_BAD_DATA;
}
