#include "field.h"
#include "err.h"
#include "timestamp.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* Strtod would take blanks, hexadecimal and words, too. */
static bool is_decimal(struct str text)
{
    static const char plain[] = "0123456789.eE+-";
    for (size_t i = 0; i < text.n; i++) {
        if (!memchr(plain, text.p[i], sizeof(plain) - 1)) {
            return false;
        }
    }
    return text.n > 0;
}

/* strtod over a copy: the text is not NUL-terminated. */
static int parse_number(struct str text, double *value_out)
{
    char copy[64], *end;
    if (text.n >= sizeof(copy) || !is_decimal(text)) {
        return ERR_BAD_REQUEST;
    }
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    double value = strtod(copy, &end);
    if (*end || !isfinite(value)) {
        return ERR_BAD_REQUEST;
    }
    *value_out = value;
    return 0;
}

static int set_number(const struct field *f, char *at, struct str text)
{
    double value;
    int rc = parse_number(text, &value);
    if (rc < 0) {
        return rc;
    }
    if (f->kind == FIELD_NUM) {
        *(double *)(void *)at = value;
    } else if (value < -9e15 || value > 9e15) {
        return ERR_BAD_REQUEST;
    } else {
        *(int64_t *)(void *)at = (int64_t)value;
    }
    return 0;
}

static int set_bool(char *at, struct str text)
{
    bool yes =
        str_eq(text, STR("true")) || str_eq(text, STR("1")) || str_eq(text, STR("t")) || str_eq(text, STR("yes"));
    bool no = str_eq(text, STR("false")) || str_eq(text, STR("0")) || str_eq(text, STR("f")) || str_eq(text, STR("no"));
    *(bool *)at = yes;
    return yes || no ? 0 : ERR_BAD_REQUEST;
}

int field_set_text(const struct field *f, void *base, struct str text)
{
    char *at = (char *)base + f->offset;
    switch (f->kind) {
    case FIELD_STR:
    case FIELD_RAW:
        *(struct str *)(void *)at = text;
        return 0;
    case FIELD_NUM:
    case FIELD_INT:
        return set_number(f, at, text);
    case FIELD_BOOL:
        return set_bool(at, text);
    case FIELD_TIME:
        *(int64_t *)(void *)at = timestamp_parse(text);
        return *(int64_t *)(void *)at ? 0 : ERR_BAD_REQUEST;
    case FIELD_SEEN:
        *(bool *)at = true;
        return 0;
    case FIELD_LIST:
    case FIELD_NONE:
        break;
    }
    assert(0 && "this kind has no text form");
    return ERR_INTERNAL;
}
