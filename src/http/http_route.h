#pragma once
/* From verb and path to a row of the route table. */
#include "http.h"

struct http_listener;

/* A row's path, taken apart around its parameter. */
struct http_path {
    struct str before, after; /* without a parameter all is before, and after is absent */
};

/* The path must be well-formed: at most one parameter, which is a whole segment; asserted. */
struct http_path http_path_read(const char *path);
struct http_match {
    const struct http_route *route;
    struct str param; /* absent when the route has none */
};

/* 0; ERR_NOT_FOUND; or ERR_METHOD_NOT_ALLOWED, and then http_route_allowed says which verbs the path has. */
int http_route_find(const struct http_listener *l, enum http_verb verb, struct str path,
                    struct http_match *match_out) must_check;
/* The value of the Allow header for a path. */
struct str http_route_allowed(const struct http_listener *l, struct str path, struct arena *a);
/* Index within LABELS_ROUTE; 0 for no route. */
size_t http_route_metric(const struct http_listener *l, const struct http_route *route);
const char *http_verb_name(enum http_verb verb);
