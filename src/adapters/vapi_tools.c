#include "vapi_tools.h"
#include "caps.h"
#include "utf8.h"
#include "vapi_message.h"

/* JSON Schema of one argument. */
#define TEXT(name, description) "\"" name "\":{\"type\":\"string\",\"description\":\"" description "\"}"
#define SMALL_INTEGER(name, description)                                                                               \
    "\"" name "\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":7,\"description\":\"" description "\"}"
#define COMMA ","
#define TOOL_DEFINITION(name, description, properties, required)                                                       \
    "{\"type\":\"function\",\"async\":false,\"function\":{\"name\":\"" name "\",\"description\":\"" description        \
    "\",\"parameters\":{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "]}},"            \
    "\"messages\":[{\"type\":\"request-start\",\"content\":\"One moment while I look at the calendar.\","              \
    "\"blocking\":false}]}"

#define CHECK_DESCRIPTION                                                                                              \
    "Looks into the calendar of the business and says which times are free. Use it before you offer a time. Offer "    \
    "only times that its answer names; never invent a time."
#define DATE_TEXT "YYYY-MM-DD, a day in the business's own time zone."
#define DAYS_TEXT "How many days to look at, the first one included. Leave it out for the next free times."

#define BOOK_DESCRIPTION                                                                                                \
    "Books an appointment at a time that check_availability offered. First say the day, the time and the name back to " \
    "the caller, and use it only after the caller has confirmed all three. Ask for an e-mail address only when the "    \
    "answer of this tool asks for one, and spell the address back to the caller before you use it. Afterwards tell "    \
    "the caller what the answer says: it is booked only when the answer says booked; when it says requested, say "      \
    "requested and not booked; when it is an error, do not say that anything is booked. It can not move or cancel an "  \
    "appointment: only the business can."
#define START_TEXT                                                                                                     \
    "Date and time as the clock of the business shows it, as 2026-11-20T10:30, of a time that check_availability "     \
    "offered."
#define NAME_TEXT "First and last name of the caller."
#define EMAIL_TEXT "E-mail address, as the caller confirmed it letter by letter."
#define PHONE_TEXT "A number to reach the caller at, if it is not the one they call from."
#define SERVICE_TEXT "What the appointment is for, in a few words."

#define CHECK_PROPERTIES TEXT("date", DATE_TEXT) COMMA SMALL_INTEGER("days", DAYS_TEXT)
#define BOOK_PROPERTIES                                                                                                \
    TEXT("start", START_TEXT)                                                                                          \
    COMMA TEXT("customer_name", NAME_TEXT)                                                                             \
    COMMA TEXT("customer_email", EMAIL_TEXT)                                                                           \
    COMMA TEXT("customer_phone", PHONE_TEXT)                                                                           \
    COMMA TEXT("service", SERVICE_TEXT)
#define CHECK_TOOL TOOL_DEFINITION("check_availability", CHECK_DESCRIPTION, CHECK_PROPERTIES, "\"date\"")
#define BOOK_TOOL TOOL_DEFINITION("book_appointment", BOOK_DESCRIPTION, BOOK_PROPERTIES, "\"start\",\"customer_name\"")

struct str vapi_tool_definitions(void)
{
    return STR("[" CHECK_TOOL COMMA BOOK_TOOL "]");
}

bool vapi_tool_find(struct str name, enum booking_tool *tool_out)
{
    static const struct {
        const char *name;
        enum booking_tool tool;
    } rows[] = {
        {"check_availability", BOOKING_CHECK}, {"checkAvailability", BOOKING_CHECK},
        {"get_availability", BOOKING_CHECK},   {"getAvailability", BOOKING_CHECK},
        {"book_appointment", BOOKING_BOOK},    {"bookAppointment", BOOKING_BOOK},
        {"create_booking", BOOKING_BOOK},      {"createBooking", BOOKING_BOOK},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (str_eq(name, str_of(rows[i].name))) {
            *tool_out = rows[i].tool;
            return true;
        }
    }
    return false;
}

/* Values as they stand there; each kind of text under all the names that assistants have for it, the first one first. */
struct arguments {
    struct str text; /* when all of it is one string */
    struct str date[2], time[1], start[6], name[4], email[2], phone[3], service[4], days;
};

#define A(member, key) FIELD(struct arguments, member, key, RAW, 0)
static const struct field argument_fields[] = {
    FIELD(struct arguments, text, "", STR, 0),
    A(date[0], "date"),
    A(date[1], "day"),
    A(time[0], "time"),
    A(start[0], "start"),
    A(start[1], "start_time"),
    A(start[2], "startTime"),
    A(start[3], "datetime"),
    A(start[4], "dateTime"),
    A(start[5], "slot"),
    A(name[0], "customer_name"),
    A(name[1], "name"),
    A(name[2], "attendee_name"),
    A(name[3], "full_name"),
    A(email[0], "customer_email"),
    A(email[1], "email"),
    A(phone[0], "customer_phone"),
    A(phone[1], "phone"),
    A(phone[2], "phone_number"),
    A(service[0], "service"),
    A(service[1], "reason"),
    A(service[2], "notes"),
    A(service[3], "appointment_type"),
    A(days, "days"),
};

struct json_shape *vapi_tool_shape(void)
{
    return json_shape_new(argument_fields, FIELD_COUNT(argument_fields));
}

struct reading {
    const struct json_shape *shape;
    struct arena *arena;
};

/* Repaired each time: what was an escape of an escape in the message may stand for NUL by now. */
static bool read_json(struct reading r, struct str text, struct arguments *out)
{
    struct buf doc = buf_make(text.n * 3);
    int rc = buf_append(&doc, text);
    rc = rc ? rc : utf8_repair_json(&doc);
    struct json_pass pass = {
        .shape = r.shape, .doc = buf_str(&doc), .target = out, .target_bytes = sizeof(*out), .arena = r.arena};
    rc = rc < 0 ? rc : json_read(&pass);
    buf_free(&doc);
    return rc == 0;
}

static struct str without_blanks(struct str s)
{
    while (s.n && (unsigned char)*s.p <= ' ') {
        s = str_skip(s, 1);
    }
    while (s.n && (unsigned char)s.p[s.n - 1] <= ' ') {
        s.n--;
    }
    return s;
}

static bool read_arguments(struct reading r, struct str text, struct arguments *out)
{
    if (*text.p == '"') {
        if (!read_json(r, text, out)) {
            return false;
        }
        text = without_blanks(out->text);
    }
    return !text.n || (*text.p == '{' && read_json(r, text, out));
}

/* The first of them that is a text with something in it. */
static struct str pick(struct reading r, const struct str *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arguments value = {0};
        bool string = values[i].n && *values[i].p == '"' && read_json(r, values[i], &value);
        struct str text = string ? without_blanks(value.text) : (struct str){NULL, 0};
        if (text.n) {
            return utf8_cut(text, CAP_BOOKING_TEXT_BYTES);
        }
    }
    return (struct str){NULL, 0};
}

#define PICK(r, list) pick(r, list, FIELD_COUNT(list))

static int64_t read_days(struct reading r, struct str value)
{
    int64_t days = 0;
    struct field number = {.kind = FIELD_INT};
    struct str text = str_or(pick(r, &value, 1), value);
    if (field_set_text(&number, &days, text) < 0 || days < 0) {
        return 0;
    }
    return days < CAP_BOOKING_DAYS ? days : CAP_BOOKING_DAYS;
}

/* "10:30", and the day stands elsewhere. */
static bool is_clock(struct str s)
{
    return s.n <= 8 && str_find(s, ':') < s.n;
}

static struct str start_of(struct reading r, const struct arguments *args, struct str date)
{
    struct str start = PICK(r, args->start);
    struct str time = start.n ? start : PICK(r, args->time);
    if (start.n && !is_clock(start)) {
        return start;
    }
    if (!time.n || !date.n) {
        return start;
    }
    struct str both = arena_printf(r.arena, "%.*sT%.*s", (int)date.n, date.p, (int)time.n, time.p);
    return utf8_cut(both, CAP_BOOKING_TEXT_BYTES);
}

void vapi_tool_read(const struct json_shape *shape, struct arena *a, struct str arguments, struct booking_wish *wish)
{
    struct reading r = {shape, a};
    struct arguments args = {0};
    if (!arguments.n) {
        return;
    }
    if (arguments.n > CAP_TOOL_ARGUMENT_BYTES || !read_arguments(r, arguments, &args)) {
        wish->unreadable = true;
        return;
    }
    wish->date = PICK(r, args.date);
    wish->days = read_days(r, args.days);
    wish->start = start_of(r, &args, wish->date);
    wish->name = PICK(r, args.name);
    wish->email = PICK(r, args.email);
    wish->phone = PICK(r, args.phone);
    wish->service = PICK(r, args.service);
}

struct vapi_tool_results vapi_tool_results_make(struct arena *a, const struct field_list_value *calls)
{
    const struct vapi_tool_call *call = calls->items;
    struct vapi_tool_results r = {arena_alloc(a, calls->count * sizeof(*r.rows)), calls->count};
    for (size_t i = 0; i < r.count; i++) {
        struct str name = str_or(call[i].function_name, call[i].name);
        r.rows[i].name = name.p ? arena_copy(a, name) : name;
        r.rows[i].id = call[i].id.p ? arena_copy(a, call[i].id) : call[i].id;
        r.rows[i].error = STR(VAPI_NO_BOOKING);
    }
    return r;
}

static const struct field result_fields[] = {
    FIELD(struct vapi_tool_result, name, "name", STR, 0),
    FIELD(struct vapi_tool_result, id, "toolCallId", STR, 0),
    FIELD(struct vapi_tool_result, result, "result", STR, FIELD_OMIT_EMPTY),
    FIELD(struct vapi_tool_result, error, "error", STR, FIELD_OMIT_EMPTY),
};

struct str vapi_tool_results_write(struct arena *a, struct vapi_tool_results results)
{
    struct buf out = buf_make(CAP_REPLY_BYTES);
    int rc = buf_append(&out, STR("{\"results\":["));
    for (size_t i = 0; i < results.count && rc == 0; i++) {
        rc = buf_append(&out, i ? STR(",") : STR(""));
        rc = rc ? rc : json_write(&out, result_fields, FIELD_COUNT(result_fields), &results.rows[i]);
    }
    rc = rc ? rc : buf_append(&out, STR("]}"));
    struct str text = rc < 0 ? STR("{\"results\":[]}") : arena_copy(a, buf_str(&out));
    buf_free(&out);
    return text;
}

struct str vapi_tool_result_write(struct arena *a, struct str result)
{
    struct buf out = buf_make(CAP_REPLY_BYTES);
    struct vapi_tool_result row = {.result = result};
    int rc = json_write(&out, &result_fields[2], 1, &row);
    struct str text = rc < 0 ? STR("{}") : arena_copy(a, buf_str(&out));
    buf_free(&out);
    return text;
}
