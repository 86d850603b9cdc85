#pragma once
/* The history as one transaction: people, businesses, then day after day the calls of all of them in the order in which they
 * began, then what is cheaper to make at once than row by row. */
#include "demo.h"
#include "demo_pg.h"
#include "demo_progress.h"
#include "demo_rows.h"
#include "digest_mail.h"
#include "password.h"

struct demo_plan {
    const struct demo_options *options;
    struct demo_calendar calendar;
    struct demo_business *businesses; /* the last one is the number that nobody has */
    size_t count;                     /* without it */
    char password_hash[PASSWORD_HASH_BYTES];
    struct demo_progress progress;
    struct demo_rows rows;
    struct digest_links links;
    uint64_t earlier, expected; /* calls of earlier runs, and about how many come now */
    size_t people_made;         /* accounts that were not there before */
};

/* Gives all accounts the password. */
int demo_load_password(struct demo_pg *d, struct demo_plan *p) must_check;
int demo_load(struct demo_pg *d, struct demo_plan *p) must_check;
