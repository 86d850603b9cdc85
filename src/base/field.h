#pragma once
/* struct field: the one way bytes become structs. A table of fields says which name or path fills which member; JSON in,
 * JSON out, forms, rows and settings all read such tables.
 *
 * In JSON a name is a path: "message.call.id", and "[]" steps into an array. JSON in: "*" steps into every member of an object
 * that no other row names; a list under it collects the items of all of them, "days.*" those of {"days":{"mon":[],"tue":[]}}. */
#include "arena.h"
#include <stdint.h>

enum field_kind {
    FIELD_STR,  /* struct str */
    FIELD_NUM,  /* double; stays what it was when absent */
    FIELD_INT,  /* int64_t */
    FIELD_BOOL, /* bool */
    FIELD_TIME, /* int64_t, microseconds since 1970; text or number of milliseconds */
    FIELD_RAW,  /* struct str: the JSON text of the value itself */
    FIELD_SEEN, /* bool: set when the path occurs with a value other than null */
    FIELD_LIST, /* struct field_list_value: one element for each array item, filled by `items` */
    FIELD_NONE  /* no member: the row is there for its flags */
};

enum field_flags {
    /* JSON in: leave the subtree out of the kept document; fields inside it are still read. */
    FIELD_DROP = 1,
    /* JSON in: a subtree that repeats what is known; kept only if the pass says so, else not even read. Together with
     * FIELD_DROP it is read all the same. */
    FIELD_REPEATED = 2,
    /* JSON in: leave it out if the text or list at `twin` is filled: its double came before it. */
    FIELD_TWIN = 4,
    /* Settings: never printed. */
    FIELD_SECRET = 8,
    /* JSON out: no key when the value is absent, 0 or false. */
    FIELD_OMIT_EMPTY = 16
};

struct field_items;

struct field {
    const char *name;
    size_t offset;
    enum field_kind kind;
    unsigned flags;
    const struct field_items *items; /* FIELD_LIST */
    size_t twin;                     /* FIELD_TWIN: offset of a text or list in the same struct */
};

struct field_items {
    const struct field *fields;
    size_t count, item_bytes;
};

struct field_list_value {
    void *items; /* in the arena */
    size_t count, room;
};

#define FIELD(type, member, path, kind, flags) {path, offsetof(type, member), FIELD_##kind, flags, NULL, 0}
#define FIELD_ITEMS(type, member, path, list, flags) {path, offsetof(type, member), FIELD_LIST, flags, &(list), 0}
#define FIELD_DOUBLE(type, member, path, kind, of)                                                                     \
    {path, offsetof(type, member), FIELD_##kind, FIELD_TWIN, NULL, offsetof(type, of)}
#define FIELD_ITEMS_DOUBLE(type, member, path, list, of)                                                               \
    {path, offsetof(type, member), FIELD_LIST, FIELD_TWIN, &(list), offsetof(type, of)}
#define FIELD_RULE(path, flags) {path, 0, FIELD_NONE, flags, NULL, 0}
#define FIELD_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Converts text to the member's kind and stores it in `base`. Text is not copied. ERR_BAD_REQUEST when it does not fit
 * the kind; kinds without a text form are an invariant violation. */
int field_set_text(const struct field *f, void *base, struct str text) __attribute__((warn_unused_result));
