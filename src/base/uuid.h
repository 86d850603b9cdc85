#pragma once
/* UUIDs: 16 bytes in memory, 36 letters on the wire. */
#include "str.h"

#define UUID_TEXT 36

struct uuid {
    unsigned char bytes[16];
};

/* False when the text is not 8-4-4-4-12 hex digits; then `uuid_out` is not to be used. */
bool uuid_read(struct str text, struct uuid *uuid_out);
/* Writes UUID_TEXT letters, lower case, and no NUL. */
void uuid_write(const struct uuid *u, char *text_out);

static inline bool uuid_eq(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}
