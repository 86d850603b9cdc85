#include "caps.h"
#include "json.h"
#include <assert.h>
#include <math.h>

int json_write_string(struct buf *out, struct str text)
{
    int rc = buf_append(out, STR("\""));
    for (size_t i = 0, plain = 0; i < text.n && rc == 0; i = plain) {
        while (plain < text.n && (unsigned char)text.p[plain] >= 0x20 && text.p[plain] != '"' &&
               text.p[plain] != '\\') {
            plain++;
        }
        rc = buf_append(out, (struct str){text.p + i, plain - i});
        if (rc == 0 && plain < text.n) {
            unsigned char c = (unsigned char)text.p[plain++];
            rc = c == '"' || c == '\\' ? buf_printf(out, "\\%c", c) : buf_printf(out, "\\u%04x", c);
        }
    }
    return rc ? rc : buf_append(out, STR("\""));
}

static bool is_empty(const struct field *f, const char *at)
{
    switch (f->kind) {
    case FIELD_STR:
    case FIELD_RAW:
        return ((const struct str *)(const void *)at)->p == NULL;
    case FIELD_NUM:
        return isnan(*(const double *)(const void *)at);
    case FIELD_INT:
        return *(const int64_t *)(const void *)at == 0;
    case FIELD_BOOL:
        return !*(const bool *)at;
    default:
        return true;
    }
}

/* JSON has no word for what is no number. */
static int write_number(struct buf *out, double number)
{
    return isfinite(number) ? buf_printf(out, "%.15g", number) : buf_append(out, STR("null"));
}

static int write_value(struct buf *out, const struct field *f, const char *at)
{
    const struct str *text = (const void *)at;
    switch (f->kind) {
    case FIELD_STR:
        return text->p ? json_write_string(out, *text) : buf_append(out, STR("null"));
    case FIELD_RAW:
        return buf_append(out, text->p ? *text : STR("null"));
    case FIELD_NUM:
        return write_number(out, *(const double *)(const void *)at);
    case FIELD_INT:
        return buf_printf(out, "%lld", (long long)*(const int64_t *)(const void *)at);
    case FIELD_BOOL:
        return buf_append(out, *(const bool *)at ? STR("true") : STR("false"));
    default:
        assert(0 && "this kind is not written");
        return ERR_INTERNAL;
    }
}

/* Splits "a.b.c" into the object's path "a.b" and the key "c". */
static struct str parent_of(const char *path, struct str *key_out)
{
    const char *dot = strrchr(path, '.');
    *key_out = str_of(dot ? dot + 1 : path);
    return (struct str){path, dot ? (size_t)(dot - path) : 0};
}

static size_t steps(struct str path)
{
    size_t n = path.n ? 1 : 0;
    for (size_t i = 0; i < path.n; i++) {
        n += path.p[i] == '.';
    }
    return n;
}

/* The leading steps that both paths share. */
static struct str shared(struct str a, struct str b)
{
    size_t end = 0;
    for (size_t i = 0; i <= a.n && i <= b.n; i++) {
        bool a_step = i == a.n || a.p[i] == '.', b_step = i == b.n || b.p[i] == '.';
        if (a_step && b_step) {
            end = i;
        }
        if (i == a.n || i == b.n || a.p[i] != b.p[i]) {
            break;
        }
    }
    return str_cut(a, end);
}

struct writer {
    struct buf *out;
    struct str open; /* path of the object that is being written */
    bool comma;
};

static int open_key(struct writer *w, struct str key)
{
    int rc = w->comma ? buf_append(w->out, STR(",")) : 0;
    rc = rc ? rc : json_write_string(w->out, key);
    return rc ? rc : buf_append(w->out, STR(":"));
}

/* Closes and opens objects until `path` is the open one. */
static int move_to(struct writer *w, struct str path)
{
    struct str common = shared(w->open, path);
    int rc = 0;
    for (size_t n = steps(w->open) - steps(common); n > 0 && rc == 0; n--) {
        rc = buf_append(w->out, STR("}"));
        w->comma = true;
    }
    struct str rest = str_skip(path, common.n ? common.n + 1 : 0);
    while (rest.n && rc == 0) {
        struct str step = str_cut(rest, str_find(rest, '.'));
        rc = open_key(w, step);
        rc = rc ? rc : buf_append(w->out, STR("{"));
        w->comma = false;
        rest = str_skip(rest, step.n + 1);
    }
    w->open = path;
    return rc;
}

int json_write(struct buf *out, const struct field *fields, size_t count, const void *source)
{
    struct writer w = {.out = out, .open = {"", 0}};
    int rc = buf_append(out, STR("{"));
    for (size_t i = 0; i < count && rc == 0; i++) {
        const struct field *f = &fields[i];
        const char *at = (const char *)source + f->offset;
        struct str key;
        struct str parent = parent_of(f->name, &key);
        if (f->flags & FIELD_OMIT_EMPTY && is_empty(f, at)) {
            continue;
        }
        rc = move_to(&w, parent);
        rc = rc ? rc : open_key(&w, key);
        rc = rc ? rc : write_value(out, f, at);
        w.comma = true;
    }
    rc = rc ? rc : move_to(&w, (struct str){"", 0});
    return rc ? rc : buf_append(out, STR("}"));
}
