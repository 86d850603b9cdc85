/* Mails through Resend, when it answers well, badly or not at all: what is asked, and what each answer means. */
#include "caps.h"
#undef CAP_RESEND_MS
#define CAP_RESEND_MS 400
#include "adapters/resend.c"
#include "fetch_rig.h"

#define KEY "re_larkspur"
#define ONE "{\"to\":[\"owner@larkspur.example\"]}"
#define TWO "[" ONE "," ONE "]"

static struct {
    struct rig rig;
    struct peer_rule rules[2];
    struct config config;
    struct resend resend;
    char url[64];
} house;

struct sending {
    struct mail_send mail;
    int fired;
};

static void on_sent(struct mail_send *m)
{
    container_of(m, struct sending, mail)->fired++;
}

static void house_open(const char *bytes, enum peer_then then)
{
    memset(&house, 0, sizeof(house));
    house.rules[0] = (struct peer_rule){"/emails", bytes, 0, then};
    rig_open(&house.rig, house.rules);
    log_setup(LOG_ERROR + 1, LOG_FORMAT_TEXT); /* a mismatch is loud */
    snprintf(house.url, sizeof(house.url), "http://127.0.0.1:%d", house.rig.peer.port);
    house.config.resend_api_url = str_of(house.url);
    house.config.resend_api_key = STR(KEY);
    house.resend = (struct resend){.config = &house.config, .fetch = &house.rig.room};
    resend_start(&house.resend);
}

static void house_close(void)
{
    rig_close(&house.rig);
    resend_stop(&house.resend);
}

static int submit_mail(struct sending *s, const char *bytes)
{
    *s = (struct sending){
        .mail = {.key = STR("digest/larkspur/2026-11-20"), .bytes = str_of(bytes), .on_done = on_sent}};
    return house.resend.port.submit(&house.resend.port, &s->mail);
}

static void run_mail(struct sending *s, const char *bytes)
{
    CHECK_INT(submit_mail(s, bytes), 0);
    CHECK_INT(s->fired, 0);
    while (!s->fired && uv_run(&house.rig.loop.uv, UV_RUN_ONCE)) {
    }
    CHECK_INT(s->fired, 1);
}

struct answer {
    const char *bytes;
    enum peer_then then;
    enum mail_verdict verdict;
    enum metric_mail_reason reason;
    bool doubt;
    const char *words;
    unsigned retry_ms, pause_ms;
};

#define HEAD(status) "HTTP/1.1 " status " X\r\nConnection: close\r\n"
#define JSON(status, name)                                                                                             \
    HEAD(status)                                                                                                       \
    "\r\n{\"statusCode\":1,\"name\":\"" name "\",\"message\":\"owner@larkspur.example\"}", PEER_CLOSE
#define LIMITED(headers, name) HEAD("429") headers "\r\n{\"name\":\"" name "\"}", PEER_CLOSE
#define HOUR 3600000

static const struct answer answers[] = {
    {HEAD("200") "\r\n{\"id\":\"id-1\"}", PEER_CLOSE, MAIL_ACCEPTED, MAIL_REASON_NONE, false, "", 0, 0},
    {HEAD("201") "\r\n{\"id\":\"id-1\",\"x\":[{}]}", PEER_CLOSE, MAIL_ACCEPTED, MAIL_REASON_NONE, false, "", 0, 0},
    {HEAD("200") "\r\n{\"data\":[{\"id\":\"id-1\"}],\"errors\":[{\"index\":0,\"message\":\"x\"}]}", PEER_CLOSE,
     MAIL_ACCEPTED, MAIL_REASON_NONE, false, "for 1 of 2 recipients.", 0, 0},
    {HEAD("200") "\r\n{\"data\":[],\"errors\":[{\"index\":0,\"message\":\"x\"}]}", PEER_CLOSE, MAIL_REFUSED,
     MAIL_REASON_REFUSED, false, "any of the recipients", 0, 0},
    {HEAD("200") "\r\n", PEER_CLOSE, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "understood (200)", 0, 0},
    {HEAD("200") "\r\n<html>ok</html>", PEER_CLOSE, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "understood", 0, 0},
    {HEAD("200") "\r\n{\"id\":\"\"}", PEER_CLOSE, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "understood", 0, 0},
    {HEAD("200") "\r\n{\"id\":null,\"data\":[]}", PEER_CLOSE, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "", 0, 0},
    {HEAD("200") "\r\n{\"id\":\"id-1\"", PEER_CLOSE, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "", 0, 0},
    {HEAD("200") "\r\n{\"id\":\"\xff\"}", PEER_CLOSE, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "", 0, 0},
    {HEAD("302") "Location: /x\r\n\r\n{\"id\":\"id-1\"}", PEER_CLOSE, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "", 0,
     0},
    {JSON("409", "invalid_idempotent_request"), MAIL_REFUSED, MAIL_REASON_MISMATCH, true, "another content", 0, 0},
    {JSON("409", "concurrent_idempotent_requests"), MAIL_LATER, MAIL_REASON_BUSY, true, "still at it", 0, 0},
    {JSON("409", "resource_locked"), MAIL_LATER, MAIL_REASON_BUSY, true, "(resource_locked)", 0, 0},
    {JSON("409", "something_new"), MAIL_LATER, MAIL_REASON_BUSY, true, "(something_new)", 0, 0},
    {JSON("400", "validation_error"), MAIL_REFUSED, MAIL_REASON_REFUSED, false, "(validation_error).", 0, 0},
    {JSON("400", "invalid_idempotency_key"), MAIL_REFUSED, MAIL_REASON_REFUSED, false, "", 0, 0},
    {JSON("401", "restricted_api_key"), MAIL_REFUSED, MAIL_REASON_CREDENTIALS, false, "the key", 0, 0},
    {JSON("403", "invalid_api_key"), MAIL_REFUSED, MAIL_REASON_CREDENTIALS, false, "(invalid_api_key)", 0, 0},
    {JSON("403", "validation_error"), MAIL_REFUSED, MAIL_REASON_CREDENTIALS, false, "the sender", 0, 0},
    {HEAD("403") "\r\n<html>1010</html>", PEER_CLOSE, MAIL_REFUSED, MAIL_REASON_CREDENTIALS, false, "(403)", 0, 0},
    {JSON("404", "not_found"), MAIL_REFUSED, MAIL_REASON_REFUSED, false, "", 0, 0},
    {JSON("405", "method_not_allowed"), MAIL_REFUSED, MAIL_REASON_REFUSED, false, "", 0, 0},
    {JSON("422", "missing_required_field"), MAIL_REFUSED, MAIL_REASON_REFUSED, false, "", 0, 0},
    {JSON("451", "security_error"), MAIL_REFUSED, MAIL_REASON_REFUSED, false, "", 0, 0},
    {JSON("418", "<b>Larkspur</b>"), MAIL_REFUSED, MAIL_REASON_REFUSED, false, "(418).", 0, 0},
    {JSON("500", "application_error"), MAIL_LATER, MAIL_REASON_PROVIDER_ERROR, true, "of its own", 0, 0},
    {JSON("503", "service_unavailable"), MAIL_LATER, MAIL_REASON_PROVIDER_ERROR, true, "", 0, 0},
    {JSON("500", "invalid_idempotent_request"), MAIL_LATER, MAIL_REASON_PROVIDER_ERROR, true, "", 0, 0},
    {HEAD("502") "\r\n<html></html>", PEER_CLOSE, MAIL_LATER, MAIL_REASON_PROVIDER_ERROR, true, "(502)", 0, 0},
    {LIMITED("retry-after: 3\r\n", "rate_limit_exceeded"), MAIL_LATER, MAIL_REASON_RATE, false, "pause", 3000, 3000},
    {LIMITED("Retry-After: 3\r\nRateLimit-Reset: 9\r\n", "rate_limit_exceeded"), MAIL_LATER, MAIL_REASON_RATE, false,
     "", 3000, 3000},
    {LIMITED("ratelimit-reset: 2\r\n", "rate_limit_exceeded"), MAIL_LATER, MAIL_REASON_RATE, false, "", 2000, 2000},
    {LIMITED("retry-after: soon\r\nratelimit-reset: 2\r\n", "x"), MAIL_LATER, MAIL_REASON_RATE, false, "", 2000, 2000},
    {LIMITED("retry-after: -5\r\n", "x"), MAIL_LATER, MAIL_REASON_RATE, false, "", 1000, 1000},
    {LIMITED("retry-after: Wed, 18 Nov 2020 15:04:09 GMT\r\n", "x"), MAIL_LATER, MAIL_REASON_RATE, false, "", 1000,
     1000},
    {LIMITED("retry-after: 999999999999\r\n", "x"), MAIL_LATER, MAIL_REASON_RATE, false, "", 24 * HOUR, 24 * HOUR},
    {LIMITED("retry-after: Fri, 31 Dec 9998 00:00:00 GMT\r\n", "x"), MAIL_LATER, MAIL_REASON_RATE, false, "", 24 * HOUR,
     24 * HOUR},
    {LIMITED("", "rate_limit_exceeded"), MAIL_LATER, MAIL_REASON_RATE, false, "", 1000, 1000},
    {LIMITED("retry-after: 1\r\n", "daily_quota_exceeded"), MAIL_LATER, MAIL_REASON_QUOTA, false, "daily", HOUR,
     HOUR / 4},
    {LIMITED("", "monthly_quota_exceeded"), MAIL_LATER, MAIL_REASON_QUOTA, false, "monthly", HOUR, HOUR / 4},
    {LIMITED("retry-after: 7200\r\n", "daily_quota_exceeded"), MAIL_LATER, MAIL_REASON_QUOTA, false, "", 2 * HOUR,
     2 * HOUR},
    {"", PEER_HANG, MAIL_LATER, MAIL_REASON_TIMEOUT, true, "in time", 0, 0},
    {HEAD("200") "Content-Length: 99\r\n\r\n{\"id\":\"id-1\"}", PEER_HANG, MAIL_LATER, MAIL_REASON_TIMEOUT, true, "", 0,
     0},
    {HEAD("200") "Content-Length: 99\r\n\r\n{\"id\":\"id-1\"}", PEER_CLOSE, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "",
     0, 0},
    {"", PEER_CLOSE, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "understood", 0, 0},
    {"", PEER_RESET, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "", 0, 0},
    {"220 mail.larkspur.example ESMTP\r\n", PEER_CLOSE, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, "", 0, 0},
};

static void each_answer(void)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const struct answer *a = &answers[i];
        struct sending s;
        house_open(a->bytes, a->then);
        tap_case(a->bytes);
        run_mail(&s, ONE);
        CHECK_INT(s.mail.verdict, a->verdict);
        CHECK_INT((int)s.mail.reason, a->reason);
        CHECK_INT(s.mail.doubt, a->doubt);
        CHECK(strstr(s.mail.words, a->words) != NULL);
        CHECK(strchr(s.mail.words, '@') == NULL && strchr(s.mail.words, '<') == NULL);
        CHECK_INT(s.mail.words[0] != 0, a->verdict != MAIL_ACCEPTED || *a->words);
        CHECK_INT(s.mail.retry_ms, a->retry_ms);
        CHECK_INT(s.mail.pause_ms, a->pause_ms);
        CHECK_STR(str_of(s.mail.id), a->verdict == MAIL_ACCEPTED ? "id-1" : "");
        CHECK_INT(house.rig.peer.requests, 1); /* never asked twice by itself */
        house_close();
    }
}

struct pace_row {
    const char *headers;
    double per_second;
    unsigned pause_ms;
};

static const struct pace_row paces[] = {
    {"", 0, 0},
    {"ratelimit-limit: 5\r\n", 5, 0},
    {"RateLimit-Policy: 20;w=1\r\nratelimit-limit: 5\r\n", 20, 0},
    {"ratelimit-policy: 10;w=4\r\n", 2.5, 0},
    {"ratelimit-policy: 10 ; w=4\r\n", 2.5, 0},
    {"ratelimit-policy: 10;w=0\r\nratelimit-limit: 3\r\n", 3, 0},
    {"ratelimit-policy: many\r\nratelimit-limit: -3\r\n", 0, 0},
    {"ratelimit-limit: 2\r\nratelimit-remaining: 1\r\nratelimit-reset: 1\r\n", 2, 0},
    {"ratelimit-limit: 2\r\nratelimit-remaining: 0\r\nratelimit-reset: 1\r\n", 2, 1000},
    {"ratelimit-limit: 2\r\nratelimit-remaining: 0\r\n", 2, 0},
};

static void the_pace_is_learnt(void)
{
    for (size_t i = 0; i < sizeof(paces) / sizeof(paces[0]); i++) {
        struct sending s;
        char bytes[400];
        snprintf(bytes, sizeof(bytes), HEAD("200") "%s\r\n{\"id\":\"id-1\"}", paces[i].headers);
        house_open(bytes, PEER_CLOSE);
        tap_case(paces[i].headers);
        run_mail(&s, ONE);
        CHECK_INT(s.mail.verdict, MAIL_ACCEPTED);
        CHECK(s.mail.per_second == paces[i].per_second);
        CHECK_INT(s.mail.pause_ms, paces[i].pause_ms);
        house_close();
    }
}

static bool asked(const char *text)
{
    return strcasestr(house.rig.peer.request, text) != NULL;
}

static void what_is_asked(void)
{
    struct sending s;
    house_open(HEAD("200") "\r\n{\"id\":\"id-1\"}", PEER_CLOSE);
    run_mail(&s, ONE);
    CHECK(str_starts(str_of(house.rig.peer.request), STR("POST /emails HTTP/1.1\r\n")));
    CHECK(asked("\r\nAuthorization: Bearer " KEY "\r\n") && asked("\r\nContent-Type: application/json\r\n"));
    CHECK(asked("\r\nIdempotency-Key: digest/larkspur/2026-11-20\r\n") && asked("\r\nUser-Agent: ringback/"));
    CHECK(asked("\r\n\r\n" ONE));
    house_close();
    house_open(HEAD("200") "\r\n{\"data\":[{\"id\":\"id-1\"},{\"id\":\"id-2\"}]}", PEER_CLOSE);
    house.rules[0].path = "/emails/batch";
    run_mail(&s, TWO);
    CHECK(str_starts(str_of(house.rig.peer.request), STR("POST /emails/batch HTTP/1.1\r\n")));
    CHECK(asked("\r\nx-batch-validation: permissive\r\n"));
    CHECK(asked("\r\n\r\n" TWO));
    CHECK_STR(str_of(s.mail.id), "id-1");
    house_close();
}

static void nobody_there(void)
{
    struct sending s;
    house_open("", PEER_CLOSE);
    house.config.resend_api_url = STR("http://127.0.0.1:1");
    for (int i = 0; i < CAP_BREAKER_LEAST; i++) {
        run_mail(&s, ONE);
        CHECK_INT(s.mail.verdict, MAIL_LATER);
        CHECK_INT((int)s.mail.reason, MAIL_REASON_CONNECT);
        CHECK(!s.mail.doubt);
    }
    CHECK_INT(submit_mail(&s, ONE), ERR_BREAKER_OPEN);
    rig_run_ms(&house.rig, 20);
    CHECK_INT(s.fired, 0);
    house_close();
}

static void whoever_lets_go_hears_nothing(void)
{
    struct sending s;
    struct mail_port *port = &house.resend.port;
    house_open("", PEER_HANG);
    CHECK_INT(submit_mail(&s, ONE), 0);
    rig_run_ms(&house.rig, 50);
    port->abandon(port, &s.mail);
    port->abandon(port, &s.mail);
    rig_run_ms(&house.rig, CAP_RESEND_MS + 100);
    CHECK_INT(s.fired, 0);
    house_close();
}

TAP_MAIN(TEST(each_answer), TEST(the_pace_is_learnt), TEST(what_is_asked), TEST(nobody_there),
         TEST(whoever_lets_go_hears_nothing))
