#include "http_conn.h"

struct str http_header(const struct http_request *r, struct str name)
{
    return http_parse_header(&container_of(r, struct http_conn, request)->parse, name);
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
