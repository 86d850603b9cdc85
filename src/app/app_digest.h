#pragma once
/* How the digest and its ways out stand in the program. */
struct app;

/* After the fetch room is open. 0, or negative when the database settings are unusable. */
int app_start_digests(struct app *app) __attribute__((warn_unused_result));
