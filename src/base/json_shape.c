#include "json_shape.h"
#include <stdlib.h>

const struct json_node *json_node_child(const struct json_node *n, struct str key)
{
    for (const struct json_node *c = n ? n->children : NULL; c; c = c->next) {
        if (str_eq(c->key, key)) {
            return c;
        }
    }
    return NULL;
}

const struct json_node *json_node_member(const struct json_node *n, struct str key)
{
    const struct json_node *c = json_node_child(n, key);
    return c ? c : json_node_child(n, STR("*"));
}

/* The child of that name, made if it is not there. Siblings keep the table's order. */
static struct json_node *grow(struct arena *a, struct json_node *n, struct str key)
{
    struct json_node **at = &n->children;
    while (*at) {
        if (str_eq((*at)->key, key)) {
            return *at;
        }
        at = &(*at)->next;
    }
    *at = arena_alloc(a, sizeof(**at));
    (*at)->key = key;
    return *at;
}

static void add_fields(struct arena *a, struct json_node *root, const struct field *fields, size_t count);

static void add_field(struct arena *a, struct json_node *n, const struct field *f)
{
    struct str path = str_of(f->name);
    bool collects = false;
    while (path.n) {
        struct str step = str_cut(path, str_find(path, '.'));
        n = grow(a, n, step);
        collects |= str_eq(step, STR("*"));
        path = str_skip(path, step.n + 1);
    }
    n->field = f;
    n->collects = collects;
    if (f->kind == FIELD_LIST) {
        n->items = arena_alloc(a, sizeof(*n->items));
        add_fields(a, n->items, f->items->fields, f->items->count);
    }
}

static void add_fields(struct arena *a, struct json_node *root, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_field(a, root, &fields[i]);
    }
}

struct json_shape *json_shape_new(const struct field *fields, size_t count)
{
    struct json_shape *s = mem_alloc(sizeof(*s));
    add_fields(&s->arena, &s->root, fields, count);
    return s;
}

void json_shape_free(struct json_shape *s)
{
    if (s) {
        arena_free(&s->arena);
        free(s);
    }
}
