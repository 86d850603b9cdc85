#pragma once
/* Dialled number to business, from memory: live answers must not wait for the database. Owns a copy of all businesses and
 * numbers, which is loaded again when private.directory_version has changed (asked every CAP_DIRECTORY_POLL_MS). While the
 * database is away the last copy stays. A change also adopts calls that were stored before their number was mapped. */
#include "str.h"
#include <stdint.h>

struct db_pool;
struct loop;
struct directory_core; /* private to the room */

struct business {
    struct str phone, id, name, timezone, vapi_assistant_id, forward_to, fallback_greeting;
    bool books; /* has booking switched on, and credentials that are good */
};

/* Embedded in its owner. */
struct directory {
    struct directory_core *core;
    struct str secrets_key_id; /* set before the start; absent: nobody's credentials can be opened */
    void (*on_stopped)(struct directory *);
};

void directory_start(struct directory *d, struct loop *loop, struct db_pool *pool);
/* Asks now instead of at the next poll. */
void directory_refresh(struct directory *d);
/* Loaded at least once? */
bool directory_is_loaded(const struct directory *d);
/* The business of a number, or NULL. Borrowed: valid in this turn only. */
const struct business *directory_find(const struct directory *d, struct str phone);
/* on_stopped fires once, later. */
void directory_stop(struct directory *d, void (*on_stopped)(struct directory *));
