#pragma once
/* A second opinion on JSON, for tests: RFC 8259 to the letter, written without the parser that the server uses. Text must
 * be UTF-8 that Postgres takes: no NUL, no escape that stands for NUL or for half a surrogate pair. */
#include "str.h"

#define STRICT_JSON_DEPTH 200

struct strict_json {
    const char *p, *end;
    int depth, deepest;
    void (*on_key)(void *context, struct str key); /* as written, without quotes; may be NULL */
    void *context;
};

static bool strict_json_value(struct strict_json *j);

static inline int strict_json_hex(const char *p)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    int value = 0;
    for (int i = 0; i < 4; i++) {
        const char *digit = memchr(digits, p[i], sizeof(digits) - 1);
        if (!digit) {
            return -1;
        }
        int worth = (int)(digit - digits);
        value = value * 16 + (worth < 16 ? worth : worth - 6);
    }
    return value;
}

/* p stands behind "\u"; *n_out is how many bytes the escape, or the pair, takes from there. */
static inline bool strict_json_unicode(const char *p, const char *end, size_t *n_out)
{
    int code = end - p >= 4 ? strict_json_hex(p) : -1;
    *n_out = 4;
    if (code >= 0xd800 && code <= 0xdbff) {
        int low = end - p >= 10 && p[4] == '\\' && p[5] == 'u' ? strict_json_hex(p + 6) : -1;
        *n_out = 10;
        return low >= 0xdc00 && low <= 0xdfff;
    }
    return code > 0 && (code < 0xdc00 || code > 0xdfff);
}

static inline bool strict_json_string(struct strict_json *j, struct str *text_out)
{
    if (j->p == j->end || *j->p++ != '"') {
        return false;
    }
    const char *start = j->p;
    while (j->p < j->end && *j->p != '"') {
        unsigned char c = (unsigned char)*j->p++;
        if (c < 0x20) {
            return false;
        }
        if (c != '\\') {
            continue;
        }
        size_t n = 0;
        if (j->p == j->end || !*j->p || !strchr("\"\\/bfnrtu", *j->p) ||
            (*j->p == 'u' && !strict_json_unicode(j->p + 1, j->end, &n))) {
            return false;
        }
        j->p += 1 + n;
    }
    *text_out = (struct str){start, (size_t)(j->p - start)};
    return j->p < j->end && *j->p++ == '"';
}

static inline size_t strict_json_digits(struct strict_json *j)
{
    const char *start = j->p;
    while (j->p < j->end && *j->p >= '0' && *j->p <= '9') {
        j->p++;
    }
    return (size_t)(j->p - start);
}

static inline bool strict_json_number(struct strict_json *j)
{
    j->p += j->p < j->end && *j->p == '-';
    if (j->p < j->end && *j->p == '0') {
        j->p++;
    } else if (strict_json_digits(j) == 0) {
        return false;
    }
    if (j->p < j->end && *j->p == '.') {
        j->p++;
        if (strict_json_digits(j) == 0) {
            return false;
        }
    }
    if (j->p < j->end && (*j->p | 32) == 'e') {
        j->p++;
        j->p += j->p < j->end && (*j->p == '+' || *j->p == '-');
        return strict_json_digits(j) > 0;
    }
    return true;
}

static inline void strict_json_blank(struct strict_json *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n' || *j->p == '\r')) {
        j->p++;
    }
}

static inline bool strict_json_take(struct strict_json *j, char c)
{
    strict_json_blank(j);
    bool there = j->p < j->end && *j->p == c;
    j->p += there;
    return there;
}

static inline bool strict_json_member(struct strict_json *j)
{
    struct str key;
    strict_json_blank(j);
    if (!strict_json_string(j, &key) || !strict_json_take(j, ':')) {
        return false;
    }
    if (j->on_key) {
        j->on_key(j->context, key);
    }
    return strict_json_value(j);
}

static inline bool strict_json_container(struct strict_json *j, bool map)
{
    char close = map ? '}' : ']';
    j->p++;
    if (++j->depth > STRICT_JSON_DEPTH) {
        return false;
    }
    j->deepest = j->depth > j->deepest ? j->depth : j->deepest;
    if (!strict_json_take(j, close)) {
        do {
            if (!(map ? strict_json_member(j) : strict_json_value(j))) {
                return false;
            }
        } while (strict_json_take(j, ','));
        if (!strict_json_take(j, close)) {
            return false;
        }
    }
    j->depth--;
    return true;
}

static inline bool strict_json_word(struct strict_json *j, struct str word)
{
    bool there = str_starts((struct str){j->p, (size_t)(j->end - j->p)}, word);
    j->p += there ? word.n : 0;
    return there;
}

static bool strict_json_value(struct strict_json *j)
{
    struct str ignored;
    strict_json_blank(j);
    switch (j->p < j->end ? *j->p : 0) {
    case '{':
        return strict_json_container(j, true);
    case '[':
        return strict_json_container(j, false);
    case '"':
        return strict_json_string(j, &ignored);
    case 't':
        return strict_json_word(j, STR("true"));
    case 'f':
        return strict_json_word(j, STR("false"));
    case 'n':
        return strict_json_word(j, STR("null"));
    default:
        return strict_json_number(j);
    }
}

/* One value and nothing behind it? Fills the counters. */
static inline bool strict_json_document(struct strict_json *j)
{
    bool good = j->p < j->end && strict_json_value(j);
    strict_json_blank(j);
    return good && j->p == j->end;
}

/* One value and nothing behind it? */
static inline bool strict_json_valid(struct str doc, void (*on_key)(void *context, struct str key), void *context)
{
    struct strict_json j = {.p = doc.p, .end = doc.p + doc.n, .on_key = on_key, .context = context};
    return strict_json_document(&j);
}
