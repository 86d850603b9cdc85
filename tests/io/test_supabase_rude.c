/* A sign-in service that answers badly or not at all: keys that were good stay in use, none are made up, nobody is told that
 * a good token is bad; and the settings that are no service at all. */
#include "supabase_rig.h"

struct answer {
    const char *what, *bytes; /* "JWK" stands for a good key */
    size_t filler;
    enum peer_then then;
    enum metric_jwks result;
};

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define JSON(text) OK_HEAD text, 0, PEER_CLOSE
#define SET "{\"keys\":[JWK]}"

static const struct answer answers[] = {
    {"500", "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP, JWKS_STATUS},
    {"500 with keys", "HTTP/1.1 500 X\r\nConnection: close\r\n\r\n" SET, 0, PEER_CLOSE, JWKS_STATUS},
    {"404", "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP, JWKS_STATUS},
    {"204", "HTTP/1.1 204 X\r\n\r\n", 0, PEER_KEEP, JWKS_STATUS},
    {"206 with keys", "HTTP/1.1 206 X\r\nConnection: close\r\n\r\n" SET, 0, PEER_CLOSE, JWKS_STATUS},
    {"429", "HTTP/1.1 429 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP, JWKS_STATUS},
    {"a redirect", "HTTP/1.1 302 X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 0, PEER_KEEP, JWKS_STATUS},
    {"nothing in time", "", 0, PEER_HANG, JWKS_UNREACHABLE},
    {"a body that never ends", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"keys\"", 0, PEER_HANG,
     JWKS_UNREACHABLE},
    {"cut off", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"keys\"", 0, PEER_CLOSE, JWKS_UNREACHABLE},
    {"a reset", "HTTP/1.1 200 OK\r\n", 0, PEER_RESET, JWKS_UNREACHABLE},
    {"closed at once", "", 0, PEER_CLOSE, JWKS_UNREACHABLE},
    {"not HTTP", "220 mail.larkspur.example ESMTP\r\n", 0, PEER_CLOSE, JWKS_UNREACHABLE},
    {"huge", OK_HEAD, CAP_JWKS_BYTES + 1, PEER_CLOSE, JWKS_UNUSABLE},
    {"said to be huge", "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", 0, PEER_KEEP, JWKS_UNUSABLE},
    {"an empty body", JSON(""), JWKS_UNUSABLE},
    {"not JSON", JSON("<!doctype html><title>Larkspur</title>"), JWKS_UNUSABLE},
    {"half of the JSON", JSON("{\"keys\":[JWK"), JWKS_UNUSABLE},
    {"JSON and more", JSON(SET "{}"), JWKS_UNUSABLE},
    {"no list", JSON("{\"keys\":JWK}"), JWKS_UNUSABLE},
    {"a bare list", JSON("[JWK]"), JWKS_UNUSABLE},
    {"keys twice", JSON("{\"keys\":[JWK],\"keys\":[JWK]}"), JWKS_UNUSABLE},
    {"no keys", JSON("{\"keys\":[]}"), JWKS_UNUSABLE},
    {"no key that we can use", JSON("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"AAAA\",\"alg\":\"HS256\"}]}"),
     JWKS_UNUSABLE},
    {"another's error", JSON("{\"message\":\"no Route matched with those values\"}"), JWKS_UNUSABLE},
};
#define ANSWERS (sizeof(answers) / sizeof(answers[0]))

/* The answer with the rig's key, by the name es-2, in place of "JWK". */
static void service_misbehaves(const struct answer *a)
{
    const char *at = strstr(a->bytes, "JWK");
    struct str jwk = rig_jwk_es(rig.es, "es-2");
    const char *bytes = a->bytes;
    if (at) {
        bytes = arena_printf(&rig.arena, "%.*s%s%s", (int)(at - a->bytes), a->bytes, jwk.p, at + 3).p;
    }
    service_says(bytes, a->filler, a->then);
    house.supabase.limits.fetch_ms = a->then == PEER_HANG ? 150 : 5000;
    tap_case(a->what);
}

/* Each bad answer, when there are good keys: they stay, and a name that is not among them is in doubt. */
static void the_last_good_keys_stay(void)
{
    for (size_t i = 0; i < ANSWERS; i++) {
        house_open_ready();
        service_misbehaves(&answers[i]);
        CHECK_INT(visit(es_token("es-2")), ERR_UNAVAILABLE);
        CHECK_INT(requests(), 2);
        CHECK_INT((int)fetches(answers[i].result), 1);
        CHECK_INT(visit(es_token("es-1")), 0);
        CHECK_INT(visit(es_token("es-2")), ERR_UNAVAILABLE);
        CHECK_INT(visit(STR("x")), ERR_UNAUTHORIZED);
        CHECK_INT(requests(), 2);
        CHECK_INT((int)metric_value(METRIC_TOKEN_CHECKS, TOKEN_NO_KEYS, 0), 2);
        house_close();
    }
}

/* Each bad answer from the start: nobody comes in by it, and it is our fault, not the token's. */
static void there_never_were_keys(void)
{
    for (size_t i = 0; i < ANSWERS; i++) {
        house_prepare();
        service_misbehaves(&answers[i]);
        CHECK_INT(supabase_start(&house.supabase), 0);
        UNTIL(fetches(answers[i].result) == 1);
        CHECK_INT(visit(es_token("es-1")), ERR_UNAVAILABLE);
        CHECK_INT(visit(es_token("es-2")), ERR_UNAVAILABLE);
        CHECK_INT(visit(STR("x")), ERR_UNAUTHORIZED);
        CHECK_INT((int)metric_value(METRIC_JWKS_TIME, 0, 0), 0);
        house_close();
    }
}

static void nobody_listens(void)
{
    house_prepare();
    uv_tcp_t closed; /* a port that is ours and that nobody listens at */
    struct sockaddr_in at;
    int len = sizeof(at);
    uv_tcp_init(&house.rig.loop.uv, &closed);
    uv_ip4_addr("127.0.0.1", 0, &at);
    CHECK_INT(uv_tcp_bind(&closed, (struct sockaddr *)&at, 0), 0);
    CHECK_INT(uv_tcp_getsockname(&closed, (struct sockaddr *)&at, &len), 0);
    snprintf(house.url, sizeof(house.url), "http://127.0.0.1:%d", ntohs(at.sin_port));
    house.config.supabase_url = str_of(house.url);
    CHECK_INT(supabase_start(&house.supabase), 0);
    UNTIL(fetches(JWKS_UNREACHABLE) == 1);
    CHECK_INT(visit(es_token("es-1")), ERR_UNAVAILABLE);
    uv_close((uv_handle_t *)&closed, NULL);
    house_close();
}

/* The service comes back by itself: nobody has to ask for it. */
static void failures_are_tried_again(void)
{
    house_prepare();
    house.supabase.limits.retry_first_ms = 10;
    house.supabase.limits.refetch_ms = 40;
    service_answers(404, "{}"); /* a 4xx does not open the breaker, so all of them arrive */
    CHECK_INT(supabase_start(&house.supabase), 0);
    uint64_t started_ms = uv_hrtime() / 1000000;
    UNTIL(requests() >= 6);
    /* Pauses of 10, 20, 40, 40, 40: not sooner. */
    CHECK(uv_hrtime() / 1000000 - started_ms >= 140);
    service_has("es-1");
    UNTIL(fetches(JWKS_GOOD) == 1);
    CHECK_INT(visit(es_token("es-1")), 0);
    house_close();
}

/* A service that fails on and on is left alone by the breaker; keys that were good stay in use all the time. */
static void the_breaker_opens(void)
{
    house_prepare();
    house.supabase.limits.fresh_ms = 10;
    house.supabase.limits.retry_first_ms = 2;
    CHECK_INT(supabase_start(&house.supabase), 0);
    UNTIL(fetches(JWKS_GOOD) == 1);
    service_answers(500, "");
    UNTIL(metric_value(METRIC_BREAKER_OPEN, UPSTREAM_SUPABASE, 0) == 1);
    int asked = requests();
    double failed = fetches(JWKS_UNREACHABLE);
    UNTIL(fetches(JWKS_UNREACHABLE) >= failed + 3);
    CHECK_INT(requests(), asked);
    CHECK_INT(visit(es_token("es-1")), 0);
    CHECK_INT(visit(es_token("es-2")), ERR_UNAVAILABLE);
    house_close();
}

/* Keys that nobody could confirm for too long may have been taken back. */
static void old_keys_are_dropped(void)
{
    house_prepare();
    house.supabase.limits.keep_ms = 60;
    house.config.supabase_jwt_secret = STR(RIG_SECRET);
    CHECK_INT(supabase_start(&house.supabase), 0);
    UNTIL(fetches(JWKS_GOOD) == 1);
    service_answers(404, "");
    struct str good = es_token("es-1");
    UNTIL(visit(good) == ERR_UNAVAILABLE);
    CHECK_INT((int)metric_value(METRIC_JWKS_TIME, 0, 0), 0);
    CHECK_INT(visit(hs_token()), 0); /* the secret does not come from there */
    CHECK_INT(visit(good), ERR_UNAVAILABLE);
    house_close();
}

static void fresh_keys_are_not_dropped(void)
{
    house_prepare();
    house.supabase.limits.keep_ms = 100000;
    CHECK_INT(supabase_start(&house.supabase), 0);
    UNTIL(fetches(JWKS_GOOD) == 1);
    rig_run_ms(&house.rig, 50);
    CHECK_INT(visit(es_token("es-1")), 0);
    house_close();
}

/* A project that signs with its secret alone has an empty set. */
static void a_secret_needs_no_service(void)
{
    house_prepare();
    house.config.supabase_jwt_secret = STR(RIG_SECRET);
    service_says("", 0, PEER_HANG);
    CHECK_INT(supabase_start(&house.supabase), 0);
    CHECK_INT(visit(hs_token()), 0);
    CHECK_INT(visit(rig_hs_token(STR(RIG_SECRET), STR(RIG_HEADER("HS256", "legacy")), payload_now())), 0);
    CHECK_INT(visit(rig_hs_token(STR(RIG_SECRET "x"), STR(RIG_HS_HEADER), payload_now())), ERR_UNAUTHORIZED);
    house_close();
}

static void an_empty_set_beside_a_secret(void)
{
    house_prepare();
    house.config.supabase_jwt_secret = STR(RIG_SECRET);
    service_answers(200, "{\"keys\":[]}");
    CHECK_INT(supabase_start(&house.supabase), 0);
    UNTIL(fetches(JWKS_GOOD) == 1);
    CHECK_INT(visit(hs_token()), 0);
    CHECK_INT(visit(es_token("es-1")), ERR_UNAUTHORIZED); /* there are no such keys, and we know it */
    house_close();
}

static void an_empty_set_takes_no_key_away(void)
{
    house_prepare();
    house.config.supabase_jwt_secret = STR(RIG_SECRET);
    CHECK_INT(supabase_start(&house.supabase), 0);
    UNTIL(fetches(JWKS_GOOD) == 1);
    service_answers(200, "{\"keys\":[]}");
    CHECK_INT(visit(es_token("es-2")), ERR_UNAVAILABLE);
    CHECK_INT((int)fetches(JWKS_UNUSABLE), 1);
    CHECK_INT(visit(es_token("es-1")), 0);
    CHECK_INT(visit(hs_token()), 0);
    house_close();
}

struct url_row {
    const char *url;
    int code;
};

static const struct url_row urls[] = {
    {"https://abcdefghijklmnopqrst.supabase.co", 0},
    {"https://supabase.larkspur.example:8443/base", 0},
    {"https://192.0.2.1", 0},
    {"http://127.0.0.1:54321", 0},
    {"http://127.1.2.3", 0},
    {"http://localhost:54321", 0},
    {"http://[::1]:54321", 0},
    {"http://abcdefghijklmnopqrst.supabase.co", ERR_BAD_SETTING},
    {"http://192.0.2.1", ERR_BAD_SETTING},
    {"http://10.0.0.1:8000", ERR_BAD_SETTING},
    {"http://0.0.0.0", ERR_BAD_SETTING},
    {"http://localhost.evil.example", ERR_BAD_SETTING},
    {"http://127.0.0.1.evil.example", ERR_BAD_SETTING},
    {"http://127.0.0.1@evil.example", ERR_BAD_SETTING},
    {"http://localhost:x@evil.example", ERR_BAD_SETTING},
    {"http://[::1].evil.example", ERR_BAD_SETTING},
    {"http://[::2]", ERR_BAD_SETTING},
    {"http://evil.example\\@localhost", ERR_BAD_SETTING},
    {"http://evil.example#localhost", ERR_BAD_SETTING},
    {"http://evil.example?localhost", ERR_BAD_SETTING},
    {"http://", ERR_BAD_SETTING},
    {"http:///localhost", ERR_BAD_SETTING},
    {"https://", ERR_BAD_SETTING},
    {"https:///auth", ERR_BAD_SETTING},
    {"https://login:word@abcdefghijklmnopqrst.supabase.co", ERR_BAD_SETTING},
    {"https://abcdefghijklmnopqrst.supabase.co?x", ERR_BAD_SETTING},
    {"https://abcdefghijklmnopqrst.supabase.co/#x", ERR_BAD_SETTING},
    {"https://a b.supabase.co", ERR_BAD_SETTING},
    {"https://a.supabase.co\r\nX: y", ERR_BAD_SETTING},
    {"https://\xc3\xa4.supabase.co", ERR_BAD_SETTING},
    {"ftp://localhost", ERR_BAD_SETTING},
    {"HTTP://localhost", ERR_BAD_SETTING},
    {"localhost", ERR_BAD_SETTING},
};

static void services_that_are_none(void)
{
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        house_prepare();
        house.config.supabase_url = str_of(urls[i].url);
        tap_case(urls[i].url);
        CHECK_INT(supabase_start(&house.supabase), urls[i].code);
        house_close();
    }
}

static void secrets_that_are_none(void)
{
    static const size_t lengths[] = {1, 8, 31};
    for (size_t i = 0; i < 3; i++) {
        house_prepare();
        house.config.supabase_jwt_secret = str_cut(STR(RIG_SECRET), lengths[i]);
        CHECK_INT(supabase_start(&house.supabase), ERR_BAD_SETTING);
        house_close();
    }
}

/* Without SUPABASE_URL: the keys are those that the server's own sign-in hands in. */
static void our_own_keys(void)
{
    house_prepare();
    struct token_keys mine = {.count = 0}, next = {.count = 0};
    CHECK_INT(token_keys_add(&mine, token_keys_find(&rig.keys, STR("es-1"))), 0);
    CHECK_INT(token_keys_add(&next, token_keys_find(&rig.keys, STR("rs-1"))), 0);
    house.config.supabase_url = STR("");
    CHECK_INT(supabase_start(&house.supabase), 0);
    CHECK(supabase_is_local(&house.supabase));
    struct str good = es_token("es-1");
    CHECK_INT(visit(good), ERR_UNAVAILABLE); /* no keys yet */
    CHECK_INT(visit(STR("x")), ERR_UNAUTHORIZED);
    supabase_use_local(&house.supabase, &mine, house.issuer);
    CHECK_STR(supabase_issuer(&house.supabase), house.issuer.p);
    CHECK_INT(visit(good), 0);
    CHECK_INT(visit(es_token("es-2")), ERR_UNAUTHORIZED);
    CHECK_INT(visit(hs_token()), ERR_UNAUTHORIZED);
    supabase_use_local(&house.supabase, &next, house.issuer);
    CHECK_INT(visit(good), ERR_UNAUTHORIZED);
    CHECK_INT(visit(rig_rs_token(STR(RIG_RS_HEADER), payload_now())), 0);
    supabase_use_local(&house.supabase, &mine, STR("http://elsewhere/auth/v1"));
    CHECK_INT(visit(good), ERR_UNAUTHORIZED);
    CHECK_INT(requests(), 0);
    token_keys_free(&mine);
    token_keys_free(&next);
    house_close();
}

TAP_MAIN(TEST(the_last_good_keys_stay), TEST(there_never_were_keys), TEST(nobody_listens),
         TEST(failures_are_tried_again), TEST(the_breaker_opens), TEST(old_keys_are_dropped),
         TEST(fresh_keys_are_not_dropped), TEST(a_secret_needs_no_service), TEST(an_empty_set_beside_a_secret),
         TEST(an_empty_set_takes_no_key_away), TEST(services_that_are_none), TEST(secrets_that_are_none),
         TEST(our_own_keys))
