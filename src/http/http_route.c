#include "http_route.h"
#include "caps.h"
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

struct http_path http_path_read(const char *path)
{
    struct str whole = str_of(path);
    size_t open = str_find(whole, '{'), closed = str_find(whole, '}');
    if (open == whole.n) {
        assert(closed == whole.n);
        return (struct http_path){.before = whole};
    }
    struct str after = str_skip(whole, closed + 1);
    assert(open > 0 && whole.p[open - 1] == '/' && closed > open && closed < whole.n);
    assert(str_find(after, '{') == after.n && (after.n == 0 || after.p[0] == '/'));
    return (struct http_path){.before = str_cut(whole, open), .after = after};
}

static bool is_value(struct str s)
{
    static const char marks[] = "._-";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && !memchr(marks, c, sizeof(marks) - 1)) {
            return false;
        }
    }
    return s.n > 0 && s.n <= CAP_PARAM_BYTES && !str_eq(s, STR(".")) && !str_eq(s, STR(".."));
}

static bool matches(const struct http_path *p, struct str path, struct str *param_out)
{
    *param_out = (struct str){NULL, 0};
    if (!p->after.p) {
        return str_eq(p->before, path);
    }
    if (!str_starts(path, p->before) || !str_ends(path, p->after)) {
        return false;
    }
    *param_out = str_skip(str_cut(path, path.n - p->after.n), p->before.n);
    return is_value(*param_out);
}

/* Among the rows with a parameter, or among those without. */
static int find(const struct http_listener *l, bool with_param, enum http_verb verb, struct str path,
                struct http_match *match_out)
{
    int rc = ERR_NOT_FOUND;
    for (size_t i = 0; i < l->path_count; i++) {
        const struct http_route *route = &l->options.routes[i];
        struct str param;
        if ((l->paths[i].after.p != NULL) != with_param || !matches(&l->paths[i], path, &param)) {
            continue;
        }
        if (serves(route, verb)) {
            *match_out = (struct http_match){route, param};
            return 0;
        }
        rc = ERR_METHOD_NOT_ALLOWED;
    }
    return rc;
}

int http_route_find(const struct http_listener *l, enum http_verb verb, struct str path, struct http_match *match_out)
{
    *match_out = (struct http_match){NULL, {NULL, 0}};
    int rc = find(l, false, verb, path, match_out);
    return rc == ERR_NOT_FOUND ? find(l, true, verb, path, match_out) : rc;
}

struct str http_route_allowed(const struct http_listener *l, struct str path, struct arena *a)
{
    struct str list = STR("");
    for (enum http_verb verb = 0; verb < VERB_COUNT; verb++) {
        struct http_match match;
        if (http_route_find(l, verb, path, &match) == 0) {
            list = arena_printf(a, "%s%s%s", list.p, list.n ? ", " : "", verb_names[verb]);
        }
    }
    return list;
}

size_t http_route_metric(const struct http_listener *l, const struct http_route *route)
{
    return route ? l->options.metric_first_route + (size_t)(route - l->options.routes) : 0;
}
