#pragma once
/* Latencies in microseconds, counted in buckets whose width grows with the value: 64 to each power of two, so a
 * quantile is off by less than 1.6 %. */
#include <stdint.h>

enum { LATENCY_BUCKETS = 64 * 32 };

struct latency {
    uint64_t counts[LATENCY_BUCKETS];
    uint64_t total, max_us;
};

void latency_add(struct latency *latency, uint64_t us);

/* The value below which `share` (0 to 1) of all values lie, in milliseconds; 0 when there is none. */
double latency_quantile_ms(const struct latency *latency, double share);
