#include "html.h"
#include "caps.h"
#include "utf8.h"

#define ISOLATE "\xe2\x81\xa8"
#define END_ISOLATE "\xe2\x81\xa9"
#define ELLIPSIS "\xe2\x80\xa6"

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

#define IS_IN(c, ranges) is_in((c), (ranges), sizeof(ranges) / sizeof((ranges)[0]))

static const struct range blank[] = {{0, 0x20}, {0x7f, 0x9f}, {0x2028, 0x2029}};
/* Marks of direction, and what has neither width nor effect. */
static const struct range unseen[] = {{0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200b}, {0x200e, 0x200f},
                                      {0x202a, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}};
static const struct range leftward[] = {
    {0x590, 0x8ff}, {0xfb1d, 0xfdff}, {0xfe70, 0xfefe}, {0x10800, 0x10fff}, {0x1e800, 0x1efff}};
/* Belongs to the character before it: joiners, accents, skin tones. */
static const struct range attached[] = {
    {0x300, 0x36f}, {0x200c, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0x1f3fb, 0x1f3ff}};
#define MOST_ATTACHED 6 /* to one character: real ones have up to four, towers of accents hundreds */

static uint32_t decode(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        c = c << 6 | (p[i] & 0x3fu);
    }
    return c;
}

struct taming {
    char *out;
    size_t n, count, attached;
    size_t whole; /* length before the last character that may be cut off */
    bool is_leftward;
};

/* One character more; false when there are enough. */
static bool tame_one(struct taming *t, const char *p, size_t n, size_t most)
{
    uint32_t c = decode(p, n);
    if (IS_IN(c, unseen)) {
        return true;
    }
    if (IS_IN(c, blank)) {
        if (t->n == 0 || t->out[t->n - 1] == ' ') {
            return true;
        }
        p = " ";
        n = 1;
    }
    bool is_attached = IS_IN(c, attached);
    t->attached = is_attached ? t->attached + 1 : 0;
    if (t->attached > MOST_ATTACHED) {
        return true;
    }
    if (t->count == most) {
        return false;
    }
    t->whole = is_attached ? t->whole : t->n;
    t->is_leftward = t->is_leftward || IS_IN(c, leftward);
    memcpy(t->out + t->n, p, n);
    t->n += n;
    t->count++;
    return true;
}

struct str html_tame(struct arena *a, struct str text, size_t most)
{
    struct str rest = utf8_clean(a, text);
    size_t room = rest.n < most * 4 ? rest.n : most * 4;
    struct taming t = {.out = arena_alloc(a, room + sizeof(ISOLATE ELLIPSIS END_ISOLATE))};
    bool is_cut = false;
    while (rest.n && !is_cut) {
        size_t n = utf8_sequence(rest);
        is_cut = !tame_one(&t, rest.p, n, most);
        rest = str_skip(rest, n);
    }
    if (is_cut) { /* the last character makes room for the ellipsis */
        t.n = t.whole;
    }
    while (t.n && t.out[t.n - 1] == ' ') {
        t.n--;
    }
    struct str tamed = {t.out, t.n};
    return !is_cut && !t.is_leftward ? tamed
                                     : arena_printf(a, "%s%.*s%s%s", t.is_leftward ? ISOLATE : "", (int)tamed.n,
                                                    tamed.p, is_cut ? ELLIPSIS : "", t.is_leftward ? END_ISOLATE : "");
}

void html_append_literal(struct html *h, struct str literal)
{
    h->rc = h->rc ? h->rc : buf_append(&h->out, literal);
}

static struct str escape_of(char c)
{
    switch (c) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&#34;");
    case '\'':
        return STR("&#39;");
    default:
        return (struct str){NULL, 0};
    }
}

static void append_escaped(struct html *h, struct str s)
{
    size_t plain = 0;
    for (size_t i = 0; i <= s.n; i++) {
        struct str word = i < s.n ? escape_of(s.p[i]) : (struct str){NULL, 0};
        if (i < s.n && !word.n) {
            continue;
        }
        html_append_literal(h, (struct str){s.p + plain, i - plain});
        html_append_literal(h, word);
        plain = i + 1;
    }
}

void html_text(struct html *h, struct str text, size_t most)
{
    struct arena a = {0};
    append_escaped(h, html_tame(&a, text, most));
    arena_free(&a);
}

/* Printable ASCII without blanks, quotes and brackets: whatever else an address needs is percent-encoded in it. */
static bool is_plain(struct str url)
{
    for (size_t i = 0; i < url.n; i++) {
        if (url.p[i] <= ' ' || url.p[i] >= 0x7f || strchr("\"'<>\\`{}|^", url.p[i])) {
            return false;
        }
    }
    return true;
}

bool html_is_url(struct str url)
{
    bool is_known =
        str_starts(url, STR("https://")) || str_starts(url, STR("http://")) || str_starts(url, STR("tel:+"));
    return is_known && url.n <= CAP_HTML_URL_BYTES && is_plain(url);
}

void html_url(struct html *h, struct str url)
{
    append_escaped(h, html_is_url(url) ? url : STR("#"));
}

void html_number(struct html *h, int64_t number)
{
    h->rc = h->rc ? h->rc : buf_printf(&h->out, "%lld", (long long)number);
}
