/* json_read: what lands in the struct. Each row is a document and the struct it makes, written out by dump(). */
#include "caps.h"
#include "json.h"
#include "tap.h"
#include <math.h>

struct leaf {
    struct str word;
};

struct item {
    struct str id, deep;
    double num;
    struct field_list_value leaves;
};

struct target {
    struct str text, raw, inner;
    double num;
    int64_t whole, time_us;
    bool yes, seen;
    struct field_list_value items;
};

#define T(member, path, kind) FIELD(struct target, member, path, kind, 0)
static const struct field leaf_fields[] = {FIELD(struct leaf, word, "word", STR, 0)};
static const struct field_items leaf_items = {leaf_fields, 1, sizeof(struct leaf)};
static const struct field item_fields[] = {
    FIELD(struct item, id, "id", STR, 0),
    FIELD(struct item, deep, "in.deep", STR, 0),
    FIELD(struct item, num, "num", NUM, 0),
    FIELD_ITEMS(struct item, leaves, "leaves", leaf_items, 0),
};
static const struct field_items item_items = {item_fields, FIELD_COUNT(item_fields), sizeof(struct item)};
static const struct field fields[] = {
    T(text, "text", STR), T(raw, "raw", RAW),     T(inner, "raw.inner", STR),
    T(num, "num", NUM),   T(whole, "whole", INT), T(time_us, "time", TIME),
    T(yes, "yes", BOOL),  T(seen, "seen", SEEN),  FIELD_ITEMS(struct target, items, "items", item_items, 0),
};

static void reset(void *target)
{
    ((struct target *)target)->num = NAN;
}

static void add(struct buf *out, const char *name, struct str value)
{
    if (value.p) {
        CHECK_INT(buf_printf(out, "%s=%.*s ", name, (int)value.n, value.p), 0);
    }
}

static void add_number(struct buf *out, const char *name, double value)
{
    if (!isnan(value)) {
        CHECK_INT(buf_printf(out, "%s=%.15g ", name, value), 0);
    }
}

static void add_item(struct buf *out, const struct item *i)
{
    CHECK_INT(buf_append(out, STR("(")), 0);
    add(out, "id", i->id);
    add(out, "deep", i->deep);
    add_number(out, "num", i->num != 0 ? i->num : NAN);
    for (size_t k = 0; k < i->leaves.count; k++) {
        add(out, "leaf", ((struct leaf *)i->leaves.items)[k].word);
    }
    CHECK_INT(buf_append(out, STR(")")), 0);
}

static void dump(struct buf *out, const struct target *t)
{
    add(out, "text", t->text);
    add(out, "raw", t->raw);
    add(out, "inner", t->inner);
    add_number(out, "num", t->num);
    add_number(out, "whole", t->whole ? (double)t->whole : NAN);
    add_number(out, "time", t->time_us ? (double)t->time_us : NAN);
    add(out, "yes", t->yes ? STR("1") : (struct str){NULL, 0});
    add(out, "seen", t->seen ? STR("1") : (struct str){NULL, 0});
    for (size_t i = 0; i < t->items.count; i++) {
        add_item(out, &((struct item *)t->items.items)[i]);
    }
}

struct row {
    const char *doc;
    const char *dumped; /* NULL: ERR_BAD_JSON */
};

static struct json_shape *shape;

static int read_doc(struct str doc, struct target *t, struct arena *a)
{
    struct json_pass pass = {
        .shape = shape, .doc = doc, .target = t, .target_bytes = sizeof(*t), .reset = reset, .arena = a};
    return json_read(&pass);
}

static void check_row(const struct row *r)
{
    struct arena a = {0};
    struct target t;
    struct buf out = buf_make(1 << 16);
    /* Exactly as long as the document, so that a read past its end is noticed. */
    size_t n = strlen(r->doc);
    char *exact = malloc(n ? n : 1);
    memcpy(exact, r->doc, n);
    tap_case(r->doc);
    int rc = read_doc((struct str){exact, n}, &t, &a);
    free(exact);
    CHECK_INT(rc, r->dumped ? 0 : ERR_BAD_JSON);
    if (rc == 0 && r->dumped) {
        dump(&out, &t);
        CHECK_STR(str_trim(buf_str(&out)), r->dumped);
    }
    buf_free(&out);
    arena_free(&a);
}

static void check_rows(const struct row *rows, size_t count)
{
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    for (size_t i = 0; i < count; i++) {
        check_row(&rows[i]);
    }
    json_shape_free(shape);
}

#define ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void every_kind(void)
{
    static const struct row rows[] = {
        {"{}", ""},
        {" \t\r\n{ } \n", ""},
        {"{\"text\":\"a\"}", "text=a"},
        {"{\"text\":\"\"}", "text="},
        {"{\"text\":null}", ""},
        {"{\"text\":12.50}", "text=12.50"},
        {"{\"text\":-0}", "text=-0"},
        {"{\"text\":true}", "text=true"},
        {"{\"text\":{\"text\":\"in\"}}", ""},
        {"{\"text\":[\"in\"]}", ""},
        {"{\"num\":1}", "num=1"},
        {"{\"num\":-1.25e2}", "num=-125"},
        {"{\"num\":1E+2}", "num=100"},
        {"{\"num\":25e-2}", "num=0.25"},
        {"{\"num\":0}", "num=0"},
        {"{\"num\":-0.0}", "num=-0"},
        {"{\"num\":null}", ""},
        {"{\"num\":\"5\"}", ""},
        {"{\"num\":true}", ""},
        {"{\"num\":[5]}", ""},
        {"{\"num\":1e999}", ""},
        {"{\"whole\":7}", "whole=7"},
        {"{\"whole\":7.0}", "whole=7"},
        {"{\"whole\":7e3}", "whole=7000"},
        {"{\"whole\":-9000000000000000}", "whole=-9e+15"},
        {"{\"whole\":1e16}", ""},
        {"{\"whole\":\"7\"}", ""},
        {"{\"time\":1795014249000}", "time=1.795014249e+15"},
        {"{\"time\":1.795014249e12}", "time=1.795014249e+15"},
        {"{\"time\":\"2026-11-18T15:04:09.000Z\"}", "time=1.795014249e+15"},
        {"{\"time\":\"1795014249\"}", "time=1.795014249e+15"},
        {"{\"time\":-5}", ""},
        {"{\"time\":\"soon\"}", ""},
        {"{\"time\":true}", ""},
        {"{\"time\":{}}", ""},
        {"{\"yes\":true}", "yes=1"},
        {"{\"yes\":false}", ""},
        {"{\"yes\":\"true\"}", ""},
        {"{\"yes\":{}}", ""},
        {"{\"seen\":1}", "seen=1"},
        {"{\"seen\":{}}", "seen=1"},
        {"{\"seen\":[]}", "seen=1"},
        {"{\"seen\":false}", "seen=1"},
        {"{\"seen\":null}", ""},
        {"{\"seen\":[null]}", "seen=1"},
    };
    ROWS(rows);
}

static void raw_values(void)
{
    static const struct row rows[] = {
        {"{\"raw\":1}", "raw=1"},
        {"{\"raw\" : -1.5e3 ,\"text\":\"a\"}", "text=a raw=-1.5e3"},
        {"{\"raw\" \t:\r\n \"a\\\"b\" }", "raw=\"a\\\"b\""},
        {"{\"raw\":true}", "raw=true"},
        {"{\"raw\":null}", ""},
        {"{\"raw\":\"\"}", "raw=\"\""},
        {"{\"raw\":{}}", "raw={}"},
        {"{\"raw\": [ 1 , {\"raw\":2} ] , \"num\":3}", "raw=[ 1 , {\"raw\":2} ] num=3"},
        {"{\"raw\":{\"inner\":\"x\"}}", "raw={\"inner\":\"x\"} inner=x"},
        {"{\"raw\":{\"a\":{\"inner\":\"x\"}}}", "raw={\"a\":{\"inner\":\"x\"}}"},
        {"{\"raw\":[{\"inner\":\"x\"}]}", "raw=[{\"inner\":\"x\"}]"},
        {"{\"raw\":{\"inner\":[]}}", "raw={\"inner\":[]}"},
    };
    ROWS(rows);
}

static void lists(void)
{
    static const struct row rows[] = {
        {"{\"items\":[]}", ""},
        {"{\"items\":null}", ""},
        {"{\"items\":5}", ""},
        {"{\"items\":{}}", ""},
        {"{\"items\":{\"id\":\"a\"}}", ""},
        {"{\"items\":{\"0\":{\"id\":\"a\"}}}", ""},
        {"{\"items\":[{}]}", "()"},
        {"{\"items\":[{\"id\":\"a\"}]}", "(id=a )"},
        {"{\"items\":[{\"id\":\"a\"},{\"id\":\"b\",\"num\":2}]}", "(id=a )(id=b num=2 )"},
        {"{\"items\":[{\"in\":{\"deep\":\"x\"},\"deep\":\"no\"}]}", "(deep=x )"},
        {"{\"items\":[null,1,\"id\",true,{\"id\":\"a\"}]}", "()()()()(id=a )"},
        {"{\"items\":[[{\"id\":\"a\"}],[[]]]}", "()()"},
        {"{\"items\":[{\"leaves\":[{\"word\":\"x\"},{\"word\":\"y\"}]},{\"leaves\":[{\"word\":\"z\"}]}]}",
         "(leaf=x leaf=y )(leaf=z )"},
        {"{\"items\":[{\"leaves\":[[{\"word\":\"x\"}]]}]}", "()"},
        {"{\"items\":[{\"leaves\":{\"word\":\"x\"}}]}", "()"},
        {"{\"items\":[{\"items\":[{\"id\":\"x\"}]}]}", "()"},
        {"{\"items\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"},{\"id\":\"4\"},{\"id\":\"5\"},{\"id\":\"6\"},"
         "{\"id\":\"7\"},{\"id\":\"8\",\"leaves\":[{\"word\":\"w\"}]},{\"id\":\"9\"}]}",
         "(id=1 )(id=2 )(id=3 )(id=4 )(id=5 )(id=6 )(id=7 )(id=8 leaf=w )(id=9 )"},
        {"{\"id\":\"out\",\"items\":[{\"text\":\"a\"}],\"text\":\"b\"}", "text=b ()"},
    };
    ROWS(rows);
}

static void keys_and_escapes(void)
{
    static const struct row rows[] = {
        {"{\"te\\u0078t\":\"a\"}", "text=a"},
        {"{\"te\\\\xt\":\"a\"}", ""},
        {"{\"\":\"a\",\"text\":\"b\"}", "text=b"},
        {"{\"\":{\"text\":\"a\"}}", ""},
        {"{\"raw.inner\":\"a\"}", ""},
        {"{\"[]\":\"a\"}", ""},
        {"{\"items\":[{\"[]\":1,\"in.deep\":\"x\"}]}", "()"},
        {"{\"text \":\"a\"}", ""},
        {"{\"Text\":\"a\"}", ""},
        {"{\"text\":\"\\\"\\\\\\/\\b\\f\\n\\r\\tx\"}", "text=\"\\/\b\f\n\r\tx"},
        {"{\"text\":\"\\u00e9\\u20AC\\ud83d\\ude00\"}", "text=\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"{\"text\":\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"}", "text=\xc3\xa9\xf0\x9f\x98\x80\x7f"},
        {"{\"text\":\"a}],[{:\\\"\"}", "text=a}],[{:\""},
        /* A text with an escape is followed by another: each must keep its own bytes. */
        {"{\"text\":\"a\\nb\",\"raw\":{\"inner\":\"c\\td\"}}", "text=a\nb raw={\"inner\":\"c\\td\"} inner=c\td"},
    };
    ROWS(rows);
}

static void keys_that_occur_twice(void)
{
    static const struct row rows[] = {
        {"{\"text\":\"a\",\"text\":\"b\"}", "text=b"},
        {"{\"num\":1,\"num\":2}", "num=2"},
        {"{\"items\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"items\":[{\"id\":\"c\"}]}", "(id=c )"},
        {"{\"items\":[{\"id\":\"a\"}],\"items\":[]}", ""},
        {"{\"items\":[{\"id\":\"a\",\"id\":\"b\"}]}", "(id=b )"},
        {"{\"raw\":{\"a\":1},\"raw\":[2]}", "raw=[2]"},
        {"{\"time\":\"2026-11-18T15:04:09Z\",\"time\":1795014250000}", "time=1.79501425e+15"},
    };
    ROWS(rows);
}

static void refuse(const char *const *docs, size_t count)
{
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    for (size_t i = 0; i < count; i++) {
        check_row(&(struct row){docs[i], NULL});
    }
    json_shape_free(shape);
}

static void bad_structure(void)
{
    static const char *const docs[] = {"{\"raw\":25",
                                       "{\"raw\": 25",
                                       "{\"items\":[{\"num\":2",
                                       "{\"whole\":1",
                                       "[1",
                                       "-",
                                       "1 2",
                                       "1 \"",
                                       "{} \"",
                                       "{}\"x",
                                       "[]\n\"x",
                                       "1 \"",
                                       "\"a\"\"",
                                       "{}tr",
                                       "{}\\",
                                       "",
                                       " ",
                                       "{",
                                       "}",
                                       "{}}",
                                       "{} {}",
                                       "{}x",
                                       "{}[",
                                       "{]",
                                       "[}",
                                       "{,}",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "{\"a\":1,}",
                                       "{\"a\":1 \"b\":2}",
                                       "{a:1}",
                                       "{'a':1}",
                                       "{1:1}",
                                       "{\"a\":1;}",
                                       "[1,]",
                                       "[,1]",
                                       "[1 2]",
                                       "[1,,2]"};
    refuse(docs, sizeof(docs) / sizeof(docs[0]));
}

static void bad_tokens(void)
{
    static const char *const docs[] = {"[01]",        "[-]",          "[+1]",         "[1.]",
                                       "[.5]",        "[1e]",         "[1e+]",        "[0x1]",
                                       "[NaN]",       "[Infinity]",   "[-Infinity]",  "[tru]",
                                       "[True]",      "[truefalse]",  "[nul]",        "[undefined]",
                                       "[\"a]",       "[\"\\x\"]",    "[\"\\u12\"]",  "[\"\\u123g\"]",
                                       "[\"\n\"]",    "[\"\t\"]",     "[\"\x1f\"]",   "[1]//",
                                       "[1/**/]",     "/**/[1]",      "#\n[1]",       "\xef\xbb\xbf{}",
                                       "{\"a\":1\v}", "\f{}",         "{}\v",         "{\v\"text\":\"a\"}",
                                       "{\"a\"\f:1}", "{\"a\":\x01}", "{\"a\":\x7f}", "<html>"};
    refuse(docs, sizeof(docs) / sizeof(docs[0]));
}

static void a_zero_byte_is_refused(void)
{
    static const struct str docs[] = {
        STR("{}\0"),           STR("\0{}"), STR("{\"text\":\"a\0b\"}"), STR("{\"text\"\0:\"a\"}"),
        STR("{\"text\":1\0}"), STR("{\0}")};
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
        struct arena a = {0};
        struct target t;
        CHECK_INT(read_doc(docs[i], &t, &a), ERR_BAD_JSON);
        arena_free(&a);
    }
    json_shape_free(shape);
}

static void not_an_object(void)
{
    static const struct row rows[] = {{"[]", ""},
                                      {"1", ""},
                                      {"-1.5e3", ""},
                                      {"\"text\"", ""},
                                      {"null", ""},
                                      {"true ", ""},
                                      {"[{\"text\":\"a\"}]", ""},
                                      {"[[[]]]", ""}};
    ROWS(rows);
}

/* Cut anywhere, a document is refused, and nothing behind the cut is read. */
static void cut_at_every_byte(void)
{
    static const char doc[] =
        "{\"text\":\"a\\u00e9\\n\",\"items\":[{\"id\":\"x\",\"num\":-1.5e3,\"leaves\":[{\"word\":true}]}],"
        "\"raw\":{\"inner\":null},\"time\":1795014249000}";
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    for (size_t n = 0; n < sizeof(doc) - 1; n++) {
        struct arena a = {0};
        struct target t;
        char *exact = malloc(n ? n : 1);
        memcpy(exact, doc, n);
        CHECK_INT(read_doc((struct str){exact, n}, &t, &a), ERR_BAD_JSON);
        free(exact);
        arena_free(&a);
    }
    json_shape_free(shape);
}

static void nesting(int depth, char open, int want)
{
    struct arena a = {0};
    struct target t;
    struct buf doc = buf_make(1 << 20);
    for (int i = 0; i < depth; i++) {
        CHECK_INT(buf_append(&doc, open == '[' ? STR("[") : STR("{\"raw\":")), 0);
    }
    CHECK_INT(buf_append(&doc, open == '[' ? STR("") : STR("1")), 0);
    for (int i = 0; i < depth; i++) {
        CHECK_INT(buf_append(&doc, open == '[' ? STR("]") : STR("}")), 0);
    }
    CHECK_INT(read_doc(buf_str(&doc), &t, &a), want);
    buf_free(&doc);
    arena_free(&a);
}

static void depth_is_capped(void)
{
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    nesting(CAP_JSON_DEPTH, '[', 0);
    nesting(CAP_JSON_DEPTH + 1, '[', ERR_BAD_JSON);
    nesting(CAP_JSON_DEPTH, '{', 0);
    nesting(CAP_JSON_DEPTH + 1, '{', ERR_BAD_JSON);
    nesting(100000, '[', ERR_BAD_JSON);
    nesting(100000, '{', ERR_BAD_JSON);
    json_shape_free(shape);
}

static void a_list_is_capped(void)
{
    struct arena a = {0};
    struct target t;
    struct buf doc = buf_make(1 << 20);
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    CHECK_INT(buf_append(&doc, STR("{\"items\":[{\"id\":\"first\"}")), 0);
    for (int i = 0; i < CAP_JSON_LIST + 10; i++) {
        CHECK_INT(buf_append(&doc, STR(",{\"id\":\"x\",\"leaves\":[{\"word\":\"w\"}]}")), 0);
    }
    CHECK_INT(buf_append(&doc, STR("],\"text\":\"after\"}")), 0);
    CHECK_INT(read_doc(buf_str(&doc), &t, &a), 0);
    CHECK_INT((long long)t.items.count, CAP_JSON_LIST);
    CHECK_STR(((struct item *)t.items.items)[0].id, "first");
    CHECK_STR(((struct item *)t.items.items)[CAP_JSON_LIST - 1].id, "x");
    CHECK_STR(t.text, "after");
    json_shape_free(shape);
    buf_free(&doc);
    arena_free(&a);
}

/* The struct outlives the document. */
static void texts_are_copies(void)
{
    struct arena a = {0};
    struct target t;
    char doc[] = "{\"text\":\"plain\",\"raw\":[\"r\"],\"items\":[{\"id\":\"x\"}]}";
    shape = json_shape_new(fields, FIELD_COUNT(fields));
    CHECK_INT(read_doc((struct str){doc, sizeof(doc) - 1}, &t, &a), 0);
    memset(doc, '#', sizeof(doc));
    CHECK_STR(t.text, "plain");
    CHECK_STR(t.raw, "[\"r\"]");
    CHECK_STR(((struct item *)t.items.items)->id, "x");
    json_shape_free(shape);
    arena_free(&a);
}

TAP_MAIN(TEST(every_kind), TEST(raw_values), TEST(lists), TEST(keys_and_escapes), TEST(keys_that_occur_twice),
         TEST(bad_structure), TEST(bad_tokens), TEST(a_zero_byte_is_refused), TEST(not_an_object),
         TEST(cut_at_every_byte), TEST(depth_is_capped), TEST(a_list_is_capped), TEST(texts_are_copies))
