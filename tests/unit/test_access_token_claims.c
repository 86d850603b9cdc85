/* Access tokens: what they say. Every token here is well-formed and authentic. */
#include "token_rig.h"

struct row {
    const char *payload;
    enum metric_token why;
};

#define TOLD(iss, sub, aud, role, rest) "{" iss sub aud role rest "}"
#define WITH_EXP(value) TOLD(RIG_ISS, RIG_SUB, RIG_AUD, RIG_ROLE, "\"exp\":" value)
#define WITH_ISS(value) TOLD("\"iss\":" value ",", RIG_SUB, RIG_AUD, RIG_ROLE, RIG_EXP)
#define WITH_SUB(value) TOLD(RIG_ISS, "\"sub\":" value ",", RIG_AUD, RIG_ROLE, RIG_EXP)
#define WITH_AUD(value) TOLD(RIG_ISS, RIG_SUB, "\"aud\":" value ",", RIG_ROLE, RIG_EXP)
#define WITH_ROLE(value) TOLD(RIG_ISS, RIG_SUB, RIG_AUD, "\"role\":" value ",", RIG_EXP)
#define WITH(more) RIG_PAYLOAD_WITH(more ",")
#define HOST "abcdefghijklmnopqrst.supabase.co"

static void check_refused(const struct row *rows, size_t count)
{
    rig_start();
    for (size_t i = 0; i < count; i++) {
        tap_case(rows[i].payload);
        rig_refuse(rig_es_token(STR(RIG_ES_HEADER), str_of(rows[i].payload)), rows[i].why);
    }
    rig_stop();
}

#define REFUSED(rows) check_refused(rows, sizeof(rows) / sizeof((rows)[0]))

static void times_that_are_refused(void)
{
    static const struct row rows[] = {
        {TOLD(RIG_ISS, RIG_SUB, RIG_AUD, RIG_ROLE, "\"iat\":1795000000"), TOKEN_CLAIMS},
        {WITH_EXP("null"), TOKEN_CLAIMS},
        {WITH_EXP("true"), TOKEN_CLAIMS},
        {WITH_EXP("\"\""), TOKEN_CLAIMS},
        {WITH_EXP("\"1795003600\""), TOKEN_CLAIMS},
        {WITH_EXP("\"2100-01-01T00:00:00Z\""), TOKEN_CLAIMS},
        {WITH_EXP("\"never\""), TOKEN_CLAIMS},
        {WITH_EXP("[1795003600]"), TOKEN_CLAIMS},
        {WITH_EXP("{\"a\":1795003600}"), TOKEN_CLAIMS},
        {WITH_EXP("-1"), TOKEN_CLAIMS},
        {WITH_EXP("-0"), TOKEN_CLAIMS},
        {WITH_EXP("-1795003600"), TOKEN_CLAIMS},
        {WITH_EXP("1795003600.0"), TOKEN_CLAIMS},
        {WITH_EXP("1795003600.5"), TOKEN_CLAIMS},
        {WITH_EXP("1.7950036e9"), TOKEN_CLAIMS},
        {WITH_EXP("1795003600e0"), TOKEN_CLAIMS},
        {WITH_EXP("1E12"), TOKEN_CLAIMS},
        {WITH_EXP("1e400"), TOKEN_CLAIMS},
        {WITH_EXP("-1e400"), TOKEN_CLAIMS},
        {WITH_EXP("1e-400"), TOKEN_CLAIMS},
        {WITH_EXP("253402300800"), TOKEN_CLAIMS},
        {WITH_EXP("9223372036854775807"), TOKEN_CLAIMS},
        {WITH_EXP("9223372036854775808"), TOKEN_CLAIMS},
        {WITH_EXP("18446744075504551616"), TOKEN_CLAIMS}, /* 2^64 and a good time */
        {WITH_EXP("99999999999999999999999999999999999999999999"), TOKEN_CLAIMS},
        {WITH_EXP("0"), TOKEN_EXPIRED},
        {WITH_EXP("1794999970"), TOKEN_EXPIRED}, /* now less the leeway */
        {WITH_EXP("1794999969"), TOKEN_EXPIRED},
        {WITH_EXP("1763464000"), TOKEN_EXPIRED},
        {WITH("\"nbf\":1795000031"), TOKEN_NOT_YET},
        {WITH("\"nbf\":4102444800"), TOKEN_NOT_YET},
        {WITH("\"nbf\":\"1795000000\""), TOKEN_CLAIMS},
        {WITH("\"nbf\":null"), TOKEN_CLAIMS},
        {WITH("\"nbf\":-1"), TOKEN_CLAIMS},
        {WITH("\"nbf\":1795000000.5"), TOKEN_CLAIMS},
        {WITH("\"nbf\":1e400"), TOKEN_CLAIMS},
        {WITH("\"nbf\":[]"), TOKEN_CLAIMS},
        {WITH("\"iat\":1795000031"), TOKEN_NOT_YET},
        {WITH("\"iat\":4102444800"), TOKEN_NOT_YET},
        {WITH("\"iat\":\"1795000000\""), TOKEN_CLAIMS},
        {WITH("\"iat\":null"), TOKEN_CLAIMS},
        {WITH("\"iat\":-1"), TOKEN_CLAIMS},
        {WITH("\"iat\":1795000000.5"), TOKEN_CLAIMS},
        {WITH("\"iat\":1e400"), TOKEN_CLAIMS},
        {WITH("\"iat\":{}"), TOKEN_CLAIMS},
    };
    REFUSED(rows);
}

static void issuers_that_are_refused(void)
{
    static const struct row rows[] = {
        {TOLD("", RIG_SUB, RIG_AUD, RIG_ROLE, RIG_EXP), TOKEN_ISSUER},
        {WITH_ISS("null"), TOKEN_ISSUER},
        {WITH_ISS("1"), TOKEN_ISSUER},
        {WITH_ISS("true"), TOKEN_ISSUER},
        {WITH_ISS("[\"" RIG_ISSUER "\"]"), TOKEN_ISSUER},
        {WITH_ISS("{\"a\":\"" RIG_ISSUER "\"}"), TOKEN_ISSUER},
        {WITH_ISS("\"\""), TOKEN_ISSUER},
        {WITH_ISS("\"supabase\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST "\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST "/auth/v\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST "/auth/v1/\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST "/auth/v1?x\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST "/auth/v1#x\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST "/auth/v2\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST "//auth/v1\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST ":443/auth/v1\""), TOKEN_ISSUER},
        {WITH_ISS("\"http://" HOST "/auth/v1\""), TOKEN_ISSUER},
        {WITH_ISS("\"HTTPS://" HOST "/auth/v1\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://ABCDEFGHIJKLMNOPQRST.supabase.co/auth/v1\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST "/Auth/v1\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST ".evil.example/auth/v1\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://" HOST "@evil.example/auth/v1\""), TOKEN_ISSUER},
        {WITH_ISS("\"https://tsrqponmlkjihgfedcba.supabase.co/auth/v1\""), TOKEN_ISSUER},
        {WITH_ISS("\" " RIG_ISSUER "\""), TOKEN_ISSUER},
        {WITH_ISS("\"" RIG_ISSUER " \""), TOKEN_ISSUER},
        {WITH_ISS("\"" RIG_ISSUER "\\n\""), TOKEN_ISSUER},
        {WITH_ISS("\"" RIG_ISSUER "\\u0000\""), TOKEN_SHAPE},
        {WITH_ISS("\"" RIG_ISSUER "\",\"iss\":\"" RIG_ISSUER "\""), TOKEN_SHAPE},
    };
    REFUSED(rows);
}

static void audiences_that_are_refused(void)
{
    static const struct row rows[] = {
        {TOLD(RIG_ISS, RIG_SUB, "", RIG_ROLE, RIG_EXP), TOKEN_AUDIENCE},
        {WITH_AUD("null"), TOKEN_AUDIENCE},
        {WITH_AUD("true"), TOKEN_AUDIENCE},
        {WITH_AUD("1"), TOKEN_AUDIENCE},
        {WITH_AUD("\"\""), TOKEN_AUDIENCE},
        {WITH_AUD("\"anon\""), TOKEN_AUDIENCE},
        {WITH_AUD("\"service_role\""), TOKEN_AUDIENCE},
        {WITH_AUD("\"Authenticated\""), TOKEN_AUDIENCE},
        {WITH_AUD("\"authenticated \""), TOKEN_AUDIENCE},
        {WITH_AUD("\"authenticate\""), TOKEN_AUDIENCE},
        {WITH_AUD("\"authenticated2\""), TOKEN_AUDIENCE},
        {WITH_AUD("\"anon,authenticated\""), TOKEN_AUDIENCE},
        {WITH_AUD("[]"), TOKEN_AUDIENCE},
        {WITH_AUD("[\"anon\"]"), TOKEN_AUDIENCE},
        {WITH_AUD("[\"anon\",\"service_role\"]"), TOKEN_AUDIENCE},
        {WITH_AUD("[\"authenticated\",1]"), TOKEN_AUDIENCE},
        {WITH_AUD("[null,\"authenticated\"]"), TOKEN_AUDIENCE},
        {WITH_AUD("[[\"authenticated\"]]"), TOKEN_AUDIENCE},
        {WITH_AUD("{\"authenticated\":true}"), TOKEN_AUDIENCE},
        {WITH_AUD("\"authenticated\\u0000\""), TOKEN_SHAPE},
    };
    REFUSED(rows);
}

static void roles_that_are_refused(void)
{
    static const struct row rows[] = {
        {TOLD(RIG_ISS, RIG_SUB, RIG_AUD, "", RIG_EXP), TOKEN_ROLE},
        {WITH_ROLE("null"), TOKEN_ROLE},
        {WITH_ROLE("true"), TOKEN_ROLE},
        {WITH_ROLE("1"), TOKEN_ROLE},
        {WITH_ROLE("\"\""), TOKEN_ROLE},
        {WITH_ROLE("\"anon\""), TOKEN_ROLE},
        {WITH_ROLE("\"service_role\""), TOKEN_ROLE},
        {WITH_ROLE("\"supabase_admin\""), TOKEN_ROLE},
        {WITH_ROLE("\"postgres\""), TOKEN_ROLE},
        {WITH_ROLE("\"ringback_ingest\""), TOKEN_ROLE},
        {WITH_ROLE("\"Authenticated\""), TOKEN_ROLE},
        {WITH_ROLE("\"authenticated \""), TOKEN_ROLE},
        {WITH_ROLE("\"authenticated,service_role\""), TOKEN_ROLE},
        {WITH_ROLE("\"authenticated\\\";set role postgres\""), TOKEN_ROLE},
        {WITH_ROLE("[\"authenticated\"]"), TOKEN_ROLE},
        {WITH_ROLE("{\"role\":\"authenticated\"}"), TOKEN_ROLE},
        {WITH_ROLE("\"anon\",\"user_metadata\":{\"role\":\"authenticated\"}"), TOKEN_ROLE},
        {WITH_ROLE("\"anon\",\"app_metadata\":{\"role\":\"authenticated\"}"), TOKEN_ROLE},
        {WITH_ROLE("\"authenticated\",\"role\":\"service_role\""), TOKEN_SHAPE},
        {WITH_ROLE("\"anon\",\"r\\u006fle\":\"authenticated\""), TOKEN_SHAPE},
        /* The project's own keys for the browser and for servers are signed, but they are nobody. */
        {"{\"iss\":\"supabase\",\"ref\":\"abcdefghijklmnopqrst\",\"role\":\"anon\",\"iat\":1763464000,\"exp\":2079040000}",
         TOKEN_ISSUER},
        {TOLD(RIG_ISS, "", "", "\"role\":\"anon\",", RIG_EXP), TOKEN_AUDIENCE},
        {TOLD(RIG_ISS, "", RIG_AUD, "\"role\":\"service_role\",", RIG_EXP), TOKEN_ROLE},
        {TOLD(RIG_ISS, "", RIG_AUD, RIG_ROLE, RIG_EXP), TOKEN_SUBJECT},
    };
    REFUSED(rows);
}

static void subjects_that_are_refused(void)
{
    static const struct row rows[] = {
        {WITH_SUB("null"), TOKEN_SUBJECT},
        {WITH_SUB("true"), TOKEN_SUBJECT},
        {WITH_SUB("1"), TOKEN_SUBJECT},
        {WITH_SUB("11111111222243338444555555555555"), TOKEN_SUBJECT},
        {WITH_SUB("\"\""), TOKEN_SUBJECT},
        {WITH_SUB("\"me\""), TOKEN_SUBJECT},
        {WITH_SUB("\"owner@larkspur.example\""), TOKEN_SUBJECT},
        {WITH_SUB("\"11111111-2222-4333-8444-55555555555\""), TOKEN_SUBJECT},
        {WITH_SUB("\"11111111-2222-4333-8444-5555555555555\""), TOKEN_SUBJECT},
        {WITH_SUB("\"11111111222243338444555555555555\""), TOKEN_SUBJECT},
        {WITH_SUB("\"111111112222-4333-8444-5555-55555555\""), TOKEN_SUBJECT},
        {WITH_SUB("\"{11111111-2222-4333-8444-555555555555}\""), TOKEN_SUBJECT},
        {WITH_SUB("\"urn:uuid:11111111-2222-4333-8444-555555555555\""), TOKEN_SUBJECT},
        {WITH_SUB("\"1111111g-2222-4333-8444-555555555555\""), TOKEN_SUBJECT},
        {WITH_SUB("\"-1111111-2222-4333-8444-555555555555\""), TOKEN_SUBJECT},
        {WITH_SUB("\" 1111111-2222-4333-8444-555555555555\""), TOKEN_SUBJECT},
        {WITH_SUB("\"11111111-2222-4333-8444-555555555555\\n\""), TOKEN_SUBJECT},
        {WITH_SUB("\"11111111-2222-4333-8444-55555555555\\n\""), TOKEN_SUBJECT},
        {WITH_SUB("\"11111111\xe2\x80\x90"
                  "2222-4333-8444-5555555555\""),
         TOKEN_SUBJECT},
        {WITH_SUB("\"' or 1=1 -- 2222-4333-8444-5555555555\""), TOKEN_SUBJECT},
        {WITH_SUB("[\"" RIG_USER "\"]"), TOKEN_SUBJECT},
        {WITH_SUB("{\"id\":\"" RIG_USER "\"}"), TOKEN_SUBJECT},
        {WITH_SUB("\"" RIG_USER "\\u0000\""), TOKEN_SHAPE},
        {WITH_SUB("\"" RIG_USER "\",\"sub\":\"22222222-2222-4333-8444-555555555555\""), TOKEN_SHAPE},
    };
    REFUSED(rows);
}

static void other_claims_that_are_refused(void)
{
    static const struct row rows[] = {
        {WITH("\"session_id\":null"), TOKEN_CLAIMS},
        {WITH("\"session_id\":\"\""), TOKEN_CLAIMS},
        {WITH("\"session_id\":\"x\""), TOKEN_CLAIMS},
        {WITH("\"session_id\":1"), TOKEN_CLAIMS},
        {WITH("\"session_id\":true"), TOKEN_CLAIMS},
        {WITH("\"session_id\":[\"" RIG_SESSION "\"]"), TOKEN_CLAIMS},
        {WITH("\"session_id\":{}"), TOKEN_CLAIMS},
        {WITH("\"session_id\":\"" RIG_SESSION "0\""), TOKEN_CLAIMS},
        {WITH("\"session_id\":\"" RIG_SESSION " \""), TOKEN_CLAIMS},
        {WITH("\"session_id\":\"66666666777748889999aaaaaaaaaaaa\""), TOKEN_CLAIMS},
        {WITH("\"email\":null"), TOKEN_CLAIMS},
        {WITH("\"email\":1"), TOKEN_CLAIMS},
        {WITH("\"email\":false"), TOKEN_CLAIMS},
        {WITH("\"email\":[\"owner@larkspur.example\"]"), TOKEN_CLAIMS},
        {WITH("\"email\":{}"), TOKEN_CLAIMS},
        {WITH("\"email\":\"a\\u0000b\""), TOKEN_SHAPE},
    };
    REFUSED(rows);
}

struct good_row {
    const char *header, *payload, *claims;
};

#define CLAIMS_OF(more) "{\"sub\":\"" RIG_USER "\",\"role\":\"authenticated\"" more "}"

static const struct good_row good[] = {
    {RIG_ES_HEADER, RIG_PAYLOAD, CLAIMS_OF(",\"email\":\"owner@larkspur.example\",\"session_id\":\"" RIG_SESSION "\"")},
    {RIG_ES_HEADER, RIG_PAYLOAD_WITH(""), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH("\"email\":\"\""), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH("\"email\":\"o\\\"b\\\\\\u0001\\u00e9@larkspur.example\""),
     CLAIMS_OF(",\"email\":\"o\\\"b\\\\\\u0001\xc3\xa9@larkspur.example\"")},
    {RIG_ES_HEADER, WITH("\"session_id\":\"66666666-7777-4888-9999-AAAAAAAAAAAA\""),
     CLAIMS_OF(",\"session_id\":\"" RIG_SESSION "\"")},
    {RIG_ES_HEADER, WITH_AUD("[\"authenticated\"]"), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH_AUD("[\"anon\",\"authenticated\",\"\"]"), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH_AUD("\"\\u0061uthenticated\""), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH_SUB("\"ABCDEFAB-2222-4333-8444-555555555555\""),
     "{\"sub\":\"abcdefab-2222-4333-8444-555555555555\",\"role\":\"authenticated\"}"},
    {RIG_ES_HEADER, " {\t\"sub\" : \"" RIG_USER "\" ,\r\n" RIG_ISS RIG_AUD RIG_ROLE RIG_EXP "} \n", CLAIMS_OF("")},
    /* The last second of the leeway, on both sides. */
    {RIG_ES_HEADER, WITH_EXP("1794999971"), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH_EXP("253402300799"), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH("\"nbf\":1795000030"), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH("\"iat\":1795000030"), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH("\"nbf\":0,\"iat\":0"), CLAIMS_OF("")},
    /* What we do not use may be anything. */
    {RIG_ES_HEADER, WITH("\"phone\":null,\"amr\":[{\"method\":\"otp\",\"timestamp\":1e400}],\"aal\":-1.5"),
     CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH("\"a\":[[[[[[[]]]]]]]"), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH("\"user_metadata\":{\"sub\":\"x\",\"role\":\"service_role\"}"), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH("\"user_metadata\":{\"a<b>\\u0041\":\"\\ud83d\\ude00\",\"b\":\"\\u000a\"}"), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH("\"business_id\":\"22222222-2222-4333-8444-555555555555\",\"is_admin\":true"), CLAIMS_OF("")},
    {RIG_ES_HEADER, WITH("\"app_metadata\":{\"role\":\"owner\",\"claims_admin\":true}"), CLAIMS_OF("")},
    {"{\"alg\":\"ES256\",\"kid\":\"es-1\"}", RIG_PAYLOAD_WITH(""), CLAIMS_OF("")},
    {"{\"kid\":\"es-1\",\"alg\":\"\\u0045S256\",\"cty\":\"JWT\",\"x\":[{}]}", RIG_PAYLOAD_WITH(""), CLAIMS_OF("")},
};

static void good_tokens(void)
{
    rig_start();
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        tap_case(good[i].payload);
        struct tenant t = rig_accept(rig_es_token(str_of(good[i].header), str_of(good[i].payload)));
        CHECK_STR(t.claims, good[i].claims);
    }
    rig_stop();
}

static void the_tenant_is_what_the_token_says(void)
{
    rig_start();
    struct tenant t = rig_accept(rig_es_token(STR(RIG_ES_HEADER), STR(RIG_PAYLOAD)));
    CHECK_STR(t.user_id, RIG_USER);
    CHECK_STR(t.session_id, RIG_SESSION);
    CHECK_STR(t.email, "owner@larkspur.example");
    CHECK_INT(t.expires_s, 1795003600);
    t = rig_accept(rig_es_token(STR(RIG_ES_HEADER), STR(WITH("\"email\":\"\""))));
    CHECK_STR(t.session_id, NULL);
    CHECK_STR(t.email, NULL);
    rig_stop();
}

/* No issuer is known yet: nobody is anybody. */
static void without_an_issuer_nobody_is_known(void)
{
    rig_start();
    struct tenant t;
    const struct str issuers[] = {{NULL, 0}, {"", 0}};
    const char *const payloads[] = {RIG_PAYLOAD, WITH_ISS("\"\""), WITH_ISS("null"),
                                    TOLD("", RIG_SUB, RIG_AUD, RIG_ROLE, RIG_EXP)};
    for (size_t i = 0; i < 8; i++) {
        struct access_token_rules rules = {issuers[i / 4], RIG_NOW_S};
        struct str token = rig_es_token(STR(RIG_ES_HEADER), str_of(payloads[i % 4]));
        tap_case(payloads[i % 4]);
        CHECK_INT(access_token_judge(&rig.keys, &rules, token, &rig.arena, &t), TOKEN_ISSUER);
    }
    rig_stop();
}

static void what_the_client_is_told(void)
{
    rig_start();
    struct tenant t;
    struct access_token_rules rules = {STR(RIG_ISSUER), RIG_NOW_S};
    struct str token = rig_es_token(STR(RIG_ES_HEADER), STR(RIG_PAYLOAD));
    CHECK_INT(access_token_check(&rig.keys, &rules, token, &rig.arena, &t), 0);
    rules.now_s = 1795003600 + CAP_TOKEN_LEEWAY_S;
    CHECK_INT(access_token_check(&rig.keys, &rules, token, &rig.arena, &t), ERR_TOKEN_EXPIRED);
    /* Only an authentic token is told that it is old. */
    ((char *)token.p)[token.n - 10] ^= 1;
    CHECK_INT(access_token_check(&rig.keys, &rules, token, &rig.arena, &t), ERR_UNAUTHORIZED);
    for (enum metric_token v = TOKEN_SHAPE; v <= TOKEN_NO_KEYS; v++) {
        CHECK_INT(access_token_code(v), v == TOKEN_EXPIRED ? ERR_TOKEN_EXPIRED : ERR_UNAUTHORIZED);
    }
    rig_stop();
}

static void enough_vectors(void)
{
    rig_tell(150);
}

TAP_MAIN(TEST(times_that_are_refused), TEST(issuers_that_are_refused), TEST(audiences_that_are_refused),
         TEST(roles_that_are_refused), TEST(subjects_that_are_refused), TEST(other_claims_that_are_refused),
         TEST(good_tokens), TEST(the_tenant_is_what_the_token_says), TEST(without_an_issuer_nobody_is_known),
         TEST(what_the_client_is_told), TEST(enough_vectors))
