/* X-Twilio-Signature: the recorded vectors, and every byte of one of them flipped. */
#include "caps.h"
#include "crypto.h"
#include "tap.h"
#include "twilio.h"
#include "vectors.h"

struct vector {
    struct str name, token, content_type, url, body, body_file, signature;
    bool accepts;
};

#define V(member, path, kind) FIELD(struct vector, member, path, kind, 0)
static const struct field vector_fields[] = {
    V(name, "name", STR),
    V(token, "authToken", STR),
    V(content_type, "contentType", STR),
    V(url, "urlSeenByServer", STR),
    V(body, "body", STR),
    V(body_file, "bodyFile", STR),
    V(signature, "headerXTwilioSignature", STR),
    V(accepts, "twilioNodeAccepts", BOOL),
};
static const struct field_items items = {vector_fields, FIELD_COUNT(vector_fields), sizeof(struct vector)};

static struct arena arena;

static void recorded_vectors(void)
{
    struct field_list_value list = vectors_read("twilio-signature-vectors.json", &items, &arena);
    const struct vector *v = list.items;
    int accepted = 0;
    for (size_t i = 0; i < list.count; i++) {
        struct twilio_signed s = {v[i].url, vector_body(v[i].body, v[i].body_file, &arena), v[i].content_type};
        tap_case(v[i].name.p);
        CHECK_INT(twilio_signature_valid(v[i].token, &s, v[i].signature), v[i].accepts);
        accepted += v[i].accepts;
    }
    CHECK_INT((long long)list.count, 30);
    CHECK_INT(accepted, 23);
    arena_free(&arena);
}

#define TOKEN STR("0123456789abcdef0123456789abcdef")
#define FORM STR("application/x-www-form-urlencoded")

/* The signature that the text has, made here by hand: url, then names and values in order. */
static struct str sign(struct str text)
{
    struct digest d = crypto_hmac(CRYPTO_SHA1, TOKEN, &text, 1);
    return crypto_base64(&arena, digest_str(&d));
}

static bool is_valid(const char *url, const char *body, struct str type, struct str signature)
{
    struct twilio_signed s = {str_of(url), str_of(body), type};
    return twilio_signature_valid(TOKEN, &s, signature);
}

struct signed_row {
    const char *name, *url, *body, *text;
};

static const struct signed_row signed_rows[] = {
    {"plain", "https://a.example/w", "a=1", "https://a.example/wa1"},
    {"sorted by name", "https://a.example/w", "b=2&a=1&B=3&a1=4", "https://a.example/wB3a1a14b2"},
    {"values of one name sorted", "https://a.example/w", "a=2&a=1", "https://a.example/wa1a2"},
    {"the same pair once", "https://a.example/w", "a=1&b=2&a=1", "https://a.example/wa1b2"},
    {"a name without value", "https://a.example/w", "a&b=", "https://a.example/wab"},
    {"an empty name", "https://a.example/w", "=x&a=1", "https://a.example/wxa1"},
    {"decoded", "https://a.example/w", "a=%2b+%26&%C3%A9=1",
     "https://a.example/wa+ &\xc3\xa9"
     "1"},
    {"bad UTF-8 as it is", "https://a.example/w", "a=%FF", "https://a.example/wa\xff"},
    {"bytes above ASCII sort last", "https://a.example/w", "%C3%A9=1&z=2",
     "https://a.example/wz2\xc3\xa9"
     "1"},
    {"no body", "https://a.example/w", "", "https://a.example/w"},
    {"port given, signed without", "https://a.example:8443/w", "a=1", "https://a.example/wa1"},
    {"port given, signed with", "https://a.example:8443/w", "a=1", "https://a.example:8443/wa1"},
    {"no port, signed with 443", "https://a.example/w", "a=1", "https://a.example:443/wa1"},
    {"http, signed with 80", "http://a.example/w", "a=1", "http://a.example:80/wa1"},
    {"no path", "https://a.example", "a=1", "https://a.examplea1"},
    {"no path, with port", "https://a.example:99?x=1:2", "a=1", "https://a.example?x=1:2a1"},
    {"address in brackets", "https://[::1]:99/w", "a=1", "https://[::1]/wa1"},
    {"address in brackets without port", "https://[::1]/w", "a=1", "https://[::1]:443/wa1"},
    {"colons in the path", "https://a.example/w:80", "a=1", "https://a.example:443/w:80a1"},
};

static void hand_made_signatures(void)
{
    for (size_t i = 0; i < sizeof(signed_rows) / sizeof(signed_rows[0]); i++) {
        const struct signed_row *r = &signed_rows[i];
        tap_case(r->name);
        CHECK(is_valid(r->url, r->body, FORM, sign(str_of(r->text))));
    }
    arena_free(&arena);
}

static const struct signed_row refused_rows[] = {
    {"another port", "https://a.example:8443/w", "a=1", "https://a.example:443/wa1"},
    {"the other scheme's port", "http://a.example/w", "a=1", "http://a.example:443/wa1"},
    {"the other scheme", "https://a.example/w", "a=1", "http://a.example/wa1"},
    {"host in capitals", "https://A.example/w", "a=1", "https://a.example/wa1"},
    {"a pair moved into the URL", "https://a.example/w?b=2", "a=1", "https://a.example/wa1b2"},
    {"unsorted", "https://a.example/w", "b=2&a=1", "https://a.example/wb2a1"},
    {"not decoded", "https://a.example/w", "a=%2B", "https://a.example/wa%2B"},
    {"one pair less", "https://a.example/w", "a=1&b=2", "https://a.example/wa1"},
};

static void near_misses_are_refused(void)
{
    for (size_t i = 0; i < sizeof(refused_rows) / sizeof(refused_rows[0]); i++) {
        const struct signed_row *r = &refused_rows[i];
        tap_case(r->name);
        CHECK(!is_valid(r->url, r->body, FORM, sign(str_of(r->text))));
    }
    arena_free(&arena);
}

#define URL "https://a.example/w"

/* A body that is no form is covered by its digest in the URL or not at all. */
static void bodies_that_are_no_form(void)
{
    static const char hashed[] =
        URL "?bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; /* of {} */
    struct str json = STR("application/json");
    CHECK(is_valid(hashed, "{}", json, sign(str_of(hashed))));
    CHECK(!is_valid(hashed, "{ }", json, sign(str_of(hashed))));
    CHECK(!is_valid(hashed, "", json, sign(str_of(hashed))));
    CHECK(is_valid(URL, "", json, sign(STR(URL))));
    CHECK(is_valid(URL, "", (struct str){NULL, 0}, sign(STR(URL))));
    CHECK(!is_valid(URL, "{}", json, sign(STR(URL))));
    CHECK(!is_valid(URL, "a=1", STR("text/plain"), sign(STR(URL))));
    CHECK(!is_valid(URL, "a=1", (struct str){NULL, 0}, sign(STR(URL))));
    CHECK(!is_valid(URL, "a=1", STR("multipart/form-data"), sign(STR(URL))));
    CHECK(is_valid(URL, "a=1", STR("Application/X-WWW-Form-Urlencoded; charset=UTF-8"), sign(STR(URL "a1"))));
    CHECK(!is_valid(URL, "a=1", STR("application/x-www-form-urlencodedx"), sign(STR(URL))));
    /* The digest counts for forms, too; a name that only ends so is no digest. */
    CHECK(!is_valid(hashed, "a=1", FORM, sign(arena_printf(&arena, "%sa1", hashed))));
    CHECK(!is_valid(URL "?notbodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "{}", json,
                    sign(STR(URL "?notbodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"))));
    CHECK(!is_valid(URL "/bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "{}", json,
                    sign(STR(URL "/bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"))));
    CHECK(!is_valid(URL "?bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a0", "{}", json,
                    sign(STR(URL "?bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a0"))));
    arena_free(&arena);
}

/* Flips one bit of each byte of the text and asks again; how often it was believed. */
static int flip(char *text, size_t n, const struct twilio_signed *s, struct str signature)
{
    int believed = 0;
    for (size_t i = 0; i < n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            text[i] ^= (char)(1 << bit);
            believed += twilio_signature_valid(TOKEN, s, signature);
            text[i] ^= (char)(1 << bit);
        }
    }
    return believed;
}

static void every_bit_counts(void)
{
    char url[] = "https://a.example/w?x=1", body[] = "From=%2B16465550187&To=Larkspur", signature[29];
    struct str text = STR("https://a.example/w?x=1From+16465550187ToLarkspur");
    struct twilio_signed s = {{url, sizeof(url) - 1}, {body, sizeof(body) - 1}, FORM};
    struct str good = sign(text);
    CHECK_INT((long long)good.n, 28);
    memcpy(signature, good.p, 28);
    CHECK(twilio_signature_valid(TOKEN, &s, good));
    CHECK_INT(flip(url, sizeof(url) - 1, &s, good), 0);
    /* %2B and %2b are the same sign: Twilio signs what was decoded. */
    CHECK_INT(flip(body, sizeof(body) - 1, &s, good), 1);
    CHECK_INT(flip(signature, 28, &s, (struct str){signature, 28}), 0);
    for (size_t n = 0; n < 28; n++) {
        CHECK(!twilio_signature_valid(TOKEN, &s, str_cut(good, n)));
    }
    CHECK(!twilio_signature_valid(STR("0123456789abcdef0123456789abcdeF"), &s, good));
    arena_free(&arena);
}

static void urls_of_any_kind_do_no_harm(void)
{
    static const char *const urls[] = {
        "",       "h",         "http",       "https:",      "https://",   "http://",
        "://",    ":80",       "https://:",  "https://:1",  "https://:/", "https://a:1:2/",
        "http:/", "https://?", "https://a:", "https://a:/", "80",         "https://80"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        char *exact = strdup(urls[i]);
        tap_case(urls[i]);
        CHECK(!is_valid(exact, "a=1", FORM, STR("AqC7QURygD6Dr1N1A9Q7Fxailzs=")));
        free(exact);
    }
}

static void too_many_fields_are_refused(void)
{
    struct buf body = buf_make(1 << 16);
    for (int i = 0; i < CAP_FORM_FIELDS + 1; i++) {
        CHECK_INT(buf_append(&body, STR("a=1&")), 0);
    }
    struct twilio_signed s = {STR(URL), buf_str(&body), FORM};
    CHECK(!twilio_signature_valid(TOKEN, &s, sign(STR(URL "a1"))));
    CHECK(!twilio_signature_valid(TOKEN, &s, sign(STR(URL))));
    buf_free(&body);
    arena_free(&arena);
}

TAP_MAIN(TEST(recorded_vectors), TEST(hand_made_signatures), TEST(near_misses_are_refused),
         TEST(bodies_that_are_no_form), TEST(every_bit_counts), TEST(urls_of_any_kind_do_no_harm),
         TEST(too_many_fields_are_refused))
