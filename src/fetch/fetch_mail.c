#include "fetch_mail.h"
#include "caps.h"
#include "fetch_option.h"
#include "fetch_breaker.h"
#include "fetch_call.h"
#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

/* The room's side. Outlives an abandoned one, until its thread is done. */
struct fetch_mail_call {
    struct list_node node;
    struct fetch_core *core;
    struct fetch_mail *mail; /* NULL: abandoned */
    struct fetch_host *host;
    bool probe, started;
    struct loop_task start;
    uv_work_t work;

    /* The thread's, from start to end. */
    CURL *curl;
    struct curl_slist *to;
    struct buf message;
    size_t at; /* so much of the message was read by libcurl */
    curl_socket_t fd;
    atomic_bool unwanted;
    unsigned deadline_ms;
    uint64_t end_ns; /* nothing is waited for after this, not even QUIT's answer */

    /* What came of it. */
    enum fetch_mail_stage stage;
    int status;
    bool refused; /* by the last answer */
    bool decided; /* what comes now is about QUIT */
    CURLcode result;
    double seconds;
};

/* The last two bytes go alone: while they are here the rest has left, and the message's end has not. */
static size_t on_read(char *out, size_t size, size_t n, void *arg)
{
    struct fetch_mail_call *c = arg;
    struct str left = str_skip(buf_str(&c->message), c->at);
    left = str_cut(left, left.n > 2 ? left.n - 2 : left.n);
    left = str_cut(left, size * n);
    if (left.n) {
        memcpy(out, left.p, left.n);
    }
    c->at += left.n;
    return left.n;
}

/* The code of an answer's last line; 0: there is more of it, or it is none. */
static int read_code(struct str line)
{
    for (size_t i = 0; i < 3; i++) {
        if (line.n < 4 || line.p[i] < '0' || line.p[i] > '9') {
            return 0;
        }
    }
    bool last = strchr(" \r\n", line.p[3]);
    return last ? (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + line.p[2] - '0' : 0;
}

/* What follows is QUIT, whose answer says nothing: with this side shut libcurl sends it and does not wait. */
static void let_go(const struct fetch_mail_call *c)
{
    if (c->fd != CURL_SOCKET_BAD) {
        shutdown(c->fd, SHUT_RD);
    }
}

/* libcurl tells each line of an answer before it acts on it. From `sender` on there is one answer for each stage. */
static size_t on_line(char *bytes, size_t size, size_t n, void *arg)
{
    struct fetch_mail_call *c = arg;
    int code = read_code((struct str){bytes, size * n});
    if (code == 0 || c->decided) {
        return size * n;
    }
    c->status = code;
    c->refused = code >= 400 && code < 600;
    bool good = c->stage == FETCH_MAIL_DATA ? code == 354 : c->stage == FETCH_MAIL_END ? code == 250 : code / 100 == 2;
    if (c->stage >= FETCH_MAIL_SENDER && c->stage < FETCH_MAIL_TAKEN) {
        c->stage += good ? 1 : 0;
        c->decided = !good || c->stage == FETCH_MAIL_TAKEN;
    }
    if (c->decided) {
        let_go(c);
    }
    return size * n;
}

/* The session stands; the sender is told next. */
static int on_session(void *arg, char *peer, char *local, int peer_port, int local_port)
{
    (void)peer, (void)local, (void)peer_port, (void)local_port;
    struct fetch_mail_call *c = arg;
    if (c->stage != FETCH_MAIL_SESSION || atomic_load(&c->unwanted)) {
        return CURL_PREREQFUNC_ABORT;
    }
    c->stage = FETCH_MAIL_SENDER;
    return CURL_PREREQFUNC_OK;
}

static int on_progress(void *arg, curl_off_t down, curl_off_t down_now, curl_off_t up, curl_off_t up_now)
{
    (void)down, (void)down_now, (void)up, (void)up_now;
    struct fetch_mail_call *c = arg;
    return atomic_load(&c->unwanted) || uv_hrtime() > c->end_ns;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)purpose;
    struct fetch_mail_call *c = arg;
    c->fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
    return c->fd;
}

static void set_policy(struct fetch_mail_call *c)
{
    static const struct {
        CURLoption option;
        long value;
    } policies[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_QUICK_EXIT, 1},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_UPLOAD, 1},
        {CURLOPT_FORBID_REUSE, 1},
        {CURLOPT_NOPROGRESS, 0},
    };
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        fetch_set_long(c->curl, policies[i].option, policies[i].value);
    }
    fetch_set_text(c->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    fetch_set_text(c->curl, CURLOPT_PROXY, "");
    /* without this a name with an @ may send libcurl to a Kerberos realm */
    fetch_set_text(c->curl, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
    if (curl_version_info(CURLVERSION_NOW)->cainfo) {
        fetch_set_text(c->curl, CURLOPT_CAPATH, NULL); /* the bundle is enough, and is then not read again each time */
    }
}

static void set_callbacks(struct fetch_mail_call *c)
{
    curl_easy_setopt(c->curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(c->curl, CURLOPT_READDATA, c);
    curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(c->curl, CURLOPT_PREREQFUNCTION, on_session);
    curl_easy_setopt(c->curl, CURLOPT_PREREQDATA, c);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
    curl_easy_setopt(c->curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(c->curl, CURLOPT_OPENSOCKETDATA, c);
}

/* The same machine, by name or address: what it hears never leaves it, and its certificate is seldom anybody's. */
static bool is_here(const char *host)
{
    struct in_addr address;
    bool v4 = inet_pton(AF_INET, host, &address) == 1;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (v4 && ntohl(address.s_addr) >> 24 == 127);
}

struct place {
    CURLU *url;
    char *scheme, *host, *user, *password;
};

static void place_free(struct place *p)
{
    curl_free(p->scheme);
    curl_free(p->host);
    curl_free(p->user);
    curl_free(p->password);
    curl_url_cleanup(p->url);
}

/* 0 or ERR_BAD_SETTING; place_free in both cases. What is left in p->url is without user and password. */
static int place_read(const char *text, struct place *p)
{
    char *port = NULL;
    *p = (struct place){.url = curl_url()};
    bool ok = p->url && curl_url_set(p->url, CURLUPART_URL, text, 0) == CURLUE_OK &&
              curl_url_get(p->url, CURLUPART_SCHEME, &p->scheme, 0) == CURLUE_OK &&
              curl_url_get(p->url, CURLUPART_HOST, &p->host, 0) == CURLUE_OK &&
              (strcmp(p->scheme, "smtp") == 0 || strcmp(p->scheme, "smtps") == 0);
    if (!ok) {
        return ERR_BAD_SETTING;
    }
    CURLUcode user = curl_url_get(p->url, CURLUPART_USER, &p->user, CURLU_URLDECODE);
    CURLUcode password = curl_url_get(p->url, CURLUPART_PASSWORD, &p->password, CURLU_URLDECODE);
    ok = (user == CURLUE_OK && password == CURLUE_OK) || (user == CURLUE_NO_USER && password == CURLUE_NO_PASSWORD);
    curl_url_set(p->url, CURLUPART_USER, NULL, 0);
    curl_url_set(p->url, CURLUPART_PASSWORD, NULL, 0);
    if (curl_url_get(p->url, CURLUPART_PORT, &port, 0) == CURLUE_NO_PORT && strcmp(p->scheme, "smtp") == 0) {
        curl_url_set(p->url, CURLUPART_PORT, "587", 0); /* libcurl's own, 25, is for servers among themselves */
    }
    curl_free(port);
    return ok ? 0 : ERR_BAD_SETTING;
}

bool fetch_mail_url_is_usable(struct str url)
{
    struct arena scratch = {0};
    struct place p;
    bool ok = place_read(arena_copy(&scratch, url).p, &p) == 0;
    place_free(&p);
    arena_free(&scratch);
    return ok;
}

static bool is_address(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= 0x20 || c == 0x7f || c == '<' || c == '>') {
            return false;
        }
    }
    return s.n > 0 && s.n <= CAP_SMTP_ADDRESS_BYTES && str_find(s, '@') < s.n;
}

static int set_place(struct fetch_mail_call *c, const char *text)
{
    struct place p;
    char *url = NULL;
    int rc = place_read(text, &p);
    if (rc == 0 && curl_url_get(p.url, CURLUPART_URL, &url, 0) == CURLUE_OK) {
        fetch_set_text(c->curl, CURLOPT_URL, url);
        fetch_set_long(c->curl, CURLOPT_USE_SSL, is_here(p.host) ? CURLUSESSL_NONE : CURLUSESSL_ALL);
        fetch_set_text(c->curl, CURLOPT_USERNAME, p.user);
        fetch_set_text(c->curl, CURLOPT_PASSWORD, p.password);
    }
    curl_free(url);
    place_free(&p);
    return rc;
}

static int prepare(struct fetch_mail_call *c, const struct fetch_mail *m)
{
    struct arena scratch = {0};
    if (!is_address(m->from) || !is_address(m->to)) {
        return ERR_BAD_SETTING;
    }
    set_policy(c);
    set_callbacks(c);
    int rc = set_place(c, arena_copy(&scratch, m->url).p);
    fetch_set_text(c->curl, CURLOPT_MAIL_FROM, arena_copy(&scratch, m->from).p);
    c->to = curl_slist_append(NULL, arena_copy(&scratch, m->to).p);
    assert(c->to);
    curl_easy_setopt(c->curl, CURLOPT_MAIL_RCPT, c->to);
    c->message = buf_make(m->message.n);
    rc = rc ? rc : buf_append(&c->message, m->message);
    curl_easy_setopt(c->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)m->message.n);
    c->deadline_ms = m->deadline_ms;
    fetch_set_long(c->curl, CURLOPT_TIMEOUT_MS, (long)m->deadline_ms);
    fetch_set_long(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)m->deadline_ms);
    fetch_set_long(c->curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(m->deadline_ms + 999) / 1000);
    arena_free(&scratch);
    return rc;
}

static void call_free(struct fetch_mail_call *c)
{
    struct fetch_core *core = c->core;
    loop_defer_cancel(core->loop, &c->start);
    list_remove(&core->mails, &c->node);
    curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->to);
    buf_free(&c->message);
    free(c);
}

/* In one of libuv's threads: touches its own part of the call and nothing else. */
static void on_work(uv_work_t *w)
{
    struct fetch_mail_call *c = container_of(w, struct fetch_mail_call, work);
    uint64_t from_ns = uv_hrtime();
    c->end_ns = from_ns + (c->deadline_ms + CAP_FETCH_WATCHDOG_MS) * UINT64_C(1000000);
    c->result = atomic_load(&c->unwanted) ? CURLE_ABORTED_BY_CALLBACK : curl_easy_perform(c->curl);
    c->seconds = (double)(uv_hrtime() - from_ns) / 1e9;
}

/* What only libcurl knows about the stage. */
static void settle_stage(struct fetch_mail_call *c)
{
    if (c->stage == FETCH_MAIL_TAKEN && c->result != CURLE_OK) {
        c->stage = FETCH_MAIL_END;
    }
    if (c->stage != FETCH_MAIL_SESSION) {
        return;
    }
    switch (c->result) {
    case CURLE_LOGIN_DENIED:
        c->stage = FETCH_MAIL_SIGN_IN;
        break;
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        c->stage = FETCH_MAIL_TLS;
        break;
    default:
        break;
    }
}

/* When libcurl gives up waiting it still says QUIT, and the answer to that must not be taken for the one that did not come. */
static bool gave_up(const struct fetch_mail_call *c)
{
    return c->result == CURLE_OPERATION_TIMEDOUT || c->result == CURLE_ABORTED_BY_CALLBACK;
}

static bool is_answered(const struct fetch_mail_call *c)
{
    switch (c->stage) {
    case FETCH_MAIL_SESSION:
        return c->refused && (c->result == CURLE_WEIRD_SERVER_REPLY || c->result == CURLE_REMOTE_ACCESS_DENIED);
    case FETCH_MAIL_TLS:
        return false;
    case FETCH_MAIL_SIGN_IN:
    case FETCH_MAIL_TAKEN:
        return true;
    case FETCH_MAIL_END:
        return c->refused && c->result == CURLE_WEIRD_SERVER_REPLY;
    default:
        return c->refused && !gave_up(c);
    }
}

static int code_of(const struct fetch_mail_call *c)
{
    if (is_answered(c)) {
        return 0;
    }
    if (gave_up(c)) {
        return ERR_TIMEOUT;
    }
    return c->status == 0 || c->stage == FETCH_MAIL_TLS ? ERR_CONNECT : ERR_BAD_REPLY;
}

static enum metric_fetch result_of(const struct fetch_mail_call *c, int code)
{
    if (code < 0) {
        return code == ERR_TIMEOUT ? FETCH_TIMEOUT : code == ERR_CONNECT ? FETCH_CONNECT : FETCH_BAD_REPLY;
    }
    return c->stage == FETCH_MAIL_TAKEN ? FETCH_2XX
           : c->status / 100 == 4       ? FETCH_4XX
           : c->status / 100 == 5       ? FETCH_5XX
                                        : FETCH_OTHER;
}

/* A server that refuses a mail is well; one that refuses to talk is not. */
static void account(const struct fetch_mail_call *c, int code)
{
    bool failed = code < 0 || c->stage < FETCH_MAIL_SIGN_IN || c->status == 421;
    metric_add(METRIC_UPSTREAM_REQUESTS, c->host->upstream, result_of(c, code), 1);
    metric_observe(METRIC_UPSTREAM_SECONDS, c->host->upstream, c->seconds);
    fetch_breaker_record(c->host, loop_now_ms(c->core->loop), c->probe, failed && c->stage != FETCH_MAIL_TAKEN);
    if (c->stage != FETCH_MAIL_TAKEN) {
        log_event(LOG_WARN, "fetch_failed", LOG_CSTR("upstream", fetch_upstream_name(c->host)),
                  LOG_CSTR("result", code ? err_info(code)->code : "answered"), LOG_INT("status", c->status),
                  LOG_INT("stage", c->stage), LOG_INT("ms", (int64_t)(c->seconds * 1e3)),
                  LOG_CSTR("cause", curl_easy_strerror(c->result)));
    }
}

/* on_done may free the mail, submit again or close the room: it is the last to be called. */
static void on_worked(uv_work_t *w, int cancelled)
{
    (void)cancelled; /* never */
    struct fetch_mail_call *c = container_of(w, struct fetch_mail_call, work);
    struct fetch_core *core = c->core;
    struct fetch_mail *m = c->mail;
    if (!m) {
        fetch_breaker_release(c->host, loop_now_ms(core->loop), c->probe);
        call_free(c);
        core->on_call_closed(core);
        return;
    }
    settle_stage(c);
    int code = code_of(c);
    account(c, code);
    m->stage = c->stage;
    m->status = c->status;
    m->whole = c->at == c->message.len;
    m->seconds = c->seconds;
    m->call = NULL;
    call_free(c);
    m->on_done(m, code);
}

static void on_start(struct loop_task *t)
{
    struct fetch_mail_call *c = container_of(t, struct fetch_mail_call, start);
    int rc = uv_queue_work(&c->core->loop->uv, &c->work, on_work, on_worked);
    assert(rc == 0); /* fails only without a callback */
    c->started = true;
}

static int refuse(const struct fetch_mail *m, int code)
{
    metric_add(METRIC_UPSTREAM_REQUESTS, m->host->upstream, code == ERR_BREAKER_OPEN ? FETCH_BREAKER : FETCH_OTHER, 1);
    return code;
}

static struct fetch_mail_call *call_new(struct fetch_core *core, struct fetch_mail *m)
{
    struct fetch_mail_call *c = mem_alloc(sizeof(*c));
    c->core = core;
    c->mail = m;
    c->host = m->host;
    c->start.run = on_start;
    c->fd = CURL_SOCKET_BAD;
    c->curl = curl_easy_init();
    assert(c->curl);
    atomic_init(&c->unwanted, false);
    list_push(&core->mails, &c->node);
    return c;
}

int fetch_mail_submit(struct fetch_room *room, struct fetch_mail *m)
{
    assert(m->host && m->on_done && m->deadline_ms > 0 && !m->call);
    struct fetch_core *core = room->core;
    if (!core) {
        return ERR_STOPPING;
    }
    if (core->mails.count >= CAP_FETCH_MAILS) {
        return refuse(m, ERR_BUSY);
    }
    uint64_t now_ms = loop_now_ms(core->loop);
    bool probe;
    if (fetch_breaker_admit(m->host, now_ms, &probe) < 0) {
        return refuse(m, ERR_BREAKER_OPEN);
    }
    struct fetch_mail_call *c = call_new(core, m);
    c->probe = probe;
    int rc = prepare(c, m);
    if (rc < 0) {
        fetch_breaker_release(m->host, now_ms, probe);
        call_free(c);
        return refuse(m, rc);
    }
    m->call = c;
    loop_defer(core->loop, &c->start);
    return 0;
}

static void leave(struct fetch_mail_call *c)
{
    if (c->mail) {
        c->mail->call = NULL;
        c->mail = NULL;
    }
    atomic_store(&c->unwanted, true);
    if (!c->started) {
        fetch_breaker_release(c->host, loop_now_ms(c->core->loop), c->probe);
        call_free(c);
    }
}

void fetch_mail_abandon(struct fetch_mail *m)
{
    if (m->call) {
        leave(m->call);
    }
}

void fetch_mail_close_all(struct fetch_core *core)
{
    for (struct list_node *n = list_first(&core->mails), *next; n; n = next) {
        next = list_next(&core->mails, n);
        leave(container_of(n, struct fetch_mail_call, node));
    }
}
