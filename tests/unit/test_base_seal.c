/* Sealing and opening: AES-256-GCM against the test cases of its specification (McGrew and Viega, cases 13, 14 and 16), and
 * every way in which something sealed may be wrong. */
#include "crypto.h"
#include "tap.h"

#define ZERO_KEY "0000000000000000000000000000000000000000000000000000000000000000"
#define KEY "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define OTHER_KEY "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308309"

struct vector {
    const char *key, *about, *nonce, *tag, *body, *text;
};

static const struct vector vectors[] = {
    {ZERO_KEY, "", "000000000000000000000000", "530f8afbc74536b9a963b4f1c4cb738b", "", ""},
    {ZERO_KEY, "", "000000000000000000000000", "d0d1c8a799996bf0265b98b5d48ab919", "cea7403d4d606b6e074ec5d3baf39d18",
     "00000000000000000000000000000000"},
    {KEY, "feedfacedeadbeeffeedfacedeadbeefabaddad2", "cafebabefacedbaddecaf888", "76fc6ece0f4e1768cddf8853bb2d551b",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f6"
     "62",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b"
     "39"},
};

static struct str bytes_of(struct arena *a, const char *hex)
{
    return crypto_hex_decode(a, str_of(hex));
}

static void opens_what_others_sealed(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct vector *v = &vectors[i];
        tap_case(v->tag);
        struct str sealed = bytes_of(&a, arena_printf(&a, "%s%s%s", v->nonce, v->tag, v->body).p);
        struct str text = crypto_open(&a, bytes_of(&a, v->key), bytes_of(&a, v->about), sealed);
        CHECK(text.p != NULL);
        CHECK_STR(crypto_hex(&a, text), v->text);
    }
    arena_free(&a);
}

static void opens_what_it_sealed(void)
{
    struct arena a = {0};
    char text[300];
    struct str key = bytes_of(&a, KEY);
    memset(text, 'x', sizeof(text));
    for (size_t n = 0; n < sizeof(text); n += n < 40 ? 1 : 53) {
        struct str sealed = crypto_seal(&a, key, STR("about"), (struct str){text, n});
        CHECK_INT((long long)sealed.n, (long long)n + 28);
        struct str opened = crypto_open(&a, key, STR("about"), sealed);
        CHECK(opened.p && str_eq(opened, (struct str){text, n}));
    }
    struct str zeros = crypto_seal(&a, key, STR(""), STR("a\0b\0"));
    CHECK(str_eq(crypto_open(&a, key, STR(""), zeros), STR("a\0b\0")));
    arena_free(&a);
}

static void no_bit_may_differ(void)
{
    struct arena a = {0};
    struct str key = bytes_of(&a, KEY), sealed = crypto_seal(&a, key, STR("whose"), STR("cal_live_Larkspur"));
    char *bytes = arena_alloc(&a, sealed.n);
    for (size_t bit = 0; bit < sealed.n * 8; bit++) {
        memcpy(bytes, sealed.p, sealed.n);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        CHECK_STR(crypto_open(&a, key, STR("whose"), (struct str){bytes, sealed.n}), NULL);
    }
    CHECK_STR(crypto_open(&a, key, STR("whose"), sealed), "cal_live_Larkspur");
    arena_free(&a);
}

static void key_and_about_must_be_the_same(void)
{
    static const struct str others[] = {STR(""), STR("whos"), STR("whose "), STR("Whose"), STR("whose\0"), {NULL, 0}};
    struct arena a = {0};
    struct str key = bytes_of(&a, KEY), sealed = crypto_seal(&a, key, STR("whose"), STR("text"));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        CHECK_STR(crypto_open(&a, key, others[i], sealed), NULL);
    }
    CHECK_STR(crypto_open(&a, bytes_of(&a, OTHER_KEY), STR("whose"), sealed), NULL);
    CHECK_STR(crypto_open(&a, bytes_of(&a, ZERO_KEY), STR("whose"), sealed), NULL);
    CHECK_STR(crypto_open(&a, str_cut(key, 31), STR("whose"), sealed), NULL);
    CHECK_STR(crypto_open(&a, (struct str){NULL, 0}, STR("whose"), sealed), NULL);
    CHECK_STR(crypto_open(&a, key, STR("whose"), sealed), "text");
    arena_free(&a);
}

static void what_is_short_or_long_is_refused(void)
{
    struct arena a = {0};
    struct str key = bytes_of(&a, KEY), sealed = crypto_seal(&a, key, STR(""), STR("text"));
    for (size_t n = 0; n < sealed.n; n++) {
        CHECK_STR(crypto_open(&a, key, STR(""), str_cut(sealed, n)), NULL);
    }
    CHECK_STR(crypto_open(&a, key, STR(""), (struct str){NULL, 0}), NULL);
    CHECK_STR(crypto_open(&a, key, STR(""), arena_printf(&a, "%.*s+", (int)sealed.n, sealed.p)), NULL);
    arena_free(&a);
}

/* Two texts under one nonce would give each other away. */
static void nonces_differ(void)
{
    struct arena a = {0};
    struct str key = bytes_of(&a, KEY), sealed[200];
    for (size_t i = 0; i < 200; i++) {
        sealed[i] = crypto_seal(&a, key, STR(""), STR("the same text"));
        for (size_t k = 0; k < i; k++) {
            CHECK(!str_eq(str_cut(sealed[i], 12), str_cut(sealed[k], 12)));
        }
        CHECK(!str_has(sealed[i], STR("text")));
    }
    arena_free(&a);
}

TAP_MAIN(TEST(opens_what_others_sealed), TEST(opens_what_it_sealed), TEST(no_bit_may_differ),
         TEST(key_and_about_must_be_the_same), TEST(what_is_short_or_long_is_refused), TEST(nonces_differ))
