/* What a delivery event says: every type, who is paused by which, and bodies that hold anything. */
#include "resend_event.h"
#include "caps.h"
#include "tap.h"

#define LARKSPUR "11111111-1111-4111-8111-111111111111"
#define TAGS "\"tags\":{\"kind\":\"digest\",\"business\":\"" LARKSPUR "\",\"date\":\"2026-11-20\"}"
#define OWNER "\"to\":[\"owner@larkspur.example\"]"

static struct arena arena;

/* The delivery of a body; false when it has none. */
static bool read_body(struct str body, struct digest_delivery *out)
{
    struct json_shape *shape = resend_event_shape();
    struct resend_event e;
    *out = (struct digest_delivery){0};
    int rc = resend_event_read(shape, body, &arena, &e);
    json_shape_free(shape);
    return rc == 0 && resend_event_delivery(&e, &arena, out);
}

static bool read_data(const char *type, const char *data, struct digest_delivery *out)
{
    return read_body(
        arena_printf(&arena, "{\"type\":\"%s\",\"created_at\":\"2026-11-21T12:00:01.500Z\",\"data\":{%s}}", type, data),
        out);
}

struct type_row {
    const char *type, *data;
    int state; /* -1: nothing of ours */
    const char *pauses, *why;
};

static const struct type_row type_rows[] = {
    {"email.sent", OWNER, DELIVERY_SENT, NULL, NULL},
    {"email.delivered", OWNER, DELIVERY_DELIVERED, NULL, NULL},
    {"email.delivery_delayed", OWNER, DELIVERY_DELAYED, NULL, NULL},
    {"email.complained", OWNER, DELIVERY_COMPLAINED, "complained", NULL},
    {"email.bounced", OWNER ",\"bounce\":{\"type\":\"Permanent\",\"message\":\"550 user unknown\"}", DELIVERY_BOUNCED,
     "bounced", "550 user unknown"},
    {"email.bounced", OWNER ",\"bounce\":{\"type\":\"Undetermined\",\"message\":\"?\"}", DELIVERY_BOUNCED, "bounced",
     "?"},
    {"email.bounced", OWNER ",\"bounce\":{\"type\":\"Transient\",\"subType\":\"MailboxFull\",\"message\":\"452\"}",
     DELIVERY_BOUNCED, NULL, "452"},
    {"email.bounced", OWNER ",\"bounce\":{\"type\":\"transient\"}", DELIVERY_BOUNCED, NULL, NULL},
    {"email.bounced", OWNER, DELIVERY_BOUNCED, "bounced", NULL},
    {"email.bounced", OWNER ",\"bounce\":\"Transient\"", DELIVERY_BOUNCED, "bounced", NULL},
    {"email.suppressed", OWNER ",\"suppressed\":{\"reason\":\"previous_bounce\",\"message\":\"Bounced before\"}",
     DELIVERY_SUPPRESSED, "suppressed", "Bounced before"},
    {"email.suppressed", OWNER ",\"suppressed\":{\"reason\":\"previous_complaint\"}", DELIVERY_SUPPRESSED, "suppressed",
     "previous_complaint"},
    {"email.failed", OWNER ",\"failed\":{\"reason\":\"reached_daily_quota\"}", DELIVERY_FAILED, NULL,
     "reached_daily_quota"},
    {"email.delivered", OWNER ",\"bounce\":{\"message\":\"no\"},\"failed\":{\"reason\":\"no\"}", DELIVERY_DELIVERED,
     NULL, NULL},
    {"email.opened", OWNER, -1, NULL, NULL},
    {"email.clicked", OWNER, -1, NULL, NULL},
    {"email.received", OWNER, -1, NULL, NULL},
    {"email.scheduled", OWNER, -1, NULL, NULL},
    {"email.delivered.late", OWNER, -1, NULL, NULL},
    {"EMAIL.DELIVERED", OWNER, -1, NULL, NULL},
    {"contact.created", OWNER, -1, NULL, NULL},
    {"domain.updated", OWNER, -1, NULL, NULL},
    {"", OWNER, -1, NULL, NULL},
};

static void each_type(void)
{
    for (size_t i = 0; i < sizeof(type_rows) / sizeof(type_rows[0]); i++) {
        const struct type_row *row = &type_rows[i];
        struct digest_delivery d;
        tap_case(row->data);
        CHECK_INT(read_data(row->type, row->data, &d), row->state >= 0);
        if (row->state >= 0) {
            CHECK_INT(d.state, row->state);
            CHECK_STR(d.pauses, row->pauses);
            CHECK_STR(d.why, row->why);
            CHECK_STR(d.address, "owner@larkspur.example");
            CHECK_INT(d.happened_us, 1795262401500000);
        }
    }
    arena_free(&arena);
}

struct tag_row {
    const char *data;
    bool tagged;
};

static const struct tag_row tag_rows[] = {
    {TAGS, true},
    {"\"tags\":{\"kind\":\"digest\",\"business\":\"" LARKSPUR "\",\"date\":\"2028-02-29\"}", true},
    {"\"tags\":{\"kind\":\"digest\",\"business\":\"" LARKSPUR "\",\"date\":\"2026-02-29\"}", false},
    {"\"tags\":{\"kind\":\"digest\",\"business\":\"" LARKSPUR "\",\"date\":\"2026-13-01\"}", false},
    {"\"tags\":{\"kind\":\"digest\",\"business\":\"" LARKSPUR "\",\"date\":\"2026-11-2\"}", false},
    {"\"tags\":{\"kind\":\"digest\",\"business\":\"" LARKSPUR "\",\"date\":\"infinity\"}", false},
    {"\"tags\":{\"kind\":\"digest\",\"business\":\"" LARKSPUR "\",\"date\":\"2026-11-20T\"}", false},
    {"\"tags\":{\"kind\":\"digest\",\"business\":\"" LARKSPUR "\"}", false},
    {"\"tags\":{\"kind\":\"digest\",\"business\":\"b_42\",\"date\":\"2026-11-20\"}", false},
    {"\"tags\":{\"kind\":\"report\",\"business\":\"" LARKSPUR "\",\"date\":\"2026-11-20\"}", false},
    {"\"tags\":{\"business\":\"" LARKSPUR "\",\"date\":\"2026-11-20\"}", false},
    {"\"tags\":[{\"name\":\"kind\",\"value\":\"digest\"}]", false},
    {"\"tags\":null", false},
    {"\"subject\":\"none\"", false},
};

static void tags_name_the_digest(void)
{
    for (size_t i = 0; i < sizeof(tag_rows) / sizeof(tag_rows[0]); i++) {
        struct digest_delivery d;
        tap_case(tag_rows[i].data);
        CHECK(read_data("email.delivered", tag_rows[i].data, &d));
        CHECK_INT(d.business_id.p != NULL, tag_rows[i].tagged);
        CHECK_INT(d.local_date.p != NULL, tag_rows[i].tagged);
    }
    arena_free(&arena);
}

static void recipients(void)
{
    struct digest_delivery d;
    CHECK(read_data("email.sent", "\"to\":[\"a@x.example\",\"b@x.example\"],\"email_id\":\"e-1\"", &d));
    CHECK_STR(d.address, "a@x.example");
    CHECK_STR(d.mail_id, "e-1");
    CHECK(read_data("email.sent", "\"to\":\"a@x.example\"", &d));
    CHECK_INT((long long)d.address.n, 0);
    CHECK(read_data("email.sent", "\"to\":[]", &d));
    CHECK_INT((long long)d.address.n, 0);
    for (int n = 319; n <= 321; n++) {
        CHECK(read_data("email.sent", arena_printf(&arena, "\"to\":[\"%0*d\"]", n, 7).p, &d));
        CHECK_INT((long long)d.address.n, n <= 320 ? n : 0);
    }
    CHECK(read_data("email.sent", arena_printf(&arena, "\"email_id\":\"%0*d\"", 5000, 7).p, &d));
    CHECK_INT((long long)d.mail_id.n, 100);
    arena_free(&arena);
}

/* What another mail server wrote comes before an owner on one line. */
static void reasons_are_one_clean_line(void)
{
    struct digest_delivery d;
    CHECK(read_data("email.bounced", "\"bounce\":{\"message\":\"  550\\r\\n<b>no\\u0000\\u001b[31m\\u007f\\t \"}", &d));
    CHECK_STR(d.why, "550  <b>no\xef\xbf\xbd [31m");
    CHECK(read_data("email.bounced", "\"bounce\":{\"message\":\" \\n \"}", &d));
    CHECK_STR(d.why, NULL);
    CHECK(read_data("email.bounced", arena_printf(&arena, "\"bounce\":{\"message\":\"%0*d\"}", 199, 1).p, &d));
    CHECK_INT((long long)d.why.n, 199);
    struct str text = arena_printf(&arena, "\"bounce\":{\"message\":\"%0*d\xc3\xa9\"}", 199, 1);
    CHECK(read_data("email.bounced", text.p, &d));
    CHECK_INT((long long)d.why.n, 199); /* not half of a letter */
    arena_free(&arena);
}

static const char *const no_json[] = {"",
                                      "{",
                                      "null",
                                      "[]",
                                      "\"x\"",
                                      "{}{}",
                                      "{\"a\":}",
                                      "type=email",
                                      "[{\"type\":\"email.sent\"}]",
                                      "{\"type\":\"email.sent\xff\"}",
                                      "<html>"};

static void what_is_no_event(void)
{
    struct json_shape *shape = resend_event_shape();
    struct resend_event e;
    for (size_t i = 0; i < sizeof(no_json) / sizeof(no_json[0]); i++) {
        tap_case(no_json[i]);
        CHECK_INT(resend_event_read(shape, str_of(no_json[i]), &arena, &e), ERR_BAD_JSON);
    }
    CHECK_INT(resend_event_read(shape, STR(" \n{}"), &arena, &e), 0);
    struct digest_delivery d;
    CHECK(!read_body(STR("{}"), &d));
    CHECK(!read_body(STR("{\"type\":5}"), &d));
    CHECK(read_body(STR("{\"type\":\"email.sent\",\"data\":[1],\"created_at\":\"soon\"}"), &d));
    CHECK_INT(d.happened_us, 0);
    json_shape_free(shape);
    arena_free(&arena);
}

TAP_MAIN(TEST(each_type), TEST(tags_name_the_digest), TEST(recipients), TEST(reasons_are_one_clean_line),
         TEST(what_is_no_event))
