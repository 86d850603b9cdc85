#pragma once
/* `ringback digest --send`: the digests of one date, now, by the jobs of the server (domain/digest_job.h) on a loop of its
 * own. Servers may be at the same rows: each digest is somebody's alone while it is sent. */
#include "digest_command_private.h"

/* `rows` are those of before. Exit code: 1 when one of them did not go out. */
int digest_send_run(const struct digest_command *o, const PGresult *rows);
