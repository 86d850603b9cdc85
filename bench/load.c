#include "load.h"

#include <errno.h>
#include <llhttp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 64 << 10, EVENTS_A_TURN = 256, DRAIN_SECONDS = 10, MAX_RECONNECTS = 100000 };

enum conn_state {
    CONN_IDLE,    /* open loop: nothing due */
    CONN_SENDING, /* the socket is full, part of the request is still here */
    CONN_WAITING, /* request sent, answer not complete */
    CONN_CLOSED   /* the target took no new connection */
};

/* Where a call stands: its next message. */
struct live_call {
    struct call_identity identity;
    size_t message;
};

struct conn {
    int fd;
    enum conn_state state;
    int answered, keep_alive;
    size_t message, sent_bytes; /* of the request under way */
    uint64_t due_us;
    struct call_identity call;
    struct live_call own;
    llhttp_t parser;
    struct conn *next_idle;
};

enum phase { PHASE_WARMUP, PHASE_MEASURE, PHASE_DRAIN };

struct load {
    const struct load_settings *settings;
    struct workload *workload;
    struct usage *usage;
    struct load_result *result;
    struct conn *conns, *idle;
    struct live_call *lives; /* shared by all connections, else NULL */
    size_t next_live;
    int epoll_fd, under_way;
    enum phase phase;
    uint64_t start_us, measure_us, phase_end_us, now_us, serials, due_count;
    llhttp_settings_t parser_settings;
    char read_buffer[READ_BYTES];
};

static uint64_t clock_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int on_message_complete(llhttp_t *parser)
{
    struct conn *conn = parser->data;
    conn->answered = 1;
    conn->keep_alive = llhttp_should_keep_alive(parser);
    return 0;
}

static void conn_watch(struct load *load, struct conn *conn, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = conn};
    epoll_ctl(load->epoll_fd, op, conn->fd, &event);
}

/* On loopback a connect finishes at once or waits for a place in the listener's queue, so it may block. */
static int conn_open(struct load *load, struct conn *conn)
{
    int on = 1;
    conn->fd = socket(load->settings->target.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    conn->state = CONN_CLOSED;
    if (conn->fd < 0 || connect(conn->fd, &load->settings->target.any, load->settings->target_bytes)) {
        if (conn->fd >= 0) {
            close(conn->fd);
        }
        return -1;
    }
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    llhttp_init(&conn->parser, HTTP_RESPONSE, &load->parser_settings);
    conn->parser.data = conn;
    conn->state = CONN_IDLE;
    conn_watch(load, conn, EPOLL_CTL_ADD, EPOLLIN);
    return 0;
}

static void conn_send(struct load *load, struct conn *conn)
{
    struct request_text *request = &load->workload->requests[conn->message];
    request_text_patch(request, &conn->call);
    ssize_t n = send(conn->fd, request->bytes + conn->sent_bytes, request->length - conn->sent_bytes,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    /* A send that fails for good shows itself as a read of the closed connection. */
    conn->sent_bytes += n > 0 ? (size_t)n : 0;
    if (load->phase == PHASE_MEASURE && n > 0) {
        load->result->bytes_sent += (uint64_t)n;
    }
    int whole = conn->sent_bytes == request->length;
    if (whole && conn->state == CONN_SENDING) {
        conn_watch(load, conn, EPOLL_CTL_MOD, EPOLLIN);
    } else if (!whole && conn->state != CONN_SENDING) {
        conn_watch(load, conn, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    conn->state = whole ? CONN_WAITING : CONN_SENDING;
}

static void conn_begin(struct load *load, struct conn *conn, uint64_t due_us)
{
    struct live_call *live = &conn->own;
    if (load->lives) {
        live = &load->lives[load->next_live++ % (size_t)load->settings->live_calls];
    }
    if (live->message == load->workload->count || live->identity.serial == 0) {
        live->message = live->identity.serial ? 0 : live->message;
        call_identity_make(++load->serials, load->settings->seed, &live->identity);
    }
    conn->call = live->identity;
    conn->message = live->message++;
    conn->due_us = due_us;
    conn->sent_bytes = 0;
    conn->answered = 0;
    load->under_way++;
    load->result->sent++;
    conn_send(load, conn);
}

/* Gives the connection what is due now, or parks it. */
static void conn_next(struct load *load, struct conn *conn)
{
    double rate = load->settings->rate_per_second;
    uint64_t due_us = load->now_us;
    if (rate > 0) {
        due_us = load->start_us + (uint64_t)((double)load->due_count * 1e6 / rate);
    }
    if (load->phase != PHASE_DRAIN && due_us <= load->now_us) {
        load->due_count++;
        conn_begin(load, conn, due_us);
        return;
    }
    conn->state = CONN_IDLE;
    conn->next_idle = load->idle;
    load->idle = conn;
}

static void conn_finish(struct load *load, struct conn *conn)
{
    struct load_result *result = load->result;
    unsigned status = conn->parser.status_code;
    int ok = status >= 200 && status < 300;
    result->statuses[status < LOAD_STATUSES ? status : 0]++;
    result->ok += ok;
    load->under_way--;
    if (load->phase == PHASE_MEASURE && ok) {
        result->events++;
        latency_add(&result->latency, load->now_us > conn->due_us ? load->now_us - conn->due_us : 0);
    }
}

static void conn_reopen(struct load *load, struct conn *conn)
{
    close(conn->fd);
    conn->state = CONN_CLOSED;
    if (load->phase != PHASE_DRAIN && load->result->reconnects++ < MAX_RECONNECTS && conn_open(load, conn) == 0) {
        conn_next(load, conn);
    }
}

static void conn_drop(struct load *load, struct conn *conn, uint64_t *counter)
{
    if (conn->state != CONN_IDLE) {
        (*counter)++;
        load->under_way--;
    } else {
        for (struct conn **at = &load->idle; *at; at = &(*at)->next_idle) {
            if (*at == conn) {
                *at = conn->next_idle;
                break;
            }
        }
    }
    conn_reopen(load, conn);
}

static void conn_read(struct load *load, struct conn *conn)
{
    ssize_t n = recv(conn->fd, load->read_buffer, READ_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        conn_drop(load, conn, &load->result->closed);
        return;
    }
    if (llhttp_execute(&conn->parser, load->read_buffer, (size_t)n) != HPE_OK || conn->state == CONN_IDLE) {
        conn_drop(load, conn, &load->result->bad_answers);
        return;
    }
    if (!conn->answered) {
        return;
    }
    int early = conn->state == CONN_SENDING;
    conn_finish(load, conn);
    if (early || !conn->keep_alive) {
        conn_reopen(load, conn);
    } else {
        conn_next(load, conn);
    }
}

static void conn_on_event(struct load *load, struct conn *conn, uint32_t events)
{
    if ((events & EPOLLOUT) && conn->state == CONN_SENDING) {
        conn_send(load, conn);
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        conn_read(load, conn);
    }
}

/* The load waits neither longer than the phase lasts nor, in the open loop, past the next due request. */
static int64_t load_wait_us(const struct load *load)
{
    uint64_t until_us = load->phase_end_us;
    double rate = load->settings->rate_per_second;
    if (rate > 0 && load->idle && load->phase != PHASE_DRAIN) {
        uint64_t due_us = load->start_us + (uint64_t)((double)load->due_count * 1e6 / rate);
        until_us = due_us < until_us ? due_us : until_us;
    }
    return until_us > load->now_us ? (int64_t)(until_us - load->now_us) : 0;
}

/* Taken off one at a time: conn_next puts a connection back when nothing is due for it. */
static void load_wake_idle(struct load *load)
{
    for (struct conn *conn; load->phase != PHASE_DRAIN && (conn = load->idle);) {
        load->idle = conn->next_idle;
        conn_next(load, conn);
        if (conn->state == CONN_IDLE) {
            return;
        }
    }
}

static void load_turn(struct load *load)
{
    struct epoll_event events[EVENTS_A_TURN];
    load_wake_idle(load);
    int64_t wait_us = load_wait_us(load);
    struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
    int count = epoll_pwait2(load->epoll_fd, events, EVENTS_A_TURN, &wait, NULL);
    for (int i = 0; i < count; i++) {
        load->now_us = clock_us();
        conn_on_event(load, events[i].data.ptr, events[i].events);
    }
    load->now_us = clock_us();
}

static void load_advance(struct load *load)
{
    const struct load_settings *settings = load->settings;
    int full = settings->max_events && load->result->events >= settings->max_events;
    if (load->now_us < load->phase_end_us && !(full && load->phase == PHASE_MEASURE)) {
        return;
    }
    if (load->phase == PHASE_WARMUP) {
        usage_start(load->usage);
        load->phase = PHASE_MEASURE;
        load->measure_us = clock_us();
        load->phase_end_us = load->measure_us + (uint64_t)(settings->seconds * 1e6);
    } else if (load->phase == PHASE_MEASURE) {
        load->result->seconds = (double)(load->now_us - load->measure_us) / 1e6;
        usage_end(load->usage);
        load->phase = PHASE_DRAIN;
        load->phase_end_us = load->now_us + (uint64_t)DRAIN_SECONDS * 1000000;
    }
}

/* Calls begin at different messages, else all of them would send their reports at one time. */
static int lives_begin(struct load *load)
{
    size_t count = (size_t)load->settings->live_calls;
    load->lives = count ? calloc(count, sizeof *load->lives) : NULL;
    for (size_t i = 0; load->lives && i < count; i++) {
        load->lives[i].message = i % load->workload->count;
    }
    for (size_t i = 0; i < (size_t)load->settings->connections; i++) {
        load->conns[i].own.message = i % load->workload->count;
    }
    return count && !load->lives ? -1 : 0;
}

static int load_open(struct load *load)
{
    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load->conns = calloc((size_t)load->settings->connections, sizeof *load->conns);
    if (load->epoll_fd < 0 || !load->conns || lives_begin(load)) {
        return -1;
    }
    for (int i = 0; i < load->settings->connections; i++) {
        struct conn *conn = &load->conns[i];
        if (conn_open(load, conn)) {
            perror("connect");
            return -1;
        }
        conn->next_idle = load->idle;
        load->idle = conn;
    }
    return 0;
}

int load_run(const struct load_settings *settings, struct workload *workload, struct usage *usage,
             struct load_result *result_out)
{
    *result_out = (struct load_result){0};
    struct load *load = calloc(1, sizeof *load);
    if (!load) {
        return -1;
    }
    *load = (struct load){.settings = settings, .workload = workload, .usage = usage, .result = result_out};
    llhttp_settings_init(&load->parser_settings);
    load->parser_settings.on_message_complete = on_message_complete;
    int rc = load_open(load);
    load->start_us = load->now_us = clock_us();
    load->phase_end_us = load->now_us + (uint64_t)(settings->warmup_seconds * 1e6);
    while (rc == 0 && (load->phase != PHASE_DRAIN || (load->under_way > 0 && load->now_us < load->phase_end_us))) {
        load_advance(load);
        load_turn(load);
    }
    result_out->unanswered = (uint64_t)load->under_way;
    for (int i = 0; load->conns && i < settings->connections; i++) {
        if (load->conns[i].state != CONN_CLOSED) {
            close(load->conns[i].fd);
        }
    }
    close(load->epoll_fd);
    free(load->conns);
    free(load->lives);
    free(load);
    return rc;
}
