/* What is told of changed calls, and how often. */
#include "call_feed.h"
#include "db_wire.h"
#include "ingest_rig.h"
#include "uuid.h"

#define LARKSPUR "00000000-0000-4000-8000-00000000000a"
#define ANNEX "00000000-0000-4000-8000-00000000000b"
#define NOTICES_MOST 256

struct town {
    struct loop loop;
    struct office office;
    struct call_feed feed;
    PGconn *ear; /* as superuser, in the test's database */
    char *notices[NOTICES_MOST];
    size_t count;
    bool stopped;
};

static struct town town;

static void on_stopped(struct call_feed *f)
{
    container_of(f, struct town, feed)->stopped = true;
}

static void on_stored(struct ingest *in, struct str ids)
{
    (void)in;
    call_feed_add(&town.feed, ids, (struct str){NULL, 0});
}

static void on_merged(struct ingest *in, struct str kept, struct str gone)
{
    (void)in;
    call_feed_add(&town.feed, gone, kept);
}

static void open_town(int port)
{
    memset(&town, 0, sizeof(town));
    town_open(&town.loop);
    rig_sql("insert into businesses (id, name) values ('" LARKSPUR "', 'Larkspur Dental Studio'), ('" ANNEX
            "', 'Larkspur Annex')");
    rig_sql("insert into business_phones values ('+12125550142', '" LARKSPUR "'), ('+12125550143', '" ANNEX "')");
    town.ear = rig_connect(getenv("MIGRATE_DATABASE_URL"));
    PQclear(rig_exec(town.ear, "listen ringback_calls"));
    office_open(&town.office, &town.loop, port);
    town.office.ingest.on_stored = on_stored;
    town.office.ingest.on_merged = on_merged;
    call_feed_start(&town.feed, &town.loop, &town.office.pool);
}

static void close_town(void)
{
    office_close(&town.office);
    call_feed_stop(&town.feed, on_stopped);
    CHECK(RIG_WAIT(&town.loop, town.stopped));
    town_close(&town.loop);
    for (size_t i = 0; i < town.count; i++) {
        free(town.notices[i]);
    }
    PQfinish(town.ear);
}

static size_t listen_now(void)
{
    PGnotify *n;
    CHECK(PQconsumeInput(town.ear));
    while ((n = PQnotifies(town.ear))) {
        CHECK(strlen(n->extra) < 8000);
        if (town.count < NOTICES_MOST) {
            town.notices[town.count++] = strdup(n->extra);
        }
        PQfreemem(n);
    }
    return town.count;
}

/* Is this call among what was told of a business? */
static bool told(const char *business, const char *id)
{
    listen_now();
    for (size_t i = 0; i < town.count; i++) {
        if (strncmp(town.notices[i], business, UUID_TEXT) == 0 && strstr(town.notices[i] + UUID_TEXT, id)) {
            return true;
        }
    }
    return false;
}

static bool told_everything(void)
{
    listen_now();
    return town.count > 0 && strcmp(town.notices[town.count - 1], "*") == 0;
}

static void forget(void)
{
    listen_now();
    while (town.count > 0) {
        free(town.notices[--town.count]);
    }
}

/* Rows of a business, and their ids as one text. */
static char *make_calls(const char *business, int count)
{
    static char ids[(CAP_FEED_CALLS + 1) * (UUID_TEXT + 1)];
    char sql[512];
    snprintf(sql, sizeof(sql),
             "with new as (insert into calls (id, business_id) select gen_random_uuid(), %s%s%s from "
             "generate_series(1, %d) returning id) select string_agg(id::text, ',') from new",
             business ? "'" : "", business ? business : "null", business ? "'" : "", count);
    PGresult *r = rig_exec(base.pg, sql);
    snprintf(ids, sizeof(ids), "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    return ids;
}

static void add(const char *ids)
{
    call_feed_add(&town.feed, str_of(ids), (struct str){NULL, 0});
}

#define CALL .sid = "CA01", .called = "3+12125550142"

static void a_stored_call_is_told_to_its_business(void)
{
    open_town(0);
    tell(&town.office, &(struct says){.name = "one", CALL, .status = CALL_RINGING});
    const char *id = rig_sql("select id from calls");
    CHECK(RIG_WAIT(&town.loop, told(LARKSPUR, id)));
    CHECK_INT(town.count, 1);
    tell(&town.office, &(struct says){.name = "two", .sid = "CA02", .called = "3+12125550143"});
    CHECK(RIG_WAIT(&town.loop, told(ANNEX, rig_sql("select id from calls where business_id = '" ANNEX "'"))));
    CHECK_INT(town.count, 2);
    CHECK(RIG_WAIT(&town.loop, call_feed_is_idle(&town.feed)));
    close_town();
}

/* Whoever stored it first may have ended before it told. */
static void a_repeated_event_is_told_again(void)
{
    open_town(0);
    tell(&town.office, &(struct says){.name = "one", CALL, .status = CALL_RINGING});
    const char *id = rig_sql("select id from calls");
    CHECK(RIG_WAIT(&town.loop, told(LARKSPUR, id)));
    forget();
    tell(&town.office, &(struct says){.name = "one", CALL, .status = CALL_RINGING});
    CHECK(RIG_WAIT(&town.loop, told(LARKSPUR, id)));
    close_town();
}

static void what_is_nobodys_is_told_to_nobody(void)
{
    open_town(0);
    add(make_calls(NULL, 3));
    rig_pause(&town.loop, 50);
    CHECK(RIG_WAIT(&town.loop, call_feed_is_idle(&town.feed)));
    add("no id at all");
    add("");
    rig_pause(&town.loop, CAP_FEED_PAUSE_MS + 50);
    CHECK(RIG_WAIT(&town.loop, call_feed_is_idle(&town.feed)));
    CHECK_INT(listen_now(), 0);
    close_town();
}

static void the_first_at_once_the_others_together(void)
{
    open_town(0);
    const char *first = rig_sql("select '%s'", make_calls(LARKSPUR, 1));
    uint64_t began_ms = rig_now_ms();
    add(first);
    CHECK(RIG_WAIT(&town.loop, told(LARKSPUR, first)));
    const char *last = "";
    for (int i = 0; i < 30; i++) {
        last = rig_sql("select '%s'", make_calls(LARKSPUR, 1));
        add(last);
        add(first);
        rig_pause(&town.loop, 2);
    }
    CHECK(RIG_WAIT(&town.loop, told(LARKSPUR, last)));
    CHECK(town.count <= 2 + (rig_now_ms() - began_ms) / CAP_FEED_PAUSE_MS);
    close_town();
}

static void many_are_told_in_parts(void)
{
    open_town(0);
    add(make_calls(LARKSPUR, 1000));
    add(make_calls(ANNEX, 5));
    CHECK(RIG_WAIT(&town.loop, listen_now() == 6));
    size_t bytes = 0;
    for (size_t i = 0; i < town.count; i++) {
        bytes += strlen(town.notices[i]) - UUID_TEXT;
    }
    CHECK_INT(bytes, 1005 * (UUID_TEXT + 1));
    close_town();
}

static void often_told_is_not_too_much(void)
{
    open_town(0);
    const char *ids = rig_sql("select '%s'", make_calls(LARKSPUR, 20));
    for (int i = 0; i < CAP_FEED_CALLS; i++) {
        add(ids);
    }
    CHECK(RIG_WAIT(&town.loop, listen_now() == 1));
    CHECK_INT(strlen(town.notices[0]), UUID_TEXT + 20 * (UUID_TEXT + 1));
    close_town();
}

static void too_much_is_everything(void)
{
    open_town(0);
    add(make_calls(LARKSPUR, CAP_FEED_CALLS));
    add(make_calls(LARKSPUR, 10));
    CHECK(RIG_WAIT(&town.loop, told_everything()));
    CHECK_INT(town.count, 1);
    const char *id = rig_sql("select '%s'", make_calls(LARKSPUR, 1));
    add(id);
    CHECK(RIG_WAIT(&town.loop, told(LARKSPUR, id)));
    CHECK_INT(town.count, 2);
    close_town();
}

/* The row that is gone belongs to the business of the one that it became a part of. */
static void a_call_that_became_another_is_told(void)
{
    open_town(0);
    tell(&town.office, &(struct says){.name = "a", .pid = "vapi-1", .status = CALL_IN_PROGRESS});
    const char *gone = rig_sql("select id from calls");
    tell(&town.office, &(struct says){.name = "c", CALL, .status = CALL_RINGING});
    tell(&town.office, &(struct says){.name = "d", CALL, .pid = "vapi-1", .pid_rank = RANK_LINKED});
    CHECK(RIG_WAIT(&town.loop, told(LARKSPUR, gone)));
    CHECK_INT(rig_count("select count(*) from calls"), 1);
    CHECK(told(LARKSPUR, rig_sql("select id from calls")));
    close_town();
}

static void what_could_not_be_told_is_everything(void)
{
    struct wire wire;
    rig_database();
    wire_open(&wire, WIRE_PROXY, (int)strtol(base.port, NULL, 10));
    open_town(wire.port);
    rig_sql("revoke ringback_ingest from ringback_server");
    add(make_calls(LARKSPUR, 1));
    rig_pause(&town.loop, CAP_FEED_PAUSE_MS / 2);
    CHECK(call_feed_is_idle(&town.feed)); /* a stop would not wait for it */
    rig_sql("grant ringback_ingest to ringback_server");
    CHECK(RIG_WAIT(&town.loop, told_everything()));
    forget();
    const char *id = rig_sql("select '%s'", make_calls(LARKSPUR, 1));
    wire_arm(&wire, 0, WIRE_NEVER);
    add(id);
    rig_pause(&town.loop, 100);
    wire_arm(&wire, WIRE_NEVER, WIRE_NEVER);
    CHECK(RIG_WAIT(&town.loop, told_everything() || told(LARKSPUR, id))); /* it may not have left yet */
    close_town();
    wire_close(&wire);
}

static void stopped_at_any_time(void)
{
    for (unsigned ms = 0; ms < 12; ms++) {
        open_town(0);
        const char *id = rig_sql("select '%s'", make_calls(LARKSPUR, 1));
        add(id);
        rig_pause(&town.loop, ms);
        add(id);
        close_town();
        CHECK(town.stopped);
    }
}

TAP_MAIN(TEST(a_stored_call_is_told_to_its_business), TEST(a_repeated_event_is_told_again),
         TEST(what_is_nobodys_is_told_to_nobody), TEST(the_first_at_once_the_others_together),
         TEST(many_are_told_in_parts), TEST(often_told_is_not_too_much), TEST(too_much_is_everything),
         TEST(a_call_that_became_another_is_told), TEST(what_could_not_be_told_is_everything),
         TEST(stopped_at_any_time))
