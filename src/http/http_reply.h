#pragma once
/* The answer: head and body, assembled once and sent as one. */
#include "http_conn.h"

/* The 25 bytes that let a client send its body. */
void http_reply_continue(struct http_conn *c);
