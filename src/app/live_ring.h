#pragma once
/* Which calls changed lately, in order, so that a stream that was cut can go on where it stood. A place in that order is a
 * time in microseconds, later than every place before it: it tells nobody how much others have to do. */
#include "caps.h"
#include "uuid.h"
#include <stdint.h>

struct live_change {
    uint64_t at_us;
    struct uuid business, call;
};

/* Zeroed. */
struct live_ring {
    struct live_change changes[CAP_LIVE_RING];
    size_t first, count;
    uint64_t last_us;  /* the latest place */
    uint64_t whole_us; /* nothing is missing behind this place */
};

void live_ring_add(struct live_ring *r, uint64_t now_us, const struct uuid *business, const struct uuid *call);
/* Something may have been missed: nobody can go on from a place before this moment. */
void live_ring_gap(struct live_ring *r, uint64_t now_us);
/* The place of now: all that was added is before it, what comes is behind it. */
uint64_t live_ring_place(struct live_ring *r, uint64_t now_us);
/* Is everything known that came behind this place? */
bool live_ring_knows(const struct live_ring *r, uint64_t place_us);
/* The calls of a business that changed behind a place, each once, up to `most`; the count, which is `most` + 1 when there are
 * more. */
size_t live_ring_behind(const struct live_ring *r, uint64_t place_us, const struct uuid *business,
                        struct uuid *calls_out, size_t most);

/* Adds a call to a list where it does not stand yet. False: it is full. */
bool live_list_add(struct uuid *calls, size_t *count, size_t most, const struct uuid *call);
