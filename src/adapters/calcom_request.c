#include "calcom_request.h"
#include "caps.h"
#include "json.h"
#include "timestamp.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)
#define DATE_LETTERS 10

struct resource {
    const char *method, *version;
};

/* GET /v2/me has no version of its own. */
static const struct resource resources[] = {
    [CALENDAR_SLOTS] = {"GET", "2024-09-04"},      [CALENDAR_BOOK] = {"POST", "2024-08-13"},
    [CALENDAR_FIND] = {"GET", "2024-08-13"},       [CALENDAR_ACCOUNT] = {"GET", "2024-08-13"},
    [CALENDAR_EVENT_TYPE] = {"GET", "2024-06-14"},
};

struct booking {
    int64_t event_type_id;
    struct str start, name, email, phone, zone, language, notes, booking_id, call_id, business_id;
};

#define B(member, path, flags) FIELD(struct booking, member, path, STR, flags)
static const struct field booking_fields[] = {
    FIELD(struct booking, event_type_id, "eventTypeId", INT, 0),
    B(start, "start", 0),
    B(name, "attendee.name", 0),
    B(email, "attendee.email", FIELD_OMIT_EMPTY),
    B(phone, "attendee.phoneNumber", FIELD_OMIT_EMPTY),
    B(zone, "attendee.timeZone", 0),
    B(language, "attendee.language", 0),
    B(notes, "bookingFieldsResponses.notes", FIELD_OMIT_EMPTY),
    B(booking_id, "metadata.ringback_booking", 0),
    B(call_id, "metadata.call_id", FIELD_OMIT_EMPTY),
    B(business_id, "metadata.business", FIELD_OMIT_EMPTY),
};

struct str calcom_request_base(struct str api_url)
{
    while (str_ends(api_url, STR("/"))) {
        api_url.n--;
    }
    if (str_ends(api_url, STR("/v2"))) {
        api_url.n -= 3;
    }
    while (str_ends(api_url, STR("/"))) {
        api_url.n--;
    }
    return api_url;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

/* For a query (RFC 3986). */
static struct str encode(struct arena *a, struct str s)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, s.n * 3 + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_plain(s.p[i])) {
            out[n++] = s.p[i];
        } else {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    return (struct str){out, n};
}

/* A time so much later, for a query; absent when it is none. */
static struct str shift(struct arena *a, struct str time, int64_t by_us, size_t letters)
{
    char text[TIMESTAMP_TEXT_BYTES];
    int64_t at_us = timestamp_parse(time);
    return at_us ? encode(a, str_cut(timestamp_format(at_us + by_us, text), letters)) : (struct str){NULL, 0};
}

static struct str shift_date(struct arena *a, struct str date, int64_t by_us)
{
    return shift(a, arena_printf(a, "%.*sT00:00:00Z", (int)date.n, date.p), by_us, DATE_LETTERS);
}

/* Days are UTC's there: one more on both sides covers the local ones. */
static int ask_slots(const struct calendar_ask *q, struct arena *a, struct str *path_out)
{
    struct str zone = encode(a, q->zone);
    struct str start = shift_date(a, q->from_date, -DAY_US), end = shift_date(a, q->to_date, DAY_US);
    *path_out = arena_printf(a, "/slots?eventTypeId=%lld&start=%.*s&end=%.*s&timeZone=%.*s",
                             (long long)q->account.event_type_id, (int)start.n, start.p, (int)end.n, end.p, (int)zone.n,
                             zone.p);
    return start.p && end.p ? 0 : ERR_BAD_REQUEST;
}

/* Whether the calendar counts a booking that starts at that very second is not known; none lasts for two days. */
static int ask_find(const struct calendar_ask *q, struct arena *a, struct str *path_out)
{
    struct str after = shift(a, q->start_utc, -SECOND_US, TIMESTAMP_TEXT_BYTES);
    struct str before = shift(a, q->start_utc, 2 * DAY_US, TIMESTAMP_TEXT_BYTES);
    *path_out = arena_printf(a, "/bookings?eventTypeId=%lld&afterStart=%.*s&beforeEnd=%.*s&sortStart=asc&take=%d",
                             (long long)q->account.event_type_id, (int)after.n, after.p, (int)before.n, before.p,
                             CAP_CALCOM_FOUND);
    return after.p && before.p ? 0 : ERR_BAD_REQUEST;
}

static struct str or_absent(struct str s)
{
    return s.n ? s : (struct str){NULL, 0};
}

static int write_booking(const struct calendar_ask *q, struct buf *out)
{
    struct booking b = {.event_type_id = q->account.event_type_id,
                        .start = q->start_utc,
                        .name = q->name,
                        .email = or_absent(q->email),
                        .phone = or_absent(q->phone),
                        .zone = q->zone,
                        .language = STR("en"),
                        .notes = or_absent(q->service),
                        .booking_id = q->booking_id,
                        .call_id = or_absent(q->call_id),
                        .business_id = or_absent(q->business_id)};
    *out = buf_make(CAP_CALCOM_BODY_BYTES);
    return json_write(out, booking_fields, FIELD_COUNT(booking_fields), &b);
}

int calcom_request_make(const struct calendar_ask *q, struct str api_url, struct arena *a, struct calcom_request *out)
{
    struct str base = calcom_request_base(api_url), path = STR("/me");
    int rc = 0;
    *out = (struct calcom_request){.method = resources[q->what].method, .version = resources[q->what].version};
    if (q->what == CALENDAR_SLOTS) {
        rc = ask_slots(q, a, &path);
    } else if (q->what == CALENDAR_FIND) {
        rc = ask_find(q, a, &path);
    } else if (q->what == CALENDAR_EVENT_TYPE) {
        path = arena_printf(a, "/event-types/%lld", (long long)q->account.event_type_id);
    } else if (q->what == CALENDAR_BOOK) {
        path = STR("/bookings");
        rc = write_booking(q, &out->body);
    }
    out->url = arena_printf(a, "%.*s/v2%.*s", (int)base.n, base.p, (int)path.n, path.p);
    return rc;
}
