#pragma once
/* Numbers that only look like chance: the same seed gives the same history, on every machine. Each call has a stream of its
 * own, so that it can be made again, or left out, without changing its neighbours. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct demo_random {
    uint64_t state;
};

/* A stream that depends on all three. */
struct demo_random demo_random_make(uint64_t seed, uint64_t what, uint64_t which);
uint64_t demo_random_next(struct demo_random *r);
/* From 0 to below 1. */
double demo_random_unit(struct demo_random *r);
/* From 0 to below `limit`, which is not 0. */
uint32_t demo_random_below(struct demo_random *r, uint32_t limit);
/* True that often of a thousand. */
bool demo_random_often(struct demo_random *r, unsigned per_mille);
/* The normal distribution. */
double demo_random_normal(struct demo_random *r);
/* How often something happens that happens `mean` times on average. */
unsigned demo_random_count(struct demo_random *r, double mean);
/* An index below `count`; `weights` are not all 0. */
size_t demo_random_weighted(struct demo_random *r, const unsigned *weights, size_t count);
