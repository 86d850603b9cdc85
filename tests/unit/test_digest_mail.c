/* The digest as a mail: what it says, what it must never say, and that nobody's words break out of it. With RINGBACK_MAILS
 * the mails are written to that folder, for tests/mails. */
#include "digest_mail.h"
#include "digest_sample.h"
#include "tap.h"
#include "utf8.h"

#define HAS(text, part) CHECK(str_has((text), STR(part)))
#define HAS_NOT(text, part) CHECK(!str_has((text), STR(part)))

static void keep(const char *name, const char *ending, struct str bytes)
{
    char path[1024];
    const char *folder = getenv("RINGBACK_MAILS");
    if (!folder) {
        return;
    }
    snprintf(path, sizeof(path), "%s/%s.%s", folder, name, ending);
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes.p, 1, bytes.n, f) == bytes.n && fclose(f) == 0);
}

static struct mail compose(struct arena *a, const struct digest_facts *f)
{
    struct mail m = {0};
    CHECK_INT(digest_mail_compose(a, f, &sample_links, 0, &m), 0);
    return m;
}

static struct mail compose_sample(struct arena *a, const char *name)
{
    struct digest_facts f;
    sample_read(a, name, &f);
    struct mail m = compose(a, &f);
    keep(name, "html", m.html);
    keep(name, "txt", m.text);
    keep(name, "subject", m.subject);
    return m;
}

/* One fact in both parts; `html` is NULL when it stands there as in the text. */
struct said {
    const char *text, *html;
};

static void check_said(const struct mail *m, const struct said *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tap_case(rows[i].text);
        CHECK(str_has(m->text, str_of(rows[i].text)));
        CHECK(str_has(m->html, str_of(rows[i].html ? rows[i].html : rows[i].text)));
    }
    tap_case(NULL);
}

#define SAID(mail, rows) check_said((mail), (rows), sizeof(rows) / sizeof((rows)[0]))
#define OF_DAY "?business=3b1f0c52-7d8e-4a6b-9c21-5e4f8a90d7b3"

static const struct said busy_said[] = {
    {"Larkspur Dental Studio", NULL},
    {"Tuesday, 17 November 2026", NULL},
    {"Dana Whitlock", NULL},
    {"No hot water in the surgery, wants somebody today", NULL},
    {"Urgent", NULL},
    {"+1 (646) 555-0187", "href=\"tel:+16465550187\""},
    {"4:52 PM", NULL},
    {"3 tries", NULL},
    {"Called from +1 (646) 555-0143", NULL},
    {"No response", NULL},
    {"Stayed silent on the line", NULL},
    {"+44 20 7946 0123", "href=\"tel:+442079460123\""},
    {"https://app.larkspur.example/calls/00000000-0000-4000-8000-000000000001" OF_DAY, NULL},
    {"https://app.larkspur.example/calls" OF_DAY "&from=2026-11-17&to=2026-11-17&call_back=yes",
     "https://app.larkspur.example/calls" OF_DAY "&amp;from=2026-11-17&amp;to=2026-11-17&amp;call_back=yes"},
    {"29.5", NULL},
    {"26.3", NULL},
    {"Answered by the AI", NULL},
    {"2 min 10 s", NULL},
    {"2 min 21 s", NULL},
    {"Bookings", NULL},
    {"AI unavailable", NULL},
    {"Mon–Fri,", NULL},
    {"10–11 AM", NULL},
    {"Crown came off, comes in at 4 PM", NULL},
    {"Booked: Friday, November 20 at 10:30 AM", NULL},
    {"Asked to book; that time was taken", NULL},
    {"Asked to book; the calendar could not be reached: Wednesday,",
     "Asked to book; the calendar could not be reached: Wednesday, November 25 at 9:30 AM. Call back."},
    {"1 caller asked for an appointment", NULL},
    {"10:22 AM", NULL},
    {"17 calls", NULL},
    {"Withheld number", NULL},
    {"Book a cleaning", NULL},
    {"America/New_York", NULL},
    {"every day at 7 AM", NULL},
    {"front-desk@larkspur.example", NULL},
    {"dr.moss@larkspur.example", NULL},
    {"https://app.larkspur.example/settings" OF_DAY, NULL},
    {"https://calls.larkspur.example/unsubscribe/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", NULL},
};

static void all_of_a_busy_day_in_both_parts(void)
{
    struct arena a = {0};
    struct mail m = compose_sample(&a, "busy");
    SAID(&m, busy_said);
    CHECK_STR(m.subject, "Tue 17 Nov: 37 calls, 8 to call back");
    CHECK_STR(m.from, "Ringback <digest@larkspur.example>");
    CHECK_STR(m.to, "owner@larkspur.example");
    CHECK_STR(m.local_date, "2026-11-17");
    CHECK_STR(m.unsubscribe_url,
              "https://calls.larkspur.example/unsubscribe/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB");
    HAS(m.text, "SOMETHING IS WRONG");
    HAS(m.html, "Something is wrong");
    HAS_NOT(m.html, "old@larkspur.example"); /* that one is paused */
    HAS_NOT(m.text, "old@larkspur.example");
    HAS_NOT(m.html, "href=\"#\"");
    HAS_NOT(m.html, "<img");
    HAS_NOT(m.html, "<script");
    arena_free(&a);
}

static void a_quiet_day_has_no_empty_parts(void)
{
    struct arena a = {0};
    struct mail m = compose_sample(&a, "quiet");
    CHECK_STR(m.subject, "Sun 1 Nov: 3 calls, nobody to call back");
    HAS(m.text, "1:30 AM EDT");
    HAS(m.html, "1:30 AM EST");
    static const struct said absent[] = {
        {"usual", "usual"},
        {"Bookings", "Bookings"},
        {"opening hours set", "opening hours set"},
        {"SOMETHING IS", "Something is wrong"},
        {"CALL BACK", "Call back first"},
        {"It also goes to", "It also goes to"},
    };
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        tap_case(absent[i].text);
        CHECK(!str_has(m.text, str_of(absent[i].text)) && !str_has(m.html, str_of(absent[i].html)));
    }
    arena_free(&a);
}

static void an_empty_day_is_two_lines(void)
{
    struct arena a = {0};
    struct mail m = compose_sample(&a, "empty");
    static const struct said rows[] = {
        {"Nobody called on Tuesday.", NULL}, {"Nothing looks wrong", NULL}, {"America/New_York", NULL}};
    SAID(&m, rows);
    CHECK_STR(m.subject, "Tue 17 Nov: no calls");
    HAS_NOT(m.html, "Hour by hour");
    HAS_NOT(m.text, "NUMBERS");
    HAS_NOT(m.html, "Something is wrong");
    m = compose_sample(&a, "unconnected");
    HAS_NOT(m.text, "Nothing looks wrong");
    HAS(m.text, "SOMETHING IS WRONG");
    HAS(m.html, "No phone number is connected");
    arena_free(&a);
}

static void nothing_but_what_belongs_there(void)
{
    struct arena a = {0};
    struct mail m = compose_sample(&a, "facts");
    HAS_NOT(m.text, "Summary 11"); /* there is a reason, which is shorter */
    HAS_NOT(m.html, "Summary 11");
    HAS_NOT(m.subject, "555");
    HAS(m.html, "&lt;b&gt;&#34;Price&#34; &amp; \\ \U0001F480");
    HAS(m.text, "<b>\"Price\" & \\ \U0001F480");
    arena_free(&a);
}

struct subject_case {
    double calls;
    int64_t to_call_back;
    const char *want;
};

static const struct subject_case subjects[] = {
    {0, 0, "Tue 17 Nov: no calls"},
    {1, 0, "Tue 17 Nov: 1 call, nobody to call back"},
    {1, 1, "Tue 17 Nov: 1 call, 1 to call back"},
    {14, 3, "Tue 17 Nov: 14 calls, 3 to call back"},
    {1204, 1000, "Tue 17 Nov: 1,204 calls, 1,000 to call back"},
};

static void the_subject_is_the_report(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        struct digest_facts f = {
            .day = STR("Tue 17 Nov"), .calls = {.value = subjects[i].calls}, .to_call_back = subjects[i].to_call_back};
        CHECK_STR(digest_subject(&a, &f), subjects[i].want);
    }
    arena_free(&a);
}

struct header_case {
    const char *public_url, *want;
};

#define TO_STOP "/unsubscribe/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"
static const struct header_case headers[] = {
    {"https://calls.example.com", "https://calls.example.com" TO_STOP},
    {"https://calls.example.com/", "https://calls.example.com" TO_STOP},
    {"http://calls.example.com", NULL},
    {"http://127.0.0.1:8080", "http://127.0.0.1:8080" TO_STOP},
    {"http://localhost:8080", "http://localhost:8080" TO_STOP},
    {"http://[::1]:8080", "http://[::1]:8080" TO_STOP},
    {"http://localhost.example.com", NULL},
    {"http://127.0.0.1.example.com", NULL},
    {NULL, NULL},
};

static void one_click_is_for_https(void)
{
    struct arena a = {0};
    struct digest_facts f;
    sample_read(&a, "busy", &f);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        tap_case(headers[i].public_url);
        struct digest_links links = sample_links;
        struct mail m;
        links.public_url = str_of(headers[i].public_url);
        CHECK_INT(digest_mail_compose(&a, &f, &links, 0, &m), 0);
        CHECK_STR(m.unsubscribe_url, headers[i].want);
        CHECK(str_has(m.html, STR("Stop this mail")) == (links.public_url.n > 0)); /* a page opens by http as well */
        CHECK(str_has(m.text, STR("/unsubscribe/")) == (links.public_url.n > 0));
    }
    arena_free(&a);
}

static void without_addresses_no_links(void)
{
    struct arena a = {0};
    struct digest_facts f;
    struct mail m;
    struct digest_links none = {.from = STR("Ringback <digest@larkspur.example>")};
    sample_read(&a, "busy", &f);
    CHECK_INT(digest_mail_compose(&a, &f, &none, 0, &m), 0);
    HAS_NOT(m.html, "href=\"http");
    HAS_NOT(m.html, "href=\"#");
    HAS_NOT(m.html, "href=\"/");
    HAS(m.html, "href=\"tel:+16465550187\"");
    HAS_NOT(m.text, "http");
    HAS_NOT(m.text, ":\n\n"); /* no sentence that announces an address */
    HAS_NOT(m.text, "change the hour");
    HAS_NOT(m.html, "change the hour");
    arena_free(&a);
}

static void each_gets_an_own_link(void)
{
    struct arena a = {0};
    struct digest_facts f;
    struct mail m;
    sample_read(&a, "busy", &f);
    CHECK_INT(digest_mail_compose(&a, &f, &sample_links, 1, &m), 0);
    CHECK_STR(m.to, "front-desk@larkspur.example");
    CHECK(str_ends(m.unsubscribe_url, STR("AAAC")));
    HAS(m.html, "AAAC\"");
    HAS_NOT(m.html, "AAAB\"");
    HAS_NOT(m.html, "front-desk@");
    HAS(m.html, "owner@larkspur.example");
    arena_free(&a);
}

static void the_same_facts_give_the_same_bytes(void)
{
    struct arena a = {0};
    struct mail one = compose_sample(&a, "busy"), two = compose_sample(&a, "busy");
    CHECK(str_eq(one.html, two.html) && str_eq(one.text, two.text) && str_eq(one.subject, two.subject));
    arena_free(&a);
}

/* What a tag is called, with "/" before it when it closes. */
static struct str tag_name(struct str from)
{
    size_t n = 0;
    while (n < from.n && !strchr(" \n>", from.p[n])) {
        n++;
    }
    return str_cut(from, n);
}

#define DEEPEST 64

/* Every element is closed, in order; no quote is open; "" or what is wrong, there. */
static struct str first_flaw(struct str html)
{
    struct str open[DEEPEST];
    size_t depth = 0;
    while (html.n) {
        html = str_skip(html, str_find(html, '<'));
        if (!html.n) {
            break;
        }
        if (str_starts(html, STR("<!"))) { /* a comment, also one for Outlook, or the doctype */
            html = str_skip(html, str_find(html, '>'));
            continue;
        }
        struct str name = tag_name(str_skip(html, 1)), tag = str_cut(html, str_find(html, '>'));
        size_t quotes = 0;
        for (size_t i = 0; i < tag.n; i++) {
            quotes += tag.p[i] == '"';
        }
        bool closes = str_starts(name, STR("/"));
        if (quotes % 2 || str_has(str_skip(tag, 1), STR("<")) || depth == DEEPEST || (closes && depth == 0)) {
            return html;
        }
        if (closes && !str_eq(open[--depth], str_skip(name, 1))) {
            return html;
        }
        if (!closes && !str_eq(name, STR("meta")) && !str_eq(name, STR("br"))) {
            open[depth++] = name;
        }
        html = str_skip(html, tag.n);
    }
    return depth ? open[depth - 1] : STR("");
}

/* The parts that only Outlook reads, taken out or left in as they are: both must be whole. */
static struct str as_outlook(struct arena *a, struct str html)
{
    char *out = arena_alloc(a, html.n);
    size_t n = 0;
    while (html.n) {
        size_t skip = str_starts(html, STR("<!--[if mso]>")) ? 13 : str_starts(html, STR("<![endif]-->")) ? 12 : 0;
        if (!skip) {
            out[n++] = html.p[0];
        }
        html = str_skip(html, skip ? skip : 1);
    }
    return (struct str){out, n};
}

static struct str for_all_others(struct arena *a, struct str html)
{
    char *out = arena_alloc(a, html.n);
    size_t n = 0;
    bool is_hidden = false;
    while (html.n) {
        is_hidden = is_hidden || str_starts(html, STR("<!--[if mso]>"));
        if (is_hidden && str_starts(html, STR("<![endif]-->"))) {
            is_hidden = false;
            html = str_skip(html, 12);
            continue;
        }
        if (!is_hidden) {
            out[n++] = html.p[0];
        }
        html = str_skip(html, 1);
    }
    return (struct str){out, n};
}

/* Each link goes to the dashboard, to the page that stops the mail, or is a number. */
static void check_links(struct str html)
{
    static const char *const good[] = {"https://app.larkspur.example/", "https://calls.larkspur.example/", "tel:+",
                                       "#"};
    const struct str mark = STR("href=\"");
    const char *at;
    while (html.n && (at = memmem(html.p, html.n, mark.p, mark.n))) {
        html = str_skip(html, (size_t)(at - html.p) + mark.n);
        bool is_good = false;
        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
            is_good = is_good || str_starts(html, str_of(good[i]));
        }
        CHECK(is_good);
    }
}

static void check_html(struct arena *a, struct str html)
{
    CHECK(html.n < CAP_DIGEST_HTML_BYTES);
    CHECK(utf8_valid(html));
    CHECK_STR(first_flaw(as_outlook(a, html)), "");
    CHECK_STR(first_flaw(for_all_others(a, html)), "");
    HAS_NOT(html, "<script");
    HAS_NOT(html, "<img");
    HAS_NOT(html, "' onmouseover='");
    HAS_NOT(html, "<i>");
    check_links(html);
}

static size_t characters_of(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++) {
        count += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    }
    return count;
}

static size_t count_of(struct str s, const char *part)
{
    size_t count = 0, n = strlen(part);
    for (size_t i = 0; i + n <= s.n; i++) {
        count += memcmp(s.p + i, part, n) == 0;
    }
    return count;
}

/* What steers direction: none that came from outside, and each of ours ends. */
static void check_direction(struct str s)
{
    static const char *const none[] = {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
                                       "\u2066", "\u2067", "\u200e", "\u200f", "\u061c"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        CHECK_INT(count_of(s, none[i]), 0);
    }
    CHECK_INT(count_of(s, "\u2068"), count_of(s, "\u2069"));
}

/* A line is longer only where there is nothing to break. */
static bool is_good_line(struct str line)
{
    size_t blank = line.n;
    while (blank && line.p[blank - 1] != ' ') {
        blank--;
    }
    return characters_of(line) <= 72 || characters_of(str_cut(line, blank)) <= 10;
}

static void check_text(struct str text)
{
    size_t controls = 0, bad_lines = 0;
    CHECK(utf8_valid(text));
    while (text.n) {
        struct str line = str_cut(text, str_find(text, '\n'));
        for (size_t i = 0; i < line.n; i++) {
            controls += (unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7f;
        }
        bad_lines += !is_good_line(line);
        if (!is_good_line(line)) {
            tap_print("long", line);
        }
        text = str_skip(text, line.n + 1);
    }
    CHECK_INT(controls, 0);
    CHECK_INT(bad_lines, 0);
}

/* The longest mail that there can be, for each kind of harm and for all of them together. */
static void what_callers_say_stays_text(void)
{
    struct arena a = {0};
    size_t longest = 0;
    for (size_t i = 0; i <= SAMPLE_EVILS; i++) {
        struct sample_source s = {.a = &a, .at = i % SAMPLE_EVILS, .turns = i == SAMPLE_EVILS};
        struct digest_facts f;
        tap_case(s.turns ? "each in turn" : sample_evil[i]);
        sample_read(&a, "busy", &f);
        sample_spoil(&s, &f);
        struct mail m = compose(&a, &f);
        check_html(&a, m.html);
        check_text(m.text);
        check_direction(m.html);
        check_direction(m.text);
        longest = m.html.n > longest ? m.html.n : longest;
        if (s.turns) {
            keep("hostile", "html", m.html);
            keep("hostile", "txt", m.text);
        }
    }
    printf("# the longest HTML has %zu bytes of %d\n", longest, CAP_DIGEST_HTML_BYTES);
    arena_free(&a);
}

/* To as many as there can be, as one request. */
static void the_longest_mails_can_be_kept(void)
{
    struct arena a = {0};
    struct digest_facts f;
    struct sample_source s = {.a = &a, .turns = true};
    struct mail mails[CAP_MAIL_RECIPIENTS], back[CAP_MAIL_RECIPIENTS];
    struct buf out = buf_make(CAP_MAIL_BYTES);
    size_t count = 0;
    sample_read(&a, "busy", &f);
    sample_spoil(&s, &f);
    for (size_t i = 0; i < CAP_MAIL_RECIPIENTS; i++) {
        CHECK_INT(digest_mail_compose(&a, &f, &sample_links, i, &mails[i]), 0);
    }
    CHECK_INT(mail_write(&out, mails, CAP_MAIL_RECIPIENTS), 0);
    CHECK_INT(mail_read(&a, buf_str(&out), back, &count), 0);
    CHECK_INT(count, CAP_MAIL_RECIPIENTS);
    CHECK(str_eq(back[9].html, mails[9].html) && str_eq(back[9].text, mails[9].text));
    buf_free(&out);
    arena_free(&a);
}

static void usual_mails_are_whole(void)
{
    static const char *const names[] = {"busy", "quiet", "empty", "unconnected", "facts"};
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        tap_case(names[i]);
        struct mail m = compose_sample(&a, names[i]);
        check_html(&a, m.html);
        check_text(m.text);
        check_direction(m.html);
        CHECK(m.html.n < CAP_DIGEST_HTML_BYTES * 6 / 10);
    }
    arena_free(&a);
}

/* What stands on elements. Gmail, Outlook and Apple Mail know it, or the mail is as good without (marked): checked against
 * the tables of caniemail. */
static const char *const properties[] = {
    "background-color",
    "border",
    "border-top",
    "color",
    "display",
    "font-family",
    "font-size",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "margin",
    "max-width",
    "padding",
    "padding-left",
    "text-decoration",
    "width",
    "border-collapse",
    "white-space",
    "table-layout",
    "border-radius",         /* not Outlook: square */
    "overflow",              /* of the line that inboxes show; Outlook hides it by mso-hide */
    "max-height",            /* as above */
    "opacity",               /* as above */
    "mso-hide",              /* Outlook alone */
    "mso-padding-alt",       /* Outlook alone, which does not pad links */
    "word-break",            /* of words as long as a line */
    "overflow-wrap",         /* as above */
    "text-decoration-color", /* not Gmail on phones, nor Outlook: as the text */
};

static bool is_known(struct str name)
{
    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
        if (str_eq(name, str_of(properties[i]))) {
            return true;
        }
    }
    return false;
}

static void only_styles_that_mail_programs_know(void)
{
    static const char *const unknown[] = {"flex", "grid", "rem;", "var(", "calc(", "url(", "<svg", "<form", "<link"};
    struct arena a = {0};
    struct str html = compose_sample(&a, "busy").html;
    const struct str mark = STR(" style=\"");
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        tap_case(unknown[i]);
        CHECK(!str_has(html, str_of(unknown[i])));
    }
    const char *at;
    while ((at = memmem(html.p, html.n, mark.p, mark.n))) {
        html = str_skip(html, (size_t)(at - html.p) + mark.n);
        struct str style = str_cut(html, str_find(html, '"'));
        while (style.n) {
            struct str name = str_cut(style, str_find(style, ':'));
            tap_case(arena_copy(&a, name).p);
            CHECK(is_known(name));
            style = str_skip(style, str_find(style, ';') + 1);
        }
    }
    arena_free(&a);
}

static void flaws_are_found(void)
{
    static const char *const rows[] = {"<p>",           "</p>", "<p></b>", "<p><b></p></b>", "<a href=\"x></a>",
                                       "<a <b></b></a>"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i]);
        CHECK(first_flaw(str_of(rows[i])).n > 0);
    }
    CHECK_STR(first_flaw(STR("<!DOCTYPE html><p a=\"b\">x<b></b><meta x></p>")), "");
}

TAP_MAIN(TEST(all_of_a_busy_day_in_both_parts), TEST(a_quiet_day_has_no_empty_parts), TEST(an_empty_day_is_two_lines),
         TEST(nothing_but_what_belongs_there), TEST(the_subject_is_the_report), TEST(one_click_is_for_https),
         TEST(without_addresses_no_links), TEST(each_gets_an_own_link), TEST(the_same_facts_give_the_same_bytes),
         TEST(what_callers_say_stays_text), TEST(the_longest_mails_can_be_kept), TEST(usual_mails_are_whole),
         TEST(only_styles_that_mail_programs_know), TEST(flaws_are_found))
