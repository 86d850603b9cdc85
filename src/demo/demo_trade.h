#pragma once
/* What a demo business does: when it is open, when it is called, and what about. Tables only. */
#include "demo_text.h"

enum demo_urgency { URGENCY_LOW, URGENCY_NORMAL, URGENCY_HIGH };

/* Why somebody calls. All but the first are templates (demo_text.h). */
struct demo_reason {
    const char *reason; /* in a few words */
    enum demo_urgency urgency;
    unsigned weight;
    const char *opening;           /* the caller's first sentence */
    const char *question, *answer; /* the assistant asks, the caller says more */
    const char *wish;              /* one sentence of the summary */
};

struct demo_trade {
    const char *kinds[3]; /* of business: the end of its name */
    const char *staff;
    int opens, closes;          /* hours of a working day */
    unsigned bookable;          /* the reasons for which an appointment is made, a bit for each */
    bool saturday_open;         /* else whoever calls finds nobody */
    double saturday, sunday;    /* calls of that day against a working day's */
    double night;               /* calls of an evening's hour against an hour when it is open */
    double season, season_peak; /* how strong, and at which part of the year */
    const struct demo_reason *reasons;
    size_t reason_count;
};

#define DEMO_TRADES 12

/* Of which the first is a dentist. */
extern const struct demo_trade demo_trades[DEMO_TRADES];

/* The reasons that every trade knows come behind its own. */
size_t demo_reason_count(const struct demo_trade *t);
const struct demo_reason *demo_reason(const struct demo_trade *t, size_t i);
