#pragma once
/* What is said in a demo call, and what the assistant notes of it afterwards. */
#include "demo_booking.h"
#include "demo_day.h"

#define DEMO_LINES 14 /* said in one call, at most */

/* Who says which part of `text`. */
struct demo_line {
    bool caller;
    size_t from, n;
};

/* One call's words. Used again and again; free the three buffers when done. */
struct demo_words {
    struct buf text, summary, analysis; /* the last two may be empty; analysis is JSON */
    struct str reason, name;            /* as the analysis has them, or absent */
    struct demo_line lines[DEMO_LINES];
    size_t count;
    struct demo_booking booking;
};

struct demo_scene {
    const struct demo_call *call;
    const char *caller_phone; /* "" when it is withheld */
    int weekday;
    size_t lines; /* wanted; an end decides otherwise */
};

void demo_words_init(struct demo_words *w);
void demo_words_free(struct demo_words *w);
void demo_talk(const struct demo_scene *s, struct demo_random *r, struct demo_words *out);
