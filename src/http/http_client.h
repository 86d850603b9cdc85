#pragma once
/* Who asks, behind proxies. */
#include "http_network.h"
#include "http_parse.h"
#include "http_peer.h"

/* The last address in X-Forwarded-For that is not one of the trusted proxies, as text in `out`; absent when there is none that
 * may be believed. */
struct str http_client_forwarded(const struct http_parse *p, const struct http_networks *trusted,
                                 char out[PEER_TEXT_BYTES]);
