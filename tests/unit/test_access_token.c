/* Access tokens: what they look like. Every token here is signed as its header says with the key that it names, unless the
 * row is about that; so nothing but the row's own fault can be why it is refused. */
#include "files.h"
#include "json.h"
#include "token_rig.h"

struct header_row {
    const char *header;
    enum metric_token why;
};

#define ALG(value) "{\"alg\":" value ",\"kid\":\"es-1\",\"typ\":\"JWT\"}"
#define KID(value) "{\"alg\":\"ES256\",\"kid\":" value ",\"typ\":\"JWT\"}"
#define AND(more) "{\"alg\":\"ES256\",\"kid\":\"es-1\",\"typ\":\"JWT\"," more "}"
#define K64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABC-_Z"

static const struct header_row headers[] = {
    /* The algorithm is the key's, never the token's. */
    {ALG("\"none\""), TOKEN_ALGORITHM},
    {ALG("\"None\""), TOKEN_ALGORITHM},
    {ALG("\"nOnE\""), TOKEN_ALGORITHM},
    {ALG("\"NONE\""), TOKEN_ALGORITHM},
    {ALG("\"\""), TOKEN_ALGORITHM},
    {ALG("\"es256\""), TOKEN_ALGORITHM},
    {ALG("\"ES256 \""), TOKEN_ALGORITHM},
    {ALG("\" ES256\""), TOKEN_ALGORITHM},
    {ALG("\"ES256\\n\""), TOKEN_ALGORITHM},
    {ALG("\"ES384\""), TOKEN_ALGORITHM},
    {ALG("\"ES512\""), TOKEN_ALGORITHM},
    {ALG("\"ES256K\""), TOKEN_ALGORITHM},
    {ALG("\"RS256\""), TOKEN_ALGORITHM},
    {ALG("\"RS384\""), TOKEN_ALGORITHM},
    {ALG("\"PS256\""), TOKEN_ALGORITHM},
    {ALG("\"HS256\""), TOKEN_ALGORITHM},
    {ALG("\"HS384\""), TOKEN_ALGORITHM},
    {ALG("\"HS512\""), TOKEN_ALGORITHM},
    {ALG("\"EdDSA\""), TOKEN_ALGORITHM},
    {ALG("\"dir\""), TOKEN_ALGORITHM},
    {ALG("\"A256GCMKW\""), TOKEN_ALGORITHM},
    {ALG("null"), TOKEN_HEADER},
    {ALG("256"), TOKEN_HEADER},
    {ALG("true"), TOKEN_HEADER},
    {ALG("[\"ES256\"]"), TOKEN_HEADER},
    {ALG("{\"ES256\":1}"), TOKEN_HEADER},
    {"{\"kid\":\"es-1\",\"typ\":\"JWT\"}", TOKEN_HEADER},
    {"{\"Alg\":\"ES256\",\"kid\":\"es-1\"}", TOKEN_HEADER},
    {"{\"enc\":\"A256GCM\",\"kid\":\"es-1\"}", TOKEN_HEADER},
    {"{}", TOKEN_HEADER},
    /* A name is looked up and nothing else. */
    {KID("\"../../dev/null\""), TOKEN_HEADER},
    {KID("\"/dev/null\""), TOKEN_HEADER},
    {KID("\"' or 1=1 --\""), TOKEN_HEADER},
    {KID("\"es-1'; drop table calls; --\""), TOKEN_HEADER},
    {KID("\"https://evil.example/jwks.json\""), TOKEN_HEADER},
    {KID("\"es-1|id\""), TOKEN_HEADER},
    {KID("\"`id`\""), TOKEN_HEADER},
    {KID("\"${jndi:ldap://evil.example/x}\""), TOKEN_HEADER},
    {KID("\"%65s-1\""), TOKEN_HEADER},
    {KID("\"es.1\""), TOKEN_HEADER},
    {KID("\"*\""), TOKEN_HEADER},
    {KID("\"\""), TOKEN_HEADER},
    {KID("\" es-1\""), TOKEN_HEADER},
    {KID("\"es-1 \""), TOKEN_HEADER},
    {KID("\"es-1\\n\""), TOKEN_HEADER},
    {KID("\"\\u00e9s-1\""), TOKEN_HEADER},
    {KID("\"es-1\xef\xbb\xbf\""), TOKEN_HEADER},
    {KID("\"" K64 "0\""), TOKEN_HEADER},
    {KID("null"), TOKEN_HEADER},
    {KID("1"), TOKEN_HEADER},
    {KID("[\"es-1\"]"), TOKEN_HEADER},
    {KID("{\"es-1\":1}"), TOKEN_HEADER},
    {"{\"alg\":\"ES256\",\"typ\":\"JWT\"}", TOKEN_HEADER},
    {"{\"alg\":\"RS256\",\"typ\":\"JWT\"}", TOKEN_HEADER},
    {KID("\"ES-1\""), TOKEN_UNKNOWN_KEY},
    {KID("\"es-2\""), TOKEN_UNKNOWN_KEY},
    {KID("\"es-\""), TOKEN_UNKNOWN_KEY},
    {KID("\"es-11\""), TOKEN_UNKNOWN_KEY},
    {KID("\"" K64 "\""), TOKEN_UNKNOWN_KEY},
    {RIG_HEADER("RS256", "rs-2"), TOKEN_UNKNOWN_KEY},
    {RIG_HEADER("ES256", "rs-1"), TOKEN_ALGORITHM},
    /* Keys, and where to find them, are never taken from the token. */
    {AND("\"jku\":\"https://evil.example/jwks.json\""), TOKEN_HEADER},
    {AND("\"jku\":null"), TOKEN_HEADER},
    {AND("\"x5u\":\"https://evil.example/cert.pem\""), TOKEN_HEADER},
    {AND("\"x5c\":[\"MIIB\"]"), TOKEN_HEADER},
    {AND("\"x5t\":\"AAAA\""), TOKEN_HEADER},
    {AND("\"x5t#S256\":\"AAAA\""), TOKEN_HEADER},
    {AND("\"jwk\":{}"), TOKEN_HEADER},
    {AND("\"crit\":[]"), TOKEN_HEADER},
    {AND("\"crit\":[\"exp\"]"), TOKEN_HEADER},
    {AND("\"b64\":false"), TOKEN_HEADER},
    {AND("\"b64\":true"), TOKEN_HEADER},
    {AND("\"zip\":\"DEF\""), TOKEN_HEADER},
    {AND("\"\\u006aku\":\"https://evil.example/jwks.json\""), TOKEN_HEADER},
    {"{\"alg\":\"ES256\",\"kid\":\"es-1\",\"typ\":\"jwt\"}", TOKEN_HEADER},
    {"{\"alg\":\"ES256\",\"kid\":\"es-1\",\"typ\":\"at+jwt\"}", TOKEN_HEADER},
    {"{\"alg\":\"ES256\",\"kid\":\"es-1\",\"typ\":\"\"}", TOKEN_HEADER},
    {"{\"alg\":\"ES256\",\"kid\":\"es-1\",\"typ\":null}", TOKEN_HEADER},
    {"{\"alg\":\"ES256\",\"kid\":\"es-1\",\"typ\":1}", TOKEN_HEADER},
    /* Said twice: nobody knows which one counts. */
    {AND("\"alg\":\"none\""), TOKEN_SHAPE},
    {AND("\"alg\":\"ES256\""), TOKEN_SHAPE},
    {AND("\"kid\":\"es-1\""), TOKEN_SHAPE},
    {AND("\"a\\u006cg\":\"none\""), TOKEN_SHAPE},
    {AND("\"x\":{\"y\":1,\"y\":2}"), TOKEN_SHAPE},
    {AND("\"x\":[{\"y\":1,\"z\":0,\"\\u0079\":2}]"), TOKEN_SHAPE},
    {AND("\"\":1,\"\":1"), TOKEN_SHAPE},
};

static void headers_that_are_refused(void)
{
    rig_start();
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        tap_case(headers[i].header);
        rig_refuse(rig_es_token(str_of(headers[i].header), STR(RIG_PAYLOAD)), headers[i].why);
    }
    rig_stop();
}

/* Texts that are no strict JSON object. */
static const struct str broken[] = {
    STR(""),
    STR(" "),
    STR("null"),
    STR("true"),
    STR("1"),
    STR("\"x\""),
    STR("[]"),
    STR("[{}]"),
    STR("{"),
    STR("}"),
    STR("{}}"),
    STR("{}{}"),
    STR("{} x"),
    STR("{}\0"),
    STR("\0{}"),
    STR("\xef\xbb\xbf{}"),
    STR("{,}"),
    STR("{\"a\"}"),
    STR("{\"a\":}"),
    STR("{\"a\" 1}"),
    STR("{\"a\":1,}"),
    STR("{\"a\":1 \"b\":2}"),
    STR("{a:1}"),
    STR("{'a':1}"),
    STR("{1:1}"),
    STR("{\"a\":1;\"b\":2}"),
    STR("/**/{}"),
    STR("{}//"),
    STR("{\v}"),
    STR("{\f}"),
    STR("{\xc2\xa0}"),
    STR("{\"a\":[1,]}"),
    STR("{\"a\":[,1]}"),
    STR("{\"a\":[1}"),
    STR("{\"a\":{\"b\":1]}"),
    STR("{\"a\":NaN}"),
    STR("{\"a\":Infinity}"),
    STR("{\"a\":-Infinity}"),
    STR("{\"a\":True}"),
    STR("{\"a\":tru}"),
    STR("{\"a\":truee}"),
    STR("{\"a\":nul}"),
    STR("{\"a\":undefined}"),
    STR("{\"a\":01}"),
    STR("{\"a\":+1}"),
    STR("{\"a\":.5}"),
    STR("{\"a\":1.}"),
    STR("{\"a\":-}"),
    STR("{\"a\":1e}"),
    STR("{\"a\":1e+}"),
    STR("{\"a\":0x10}"),
    STR("{\"a\":1_000}"),
    STR("{\"a\":--1}"),
    STR("{\"a\":\"b}"),
    STR("{\"a\":\"\\\"}"),
    STR("{\"a\":\"\\x41\"}"),
    STR("{\"a\":\"\\'\"}"),
    STR("{\"a\":\"\\u12\"}"),
    STR("{\"a\":\"\\u12g4\"}"),
    STR("{\"a\":\"\\U0041\"}"),
    STR("{\"a\":\"\\u0000\"}"),
    STR("{\"a\":\"b\\u0000c\"}"),
    STR("{\"\\u0000\":1}"),
    STR("{\"a\":\"\0\"}"),
    STR("{\"a\":\"\n\"}"),
    STR("{\"a\":\"\t\"}"),
    STR("{\"a\":\"\x1f\"}"),
    STR("{\"a\":\"\\ud800\"}"),
    STR("{\"a\":\"\\udc00\"}"),
    STR("{\"a\":\"\\ud800x\"}"),
    STR("{\"a\":\"\\ud800\\n\"}"),
    STR("{\"a\":\"\\ud800\\u0041\"}"),
    STR("{\"a\":\"\\ud800\\ud800\"}"),
    STR("{\"a\":\"\xff\"}"),
    STR("{\"a\":\"\xc3\"}"),
    STR("{\"a\":\"\xc0\xaf\"}"),
    STR("{\"a\":\"\xe0\x80\xaf\"}"),
    STR("{\"a\":\"\xed\xa0\x80\"}"),
    STR("{\"a\":\"\xf4\x90\x80\x80\"}"),
    STR("{\"\xff\":1}"),
    STR("{\"a\":1,\"a\":1}"),
    STR("{\"a\":1,\"\\u0061\":1}"),
    STR("{\"\\/\":1,\"/\":1}"),
    STR("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":1}"),
    STR("{\"a\":[[[[[[[[]]]]]]]]}"),
    STR("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}"),
    STR("{\"a\":{\"a\":[{\"a\":[{\"a\":[{\"a\":0,\"b\":[]}]}]}]}}"),
};

/* As the header of a good payload, and as the payload of a good header. */
static void json_that_is_refused(void)
{
    rig_start();
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        tap_case(broken[i].p);
        rig_refuse(rig_es_token(broken[i], STR(RIG_PAYLOAD)), TOKEN_SHAPE);
        rig_refuse(rig_es_token(STR(RIG_ES_HEADER), broken[i]), TOKEN_SHAPE);
    }
    rig_stop();
}

static struct str with_members(size_t count)
{
    struct buf b = buf_make(1 << 16);
    CHECK_INT(buf_append(&b, STR("{" RIG_ISS RIG_SUB RIG_AUD RIG_ROLE RIG_EXP)), 0);
    for (size_t i = 5; i < count; i++) {
        CHECK_INT(buf_printf(&b, ",\"m%zu\":%zu", i, i), 0);
    }
    CHECK_INT(buf_append(&b, STR("}")), 0);
    struct str copy = arena_copy(&rig.arena, buf_str(&b));
    buf_free(&b);
    return copy;
}

static void the_largest_object(void)
{
    rig_start();
    rig_accept(rig_es_token(STR(RIG_ES_HEADER), with_members(CAP_TOKEN_MEMBERS)));
    rig_refuse(rig_es_token(STR(RIG_ES_HEADER), with_members(CAP_TOKEN_MEMBERS + 1)), TOKEN_SHAPE);
    rig_stop();
}

/* A token of about so many bytes; `pad` more characters of payload. */
static struct str with_padding(size_t pad)
{
    char *blanks = arena_alloc(&rig.arena, pad + 1);
    memset(blanks, ' ', pad);
    return rig_es_token(STR(RIG_ES_HEADER), arena_printf(&rig.arena, "%s%s", RIG_PAYLOAD, blanks));
}

static void the_longest_token(void)
{
    rig_start();
    size_t pad = 0;
    while (with_padding(pad).n <= CAP_TOKEN_BYTES - 4) {
        pad += (CAP_TOKEN_BYTES - with_padding(pad).n) / 4 * 3 / 2 + 1;
    }
    while (with_padding(pad + 1).n <= CAP_TOKEN_BYTES) {
        pad++;
    }
    CHECK(with_padding(pad).n > CAP_TOKEN_BYTES - 3);
    rig_accept(with_padding(pad));
    rig_refuse(with_padding(pad + 1), TOKEN_SHAPE);
    rig_refuse(with_padding(pad + 3), TOKEN_SHAPE);
    struct str million = {arena_alloc(&rig.arena, 1 << 20), 1 << 20};
    memset((char *)million.p, 'A', million.n);
    rig_refuse(million, TOKEN_SHAPE);
    struct str kid = arena_printf(&rig.arena, KID("\"%.*s\""), (int)million.n, million.p);
    rig_refuse(rig_es_token(kid, STR(RIG_PAYLOAD)), TOKEN_SHAPE);
    struct str short_kid = arena_printf(&rig.arena, KID("\"%.*s\""), 4000, million.p);
    rig_refuse(rig_es_token(short_kid, STR(RIG_PAYLOAD)), TOKEN_HEADER);
    rig_stop();
}

/* h, p and s are the parts of a good token. */
static const char *const forms[] = {
    "",          ".",       "..",          "...",           "h",       "h.",     ".h",
    "h.p",       "h.p.",    ".p.s",        "h..s",          "..s",     "h.p.s.", ".h.p.s",
    "h.p..s",    "h.p.s.s", "h.p.s.p.s",   "h,p,s",         "h.p s",   "s.p.h",  "Bearer h.p.s",
    "\"h.p.s\"", " h.p.s",  "h.p.s ",      "h .p.s",        "h. p.s",  "h.p. s", "h.p.s\n",
    "h.p.s\r\n", "h.p\n.s", "h.\tp.s",     "h=.p.s",        "h==.p.s", "h.p=.s", "h.p==.s",
    "h.p.s=",    "h.p.s==", "h.p.s===",    "h+.p.s",        "h/.p.s",  "h.p+.s", "h.p/.s",
    "h.p.s+",    "h.p.s/",  "h.p.s\x80",   "h.p.s\xc3\xa9", "hA.p.s",  "h.pA.s", "h%2Ep.s",
    "h.p.s#",    "h.p.s?",  "h.p.s,h.p.s",
};

static void forms_that_are_refused(void)
{
    rig_start();
    struct str h = crypto_base64url(&rig.arena, STR(RIG_ES_HEADER "   "));
    struct str p = crypto_base64url(&rig.arena, STR(RIG_PAYLOAD_WITH("") "  "));
    struct str input = arena_printf(&rig.arena, "%.*s.%.*s", (int)h.n, h.p, (int)p.n, p.p);
    struct str token = rig_join(input, rig_es_sign(rig.es, input));
    struct str s = str_skip(token, input.n + 1);
    CHECK(h.n % 4 != 1 && p.n % 4 != 1);
    rig_accept(token);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct buf b = buf_make(8192);
        bool letters = strstr(forms[i], "Bearer") != NULL;
        tap_case(forms[i]);
        for (const char *c = letters ? forms[i] + 7 : forms[i]; *c; c++) {
            struct str part = *c == 'h' ? h : *c == 'p' ? p : *c == 's' ? s : (struct str){c, 1};
            CHECK_INT(buf_append(&b, part), 0);
        }
        struct str text = buf_str(&b);
        rig_refuse(letters ? arena_printf(&rig.arena, "Bearer %.*s", (int)text.n, text.p) : text, TOKEN_SHAPE);
        buf_free(&b);
    }
    struct str cut = arena_printf(&rig.arena, "%.*s%c%s", (int)input.n, input.p, '\0', "x");
    rig_refuse(cut, TOKEN_SHAPE);
    rig_stop();
}

/* Bits behind the last byte would be a second text of the same token. */
static void last_bits_are_canonical(void)
{
    rig_start();
    static const char *const payloads[] = {RIG_PAYLOAD, RIG_PAYLOAD " ", RIG_PAYLOAD "  "};
    for (size_t i = 0; i < 3; i++) {
        struct str token = rig_es_token(STR(RIG_ES_HEADER), str_of(payloads[i]));
        size_t h = str_find(token, '.'), p = str_find(str_skip(token, h + 1), '.');
        const size_t ends[] = {h, h + 1 + p, token.n}, lengths[] = {h, p, token.n - h - p - 2};
        rig_accept(token);
        for (size_t part = 0; part < 3; part++) {
            struct str other = arena_copy(&rig.arena, token);
            char *last = (char *)other.p + ends[part] - 1;
            *last = (char)(*last == 'Z'   ? 'a'
                           : *last == 'z' ? '0'
                           : *last == '9' ? '-'
                           : *last == '-' ? '_'
                                          : *last + 1);
            tap_case(other.p);
            if (lengths[part] % 4 != 0) {
                rig_refuse(other, TOKEN_SHAPE);
            }
        }
    }
    rig_stop();
}

struct vector {
    struct str name, token, secret, jwks;
};

struct vector_list {
    struct str issuer;
    struct field_list_value vectors;
};

static const struct field vector_fields[] = {
    FIELD(struct vector, name, "name", STR, 0),
    FIELD(struct vector, token, "token", STR, 0),
    FIELD(struct vector, secret, "secret", STR, 0),
    FIELD(struct vector, jwks, "jwks", RAW, 0),
};
static const struct field_items vector_items = {vector_fields, FIELD_COUNT(vector_fields), sizeof(struct vector)};
static const struct field list_fields[] = {
    FIELD(struct vector_list, issuer, "issuer", STR, 0),
    FIELD_ITEMS(struct vector_list, vectors, "vectors", vector_items, 0),
};

static const char recorded_claims[] =
    "{\"sub\":\"" RIG_USER "\",\"role\":\"authenticated\",\"email\":\"owner@example.org\",\"session_id\":\"" RIG_SESSION
    "\"}";

static void check_recorded(const struct vector *v, struct str issuer)
{
    struct token_keys keys = {.count = 0};
    struct access_token_rules rules = {issuer, RIG_NOW_S};
    struct tenant t;
    CHECK_INT(v->secret.n ? token_keys_add_secret(&keys, v->secret) : token_keys_read_jwks(&keys, v->jwks), 0);
    CHECK_INT((long long)keys.count, 1);
    CHECK_INT(access_token_judge(&keys, &rules, v->token, &rig.arena, &t), TOKEN_ACCEPTED);
    rig_accepted++;
    CHECK_STR(t.claims, recorded_claims);
    CHECK_STR(t.user_id, RIG_USER);
    CHECK_INT(t.expires_s, 4102444800);
    /* One bit of any byte changed: refused, whatever the byte is part of. */
    for (size_t i = 0; i < v->token.n; i++) {
        struct str other = arena_copy(&rig.arena, v->token);
        ((char *)other.p)[i] ^= 1;
        tap_case(other.p);
        CHECK(access_token_judge(&keys, &rules, other, &rig.arena, &t) != TOKEN_ACCEPTED);
    }
    token_keys_free(&keys);
}

/* The vectors that Supabase's own client accepted. */
static void recorded_tokens(void)
{
    struct vector_list list;
    struct buf file = file_read(FIXTURES, "token-vectors.json");
    struct json_shape *shape = json_shape_new(list_fields, FIELD_COUNT(list_fields));
    struct json_pass pass = {
        .shape = shape, .doc = buf_str(&file), .target = &list, .target_bytes = sizeof(list), .arena = &rig.arena};
    CHECK_INT(json_read(&pass), 0);
    CHECK_INT((long long)list.vectors.count, 2);
    for (size_t i = 0; i < list.vectors.count; i++) {
        check_recorded((const struct vector *)list.vectors.items + i, list.issuer);
    }
    json_shape_free(shape);
    buf_free(&file);
    arena_free(&rig.arena);
}

static void enough_vectors(void)
{
    rig_tell(200);
}

TAP_MAIN(TEST(headers_that_are_refused), TEST(json_that_is_refused), TEST(the_largest_object), TEST(the_longest_token),
         TEST(forms_that_are_refused), TEST(last_bits_are_canonical), TEST(recorded_tokens), TEST(enough_vectors))
