#include "digest_send.h"
#include "app.h"
#include "app_digest.h"
#include "caps.h"
#include "db_row.h"
#include "digest_job.h"
#include "metric.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define TICK_MS 500
enum { CLAIM, OPEN }; /* calls of a tick's unit */

/* The whole of it; there is one. */
struct sender {
    struct app app; /* of which only what sends is started */
    const struct digest_command *command;
    const PGresult *rows;
    struct digest_options options;
    struct digest_job jobs[CAP_DIGEST_COMMAND_JOBS];
    size_t running, closed;
    struct db_unit unit;
    struct db_param params[5];
    char owner[DIGEST_OWNER_BYTES], hand[8];
    int64_t claimed, free, waiting; /* digests of the date, as of the last tick */
    uint64_t changed_ms;            /* when that was last otherwise */
    bool asking, waits_for_rate, stopping;
    int code;
    uv_timer_t timer;
};
static struct sender sender;

static void tick_in(struct sender *s, uint64_t ms);
static void stop(struct sender *s, int code);

/* Date and business, as most statements begin. */
static void set_target(struct sender *s, struct db_param *at)
{
    at[0] = db_text(str_of(s->command->date));
    at[1] = db_text(str_of(s->command->business));
}

static const char *name_of(const struct sender *s, const char *business)
{
    for (int i = 0; i < PQntuples(s->rows); i++) {
        if (strcmp(PQgetvalue(s->rows, i, ROW_ID), business) == 0) {
            return command_shown(PQgetvalue(s->rows, i, ROW_NAME), 60);
        }
    }
    return business;
}

static void on_job_done(struct digest_job *j)
{
    static const char *const words[] = {
        [DIGEST_SENT] = "sent",       [DIGEST_SKIPPED] = "nothing to send", [DIGEST_KEPT] = "kept",
        [DIGEST_FAILED] = "failed",   [DIGEST_UNKNOWN] = "unknown",         [DIGEST_WAITS] = "not now",
        [DIGEST_LOST] = "interrupted"};
    const char *reason = j->reason == MAIL_REASON_NONE ? "" : metric_label(LABELS_MAIL_REASON, j->reason);
    printf("%s: %s%s%s%s%s\n", name_of(&sender, j->business_id), words[j->end], *reason ? ", " : "", reason,
           j->words[0] ? ": " : "", j->words);
    fflush(stdout);
    sender.waits_for_rate |= j->end == DIGEST_WAITS && j->reason == MAIL_REASON_RATE;
    sender.running--;
    tick_in(&sender, 0);
}

static int64_t cell_number(const struct db_unit *u, size_t call, size_t column)
{
    struct str s = db_cell(u, call, 0, column);
    return s.p ? strtoll(s.p, NULL, 10) : 0;
}

static void start_job(struct sender *s, size_t row)
{
    struct digest_job *j = s->jobs;
    while (j->running) {
        j++;
    }
    struct str business = db_cell(&s->unit, CLAIM, row, 0);
    snprintf(j->business_id, sizeof(j->business_id), "%.*s", (int)business.n, business.p);
    snprintf(j->date, sizeof(j->date), "%s", s->command->date);
    memcpy(j->owner, s->owner, sizeof(j->owner));
    j->is_made = str_eq(db_cell(&s->unit, CLAIM, row, 2), STR("t"));
    s->running++;
    digest_job_start(j);
}

/* Notes what is open, and whether that has changed. */
static void look_at(struct sender *s)
{
    int64_t claimed = cell_number(&s->unit, OPEN, 0), free = cell_number(&s->unit, OPEN, 1),
            waiting = cell_number(&s->unit, OPEN, 2);
    if (claimed != s->claimed || free != s->free || waiting != s->waiting || s->running) {
        s->changed_ms = loop_now_ms(&s->app.loop);
    }
    s->claimed = claimed;
    s->free = free;
    s->waiting = waiting;
}

/* Others may have some, which go out or come back when their claims run out; and a pause of the provider ends. */
static void plan_next(struct sender *s)
{
    bool open = s->running || s->claimed || s->free || (s->waiting && s->waits_for_rate);
    unsigned patience_ms = s->claimed ? CAP_DIGEST_COMMAND_CLAIM_MS : CAP_DIGEST_COMMAND_STILL_MS;
    if (!open || loop_now_ms(&s->app.loop) - s->changed_ms > patience_ms) {
        stop(s, 0);
    } else {
        tick_in(s, TICK_MS);
    }
}

static void on_asked(struct db_unit *u, int code)
{
    struct sender *s = container_of(u, struct sender, unit);
    s->asking = false;
    if (code < 0) {
        fprintf(stderr, "ringback digest: the database does not answer: %s\n", err_info(code)->code);
        if (s->running == 0) {
            stop(s, 1);
        }
        return;
    }
    for (size_t i = 0; i < db_rows(u, CLAIM); i++) {
        start_job(s, i);
    }
    look_at(s);
    plan_next(s);
}

static void begin_unit(struct sender *s, void (*on_done)(struct db_unit *, int))
{
    s->unit = (struct db_unit){.role = "ringback_digest", .on_done = on_done, .deadline_ms = CAP_DIGEST_UNIT_MS};
}

static void submit(struct sender *s)
{
    s->asking = db_submit(&s->app.digest_pool, &s->unit) == 0;
    if (!s->asking) {
        stop(s, 1);
    }
}

static void tick(struct sender *s)
{
    begin_unit(s, on_asked);
    digest_owner_draw(s->owner);
    snprintf(s->hand, sizeof(s->hand), "%zu", CAP_DIGEST_COMMAND_JOBS - s->running);
    s->params[0] = db_text(str_of(s->owner));
    s->params[1] = db_text(str_of(s->hand));
    set_target(s, &s->params[2]);
    s->params[4] = db_text(str_of(s->options.port->name));
    db_unit_add(&s->unit, STMT_DIGEST_CLAIM, s->params, 5);
    db_unit_add(&s->unit, STMT_DIGEST_COMMAND_OPEN, &s->params[2], 2);
    submit(s);
}

static void on_timer(uv_timer_t *t)
{
    struct sender *s = container_of(t, struct sender, timer);
    if (!s->asking && !s->stopping) {
        tick(s);
    }
}

static void tick_in(struct sender *s, uint64_t ms)
{
    if (!s->stopping) {
        uv_timer_start(&s->timer, on_timer, ms, 0);
    }
}

static void on_begun(struct db_unit *u, int code)
{
    struct sender *s = container_of(u, struct sender, unit);
    s->asking = false;
    s->changed_ms = loop_now_ms(&s->app.loop);
    if (code < 0) {
        fprintf(stderr, "ringback digest: the database does not answer: %s\n", err_info(code)->code);
        stop(s, 1);
    } else {
        tick_in(s, 0);
    }
}

/* What is in doubt for too long becomes unknown here as in the servers; with --again only what was so before is sent. */
static void begin(struct sender *s)
{
    begin_unit(s, on_begun);
    set_target(s, s->params);
    s->params[2] = db_text(str_of(s->options.port->name));
    if (s->command->again) {
        db_unit_add(&s->unit, STMT_DIGEST_AGAIN, s->params, 2);
    }
    db_unit_add(&s->unit, STMT_DIGEST_GIVE_UP, &s->params[2], 1);
    db_unit_add(&s->unit, STMT_DIGEST_MAKE_DUE, s->params, 2);
    db_unit_add(&s->unit, STMT_DIGEST_COMMAND_HURRY, s->params, 2);
    submit(s);
}

static void on_pool_stopped(struct db_pool *p)
{
    (void)p;
    resend_stop(&sender.app.resend);
    loop_stop(&sender.app.loop);
}

static void on_fetch_closed(struct fetch_room *room)
{
    (void)room;
    db_pool_stop(&sender.app.digest_pool, on_pool_stopped);
}

static void on_timer_closed(uv_handle_t *h)
{
    (void)h;
    fetch_room_close(&sender.app.fetch, on_fetch_closed);
}

static void on_job_closed(struct digest_job *j)
{
    (void)j;
    if (++sender.closed == CAP_DIGEST_COMMAND_JOBS) {
        uv_close((uv_handle_t *)&sender.timer, on_timer_closed);
    }
}

/* No job is running. */
static void stop(struct sender *s, int code)
{
    s->stopping = true;
    s->code = code;
    uv_timer_stop(&s->timer);
    for (size_t i = 0; i < CAP_DIGEST_COMMAND_JOBS; i++) {
        digest_job_close(&s->jobs[i], on_job_closed);
    }
}

int digest_send_run(const struct digest_command *command, const PGresult *rows)
{
    static const char *const no_routes[] = {"none"};
    struct sender *s = &sender;
    struct str why;
    s->command = command;
    s->rows = rows;
    signal(SIGPIPE, SIG_IGN);
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT); /* what becomes of each is told in lines of our own */
    metric_init(no_routes, 1);
    loop_init(&s->app.loop);
    if (config_read(&s->app.config, &why) < 0 || fetch_room_open(&s->app.fetch, &s->app.loop) < 0) {
        return 1;
    }
    s->options = app_digest_options(&s->app);
    if (!s->options.port || app_open_digest_pool(&s->app) < 0) {
        return 1;
    }
    for (size_t i = 0; i < CAP_DIGEST_COMMAND_JOBS; i++) {
        digest_job_init(&s->jobs[i], &s->options);
        s->jobs[i].on_done = on_job_done;
    }
    uv_timer_init(&s->app.loop.uv, &s->timer);
    begin(s);
    loop_run(&s->app.loop);
    loop_close(&s->app.loop);
    config_free(&s->app.config);
    metric_free();
    return s->code;
}
