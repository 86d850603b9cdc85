/* Group commit: what becomes of events, batches and those who wait, when the database is well and when it is not. */
#include "db_wire.h"
#include "ingest_rig.h"

#define MANY 200

struct town {
    struct loop loop;
    struct office office;
    struct guest guests[CAP_INGEST_EVENTS + 1];
    char names[CAP_INGEST_EVENTS + 1][16];
};

static struct town town;

static void open_town(int port)
{
    town_open(&town.loop);
    office_open(&town.office, &town.loop, port);
    memset(town.guests, 0, sizeof(town.guests));
}

static void close_town(void)
{
    office_close(&town.office);
    town_close(&town.loop);
}

/* Events of some calls, one guest each; the texts live as long as the town. */
static struct says nth(size_t i)
{
    static const char *const sids[] = {"CA01", "CA02", "CA03", "CA04", "CA05", "CA06", "CA07"};
    snprintf(town.names[i], sizeof(town.names[i]), "event %zu", i);
    return (struct says){.name = town.names[i], .sid = sids[i % 7], .status = CALL_RINGING};
}

static void submit_many(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct says s = nth(i);
        CHECK_INT(guest_submit(&town.guests[i], &town.office, &s), 0);
    }
}

static void expect_all(size_t count, int code)
{
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(guest_wait(&town.guests[i], &town.office), code);
    }
}

static void many_events_are_few_commits(void)
{
    open_town(0);
    submit_many(MANY);
    expect_all(MANY, 0);
    CHECK_INT(rig_count("select count(*) from call_events"), MANY);
    CHECK_INT(rig_count("select count(*) from calls"), 7);
    CHECK(rig_count("select count(distinct xmin::text) from call_events") <= CAP_BATCHES_IN_FLIGHT);
    submit_many(MANY);
    expect_all(MANY, 0);
    CHECK_INT(rig_count("select count(*) from call_events"), MANY);
    close_town();
}

static void an_event_without_a_call_is_kept(void)
{
    open_town(0);
    tell(&town.office, &(struct says){.name = "nobody's"});
    CHECK_INT(rig_count("select count(*) from call_events where call_id is null"), 1);
    CHECK_INT(rig_count("select count(*) from calls"), 0);
    close_town();
}

static void a_bad_event_fails_alone(void)
{
    static const struct says bad[] = {
        {.name = "NUL", .sid = "CA01", .payload = "{\"a\":\"\\u0000\"}"},
        {.name = "no JSON", .sid = "CA01", .payload = "{\"a\":"},
        {.name = "no UTF-8", .sid = "CA02", .caller = "1\xff"},
        {.name = "dear", .sid = "CA03", .cost = 1e300},
        {.name = "long", .sid = "CA04", .reported_seconds = 1e12},
    };
    enum { BAD = sizeof(bad) / sizeof(bad[0]) };
    open_town(0);
    for (size_t i = 0; i < MANY; i++) {
        struct says s = i % 40 == 17 ? bad[i / 40] : nth(i);
        CHECK_INT(guest_submit(&town.guests[i], &town.office, &s), 0);
    }
    expect_all(MANY, 0);
    CHECK_INT(rig_count("select count(*) from call_events"), MANY - BAD);
    CHECK_INT(
        rig_count("select count(*) from dead_letters where reason = 'rejected_by_database' and source = 'twilio'"),
        BAD);
    CHECK(metric_value(METRIC_DEAD_LETTERS, DEAD_REJECTED, 0) == BAD);
    close_town();
}

static void a_body_that_is_none_is_kept_as_it_came(void)
{
    struct guest g = {.waiter = {.on_done = guest_on_done}};
    open_town(0);
    struct ingest_event *e = ingest_event_new(CALL_VAPI);
    e->body = buf_make(100);
    CHECK_INT(buf_append(&e->body, STR("\0\xff not JSON")), 0);
    CHECK_INT(ingest_dead_letter(&town.office.ingest, e, DEAD_BAD_JSON, &g.waiter), 0);
    CHECK_INT(guest_wait(&g, &town.office), 0);
    CHECK_STR(str_of(rig_sql("select source || reason || encode(body, 'hex') from dead_letters")),
              "vapibad_json00ff206e6f74204a534f4e");
    close_town();
}

/* The batch waits for a lock when its connection goes: it may have happened, and is sent again. */
static void a_batch_whose_connection_is_lost(void)
{
    open_town(0);
    rig_sql("begin");
    rig_sql("lock table calls in exclusive mode");
    submit_many(MANY);
    CHECK(RIG_WAIT(&town.loop, db_pool_in_flight(&town.office.pool) == CAP_BATCHES_IN_FLIGHT));
    rig_pause(&town.loop, 50);
    for (int i = 0; i < 3; i++) {
        rig_sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'ringback_server' and "
                "datname = current_database()");
        rig_pause(&town.loop, 300);
    }
    CHECK_INT(town.guests[0].fired, 0);
    rig_sql("commit");
    expect_all(MANY, 0);
    CHECK_INT(rig_count("select count(*) from call_events"), MANY);
    CHECK_INT(rig_count("select count(*) from calls"), 7);
    CHECK_INT(rig_count("select count(*) from dead_letters"), 0);
    close_town();
}

/* Committed, but nobody heard of it: sent again, stored once. */
static void a_batch_whose_answer_is_lost(void)
{
    static struct wire wire;
    rig_database();
    wire_open(&wire, WIRE_PROXY, (int)strtol(base.port, NULL, 10));
    open_town(wire.port);
    wire_arm(&wire, 40, WIRE_NEVER);
    submit_many(MANY);
    CHECK(RIG_WAIT(&town.loop, rig_count("select count(*) from call_events") > 0));
    wire_arm(&wire, WIRE_NEVER, WIRE_NEVER);
    expect_all(MANY, 0);
    CHECK_INT(rig_count("select count(*) from call_events"), MANY);
    CHECK_INT(rig_count("select count(*) from calls"), 7);
    close_town();
    wire_close(&wire);
}

static void a_role_without_rights_loses_nothing(void)
{
    open_town(0);
    rig_sql("revoke insert on calls from ringback_ingest");
    submit_many(3);
    expect_all(3, ERR_UNAVAILABLE);
    CHECK_INT(rig_count("select count(*) from dead_letters"), 0);
    rig_sql("grant insert on calls to ringback_ingest");
    submit_many(3);
    expect_all(3, 0);
    close_town();
}

/* Nobody listens at that port: the queue fills up to its cap, and its guests hear when the office closes. */
static void the_queue_is_full(void)
{
    town_open(&town.loop);
    struct db_pool_options options = rig_options(1, 1);
    town.office = (struct office){.loop = &town.loop};
    ingest_start(&town.office.ingest, &town.loop, &town.office.pool);
    CHECK_INT(db_pool_start(&town.office.pool, &town.loop, &options), 0);
    submit_many(CAP_INGEST_EVENTS);
    struct says more = nth(CAP_INGEST_EVENTS);
    CHECK_INT(guest_submit(&town.guests[CAP_INGEST_EVENTS], &town.office, &more), ERR_BUSY);
    CHECK(!ingest_is_idle(&town.office.ingest));
    close_town();
    for (size_t i = 0; i < CAP_INGEST_EVENTS; i++) {
        CHECK_INT(town.guests[i].fired, 1);
        CHECK_INT(town.guests[i].code, ERR_UNAVAILABLE);
    }
    CHECK_INT(town.guests[CAP_INGEST_EVENTS].fired, 0);
}

static void the_queue_is_full_of_bytes(void)
{
    town_open(&town.loop);
    struct db_pool_options options = rig_options(1, 1);
    town.office = (struct office){.loop = &town.loop};
    ingest_start(&town.office.ingest, &town.loop, &town.office.pool);
    CHECK_INT(db_pool_start(&town.office.pool, &town.loop, &options), 0);
    char *megabyte = calloc(1, 1 << 20);
    int taken = 0, rc = 0;
    for (; rc == 0 && taken < 100; taken += rc == 0) {
        struct ingest_event *e = ingest_event_new(CALL_VAPI);
        e->kept = buf_make(1 << 20);
        CHECK_INT(buf_append(&e->kept, (struct str){megabyte, 1 << 20}), 0);
        rc = ingest_submit(&town.office.ingest, e, NULL);
    }
    CHECK_INT(rc, ERR_BUSY);
    CHECK(taken >= 30 && taken <= 32);
    free(megabyte);
    close_town();
}

static void a_guest_who_leaves_frees_at_once(void)
{
    struct guest *g[4];
    open_town(0);
    for (size_t i = 0; i < 4; i++) {
        struct says s = nth(i);
        g[i] = calloc(1, sizeof(*g[i]));
        g[i]->waiter.patience_ms = i % 2 ? 5000 : 0;
        CHECK_INT(guest_submit(g[i], &town.office, &s), 0);
        if (i >= 2) {
            CHECK(RIG_WAIT(&town.loop, g[i]->waiter.event->state == INGEST_SENT));
        }
        ingest_abandon(&g[i]->waiter);
        ingest_abandon(&g[i]->waiter);
        memset(g[i], 0xa5, sizeof(*g[i]));
        free(g[i]);
    }
    CHECK(RIG_WAIT(&town.loop, ingest_is_idle(&town.office.ingest)));
    CHECK_INT(rig_count("select count(*) from call_events"), 4);
    close_town();
}

static void patience_ends_and_the_event_goes_its_way(void)
{
    struct guest g = {.waiter.patience_ms = 60};
    struct says s = nth(0);
    open_town(0);
    rig_sql("begin");
    rig_sql("lock table calls in exclusive mode");
    rig_turn(&town.loop); /* the loop's clock stood still meanwhile */
    uint64_t began_ms = rig_now_ms();
    CHECK_INT(guest_submit(&g, &town.office, &s), 0);
    CHECK_INT(guest_wait(&g, &town.office), ERR_TIMEOUT);
    CHECK(g.at_ms - began_ms >= 50 && g.at_ms - began_ms < 500);
    CHECK_INT(rig_count("select count(*) from call_events"), 0);
    rig_sql("commit");
    CHECK(RIG_WAIT(&town.loop, ingest_is_idle(&town.office.ingest)));
    CHECK_INT(rig_count("select count(*) from call_events"), 1);
    CHECK_INT(g.fired, 1);
    close_town();
}

/* Of guests whose patience ends in one turn the first takes the others with it. */
static struct guest *family[3];

static void leave_together(struct ingest_waiter *w, int code)
{
    CHECK_INT(code, ERR_TIMEOUT);
    for (size_t i = 0; i < 3; i++) {
        if (family[i] && &family[i]->waiter != w) {
            ingest_abandon(&family[i]->waiter);
            memset(family[i], 0xa5, sizeof(*family[i]));
            free(family[i]);
            family[i] = NULL;
        }
    }
}

static void patience_ends_for_a_family(void)
{
    open_town(0);
    rig_sql("begin");
    rig_sql("lock table calls in exclusive mode");
    for (size_t i = 0; i < 3; i++) {
        struct says s = nth(i);
        family[i] = calloc(1, sizeof(*family[i]));
        family[i]->waiter = (struct ingest_waiter){.patience_ms = 30, .on_done = leave_together};
        CHECK_INT(ingest_submit(&town.office.ingest, say(&s), &family[i]->waiter), 0);
    }
    rig_pause(&town.loop, 100);
    CHECK(family[0] && !family[1] && !family[2]);
    free(family[0]);
    rig_sql("commit");
    CHECK(RIG_WAIT(&town.loop, ingest_is_idle(&town.office.ingest)));
    CHECK_INT(rig_count("select count(*) from call_events"), 3);
    close_town();
}

/* Refused after CAP_INGEST_MS, whatever the database is doing: standing still, or holding a lock that makes every try fail
 * late. */
static void nobody_waits_longer_than_promised(void)
{
    static struct wire wire;
    struct loop loop;
    struct office still, locked;
    struct guest guests[3] = {0};
    struct says s[3];
    rig_database();
    wire_open(&wire, WIRE_PROXY, (int)strtol(base.port, NULL, 10));
    town_open(&loop);
    office_open(&still, &loop, wire.port);
    office_open(&locked, &loop, 0);
    atomic_store(&wire.frozen, 1);
    rig_sql("begin");
    rig_sql("lock table calls in exclusive mode");
    rig_turn(&loop); /* the loop's clock stood still meanwhile */
    uint64_t began_ms = rig_now_ms();
    for (size_t i = 0; i < 3; i++) {
        s[i] = nth(7 * i); /* of one call: the third waits behind the second */
        CHECK_INT(guest_submit(&guests[i], i ? &locked : &still, &s[i]), 0);
        rig_turn(&loop);
    }
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(guest_wait(&guests[i], &locked), ERR_UNAVAILABLE);
        CHECK(guests[i].at_ms - began_ms >= CAP_INGEST_MS - 50);
        CHECK(guests[i].at_ms - began_ms <= CAP_INGEST_MS + 300);
    }
    rig_sql("commit");
    atomic_store(&wire.frozen, 0);
    CHECK(RIG_WAIT(&loop, ingest_is_idle(&still.ingest) && ingest_is_idle(&locked.ingest)));
    CHECK_INT(rig_count("select count(*) from dead_letters"), 0);
    office_close(&still);
    office_close(&locked);
    town_close(&loop);
    wire_close(&wire);
}

TAP_MAIN(TEST(many_events_are_few_commits), TEST(an_event_without_a_call_is_kept), TEST(a_bad_event_fails_alone),
         TEST(a_body_that_is_none_is_kept_as_it_came), TEST(a_batch_whose_connection_is_lost),
         TEST(a_batch_whose_answer_is_lost), TEST(a_role_without_rights_loses_nothing), TEST(the_queue_is_full),
         TEST(the_queue_is_full_of_bytes), TEST(a_guest_who_leaves_frees_at_once),
         TEST(patience_ends_and_the_event_goes_its_way), TEST(patience_ends_for_a_family),
         TEST(nobody_waits_longer_than_promised))
