#include "http_conn.h"
#include "http_gzip.h"

struct str http_header(const struct http_request *r, struct str name)
{
    return http_parse_header(&container_of(r, struct http_conn, request)->parse, name);
}

bool http_takes_coding(const struct http_request *r, struct str coding)
{
    return http_coding_accepted(&container_of(r, struct http_conn, request)->parse, coding);
}

struct str http_header_once(const struct http_request *r, struct str name)
{
    const struct http_parse *p = &container_of(r, struct http_conn, request)->parse;
    size_t at = 0;
    struct str value = http_parse_next(p, name, &at);
    return http_parse_next(p, name, &at).p ? (struct str){NULL, 0} : value;
}

struct str http_param(const struct http_request *r)
{
    return container_of(r, struct http_conn, request)->param;
}

struct buf http_take_body(struct http_request *r)
{
    struct buf body = r->body;
    r->body = buf_make(0);
    return body;
}
