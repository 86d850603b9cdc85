#pragma once
/* libcurl's multi interface on our loop, and nothing else: which sockets it wants watched, when it wants to be woken,
 * which transfers it finished. Owns the multi handle with its connection cache, one uv_poll per socket (freed in its
 * close callback) and one uv_timer. Embedded in its owner, which must live until on_closed. */
#include "err.h"
#include "list.h"
#include "loop.h"
#include <curl/curl.h>

struct fetch_uv {
    struct loop *loop;
    CURLM *multi; /* NULL once closing */
    uv_timer_t timer;
    struct list sockets;
    unsigned open_handles; /* of libuv, closing ones included */
    /* A transfer ended. Fires inside fetch_uv_add or from the loop, never inside libcurl; it may remove handles, but
     * not close. */
    void (*on_result)(struct fetch_uv *, CURL *easy, CURLcode result);
    void (*on_closed)(struct fetch_uv *); /* once, in a later turn than fetch_uv_close */
};

/* The callbacks are set by the owner. 0 or ERR_INTERNAL. */
int fetch_uv_open(struct fetch_uv *u, struct loop *loop) must_check;
/* All transfers must have been removed. */
void fetch_uv_close(struct fetch_uv *u);

/* Starts a transfer: its request leaves in this turn if a connection is at hand. */
int fetch_uv_add(struct fetch_uv *u, CURL *easy) must_check;
/* Ends a transfer without a result, or takes a finished one out. */
void fetch_uv_remove(struct fetch_uv *u, CURL *easy);
