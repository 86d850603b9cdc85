#pragma once
/* A flow: named steps that may park. For work with two or more waits; one wait needs no more than a callback.
 * The flow is embedded in its owner's object, which lives until the last step returned FLOW_DONE or on_fail ran.
 *
 * A step does its work and returns FLOW_NEXT (go on), FLOW_DONE (finished), or starts at most one wait as its last act:
 * `return flow_wait(f, x_submit(&op))`. The wait's callback calls flow_resume, which runs the next step, or on_fail
 * when the code is negative. on_fail runs at most once, as the flow's last act; it may free the owner. */
#include "err.h"

enum flow_next { FLOW_NEXT, FLOW_PARKED, FLOW_DONE };

struct flow;

struct flow_step {
    const char *name;
    enum flow_next (*run)(struct flow *);
};

struct flow {
    const struct flow_step *step; /* the current one; the table ends with a row whose run is NULL */
    void (*on_fail)(struct flow *, int code);
};

/* Runs until the first wait, inside this call. */
void flow_start(struct flow *f, const struct flow_step *steps, void (*on_fail)(struct flow *, int code));
/* From the callback of the wait that parked the flow. */
void flow_resume(struct flow *f, int code);
/* Turns the result of a submit into a step's result: parked, or failed at once. */
enum flow_next flow_wait(struct flow *f, int submitted);
/* Leaves by on_fail. */
enum flow_next flow_fail(struct flow *f, int code);
