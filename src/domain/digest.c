#include "digest.h"
#include "caps.h"
#include "crypto.h"
#include "db_row.h"
#include "digest_job.h"
#include "metric.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define STOP_TICK_MS 20
enum { GIVE_UP, SCHEDULE, CLAIM, STATE }; /* calls of a whole look; a short one has the claim alone */

struct digests_core {
    struct digests *handle;
    struct digest_options options;
    struct digest_job jobs[CAP_DIGEST_JOBS];
    size_t running, closed;
    struct db_unit unit;
    struct db_param params[9];
    char owner[DIGEST_OWNER_BYTES];
    char minute[16], utc_minute[16], due[16], hand[16];
    size_t asked; /* digests that the look under way may claim */
    bool looking; /* a look is under way */
    bool whole;   /* it schedules as well */
    bool more;    /* the last claim had its hands full */
    bool stopping;
    uint64_t whole_at_ms; /* when the next whole look is due */
    uint64_t stop_at_ms;
    uv_timer_t timer;
    struct list waiting, served; /* looks from outside: of the next, and of the one under way */
};

static void look_in(struct digests_core *c, uint64_t ms);

static size_t free_jobs(const struct digests_core *c)
{
    return CAP_DIGEST_JOBS - c->running;
}

static void answer(struct digests_core *c, int code, int64_t made, int64_t open)
{
    struct list_node *n;
    while ((n = list_pop(&c->served))) {
        struct digest_look *look = container_of(n, struct digest_look, node);
        look->made = made;
        look->open = open;
        look->on_done(look, code);
    }
}

static int64_t cell_number(const struct db_unit *u, size_t call, size_t row, size_t column)
{
    struct str s = db_cell(u, call, row, column);
    return s.p ? strtoll(s.p, NULL, 10) : 0;
}

static void copy_text(struct str s, char *out, size_t bytes)
{
    snprintf(out, bytes, "%.*s", (int)s.n, s.p);
}

static void start_job(struct digests_core *c, size_t row)
{
    struct digest_job *j = c->jobs;
    while (j->running) {
        j++;
    }
    size_t call = c->whole ? CLAIM : 0;
    copy_text(db_cell(&c->unit, call, row, 0), j->business_id, sizeof(j->business_id));
    copy_text(db_cell(&c->unit, call, row, 1), j->date, sizeof(j->date));
    memcpy(j->owner, c->owner, sizeof(j->owner));
    j->is_made = str_eq(db_cell(&c->unit, call, row, 2), STR("t"));
    c->running++;
    digest_job_start(j);
}

static void note_given_up(const struct db_unit *u)
{
    for (size_t i = 0; i < db_rows(u, GIVE_UP); i++) {
        bool late = str_eq(db_cell(u, GIVE_UP, i, 2), STR("too_late"));
        bool failed = str_eq(db_cell(u, GIVE_UP, i, 3), STR("failed"));
        metric_count(METRIC_DIGESTS, failed ? DIGEST_FAILED : DIGEST_UNKNOWN);
        metric_count(METRIC_DIGEST_TROUBLES, late ? MAIL_REASON_TOO_LATE : MAIL_REASON_INTERRUPTED);
        log_event(LOG_ERROR, "digest", LOG_STR("business", db_cell(u, GIVE_UP, i, 0)),
                  LOG_STR("date", db_cell(u, GIVE_UP, i, 1)), LOG_STR("result", db_cell(u, GIVE_UP, i, 3)),
                  LOG_STR("reason", db_cell(u, GIVE_UP, i, 2)));
    }
}

static void note_state(struct digests_core *c)
{
    const struct db_unit *u = &c->unit;
    int64_t due = cell_number(u, STATE, 0, 0), claimed = cell_number(u, STATE, 0, 1);
    int64_t made = cell_number(u, SCHEDULE, 0, 0);
    note_given_up(u);
    metric_add(METRIC_DIGESTS_DUE, 0, 0, (double)made);
    metric_set(METRIC_DIGESTS_OPEN, DIGESTS_OPEN_DUE, 0, (double)due);
    metric_set(METRIC_DIGESTS_OPEN, DIGESTS_OPEN_CLAIMED, 0, (double)claimed);
    metric_set(METRIC_DIGESTS_PAST_DUE, 0, 0, (double)cell_number(u, STATE, 0, 2));
    metric_set(METRIC_DIGEST_OLDEST_SECONDS, 0, 0, (double)cell_number(u, STATE, 0, 3));
    metric_set(METRIC_DIGESTS_OPEN, DIGESTS_OPEN_UNKNOWN, 0, (double)cell_number(u, STATE, 0, 4));
    int64_t lost = cell_number(u, STATE, 0, 5);
    metric_set(METRIC_DIGEST_ZONES_UNKNOWN, 0, 0, (double)lost);
    if (lost > 0) {
        log_event(LOG_ERROR, "digest_zones_unknown", LOG_INT("businesses", lost));
    }
    bool had_most = made >= CAP_DIGEST_DUE;
    c->whole_at_ms = loop_now_ms(c->options.loop) +
                     (had_most ? 0 : CAP_DIGEST_POLL_MS * 9 / 10 + crypto_random_below(CAP_DIGEST_POLL_MS / 5));
    answer(c, 0, made, due + claimed);
}

static void plan_next(struct digests_core *c)
{
    uint64_t now = loop_now_ms(c->options.loop);
    bool hungry = c->more && free_jobs(c) >= CAP_DIGEST_JOBS / 2;
    bool at_once = hungry || c->waiting.count > 0;
    look_in(c, at_once || c->whole_at_ms <= now ? 0 : c->whole_at_ms - now);
}

static void on_look_failed(struct digests_core *c, int code)
{
    if (code != ERR_UNAVAILABLE) { /* the pool says that one itself */
        log_event(LOG_WARN, "digests_not_looked_up", LOG_CSTR("reason", err_info(code)->code));
    }
    c->looking = false;
    answer(c, code, 0, 0);
    look_in(c, CAP_DIGEST_LOOK_RETRY_MS);
}

static void on_looked(struct db_unit *u, int code)
{
    struct digests_core *c = container_of(u, struct digests_core, unit);
    if (code < 0) {
        on_look_failed(c, code);
        return;
    }
    size_t claimed = db_rows(u, c->whole ? CLAIM : 0);
    c->looking = false;
    c->more = c->asked > 0 ? claimed == c->asked : c->more; /* with no hand free it did not ask */
    for (size_t i = 0; i < claimed; i++) {
        start_job(c, i);
    }
    if (c->whole) {
        note_state(c);
    }
    plan_next(c);
}

static struct db_param way_of(const struct digests_core *c)
{
    return db_text(str_of(c->options.port ? c->options.port->name : NULL));
}

static void add_claim(struct digests_core *c)
{
    digest_owner_draw(c->owner);
    c->asked = free_jobs(c);
    snprintf(c->hand, sizeof(c->hand), "%zu", c->asked);
    c->params[4] = db_text(str_of(c->owner));
    c->params[5] = db_text(str_of(c->hand));
    c->params[6] = c->params[7] = db_text((struct str){NULL, 0});
    c->params[8] = way_of(c);
    db_unit_add(&c->unit, STMT_DIGEST_CLAIM, &c->params[4], 5);
}

static void add_whole(struct digests_core *c)
{
    c->params[0] = way_of(c);
    c->params[1] = db_text(str_of(c->minute));
    c->params[2] = db_text(str_of(c->options.schedule.utc_minute < 0 ? NULL : c->utc_minute));
    c->params[3] = db_text(str_of(c->due));
    db_unit_add(&c->unit, STMT_DIGEST_GIVE_UP, &c->params[0], 1);
    db_unit_add(&c->unit, STMT_DIGEST_SCHEDULE, &c->params[1], 3);
    add_claim(c);
    db_unit_add(&c->unit, STMT_DIGEST_STATE, NULL, 0);
}

static void look(struct digests_core *c)
{
    c->whole = c->whole_at_ms <= loop_now_ms(c->options.loop) || c->waiting.count > 0;
    c->unit = (struct db_unit){.role = "ringback_digest", .on_done = on_looked, .deadline_ms = CAP_DIGEST_UNIT_MS};
    if (c->whole) {
        add_whole(c);
        struct list_node *n;
        while ((n = list_pop(&c->waiting))) {
            list_push(&c->served, n);
        }
    } else {
        add_claim(c);
    }
    c->looking = true;
    int rc = db_submit(c->options.pool, &c->unit);
    if (rc < 0) {
        on_look_failed(c, rc);
    }
}

static void on_timer(uv_timer_t *t)
{
    struct digests_core *c = container_of(t, struct digests_core, timer);
    if (!c->looking) {
        look(c);
    }
}

static void look_in(struct digests_core *c, uint64_t ms)
{
    if (!c->stopping) {
        uv_timer_start(&c->timer, on_timer, ms, 0);
    }
}

static void on_job_done(struct digest_job *j)
{
    struct digests_core *c = container_of(j->options, struct digests_core, options);
    c->running--;
    if (!c->looking) {
        plan_next(c);
    }
}

void digests_start(struct digests *handle, const struct digest_options *options)
{
    struct digests_core *c = mem_alloc(sizeof(*c));
    handle->core = c;
    c->handle = handle;
    c->options = *options;
    list_init(&c->waiting);
    list_init(&c->served);
    snprintf(c->minute, sizeof(c->minute), "%d", options->schedule.minute);
    snprintf(c->utc_minute, sizeof(c->utc_minute), "%d", options->schedule.utc_minute);
    snprintf(c->due, sizeof(c->due), "%d", CAP_DIGEST_DUE);
    for (size_t i = 0; i < CAP_DIGEST_JOBS; i++) {
        digest_job_init(&c->jobs[i], &c->options);
        c->jobs[i].on_done = on_job_done;
    }
    uv_timer_init(&options->loop->uv, &c->timer);
    look_in(c, 1000); /* the pool connects meanwhile */
}

int digests_look(struct digests *handle, struct digest_look *asked)
{
    struct digests_core *c = handle->core;
    if (c->stopping) {
        return ERR_STOPPING;
    }
    if (c->waiting.count + c->served.count >= CAP_DIGEST_LOOKS) {
        return ERR_BUSY;
    }
    list_push(&c->waiting, &asked->node);
    if (!c->looking) {
        look_in(c, 0);
    }
    return 0;
}

void digests_look_abandon(struct digests *handle, struct digest_look *asked)
{
    struct digests_core *c = handle->core;
    if (!c || !list_linked(&asked->node)) {
        return;
    }
    /* On either list: a node does not know which. */
    for (struct list_node *n = list_first(&c->waiting); n; n = list_next(&c->waiting, n)) {
        if (n == &asked->node) {
            list_remove(&c->waiting, n);
            return;
        }
    }
    list_remove(&c->served, &asked->node);
}

static void on_stop_timer_closed(uv_handle_t *h)
{
    struct digests_core *c = container_of((uv_timer_t *)h, struct digests_core, timer);
    struct digests *handle = c->handle;
    free(c);
    handle->core = NULL;
    handle->on_stopped(handle);
}

static void on_job_closed(struct digest_job *j)
{
    struct digests_core *c = container_of(j->options, struct digests_core, options);
    if (++c->closed == CAP_DIGEST_JOBS) {
        uv_close((uv_handle_t *)&c->timer, on_stop_timer_closed);
    }
}

static bool is_sending(const struct digests_core *c)
{
    size_t sending = 0;
    for (size_t i = 0; i < CAP_DIGEST_JOBS; i++) {
        sending += digest_job_is_sending(&c->jobs[i]);
    }
    return sending > 0;
}

static void on_stop_tick(uv_timer_t *t)
{
    struct digests_core *c = container_of(t, struct digests_core, timer);
    if (is_sending(c) && loop_now_ms(c->options.loop) < c->stop_at_ms) {
        return;
    }
    uv_timer_stop(t);
    for (size_t i = 0; i < CAP_DIGEST_JOBS; i++) {
        digest_job_close(&c->jobs[i], on_job_closed);
    }
}

void digests_stop(struct digests *handle, void (*on_stopped)(struct digests *))
{
    struct digests_core *c = handle->core;
    handle->on_stopped = on_stopped;
    c->stopping = true;
    c->stop_at_ms = loop_now_ms(c->options.loop) + CAP_DIGEST_STOP_MS;
    db_abandon(&c->unit);
    while (c->waiting.count) {
        list_push(&c->served, list_pop(&c->waiting));
    }
    answer(c, ERR_STOPPING, 0, 0);
    for (size_t i = 0; i < CAP_DIGEST_JOBS; i++) {
        digest_job_stop(&c->jobs[i]);
    }
    uv_timer_start(&c->timer, on_stop_tick, 0, STOP_TICK_MS);
}
