#include "http_reply.h"
#include "http_route.h"
#include "http_server.h"
#include "metric.h"
#include <stdio.h>

#define HEAD_BYTES 1024 /* more than our own lines can need */

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

/* Sent unless the handler sets its own. */
static const struct {
    struct str name, line;
} defaults[] = {
    {STR("X-Content-Type-Options"), STR("X-Content-Type-Options: nosniff\r\n")},
    {STR("Referrer-Policy"), STR("Referrer-Policy: no-referrer\r\n")},
    {STR("Cache-Control"), STR("Cache-Control: no-store\r\n")},
    {STR("Content-Security-Policy"), STR("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n")},
};
#define DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

/* Ours alone: they belong to the framing, or are added to every answer. */
static const char *const reserved[] = {"Content-Length", "Content-Type", "Transfer-Encoding", "Connection",
                                       "Date",           "X-Request-Id", "Retry-After"};

struct head {
    char bytes[HEAD_BYTES];
    size_t len;
};

static struct http_conn *conn_of(struct http_request *r)
{
    return container_of(r, struct http_conn, request);
}

static void put(struct head *h, struct str s)
{
    assert(s.n <= sizeof(h->bytes) - h->len);
    memcpy(h->bytes + h->len, s.p, s.n);
    h->len += s.n;
}

static void put_number(struct head *h, size_t n)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    put(h, (struct str){digits + at, sizeof(digits) - at});
}

static void put_line(struct head *h, struct str name, struct str value)
{
    put(h, name);
    put(h, value);
    put(h, STR("\r\n"));
}

static struct str reason_of(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return str_of(reasons[i].reason);
        }
    }
    return STR("");
}

static bool token(const char *name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (const char *p = name; *p; p++) {
        bool alnum = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (!alnum && !strchr(marks, *p)) {
            return false;
        }
    }
    return *name;
}

static struct str clean_value(struct arena *a, struct str value)
{
    struct str copy = arena_copy(a, value);
    char *to = (char *)copy.p;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if ((c >= ' ' && c != 0x7f) || c == '\t') {
            *to++ = (char)c;
        }
    }
    return (struct str){copy.p, (size_t)(to - copy.p)};
}

void http_reply_header(struct http_request *r, const char *name, struct str value)
{
    struct http_conn *c = conn_of(r);
    assert(token(name));
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        assert(!str_eq_nocase(str_of(name), str_of(reserved[i])));
    }
    for (size_t i = 0; i < DEFAULTS; i++) {
        if (str_eq_nocase(str_of(name), defaults[i].name)) {
            c->reply_replaced |= 1u << i;
        }
    }
    struct str line = clean_value(&r->arena, value);
    line = arena_printf(&r->arena, "%s: %.*s\r\n", name, (int)line.n, line.p);
    c->reply_lines.cap = CAP_REPLY_LINES_BYTES;
    if (buf_append(&c->reply_lines, line)) {
        log_event(LOG_WARN, "reply_header_dropped", LOG_CSTR("name", name), LOG_CSTR("id", r->id));
    }
}

void http_reply_reset(struct http_conn *c)
{
    buf_free(&c->reply_lines);
    c->reply_replaced = 0;
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

static void observe(struct http_conn *c, int status)
{
    struct http_request *r = &c->request;
    size_t route = http_route_metric(c->listener, r->route);
    uint64_t took_ns = uv_hrtime() - c->started_ns;
    metric_add(METRIC_HTTP_REQUESTS, route, metric_code(status), 1);
    metric_observe(METRIC_HTTP_REQUEST_SECONDS, route, (double)took_ns / 1e9);
    if (log_enabled(LOG_DEBUG)) {
        log_event(LOG_DEBUG, "http_request", LOG_CSTR("listener", c->listener->options.name),
                  LOG_CSTR("verb", http_verb_name(r->verb)), LOG_CSTR("route", r->route ? r->route->path : "none"),
                  LOG_INT("status", status), LOG_INT("took_us", (int64_t)(took_ns / 1000)), LOG_CSTR("id", r->id));
    }
}

/* Does the connection end with this answer? */
static bool is_last(const struct http_conn *c, int status)
{
    bool nothing_kept = c->pending.len == c->pending_at;
    return c->last || status == 503 || c->listener->stopping ||
           c->requests + 1 >= c->listener->limits.requests_per_connection || (c->input == INPUT_EOF && nothing_kept);
}

static void put_head(struct http_conn *c, struct head *h, int status, const char *content_type)
{
    put(h, STR("HTTP/1.1 "));
    put_number(h, (size_t)status);
    put_line(h, STR(" "), reason_of(status));
    put_line(h, STR("Date: "), http_listener_date(c->listener));
    put_line(h, STR("X-Request-Id: "), (struct str){c->request.id, sizeof(c->request.id) - 1});
    if (content_type) {
        put_line(h, STR("Content-Type: "), str_cut(str_of(content_type), 128));
    }
    if (status == 503 || status == 429) {
        put(h, STR("Retry-After: 2\r\n"));
    }
    if (c->last) {
        put(h, STR("Connection: close\r\n"));
    } else if (c->parse.ll.http_minor == 0) {
        put(h, STR("Connection: keep-alive\r\n"));
    }
    for (size_t i = 0; i < DEFAULTS; i++) {
        if (!(c->reply_replaced >> i & 1)) {
            put(h, defaults[i].line);
        }
    }
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
        http_reply_error(r, ERR_INTERNAL);
        return;
    }
    struct head h;
    h.len = 0;
    c->last = is_last(c, status);
    put_head(c, &h, status, content_type);
    bool bodiless = status == 204 || status == 304;
    if (!bodiless) {
        put(&h, STR("Content-Length: "));
        put_number(&h, body.n);
        put(&h, STR("\r\n"));
    }
    observe(c, status);
    size_t body_bytes = bodiless || r->verb == VERB_HEAD ? 0 : body.n;
    uv_buf_t parts[] = {
        uv_buf_init(h.bytes, (unsigned)h.len),
        uv_buf_init((char *)buf_str(&c->reply_lines).p, (unsigned)c->reply_lines.len),
        uv_buf_init("\r\n", 2),
        uv_buf_init(body.p ? (char *)body.p : "", (unsigned)body_bytes),
    };
    http_conn_send(c, parts, 4);
}

void http_reply_error(struct http_request *r, int code)
{
    const struct err_info *e = err_info(code);
    char text[256];
    int n = snprintf(text, sizeof(text), "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}", e->code, e->text);
    http_reply(r, e->status, "application/json", str_cut((struct str){text, (size_t)n}, sizeof(text) - 1));
}
