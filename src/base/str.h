#pragma once
/* struct str: a read-only view of bytes that somebody else owns. Not NUL-terminated unless said. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct str {
    const char *p; /* NULL: absent, which is not the same as empty */
    size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

static inline struct str str_of(const char *c)
{
    return (struct str){c, c ? strlen(c) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_eq_nocase(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

static inline bool str_has(struct str s, struct str needle)
{
    return s.n > 0 && memmem(s.p, s.n, needle.p, needle.n) != NULL;
}

static inline struct str str_skip(struct str s, size_t n)
{
    if (!s.p) {
        return s; /* nothing may be added to a null pointer, not even 0 */
    }
    return n > s.n ? (struct str){s.p + s.n, 0} : (struct str){s.p + n, s.n - n};
}

static inline struct str str_cut(struct str s, size_t most)
{
    return (struct str){s.p, s.n < most ? s.n : most};
}

/* Index of the first such byte, or the length when there is none. */
static inline size_t str_find(struct str s, char c)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != c) {
        i++;
    }
    return i;
}

/* The first of two that is present and not empty. */
static inline struct str str_or(struct str a, struct str b)
{
    return a.n ? a : b;
}

/* Without spaces and tabs at both ends. */
static inline struct str str_trim(struct str s)
{
    while (s.n && (*s.p == ' ' || *s.p == '\t')) {
        s = str_skip(s, 1);
    }
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
        s.n--;
    }
    return s;
}
