#include "http_conn.h"
#include "http_exchange.h"
#include "http_network.h"
#include "http_server.h"
#include "http_write.h"
#include <stdlib.h>
#include <unistd.h>

#define BIT(state) (1u << (state))

/* Where each state may lead. */
static const unsigned next_states[CONN_STATE_COUNT] = {
    [CONN_IDLE] = BIT(CONN_HEAD) | BIT(CONN_LINGER) | BIT(CONN_CLOSING),
    [CONN_HEAD] = BIT(CONN_BODY) | BIT(CONN_DISPATCH) | BIT(CONN_CLOSING),
    [CONN_BODY] = BIT(CONN_DISPATCH) | BIT(CONN_CLOSING),
    [CONN_DISPATCH] =
        BIT(CONN_HANDLING) | BIT(CONN_STREAMING) | BIT(CONN_WRITING) | BIT(CONN_ANSWERED) | BIT(CONN_CLOSING),
    [CONN_HANDLING] = BIT(CONN_STREAMING) | BIT(CONN_WRITING) | BIT(CONN_ANSWERED) | BIT(CONN_GONE) | BIT(CONN_CLOSING),
    [CONN_STREAMING] = BIT(CONN_WRITING) | BIT(CONN_ANSWERED) | BIT(CONN_GONE) | BIT(CONN_CLOSING),
    [CONN_GONE] = BIT(CONN_CLOSING),
    [CONN_WRITING] = BIT(CONN_ANSWERED) | BIT(CONN_CLOSING),
    [CONN_ANSWERED] = BIT(CONN_IDLE) | BIT(CONN_LINGER) | BIT(CONN_CLOSING),
    [CONN_LINGER] = BIT(CONN_CLOSING),
};

static void on_timer(uv_timer_t *t);

static uint64_t now_ms(const struct http_conn *c)
{
    return loop_now_ms(c->listener->loop);
}

static uint64_t deadline_of(struct http_conn *c)
{
    const struct http_limits *limits = &c->listener->limits;
    switch (c->state) {
    case CONN_IDLE: /* who has just come has something to say */
        return now_ms(c) + (c->requests ? c->idle_ms : limits->head_ms);
    case CONN_HEAD:
        return now_ms(c) + limits->head_ms;
    case CONN_BODY:
        c->body_started_ms = now_ms(c);
        return now_ms(c) + limits->body_grace_ms;
    case CONN_STREAMING:
    case CONN_WRITING:
        return http_write_deadline(c);
    case CONN_LINGER:
        return now_ms(c) + limits->linger_ms;
    default:
        return 0; /* the handler keeps its own time */
    }
}

/* Deadlines mostly move back, request by request. A timer that is due earlier is left alone and looks again when it
 * fires: in a busy connection it hardly ever has to be moved. */
void http_conn_arm(struct http_conn *c, uint64_t at_ms)
{
    c->deadline_ms = at_ms;
    if (at_ms == 0 || c->state == CONN_CLOSING || (c->timer_due_ms != 0 && c->timer_due_ms <= at_ms)) {
        return;
    }
    uint64_t now = now_ms(c);
    uv_timer_start(&c->timer, on_timer, at_ms > now ? at_ms - now : 0, 0);
    c->timer_due_ms = at_ms > now ? at_ms : now;
}

void http_conn_set_state(struct http_conn *c, enum http_conn_state state)
{
    assert(next_states[c->state] & BIT(state));
    list_remove(&c->listener->by_state[c->state], &c->node);
    list_push(&c->listener->by_state[state], &c->node);
    c->state = state;
    http_conn_arm(c, deadline_of(c));
}

/* A body must come whole in time, and at a least rate once it had time to begin. */
static void check_body(struct http_conn *c)
{
    const struct http_limits *limits = &c->listener->limits;
    uint64_t earned_ms = c->request.body.len * 1000 / limits->body_slowest_bytes_per_s;
    earned_ms = earned_ms > limits->body_grace_ms ? earned_ms : limits->body_grace_ms;
    uint64_t most_ms = earned_ms < limits->body_ms ? earned_ms : limits->body_ms;
    if (now_ms(c) - c->body_started_ms >= most_ms) {
        http_exchange_refuse(c, ERR_REQUEST_TIMEOUT);
    } else {
        http_conn_arm(c, c->body_started_ms + most_ms);
    }
}

static void on_timer(uv_timer_t *t)
{
    struct http_conn *c = container_of(t, struct http_conn, timer);
    c->timer_due_ms = 0;
    if (c->deadline_ms > now_ms(c)) {
        http_conn_arm(c, c->deadline_ms);
        return;
    }
    if (c->deadline_ms == 0) {
        return;
    }
    if (c->state == CONN_HEAD) {
        http_exchange_refuse(c, ERR_REQUEST_TIMEOUT);
    } else if (c->state == CONN_BODY) {
        check_body(c);
    } else if (c->state == CONN_WRITING || c->state == CONN_STREAMING) {
        http_write_check(c);
    } else {
        http_conn_close(c, c->state == CONN_LINGER ? CLOSE_ANSWERED : CLOSE_IDLE);
    }
}

static bool takes_requests(const struct http_conn *c)
{
    return c->state == CONN_IDLE || c->state == CONN_HEAD || c->state == CONN_BODY;
}

/* While a request is being handled only so much is read that it can be kept. */
static void on_alloc(uv_handle_t *h, size_t wanted, uv_buf_t *out)
{
    (void)wanted;
    struct http_conn *c = container_of(h, struct http_conn, tcp);
    size_t kept = takes_requests(c) ? 0 : c->pending.len - c->pending_at;
    *out = uv_buf_init(c->listener->receive, (unsigned)(CAP_RECEIVE_BYTES - kept));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct http_conn *c = container_of(s, struct http_conn, tcp);
    if (n > 0 && c->state != CONN_LINGER) {
        http_exchange_feed(c, (struct str){buf->base, (size_t)n});
    } else if (n == UV_EOF) {
        c->input = INPUT_EOF;
        uv_read_stop(s);
        http_exchange_eof(c);
    } else if (n < 0) {
        http_conn_gone(c, http_conn_reason(c));
    }
}

void http_conn_update_input(struct http_conn *c)
{
    if (c->input == INPUT_EOF || c->state == CONN_CLOSING || c->state == CONN_GONE) {
        return;
    }
    bool full = c->state != CONN_LINGER && c->pending.len - c->pending_at >= c->listener->limits.pending_bytes;
    if (full && c->input == INPUT_READING) {
        uv_read_stop((uv_stream_t *)&c->tcp);
        c->input = INPUT_PAUSED;
    } else if (!full && c->input == INPUT_PAUSED) {
        c->input = INPUT_READING;
        if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read)) {
            http_conn_gone(c, CLOSE_GONE);
        }
    }
}

static void free_conn(uv_handle_t *h)
{
    struct http_conn *c = h->data;
    if (--c->open_handles > 0) {
        return;
    }
    struct http_listener *l = c->listener;
    http_exchange_release(c);
    http_parse_free(&c->parse);
    buf_free(&c->pending);
    buf_free(&c->out);
    buf_free(&c->next);
    http_peers_leave(&l->peers, c->peer);
    list_remove(&l->by_state[c->state], &c->node);
    free(c);
    http_listener_forget(l);
}

/* A stream that is not complete ends with a reset: the end of the connection may be the end of a body. */
static void reset_on_close(struct http_conn *c)
{
    struct linger at_once = {.l_onoff = 1};
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
}

void http_conn_close(struct http_conn *c, enum metric_close why)
{
    if (c->state == CONN_CLOSING) {
        return;
    }
    if (c->streaming && c->state != CONN_ANSWERED) {
        reset_on_close(c);
    }
    metric_count(METRIC_HTTP_CLOSED, why);
    http_conn_set_state(c, CONN_CLOSING);
    loop_defer_cancel(c->listener->loop, &c->task);
    uv_close((uv_handle_t *)&c->tcp, free_conn);
    uv_close((uv_handle_t *)&c->timer, free_conn);
}

enum metric_close http_conn_reason(const struct http_conn *c)
{
    return c->state == CONN_IDLE ? CLOSE_CLIENT : c->state == CONN_LINGER ? CLOSE_ANSWERED : CLOSE_GONE;
}

void http_conn_tell(struct http_conn *c)
{
    if (c->request.waiter && !list_linked(&c->task.node)) {
        loop_defer(c->listener->loop, &c->task);
    }
}

void http_conn_gone(struct http_conn *c, enum metric_close why)
{
    if (c->state == CONN_GONE) {
        return;
    }
    if (c->state != CONN_HANDLING && c->state != CONN_STREAMING) {
        http_conn_close(c, why);
        return;
    }
    c->why = why;
    log_event(LOG_DEBUG, "http_client_gone", LOG_CSTR("id", c->request.id));
    http_conn_set_state(c, CONN_GONE);
    uv_read_stop((uv_stream_t *)&c->tcp);
    http_conn_tell(c);
}

void http_conn_linger(struct http_conn *c)
{
    uv_os_fd_t fd;
    buf_free(&c->pending);
    c->pending_at = 0;
    if (c->input == INPUT_EOF || uv_fileno((uv_handle_t *)&c->tcp, &fd) || shutdown(fd, SHUT_WR)) {
        http_conn_close(c, CLOSE_ANSWERED);
        return;
    }
    http_conn_set_state(c, CONN_LINGER);
    http_conn_update_input(c);
}

/* A handler's object is told last, in a turn of its own, and may be freed by it. */
static void run_task(struct loop_task *t)
{
    struct http_conn *c = container_of(t, struct http_conn, task);
    if (c->state == CONN_GONE) {
        c->request.waiter->on_gone(c->request.waiter, &c->request);
        http_conn_close(c, c->why);
    } else if (c->state == CONN_ANSWERED) {
        http_exchange_resume(c);
    }
}

int http_conn_open(struct http_listener *l, int fd, const struct sockaddr_storage *from, struct http_peer *peer)
{
    struct http_conn *c = mem_alloc(sizeof(*c));
    uv_tcp_init(&l->loop->uv, &c->tcp);
    uv_timer_init(&l->loop->uv, &c->timer);
    c->tcp.data = c->timer.data = c;
    c->open_handles = 2;
    c->listener = l;
    c->peer = peer;
    http_peer_text(from, c->peer_text);
    c->peer_is_trusted = http_networks_have(l->options.trusted_proxies, from);
    http_parse_init(&c->parse);
    c->pending = buf_make(CAP_RECEIVE_BYTES);
    c->task.run = run_task;
    c->idle_ms = l->limits.idle_ms * 9 / 10 + http_listener_random(l, l->limits.idle_ms / 5 + 1);
    l->connections++;
    list_push(&l->by_state[CONN_IDLE], &c->node);
    int rc = uv_tcp_open(&c->tcp, fd);
    if (rc) {
        close(fd);
    }
    rc = rc ? rc : uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    if (rc) {
        http_conn_close(c, CLOSE_GONE);
        return ERR_CONNECT;
    }
    http_conn_arm(c, deadline_of(c));
    return 0;
}
