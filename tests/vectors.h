#pragma once
/* Recorded signatures: fixtures with one list called "vectors". */
#include "files.h"
#include "json.h"
#include "tap.h"

struct vector_file {
    struct field_list_value list;
};

/* The vectors of one fixture, in the arena. */
static inline struct field_list_value vectors_read(const char *name, const struct field_items *items,
                                                   struct arena *arena)
{
    const struct field fields[] = {FIELD_ITEMS(struct vector_file, list, "vectors", *items, 0)};
    struct vector_file v;
    struct buf file = file_read(FIXTURES, name);
    struct json_shape *shape = json_shape_new(fields, FIELD_COUNT(fields));
    struct json_pass pass = {
        .shape = shape, .doc = buf_str(&file), .target = &v, .target_bytes = sizeof(v), .arena = arena};
    CHECK_INT(json_read(&pass), 0);
    json_shape_free(shape);
    buf_free(&file);
    return v.list;
}

/* The signed body: the vector's own, or the fixture that it names. */
static inline struct str vector_body(struct str body, struct str body_file, struct arena *arena)
{
    if (!body_file.p) {
        return body;
    }
    struct buf file = file_read(FIXTURES, body_file.p);
    struct str copy = arena_copy(arena, buf_str(&file));
    buf_free(&file);
    return copy;
}
