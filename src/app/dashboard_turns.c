#include "dashboard_turns.h"
#include "caps.h"
#include "err.h"

void turns_init(struct turns *t)
{
    list_init(&t->running);
    list_init(&t->waiting);
}

static size_t count(const struct list *l, struct str who)
{
    size_t n = 0;
    for (struct list_node *i = list_first(l); i; i = list_next(l, i)) {
        n += str_eq(container_of(i, struct turn, node)->who, who);
    }
    return n;
}

int turns_take(struct turns *t, struct turn *turn)
{
    turn->running = count(&t->running, turn->who) < CAP_TURNS_RUNNING;
    if (!turn->running && count(&t->waiting, turn->who) >= CAP_TURNS_WAITING) {
        return ERR_RATE_LIMITED;
    }
    list_push(turn->running ? &t->running : &t->waiting, &turn->node);
    return turn->running ? TURN_NOW : 0;
}

void turns_give_back(struct turns *t, struct turn *turn)
{
    if (!list_linked(&turn->node)) {
        return;
    }
    list_remove(turn->running ? &t->running : &t->waiting, &turn->node);
    struct list_node *i = turn->running ? list_first(&t->waiting) : NULL;
    while (i && !str_eq(container_of(i, struct turn, node)->who, turn->who)) {
        i = list_next(&t->waiting, i);
    }
    if (i) {
        struct turn *next = container_of(i, struct turn, node);
        list_remove(&t->waiting, i);
        list_push(&t->running, i);
        next->running = true;
        next->on_turn(next);
    }
}
