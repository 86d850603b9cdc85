#include "live_stream.h"
#include "db_row.h"
#include "metric.h"
#include <inttypes.h>
#include <stdlib.h>

/* Lets go of whatever the stream waits for. */
static void leave(struct live_stream *s, const char *why)
{
    log_event(LOG_DEBUG, "live_ended", LOG_CSTR("reason", why), LOG_CSTR("id", s->request->id));
    if (s->asking) {
        db_abandon(&s->unit);
        s->asking = false;
        s->live->asking--;
        live_wake(s->live);
    }
    live_forget(s);
}

static void on_gone(struct http_waiter *w, struct http_request *r)
{
    (void)r;
    leave(container_of(w, struct live_stream, http), "gone");
}

void live_stream_end(struct live_stream *s, const char *why)
{
    leave(s, why);
    http_stream_end(s->request);
}

/* Else an event of its own would be too much for a client that reads well. */
static_assert(CAP_LIVE_EVENT_BYTES + 256 < CAP_STREAM_BYTES, "an event fits");

/* False: the client reads too slowly and was cut off; `s` is gone. */
static bool write_piece(struct live_stream *s, struct str piece)
{
    if (http_stream_write(s->request, piece) <= CAP_STREAM_BYTES) {
        return true;
    }
    leave(s, "slow_reader");
    http_stream_cut(s->request);
    return false;
}

static void send_event(struct live_stream *s, enum metric_live kind, uint64_t place_us, struct str data)
{
    static const char *const names[] = {"hello", "calls", "reset"};
    struct buf b = buf_make(CAP_LIVE_EVENT_BYTES + 256);
    int rc = buf_printf(&b, "%sid: %s-%" PRIu64 "\nevent: %s\ndata: ", kind == LIVE_HELLO ? "retry: 3000\n" : "",
                        s->live->epoch, place_us, names[kind]);
    rc = rc ? rc : buf_append(&b, data);
    rc = rc ? rc : buf_append(&b, STR("\n\n"));
    assert(rc == 0); /* whoever calls has looked at the length */
    metric_count(METRIC_LIVE_EVENTS, kind);
    (void)write_piece(s, buf_str(&b));
    buf_free(&b);
}

void live_stream_begin(struct live_stream *s, uint64_t place_us)
{
    char hello[64];
    int n = snprintf(hello, sizeof(hello), "{\"business\":\"%.*s\"}", UUID_TEXT, s->business_text);
    s->http = (struct http_waiter){.on_gone = on_gone};
    s->request->waiter = &s->http;
    log_event(LOG_DEBUG, "live_opened", LOG_CSTR("id", s->request->id));
    http_reply_header(s->request, "Cache-Control", STR("no-store"));
    http_reply_header(s->request, "X-Accel-Buffering", STR("no")); /* nginx would wait for more */
    http_stream_begin_live(s->request, "text/event-stream");
    send_event(s, LIVE_HELLO, place_us, (struct str){hello, (size_t)n});
}

void live_stream_beat(struct live_stream *s)
{
    s->beat_ms += CAP_LIVE_BEAT_MS;
    (void)write_piece(s, STR(": beat\n\n"));
}

void live_stream_add(struct live_stream *s, const struct uuid *call)
{
    if (!live_list_add(s->due, &s->due_count, CAP_LIVE_DUE, call)) {
        s->reset_due = true;
    }
}

/* Rows that are not there any more are part of others: only the whole list can show that. */
static void answer(struct live_stream *s)
{
    size_t found = strtoul(db_cell(&s->unit, 0, 0, 1).p, NULL, 10);
    struct str json = db_cell(&s->unit, 0, 0, 0);
    if (s->asked_reset || found < s->asked_count || json.n > CAP_LIVE_EVENT_BYTES) {
        send_event(s, LIVE_RESET, s->asked_us, STR("{}"));
    } else {
        send_event(s, LIVE_CALLS, s->asked_us, json);
    }
}

static void on_unit_done(struct db_unit *u, int code)
{
    struct live_stream *s = container_of(u, struct live_stream, unit);
    s->asking = false;
    s->live->asking--;
    s->next_ms = loop_now_ms(s->live->loop) + CAP_LIVE_PAUSE_MS;
    live_wake(s->live);
    if (code < 0) {
        log_event(LOG_DEBUG, "live_unanswered", LOG_CSTR("reason", err_info(code)->code),
                  LOG_CSTR("id", s->request->id));
        s->reset_due = true;
    } else if (db_rows(u, 0) == 0) {
        live_stream_end(s, "not_a_member");
    } else {
        answer(s);
    }
}

static struct str write_ids(struct live_stream *s)
{
    size_t n = 0;
    s->ids_text[n++] = '{';
    for (size_t i = 0; i < s->asked_count; i++) {
        uuid_write(&s->due[i], &s->ids_text[n]);
        n += UUID_TEXT;
        s->ids_text[n++] = ',';
    }
    n -= s->asked_count > 0; /* over the last comma */
    s->ids_text[n++] = '}';
    return (struct str){s->ids_text, n};
}

/* Of a reset it is only asked whether the watcher may still hear it. */
void live_stream_ask(struct live_stream *s, uint64_t now_ms)
{
    if (s->asking || now_ms < s->next_ms || !(s->reset_due || s->due_count > 0)) {
        return;
    }
    s->asked_reset = s->reset_due;
    s->asked_count = s->reset_due ? 0 : s->due_count;
    s->asked_us = live_ring_place(&s->live->ring, live_now_us());
    s->params[0] = db_text((struct str){s->business_text, UUID_TEXT});
    s->params[1] = db_text(write_ids(s));
    s->unit = tenant_unit(s->who, on_unit_done);
    db_unit_add(&s->unit, STMT_CALLS_LIVE, s->params, 2);
    s->due_count = 0;
    s->reset_due = false;
    int rc = db_submit(s->live->pool, &s->unit);
    s->asking = rc == 0;
    s->reset_due = rc < 0;
    s->live->asking += rc == 0;
    s->next_ms = now_ms + CAP_LIVE_PAUSE_MS;
}
