#include "flow.h"
#include <assert.h>

static void run(struct flow *f)
{
    while (f->step->run) {
        const struct flow_step *step = f->step++;
        if (step->run(f) != FLOW_NEXT) {
            return; /* parked, or the owner is gone: the flow must not be touched */
        }
    }
}

void flow_start(struct flow *f, const struct flow_step *steps, void (*on_fail)(struct flow *, int code))
{
    f->step = steps;
    f->on_fail = on_fail;
    run(f);
}

void flow_resume(struct flow *f, int code)
{
    assert(f->step);
    if (code < 0) {
        f->on_fail(f, code);
    } else {
        run(f);
    }
}

enum flow_next flow_wait(struct flow *f, int submitted)
{
    return submitted < 0 ? flow_fail(f, submitted) : FLOW_PARKED;
}

enum flow_next flow_fail(struct flow *f, int code)
{
    f->on_fail(f, code);
    return FLOW_DONE;
}
