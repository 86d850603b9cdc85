/* What Cal.com is asked: addresses, queries, bodies. */
#include "calcom_request.h"
#include "caps.h"
#include "tap.h"

#define BASE STR("https://calendar.example")

static struct arena arena;

static void addresses(void)
{
    static const char *const rows[][2] = {
        {"https://api.cal.com", "https://api.cal.com"},
        {"https://api.cal.com/", "https://api.cal.com"},
        {"https://api.cal.com/v2", "https://api.cal.com"},
        {"https://api.cal.com//v2//", "https://api.cal.com"},
        {"https://larkspur.example/calendar/v2", "https://larkspur.example/calendar"},
        {"https://larkspur.example/v1", "https://larkspur.example/v1"},
        {"https://larkspur.example/xv2", "https://larkspur.example/xv2"},
        {"", ""},
        {"/v2", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i][0]);
        CHECK_STR(calcom_request_base(str_of(rows[i][0])), rows[i][1]);
    }
}

static struct calendar_ask slots(const char *from, const char *to, const char *zone)
{
    return (struct calendar_ask){.what = CALENDAR_SLOTS,
                                 .account.event_type_id = 4711,
                                 .from_date = str_of(from),
                                 .to_date = str_of(to),
                                 .zone = str_of(zone)};
}

static void a_question_for_slots(void)
{
    struct {
        const char *from, *to, *zone, *query;
    } rows[] = {
        {"2026-12-01", "2026-12-01", "America/New_York", "start=2026-11-30&end=2026-12-02&timeZone=America%2FNew_York"},
        {"2026-12-31", "2027-01-06", "UTC", "start=2026-12-30&end=2027-01-07&timeZone=UTC"},
        {"2028-02-29", "2028-02-29", "Etc/GMT+5", "start=2028-02-28&end=2028-03-01&timeZone=Etc%2FGMT%2B5"},
        {"2026-03-29", "2026-03-29", "a b&c=\xc3\xa9%",
         "start=2026-03-28&end=2026-03-30&timeZone=a%20b%26c%3D%C3%A9%25"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct calendar_ask q = slots(rows[i].from, rows[i].to, rows[i].zone);
        struct calcom_request r;
        tap_case(rows[i].query);
        CHECK_INT(calcom_request_make(&q, BASE, &arena, &r), 0);
        CHECK_STR(str_of(r.method), "GET");
        CHECK_STR(str_of(r.version), "2024-09-04");
        CHECK_STR(r.url,
                  arena_printf(&arena, "https://calendar.example/v2/slots?eventTypeId=4711&%s", rows[i].query).p);
        CHECK_INT((long long)r.body.len, 0);
    }
    arena_free(&arena);
}

static void days_that_are_none(void)
{
    static const char *const days[] = {"", "2026-13-01", "2026-02-30", "tomorrow", "2026-12-01&x=1"};
    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        struct calcom_request r;
        struct calendar_ask from = slots(days[i], "2026-12-01", "UTC"), to = slots("2026-12-01", days[i], "UTC");
        struct calendar_ask find = {.what = CALENDAR_FIND, .start_utc = str_of(days[i])};
        tap_case(days[i]);
        CHECK_INT(calcom_request_make(&from, BASE, &arena, &r), ERR_BAD_REQUEST);
        CHECK_INT(calcom_request_make(&to, BASE, &arena, &r), ERR_BAD_REQUEST);
        CHECK_INT(calcom_request_make(&find, BASE, &arena, &r), ERR_BAD_REQUEST);
    }
    arena_free(&arena);
}

static void the_other_questions(void)
{
    struct {
        enum calendar_what what;
        const char *version, *url;
    } rows[] = {
        {CALENDAR_ACCOUNT, "2024-08-13", "https://calendar.example/v2/me"},
        {CALENDAR_EVENT_TYPE, "2024-06-14", "https://calendar.example/v2/event-types/4711"},
        {CALENDAR_FIND, "2024-08-13",
         "https://calendar.example/v2/bookings?eventTypeId=4711&afterStart=2026-11-30T23%3A59%3A59.000Z"
         "&beforeEnd=2026-12-03T00%3A00%3A00.000Z&sortStart=asc&take=100"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct calendar_ask q = {
            .what = rows[i].what, .account.event_type_id = 4711, .start_utc = STR("2026-12-01T00:00:00Z")};
        struct calcom_request r;
        tap_case(rows[i].url);
        CHECK_INT(calcom_request_make(&q, STR("https://calendar.example/v2/"), &arena, &r), 0);
        CHECK_STR(str_of(r.method), "GET");
        CHECK_STR(str_of(r.version), rows[i].version);
        CHECK_STR(r.url, rows[i].url);
    }
    arena_free(&arena);
}

#define ENDS                                                                                                           \
    "\"metadata\":{\"ringback_booking\":\"b-1\",\"call_id\":\"call-1\","                                               \
    "\"business\":\"larkspur\"}}"

static struct calendar_ask wish(const char *email, const char *phone, const char *service)
{
    return (struct calendar_ask){.what = CALENDAR_BOOK,
                                 .account.event_type_id = 4711,
                                 .zone = STR("America/New_York"),
                                 .start_utc = STR("2026-12-01T15:30:00Z"),
                                 .name = STR("Ana \"Annie\" Ruiz\n"),
                                 .email = str_of(email),
                                 .phone = str_of(phone),
                                 .service = str_of(service),
                                 .booking_id = STR("b-1"),
                                 .call_id = STR("call-1"),
                                 .business_id = STR("larkspur")};
}

static void a_booking(void)
{
    struct {
        const char *email, *phone, *service, *middle;
    } rows[] = {
        {"ana@example.org", NULL, NULL, "\"email\":\"ana@example.org\",%s},"},
        {"", "+14155550100", "", "\"phoneNumber\":\"+14155550100\",%s},"},
        {"ana@example.org", "+14155550100", "Check-up \xe2\x80\x93 with care",
         "\"email\":\"ana@example.org\",\"phoneNumber\":\"+14155550100\",%s},"
         "\"bookingFieldsResponses\":{\"notes\":\"Check-up \xe2\x80\x93 with care\"},"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct calendar_ask q = wish(rows[i].email, rows[i].phone, rows[i].service);
        struct calcom_request r;
        tap_case(rows[i].middle);
        CHECK_INT(calcom_request_make(&q, BASE, &arena, &r), 0);
        CHECK_STR(str_of(r.method), "POST");
        CHECK_STR(str_of(r.version), "2024-08-13");
        CHECK_STR(r.url, "https://calendar.example/v2/bookings");
        struct str middle = str_of(rows[i].middle);
        size_t at = str_find(middle, '%');
        CHECK_STR(buf_str(&r.body),
                  arena_printf(&arena,
                               "{\"eventTypeId\":4711,\"start\":\"2026-12-01T15:30:00Z\",\"attendee\":{\"name\":"
                               "\"Ana \\\"Annie\\\" Ruiz\\u000a\",%.*s\"timeZone\":\"America/New_York\","
                               "\"language\":\"en\"%s" ENDS,
                               (int)at, middle.p, middle.p + at + 2)
                      .p);
        buf_free(&r.body);
    }
    arena_free(&arena);
}

static void a_booking_too_large(void)
{
    struct calendar_ask q = wish(NULL, NULL, arena_printf(&arena, "%0*d", CAP_CALCOM_BODY_BYTES, 7).p);
    struct calcom_request r;
    CHECK_INT(calcom_request_make(&q, BASE, &arena, &r), ERR_TOO_LARGE);
    buf_free(&r.body);
    arena_free(&arena);
}

TAP_MAIN(TEST(addresses), TEST(a_question_for_slots), TEST(days_that_are_none), TEST(the_other_questions),
         TEST(a_booking), TEST(a_booking_too_large))
