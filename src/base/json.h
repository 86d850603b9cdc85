#pragma once
/* JSON in and out by field table. In: one SAX pass of yajl that fills a struct and, at the same time, copies the
 * document without the subtrees that the table drops. Out: a struct becomes an object.
 *
 * Input must be valid UTF-8 (utf8_repair_json makes it so). Refused with ERR_BAD_JSON: bad syntax, nesting deeper than
 * CAP_JSON_DEPTH, anything behind the document. Texts in the struct are copies in the arena: the document may go. A key that
 * occurs twice: the last one counts, as in jsonb. */
#include "arena.h"
#include "buf.h"
#include "field.h"

struct json_shape; /* a field table, compiled to a tree of keys */

/* Lives as long as the process; give it back with json_shape_free. */
struct json_shape *json_shape_new(const struct field *fields, size_t count);
void json_shape_free(struct json_shape *s);

enum json_keep { JSON_KEEP_UNKNOWN, JSON_KEEP_NO, JSON_KEEP_YES };

struct json_pass {
    const struct json_shape *shape;
    struct str doc;
    char *
        scratch; /* the same bytes, if they may be written: what is dropped unread is blanked there, which is much faster
                      than parsing it; NULL: they may not */
    void *target; /* zeroed by json_read, target_bytes long */
    size_t target_bytes;
    void (*reset)(void *target); /* after the zeroing, for defaults; may be NULL */
    struct arena *arena;
    struct buf *kept; /* the document without what was dropped; NULL: not wanted */
    /* Are FIELD_REPEATED subtrees wanted? Asked when one is met; UNKNOWN costs a second pass at most. NULL: kept. */
    enum json_keep (*keep_repeated)(const void *target);
    const struct str *secrets; /* keys whose values are left out of the kept document wherever they occur */
    size_t secret_count;
};

int json_read(struct json_pass *p) must_check;

/* Appends the object that the table describes. Rows of one subtree must stand together. Kinds: STR, NUM, INT, BOOL,
 * RAW (an absent raw or text value with FIELD_OMIT_EMPTY is left out, otherwise null). */
int json_write(struct buf *out, const struct field *fields, size_t count, const void *source) must_check;
/* Appends text as a JSON string, quotes included. */
int json_write_string(struct buf *out, struct str text) must_check;
