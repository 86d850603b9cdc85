/* Whose turn it is. */
#include "dashboard_turns.c"
#include "tap.h"

#define ALL (CAP_TURNS_RUNNING + CAP_TURNS_WAITING)

static struct turns turns;
static int ran[ALL + 1];

struct asker {
    struct turn turn;
    int number;
};

static void on_turn(struct turn *t)
{
    ran[container_of(t, struct asker, turn)->number]++;
}

static void fill(struct asker *askers, struct str who)
{
    memset(ran, 0, sizeof(ran));
    for (int i = 0; i < ALL; i++) {
        askers[i] = (struct asker){.turn = {.who = who, .on_turn = on_turn}, .number = i};
        CHECK_INT(turns_take(&turns, &askers[i].turn), i < CAP_TURNS_RUNNING ? TURN_NOW : 0);
    }
}

static void some_run_some_wait_the_rest_is_refused(void)
{
    static struct asker askers[ALL + 1];
    turns_init(&turns);
    fill(askers, STR("a"));
    askers[ALL] = (struct asker){.turn = {.who = STR("a"), .on_turn = on_turn}, .number = ALL};
    CHECK_INT(turns_take(&turns, &askers[ALL].turn), ERR_RATE_LIMITED);
    turns_give_back(&turns, &askers[ALL].turn); /* it has nothing */
    for (int i = 0; i < ALL; i++) {
        turns_give_back(&turns, &askers[i].turn);
        int next = i + CAP_TURNS_RUNNING;
        CHECK(next >= ALL || ran[next] == 1);     /* in the order they came */
        turns_give_back(&turns, &askers[i].turn); /* once is enough */
    }
    CHECK_INT(turns.running.count + turns.waiting.count, 0);
    CHECK_INT(ran[ALL], 0);
}

static void nobody_waits_for_somebody_else(void)
{
    static struct asker askers[ALL];
    struct asker other = {.turn = {.who = STR("b"), .on_turn = on_turn}, .number = ALL};
    turns_init(&turns);
    fill(askers, STR("a"));
    CHECK_INT(turns_take(&turns, &other.turn), TURN_NOW);
    turns_give_back(&turns, &other.turn);
    CHECK_INT(ran[CAP_TURNS_RUNNING], 0); /* the place was not one of a's */
}

static void who_leaves_the_line_moves_nobody(void)
{
    static struct asker askers[ALL];
    turns_init(&turns);
    fill(askers, STR("a"));
    turns_give_back(&turns, &askers[CAP_TURNS_RUNNING].turn);
    CHECK_INT(ran[CAP_TURNS_RUNNING] + ran[CAP_TURNS_RUNNING + 1], 0);
    turns_give_back(&turns, &askers[0].turn);
    CHECK_INT(ran[CAP_TURNS_RUNNING], 0);
    CHECK_INT(ran[CAP_TURNS_RUNNING + 1], 1);
}

TAP_MAIN(TEST(some_run_some_wait_the_rest_is_refused), TEST(nobody_waits_for_somebody_else),
         TEST(who_leaves_the_line_moves_nobody))
