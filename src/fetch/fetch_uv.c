#include "fetch_uv.h"
#include "arena.h"
#include "caps.h"
#include <stdlib.h>

struct fetch_socket {
    uv_poll_t poll;
    struct list_node node;
    struct fetch_uv *uv;
    curl_socket_t fd;
};

static void on_handle_gone(struct fetch_uv *u)
{
    u->open_handles--;
    if (!u->multi && u->open_handles == 0) {
        u->on_closed(u);
    }
}

static void on_timer_closed(uv_handle_t *h)
{
    on_handle_gone(container_of((uv_timer_t *)h, struct fetch_uv, timer));
}

static void on_socket_closed(uv_handle_t *h)
{
    struct fetch_socket *s = container_of((uv_poll_t *)h, struct fetch_socket, poll);
    struct fetch_uv *u = s->uv;
    free(s);
    on_handle_gone(u);
}

/* After every socket_action, whatever it says is still running: a stalled drain is a lost answer. */
static void drain(struct fetch_uv *u)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(u->multi, &left))) {
        if (m->msg == CURLMSG_DONE) {
            u->on_result(u, m->easy_handle, m->data.result); /* may remove it: m is dead afterwards */
        }
    }
}

static void act(struct fetch_uv *u, curl_socket_t fd, int flags)
{
    int running;
    CURLMcode rc = curl_multi_socket_action(u->multi, fd, flags, &running);
    if (rc != CURLM_OK) {
        log_event(LOG_ERROR, "fetch_multi_failed", LOG_CSTR("cause", curl_multi_strerror(rc)));
    }
    drain(u);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
    struct fetch_socket *s = container_of(h, struct fetch_socket, poll);
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    act(s->uv, s->fd, flags);
}

static void on_timer(uv_timer_t *h)
{
    act(container_of(h, struct fetch_uv, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct fetch_uv *u = arg;
    if (timeout_ms < 0) {
        uv_timer_stop(&u->timer);
    } else {
        /* 0 means at once, but libcurl must not be entered from its own callback */
        uv_timer_start(&u->timer, on_timer, timeout_ms > 0 ? (uint64_t)timeout_ms : 1, 0);
    }
    return 0;
}

static void socket_close(struct fetch_socket *s)
{
    uv_poll_stop(&s->poll);
    list_remove(&s->uv->sockets, &s->node);
    uv_close((uv_handle_t *)&s->poll, on_socket_closed);
}

static struct fetch_socket *socket_open(struct fetch_uv *u, curl_socket_t fd)
{
    struct fetch_socket *s = mem_alloc(sizeof(*s));
    int rc = uv_poll_init_socket(&u->loop->uv, &s->poll, fd);
    if (rc < 0) {
        log_event(LOG_ERROR, "fetch_socket_not_watched", LOG_CSTR("cause", uv_strerror(rc)));
        free(s);
        return NULL;
    }
    s->uv = u;
    s->fd = fd;
    list_push(&u->sockets, &s->node);
    u->open_handles++;
    curl_multi_assign(u->multi, fd, s);
    return s;
}

/* Always 0: anything else kills the whole multi handle. A socket that could not be watched ends with its call, at the
 * deadline. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    (void)easy;
    struct fetch_uv *u = arg;
    struct fetch_socket *s = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        if (s) {
            curl_multi_assign(u->multi, fd, NULL);
            socket_close(s);
        }
        return 0;
    }
    s = s ? s : socket_open(u, fd);
    if (s) {
        int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
        uv_poll_start(&s->poll, events, on_poll);
    }
    return 0;
}

int fetch_uv_open(struct fetch_uv *u, struct loop *loop)
{
    u->multi = curl_multi_init();
    if (!u->multi) {
        return ERR_INTERNAL;
    }
    u->loop = loop;
    list_init(&u->sockets);
    curl_multi_setopt(u->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(u->multi, CURLMOPT_SOCKETDATA, u);
    curl_multi_setopt(u->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(u->multi, CURLMOPT_TIMERDATA, u);
    curl_multi_setopt(u->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(u->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)CAP_FETCH_PER_HOST);
    curl_multi_setopt(u->multi, CURLMOPT_MAXCONNECTS, (long)CAP_FETCH_PER_HOST);
    uv_timer_init(&loop->uv, &u->timer);
    u->open_handles = 1;
    return 0;
}

void fetch_uv_close(struct fetch_uv *u)
{
    CURLMcode rc = curl_multi_cleanup(u->multi);
    assert(rc == CURLM_OK);
    u->multi = NULL;
    struct list_node *n;
    while ((n = list_first(&u->sockets))) {
        socket_close(container_of(n, struct fetch_socket, node));
    }
    uv_close((uv_handle_t *)&u->timer, on_timer_closed);
}

int fetch_uv_add(struct fetch_uv *u, CURL *easy)
{
    if (curl_multi_add_handle(u->multi, easy) != CURLM_OK) {
        return ERR_INTERNAL;
    }
    act(u, CURL_SOCKET_TIMEOUT, 0);
    return 0;
}

void fetch_uv_remove(struct fetch_uv *u, CURL *easy)
{
    CURLMcode rc = curl_multi_remove_handle(u->multi, easy);
    assert(rc == CURLM_OK);
}
