/* The circuit breaker as tables: a line of events and the state after each of them. */
#include "caps.h"
#include "fetch_breaker.h"
#include "tap.h"

/* g: a call ends well; f: it fails; j: it ends well but is judged failed; s: a call made before the breaker opened ends
 * well; S: the same, failing; a: the probe is abandoned before it was sent; x: a call that must be refused;
 * w: the breaker's time passes; -: nearly all of it passes. */
struct line {
    const char *events;
    const char *states; /* after each event: C closed, O open, H half-open */
};

static const struct line lines[] = {
    {"gggggggggg", "CCCCCCCCCC"},
    {"ffff", "CCCC"},
    {"fffff", "CCCCO"},
    {"gggggfffff", "CCCCCCCCCO"},
    {"ggggggfffff", "CCCCCCCCCCC"},
    {"ggggggffffff", "CCCCCCCCCCCO"},
    {"gfgfgfgfgf", "CCCCCCCCCO"},
    {"ggfggfggfggfggfggf", "CCCCCCCCCCCCCCCCCC"},
    {"fffffxx", "CCCCOOO"},
    {"fffff-x", "CCCCOOO"},
    {"fffffwg", "CCCCOOC"},
    {"fffffwf", "CCCCOOO"},
    {"fffffwfx", "CCCCOOOO"},
    {"fffffwfwg", "CCCCOOOOC"},
    {"fffffwgffff", "CCCCOOCCCCC"},
    {"fffffwgfffff", "CCCCOOCCCCCO"},
    {"fffffsssss", "CCCCOOOOOO"},
    {"fffffSSSSSwg", "CCCCOOOOOOOC"},
    {"fffffwa", "CCCCOOO"},
    {"fffffwag", "CCCCOOOC"},
    {"fffffwaf", "CCCCOOOO"},
    {"jjjjj", "CCCCO"},
    {"gggggjjjjj", "CCCCCCCCCO"},
    {"fffffwj", "CCCCOOO"},
    {"fffffwjx", "CCCCOOOO"},
    {"fffffwjwg", "CCCCOOOOC"},
};

static void step(struct fetch_host *h, char event, uint64_t *now_ms)
{
    bool probe = false;
    switch (event) {
    case 'w':
        *now_ms += CAP_BREAKER_OPEN_MS;
        return;
    case '-':
        *now_ms += CAP_BREAKER_OPEN_MS - 1;
        return;
    case 's':
    case 'S':
        fetch_breaker_record(h, *now_ms, false, event == 'S');
        return;
    case 'x':
        CHECK_INT(fetch_breaker_admit(h, *now_ms, &probe), ERR_BREAKER_OPEN);
        return;
    default:
        CHECK_INT(fetch_breaker_admit(h, *now_ms, &probe), 0);
    }
    if (event == 'a') {
        fetch_breaker_release(h, *now_ms, probe);
        return;
    }
    fetch_breaker_record(h, *now_ms, probe, event == 'f');
    if (event == 'j') {
        fetch_breaker_revise(h, *now_ms, probe);
    }
}

static void states_follow_events(void)
{
    static const char letters[] = {
        [FETCH_BREAKER_CLOSED] = 'C', [FETCH_BREAKER_OPEN] = 'O', [FETCH_BREAKER_HALF_OPEN] = 'H'};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct fetch_host h;
        uint64_t now_ms = 1000;
        char got[64] = "";
        fetch_host_init(&h, UPSTREAM_CALCOM);
        tap_case(lines[i].events);
        for (size_t k = 0; lines[i].events[k]; k++) {
            step(&h, lines[i].events[k], &now_ms);
            got[k] = letters[h.breaker];
        }
        CHECK_STR(str_of(got), lines[i].states);
    }
}

static void open_it(struct fetch_host *h, uint64_t *now_ms)
{
    fetch_host_init(h, UPSTREAM_CALCOM);
    for (int i = 0; i < CAP_BREAKER_LEAST; i++) {
        step(h, 'f', now_ms);
    }
    CHECK_INT(h->breaker, FETCH_BREAKER_OPEN);
}

static void half_open_lets_one_through(void)
{
    struct fetch_host h;
    uint64_t now_ms = 0;
    bool probe, other;
    open_it(&h, &now_ms);
    now_ms += CAP_BREAKER_OPEN_MS;
    CHECK_INT(fetch_breaker_admit(&h, now_ms, &probe), 0);
    CHECK(probe);
    CHECK_INT(h.breaker, FETCH_BREAKER_HALF_OPEN);
    CHECK_INT(fetch_breaker_admit(&h, now_ms + 1, &other), ERR_BREAKER_OPEN);
    CHECK(!other);
    CHECK_INT(fetch_breaker_admit(&h, now_ms + 10 * CAP_BREAKER_OPEN_MS, &other), ERR_BREAKER_OPEN);
    fetch_breaker_record(&h, now_ms + 2, false, false);
    CHECK_INT(h.breaker, FETCH_BREAKER_HALF_OPEN);
    fetch_breaker_record(&h, now_ms + 3, probe, false);
    CHECK_INT(h.breaker, FETCH_BREAKER_CLOSED);
    CHECK_INT(fetch_breaker_admit(&h, now_ms + 4, &probe), 0);
    CHECK(!probe);
}

static void the_gauge_is_up_until_it_closes(void)
{
    struct fetch_host h;
    uint64_t now_ms = 0;
    bool probe;
    metric_init(NULL, 0);
    open_it(&h, &now_ms);
    CHECK_INT((int)metric_value(METRIC_BREAKER_OPEN, UPSTREAM_CALCOM, 0), 1);
    now_ms += CAP_BREAKER_OPEN_MS;
    CHECK_INT(fetch_breaker_admit(&h, now_ms, &probe), 0);
    CHECK_INT((int)metric_value(METRIC_BREAKER_OPEN, UPSTREAM_CALCOM, 0), 1);
    fetch_breaker_record(&h, now_ms, probe, false);
    CHECK_INT((int)metric_value(METRIC_BREAKER_OPEN, UPSTREAM_CALCOM, 0), 0);
    metric_free();
}

static void the_window_forgets(void)
{
    struct fetch_host h;
    uint64_t now_ms = 0;
    fetch_host_init(&h, UPSTREAM_CALCOM);
    for (int i = 0; i < CAP_BREAKER_LEAST - 1; i++) {
        step(&h, 'f', &now_ms);
    }
    for (int i = 0; i < CAP_BREAKER_WINDOW; i++) {
        step(&h, 'g', &now_ms);
    }
    CHECK_INT(h.window_count, CAP_BREAKER_WINDOW);
    CHECK_INT(h.window, 0);
    for (int i = 0; i < CAP_BREAKER_WINDOW / 2 - 1; i++) {
        step(&h, 'f', &now_ms);
        CHECK_INT(h.breaker, FETCH_BREAKER_CLOSED);
    }
    step(&h, 'f', &now_ms);
    CHECK_INT(h.breaker, FETCH_BREAKER_OPEN);
}

TAP_MAIN(TEST(states_follow_events), TEST(half_open_lets_one_through), TEST(the_gauge_is_up_until_it_closes),
         TEST(the_window_forgets))
