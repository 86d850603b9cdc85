/* json_read: what stays of the document. Each row is a document and what must be kept of it; every kept document is read
 * by a second, strict parser, and reading it again must keep all of it. */
#include "caps.h"
#include "json.h"
#include "strict_json.h"
#include "tap.h"

struct said {
    struct str text;
};

struct target {
    struct str type, deep, twin_text, snapshot;
    struct field_list_value one, two, said;
};

static const struct field said_fields[] = {
    FIELD(struct said, text, "text", STR, 0),
    FIELD_RULE("noise", FIELD_DROP),
};
static const struct field_items said_items = {said_fields, FIELD_COUNT(said_fields), sizeof(struct said)};
static const struct field fields[] = {
    FIELD(struct target, type, "type", STR, 0),
    FIELD_RULE("drop", FIELD_DROP),
    FIELD_RULE("dive", FIELD_DROP),
    FIELD(struct target, deep, "dive.in.deep", STR, 0),
    FIELD_RULE("half.drop", FIELD_DROP),
    FIELD_RULE("again", FIELD_REPEATED),
    FIELD_RULE("shot", FIELD_REPEATED | FIELD_DROP),
    FIELD(struct target, snapshot, "shot.name", STR, 0),
    FIELD_ITEMS(struct target, said, "again.said", said_items, 0),
    FIELD_ITEMS_DOUBLE(struct target, one, "one", said_items, two),
    FIELD_ITEMS_DOUBLE(struct target, two, "two", said_items, one),
    FIELD(struct target, twin_text, "word", STR, 0),
    FIELD_DOUBLE(struct target, twin_text, "word2", STR, twin_text),
};

static const struct str secrets[] = {STR("secret"), STR("apiKey")};
static struct json_shape *shape;

static enum json_keep keep_repeated(const void *target)
{
    const struct target *t = target;
    return !t->type.p ? JSON_KEEP_UNKNOWN : str_eq(t->type, STR("full")) ? JSON_KEEP_YES : JSON_KEEP_NO;
}

static int read_doc(struct str doc, bool scratch, struct arena *a, struct target *t, struct buf *kept)
{
    char *exact = malloc(doc.n + 1);
    memcpy(exact, doc.p, doc.n);
    *kept = buf_make(doc.n + 64);
    struct json_pass pass = {.shape = shape,
                             .doc = {exact, doc.n},
                             .scratch = scratch ? exact : NULL,
                             .target = t,
                             .target_bytes = sizeof(*t),
                             .arena = a,
                             .kept = kept,
                             .keep_repeated = keep_repeated,
                             .secrets = secrets,
                             .secret_count = sizeof(secrets) / sizeof(secrets[0])};
    int rc = json_read(&pass);
    free(exact);
    return rc;
}

static void check_kept(const char *doc, const char *want, bool scratch)
{
    struct arena a = {0};
    struct target t;
    struct buf kept, again;
    tap_case(doc);
    CHECK_INT(read_doc(str_of(doc), scratch, &a, &t, &kept), 0);
    CHECK_STR(buf_str(&kept), want);
    CHECK(strict_json_valid(buf_str(&kept), NULL, NULL));
    CHECK_INT(read_doc(buf_str(&kept), scratch, &a, &t, &again), 0);
    CHECK_STR(buf_str(&again), want);
    buf_free(&kept);
    buf_free(&again);
    arena_free(&a);
}

struct row {
    const char *doc, *kept;
};

static void check_rows(const struct row *rows, size_t count)
{
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    for (size_t i = 0; i < count; i++) {
        check_kept(rows[i].doc, rows[i].kept, false);
        check_kept(rows[i].doc, rows[i].kept, true);
    }
    json_shape_free(shape);
}

#define ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void members_that_go(void)
{
    static const struct row rows[] = {
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}"},
        {"{\"drop\":1}", "{}"},
        {"{\"drop\":1,\"a\":2}", "{\"a\":2}"},
        {"{\"a\":2,\"drop\":1}", "{\"a\":2}"},
        {"{\"a\":2,\"drop\":1,\"b\":3}", "{\"a\":2,\"b\":3}"},
        {"{\"drop\":1,\"a\":2,\"drop\":1}", "{\"a\":2}"},
        {"{\"drop\":1,\"drop\":2,\"a\":3,\"drop\":4,\"drop\":5,\"b\":6,\"drop\":7,\"drop\":8}", "{\"a\":3,\"b\":6}"},
        {"{\"drop\":1,\"drop\":2}", "{}"},
        {"{\"half\":{\"drop\":1}}", "{\"half\":{}}"},
        {"{\"half\":{\"drop\":1,\"a\":2}}", "{\"half\":{\"a\":2}}"},
        {"{\"half\":{\"a\":2,\"drop\":1},\"b\":3}", "{\"half\":{\"a\":2},\"b\":3}"},
        {"{\"half\":{\"drop\":{\"drop\":1}},\"drop\":[],\"b\":3}", "{\"half\":{},\"b\":3}"},
        {"{\"other\":{\"drop\":1}}", "{\"other\":{\"drop\":1}}"},
        {"{\"dr\\u006fp\":1,\"a\":2}", "{\"a\":2}"},
        {"{\"Drop\":1,\"drop \":2,\"dro\":3,\"\":4}", "{\"Drop\":1,\"drop \":2,\"dro\":3,\"\":4}"},
        {"[{\"drop\":1}]", "[{\"drop\":1}]"},
        {"[]", "[]"},
        {"{}", "{}"},
        {"null", "null"},
        {"12", "12"},
    };
    ROWS(rows);
}

static void values_that_go(void)
{
    static const char *const values[] = {"1",
                                         "-0.5e-3",
                                         "\"\"",
                                         "\"x\"",
                                         "\"\\\"\"",
                                         "\"\\\\\"",
                                         "\"\\\\\\\"\"",
                                         "\"a,}]:{[b\"",
                                         "true",
                                         "false",
                                         "null",
                                         "{}",
                                         "[]",
                                         "[[],{},[{}]]",
                                         "{\"a\":[1,{\"b\":\"}\"}],\"c\":\"]\"}",
                                         "[\"\\\\\",\"]\"]",
                                         "{\"secret\":{\"drop\":{}}}",
                                         "\"\xf0\x9f\x98\x80\"",
                                         "[1,2,3]",
                                         "{\"\":{\"\":\"\"}}",
                                         "{\"a\\\"}\":1}"};
    static const char *const forms[] = {
        "{\"drop\":%s}",
        "{\"drop\":%s,\"a\":1}",
        "{\"a\":1,\"drop\":%s}",
        "{\"a\":1,\"drop\":%s,\"b\":2}",
        " { \"a\" : 1 , \"drop\"\t:\r\n %s , \"b\" : 2 } ",
        " { \"drop\" : %s , \"a\" : 1 } ",
        "{\"a\":[{\"x\":{\"secret\":%s}},{\"secret\":%s,\"y\":1}]}",
    };
    static const char *const kept[] = {
        "{}",
        "{\"a\":1}",
        "{\"a\":1}",
        "{\"a\":1,\"b\":2}",
        " {\"a\" : 1 , \"b\" : 2 } ",
        " {\"a\" : 1 } ",
        "{\"a\":[{\"x\":{}},{\"y\":1}]}",
    };
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]) * 2; i++) {
        for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
            char doc[512];
            const char *percent = strstr(forms[k], "%s"), *second = strstr(percent + 2, "%s");
            snprintf(doc, sizeof(doc), "%.*s%s%.*s%s%s", (int)(percent - forms[k]), forms[k], values[i / 2],
                     second ? (int)(second - percent - 2) : (int)strlen(percent + 2), percent + 2,
                     second ? values[i / 2] : "", second ? second + 2 : "");
            check_kept(doc, kept[k], i % 2);
        }
    }
    json_shape_free(shape);
}

static void blanks(void)
{
    static const struct row rows[] = {
        {" { \"drop\" : 1 } ", " { } "},
        {"{ \"drop\" : 1 , \"a\" : 2 }", "{\"a\" : 2 }"},
        {"{\n\t\"a\" : 2 ,\n\t\"drop\" : 1\n}\n", "{\"a\" : 2\n}\n"},
        {"{\r\n \"drop\" : { \"a\" : 1 } ,\r\n \"drop\" : [ ] ,\r\n \"b\" : 1 }", "{\"b\" : 1 }"},
        {"{\"a\":[ ],\"drop\" : [ 1 , 2 ] ,\"b\":{ } }", "{\"a\":[ ] ,\"b\":{ } }"},
    };
    ROWS(rows);
}

static void secrets_at_any_depth(void)
{
    static const struct row rows[] = {
        {"{\"secret\":\"s\"}", "{}"},
        {"{\"a\":{\"b\":{\"secret\":\"s\",\"c\":1}}}", "{\"a\":{\"b\":{\"c\":1}}}"},
        {"[[[{\"apiKey\":\"s\"},{\"a\":1,\"apiKey\":{\"x\":1}}]]]", "[[[{},{\"a\":1}]]]"},
        {"{\"one\":[{\"text\":\"t\",\"secret\":1}]}", "{\"one\":[{\"text\":\"t\"}]}"},
        {"{\"sec\\u0072et\":\"s\",\"api\\u004Bey\":\"s\"}", "{}"},
        {"{\"secrets\":1,\"Secret\":2,\"apikey\":3}", "{\"secrets\":1,\"Secret\":2,\"apikey\":3}"},
        {"{\"a\":\"secret\",\"b\":[\"apiKey\"]}", "{\"a\":\"secret\",\"b\":[\"apiKey\"]}"},
        {"{\"type\":\"full\",\"again\":{\"said\":[{\"secret\":1,\"text\":\"t\"}],\"apiKey\":1}}",
         "{\"type\":\"full\",\"again\":{\"said\":[{\"text\":\"t\"}]}}"},
    };
    ROWS(rows);
}

static void repeated_subtrees(void)
{
    static const struct row rows[] = {
        {"{\"type\":\"full\",\"again\":{\"x\":1}}", "{\"type\":\"full\",\"again\":{\"x\":1}}"},
        {"{\"type\":\"part\",\"again\":{\"x\":1}}", "{\"type\":\"part\"}"},
        {"{\"again\":{\"x\":1},\"type\":\"full\"}", "{\"again\":{\"x\":1},\"type\":\"full\"}"},
        {"{\"again\":{\"x\":1},\"type\":\"part\"}", "{\"type\":\"part\"}"},
        {"{\"a\":1,\"again\":[1,2],\"b\":2,\"type\":\"part\",\"again\":3}", "{\"a\":1,\"b\":2,\"type\":\"part\"}"},
        {"{\"again\":{\"x\":1}}", "{\"again\":{\"x\":1}}"},
        {"{\"again\":{\"x\":1},\"type\":null}", "{\"again\":{\"x\":1},\"type\":null}"},
        {"{\"again\":{\"x\":1},\"type\":\"\"}", "{\"type\":\"\"}"},
        {"{\"again\":{\"type\":\"full\"},\"type\":\"part\"}", "{\"type\":\"part\"}"},
        {"{\"type\":\"full\",\"again\":{\"said\":[{\"text\":\"t\",\"noise\":[1]},{\"noise\":2}]}}",
         "{\"type\":\"full\",\"again\":{\"said\":[{\"text\":\"t\"},{}]}}"},
        {"{\"drop\":{\"again\":1},\"again\":{\"drop\":1},\"type\":\"part\"}", "{\"type\":\"part\"}"},
    };
    ROWS(rows);
}

/* Repeated and dropped: read every time, kept only when repeated ones are. */
static void snapshots(void)
{
    static const struct row rows[] = {
        {"{\"type\":\"full\",\"shot\":{\"name\":\"n\",\"x\":[1]}}",
         "{\"type\":\"full\",\"shot\":{\"name\":\"n\",\"x\":[1]}}"},
        {"{\"type\":\"part\",\"shot\":{\"name\":\"n\",\"x\":[1]}}", "{\"type\":\"part\"}"},
        {"{\"shot\":{\"name\":\"n\"},\"type\":\"part\"}", "{\"type\":\"part\"}"},
        {"{\"shot\":{\"name\":\"n\",\"secret\":1},\"type\":\"full\"}", "{\"shot\":{\"name\":\"n\"},\"type\":\"full\"}"},
        {"{\"shot\":{\"name\":\"n\"}}", "{\"shot\":{\"name\":\"n\"}}"},
    };
    ROWS(rows);
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) * 2; i++) {
        struct arena a = {0};
        struct target t;
        struct buf kept;
        CHECK_INT(read_doc(str_of(rows[i / 2].doc), i % 2, &a, &t, &kept), 0);
        CHECK_STR(t.snapshot, "n");
        buf_free(&kept);
        arena_free(&a);
    }
    json_shape_free(shape);
}

static void twins(void)
{
    static const struct row rows[] = {
        {"{\"one\":[{\"text\":\"t\"}],\"two\":[{\"text\":\"t\"}]}", "{\"one\":[{\"text\":\"t\"}]}"},
        {"{\"two\":[{\"text\":\"t\"}],\"one\":[{\"text\":\"t\"}]}", "{\"two\":[{\"text\":\"t\"}]}"},
        {"{\"one\":[],\"two\":[{\"text\":\"t\"}]}", "{\"one\":[],\"two\":[{\"text\":\"t\"}]}"},
        {"{\"one\":null,\"two\":[{\"text\":\"t\"}]}", "{\"one\":null,\"two\":[{\"text\":\"t\"}]}"},
        {"{\"one\":[{}],\"two\":[{\"text\":\"t\"}]}", "{\"one\":[{}]}"},
        {"{\"two\":[{\"text\":\"t\",\"noise\":1}]}", "{\"two\":[{\"text\":\"t\"}]}"},
        {"{\"word\":\"w\",\"word2\":\"w\"}", "{\"word\":\"w\"}"},
        {"{\"word\":null,\"word2\":\"w\"}", "{\"word\":null,\"word2\":\"w\"}"},
        {"{\"word2\":\"w\"}", "{\"word2\":\"w\"}"},
    };
    ROWS(rows);
}

static void dropped_is_still_read(void)
{
    static const struct str doc = STR(
        "{\"dive\":{\"x\":{},\"in\":{\"deep\":\"down\",\"y\":[1]}},\"one\":[{\"text\":\"1\"}],\"two\":[{\"text\":\"2\"}],"
        "\"again\":{\"said\":[{\"text\":\"no\"}]},\"type\":\"part\",\"secret\":{\"type\":\"full\"}}");
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    for (int scratch = 0; scratch < 2; scratch++) {
        struct arena a = {0};
        struct target t;
        struct buf kept;
        CHECK_INT(read_doc(doc, scratch, &a, &t, &kept), 0);
        CHECK_STR(t.deep, "down");
        CHECK_STR(t.type, "part");
        CHECK_INT((long long)t.one.count, 1);
        CHECK_INT((long long)t.two.count, 0);
        CHECK_INT((long long)t.said.count, 0);
        CHECK_STR(buf_str(&kept), "{\"one\":[{\"text\":\"1\"}],\"type\":\"part\"}");
        buf_free(&kept);
        arena_free(&a);
    }
    json_shape_free(shape);
}

/* What is dropped unread may be skipped without being understood, but never so that the rest is misread. */
static void cut_documents_are_refused(void)
{
    static const char doc[] =
        "{\"a\":{\"secret\":[\"x\\\\\",{\"y\":\"}\"}],\"b\":2},\"drop\":{\"z\":[1,\"]\"]},\"dive\":{\"in\":"
        "{\"deep\":\"d\"}},\"again\":{\"q\":-1.5},\"type\":\"part\"}";
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    for (size_t n = 0; n < 2 * sizeof(doc) - 2; n++) {
        struct arena a = {0};
        struct target t;
        struct buf kept;
        CHECK_INT(read_doc((struct str){doc, n / 2}, n % 2, &a, &t, &kept), ERR_BAD_JSON);
        buf_free(&kept);
        arena_free(&a);
    }
    json_shape_free(shape);
}

static void a_full_buffer_is_an_error(void)
{
    struct arena a = {0};
    struct target t;
    struct buf kept = buf_make(10);
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    struct json_pass pass = {.shape = shape,
                             .doc = STR("{\"a\":\"123456\"}"),
                             .target = &t,
                             .target_bytes = sizeof(t),
                             .arena = &a,
                             .kept = &kept};
    CHECK_INT(json_read(&pass), ERR_TOO_LARGE);
    kept.cap = 14;
    CHECK_INT(json_read(&pass), 0);
    CHECK_STR(buf_str(&kept), "{\"a\":\"123456\"}");
    json_shape_free(shape);
    buf_free(&kept);
    arena_free(&a);
}

TAP_MAIN(TEST(members_that_go), TEST(values_that_go), TEST(blanks), TEST(secrets_at_any_depth), TEST(repeated_subtrees),
         TEST(snapshots), TEST(twins), TEST(dropped_is_still_read), TEST(cut_documents_are_refused),
         TEST(a_full_buffer_is_an_error))
