/* digest_facts_read: each key of fixtures/digest/facts.json lands in its member. The same file is held against what the
 * statement says in tests/e2e/digest-facts.test.mjs. */
#include "digest_facts.h"
#include "files.h"
#include "tap.h"
#include <math.h>

static int read_text(struct arena *a, const char *json, struct digest_facts *out)
{
    return digest_facts_read(a, str_of(json), out);
}

static void read_fixture(struct arena *a, struct digest_facts *out)
{
    struct buf json = file_read(FIXTURES, "digest/facts.json");
    CHECK_INT(digest_facts_read(a, buf_str(&json), out), 0);
    buf_free(&json); /* nothing may point into it */
}

static void words_and_marks(void)
{
    struct arena a = {0};
    struct digest_facts f;
    read_fixture(&a, &f);
    CHECK_STR(f.business_id, "3b1f0c52-7d8e-4a6b-9c21-5e4f8a90d7b3");
    CHECK_STR(f.business_name, "Larkspur Dental Studio");
    CHECK_STR(f.date, "2026-11-17");
    CHECK_STR(f.day, "Tue 17 Nov");
    CHECK_STR(f.day_long, "Tuesday, 17 November 2026");
    CHECK_STR(f.weekday, "Tuesday");
    CHECK_STR(f.zone, "America/New_York");
    CHECK_STR(f.hour, "7 AM");
    CHECK_STR(f.opening_hours, "Mon–Fri, 9 AM–5 PM");
    CHECK_STR(f.busiest_hour, "9–10 AM");
    CHECK(f.skip_empty && f.bookings_enabled && f.has_no_number);
    arena_free(&a);
}

static void numbers(void)
{
    struct arena a = {0};
    struct digest_facts f;
    read_fixture(&a, &f);
    const struct digest_number *pairs[] = {&f.calls,  &f.unique_callers, &f.answered,
                                           &f.missed, &f.hung_up_early,  &f.ai_unavailable,
                                           &f.spam,   &f.bookings,       &f.average_seconds};
    for (int i = 0; i < 9; i++) {
        CHECK(pairs[i]->value == 10 + i && pairs[i]->usual == 10.25 + i);
    }
    CHECK_INT(f.usual_weeks, 3);
    CHECK_INT(f.to_call_back, 7);
    CHECK_INT(f.after_hours, 4);
    CHECK_INT(f.busiest_calls, 6);
    CHECK_INT(f.high_total, 21);
    CHECK_INT(f.normal_total, 22);
    CHECK_INT(f.low_total, 23);
    CHECK_INT(f.spam_total, 24);
    CHECK_INT(f.without_booking, 1);
    CHECK_INT(f.without_report, 2);
    CHECK_INT(f.not_answered_by_ai, 3);
    CHECK_INT(f.hours.count, 24);
    const struct digest_hour *nine = DIGEST_ITEM(f.hours, digest_hour, 9);
    CHECK(nine->answered == 3 && nine->missed == 1 && nine->other == 2);
    CHECK_INT(DIGEST_ITEM(f.hours, digest_hour, 23)->missed, 4);
    arena_free(&a);
}

static void callers_and_recipients(void)
{
    struct arena a = {0};
    struct digest_facts f;
    read_fixture(&a, &f);
    CHECK_INT(f.call_back.count, 2);
    const struct digest_caller *c = DIGEST_ITEM(f.call_back, digest_caller, 0);
    CHECK_STR(c->number, "+12125550199");
    CHECK_STR(c->caller_number, "+12125550101");
    CHECK_STR(c->name, "Ada Fern");
    CHECK_STR(c->reason, "Toothache");
    CHECK_STR(c->urgency, "high");
    CHECK_STR(c->when, "8:05 AM");
    CHECK_STR(c->outcome, "Hung up early");
    CHECK_STR(c->call_id, "00000000-0000-4000-8000-000000000001");
    CHECK_INT(c->tries, 2);
    CHECK_STR(c->booking.words, "Booking not certain yet");
    CHECK_STR(c->booking.when, "Thursday, November 19 at 9:00 AM");
    CHECK(c->booking.is_open);
    c = DIGEST_ITEM(f.call_back, digest_caller, 1);
    CHECK(!c->name.p && !c->reason.p && !c->urgency.p && !c->booking.words.p && !c->booking.is_open);
    CHECK_STR(c->when, "1:30 AM EDT");
    CHECK_INT(f.recipients.count, 2);
    const struct digest_recipient *r = DIGEST_ITEM(f.recipients, digest_recipient, 0);
    CHECK_STR(r->address, "owner@larkspur.example");
    CHECK_INT(r->token.n, 54);
    CHECK(!r->paused.p);
    CHECK_STR(DIGEST_ITEM(f.recipients, digest_recipient, 1)->paused, "bounced");
    arena_free(&a);
}

static void calls(void)
{
    struct arena a = {0};
    struct digest_facts f;
    read_fixture(&a, &f);
    CHECK_INT(f.high.count, 1);
    CHECK_INT(f.normal.count, 2);
    CHECK_INT(f.low.count, 1);
    CHECK_INT(f.spam_calls.count, 1);
    const struct digest_call *c = DIGEST_ITEM(f.high, digest_call, 0);
    CHECK_STR(c->id, "00000000-0000-4000-8000-000000000011");
    CHECK_STR(c->when, "9:01 AM");
    CHECK_STR(c->number, "+12125550111");
    CHECK_STR(c->name, "Caller 11");
    CHECK_STR(c->reason, "Reason 11");
    CHECK_STR(c->summary, "Summary 11");
    CHECK_STR(c->outcome, "Handled by the AI");
    CHECK_STR(c->urgency, "high");
    CHECK(c->seconds == 71 && c->missed && !c->booked);
    CHECK_STR(c->booking.words, "Asked to book; that time was taken");
    CHECK(!c->booking.when.p && !c->booking.is_open);
    c = DIGEST_ITEM(f.normal, digest_call, 0);
    CHECK(c->seconds == 0 && !c->missed && c->booked);
    CHECK_STR(c->booking.words, "Booked");
    CHECK_STR(c->booking.when, "Friday, November 20 at 10:30 AM");
    c = DIGEST_ITEM(f.normal, digest_call, 1);
    CHECK(isnan(c->seconds) && !c->number.p && !c->name.p && !c->reason.p && !c->summary.p && !c->urgency.p);
    CHECK(DIGEST_ITEM(f.low, digest_call, 0)->seconds == 12.5);
    CHECK_STR(DIGEST_ITEM(f.spam_calls, digest_call, 0)->outcome, "Spam or wrong number");
    CHECK_INT(f.reasons.count, 2);
    CHECK_INT(DIGEST_ITEM(f.reasons, digest_reason, 0)->calls, 5);
    CHECK_STR(DIGEST_ITEM(f.reasons, digest_reason, 1)->reason, "<b>\"Price\" & \\ \r\n\u202e\U0001F480");
    arena_free(&a);
}

static void what_is_not_known_is_no_number(void)
{
    struct arena a = {0};
    struct digest_facts f;
    CHECK_INT(read_text(&a,
                        "{\"business_id\":\"b\",\"date\":\"d\",\"calls\":{\"value\":0,\"usual\":null},"
                        "\"average_seconds\":{\"value\":null,\"usual\":null},\"busiest_hour\":null}",
                        &f),
              0);
    CHECK(f.calls.value == 0 && isnan(f.calls.usual) && isnan(f.missed.usual));
    CHECK(isnan(f.average_seconds.value) && isnan(f.average_seconds.usual));
    CHECK(!f.busiest_hour.p);
    CHECK_INT(f.call_back.count, 0);
    arena_free(&a);
}

static void what_is_no_digest_is_refused(void)
{
    static const char *const rows[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"business_id\":\"b\",\"date\":\"d\"",
        "{\"business_id\":\"b\"}",
        "{\"date\":\"d\"}",
        "{\"business_id\":null,\"date\":\"d\"}",
        "{\"business_id\":\"b\",\"date\":\"d\"} {}",
    };
    struct arena a = {0};
    struct digest_facts f;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i]);
        CHECK_INT(read_text(&a, rows[i], &f), ERR_BAD_JSON);
    }
    arena_free(&a);
}

TAP_MAIN(TEST(words_and_marks), TEST(numbers), TEST(callers_and_recipients), TEST(calls),
         TEST(what_is_not_known_is_no_number), TEST(what_is_no_digest_is_refused))
