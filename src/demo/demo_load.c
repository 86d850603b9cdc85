#include "demo_load.h"
#include "caps.h"
#include "demo_mail.h"
#include <stdio.h>
#include <stdlib.h>

#define SECOND_US 1000000LL
#define LIVE_AGO_US (75 * SECOND_US)
#define EARLIER_SHARE 10 /* a tenth more is cheaper to add than the rest is to index anew */
#define UNASSIGNED_PER_DAY 0.15
#define EMAIL_BYTES 256
#define ARRAYS 8                                                  /* of a statement, at most */
#define LARKSPUR_ASSISTANT "a7d1c3f0-92be-4c58-b6e4-1f0837d5a2c9" /* as in the recorded messages */
#define STAFF_MAIL "staff@larkspur.example"

static void owner_mail(const struct demo_plan *p, size_t i, char out[EMAIL_BYTES])
{
    if (i == 0) {
        snprintf(out, EMAIL_BYTES, "%s", p->options->owner_email);
    } else {
        snprintf(out, EMAIL_BYTES, "owner%zu@demo.example", i + 1);
    }
}

static int insert_businesses(struct demo_pg *d, struct demo_plan *p, struct buf a[ARRAYS])
{
    char mail[EMAIL_BYTES], since[64];
    struct buf time = buf_make(sizeof(since));
    demo_put_time(&time, p->calendar.hours[0][0]);
    snprintf(since, sizeof(since), "%.*s", (int)time.len, time.data);
    buf_free(&time);
    for (size_t i = 0; i < p->count; i++) {
        const struct demo_business *b = &p->businesses[i];
        owner_mail(p, i, mail);
        const char *values[ARRAYS] = {b->id,
                                      b->name,
                                      demo_zones[b->zone],
                                      mail,
                                      b->forward,
                                      i ? "" : LARKSPUR_ASSISTANT,
                                      since,
                                      b->books ? "t" : "f"};
        for (size_t k = 0; k < ARRAYS; k++) {
            demo_array_add(&a[k], values[k]);
        }
    }
    const char *params[ARRAYS];
    for (size_t k = 0; k < ARRAYS; k++) {
        params[k] = demo_array_end(&a[k]);
    }
    return demo_pg_do(d, STMT_DEMO_BUSINESSES, ARRAYS, params);
}

static int insert_phones(struct demo_pg *d, struct demo_plan *p, struct buf a[ARRAYS])
{
    for (size_t i = 0; i < p->count; i++) {
        demo_array_add(&a[0], p->businesses[i].phone);
        demo_array_add(&a[1], p->businesses[i].id);
    }
    const char *params[] = {demo_array_end(&a[0]), demo_array_end(&a[1])};
    return demo_pg_do(d, STMT_DEMO_PHONES, 2, params);
}

static void list_member(struct buf a[ARRAYS], const char *business, const char *mail, const char *role)
{
    demo_array_add(&a[0], business);
    demo_array_add(&a[1], mail);
    demo_array_add(&a[2], role);
}

static int insert_people(struct demo_pg *d, struct demo_plan *p, struct buf a[ARRAYS])
{
    char mail[EMAIL_BYTES];
    for (size_t i = 0; i < p->count; i++) {
        owner_mail(p, i, mail);
        list_member(a, p->businesses[i].id, mail, "owner");
    }
    list_member(a, p->businesses[0].id, STAFF_MAIL, "staff");
    const char *businesses = demo_array_end(&a[0]), *mails = demo_array_end(&a[1]), *roles = demo_array_end(&a[2]);
    const char *users[] = {mails, p->password_hash}, *members[] = {businesses, mails, roles};
    PGresult *made = demo_pg_ask(d, STMT_DEMO_USERS, 2, users);
    if (!made) {
        return ERR_BAD_DATA;
    }
    p->people_made = (size_t)PQntuples(made);
    PQclear(made);
    return demo_pg_do(d, STMT_DEMO_MEMBERS, 3, members);
}

static int set_password(struct demo_pg *d, struct demo_plan *p, struct buf a[ARRAYS])
{
    char mail[EMAIL_BYTES];
    for (size_t i = 0; i < p->count; i++) {
        owner_mail(p, i, mail);
        demo_array_add(&a[0], mail);
    }
    demo_array_add(&a[0], STAFF_MAIL);
    const char *params[] = {demo_array_end(&a[0]), p->password_hash};
    return demo_pg_do(d, STMT_DEMO_PASSWORD, 2, params);
}

static int read_keys(struct demo_pg *d, struct demo_plan *p, struct buf a[ARRAYS])
{
    for (size_t i = 0; i < p->count; i++) {
        demo_array_add(&a[0], p->businesses[i].id);
    }
    const char *params[] = {demo_array_end(&a[0])};
    PGresult *keys = demo_pg_ask(d, STMT_DEMO_WORDS_KEYS, 1, params);
    for (size_t i = 0; keys && i < p->count; i++) {
        snprintf(p->businesses[i].words_key, DEMO_KEY_BYTES, "%s", PQgetvalue(keys, (int)i, 0));
    }
    PQclear(keys);
    return keys ? 0 : ERR_BAD_DATA;
}

/* One of the above, with arrays to fill. */
static int with_arrays(struct demo_pg *d, struct demo_plan *p,
                       int (*insert)(struct demo_pg *, struct demo_plan *, struct buf *))
{
    struct buf a[ARRAYS];
    for (size_t k = 0; k < ARRAYS; k++) {
        a[k] = buf_make(CAP_DEMO_BUFFER_BYTES);
        demo_array_begin(&a[k]);
    }
    int rc = insert(d, p, a);
    for (size_t k = 0; k < ARRAYS; k++) {
        buf_free(&a[k]);
    }
    return rc;
}

/* References need their calls, so calls go first. */
static int flush(struct demo_pg *d, struct demo_rows *rows)
{
    int rc = demo_pg_copy(d, STMT_DEMO_COPY_CALLS, &rows->calls);
    rc = rc < 0 ? rc : demo_pg_copy(d, STMT_DEMO_COPY_UTTERANCES, &rows->utterances);
    rc = rc < 0 ? rc : demo_pg_copy(d, STMT_DEMO_COPY_EVENTS, &rows->events);
    rc = rc < 0 ? rc : demo_pg_copy(d, STMT_DEMO_COPY_WORDS, &rows->words);
    rc = rc < 0 ? rc : demo_pg_copy(d, STMT_DEMO_COPY_BOOKINGS, &rows->bookings);
    return rc < 0 ? rc : demo_pg_copy(d, STMT_DEMO_COPY_DIGESTS, &rows->digests);
}

static int by_start(const void *a, const void *b)
{
    const struct demo_call *x = a, *y = b;
    if (x->started_us != y->started_us) {
        return x->started_us < y->started_us ? -1 : 1;
    }
    return x->seed < y->seed ? -1 : x->seed > y->seed;
}

static uint64_t rows_written(const struct demo_rows *rows)
{
    return rows->call_count + rows->utterance_count + rows->event_count + rows->digest_count;
}

static void plan_day(struct demo_plan *p, size_t day, struct demo_calls *calls)
{
    calls->count = 0;
    for (size_t i = 0; i <= p->count; i++) {
        struct demo_business *b = &p->businesses[i];
        double per_day = i < p->count ? p->options->calls_per_day : UNASSIGNED_PER_DAY;
        demo_day_plan(&p->calendar, b, day, per_day, calls);
        if (i < p->count) {
            demo_rows_digest(&p->rows, &p->calendar, b, day);
        }
    }
    bool is_last = day + 1 == p->calendar.days;
    if (is_last && p->options->until_day < 0) {
        demo_day_add_live(&p->businesses[0], p->calendar.now_us - LIVE_AGO_US, calls);
    }
    qsort(calls->items, calls->count, sizeof(*calls->items), by_start);
}

static int load_days(struct demo_pg *d, struct demo_plan *p)
{
    struct demo_calls calls = {0};
    int rc = 0;
    demo_progress_stage(&p->progress, "calls", p->expected);
    for (size_t day = 0; day < p->calendar.days && rc == 0; day++) {
        plan_day(p, day, &calls);
        for (size_t i = 0; i < calls.count && rc == 0; i++) {
            demo_rows_call(&p->rows, &p->calendar, &calls.items[i]);
            rc = demo_rows_full(&p->rows) ? flush(d, &p->rows) : 0;
            demo_progress_at(&p->progress, p->rows.call_count, rows_written(&p->rows));
        }
    }
    rc = rc < 0 ? rc : flush(d, &p->rows);
    demo_progress_at(&p->progress, p->rows.call_count, rows_written(&p->rows));
    free(calls.items);
    return rc;
}

static int make_indexes(struct demo_pg *d, struct demo_plan *p)
{
    PGresult *made = demo_pg_ask(d, STMT_DEMO_INDEXES, 0, NULL);
    int rc = made ? 0 : ERR_BAD_DATA;
    for (int i = 0; made && i < PQntuples(made) && rc == 0; i++) {
        demo_progress_stage(&p->progress, PQgetvalue(made, i, 0), 0);
        rc = demo_pg_run(d, PQgetvalue(made, i, 1));
        if (rc == 0) {
            demo_progress_end(&p->progress);
        }
    }
    PQclear(made);
    return rc;
}

int demo_load_password(struct demo_pg *d, struct demo_plan *p)
{
    return with_arrays(d, p, set_password);
}

static int load(struct demo_pg *d, struct demo_plan *p)
{
    bool big = p->expected > CAP_DEMO_INDEXED && p->expected > p->earlier / EARLIER_SHARE;
    int rc = demo_pg_do(d, STMT_DEMO_SETTINGS, 0, NULL);
    rc = rc < 0 || !p->earlier ? rc : demo_pg_do(d, STMT_DEMO_END_LEFT, 0, NULL);
    rc = rc < 0 ? rc : demo_pg_do(d, STMT_DEMO_TRIGGERS_OFF, 0, NULL);
    rc = rc < 0 ? rc : with_arrays(d, p, insert_businesses);
    rc = rc < 0 ? rc : with_arrays(d, p, insert_phones);
    rc = rc < 0 ? rc : with_arrays(d, p, insert_people);
    rc = rc < 0 || !p->options->password ? rc : with_arrays(d, p, set_password);
    rc = rc < 0 ? rc : with_arrays(d, p, read_keys);
    rc = rc < 0 || !big ? rc : demo_pg_do(d, STMT_DEMO_INDEXES_OFF, 0, NULL);
    rc = rc < 0 ? rc : load_days(d, p);
    if (rc < 0) {
        return rc;
    }
    demo_progress_end(&p->progress);
    rc = big ? make_indexes(d, p) : 0;
    rc = rc < 0 ? rc : demo_pg_do(d, STMT_DEMO_CALL_BACKS, 0, NULL);
    rc = rc < 0 ? rc : demo_mails_write(d, &p->progress, &p->links, p->businesses[0].id);
    return rc < 0 ? rc : demo_pg_do(d, STMT_DEMO_TRIGGERS_ON, 0, NULL);
}

int demo_load(struct demo_pg *d, struct demo_plan *p)
{
    int rc = demo_pg_do(d, STMT_DEMO_BEGIN, 0, NULL);
    rc = rc < 0 ? rc : load(d, p);
    return rc < 0 ? rc : demo_pg_do(d, STMT_DEMO_COMMIT, 0, NULL);
}
