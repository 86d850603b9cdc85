#include "log.h"
#include "caps.h"
#include "timestamp.h"
#include "utf8.h"
#include <stdio.h>
#include <unistd.h>

static enum log_level least_level = LOG_INFO;
static enum log_format line_format = LOG_FORMAT_JSON;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

#define END_BYTES 2                              /* bracket and line break always fit */
#define MOST_TEXT_BYTES (CAP_LOG_LINE_BYTES / 4) /* so that the fields behind a long one still fit */

struct line {
    char bytes[CAP_LOG_LINE_BYTES];
    size_t len;
    bool full;
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
    l->full |= n > sizeof(l->bytes) - END_BYTES - l->len;
    if (!l->full) {
        memcpy(l->bytes + l->len, bytes, n);
        l->len += n;
    }
}

/* One character of a text; returns how many bytes it took from there. */
static size_t put_character(struct line *l, struct str text)
{
    unsigned char c = (unsigned char)*text.p;
    size_t n = utf8_sequence(text);
    char hex[8];
    if (c == '"' || c == '\\') {
        put(l, (char[]){'\\', (char)c}, 2);
    } else if (c < 0x20 || c == 0x7f || n == 0) {
        put(l, hex, (size_t)snprintf(hex, sizeof(hex), "\\u%04x", n ? c : 0xfffd));
    } else {
        put(l, text.p, n);
    }
    return n ? n : 1;
}

static void put_text(struct line *l, struct str text)
{
    size_t end = l->len + MOST_TEXT_BYTES;
    while (text.n && l->len < end && !l->full) {
        text = str_skip(text, put_character(l, text));
    }
}

static void put_field(struct line *l, const struct log_field *f)
{
    bool json = line_format == LOG_FORMAT_JSON;
    size_t start = l->len;
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
    if (l->full) {
        l->len = start; /* a field that does not fit is left out whole */
        l->full = false;
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
    if (json) {
        l.bytes[l.len++] = '}';
    }
    l.bytes[l.len++] = '\n';
    ssize_t written = write(STDERR_FILENO, l.bytes, l.len);
    (void)written; /* nobody is left to tell */
}
