#include "fetch.h"
#include "caps.h"
#include "fetch_breaker.h"
#include "fetch_call.h"
#include "fetch_mail.h"
#include <stdlib.h>

static void finish_close(struct fetch_core *core)
{
    if (!core->uv_closed || core->calls[CALL_CLOSING].count > 0 || core->mails.count > 0) {
        return;
    }
    struct fetch_room *room = core->room;
    free(core);
    curl_global_cleanup();
    room->on_closed(room);
}

static void on_uv_closed(struct fetch_uv *u)
{
    struct fetch_core *core = container_of(u, struct fetch_core, uv);
    core->uv_closed = true;
    finish_close(core);
}

int fetch_room_open(struct fetch_room *room, struct loop *loop)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return ERR_INTERNAL;
    }
    struct fetch_core *core = mem_alloc(sizeof(*core));
    core->on_call_closed = finish_close;
    core->uv.on_result = fetch_call_on_result;
    core->uv.on_closed = on_uv_closed;
    if (fetch_uv_open(&core->uv, loop) < 0) {
        free(core);
        curl_global_cleanup();
        return ERR_INTERNAL;
    }
    core->room = room;
    core->loop = loop;
    for (size_t i = 0; i < CALL_STATES; i++) {
        list_init(&core->calls[i]);
    }
    list_init(&core->mails);
    *room = (struct fetch_room){.loop = loop, .core = core};
    return 0;
}

/* Nothing is under way for this fetch any more. */
static struct fetch_call *detach(struct fetch *f)
{
    struct fetch_call *c = f->call;
    f->call = NULL;
    fetch_set_state(f, FETCH_ABANDONED);
    return c;
}

void fetch_room_close(struct fetch_room *room, void (*on_closed)(struct fetch_room *))
{
    struct fetch_core *core = room->core;
    room->core = NULL;
    room->on_closed = on_closed;
    for (enum call_state s = CALL_SPARE; s < CALL_CLOSING; s++) {
        struct list_node *n;
        while ((n = list_first(&core->calls[s]))) {
            struct fetch_call *c = container_of(n, struct fetch_call, node);
            if (c->fetch) {
                detach(c->fetch);
            }
            fetch_call_close(c);
        }
    }
    fetch_mail_close_all(core);
    fetch_uv_close(&core->uv);
}

static int refuse(const struct fetch *f, int code)
{
    metric_add(METRIC_UPSTREAM_REQUESTS, f->host->upstream, code == ERR_BREAKER_OPEN ? FETCH_BREAKER : FETCH_OTHER, 1);
    return code;
}

static bool is_full(const struct fetch_core *core)
{
    return core->calls[CALL_QUEUED].count + core->calls[CALL_RUNNING].count + core->calls[CALL_ENDED].count >=
           CAP_FETCH_IN_FLIGHT;
}

int fetch_submit(struct fetch_room *room, struct fetch *f)
{
    assert(f->method && f->host && f->on_done && f->deadline_ms > 0);
    struct fetch_core *core = room->core;
    if (!core) {
        return ERR_STOPPING;
    }
    if (is_full(core)) {
        return refuse(f, ERR_BUSY);
    }
    uint64_t now_ms = loop_now_ms(core->loop);
    bool probe;
    if (fetch_breaker_admit(f->host, now_ms, &probe) < 0) {
        return refuse(f, ERR_BREAKER_OPEN);
    }
    struct fetch_call *c = fetch_call_take(core);
    int rc = fetch_easy_prepare(&c->easy, f);
    if (rc < 0) {
        fetch_breaker_release(f->host, now_ms, probe);
        fetch_easy_clear(&c->easy);
        return refuse(f, rc);
    }
    fetch_finish(f);
    fetch_set_state(f, FETCH_SUBMITTED);
    f->room = room;
    f->call = c;
    fetch_call_queue(c, f, probe);
    return 0;
}

static bool is_under_way(const struct fetch *f)
{
    return f->state == FETCH_SUBMITTED || f->state == FETCH_RUNNING;
}

void fetch_abandon(struct fetch *f)
{
    if (is_under_way(f)) {
        fetch_call_leave(detach(f));
    }
}

void fetch_pause(struct fetch *f)
{
    if (is_under_way(f)) {
        fetch_call_pause(f->call);
    }
}

void fetch_resume(struct fetch *f)
{
    if (is_under_way(f)) {
        fetch_call_resume(f->call);
    }
}

void fetch_finish(struct fetch *f)
{
    buf_free(&f->answer);
    buf_free(&f->answer_head);
    f->answer_type = (struct str){NULL, 0};
    f->status = 0;
}

void fetch_judge_failed(struct fetch *f)
{
    assert(f->state == FETCH_DONE);
    fetch_breaker_revise(f->host, loop_now_ms(f->room->loop), f->probe);
}

void fetch_header_add(struct fetch *f, const char *name, struct str value)
{
    assert(f->header_count < FETCH_HEADERS);
    f->headers[f->header_count++] = (struct fetch_header){name, value};
}

struct str fetch_answer_header(const struct fetch *f, const char *name)
{
    struct str want = str_of(name), rest = buf_str(&f->answer_head);
    while (rest.n) {
        struct str line = str_cut(rest, str_find(rest, '\n'));
        if (line.n > want.n && line.p[want.n] == ':' && str_eq_nocase(str_cut(line, want.n), want)) {
            return str_trim(str_cut(str_skip(line, want.n + 1), str_find(str_skip(line, want.n + 1), '\r')));
        }
        rest = str_skip(rest, line.n + 1);
    }
    return (struct str){NULL, 0};
}
