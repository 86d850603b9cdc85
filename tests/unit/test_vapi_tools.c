/* The tools that an assistant gets, and what the arguments of a call of one say. */
#include "vapi_tools.h"
#include "caps.h"
#include "strict_json.h"
#include "tap.h"
#include "utf8.h"

struct keys {
    int descriptions, functions;
};

static void count_key(void *context, struct str key)
{
    struct keys *k = context;
    k->descriptions += str_eq(key, STR("description"));
    k->functions += str_eq(key, STR("function"));
    CHECK(!str_eq(key, STR("server"))); /* the assistant's own takes it */
}

/* Every description of the definitions, at most what models read. */
static size_t longest_text(struct str json)
{
    size_t longest = 0;
    for (size_t i = 0, start = 0; i < json.n; i++) {
        if (json.p[i] == '"') {
            longest = i - start > longest ? i - start : longest;
            start = i;
        }
    }
    return longest;
}

static void definitions(void)
{
    static const char *const parts[] = {
        "[{\"type\":\"function\",\"async\":false,\"function\":{\"name\":\"check_availability\",\"description\":\"",
        "\"required\":[\"date\"]}},\"messages\":[{\"type\":\"request-start\",\"content\":"
        "\"One moment while I look at the calendar.\",\"blocking\":false}]},{\"type\":\"function\",\"async\":false,"
        "\"function\":{\"name\":\"book_appointment\",\"description\":\"",
        "\"parameters\":{\"type\":\"object\",\"properties\":{\"date\":{\"type\":\"string\",",
        "\"days\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":7,",
        "\"start\":{\"type\":\"string\",",
        "\"customer_name\":{\"type\":\"string\",",
        "\"customer_email\":{\"type\":\"string\",",
        "\"customer_phone\":{\"type\":\"string\",",
        "\"service\":{\"type\":\"string\",",
        "\"required\":[\"start\",\"customer_name\"]}}",
        "never invent a time",
        "confirmed",
        "spell",
        "requested and not booked",
    };
    struct keys keys = {0};
    struct str json = vapi_tool_definitions();
    CHECK(strict_json_valid(json, count_key, &keys));
    CHECK_INT(keys.functions, 2);
    CHECK_INT(keys.descriptions, 2 + 2 + 5);
    CHECK(longest_text(json) < 1000);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        tap_case(parts[i]);
        CHECK(str_has(json, str_of(parts[i])));
    }
}

static void names(void)
{
    static const struct {
        const char *name;
        int tool; /* -1: neither */
    } rows[] = {
        {"check_availability", BOOKING_CHECK},
        {"checkAvailability", BOOKING_CHECK},
        {"get_availability", BOOKING_CHECK},
        {"getAvailability", BOOKING_CHECK},
        {"book_appointment", BOOKING_BOOK},
        {"bookAppointment", BOOKING_BOOK},
        {"create_booking", BOOKING_BOOK},
        {"createBooking", BOOKING_BOOK},
        {"cancel_booking", -1},
        {"Book_Appointment", -1},
        {"book_appointment ", -1},
        {"book", -1},
        {"", -1},
        {NULL, -1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum booking_tool tool = BOOKING_CHECK;
        tap_case(rows[i].name);
        bool found = vapi_tool_find(str_of(rows[i].name), &tool);
        CHECK_INT(found ? (int)tool : -1, rows[i].tool);
    }
}

#define UNREADABLE "unreadable"

/* Reads arguments and writes the wish down: "date/days/start/name/email/phone/service", "-" for what is absent. */
static struct str told(struct arena *a, struct str arguments)
{
    struct json_shape *shape = vapi_tool_shape();
    struct booking_wish w = {0};
    vapi_tool_read(shape, a, arguments, &w);
    json_shape_free(shape);
    const struct str texts[] = {w.date, w.start, w.name, w.email, w.phone, w.service};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CHECK(utf8_valid(texts[i]) && (!texts[i].n || !memchr(texts[i].p, 0, texts[i].n)));
        CHECK(texts[i].n <= CAP_BOOKING_TEXT_BYTES);
        CHECK(texts[i].n > 0 || !texts[i].p);
        CHECK(!w.unreadable || !texts[i].p);
    }
    const char *fill = "-";
#define T(s) (int)((s).n ? (s).n : 1), ((s).n ? (s).p : fill)
    return w.unreadable ? STR(UNREADABLE)
                        : arena_printf(a, "%.*s/%lld/%.*s/%.*s/%.*s/%.*s/%.*s", T(w.date), (long long)w.days,
                                       T(w.start), T(w.name), T(w.email), T(w.phone), T(w.service));
#undef T
}

struct row {
    const char *arguments, *told;
};

/* The object itself, and the same as a JSON text. */
static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena a = {0};
        struct buf text = buf_make(20000);
        tap_case(rows[i].arguments);
        CHECK_STR(told(&a, str_of(rows[i].arguments)), rows[i].told);
        CHECK_INT(json_write_string(&text, str_of(rows[i].arguments)), 0);
        CHECK_STR(told(&a, buf_str(&text)), rows[i].told);
        buf_free(&text);
        arena_free(&a);
    }
}

#define ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void arguments(void)
{
    static const struct row rows[] = {
        {"{}", "-/0/-/-/-/-/-"},
        {"{\"date\":\"2026-11-20\"}", "2026-11-20/0/-/-/-/-/-"},
        {"{\"day\":\"2026-11-20\",\"days\":3}", "2026-11-20/3/-/-/-/-/-"},
        {"{\"day\":\"2026-11-21\",\"date\":\"2026-11-20\"}", "2026-11-20/0/-/-/-/-/-"},
        {"{\"day\":\"2026-11-21\",\"date\":\" \"}", "2026-11-21/0/-/-/-/-/-"},
        {"{\"start\":\"2026-11-20T10:30:00-05:00\",\"service\":\"chipped tooth\",\"customer_name\":\"Maya Okafor\","
         "\"customer_email\":\"maya@example.com\",\"customer_phone\":\"+16465550187\"}",
         "-/0/2026-11-20T10:30:00-05:00/Maya Okafor/maya@example.com/+16465550187/chipped tooth"},
        {"{\"start_time\":\"S\",\"name\":\"N\",\"email\":\"E\",\"phone\":\"P\",\"reason\":\"R\"}", "-/0/S/N/E/P/R"},
        {"{\"startTime\":\"S\",\"attendee_name\":\"N\",\"phone_number\":\"P\",\"notes\":\"R\"}", "-/0/S/N/-/P/R"},
        {"{\"datetime\":\"S\",\"full_name\":\"N\",\"appointment_type\":\"R\"}", "-/0/S/N/-/-/R"},
        {"{\"dateTime\":\"S\"}", "-/0/S/-/-/-/-"},
        {"{\"slot\":\"S\"}", "-/0/S/-/-/-/-"},
        {"{\"slot\":\"no\",\"dateTime\":\"no\",\"start\":\"S\"}", "-/0/S/-/-/-/-"},
        {"{\"customer_name\":\" Maya \\n\"}", "-/0/-/Maya/-/-/-"},
        {"{\"customer_name\":\"caf\\u00e9 \\ud83d\\ude00\"}", "-/0/-/caf\xc3\xa9 \xf0\x9f\x98\x80/-/-/-"},
        {"{\"customer_name\":\"a\\u0000b\\ud800\"}", "-/0/-/a\xef\xbf\xbd"
                                                     "b\xef\xbf\xbd/-/-/-"},
        {"{\"customer_name\":\"x\\\"},{\\\\\"}", "-/0/-/x\"},{\\/-/-/-"},
    };
    ROWS(rows);
}

static void a_day_and_a_time_of_it(void)
{
    static const struct row rows[] = {
        {"{\"date\":\"2026-11-20\",\"time\":\"10:30\"}", "2026-11-20/0/2026-11-20T10:30/-/-/-/-"},
        {"{\"day\":\"2026-11-20\",\"start_time\":\"10:30\"}", "2026-11-20/0/2026-11-20T10:30/-/-/-/-"},
        {"{\"date\":\"2026-11-20\",\"time\":\"09:00\",\"start\":\"2026-11-21T10:30\"}",
         "2026-11-20/0/2026-11-21T10:30/-/-/-/-"},
        {"{\"time\":\"10:30\"}", "-/0/-/-/-/-/-"},
        {"{\"start\":\"10:30\"}", "-/0/10:30/-/-/-/-"},
        {"{\"date\":\"2026-11-20\",\"time\":1030}", "2026-11-20/0/-/-/-/-/-"},
    };
    ROWS(rows);
}

static void other_kinds(void)
{
    static const struct row rows[] = {
        {"{\"date\":20261120,\"start\":true,\"customer_name\":null,\"customer_email\":[\"a\"],\"customer_phone\":1,"
         "\"service\":{\"customer_name\":\"no\"}}",
         "-/0/-/-/-/-/-"},
        {"{\"date\":\"2026-11-20\",\"days\":\"3\"}", "2026-11-20/3/-/-/-/-/-"},
        {"{\"days\":7}", "-/7/-/-/-/-/-"},
        {"{\"days\":8}", "-/7/-/-/-/-/-"},
        {"{\"days\":1e15}", "-/7/-/-/-/-/-"},
        {"{\"days\":1e400}", "-/0/-/-/-/-/-"},
        {"{\"days\":-1}", "-/0/-/-/-/-/-"},
        {"{\"days\":2.9}", "-/2/-/-/-/-/-"},
        {"{\"days\":true}", "-/0/-/-/-/-/-"},
        {"{\"days\":[3]}", "-/0/-/-/-/-/-"},
        {"{\"days\":\"a few\"}", "-/0/-/-/-/-/-"},
        {"{\"customer_name\":\"\",\"name\":7,\"full_name\":\"N\"}", "-/0/-/N/-/-/-"},
        {"{\"customer_name\":{\"name\":\"no\"},\"x\":{\"date\":\"no\"},\"a\":[{\"email\":\"no\"}]}", "-/0/-/-/-/-/-"},
        {"{\"customer.name\":\"no\",\"\":\"no\",\"Date\":\"no\"}", "-/0/-/-/-/-/-"},
        {"{\"date\":\"a\",\"date\":\"b\"}", "b/0/-/-/-/-/-"},
    };
    ROWS(rows);
}

static void broken(void)
{
    static const struct row rows[] = {
        {"{\"date\":\"2026-11-20", UNREADABLE},
        {"{\"date\":\"2026-11-20\"", UNREADABLE},
        {"{\"date\":\"2026-11-20\"}}", UNREADABLE},
        {"{\"date\":\"2026-11-20\",}", UNREADABLE},
        {"{date:\"2026-11-20\"}", UNREADABLE},
        {"{\"date\":\"2026-11-20\"} {}", UNREADABLE},
        {"[\"2026-11-20\"]", UNREADABLE},
        {"[{\"date\":\"2026-11-20\"}]", UNREADABLE},
        {"20261120", UNREADABLE},
        {"true", UNREADABLE},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", UNREADABLE},
    };
    static const struct row texts[] = {
        {"\"2026-11-20\"", UNREADABLE}, {"\"\\\"{}\\\"\"", UNREADABLE}, {"\"\"", "-/0/-/-/-/-/-"},
        {"\" \\n\"", "-/0/-/-/-/-/-"},  {"\"\\u0000\"", UNREADABLE},    {"\" {} \"", "-/0/-/-/-/-/-"},
    };
    struct arena a = {0};
    ROWS(rows);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tap_case(texts[i].arguments);
        CHECK_STR(told(&a, str_of(texts[i].arguments)), texts[i].told);
    }
    CHECK_STR(told(&a, str_of(NULL)), "-/0/-/-/-/-/-");
    arena_free(&a);
}

/* A name of `n` characters of two bytes each. */
static struct str long_name(struct arena *a, size_t n)
{
    struct buf b = buf_make(100000);
    CHECK_INT(buf_append(&b, STR("{\"customer_name\":\"x")), 0);
    for (size_t i = 0; i < n; i++) {
        CHECK_INT(buf_append(&b, STR("\xc3\xa9")), 0);
    }
    CHECK_INT(buf_append(&b, STR("\"}")), 0);
    struct str text = arena_copy(a, buf_str(&b));
    buf_free(&b);
    return text;
}

static void long_ones(void)
{
    struct arena a = {0};
    struct str cut = told(&a, long_name(&a, CAP_BOOKING_TEXT_BYTES));
    CHECK_INT((long long)cut.n, (long long)sizeof("-/0/-//-/-/-") - 1 + CAP_BOOKING_TEXT_BYTES - 1);
    size_t frame = sizeof("{\"customer_name\":\"x\"}") - 1, n = (CAP_TOOL_ARGUMENT_BYTES - frame) / 2;
    CHECK(!str_eq(told(&a, long_name(&a, n)), STR(UNREADABLE)));
    CHECK_STR(told(&a, long_name(&a, n + 1)), UNREADABLE);
    arena_free(&a);
}

TAP_MAIN(TEST(definitions), TEST(names), TEST(arguments), TEST(a_day_and_a_time_of_it), TEST(other_kinds), TEST(broken),
         TEST(long_ones))
