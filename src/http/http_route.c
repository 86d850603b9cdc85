#include "http_route.h"
#include "http_server.h"

static const char *const verb_names[VERB_COUNT] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

const char *http_verb_name(enum http_verb verb)
{
    return verb_names[verb];
}

static bool serves(const struct http_route *route, enum http_verb verb)
{
    return route->verb == verb || (route->verb == VERB_GET && verb == VERB_HEAD);
}

int http_route_find(const struct http_listener *l, enum http_verb verb, struct str path,
                    const struct http_route **route_out)
{
    int rc = ERR_NOT_FOUND;
    for (size_t i = 0; i < l->path_count; i++) {
        const struct http_route *route = &l->options.routes[i];
        if (!str_eq(l->paths[i], path)) {
            continue;
        }
        if (serves(route, verb)) {
            *route_out = route;
            return 0;
        }
        rc = ERR_METHOD_NOT_ALLOWED;
    }
    return rc;
}

struct str http_route_allowed(const struct http_listener *l, struct str path, struct arena *a)
{
    struct str list = STR("");
    for (enum http_verb verb = 0; verb < VERB_COUNT; verb++) {
        const struct http_route *route;
        if (http_route_find(l, verb, path, &route) == 0) {
            list = arena_printf(a, "%s%s%s", list.p, list.n ? ", " : "", verb_names[verb]);
        }
    }
    return list;
}

size_t http_route_metric(const struct http_listener *l, const struct http_route *route)
{
    return route ? l->options.metric_first_route + (size_t)(route - l->options.routes) : 0;
}
