#include "http_gzip.h"
#include "http_list.h"
#include <assert.h>

#define WINDOW_BITS (15 + 16) /* 16: with gzip's own head and tail */
#define MEMORY_LEVEL 8
#define LEVEL 3 /* the loop waits meanwhile: the later levels take twice as long for a twentieth of the bytes */
#define KEPT_BYTES (256u << 10) /* memory of a larger answer is given back */
#define MOST_PERMILLE 1000

bool http_gzip_fits(const char *content_type, size_t bytes)
{
    struct str type = str_of(content_type);
    type = str_trim(str_cut(type, str_find(type, ';')));
    return bytes > CAP_GZIP_LEAST_BYTES &&
           (str_eq_nocase(type, STR("application/json")) || str_eq_nocase(str_cut(type, 5), STR("text/")));
}

/* "0", "0.5", "1.000" in thousandths; anything else as 0, which is a refusal. */
static int weight_of(struct str text)
{
    int permille = 0, unit = MOST_PERMILLE;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool digit = c >= '0' && c <= '9';
        if (i == 1 ? c != '.' : !digit || i > 4) {
            return 0;
        }
        permille += digit ? (c - '0') * unit : 0;
        unit /= digit ? 10 : 1;
    }
    return permille <= MOST_PERMILLE ? permille : 0;
}

/* Splits "gzip;q=0.5" into the name and its weight. */
static struct str coding_of(struct str member, int *weight_out)
{
    struct str name = str_cut(member, str_find(member, ';'));
    struct str weight = str_trim(str_skip(member, name.n + 1));
    *weight_out = MOST_PERMILLE;
    if (name.n < member.n) {
        *weight_out = str_eq_nocase(str_cut(weight, 2), STR("q=")) ? weight_of(str_skip(weight, 2)) : 0;
    }
    return str_trim(name);
}

bool http_coding_accepted(const struct http_parse *p, struct str coding)
{
    struct http_list list = http_list_of(p, STR("accept-encoding"));
    struct str member;
    int wanted = -1, any = -1, identity = -1, weight;
    while (http_list_next(&list, &member)) {
        struct str name = coding_of(member, &weight);
        name = str_eq_nocase(name, STR("x-gzip")) ? STR("gzip") : name; /* RFC 9110, 8.4.1.3: the same */
        if (str_eq_nocase(name, coding)) {
            wanted = weight;
        } else if (str_eq_nocase(name, STR("identity"))) {
            identity = weight;
        } else if (str_eq(name, STR("*"))) {
            any = weight;
        }
    }
    wanted = wanted < 0 ? any : wanted;
    return wanted > 0 && wanted >= identity;
}

bool http_gzip_accepted(const struct http_parse *p)
{
    return http_coding_accepted(p, STR("gzip"));
}

static void prepare(struct http_gzip *g)
{
    int rc = g->ready ? deflateReset(&g->z)
                      : deflateInit2(&g->z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    assert(rc == Z_OK);
    g->ready = true;
    if (g->out.size > KEPT_BYTES) {
        buf_free(&g->out);
    }
    g->out.len = 0;
}

struct str http_gzip_press(struct http_gzip *g, struct str bytes)
{
    prepare(g);
    g->out.cap = deflateBound(&g->z, bytes.n);
    int rc = buf_reserve(&g->out, g->out.cap);
    assert(rc == 0);
    g->z.next_in = (unsigned char *)bytes.p;
    g->z.avail_in = (unsigned)bytes.n;
    g->z.next_out = (unsigned char *)g->out.data;
    g->z.avail_out = (unsigned)g->out.cap;
    rc = deflate(&g->z, Z_FINISH);
    assert(rc == Z_STREAM_END);
    g->out.len = g->z.total_out;
    return buf_str(&g->out);
}

void http_gzip_free(struct http_gzip *g)
{
    if (g->ready) {
        deflateEnd(&g->z);
    }
    buf_free(&g->out);
}
