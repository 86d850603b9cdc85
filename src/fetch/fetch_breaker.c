#include "fetch_breaker.h"
#include "caps.h"

_Static_assert(CAP_BREAKER_WINDOW < 32, "the window is one word");
#define WINDOW_MASK ((1u << CAP_BREAKER_WINDOW) - 1)

static const char *const upstream_names[] = {
    [UPSTREAM_VAPI] = "vapi",
    [UPSTREAM_RESEND] = "resend",
    [UPSTREAM_CALCOM] = "calcom",
    [UPSTREAM_SUPABASE] = "supabase",
    [UPSTREAM_VAPI_RECORDINGS] = "vapi_recordings",
    [UPSTREAM_TWILIO_RECORDINGS] = "twilio_recordings",
    [UPSTREAM_RECORDING_STORAGE] = "recording_storage",
    [UPSTREAM_SMTP] = "smtp",
};

static const char *const events[] = {
    [FETCH_BREAKER_CLOSED] = "breaker_closed",
    [FETCH_BREAKER_OPEN] = "breaker_opened",
    [FETCH_BREAKER_HALF_OPEN] = "breaker_half_open",
};

const char *fetch_upstream_name(const struct fetch_host *h)
{
    return upstream_names[h->upstream];
}

static bool is_legal(enum fetch_breaker from, enum fetch_breaker to)
{
    return to == FETCH_BREAKER_OPEN
               ? from != FETCH_BREAKER_OPEN
               : from == (to == FETCH_BREAKER_CLOSED ? FETCH_BREAKER_HALF_OPEN : FETCH_BREAKER_OPEN);
}

/* Half-open still refuses all but one call, so it counts as open until it closes. */
static void set_state(struct fetch_host *h, enum fetch_breaker to)
{
    assert(is_legal(h->breaker, to));
    int change = (to != FETCH_BREAKER_CLOSED) - (h->breaker != FETCH_BREAKER_CLOSED);
    h->breaker = to;
    metric_add(METRIC_BREAKER_OPEN, h->upstream, 0, change);
    log_event(to == FETCH_BREAKER_OPEN ? LOG_WARN : LOG_INFO, events[to], LOG_CSTR("upstream", fetch_upstream_name(h)));
}

static void open_breaker(struct fetch_host *h, uint64_t now_ms)
{
    h->window = 0;
    h->window_count = 0;
    h->open_until_ms = now_ms + CAP_BREAKER_OPEN_MS;
    set_state(h, FETCH_BREAKER_OPEN);
}

static bool is_too_bad(const struct fetch_host *h)
{
    unsigned failed = (unsigned)__builtin_popcount(h->window);
    return failed >= CAP_BREAKER_LEAST && failed * 2 >= h->window_count;
}

void fetch_host_init(struct fetch_host *h, enum metric_upstream upstream)
{
    *h = (struct fetch_host){.upstream = upstream, .breaker = FETCH_BREAKER_CLOSED};
}

int fetch_breaker_admit(struct fetch_host *h, uint64_t now_ms, bool *probe_out)
{
    *probe_out = false;
    if (h->breaker == FETCH_BREAKER_CLOSED) {
        return 0;
    }
    if (h->breaker == FETCH_BREAKER_HALF_OPEN || now_ms < h->open_until_ms) {
        return ERR_BREAKER_OPEN;
    }
    set_state(h, FETCH_BREAKER_HALF_OPEN);
    *probe_out = true;
    return 0;
}

/* Calls made before the breaker opened may end after it: only the probe speaks for the other side's health now. */
void fetch_breaker_record(struct fetch_host *h, uint64_t now_ms, bool probe, bool failed)
{
    if (h->breaker == FETCH_BREAKER_HALF_OPEN && probe) {
        if (failed) {
            open_breaker(h, now_ms);
        } else {
            set_state(h, FETCH_BREAKER_CLOSED);
        }
        return;
    }
    if (h->breaker != FETCH_BREAKER_CLOSED) {
        return;
    }
    h->window = (h->window << 1 | (failed ? 1u : 0u)) & WINDOW_MASK;
    h->window_count += h->window_count < CAP_BREAKER_WINDOW ? 1 : 0;
    if (failed && is_too_bad(h)) {
        open_breaker(h, now_ms);
    }
}

void fetch_breaker_release(struct fetch_host *h, uint64_t now_ms, bool probe)
{
    if (probe && h->breaker == FETCH_BREAKER_HALF_OPEN) {
        set_state(h, FETCH_BREAKER_OPEN);
        h->open_until_ms = now_ms;
    }
}

void fetch_breaker_revise(struct fetch_host *h, uint64_t now_ms, bool probe)
{
    if (h->breaker != FETCH_BREAKER_CLOSED) {
        return;
    }
    h->window |= h->window_count ? 1u : 0u;
    if (probe || is_too_bad(h)) {
        open_breaker(h, now_ms);
    }
}
