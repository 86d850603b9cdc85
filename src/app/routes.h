#pragma once
/* The front doors: which there are, who guards them, how much body they take. */
#include "http.h"

/* Both end with a row whose path is NULL. */
struct routes {
    const struct http_route *public_rows, *admin_rows;
    const char *const *names; /* of all routes, for the metrics; where each listener's rows begin in it */
    size_t name_count, first_public, first_admin;
};

/* With the server's own sign-in (/auth/v1), or without: then these addresses do not exist. */
struct routes routes_of(bool with_sign_in);
