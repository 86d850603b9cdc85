#include "digest_job.h"
#include "caps.h"
#include "crypto.h"
#include "db_row.h"
#include "digest_make.h"
#include "loop.h"
#include "metric.h"
#include "timestamp.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define NONE ((struct str){NULL, 0})

static struct digest_job *job_of_flow(struct flow *f)
{
    return container_of(f, struct digest_job, flow);
}

static struct digest_job *job_of_unit(struct db_unit *u)
{
    return container_of(u, struct digest_job, unit);
}

void digest_owner_draw(char out[DIGEST_OWNER_BYTES])
{
    unsigned char bytes[(DIGEST_OWNER_BYTES - 1) / 2];
    crypto_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(&out[i * 2], 3, "%02x", bytes[i]);
    }
}

/* One line for each digest and each time that it comes to an end or is put off. */
static void tell(const struct digest_job *j)
{
    bool alarm = j->end == DIGEST_UNKNOWN || j->reason == MAIL_REASON_MISMATCH;
    bool good = j->end == DIGEST_SENT || j->end == DIGEST_SKIPPED || j->end == DIGEST_KEPT;
    metric_count(METRIC_DIGESTS, j->end);
    if (j->reason != MAIL_REASON_NONE) {
        metric_count(METRIC_DIGEST_TROUBLES, j->reason);
    }
    if (j->end == DIGEST_SENT) {
        metric_set(METRIC_DIGEST_SENT_TIME, 0, 0, (double)timestamp_wall_us() / 1e6);
    }
    log_event(alarm  ? LOG_ERROR
              : good ? LOG_INFO
                     : LOG_WARN,
              "digest", LOG_CSTR("business", j->business_id), LOG_CSTR("date", j->date),
              LOG_CSTR("result", metric_label(LABELS_DIGEST, j->end)),
              LOG_CSTR("reason", metric_label(LABELS_MAIL_REASON, j->reason)), LOG_INT("attempts", j->attempts));
}

static enum flow_next finish(struct digest_job *j)
{
    tell(j);
    arena_free(&j->arena);
    j->running = false;
    j->on_done(j);
    return FLOW_DONE;
}

static void end_as(struct digest_job *j, enum digest_end end, size_t reason, const char *words)
{
    j->end = end;
    j->reason = reason;
    snprintf(j->words, sizeof(j->words), "%s", words ? words : "");
}

static enum flow_next lose(struct digest_job *j)
{
    end_as(j, DIGEST_LOST, MAIL_REASON_NONE, "");
    return finish(j);
}

/* Its end, or that it waits, was written down by the last unit, unless the claim was lost before. */
static enum flow_next finish_settled(struct digest_job *j)
{
    return db_rows(&j->unit, 0) == 1 ? finish(j) : lose(j);
}

/* The claim runs out by itself, and somebody takes it again. */
static void on_fail(struct flow *f, int code)
{
    struct digest_job *j = job_of_flow(f);
    log_event(LOG_WARN, "digest_interrupted", LOG_CSTR("step", f->step[-1].name),
              LOG_CSTR("reason", err_info(code)->code));
    end_as(j, DIGEST_LOST, MAIL_REASON_INTERNAL, "It was interrupted and will be taken up again.");
    finish(j);
}

static void on_unit_done(struct db_unit *u, int code)
{
    flow_resume(&job_of_unit(u)->flow, code);
}

static void begin_unit(struct digest_job *j)
{
    j->unit = (struct db_unit){.role = "ringback_digest", .on_done = on_unit_done, .deadline_ms = CAP_DIGEST_UNIT_MS};
}

/* Every statement about a row begins with these three. */
static void add(struct digest_job *j, enum sql_statement_id statement, size_t count)
{
    j->params[0] = db_text(str_of(j->business_id));
    j->params[1] = db_text(str_of(j->date));
    j->params[2] = db_text(str_of(j->owner));
    db_unit_add(&j->unit, statement, j->params, count);
}

static struct db_param number(struct digest_job *j, int64_t n)
{
    return db_text(arena_printf(&j->arena, "%lld", (long long)n));
}

static struct db_param optional(const char *text)
{
    return db_text(text && *text ? str_of(text) : NONE);
}

static enum flow_next submit(struct digest_job *j)
{
    return flow_wait(&j->flow, db_submit(j->options->pool, &j->unit));
}

static enum flow_next step_gather(struct flow *f)
{
    struct digest_job *j = job_of_flow(f);
    if (j->is_made) {
        return FLOW_NEXT;
    }
    j->params[0] = db_text(str_of(j->business_id));
    j->params[1] = db_text(str_of(j->date));
    j->params[2] = db_text(NONE);
    begin_unit(j);
    db_unit_add(&j->unit, STMT_DIGEST_FACTS, j->params, 3);
    return submit(j);
}

/* Mails for ten recipients are made in one go: a few milliseconds of the loop. */
static enum flow_next keep(struct digest_job *j, const struct digest_made *made)
{
    static const char *const status[] = {
        [DIGEST_SKIPPED] = "skipped", [DIGEST_KEPT] = "kept", [DIGEST_FAILED] = "failed"};
    struct str bytes = arena_copy(&j->arena, buf_str(&made->bytes));
    struct digest sha256 = crypto_sha256(bytes);
    struct str hash = arena_copy(&j->arena, digest_str(&sha256));
    begin_unit(j);
    if (made->to_send) {
        j->params[3] = db_bytes(bytes);
        j->params[4] = db_bytes(hash);
        add(j, STMT_DIGEST_KEEP_BYTES, 5);
        return submit(j);
    }
    end_as(j, made->end, made->reason, made->words);
    j->params[3] = db_text(str_of(status[made->end]));
    j->params[4] = db_text(str_of(metric_label(LABELS_MAIL_REASON, made->reason)));
    j->params[5] = optional(made->words);
    j->params[6] = bytes.n ? db_bytes(bytes) : db_text(NONE);
    j->params[7] = bytes.n ? db_bytes(hash) : db_text(NONE);
    j->settled = true;
    add(j, STMT_DIGEST_SETTLE, 8);
    return submit(j);
}

static enum flow_next step_make(struct flow *f)
{
    struct digest_job *j = job_of_flow(f);
    if (j->is_made || j->settled) {
        return FLOW_NEXT;
    }
    struct digest_made made = {0};
    int rc = db_rows(&j->unit, 0) == 1 ? digest_make(&j->arena, db_cell(&j->unit, 0, 0, 0), j->options, &made)
                                       : ERR_NOT_FOUND;
    if (rc < 0) {
        return flow_fail(f, rc);
    }
    enum flow_next next = keep(j, &made);
    buf_free(&made.bytes);
    return next;
}

static enum flow_next step_ask_turn(struct flow *f)
{
    struct digest_job *j = job_of_flow(f);
    if (j->settled) {
        return finish_settled(j);
    }
    if (!j->is_made && db_rows(&j->unit, 0) != 1) {
        return lose(j);
    }
    j->is_made = true;
    begin_unit(j);
    db_unit_add(&j->unit, STMT_DIGEST_PACE, NULL, 0);
    return submit(j);
}

static void on_timer(uv_timer_t *t)
{
    flow_resume(&container_of(t, struct digest_job, timer)->flow, 0);
}

static enum flow_next pause_for(struct digest_job *j, uint64_t ms)
{
    uv_timer_start(&j->timer, on_timer, ms, 0);
    return FLOW_PARKED;
}

/* Gives it back: it is taken again after a while, by whoever looks first. */
static enum flow_next put_off(struct digest_job *j)
{
    end_as(j, DIGEST_WAITS, MAIL_REASON_RATE, "");
    begin_unit(j);
    j->params[3] = number(j, CAP_DIGEST_RETRY_FIRST_MS / 2 + crypto_random_below(CAP_DIGEST_RETRY_FIRST_MS));
    j->settled = true;
    add(j, STMT_DIGEST_RELEASE, 4);
    return submit(j);
}

static enum flow_next step_await_turn(struct flow *f)
{
    struct digest_job *j = job_of_flow(f);
    if (db_rows(&j->unit, 0) != 1) { /* too long to wait for it here */
        return put_off(j);
    }
    return pause_for(j, strtoul(db_cell(&j->unit, 0, 0, 0).p, NULL, 10));
}

static enum flow_next step_attempt(struct flow *f)
{
    struct digest_job *j = job_of_flow(f);
    if (j->settled) {
        return finish_settled(j);
    }
    if (j->stopping) {
        return lose(j);
    }
    assert(j->options->port); /* without one nothing that is made is claimed */
    begin_unit(j);
    j->params[3] = db_text(str_of(j->options->port->name));
    add(j, STMT_DIGEST_ATTEMPT, 4);
    j->attempting = true;
    return submit(j);
}

static void on_sent(struct mail_send *s)
{
    struct digest_job *j = container_of(s, struct digest_job, send);
    j->sending = false;
    flow_resume(&j->flow, 0);
}

static void refuse_to_send(struct digest_job *j)
{
    j->send.verdict = MAIL_REFUSED;
    j->send.reason = MAIL_REASON_INTERNAL;
    snprintf(j->send.words, sizeof(j->send.words), "What was kept of this mail is damaged.");
    log_event(LOG_ERROR, "digest_damaged", LOG_CSTR("business", j->business_id), LOG_CSTR("date", j->date));
}

/* Nothing left this machine, and others may be served sooner than this one's next try would be. */
static enum flow_next not_tried(struct digest_job *j, enum metric_mail_reason reason)
{
    end_as(j, DIGEST_WAITS, reason, "");
    begin_unit(j);
    j->params[3] = number(j, CAP_BREAKER_OPEN_MS + crypto_random_below(CAP_BREAKER_OPEN_MS));
    j->settled = true;
    add(j, STMT_DIGEST_UNTRIED, 4);
    return submit(j);
}

static enum flow_next step_send(struct flow *f)
{
    struct digest_job *j = job_of_flow(f);
    j->attempting = false;
    if (db_rows(&j->unit, 0) != 1) {
        return lose(j);
    }
    struct str bytes = arena_copy(&j->arena, db_cell(&j->unit, 0, 0, 2));
    j->attempts = strtoll(db_cell(&j->unit, 0, 0, 0).p, NULL, 10);
    snprintf(j->key, sizeof(j->key), "digest/%s/%s", j->business_id, j->date);
    j->send = (struct mail_send){.key = str_of(j->key), .bytes = bytes, .on_done = on_sent};
    j->send.done = strtoul(db_cell(&j->unit, 0, 0, 1).p, NULL, 10);
    if (!bytes.n) { /* what is sent is what was kept, and nothing else */
        refuse_to_send(j);
        return FLOW_NEXT;
    }
    int rc = j->options->port->submit(j->options->port, &j->send);
    if (rc < 0) {
        return not_tried(j, rc == ERR_BREAKER_OPEN ? MAIL_REASON_BREAKER : MAIL_REASON_INTERNAL);
    }
    j->sending = true;
    return FLOW_PARKED;
}

/* Doubled each time, with jitter, so that many do not come back together. */
static unsigned backoff_ms(int64_t attempts)
{
    uint64_t ms = CAP_DIGEST_RETRY_FIRST_MS;
    for (int64_t i = 1; i < attempts && ms < CAP_DIGEST_RETRY_MOST_MS; i++) {
        ms *= 2;
    }
    ms = ms < CAP_DIGEST_RETRY_MOST_MS ? ms : CAP_DIGEST_RETRY_MOST_MS;
    return (unsigned)(ms / 2 + crypto_random_below((uint32_t)(ms / 2)));
}

static void judge(struct digest_job *j)
{
    static const enum digest_end ends[] = {[MAIL_ACCEPTED] = DIGEST_SENT,
                                           [MAIL_LATER] = DIGEST_WAITS,
                                           [MAIL_REFUSED] = DIGEST_FAILED,
                                           [MAIL_UNKNOWN] = DIGEST_UNKNOWN};
    const struct mail_send *s = &j->send;
    end_as(j, ends[s->verdict], s->verdict == MAIL_ACCEPTED ? MAIL_REASON_NONE : s->reason, s->words);
    j->retry_ms = s->retry_ms > CAP_DIGEST_RETRY_FIRST_MS ? s->retry_ms : backoff_ms(j->attempts);
}

static enum flow_next step_note(struct flow *f)
{
    static const char *const status[] = {
        [DIGEST_SENT] = "sent", [DIGEST_WAITS] = "due", [DIGEST_FAILED] = "failed", [DIGEST_UNKNOWN] = "unknown"};
    struct digest_job *j = job_of_flow(f);
    const struct mail_send *s = &j->send;
    judge(j);
    begin_unit(j);
    j->params[3] = db_text(str_of(status[j->end]));
    j->params[4] = db_text(str_of(metric_label(LABELS_MAIL_REASON, j->reason)));
    j->params[5] = optional(j->words);
    j->params[6] = optional(s->id);
    j->params[7] = number(j, j->retry_ms);
    j->params[8] = number(j, (int64_t)s->done);
    j->params[9] = db_text(s->doubt || s->verdict == MAIL_UNKNOWN ? STR("t") : STR("f"));
    add(j, STMT_DIGEST_OUTCOME, 10);
    if (s->per_second > 0 || s->pause_ms > 0) {
        j->pace[0] = s->per_second > 0 ? db_text(arena_printf(&j->arena, "%.3f", s->per_second)) : db_text(NONE);
        j->pace[1] = number(j, s->pause_ms);
        db_unit_add(&j->unit, STMT_DIGEST_PACE_LEARN, j->pace, 2);
    }
    return submit(j);
}

static enum flow_next step_end(struct flow *f)
{
    struct digest_job *j = job_of_flow(f);
    struct str status = db_rows(&j->unit, 0) == 1 ? db_cell(&j->unit, 0, 0, 0) : NONE;
    if (str_eq(status, STR("unknown"))) {
        j->end = DIGEST_UNKNOWN; /* a refusal after a try in doubt */
    }
    return finish(j);
}

static const struct flow_step end_steps[] = {{"note", step_note}, {"end", step_end}, {NULL, NULL}};

static void on_note_failed(struct flow *f, int code);

static void on_note_timer(uv_timer_t *t)
{
    struct digest_job *j = container_of(t, struct digest_job, timer);
    flow_start(&j->flow, end_steps, on_note_failed);
}

/* The mail's fate is known, only not yet written down: again, before the claim runs out. */
static void on_note_failed(struct flow *f, int code)
{
    struct digest_job *j = job_of_flow(f);
    if (++j->note_tries >= CAP_DIGEST_NOTE_TRIES) {
        on_fail(f, code);
        return;
    }
    uv_timer_start(&j->timer, on_note_timer, CAP_DIGEST_NOTE_PAUSE_MS, 0);
}

static enum flow_next step_note_first(struct flow *f)
{
    struct digest_job *j = job_of_flow(f);
    if (j->settled) {
        return finish_settled(j);
    }
    j->noting = true;
    flow_start(f, end_steps, on_note_failed);
    return FLOW_PARKED; /* or already on its way to another try */
}

static const struct flow_step steps[] = {
    {"gather", step_gather},   {"make", step_make}, {"ask_turn", step_ask_turn}, {"await_turn", step_await_turn},
    {"attempt", step_attempt}, {"send", step_send}, {"note", step_note_first},   {NULL, NULL}};

void digest_job_init(struct digest_job *j, const struct digest_options *options)
{
    *j = (struct digest_job){.options = options};
    uv_timer_init(&options->loop->uv, &j->timer);
}

static void on_start_timer(uv_timer_t *t)
{
    struct digest_job *j = container_of(t, struct digest_job, timer);
    flow_start(&j->flow, steps, on_fail);
}

void digest_job_start(struct digest_job *j)
{
    assert(!j->running);
    j->running = true;
    j->settled = j->attempting = j->noting = false;
    j->note_tries = 0;
    j->attempts = 0;
    end_as(j, DIGEST_LOST, MAIL_REASON_NONE, "");
    uv_timer_start(&j->timer, on_start_timer, 0, 0);
}

void digest_job_stop(struct digest_job *j)
{
    j->stopping = true;
}

bool digest_job_is_sending(const struct digest_job *j)
{
    return j->running && (j->attempting || j->sending || j->noting);
}

static void on_timer_closed(uv_handle_t *h)
{
    struct digest_job *j = container_of((uv_timer_t *)h, struct digest_job, timer);
    j->on_closed(j);
}

void digest_job_close(struct digest_job *j, void (*on_closed)(struct digest_job *))
{
    j->on_closed = on_closed;
    db_abandon(&j->unit);
    if (j->sending) {
        j->options->port->abandon(j->options->port, &j->send);
    }
    arena_free(&j->arena);
    uv_close((uv_handle_t *)&j->timer, on_timer_closed);
}
