/* Key sets: what is taken into one, what is left out, and keys of our own on their way to the database and back. */
#include "token_rig.h"

/* Adds what a set of these keys holds; how many, or the error. */
static int count_of(struct str json, struct token_keys *keys)
{
    *keys = (struct token_keys){.count = 0};
    int rc = token_keys_read_jwks(keys, json);
    return rc < 0 ? rc : (int)keys->count;
}

static int count_of_one(const char *before, struct str key, const char *after)
{
    struct token_keys keys;
    struct str json = arena_printf(&rig.arena, "{\"keys\":[%s%.*s%s]}", before, (int)key.n, key.p, after);
    int count = count_of(json, &keys);
    token_keys_free(&keys);
    return count;
}

/* A good EC key; the row's members stand in place of its own or behind them. */
static struct str ec_with(const char *name, const char *value)
{
    struct buf b = buf_make(4096);
    const struct {
        const char *name, *value;
    } members[] = {
        {"kty", "\"EC\""},
        {"crv", "\"P-256\""},
        {"x", arena_printf(&rig.arena, "\"%s\"", rig_number_text(rig.es, OSSL_PKEY_PARAM_EC_PUB_X, 32)).p},
        {"y", arena_printf(&rig.arena, "\"%s\"", rig_number_text(rig.es, OSSL_PKEY_PARAM_EC_PUB_Y, 32)).p},
        {"kid", "\"es-1\""},
        {"alg", "\"ES256\""},
        {"use", "\"sig\""},
        {"key_ops", "[\"verify\"]"},
        {"ext", "true"},
    };
    const char *comma = "{";
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        bool replaced = strcmp(members[i].name, name) == 0;
        const char *text = replaced ? value : members[i].value;
        if (text) {
            CHECK_INT(buf_printf(&b, "%s\"%s\":%s", comma, members[i].name, text), 0);
            comma = ",";
        }
        name = replaced ? "" : name;
    }
    CHECK_INT(*name && value ? buf_printf(&b, ",\"%s\":%s}", name, value) : buf_append(&b, STR("}")), 0);
    struct str copy = arena_copy(&rig.arena, buf_str(&b));
    buf_free(&b);
    return copy;
}

struct ec_row {
    const char *name, *value; /* NULL: the member is missing */
    int count;
};

#define A42 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct ec_row ec_rows[] = {
    {"ext", "true", 1},
    {"alg", NULL, 1},
    {"use", NULL, 1},
    {"key_ops", NULL, 1},
    {"key_ops", "[\"sign\",\"verify\"]", 1},
    {"d", "\"not even base64url!\"", 1}, /* private members are not looked at */
    {"x5c", "[\"MIIB\"]", 1},
    {"kty", NULL, 0},
    {"kty", "\"ec\"", 0},
    {"kty", "\"oct\"", 0},
    {"kty", "\"OKP\"", 0},
    {"kty", "\"RSA\"", 0},
    {"kty", "1", 0},
    {"alg", "\"ES384\"", 0},
    {"alg", "\"RS256\"", 0},
    {"alg", "\"HS256\"", 0},
    {"alg", "\"none\"", 0},
    {"alg", "null", 0},
    {"alg", "[\"ES256\"]", 0},
    {"use", "\"enc\"", 0},
    {"use", "null", 0},
    {"key_ops", "[\"sign\"]", 0},
    {"key_ops", "[]", 0},
    {"key_ops", "\"verify\"", 0},
    {"key_ops", "{\"verify\":1}", 0},
    {"crv", NULL, 0},
    {"crv", "\"P-384\"", 0},
    {"crv", "\"secp256k1\"", 0},
    {"crv", "\"p-256\"", 0},
    {"kid", NULL, 0},
    {"kid", "\"\"", 0},
    {"kid", "null", 0},
    {"kid", "7", 0},
    {"kid", "\"a.b\"", 0},
    {"kid", "\"01234567890123456789012345678901234567890123456789012345678901234\"", 0},
    {"x", NULL, 0},
    {"x", "\"\"", 0},
    {"x", "1", 0},
    {"x", "\"" A42 "A\"", 0}, /* 0 and that y: not on the curve */
    {"x", "\"" A42 "AA\"", 0},
    {"x", "\"" A42 "\"", 0},
    {"x", "\"" A42 "B\"", 0},
    {"x", "\"" A42 "A=\"", 0},
    {"x", "\"" A42 "+\"", 0},
    {"y", NULL, 0},
    {"y", "\"" A42 "A\"", 0},
    {"y", "\"_____wAAAAD__________________________________w\"", 0},
};

static void ec_keys(void)
{
    rig_start();
    for (size_t i = 0; i < sizeof(ec_rows) / sizeof(ec_rows[0]); i++) {
        const struct ec_row *r = &ec_rows[i];
        tap_case(arena_printf(&rig.arena, "%s: %s", r->name, r->value ? r->value : "(missing)").p);
        CHECK_INT(count_of_one("", ec_with(r->name, r->value), ""), r->count);
    }
    rig_stop();
}

static struct str rsa_key(struct str n, const char *e)
{
    struct str text = crypto_base64url(&rig.arena, n);
    return arena_printf(&rig.arena, "{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"%.*s\",\"e\":\"%s\"}", (int)text.n, text.p,
                        e);
}

static struct str modulus(size_t bytes, unsigned char first, unsigned char last)
{
    char *n = arena_alloc(&rig.arena, bytes);
    memset(n, 0x5a, bytes);
    n[0] = (char)first;
    n[bytes - 1] = (char)last;
    return (struct str){n, bytes};
}

static void rsa_keys(void)
{
    rig_start();
    CHECK_INT(count_of_one("", rsa_key(modulus(256, 0x80, 1), "AQAB"), ""), 1);
    CHECK_INT(count_of_one("", rsa_key(modulus(384, 0x01, 1), "AQAB"), ""), 1);
    CHECK_INT(count_of_one("", rsa_key(modulus(512, 0xff, 1), "AQAB"), ""), 1);
    CHECK_INT(count_of_one("", rsa_key(modulus(256, 0x7f, 1), "AQAB"), ""), 0); /* 2047 bits */
    CHECK_INT(count_of_one("", rsa_key(modulus(128, 0x80, 1), "AQAB"), ""), 0);
    CHECK_INT(count_of_one("", rsa_key(modulus(257, 0x00, 1), "AQAB"), ""), 0);
    CHECK_INT(count_of_one("", rsa_key(modulus(513, 0x01, 1), "AQAB"), ""), 0);
    CHECK_INT(count_of_one("", rsa_key(modulus(256, 0x80, 2), "AQAB"), ""), 0); /* even */
    static const char *const exponents[] = {"", "Aw", "AQ", "AA", "AQAA", "AAAB", "AAEAAQ", "AQAAAAE", "AQAB=", "1"};
    for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
        tap_case(exponents[i]);
        CHECK_INT(count_of_one("", rsa_key(modulus(256, 0x80, 1), exponents[i]), ""), 0);
    }
    CHECK_INT(count_of_one("", rig_jwk_rs(rig.rs, "rs-1"), ""), 1);
    rig_stop();
}

static const char *const no_sets[] = {
    "",
    "null",
    "[]",
    "{}",
    "{\"Keys\":[]}",
    "{\"keys\":null}",
    "{\"keys\":{}}",
    "{\"keys\":\"\"}",
    "{\"keys\":[null]}",
    "{\"keys\":[[]]}",
    "{\"keys\":[{},\"a\"]}",
    "{\"keys\":[]",
    "{\"keys\":[]}]",
    "{\"keys\":[{\"kty\":\"EC\",\"kty\":\"EC\"}]}",
    "{\"keys\":[],\"keys\":[]}",
    "<!doctype html><title>502</title>",
    "{\"keys\":[[[[[[[[[]]]]]]]]]}",
};

static void sets_that_are_none(void)
{
    rig_start();
    struct token_keys keys = {.count = 0};
    CHECK_INT(token_keys_read_jwks(&keys, arena_printf(&rig.arena, "{\"keys\":[%s]}", ec_with("", NULL).p)), 0);
    for (size_t i = 0; i < sizeof(no_sets) / sizeof(no_sets[0]); i++) {
        tap_case(no_sets[i]);
        CHECK_INT(token_keys_read_jwks(&keys, str_of(no_sets[i])), ERR_BAD_JSON);
        CHECK_INT((long long)keys.count, 1);
    }
    /* A good key before a bad entry: nothing of such a set is believed. */
    struct token_keys fresh;
    CHECK_INT(count_of(arena_printf(&rig.arena, "{\"keys\":[%s,1]}", ec_with("", NULL).p), &fresh), ERR_BAD_JSON);
    CHECK_INT((long long)fresh.count, 0);
    CHECK_INT(count_of(STR("{\"keys\":[]}"), &fresh), 0);
    CHECK_INT(count_of(STR("{\"keys\":[{}],\"more\":1}"), &fresh), 0);
    token_keys_free(&keys);
    rig_stop();
}

/* What cannot be used does not stand in the way of what can. */
static void keys_are_taken_one_by_one(void)
{
    rig_start();
    struct str good = ec_with("", NULL), other = rig_jwk_es(rig.other, "es-1");
    CHECK_INT(count_of_one("{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"c2VjcmV0\",\"alg\":\"HS256\"},", good, ""), 1);
    CHECK_INT(count_of_one("{\"kty\":\"OKP\",\"kid\":\"a\",\"crv\":\"Ed25519\",\"x\":\"AA\"},{},", good, ",{}"), 1);
    CHECK_INT(count_of_one("", good, arena_printf(&rig.arena, ",%s", other.p).p), 1);
    /* Of two keys of one name the first counts. */
    struct token_keys keys;
    CHECK_INT(count_of(arena_printf(&rig.arena, "{\"keys\":[%s,%s]}", good.p, other.p), &keys), 1);
    struct tenant t;
    CHECK_INT(rig_judge(&keys, rig_es_token(STR(RIG_ES_HEADER), STR(RIG_PAYLOAD)), &t), TOKEN_ACCEPTED);
    token_keys_free(&keys);
    rig_stop();
}

static void a_set_is_bounded(void)
{
    rig_start();
    struct token_keys keys;
    struct buf b = buf_make(CAP_JWKS_BYTES);
    for (int i = 0; i < CAP_TOKEN_KEYS + 4; i++) {
        char kid[8];
        snprintf(kid, sizeof(kid), "\"k%d\"", i);
        CHECK_INT(buf_printf(&b, "%s%s", i ? "," : "{\"keys\":[", ec_with("kid", kid).p), 0);
    }
    CHECK_INT(buf_append(&b, STR("]}")), 0);
    CHECK_INT(count_of(buf_str(&b), &keys), CAP_TOKEN_KEYS);
    CHECK(token_keys_find(&keys, STR("k0")) && token_keys_find(&keys, STR("k15")));
    CHECK(!token_keys_find(&keys, STR("k16")) && !token_keys_find(&keys, STR("")) &&
          !token_keys_find(&keys, STR("K0")));
    CHECK_INT(token_keys_add_secret(&keys, STR(RIG_SECRET)), ERR_BAD_SETTING);
    CHECK_INT(token_keys_add(&keys, token_keys_find(&rig.keys, STR("rs-1"))), ERR_TOO_LARGE);
    CHECK_INT(token_keys_add(&keys, token_keys_find(&keys, STR("k1"))), ERR_CONFLICT);
    token_keys_free(&keys);
    CHECK_INT((long long)keys.count, 0);
    token_keys_free(&keys);
    buf_free(&b);
    rig_stop();
}

static void the_secret(void)
{
    struct token_keys keys = {.count = 0};
    char secret[CAP_TOKEN_SECRET_BYTES + 1];
    memset(secret, 'a', sizeof(secret));
    static const size_t refused[] = {0, 1, 6, 31, CAP_TOKEN_SECRET_BYTES + 1};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        CHECK_INT(token_keys_add_secret(&keys, (struct str){secret, refused[i]}), ERR_BAD_SETTING);
    }
    CHECK(!token_keys_secret(&keys));
    CHECK_INT(token_keys_add_secret(&keys, (struct str){secret, 32}), 0);
    CHECK_INT(token_keys_add_secret(&keys, (struct str){secret, 33}), ERR_BAD_SETTING);
    CHECK(token_keys_secret(&keys) && token_keys_secret(&keys)->alg == ALG_HS256);
    CHECK(!token_keys_find(&keys, STR("")));
    CHECK_INT(token_keys_add(&keys, token_keys_secret(&keys)), ERR_CONFLICT);
    /* It is never shown. */
    struct buf b = buf_make(1024);
    CHECK_INT(token_keys_write_jwks(&keys, &b), 0);
    CHECK_STR(buf_str(&b), "{\"keys\":[]}");
    buf_free(&b);
    token_keys_free(&keys);
}

static void our_keys_go_out_and_come_back(void)
{
    rig_start();
    struct token_key key, again;
    struct token_keys own = {.count = 0}, read;
    struct str json, token;
    struct buf set = buf_make(CAP_JWKS_BYTES);
    struct tenant t;
    CHECK_INT(token_key_generate(&key), 0);
    CHECK_INT((long long)strlen(key.kid), 43);
    CHECK_INT(token_key_export_private(&key, &rig.arena, &json), 0);
    CHECK_INT(token_key_import_private(json, &again), 0);
    CHECK_STR(str_of(again.kid), key.kid);
    CHECK_INT(token_keys_add(&own, &key), 0);
    CHECK_INT(token_keys_add(&own, &again), ERR_CONFLICT);
    CHECK_INT(token_keys_write_jwks(&own, &set), 0);
    CHECK(!str_has(buf_str(&set), STR("\"d\":")) && str_has(json, STR("\"d\":\"")));
    struct str d = str_cut(str_skip(json, (size_t)(strstr(json.p, "\"d\":\"") - json.p) + 5), 43);
    CHECK(!str_has(buf_str(&set), d));
    CHECK_INT(count_of(buf_str(&set), &read), 1);
    /* What the stored key signs, the published one accepts. */
    CHECK_INT(access_token_sign(&again, STR(RIG_PAYLOAD), &rig.arena, &token), 0);
    CHECK_INT(rig_judge(&read, token, &t), TOKEN_ACCEPTED);
    CHECK_INT(rig_judge(&own, token, &t), TOKEN_ACCEPTED);
    token_key_free(&key);
    token_key_free(&again);
    CHECK_INT(rig_judge(&own, token, &t), TOKEN_ACCEPTED); /* the set holds its own reference */
    token_keys_free(&own);
    token_keys_free(&read);
    buf_free(&set);
    rig_stop();
}

static void each_key_is_new(void)
{
    struct token_key a, b;
    CHECK_INT(token_key_generate(&a), 0);
    CHECK_INT(token_key_generate(&b), 0);
    CHECK(strcmp(a.kid, b.kid) != 0 && token_kid_valid(str_of(a.kid)));
    token_key_free(&a);
    token_key_free(&b);
    token_key_free(&b); /* harmless */
}

/* RFC 7638: the digest of these members in this order. */
static void the_name_is_the_thumbprint(void)
{
    struct arena a = {0};
    struct token_key key;
    struct str json;
    CHECK_INT(token_key_generate(&key), 0);
    CHECK_INT(token_key_export_private(&key, &a, &json), 0);
    struct str x = str_cut(str_skip(json, (size_t)(strstr(json.p, "\"x\":\"") - json.p) + 5), 43);
    struct str y = str_cut(str_skip(json, (size_t)(strstr(json.p, "\"y\":\"") - json.p) + 5), 43);
    struct str input = arena_printf(&a, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.43s\",\"y\":\"%.43s\"}", x.p, y.p);
    struct digest d = crypto_sha256(input);
    CHECK_STR(crypto_base64url(&a, digest_str(&d)), key.kid);
    token_key_free(&key);
    arena_free(&a);
}

/* d, x and y as base64url, made by OpenSSL. */
static struct str private_key(const char *d, const char *x, const char *y)
{
    return arena_printf(
        &rig.arena,
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\",\"d\":\"%s\",\"kid\":\"a\",\"alg\":\"ES256\"}", x,
        y, d);
}

static void private_keys_that_are_refused(void)
{
    rig_start();
    struct token_key key;
    const char *d = rig_number_text(rig.es, OSSL_PKEY_PARAM_PRIV_KEY, 32);
    const char *x = rig_number_text(rig.es, OSSL_PKEY_PARAM_EC_PUB_X, 32);
    const char *y = rig_number_text(rig.es, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    const char *order = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
    const char *zero = A42 "A";
    CHECK_INT(token_key_import_private(private_key(d, x, y), &key), 0);
    token_key_free(&key);
    const struct str bad[] = {
        private_key(rig_number_text(rig.other, OSSL_PKEY_PARAM_PRIV_KEY, 32), x, y),
        private_key(d, rig_number_text(rig.other, OSSL_PKEY_PARAM_EC_PUB_X, 32), y),
        private_key(d, x, rig_number_text(rig.other, OSSL_PKEY_PARAM_EC_PUB_Y, 32)),
        private_key(d, y, x),
        private_key(zero, x, y),
        private_key(order, x, y),
        private_key("__________________________________________8", x, y),
        private_key("", x, y),
        private_key(d, "", y),
        private_key(d, x, ""),
        private_key("AAAA", x, y),
        private_key(arena_printf(&rig.arena, "%sA", d).p, x, y),
        STR("{}"),
        STR(""),
        STR("[]"),
        rig_jwk_es(rig.es, "a"),
        rig_jwk_rs(rig.rs, "a"),
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tap_case(bad[i].p);
        CHECK_INT(token_key_import_private(bad[i], &key), ERR_BAD_DATA);
        CHECK(!key.jwk && !*key.kid);
    }
    static const char *const changed[][2] = {{"\"EC\"", "\"RS\""},   {"P-256", "P-384"}, {"\"a\"", "\"\""},
                                             {"\"a\"", "\"a b\""},   {"ES256", "HS256"}, {"\"kid\"", "\"Kid\""},
                                             {"\"alg\"", "\"algo\""}};
    for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
        struct str good = private_key(d, x, y);
        const char *at = strstr(good.p, changed[i][0]);
        struct str json =
            arena_printf(&rig.arena, "%.*s%s%s", (int)(at - good.p), good.p, changed[i][1], at + strlen(changed[i][0]));
        tap_case(json.p);
        CHECK_INT(token_key_import_private(json, &key), ERR_BAD_DATA);
    }
    rig_stop();
}

static void scalars(void)
{
    static const char below[] = "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"
                                "\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x50";
    char n[33] = {0};
    CHECK(!token_scalar_valid((struct str){n, 32}));
    n[31] = 1;
    CHECK(token_scalar_valid((struct str){n, 32}));
    CHECK(!token_scalar_valid((struct str){n, 31}) && !token_scalar_valid((struct str){n, 33}));
    memcpy(n, below, 32);
    CHECK(token_scalar_valid((struct str){n, 32}));
    n[31]++;
    CHECK(!token_scalar_valid((struct str){n, 32}));
    n[31]++;
    CHECK(!token_scalar_valid((struct str){n, 32}));
    n[31] = 0;
    n[3]--;
    CHECK(token_scalar_valid((struct str){n, 32}));
}

TAP_MAIN(TEST(ec_keys), TEST(rsa_keys), TEST(sets_that_are_none), TEST(keys_are_taken_one_by_one),
         TEST(a_set_is_bounded), TEST(the_secret), TEST(our_keys_go_out_and_come_back), TEST(each_key_is_new),
         TEST(the_name_is_the_thumbprint), TEST(private_keys_that_are_refused), TEST(scalars))
