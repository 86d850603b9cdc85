/* The connection is cut after every byte of a small exchange, either way: each unit ends once, and tells the truth. */
#include "db_probe.h"
#include "db_conn.h"
#include "db_wire.h"

#define UNITS 2

struct exchange {
    struct rig rig;
    struct wire wire;
    struct probe probes[UNITS];
};

static struct exchange ex;

/* Bytes that a connection takes to become ready, and those of the exchange, measured without a cut. */
static long ready_down, ready_up, units_down, units_up;

static void submit_units(void)
{
    static const char *const marks[UNITS] = {"one", "two"};
    for (size_t i = 0; i < UNITS; i++) {
        probe_init(&ex.probes[i], i ? "authenticated" : "none");
        probe_add(&ex.probes[i], PROBE_MARK, marks[i]);
        CHECK_INT(probe_submit(&ex.probes[i], &ex.rig), 0);
    }
}

/* 0 only if it is stored; "never sent" only if it is not. */
static void check_units(void)
{
    static const char *const marks[UNITS] = {"one", "two"};
    for (size_t i = 0; i < UNITS; i++) {
        int code = probe_wait(&ex.probes[i], &ex.rig);
        CHECK(code == 0 || code == ERR_WRITE_UNCERTAIN);
        CHECK(code != 0 || rig_count("select count(*) from marks where what = '%s'", marks[i]) == 1);
    }
}

static void open_wire(long down, long up)
{
    probe_setup();
    wire_open(&ex.wire, WIRE_PROXY, (int)strtol(base.port, NULL, 10));
    wire_arm(&ex.wire, down, up);
    struct db_pool_options options = rig_options(1, ex.wire.port);
    rig_open_with(&ex.rig, &options);
}

static void close_wire(void)
{
    rig_close(&ex.rig);
    wire_close(&ex.wire);
    tap_case(NULL);
}

static void nothing_is_cut(void)
{
    open_wire(WIRE_NEVER, WIRE_NEVER);
    CHECK(rig_ready(&ex.rig));
    ready_down = atomic_load(&ex.wire.down);
    ready_up = atomic_load(&ex.wire.up);
    wire_arm(&ex.wire, WIRE_NEVER, WIRE_NEVER);
    submit_units();
    check_units();
    units_down = atomic_load(&ex.wire.down);
    units_up = atomic_load(&ex.wire.up);
    CHECK(units_down > 100 && units_up > 100);
    CHECK_INT(ex.probes[0].code + ex.probes[1].code, 0);
    close_wire();
}

static void cut_units(long down, long up, bool comes_back)
{
    char row[64];
    snprintf(row, sizeof(row), "%s %ld", down < up ? "answers" : "questions", down < up ? down : up);
    tap_case(row);
    open_wire(WIRE_NEVER, WIRE_NEVER);
    ex.wire.reset = (down ^ up) & 1;
    CHECK(rig_ready(&ex.rig));
    wire_arm(&ex.wire, down, up);
    submit_units();
    check_units();
    if (comes_back) {
        wire_arm(&ex.wire, WIRE_NEVER, WIRE_NEVER);
        CHECK(rig_ready(&ex.rig));
        CHECK_INT(probe_run(&ex.probes[0], &ex.rig, PROBE_WHO, NULL), 0);
        CHECK_STR(str_of(ex.probes[0].cells[0]), "ringback_server");
    }
    close_wire();
}

static void the_answers_are_cut(void)
{
    for (long n = 0; n < units_down; n++) {
        cut_units(n, WIRE_NEVER, n % 32 == 0);
        CHECK_INT(ex.probes[1].code, ERR_WRITE_UNCERTAIN);
    }
}

static void the_questions_are_cut(void)
{
    for (long n = 0; n < units_up; n++) {
        cut_units(WIRE_NEVER, n, n % 32 == 0);
        CHECK_INT(ex.probes[1].code, ERR_WRITE_UNCERTAIN);
    }
}

/* While it connects and prepares: units wait, and go out on the connection that comes up in the end. */
static void cut_beginning(long down, long up)
{
    char row[64];
    snprintf(row, sizeof(row), "%s %ld", down < up ? "answers" : "questions", down < up ? down : up);
    tap_case(row);
    open_wire(down, up);
    submit_units();
    CHECK(RIG_WAIT(&ex.rig.loop, atomic_load(&ex.wire.connections) > 1));
    wire_arm(&ex.wire, WIRE_NEVER, WIRE_NEVER);
    for (size_t i = 0; i < UNITS; i++) {
        CHECK_INT(probe_wait(&ex.probes[i], &ex.rig), 0);
    }
    close_wire();
}

static void the_beginning_is_cut(void)
{
    for (long n = 0; n < ready_down; n += n < 12 ? 1 : 211) {
        cut_beginning(n, WIRE_NEVER);
    }
    for (long n = 0; n < ready_up; n += n < 12 ? 1 : 701) {
        cut_beginning(WIRE_NEVER, n);
    }
}

TAP_MAIN(TEST(nothing_is_cut), TEST(the_answers_are_cut), TEST(the_questions_are_cut), TEST(the_beginning_is_cut))
