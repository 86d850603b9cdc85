/* json_write: struct to object. */
#include "json.h"
#include "strict_json.h"
#include "tap.h"
#include <math.h>

struct source {
    struct str a, b, c, raw;
    double num;
    int64_t whole;
    bool yes;
};

#define A(path, flags) FIELD(struct source, a, path, STR, flags)
#define B(path, flags) FIELD(struct source, b, path, STR, flags)
#define C(path, flags) FIELD(struct source, c, path, STR, flags)
#define OMIT FIELD_OMIT_EMPTY

static void check(const struct field *fields, size_t count, const struct source *s, const char *want)
{
    struct buf out = buf_make(1 << 16);
    tap_case(want);
    CHECK_INT(json_write(&out, fields, count, s), 0);
    CHECK_STR(buf_str(&out), want);
    CHECK(strict_json_valid(buf_str(&out), NULL, NULL));
    buf_free(&out);
}

#define WRITES(source, want, ...)                                                                                      \
    check((const struct field[]){__VA_ARGS__}, sizeof((const struct field[]){__VA_ARGS__}) / sizeof(struct field),     \
          &(source), want)

static void kinds(void)
{
    struct source s = {.a = STR("x"), .raw = STR("[1, {}]"), .num = -1.5, .whole = -42, .yes = true};
    WRITES(s, "{\"a\":\"x\",\"raw\":[1, {}],\"num\":-1.5,\"whole\":-42,\"yes\":true}", A("a", 0),
           FIELD(struct source, raw, "raw", RAW, 0), FIELD(struct source, num, "num", NUM, 0),
           FIELD(struct source, whole, "whole", INT, 0), FIELD(struct source, yes, "yes", BOOL, 0));
    struct source none = {.num = NAN};
    WRITES(none, "{\"a\":null,\"raw\":null,\"num\":null,\"whole\":0,\"yes\":false}", A("a", 0),
           FIELD(struct source, raw, "raw", RAW, 0), FIELD(struct source, num, "num", NUM, 0),
           FIELD(struct source, whole, "whole", INT, 0), FIELD(struct source, yes, "yes", BOOL, 0));
    WRITES(none, "{}", A("a", OMIT), FIELD(struct source, raw, "raw", RAW, OMIT),
           FIELD(struct source, num, "num", NUM, OMIT), FIELD(struct source, whole, "whole", INT, OMIT),
           FIELD(struct source, yes, "yes", BOOL, OMIT));
    struct source empty = {.a = STR(""), .num = 0};
    WRITES(empty, "{\"a\":\"\",\"num\":0}", A("a", OMIT), FIELD(struct source, num, "num", NUM, OMIT));
}

static void numbers(void)
{
    static const struct {
        double num;
        const char *want;
    } rows[] = {{0, "{\"n\":0}"},        {-0.0, "{\"n\":-0}"},       {1e21, "{\"n\":1e+21}"},     {0.1, "{\"n\":0.1}"},
                {1e-7, "{\"n\":1e-07}"}, {INFINITY, "{\"n\":null}"}, {-INFINITY, "{\"n\":null}"}, {NAN, "{\"n\":null}"},
                {60.7, "{\"n\":60.7}"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source s = {.num = rows[i].num};
        WRITES(s, rows[i].want, FIELD(struct source, num, "n", NUM, 0));
    }
    struct source s = {.whole = INT64_MIN};
    WRITES(s, "{\"n\":-9223372036854775808}", FIELD(struct source, whole, "n", INT, 0));
}

static void nesting(void)
{
    struct source s = {.a = STR("1"), .b = STR("2"), .c = STR("3")};
    WRITES(s, "{}", FIELD(struct source, yes, "yes", BOOL, OMIT));
    WRITES(s, "{\"x\":{\"y\":{\"z\":\"1\"}}}", A("x.y.z", 0));
    WRITES(s, "{\"x\":{\"y\":\"1\",\"z\":\"2\"},\"w\":\"3\"}", A("x.y", 0), B("x.z", 0), C("w", 0));
    WRITES(s, "{\"w\":\"1\",\"x\":{\"y\":\"2\"},\"z\":\"3\"}", A("w", 0), B("x.y", 0), C("z", 0));
    WRITES(s, "{\"x\":{\"y\":{\"a\":\"1\"},\"z\":{\"a\":\"2\"}},\"a\":{\"a\":\"3\"}}", A("x.y.a", 0), B("x.z.a", 0),
           C("a.a", 0));
    WRITES(s, "{\"x\":{\"a\":\"1\",\"y\":{\"b\":\"2\"},\"c\":\"3\"}}", A("x.a", 0), B("x.y.b", 0), C("x.c", 0));
    /* A key that begins like the open one is another key. */
    WRITES(s, "{\"x\":{\"a\":\"1\"},\"xy\":{\"b\":\"2\"},\"x-y\":{\"c\":\"3\"}}", A("x.a", 0), B("xy.b", 0),
           C("x-y.c", 0));
    WRITES(s, "{\"x\":{\"y\":{\"a\":\"1\"},\"yz\":{\"b\":\"2\"}},\"c\":\"3\"}", A("x.y.a", 0), B("x.yz.b", 0),
           C("c", 0));
    WRITES(s, "{\"xy\":{\"a\":\"1\"},\"x\":{\"b\":\"2\"}}", A("xy.a", 0), B("x.b", 0));
}

static void what_is_omitted_opens_nothing(void)
{
    struct source s = {.b = STR("2")};
    WRITES(s, "{\"b\":\"2\"}", A("x.y.a", OMIT), B("b", OMIT), C("c", OMIT));
    WRITES(s, "{\"x\":{\"b\":\"2\"}}", A("x.a", OMIT), B("x.b", OMIT), C("x.c", OMIT));
    WRITES(s, "{\"x\":{\"y\":{\"b\":\"2\"}}}", A("x.a", OMIT), B("x.y.b", 0), C("z.c", OMIT));
    WRITES(s, "{}", A("x.a", OMIT), C("x.c", OMIT));
}

struct row {
    struct str text;
    const char *json;
};

static const struct row rows[] = {
    {STR(""), "\"\""},
    {{NULL, 0}, "\"\""},
    {STR("plain"), "\"plain\""},
    {STR("\""), "\"\\\"\""},
    {STR("\\"), "\"\\\\\""},
    {STR("\\\""), "\"\\\\\\\"\""},
    {STR("\"a\"\"b"), "\"\\\"a\\\"\\\"b\""},
    {STR("/<>&'"), "\"/<>&'\""},
    {STR("\n\r\t\b\f"), "\"\\u000a\\u000d\\u0009\\u0008\\u000c\""},
    {STR("\x01\x1f x\x7f"), "\"\\u0001\\u001f x\x7f\""},
    {STR("caf\xc3\xa9 \xf0\x9f\x98\x80"), "\"caf\xc3\xa9 \xf0\x9f\x98\x80\""},
    {STR("\\u0000"), "\"\\\\u0000\""},
};

static void strings(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = buf_make(100);
        tap_case(rows[i].json);
        CHECK_INT(json_write_string(&out, rows[i].text), 0);
        CHECK_STR(buf_str(&out), rows[i].json);
        CHECK(strict_json_valid(buf_str(&out), NULL, NULL));
        buf_free(&out);
    }
}

/* With each cap that is too small the answer is an error, and nothing is written past the cap. */
static void a_full_buffer_is_an_error(void)
{
    static const struct field fields[] = {A("x.y", 0), B("x.z", 0), C("w", 0)};
    struct source s = {.a = STR("a\n"), .b = STR("\"b"), .c = STR("c")};
    static const char want[] = "{\"x\":{\"y\":\"a\\u000a\",\"z\":\"\\\"b\"},\"w\":\"c\"}";
    for (size_t cap = 0; cap <= sizeof(want) + 4; cap++) {
        struct buf out = buf_make(cap);
        int rc = json_write(&out, fields, 3, &s);
        CHECK(out.len <= cap);
        if (cap < sizeof(want) - 1) {
            CHECK_INT(rc, ERR_TOO_LARGE);
        } else if (rc == 0) {
            CHECK_STR(buf_str(&out), want);
        }
        CHECK_INT(cap > sizeof(want) ? rc : 0, 0);
        buf_free(&out);
    }
}

/* What was written is read again. */
static void there_and_back(void)
{
    static const struct field fields[] = {A("x.a", 0), B("x.y.b", 0), FIELD(struct source, num, "num", NUM, 0)};
    struct source s = {.a = STR("\"\\\n\x01/\xc3\xa9"), .b = STR(""), .num = 60.70000001}, back;
    struct json_shape *shape = json_shape_new(fields, 3);
    struct arena a = {0};
    struct buf out = buf_make(1000);
    CHECK_INT(json_write(&out, fields, 3, &s), 0);
    struct json_pass pass = {
        .shape = shape, .doc = buf_str(&out), .target = &back, .target_bytes = sizeof(back), .arena = &a};
    CHECK_INT(json_read(&pass), 0);
    CHECK(str_eq(back.a, s.a));
    CHECK_STR(back.b, "");
    CHECK(back.num == s.num);
    json_shape_free(shape);
    buf_free(&out);
    arena_free(&a);
}

TAP_MAIN(TEST(kinds), TEST(numbers), TEST(nesting), TEST(what_is_omitted_opens_nothing), TEST(strings),
         TEST(a_full_buffer_is_an_error), TEST(there_and_back))
