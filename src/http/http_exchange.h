#pragma once
/* What one request goes through on its connection: bytes, head, route, body, guard, handler, answer, the next one. */
#include "http_conn.h"

/* Bytes from the socket. */
void http_exchange_feed(struct http_conn *c, struct str bytes);
/* Nothing more will come. */
void http_exchange_eof(struct http_conn *c);
/* Answers with an error instead of going on, and closes the connection after it. In HEAD and BODY. */
void http_exchange_refuse(struct http_conn *c, int code);
/* The answer is with the kernel: lets go of the request and goes on with what was kept. */
void http_exchange_resume(struct http_conn *c);
/* Gives back everything that belongs to the request. */
void http_exchange_release(struct http_conn *c);
/* An answer begins, with this status. */
void http_exchange_count(struct http_conn *c, int status);
/* It is complete, as far as the handler goes. */
void http_exchange_took(const struct http_conn *c);
