#pragma once
/* The room's side of a fetch, private to the room. It outlives an abandoned one: the answer then drains to nobody, unless it
 * is a stream. libcurl's callbacks only note what came; the call's task tells the owner, one thing a turn, as its last act:
 * the owner may do to the fetch and to the room whatever it likes. */
#include "fetch.h"
#include "fetch_easy.h"
#include "fetch_uv.h"

enum call_state {
    CALL_SPARE,   /* ready for the next submit */
    CALL_QUEUED,  /* submitted; its task starts it */
    CALL_RUNNING, /* in libcurl's hands */
    CALL_ENDED,   /* its result is known; its task delivers it, after what came of a stream */
    CALL_CLOSING, /* its timer is closing; the close callback frees it */
    CALL_STATES
};

struct fetch_call {
    struct list_node node; /* on the core's list of its state */
    enum call_state state;
    struct fetch_core *core;
    struct fetch *fetch; /* NULL: abandoned */
    struct fetch_host *host;
    bool probe, told_head, paused;
    unsigned stall_ms; /* 0: not a stream */
    struct fetch_easy easy;
    uv_timer_t watchdog;
    struct loop_task task;
    CURLcode result;
    int code;
};

struct fetch_core {
    struct fetch_room *room;
    struct loop *loop;
    struct fetch_uv uv; /* its on_result is fetch_call_on_result */
    struct list calls[CALL_STATES];
    struct list mails; /* fetch_mail.c's, until their threads are done */
    bool uv_closed;
    void (*on_call_closed)(struct fetch_core *);
};

void fetch_set_state(struct fetch *f, enum fetch_state to);

/* A spare one, or a new one. */
struct fetch_call *fetch_call_take(struct fetch_core *core);
/* Prepared, admitted: it starts in a later turn. */
void fetch_call_queue(struct fetch_call *c, struct fetch *f, bool probe);
void fetch_call_on_result(struct fetch_uv *u, CURL *easy, CURLcode result);
/* The owner of a stream. */
void fetch_call_pause(struct fetch_call *c);
void fetch_call_resume(struct fetch_call *c);
/* The owner left: a stream is cut, anything else goes on alone. */
void fetch_call_leave(struct fetch_call *c);
/* Closes it, whatever it does. */
void fetch_call_close(struct fetch_call *c);
