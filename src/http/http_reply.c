#include "http_reply.h"
#include "http_etag.h"
#include "http_exchange.h"
#include "http_head.h"
#include "http_server.h"
#include "http_write.h"
#include "json.h"

static struct http_conn *conn_of(struct http_request *r)
{
    return container_of(r, struct http_conn, request);
}

void http_reply_continue(struct http_conn *c)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uv_buf_t part = uv_buf_init((char *)line, sizeof(line) - 1);
    int n = uv_try_write((uv_stream_t *)&c->tcp, &part, 1);
    if (n != UV_EAGAIN && n != (int)part.len) {
        http_conn_close(c, CLOSE_GONE); /* a part of it would be the beginning of the answer */
    }
}

/* Does the answer depend on what encodings the client takes? */
static bool varies(const struct http_conn *c, int status, const char *content_type, size_t bytes)
{
    return status != 206 && !c->reply_encoded && http_gzip_fits(content_type, bytes);
}

static void send_reply(struct http_conn *c, int status, const char *content_type, struct str body)
{
    struct http_head h;
    uv_buf_t parts[HEAD_PARTS + 1];
    bool bodiless = status == 204 || status == 304;
    http_head_begin(&h, c, status, content_type);
    if (varies(c, status, content_type, body.n)) {
        http_head_line(&h, STR("Vary: "), STR("Accept-Encoding"));
        if (http_gzip_accepted(&c->parse)) {
            http_head_line(&h, STR("Content-Encoding: "), STR("gzip"));
            body = http_gzip_press(&c->listener->gzip, body);
        }
    }
    if (!bodiless) {
        http_head_number(&h, STR("Content-Length: "), body.n);
    }
    bool mute = bodiless || c->request.verb == VERB_HEAD;
    http_head_end(&h, c, parts);
    parts[HEAD_PARTS] = uv_buf_init(body.p ? (char *)body.p : "", mute ? 0 : (unsigned)body.n);
    http_exchange_count(c, status);
    http_exchange_took(c);
    http_write_all(c, parts, HEAD_PARTS + 1);
}

void http_reply(struct http_request *r, int status, const char *content_type, struct str body)
{
    struct http_conn *c = conn_of(r);
    if (c->state == CONN_GONE) {
        loop_defer_cancel(c->listener->loop, &c->task); /* answered in time, though nobody listens */
        http_conn_close(c, c->why);
        return;
    }
    assert(c->state == CONN_DISPATCH || c->state == CONN_HANDLING);
    assert(status >= 200 && status <= 599);
    if (body.n > CAP_REPLY_BYTES) {
        log_event(LOG_ERROR, "reply_too_large", LOG_INT("bytes", (int64_t)body.n), LOG_CSTR("id", r->id));
        http_head_reset(c);
        http_reply_error(r, ERR_INTERNAL);
        return;
    }
    send_reply(c, status, content_type, body);
}

void http_reply_tagged(struct http_request *r, const char *content_type, struct str body)
{
    struct http_conn *c = conn_of(r);
    bool varied = varies(c, 200, content_type, body.n);
    struct str tag = http_etag_make(&r->arena, body, varied && http_gzip_accepted(&c->parse));
    bool known = http_etag_known(&c->parse, &r->arena, &tag);
    http_reply_header(r, "ETag", tag);
    if (!http_head_is_set(c, STR("Cache-Control"))) {
        http_reply_header(r, "Cache-Control", STR("private, no-store"));
    }
    if (known && varied) {
        http_reply_header(r, "Vary", STR("Accept-Encoding"));
    }
    if (known) {
        http_reply(r, 304, NULL, STR(""));
    } else {
        http_reply(r, 200, content_type, body);
    }
}

static int write_error(struct buf *out, const char *code, struct str message)
{
    int rc = buf_append(out, STR("{\"error\":{\"code\":"));
    rc = rc ? rc : json_write_string(out, str_of(code));
    rc = rc ? rc : buf_append(out, STR(",\"message\":"));
    rc = rc ? rc : json_write_string(out, message);
    return rc ? rc : buf_append(out, STR("}}"));
}

void http_reply_message(struct http_request *r, int code, struct str message)
{
    const struct err_info *e = err_info(code);
    struct buf out = buf_make(CAP_REPLY_MESSAGE_BYTES);
    if (write_error(&out, e->code, message)) {
        out.len = 0;
        int rc = write_error(&out, e->code, str_of(e->text));
        assert(rc == 0);
    }
    http_reply(r, e->status, "application/json", buf_str(&out));
    buf_free(&out);
}

void http_reply_error(struct http_request *r, int code)
{
    http_reply_message(r, code, str_of(err_info(code)->text));
}
