/* URL, content type and body on a line each: never valid without the token's signature, always with it, as worked out here
 * in the plainest way. */
#include "crypto.h"
#include "fuzz.h"
#include "twilio.h"

#define TOKEN STR("0123456789abcdef0123456789abcdef")

static struct str next_line(struct str *rest)
{
    struct str line = str_cut(*rest, str_find(*rest, '\n'));
    *rest = str_skip(*rest, line.n + 1);
    return line;
}

static struct str joined(struct arena *a, const struct form_pair *p)
{
    /* A zero byte between the two sorts before all others, as the end of the name does. */
    struct str parts[] = {p->name, {"", 1}, p->value};
    char *out = arena_alloc(a, p->name.n + 1 + p->value.n);
    for (size_t i = 0, at = 0; i < 3; at += parts[i++].n) {
        memcpy(out + at, parts[i].p, parts[i].n);
    }
    return (struct str){out, p->name.n + 1 + p->value.n};
}

static bool is_before(struct str a, struct str b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order < 0 || (order == 0 && a.n < b.n);
}

/* The URL and then, again and again, the smallest pair that is greater than the last one. */
static struct str sign(struct arena *a, struct str url, const struct form *form)
{
    struct str parts[2 * 400 + 1] = {url}, last = {NULL, 0};
    size_t n = 1;
    for (size_t found = 1; found < form->count + 1;) {
        const struct form_pair *best = NULL;
        for (size_t i = 0; i < form->count; i++) {
            struct str pair = joined(a, &form->pairs[i]);
            bool later = !last.p || is_before(last, pair);
            best = later && (!best || is_before(pair, joined(a, best))) ? &form->pairs[i] : best;
        }
        if (!best) {
            break;
        }
        last = joined(a, best);
        parts[n++] = best->name;
        parts[n++] = best->value;
    }
    struct digest d = crypto_hmac(CRYPTO_SHA1, TOKEN, parts, n);
    return crypto_base64(a, digest_str(&d));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct form form = {0};
    struct str rest = {(const char *)data, size};
    struct twilio_signed s = {.url = next_line(&rest), .content_type = next_line(&rest)};
    s.body = rest;
    HOLD(!twilio_signature_valid(TOKEN, &s, STR("AqC7QURygD6Dr1N1A9Q7Fxailzs=")));
    HOLD(!twilio_signature_valid(TOKEN, &s, s.content_type));
    s.content_type = STR("application/x-www-form-urlencoded");
    if (form_parse(&a, s.body, &form) == 0 && form.count < 30 && !memchr(data, 0, size) &&
        !str_has(s.body, STR("%00")) && !str_has(s.url, STR("bodySHA256="))) {
        HOLD(twilio_signature_valid(TOKEN, &s, sign(&a, s.url, &form)));
    }
    arena_free(&a);
    return 0;
}
