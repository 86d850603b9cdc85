#pragma once
/* The answer: status line, headers and body, assembled once and sent as one. */
#include "http_conn.h"

/* The 25 bytes that let a client send its body. */
void http_reply_continue(struct http_conn *c);
/* Headers of an answer that was never given, or was sent. */
void http_reply_reset(struct http_conn *c);
