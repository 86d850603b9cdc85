#include "demo_row.h"
#include <math.h>
#include <stdio.h>

void demo_put_hex(struct buf *out, uint64_t bits, size_t digits)
{
    char text[16];
    for (size_t i = 0; i < digits; i++) {
        text[i] = "0123456789abcdef"[bits >> (60 - 4 * i) & 15];
    }
    demo_put(out, (struct str){text, digits});
}

void demo_put_key(struct buf *out, struct demo_random *r)
{
    demo_put_hex(out, demo_random_next(r), 16);
    demo_put_hex(out, demo_random_next(r), 16);
}

void demo_put_next(struct buf *out, struct str value)
{
    demo_put_byte(out, '\t');
    demo_put(out, value);
}

void demo_put_next_time(struct buf *out, int64_t us)
{
    demo_put_byte(out, '\t');
    if (us) {
        demo_put_time(out, us);
    } else {
        demo_put(out, DEMO_ABSENT);
    }
}

void demo_put_next_decimal(struct buf *out, double value, unsigned decimals)
{
    char text[32];
    if (isnan(value)) {
        demo_put_next(out, DEMO_ABSENT);
        return;
    }
    int n = snprintf(text, sizeof(text), "%.*f", (int)decimals, value);
    demo_put_next(out, (struct str){text, (size_t)n});
}

void demo_put_next_claim(struct buf *out, char rank, struct str value)
{
    demo_put_byte(out, '\t');
    demo_put_byte(out, rank);
    demo_put(out, value);
}
