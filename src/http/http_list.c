#include "http_list.h"

struct http_list http_list_of(const struct http_parse *p, struct str name)
{
    return (struct http_list){.parse = p, .name = name};
}

bool http_list_next(struct http_list *l, struct str *member_out)
{
    do {
        if (l->rest.n == 0) {
            l->rest = http_parse_next(l->parse, l->name, &l->at);
        }
        *member_out = str_cut(l->rest, str_find(l->rest, ','));
        l->rest = str_skip(l->rest, member_out->n + 1);
        *member_out = str_trim(*member_out);
    } while (member_out->n == 0 && l->rest.p);
    return member_out->n > 0;
}
