/* A role and its claims belong to one unit of work: whatever becomes of that unit, the next one on the same connection
 * finds the login and no claims. */
#include "db_probe.h"
#include "db_conn.h"

#define CLAIMS "{\"sub\":\"00000000-0000-4000-8000-000000000001\"}"

enum cut { CUT_NOT, CUT_ERROR, CUT_DEADLINE, CUT_ABANDON };

static void open_probes(struct rig *r)
{
    probe_setup();
    rig_open(r, 1);
}

/* A unit that takes no role of its own, so that it sees what the last one left behind. It is sent by the end of the turn. */
static void submit_bare(struct probe *p, struct rig *r)
{
    struct sql_statement take_role = probe_statements[STMT_TAKE_ROLE];
    probe_init(p, "ignored");
    p->unit.claims = STR("ignored");
    probe_add(p, PROBE_WHO, NULL);
    CHECK_INT(probe_submit(p, r), 0);
    probe_statements[STMT_TAKE_ROLE].name = probe_statements[PROBE_BARE].name;
    CHECK(RIG_WAIT(&r->loop, p->unit.state != DB_UNIT_WAITING));
    probe_statements[STMT_TAKE_ROLE] = take_role;
}

static void check_bare(struct probe *p, struct rig *r)
{
    CHECK_INT(probe_wait(p, r), 0);
    CHECK_STR(str_of(p->cells[0]), "ringback_server");
    CHECK_STR(str_of(p->cells[1]), "");
    CHECK_STR(str_of(p->cells[2]), "ringback_server");
}

static void a_unit_has_its_role_and_claims(void)
{
    struct rig r;
    struct probe p, bare;
    open_probes(&r);
    probe_init(&p, "authenticated");
    p.unit.claims = STR(CLAIMS);
    probe_add(&p, PROBE_WHO, NULL);
    CHECK_INT(probe_submit(&p, &r), 0);
    CHECK_INT(probe_wait(&p, &r), 0);
    CHECK_STR(str_of(p.cells[0]), "authenticated");
    CHECK_STR(str_of(p.cells[1]), CLAIMS);
    CHECK_STR(str_of(p.cells[2]), "ringback_server");
    submit_bare(&bare, &r);
    check_bare(&bare, &r);
    rig_close(&r);
}

static void the_next_unit_has_its_own(void)
{
    struct rig r;
    struct probe all[6];
    static const char *const roles[] = {"authenticated", "ringback_ingest", "none"};
    open_probes(&r);
    for (size_t i = 0; i < 6; i++) {
        probe_init(&all[i], roles[i % 3]);
        all[i].unit.claims = i % 2 ? STR("") : STR(CLAIMS);
        probe_add(&all[i], PROBE_WHO, NULL);
        CHECK_INT(probe_submit(&all[i], &r), 0);
    }
    for (size_t i = 0; i < 6; i++) {
        CHECK_INT(probe_wait(&all[i], &r), 0);
        CHECK_STR(str_of(all[i].cells[0]), i % 3 == 2 ? "ringback_server" : roles[i % 3]);
        CHECK_STR(str_of(all[i].cells[1]), i % 2 ? "" : CLAIMS);
    }
    rig_close(&r);
}

/* Four statements; the cut happens at one of them. The bare unit stands behind it in the same pipeline. */
static void cut_at(struct rig *r, size_t step, enum cut cut)
{
    struct probe p, bare;
    int backend = PQbackendPID(r->pool.conns[0].pg);
    probe_init(&p, "authenticated");
    p.unit.claims = STR(CLAIMS);
    p.unit.deadline_ms = cut == CUT_DEADLINE ? 60 : 0;
    for (size_t i = 0; i < 4; i++) {
        bool here = i == step;
        if (here && cut == CUT_ERROR) {
            probe_add(&p, PROBE_RAISE, "P0001");
        } else {
            probe_add(&p, PROBE_SLEEP, here && cut != CUT_NOT ? "0.15" : "0.01");
        }
    }
    CHECK_INT(probe_submit(&p, r), 0);
    CHECK(RIG_WAIT(&r->loop, p.unit.state != DB_UNIT_WAITING));
    submit_bare(&bare, r);
    if (cut == CUT_ABANDON) {
        rig_pause(&r->loop, 5 + 10 * step);
        db_abandon(&p.unit);
    } else {
        int want = cut == CUT_ERROR ? ERR_BAD_DATA : cut == CUT_DEADLINE ? ERR_WRITE_UNCERTAIN : 0;
        CHECK_INT(probe_wait(&p, r), want);
    }
    check_bare(&bare, r);
    CHECK_INT(p.fired, cut != CUT_ABANDON);
    CHECK_INT(PQbackendPID(r->pool.conns[0].pg), backend);
}

static void cut_short_at_each_step(void)
{
    struct rig r;
    open_probes(&r);
    static const char *const names[] = {"not cut", "error", "deadline", "abandoned"};
    for (enum cut cut = CUT_NOT; cut <= CUT_ABANDON; cut++) {
        for (size_t step = 0; step < 4; step++) {
            tap_case(names[cut]);
            cut_at(&r, step, cut);
        }
    }
    tap_case(NULL);
    rig_close(&r);
}

static void a_role_that_may_not_be_taken(void)
{
    static const struct {
        const char *role;
        int code;
        const char *sqlstate;
    } rows[] = {{"service_role", ERR_DENIED, "42501"},
                {"postgres", ERR_DENIED, "42501"},
                {"no_such_role", ERR_DENIED, "22023"}};
    struct rig r;
    struct probe p, bare;
    open_probes(&r);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i].role);
        probe_init(&p, rows[i].role);
        p.unit.claims = STR(CLAIMS);
        probe_add(&p, PROBE_MARK, "never");
        CHECK_INT(probe_submit(&p, &r), 0);
        CHECK_INT(probe_wait(&p, &r), rows[i].code);
        CHECK_STR(str_of(p.sqlstate), rows[i].sqlstate);
        submit_bare(&bare, &r);
        check_bare(&bare, &r);
    }
    tap_case(NULL);
    CHECK_INT(rig_count("select count(*) from marks"), 0);
    rig_close(&r);
}

static void a_failed_unit_in_a_row_of_many(void)
{
    struct rig r;
    struct probe all[9];
    open_probes(&r);
    for (size_t i = 0; i < 9; i++) {
        probe_init(&all[i], i % 2 ? "authenticated" : "none");
        all[i].unit.claims = i % 2 ? STR(CLAIMS) : STR("");
        probe_add(&all[i], PROBE_WHO, NULL);
        if (i % 2) {
            probe_add(&all[i], PROBE_RAISE, "22012");
        }
        CHECK_INT(probe_submit(&all[i], &r), 0);
    }
    for (size_t i = 0; i < 9; i++) {
        CHECK_INT(probe_wait(&all[i], &r), i % 2 ? ERR_BAD_DATA : 0);
        CHECK_STR(str_of(all[i].cells[0]), i % 2 ? "" : "ringback_server");
        CHECK_STR(str_of(all[i].cells[1]), "");
    }
    rig_close(&r);
}

TAP_MAIN(TEST(a_unit_has_its_role_and_claims), TEST(the_next_unit_has_its_own), TEST(cut_short_at_each_step),
         TEST(a_role_that_may_not_be_taken), TEST(a_failed_unit_in_a_row_of_many))
