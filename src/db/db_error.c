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
    {"57014", ERR_CONFLICT}, /* a statement that took too long: it or another one in its batch */
    {"57", ERR_BUSY},        /* operator intervention: shutdown, cancelled, starting up */
    {"58", ERR_BUSY},        /* system error */
    {"XX", ERR_BUSY},        /* internal error */
    {"25", ERR_BUSY},        /* transaction state */
    {"08", ERR_BUSY},        /* connection exception */
    {"42", ERR_DENIED},      /* no right, no such object: ours to mend */
    {"28", ERR_DENIED},      /* authorization */
    {"3", ERR_DENIED},       /* no such database or schema */
};

int db_error_code(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strncmp(sqlstate, rows[i].prefix, strlen(rows[i].prefix)) == 0) {
            return rows[i].code;
        }
    }
    return ERR_BAD_DATA; /* whatever raised it: this data will raise it again */
}
