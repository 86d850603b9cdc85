/* Arrays in Postgres's binary form, through the real parameters of a real statement, and rows on their way back. */
#include "db_probe.h"
#include "arena.h"
#include "db_param.h"
#include <math.h>

enum { COLUMNS = 9, CAP_TEXT = 1 << 16 };
static const enum db_type types[COLUMNS] = {DB_BOOL,   DB_BYTEA,       DB_INT2, DB_INT4, DB_TEXT,
                                            DB_FLOAT8, DB_TIMESTAMPTZ, DB_UUID, DB_JSONB};

struct arrays {
    struct rig rig;
    struct db_array columns[COLUMNS];
    struct db_param params[COLUMNS];
    struct db_unit unit;
    int fired, code;
    char texts[COLUMNS][CAP_TEXT];
};

static struct arrays arrays;

static void on_done(struct db_unit *u, int code)
{
    struct arrays *a = container_of(u, struct arrays, unit);
    a->fired++;
    a->code = code;
    for (size_t i = 0; code == 0 && i < COLUMNS; i++) {
        struct str cell = db_cell(u, 0, 0, i);
        snprintf(a->texts[i], CAP_TEXT, "%.*s", (int)cell.n, cell.p);
    }
}

static void open_arrays(void)
{
    probe_setup();
    rig_open(&arrays.rig, 1);
    for (size_t i = 0; i < COLUMNS; i++) {
        db_array_init(&arrays.columns[i], types[i]);
    }
}

static int ask(void)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        arrays.params[i] = db_array_param(&arrays.columns[i]);
        CHECK_INT(arrays.columns[i].failed, 0);
    }
    arrays.fired = 0;
    arrays.unit = (struct db_unit){.role = "none", .on_done = on_done};
    db_unit_add(&arrays.unit, (enum sql_statement_id)PROBE_ARRAYS, arrays.params, COLUMNS);
    CHECK_INT(db_submit(&arrays.rig.pool, &arrays.unit), 0);
    CHECK(RIG_WAIT(&arrays.rig.loop, arrays.fired));
    return arrays.code;
}

static void close_arrays(void)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        db_array_free(&arrays.columns[i]);
    }
    rig_close(&arrays.rig);
}

static void check_texts(const char *const want[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++) {
        CHECK_STR(str_of(arrays.texts[i]), want[i]);
    }
}

static void empty_arrays(void)
{
    static const char *const want[COLUMNS] = {"{}", "{}", "{}", "{}", "{}", "{}", "{}", "{}", "{}"};
    open_arrays();
    CHECK_INT(ask(), 0);
    check_texts(want);
    close_arrays();
}

static void nulls_alone(void)
{
    static const char *const want[COLUMNS] = {"{NULL}", "{NULL}", "{NULL}", "{NULL}", "{NULL}",
                                              "{NULL}", "{NULL}", "{NULL}", "{NULL}"};
    open_arrays();
    for (size_t i = 0; i < COLUMNS; i++) {
        db_array_null(&arrays.columns[i]);
    }
    CHECK_INT(ask(), 0);
    check_texts(want);
    close_arrays();
}

/* The least, the most and the odd ones of each type, between nulls. */
static void values_of_every_type(void)
{
    static const unsigned char zero[16],
        ones[16] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    static const char *const want[COLUMNS] = {
        "{t,f,NULL}",
        "{\"\",00ff27225c,NULL}",
        "{-32768,32767,0}",
        "{-2147483648,2147483647,0}",
        "{\"\",\"a \\\"b\\\" \\\\ {,} NULL 'ü😀\",NULL,NULL}",
        "{-1.7976931348623157e+308,5e-324,NULL,Infinity}",
        "{\"1969-12-31 23:59:59.999999+00\",\"2026-11-22 09:10:11.000001+00\",NULL}",
        "{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}",
        "{\"{\\\"a\\\": [1, null, \\\"ü\\\"]}\",NULL,\"null\"}",
    };
    open_arrays();
    struct db_array *c = arrays.columns;
    db_array_bool(&c[0], true), db_array_bool(&c[0], false), db_array_null(&c[0]);
    db_array_text(&c[1], STR("")), db_array_text(&c[1], STR("\0\xff'\"\\")),
        db_array_text(&c[1], (struct str){NULL, 0});
    db_array_int2(&c[2], -32768), db_array_int2(&c[2], 32767), db_array_int2(&c[2], 0);
    db_array_int4(&c[3], INT32_MIN), db_array_int4(&c[3], INT32_MAX), db_array_int4(&c[3], 0);
    db_array_text(&c[4], STR("")), db_array_text(&c[4], STR("a \"b\" \\ {,} NULL 'ü😀"));
    db_array_text(&c[4], (struct str){NULL, 0}), db_array_null(&c[4]);
    db_array_num(&c[5], -1.7976931348623157e308), db_array_num(&c[5], 5e-324), db_array_num(&c[5], NAN);
    db_array_num(&c[5], INFINITY);
    db_array_time(&c[6], -1), db_array_time(&c[6], 1795338611000001), db_array_time(&c[6], 0);
    db_array_uuid(&c[7], zero), db_array_uuid(&c[7], ones);
    db_array_text(&c[8], STR("{\"a\":[1,null,\"ü\"]}")), db_array_text(&c[8], (struct str){NULL, 0});
    db_array_text(&c[8], STR("null"));
    CHECK_INT(ask(), 0);
    check_texts(want);
    CHECK_INT(arrays.fired, 1);
    close_arrays();
}

/* A time that Postgres has no year for is refused, and is not undefined here. */
static void times_beyond_all_calendars(void)
{
    static const int64_t times[] = {INT64_MIN, INT64_MAX, INT64_MIN + 1, INT64_MAX - 1};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        open_arrays();
        db_array_time(&arrays.columns[6], times[i]);
        int code = ask();
        CHECK(code == 0 || code == ERR_BAD_DATA);
        close_arrays();
    }
}

static void jsonb_that_is_none(void)
{
    static const char *const texts[] = {"", "{", "\"\\u0000\"", "\"\\ud800\"", "\"\xff\"", "nul"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tap_case(texts[i]);
        open_arrays();
        db_array_text(&arrays.columns[8], str_of(texts[i]));
        CHECK_INT(ask(), ERR_BAD_DATA);
        close_arrays();
    }
    tap_case(NULL);
}

static void many_elements(void)
{
    open_arrays();
    for (int i = 0; i < 5000; i++) {
        db_array_int2(&arrays.columns[2], i);
        db_array_null(&arrays.columns[4]);
    }
    CHECK_INT(ask(), 0);
    CHECK_STR(str_cut(str_of(arrays.texts[2]), 7), "{0,1,2,");
    CHECK(str_ends(str_of(arrays.texts[2]), STR(",4998,4999}")));
    CHECK_INT(strlen(arrays.texts[4]), 5000 * 5 + 1);
    close_arrays();
}

/* A text of the largest size that a body may have, and one byte too many for an array. */
static void a_huge_text(void)
{
    struct probe p;
    struct db_array a;
    probe_setup();
    rig_open(&arrays.rig, 1);
    size_t n = CAP_VAPI_BYTES;
    char *text = malloc(n);
    memset(text, 'z', n);
    db_array_init(&a, DB_TEXT);
    db_array_text(&a, (struct str){text, n});
    struct db_param param = db_array_param(&a);
    probe_init(&p, "none");
    db_unit_add(&p.unit, (enum sql_statement_id)PROBE_NUMBERS, &param, 1);
    CHECK_INT(probe_submit(&p, &arrays.rig), 0);
    CHECK_INT(probe_wait(&p, &arrays.rig), 0);
    CHECK_STR(str_of(p.cells[0]), "1");
    CHECK_STR(str_of(p.cells[1]), "16777216");
    CHECK_STR(str_of(p.cells[2]), rig_sql("select md5(repeat('z', 16777216))"));
    for (int i = 0; i < 4; i++) {
        db_array_text(&a, (struct str){text, n});
    }
    CHECK(!db_array_param(&a).bytes);
    CHECK_INT(a.failed, ERR_TOO_LARGE);
    db_array_free(&a);
    free(text);
    rig_close(&arrays.rig);
}

struct shown {
    struct str name, note;
    int64_t amount;
};

static struct shown shown;
static int shown_code;
static struct arena shown_arena;
static const struct field *shown_fields;
static size_t shown_count;

static void read_row(struct probe *p)
{
    struct db_row_shape shape = {shown_fields, shown_count, &shown_arena};
    CHECK_INT(db_rows(&p->unit, 0), 1);
    CHECK_INT(db_rows(&p->unit, 1), 0);
    shown_code = db_row_read(&p->unit, 0, &shape, &shown);
}

static void rows_become_structs(void)
{
    static const struct field good[] = {FIELD(struct shown, name, "name", STR, 0),
                                        FIELD(struct shown, amount, "amount", INT, 0),
                                        FIELD(struct shown, note, "note", STR, 0)};
    static const struct field missing[] = {FIELD(struct shown, name, "surname", STR, 0)};
    static const struct field unfit[] = {FIELD(struct shown, amount, "name", INT, 0)};
    static const struct {
        const struct field *fields;
        size_t count;
        int code;
    } rows[] = {{good, 3, 0}, {missing, 1, ERR_BAD_REPLY}, {unfit, 1, ERR_BAD_REPLY}};
    struct rig r;
    probe_setup();
    rig_open(&r, 1);
    for (size_t i = 0; i < 3; i++) {
        struct probe p;
        shown = (struct shown){.note = STR("as it was")};
        shown_fields = rows[i].fields;
        shown_count = rows[i].count;
        probe_init(&p, "none");
        p.then = read_row;
        probe_add(&p, PROBE_ROWS, NULL);
        CHECK_INT(probe_submit(&p, &r), 0);
        CHECK_INT(probe_wait(&p, &r), 0);
        CHECK_INT(shown_code, rows[i].code);
        if (rows[i].code == 0) {
            CHECK_STR(shown.name, "Larkspur");
            CHECK_INT(shown.amount, 42);
            CHECK_STR(shown.note, "as it was");
        }
        arena_free(&shown_arena);
    }
    rig_close(&r);
}

TAP_MAIN(TEST(empty_arrays), TEST(nulls_alone), TEST(values_of_every_type), TEST(times_beyond_all_calendars),
         TEST(jsonb_that_is_none), TEST(many_elements), TEST(a_huge_text), TEST(rows_become_structs))
