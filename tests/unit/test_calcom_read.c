/* What Cal.com's answers hold: free times of the days that were asked for, a booking among others, forms. */
#include "calcom_read.h"
#include "caps.h"
#include "tap.h"

static struct calcom_shapes shapes;
static struct arena arena;
static struct calendar_ask ask;

#define DATA(data) "{\"status\":\"success\",\"data\":" data "}"

static bool read_answer(enum calendar_what what, struct str body)
{
    calendar_ask_finish(&ask);
    ask = (struct calendar_ask){.what = what,
                                .from_date = STR("2026-12-01"),
                                .to_date = STR("2026-12-02"),
                                .booking_id = STR("b-1"),
                                .verdict = CALENDAR_UNREACHABLE};
    return calcom_read_good(&shapes, body, &ask);
}

static bool read_text(enum calendar_what what, const char *body)
{
    tap_case(body);
    return read_answer(what, str_of(body));
}

static void put_away(void)
{
    calendar_ask_finish(&ask);
    ask = (struct calendar_ask){0};
    arena_free(&arena);
    calcom_shapes_free(&shapes);
}

static struct str starts(void)
{
    struct str all = STR("");
    for (size_t i = 0; i < ask.slot_count; i++) {
        struct str s = ask.slots[i].start;
        all = arena_printf(&arena, "%.*s%.*s ", (int)all.n, all.p, (int)s.n, s.p);
    }
    return all;
}

struct times {
    const char *data, *starts; /* NULL: cannot be read */
};

#define S(start) "{\"start\":\"" start "\"}"

static const struct times times[] = {
    {"{}", ""},
    {" { } ", ""},
    {"{\"2026-12-01\":[]}", ""},
    {"{\"2026-12-01\":[" S("2026-12-01T09:00:00.000+01:00") "," S(
         "2026-12-01T09:30:00.000+01:00") "],"
                                          "\"2026-12-02\":[" S("2026-12-02T09:00:00.000+01:00") "]}",
     "2026-12-01T09:00:00.000+01:00 2026-12-01T09:30:00.000+01:00 2026-12-02T09:00:00.000+01:00 "},
    {"{\"2026-11-30\":[" S("2026-11-30T23:59:59Z") "],\"2026-12-01\":[" S(
         "2026-12-01T00:00:00Z") "],"
                                 "\"2026-12-02\":[" S("2026-12-02T23:59:59Z") "],\"2026-12-03\":[" S(
                                     "2026-12-03T00:00:00Z") "]}",
     "2026-12-01T00:00:00Z 2026-12-02T23:59:59Z "},
    {"{\"2026-12-02\":[" S("2026-12-02T09:00:00Z") "],\"2026-12-01\":[" S("2026-12-01T10:00:00Z") "," S(
         "2026-12-01T09:00:00Z") "]}",
     "2026-12-01T09:00:00Z 2026-12-01T10:00:00Z 2026-12-02T09:00:00Z "},
    /* an hour that comes twice: by the instant, not by its letters */
    {"{\"2026-12-01\":[" S("2026-12-01T02:30:00.000+01:00") "," S("2026-12-01T02:30:00.000+02:00") "]}",
     "2026-12-01T02:30:00.000+02:00 2026-12-01T02:30:00.000+01:00 "},
    {"{\"2026-12-01\":[" S("2026-12-01T09:00:00Z") ",{\"start\":5},{\"start\":\"soon\"},null,7,[],{}]}",
     "2026-12-01T09:00:00Z "},
    {"{\"2026-12-01\":[{\"start\":\"2026-12-01T09:00:00-05:00\",\"end\":\"2026-12-01T09:30:00-05:00\","
     "\"attendeesCount\":1,\"bookingUid\":null}]}",
     "2026-12-01T09:00:00-05:00 "},
    {"{\"2026-12-03\":[" S("2026-12-03T09:00:00Z") "]}", ""},
    {"{\"2026-12-01\":[\"2026-12-01T09:00:00Z\"]}", NULL},
    {"{\"2026-12-01\":[{\"time\":\"2026-12-01T09:00:00Z\"}]}", NULL},
    {"{\"slots\":{\"2026-12-01\":[{\"time\":\"2026-12-01T09:00:00Z\"}]}}", NULL},
    {"{\"slots\":[]}", NULL},
    {"{\"2026-12\":[]}", NULL},
    {"[]", NULL},
    {"[" S("2026-12-01T09:00:00Z") "]", NULL},
    {"null", NULL},
    {"\"\"", NULL},
};

static void free_times(void)
{
    calcom_shapes_make(&shapes);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct str body = arena_printf(&arena, DATA("%s"), times[i].data);
        tap_case(times[i].data);
        CHECK_INT(read_answer(CALENDAR_SLOTS, body), times[i].starts != NULL);
        CHECK_STR(starts(), times[i].starts ? times[i].starts : "");
        CHECK_INT((int)ask.verdict, times[i].starts ? CALENDAR_DONE : CALENDAR_UNREACHABLE);
    }
    CHECK(!read_text(CALENDAR_SLOTS, "{\"status\":\"error\",\"data\":{}}"));
    CHECK(!read_text(CALENDAR_SLOTS, "{\"data\":{}}"));
    CHECK(!read_text(CALENDAR_SLOTS, "{\"status\":\"success\"}"));
    put_away();
}

static void what_is_no_time(void)
{
    static const char *const texts[] = {"2026-12-01",
                                        "2026-12-01T09:00",
                                        "2026-12-01T09:00:00",
                                        "2026-12-01T09:00:00z",
                                        "2026-12-01T09:00:00.Z",
                                        "2026-12-01T09:00:00.00Z",
                                        "2026-12-01T09:00:00.0000Z",
                                        "2026-12-01T09:00:00+0100",
                                        "2026-12-01T09:00:00+01",
                                        "2026-12-01T09:00:00+01:00 ",
                                        "2026-12-01T09:00:00Z+01:00",
                                        "2026-12-01 09:00:00Z",
                                        "2026-12-01T25:00:00Z",
                                        "2026-12-01T09:61:00Z",
                                        "2026-12-0aT09:00:00Z",
                                        "2026-13-01T09:00:00Z",
                                        "2026-12-32T09:00:00Z",
                                        "0026-12-01T09:00:00Z",
                                        "Tue, 01 Dec 2026 09:00:00 +0000",
                                        ""};
    calcom_shapes_make(&shapes);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct str body =
            arena_printf(&arena, DATA("{\"2026-12-01\":[" S("2026-12-01T12:00:00Z") ",{\"start\":\"%s\"}]}"), texts[i]);
        tap_case(texts[i]);
        CHECK(read_answer(CALENDAR_SLOTS, body));
        CHECK_STR(starts(), "2026-12-01T12:00:00Z ");
    }
    put_away();
}

static void times_are_capped(void)
{
    struct buf body = buf_make(1u << 20);
    calcom_shapes_make(&shapes);
    CHECK_INT(buf_printf(&body, "{\"status\":\"success\",\"data\":{\"2026-12-01\":["), 0);
    for (int i = CAP_CALCOM_SLOTS; i >= 0; i--) { /* one too many, the latest first */
        CHECK_INT(buf_printf(&body, "{\"start\":\"2026-12-01T%02d:%02d:%02dZ\"},", i / 3600, i / 60 % 60, i % 60), 0);
    }
    CHECK_INT(buf_printf(&body, "null]}}"), 0);
    CHECK(read_answer(CALENDAR_SLOTS, buf_str(&body)));
    CHECK_INT((long long)ask.slot_count, CAP_CALCOM_SLOTS);
    CHECK_STR(ask.slots[0].start, "2026-12-01T00:00:00Z");
    CHECK_STR(ask.slots[CAP_CALCOM_SLOTS - 1].start, "2026-12-01T00:33:19Z");
    buf_free(&body);
    put_away();
}

struct look {
    const char *data;
    bool readable;
    enum calendar_verdict verdict;
    const char *uid;
};

#define M(id, uid, status)                                                                                             \
    "{\"uid\":\"" uid "\",\"status\":\"" status "\",\"metadata\":{\"ringback_booking\":\"" id "\",\"call_id\":\"b-1\"}}"

static const struct look looks[] = {
    {"[]", true, CALENDAR_ABSENT, ""},
    {"[" M("b-1", "u1", "accepted") "]", true, CALENDAR_DONE, "u1"},
    {"[" M("b-1", "u1", "pending") "]", true, CALENDAR_PENDING, "u1"},
    {"[" M("b-1", "u1", "cancelled") "]", true, CALENDAR_CANCELLED, "u1"},
    {"[" M("b-1", "u1", "rejected") "]", true, CALENDAR_CANCELLED, "u1"},
    {"[" M("b-0", "u0", "accepted") "," M("b-1", "u1", "accepted") "," M("b-2", "u2", "pending") "]", true,
     CALENDAR_DONE, "u1"},
    {"[" M("b-1", "u1", "cancelled") "," M("b-1", "u2", "accepted") "]", true, CALENDAR_DONE, "u2"},
    {"[" M("b-1", "u1", "pending") "," M("b-1", "u2", "cancelled") "]", true, CALENDAR_PENDING, "u1"},
    {"[" M("b-11", "u1", "accepted") "," M("b-", "u2", "accepted") "," M("B-1", "u3", "accepted") "]", true,
     CALENDAR_ABSENT, ""},
    {"[{\"uid\":\"u1\",\"status\":\"accepted\",\"metadata\":{\"call_id\":\"b-1\"}}]", true, CALENDAR_ABSENT, ""},
    {"[{\"uid\":\"b-1\",\"status\":\"accepted\",\"metadata\":null},5,null,[]]", true, CALENDAR_ABSENT, ""},
    {"[" M("b-1", "u1", "gone") "]", false, CALENDAR_UNREACHABLE, ""},
    {"[" M("b-1", "", "accepted") "]", false, CALENDAR_UNREACHABLE, ""},
    {M("b-1", "u1", "accepted"), false, CALENDAR_UNREACHABLE, ""},
    {"{\"bookings\":[]}", false, CALENDAR_UNREACHABLE, ""},
    {"null", false, CALENDAR_UNREACHABLE, ""},
    {"[],\"pagination\":{\"hasNextPage\":false}", true, CALENDAR_ABSENT, ""},
    {"[],\"pagination\":{\"hasNextPage\":true}", false, CALENDAR_UNREACHABLE, ""},
    {"[" M("b-1", "u1", "accepted") "],\"pagination\":{\"hasNextPage\":true}", true, CALENDAR_DONE, "u1"},
};

static void a_look_for_a_booking(void)
{
    calcom_shapes_make(&shapes);
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        struct str body = arena_printf(&arena, DATA("%s"), looks[i].data);
        tap_case(looks[i].data);
        CHECK_INT(read_answer(CALENDAR_FIND, body), looks[i].readable);
        CHECK_INT((int)ask.verdict, (int)looks[i].verdict);
        CHECK_STR(str_of(ask.uid), looks[i].uid);
    }
    put_away();
}

/* A page that is full says nothing about the next one. */
static void a_full_page(void)
{
    calcom_shapes_make(&shapes);
    for (int count = CAP_CALCOM_FOUND - 1; count <= CAP_CALCOM_FOUND; count++) {
        struct str all = STR("");
        for (int i = 0; i < count; i++) {
            all = arena_printf(&arena, "%.*s" M("b-x", "u", "accepted") "%s", (int)all.n, all.p,
                               i + 1 < count ? "," : "");
        }
        CHECK_INT(read_answer(CALENDAR_FIND, arena_printf(&arena, DATA("[%s]"), all.p)), count < CAP_CALCOM_FOUND);
    }
    put_away();
}

static void whose_key_it_is(void)
{
    struct {
        const char *data, *name; /* NULL: cannot be read */
    } rows[] = {
        {"{\"username\":\"larkspur\",\"email\":\"desk@larkspur.example\",\"name\":\"Larkspur\"}", "larkspur"},
        {"{\"username\":null,\"email\":\"desk@larkspur.example\",\"name\":\"Larkspur\"}", "desk@larkspur.example"},
        {"{\"username\":\"\",\"name\":\" Larkspur\\nDesk \"}", "Larkspur Desk"},
        {"{\"id\":1}", NULL},
        {"{\"username\":\"\\n\"}", NULL},
        {"[{\"username\":\"larkspur\"}]", NULL},
        {"null", NULL},
    };
    calcom_shapes_make(&shapes);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str body = arena_printf(&arena, DATA("%s"), rows[i].data);
        tap_case(rows[i].data);
        CHECK_INT(read_answer(CALENDAR_ACCOUNT, body), rows[i].name != NULL);
        CHECK_STR(ask.account_name, rows[i].name);
    }
    put_away();
}

#define VISIT "\"title\":\"Visit\",\"lengthInMinutes\":30"
#define FORM(questions) VISIT ",\"bookingFields\":[" questions "]"
#define F(slug, required, hidden)                                                                                      \
    "{\"isDefault\":true,\"type\":\"x\",\"slug\":\"" slug "\",\"required\":" #required ",\"hidden\":" #hidden "}"

struct form {
    const char *data, *flags; /* e: asks e-mail, p: phone, r: repeats, s: seats; NULL: cannot be read */
    const char *cannot_fill;
};

static const struct form forms[] = {
    {VISIT, "e", NULL},
    {FORM(""), "e", NULL},
    {FORM(F("name", true, false) "," F("email", true, false)), "e", NULL},
    {FORM(F("email", false, false)), "", NULL},
    {FORM(F("email", true, true)), "", NULL},
    {FORM(F("email", false, true) "," F("attendeePhoneNumber", true, false)), "p", NULL},
    {FORM(F("attendeePhoneNumber", false, false)), "e", NULL},
    {FORM(F("attendeePhoneNumber", true, true)), "e", NULL},
    {FORM(F("title", true, true) "," F("notes", true, false) "," F("location", true, false) "," F(
         "rescheduleReason", true, false) "," F("splitName", true, false) "," F("guests", false, false)),
     "e", NULL},
    {FORM(F("title", true, false)), "e", "title"},
    {FORM(F("guests", true, false)), "e", "guests"},
    {FORM("{\"type\":\"text\",\"slug\":\"insurer\",\"label\":\" Your\\ninsurer?\",\"required\":true}"), "e",
     "Your insurer?"},
    {FORM("{\"type\":\"phone\",\"slug\":\"other-phone\",\"required\":true,\"hidden\":false}," F("pets", true, false)),
     "e", "other-phone"},
    {FORM("{\"required\":true}"), "e", "?"},
    {FORM("{\"slug\":\"pets\",\"required\":\"true\"},5,null,[]"), "e", NULL},
    {VISIT ",\"recurrence\":{\"interval\":1,\"occurrences\":4,\"frequency\":\"weekly\"}", "er", NULL},
    {VISIT ",\"recurrence\":{\"disabled\":true}", "e", NULL},
    {VISIT ",\"recurrence\":null", "e", NULL},
    {VISIT ",\"seats\":{\"seatsPerTimeSlot\":4}", "es", NULL},
    {VISIT ",\"seats\":{\"disabled\":true},\"seatsPerTimeSlot\":null", "e", NULL},
    {VISIT ",\"seatsPerTimeSlot\":1", "es", NULL},
    {"\"title\":\"Visit\"", NULL, NULL},
    {"\"title\":\"Visit\",\"lengthInMinutes\":\"30\"", NULL, NULL},
    {"\"title\":\"Visit\",\"lengthInMinutes\":0", NULL, NULL},
    {"\"title\":\"\",\"lengthInMinutes\":30", NULL, NULL},
    {"\"eventType\":{" VISIT "}", NULL, NULL},
};

static void what_can_be_booked(void)
{
    calcom_shapes_make(&shapes);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct str body = arena_printf(&arena, DATA("{%s}"), forms[i].data);
        const struct calendar_event_type *t = &ask.event_type;
        tap_case(forms[i].data);
        CHECK_INT(read_answer(CALENDAR_EVENT_TYPE, body), forms[i].flags != NULL);
        CHECK_STR(arena_printf(&arena, "%s%s%s%s", t->asks_email ? "e" : "", t->asks_phone ? "p" : "",
                               t->repeats ? "r" : "", t->seats ? "s" : ""),
                  forms[i].flags ? forms[i].flags : "");
        CHECK_STR(t->cannot_fill, forms[i].cannot_fill);
        CHECK_STR(t->title, forms[i].flags ? "Visit" : NULL);
        CHECK_INT(t->minutes, forms[i].flags ? 30 : 0);
    }
    put_away();
}

TAP_MAIN(TEST(free_times), TEST(what_is_no_time), TEST(times_are_capped), TEST(a_look_for_a_booking), TEST(a_full_page),
         TEST(whose_key_it_is), TEST(what_can_be_booked))
