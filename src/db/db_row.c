#include "db_row.h"
#include "err.h"
#include <libpq-fe.h>

size_t db_rows(const struct db_unit *u, size_t call)
{
    return u->results[call] ? (size_t)PQntuples(u->results[call]) : 0;
}

struct str db_cell(const struct db_unit *u, size_t call, size_t row, size_t column)
{
    const PGresult *r = u->results[call];
    if (PQgetisnull(r, (int)row, (int)column)) {
        return (struct str){NULL, 0};
    }
    return (struct str){PQgetvalue(r, (int)row, (int)column), (size_t)PQgetlength(r, (int)row, (int)column)};
}

int db_row_read(const struct db_unit *u, size_t row, const struct db_row_shape *shape, void *target)
{
    for (size_t i = 0; i < shape->count; i++) {
        int column = PQfnumber(u->results[0], shape->fields[i].name);
        if (column < 0) {
            return ERR_BAD_REPLY;
        }
        struct str cell = db_cell(u, 0, row, (size_t)column);
        if (!cell.p) {
            continue;
        }
        if (field_set_text(&shape->fields[i], target, arena_copy(shape->arena, cell)) < 0) {
            return ERR_BAD_REPLY;
        }
    }
    return 0;
}
