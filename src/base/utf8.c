#include "utf8.h"
#include <stdint.h>

#define REPLACEMENT "\xef\xbf\xbd"

size_t utf8_sequence(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t left = s.n;
    if (p[0] < 0x80) {
        return 1;
    }
    size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
    if (n == 0 || n > left) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return overlong || outside ? 0 : n;
}

size_t utf8_control(struct str s)
{
    static const char *const wide[] = {"\u2028", "\u2029", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c",
                                       "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"};
    unsigned char c = (unsigned char)*s.p;
    if (c < 0x20 || c == 0x7f) {
        return 1;
    }
    if (s.n >= 2 && c == 0xc2 && (unsigned char)s.p[1] < 0xa0) {
        return 2;
    }
    for (size_t i = 0; c == 0xe2 && i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (str_starts(s, str_of(wide[i]))) {
            return 3;
        }
    }
    return 0;
}

/* Bytes from the start that are plain ASCII, eight at a time: nearly all of a real message is. */
static size_t ascii_run(const unsigned char *p, size_t n)
{
    size_t i = 0;
    uint64_t word;
    for (; i + sizeof(word) <= n; i += sizeof(word)) {
        memcpy(&word, p + i, sizeof(word));
        if (word & 0x8080808080808080u) {
            break;
        }
    }
    while (i < n && p[i] < 0x80) {
        i++;
    }
    return i;
}

/* Offset of the first byte that is not part of valid UTF-8, or n. */
static size_t valid_prefix(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.n;) {
        i += ascii_run(p + i, s.n - i);
        if (i == s.n) {
            break;
        }
        size_t n = utf8_sequence(str_skip(s, i));
        if (n == 0) {
            return i;
        }
        i += n;
    }
    return s.n;
}

bool utf8_valid(struct str s)
{
    return valid_prefix(s) == s.n;
}

struct str utf8_cut(struct str s, size_t most)
{
    size_t n = s.n < most ? s.n : most;
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80) {
        n--;
    }
    return (struct str){s.p, n};
}

struct str utf8_clean(struct arena *a, struct str s)
{
    if (s.n == 0 || (!memchr(s.p, 0, s.n) && utf8_valid(s))) {
        return s;
    }
    char *out = arena_alloc(a, s.n * 3 + 1);
    size_t at = 0;
    for (size_t i = 0; i < s.n;) {
        size_t n = s.p[i] ? utf8_sequence(str_skip(s, i)) : 0;
        memcpy(out + at, n ? s.p + i : REPLACEMENT, n ? n : 3);
        at += n ? n : 3;
        i += n ? n : 1;
    }
    return (struct str){out, at};
}

static int repair_bytes(struct buf *doc)
{
    struct str s = buf_str(doc);
    size_t good = valid_prefix(s);
    if (good == s.n) {
        return 0;
    }
    struct buf out = buf_make(doc->cap);
    int replaced = 0, rc = 0;
    while (rc == 0 && s.n) {
        good = valid_prefix(s);
        rc = buf_append(&out, (struct str){s.p, good});
        s = str_skip(s, good);
        if (rc == 0 && s.n) {
            rc = buf_append(&out, STR(REPLACEMENT));
            s = str_skip(s, 1);
            replaced++;
        }
    }
    if (rc < 0) {
        buf_free(&out);
        return rc;
    }
    buf_free(doc);
    *doc = out;
    return replaced;
}

/* The four hex digits at p as a number, -1 when they are not. */
static int hex4(const char *p)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* Looks at the \u escape at p; returns its length in bytes, after making a bad one harmless. */
static size_t repair_escape(char *p, size_t left, int *replaced)
{
    int code = left >= 6 ? hex4(p + 2) : -1;
    bool high = code >= 0xd800 && code <= 0xdbff;
    if (high && left >= 12 && p[6] == '\\' && p[7] == 'u') {
        int low = hex4(p + 8);
        if (low >= 0xdc00 && low <= 0xdfff) {
            return 12;
        }
    }
    if (code == 0 || (code >= 0xd800 && code <= 0xdfff)) {
        memcpy(p + 2, "fffd", 4);
        ++*replaced;
    }
    return code < 0 ? 2 : 6;
}

static int repair_escapes(struct buf *doc)
{
    int replaced = 0;
    char *end = doc->data + doc->len;
    char *p = memchr(doc->data, '\\', doc->len);
    while (p && end - p >= 2) {
        p += p[1] == 'u' ? repair_escape(p, (size_t)(end - p), &replaced) : 2;
        p = p < end ? memchr(p, '\\', (size_t)(end - p)) : NULL;
    }
    return replaced;
}

int utf8_repair_json(struct buf *doc)
{
    if (doc->len == 0) {
        return 0;
    }
    int bytes = repair_bytes(doc);
    return bytes < 0 ? bytes : bytes + repair_escapes(doc);
}
