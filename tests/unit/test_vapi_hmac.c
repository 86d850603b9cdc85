/* Vapi's HMAC credential: the recorded vectors of the plan that is supported, and those that are not. */
#include "crypto.h"
#include "tap.h"
#include "timestamp.h"
#include "vapi.h"
#include "vectors.h"

struct vector {
    struct str name, secret, algorithm, format, body, body_file;
    struct str signature, timestamp, svix_signature, svix_timestamp;
    bool secret_is_base64;
};

#define V(member, path, kind) FIELD(struct vector, member, path, kind, 0)
static const struct field vector_fields[] = {
    V(name, "name", STR),
    V(secret, "plan.secretKey", STR),
    V(algorithm, "plan.algorithm", STR),
    V(format, "plan.payloadFormat", STR),
    V(secret_is_base64, "plan.secretIsBase64", BOOL),
    V(body, "body", STR),
    V(body_file, "bodyFile", STR),
    V(signature, "headers.x-signature", STR),
    V(timestamp, "headers.x-timestamp", STR),
    V(svix_signature, "headers.svix-signature", STR),
    V(svix_timestamp, "headers.svix-timestamp", STR),
};
static const struct field_items items = {vector_fields, FIELD_COUNT(vector_fields), sizeof(struct vector)};

static struct arena arena;

/* SHA-256 or SHA-512, in hex or base64, over "{timestamp}.{body}", with a text as key. */
static bool is_supported(const struct vector *v)
{
    bool format = str_eq(v->format, STR("{timestamp}.{body}"));
    return format && !str_eq(v->algorithm, STR("sha1")) && !v->secret_is_base64;
}

#define MINUTE_US 60000000LL
#define SIGNED_US 1795014249000000

static void recorded_vectors(void)
{
    struct field_list_value list = vectors_read("vapi-hmac-vectors.json", &items, &arena);
    const struct vector *v = list.items;
    int supported = 0;
    for (size_t i = 0; i < list.count; i++) {
        struct str signature = str_or(v[i].signature, v[i].svix_signature);
        struct str timestamp = str_or(v[i].timestamp, v[i].svix_timestamp);
        tap_case(v[i].name.p);
        CHECK(signature.n > 0);
        CHECK_INT(vapi_hmac_valid(v[i].secret, signature, timestamp, vector_body(v[i].body, v[i].body_file, &arena),
                                  SIGNED_US),
                  is_supported(&v[i]));
        supported += is_supported(&v[i]);
    }
    CHECK_INT((long long)list.count, 10);
    CHECK_INT(supported, 5);
    arena_free(&arena);
}

static void the_age_counts(void)
{
    static const int minutes[] = {-6, -5, 0, 5, 6};
    struct field_list_value list = vectors_read("vapi-hmac-vectors.json", &items, &arena);
    const struct vector *v = list.items;
    for (size_t i = 0; i < list.count; i++) {
        if (!is_supported(&v[i])) {
            continue;
        }
        for (size_t k = 0; k < 5; k++) {
            bool fresh = minutes[k] >= -5 && minutes[k] <= 5;
            tap_case(v[i].name.p);
            CHECK_INT(vapi_hmac_valid(v[i].secret, v[i].signature, v[i].timestamp,
                                      vector_body(v[i].body, v[i].body_file, &arena),
                                      SIGNED_US + minutes[k] * MINUTE_US),
                      fresh);
        }
    }
    arena_free(&arena);
}

#define SECRET STR("larkspur-webhook-secret")

static struct str sign(const char *text)
{
    const struct str part = str_of(text);
    struct digest d = crypto_hmac(CRYPTO_SHA256, SECRET, &part, 1);
    return crypto_hex(&arena, digest_str(&d));
}

struct row {
    const char *what, *signed_text, *timestamp, *body;
    bool valid;
};

static const struct row rows[] = {
    {"body alone", "{}", NULL, "{}", false},
    {"timestamp moved into the body", "1795014249.{}", NULL, "1795014249.{}", false},
    {"empty body", "1795014249.", "1795014249", "", true},
    {"with seconds", "1795014249.{}", "1795014249", "{}", true},
    {"with text", "2026-11-18T15:04:09Z.{}", "2026-11-18T15:04:09Z", "{}", true},
    {"another body", "1795014249.{}", "1795014249", "{ }", false},
    {"another timestamp", "1795014249.{}", "1795014250", "{}", false},
    {"the same time otherwise written", "1795014249.{}", "1795014249000", "{}", false},
    {"timestamp not signed", "{}", "1795014249", "{}", false},
    {"nonsense as timestamp", "soon.{}", "soon", "{}", false},
    {"negative timestamp", "-1795014249.{}", "-1795014249", "{}", false},
    {"no separator", "1795014249{}", "1795014249", "{}", false},
    /* The border between timestamp and body must not move. */
    {"body begins in the timestamp", "2026-11-18T15:04:09Z.{\"a\":1.5}", "2026-11-18T15:04:09Z.{\"a\":1", "5}", false},
    {"fraction moved into the body", "1795014249.5.{}", "1795014249.5", "{}", true},
};

static void hand_made_signatures(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str signature = sign(rows[i].signed_text);
        tap_case(rows[i].what);
        CHECK_INT(vapi_hmac_valid(SECRET, signature, str_of(rows[i].timestamp), str_of(rows[i].body), SIGNED_US),
                  rows[i].valid);
    }
    arena_free(&arena);
}

static void shapes_of_the_signature(void)
{
    struct str good = sign("1795014249.{}"), body = STR("{}"), time = STR("1795014249"), none = {NULL, 0};
    struct str prefixed = arena_printf(&arena, "sha256=%.*s", (int)good.n, good.p);
    char *upper = strdup(good.p);
    for (size_t i = 0; i < good.n; i++) {
        upper[i] = (char)(upper[i] >= 'a' ? upper[i] - 32 : upper[i]);
    }
    CHECK(vapi_hmac_valid(SECRET, good, time, body, SIGNED_US));
    CHECK(vapi_hmac_valid(SECRET, prefixed, time, body, SIGNED_US));
    CHECK(!vapi_hmac_valid(SECRET, arena_printf(&arena, "sha256=%.*s", (int)prefixed.n, prefixed.p), time, body,
                           SIGNED_US));
    CHECK(!vapi_hmac_valid(SECRET, arena_printf(&arena, "v1,%.*s", (int)good.n, good.p), time, body, SIGNED_US));
    CHECK(!vapi_hmac_valid(SECRET, str_of(upper), time, body, SIGNED_US) || !strcmp(upper, good.p));
    CHECK(!vapi_hmac_valid(SECRET, STR(""), time, body, SIGNED_US));
    CHECK(!vapi_hmac_valid(SECRET, STR("sha256="), time, body, SIGNED_US));
    CHECK(!vapi_hmac_valid(SECRET, none, time, body, SIGNED_US));
    CHECK(!vapi_hmac_valid(STR("larkspur-webhook-secreT"), good, time, body, SIGNED_US));
    for (size_t n = 0; n < good.n; n++) {
        CHECK(!vapi_hmac_valid(SECRET, str_cut(good, n), time, body, SIGNED_US));
    }
    free(upper);
    arena_free(&arena);
}

TAP_MAIN(TEST(recorded_vectors), TEST(the_age_counts), TEST(hand_made_signatures), TEST(shapes_of_the_signature))
