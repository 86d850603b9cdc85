#pragma once
/* A desk that books: a pool, the bookings room, and a calendar that answers as it is told. The database is a real one. */
#include "booking.h"
#include "credentials.h"
#include "crypto.h"
#include "db_rig.h"

#define BUSINESS "11111111-1111-4111-8111-111111111111"
#define OTHER "22222222-2222-4222-8222-222222222222"
#define SECRET "0123456789abcdef0123456789abcdef"
#define KEY_ID "the-name-of-it"
#define CALENDAR_KEY "cal_test"

/* What the calendar says to one question; the last row answers all that follow. */
struct said {
    enum calendar_verdict verdict;
    bool held; /* not before calendar_release */
};

struct desk {
    struct loop loop;
    struct db_pool pool;
    struct bookings bookings;
    struct calendar_port port;
    struct loop_task task;
    struct calendar_ask *open[16]; /* not answered yet */
    struct said script[16];
    bool due[16];
    size_t open_count, script_count, asked, booked, abandoned;
    char key[64], start[32]; /* of the last question */
    bool repeats;            /* what is booked is a series */
    bool stopped, pool_stopped;
};

static struct desk desk;

static inline void calendar_answer_due(struct loop_task *t)
{
    (void)t;
    for (size_t i = 0; i < desk.open_count;) {
        struct calendar_ask *q = desk.open[i];
        if (!desk.due[i]) {
            i++;
            continue;
        }
        desk.open_count--;
        memmove(&desk.open[i], &desk.open[i + 1], (desk.open_count - i) * sizeof(desk.open[0]));
        memmove(&desk.due[i], &desk.due[i + 1], (desk.open_count - i) * sizeof(desk.due[0]));
        q->on_done(q);
    }
}

/* All that is held is answered in the next turn. */
static inline void calendar_release(void)
{
    for (size_t i = 0; i < desk.open_count; i++) {
        desk.due[i] = true;
    }
    loop_defer_cancel(&desk.loop, &desk.task);
    loop_defer(&desk.loop, &desk.task);
}

static inline int calendar_submit(struct calendar_port *p, struct calendar_ask *q)
{
    static struct calendar_slot slots[] = {{{"2030-11-20T11:15:00.000-05:00", 29}},
                                           {{"2030-11-20T12:00:00.000-05:00", 29}}};
    (void)p;
    struct said s = desk.script[desk.asked < desk.script_count ? desk.asked : desk.script_count - 1];
    desk.asked++;
    desk.booked += q->what == CALENDAR_BOOK;
    snprintf(desk.key, sizeof(desk.key), "%.*s", (int)q->account.key.n, q->account.key.p);
    snprintf(desk.start, sizeof(desk.start), "%.*s", (int)q->start_utc.n, q->start_utc.n ? q->start_utc.p : "");
    q->verdict = s.verdict;
    q->event_type.repeats = desk.repeats;
    snprintf(q->uid, sizeof(q->uid), s.verdict == CALENDAR_DONE ? "uid-%zu" : "", desk.asked);
    if (q->what == CALENDAR_SLOTS) {
        q->slots = slots;
        q->slot_count = 2;
    }
    CHECK(desk.open_count < 16);
    desk.due[desk.open_count] = !s.held;
    desk.open[desk.open_count++] = q;
    loop_defer_cancel(&desk.loop, &desk.task);
    loop_defer(&desk.loop, &desk.task);
    return 0;
}

static inline void calendar_abandon(struct calendar_port *p, struct calendar_ask *q)
{
    (void)p;
    for (size_t i = 0; i < desk.open_count; i++) {
        if (desk.open[i] == q) {
            desk.open_count--;
            memmove(&desk.open[i], &desk.open[i + 1], (desk.open_count - i) * sizeof(desk.open[0]));
            memmove(&desk.due[i], &desk.due[i + 1], (desk.open_count - i) * sizeof(desk.due[0]));
            desk.abandoned++;
        }
    }
}

static inline void desk_business(const char *id)
{
    struct arena a = {0};
    struct str sealed = credentials_seal(&a, STR(SECRET), str_of(id), (struct str){NULL, 0}, STR(CALENDAR_KEY));
    struct str hex = crypto_hex(&a, sealed);
    rig_sql(
        "insert into businesses (id, name, timezone, calcom_enabled) values ('%s', 'Larkspur', 'America/New_York', true)",
        id);
    rig_sql("insert into private.calcom_credentials (business_id, sealed, key_id, event_type_id, asks_email) "
            "values ('%s', '\\x%.*s', '" KEY_ID "', 7, false)",
            id, (int)hex.n, hex.p);
    arena_free(&a);
}

static inline void desk_options(struct booking_options *out)
{
    desk.port = (struct calendar_port){calendar_submit, calendar_abandon};
    desk.task.run = calendar_answer_due;
    *out = (struct booking_options){.loop = &desk.loop,
                                    .pool = &desk.pool,
                                    .port = &desk.port,
                                    .secrets_key = STR(SECRET),
                                    .secrets_key_id = STR(KEY_ID)};
}

/* A desk with two businesses that book, and what its calendar says. */
static inline void desk_open(const struct said *script, size_t count)
{
    static const char *const roles[] = {"ringback_booking", NULL};
    rig_database();
    rig_sql("truncate calls, call_events, bookings, businesses, private.calcom_credentials cascade");
    desk = (struct desk){.script_count = count};
    memcpy(desk.script, script, count * sizeof(*script));
    desk_business(BUSINESS);
    desk_business(OTHER);
    metric_free();
    metric_init(NULL, 0);
    if (!getenv("RIG_LOG")) {
        log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    }
    loop_init(&desk.loop);
    struct booking_options options;
    desk_options(&options);
    bookings_start(&desk.bookings, &options);
    struct db_pool_options pool = rig_options(2, 0);
    pool.roles = roles;
    CHECK_INT(db_pool_start(&desk.pool, &desk.loop, &pool), 0);
    CHECK(RIG_WAIT(&desk.loop, db_pool_ready(&desk.pool) == 2));
}

static inline void desk_on_stopped(struct bookings *b)
{
    (void)b;
    desk.stopped = true;
}

static inline void desk_on_pool_stopped(struct db_pool *p)
{
    (void)p;
    desk.pool_stopped = true;
}

/* Every test ends here: all is stopped and the loop is empty. */
static inline void desk_close(void)
{
    bookings_stop(&desk.bookings, desk_on_stopped);
    CHECK(!desk.stopped);
    CHECK(RIG_WAIT(&desk.loop, desk.stopped));
    db_pool_stop(&desk.pool, desk_on_pool_stopped);
    CHECK(RIG_WAIT(&desk.loop, desk.pool_stopped));
    loop_defer_cancel(&desk.loop, &desk.task);
    loop_stop(&desk.loop);
    loop_run(&desk.loop);
    CHECK_INT(loop_close(&desk.loop), 0);
    metric_free();
}

/* Somebody who asks. */
struct caller {
    struct booking_ask ask;
    int fired;
    bool good, submitting;
    char words[400];
    uint64_t at_ms;
};

static inline void caller_on_done(struct booking_ask *ask)
{
    struct caller *c = container_of(ask, struct caller, ask);
    CHECK(!c->submitting);
    c->fired++;
    c->good = ask->good;
    c->at_ms = rig_now_ms();
    snprintf(c->words, sizeof(c->words), "%.*s", (int)ask->words.n, ask->words.p);
}

/* A wish that can be granted. */
static inline struct booking_wish wish_of(const char *tool_call)
{
    return (struct booking_wish){.tool = BOOKING_BOOK,
                                 .business_id = STR(BUSINESS),
                                 .provider_call_id = STR("call-1"),
                                 .tool_call_id = str_of(tool_call),
                                 .caller_number = STR("+12125550187"),
                                 .start = STR("2030-11-20T10:30"),
                                 .name = STR("Maya Okafor"),
                                 .service = STR("chipped tooth")};
}

static inline void caller_ask(struct caller *c, const struct booking_wish *wish)
{
    *c = (struct caller){.ask.on_done = caller_on_done, .submitting = true};
    CHECK_INT(booking_submit(&desk.bookings, &c->ask, wish), 0);
    c->submitting = false;
}

static inline void caller_wait(struct caller *c)
{
    CHECK(RIG_WAIT(&desk.loop, c->fired));
    CHECK_INT(c->fired, 1);
}

/* Asks and waits. */
static inline void caller_call(struct caller *c, const struct booking_wish *wish)
{
    caller_ask(c, wish);
    caller_wait(c);
}
