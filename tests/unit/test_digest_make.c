/* Whether there is something to send, and when the mail says that it comes. */
#include "domain/digest_make.c"
#include "tap.h"

#define FACTS(rest)                                                                                                    \
    "{\"business_id\":\"b\",\"business_name\":\"Larkspur Dental Studio\",\"date\":\"2026-11-17\",\"day\":\"Tue 17 "    \
    "Nov\",\"hour\":\"7 AM\"," rest "}"
#define CALLS "\"calls\":{\"value\":3},"
#define NONE "\"calls\":{\"value\":0},"
#define TO(paused) "\"recipients\":[{\"address\":\"desk@example.com\",\"token\":\"t\",\"paused\":" paused "}]"

struct make_case {
    const char *name, *json;
    bool has_port, to_send, has_bytes;
    enum digest_end end;
    enum metric_mail_reason reason;
};

static const struct make_case cases[] = {
    {"a day with calls", FACTS(CALLS TO("null")), true, true, true, DIGEST_SENT, MAIL_REASON_NONE},
    {"without a way out it is kept", FACTS(CALLS TO("null")), false, false, true, DIGEST_KEPT, MAIL_REASON_NO_PROVIDER},
    {"an empty day is told", FACTS(NONE TO("null")), true, true, true, DIGEST_SENT, MAIL_REASON_NONE},
    {"an empty day is not told", FACTS(NONE "\"skip_empty\":true," TO("null")), true, false, false, DIGEST_SKIPPED,
     MAIL_REASON_EMPTY},
    {"an empty day without a number is told all the same",
     FACTS(NONE "\"skip_empty\":true,\"has_no_number\":true," TO("null")), true, true, true, DIGEST_SENT,
     MAIL_REASON_NONE},
    {"nobody", FACTS(CALLS "\"recipients\":[]"), true, false, false, DIGEST_FAILED, MAIL_REASON_NO_RECIPIENT},
    {"bounced", FACTS(CALLS TO("\"bounced\"")), true, false, false, DIGEST_FAILED, MAIL_REASON_PAUSED},
    {"unsubscribed", FACTS(CALLS TO("\"unsubscribed\"")), true, false, false, DIGEST_SKIPPED, MAIL_REASON_UNSUBSCRIBED},
};

static void what_becomes_of_a_day(void)
{
    static struct mail_port port = {"resend", NULL, NULL};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct make_case *c = &cases[i];
        struct arena a = {0};
        struct digest_options options = {
            .port = c->has_port ? &port : NULL,
            .links = {STR("https://calls.example.com"), STR("https://calls.example.com"), STR("digest@example.com")},
            .schedule = {0, -1}};
        struct digest_made made = {0};
        tap_case(c->name);
        CHECK_INT(digest_make(&a, str_of(c->json), &options, &made), 0);
        CHECK_INT(made.to_send, c->to_send);
        CHECK_INT(made.bytes.len > 0, c->has_bytes);
        if (!c->to_send) {
            CHECK_INT(made.end, c->end);
            CHECK_INT((int)made.reason, (int)c->reason);
        }
        buf_free(&made.bytes);
        arena_free(&a);
    }
}

static void when_it_comes(void)
{
    struct arena a = {0};
    const struct digest_schedule own = {0, -1}, half_past = {30, -1}, together = {0, 13 * 60 + 5};
    CHECK_STR(hour_of(&a, STR("7 AM"), &own), "7 AM");
    CHECK_STR(hour_of(&a, STR("12 PM"), &half_past), "12:30 PM");
    CHECK_STR(hour_of(&a, STR("7 AM"), &together), "13:05 UTC");
    arena_free(&a);
}

TAP_MAIN(TEST(what_becomes_of_a_day), TEST(when_it_comes))
