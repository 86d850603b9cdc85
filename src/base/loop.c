#include "loop.h"
#include "metric.h"

static void run_tasks(uv_idle_t *h)
{
    struct loop *l = container_of(h, struct loop, wake);
    uint64_t due = l->round++; /* what these defer in turn waits for the next round */
    struct list_node *n;
    while ((n = list_first(&l->tasks)) && container_of(n, struct loop_task, node)->round <= due) {
        struct loop_task *t = container_of(list_pop(&l->tasks), struct loop_task, node);
        t->run(t);
    }
    if (l->tasks.count == 0) {
        uv_idle_stop(&l->wake);
    }
}

/* libuv refreshes uv_now when the poll returns and when a turn begins: what has passed since is the callbacks' work. */
static uint64_t since_refresh_ms(const struct loop *l)
{
    uint64_t now_ms = uv_hrtime() / 1000000, refreshed_ms = uv_now(&l->uv);
    return now_ms > refreshed_ms ? now_ms - refreshed_ms : 0;
}

static void on_polled(uv_check_t *h)
{
    struct loop *l = container_of(h, struct loop, polled);
    l->io_ms = since_refresh_ms(l);
}

/* Prepare is the last thing before the loop sleeps (uv_run: timers, pending, idle, prepare, poll, check, closing). */
static void on_turn_end(uv_prepare_t *h)
{
    struct loop *l = container_of(h, struct loop, turn_end);
    for (struct list_node *n = list_first(&l->hooks), *next; n; n = next) {
        next = list_next(&l->hooks, n);
        struct loop_hook *hook = container_of(n, struct loop_hook, node);
        hook->run(hook);
    }
    metric_observe(METRIC_LOOP_LAG_SECONDS, 0, (double)(l->io_ms + since_refresh_ms(l)) / 1e3);
    l->io_ms = 0;
}

void loop_init(struct loop *l)
{
    int rc = uv_loop_init(&l->uv);
    assert(rc == 0);
    list_init(&l->tasks);
    list_init(&l->hooks);
    l->round = l->io_ms = 0;
    uv_idle_init(&l->uv, &l->wake);
    uv_prepare_init(&l->uv, &l->turn_end);
    uv_prepare_start(&l->turn_end, on_turn_end);
    uv_unref((uv_handle_t *)&l->turn_end);
    uv_check_init(&l->uv, &l->polled);
    uv_check_start(&l->polled, on_polled);
    uv_unref((uv_handle_t *)&l->polled);
}

void loop_run(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
    uv_close((uv_handle_t *)&l->turn_end, NULL);
    uv_close((uv_handle_t *)&l->polled, NULL);
    uv_close((uv_handle_t *)&l->wake, NULL);
}

static void count_handle(uv_handle_t *h, void *count)
{
    (void)h;
    ++*(int *)count;
}

int loop_close(struct loop *l)
{
    int left = 0;
    uv_walk(&l->uv, count_handle, &left);
    return uv_loop_close(&l->uv) == 0 ? 0 : left ? left : 1;
}

void loop_defer(struct loop *l, struct loop_task *t)
{
    t->round = l->round;
    list_push(&l->tasks, &t->node);
    if (l->tasks.count == 1) {
        uv_idle_start(&l->wake, run_tasks);
    }
}

void loop_defer_cancel(struct loop *l, struct loop_task *t)
{
    if (list_linked(&t->node)) {
        list_remove(&l->tasks, &t->node);
    }
}

void loop_add_hook(struct loop *l, struct loop_hook *h)
{
    list_push(&l->hooks, &h->node);
}

void loop_remove_hook(struct loop *l, struct loop_hook *h)
{
    list_remove(&l->hooks, &h->node);
}
