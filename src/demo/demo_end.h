#pragma once
/* How demo calls end. Tables only. */
#include <stdbool.h>
#include <stddef.h>

enum demo_talk {
    TALK_NONE,     /* no assistant took the call */
    TALK_GREETING, /* the caller left during the greeting */
    TALK_SILENCE,  /* the caller said nothing */
    TALK_WHOLE,
    TALK_CUT,      /* breaks off */
    TALK_TRANSFER, /* and somebody took it */
    TALK_IN_VAIN,  /* nobody took the transfer */
    TALK_WRONG,    /* a wrong number, or somebody who sells */
    TALK_MACHINE
};

struct demo_end {
    const char *outcome; /* what Postgres makes of the claim */
    const char *claim;   /* rank and reason, as in calls.ended_claim */
    enum demo_talk talk;
    bool missed;
    unsigned open, closed, again; /* how often: in opening hours, outside, and when the caller tries again */
    double median_s, spread, least_s, most_s;
};

#define DEMO_ENDS 18

/* The first is a call that was handled; the last a voicemail, because no assistant could be had. */
extern const struct demo_end demo_ends[DEMO_ENDS];

/* Needs a number to forward to, without an assistant. */
bool demo_end_dials(const struct demo_end *e);
/* An assistant took the call, and its report came. */
bool demo_end_has_report(const struct demo_end *e);
bool demo_end_is_spam(const struct demo_end *e);
