#include "timestamp.h"
#include <stdio.h>
#include <stdlib.h>
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
    return ms > 0 && ms < (double)LAST_US / 1000 ? (int64_t)(ms * 1000) : 0;
}

/* ".120" and "Z", "+01:00", "+0000" or nothing behind the seconds. */
static int64_t parse_rest(const char *p, struct tm *tm)
{
    double fraction = 0;
    if (*p == '.' || *p == ',') {
        double unit = 0.1;
        for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10) {
            fraction += (*p - '0') * unit;
        }
    }
    int hours = 0, minutes = 0, sign = *p == '-' ? -1 : 1;
    if (*p == '+' || *p == '-') {
        if (sscanf(p + 1, "%2d:%2d", &hours, &minutes) < 2 && sscanf(p + 1, "%2d%2d", &hours, &minutes) < 1) {
            return 0;
        }
    } else if (*p && *p != 'Z' && *p != 'z' && *p != ' ') {
        return 0;
    }
    int64_t us = ((int64_t)timegm(tm) - sign * (hours * 3600 + minutes * 60)) * 1000000 + (int64_t)(fraction * 1e6 + 0.5);
    return us > 0 && us < LAST_US ? us : 0;
}

static int64_t parse_number(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*end) {
        return 0;
    }
    return timestamp_from_ms(value < 1e11 ? value * 1000 : value);
}

int64_t timestamp_parse(struct str text)
{
    char copy[64];
    struct tm tm = {0};
    if (text.n == 0 || text.n >= sizeof(copy)) {
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
    return rest ? parse_rest(rest, &tm) : parse_number(copy);
}
