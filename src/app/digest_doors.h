#pragma once
/* GET and POST /api/cron/daily-digest: an outside scheduler says that it is time to look. What is due is decided by the
 * database alone (domain/digest.h), so any number of calls, at any time, change nothing but how soon the look is. */
#include "http.h"

/* 0 when the request holds CRON_SECRET, as `Authorization: Bearer` or as `x-cron-secret`, each once. Else ERR_UNAUTHORIZED,
 * and always while there is no secret. */
int digest_doors_guard(struct http_request *r) must_check;
/* Answers when the look is done, whatever becomes of the mails: {"due":…,"enqueued":…,"skipped":…}.
 *   due       digests that are not at their end: they go out now, or wait for another try
 *   enqueued  those of them that this look found
 *   skipped   the others, which were there before: nothing is made twice
 * 503 while the database is away. */
void digest_doors_on_cron(struct http_request *r);
