/* Forms: each row is a body and its pairs, written as name<TAB>value lines. */
#include "caps.h"
#include "err.h"
#include "form.h"
#include "buf.h"
#include "tap.h"
#include <math.h>

struct row {
    struct str body;
    const char *pairs;
};

#define ROW(body, pairs) {STR(body), pairs}

static const struct row rows[] = {
    ROW("", ""),
    ROW("&", ""),
    ROW("&&&", ""),
    ROW("a=1", "a=1;"),
    ROW("a=1&b=2", "a=1;b=2;"),
    ROW("&a=1&&b=2&", "a=1;b=2;"),
    ROW("a", "a=;"),
    ROW("a=", "a=;"),
    ROW("=a", "=a;"),
    ROW("=", "=;"),
    ROW("a=b=c", "a=b=c;"),
    ROW("a==", "a==;"),
    ROW("a=1&a=2&a=1", "a=1;a=2;a=1;"),
    ROW("a+b=c+d", "a b=c d;"),
    ROW("a=%2B%2b", "a=++;"),
    ROW("%61%3D=%26", "a==&;"),
    ROW("a=%C3%A9%e2%82%ac", "a=\xc3\xa9\xe2\x82\xac;"),
    ROW("a=%", "a=%;"),
    ROW("a=%4", "a=%4;"),
    ROW("a=%41", "a=A;"),
    ROW("a=%4g", "a=%4g;"),
    ROW("a=%g4", "a=%g4;"),
    ROW("a=%%41", "a=%A;"),
    ROW("a=%4%41", "a=%4A;"),
    ROW("a=%2541", "a=%41;"),
    ROW("a=% 41", "a=% 41;"),
    ROW("a=%+1", "a=% 1;"),
    ROW("a=%-1", "a=%-1;"),
    ROW("a=%0x", "a=%0x;"),
    ROW("a=%@1%`1%/0%:0", "a=%@1%`1%/0%:0;"),
    ROW("a=\xff%ff", "a=\xff\xff;"),
    ROW("a;b=1;c", "a;b=1;c;"),
    ROW(" a = 1 ", " a = 1 ;"),
    ROW("a=1\r\n", "a=1\r\n;"),
};

static void pairs(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena a = {0};
        struct form f;
        struct buf out = buf_make(1000);
        char *exact = malloc(rows[i].body.n ? rows[i].body.n : 1);
        memcpy(exact, rows[i].body.p, rows[i].body.n);
        tap_case(rows[i].body.p);
        CHECK_INT(form_parse(&a, (struct str){exact, rows[i].body.n}, &f), 0);
        for (size_t k = 0; k < f.count; k++) {
            CHECK_INT(buf_printf(&out, "%.*s=%.*s;", (int)f.pairs[k].name.n, f.pairs[k].name.p, (int)f.pairs[k].value.n,
                                 f.pairs[k].value.p),
                      0);
        }
        CHECK_STR(buf_str(&out), rows[i].pairs);
        free(exact);
        buf_free(&out);
        arena_free(&a);
    }
}

static void zero_bytes_are_bytes(void)
{
    struct arena a = {0};
    struct form f;
    CHECK_INT(form_parse(&a, STR("a=x%00y&b=\0z"), &f), 0);
    CHECK(str_eq(form_get(&f, STR("a")), STR("x\0y")));
    CHECK(str_eq(form_get(&f, STR("b")), STR("\0z")));
    arena_free(&a);
}

static void the_first_value_counts(void)
{
    struct arena a = {0};
    struct form f;
    CHECK_INT(form_parse(&a, STR("A=0&a=1&a=2&b="), &f), 0);
    CHECK_STR(form_get(&f, STR("a")), "1");
    CHECK_STR(form_get(&f, STR("b")), "");
    CHECK_STR(form_get(&f, STR("c")), NULL);
    CHECK_STR(form_get(&f, STR("")), NULL);
    arena_free(&a);
}

static void the_number_of_pairs_is_capped(void)
{
    struct arena a = {0};
    struct form f;
    char body[2 * CAP_FORM_FIELDS + 2];
    for (size_t i = 0; i < CAP_FORM_FIELDS + 1; i++) {
        memcpy(body + 2 * i, "a&", 2);
    }
    CHECK_INT(form_parse(&a, (struct str){body, 2 * CAP_FORM_FIELDS - 1}, &f), 0);
    CHECK_INT((long long)f.count, CAP_FORM_FIELDS);
    CHECK_INT(form_parse(&a, (struct str){body, 2 * CAP_FORM_FIELDS + 1}, &f), ERR_TOO_LARGE);
    CHECK_INT((long long)f.count, 0);
    CHECK_STR(form_get(&f, STR("a")), NULL);
    arena_free(&a);
}

struct target {
    struct str text;
    double num;
    int64_t whole, time_us;
    bool yes;
};

static const struct field fields[] = {
    FIELD(struct target, text, "Text", STR, 0),   FIELD(struct target, num, "Num", NUM, 0),
    FIELD(struct target, whole, "Whole", INT, 0), FIELD(struct target, time_us, "Time", TIME, 0),
    FIELD(struct target, yes, "Yes", BOOL, 0),
};

static struct target read_form(struct arena *a, struct str body)
{
    struct target t = {.num = NAN};
    struct form f;
    CHECK_INT(form_parse(a, body, &f), 0);
    form_read(&f, fields, FIELD_COUNT(fields), &t);
    return t;
}

static void fills_a_struct(void)
{
    struct arena a = {0};
    struct target t = read_form(&a, STR("Text=a%20b&Num=-1.5&Whole=42&Yes=true&Other=x&"
                                        "Time=Wed%2C+18+Nov+2026+15%3A05%3A10+%2B0000"));
    CHECK_STR(t.text, "a b");
    CHECK(t.num == -1.5);
    CHECK_INT(t.whole, 42);
    CHECK(t.yes);
    CHECK_INT(t.time_us, 1795014310000000);
    t = read_form(&a, STR("Text=&Num=&Whole=&Time=&Yes="));
    CHECK_STR(t.text, NULL);
    CHECK(isnan(t.num));
    t = read_form(&a, STR("Num=five&Whole=1e30&Time=soon&text=lower"));
    CHECK_STR(t.text, NULL);
    CHECK(isnan(t.num) && t.whole == 0 && t.time_us == 0);
    t = read_form(&a, STR("Num=0x10&Whole=0x10"));
    CHECK(isnan(t.num) && t.whole == 0);
    t = read_form(&a, STR("Num=%2012&Whole=12%20"));
    CHECK(isnan(t.num) && t.whole == 0);
    t = read_form(&a, STR("Num=12%00&Whole=inf"));
    CHECK(isnan(t.num) && t.whole == 0);
    arena_free(&a);
}

TAP_MAIN(TEST(pairs), TEST(zero_bytes_are_bytes), TEST(the_first_value_counts), TEST(the_number_of_pairs_is_capped),
         TEST(fills_a_struct))
