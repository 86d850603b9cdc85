#pragma once
/* Whose turn it is: at most CAP_TURNS_RUNNING questions of one person are with the database, CAP_TURNS_WAITING more wait here,
 * further ones are refused. So nobody who asks a lot keeps everybody's connections busy. */
#include "list.h"
#include "str.h"

#define TURN_NOW 1

/* Embedded in its owner, zeroed, then turns_init. */
struct turns {
    struct list running, waiting;
};

/* Embedded in the caller's object, zeroed. */
struct turn {
    struct str who; /* lives as long as the turn */
    void (*on_turn)(struct turn *);

    bool running; /* private, like the node */
    struct list_node node;
};

void turns_init(struct turns *t);
/* TURN_NOW: go on; on_turn does not fire. 0: it fires exactly once, inside somebody else's turns_give_back. ERR_RATE_LIMITED:
 * neither. */
int turns_take(struct turns *t, struct turn *turn) __attribute__((warn_unused_result));
/* The answer is there, or nobody wants it any more; harmless when nothing was taken. */
void turns_give_back(struct turns *t, struct turn *turn);
