#pragma once
/* The front doors. Both tables end with a row whose path is NULL. */
#include "http.h"

extern const struct http_route routes_public[];
extern const struct http_route routes_admin[];

/* Names of all routes for the metrics, and where each listener's rows begin in it. Both listeners have /healthz and /readyz:
 * these are one name each. */
extern const char *const route_names[];
extern const size_t route_name_count, route_first_public, route_first_admin;
