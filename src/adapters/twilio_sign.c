#include "crypto.h"
#include "twilio.h"
#include <stdlib.h>

static int compare(struct str a, struct str b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_pairs(const void *x, const void *y)
{
    const struct form_pair *a = x, *b = y;
    int order = compare(a->name, b->name);
    return order ? order : compare(a->value, b->value);
}

/* Names and values in byte order of the names, one after another; of equal pairs one (as Twilio's own library does). */
static size_t sorted_parts(struct arena *a, const struct form *form, struct str *parts)
{
    struct form_pair *pairs = arena_alloc(a, form->count * sizeof(*pairs));
    size_t n = 0;
    if (form->count) {
        memcpy(pairs, form->pairs, form->count * sizeof(*pairs));
    }
    qsort(pairs, form->count, sizeof(*pairs), compare_pairs);
    for (size_t i = 0; i < form->count; i++) {
        if (i == 0 || compare_pairs(&pairs[i - 1], &pairs[i]) != 0) {
            parts[n++] = pairs[i].name;
            parts[n++] = pairs[i].value;
        }
    }
    return n;
}

/* The URL split around its port: "https://host" ":8443" "/path?query". */
struct split_url {
    struct str before, port, after;
    bool https;
};

static struct split_url split(struct str url)
{
    struct split_url s = {.https = str_starts(url, STR("https://"))};
    size_t scheme = s.https ? 8 : 7;
    size_t end = scheme < url.n ? scheme : url.n;
    while (end < url.n && !strchr("/?", url.p[end])) {
        end++;
    }
    size_t colon = end;
    while (colon > scheme && url.p[colon - 1] >= '0' && url.p[colon - 1] <= '9') {
        colon--;
    }
    bool has_port = colon > scheme && colon < end && url.p[colon - 1] == ':';
    size_t cut = has_port ? colon - 1 : end;
    s.before = str_cut(url, cut);
    s.port = (struct str){url.p + cut, end - cut};
    s.after = str_skip(url, end);
    return s;
}

/* The value of the parameter bodySHA256 in the URL's query; absent when there is none. */
static struct str body_digest(struct str url)
{
    struct str query = str_skip(url, str_find(url, '?'));
    while (query.n) {
        struct str pair = str_skip(query, 1);
        pair = str_cut(pair, str_find(pair, '&'));
        if (str_starts(pair, STR("bodySHA256="))) {
            return str_skip(pair, 11);
        }
        query = str_skip(query, pair.n + 1);
    }
    return (struct str){NULL, 0};
}

/* The fields of a form are signed. Any other body is signed by its digest, which stands in the URL. */
static bool body_matches(struct arena *a, const struct twilio_signed *s, bool is_form)
{
    struct str hex = body_digest(s->url);
    if (!hex.p) {
        return is_form || s->body.n == 0;
    }
    struct digest d = crypto_sha256(s->body);
    return crypto_equal(hex, crypto_hex(a, digest_str(&d)));
}

static bool is_form_type(struct str content_type)
{
    struct str type = str_trim(str_cut(content_type, str_find(content_type, ';')));
    return str_eq_nocase(type, STR("application/x-www-form-urlencoded"));
}

bool twilio_signature_valid(struct str token, const struct twilio_signed *s, struct str signature)
{
    struct arena a = {0};
    struct form form = {0};
    struct split_url u = split(s->url);
    struct str default_port = u.https ? STR(":443") : STR(":80");
    /* Twilio drops the port over https and keeps it over http; its library accepts either, with the usual port too. */
    const struct str ports[] = {STR(""), u.port.n ? u.port : default_port};
    bool valid = false, is_form = is_form_type(s->content_type);
    if (is_form && form_parse(&a, s->body, &form) < 0) {
        arena_free(&a);
        return false;
    }
    struct str *parts = arena_alloc(&a, (3 + 2 * form.count) * sizeof(*parts));
    size_t count = 3 + sorted_parts(&a, &form, parts + 3);
    for (size_t i = 0; i < 2; i++) {
        parts[0] = u.before;
        parts[1] = ports[i];
        parts[2] = u.after;
        struct digest d = crypto_hmac(CRYPTO_SHA1, token, parts, count);
        valid |= crypto_equal(signature, crypto_base64(&a, digest_str(&d)));
    }
    valid = valid && body_matches(&a, s, is_form);
    arena_free(&a);
    return valid;
}

int twilio_usher(const struct twilio *t, const struct http_request *r)
{
    bool believes_anybody = t->config->insecure_dev && !t->config->twilio_auth_token.n;
    return http_header(r, STR("x-twilio-signature")).n || believes_anybody ? 0 : ERR_BAD_SIGNATURE;
}

int twilio_verify(const struct twilio *t, const struct http_request *r)
{
    const struct config *c = t->config;
    struct str signature = http_header(r, STR("x-twilio-signature"));
    if (!c->twilio_auth_token.n) {
        return c->insecure_dev ? 0 : ERR_BAD_SIGNATURE;
    }
    struct arena a = {0};
    struct twilio_signed s = {
        .url = arena_printf(&a, "%.*s%.*s", (int)c->public_url.n, c->public_url.p, (int)r->target.n, r->target.p),
        .body = buf_str(&r->body),
        .content_type = http_header(r, STR("content-type")),
    };
    bool now = signature.n && twilio_signature_valid(c->twilio_auth_token, &s, signature);
    bool before = signature.n && c->twilio_auth_token_previous.n &&
                  twilio_signature_valid(c->twilio_auth_token_previous, &s, signature);
    arena_free(&a);
    return now || before ? 0 : ERR_BAD_SIGNATURE;
}
