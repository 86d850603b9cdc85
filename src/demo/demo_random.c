#include "demo_random.h"
#include <math.h>

#define STEP 0x9e3779b97f4a7c15u
#define TAU 6.283185307179586
#define KNUTH_MOST 30.0 /* above this mean the normal distribution is as good */

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

struct demo_random demo_random_make(uint64_t seed, uint64_t what, uint64_t which)
{
    return (struct demo_random){mix(mix(mix(seed + STEP) + what) + which * STEP)};
}

uint64_t demo_random_next(struct demo_random *r)
{
    r->state += STEP;
    return mix(r->state);
}

double demo_random_unit(struct demo_random *r)
{
    return (double)(demo_random_next(r) >> 11) * 0x1p-53;
}

uint32_t demo_random_below(struct demo_random *r, uint32_t limit)
{
    return (uint32_t)(((demo_random_next(r) >> 32) * limit) >> 32);
}

bool demo_random_often(struct demo_random *r, unsigned per_mille)
{
    return demo_random_below(r, 1000) < per_mille;
}

double demo_random_normal(struct demo_random *r)
{
    double radius = sqrt(-2 * log(1 - demo_random_unit(r)));
    return radius * cos(TAU * demo_random_unit(r));
}

unsigned demo_random_count(struct demo_random *r, double mean)
{
    if (mean > KNUTH_MOST) {
        double count = mean + sqrt(mean) * demo_random_normal(r) + 0.5;
        return count < 0 ? 0 : (unsigned)count;
    }
    double limit = exp(-mean), left = demo_random_unit(r);
    unsigned count = 0;
    while (left > limit) {
        left *= demo_random_unit(r);
        count++;
    }
    return count;
}

size_t demo_random_weighted(struct demo_random *r, const unsigned *weights, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    uint32_t at = demo_random_below(r, sum);
    size_t i = 0;
    while (at >= weights[i]) {
        at -= weights[i++];
    }
    return i;
}
