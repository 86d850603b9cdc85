#pragma once
/* What a finished unit brought: cells by call, row and column, and rows to structs by field table. Valid inside on_done. */
#include "db_unit.h"
#include "field.h"

size_t db_rows(const struct db_unit *u, size_t call);
/* Absent when the cell is null. */
struct str db_cell(const struct db_unit *u, size_t call, size_t row, size_t column);
/* Which table fills which struct, and where its texts go. */
struct db_row_shape {
    const struct field *fields;
    size_t count;
    struct arena *arena;
};

/* Fills `target` from the columns named by the table; texts are copied to the arena. Nulls leave the member as it is.
 * ERR_BAD_REPLY when a column is missing or a value does not fit. */
int db_row_read(const struct db_unit *u, size_t row, const struct db_row_shape *shape, void *target)
    __attribute__((warn_unused_result));
