#include "log.h"
#include "caps.h"
#include "timestamp.h"
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level least_level = LOG_INFO;
static enum log_format line_format = LOG_FORMAT_JSON;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

struct line {
    char bytes[CAP_LOG_LINE_BYTES];
    size_t len;
};

void log_setup(enum log_level least, enum log_format format)
{
    least_level = least;
    line_format = format;
}

bool log_enabled(enum log_level level)
{
    return level >= least_level;
}

static void put(struct line *l, const char *bytes, size_t n)
{
    size_t room = sizeof(l->bytes) - 4 - l->len; /* the line's own end always fits */
    if (n > room) {
        n = room;
    }
    memcpy(l->bytes + l->len, bytes, n);
    l->len += n;
}

static void put_text(struct line *l, struct str text)
{
    for (size_t i = 0; i < text.n && l->len < sizeof(l->bytes) - 16; i++) {
        unsigned char c = (unsigned char)text.p[i];
        char hex[8];
        if (c == '"' || c == '\\') {
            put(l, (char[]){'\\', (char)c}, 2);
        } else if (c < 0x20 || c == 0x7f) {
            put(l, hex, (size_t)snprintf(hex, sizeof(hex), "\\u%04x", c));
        } else {
            put(l, (char[]){(char)c}, 1);
        }
    }
}

static void put_field(struct line *l, const struct log_field *f)
{
    bool json = line_format == LOG_FORMAT_JSON;
    put(l, json ? ",\"" : " ", json ? 2 : 1);
    put(l, f->name, strlen(f->name));
    put(l, json ? "\":" : "=", json ? 2 : 1);
    if (f->text.p) {
        put(l, "\"", json ? 1 : 0);
        put_text(l, f->text);
        put(l, "\"", json ? 1 : 0);
    } else {
        char digits[24];
        put(l, digits, (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)f->number));
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if (!log_enabled(level)) {
        return;
    }
    struct line l = {.len = 0};
    char now[TIMESTAMP_TEXT_BYTES];
    struct str ts = timestamp_format(timestamp_wall_us(), now);
    bool json = line_format == LOG_FORMAT_JSON;
    put(&l, json ? "{\"ts\":\"" : "", json ? 7 : 0);
    put(&l, ts.p, ts.n);
    put(&l, json ? "\",\"level\":\"" : " ", json ? 11 : 1);
    put(&l, level_names[level], strlen(level_names[level]));
    put(&l, json ? "\",\"event\":\"" : " ", json ? 11 : 1);
    put(&l, event, strlen(event));
    put(&l, json ? "\"" : "", json ? 1 : 0);
    for (; fields->name; fields++) {
        put_field(&l, fields);
    }
    put(&l, "}", json ? 1 : 0);
    l.bytes[l.len++] = '\n';
    ssize_t written = write(STDERR_FILENO, l.bytes, l.len);
    (void)written; /* nobody is left to tell */
}
