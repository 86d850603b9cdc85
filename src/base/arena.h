#pragma once
/* Bump memory with one lifetime. Owned by whoever holds the struct; arena_free gives everything back at once.
 * Allocations never fail: out of memory aborts. What is put in is bounded by the caps on the input it is made from. */
#include "str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first; zeroed struct = empty arena */
    char *at, *end;
};

/* Zeroed and aligned for any object. */
void *arena_alloc(struct arena *a, size_t bytes);
/* A copy; NUL-terminated for libraries that want C strings. */
struct str arena_copy(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *a);

/* calloc that aborts when there is no memory. For objects that outlive every request. */
void *mem_alloc(size_t bytes);
