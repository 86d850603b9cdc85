#include "json_skip.h"

/* Behind the string whose opening quote stands at `at`; 0 when it never ends. */
static size_t string_end(struct str doc, size_t at)
{
    const char *p = doc.p + at + 1, *end = doc.p + doc.n;
    while (p < end && (p = memchr(p, '"', (size_t)(end - p)))) {
        const char *before = p;
        while (before[-1] == '\\') {
            before--;
        }
        p++;
        if ((p - 1 - before) % 2 == 0) {
            return (size_t)(p - doc.p);
        }
    }
    return 0;
}

static size_t container_end(struct str doc, size_t at)
{
    size_t depth = 0;
    while (at < doc.n) {
        char c = doc.p[at];
        if (c == '"') {
            at = string_end(doc, at);
            if (at == 0) {
                return 0;
            }
            continue;
        }
        at++;
        if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return at;
        }
    }
    return 0;
}

static size_t word_end(struct str doc, size_t at)
{
    while (at < doc.n && !strchr(",]} \t\r\n", doc.p[at])) {
        at++;
    }
    return at;
}

size_t json_value_end(struct str doc, size_t at)
{
    if (at >= doc.n) {
        return at;
    }
    char c = doc.p[at];
    size_t end = c == '"' ? string_end(doc, at) : c == '{' || c == '[' ? container_end(doc, at) : word_end(doc, at);
    return end ? end : at;
}
