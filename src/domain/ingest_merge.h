#pragma once
/* Two rows that turned out to be one call become one. Rare: it takes a message that named only the provider's id while the
 * CallSid was not known with it. If it fails, the next message of the call finds the pair again. */
#include "str.h"

struct db_pool;

/* `pairs`: "keep lose,keep lose" as ingest_batch returns them, or absent. */
void ingest_merge(struct db_pool *pool, struct str pairs);
