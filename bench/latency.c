#include "latency.h"

static unsigned bucket_of(uint64_t us)
{
    if (us < 128) {
        return (unsigned)us;
    }
    unsigned shift = 57 - (unsigned)__builtin_clzll(us);
    unsigned bucket = shift * 64 + (unsigned)(us >> shift);
    return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

static uint64_t bucket_upper_us(unsigned bucket)
{
    if (bucket < 128) {
        return bucket;
    }
    unsigned shift = bucket / 64 - 1;
    return ((uint64_t)(bucket - shift * 64 + 1) << shift) - 1;
}

void latency_add(struct latency *latency, uint64_t us)
{
    latency->counts[bucket_of(us)]++;
    latency->total++;
    latency->max_us = us > latency->max_us ? us : latency->max_us;
}

double latency_quantile_ms(const struct latency *latency, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)latency->total), seen = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS && latency->total; i++) {
        seen += latency->counts[i];
        if (seen > wanted || seen == latency->total) {
            uint64_t us = bucket_upper_us(i);
            return (double)(us < latency->max_us ? us : latency->max_us) / 1000;
        }
    }
    return 0;
}
