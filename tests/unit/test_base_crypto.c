/* Digests and encodings against published vectors (RFC 2202, RFC 4231, RFC 4648, FIPS 180-4). */
#include "crypto.h"
#include "tap.h"

static void check_hex(struct digest d, const char *hex)
{
    struct arena a = {0};
    CHECK_STR(crypto_hex(&a, digest_str(&d)), hex);
    arena_free(&a);
}

struct hmac_row {
    enum crypto_hash hash;
    struct str key, data;
    const char *hex;
};

#define K20 "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
#define A10 "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
#define A80 A10 A10 A10 A10 A10 A10 A10 A10
#define A131 A80 A10 A10 A10 A10 A10 "\xaa"
#define LARGER "Test Using Larger Than Block-Size Key - Hash Key First"

static const struct hmac_row hmacs[] = {
    {CRYPTO_SHA1, STR(K20), STR("Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00"},
    {CRYPTO_SHA1, STR("Jefe"), STR("what do ya want for nothing?"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {CRYPTO_SHA1, STR(A80), STR(LARGER), "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
    {CRYPTO_SHA256, STR(K20), STR("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {CRYPTO_SHA256, STR("Jefe"), STR("what do ya want for nothing?"),
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {CRYPTO_SHA256, STR(A131), STR(LARGER), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {CRYPTO_SHA512, STR(K20), STR("Hi There"),
     "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e69"
     "6c203a126854"},
    {CRYPTO_SHA512, STR("Jefe"), STR("what do ya want for nothing?"),
     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e"
     "070a38bce737"},
    {CRYPTO_SHA512, STR(A131), STR(LARGER),
     "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b91"
     "5a985d786598"},
    {CRYPTO_SHA1, STR(""), STR(""), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
    {CRYPTO_SHA256, STR(""), STR(""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
};

static void hmac(void)
{
    for (size_t i = 0; i < sizeof(hmacs) / sizeof(hmacs[0]); i++) {
        const struct hmac_row *r = &hmacs[i];
        tap_case(r->hex);
        check_hex(crypto_hmac(r->hash, r->key, &r->data, 1), r->hex);
        const struct str parts[] = {str_cut(r->data, 3), {NULL, 0}, str_skip(r->data, 3)};
        check_hex(crypto_hmac(r->hash, r->key, parts, 3), r->hex);
    }
    check_hex(crypto_hmac(CRYPTO_SHA256, (struct str){NULL, 0}, NULL, 0), hmacs[10].hex);
}

static void sha256(void)
{
    check_hex(crypto_sha256(STR("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_hex(crypto_sha256((struct str){NULL, 0}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_hex(crypto_sha256(STR("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

struct tuple {
    size_t count;
    struct str parts[4];
};

/* No two of these mean the same. */
static void tuples_are_separate(void)
{
    static const struct tuple tuples[] = {
        {0, {{NULL, 0}}},
        {1, {STR("")}},
        {2, {STR(""), STR("")}},
        {1, {STR("abc")}},
        {2, {STR("ab"), STR("c")}},
        {2, {STR("a"), STR("bc")}},
        {2, {STR(""), STR("abc")}},
        {2, {STR("abc"), STR("")}},
        {3, {STR("a"), STR("b"), STR("c")}},
        {3, {STR("ab"), STR(""), STR("c")}},
        {3, {STR("ab"), STR("c"), STR("")}},
        {2, {STR("c"), STR("ab")}},
        {1, {STR("ab\0c")}},
        {1, {STR("\3\0\0\0\0\0\0\0abc")}},
        {2, {STR("ab\1\0\0\0\0\0\0\0"), STR("c")}},
    };
    size_t count = sizeof(tuples) / sizeof(tuples[0]);
    for (size_t i = 0; i < count; i++) {
        struct digest x = crypto_hash_tuple(tuples[i].parts, tuples[i].count);
        CHECK_INT((long long)x.n, 32);
        for (size_t k = 0; k < count; k++) {
            struct digest y = crypto_hash_tuple(tuples[k].parts, tuples[k].count);
            CHECK_INT(str_eq(digest_str(&x), digest_str(&y)), i == k);
        }
    }
}

static void equal(void)
{
    CHECK(crypto_equal(STR(""), STR("")));
    CHECK(crypto_equal(STR("a"), STR("a")));
    CHECK(crypto_equal(STR("a\0b"), STR("a\0b")));
    CHECK(!crypto_equal(STR("a\0b"), STR("a\0c")));
    CHECK(!crypto_equal(STR("a"), STR("A")));
    CHECK(!crypto_equal(STR("a"), STR("a ")));
    CHECK(!crypto_equal(STR("a"), STR("")));
    CHECK(!crypto_equal((struct str){NULL, 0}, STR("a")));
}

struct base64_row {
    struct str bytes;
    const char *text;
};

static const struct base64_row base64s[] = {
    {STR(""), ""},
    {STR("f"), "Zg=="},
    {STR("fo"), "Zm8="},
    {STR("foo"), "Zm9v"},
    {STR("foob"), "Zm9vYg=="},
    {STR("fooba"), "Zm9vYmE="},
    {STR("foobar"), "Zm9vYmFy"},
    {STR("\0"), "AA=="},
    {STR("\0\0\0"), "AAAA"},
    {STR("\xff\xff\xff"), "////"},
    {STR("\xfb\xef\xbe"), "++++"},
    {STR("\xff\xfe"), "//4="},
};

static void base64(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(base64s) / sizeof(base64s[0]); i++) {
        tap_case(base64s[i].text);
        CHECK_STR(crypto_base64(&a, base64s[i].bytes), base64s[i].text);
        struct str back = crypto_base64_decode(&a, str_of(base64s[i].text));
        CHECK(str_eq(back, base64s[i].bytes));
        CHECK_INT(back.p != NULL, base64s[i].bytes.n > 0);
    }
    arena_free(&a);
}

static void strict_base64(void)
{
    static const char *const wrong[] = {
        "",         "Z",        "Zg",       "Zg=",      "Z===",  "====",   "=AAA",     "A=AA",
        "AA=A",     "Zg==Zg==", "Zg==AAAA", "Zg== ",    " Zg==", "Zg==\n", "Zg==\r\n", "Zm9v\n\n\n\n",
        "    Zm9v", "Zm9v    ", "AAA=    ", "AAAA----", "Zm 9",  "Zm9-",   "Zm9_",     "Zm9.",
        "Zm9\x80",  "Zh==",     "Zm9=",     "Zm9vYg=",
    };
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        tap_case(wrong[i]);
        CHECK_STR(crypto_base64_decode(&a, str_of(wrong[i])), NULL);
    }
    CHECK_STR(crypto_base64_decode(&a, STR("AA\0A")), NULL);
    CHECK_STR(crypto_base64_decode(&a, (struct str){NULL, 0}), NULL);
    arena_free(&a);
}

static void hex(void)
{
    struct arena a = {0};
    CHECK_STR(crypto_hex(&a, STR("")), "");
    CHECK_STR(crypto_hex(&a, STR("\x00\x0f\xa5\xff")), "000fa5ff");
    arena_free(&a);
}

static void base64url_goes_both_ways(void)
{
    struct arena a = {0};
    char bytes[66];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(255 - 7 * i);
    }
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        struct str text = crypto_base64url(&a, (struct str){bytes, n});
        CHECK_INT((long long)text.n, (long long)((n * 4 + 2) / 3));
        struct str back = crypto_base64url_decode(&a, text);
        CHECK(back.p && str_eq(back, (struct str){bytes, n}));
    }
    CHECK_STR(crypto_base64url(&a, STR("\xff\xef\xbf")), "_--_");
    arena_free(&a);
}

static void base64url_is_read_strictly(void)
{
    static const char *const bad[] = {"A",    "AAAAA", "QR",    "QQJ",  "QUJ",     "QQ==",    "QQ=", "+/AA",     "Q Q",
                                      " QQQ", "QQQ ",  "QQQ\n", "QQ.Q", "QQ\x01Q", "\x80QQQ", "=",   "Q\xc3\xa9"};
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tap_case(bad[i]);
        CHECK(!crypto_base64url_decode(&a, str_of(bad[i])).p);
    }
    CHECK(!crypto_base64url_decode(&a, (struct str){"QQ\0Q", 4}).p);
    CHECK_STR(crypto_base64url_decode(&a, STR("QUI")), "AB");
    arena_free(&a);
}

static void random_numbers(void)
{
    bool seen[5] = {false};
    size_t sum = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t r = crypto_random_below(5);
        CHECK(r < 5);
        seen[r % 5] = true;
    }
    for (size_t i = 0; i < 5; i++) {
        sum += seen[i];
    }
    CHECK_INT((long long)sum, 5);
    CHECK_INT(crypto_random_below(1), 0);
    CHECK_INT(crypto_random_below(0), 0);
}

TAP_MAIN(TEST(hmac), TEST(sha256), TEST(tuples_are_separate), TEST(equal), TEST(base64), TEST(strict_base64),
         TEST(base64url_goes_both_ways), TEST(base64url_is_read_strictly), TEST(hex), TEST(random_numbers))
