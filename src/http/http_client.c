#include "http_client.h"
#include "http_conn.h"
#include "http_list.h"
#include "http_server.h"

static bool is_port(struct str s)
{
    size_t digits = 1;
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9') {
        digits++;
    }
    return s.n == 0 || (s.p[0] == ':' && s.n > 1 && s.n <= 6 && digits == s.n);
}

/* Without the port and the brackets that some proxies write; absent when what is there is neither. */
static struct str bare(struct str entry)
{
    size_t closing = str_find(entry, ']'), colon = str_find(entry, ':');
    struct str address = entry, behind = str_skip(entry, entry.n);
    if (str_starts(entry, STR("["))) {
        address = str_skip(str_cut(entry, closing), 1);
        behind = closing < entry.n ? str_skip(entry, closing + 1) : STR("[");
    } else if (memchr(entry.p, '.', colon)) { /* IPv4: in IPv6 a colon comes first */
        address = str_cut(entry, colon);
        behind = str_skip(entry, colon);
    }
    return is_port(behind) ? address : (struct str){NULL, 0};
}

/* Each proxy adds the address that it sees at the end: those at the end are our own proxies', the one before them is who came
 * from outside, and all before that is what it said itself. */
struct str http_client_forwarded(const struct http_parse *p, const struct http_networks *trusted,
                                 char out[PEER_TEXT_BYTES])
{
    struct http_list list = http_list_of(p, STR("x-forwarded-for"));
    struct str entry, found = {NULL, 0};
    struct sockaddr_storage address;
    while (http_list_next(&list, &entry)) {
        if (!http_network_address(bare(entry), &address)) {
            found = (struct str){NULL, 0};
        } else if (!http_networks_have(trusted, &address)) {
            found = http_peer_text(&address, out);
        }
    }
    return found;
}

struct str http_client_address(struct http_request *r)
{
    struct http_conn *c = container_of(r, struct http_conn, request);
    struct str found = {NULL, 0};
    if (c->peer_is_trusted) {
        found = http_client_forwarded(&c->parse, c->listener->options.trusted_proxies, c->client_text);
    }
    return found.p ? found : r->peer;
}
