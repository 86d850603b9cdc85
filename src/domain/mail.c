#include "mail.h"
#include "caps.h"
#include "json.h"
#include "utf8.h"

/* Is the character at the beginning a control character, of C0 or C1, or a line separator? */
static bool is_control(struct str s)
{
    unsigned char c = (unsigned char)s.p[0];
    return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)s.p[1] < 0xa0) || str_starts(s, STR("\xe2\x80\xa8")) ||
           str_starts(s, STR("\xe2\x80\xa9"));
}

/* Valid text without control characters: what a header can hold. */
static struct str one_line(struct arena *a, struct str s)
{
    struct str rest = utf8_clean(a, s);
    char *out = arena_alloc(a, rest.n + 1);
    size_t n = 0;
    while (rest.n) {
        size_t wide = utf8_sequence(rest);
        if (!is_control(rest)) {
            memcpy(out + n, rest.p, wide);
            n += wide;
        } else if (n && out[n - 1] != ' ') {
            out[n++] = ' ';
        }
        rest = str_skip(rest, wide);
    }
    return (struct str){out, n};
}

static int put_text(struct buf *out, const char *before, struct str text)
{
    int rc = buf_append(out, str_of(before));
    return rc ? rc : json_write_string(out, text);
}

static int put_headers(struct buf *out, struct arena *a, const struct mail *m)
{
    if (!m->unsubscribe_url.n) {
        return 0;
    }
    struct str url = one_line(a, m->unsubscribe_url);
    int rc = put_text(out, ",\"headers\":{\"List-Unsubscribe\":", arena_printf(a, "<%.*s>", (int)url.n, url.p));
    return rc ? rc : buf_append(out, STR(",\"List-Unsubscribe-Post\":\"List-Unsubscribe=One-Click\"}"));
}

/* A tag holds letters, digits, - and _; ids and dates do. */
static int put_tag(struct buf *out, const char *before, struct arena *a, struct str value)
{
    int rc = put_text(out, before, one_line(a, value));
    return rc ? rc : buf_append(out, STR("}"));
}

static int put_mail(struct buf *out, struct arena *a, const struct mail *m)
{
    int rc = put_text(out, "{\"from\":", one_line(a, m->from));
    rc = rc ? rc : put_text(out, ",\"to\":[", one_line(a, m->to));
    rc = rc ? rc : put_text(out, "],\"subject\":", one_line(a, m->subject));
    rc = rc ? rc : put_text(out, ",\"html\":", utf8_clean(a, m->html));
    rc = rc ? rc : put_text(out, ",\"text\":", utf8_clean(a, m->text));
    rc = rc ? rc : put_headers(out, a, m);
    rc = rc ? rc : buf_append(out, STR(",\"tags\":[{\"name\":\"kind\",\"value\":\"digest\"}"));
    rc = rc ? rc : put_tag(out, ",{\"name\":\"business\",\"value\":", a, m->business_id);
    rc = rc ? rc : put_tag(out, ",{\"name\":\"date\",\"value\":", a, m->local_date);
    return rc ? rc : buf_append(out, STR("]}"));
}

int mail_write(struct buf *out, const struct mail *mails, size_t count)
{
    struct arena a = {0};
    int rc = count == 1 ? 0 : buf_append(out, STR("["));
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = i ? buf_append(out, STR(",")) : 0;
        rc = rc ? rc : put_mail(out, &a, &mails[i]);
    }
    rc = rc || count == 1 ? rc : buf_append(out, STR("]"));
    arena_free(&a);
    return rc;
}

static const struct field mail_fields[] = {
    FIELD(struct mail, from, "from", STR, 0),
    FIELD(struct mail, to, "to.[]", STR, 0),
    FIELD(struct mail, subject, "subject", STR, 0),
    FIELD(struct mail, html, "html", STR, 0),
    FIELD(struct mail, text, "text", STR, 0),
    FIELD(struct mail, unsubscribe_url, "headers.List-Unsubscribe", STR, 0),
};
static const struct field_items mail_items = {mail_fields, FIELD_COUNT(mail_fields), sizeof(struct mail)};

struct mail_list {
    struct field_list_value mails;
};

static const struct field list_fields[] = {
    FIELD_ITEMS(struct mail_list, mails, "mails", mail_items, 0),
};

/* Both forms as one: {"mails":[...]}. */
static struct str as_list(struct arena *a, struct str bytes)
{
    bool several = bytes.n && bytes.p[0] == '[';
    return arena_printf(a, several ? "{\"mails\":%.*s}" : "{\"mails\":[%.*s]}", (int)bytes.n, bytes.p);
}

static struct str without_brackets(struct str url)
{
    return url.n >= 2 && url.p[0] == '<' ? str_cut(str_skip(url, 1), url.n - 2) : url;
}

int mail_read(struct arena *a, struct str bytes, struct mail *mails_out, size_t *count_out)
{
    struct json_shape *shape = json_shape_new(list_fields, FIELD_COUNT(list_fields));
    struct mail_list list;
    struct json_pass pass = {
        .shape = shape, .doc = as_list(a, bytes), .target = &list, .target_bytes = sizeof(list), .arena = a};
    int rc = json_read(&pass);
    json_shape_free(shape);
    if (rc < 0 || list.mails.count == 0 || list.mails.count > CAP_MAIL_RECIPIENTS) {
        return ERR_BAD_JSON;
    }
    memcpy(mails_out, list.mails.items, list.mails.count * sizeof(*mails_out));
    for (size_t i = 0; i < list.mails.count; i++) {
        mails_out[i].unsubscribe_url = without_brackets(mails_out[i].unsubscribe_url);
        if (!mails_out[i].from.n || !mails_out[i].to.n) {
            return ERR_BAD_JSON;
        }
    }
    *count_out = list.mails.count;
    return 0;
}
