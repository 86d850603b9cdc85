#include "booking.h"
#include "booking_op.h"
#include "caps.h"
#include "db_pool.h"
#include "err.h"
#include "utf8.h"
#include "uuid.h"
#include <stdlib.h>

#define ID_BYTES 200 /* of a call or a tool call: an index takes no more than 2,700 */

static struct str text_of(struct arena *a, struct str s, size_t most)
{
    return s.p ? arena_copy(a, utf8_cut(utf8_clean(a, str_trim(s)), most)) : s;
}

static void copy_wish(struct booking_op *op, const struct booking_wish *wish)
{
    struct arena *a = &op->arena;
    struct booking_wish *w = &op->wish;
    *w = *wish;
    w->business_id = text_of(a, wish->business_id, UUID_TEXT);
    w->provider_call_id = text_of(a, wish->provider_call_id, ID_BYTES);
    w->tool_call_id = text_of(a, wish->tool_call_id, ID_BYTES);
    w->twilio_call_sid = text_of(a, wish->twilio_call_sid, ID_BYTES);
    w->caller_number = text_of(a, wish->caller_number, CAP_BOOKING_TEXT_BYTES);
    w->date = text_of(a, wish->date, CAP_BOOKING_TEXT_BYTES);
    w->start = text_of(a, wish->start, CAP_BOOKING_TEXT_BYTES);
    w->name = text_of(a, wish->name, CAP_BOOKING_TEXT_BYTES);
    w->email = text_of(a, wish->email, CAP_BOOKING_TEXT_BYTES);
    w->phone = text_of(a, wish->phone, CAP_BOOKING_TEXT_BYTES);
    w->service = text_of(a, wish->service, CAP_BOOKING_TEXT_BYTES);
    if (wish->tool == BOOKING_BOOK && !booking_when_read(w->start, &op->when)) {
        op->when = (struct booking_when){.local = ""};
    }
}

static void look_after(struct booking_op *op, uint64_t now_ms)
{
    if (op->ticket && now_ms >= op->live_until_ms) {
        bool check = op->wish.tool == BOOKING_CHECK;
        booking_op_give_up(op); /* whatever the database and the calendar do */
        booking_op_answer(op);
        if (check) {
            metric_count(METRIC_AVAILABILITY, AVAILABILITY_FAILED);
            booking_op_end(op);
            return;
        }
    }
    if (op->wake_ms && now_ms >= op->wake_ms) {
        op->wake_ms = 0;
        op->on_wake(op);
    }
}

static void end_all(struct bookings_core *c)
{
    struct list_node *n;
    while ((n = list_first(&c->ops))) {
        booking_op_end(container_of(n, struct booking_op, node));
    }
}

static void on_closed(uv_handle_t *h)
{
    struct bookings_core *c = h->data;
    struct bookings *handle = c->handle;
    if (--c->open_handles == 0) {
        free(c);
        handle->core = NULL;
        handle->on_stopped(handle);
    }
}

static void close_handles(struct bookings_core *c)
{
    c->tick.data = c->sweep.data = c;
    uv_close((uv_handle_t *)&c->tick, on_closed);
    uv_close((uv_handle_t *)&c->sweep, on_closed);
}

/* An op that ends may take only itself from the list. */
void bookings_on_tick(uv_timer_t *t)
{
    struct bookings_core *c = container_of(t, struct bookings_core, tick);
    uint64_t now = loop_now_ms(c->options.loop);
    struct list_node *n = list_first(&c->ops), *next;
    for (; n; n = next) {
        next = list_next(&c->ops, n);
        look_after(container_of(n, struct booking_op, node), now);
    }
    if (c->stopping && (c->ops.count == 0 || now >= c->stop_at_ms)) {
        uv_timer_stop(t);
        end_all(c);
        close_handles(c);
    } else if (c->ops.count == 0) {
        uv_timer_stop(t);
    }
}

static void on_sweep(uv_timer_t *t)
{
    booking_sweep_look(container_of(t, struct bookings_core, sweep));
}

void bookings_start(struct bookings *b, const struct booking_options *options)
{
    struct bookings_core *c = mem_alloc(sizeof(*c));
    b->core = c;
    c->handle = b;
    c->options = *options;
    c->open_handles = 2;
    list_init(&c->ops);
    uv_timer_init(&options->loop->uv, &c->tick);
    uv_timer_init(&options->loop->uv, &c->sweep);
    uv_timer_start(&c->sweep, on_sweep, CAP_BOOKING_SWEEP_MS, CAP_BOOKING_SWEEP_MS);
}

static void begin(struct loop_task *t)
{
    struct booking_op *op = container_of(t, struct booking_op, begin);
    if (op->wish.tool == BOOKING_CHECK) {
        booking_check_start(op);
    } else {
        booking_book_start(op);
    }
}

int booking_submit(struct bookings *b, struct booking_ask *ask, const struct booking_wish *wish)
{
    struct bookings_core *c = b->core;
    if (c->stopping || c->ops.count >= CAP_BOOKINGS) {
        return c->stopping ? ERR_STOPPING : ERR_BUSY;
    }
    struct booking_op *op = booking_op_new(c);
    copy_wish(op, wish);
    op->ticket = ask;
    ask->op = op;
    op->started_ms -= wish->spent_ms < op->started_ms ? wish->spent_ms : 0;
    op->live_until_ms = op->started_ms + CAP_BOOKING_LIVE_MS - CAP_BOOKING_TICK_MS;
    op->begin.run = begin;
    loop_defer(c->options.loop, &op->begin);
    return 0;
}

void booking_abandon(struct booking_ask *ask)
{
    struct booking_op *op = ask->op;
    if (!op) {
        return;
    }
    ask->op = NULL;
    op->ticket = NULL;
    op->given_up = !op->sent;
    if (op->wish.tool == BOOKING_CHECK) {
        booking_op_end(op);
    }
}

void bookings_stop(struct bookings *b, void (*on_stopped)(struct bookings *))
{
    struct bookings_core *c = b->core;
    b->on_stopped = on_stopped;
    c->stopping = true;
    c->stop_at_ms = loop_now_ms(c->options.loop) + CAP_BOOKING_STOP_MS;
    uv_timer_stop(&c->sweep);
    uv_timer_start(&c->tick, bookings_on_tick, 0, CAP_BOOKING_TICK_MS);
}
