#pragma once
/* Intrusive doubly linked list that knows its count. A node is embedded in the object and is on at most one list;
 * whoever owns the object owns the node. A list's count is the gauge of the state it stands for. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

struct list_node {
    struct list_node *prev, *next; /* both NULL: on no list */
};

struct list {
    struct list_node head;
    size_t count;
};

static inline void list_init(struct list *l)
{
    l->head.prev = l->head.next = &l->head;
    l->count = 0;
}

static inline bool list_linked(const struct list_node *n)
{
    return n->next != NULL;
}

static inline void list_push(struct list *l, struct list_node *n)
{
    assert(!list_linked(n));
    n->prev = l->head.prev;
    n->next = &l->head;
    l->head.prev->next = n;
    l->head.prev = n;
    l->count++;
}

static inline void list_remove(struct list *l, struct list_node *n)
{
    assert(list_linked(n) && l->count > 0);
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->prev = n->next = NULL;
    l->count--;
}

/* The first node, or NULL when the list is empty. */
static inline struct list_node *list_first(const struct list *l)
{
    return l->count ? l->head.next : NULL;
}

/* The node after n, or NULL at the end. */
static inline struct list_node *list_next(const struct list *l, const struct list_node *n)
{
    return n->next == &l->head ? NULL : n->next;
}

static inline struct list_node *list_pop(struct list *l)
{
    struct list_node *n = list_first(l);
    if (n) {
        list_remove(l, n);
    }
    return n;
}
