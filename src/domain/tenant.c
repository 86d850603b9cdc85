#include "tenant.h"
#include "db_unit.h"
#include <assert.h>

struct db_unit tenant_unit(const struct tenant *t, void (*on_done)(struct db_unit *, int code))
{
    assert(t->claims.n > 0); /* without claims the role would see nothing, and say so late */
    return (struct db_unit){.role = "authenticated", .claims = t->claims, .on_done = on_done};
}
