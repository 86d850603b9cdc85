#include "access_token.h"
#include "crypto.h"
#include "json.h"
#include "token_json.h"
#include <cjose/cjose.h>
#include <openssl/err.h>

#define ES256_BYTES 64 /* r and s, 32 bytes each */
#define UUID_CHARS 36
#define LATEST_S 253402300799 /* the end of the year 9999 */

/* One token between its first byte and the verdict. */
struct token {
    struct str text, parts[3], signature;
    const struct token_node *header, *payload;
    struct str alg, kid;
    struct arena arena;
};

struct claims {
    struct str sub, role, email, session_id;
    int64_t exp_s, nbf_s, iat_s;
};

/* Three parts, none of them empty. */
static bool split(struct token *t)
{
    struct str rest = t->text;
    for (size_t i = 0; i < 3; i++) {
        size_t n = i < 2 ? str_find(rest, '.') : rest.n;
        if (n == 0 || (i < 2 && n == rest.n)) {
            return false;
        }
        t->parts[i] = str_cut(rest, n);
        rest = str_skip(rest, n + 1);
    }
    return true;
}

static const struct token_node *read_part(struct token *t, struct str part)
{
    struct str json = crypto_base64url_decode(&t->arena, part);
    return json.p ? token_json_read(json, &t->arena) : NULL;
}

static bool read_shape(struct token *t)
{
    if (t->text.n > CAP_TOKEN_BYTES || !split(t)) {
        return false;
    }
    t->signature = crypto_base64url_decode(&t->arena, t->parts[2]); /* a dot of a fourth part is no digit */
    t->header = t->signature.p ? read_part(t, t->parts[0]) : NULL;
    t->payload = t->header ? read_part(t, t->parts[1]) : NULL;
    return t->payload != NULL;
}

static bool read_header(struct token *t)
{
    static const struct str refused[] = {{"jku", 3}, {"x5u", 3},  {"x5c", 3}, {"x5t", 3}, {"x5t#S256", 8},
                                         {"jwk", 3}, {"crit", 4}, {"b64", 3}, {"zip", 3}};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (token_json_member(t->header, refused[i])) {
            return false;
        }
    }
    const struct token_node *typ = token_json_member(t->header, STR("typ"));
    t->alg = token_json_string(t->header, STR("alg"));
    t->kid = token_json_string(t->header, STR("kid"));
    bool kid_fits = token_json_member(t->header, STR("kid")) ? token_kid_valid(t->kid) : true;
    bool typ_fits = !typ || str_eq(token_json_string(t->header, STR("typ")), STR("JWT"));
    return t->alg.p && kid_fits && typ_fits;
}

/* The named key decides. Only an HS256 token whose key we do not have by name may mean the shared secret: public keys are
 * never used for it. */
static enum metric_token find_key(const struct token_keys *keys, const struct token *t,
                                  const struct token_key **key_out)
{
    bool shared = str_eq(t->alg, token_alg_name(ALG_HS256));
    bool known = shared || str_eq(t->alg, token_alg_name(ALG_ES256)) || str_eq(t->alg, token_alg_name(ALG_RS256));
    const struct token_key *key = token_keys_find(keys, t->kid);
    if (known && !shared && !key) {
        return t->kid.n ? TOKEN_UNKNOWN_KEY : TOKEN_HEADER;
    }
    key = shared && !key ? token_keys_secret(keys) : key;
    if (!key || !str_eq(t->alg, token_alg_name(key->alg))) {
        return TOKEN_ALGORITHM;
    }
    *key_out = key;
    return TOKEN_ACCEPTED;
}

/* cjose takes r and s of any length, and leaves out the last byte of an odd one. */
static bool signature_fits(const struct token_key *key, struct str s)
{
    return key->alg != ALG_ES256 || (s.n == ES256_BYTES && token_scalar_valid(str_cut(s, ES256_BYTES / 2)) &&
                                     token_scalar_valid(str_skip(s, ES256_BYTES / 2)));
}

static bool signature_valid(const struct token_key *key, const struct token *t)
{
    if (!signature_fits(key, t->signature)) {
        return false;
    }
    cjose_jws_t *jws = cjose_jws_import(t->text.p, t->text.n, NULL);
    bool valid = jws && cjose_jws_verify(jws, key->jwk, NULL);
    if (jws) {
        cjose_jws_release(jws);
    }
    ERR_clear_error(); /* else a TLS connection would take it for its own */
    return valid;
}

/* Digits only: no sign, fraction, exponent or text. */
static bool read_seconds(const struct token_node *n, int64_t *out)
{
    int64_t s = 0;
    bool fits = n->kind == TOKEN_JSON_NUMBER;
    for (size_t i = 0; fits && i < n->text.n; i++) {
        fits = n->text.p[i] >= '0' && n->text.p[i] <= '9';
        s = s * 10 + (n->text.p[i] - '0');
        fits = fits && s <= LATEST_S;
    }
    *out = s;
    return fits;
}

/* Absent leaves `out` as it is. */
static bool read_seconds_member(const struct token *t, struct str key, int64_t *out)
{
    const struct token_node *n = token_json_member(t->payload, key);
    return !n || read_seconds(n, out);
}

/* Absent, or a string. */
static bool read_text_member(const struct token *t, struct str key, struct str *out)
{
    *out = token_json_string(t->payload, key);
    return out->p || !token_json_member(t->payload, key);
}

static bool uuid_valid(struct str s)
{
    bool valid = s.n == UUID_CHARS;
    for (size_t i = 0; valid && i < s.n; i++) {
        char c = s.p[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        valid = dash ? c == '-' : hex;
    }
    return valid;
}

static bool audience_fits(const struct token *t)
{
    const struct token_node *aud = token_json_member(t->payload, STR("aud"));
    bool named = false;
    if (!aud || aud->kind != TOKEN_JSON_ARRAY) {
        return aud && aud->kind == TOKEN_JSON_STRING && str_eq(aud->text, STR("authenticated"));
    }
    for (const struct token_node *n = aud->first; n; n = n->next) {
        if (n->kind != TOKEN_JSON_STRING) {
            return false;
        }
        named = named || str_eq(n->text, STR("authenticated"));
    }
    return named;
}

static enum metric_token read_claims(const struct token *t, const struct access_token_rules *rules, struct claims *c)
{
    *c = (struct claims){.exp_s = -1};
    bool texts = read_text_member(t, STR("email"), &c->email) && read_text_member(t, STR("session_id"), &c->session_id);
    bool times = read_seconds_member(t, STR("exp"), &c->exp_s) && read_seconds_member(t, STR("nbf"), &c->nbf_s) &&
                 read_seconds_member(t, STR("iat"), &c->iat_s);
    c->role = token_json_string(t->payload, STR("role"));
    c->sub = token_json_string(t->payload, STR("sub"));
    if (!texts || !times || c->exp_s < 0 || (c->session_id.p && !uuid_valid(c->session_id))) {
        return TOKEN_CLAIMS;
    }
    if (!rules->issuer.n || !str_eq(token_json_string(t->payload, STR("iss")), rules->issuer)) {
        return TOKEN_ISSUER;
    }
    if (!audience_fits(t)) {
        return TOKEN_AUDIENCE;
    }
    if (!str_eq(c->role, STR("authenticated"))) {
        return TOKEN_ROLE;
    }
    if (!uuid_valid(c->sub)) {
        return TOKEN_SUBJECT;
    }
    if (c->nbf_s > rules->now_s + CAP_TOKEN_LEEWAY_S || c->iat_s > rules->now_s + CAP_TOKEN_LEEWAY_S) {
        return TOKEN_NOT_YET;
    }
    return rules->now_s >= c->exp_s + CAP_TOKEN_LEEWAY_S ? TOKEN_EXPIRED : TOKEN_ACCEPTED;
}

static struct str lower_copy(struct arena *a, struct str s)
{
    struct str copy = s.n ? arena_copy(a, s) : (struct str){NULL, 0};
    for (size_t i = 0; i < copy.n; i++) {
        char c = copy.p[i];
        ((char *)copy.p)[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return copy;
}

static const struct field claim_fields[] = {
    FIELD(struct claims, sub, "sub", STR, 0),
    FIELD(struct claims, role, "role", STR, 0),
    FIELD(struct claims, email, "email", STR, FIELD_OMIT_EMPTY),
    FIELD(struct claims, session_id, "session_id", STR, FIELD_OMIT_EMPTY),
};

static bool fill_tenant(struct claims *c, struct arena *a, struct tenant *out)
{
    struct buf json = buf_make(2 * CAP_TOKEN_BYTES);
    c->sub = lower_copy(a, c->sub);
    c->session_id = lower_copy(a, c->session_id);
    c->email = c->email.n ? arena_copy(a, c->email) : (struct str){NULL, 0};
    bool fits = json_write(&json, claim_fields, FIELD_COUNT(claim_fields), c) == 0;
    if (fits) {
        *out = (struct tenant){.user_id = c->sub,
                               .session_id = c->session_id,
                               .email = c->email,
                               .claims = arena_copy(a, buf_str(&json)),
                               .expires_s = c->exp_s};
    }
    buf_free(&json);
    return fits;
}

static enum metric_token judge(const struct token_keys *keys, const struct access_token_rules *rules, struct token *t,
                               struct claims *claims)
{
    const struct token_key *key = NULL;
    if (!read_shape(t)) {
        return TOKEN_SHAPE;
    }
    if (!read_header(t)) {
        return TOKEN_HEADER;
    }
    enum metric_token found = find_key(keys, t, &key);
    if (found != TOKEN_ACCEPTED) {
        return found;
    }
    return signature_valid(key, t) ? read_claims(t, rules, claims) : TOKEN_SIGNATURE;
}

enum metric_token access_token_judge(const struct token_keys *keys, const struct access_token_rules *rules,
                                     struct str token, struct arena *arena, struct tenant *tenant_out)
{
    struct token t = {.text = token};
    struct claims claims;
    enum metric_token verdict = judge(keys, rules, &t, &claims);
    if (verdict == TOKEN_ACCEPTED && !fill_tenant(&claims, arena, tenant_out)) {
        verdict = TOKEN_CLAIMS;
    }
    arena_free(&t.arena);
    return verdict;
}

int access_token_code(enum metric_token verdict)
{
    return verdict == TOKEN_ACCEPTED ? 0 : verdict == TOKEN_EXPIRED ? ERR_TOKEN_EXPIRED : ERR_UNAUTHORIZED;
}

static cjose_header_t *make_header(const struct token_key *key)
{
    cjose_header_t *h = cjose_header_new(NULL);
    bool made = h && cjose_header_set(h, CJOSE_HDR_ALG, token_alg_name(key->alg).p, NULL) &&
                cjose_header_set(h, CJOSE_HDR_KID, key->kid, NULL) && cjose_header_set(h, "typ", "JWT", NULL);
    if (h && !made) {
        cjose_header_release(h);
    }
    return made ? h : NULL;
}

int access_token_sign(const struct token_key *key, struct str payload_json, struct arena *a, struct str *token_out)
{
    const char *text = NULL;
    cjose_header_t *header = make_header(key);
    cjose_jws_t *jws =
        header ? cjose_jws_sign(key->jwk, header, (const uint8_t *)payload_json.p, payload_json.n, NULL) : NULL;
    int rc = jws && cjose_jws_export(jws, &text, NULL) ? 0 : ERR_INTERNAL;
    if (rc == 0) {
        rc = strlen(text) <= CAP_TOKEN_BYTES ? 0 : ERR_TOO_LARGE;
        *token_out = rc ? (struct str){NULL, 0} : arena_copy(a, str_of(text));
    }
    if (jws) {
        cjose_jws_release(jws);
    }
    if (header) {
        cjose_header_release(header);
    }
    ERR_clear_error();
    return rc;
}
