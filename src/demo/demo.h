#pragma once
/* `ringback demo`: believable call history for a database that holds nobody's calls. The same seed, options and day give the
 * same rows. All of it is one transaction: stopped half way it leaves nothing. Synchronous, prints to standard output and
 * error. */
#include <stdbool.h>
#include <stdint.h>

struct demo_options {
    uint64_t seed;
    uint32_t businesses;
    uint32_t days, calls_per_day, utterances; /* the last: said in a call on average; 0: none */
    bool events;
    bool more;               /* go on where an earlier run ended */
    bool quiet;              /* no progress */
    const char *owner_email; /* of the first business */
    const char *password;    /* of all accounts; NULL: a random one */
    int64_t until_day;       /* days since 1970; -1: today, up to now */
};

/* Reads the words behind `ringback demo`. -1: go on. Else the exit code: help was asked for, or something is wrong. */
int demo_options_read(int argc, char **argv, struct demo_options *out);
/* Exit code. */
int demo_run(const struct demo_options *options);
