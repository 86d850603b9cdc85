#pragma once
/* Points in time as microseconds since 1970 UTC. 0 means absent. */
#include "str.h"
#include <stdint.h>

#define TIMESTAMP_TEXT_BYTES 32

/* The wall clock, now. */
int64_t timestamp_wall_us(void);

/* RFC 3339 in UTC with milliseconds, into `out`. */
struct str timestamp_format(int64_t us, char out[TIMESTAMP_TEXT_BYTES]);

/* ISO 8601 ("2026-11-18T15:04:05.120Z", with offset, or with a blank instead of T), RFC 2822
 * ("Wed, 18 Nov 2026 15:05:10 +0000"), or a number of seconds (10 digits) or milliseconds since 1970.
 * 0 when it is none of these or lies outside 1970 to 9999. */
int64_t timestamp_parse(struct str text);

/* A JSON number as Vapi sends it: milliseconds since 1970, perhaps with fraction or exponent; below 1e11 it must be seconds.
 * 0 when out of range. */
int64_t timestamp_from_ms(double ms);
