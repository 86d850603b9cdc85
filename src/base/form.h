#pragma once
/* application/x-www-form-urlencoded to name-value pairs (WHATWG URL, section 5: '+' is a blank, %XX is a byte).
 * A broken %XX stands for itself. Decoded bytes are not checked for UTF-8: signatures are made over the bytes. */
#include "arena.h"
#include "field.h"

struct form_pair {
    struct str name, value;
};

struct form {
    struct form_pair *pairs; /* in the arena, in the order of the text */
    size_t count;
};

/* ERR_TOO_LARGE with more than CAP_FORM_FIELDS pairs. */
int form_parse(struct arena *a, struct str text, struct form *form_out) __attribute__((warn_unused_result));
/* The first value of that name, absent when there is none. */
struct str form_get(const struct form *f, struct str name);
/* Fills a struct by field table; names that the table does not know are left alone. */
void form_read(const struct form *f, const struct field *fields, size_t count, void *target);
