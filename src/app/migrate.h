#pragma once
/* `ringback migrate`: applies sql/migrations, which are embedded in the binary, and records them where Supabase's own CLI
 * does (supabase_migrations.schema_migrations), so that either can go on where the other stopped. Prints to standard output.
 * Synchronous: it runs alone, not inside the server. */
#include <stdbool.h>

struct migrate_options {
    bool local;   /* first make what Supabase would bring; never on Supabase */
    bool status;  /* only say what is applied */
    bool dry_run; /* only say what would be applied */
};

/* Exit code. */
int migrate_run(const struct migrate_options *options);
