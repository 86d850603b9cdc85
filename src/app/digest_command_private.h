#pragma once
/* What the parts of `ringback digest` share. */
#include "command_pg.h"

/* The words behind `ringback digest`. */
struct digest_command {
    const char *date;     /* YYYY-MM-DD */
    const char *business; /* NULL: all */
    const char *preview;  /* FILE.html; NULL: none is wanted */
    bool send, again;
};

/* Columns of STMT_DIGEST_COMMAND_ROWS. */
enum digest_command_column {
    ROW_ID,
    ROW_NAME,
    ROW_STATUS,
    ROW_DUE,
    ROW_ATTEMPTS,
    ROW_DELIVERY,
    ROW_REASON,
    ROW_ERROR,
    ROW_DAY,
    ROW_WAITS
};
