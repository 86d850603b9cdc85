#include "form.h"
#include "caps.h"
#include "err.h"

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static struct str decode(struct arena *a, struct str s)
{
    if (str_find(s, '%') == s.n && str_find(s, '+') == s.n) {
        return s;
    }
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool escape = s.p[i] == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0;
        out[n++] = escape ? (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2])) : s.p[i] == '+' ? ' ' : s.p[i];
        i += escape ? 2 : 0;
    }
    return (struct str){out, n};
}

static size_t count_pairs(struct str text)
{
    size_t n = text.n ? 1 : 0;
    for (size_t i = 0; i < text.n; i++) {
        n += text.p[i] == '&';
    }
    return n;
}

int form_parse(struct arena *a, struct str text, struct form *form_out)
{
    size_t most = count_pairs(text);
    *form_out = (struct form){0};
    if (most > CAP_FORM_FIELDS) {
        return ERR_TOO_LARGE;
    }
    form_out->pairs = arena_alloc(a, most * sizeof(*form_out->pairs));
    while (text.n) {
        struct str pair = str_cut(text, str_find(text, '&'));
        text = str_skip(text, pair.n + 1);
        if (pair.n == 0) {
            continue;
        }
        struct str name = str_cut(pair, str_find(pair, '='));
        struct str value = str_skip(pair, name.n + 1);
        form_out->pairs[form_out->count++] = (struct form_pair){decode(a, name), decode(a, value)};
    }
    return 0;
}

struct str form_get(const struct form *f, struct str name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (str_eq(f->pairs[i].name, name)) {
            return f->pairs[i].value;
        }
    }
    return (struct str){NULL, 0};
}

void form_read(const struct form *f, const struct field *fields, size_t count, void *target)
{
    for (size_t i = 0; i < count; i++) {
        struct str value = form_get(f, str_of(fields[i].name));
        if (value.n) {
            int ignored = field_set_text(&fields[i], target, value);
            (void)ignored; /* a value that does not fit its kind counts as absent: every parameter is optional */
        }
    }
}
