#pragma once
/* The parameters of the read API, checked one by one: each endpoint names those it takes, any other is refused, so that a
 * typing error is not taken for "no filter". Values live as long as the request. */
#include "http.h"

enum query_param {
    PARAM_NONE,
    PARAM_BUSINESS,  /* uuid */
    PARAM_FROM,      /* YYYY-MM-DD, local to the business */
    PARAM_TO,        /* the same, inclusive */
    PARAM_OUTCOME,   /* one or more words of calls.outcome, comma separated */
    PARAM_Q,         /* words to search for */
    PARAM_CALLER,    /* a number, or its last digits */
    PARAM_URGENCY,   /* one or more of high, normal, low, unknown, comma separated */
    PARAM_REASON,    /* the whole of one */
    PARAM_CALLED,    /* a number */
    PARAM_RECORDING, /* yes: only calls that have one */
    PARAM_SHORTER,   /* than so many seconds */
    PARAM_LONGER,
    PARAM_CALL_BACK, /* yes: only missed calls of callers who were not answered since */
    PARAM_CURSOR,    /* "<microseconds>.<uuid>"; what comes after that row */
    PARAM_CURSOR_US, /* its two parts */
    PARAM_CURSOR_ID,
    PARAM_BEFORE,    /* YYYY-MM-DD */
    PARAM_LIMIT,     /* 1 to CAP_LIST_ROWS */
    PARAM_PATH_ID,   /* from the path: a uuid */
    PARAM_PATH_DATE, /* from the path: YYYY-MM-DD */
    PARAM_BODY,      /* of the request, checked by whoever takes it */
    PARAM_SENDING,   /* this and the rest are the server's own: "t" when there is a way to send mail */
    PARAM_MINUTE,    /* of the digest, past each business's hour */
    PARAM_UTC_MINUTE,
    PARAM_COUNT
};

#define QUERY_PARAMS 17 /* of one endpoint, with the one that ends them */

struct query {
    struct str values[PARAM_COUNT]; /* absent when not given */
    struct str wrong;               /* what is wrong, for the client; after ERR_BAD_REQUEST */
};

/* Reads what the endpoint takes: `params` ends with PARAM_NONE; `text` is the query string, or a form that was posted, whose
 * access_token is left alone. 0; ERR_BAD_REQUEST and `wrong`; or ERR_NOT_FOUND, when the
 * path's own value has not the form of anything that exists. */
int query_read(struct http_request *r, struct str text, const enum query_param *params,
               struct query *query_out) must_check;
