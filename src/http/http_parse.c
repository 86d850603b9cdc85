#include "http_parse.h"

#define MOST_EMPTY_LINES 4 /* before a request line; RFC 9112 asks for one */
#define KEPT_HEAD_BYTES 4096

_Static_assert(CAP_HEAD_BYTES <= UINT16_MAX, "offsets into the head are 16 bits wide");

static struct str head_part(const struct http_parse *p, size_t at, size_t n)
{
    return (struct str){p->head.data + at, n};
}

/* The request target lies between the first two blanks: the line was accepted by llhttp. */
struct str http_parse_target(const struct http_parse *p)
{
    const char *from = memchr(p->head.data, ' ', p->head.len);
    const char *to = from ? memchr(from + 1, ' ', p->head.len - (size_t)(from + 1 - p->head.data)) : NULL;
    return to ? (struct str){from + 1, (size_t)(to - from - 1)} : (struct str){NULL, 0};
}

struct str http_parse_next(const struct http_parse *p, struct str name, size_t *at)
{
    while (*at < p->field_count) {
        const struct http_field *f = &p->fields[(*at)++];
        if (str_eq_nocase(head_part(p, f->name, f->name_n), name)) {
            return head_part(p, f->value, f->value_n);
        }
    }
    return (struct str){NULL, 0};
}

struct str http_parse_header(const struct http_parse *p, struct str name)
{
    size_t at = 0;
    return http_parse_next(p, name, &at);
}

int http_parse_verb(const struct http_parse *p, enum http_verb *verb_out)
{
    switch (p->ll.method) {
    case HTTP_GET:
        *verb_out = VERB_GET;
        return 0;
    case HTTP_HEAD:
        *verb_out = VERB_HEAD;
        return 0;
    case HTTP_POST:
        *verb_out = VERB_POST;
        return 0;
    case HTTP_PUT:
        *verb_out = VERB_PUT;
        return 0;
    case HTTP_PATCH:
        *verb_out = VERB_PATCH;
        return 0;
    case HTTP_DELETE:
        *verb_out = VERB_DELETE;
        return 0;
    default:
        return ERR_NOT_IMPLEMENTED;
    }
}

static int refuse(struct http_parse *p, int code)
{
    p->error = code;
    return HPE_USER;
}

static int on_field(llhttp_t *ll, const char *at, size_t n)
{
    struct http_parse *p = ll->data;
    if (p->stage != STAGE_HEAD || p->field_count == CAP_HEADERS) {
        return refuse(p, ERR_BAD_REQUEST); /* a trailer: `at` does not even lie in the head */
    }
    uint16_t offset = (uint16_t)(at - p->head.data);
    p->fields[p->field_count++] = (struct http_field){offset, (uint16_t)n, offset, 0};
    return 0;
}

static int on_value(llhttp_t *ll, const char *at, size_t n)
{
    struct http_parse *p = ll->data;
    if (p->stage != STAGE_HEAD || p->field_count == 0) {
        return refuse(p, ERR_BAD_REQUEST);
    }
    struct str value = str_trim((struct str){at, n});
    struct http_field *f = &p->fields[p->field_count - 1];
    if (f->value != f->name) {
        return refuse(p, ERR_BAD_REQUEST); /* a value in two pieces spans lines */
    }
    f->value = (uint16_t)(value.p - p->head.data);
    f->value_n = (uint16_t)value.n;
    return 0;
}

static int on_headers_complete(llhttp_t *ll)
{
    struct http_parse *p = ll->data;
    p->keep_alive = llhttp_should_keep_alive(ll);
    p->stage = STAGE_BODY;
    return 0;
}

static int on_extension(llhttp_t *ll, const char *at, size_t n)
{
    (void)at;
    (void)n;
    return refuse(ll->data, ERR_BAD_REQUEST);
}

static int on_body(llhttp_t *ll, const char *at, size_t n)
{
    struct http_parse *p = ll->data;
    int rc = buf_append(p->body, (struct str){at, n});
    return rc ? refuse(p, rc) : 0;
}

static int on_complete(llhttp_t *ll)
{
    struct http_parse *p = ll->data;
    p->stage = STAGE_DONE;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

void http_parse_init(struct http_parse *p)
{
    p->head = buf_make(CAP_HEAD_BYTES);
    http_parse_reset(p);
}

void http_parse_reset(struct http_parse *p)
{
    if (p->head.size > KEPT_HEAD_BYTES) {
        buf_free(&p->head);
    }
    p->head.len = 0;
    p->stage = STAGE_HEAD;
    p->error = 0;
    p->line = p->lines = p->empty_lines = 0;
    p->field_count = p->hosts = p->lengths = p->codings = 0;
    p->declared_bytes = 0;
    p->keep_alive = p->expects_continue = false;
    p->body = NULL;
}

void http_parse_free(struct http_parse *p)
{
    buf_free(&p->head);
}

static int judge_host(struct http_parse *p, struct str value)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
    p->hosts++;
    if (value.n == 0) {
        return ERR_BAD_REQUEST;
    }
    for (size_t i = 0; i < value.n; i++) {
        if (!memchr(plain, value.p[i], sizeof(plain) - 1)) {
            return ERR_BAD_REQUEST;
        }
    }
    return 0;
}

static int judge_length(struct http_parse *p, struct str value)
{
    p->lengths++;
    if (value.n == 0 || value.n > 18) {
        return ERR_BAD_REQUEST;
    }
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9') {
            return ERR_BAD_REQUEST;
        }
        p->declared_bytes = p->declared_bytes * 10 + (uint64_t)(value.p[i] - '0');
    }
    return 0;
}

static int judge_coding(struct http_parse *p, struct str value)
{
    p->codings++;
    return str_eq_nocase(value, STR("chunked")) ? 0 : ERR_BAD_REQUEST;
}

static int judge_encoding(struct http_parse *p, struct str value)
{
    (void)p;
    return str_eq_nocase(value, STR("identity")) ? 0 : ERR_UNSUPPORTED_MEDIA;
}

static int judge_expect(struct http_parse *p, struct str value)
{
    p->expects_continue = true;
    return str_eq_nocase(value, STR("100-continue")) ? 0 : ERR_EXPECTATION_FAILED;
}

static int judge_upgrade(struct http_parse *p, struct str value)
{
    (void)p;
    (void)value;
    return ERR_BAD_REQUEST;
}

static const struct {
    struct str name;
    int (*judge)(struct http_parse *, struct str value);
} rules[] = {
    {STR("host"), judge_host},
    {STR("content-length"), judge_length},
    {STR("transfer-encoding"), judge_coding},
    {STR("content-encoding"), judge_encoding},
    {STR("expect"), judge_expect},
    {STR("upgrade"), judge_upgrade},
};

static int judge_field(struct http_parse *p, const struct http_field *f)
{
    struct str name = head_part(p, f->name, f->name_n);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (str_eq_nocase(name, rules[i].name)) {
            return rules[i].judge(p, head_part(p, f->value, f->value_n));
        }
    }
    return 0;
}

/* Origin-form, visible ASCII, no fragment. */
static int judge_target(struct str target)
{
    if (target.n == 0 || target.p[0] != '/') {
        return ERR_BAD_REQUEST;
    }
    if (target.n > CAP_TARGET_BYTES) {
        return ERR_HEAD_TOO_LARGE;
    }
    for (size_t i = 0; i < target.n; i++) {
        if (target.p[i] <= ' ' || target.p[i] > '~' || target.p[i] == '#') {
            return ERR_BAD_REQUEST;
        }
    }
    return 0;
}

/* llhttp reads RTSP/1.0 too, where it knows the method. */
static int judge_version(const struct http_parse *p, struct str target)
{
    const char *from = target.p + target.n + 1, *end = memchr(from, '\r', p->head.len - (size_t)(from - p->head.data));
    struct str version = {from, (size_t)(end - from)};
    return str_eq(version, STR("HTTP/1.1")) || str_eq(version, STR("HTTP/1.0")) ? 0 : ERR_HTTP_VERSION;
}

/* Who reads the length differently than we do reads the next request differently: any doubt is an error. */
static int judge_framing(const struct http_parse *p)
{
    bool old = p->ll.http_minor == 0;
    bool body = p->codings > 0 || p->declared_bytes > 0;
    if (p->hosts != 1 || p->lengths > 1 || p->codings > 1 || (p->codings && (p->lengths || old))) {
        return ERR_BAD_REQUEST;
    }
    return body == (p->stage == STAGE_BODY) ? 0 : ERR_BAD_REQUEST;
}

static int judge_head(struct http_parse *p)
{
    enum http_verb verb;
    struct str target = http_parse_target(p);
    if (!target.p) {
        return ERR_BAD_REQUEST;
    }
    int rc = http_parse_verb(p, &verb);
    rc = rc ? rc : judge_target(target);
    rc = rc ? rc : judge_version(p, target);
    for (size_t i = 0; i < p->field_count && rc == 0; i++) {
        rc = judge_field(p, &p->fields[i]);
    }
    if (p->ll.http_minor == 0) {
        p->expects_continue = false; /* RFC 9110, 10.1.1: to be ignored in HTTP/1.0 */
    }
    return rc ? rc : judge_framing(p);
}

/* A method that nobody has heard of, rather than noise? */
static bool has_method(const struct http_parse *p)
{
    size_t n = 0;
    while (n < p->head.len && p->head.data[n] >= 'A' && p->head.data[n] <= 'Z') {
        n++;
    }
    return n > 0 && n < p->head.len && p->head.data[n] == ' ';
}

static int parse_lines(struct http_parse *p)
{
    llhttp_init(&p->ll, HTTP_REQUEST, &settings);
    p->ll.data = p;
    enum llhttp_errno e = llhttp_execute(&p->ll, p->head.data, p->head.len);
    if (e == HPE_INVALID_METHOD) {
        return has_method(p) ? ERR_NOT_IMPLEMENTED : ERR_BAD_REQUEST;
    }
    if (e == HPE_INVALID_VERSION) {
        return ERR_HTTP_VERSION;
    }
    bool understood = e == HPE_OK || e == HPE_PAUSED || e == HPE_PAUSED_UPGRADE;
    if (!understood || p->stage == STAGE_HEAD) {
        return ERR_BAD_REQUEST;
    }
    if (p->field_count != p->lines - 1) {
        return ERR_BAD_REQUEST; /* llhttp and our own gate do not see the same lines */
    }
    return judge_head(p);
}

/* The gate before llhttp: CRLF and nothing else ends a line, no line goes on in the next one, every header has a name.
 * 0, 1 when this line is the blank one that ends the head, or an error. */
static int check_line(struct http_parse *p)
{
    const char *line = p->head.data + p->line;
    size_t n = p->head.len - p->line;
    if (n < 2 || line[n - 2] != '\r' || memchr(line, '\r', n - 2)) {
        return ERR_BAD_REQUEST;
    }
    if (n == 2 && p->lines == 0) {
        p->head.len = 0;
        return ++p->empty_lines > MOST_EMPTY_LINES ? ERR_BAD_REQUEST : 0;
    }
    if (n == 2) {
        return 1;
    }
    if (line[0] == ' ' || line[0] == '\t' || line[0] == ':') {
        return ERR_BAD_REQUEST;
    }
    p->line = p->head.len;
    return ++p->lines > CAP_HEADERS + 1 ? ERR_HEAD_TOO_LARGE : 0;
}

/* Noise, such as a TLS greeting, is told apart by its first byte: it may never bring a line's end. */
static bool starts_badly(const struct http_parse *p)
{
    char first = p->head.len ? p->head.data[0] : 'A';
    return p->lines == 0 && first != '\r' && (first < 'A' || first > 'Z');
}

int http_parse_head(struct http_parse *p, struct str *bytes)
{
    while (bytes->n > 0) {
        const char *end = memchr(bytes->p, '\n', bytes->n);
        size_t n = end ? (size_t)(end + 1 - bytes->p) : bytes->n;
        if (buf_append(&p->head, str_cut(*bytes, n))) {
            return ERR_HEAD_TOO_LARGE;
        }
        *bytes = str_skip(*bytes, n);
        int rc = starts_badly(p) ? ERR_BAD_REQUEST : end ? check_line(p) : 0;
        if (rc) {
            return rc < 0 ? rc : parse_lines(p);
        }
    }
    return 0;
}

int http_parse_body(struct http_parse *p, struct str *bytes, struct buf *body)
{
    p->body = body;
    enum llhttp_errno e = llhttp_execute(&p->ll, bytes->p, bytes->n);
    if (e == HPE_OK) {
        *bytes = str_skip(*bytes, bytes->n);
        return 0;
    }
    if (e != HPE_PAUSED || p->stage != STAGE_DONE) {
        return p->error ? p->error : ERR_BAD_REQUEST;
    }
    *bytes = str_skip(*bytes, (size_t)(llhttp_get_error_pos(&p->ll) - bytes->p));
    return 0;
}
