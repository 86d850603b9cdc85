#include "http_head.h"
#include "http_server.h"

#define RETRY_AFTER_S 2

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
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
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

#define DEFAULT(name, value) {STR(name), STR(name ": " value "\r\n")}

/* Sent unless the handler sets its own. */
static const struct {
    struct str name, line;
} defaults[] = {
    DEFAULT("X-Content-Type-Options", "nosniff"),
    DEFAULT("Referrer-Policy", "no-referrer"),
    DEFAULT("Cache-Control", "no-store"),
    DEFAULT("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    DEFAULT("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),
    DEFAULT("Cross-Origin-Opener-Policy", "same-origin"),
    DEFAULT("Cross-Origin-Resource-Policy", "same-origin"),
    DEFAULT("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
};
#define DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

/* Ours alone: they belong to the framing, or are added to every answer. */
static const char *const reserved[] = {"Content-Length", "Content-Type", "Transfer-Encoding", "Connection",
                                       "Date",           "X-Request-Id", "Retry-After"};

static void put(struct http_head *h, struct str s)
{
    assert(s.n <= sizeof(h->bytes) - h->len);
    memcpy(h->bytes + h->len, s.p, s.n);
    h->len += s.n;
}

void http_head_line(struct http_head *h, struct str name, struct str value)
{
    put(h, name);
    put(h, value);
    put(h, STR("\r\n"));
}

void http_head_number(struct http_head *h, struct str name, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    http_head_line(h, name, (struct str){digits + at, sizeof(digits) - at});
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

/* Index in `defaults`, or their count. */
static size_t default_of(struct str name)
{
    size_t i = 0;
    while (i < DEFAULTS && !str_eq_nocase(name, defaults[i].name)) {
        i++;
    }
    return i;
}

void http_reply_header(struct http_request *r, const char *name, struct str value)
{
    struct http_conn *c = container_of(r, struct http_conn, request);
    assert(token(name));
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        assert(!str_eq_nocase(str_of(name), str_of(reserved[i])));
    }
    c->reply_replaced |= 1u << default_of(str_of(name));
    c->reply_encoded = c->reply_encoded || str_eq_nocase(str_of(name), STR("Content-Encoding"));
    struct str line = clean_value(&r->arena, value);
    line = arena_printf(&r->arena, "%s: %.*s\r\n", name, (int)line.n, line.p);
    c->reply_lines.cap = CAP_REPLY_LINES_BYTES;
    if (buf_append(&c->reply_lines, line)) {
        log_event(LOG_WARN, "reply_header_dropped", LOG_CSTR("name", name), LOG_CSTR("id", r->id));
    }
}

void http_reply_retry_after(struct http_request *r, unsigned seconds)
{
    container_of(r, struct http_conn, request)->retry_after_s = seconds;
}

bool http_head_is_set(const struct http_conn *c, struct str name)
{
    return c->reply_replaced >> default_of(name) & 1;
}

void http_head_reset(struct http_conn *c)
{
    buf_free(&c->reply_lines);
    c->reply_replaced = c->retry_after_s = 0;
    c->reply_encoded = false;
}

/* Does the connection end with this answer? */
static bool is_last(const struct http_conn *c, int status)
{
    bool nothing_kept = c->pending.len == c->pending_at;
    return c->last || status == 503 || c->listener->stopping ||
           c->requests + 1 >= c->listener->limits.requests_per_connection || (c->input == INPUT_EOF && nothing_kept);
}

void http_head_begin(struct http_head *h, struct http_conn *c, int status, const char *content_type)
{
    bool again = status == 503 || status == 429;
    const char code[] = {' ', (char)('0' + status / 100), (char)('0' + status / 10 % 10), (char)('0' + status % 10),
                         ' '};
    h->len = 0;
    c->last = is_last(c, status);
    put(h, STR("HTTP/1.1"));
    http_head_line(h, (struct str){code, sizeof(code)}, reason_of(status));
    http_head_line(h, STR("Date: "), http_listener_date(c->listener));
    http_head_line(h, STR("X-Request-Id: "), (struct str){c->request.id, sizeof(c->request.id) - 1});
    if (content_type) {
        http_head_line(h, STR("Content-Type: "), str_cut(str_of(content_type), 128));
    }
    if (again || c->retry_after_s > 0) {
        http_head_number(h, STR("Retry-After: "), c->retry_after_s ? c->retry_after_s : RETRY_AFTER_S);
    }
    if (c->last) {
        http_head_line(h, STR("Connection: "), STR("close"));
    } else if (c->parse.ll.http_minor == 0) {
        http_head_line(h, STR("Connection: "), STR("keep-alive"));
    }
    for (size_t i = 0; i < DEFAULTS; i++) {
        if (!(c->reply_replaced >> i & 1)) {
            put(h, defaults[i].line);
        }
    }
}

void http_head_end(struct http_head *h, struct http_conn *c, uv_buf_t parts_out[HEAD_PARTS])
{
    struct str added = buf_str(&c->reply_lines);
    parts_out[0] = uv_buf_init(h->bytes, (unsigned)h->len);
    parts_out[1] = uv_buf_init((char *)added.p, (unsigned)added.n);
    parts_out[2] = uv_buf_init("\r\n", 2);
}
