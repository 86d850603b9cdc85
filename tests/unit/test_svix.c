/* Svix's signatures: the two vectors and what is near them, and every bit of one of them turned. */
#include "caps.h"
#include "crypto.h"
#include "svix.h"
#include "tap.h"
#include "vectors.h"

struct vector {
    struct str name, secret, id, timestamp, signature, body;
    int64_t now_s;
    bool accepts;
};

#define V(member, path, kind) FIELD(struct vector, member, path, kind, 0)
static const struct field vector_fields[] = {
    V(name, "name", STR),           V(secret, "secret", STR),       V(id, "id", STR),
    V(timestamp, "timestamp", STR), V(signature, "signature", STR), V(body, "body", STR),
    V(now_s, "nowSeconds", INT),    V(accepts, "accepts", BOOL),
};
static const struct field_items items = {vector_fields, FIELD_COUNT(vector_fields), sizeof(struct vector)};

static struct arena arena;

static struct str key_of(struct str secret)
{
    return crypto_base64_decode(&arena, str_skip(secret, 6));
}

static struct svix_signed signed_of(const struct vector *v)
{
    return (struct svix_signed){v->id, v->timestamp, v->signature, v->body};
}

static void recorded_vectors(void)
{
    struct field_list_value list = vectors_read("svix-vectors.json", &items, &arena);
    const struct vector *v = list.items;
    int accepted = 0;
    for (size_t i = 0; i < list.count; i++) {
        struct svix_signed s = signed_of(&v[i]);
        tap_case(v[i].name.p);
        CHECK_INT(svix_valid(key_of(v[i].secret), &s, v[i].now_s), v[i].accepts);
        accepted += v[i].accepts;
    }
    CHECK_INT((long long)list.count, 42);
    CHECK_INT(accepted, 10);
    arena_free(&arena);
}

/* The member of the signed parts that is to be spoilt. */
static struct str *part_of(struct svix_signed *s, size_t n)
{
    struct str *const parts[] = {&s->id, &s->timestamp, &s->signatures, &s->body};
    return parts[n];
}

static void each_bit_counts(void)
{
    struct field_list_value list = vectors_read("svix-vectors.json", &items, &arena);
    const struct vector *v = list.items;
    struct str key = key_of(v->secret);
    for (size_t part = 0; part < 4; part++) {
        struct svix_signed s = signed_of(v);
        struct str whole = *part_of(&s, part);
        for (size_t bit = 0; bit < whole.n * 8; bit++) {
            char *copy = (char *)arena_copy(&arena, whole).p;
            copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
            *part_of(&s, part) = (struct str){copy, whole.n};
            CHECK(!svix_valid(key, &s, v->now_s));
        }
    }
    arena_free(&arena);
}

static struct str sign(struct str key, const struct svix_signed *s)
{
    const struct str parts[] = {s->id, STR("."), s->timestamp, STR("."), s->body};
    struct digest d = crypto_hmac(CRYPTO_SHA256, key, parts, 5);
    struct str text = crypto_base64(&arena, digest_str(&d));
    return arena_printf(&arena, "v1,%.*s", (int)text.n, text.p);
}

/* What anybody could sign. */
static void no_key_is_no_key(void)
{
    struct svix_signed s = {.id = STR("msg_1"), .timestamp = STR("1767225600"), .body = STR("{}")};
    s.signatures = sign(STR(""), &s);
    CHECK(!svix_valid(STR(""), &s, 1767225600));
    CHECK(!svix_valid((struct str){NULL, 0}, &s, 1767225600));
    s.signatures = sign(STR("k"), &s);
    CHECK(svix_valid(STR("k"), &s, 1767225600));
    arena_free(&arena);
}

static void ids_have_a_length(void)
{
    char id[257];
    memset(id, 'a', sizeof(id));
    for (size_t n = 255; n <= 257; n++) {
        struct svix_signed s = {.id = {id, n}, .timestamp = STR("0"), .body = STR("")};
        s.signatures = sign(STR("k"), &s);
        CHECK_INT(svix_valid(STR("k"), &s, 300), n <= 256);
    }
    arena_free(&arena);
}

TAP_MAIN(TEST(recorded_vectors), TEST(each_bit_counts), TEST(no_key_is_no_key), TEST(ids_have_a_length))
