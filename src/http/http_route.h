#pragma once
/* From verb and path to a row of the route table. */
#include "http.h"

struct http_listener;

/* 0; ERR_NOT_FOUND; or ERR_METHOD_NOT_ALLOWED, and then http_route_allowed says which verbs the path has. */
int http_route_find(const struct http_listener *l, enum http_verb verb, struct str path,
                    const struct http_route **route_out) must_check;
/* The value of the Allow header for a path. */
struct str http_route_allowed(const struct http_listener *l, struct str path, struct arena *a);
/* Index within LABELS_ROUTE; 0 for no route. */
size_t http_route_metric(const struct http_listener *l, const struct http_route *route);
const char *http_verb_name(enum http_verb verb);
