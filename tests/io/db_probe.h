#pragma once
/* Units for the tests of the database room, and statements of the tests' own: they take the places of the program's, whose
 * texts are embedded here under another name. The role and schema statements stay what they are. */
#define sql_statements real_statements
#include "sql_statements.c"
#undef sql_statements
#include "db_rig.h"

struct sql_statement probe_statements[STMT_COUNT] __asm__("sql_statements");

enum probe_statement {
    PROBE_WHO,    /* current_user, claims, session_user, statement_timeout */
    PROBE_SLEEP,  /* seconds */
    PROBE_MARK,   /* notes its text in public.marks */
    PROBE_RAISE,  /* fails with an SQLSTATE; '' does not fail */
    PROBE_BIG,    /* so many bytes */
    PROBE_LOCK,   /* locks public.marks without waiting */
    PROBE_ARRAYS, /* one array of each type, as text */
    PROBE_NUMBERS,
    PROBE_BARE, /* takes two texts and does nothing: the place of take_role in a unit that must see what the last one left */
    PROBE_ROWS,
    PROBE_COUNT
};

static const char *const probe_texts[PROBE_COUNT] = {
    [PROBE_WHO] = "select current_user::text, current_setting('request.jwt.claims', true), session_user::text, "
                  "current_setting('statement_timeout')",
    [PROBE_SLEEP] = "select pg_sleep($1::text::float8)",
    [PROBE_MARK] = "insert into public.marks (what) values ($1::text)",
    [PROBE_RAISE] = "select public.fail_with($1::text)",
    [PROBE_BIG] = "select repeat('x', $1::text::int)",
    [PROBE_LOCK] = "select public.lock_marks()",
    [PROBE_ARRAYS] =
        "select $1::bool[]::text, array(select encode(b, 'hex') from unnest($2::bytea[]) as t (b))::text, "
        "$3::int2[]::text, $4::int4[]::text, $5::text[]::text, $6::float8[]::text, $7::timestamptz[]::text, "
        "$8::uuid[]::text, $9::jsonb[]::text",
    [PROBE_NUMBERS] = "select cardinality($1::text[]), octet_length(($1::text[])[1]), md5(($1::text[])[1])",
    [PROBE_BARE] = "select $1::text, $2::text",
    [PROBE_ROWS] = "select * from public.shown",
};

/* Fills the table; the program's first statements give way. */
static inline void probe_setup(void)
{
    memcpy(probe_statements, real_statements, sizeof(real_statements));
    for (int i = 0; i < PROBE_COUNT; i++) {
        static char names[PROBE_COUNT][16];
        snprintf(names[i], sizeof(names[i]), "probe_%d", i);
        probe_statements[i] = (struct sql_statement){names[i], probe_texts[i], "none"};
    }
    if (!base.pg) {
        rig_database();
        rig_sql(
            "create unlogged table public.marks (what text primary key check (what <> 'refused'), n int4);"
            "grant all on public.marks to public;"
            "create table public.shown as select 'Larkspur' as name, '42' as amount, null::text as note, 'x' as extra;"
            "grant select on public.shown to public;"
            "create function public.fail_with(state text) returns text language plpgsql as $$ begin "
            "if state <> '' then raise exception 'as asked' using errcode = state; end if; return state; end $$;"
            "create function public.lock_marks() returns void language plpgsql as $$ begin "
            "lock table public.marks in exclusive mode nowait; end $$");
    }
    rig_sql("delete from public.marks");
}

_Static_assert((int)PROBE_COUNT <= (int)STMT_TAKE_ROLE, "the probes take the places of other statements");

/* One unit of work that notes how it ended. */
struct probe {
    struct db_unit unit;
    struct db_param params[4]; /* one for each call */
    int fired, code;
    bool submitting; /* db_submit is on the stack */
    char cells[4][64];
    char sqlstate[6];
    void (*then)(struct probe *);
};

static inline void probe_on_done(struct db_unit *u, int code)
{
    struct probe *p = container_of(u, struct probe, unit);
    CHECK(!p->submitting);
    p->fired++;
    p->code = code;
    memcpy(p->sqlstate, u->sqlstate, sizeof(p->sqlstate));
    for (size_t i = 0; code == 0 && u->call_count && i < 4 && db_rows(u, 0) && i < (size_t)PQnfields(u->results[0]);
         i++) {
        struct str cell = str_cut(db_cell(u, 0, 0, i), sizeof(p->cells[0]) - 1);
        snprintf(p->cells[i], sizeof(p->cells[i]), "%.*s", (int)cell.n, cell.n ? cell.p : "");
    }
    if (p->then) {
        p->then(p);
    }
}

static inline void probe_init(struct probe *p, const char *role)
{
    *p = (struct probe){.unit = {.role = role, .on_done = probe_on_done}};
}

static inline void probe_add(struct probe *p, enum probe_statement s, const char *text)
{
    size_t at = p->unit.call_count;
    p->params[at] = db_text(str_of(text));
    db_unit_add(&p->unit, (enum sql_statement_id)s, text ? &p->params[at] : NULL, text ? 1 : 0);
}

static inline int probe_submit(struct probe *p, struct rig *r)
{
    p->submitting = true;
    int fired = p->fired;
    int rc = db_submit(&r->pool, &p->unit);
    CHECK_INT(p->fired, fired);
    p->submitting = false;
    return rc;
}

static inline int probe_wait(struct probe *p, struct rig *r)
{
    CHECK(RIG_WAIT(&r->loop, p->fired > 0));
    CHECK_INT(p->fired, 1);
    return p->code;
}

/* One statement, waited for. */
static inline int probe_run(struct probe *p, struct rig *r, enum probe_statement s, const char *text)
{
    probe_init(p, "none");
    probe_add(p, s, text);
    CHECK_INT(probe_submit(p, r), 0);
    return probe_wait(p, r);
}
