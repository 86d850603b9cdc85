/* Any bytes as requests on one connection: whole, byte by byte and cut in two they are the same requests, or the same error. */
#include "fuzz.h"
#include "http_client.h"
#include "http_etag.h"
#include "http_gzip.h"

/* What is read from the lists in a head, an address and a tag among them. */
static void describe_lists(struct buf *out, const struct http_parse *p)
{
    struct arena a = {0};
    char text[PEER_TEXT_BYTES];
    static struct http_networks trusted;
    HOLD(http_networks_read(STR("10.0.0.0/8, ::1"), &trusted) == 0);
    struct str client = http_client_forwarded(p, &trusted, text), tag = http_etag_make(&a, STR("hello"), false);
    bool known = http_etag_known(p, &a, &tag);
    HOLD(client.n < sizeof(text) && tag.n > 2);
    HOLD(buf_printf(out, "%d %.*s %d %.*s ", http_gzip_accepted(p), (int)client.n, client.p ? client.p : "", known,
                    (int)tag.n, tag.p) == 0);
    arena_free(&a);
}

static void describe(struct buf *out, const struct http_parse *p, const struct buf *body)
{
    enum http_verb verb;
    struct str target = http_parse_target(p), host = http_parse_header(p, STR("host"));
    HOLD(http_parse_verb(p, &verb) == 0 && target.n && target.p[0] == '/' && host.n);
    HOLD(buf_printf(out, "ok %d %.*s %.*s %zu %d ", (int)verb, (int)target.n, target.p, (int)host.n, host.p,
                    p->field_count, p->keep_alive) == 0);
    describe_lists(out, p);
    HOLD(buf_append(out, buf_str(body)) == 0);
}

/* What becomes of the bytes in pieces: `first`, then `step` each. */
static struct buf outcome(struct str bytes, size_t first, size_t step)
{
    static struct http_parse p;
    struct buf body = buf_make(1 << 20), out = buf_make(64u << 20);
    struct str rest = str_cut(bytes, first), waiting = str_skip(bytes, first);
    int rc = 0;
    http_parse_init(&p);
    while (rc == 0 && (rest.n || waiting.n)) {
        if (rest.n == 0) {
            rest = str_cut(waiting, step);
            waiting = str_skip(waiting, step);
        }
        rc = p.stage == STAGE_HEAD ? http_parse_head(&p, &rest) : http_parse_body(&p, &rest, &body);
        if (rc) {
            HOLD(buf_printf(&out, "error %d", rc) == 0);
        } else if (p.stage == STAGE_DONE) {
            describe(&out, &p, &body);
            body.len = 0;
            http_parse_reset(&p);
        }
    }
    HOLD(buf_printf(&out, " stage %d head %zu body %zu", rc ? 0 : (int)p.stage, rc ? 0 : p.head.len,
                    rc ? 0 : body.len) == 0);
    http_parse_free(&p);
    buf_free(&body);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    size_t cut = size ? (size_t)data[size - 1] * size / 256 : 0;
    struct buf whole = outcome(bytes, size, 1), single = outcome(bytes, 0, 1), cut_in_two = outcome(bytes, cut, size);
    HOLD(str_eq(buf_str(&whole), buf_str(&single)));
    HOLD(str_eq(buf_str(&whole), buf_str(&cut_in_two)));
    buf_free(&whole);
    buf_free(&single);
    buf_free(&cut_in_two);
    return 0;
}
