#include "booking_when.h"
#include <stdio.h>
#include <time.h>

#define DAY_S 86400

/* So many digits as a number; -1 when there is something else. */
static int digits(struct str s, size_t at, size_t count)
{
    int n = s.n >= at + count ? 0 : -1;
    for (size_t i = at; i < at + count && n >= 0; i++) {
        n = s.p[i] >= '0' && s.p[i] <= '9' ? n * 10 + (s.p[i] - '0') : -1;
    }
    return n;
}

static bool is_at(struct str s, size_t at, const char *one_of)
{
    return s.n > at && s.p[at] && strchr(one_of, s.p[at]);
}

static time_t seconds_of(const char date[BOOKING_DATE_BYTES])
{
    struct str s = str_of(date);
    struct tm day = {.tm_year = digits(s, 0, 4) - 1900, .tm_mon = digits(s, 5, 2) - 1, .tm_mday = digits(s, 8, 2)};
    return timegm(&day);
}

static void write_date(time_t at, char out[BOOKING_DATE_BYTES])
{
    struct tm day;
    gmtime_r(&at, &day);
    strftime(out, BOOKING_DATE_BYTES, "%Y-%m-%d", &day);
}

bool booking_date_read(struct str text, char out[BOOKING_DATE_BYTES])
{
    char again[BOOKING_DATE_BYTES];
    struct str s = str_trim(text), day = str_cut(s, BOOKING_DATE_BYTES - 1);
    bool shaped = digits(s, 0, 4) >= 2000 && digits(s, 0, 4) < 2200 && is_at(s, 4, "-") && digits(s, 5, 2) >= 1 &&
                  is_at(s, 7, "-") && digits(s, 8, 2) >= 1 && (s.n == day.n || is_at(s, day.n, "T t"));
    if (!shaped) {
        return false;
    }
    snprintf(out, BOOKING_DATE_BYTES, "%.*s", (int)day.n, day.p);
    write_date(seconds_of(out), again); /* February 30 comes back as another day */
    return strcmp(out, again) == 0;
}

/* What stands behind the minutes: seconds, perhaps with a fraction. */
static size_t skip_seconds(struct str s, size_t at)
{
    if (!is_at(s, at, ":") || digits(s, at + 1, 2) < 0 || digits(s, at + 1, 2) > 59) {
        return at;
    }
    at += 3;
    if (is_at(s, at, ".") && digits(s, at + 1, 1) >= 0) {
        at++;
        while (digits(s, at, 1) >= 0) {
            at++;
        }
    }
    return at;
}

static bool read_offset(struct str rest, char out[7])
{
    size_t colon = is_at(rest, 3, ":");
    int hours = digits(rest, 1, 2), minutes = rest.n == 3 ? 0 : digits(rest, 3 + colon, 2);
    out[0] = 0;
    if (rest.n == 0) {
        return true;
    }
    if (rest.n == 1 && is_at(rest, 0, "Zz")) {
        snprintf(out, 7, "+00:00");
        return true;
    }
    bool fits = is_at(rest, 0, "+-") && hours >= 0 && hours <= 14 && minutes >= 0 && minutes <= 59 &&
                (rest.n == 3 || rest.n == 5 + colon);
    snprintf(out, 7, "%c%02u:%02u", fits ? rest.p[0] : '+', fits ? (unsigned)hours % 100 : 0,
             fits ? (unsigned)minutes % 100 : 0);
    return fits;
}

bool booking_when_read(struct str text, struct booking_when *out)
{
    char date[BOOKING_DATE_BYTES];
    struct str s = str_trim(text);
    int hour = digits(s, 11, 2), minute = digits(s, 14, 2);
    bool shaped =
        booking_date_read(s, date) && hour >= 0 && hour < 24 && is_at(s, 13, ":") && minute >= 0 && minute < 60;
    if (!shaped) {
        return false;
    }
    snprintf(out->local, sizeof(out->local), "%s %02u:%02u:00", date, (unsigned)hour % 100, (unsigned)minute % 100);
    return read_offset(str_trim(str_skip(s, skip_seconds(s, 16))), out->offset);
}

void booking_date_add(const char date[BOOKING_DATE_BYTES], int days, char out[BOOKING_DATE_BYTES])
{
    write_date(seconds_of(date) + (time_t)days * DAY_S, out);
}

int booking_days_between(const char from[BOOKING_DATE_BYTES], const char to[BOOKING_DATE_BYTES])
{
    return (int)((seconds_of(to) - seconds_of(from)) / DAY_S);
}

struct str booking_day_words(struct arena *a, const char date[BOOKING_DATE_BYTES])
{
    static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    time_t at = seconds_of(date);
    struct tm day;
    gmtime_r(&at, &day);
    return arena_printf(a, "%s, %s %d", days[day.tm_wday], months[day.tm_mon], day.tm_mday);
}

bool booking_slot_date(struct str start, char out[BOOKING_DATE_BYTES])
{
    return booking_date_read(start, out) && booking_slot_minute(start) >= 0;
}

int booking_slot_minute(struct str start)
{
    int hour = digits(start, 11, 2), minute = digits(start, 14, 2);
    bool shaped =
        is_at(start, 10, "Tt ") && is_at(start, 13, ":") && hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
    return shaped ? hour * 60 + minute : -1;
}

struct str booking_slot_words(struct arena *a, struct str start)
{
    int minute = booking_slot_minute(start), hour = minute / 60;
    return arena_printf(a, "%d:%02d %s", hour % 12 ? hour % 12 : 12, minute % 60, hour < 12 ? "AM" : "PM");
}
