#include "http_write.h"
#include "http_exchange.h"
#include "http_server.h"
#include "http_stream.h"
#include <linux/sockios.h>
#include <sys/ioctl.h>

static void on_written(uv_write_t *w, int status);

size_t http_write_waiting(const struct http_conn *c)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp) + c->next.len;
}

/* Bytes that the client has confirmed. The kernel's share counts as not confirmed: it takes more from us only when a good
 * part of its own buffer is free, which a slow client may not reach for long. Only differences mean something. */
static int64_t confirmed_bytes(const struct http_conn *c)
{
    uv_os_fd_t fd;
    int in_kernel = 0;
    if (uv_fileno((const uv_handle_t *)&c->tcp, &fd) || ioctl(fd, SIOCOUTQ, &in_kernel)) {
        in_kernel = 0;
    }
    return c->write_bytes - (int64_t)http_write_waiting(c) - in_kernel;
}

uint64_t http_write_deadline(const struct http_conn *c)
{
    const struct http_limits *limits = &c->listener->limits;
    uint64_t most_ms = c->live ? limits->live_ms : c->streaming ? limits->stream_ms : limits->write_whole_ms;
    uint64_t whole_ms = c->write_started_ms + most_ms;
    uint64_t look_ms = loop_now_ms(c->listener->loop) + limits->write_ms;
    return c->out.len > 0 && look_ms < whole_ms ? look_ms : whole_ms;
}

void http_write_check(struct http_conn *c)
{
    uint64_t now = loop_now_ms(c->listener->loop);
    int64_t confirmed = confirmed_bytes(c);
    bool stuck = c->out.len > 0 && confirmed <= c->write_confirmed_bytes;
    c->write_confirmed_bytes = confirmed;
    uint64_t next_ms = http_write_deadline(c);
    if (stuck || next_ms <= now) {
        log_event(LOG_DEBUG, "http_slow_reader", LOG_INT("left_bytes", (int64_t)http_write_waiting(c)),
                  LOG_CSTR("id", c->request.id));
        http_conn_gone(c, CLOSE_SLOW_READER);
    } else {
        http_conn_arm(c, next_ms);
    }
}

/* Hands the kept bytes over, which nobody else is writing now. */
static int write_kept(struct http_conn *c)
{
    c->out = c->next;
    c->next = buf_make(0);
    uv_buf_t part = uv_buf_init(c->out.data, (unsigned)c->out.len);
    return uv_write(&c->write, (uv_stream_t *)&c->tcp, &part, 1, on_written);
}

static void on_written(uv_write_t *w, int status)
{
    struct http_conn *c = container_of(w, struct http_conn, write);
    if (c->state == CONN_CLOSING || c->state == CONN_GONE) {
        return;
    }
    buf_free(&c->out);
    if (status < 0 || (c->next.len > 0 && write_kept(c))) {
        http_conn_gone(c, CLOSE_GONE);
    } else if (c->state == CONN_STREAMING) {
        http_stream_drained(c);
    } else if (c->out.len == 0) {
        http_conn_set_state(c, CONN_ANSWERED);
        http_exchange_resume(c);
    }
}

/* The parts past the first `sent` bytes, in memory of our own. */
static void keep_rest(struct http_conn *c, const uv_buf_t *parts, unsigned count, size_t sent)
{
    for (unsigned i = 0; i < count; i++) {
        struct str rest = str_skip((struct str){parts[i].base, parts[i].len}, sent);
        sent -= parts[i].len - rest.n;
        int rc = buf_append(&c->next, rest);
        assert(rc == 0);
    }
}

/* Negative when the client is gone. */
static int push(struct http_conn *c, const uv_buf_t *parts, unsigned count)
{
    size_t total = 0, sent = 0;
    for (unsigned i = 0; i < count; i++) {
        total += parts[i].len;
    }
    bool idle = c->out.len == 0;
    if (idle) {
        int n = uv_try_write((uv_stream_t *)&c->tcp, parts, count);
        if (n < 0 && n != UV_EAGAIN) {
            return n;
        }
        sent = n > 0 ? (size_t)n : 0;
    }
    c->write_bytes += (int64_t)total;
    if (sent == total) {
        return 0;
    }
    c->next.cap = c->next.len + total - sent; /* whoever calls has looked at its own cap */
    keep_rest(c, parts, count, sent);
    int rc = idle ? write_kept(c) : 0;
    if (idle) {
        c->write_confirmed_bytes = confirmed_bytes(c);
    }
    return rc;
}

void http_write_all(struct http_conn *c, const uv_buf_t *parts, unsigned count)
{
    c->write_started_ms = loop_now_ms(c->listener->loop);
    if (push(c, parts, count)) {
        http_conn_close(c, CLOSE_GONE);
    } else {
        http_write_end(c);
    }
}

void http_write_more(struct http_conn *c, const uv_buf_t *parts, unsigned count)
{
    bool idle = c->out.len == 0;
    if (push(c, parts, count)) {
        http_conn_gone(c, CLOSE_GONE);
    } else if (idle && c->out.len > 0) {
        http_conn_arm(c, http_write_deadline(c));
    }
}

void http_write_end(struct http_conn *c)
{
    if (c->out.len > 0) {
        http_conn_set_state(c, CONN_WRITING);
        return;
    }
    http_conn_set_state(c, CONN_ANSWERED);
    if (!c->dispatching) {
        loop_defer(c->listener->loop, &c->task); /* not inside somebody's call of http_reply */
    }
}
