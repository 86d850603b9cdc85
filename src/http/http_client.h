#pragma once
/* Who asks, behind proxies. */
#include "http_parse.h"
#include "http_peer.h"

/* The last public address in X-Forwarded-For, as text in `out`; absent when there is none that may be believed. */
struct str http_client_forwarded(const struct http_parse *p, char out[PEER_TEXT_BYTES]);
