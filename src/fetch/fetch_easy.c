#include "fetch_easy.h"
#include "caps.h"
#include "fetch_address.h"
#include "fetch_option.h"
#include <stdlib.h>
#include <sys/socket.h>

struct policy {
    CURLoption option;
    long value;
};

/* Without QUICK_EXIT a call that ends while its name is looked up waits for the look-up, and the whole loop with it. */
static const struct policy policies[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_QUICK_EXIT, 1},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_MAXAGE_CONN, CAP_FETCH_KEEP_S},
};

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct fetch_easy *e = arg;
    struct str part = {bytes, size * n};
    e->touched_ns = uv_hrtime();
    e->held = e->is_stream && e->answer.len > 0 && part.n > e->answer.cap - e->answer.len;
    if (e->held) {
        return CURL_WRITEFUNC_PAUSE;
    }
    e->verdict = e->is_stream && part.n > e->left_bytes ? ERR_TOO_LARGE : buf_append(&e->answer, part);
    if (e->verdict) {
        return CURL_WRITEFUNC_ERROR;
    }
    if (e->is_stream) {
        e->left_bytes -= part.n;
        e->on_news(e);
    }
    return part.n;
}

static const char *const head_names[] = {"Content-Length",
                                         "Content-Range",
                                         "Accept-Ranges",
                                         "Location",
                                         "ETag",
                                         "Last-Modified",
                                         "Retry-After",
                                         "RateLimit-Limit",
                                         "RateLimit-Remaining",
                                         "RateLimit-Reset",
                                         "RateLimit-Policy",
                                         "X-RateLimit-Reset-Default"};

static bool is_header(struct str line, struct str name)
{
    return line.n > name.n && line.p[name.n] == ':' && str_eq_nocase(str_cut(line, name.n), name);
}

static int keep_head_line(struct fetch_easy *e, struct str line)
{
    if (str_starts(line, STR("HTTP/"))) {
        e->head.len = 0; /* what came before was not the final head */
    }
    for (size_t i = 0; i < sizeof(head_names) / sizeof(head_names[0]); i++) {
        if (is_header(line, str_of(head_names[i]))) {
            return buf_append(&e->head, line);
        }
    }
    return 0;
}

/* One line of a head at a time. libcurl takes a head that the other side cut off for a whole one. What comes after the
 * final head are trailers. */
static size_t on_head(char *bytes, size_t size, size_t n, void *arg)
{
    struct fetch_easy *e = arg;
    struct str line = {bytes, size * n};
    e->touched_ns = uv_hrtime();
    if (e->head_whole) {
        return line.n;
    }
    e->head_ns = e->touched_ns;
    e->head_whole = line.n <= 2 && (*bytes == '\r' || *bytes == '\n') && fetch_easy_status(e) >= 200;
    if (e->wants_head) {
        e->verdict = keep_head_line(e, line);
    }
    if (e->head_whole && e->wants_head) {
        e->on_news(e);
    }
    return e->verdict ? CURL_WRITEFUNC_ERROR : line.n;
}

/* libcurl sends a request again when a kept connection dies without an answer. The other side may have acted on the
 * first one: whether to repeat that is for the caller to decide. */
static int on_request(void *arg, char *peer, char *local, int peer_port, int local_port)
{
    (void)local, (void)peer_port, (void)local_port;
    struct fetch_easy *e = arg;
    if (e->unwanted) {
        return CURL_PREREQFUNC_ABORT;
    }
    if (e->public_only && !fetch_address_text_is_public(peer)) {
        e->verdict = ERR_PRIVATE_ADDRESS; /* a connection that another call made */
        return CURL_PREREQFUNC_ABORT;
    }
    if (e->sent > 0 && !e->repeatable) {
        e->verdict = ERR_BAD_REPLY;
        return CURL_PREREQFUNC_ABORT;
    }
    e->sent++;
    return CURL_PREREQFUNC_OK;
}

/* However the URL was written, whatever its name resolved to: here is the address itself. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)purpose;
    struct fetch_easy *e = arg;
    if (e->public_only && !fetch_address_is_public(&a->addr)) {
        e->private_address = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void set_policy(struct fetch_easy *e)
{
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        fetch_set_long(e->curl, policies[i].option, policies[i].value);
    }
    fetch_set_text(e->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    fetch_set_text(e->curl, CURLOPT_PROXY, "");
    if (curl_version_info(CURLVERSION_NOW)->cainfo) {
        /* libcurl keeps the parsed bundle only if it has no directory to look into as well; without that every new
         * connection reads it again and the loop stands for about 20 ms */
        fetch_set_text(e->curl, CURLOPT_CAPATH, NULL);
    }
    fetch_set_text(e->curl, CURLOPT_USERAGENT, "ringback/" RINGBACK_VERSION);
    curl_easy_setopt(e->curl, CURLOPT_PRIVATE, e);
    curl_easy_setopt(e->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e->curl, CURLOPT_WRITEDATA, e);
    curl_easy_setopt(e->curl, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(e->curl, CURLOPT_HEADERDATA, e);
    curl_easy_setopt(e->curl, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(e->curl, CURLOPT_PREREQDATA, e);
    curl_easy_setopt(e->curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(e->curl, CURLOPT_OPENSOCKETDATA, e);
}

void fetch_easy_open(struct fetch_easy *e, void (*on_news)(struct fetch_easy *))
{
    e->on_news = on_news;
    e->curl = curl_easy_init();
    if (!e->curl) {
        abort();
    }
    set_policy(e);
}

void fetch_easy_clear(struct fetch_easy *e)
{
    curl_easy_reset(e->curl);
    curl_slist_free_all(e->headers);
    buf_free(&e->answer);
    buf_free(&e->head);
    *e = (struct fetch_easy){.curl = e->curl, .on_news = e->on_news};
    set_policy(e);
}

void fetch_easy_close(struct fetch_easy *e)
{
    curl_easy_cleanup(e->curl);
    curl_slist_free_all(e->headers);
    buf_free(&e->answer);
    buf_free(&e->head);
    *e = (struct fetch_easy){0};
}

static bool is_one_line(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_usable_url(const char *url, bool public_only)
{
    CURLU *u = curl_url();
    char *scheme = NULL;
    bool ok = u && curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              ((!public_only && strcmp(scheme, "http") == 0) || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_url_cleanup(u);
    return ok;
}

static void add_header(struct fetch_easy *e, const char *line)
{
    struct curl_slist *longer = curl_slist_append(e->headers, line);
    if (!longer) {
        abort();
    }
    e->headers = longer;
}

static int set_headers(struct fetch_easy *e, const struct fetch *f, struct arena *scratch)
{
    /* takes libcurl's own 100-continue away: it costs a second when the other side ignores it */
    add_header(e, "Expect:");
    for (size_t i = 0; i < f->header_count; i++) {
        const struct fetch_header *h = &f->headers[i];
        if (!is_one_line(h->value)) {
            return ERR_BAD_SETTING;
        }
        /* libcurl reads "name:" as "leave this header out" and "name;" as "send it empty" */
        struct str line = h->value.n ? arena_printf(scratch, "%s: %.*s", h->name, (int)h->value.n, h->value.p)
                                     : arena_printf(scratch, "%s;", h->name);
        add_header(e, line.p);
    }
    curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER, e->headers);
    return 0;
}

static void set_body(struct fetch_easy *e, const struct fetch *f)
{
    bool get = strcmp(f->method, "GET") == 0;
    if (!get) {
        fetch_set_text(e->curl, CURLOPT_CUSTOMREQUEST, f->method);
    }
    if (!get || f->body.n) {
        curl_easy_setopt(e->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body.n);
        fetch_set_text(e->curl, CURLOPT_COPYPOSTFIELDS, f->body.n ? f->body.p : "");
    }
    e->repeatable = get;
}

static void set_limits(struct fetch_easy *e, const struct fetch *f)
{
    size_t cap_bytes = f->answer_cap_bytes ? f->answer_cap_bytes : CAP_FETCH_BODY_BYTES;
    e->is_stream = f->on_part;
    e->wants_head = f->on_head;
    e->answer = buf_make(e->is_stream ? CAP_FETCH_PART_BYTES : cap_bytes);
    e->head = buf_make(CAP_FETCH_HEAD_BYTES);
    e->left_bytes = cap_bytes;
    e->public_only = f->public_only;
    e->deadline_ms = f->deadline_ms;
    e->started_ns = e->touched_ns = uv_hrtime();
    curl_easy_setopt(e->curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)cap_bytes);
    fetch_set_long(e->curl, CURLOPT_TIMEOUT_MS, (long)f->deadline_ms);
    fetch_set_long(e->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(f->connect_ms ? f->connect_ms : CAP_FETCH_CONNECT_MS));
}

int fetch_easy_prepare(struct fetch_easy *e, const struct fetch *f)
{
    struct arena scratch = {0};
    struct str url = arena_copy(&scratch, f->url);
    int rc = is_one_line(f->url) && is_usable_url(url.p, f->public_only) ? 0 : ERR_BAD_SETTING;
    rc = rc ? rc : set_headers(e, f, &scratch);
    if (rc == 0) {
        fetch_set_text(e->curl, CURLOPT_URL, url.p);
        set_body(e, f);
        set_limits(e, f);
    }
    arena_free(&scratch);
    return rc;
}

bool fetch_easy_spared(const struct fetch_easy *e, CURLcode result)
{
    return e->unwanted && e->sent == 0 && result == CURLE_ABORTED_BY_CALLBACK;
}

double fetch_easy_seconds(const struct fetch_easy *e)
{
    return (double)(uv_hrtime() - e->started_ns) / 1e9;
}

double fetch_easy_head_seconds(const struct fetch_easy *e)
{
    return e->head_whole ? (double)(e->head_ns - e->started_ns) / 1e9 : fetch_easy_seconds(e);
}

int fetch_easy_status(const struct fetch_easy *e)
{
    long status = 0;
    curl_easy_getinfo(e->curl, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

int fetch_easy_code(const struct fetch_easy *e, CURLcode result)
{
    if (e->verdict) {
        return e->verdict;
    }
    if (result == CURLE_OK) {
        return e->head_whole && fetch_easy_status(e) >= 200 ? 0 : ERR_BAD_REPLY;
    }
    if (result == CURLE_FILESIZE_EXCEEDED) {
        return ERR_TOO_LARGE;
    }
    bool late = result == CURLE_OPERATION_TIMEDOUT && fetch_easy_seconds(e) * 1e3 >= e->deadline_ms;
    if (e->sent == 0 && e->private_address && !late) {
        return ERR_PRIVATE_ADDRESS;
    }
    if (e->sent == 0) {
        return late ? ERR_TIMEOUT : ERR_CONNECT;
    }
    return result == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_BAD_REPLY;
}

void fetch_easy_take_head(struct fetch_easy *e, struct fetch *f)
{
    f->status = fetch_easy_status(e);
    f->answer_head = e->head;
    e->head = buf_make(0);
    char *type = NULL;
    curl_easy_getinfo(e->curl, CURLINFO_CONTENT_TYPE, &type);
    if (type) {
        f->answer_type = (struct str){f->type_bytes, str_cut(str_of(type), sizeof(f->type_bytes)).n};
        memcpy(f->type_bytes, type, f->answer_type.n);
    }
}

struct buf fetch_easy_take_bytes(struct fetch_easy *e)
{
    struct buf bytes = e->answer;
    e->answer = buf_make(bytes.cap);
    return bytes;
}

int fetch_easy_continue(struct fetch_easy *e)
{
    if (!e->held) {
        return 0;
    }
    e->held = false;
    CURLcode rc = curl_easy_pause(e->curl, CURLPAUSE_CONT); /* may give the part at once, and be held again */
    return rc == CURLE_OK ? 0 : e->verdict ? e->verdict : ERR_BAD_REPLY;
}
