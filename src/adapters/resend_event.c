#include "resend_event.h"
#include "caps.h"
#include "timestamp.h"
#include "utf8.h"
#include "uuid.h"

#define MOST_ADDRESS_BYTES 320
#define MOST_WHY_BYTES 200
#define MOST_MAIL_ID_BYTES 100
#define DATE_LETTERS 10

static const struct field address_fields[] = {{"", 0, FIELD_STR, 0, NULL, 0}};
static const struct field_items addresses = {address_fields, FIELD_COUNT(address_fields), sizeof(struct str)};

#define E(member, path, kind) FIELD(struct resend_event, member, path, kind, 0)
static const struct field fields[] = {
    E(type, "type", STR),
    E(created_us, "created_at", TIME),
    E(mail_id, "data.email_id", STR),
    FIELD_ITEMS(struct resend_event, to, "data.to", addresses, 0),
    E(kind, "data.tags.kind", STR),
    E(business_id, "data.tags.business", STR),
    E(date, "data.tags.date", STR),
    E(bounce_type, "data.bounce.type", STR),
    E(bounce_message, "data.bounce.message", STR),
    E(suppressed_reason, "data.suppressed.reason", STR),
    E(suppressed_message, "data.suppressed.message", STR),
    E(failed_reason, "data.failed.reason", STR),
};

struct json_shape *resend_event_shape(void)
{
    return json_shape_new(fields, FIELD_COUNT(fields));
}

static bool is_object(struct str body)
{
    while (body.n && strchr(" \t\r\n", *body.p)) {
        body = str_skip(body, 1);
    }
    return str_starts(body, STR("{"));
}

int resend_event_read(const struct json_shape *shape, struct str body, struct arena *a, struct resend_event *out)
{
    struct json_pass pass = {.shape = shape, .doc = body, .target = out, .target_bytes = sizeof(*out), .arena = a};
    return is_object(body) && utf8_valid(body) ? json_read(&pass) : ERR_BAD_JSON;
}

struct meaning {
    const char *type;
    enum metric_delivery state;
    const char *pauses; /* why the recipient gets no more mail; NULL: goes on */
};

static const struct meaning meanings[] = {
    {"email.sent", DELIVERY_SENT, NULL},
    {"email.delivery_delayed", DELIVERY_DELAYED, NULL},
    {"email.delivered", DELIVERY_DELIVERED, NULL},
    {"email.failed", DELIVERY_FAILED, NULL},
    {"email.bounced", DELIVERY_BOUNCED, "bounced"},
    {"email.suppressed", DELIVERY_SUPPRESSED, "suppressed"},
    {"email.complained", DELIVERY_COMPLAINED, "complained"},
};

static const struct meaning *find_meaning(struct str type)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (str_eq(type, str_of(meanings[i].type))) {
            return &meanings[i];
        }
    }
    return NULL;
}

/* For the owner, on one line: what another server said, so anything may stand in it. */
static struct str one_line(struct arena *a, struct str text)
{
    text = utf8_cut(utf8_clean(a, text), MOST_WHY_BYTES);
    char *line = arena_alloc(a, text.n + 1);
    for (size_t i = 0; i < text.n; i++) {
        bool plain = (unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f;
        line[i] = plain ? text.p[i] : ' ';
    }
    return str_trim((struct str){line, text.n});
}

static struct str why_of(const struct resend_event *e, enum metric_delivery state)
{
    return state == DELIVERY_BOUNCED      ? e->bounce_message
           : state == DELIVERY_SUPPRESSED ? str_or(e->suppressed_message, e->suppressed_reason)
           : state == DELIVERY_FAILED     ? e->failed_reason
                                          : STR("");
}

/* A day that is in the calendar; Postgres would refuse others. */
static bool is_date(struct arena *a, struct str s)
{
    return s.n == DATE_LETTERS && s.p[4] == '-' && s.p[7] == '-' &&
           timestamp_parse(arena_printf(a, "%.*sT00:00:00Z", (int)s.n, s.p));
}

static struct str address_of(struct arena *a, const struct resend_event *e)
{
    struct str first = e->to.count ? *(const struct str *)e->to.items : STR("");
    return first.n <= MOST_ADDRESS_BYTES ? str_trim(utf8_clean(a, first)) : STR("");
}

bool resend_event_delivery(const struct resend_event *e, struct arena *a, struct digest_delivery *out)
{
    const struct meaning *m = find_meaning(e->type);
    struct uuid id;
    if (!m) {
        return false;
    }
    bool tagged = str_eq(e->kind, STR("digest")) && uuid_read(e->business_id, &id) && is_date(a, e->date);
    struct str why = one_line(a, why_of(e, m->state));
    bool transient = m->state == DELIVERY_BOUNCED && str_eq_nocase(e->bounce_type, STR("Transient"));
    out->state = m->state;
    out->business_id = tagged ? e->business_id : (struct str){NULL, 0};
    out->local_date = tagged ? e->date : (struct str){NULL, 0};
    out->mail_id = utf8_cut(utf8_clean(a, e->mail_id), MOST_MAIL_ID_BYTES);
    out->address = address_of(a, e);
    out->why = why.n ? why : (struct str){NULL, 0};
    out->pauses = m->pauses && !transient ? str_of(m->pauses) : (struct str){NULL, 0};
    out->happened_us = e->created_us;
    return true;
}
