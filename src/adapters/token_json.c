#include "token_json.h"
#include "caps.h"
#include "utf8.h"

struct reader {
    struct str rest;
    char *texts; /* room for decoded ones, all together: none is longer than it was written */
    struct arena *arena;
    size_t depth;
};

static bool read_value(struct reader *r, struct token_node *out);

static void skip_blanks(struct reader *r)
{
    while (r->rest.n && memchr(" \t\r\n", *r->rest.p, 4)) {
        r->rest = str_skip(r->rest, 1);
    }
}

/* Takes the byte if it is the next one. */
static bool take(struct reader *r, char c)
{
    bool is = r->rest.n && *r->rest.p == c;
    r->rest = str_skip(r->rest, is);
    return is;
}

static bool take_digits(struct reader *r)
{
    size_t n = 0;
    while (n < r->rest.n && r->rest.p[n] >= '0' && r->rest.p[n] <= '9') {
        n++;
    }
    r->rest = str_skip(r->rest, n);
    return n > 0;
}

/* Four hex digits; -1 when they are none. */
static int take_hex4(struct reader *r)
{
    int code = r->rest.n >= 4 ? 0 : -1;
    for (size_t i = 0; i < 4 && code >= 0; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *at = memchr(digits, r->rest.p[i] | 0x20, 16);
        code = at && r->rest.p[i] >= '0' ? code * 16 + (int)(at - digits) : -1;
    }
    r->rest = str_skip(r->rest, 4);
    return code;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 63));
        *to++ = (char)(0x80 | (code & 63));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 63));
        *to++ = (char)(0x80 | (code >> 6 & 63));
        *to++ = (char)(0x80 | (code & 63));
    }
    return to;
}

/* Behind "\u"; NULL when it is no character, or NUL. */
static char *put_escaped(struct reader *r, char *to)
{
    int high = take_hex4(r);
    if (high >= 0xd800 && high <= 0xdbff) {
        int low = take(r, '\\') && take(r, 'u') ? take_hex4(r) : -1;
        bool pair = low >= 0xdc00 && low <= 0xdfff;
        return pair ? put_utf8(to, 0x10000u + ((unsigned)(high - 0xd800) << 10) + (unsigned)(low - 0xdc00)) : NULL;
    }
    return high <= 0 || (high >= 0xdc00 && high <= 0xdfff) ? NULL : put_utf8(to, (unsigned)high);
}

/* Behind the backslash. */
static char *put_escape(struct reader *r, char *to)
{
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    if (take(r, 'u')) {
        return put_escaped(r, to);
    }
    const char *at = r->rest.n ? memchr(letters, *r->rest.p, sizeof(letters) - 1) : NULL;
    if (!at) {
        return NULL;
    }
    *to = bytes[at - letters];
    r->rest = str_skip(r->rest, 1);
    return to + 1;
}

static bool read_string(struct reader *r, struct str *text_out)
{
    char *start = r->texts, *to = start;
    if (!take(r, '"')) {
        return false;
    }
    while (to && r->rest.n && *r->rest.p != '"') {
        if (take(r, '\\')) {
            to = put_escape(r, to);
        } else if ((unsigned char)*r->rest.p < 0x20) {
            return false;
        } else {
            *to++ = *r->rest.p;
            r->rest = str_skip(r->rest, 1);
        }
    }
    if (!to || !take(r, '"')) {
        return false;
    }
    r->texts = to;
    *text_out = (struct str){start, (size_t)(to - start)};
    return true;
}

static bool read_number(struct reader *r, struct token_node *out)
{
    struct str start = r->rest;
    take(r, '-');
    bool fits = take(r, '0') || take_digits(r);
    if (fits && take(r, '.')) {
        fits = take_digits(r);
    }
    if (fits && (take(r, 'e') || take(r, 'E'))) {
        if (!take(r, '+')) {
            take(r, '-');
        }
        fits = take_digits(r);
    }
    out->kind = TOKEN_JSON_NUMBER;
    out->text = str_cut(start, start.n - r->rest.n);
    return fits;
}

static bool read_word(struct reader *r, struct token_node *out)
{
    static const struct str words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
    for (size_t i = 0; i < 3; i++) {
        if (str_starts(r->rest, words[i])) {
            r->rest = str_skip(r->rest, words[i].n);
            out->kind = TOKEN_JSON_WORD;
            out->text = words[i];
            return true;
        }
    }
    return false;
}

static bool read_member(struct reader *r, const struct token_node *object, struct token_node *out)
{
    skip_blanks(r);
    if (!read_string(r, &out->key) || token_json_member(object, out->key)) {
        return false;
    }
    skip_blanks(r);
    return take(r, ':') && read_value(r, out);
}

/* Behind the opening bracket. */
static bool read_items(struct reader *r, struct token_node *out, char end)
{
    struct token_node **tail = &out->first;
    skip_blanks(r);
    if (take(r, end)) {
        return true;
    }
    for (size_t count = 0; end == ']' || count < CAP_TOKEN_MEMBERS; count++) {
        struct token_node *item = arena_alloc(r->arena, sizeof(*item));
        bool fits = end == '}' ? read_member(r, out, item) : read_value(r, item);
        *tail = item;
        tail = &item->next;
        skip_blanks(r);
        if (!fits || !take(r, ',')) {
            return fits && take(r, end);
        }
    }
    return false;
}

static bool read_value(struct reader *r, struct token_node *out)
{
    skip_blanks(r);
    char c = r->rest.n ? *r->rest.p : '\0';
    if (c == '{' || c == '[') {
        out->kind = c == '{' ? TOKEN_JSON_OBJECT : TOKEN_JSON_ARRAY;
        r->rest = str_skip(r->rest, 1);
        bool fits = r->depth++ < CAP_TOKEN_DEPTH && read_items(r, out, c == '{' ? '}' : ']');
        r->depth--;
        return fits;
    }
    if (c == '"') {
        out->kind = TOKEN_JSON_STRING;
        return read_string(r, &out->text);
    }
    return c == '-' || (c >= '0' && c <= '9') ? read_number(r, out) : read_word(r, out);
}

const struct token_node *token_json_read(struct str doc, struct arena *a)
{
    struct reader r = {.rest = doc, .texts = arena_alloc(a, doc.n + 1), .arena = a};
    struct token_node *root = arena_alloc(a, sizeof(*root));
    if (!utf8_valid(doc) || !read_value(&r, root) || root->kind != TOKEN_JSON_OBJECT) {
        return NULL;
    }
    skip_blanks(&r);
    return r.rest.n == 0 ? root : NULL;
}

const struct token_node *token_json_member(const struct token_node *object, struct str key)
{
    const struct token_node *m = object->kind == TOKEN_JSON_OBJECT ? object->first : NULL;
    while (m && !str_eq(m->key, key)) {
        m = m->next;
    }
    return m;
}

struct str token_json_string(const struct token_node *object, struct str key)
{
    const struct token_node *m = token_json_member(object, key);
    return m && m->kind == TOKEN_JSON_STRING ? m->text : (struct str){NULL, 0};
}
