#include "arena.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_BYTES 4096
#define ALIGN 16

struct arena_chunk {
    struct arena_chunk *next;
    _Alignas(ALIGN) char bytes[];
};

void *mem_alloc(size_t bytes)
{
    void *p = calloc(1, bytes);
    if (!p) {
        abort();
    }
    return p;
}

static char *new_chunk(struct arena *a, size_t bytes)
{
    struct arena_chunk *c = malloc(sizeof(*c) + bytes);
    if (!c) {
        abort();
    }
    c->next = a->chunks;
    a->chunks = c;
    return c->bytes;
}

static void *take(struct arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX / 2) {
        abort();
    }
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if ((size_t)(a->end - a->at) < bytes) {
        if (bytes >= CHUNK_BYTES / 2) {
            return new_chunk(a, bytes); /* a large one lives alone, the current chunk stays in use */
        }
        a->at = new_chunk(a, CHUNK_BYTES);
        a->end = a->at + CHUNK_BYTES;
    }
    void *p = a->at;
    a->at += bytes;
    return p;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    void *p = take(a, bytes ? bytes : 1);
    memset(p, 0, bytes);
    return p;
}

struct str arena_copy(struct arena *a, struct str s)
{
    char *p = take(a, s.n + 1);
    if (s.n) {
        memcpy(p, s.p, s.n);
    }
    p[s.n] = 0;
    return (struct str){p, s.n};
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = take(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return (struct str){p, (size_t)n};
}

void arena_free(struct arena *a)
{
    struct arena_chunk *c = a->chunks;
    while (c) {
        struct arena_chunk *next = c->next;
        free(c);
        c = next;
    }
    *a = (struct arena){0};
}
