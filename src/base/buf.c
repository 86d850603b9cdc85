#include "buf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int buf_reserve(struct buf *b, size_t bytes)
{
    if (bytes > b->cap || b->len > b->cap - bytes) {
        return ERR_TOO_LARGE;
    }
    size_t need = b->len + bytes;
    if (need <= b->size) {
        return 0;
    }
    size_t size = b->size ? b->size * 2 : 256;
    size = size < need ? need : size;
    char *data = realloc(b->data, size);
    if (!data) {
        abort();
    }
    b->data = data;
    b->size = size;
    return 0;
}

int buf_append(struct buf *b, struct str s)
{
    int rc = buf_reserve(b, s.n);
    if (rc == 0 && s.n) {
        memcpy(b->data + b->len, s.p, s.n);
        b->len += s.n;
    }
    return rc;
}

int buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t n = (size_t)vsnprintf(NULL, 0, format, args);
    va_end(args);
    int rc = buf_reserve(b, n + 1);
    if (rc == 0) {
        vsnprintf(b->data + b->len, n + 1, format, again);
        b->len += n;
    }
    va_end(again);
    return rc;
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
        return;
    }
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = buf_make(b->cap);
}
