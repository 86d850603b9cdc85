/* A message's calls of booking tools: what is asked, in every shape they come in, and the one answer. */
#include "vapi_booking.h"
#include "strict_json.h"
#include "vapi_desk.h"
#include "vapi_rig.h"

static struct config config;
static struct vapi vapi = {.config = &config, .bookings = &desk_room};

/* One message on its way. */
struct trip {
    struct arena arena;
    struct vapi_booking booking;
    struct str answer;
    int answers;
    bool planned;
};

static void on_answer(struct vapi_booking *b, struct str answer)
{
    struct trip *t = container_of(b, struct trip, booking);
    t->answers++;
    t->answer = answer;
    CHECK(strict_json_valid(answer, NULL, NULL) && utf8_valid(answer));
}

/* Plans for a message; nothing of it is left when the bookings are asked. */
static void plan_message(struct trip *t, struct str text)
{
    struct vapi_message m;
    *t = (struct trip){.booking.on_done = on_answer};
    t->booking.arena = &t->arena;
    rig_start();
    vapi.tool_shape = vapi_tool_shape();
    struct ingest_event *e = rig_read(text, &m);
    CHECK(e != NULL);
    t->planned = vapi_booking_plan(&t->booking, &vapi, &m, e);
    memset(larkspur_id, '#', 2);
    json_shape_free(vapi.tool_shape);
    ingest_event_free(e);
    rig_stop();
}

static void trip_end(struct trip *t)
{
    arena_free(&t->arena);
    desk_reset();
}

#define AROUND(rest)                                                                                                   \
    "{\"message\":{" rest ",\"call\":{\"id\":\"c1\",\"transport\":{\"callSid\":"                                       \
    "\"CA7c1e5a90d3b84f26a1c07e9b5d2f4a83\"}},\"phoneNumber\":{\"number\":\"+12125550142\"},"                          \
    "\"customer\":{\"number\":\"+16465550187\"}}}"
#define TOOLS(rest) AROUND("\"type\":\"tool-calls\"," rest)

static void start(struct trip *t, const char *message)
{
    desk_reset();
    tap_case(message);
    plan_message(t, str_of(message));
    if (t->planned) {
        vapi_booking_submit(&t->booking, &desk_room, 0);
    }
}

struct shape_row {
    const char *before, *between, *after; /* around the tool's name and the arguments */
    bool text;                            /* the arguments are a JSON text */
};

static const struct shape_row shapes[] = {
    {"\"toolCallList\":[{\"id\":\"t1\",\"type\":\"function\",\"function\":{\"name\":\"", "\",\"arguments\":", "}}]",
     true},
    {"\"toolCallList\":[{\"id\":\"t1\",\"function\":{\"name\":\"", "\",\"arguments\":", "}}]", false},
    {"\"toolCallList\":[{\"id\":\"t1\",\"name\":\"", "\",\"arguments\":", "}]", false},
    {"\"toolCallList\":[{\"id\":\"t1\",\"name\":\"", "\",\"parameters\":", "}]", false},
    {"\"toolCalls\":[{\"id\":\"t1\",\"function\":{\"name\":\"", "\",\"arguments\":", "}}]", true},
    {"\"toolCallList\":[],\"toolCalls\":[{\"id\":\"t1\",\"name\":\"", "\",\"parameters\":", "}]", false},
    {"\"toolWithToolCallList\":[{\"type\":\"function\",\"name\":\"no\",\"function\":{\"name\":\"no\",\"arguments\":1},"
     "\"toolCall\":{\"id\":\"t1\",\"function\":{\"name\":\"",
     "\",\"arguments\":", "}}}]", false},
    {"\"toolWithToolCallList\":[{\"toolCall\":{\"id\":\"t1\",\"name\":\"", "\",\"parameters\":", "}}]", true},
    {"\"toolCallList\":[{\"id\":\"t1\",\"parameters\":7,\"arguments\":[],\"function\":{\"name\":\"",
     "\",\"arguments\":", "}}],\"toolCalls\":[{\"id\":\"no\",\"name\":\"no\"}]", false},
};

static const struct {
    const char *name, *arguments;
    enum booking_tool tool;
    const char *date, *start, *customer;
    bool unreadable;
} asked[] = {
    {"check_availability", "{\"date\":\"2026-11-20\"}", BOOKING_CHECK, "2026-11-20", NULL, NULL, false},
    {"getAvailability", "{\"day\":\"2026-11-20\"}", BOOKING_CHECK, "2026-11-20", NULL, NULL, false},
    {"check_availability", "{}", BOOKING_CHECK, NULL, NULL, NULL, false},
    {"book_appointment", "{\"start\":\"2026-11-20T10:30\",\"customer_name\":\"Maya Okafor\"}", BOOKING_BOOK, NULL,
     "2026-11-20T10:30", "Maya Okafor", false},
    {"createBooking", "{\"slot\":\"2026-11-20T10:30\",\"name\":\"Maya Okafor\"}", BOOKING_BOOK, NULL,
     "2026-11-20T10:30", "Maya Okafor", false},
    {"check_availability", "[\"2026-11-20\"]", BOOKING_CHECK, NULL, NULL, NULL, true},
    {"book_appointment", "7", BOOKING_BOOK, NULL, NULL, NULL, true},
};

static void check_wish(size_t i)
{
    const struct booking_wish *w = &desk.wishes[0];
    CHECK_INT((long long)desk.count, 1);
    CHECK_INT(w->tool, asked[i].tool);
    CHECK_STR(w->business_id, "b1");
    CHECK_STR(w->provider_call_id, "c1");
    CHECK_STR(w->tool_call_id, "t1");
    CHECK_STR(w->twilio_call_sid, "CA7c1e5a90d3b84f26a1c07e9b5d2f4a83");
    CHECK_STR(w->caller_number, "+16465550187");
    CHECK_STR(w->date, asked[i].date);
    CHECK_STR(w->start, asked[i].start);
    CHECK_STR(w->name, asked[i].customer);
    CHECK_INT(w->unreadable, asked[i].unreadable);
}

static void check_shape(const struct shape_row *s, size_t i)
{
    struct trip t;
    struct buf arguments = buf_make(8000), message = buf_make(8000);
    char want[200];
    CHECK_INT(s->text ? json_write_string(&arguments, str_of(asked[i].arguments))
                      : buf_append(&arguments, str_of(asked[i].arguments)),
              0);
    CHECK_INT(buf_printf(&message, TOOLS("%s%s%s%.*s%s"), s->before, asked[i].name, s->between, (int)arguments.len,
                         arguments.data, s->after),
              0);
    CHECK_INT(buf_append(&message, STR("\0")), 0);
    start(&t, message.data);
    CHECK(t.planned);
    if (desk.count) {
        check_wish(i);
        CHECK_INT(t.answers, 0);
        desk_answer(0, true, "Free.");
    }
    snprintf(want, sizeof(want), "{\"results\":[{\"name\":\"%s\",\"toolCallId\":\"t1\",\"result\":\"Free.\"}]}",
             asked[i].name);
    CHECK_STR(t.answer, want);
    trip_end(&t);
    tap_case(NULL);
    buf_free(&arguments);
    buf_free(&message);
}

static void every_shape_of_both_tools(void)
{
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
            check_shape(&shapes[s], i);
        }
    }
}

static void broken_arguments(void)
{
    static const char *const messages[] = {
        TOOLS("\"toolCallList\":[{\"id\":\"t1\",\"function\":{\"name\":\"book_appointment\",\"arguments\":"
              "\"{\\\"start\\\":\\\"2026-11-20T1\"}}]"),
        AROUND("\"toolCallList\":[{\"id\":\"t1\",\"name\":\"book_appointment\",\"arguments\":\"{\\u0000}\"}]"),
        AROUND("\"type\":\"function-call\",\"functionCall\":{\"name\":\"book_appointment\",\"parameters\":[]}"),
    };
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct trip t;
        start(&t, messages[i]);
        CHECK_INT((long long)desk.count, 1);
        CHECK(desk.wishes[0].unreadable && desk.wishes[0].tool == BOOKING_BOOK);
        trip_end(&t);
    }
}

#define NO_BOOKING "I can not book appointments in this call. Offer to take a message so that somebody calls back."
#define UNREACHABLE "I could not reach the calendar. Offer to take a message so that somebody calls back."
#define ONE(id, name) "{\"id\":" id ",\"name\":\"" name "\"}"

/* Answered in another order than they came; ids and order stay. */
static void several_calls_of_one_message(void)
{
    struct trip t;
    start(&t, TOOLS("\"toolCallList\":[" ONE("\"a\"", "check_availability") "," ONE("\"b\"", "other") "," ONE(
                  "\"c\"", "book_appointment") "," ONE("\"c\"", "book_appointment") "]"));
    CHECK_INT((long long)desk.count, 3);
    CHECK_STR(desk.wishes[0].tool_call_id, "a");
    CHECK_STR(desk.wishes[1].tool_call_id, "c");
    CHECK_STR(desk.wishes[2].tool_call_id, "c");
    desk_answer(2, true, "Third.");
    desk_answer(1, false, "Sec\r\nond\t\"x\".");
    CHECK_INT(t.answers, 0);
    desk_answer(0, true, "First.");
    CHECK_INT(t.answers, 1);
    CHECK_STR(t.answer, "{\"results\":[{\"name\":\"check_availability\",\"toolCallId\":\"a\",\"result\":\"First.\"},"
                        "{\"name\":\"other\",\"toolCallId\":\"b\",\"error\":\"" NO_BOOKING "\"},"
                        "{\"name\":\"book_appointment\",\"toolCallId\":\"c\",\"error\":\"Sec  ond \\\"x\\\".\"},"
                        "{\"name\":\"book_appointment\",\"toolCallId\":\"c\",\"result\":\"Third.\"}]}");
    trip_end(&t);
}

static void nobody_can_be_asked(void)
{
    static const struct {
        const char *message;
        bool planned;
    } rows[] = {
        {TOOLS("\"toolCallList\":[" ONE("\"a\"", "check_availability") "]"), true},
        {TOOLS("\"toolCallList\":[" ONE("\"a\"", "cancel_booking") "]"), false},
        {TOOLS("\"toolCallList\":[]"), false},
        {TOOLS("\"toolCallList\":[7,null,[],{}]"), false},
        {AROUND("\"type\":\"hang\",\"toolCallList\":[" ONE("\"a\"", "check_availability") "]"), false},
        {AROUND("\"type\":\"hang\",\"functionCall\":{\"name\":\"check_availability\"}"), false},
        {AROUND("\"type\":\"function-call\",\"functionCall\":{\"name\":\"no\"}"), false},
        {AROUND("\"type\":\"function-call\""), false},
        {"{\"message\":{\"type\":\"tool-calls\",\"toolCallList\":[" ONE(
             "\"a\"", "check_availability") "],"
                                            "\"phoneNumber\":{\"number\":\"+12125550142\"}}}",
         false},
        {"{\"message\":{\"type\":\"tool-calls\",\"toolCallList\":[" ONE(
             "\"a\"", "check_availability") "],"
                                            "\"call\":{\"id\":\"c1\"},\"phoneNumber\":{\"number\":\"+12125550199\"}}}",
         false},
    };
    struct trip t;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        start(&t, rows[i].message);
        CHECK_INT(t.planned, rows[i].planned);
        CHECK_INT((long long)desk.count, rows[i].planned);
        trip_end(&t);
    }
    vapi.bookings = NULL;
    start(&t, rows[0].message);
    CHECK(!t.planned);
    vapi.bookings = &desk_room;
    trip_end(&t);
}

/* The room takes nothing: the answer is there at once. */
static void a_room_that_is_full(void)
{
    static const int codes[] = {ERR_BUSY, ERR_STOPPING};
    struct trip t;
    for (size_t i = 0; i < 2; i++) {
        desk_reset();
        plan_message(&t, STR(TOOLS("\"toolCallList\":[" ONE("\"a\"", "check_availability") "]")));
        desk.code = codes[i];
        vapi_booking_submit(&t.booking, &desk_room, 0);
        CHECK_INT(t.answers, 1);
        CHECK_STR(t.answer, "{\"results\":[{\"name\":\"check_availability\",\"toolCallId\":\"a\",\"error\":"
                            "\"" UNREACHABLE "\"}]}");
        vapi_booking_abandon(&t.booking);
        CHECK_INT(t.answers, 1);
        trip_end(&t);
    }
}

static void a_client_that_went_away(void)
{
    struct trip t;
    start(&t, TOOLS("\"toolCallList\":[" ONE("\"a\"", "check_availability") "," ONE("\"b\"", "book_appointment") "]"));
    desk_answer(0, true, "First.");
    vapi_booking_abandon(&t.booking);
    CHECK_INT((long long)desk.abandoned, 1);
    CHECK(!desk.asks[0] && !desk.asks[1]);
    CHECK_INT(t.answers, 0);
    trip_end(&t);
    start(&t, TOOLS("\"toolCallList\":[" ONE("\"a\"", "other") "]"));
    vapi_booking_abandon(&t.booking); /* nothing was planned */
    CHECK_INT((long long)desk.abandoned, 0);
    trip_end(&t);
}

/* 10,000 calls of one message, every second of them a tool that nobody knows. */
static void more_than_are_taken(void)
{
    enum { MANY = 10000 };
    struct trip t;
    struct buf message = buf_make(CAP_VAPI_BYTES);
    size_t busy = 0, unknown = 0;
    desk_reset();
    CHECK_INT(buf_append(&message, STR("{\"message\":{\"call\":{\"id\":\"c1\"},\"phoneNumber\":{\"number\":"
                                       "\"+12125550142\"},\"toolCallList\":[")),
              0);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(buf_printf(&message, "%s{\"id\":\"t%d\",\"name\":\"%s\"}", i ? "," : "", i,
                             i % 2 ? "other" : "book_appointment"),
                  0);
    }
    CHECK_INT(buf_append(&message, STR("]}}")), 0);
    plan_message(&t, buf_str(&message));
    vapi_booking_submit(&t.booking, &desk_room, 0);
    CHECK_INT((long long)desk.count, CAP_TOOL_CALLS);
    for (size_t i = 0; i < desk.count; i++) {
        desk_answer(i, true, "Yes.");
    }
    CHECK_INT(t.answers, 1);
    for (size_t i = 0; i < t.booking.results.count; i++) {
        busy += str_eq(t.booking.results.rows[i].error, STR("One at a time, please."));
        unknown += str_eq(t.booking.results.rows[i].error, STR(NO_BOOKING));
    }
    CHECK_INT((long long)busy, MANY / 2 - CAP_TOOL_CALLS);
    CHECK_INT((long long)unknown, MANY / 2);
    CHECK(str_has(t.answer, STR("\"toolCallId\":\"t14\",\"result\":\"Yes.\"}")));
    CHECK(str_has(t.answer, STR("\"toolCallId\":\"t16\",\"error\":\"One at a time, please.\"}")));
    CHECK(str_ends(t.answer, STR("\"toolCallId\":\"t9999\",\"error\":\"" NO_BOOKING "\"}]}")));
    buf_free(&message);
    trip_end(&t);
}

/* The id that a message's one call is known by, kept until the next one. */
static struct str id_of_call(const char *message)
{
    static char text[300];
    struct trip t;
    start(&t, message);
    CHECK_INT((long long)desk.count, 1);
    struct str id = desk.wishes[0].tool_call_id;
    snprintf(text, sizeof(text), "%.*s", (int)id.n, id.p);
    trip_end(&t);
    return str_of(text);
}

#define LEGACY(name, rest)                                                                                             \
    AROUND("\"type\":\"function-call\",\"functionCall\":{\"name\":\"" name "\",\"parameters\":" rest "}")

#define OTHER_CALL                                                                                                     \
    "{\"message\":{\"type\":\"function-call\",\"functionCall\":{\"name\":\"book_appointment\",\"parameters\":"         \
    "{\"start\":\"2026-11-20T10:30\"}},\"call\":{\"id\":\"c2\"},\"phoneNumber\":{\"number\":\"+12125550142\"}}}"

/* The form of 2024 gives its calls no id: the same call is the same, another one is not. */
static void calls_without_an_id(void)
{
    static const char *const messages[] = {
        LEGACY("book_appointment", "{\"start\":\"2026-11-20T10:30\"}"),
        LEGACY("book_appointment", "{\"start\":\"2026-11-20T10:45\"}"),
        LEGACY("create_booking", "{\"start\":\"2026-11-20T10:30\"}"),
        OTHER_CALL,
    };
    enum { COUNT = sizeof(messages) / sizeof(messages[0]) };
    char ids[COUNT][300];
    for (size_t i = 0; i < COUNT; i++) {
        struct str id = id_of_call(messages[i]);
        CHECK(str_starts(id, STR("function:")) && id.n == 9 + 64);
        snprintf(ids[i], sizeof(ids[i]), "%s", id.p);
        CHECK_STR(id_of_call(messages[i]), ids[i]);
        for (size_t j = 0; j < i; j++) {
            CHECK(strcmp(ids[i], ids[j]) != 0);
        }
    }
    CHECK(str_starts(id_of_call(TOOLS("\"toolCallList\":[{\"name\":\"book_appointment\"}]")), STR("function:")));
    CHECK(str_starts(id_of_call(TOOLS("\"toolCallList\":[" ONE("\"\"", "book_appointment") "]")), STR("function:")));
}

static void ids_that_are_too_long(void)
{
    char message[1000], id[CAP_TOOL_CALL_ID_BYTES + 2];
    char first[300];
    memset(id, 'x', sizeof(id));
    for (int i = 0; i < 3; i++) {
        id[CAP_TOOL_CALL_ID_BYTES] = i ? (char)('a' + i) : 0; /* they differ behind what is looked up */
        id[CAP_TOOL_CALL_ID_BYTES + 1] = 0;
        snprintf(message, sizeof(message), TOOLS("\"toolCallList\":[{\"id\":\"%s\",\"name\":\"book_appointment\"}]"),
                 id);
        struct str known = id_of_call(message);
        CHECK_INT(str_starts(known, STR("function:")), i > 0);
        CHECK(i > 0 || str_eq(known, str_of(id)));
        CHECK(i < 2 || !str_eq(known, str_of(first)));
        snprintf(first, sizeof(first), "%s", known.p);
    }
}

static void the_form_of_2024(void)
{
    static const struct {
        bool good;
        const char *words, *answer;
    } rows[] = {
        {true, "Free at \"9\".", "{\"result\":\"Free at \\\"9\\\".\"}"},
        {false, "Not\nfree.", "{\"result\":\"Not free.\"}"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct trip t;
        start(&t, LEGACY("check_availability", "{\"date\":\"2026-11-20\"}"));
        CHECK_STR(desk.wishes[0].date, "2026-11-20");
        desk_answer(0, rows[i].good, rows[i].words);
        CHECK_STR(t.answer, rows[i].answer);
        trip_end(&t);
    }
}

/* What one recorded message asks: "tool id date start name unreadable" of each. */
static void recorded_messages(void)
{
    static const struct {
        const char *file, *id, *date, *start, *name, *service;
        bool unreadable;
    } rows[] = {
        {"tool-calls-check_availability.json", "call_Qe7Zt1mVbK4sX9wLrD2uYp5H", "2026-11-20", NULL, NULL,
         "chipped tooth", false},
        {"tool-calls-check_availability-wire.json", "call_Qe7Zt1mVbK4sX9wLrD2uYp5H", "2026-11-20", NULL, NULL,
         "chipped tooth", false},
        {"tool-calls-book_appointment.json", "call_H8nB3cWfTj6yRk0vGa1PxMd7", NULL, "2026-11-20T10:30:00-05:00",
         "Maya Okafor", "chipped tooth", false},
        {"tool-calls-book_appointment-wire.json", "call_H8nB3cWfTj6yRk0vGa1PxMd7", NULL, "2026-11-20T10:30:00-05:00",
         "Maya Okafor", "chipped tooth", false},
        {"tool-calls-docs-flat-arguments.json", "call_Qe7Zt1mVbK4sX9wLrD2uYp5H", "2026-11-20", NULL, NULL,
         "chipped tooth", false},
        {"tool-calls-docs-flat-parameters.json", "call_Qe7Zt1mVbK4sX9wLrD2uYp5H", "2026-11-20", NULL, NULL,
         "chipped tooth", false},
        {"tool-calls-broken-arguments.json", NULL, NULL, NULL, NULL, NULL, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trip t;
        struct buf text = file_read(FIXTURES, rows[i].file);
        desk_reset();
        tap_case(rows[i].file);
        plan_message(&t, buf_str(&text));
        vapi_booking_submit(&t.booking, &desk_room, 0);
        const struct booking_wish *w = &desk.wishes[0];
        CHECK_INT((long long)desk.count, 1);
        CHECK(!rows[i].id || str_eq(w->tool_call_id, str_of(rows[i].id)));
        CHECK_STR(w->provider_call_id, "019a97f2-6d40-7b3c-9f51-2c8e4a1d7b06");
        CHECK_STR(w->date, rows[i].date);
        CHECK_STR(w->start, rows[i].start);
        CHECK_STR(w->name, rows[i].name);
        CHECK_STR(w->service, rows[i].service);
        CHECK_INT(w->unreadable, rows[i].unreadable);
        buf_free(&text);
        trip_end(&t);
    }
}

TAP_MAIN(TEST(every_shape_of_both_tools), TEST(broken_arguments), TEST(several_calls_of_one_message),
         TEST(nobody_can_be_asked), TEST(a_room_that_is_full), TEST(a_client_that_went_away), TEST(more_than_are_taken),
         TEST(calls_without_an_id), TEST(ids_that_are_too_long), TEST(the_form_of_2024), TEST(recorded_messages))
