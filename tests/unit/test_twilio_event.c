/* A Twilio request as an event: every recorded form, hostile ones, and which are the same event. */
#include "caps.h"
#include "files.h"
#include "strict_json.h"
#include "tap.h"
#include "twilio_event.h"
#include "utf8.h"
#include <math.h>

static struct arena arena;

static struct ingest_event *event_of(struct str body, const char *type)
{
    struct twilio_request q;
    CHECK_INT(twilio_request_read(&arena, body, &q), 0);
    return twilio_event(&q, str_of(type));
}

static void check_form(const char *name)
{
    struct buf body = file_read(FIXTURES, name);
    tap_case(name);
    struct ingest_event *e = event_of(buf_str(&body), "voice");
    /* The body and the request's arena go before the event. */
    memset(body.data, '#', body.len);
    buf_free(&body);
    arena_free(&arena);
    CHECK(strict_json_valid(e->call.payload, NULL, NULL));
    CHECK(utf8_valid(e->call.payload));
    CHECK(!str_has(e->call.payload, STR("CallToken")));
    CHECK_INT((long long)e->call.twilio_call_sid.n, 34);
    CHECK(e->call.occurred_us > 0 && e->call.received_us > 0);
    CHECK_STR(e->call.type, "voice");
    ingest_event_free(e);
}

static void every_recorded_form(void)
{
    CHECK(file_each(".form", check_form) > 15);
}

struct row {
    const char *body, *payload;
};

static const struct row rows[] = {
    {"CallSid=CA1", "{\"CallSid\":\"CA1\"}"},
    {"CallSid=CA1&New+Name=%22x%22%5C", "{\"CallSid\":\"CA1\",\"New Name\":\"\\\"x\\\"\\\\\"}"},
    {"CallToken=t&CallSid=CA1&StirPassportToken=p", "{\"CallSid\":\"CA1\"}"},
    {"CallToken=t", "{}"},
    {"", "{}"},
    {"=&&a", "{\"\":\"\",\"a\":\"\"}"},
    {"a=%00%01%1f%7f", "{\"a\":\"\xef\xbf\xbd\\u0001\\u001f\x7f\"}"},
    {"a=%FF%C3&%ED%A0%80=x", "{\"a\":\"\xef\xbf\xbd\xef\xbf\xbd\",\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\":\"x\"}"},
    {"CallerName=Zo%C3%AB+%26+%3Cb%3E", "{\"CallerName\":\"Zo\xc3\xab & <b>\"}"},
};

static void payloads(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i].body);
        struct ingest_event *e = event_of(str_of(rows[i].body), "voice");
        CHECK_STR(e->call.payload, rows[i].payload);
        CHECK(strict_json_valid(e->call.payload, NULL, NULL));
        ingest_event_free(e);
        arena_free(&arena);
    }
}

#define C "CallSid=CA7c1e5a90d3b84f26a1c07e9b5d2f4a83&AccountSid=AC1"

static void facts(void)
{
    struct ingest_event *e = event_of(STR(C "&From=%2B16465550187&To=%2B12125550142"
                                            "&Timestamp=Wed%2C%2018%20Nov%202026%2015%3A04%3A09%20%2B0000"),
                                      "status");
    CHECK_STR(e->call.twilio_call_sid, "CA7c1e5a90d3b84f26a1c07e9b5d2f4a83");
    CHECK_STR(e->call.caller_claim, "3+16465550187");
    CHECK_STR(e->call.called_claim, "3+12125550142");
    CHECK_INT(e->call.occurred_us, 1795014249000000);
    CHECK(!e->call.provider_call_id.p && !e->call.ended_claim.p);
    CHECK_INT(e->call.status, CALL_UNKNOWN);
    ingest_event_free(e);
    e = event_of(STR("CallSid=CA2&ParentCallSid=CA7c1e5a90d3b84f26a1c07e9b5d2f4a83&From=%2B1646&To=%2B1212"),
                 "dial-leg");
    CHECK_STR(e->call.twilio_call_sid, "CA7c1e5a90d3b84f26a1c07e9b5d2f4a83");
    CHECK(!e->call.caller_claim.p && !e->call.called_claim.p);
    ingest_event_free(e);
    e = event_of(STR("From=anonymous&To=&CallDuration=x"), "voice");
    CHECK_STR(e->call.caller_claim, "1anonymous");
    CHECK(!e->call.called_claim.p && !e->call.twilio_call_sid.n);
    ingest_event_free(e);
    arena_free(&arena);
}

struct pair {
    bool same;
    const char *a_type, *a, *b_type, *b;
};

static const struct pair pairs[] = {
    {true, "status", C "&CallStatus=completed", "status", C "&CallStatus=completed"},
    {true, "status", C "&CallStatus=completed", "status",
     "AccountSid=AC1&CallStatus=completed&Extra=1&CallSid=CA7c1e5a90d3b84f26a1c07e9b5d2f4a83"},
    {false, "status", C "&CallStatus=completed", "status", C "&CallStatus=busy"},
    {false, "status", C "&CallStatus=completed", "recorded", C "&CallStatus=completed"},
    {false, "status", C "&SequenceNumber=1", "status", C "&SequenceNumber=2"},
    {false, "recorded", C "&RecordingSid=RE1", "recorded", C "&RecordingSid=RE2"},
    {false, "recording-status", C "&RecordingStatus=completed", "recording-status", C "&RecordingStatus=absent"},
    {false, "dialed", C "&DialCallStatus=busy", "dialed", C "&DialCallStatus=completed"},
    {false, "voice", C, "voice", C "2"},
    {false, "status", C "&CallStatus=x", "status", C "&RecordingStatus=x"},
};

static void the_same_event(void)
{
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct ingest_event *a = event_of(str_of(pairs[i].a), pairs[i].a_type);
        struct ingest_event *b = event_of(str_of(pairs[i].b), pairs[i].b_type);
        tap_case(pairs[i].b);
        CHECK_INT(memcmp(a->call.key, b->call.key, 16) == 0, pairs[i].same);
        ingest_event_free(a);
        ingest_event_free(b);
        arena_free(&arena);
    }
}

/* The worst that fits into a form still fits into its payload, whole. */
static void the_largest_form_is_kept_whole(void)
{
    static const char *const fills[] = {"\x01", "\"", "%01", "%00", "\xff", "%ff", "\xed"};
    for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        struct buf body = buf_make(CAP_FORM_BYTES);
        CHECK_INT(buf_append(&body, STR(C "&Last=1&a=")), 0);
        while (buf_append(&body, str_of(fills[i])) == 0) {
        }
        tap_case(fills[i]);
        struct ingest_event *e = event_of(buf_str(&body), "voice");
        CHECK(strict_json_valid(e->call.payload, NULL, NULL));
        CHECK(e->call.payload.n > body.len / 3);
        ingest_event_free(e);
        buf_free(&body);
        arena_free(&arena);
    }
}

static void a_long_sid_is_cut_between_characters(void)
{
    struct buf body = buf_make(1000);
    CHECK_INT(buf_append(&body, STR("CallSid=x")), 0);
    for (int i = 0; i < 50; i++) {
        CHECK_INT(buf_append(&body, STR("%F0%9F%98%80")), 0);
    }
    struct ingest_event *e = event_of(buf_str(&body), "voice");
    CHECK(e->call.twilio_call_sid.n > 60 && e->call.twilio_call_sid.n <= 64 && utf8_valid(e->call.twilio_call_sid));
    ingest_event_free(e);
    buf_free(&body);
    arena_free(&arena);
}

static void too_many_fields(void)
{
    struct twilio_request q;
    struct buf body = buf_make(10000);
    for (int i = 0; i < CAP_FORM_FIELDS + 1; i++) {
        CHECK_INT(buf_append(&body, STR("CallSid=x&")), 0);
    }
    CHECK_INT(twilio_request_read(&arena, buf_str(&body), &q), ERR_TOO_LARGE);
    CHECK(!q.call_sid.n && isnan(q.call_seconds));
    buf_free(&body);
    arena_free(&arena);
}

TAP_MAIN(TEST(every_recorded_form), TEST(payloads), TEST(facts), TEST(the_same_event),
         TEST(the_largest_form_is_kept_whole), TEST(a_long_sid_is_cut_between_characters), TEST(too_many_fields))
