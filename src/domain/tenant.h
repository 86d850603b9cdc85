#pragma once
/* Who is asking: a signed-in person, as a verified access token names them. Owned by whoever verified it; the texts live in
 * that owner's arena. What this person may see is not decided here: the claims go into the unit, and row-level security
 * (sql/migrations, "tenancy") decides. */
#include "str.h"
#include <stdint.h>

struct db_unit;

struct tenant {
    struct str user_id;    /* uuid */
    struct str session_id; /* uuid; absent when the token has none */
    struct str email;      /* absent when the token has none */
    struct str claims;     /* JSON that we wrote ourselves from the verified token, for request.jwt.claims */
    int64_t expires_s;     /* seconds since 1970 */
};

/* A unit in this person's name: role `authenticated`, their claims, for this unit alone. */
struct db_unit tenant_unit(const struct tenant *t, void (*on_done)(struct db_unit *, int code));
