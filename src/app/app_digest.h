#pragma once
/* How the digest and its ways out stand in the program. */
#include "digest.h"

struct app;

/* What digests are made and sent with; its port is NULL when mail is not configured. After the fetch room is open. */
struct digest_options app_digest_options(struct app *app);
/* 0, or negative when the database settings are unusable. */
int app_open_digest_pool(struct app *app) __attribute__((warn_unused_result));
/* Both, and the timer. */
int app_start_digests(struct app *app) __attribute__((warn_unused_result));
