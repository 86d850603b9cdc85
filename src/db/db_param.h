#pragma once
/* Array parameters in Postgres's binary form (array_recv), built row by row: no quoting, no escaping, no text to parse.
 * One array per column; all arrays of a statement have the same number of elements. */
#include "buf.h"
#include "db_unit.h"

/* Element types, as in pg_type. */
enum db_type {
    DB_BOOL = 16,
    DB_BYTEA = 17,
    DB_INT2 = 21,
    DB_INT4 = 23,
    DB_TEXT = 25,
    DB_FLOAT8 = 701,
    DB_TIMESTAMPTZ = 1184,
    DB_UUID = 2950,
    DB_JSONB = 3802
};

struct db_array {
    struct buf bytes;
    enum db_type type;
    uint32_t count;
    bool has_null;
    int failed; /* the first error; checked once by db_array_param */
};

void db_array_init(struct db_array *a, enum db_type type);
void db_array_free(struct db_array *a);
/* Empty again; keeps its memory. */
void db_array_reset(struct db_array *a);
void db_array_null(struct db_array *a);
/* text, bytea and jsonb; absent text becomes null. */
void db_array_text(struct db_array *a, struct str s);
void db_array_uuid(struct db_array *a, const unsigned char id[16]);
/* Microseconds since 1970; 0 becomes null. */
void db_array_time(struct db_array *a, int64_t us);
/* NAN becomes null. */
void db_array_num(struct db_array *a, double value);
void db_array_int2(struct db_array *a, int value);
void db_array_int4(struct db_array *a, int value);
void db_array_bool(struct db_array *a, bool value);
/* Completes the header. Valid as long as the array. */
struct db_param db_array_param(struct db_array *a);
