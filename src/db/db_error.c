#include "db_error.h"
#include "err.h"
#include <stddef.h>
#include <string.h>

static const struct {
    const char *prefix;
    int code;
} rows[] = {
    {"23505", ERR_CONFLICT}, /* unique violation: another instance made the same call's row first */
    {"23503", ERR_CONFLICT}, /* foreign key: the row was merged away meanwhile */
    {"40", ERR_CONFLICT},    /* deadlock, serialization failure */
    {"22", ERR_BAD_DATA},    /* data exception */
    {"23", ERR_BAD_DATA},    /* integrity constraint */
    {"54", ERR_BAD_DATA},    /* program limit exceeded */
    {"25006", ERR_BUSY},     /* read-only: a nearly full disk, a standby */
    {"53", ERR_BUSY},        /* insufficient resources */
    {"55", ERR_BUSY},        /* object not in the right state, lock not available */
    {"57", ERR_BUSY},        /* operator intervention: shutdown, cancelled, starting up */
    {"58", ERR_BUSY},        /* system error */
    {"08", ERR_BUSY},        /* connection exception */
};

int db_error_code(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strncmp(sqlstate, rows[i].prefix, strlen(rows[i].prefix)) == 0) {
            return rows[i].code;
        }
    }
    return ERR_DENIED;
}
