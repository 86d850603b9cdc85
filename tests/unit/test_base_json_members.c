/* "*" in a field's path: every member of an object, whatever its name. */
#include "json.h"
#include "tap.h"

struct item {
    struct str id;
};

struct target {
    struct field_list_value items;
    struct str any, known, deep;
};

static const struct field item_fields[] = {FIELD(struct item, id, "id", STR, 0)};
static const struct field_items item_list = {item_fields, FIELD_COUNT(item_fields), sizeof(struct item)};
static const struct field fields[] = {
    FIELD_ITEMS(struct target, items, "days.*", item_list, 0),
    FIELD(struct target, any, "words.*", STR, 0),
    FIELD(struct target, known, "words.known", STR, 0),
    FIELD(struct target, deep, "words.*.deep", STR, 0),
};

struct row {
    const char *doc, *ids, *any, *known, *deep;
};

static const struct row rows[] = {
    {"{\"days\":{}}", "", NULL, NULL, NULL},
    {"{\"days\":{\"a\":[{\"id\":\"1\"}]}}", "1,", NULL, NULL, NULL},
    {"{\"days\":{\"a\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"b\":[],\"c\":[{\"id\":\"3\"}]}}", "1,2,3,", NULL, NULL, NULL},
    {"{\"days\":{\"a\":[{\"id\":\"1\"}],\"a\":[{\"id\":\"2\"}]}}", "1,2,", NULL, NULL, NULL},
    {"{\"days\":{\"*\":[{\"id\":\"1\"}],\"[]\":[{\"id\":\"2\"}],\"\":[{\"id\":\"3\"}]}}", "1,2,3,", NULL, NULL, NULL},
    {"{\"days\":{\"a\":{\"id\":\"1\"},\"b\":\"2\",\"c\":null,\"d\":[{\"id\":\"4\"}]}}", "4,", NULL, NULL, NULL},
    {"{\"days\":{\"a\":[[{\"id\":\"1\"}],true,{\"id\":{}}]}}", "-,-,-,", NULL, NULL, NULL},
    {"{\"days\":{\"a\":{\"b\":[{\"id\":\"1\"}]}}}", "", NULL, NULL, NULL},
    {"{\"days\":[{\"id\":\"1\"},[{\"id\":\"2\"}]]}", "", NULL, NULL, NULL},
    {"{\"days\":[{\"a\":[{\"id\":\"1\"}]}]}", "", NULL, NULL, NULL},
    {"{\"a\":[{\"id\":\"1\"}]}", "", NULL, NULL, NULL},
    {"{\"words\":{\"a\":\"1\",\"known\":\"2\",\"b\":{\"deep\":\"3\"}}}", "", "1", "2", "3"},
    {"{\"words\":{\"known\":\"2\"}}", "", NULL, "2", NULL},
    {"{\"words\":{\"known\":{\"deep\":\"3\"}}}", "", NULL, NULL, NULL},
    {"{\"words\":{\"a\":\"1\",\"b\":\"2\"}}", "", "2", NULL, NULL},
};

static struct str ids_of(const struct target *t, struct arena *a)
{
    struct str ids = STR("");
    const struct item *items = t->items.items;
    for (size_t i = 0; i < t->items.count; i++) {
        struct str id = items[i].id.p ? items[i].id : STR("-");
        ids = arena_printf(a, "%.*s%.*s,", (int)ids.n, ids.p, (int)id.n, id.p);
    }
    return ids;
}

static void every_member(void)
{
    struct json_shape *shape = json_shape_new(fields, FIELD_COUNT(fields));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena a = {0};
        struct target t;
        struct json_pass pass = {
            .shape = shape, .doc = str_of(rows[i].doc), .target = &t, .target_bytes = sizeof(t), .arena = &a};
        tap_case(rows[i].doc);
        CHECK_INT(json_read(&pass), 0);
        CHECK_STR(ids_of(&t, &a), rows[i].ids);
        CHECK_STR(t.any, rows[i].any);
        CHECK_STR(t.known, rows[i].known);
        CHECK_STR(t.deep, rows[i].deep);
        arena_free(&a);
    }
    json_shape_free(shape);
}

TAP_MAIN(TEST(every_member))
