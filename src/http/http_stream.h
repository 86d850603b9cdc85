#pragma once
/* Streamed answers; what handlers see of them is in http.h. */
#include "http_conn.h"

/* Bytes were taken by the kernel: tells a handler that waits for it. In STREAMING. */
void http_stream_drained(struct http_conn *c);
