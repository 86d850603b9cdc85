/* What Postgres's own refusals become: provoked for real where a test can. */
#include "db_probe.h"
#include "db_conn.h"

static void open_probes(struct rig *r, size_t connections)
{
    probe_setup();
    rig_open(r, connections);
}

struct row {
    const char *sqlstate;
    int code;
};

static void each_class_as_raised(void)
{
    static const struct row rows[] = {
        {"22P05", ERR_BAD_DATA}, {"22003", ERR_BAD_DATA}, {"22021", ERR_BAD_DATA}, {"23502", ERR_BAD_DATA},
        {"23514", ERR_BAD_DATA}, {"54000", ERR_BAD_DATA}, {"23505", ERR_CONFLICT}, {"23503", ERR_CONFLICT},
        {"40P01", ERR_CONFLICT}, {"40001", ERR_CONFLICT}, {"40003", ERR_CONFLICT}, {"25006", ERR_BUSY},
        {"53100", ERR_BUSY},     {"53300", ERR_BUSY},     {"55P03", ERR_BUSY},     {"57014", ERR_CONFLICT},
        {"58030", ERR_BUSY},     {"08006", ERR_BUSY},     {"42501", ERR_DENIED},   {"42P01", ERR_DENIED},
        {"P0001", ERR_BAD_DATA}, {"XX000", ERR_BUSY},     {"0A000", ERR_BAD_DATA}, {"", 0},
    };
    struct rig r;
    struct probe p;
    open_probes(&r, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i].sqlstate);
        CHECK_INT(probe_run(&p, &r, PROBE_RAISE, rows[i].sqlstate), rows[i].code);
        CHECK_STR(str_of(p.sqlstate), rows[i].sqlstate);
    }
    tap_case(NULL);
    rig_close(&r);
}

static void texts_and_numbers_that_do_not_fit(void)
{
    struct rig r;
    struct probe p;
    open_probes(&r, 1);
    CHECK_INT(probe_run(&p, &r, PROBE_BIG, "99999999999"), ERR_BAD_DATA);
    CHECK_STR(str_of(p.sqlstate), "22003");
    CHECK_INT(probe_run(&p, &r, PROBE_BIG, "no number"), ERR_BAD_DATA);
    CHECK_STR(str_of(p.sqlstate), "22P02");
    CHECK_INT(probe_run(&p, &r, PROBE_MARK, "\xff"), ERR_BAD_DATA);
    CHECK_STR(str_of(p.sqlstate), "22021");
    CHECK_INT(probe_run(&p, &r, PROBE_BIG, "1073741823"), ERR_BAD_DATA);
    CHECK_STR(str_of(p.sqlstate), "54000");
    rig_close(&r);
}

static void a_row_that_is_there_already(void)
{
    struct rig r;
    struct probe p;
    open_probes(&r, 1);
    CHECK_INT(probe_run(&p, &r, PROBE_MARK, "one"), 0);
    CHECK_INT(probe_run(&p, &r, PROBE_MARK, "one"), ERR_CONFLICT);
    CHECK_STR(str_of(p.sqlstate), "23505");
    rig_close(&r);
}

/* Two units insert the same two rows in opposite order. */
static void a_deadlock(void)
{
    struct rig r;
    struct probe all[2];
    open_probes(&r, 2);
    for (size_t i = 0; i < 2; i++) {
        probe_init(&all[i], "none");
        probe_add(&all[i], PROBE_MARK, i ? "b" : "a");
        probe_add(&all[i], PROBE_SLEEP, "0.2");
        probe_add(&all[i], PROBE_MARK, i ? "a" : "b");
        CHECK_INT(probe_submit(&all[i], &r), 0);
    }
    int codes[] = {probe_wait(&all[0], &r), probe_wait(&all[1], &r)};
    bool first_lost = codes[0] != 0;
    struct probe *lost = &all[!first_lost];
    CHECK_INT(lost->code, ERR_CONFLICT);
    CHECK_STR(str_of(lost->sqlstate), "40P01");
    CHECK_INT(codes[first_lost], 0);
    rig_close(&r);
}

static void a_lock_that_is_taken(void)
{
    struct rig r;
    struct probe p;
    open_probes(&r, 1);
    rig_sql("begin");
    rig_sql("lock table marks in exclusive mode");
    CHECK_INT(probe_run(&p, &r, PROBE_LOCK, NULL), ERR_BUSY);
    CHECK_STR(str_of(p.sqlstate), "55P03");
    rig_sql("commit");
    CHECK_INT(probe_run(&p, &r, PROBE_MARK, "free"), 0);
    rig_close(&r);
}

/* The session's own limits end a statement that hangs, although its client may be gone by then. */
static void hanging_statements_end(void)
{
    struct rig r;
    struct probe p, sleeper;
    probe_setup();
    struct db_pool_options options = rig_options(2, 0);
    options.session_options = "-c statement_timeout=200 -c lock_timeout=100";
    rig_open_with(&r, &options);
    CHECK(rig_ready(&r));
    rig_sql("begin");
    rig_sql("lock table marks in exclusive mode");
    probe_init(&sleeper, "none");
    probe_add(&sleeper, PROBE_SLEEP, "5");
    CHECK_INT(probe_submit(&sleeper, &r), 0);
    CHECK_INT(probe_run(&p, &r, PROBE_MARK, "waits"), ERR_BUSY);
    CHECK_STR(str_of(p.sqlstate), "55P03");
    CHECK_INT(probe_wait(&sleeper, &r), ERR_CONFLICT);
    CHECK_STR(str_of(sleeper.sqlstate), "57014");
    rig_sql("rollback");
    rig_close(&r);
}

static void an_address_with_options_keeps_the_limits(void)
{
    struct rig r;
    struct probe p;
    probe_setup();
    struct db_pool_options options = rig_options(1, 0);
    char url[400];
    snprintf(url, sizeof(url), "%s?options=-c%%20work_mem%%3D5MB", options.url.p);
    options.url = str_of(url);
    rig_open_with(&r, &options);
    CHECK(rig_ready(&r));
    CHECK_INT(probe_run(&p, &r, PROBE_WHO, NULL), 0);
    CHECK_STR(str_of(p.cells[3]), "5s");
    rig_close(&r);
}

static void a_read_only_database(void)
{
    struct rig r;
    struct probe p;
    probe_setup();
    struct db_pool_options options = rig_options(1, 0);
    options.session_options = "-c default_transaction_read_only=on";
    rig_open_with(&r, &options);
    CHECK(rig_ready(&r));
    CHECK_INT(probe_run(&p, &r, PROBE_MARK, "never"), ERR_BUSY);
    CHECK_STR(str_of(p.sqlstate), "25006");
    rig_close(&r);
}

static void a_table_that_is_forbidden(void)
{
    struct rig r;
    struct probe p;
    open_probes(&r, 1);
    rig_sql("revoke all on marks from public");
    CHECK_INT(probe_run(&p, &r, PROBE_MARK, "never"), ERR_DENIED);
    CHECK_STR(str_of(p.sqlstate), "42501");
    rig_sql("grant all on marks to public");
    rig_close(&r);
}

static void a_backend_that_is_ended(void)
{
    struct rig r;
    struct probe p;
    open_probes(&r, 1);
    int backend = PQbackendPID(r.pool.conns[0].pg);
    probe_init(&p, "none");
    probe_add(&p, PROBE_MARK, "lost");
    probe_add(&p, PROBE_SLEEP, "5");
    CHECK_INT(probe_submit(&p, &r), 0);
    CHECK(RIG_WAIT(&r.loop, rig_count("select count(*) from pg_stat_activity where wait_event = 'PgSleep' and pid = %d",
                                      backend) == 1));
    rig_sql("select pg_terminate_backend(%d)", backend);
    CHECK_INT(probe_wait(&p, &r), ERR_WRITE_UNCERTAIN);
    CHECK_STR(str_of(p.sqlstate), "57P01");
    CHECK(rig_ready(&r));
    CHECK(PQbackendPID(r.pool.conns[0].pg) != backend);
    CHECK_INT(rig_count("select count(*) from marks"), 0);
    rig_close(&r);
}

/* A migration changed what a prepared statement returns: that connection is of no use any more, the next one is. */
static void statements_that_no_longer_fit(void)
{
    struct rig r;
    struct probe p;
    open_probes(&r, 1);
    CHECK_INT(probe_run(&p, &r, PROBE_ROWS, NULL), 0);
    int backend = PQbackendPID(r.pool.conns[0].pg);
    rig_sql("alter table shown add later text");
    CHECK_INT(probe_run(&p, &r, PROBE_ROWS, NULL), ERR_BUSY);
    CHECK_STR(str_of(p.sqlstate), "0A000");
    CHECK(RIG_WAIT(&r.loop, r.pool.conns[0].pg && PQbackendPID(r.pool.conns[0].pg) != backend && rig_ready(&r)));
    CHECK_INT(probe_run(&p, &r, PROBE_ROWS, NULL), 0);
    rig_sql("alter table shown drop later");
    rig_close(&r);
}

/* More connections than the login may have: the rest keeps trying and comes when there is room. */
static void too_many_connections(void)
{
    struct rig r;
    struct probe p;
    probe_setup();
    rig_sql("alter role ringback_server connection limit 2");
    struct db_pool_options options = rig_options(4, 0);
    rig_open_with(&r, &options);
    CHECK(RIG_WAIT(&r.loop, db_pool_ready(&r.pool) == 2));
    rig_pause(&r.loop, 400);
    CHECK_INT(db_pool_ready(&r.pool), 2);
    CHECK_INT(probe_run(&p, &r, PROBE_MARK, "room for this"), 0);
    rig_sql("alter role ringback_server connection limit -1");
    CHECK(rig_ready(&r));
    rig_close(&r);
}

TAP_MAIN(TEST(each_class_as_raised), TEST(texts_and_numbers_that_do_not_fit), TEST(a_row_that_is_there_already),
         TEST(a_deadlock), TEST(a_lock_that_is_taken), TEST(hanging_statements_end),
         TEST(an_address_with_options_keeps_the_limits), TEST(a_read_only_database), TEST(a_table_that_is_forbidden),
         TEST(a_backend_that_is_ended), TEST(statements_that_no_longer_fit), TEST(too_many_connections))
