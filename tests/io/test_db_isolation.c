/* Two people and the login take turns on one connection, and units end in every way they can: whoever comes next sees his own
 * rows and claims, and nothing that the last one left. test_db_roles.c has the plain cases; here rows of two tenants under
 * row-level security are at stake. */
#include "db_probe.h"
#include "db_conn.h"
#include "db_wire.h"

#define CLAIMS_OF(user) "{\"sub\":\"" user "\"}"
#define USER_A "a0a0a002-0000-4000-8000-000000000002"
#define USER_B "b0b0b002-0000-4000-8000-000000000002"
#define BUSINESS_A "aaaaaa01-0000-4000-8000-000000000001"
#define BUSINESS_B "bbbbbb01-0000-4000-8000-000000000001"

/* The place of a statement that these tests do not need: who asks, their claims, and whose businesses they see. */
#define PROBE_SEEN PROBE_ARRAYS
#define SEEN_SQL                                                                                                       \
    "select current_user::text, current_setting('request.jwt.claims', true), "                                         \
    "coalesce((select string_agg(name, '+' order by name) from public.businesses), ''), current_setting('role')"

struct person {
    const char *role, *claims, *sees;
};

static const struct person people[] = {{"authenticated", CLAIMS_OF(USER_A), "Larkspur"},
                                       {"authenticated", CLAIMS_OF(USER_B), "Marigold"},
                                       {"ringback_ingest", "", "Larkspur+Marigold"},
                                       {"authenticated", "", ""}};
#define A (&people[0])
#define B (&people[1])
#define PEOPLE (sizeof(people) / sizeof(people[0]))

static void setup(void)
{
    static bool filled;
    probe_setup();
    probe_statements[PROBE_SEEN].text = SEEN_SQL;
    if (!filled) {
        rig_sql(
            "insert into auth.users (id) values ('" USER_A "'), ('" USER_B "');"
            "insert into public.businesses (id, name) values ('" BUSINESS_A "', 'Larkspur'), ('" BUSINESS_B
            "', 'Marigold');"
            "insert into public.business_users (business_id, user_id) values ('" BUSINESS_A "', '" USER_A
            "'), ('" BUSINESS_B "', '" USER_B "');"
            "create function public.fail_late() returns trigger language plpgsql as $$ begin "
            "perform public.fail_with('23514'); return null; end $$;"
            "create constraint trigger late after insert on public.marks deferrable initially deferred for each row "
            "when (new.what = 'late') execute function public.fail_late()");
        filled = true;
    }
}

static void open_with(struct rig *r, const char *session_options)
{
    setup();
    struct db_pool_options options = rig_options(1, 0);
    options.session_options = session_options;
    rig_open_with(r, &options);
    CHECK(rig_ready(r));
}

static void init_as(struct probe *p, const struct person *who)
{
    probe_init(p, who->role);
    p->unit.claims = str_of(who->claims);
}

static void ask(struct probe *p, struct rig *r, const struct person *who)
{
    init_as(p, who);
    probe_add(p, PROBE_SEEN, NULL);
    CHECK_INT(probe_submit(p, r), 0);
}

static void check_own(struct probe *p, struct rig *r, const struct person *who)
{
    CHECK_INT(probe_wait(p, r), 0);
    CHECK_STR(str_of(p->cells[0]), who->role);
    CHECK_STR(str_of(p->cells[1]), who->claims);
    CHECK_STR(str_of(p->cells[2]), who->sees);
    CHECK_STR(str_of(p->cells[3]), who->role);
}

/* A unit that takes no role: it sees what the last one left. Sent by the end of the turn. */
static void ask_bare(struct probe *p, struct rig *r)
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

/* Bare, B, bare again: behind whatever just happened. */
struct next {
    struct probe bare, b, again;
};

static void ask_next(struct next *n, struct rig *r)
{
    ask_bare(&n->bare, r);
    ask(&n->b, r, B);
    CHECK(RIG_WAIT(&r->loop, n->b.unit.state != DB_UNIT_WAITING));
    ask_bare(&n->again, r);
}

static void check_next(struct next *n, struct rig *r)
{
    check_bare(&n->bare, r);
    check_own(&n->b, r, B);
    check_bare(&n->again, r);
}

static int backend(const struct rig *r)
{
    return r->pool.conns[0].pg ? PQbackendPID(r->pool.conns[0].pg) : 0;
}

/* How a unit of A's ends at one of its four statements. */
struct end {
    const char *name;
    enum probe_statement statement; /* what stands at that step */
    const char *text;
    const char *sqlstate; /* NULL: not Postgres's doing */
    const char *session_options;
    const char *until;  /* then: what pg_stat_activity says of the backend while it stands there */
    const char *strike; /* … and the function that the superuser strikes it with */
    unsigned deadline_ms;
    bool blocked; /* marks are locked by somebody else */
    bool abandoned;
};

static const struct end ends[] = {
    {.name = "well", .statement = PROBE_SEEN, .sqlstate = ""},
    {.name = "error", .statement = PROBE_RAISE, .text = "P0001", .sqlstate = "P0001"},
    {.name = "denied", .statement = PROBE_RAISE, .text = "42501", .sqlstate = "42501"},
    {.name = "division", .statement = PROBE_RAISE, .text = "22012", .sqlstate = "22012"},
    {.name = "refused row", .statement = PROBE_MARK, .text = "refused", .sqlstate = "23514"},
    {.name = "refused at commit", .statement = PROBE_MARK, .text = "late", .sqlstate = "23514"},
    {.name = "statement_timeout",
     .statement = PROBE_SLEEP,
     .text = "20",
     .sqlstate = "57014",
     .session_options = "-c statement_timeout=60"},
    {.name = "lock_timeout",
     .statement = PROBE_MARK,
     .text = "locked",
     .sqlstate = "55P03",
     .session_options = "-c lock_timeout=60",
     .blocked = true},
    {.name = "cancelled",
     .statement = PROBE_SLEEP,
     .text = "20",
     .sqlstate = "57014",
     .until = "PgSleep",
     .strike = "pg_cancel_backend"},
    {.name = "cancelled in a lock",
     .statement = PROBE_MARK,
     .text = "locked",
     .sqlstate = "57014",
     .until = "relation",
     .strike = "pg_cancel_backend",
     .blocked = true},
    {.name = "terminated",
     .statement = PROBE_SLEEP,
     .text = "20",
     .sqlstate = "57P01",
     .until = "PgSleep",
     .strike = "pg_terminate_backend"},
    {.name = "deadline", .statement = PROBE_SLEEP, .text = "0.3", .deadline_ms = 80},
    {.name = "abandoned under way", .statement = PROBE_SLEEP, .text = "0.2", .until = "PgSleep", .abandoned = true},
};

static void submit_victim(struct probe *p, struct rig *r, const struct end *e, size_t step)
{
    init_as(p, A);
    p->unit.deadline_ms = e->deadline_ms;
    for (size_t i = 0; i < CAP_DB_STATEMENTS; i++) {
        bool here = i == step;
        probe_add(p, here ? e->statement : PROBE_SEEN, here ? e->text : NULL);
    }
    CHECK_INT(probe_submit(p, r), 0);
    CHECK(RIG_WAIT(&r->loop, p->unit.state != DB_UNIT_WAITING));
}

static void strike(struct rig *r, const struct end *e)
{
    int pid = backend(r);
    CHECK(RIG_WAIT(&r->loop, rig_count("select count(*) from pg_stat_activity where pid = %d and wait_event = '%s'",
                                       pid, e->until) == 1));
    if (e->strike) {
        rig_sql("select %s(%d)", e->strike, pid);
    }
}

static void check_victim(struct probe *p, struct rig *r, const struct end *e)
{
    int code = probe_wait(p, r);
    CHECK((code == 0) == (e->sqlstate && !e->sqlstate[0]));
    CHECK_STR(str_of(p->sqlstate), e->sqlstate ? e->sqlstate : "");
}

static void end_at(const struct end *e, size_t step)
{
    struct rig r;
    struct probe victim;
    struct next behind, later;
    open_with(&r, e->session_options ? e->session_options : "");
    PGconn *other = rig_connect(getenv("MIGRATE_DATABASE_URL"));
    PQclear(rig_exec(other, e->blocked ? "begin; lock table public.marks in exclusive mode" : "begin"));
    int pid = backend(&r);
    submit_victim(&victim, &r, e, step);
    bool dies = e->sqlstate && !strcmp(e->sqlstate, "57P01");
    if (!dies) {
        ask_next(&behind, &r);
    }
    if (e->until) {
        strike(&r, e);
    }
    if (e->abandoned) {
        db_abandon(&victim.unit);
    } else {
        check_victim(&victim, &r, e);
    }
    if (!dies) {
        check_next(&behind, &r);
    }
    CHECK(rig_ready(&r));
    CHECK_INT(backend(&r) == pid, !dies);
    ask_next(&later, &r);
    check_next(&later, &r);
    CHECK_INT(victim.fired, !e->abandoned);
    PQfinish(other);
    CHECK_INT(rig_count("select count(*) from public.marks where what in ('late', 'locked', 'refused')"), 0);
    rig_close(&r);
}

static void however_a_unit_ends(void)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        for (size_t step = 0; step < CAP_DB_STATEMENTS; step++) {
            char row[64];
            snprintf(row, sizeof(row), "%s at %zu", ends[i].name, step);
            tap_case(row);
            end_at(&ends[i], step);
        }
    }
    tap_case(NULL);
}

static void claims_that_are_no_claims(void)
{
    static const struct {
        const char *what;
        struct str claims;
        const char *sqlstate;
    } rows[] = {{"no JSON", STR("{\"sub\":"), "22P02"},
                {"sub is no uuid", STR("{\"sub\":\"x\"}"), "22P02"},
                {"a NUL", {"{\"sub\":\"" USER_A "\"}\0", 47}, "22021"},
                {"no UTF-8", STR("{\"sub\":\"\xff\"}"), "22021"}};
    struct rig r;
    struct probe p;
    struct next n;
    open_with(&r, "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i].what);
        init_as(&p, A);
        p.unit.claims = rows[i].claims;
        probe_add(&p, PROBE_SEEN, NULL);
        probe_add(&p, PROBE_MARK, "never");
        CHECK_INT(probe_submit(&p, &r), 0);
        CHECK(RIG_WAIT(&r.loop, p.unit.state != DB_UNIT_WAITING));
        ask_next(&n, &r);
        CHECK(probe_wait(&p, &r) < 0);
        CHECK_STR(str_of(p.sqlstate), rows[i].sqlstate);
        check_next(&n, &r);
    }
    tap_case(NULL);
    CHECK_INT(rig_count("select count(*) from public.marks"), 0);
    rig_close(&r);
}

static void very_large_claims(void)
{
    static const size_t sizes[] = {64 << 10, 1 << 20, 16 << 20};
    struct rig r;
    struct probe p;
    struct next n;
    open_with(&r, "");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        static const char head[] = "{\"sub\":\"" USER_A "\",\"pad\":\"";
        char *claims = malloc(sizes[i]);
        memset(claims, 'x', sizes[i]);
        memcpy(claims, head, sizeof(head) - 1);
        memcpy(claims + sizes[i] - 2, "\"}", 2);
        init_as(&p, A);
        p.unit.claims = (struct str){claims, sizes[i]};
        probe_add(&p, PROBE_SEEN, NULL);
        CHECK_INT(probe_submit(&p, &r), 0);
        CHECK(RIG_WAIT(&r.loop, p.unit.state != DB_UNIT_WAITING));
        ask_next(&n, &r);
        CHECK_INT(probe_wait(&p, &r), 0);
        CHECK_STR(str_of(p.cells[2]), A->sees);
        check_next(&n, &r);
        free(claims);
    }
    rig_close(&r);
}

static void roles_that_may_not_be_taken(void)
{
    static const char *const roles[] = {"service_role", "ringback_definer", "postgres", "anon", "no_such_role", ""};
    struct rig r;
    struct probe p;
    struct next n;
    open_with(&r, "");
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        tap_case(roles[i]);
        init_as(&p, A);
        p.unit.role = roles[i];
        probe_add(&p, PROBE_SEEN, NULL);
        probe_add(&p, PROBE_MARK, "never");
        CHECK_INT(probe_submit(&p, &r), 0);
        CHECK(RIG_WAIT(&r.loop, p.unit.state != DB_UNIT_WAITING));
        ask_next(&n, &r);
        CHECK_INT(probe_wait(&p, &r), ERR_DENIED);
        check_next(&n, &r);
    }
    tap_case(NULL);
    CHECK_INT(rig_count("select count(*) from public.marks"), 0);
    rig_close(&r);
}

/* Abandoned before it was sent, it never happens; abandoned between two answers, it happens unseen. */
static void abandoned_at_any_moment(void)
{
    struct rig r;
    struct probe p;
    struct next n;
    open_with(&r, "");
    for (size_t turns = 0; turns < 12; turns++) {
        init_as(&p, A);
        for (size_t i = 0; i < CAP_DB_STATEMENTS; i++) {
            probe_add(&p, PROBE_SLEEP, "0.001");
        }
        CHECK_INT(probe_submit(&p, &r), 0);
        for (size_t i = 0; i < turns; i++) {
            rig_turn(&r.loop);
        }
        int fired = p.fired;
        db_abandon(&p.unit);
        memset(&p.unit, 0xee, sizeof(p.unit)); /* the owner's memory is his own again */
        ask_next(&n, &r);
        check_next(&n, &r);
        CHECK_INT(p.fired, fired);
    }
    rig_close(&r);
}

static bool is_odd_one(size_t round, size_t i)
{
    return (i + round) % 5 == 4;
}

/* Full pipelines of four kinds of people; some units fail, some are abandoned on their way. */
static void one_round(struct rig *r, struct probe *all, size_t round)
{
    for (size_t i = 0; i < CAP_DB_PIPELINE; i++) {
        init_as(&all[i], &people[(i + round) % PEOPLE]);
        probe_add(&all[i], PROBE_SEEN, NULL);
        if (is_odd_one(round, i) && i % 2) {
            probe_add(&all[i], PROBE_RAISE, "22012");
        }
        CHECK_INT(probe_submit(&all[i], r), 0);
    }
    for (size_t i = 0; i < CAP_DB_PIPELINE; i++) {
        if (is_odd_one(round, i) && i % 2 == 0) {
            RIG_WAIT(&r->loop, all[i].unit.state != DB_UNIT_WAITING);
            db_abandon(&all[i].unit);
        }
    }
    for (size_t i = 0; i < CAP_DB_PIPELINE; i++) {
        if (!is_odd_one(round, i)) {
            check_own(&all[i], r, &people[(i + round) % PEOPLE]);
        } else if (i % 2) {
            CHECK_INT(probe_wait(&all[i], r), ERR_BAD_DATA);
            CHECK_STR(str_of(all[i].cells[2]), "");
        }
    }
}

static void a_full_pipeline_of_many_people(void)
{
    struct rig r;
    static struct probe all[CAP_DB_PIPELINE];
    struct next n;
    open_with(&r, "");
    int pid = backend(&r);
    for (size_t round = 0; round < 40; round++) {
        one_round(&r, all, round);
    }
    ask_next(&n, &r);
    check_next(&n, &r);
    CHECK_INT(backend(&r), pid);
    rig_close(&r);
}

/* The connection is cut inside A's unit, after n bytes either way; whoever comes next finds nothing of A. */
static long cut_after(long down, long up)
{
    struct rig r;
    struct wire wire;
    struct probe p, b, bare;
    setup();
    wire_open(&wire, WIRE_PROXY, (int)strtol(base.port, NULL, 10));
    struct db_pool_options options = rig_options(1, wire.port);
    rig_open_with(&r, &options);
    CHECK(rig_ready(&r));
    wire.reset = (down ^ up) & 1;
    wire_arm(&wire, down, up);
    init_as(&p, A);
    probe_add(&p, PROBE_SEEN, NULL);
    probe_add(&p, PROBE_MARK, "cut");
    probe_add(&p, PROBE_RAISE, "22012");
    CHECK_INT(probe_submit(&p, &r), 0);
    ask(&b, &r, B);
    int code = probe_wait(&p, &r);
    CHECK(code == ERR_WRITE_UNCERTAIN || code == ERR_BAD_DATA);
    CHECK(probe_wait(&b, &r) == 0 || b.code == ERR_WRITE_UNCERTAIN);
    CHECK_STR(str_of(b.cells[2]), b.code == 0 ? B->sees : "");
    long passed = up == WIRE_NEVER ? atomic_load(&wire.down) : atomic_load(&wire.up);
    wire_arm(&wire, WIRE_NEVER, WIRE_NEVER);
    CHECK(rig_ready(&r));
    ask_bare(&bare, &r);
    ask(&b, &r, B);
    check_bare(&bare, &r);
    check_own(&b, &r, B);
    CHECK_INT(rig_count("select count(*) from public.marks"), 0);
    rig_close(&r);
    wire_close(&wire);
    return passed;
}

static void the_connection_is_cut(void)
{
    long down = cut_after(WIRE_NEVER - 1, WIRE_NEVER), up = cut_after(WIRE_NEVER, WIRE_NEVER - 1);
    CHECK(down > 100 && up > 200);
    char row[32];
    for (long n = 1; n < down; n += 37) {
        snprintf(row, sizeof(row), "answers %ld", n);
        tap_case(row);
        cut_after(n, WIRE_NEVER);
    }
    for (long n = 1; n < up; n += 41) {
        snprintf(row, sizeof(row), "questions %ld", n);
        tap_case(row);
        cut_after(WIRE_NEVER, n);
    }
    tap_case(NULL);
}

/* One prepared statement serves everybody, also once Postgres keeps a plan for it. */
static void two_people_ask_the_same_statement(void)
{
    struct rig r;
    struct probe p;
    open_with(&r, "");
    for (size_t round = 0; round < 12; round++) { /* Postgres makes a plan to keep after five */
        for (size_t i = 0; i < PEOPLE; i++) {
            ask(&p, &r, &people[(i * 3 + round) % PEOPLE]);
            check_own(&p, &r, &people[(i * 3 + round) % PEOPLE]);
        }
    }
    rig_close(&r);
}

TAP_MAIN(TEST(however_a_unit_ends), TEST(claims_that_are_no_claims), TEST(very_large_claims),
         TEST(roles_that_may_not_be_taken), TEST(abandoned_at_any_moment), TEST(a_full_pipeline_of_many_people),
         TEST(the_connection_is_cut), TEST(two_people_ask_the_same_statement))
