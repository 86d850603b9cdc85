/* Access tokens: who signed them. Header and payload are good in every token here. */
#include "token_rig.h"

static const char order_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/* A number of 32 bytes: the order of P-256 and so much more or less, or the small number itself. */
static struct str scalar(bool from_order, int more)
{
    BIGNUM *n = NULL;
    char *out = arena_alloc(&rig.arena, 32);
    if (!BN_hex2bn(&n, from_order ? order_hex : "0") ||
        !(more < 0 ? BN_sub_word(n, (BN_ULONG)-more) : BN_add_word(n, (BN_ULONG)more)) ||
        BN_bn2binpad(n, (unsigned char *)out, 32) != 32) {
        abort();
    }
    BN_free(n);
    return (struct str){out, 32};
}

static struct str join(struct str a, struct str b)
{
    char *out = arena_alloc(&rig.arena, a.n + b.n + 1);
    memcpy(out, a.p, a.n);
    memcpy(out + a.n, b.p, b.n);
    return (struct str){out, a.n + b.n};
}

static struct str zeros(size_t n)
{
    return (struct str){arena_alloc(&rig.arena, n + 1), n};
}

static struct str es_input(void)
{
    return rig_input(STR(RIG_ES_HEADER), STR(RIG_PAYLOAD));
}

static void r_and_s_have_a_range(void)
{
    rig_start();
    struct str input = es_input(), good = rig_es_sign(rig.es, input);
    struct str r = str_cut(good, 32), s = str_skip(good, 32);
    struct str all = arena_copy(&rig.arena, zeros(32));
    memset((char *)all.p, 0xff, 32);
    const struct str bad[] = {scalar(false, 0), scalar(true, 0), scalar(true, 1), scalar(true, 2), all};
    for (size_t i = 0; i < 5; i++) {
        rig_refuse(rig_join(input, join(bad[i], s)), TOKEN_SIGNATURE);
        rig_refuse(rig_join(input, join(r, bad[i])), TOKEN_SIGNATURE);
        for (size_t k = 0; k < 5; k++) {
            rig_refuse(rig_join(input, join(bad[i], bad[k])), TOKEN_SIGNATURE);
        }
    }
    const struct str edges[] = {scalar(false, 1), scalar(false, 2), scalar(true, -1), scalar(true, -2)};
    for (size_t i = 0; i < 16; i++) {
        CHECK(token_scalar_valid(edges[i / 4]));
        rig_refuse(rig_join(input, join(edges[i / 4], edges[i % 4])), TOKEN_SIGNATURE);
    }
    rig_refuse(rig_join(input, join(s, r)), TOKEN_SIGNATURE);
    rig_accept(rig_join(input, good));
    rig_stop();
}

static void signatures_have_one_length(void)
{
    rig_start();
    struct str input = es_input(), good = rig_es_sign(rig.es, input);
    struct str r = str_cut(good, 32), s = str_skip(good, 32), zero = zeros(1);
    rig_refuse(rig_join(input, rig_openssl_sign(rig.es, EVP_sha256(), input)), TOKEN_SIGNATURE); /* DER */
    rig_refuse(rig_join(input, str_cut(good, 63)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, str_skip(good, 1)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, join(good, zero)), TOKEN_SIGNATURE); /* cjose would leave the last byte out */
    rig_refuse(rig_join(input, join(zero, good)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, join(join(zero, r), join(zero, s))), TOKEN_SIGNATURE); /* cjose would take it */
    rig_refuse(rig_join(input, join(join(zeros(16), r), join(zeros(16), s))), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, join(good, good)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, r), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, zeros(1)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, zeros(64)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, zeros(132)), TOKEN_SIGNATURE);
    struct str none = arena_printf(&rig.arena, "%.*s.", (int)input.n, input.p);
    rig_refuse(none, TOKEN_SHAPE);
    rig_stop();
}

/* Signed, but not this, or not by this key. */
static void signatures_of_something_else(void)
{
    rig_start();
    struct str input = es_input();
    struct str others[] = {rig_input(STR(RIG_ES_HEADER), STR(RIG_PAYLOAD " ")),
                           rig_input(STR(RIG_ES_HEADER " "), STR(RIG_PAYLOAD)), STR(RIG_PAYLOAD), STR("")};
    for (size_t i = 0; i < 4; i++) {
        rig_refuse(rig_join(input, rig_es_sign(rig.es, others[i])), TOKEN_SIGNATURE);
    }
    rig_refuse(rig_join(input, rig_es_sign(rig.other, input)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, rig_openssl_sign(rig.rs, EVP_sha256(), input)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, rig_hs_sign(STR(RIG_SECRET), input)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, digest_str(&(struct digest){.n = 32})), TOKEN_SIGNATURE);
    struct digest plain = crypto_sha256(input);
    rig_refuse(rig_join(input, digest_str(&plain)), TOKEN_SIGNATURE);
    rig_stop();
}

/* A key that the token brings along. */
static void keys_in_the_token_are_nobodys(void)
{
    rig_start();
    struct str jwk = rig_jwk_es(rig.other, "es-1");
    const char *const kids[] = {"es-1", "es-2"};
    for (size_t i = 0; i < 2; i++) {
        struct str header = arena_printf(&rig.arena, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"jwk\":%s}", kids[i], jwk.p);
        struct str input = rig_input(header, STR(RIG_PAYLOAD));
        rig_refuse(rig_join(input, rig_es_sign(rig.other, input)), TOKEN_HEADER);
    }
    rig_stop();
}

static struct str spki_der(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    struct str copy = arena_copy(&rig.arena, (struct str){(char *)der, (size_t)n});
    OPENSSL_free(der);
    return copy;
}

static struct str spki_pem(EVP_PKEY *key, bool final_newline)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *text;
    if (!out || !PEM_write_bio_PUBKEY(out, key)) {
        abort();
    }
    size_t n = (size_t)BIO_get_mem_data(out, &text);
    struct str copy = arena_copy(&rig.arena, (struct str){text, final_newline ? n : n - 1});
    BIO_free(out);
    return copy;
}

/* Everything that is public about a key, tried as the secret of HS256. */
static size_t public_bytes(struct str *out)
{
    struct str x = rig_number(rig.es, OSSL_PKEY_PARAM_EC_PUB_X, 32),
               y = rig_number(rig.es, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    const struct str all[] = {
        spki_pem(rig.es, true),
        spki_pem(rig.es, false),
        spki_der(rig.es),
        rig_jwk_es(rig.es, "es-1"),
        join(x, y),
        join(STR("\x04"), join(x, y)),
        x,
        str_of(rig_number_text(rig.es, OSSL_PKEY_PARAM_EC_PUB_X, 32)),
        spki_pem(rig.rs, true),
        spki_pem(rig.rs, false),
        spki_der(rig.rs),
        rig_jwk_rs(rig.rs, "rs-1"),
        rig_number(rig.rs, OSSL_PKEY_PARAM_RSA_N, 256),
        str_of(rig_number_text(rig.rs, OSSL_PKEY_PARAM_RSA_N, 256)),
        STR("es-1"),
        STR("rs-1"),
        zeros(32),
        STR("secret"),
        STR(RIG_ISSUER),
    };
    memcpy(out, all, sizeof(all));
    return sizeof(all) / sizeof(all[0]);
}

static void public_keys_are_no_secrets(void)
{
    rig_start();
    struct token_keys no_secret = {.count = 0};
    CHECK_INT(token_keys_add(&no_secret, token_keys_find(&rig.keys, STR("es-1"))), 0);
    CHECK_INT(token_keys_add(&no_secret, token_keys_find(&rig.keys, STR("rs-1"))), 0);
    struct str secrets[32];
    for (size_t i = public_bytes(secrets); i-- > 0;) {
        tap_case(arena_copy(&rig.arena, secrets[i]).p);
        struct str bare = rig_hs_token(secrets[i], STR(RIG_HS_HEADER), STR(RIG_PAYLOAD));
        struct str es = rig_hs_token(secrets[i], STR(RIG_HEADER("HS256", "es-1")), STR(RIG_PAYLOAD));
        struct str rs = rig_hs_token(secrets[i], STR(RIG_HEADER("HS256", "rs-1")), STR(RIG_PAYLOAD));
        rig_refuse(bare, TOKEN_SIGNATURE);
        rig_refuse(es, TOKEN_ALGORITHM);
        rig_refuse(rs, TOKEN_ALGORITHM);
        rig_refuse_by(&no_secret, bare, TOKEN_ALGORITHM);
        rig_refuse_by(&no_secret, es, TOKEN_ALGORITHM);
        rig_refuse_by(&no_secret, rs, TOKEN_ALGORITHM);
    }
    struct str good = rig_hs_token(STR(RIG_SECRET), STR(RIG_HS_HEADER), STR(RIG_PAYLOAD));
    struct str named = rig_hs_token(STR(RIG_SECRET), STR(RIG_HEADER("HS256", "es-1")), STR(RIG_PAYLOAD));
    rig_refuse_by(&no_secret, good, TOKEN_ALGORITHM); /* not configured: not even the real one */
    rig_refuse(named, TOKEN_ALGORITHM);               /* the named key decides */
    rig_accept(good);
    token_keys_free(&no_secret);
    rig_stop();
}

static void the_shared_secret(void)
{
    rig_start();
    const struct str header = STR(RIG_HS_HEADER), payload = STR(RIG_PAYLOAD);
    struct str input = rig_input(header, payload), good = rig_hs_sign(STR(RIG_SECRET), input);
    rig_accept(rig_join(input, good));
    /* Older projects name a key that no key set has. */
    rig_accept(rig_hs_token(STR(RIG_SECRET), STR(RIG_HEADER("HS256", "legacy-1")), payload));
    rig_refuse(rig_hs_token(STR(""), header, payload), TOKEN_SIGNATURE);
    rig_refuse(rig_hs_token(STR(RIG_SECRET " "), header, payload), TOKEN_SIGNATURE);
    rig_refuse(rig_hs_token(STR(RIG_SECRET "\n"), header, payload), TOKEN_SIGNATURE);
    rig_refuse(rig_hs_token(str_cut(STR(RIG_SECRET), 32), header, payload), TOKEN_SIGNATURE);
    rig_refuse(rig_hs_token(STR(RIG_SECRET), STR(RIG_HEADER("HS256", "")), payload), TOKEN_HEADER);
    static const size_t lengths[] = {1, 16, 20, 31};
    for (size_t i = 0; i < 4; i++) {
        rig_refuse(rig_join(input, str_cut(good, lengths[i])), TOKEN_SIGNATURE);
    }
    rig_refuse(rig_join(input, join(good, zeros(1))), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, zeros(32)), TOKEN_SIGNATURE);
    struct digest sha1 = crypto_hmac(CRYPTO_SHA1, STR(RIG_SECRET), &input, 1);
    struct digest sha512 = crypto_hmac(CRYPTO_SHA512, STR(RIG_SECRET), &input, 1);
    rig_refuse(rig_join(input, digest_str(&sha1)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, digest_str(&sha512)), TOKEN_SIGNATURE);
    rig_stop();
}

static struct str pss_sign(struct str input)
{
    size_t n = 256;
    unsigned char *out = arena_alloc(&rig.arena, n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key;
    if (!EVP_DigestSignInit(ctx, &key, EVP_sha256(), NULL, rig.rs) ||
        EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) <= 0 ||
        !EVP_DigestSign(ctx, out, &n, (const unsigned char *)input.p, input.n)) {
        abort();
    }
    EVP_MD_CTX_free(ctx);
    return (struct str){(char *)out, n};
}

static void rsa_signatures(void)
{
    rig_start();
    struct str input = rig_input(STR(RIG_RS_HEADER), STR(RIG_PAYLOAD));
    struct str good = rig_openssl_sign(rig.rs, EVP_sha256(), input), flipped = arena_copy(&rig.arena, good);
    struct str n = rig_number(rig.rs, OSSL_PKEY_PARAM_RSA_N, 256);
    rig_accept(rig_join(input, good));
    ((char *)flipped.p)[255] ^= 1;
    rig_refuse(rig_join(input, flipped), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, str_cut(good, 255)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, join(good, zeros(1))), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, join(zeros(1), good)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, zeros(256)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, join(zeros(255), STR("\x01"))), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, n), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, zeros(1)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, pss_sign(input)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, rig_openssl_sign(rig.rs, EVP_sha1(), input)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, rig_openssl_sign(rig.rs, EVP_sha384(), input)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, rig_es_sign(rig.es, input)), TOKEN_SIGNATURE);
    rig_refuse(rig_join(input, rig_hs_sign(STR(RIG_SECRET), input)), TOKEN_SIGNATURE);
    struct str es_input_text = es_input();
    rig_refuse(rig_join(es_input_text, rig_openssl_sign(rig.rs, EVP_sha256(), es_input_text)), TOKEN_SIGNATURE);
    rig_stop();
}

static void without_keys_nobody_is_known(void)
{
    rig_start();
    struct token_keys none = {.count = 0};
    rig_refuse_by(&none, rig_es_token(STR(RIG_ES_HEADER), STR(RIG_PAYLOAD)), TOKEN_UNKNOWN_KEY);
    rig_refuse_by(&none, rig_rs_token(STR(RIG_RS_HEADER), STR(RIG_PAYLOAD)), TOKEN_UNKNOWN_KEY);
    rig_refuse_by(&none, rig_hs_token(STR(""), STR(RIG_HS_HEADER), STR(RIG_PAYLOAD)), TOKEN_ALGORITHM);
    rig_refuse_by(&none, rig_hs_token(STR(""), STR(RIG_HEADER("HS256", "a")), STR(RIG_PAYLOAD)), TOKEN_ALGORITHM);
    rig_stop();
}

/* Ours are taken by OpenSSL and by ourselves; r and s that begin with zeros keep their 32 bytes. */
static void what_we_sign_is_good(void)
{
    rig_start();
    struct token_key key;
    struct token_keys keys = {.count = 0};
    struct str token;
    size_t shorter = 0;
    CHECK_INT(token_key_generate(&key), 0);
    CHECK_INT(token_keys_add(&keys, &key), 0);
    for (int i = 0; i < 600; i++) {
        struct tenant t;
        CHECK_INT(access_token_sign(&key, STR(RIG_PAYLOAD), &rig.arena, &token), 0);
        CHECK_INT(rig_judge(&keys, token, &t), TOKEN_ACCEPTED);
        struct str s = str_skip(token, token.n - 86);
        struct str bytes = crypto_base64url_decode(&rig.arena, s);
        CHECK_INT((long long)bytes.n, 64);
        shorter += bytes.n == 64 && (bytes.p[0] == 0 || bytes.p[32] == 0);
    }
    printf("# %zu of 600 signatures with a leading zero\n", shorter);
    rig_accepted += 600;
    struct str header = crypto_base64url_decode(&rig.arena, str_cut(token, str_find(token, '.')));
    CHECK_STR(header, arena_printf(&rig.arena, RIG_HEADER("ES256", "%s"), key.kid).p);
    char *long_text = arena_alloc(&rig.arena, CAP_TOKEN_BYTES);
    memset(long_text, ' ', CAP_TOKEN_BYTES);
    CHECK_INT(access_token_sign(&key, (struct str){long_text, CAP_TOKEN_BYTES}, &rig.arena, &token), ERR_TOO_LARGE);
    CHECK_STR(token, NULL);
    token_keys_free(&keys);
    token_key_free(&key);
    rig_stop();
}

static void enough_vectors(void)
{
    rig_tell(150);
}

TAP_MAIN(TEST(r_and_s_have_a_range), TEST(signatures_have_one_length), TEST(signatures_of_something_else),
         TEST(keys_in_the_token_are_nobodys), TEST(public_keys_are_no_secrets), TEST(the_shared_secret),
         TEST(rsa_signatures), TEST(without_keys_nobody_is_known), TEST(what_we_sign_is_good), TEST(enough_vectors))
