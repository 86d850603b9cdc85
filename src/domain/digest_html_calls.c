/* Whom to call back, and the other calls. */
#include "digest_page.h"

static void put_urgency(struct digest_page *p, struct str urgency)
{
    struct html *h = &p->h;
    struct str word = words_urgency(urgency);
    if (!word.n) {
        return;
    }
    if (str_eq(urgency, STR("high"))) {
        HTML(h, " <span class=\"c1 i1\" style=\"display:inline-block;padding:0 8px;border-radius:9px;font-size:12px;"
                "line-height:20px;font-weight:600;color:#a3211a;background-color:#fbe7e5\">");
    } else {
        HTML(h, " <span class=\"c2 i2\" style=\"display:inline-block;padding:0 8px;border-radius:9px;font-size:12px;"
                "line-height:20px;font-weight:600;color:#51565b;background-color:#ecebe7\">");
    }
    html_text(h, word, MOST_NAME);
    HTML(h, "</span>");
}

/* A name that leads to its call. */
static void put_name(struct digest_page *p, struct str name, struct str call_id)
{
    struct html *h = &p->h;
    struct str url = digest_call_url(p->a, p->f, p->links, call_id);
    if (url.n) {
        HTML(h, "<a class=\"k\" href=\"");
        html_url(h, url);
        HTML(h, "\" style=\"color:" INK ";text-decoration:underline;text-decoration-color:#b9b6aa\">");
    }
    html_text(h, name, MOST_NAME);
    if (url.n) {
        HTML(h, "</a>");
    }
}

/* A number to press. Green when it is urgent. */
static void put_number(struct digest_page *p, const struct digest_caller *c)
{
    struct html *h = &p->h;
    struct str number = str_or(c->number, c->caller_number), tel = words_tel(p->a, number);
    bool is_urgent = str_eq(c->urgency, STR("high"));
    if (!tel.n) {
        HTML(h, "<p class=\"s\" style=\"margin:0;" BODY "color:" SOFT "\">");
        html_text(h, words_phone(p->a, number), MOST_NAME);
        HTML(h, "</p>");
        return;
    }
    if (is_urgent) {
        HTML(h, TABLE " class=\"fw\"><tr><td class=\"b1\" align=\"center\" bgcolor=\"" ACCENT
                      "\" style=\"background-color:" ACCENT
                      ";border-radius:10px;mso-padding-alt:10px 14px\"><a class=\"t1\" href=\"");
    } else {
        HTML(h, TABLE
             " class=\"fw\"><tr><td class=\"b2\" align=\"center\" bgcolor=\"#e2f1ed\" "
             "style=\"background-color:#e2f1ed;border-radius:10px;mso-padding-alt:10px 14px\"><a class=\"t2\" href=\"");
    }
    html_url(h, tel);
    HTML(h,
         "\" style=\"display:block;padding:10px 14px;" BODY "font-weight:600;white-space:nowrap;text-decoration:none;");
    if (is_urgent) {
        HTML(h, "color:#f6fbfa\">");
    } else {
        HTML(h, "color:" ACCENT "\">");
    }
    html_text(h, words_phone(p->a, number), MOST_NAME);
    HTML(h, "</a></td></tr></table>");
}

/* In the colour of what came of it: somebody must call back, booked, or neither. */
static void put_booking(struct digest_page *p, const struct digest_booking *b, bool is_booked)
{
    struct html *h = &p->h;
    struct str words = words_booking(p->a, b);
    if (!words.n) {
        return;
    }
    if (b->is_open) {
        HTML(h, "<div class=\"im\" style=\"color:#98400f\">");
    } else if (is_booked) {
        HTML(h, "<div class=\"t2\" style=\"color:#0a5c50\">");
    } else {
        HTML(h, "<div class=\"s\" style=\"color:" SOFT "\">");
    }
    html_text(h, words, MOST_BOOKING);
    HTML(h, "</div>");
}

static void put_caller(struct digest_page *p, const struct digest_caller *c, bool is_first)
{
    struct html *h = &p->h;
    HTML(h, "<tr><td class=\"st sn ln\" align=\"left\" valign=\"top\" style=\"padding:14px 16px 14px 0;");
    if (!is_first) {
        HTML(h, "border-top:1px solid " LINE);
    }
    HTML(h, "\"><p class=\"k\" style=\"margin:0;font-size:16px;line-height:24px;font-weight:600;color:" INK "\">");
    put_name(p, str_or(c->name, STR("Name not known")), c->call_id);
    put_urgency(p, c->urgency);
    HTML(h, "</p>\n<p class=\"k\" style=\"margin:2px 0 0;" BODY "color:" INK "\">");
    html_text(h, words_why(p->a, c->reason, (struct str){NULL, 0}, c->outcome), MOST_REASON);
    HTML(h, "</p>\n<p class=\"s\" style=\"margin:2px 0 0;" SMALL "color:" SOFT "\">");
    html_text(h, words_caller_meta(p->a, c), MOST_META);
    struct str from = words_called_from(p->a, c);
    if (from.n) {
        HTML(h, "<br>");
        html_text(h, from, MOST_NAME);
    }
    HTML(h, "</p>");
    put_booking(p, &c->booking, false);
    HTML(h, "</td>\n<td class=\"st sb ln\" width=\"176\" align=\"right\" valign=\"middle\" style=\"padding:14px 0;");
    if (!is_first) {
        HTML(h, "border-top:1px solid " LINE);
    }
    HTML(h, "\">");
    put_number(p, c);
    HTML(h, "</td></tr>\n");
}

void digest_html_call_back(struct digest_page *p)
{
    struct html *h = &p->h;
    size_t shown = p->f->call_back.count;
    if (shown == 0) {
        return;
    }
    digest_html_open_card(p, STR("Call back first"));
    HTML(h, TABLE " width=\"100%\" class=\"fw\">\n");
    for (size_t i = 0; i < shown; i++) {
        put_caller(p, DIGEST_ITEM(p->f->call_back, digest_caller, i), i == 0);
    }
    HTML(h, "</table>\n");
    struct str waiting = words_waiting(p->a, p->f);
    if (waiting.n) {
        digest_html_more(p, arena_printf(p->a, "And %.*s", (int)waiting.n, waiting.p),
                         digest_day_url(p->a, p->f, p->links, "&call_back=yes"));
    }
    digest_html_close_card(p);
}

/* What came of it, in the colour of that. */
static void put_outcome(struct digest_page *p, const struct digest_call *c)
{
    struct html *h = &p->h;
    if (c->missed) {
        HTML(h, "<span class=\"im oc\" style=\"" SMALL "color:#98400f;padding-left:6px\"> ");
    } else if (c->booked) {
        HTML(h, "<span class=\"t2 oc\" style=\"" SMALL "color:#0a5c50;padding-left:6px\"> ");
    } else {
        HTML(h, "<span class=\"s oc\" style=\"" SMALL "color:" SOFT ";padding-left:6px\"> ");
    }
    html_text(h, words_call_meta(p->a, c), MOST_NAME);
    HTML(h, "</span>");
}

static void put_call(struct digest_page *p, const struct digest_call *c)
{
    struct html *h = &p->h;
    HTML(
        h,
        "<tr><td class=\"s ln\" width=\"72\" align=\"left\" valign=\"top\" style=\"padding:8px 8px 8px 0;border-top:1px "
        "solid " LINE ";font-size:13px;line-height:22px;color:" SOFT "\">");
    html_text(h, c->when, MOST_SHORT);
    HTML(h, "</td><td class=\"k ln\" align=\"left\" valign=\"top\" style=\"padding:8px 0;border-top:1px solid " LINE
            ";" BODY "color:" INK "\"><b>");
    put_name(p, str_or(c->name, words_phone(p->a, c->number)), c->id);
    HTML(h, "</b>");
    put_outcome(p, c);
    HTML(h, "<div>");
    html_text(h, words_why(p->a, c->reason, c->summary, c->outcome), MOST_REASON);
    HTML(h, "</div>");
    put_booking(p, &c->booking, c->booked);
    HTML(h, "</td></tr>\n");
}

static void put_group(struct digest_page *p, const struct digest_group *g)
{
    struct html *h = &p->h;
    if (g->total == 0) {
        return;
    }
    HTML(h, "<tr><th scope=\"rowgroup\" colspan=\"2\" class=\"k\" align=\"left\" style=\"padding:16px 0 8px;" BODY
            "font-weight:600;color:" INK "\">");
    html_text(h, str_of(g->title), MOST_NAME);
    HTML(h, " <span class=\"s\" style=\"font-weight:400;color:" SOFT "\">&nbsp;");
    html_text(h, words_count(p->a, g->total, "call", "calls"), MOST_NAME);
    HTML(h, "</span></th></tr>\n");
    for (size_t i = 0; i < g->calls->count; i++) {
        put_call(p, DIGEST_ITEM(*g->calls, digest_call, i));
    }
}

#define COLUMN                                                                                                         \
    "<th scope=\"col\" class=\"s\" align=\"left\" style=\"font-size:12px;line-height:16px;font-weight:400;color:" SOFT \
    "\">"

void digest_html_calls(struct digest_page *p)
{
    struct html *h = &p->h;
    struct digest_group groups[DIGEST_GROUPS];
    int64_t total = 0;
    digest_groups(p->f, groups);
    for (int i = 0; i < DIGEST_GROUPS; i++) {
        total += groups[i].total;
    }
    if (total == 0) {
        return;
    }
    digest_html_open_card(p, p->f->call_back.count ? STR("All other calls") : STR("All calls"));
    HTML(h, "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"width:100%\">\n<tr>" COLUMN
            "Time</th>" COLUMN "Who, what came of it, and why</th></tr>\n");
    for (int i = 0; i < DIGEST_GROUPS; i++) {
        put_group(p, &groups[i]);
    }
    HTML(h, "</table>\n");
    if (digest_hidden(p->f) > 0) {
        struct str all = words_count(p->a, (int64_t)p->f->calls.value, "call", "calls");
        digest_html_more(p, arena_printf(p->a, "See all %.*s", (int)all.n, all.p),
                         digest_day_url(p->a, p->f, p->links, ""));
    }
    digest_html_close_card(p);
}
