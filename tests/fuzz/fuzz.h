#pragma once
/* What the fuzz targets share. A property that does not hold ends the run with its text. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_hold(int holds, const char *what, int line)
{
    if (!holds) {
        fprintf(stderr, "line %d: does not hold: %s\n", line, what);
        abort();
    }
}

#define HOLD(cond) fuzz_hold((cond) != 0, #cond, __LINE__)
