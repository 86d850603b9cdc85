#include "http_stream.h"
#include "http_exchange.h"
#include "http_head.h"
#include "http_server.h"
#include "http_write.h"
#include <netinet/tcp.h>
#include <stdio.h>

#define CHUNK_LINE_BYTES 20

static struct http_conn *conn_of(struct http_request *r)
{
    return container_of(r, struct http_conn, request);
}

/* The handler has nothing more to say; whether the client hears it does not matter to it. */
static void leave(struct http_conn *c)
{
    loop_defer_cancel(c->listener->loop, &c->task);
    http_conn_close(c, c->why);
}

static enum http_framing framing_of(const struct http_conn *c, int64_t length_bytes)
{
    if (length_bytes >= 0) {
        return FRAMING_LENGTH;
    }
    return c->parse.ll.http_minor == 0 ? FRAMING_CLOSE : FRAMING_CHUNKED;
}

static void send_head(struct http_conn *c, int status, const char *content_type)
{
    struct http_head h;
    uv_buf_t parts[HEAD_PARTS];
    http_head_begin(&h, c, status, content_type);
    if (c->framing == FRAMING_LENGTH) {
        http_head_number(&h, STR("Content-Length: "), (uint64_t)c->stream_left_bytes);
    } else if (c->framing == FRAMING_CHUNKED) {
        http_head_line(&h, STR("Transfer-Encoding: "), STR("chunked"));
    }
    http_head_end(&h, c, parts);
    http_write_more(c, parts, HEAD_PARTS);
}

void http_stream_begin(struct http_request *r, int status, const char *content_type, int64_t length_bytes)
{
    struct http_conn *c = conn_of(r);
    if (c->state == CONN_GONE) {
        return;
    }
    assert(c->state == CONN_DISPATCH || c->state == CONN_HANDLING);
    assert(status >= 200 && status <= 599 && status != 204 && status != 304);
    c->framing = framing_of(c, length_bytes);
    c->stream_left_bytes = length_bytes;
    c->last = c->last || c->framing == FRAMING_CLOSE;
    c->streaming = true;
    c->drain_owed = false;
    c->write_started_ms = loop_now_ms(c->listener->loop);
    http_conn_set_state(c, CONN_STREAMING);
    http_exchange_count(c, status);
    send_head(c, status, content_type);
}

void http_stream_begin_live(struct http_request *r, const char *content_type)
{
    struct http_conn *c = conn_of(r);
    unsigned dead_ms = CAP_LIVE_DEAD_MS;
    uv_os_fd_t fd;
    c->live = true;
    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
    }
    http_stream_begin(r, 200, content_type, -1);
}

/* A body that HEAD asks about is not sent. */
static bool is_mute(const struct http_conn *c)
{
    return c->request.verb == VERB_HEAD;
}

static void write_piece(struct http_conn *c, struct str piece)
{
    char line[CHUNK_LINE_BYTES];
    int n = snprintf(line, sizeof(line), "%zx\r\n", piece.n);
    uv_buf_t parts[] = {
        uv_buf_init(line, (unsigned)n),
        uv_buf_init((char *)piece.p, (unsigned)piece.n),
        uv_buf_init("\r\n", 2),
    };
    if (c->framing == FRAMING_CHUNKED) {
        http_write_more(c, parts, 3);
    } else {
        http_write_more(c, parts + 1, 1);
    }
}

size_t http_stream_write(struct http_request *r, struct str piece)
{
    struct http_conn *c = conn_of(r);
    if (c->state == CONN_GONE) {
        return 0;
    }
    assert(c->state == CONN_STREAMING);
    if (c->framing == FRAMING_LENGTH) {
        assert(piece.n <= (uint64_t)c->stream_left_bytes);
        c->stream_left_bytes -= (int64_t)piece.n;
    }
    assert(http_write_waiting(c) + piece.n <= CAP_STREAM_MOST_BYTES);
    if (piece.n > 0 && !is_mute(c)) {
        write_piece(c, piece);
    }
    size_t waiting = c->state == CONN_STREAMING ? http_write_waiting(c) : 0;
    c->drain_owed = waiting > CAP_STREAM_BYTES;
    return waiting;
}

void http_stream_drained(struct http_conn *c)
{
    struct http_waiter *w = c->request.waiter;
    if (c->drain_owed && http_write_waiting(c) <= CAP_STREAM_BYTES / 4) {
        c->drain_owed = false;
        if (w && w->on_drain) {
            w->on_drain(w, &c->request);
        }
    }
}

static void cut(struct http_conn *c)
{
    http_exchange_took(c);
    http_conn_close(c, CLOSE_CUT);
}

void http_stream_cut(struct http_request *r)
{
    struct http_conn *c = conn_of(r);
    assert(c->state == CONN_STREAMING || c->state == CONN_GONE);
    if (c->state == CONN_STREAMING) {
        cut(c);
    } else {
        leave(c);
    }
}

static bool is_short(const struct http_conn *c)
{
    return c->framing == FRAMING_LENGTH && c->stream_left_bytes > 0 && !is_mute(c);
}

void http_stream_end(struct http_request *r)
{
    struct http_conn *c = conn_of(r);
    uv_buf_t last_chunk = uv_buf_init("0\r\n\r\n", 5);
    assert(c->state == CONN_STREAMING || c->state == CONN_GONE);
    if (c->state == CONN_STREAMING && c->framing == FRAMING_CHUNKED && !is_mute(c)) {
        http_write_more(c, &last_chunk, 1);
    }
    if (c->state == CONN_GONE) {
        leave(c);
    } else if (is_short(c)) {
        log_event(LOG_WARN, "http_stream_short", LOG_INT("left_bytes", c->stream_left_bytes), LOG_CSTR("id", r->id));
        cut(c);
    } else {
        http_exchange_took(c);
        http_write_end(c);
    }
}
