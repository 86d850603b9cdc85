#include "timestamp.h"
#include "field.h"
#include <stdio.h>
#include <time.h>

#define LAST_US 253402300799000000 /* end of year 9999 */

int64_t timestamp_wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct str timestamp_format(int64_t us, char out[TIMESTAMP_TEXT_BYTES])
{
    time_t seconds = (time_t)(us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(out, TIMESTAMP_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
    n += (size_t)snprintf(out + n, TIMESTAMP_TEXT_BYTES - n, ".%03dZ", (int)(us / 1000 % 1000));
    return (struct str){out, n};
}

int64_t timestamp_from_ms(double ms)
{
    ms = ms < 1e11 ? ms * 1e3 : ms; /* ten digits are seconds: as milliseconds they would be January 1970 */
    return ms > 0 && ms < (double)LAST_US / 1000 ? (int64_t)(ms * 1000 + 0.5) : 0;
}

/* Digits behind a point or comma, as microseconds; NULL when there are none. */
static const char *parse_fraction(const char *p, double *us_out)
{
    const char *start = ++p;
    for (double unit = 1e5; *p >= '0' && *p <= '9'; p++, unit /= 10) {
        *us_out += (*p - '0') * unit;
    }
    return p > start ? p : NULL;
}

static int two_digits(const char *p)
{
    bool digits = p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9';
    return digits ? (p[0] - '0') * 10 + p[1] - '0' : 99;
}

/* "Z", "+01:00", "+0000", "+01", "GMT" or nothing; nothing may follow it. */
static bool parse_zone(const char *p, int *seconds_out)
{
    *seconds_out = 0;
    if (*p != '+' && *p != '-') {
        return !*p || !strcasecmp(p, "Z") || !strcmp(p, "GMT") || !strcmp(p, "UT");
    }
    int sign = *p++ == '-' ? -1 : 1, hours = two_digits(p), minutes = 0;
    if (hours < 24 && p[2]) {
        p += p[2] == ':';
        minutes = two_digits(p + 2);
        p += minutes < 60 ? 2 : 0;
    }
    *seconds_out = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60 && !p[2];
}

/* What stands behind the seconds. */
static int64_t parse_rest(const char *p, struct tm *tm)
{
    double fraction_us = 0;
    int zone_seconds, day = tm->tm_mday;
    if (*p == '.' || *p == ',') {
        p = parse_fraction(p, &fraction_us);
    }
    if (!p || !parse_zone(p, &zone_seconds)) {
        return 0;
    }
    int64_t seconds = (int64_t)timegm(tm) - zone_seconds;
    int64_t us = seconds * 1000000 + (int64_t)(fraction_us + 0.5);
    bool exists = tm->tm_mday == day; /* the 31st of November became the 1st of December */
    return exists && us > 0 && us < LAST_US ? us : 0;
}

static int64_t parse_number(struct str text)
{
    double value;
    struct field as_number = {.kind = FIELD_NUM};
    if (field_set_text(&as_number, &value, text) < 0) {
        return 0;
    }
    return timestamp_from_ms(value);
}

int64_t timestamp_parse(struct str text)
{
    char copy[64];
    struct tm tm = {0};
    if (text.n == 0 || text.n >= sizeof(copy) || memchr(text.p, 0, text.n)) {
        return 0;
    }
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    const char *rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest) {
        rest = strptime(copy, "%Y-%m-%d %H:%M:%S", &tm);
    }
    if (rest) {
        return parse_rest(rest, &tm);
    }
    rest = strptime(copy, "%a, %d %b %Y %H:%M:%S ", &tm);
    return rest && *rest ? parse_rest(rest, &tm) : parse_number(text);
}
