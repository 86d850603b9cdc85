/* Any bytes as a token, as the JSON of one that is signed with a known secret, as a key set and as a private key. The JSON
 * reader takes nothing that a second reader refuses; what is accepted names a uuid, is in time, and has claims that are
 * strict JSON without a key twice. */
#include "adapters/access_token.c"
#include "fuzz.h"
#include "strict_json.h"

#define ISSUER "https://abcdefghijklmnopqrst.supabase.co/auth/v1"
#define SECRET "super-secret-jwt-token-with-at-least-32-characters-long"
#define NOW_S 1795000000

static const char set[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"UVw9brnjlrkE0_7Kf1T9zQzB6Ze_N13KUVrQpsO0A18\",\"y\":\"RTa-"
    "OlDzGPv5pUdZAqIhUCvvDVfgjFOyzApW8X2fk1Q\",\"kid\":\"3f1c2d4e-0000-4000-8000-00000000e256\",\"alg\":\"ES256\"}]}";

static const struct access_token_rules rules = {{ISSUER, sizeof(ISSUER) - 1}, NOW_S};

static const struct token_keys *keys(void)
{
    static struct token_keys k;
    if (k.count == 0) {
        HOLD(token_keys_add_secret(&k, STR(SECRET)) == 0);
        HOLD(token_keys_read_jwks(&k, str_of(set)) == 0 && k.count == 2);
    }
    return &k;
}

static enum metric_token check_token(struct str token, struct arena *a)
{
    struct tenant t = {.expires_s = -1};
    enum metric_token verdict = access_token_judge(keys(), &rules, token, a, &t);
    HOLD((verdict == TOKEN_ACCEPTED) == (t.claims.n > 0) && verdict < TOKEN_NO_KEYS);
    if (verdict == TOKEN_ACCEPTED) {
        HOLD(token.n <= CAP_TOKEN_BYTES && t.expires_s > NOW_S - CAP_TOKEN_LEEWAY_S);
        HOLD(uuid_valid(t.user_id) && (!t.session_id.p || uuid_valid(t.session_id)));
        HOLD(strict_json_valid(t.claims, NULL, NULL) && token_json_read(t.claims, a));
        HOLD(str_eq(token_json_string(token_json_read(t.claims, a), STR("role")), STR("authenticated")));
    }
    return verdict;
}

/* "header\npayload", signed. */
static void check_signed(struct str text, struct arena *a)
{
    size_t n = str_find(text, '\n');
    struct str h = crypto_base64url(a, str_cut(text, n)), p = crypto_base64url(a, str_skip(text, n + 1));
    struct str input = arena_printf(a, "%.*s.%.*s", (int)h.n, h.p, (int)p.n, p.p);
    struct digest d = crypto_hmac(CRYPTO_SHA256, STR(SECRET), &input, 1);
    struct str s = crypto_base64url(a, digest_str(&d));
    enum metric_token verdict = check_token(arena_printf(a, "%s.%.*s", input.p, (int)s.n, s.p), a);
    bool header = strict_json_valid(str_cut(text, n), NULL, NULL);
    bool payload = strict_json_valid(str_skip(text, n + 1), NULL, NULL);
    HOLD(verdict == TOKEN_SHAPE || (header && payload));
}

static void check_json(struct str text, struct arena *a)
{
    struct token_keys read = {.count = 0};
    struct token_key key;
    const struct token_node *root = token_json_read(text, a);
    HOLD(!root || strict_json_valid(text, NULL, NULL));
    HOLD(token_keys_read_jwks(&read, text) == 0 || read.count == 0);
    HOLD(!read.count || root);
    token_keys_free(&read);
    if (token_key_import_private(text, &key) == 0) {
        struct str out;
        struct token_key again;
        HOLD(token_key_export_private(&key, a, &out) == 0 && token_key_import_private(out, &again) == 0);
        HOLD(strcmp(key.kid, again.kid) == 0);
        token_key_free(&again);
        token_key_free(&key);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct str text = {(const char *)data, size};
    struct str bytes = crypto_base64url_decode(&a, text);
    HOLD(!bytes.p || str_eq(crypto_base64url(&a, bytes), text));
    HOLD(str_eq(crypto_base64url_decode(&a, crypto_base64url(&a, text)), text));
    check_token(text, &a);
    check_signed(text, &a);
    check_json(text, &a);
    arena_free(&a);
    return 0;
}
