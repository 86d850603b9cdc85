#pragma once
/* What the parts of gotrue share. Private to gotrue*.c. */
#include "caps.h"
#include "gotrue.h"
#include "gotrue_answer.h"

/* One request between its arrival and its answer; lives in the request's arena. */
struct gotrue_exchange {
    struct gotrue *gotrue;
    struct http_request *request;
    struct http_waiter waiter;
    struct token_check check; /* of whoever is signed in */
    struct account_op op;
    struct buf body; /* taken from the request, so that it can be wiped */
    void (*on_checked)(struct gotrue_exchange *);
    enum account_scope scope;
};

/* Takes the request on: from here on it is answered or abandoned. */
struct gotrue_exchange *gotrue_begin(struct gotrue *g, struct http_request *r);
/* Repairs and reads the body by a shape into `target`, zeroed, texts in the request's arena; then wipes the body. The target
 * begins with its `whole`. */
int gotrue_read_body(struct gotrue_exchange *x, const struct json_shape *shape, void *target,
                     size_t target_bytes) must_check;
/* Overwrites a text that was secret. */
void gotrue_wipe(struct str secret);
/* Goes on with on_checked when the bearer token is good; else answers. */
void gotrue_check(struct gotrue_exchange *x, void (*on_checked)(struct gotrue_exchange *));

/* Shapes of the two kinds of bodies. */
struct json_shape *gotrue_grant_shape(void);
struct json_shape *gotrue_change_shape(void);
