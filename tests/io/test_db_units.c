/* Lives and ends of units of work: each ends exactly once, in a later turn, or not at all once it was abandoned. */
#include "db_probe.h"
#include "db_conn.h"

#define MANY 20

static struct probe *probe_new(const char *role)
{
    struct probe *p = malloc(sizeof(*p));
    probe_init(p, role);
    return p;
}

static void open_probes(struct rig *r, size_t connections)
{
    probe_setup();
    rig_open(r, connections);
}

static void a_unit_ends_once_in_a_later_turn(void)
{
    struct rig r;
    struct probe p;
    open_probes(&r, 1);
    CHECK_INT(probe_run(&p, &r, PROBE_WHO, NULL), 0);
    CHECK_STR(str_of(p.cells[0]), "ringback_server");
    CHECK_STR(str_of(p.cells[1]), "");
    CHECK_STR(str_of(p.cells[3]), "5s");
    rig_pause(&r.loop, 50);
    CHECK_INT(p.fired, 1);
    rig_close(&r);
}

static void its_statements_are_one_transaction(void)
{
    struct rig r;
    struct probe p;
    open_probes(&r, 1);
    probe_init(&p, "none");
    probe_add(&p, PROBE_MARK, "first");
    probe_add(&p, PROBE_MARK, "second");
    probe_add(&p, PROBE_MARK, "refused");
    CHECK_INT(probe_submit(&p, &r), 0);
    CHECK_INT(probe_wait(&p, &r), ERR_BAD_DATA);
    CHECK_STR(str_of(p.sqlstate), "23514");
    CHECK_INT(rig_count("select count(*) from marks"), 0);
    CHECK_INT(probe_run(&p, &r, PROBE_MARK, "alone"), 0);
    CHECK_INT(rig_count("select count(*) from marks"), 1);
    rig_close(&r);
}

/* What fails only at the commit, behind the last statement's good answer. */
static void a_commit_that_fails_is_a_failure(void)
{
    struct rig r;
    struct probe p, next;
    open_probes(&r, 1);
    rig_sql(
        "create function late() returns trigger language plpgsql as $$ begin perform fail_with(new.what); return null; "
        "end $$; create constraint trigger late after insert on marks deferrable initially deferred for each row "
        "when (new.what like '2%%') execute function late()");
    probe_init(&p, "none");
    probe_add(&p, PROBE_MARK, "23514");
    CHECK_INT(probe_submit(&p, &r), 0);
    probe_init(&next, "none");
    probe_add(&next, PROBE_WHO, NULL);
    CHECK_INT(probe_submit(&next, &r), 0);
    CHECK_INT(probe_wait(&p, &r), ERR_BAD_DATA);
    CHECK_INT(probe_wait(&next, &r), 0);
    CHECK_STR(str_of(next.cells[0]), "ringback_server");
    CHECK_INT(rig_count("select count(*) from marks"), 0);
    CHECK_INT(db_pool_ready(&r.pool), 1);
    rig_sql("drop trigger late on marks; drop function late");
    rig_close(&r);
}

static void resubmit(struct probe *p)
{
    if (p->fired < 3) {
        CHECK_INT(db_submit(p->unit.pool, &p->unit), 0);
        CHECK_INT(p->unit.state, DB_UNIT_WAITING);
    }
}

static void a_unit_may_be_submitted_again_from_its_own_end(void)
{
    struct rig r;
    struct probe p;
    open_probes(&r, 1);
    probe_init(&p, "none");
    probe_add(&p, PROBE_WHO, NULL);
    p.then = resubmit;
    CHECK_INT(probe_submit(&p, &r), 0);
    CHECK(RIG_WAIT(&r.loop, p.fired == 3));
    rig_pause(&r.loop, 20);
    CHECK_INT(p.fired, 3);
    rig_close(&r);
}

static void abandoned_before_it_is_sent(void)
{
    struct rig r;
    struct probe *p = probe_new("none");
    open_probes(&r, 1);
    probe_add(p, PROBE_MARK, "never");
    CHECK_INT(probe_submit(p, &r), 0);
    db_abandon(&p->unit);
    db_abandon(&p->unit);
    free(p);
    rig_pause(&r.loop, 30);
    CHECK_INT(rig_count("select count(*) from marks"), 0);
    rig_close(&r);
}

static void abandoned_while_it_runs(void)
{
    struct rig r;
    struct probe *p = probe_new("none"), next;
    open_probes(&r, 1);
    probe_add(p, PROBE_SLEEP, "0.1");
    probe_add(p, PROBE_MARK, "late");
    CHECK_INT(probe_submit(p, &r), 0);
    CHECK(RIG_WAIT(&r.loop, p->unit.state == DB_UNIT_SENT));
    db_abandon(&p->unit);
    memset(p, 0xa5, sizeof(*p));
    free(p);
    CHECK_INT(probe_run(&next, &r, PROBE_WHO, NULL), 0);
    CHECK_STR(str_of(next.cells[0]), "ringback_server");
    CHECK_INT(rig_count("select count(*) from marks where what = 'late'"), 1);
    rig_close(&r);
}

/* Two big answers push the first one out while the third statement still runs. */
static struct probe *half_read(struct rig *r)
{
    struct probe *p = probe_new("none");
    probe_add(p, PROBE_BIG, "100000");
    probe_add(p, PROBE_BIG, "100000");
    probe_add(p, PROBE_SLEEP, "0.3");
    CHECK_INT(probe_submit(p, r), 0);
    CHECK(RIG_WAIT(&r->loop, p->unit.results[0]));
    CHECK_INT(p->fired, 0);
    return p;
}

static void abandoned_with_half_of_its_answer(void)
{
    struct rig r;
    struct probe next;
    open_probes(&r, 1);
    struct probe *p = half_read(&r);
    db_abandon(&p->unit);
    memset(p, 0xa5, sizeof(*p));
    free(p);
    CHECK_INT(probe_run(&next, &r, PROBE_WHO, NULL), 0);
    rig_close(&r);
}

/* Between the loss of the connection and the turn in which the unit would hear of it. */
static void abandoned_after_its_connection_was_lost(void)
{
    struct rig r;
    open_probes(&r, 1);
    struct probe *p = half_read(&r);
    rig_sql("select pg_terminate_backend(%d)", PQbackendPID(r.pool.conns[0].pg));
    CHECK(RIG_WAIT(&r.loop, list_linked(&p->unit.node)));
    CHECK_INT(p->fired, 0);
    db_abandon(&p->unit);
    memset(p, 0xa5, sizeof(*p));
    free(p);
    CHECK(rig_ready(&r));
    rig_close(&r);
}

static struct probe *neighbour;

static void abandon_the_neighbour(struct probe *p)
{
    (void)p;
    db_abandon(&neighbour->unit);
    memset(neighbour, 0xa5, sizeof(*neighbour));
    free(neighbour);
}

/* Both are overdue in the same turn; the first to hear of it abandons the other. */
static void abandoned_after_its_deadline(void)
{
    struct rig r;
    struct probe first;
    open_probes(&r, 2);
    probe_init(&first, "none");
    probe_add(&first, PROBE_SLEEP, "1");
    first.then = abandon_the_neighbour;
    CHECK_INT(probe_submit(&first, &r), 0);
    CHECK(RIG_WAIT(&r.loop, first.unit.state == DB_UNIT_SENT));
    neighbour = half_read(&r);
    neighbour->unit.deadline_at_ms = first.unit.deadline_at_ms = 0;
    CHECK_INT(probe_wait(&first, &r), ERR_WRITE_UNCERTAIN);
    rig_close(&r);
}

static void a_deadline_ends_a_sent_unit_only(void)
{
    struct rig r;
    struct probe p, next;
    open_probes(&r, 1);
    int backend = PQbackendPID(r.pool.conns[0].pg);
    probe_init(&p, "none");
    probe_add(&p, PROBE_SLEEP, "0.5");
    probe_add(&p, PROBE_MARK, "after all");
    p.unit.deadline_ms = 100;
    uint64_t began_ms = rig_now_ms();
    CHECK_INT(probe_submit(&p, &r), 0);
    CHECK_INT(probe_wait(&p, &r), ERR_WRITE_UNCERTAIN);
    CHECK(rig_now_ms() - began_ms < 400);
    CHECK_INT(probe_run(&next, &r, PROBE_WHO, NULL), 0);
    CHECK_INT(PQbackendPID(r.pool.conns[0].pg), backend);
    CHECK_INT(p.fired, 1);
    CHECK_INT(rig_count("select count(*) from marks"), 1);
    rig_close(&r);
}

static void nobody_listens(void)
{
    struct rig r;
    struct probe p;
    probe_setup();
    struct db_pool_options options = rig_options(2, 1);
    rig_open_with(&r, &options);
    probe_init(&p, "none");
    probe_add(&p, PROBE_WHO, NULL);
    p.unit.deadline_ms = 300;
    uint64_t began_ms = rig_now_ms();
    CHECK_INT(probe_submit(&p, &r), 0);
    CHECK_INT(probe_wait(&p, &r), ERR_UNAVAILABLE);
    CHECK(rig_now_ms() - began_ms >= 250);
    CHECK(rig_now_ms() - began_ms < 600);
    rig_close(&r);
}

static void the_queue_has_an_end(void)
{
    struct rig r;
    probe_setup();
    struct db_pool_options options = rig_options(1, 1);
    rig_open_with(&r, &options);
    struct probe *all = calloc(CAP_DB_WAITING + 1, sizeof(*all));
    for (size_t i = 0; i <= CAP_DB_WAITING; i++) {
        probe_init(&all[i], "none");
        probe_add(&all[i], PROBE_WHO, NULL);
        CHECK_INT(probe_submit(&all[i], &r), i < CAP_DB_WAITING ? 0 : ERR_BUSY);
    }
    rig_close(&r);
    for (size_t i = 0; i < CAP_DB_WAITING; i++) {
        CHECK_INT(all[i].fired, 1);
        CHECK_INT(all[i].code, ERR_UNAVAILABLE);
    }
    CHECK_INT(all[CAP_DB_WAITING].fired, 0);
    free(all);
}

static void submit_while_it_stops(struct probe *p)
{
    struct probe more;
    probe_init(&more, "none");
    probe_add(&more, PROBE_WHO, NULL);
    CHECK_INT(db_submit(p->unit.pool, &more.unit), ERR_STOPPING);
}

static void stopped_with_units_in_flight_and_waiting(void)
{
    struct rig r;
    struct probe all[CAP_DB_PIPELINE + MANY];
    open_probes(&r, 1);
    for (size_t i = 0; i < CAP_DB_PIPELINE + MANY; i++) {
        probe_init(&all[i], "none");
        probe_add(&all[i], PROBE_SLEEP, "0.2");
        all[i].then = submit_while_it_stops;
        CHECK_INT(probe_submit(&all[i], &r), 0);
    }
    all[MANY].then = NULL;
    CHECK(RIG_WAIT(&r.loop, db_pool_in_flight(&r.pool) == CAP_DB_PIPELINE));
    CHECK_INT(r.pool.waiting.count, MANY);
    rig_close(&r);
    for (size_t i = 0; i < CAP_DB_PIPELINE + MANY; i++) {
        CHECK_INT(all[i].fired, 1);
        CHECK_INT(all[i].code, i < CAP_DB_PIPELINE ? ERR_WRITE_UNCERTAIN : ERR_UNAVAILABLE);
    }
}

static void stop_the_pool(struct probe *p)
{
    db_pool_stop(p->unit.pool, rig_on_stopped);
}

static void stopped_from_the_end_of_a_unit(void)
{
    struct rig r;
    struct probe p, next;
    open_probes(&r, 1);
    probe_init(&p, "none");
    probe_add(&p, PROBE_WHO, NULL);
    p.then = stop_the_pool;
    CHECK_INT(probe_submit(&p, &r), 0);
    probe_init(&next, "none");
    probe_add(&next, PROBE_SLEEP, "0.2");
    CHECK_INT(probe_submit(&next, &r), 0);
    CHECK_INT(probe_wait(&p, &r), 0);
    CHECK_INT(probe_wait(&next, &r), ERR_WRITE_UNCERTAIN);
    rig_close(&r);
}

static void units_spread_over_the_connections(void)
{
    struct rig r;
    struct probe all[4];
    open_probes(&r, 4);
    uint64_t began_ms = rig_now_ms();
    for (size_t i = 0; i < 4; i++) {
        probe_init(&all[i], "none");
        probe_add(&all[i], PROBE_SLEEP, "0.3");
        CHECK_INT(probe_submit(&all[i], &r), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(probe_wait(&all[i], &r), 0);
    }
    CHECK(rig_now_ms() - began_ms < 800);
    rig_close(&r);
}

/* Both directions full at once: neither side may wait for the other. */
static void big_questions_and_big_answers(void)
{
    struct rig r;
    struct probe all[MANY];
    open_probes(&r, 1);
    size_t n = 1 << 20;
    char *text = malloc(n);
    memset(text, 'y', n);
    struct db_param params[] = {{text, n}, {text, n}};
    for (size_t i = 0; i < MANY; i++) {
        probe_init(&all[i], "none");
        db_unit_add(&all[i].unit, (enum sql_statement_id)PROBE_BARE, params, 2);
        CHECK_INT(probe_submit(&all[i], &r), 0);
    }
    for (size_t i = 0; i < MANY; i++) {
        CHECK_INT(probe_wait(&all[i], &r), 0);
        CHECK_STR(str_cut(str_of(all[i].cells[1]), 3), "yyy");
    }
    free(text);
    rig_close(&r);
}

static void the_server_restarts_a_backend_under_load(void)
{
    struct rig r;
    struct probe all[MANY];
    char what[MANY][16];
    open_probes(&r, 2);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(what[i], sizeof(what[i]), "load %zu", i);
        probe_init(&all[i], "none");
        probe_add(&all[i], PROBE_SLEEP, "0.02");
        probe_add(&all[i], PROBE_MARK, what[i]);
        CHECK_INT(probe_submit(&all[i], &r), 0);
        if (i % 8 == 7) {
            rig_pause(&r.loop, 60);
            rig_sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'ringback_server' and "
                    "datname = current_database()");
        }
        rig_turn(&r.loop);
    }
    for (size_t i = 0; i < MANY; i++) {
        int code = probe_wait(&all[i], &r);
        long stored = rig_count("select count(*) from marks where what = 'load %zu'", i);
        CHECK(code == 0 || code == ERR_WRITE_UNCERTAIN || code == ERR_UNAVAILABLE);
        CHECK(code != 0 || stored == 1);
        CHECK(code != ERR_UNAVAILABLE || stored == 0);
    }
    CHECK(rig_ready(&r));
    rig_close(&r);
}

TAP_MAIN(TEST(a_unit_ends_once_in_a_later_turn), TEST(its_statements_are_one_transaction),
         TEST(a_commit_that_fails_is_a_failure), TEST(a_unit_may_be_submitted_again_from_its_own_end),
         TEST(abandoned_before_it_is_sent), TEST(abandoned_while_it_runs), TEST(abandoned_with_half_of_its_answer),
         TEST(abandoned_after_its_connection_was_lost), TEST(abandoned_after_its_deadline),
         TEST(a_deadline_ends_a_sent_unit_only), TEST(nobody_listens), TEST(the_queue_has_an_end),
         TEST(stopped_with_units_in_flight_and_waiting), TEST(stopped_from_the_end_of_a_unit),
         TEST(units_spread_over_the_connections), TEST(big_questions_and_big_answers),
         TEST(the_server_restarts_a_backend_under_load))
