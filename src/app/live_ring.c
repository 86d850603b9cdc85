#include "live_ring.h"

static uint64_t step(struct live_ring *r, uint64_t now_us)
{
    r->last_us = now_us > r->last_us ? now_us : r->last_us + 1;
    return r->last_us;
}

void live_ring_add(struct live_ring *r, uint64_t now_us, const struct uuid *business, const struct uuid *call)
{
    if (r->count == CAP_LIVE_RING) {
        r->whole_us = r->changes[r->first].at_us;
        r->first = (r->first + 1) % CAP_LIVE_RING;
        r->count--;
    }
    struct live_change *c = &r->changes[(r->first + r->count++) % CAP_LIVE_RING];
    *c = (struct live_change){step(r, now_us), *business, *call};
}

void live_ring_gap(struct live_ring *r, uint64_t now_us)
{
    r->whole_us = step(r, now_us);
    r->count = 0;
}

uint64_t live_ring_place(struct live_ring *r, uint64_t now_us)
{
    r->last_us = now_us > r->last_us ? now_us : r->last_us;
    return r->last_us;
}

bool live_ring_knows(const struct live_ring *r, uint64_t place_us)
{
    return place_us >= r->whole_us && place_us <= r->last_us;
}

bool live_list_add(struct uuid *calls, size_t *count, size_t most, const struct uuid *call)
{
    for (size_t i = 0; i < *count; i++) {
        if (uuid_eq(&calls[i], call)) {
            return true;
        }
    }
    if (*count == most) {
        return false;
    }
    calls[(*count)++] = *call;
    return true;
}

size_t live_ring_behind(const struct live_ring *r, uint64_t place_us, const struct uuid *business,
                        struct uuid *calls_out, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++) {
        const struct live_change *c = &r->changes[(r->first + i) % CAP_LIVE_RING];
        bool wanted = c->at_us > place_us && uuid_eq(&c->business, business);
        if (wanted && !live_list_add(calls_out, &n, most, &c->call)) {
            return most + 1;
        }
    }
    return n;
}
