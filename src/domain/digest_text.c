/* The text part: the same facts as the HTML, for who reads without it. */
#include "digest_page.h"
#include "caps.h"

#define COLUMNS 72
#define FIRST_COLUMN 26
#define COLUMN 16

struct text_page {
    struct buf out;
    int rc;
    const struct digest_page *p;
};

static void put(struct text_page *t, struct str s)
{
    t->rc = t->rc ? t->rc : buf_append(&t->out, s);
}

static void put_spaces(struct text_page *t, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(t, STR(" "));
    }
}

/* In characters, as good as columns. */
static size_t columns(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; s.p && i < s.n; i++) {
        count += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    }
    return count;
}

/* A paragraph: its first line begins at the column `at` where writing is, the others at `indent`. */
static void wrap(struct text_page *t, struct str words, size_t at, size_t indent)
{
    size_t column = at;
    bool is_first = true;
    while (words.p && words.n) {
        struct str word = str_cut(words, str_find(words, ' '));
        size_t wide = columns(word);
        words = str_skip(words, word.n + 1);
        if ((!is_first || at > indent) && column + !is_first + wide > COLUMNS) {
            put(t, STR("\n"));
            put_spaces(t, indent);
            column = indent;
        } else if (!is_first) {
            put(t, STR(" "));
            column++;
        }
        put(t, word);
        column += wide;
        is_first = false;
    }
    put(t, STR("\n"));
}

static void put_paragraph(struct text_page *t, struct str words, size_t indent)
{
    if (words.n) {
        put_spaces(t, indent);
        wrap(t, html_tame(t->p->a, words, MOST_WORDS), indent, indent);
    }
}

/* An address stands whole on its own line, to be pressed or copied. */
static void put_address(struct text_page *t, struct str url, size_t indent)
{
    if (url.n) {
        put_spaces(t, indent);
        put(t, url);
        put(t, STR("\n"));
    }
}

static void put_title(struct text_page *t, const char *title)
{
    put(t, STR("\n"));
    put(t, str_of(title));
    put(t, STR("\n\n"));
}

static struct str tame(const struct text_page *t, struct str s, size_t most)
{
    return html_tame(t->p->a, s, most);
}

static void put_caller(struct text_page *t, const struct digest_caller *c, size_t nth)
{
    struct arena *a = t->p->a;
    struct str name = tame(t, str_or(c->name, STR("Name not known")), MOST_NAME), word = words_urgency(c->urgency);
    struct str phone = tame(t, words_phone(a, str_or(c->number, c->caller_number)), MOST_NAME);
    put(t, arena_printf(a, "%zu. ", nth));
    wrap(t, arena_printf(a, word.n ? "%.*s (%.*s)" : "%.*s", (int)name.n, name.p, (int)word.n, word.n ? word.p : ""), 3,
         3);
    put_paragraph(t, phone, 3);
    put_paragraph(t, tame(t, words_why(a, c->reason, (struct str){NULL, 0}, c->outcome), MOST_REASON), 3);
    put_paragraph(t, words_caller_meta(a, c), 3);
    put_paragraph(t, words_called_from(a, c), 3);
    put_paragraph(t, tame(t, words_booking(a, &c->booking), MOST_BOOKING), 3);
    put_address(t, digest_call_url(a, t->p->f, t->p->links, c->call_id), 3);
    put(t, STR("\n"));
}

static void put_call_back(struct text_page *t)
{
    const struct digest_page *p = t->p;
    size_t shown = p->f->call_back.count;
    if (shown == 0) {
        return;
    }
    put_title(t, "CALL BACK FIRST");
    for (size_t i = 0; i < shown; i++) {
        put_caller(t, DIGEST_ITEM(p->f->call_back, digest_caller, i), i + 1);
    }
    struct str waiting = words_waiting(p->a, p->f);
    if (waiting.n) {
        put_paragraph(
            t, arena_printf(p->a, "And %.*s%s", (int)waiting.n, waiting.p, p->links->dashboard_url.n ? ":" : "."), 0);
        put_address(t, digest_day_url(p->a, p->f, p->links, "&call_back=yes"), 0);
    }
}

static void put_left(struct text_page *t, struct str s, size_t wide)
{
    put(t, s);
    put_spaces(t, columns(s) < wide ? wide - columns(s) : 1);
}

static void put_right(struct text_page *t, struct str s, size_t wide)
{
    put_spaces(t, columns(s) < wide ? wide - columns(s) : 1);
    put(t, s);
}

static void put_numbers(struct text_page *t)
{
    const struct digest_page *p = t->p;
    struct words_figure figures[WORDS_FIGURES];
    size_t count = words_figures(p->a, p->f, figures);
    put_title(t, "THE DAY IN NUMBERS");
    put_left(t, STR(""), FIRST_COLUMN);
    put_right(t, tame(t, p->f->day, MOST_SHORT), COLUMN);
    if (p->f->usual_weeks) {
        struct str usual = arena_printf(p->a, "usual %.*s", (int)p->f->weekday.n, p->f->weekday.p);
        put_right(t, tame(t, usual, MOST_SHORT), COLUMN);
    }
    put(t, STR("\n"));
    for (size_t i = 0; i < count; i++) {
        put_left(t, str_of(figures[i].label), FIRST_COLUMN);
        put_right(t, figures[i].value, COLUMN);
        if (figures[i].usual.n) {
            put_right(t, figures[i].usual, COLUMN);
        }
        put(t, STR("\n"));
    }
    put(t, STR("\n"));
    put_paragraph(t, words_usual(p->a, p->f), 0);
    put_paragraph(t, words_busiest(p->a, p->f), 0);
    put_paragraph(t, words_after_hours(p->a, p->f), 0);
}

static void put_call(struct text_page *t, const struct digest_call *c)
{
    struct arena *a = t->p->a;
    struct str when = tame(t, c->when, MOST_SHORT);
    struct str who = tame(t, str_or(c->name, words_phone(a, c->number)), MOST_NAME);
    struct str why = tame(t, words_why(a, c->reason, c->summary, c->outcome), MOST_REASON),
               meta = words_call_meta(a, c);
    put(t, when);
    if (columns(when) < 10) {
        put_spaces(t, 10 - columns(when));
    } else {
        put(t, STR("\n          "));
    }
    wrap(t, arena_printf(a, "%.*s: %.*s", (int)who.n, who.p, (int)why.n, why.p), 10, 10);
    put_paragraph(t, meta, 10);
    put_paragraph(t, tame(t, words_booking(a, &c->booking), MOST_BOOKING), 10);
    put_address(t, digest_call_url(a, t->p->f, t->p->links, c->id), 10);
}

static void put_calls(struct text_page *t)
{
    const struct digest_page *p = t->p;
    struct digest_group groups[DIGEST_GROUPS];
    bool is_first = true;
    digest_groups(p->f, groups);
    for (int i = 0; i < DIGEST_GROUPS; i++) {
        if (groups[i].total == 0) {
            continue;
        }
        if (is_first) {
            put_title(t, p->f->call_back.count ? "ALL OTHER CALLS" : "ALL CALLS");
        }
        struct str count = words_count(p->a, groups[i].total, "call", "calls");
        put(t, arena_printf(p->a, "%s%s: %.*s\n\n", is_first ? "" : "\n", groups[i].title, (int)count.n, count.p));
        is_first = false;
        for (size_t k = 0; k < groups[i].calls->count; k++) {
            put_call(t, DIGEST_ITEM(*groups[i].calls, digest_call, k));
        }
    }
    struct str day = digest_day_url(p->a, p->f, p->links, "");
    if (day.n || digest_hidden(p->f) > 0) {
        struct str all = words_count(p->a, (int64_t)p->f->calls.value, "call is", "calls are");
        put(t, arena_printf(p->a, "\n%s%.*s in the dashboard%s\n", p->f->calls.value > 1 ? "All " : "", (int)all.n,
                            all.p, day.n ? ":" : "."));
        put_address(t, day, 0);
    }
}

static void put_reasons(struct text_page *t)
{
    const struct digest_page *p = t->p;
    if (p->f->reasons.count) {
        put_title(t, "WHY PEOPLE CALLED");
    }
    for (size_t i = 0; i < p->f->reasons.count; i++) {
        const struct digest_reason *r = DIGEST_ITEM(p->f->reasons, digest_reason, i);
        struct str calls = arena_printf(p->a, "%4lld  ", (long long)r->calls);
        put(t, calls);
        wrap(t, tame(t, words_capital(p->a, r->reason), MOST_NAME), calls.n, 6);
    }
}

static void put_trouble(struct text_page *t)
{
    if (digest_has_trouble(t->p->f)) {
        put_title(t, "SOMETHING IS WRONG");
        for (int i = 0; i < TROUBLES; i++) {
            put_paragraph(t, words_trouble(t->p->a, t->p->f, (enum words_trouble)i), 0);
        }
    }
}

static void put_foot(struct text_page *t)
{
    const struct digest_page *p = t->p;
    struct arena *a = p->a;
    struct str others = words_others(a, p->f, p->to), stop = digest_stop_url(a, p->f, p->links, p->to);
    struct str settings = digest_settings_url(a, p->f, p->links);
    put(t, STR("\n----------\n\n"));
    put_paragraph(t, words_cover(a, p->f), 0);
    struct str hour = words_hour(a, p->f);
    put_paragraph(t, arena_printf(a, "%.*s.%s", (int)hour.n, hour.p, settings.n ? " To change the hour:" : ""), 0);
    put_address(t, settings, 0);
    if (stop.n) {
        put_paragraph(t, STR("To stop this mail for your address:"), 0);
        put_address(t, stop, 0);
    }
    if (others.n) {
        put_paragraph(t, arena_printf(a, "It also goes to %.*s.", (int)others.n, others.p), 0);
    }
    put_paragraph(t, STR("Names and reasons are what the AI understood. Sent by Ringback."), 0);
}

static void put_day(struct text_page *t)
{
    const struct digest_page *p = t->p;
    if (p->f->calls.value < 1) {
        put(t, STR("\n"));
        put_paragraph(t, words_empty(p->a, p->f, 0), 0);
        put_paragraph(t, words_empty(p->a, p->f, 1), 0);
        return;
    }
    put_call_back(t);
    put_numbers(t);
    put_calls(t);
    put_reasons(t);
}

int digest_text(struct digest_page *p, struct str *out)
{
    struct text_page t = {.out = buf_make(CAP_DIGEST_HTML_BYTES), .p = p};
    struct str report = words_report(p->a, p->f);
    put_paragraph(&t, tame(&t, p->f->business_name, MOST_REASON), 0);
    put_paragraph(
        &t, arena_printf(p->a, "%.*s: %.*s", (int)p->f->day_long.n, p->f->day_long.p, (int)report.n, report.p), 0);
    put_day(&t);
    put_trouble(&t);
    put_foot(&t);
    *out = arena_copy(p->a, buf_str(&t.out));
    buf_free(&t.out);
    return t.rc;
}
