#pragma once
/* Growable bytes with a mandatory cap. Owned by whoever holds the struct; buf_free gives the memory back.
 * An append that would pass the cap changes nothing and returns ERR_TOO_LARGE; out of memory aborts. */
#include "err.h"
#include "str.h"

struct buf {
    char *data;
    size_t len, size, cap;
};

static inline struct buf buf_make(size_t cap_bytes)
{
    return (struct buf){.cap = cap_bytes};
}

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->data ? b->data : "", b->len};
}

int buf_append(struct buf *b, struct str s) must_check;
/* Makes room for `bytes` more without changing the length. */
int buf_reserve(struct buf *b, size_t bytes) must_check;
int buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3))) must_check;
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
void buf_free(struct buf *b);
