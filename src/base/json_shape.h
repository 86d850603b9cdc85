#pragma once
/* The compiled form of a field table: a tree of keys. Private to json_*.c. */
#include "json.h"

struct json_node {
    struct str key; /* "[]" for array elements */
    const struct field *field;
    struct json_node *children, *next; /* first child, next sibling */
    struct json_node *items;           /* FIELD_LIST: the root of the elements' own tree */
    bool collects;                     /* FIELD_LIST: a "*" leads to it */
};

struct json_shape {
    struct json_node root;
    struct arena arena;
};

const struct json_node *json_node_child(const struct json_node *n, struct str key);
/* Of an object: the child of that name, or else "*". */
const struct json_node *json_node_member(const struct json_node *n, struct str key);
