#pragma once
/* The circuit breaker of one host: pure logic, the clock is an argument. Logs and counts its transitions. */
#include "fetch.h"

/* May a call be made? 0 or ERR_BREAKER_OPEN. *probe_out: this is the one call that decides a half-open breaker. Every
 * call let through must end in fetch_breaker_record or fetch_breaker_release. */
int fetch_breaker_admit(struct fetch_host *h, uint64_t now_ms, bool *probe_out) must_check;
void fetch_breaker_record(struct fetch_host *h, uint64_t now_ms, bool probe, bool failed);
/* The call was never made: the next one decides in its place. */
void fetch_breaker_release(struct fetch_host *h, uint64_t now_ms, bool probe);
/* The call recorded last as good was bad after all. */
void fetch_breaker_revise(struct fetch_host *h, uint64_t now_ms, bool probe);
/* For log lines. */
const char *fetch_upstream_name(const struct fetch_host *h);
