/* The loop: deferred tasks, end-of-turn hooks, and the order of both. What happens is written down as letters. */
#include "loop.h"
#include "metric.h"
#include "tap.h"

static struct loop loop;
static char trace[200];

static void note(char c)
{
    size_t n = strlen(trace);
    if (n + 1 < sizeof(trace)) {
        trace[n] = c;
        trace[n + 1] = 0;
    }
}

static void begin(void)
{
    trace[0] = 0;
    loop_init(&loop);
}

/* The loop must end by itself and be empty. */
static void end(const char *want)
{
    loop_stop(&loop);
    loop_run(&loop);
    CHECK_INT(loop_close(&loop), 0);
    CHECK_STR(str_of(trace), want);
}

struct job {
    struct loop_task task;
    char name;
    int again; /* defers itself so often */
    struct job *defers, *cancels;
};

static void run_job(struct loop_task *t)
{
    struct job *j = container_of(t, struct job, task);
    note(j->name);
    if (j->again-- > 0) {
        loop_defer(&loop, &j->task);
    }
    if (j->cancels) {
        loop_defer_cancel(&loop, &j->cancels->task);
    }
    if (j->defers) {
        loop_defer(&loop, &j->defers->task);
    }
    note('.'); /* what a job defers never runs inside it */
}

#define JOB(letter) ((struct job){.task.run = run_job, .name = letter})

static void tasks_run_in_order(void)
{
    struct job a = JOB('a'), b = JOB('b'), c = JOB('c');
    begin();
    loop_defer(&loop, &a.task);
    loop_defer(&loop, &b.task);
    loop_defer(&loop, &c.task);
    CHECK_STR(str_of(trace), "");
    loop_run(&loop);
    end("a.b.c.");
}

static void a_cancelled_task_does_not_run(void)
{
    struct job a = JOB('a'), b = JOB('b'), c = JOB('c');
    begin();
    loop_defer_cancel(&loop, &b.task);
    loop_defer(&loop, &a.task);
    loop_defer(&loop, &b.task);
    loop_defer(&loop, &c.task);
    loop_defer_cancel(&loop, &a.task);
    loop_defer_cancel(&loop, &a.task);
    c.cancels = &b;
    b.cancels = &c;
    loop_run(&loop);
    end("b.");
}

static void a_cancelled_task_may_be_deferred_again(void)
{
    struct job a = JOB('a'), b = JOB('b');
    begin();
    loop_defer(&loop, &a.task);
    loop_defer_cancel(&loop, &a.task);
    loop_run(&loop);
    loop_defer(&loop, &b.task);
    loop_defer(&loop, &a.task);
    loop_run(&loop);
    end("b.a.");
}

static struct loop_hook first, second, third;

static void on_first(struct loop_hook *h)
{
    (void)h;
    note('1');
}

static void on_second(struct loop_hook *h)
{
    (void)h;
    note('2');
}

static void on_once(struct loop_hook *h)
{
    note('!');
    loop_remove_hook(&loop, h);
}

static void hooks_run_in_order_each_turn(void)
{
    struct job a = JOB('a');
    a.again = 1;
    first = (struct loop_hook){.run = on_first};
    second = (struct loop_hook){.run = on_once};
    third = (struct loop_hook){.run = on_second};
    begin();
    loop_add_hook(&loop, &first);
    loop_add_hook(&loop, &second);
    loop_add_hook(&loop, &third);
    loop_defer(&loop, &a.task);
    loop_run(&loop);
    loop_remove_hook(&loop, &first);
    loop_remove_hook(&loop, &third);
    end("a.1!2a.12");
}

/* A task deferred by a task runs after the turn's hooks, never in the same round. */
static void deferred_by_a_task_is_a_later_turn(void)
{
    struct job a = JOB('a'), b = JOB('b'), c = JOB('c');
    first = (struct loop_hook){.run = on_first};
    a.defers = &c;
    begin();
    loop_add_hook(&loop, &first);
    loop_defer(&loop, &a.task);
    loop_defer(&loop, &b.task);
    loop_run(&loop);
    loop_remove_hook(&loop, &first);
    end("a.b.1c.1");
}

/* Even when a cancelled task leaves room in the round. */
static void a_cancelled_task_leaves_no_room(void)
{
    struct job a = JOB('a'), b = JOB('b'), c = JOB('c');
    first = (struct loop_hook){.run = on_first};
    a.cancels = &b;
    a.defers = &c;
    begin();
    loop_add_hook(&loop, &first);
    loop_defer(&loop, &a.task);
    loop_defer(&loop, &b.task);
    loop_run(&loop);
    loop_remove_hook(&loop, &first);
    end("a.1c.1");
}

static struct job of_timer = JOB('t');

static void on_timer(uv_timer_t *t)
{
    note('T');
    loop_defer(&loop, &of_timer.task);
    note(')');
    uv_close((uv_handle_t *)t, NULL);
}

static void deferred_by_a_timer(void)
{
    uv_timer_t timer;
    begin();
    uv_timer_init(&loop.uv, &timer);
    uv_timer_start(&timer, on_timer, 1, 0);
    loop_run(&loop);
    end("T)t.");
}

static void many_tasks(void)
{
    static struct job jobs[1000];
    begin();
    for (size_t i = 0; i < 1000; i++) {
        jobs[i] = (struct job){.task.run = run_job, .name = 'x', .again = 3};
        loop_defer(&loop, &jobs[i].task);
    }
    loop_run(&loop);
    bool done = true;
    for (size_t i = 0; i < 1000; i++) {
        done &= jobs[i].again == -1;
    }
    CHECK(done);
    loop_stop(&loop);
    loop_run(&loop);
    CHECK_INT(loop_close(&loop), 0);
}

static void an_open_handle_is_counted(void)
{
    uv_timer_t one, two;
    begin();
    uv_timer_init(&loop.uv, &one);
    uv_timer_init(&loop.uv, &two);
    loop_stop(&loop);
    loop_run(&loop);
    CHECK_INT(loop_close(&loop), 2);
    uv_close((uv_handle_t *)&one, NULL);
    uv_close((uv_handle_t *)&two, NULL);
    loop_run(&loop);
    CHECK_INT(loop_close(&loop), 0);
}

static void a_loop_that_waits_for_nothing_ends(void)
{
    first = (struct loop_hook){.run = on_first};
    begin();
    loop_add_hook(&loop, &first);
    loop_run(&loop); /* a hook alone keeps nothing alive */
    loop_remove_hook(&loop, &first);
    uint64_t now = loop_now_ms(&loop);
    CHECK(now > 0);
    trace[0] = 0;
    end("");
}

TAP_MAIN(TEST(tasks_run_in_order), TEST(a_cancelled_task_does_not_run), TEST(a_cancelled_task_may_be_deferred_again),
         TEST(hooks_run_in_order_each_turn), TEST(deferred_by_a_task_is_a_later_turn),
         TEST(a_cancelled_task_leaves_no_room), TEST(deferred_by_a_timer), TEST(many_tasks),
         TEST(an_open_handle_is_counted), TEST(a_loop_that_waits_for_nothing_ends))
