#pragma once
/* How far a long run is: on a terminal one line that is written over, else a line every few seconds; both on standard error. */
#include <stdbool.h>
#include <stdint.h>

struct demo_progress {
    bool quiet, on_terminal;
    const char *what; /* of the running stage */
    uint64_t total, done, rows;
    int64_t began_us, said_us;
};

void demo_progress_init(struct demo_progress *p, bool quiet);
/* A stage begins; 0 when nobody knows how much there is to do. */
void demo_progress_stage(struct demo_progress *p, const char *what, uint64_t total);
/* Says where the stage is, if it has not just been said. */
void demo_progress_at(struct demo_progress *p, uint64_t done, uint64_t rows);
/* The stage is over. */
void demo_progress_end(struct demo_progress *p);
