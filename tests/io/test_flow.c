/* Flows: steps that go on, park, are resumed, and fail once. What happens is written down as letters. */
#include "flow.h"
#include "list.h"
#include "loop.h"
#include "tap.h"

struct work {
    struct flow flow;
    struct loop_task wait;
    int wait_result;   /* what the parked step's wait brings */
    int submit_result; /* what its submit returns */
    int fail_code;
    char trace[50];
};

static struct loop loop;

static void note(struct work *w, char c)
{
    w->trace[strlen(w->trace)] = c;
}

static struct work *of(struct flow *f)
{
    return container_of(f, struct work, flow);
}

static enum flow_next step_on(struct flow *f)
{
    note(of(f), 'n');
    return FLOW_NEXT;
}

static enum flow_next step_done(struct flow *f)
{
    note(of(f), 'd');
    return FLOW_DONE;
}

static void on_waited(struct loop_task *t)
{
    struct work *w = container_of(t, struct work, wait);
    note(w, 'w');
    flow_resume(&w->flow, w->wait_result);
}

static int submit(struct work *w)
{
    if (w->submit_result == 0) {
        w->wait.run = on_waited;
        loop_defer(&loop, &w->wait);
    }
    return w->submit_result;
}

static enum flow_next step_park(struct flow *f)
{
    note(of(f), 'p');
    return flow_wait(f, submit(of(f)));
}

static enum flow_next step_fail(struct flow *f)
{
    note(of(f), 'f');
    return flow_fail(f, ERR_CONFLICT);
}

static void on_fail(struct flow *f, int code)
{
    note(of(f), '!');
    of(f)->fail_code = code;
}

static void run(struct work *w, const struct flow_step *steps, const char *trace_before_loop, const char *trace_after)
{
    tap_case(trace_after);
    loop_init(&loop);
    flow_start(&w->flow, steps, on_fail);
    CHECK_STR(str_of(w->trace), trace_before_loop);
    loop_run(&loop);
    CHECK_STR(str_of(w->trace), trace_after);
    loop_stop(&loop);
    loop_run(&loop);
    CHECK_INT(loop_close(&loop), 0);
}

#define STEPS(...) ((const struct flow_step[]){__VA_ARGS__, {NULL, NULL}})
#define ON {"on", step_on}
#define PARK {"park", step_park}
#define DONE {"done", step_done}
#define FAIL {"fail", step_fail}

static void goes_on(void)
{
    struct work all = {0}, early = {0}, none = {0};
    run(&all, STEPS(ON, ON, DONE), "nnd", "nnd");
    run(&early, STEPS(ON, DONE, ON, FAIL), "nd", "nd");
    run(&none, STEPS(ON, ON), "nn", "nn");
}

static void parks_and_is_resumed(void)
{
    struct work once = {0}, often = {0}, last = {0};
    run(&once, STEPS(ON, PARK, ON, DONE), "np", "npwnd");
    run(&often, STEPS(PARK, PARK, PARK, DONE), "p", "pwpwpwd");
    run(&last, STEPS(ON, PARK), "np", "npw");
    /* Only a negative code is a failure. */
    struct work positive = {.wait_result = 5};
    run(&positive, STEPS(PARK, DONE), "p", "pwd");
}

static void fails_once(void)
{
    struct work step = {0}, wait = {.wait_result = ERR_TIMEOUT}, refused = {.submit_result = ERR_BUSY};
    run(&step, STEPS(ON, FAIL, ON, DONE), "nf!", "nf!");
    CHECK_INT(step.fail_code, ERR_CONFLICT);
    run(&wait, STEPS(ON, PARK, ON, DONE), "np", "npw!");
    CHECK_INT(wait.fail_code, ERR_TIMEOUT);
    run(&refused, STEPS(ON, PARK, ON, DONE), "np!", "np!");
    CHECK_INT(refused.fail_code, ERR_BUSY);
    struct work after = {0};
    run(&after, STEPS(PARK, ON, FAIL, DONE), "p", "pwnf!");
}

struct heap {
    struct flow flow;
};

static int freed;

static void free_on_fail(struct flow *f, int code)
{
    (void)code;
    free(container_of(f, struct heap, flow));
    freed++;
}

static enum flow_next step_free(struct flow *f)
{
    free(container_of(f, struct heap, flow));
    freed++;
    return FLOW_DONE;
}

/* The owner may go in the last step and in on_fail: nothing touches it afterwards. */
static void the_owner_may_go(void)
{
    static const struct flow_step frees[] = {{"free", step_free}, {NULL, NULL}};
    static const struct flow_step fails[] = {{"fail", NULL}, {NULL, NULL}};
    struct heap *h = malloc(sizeof(*h));
    flow_start(&h->flow, frees, free_on_fail);
    CHECK_INT(freed, 1);
    h = malloc(sizeof(*h));
    flow_start(&h->flow, fails, free_on_fail);
    CHECK_INT(freed, 1);
    flow_resume(&h->flow, ERR_CONNECT);
    CHECK_INT(freed, 2);
}

TAP_MAIN(TEST(goes_on), TEST(parks_and_is_resumed), TEST(fails_once), TEST(the_owner_may_go))
