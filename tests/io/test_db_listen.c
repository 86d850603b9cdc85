/* A pool that listens: what others tell is heard, and a connection that was lost is a gap that shows. */
#include "db_rig.h"
#include "db_wire.h"

#define HEARD_MOST 64

struct ear {
    struct rig rig;
    struct wire wire;
    int ready; /* so often it became ready: each time something may have been missed */
    char heard[HEARD_MOST][64];
    size_t count;
};

static struct ear ear;

static void on_ready(struct db_pool *p)
{
    (void)p;
    ear.ready++;
}

static void on_notice(struct db_pool *p, struct str payload)
{
    CHECK(p == &ear.rig.pool && ear.ready > 0);
    if (ear.count < HEARD_MOST) {
        snprintf(ear.heard[ear.count++], sizeof(ear.heard[0]), "%.*s", (int)payload.n, payload.p);
    }
}

static void ear_open(enum wire_mode mode)
{
    static const char *const roles[] = {NULL};
    rig_database();
    memset(&ear, 0, sizeof(ear));
    wire_open(&ear.wire, mode, (int)strtol(base.port, NULL, 10));
    struct db_pool_options options = rig_options(1, ear.wire.port);
    options.roles = roles;
    options.listens = true;
    rig_open_with(&ear.rig, &options);
    ear.rig.pool.on_ready = on_ready;
    ear.rig.pool.on_notice = on_notice;
}

static void ear_close(void)
{
    rig_close(&ear.rig);
    wire_close(&ear.wire);
}

static bool ready(int times)
{
    return RIG_WAIT(&ear.rig.loop, ear.ready >= times && db_pool_ready(&ear.rig.pool) == 1);
}

static bool heard(const char *word)
{
    return ear.count > 0 && strcmp(ear.heard[ear.count - 1], word) == 0;
}

static void tell_it(const char *word)
{
    rig_sql("select pg_notify('ringback_calls', '%s')", word);
}

static void hears_in_order(void)
{
    ear_open(WIRE_PROXY);
    CHECK(ready(1));
    rig_sql("select pg_notify('another_channel', 'not for us')");
    for (int i = 0; i < 40; i++) {
        rig_sql("select pg_notify('ringback_calls', 'word %d')", i);
    }
    CHECK(RIG_WAIT(&ear.rig.loop, ear.count >= 40));
    for (int i = 0; i < 40; i++) {
        char want[16];
        snprintf(want, sizeof(want), "word %d", i);
        CHECK_STR(str_of(ear.heard[i]), want);
    }
    rig_sql("begin");
    tell_it("at the commit");
    rig_pause(&ear.rig.loop, 50);
    CHECK(!heard("at the commit"));
    rig_sql("commit");
    CHECK(RIG_WAIT(&ear.rig.loop, heard("at the commit")));
    CHECK_INT(ear.count, 41);
    CHECK_INT(ear.ready, 1);
    ear_close();
}

/* Whatever the way it is lost, the next ready connection tells of it, and what comes then is heard. */
static void a_lost_connection_is_a_gap(void)
{
    ear_open(WIRE_PROXY);
    CHECK(ready(1));
    rig_sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ~ "
            "'^listen'");
    CHECK(ready(2));
    tell_it("after the end");
    CHECK(RIG_WAIT(&ear.rig.loop, heard("after the end")));
    ear.wire.reset = true;
    wire_arm(&ear.wire, 0, WIRE_NEVER);
    tell_it("lost");
    rig_pause(&ear.rig.loop, 50);
    wire_arm(&ear.wire, WIRE_NEVER, WIRE_NEVER);
    CHECK(ready(3));
    CHECK(!heard("lost"));
    tell_it("after the cut");
    CHECK(RIG_WAIT(&ear.rig.loop, heard("after the cut")));
    ear_close();
}

/* In the middle of getting ready: never half a listener. */
static void cut_while_it_gets_ready(void)
{
    for (long at = 1; at < 6000; at += 517) {
        ear_open(WIRE_PROXY);
        wire_arm(&ear.wire, at, WIRE_NEVER);
        rig_pause(&ear.rig.loop, 20);
        wire_arm(&ear.wire, WIRE_NEVER, WIRE_NEVER);
        CHECK(ready(1));
        tell_it("hello");
        CHECK(RIG_WAIT(&ear.rig.loop, heard("hello")));
        ear_close();
    }
}

/* One notice makes the wire say these words in its place. */
static void instead_of_a_notice(const char *words, size_t bytes)
{
    ear.wire.words = words;
    ear.wire.word_bytes = bytes;
    atomic_store(&ear.wire.poisoned, 1);
    tell_it("poisoned");
}

#define PARAMETER_CHANGED "S\0\0\0\10a\0b\0"
#define NOTICE_ODD "A\0\0\0\33\0\0\0\1ringback_calls\0odd\0"

/* A setting that changed for everybody stands between: it must not keep what comes after it from being heard. */
static void what_stands_between_is_passed_over(void)
{
    static const char words[] = PARAMETER_CHANGED NOTICE_ODD;
    ear_open(WIRE_PROXY);
    CHECK(ready(1));
    instead_of_a_notice(words, sizeof(words) - 1);
    CHECK(RIG_WAIT(&ear.rig.loop, heard("odd")));
    atomic_store(&ear.wire.poisoned, 0);
    tell_it("even");
    CHECK(RIG_WAIT(&ear.rig.loop, heard("even")));
    CHECK_INT(ear.ready, 1);
    ear_close();
}

static void babble_is_a_lost_connection(void)
{
    static const char *const rows[] = {"bla bla bla bla bla bla", "A\377\377\377\377 bla bla", "\1\1\1\1\1\1\1\1\1\1"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i]);
        ear_open(WIRE_PROXY);
        CHECK(ready(1));
        instead_of_a_notice(rows[i], strlen(rows[i]));
        CHECK(RIG_WAIT(&ear.rig.loop, db_pool_ready(&ear.rig.pool) == 0));
        atomic_store(&ear.wire.poisoned, 0);
        CHECK(ready(2));
        tell_it("sense");
        CHECK(RIG_WAIT(&ear.rig.loop, heard("sense")));
        ear_close();
    }
}

static void stopped_at_any_time(void)
{
    for (int ms = 0; ms < 40; ms += 4) {
        ear_open(ms % 8 ? WIRE_PROXY : WIRE_SILENT);
        rig_pause(&ear.rig.loop, (unsigned)ms);
        tell_it("late");
        ear_close();
        CHECK(ear.rig.stopped);
    }
}

TAP_MAIN(TEST(hears_in_order), TEST(a_lost_connection_is_a_gap), TEST(cut_while_it_gets_ready),
         TEST(what_stands_between_is_passed_over), TEST(babble_is_a_lost_connection), TEST(stopped_at_any_time))
