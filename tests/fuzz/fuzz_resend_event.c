/* Any bytes as a delivery event, and as the headers of a signature. The reader takes every object that the strict one
 * takes; what it says of them is text that Postgres takes, within its limits; nothing unsigned is ever valid. */
#include "caps.h"
#include "fuzz.h"
#include "resend_event.h"
#include "strict_json.h"
#include "svix.h"
#include "utf8.h"
#include "uuid.h"

static void check_text(struct str s, size_t most)
{
    HOLD(s.n <= most && utf8_valid(s) && (!s.n || !memchr(s.p, 0, s.n)));
}

static void check_delivery(const struct digest_delivery *d)
{
    struct uuid id;
    check_text(d->address, 320);
    check_text(d->mail_id, 100);
    check_text(d->why, 200);
    HOLD(d->state < DELIVERY_OTHER && d->happened_us >= 0);
    HOLD(!d->business_id.p == !d->local_date.p);
    HOLD(!d->business_id.p || (uuid_read(d->business_id, &id) && d->local_date.n == 10));
    HOLD(!d->pauses.p || d->state >= DELIVERY_BOUNCED);
}

static bool is_strict_object(struct str doc)
{
    struct strict_json strict = {.p = doc.p, .end = doc.p + doc.n};
    size_t at = doc.n ? strspn(doc.p, " \t\r\n") : 0;
    return utf8_valid(doc) && strict_json_document(&strict) && strict.deepest <= CAP_JSON_DEPTH && doc.p[at] == '{';
}

static struct str next_line(struct str *rest)
{
    struct str line = str_cut(*rest, str_find(*rest, '\n'));
    *rest = str_skip(*rest, line.n + 1);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_shape *shape;
    struct arena a = {0};
    struct resend_event e;
    struct digest_delivery d = {0};
    struct str doc = arena_copy(&a, (struct str){(const char *)data, size}), rest = doc;
    shape = shape ? shape : resend_event_shape();
    int rc = resend_event_read(shape, doc, &a, &e);
    HOLD(rc == 0 || !is_strict_object(doc));
    if (rc == 0 && resend_event_delivery(&e, &a, &d)) {
        check_delivery(&d);
    }
    struct svix_signed s = {.id = next_line(&rest), .timestamp = next_line(&rest), .signatures = next_line(&rest)};
    s.body = rest;
    HOLD(!svix_valid(STR("larkspur"), &s, 1767225600));
    arena_free(&a);
    return 0;
}
