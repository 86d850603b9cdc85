#pragma once
/* The one event loop. Owns the uv_loop, the queue of deferred tasks, the end-of-turn hooks and the loop-lag gauge.
 * Everything here runs on the loop's own thread.
 *
 * A turn: timers and I/O callbacks run, then the end-of-turn hooks in the order they were added, then the loop sleeps.
 * A deferred task runs off its caller's stack, never inside loop_defer; one that another task deferred waits for the next
 * round. */
#include "list.h"
#include <stdint.h>
#include <uv.h>

struct loop_task {
    struct list_node node;
    void (*run)(struct loop_task *);
    uint64_t round; /* in which it was deferred */
};

struct loop_hook {
    struct list_node node;
    void (*run)(struct loop_hook *);
};

struct loop {
    uv_loop_t uv;
    uv_prepare_t turn_end;
    uv_check_t polled;
    uv_idle_t wake; /* active while tasks wait, so that the loop does not sleep on them */
    struct list tasks, hooks;
    uint64_t round; /* of deferred tasks */
    uint64_t io_ms; /* spent in the I/O callbacks of this turn */
};

void loop_init(struct loop *l);
/* Runs until no active handle is left. */
void loop_run(struct loop *l);
/* Closes the loop's own handles; call when the rooms have closed theirs. The loop then ends by itself. */
void loop_stop(struct loop *l);
/* After loop_run: 0, or the number of handles that somebody forgot to close, at least 1 (they are left alone). */
int loop_close(struct loop *l);

/* Queues a task for a later turn. The task is embedded in the caller's object and must not be queued twice. */
void loop_defer(struct loop *l, struct loop_task *t);
/* Takes a queued task back; harmless when it is not queued. */
void loop_defer_cancel(struct loop *l, struct loop_task *t);
void loop_add_hook(struct loop *l, struct loop_hook *h);
void loop_remove_hook(struct loop *l, struct loop_hook *h);

/* Monotonic milliseconds, cached per turn. */
static inline uint64_t loop_now_ms(const struct loop *l)
{
    return uv_now(&l->uv);
}
