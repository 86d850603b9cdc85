/* The day in numbers: table, bars by hour, reasons. The bars are table cells with a colour and a height, which even programs
 * without style sheets draw. */
#include "digest_page.h"

#define CHART_PX 72

static void put_figure(struct digest_page *p, const struct words_figure *figure)
{
    struct html *h = &p->h;
    HTML(h, "<tr><th scope=\"row\" class=\"k ln\" align=\"left\" style=\"padding:6px 0;border-top:1px solid " LINE
            ";" BODY "font-weight:400;color:" INK "\">");
    html_text(h, str_of(figure->label), MOST_NAME);
    HTML(
        h,
        "</th><td class=\"k ln\" align=\"right\" style=\"padding:6px 0 6px 8px;white-space:nowrap;border-top:1px solid " LINE
        ";font-size:17px;line-height:22px;font-weight:600;color:" INK "\">");
    html_text(h, figure->value, MOST_NAME);
    HTML(h, "</td>");
    if (figure->usual.n) {
        HTML(
            h,
            "<td class=\"s ln\" align=\"right\" style=\"padding:6px 0 6px 8px;white-space:nowrap;border-top:1px solid " LINE
            ";" BODY "color:" SOFT "\">");
        html_text(h, figure->usual, MOST_NAME);
        HTML(h, "</td>");
    }
    HTML(h, "</tr>\n");
}

#define COLUMN                                                                                                                                            \
    "<th scope=\"col\" class=\"s\" width=\"27%\" align=\"right\" style=\"padding:0 0 6px 8px;font-size:13px;line-height:18px;font-weight:400;color:" SOFT \
    "\">"

static void put_figures(struct digest_page *p)
{
    struct html *h = &p->h;
    struct words_figure figures[WORDS_FIGURES];
    size_t count = words_figures(p->a, p->f, figures);
    HTML(
        h,
        "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\">\n<tr><td style=\"font-size:0;line-height:0\">"
        "&nbsp;</td>" COLUMN);
    html_text(h, p->f->day, MOST_SHORT);
    HTML(h, "</th>");
    if (p->f->usual_weeks) {
        HTML(h, COLUMN "usual ");
        html_text(h, p->f->weekday, MOST_SHORT);
        HTML(h, "</th>");
    }
    HTML(h, "</tr>\n");
    for (size_t i = 0; i < count; i++) {
        put_figure(p, &figures[i]);
    }
    HTML(h, "</table>\n");
}

static void put_note(struct digest_page *p, struct str words)
{
    if (words.n) {
        HTML(&p->h, "<p class=\"s\" style=\"margin:10px 0 0;" SMALL "color:" SOFT "\">");
        html_text(&p->h, words, MOST_WORDS);
        HTML(&p->h, "</p>\n");
    }
}

static int64_t calls_of(const struct digest_hour *hour)
{
    return hour->answered + hour->missed + hour->other;
}

/* One part of a bar; a part that is there is seen. */
#define PART(h, class, colour, px)                                                                                     \
    do {                                                                                                               \
        HTML(h, "<tr><td class=\"" class "\" bgcolor=\"" colour "\" height=\"");                                       \
        html_number(h, px);                                                                                            \
        HTML(h, "\" style=\"font-size:0;line-height:0\">&nbsp;</td></tr>");                                            \
    } while (0)

static int64_t px_of(int64_t calls, int64_t most)
{
    int64_t px = calls * CHART_PX / most;
    return calls > 0 && px < 3 ? 3 : px;
}

static void put_bar(struct digest_page *p, const struct digest_hour *hour, int64_t most)
{
    struct html *h = &p->h;
    HTML(h, "<td valign=\"bottom\" style=\"padding:0 1px\">" TABLE " width=\"100%\">");
    if (hour->other) {
        PART(h, "g3", "#7f8896", px_of(hour->other, most));
    }
    if (hour->missed) {
        PART(h, "g2", "#d4612a", px_of(hour->missed, most));
    }
    if (hour->answered) {
        PART(h, "g1", "#12806f", px_of(hour->answered, most));
    }
    PART(h, "g0", LINE, 2);
    HTML(h, "</table></td>");
}

static void put_key(struct digest_page *p)
{
    HTML(&p->h, "<p class=\"s\" style=\"margin:8px 0 0;" SMALL "color:" SOFT "\">"
                "<span class=\"g1\" style=\"background-color:#12806f\">&nbsp;&nbsp;&nbsp;</span>&nbsp;Answered &nbsp; "
                "<span class=\"g2\" style=\"background-color:#d4612a\">&nbsp;&nbsp;&nbsp;</span>&nbsp;Missed &nbsp; "
                "<span class=\"g3\" style=\"background-color:#7f8896\">&nbsp;&nbsp;&nbsp;</span>&nbsp;Other</p>\n");
}

static void put_clock(struct digest_page *p)
{
#define HOUR(word)                                                                                                         \
    "<td class=\"s\" colspan=\"6\" align=\"left\" style=\"padding:4px 0 0 1px;font-size:12px;line-height:16px;color:" SOFT \
    "\">" word "</td>"
    HTML(&p->h, "<tr>" HOUR("12 AM") HOUR("6 AM") HOUR("12 PM") HOUR("6 PM") "</tr>\n");
#undef HOUR
}

static void put_hours(struct digest_page *p)
{
    struct html *h = &p->h;
    int64_t most = 0;
    for (size_t i = 0; i < p->f->hours.count; i++) {
        int64_t calls = calls_of(DIGEST_ITEM(p->f->hours, digest_hour, i));
        most = calls > most ? calls : most;
    }
    if (most == 0 || p->f->hours.count != 24) {
        return;
    }
    digest_html_open_card(p, STR("Hour by hour"));
    HTML(h, TABLE " width=\"100%\" style=\"width:100%;table-layout:fixed\" aria-hidden=\"true\">\n<tr>");
    for (size_t i = 0; i < p->f->hours.count; i++) {
        put_bar(p, DIGEST_ITEM(p->f->hours, digest_hour, i), most);
    }
    HTML(h, "</tr>\n");
    put_clock(p);
    HTML(h, "</table>\n");
    put_key(p);
    put_note(p, words_busiest(p->a, p->f));
    put_note(p, words_after_hours(p->a, p->f));
    digest_html_close_card(p);
}

static void put_reason(struct digest_page *p, const struct digest_reason *r, int64_t most)
{
    struct html *h = &p->h;
    int64_t share = r->calls * 100 / most;
    HTML(h, "<tr><td class=\"k\" align=\"left\" style=\"padding:6px 12px 6px 0;" BODY "color:" INK "\">");
    html_text(h, words_capital(p->a, r->reason), MOST_NAME);
    HTML(h, "</td><td width=\"40%\" valign=\"middle\" style=\"padding:6px 0\">" TABLE
            " width=\"100%\"><tr><td class=\"g1\" width=\"");
    html_number(h, share < 4 ? 4 : share);
    HTML(
        h,
        "%\" bgcolor=\"#12806f\" height=\"8\" style=\"height:8px;background-color:#12806f;font-size:0;line-height:0\">&nbsp;</td>");
    if (share < 97) {
        HTML(h, "<td style=\"font-size:0;line-height:0\">&nbsp;</td>");
    }
    HTML(h, "</tr></table></td><td class=\"k\" width=\"36\" align=\"right\" style=\"padding:6px 0;" BODY
            "font-weight:600;color:" INK "\">");
    html_number(h, r->calls);
    HTML(h, "</td></tr>\n");
}

void digest_html_reasons(struct digest_page *p)
{
    struct html *h = &p->h;
    size_t count = p->f->reasons.count;
    if (count == 0) {
        return;
    }
    digest_html_open_card(p, STR("Why people called"));
    HTML(h, TABLE " width=\"100%\">\n");
    int64_t most = DIGEST_ITEM(p->f->reasons, digest_reason, 0)->calls;
    for (size_t i = 0; i < count; i++) {
        put_reason(p, DIGEST_ITEM(p->f->reasons, digest_reason, i), most > 0 ? most : 1);
    }
    HTML(h, "</table>\n");
    digest_html_close_card(p);
}

void digest_html_numbers(struct digest_page *p)
{
    digest_html_open_card(p, STR("The day in numbers"));
    put_figures(p);
    put_note(p, words_usual(p->a, p->f));
    digest_html_close_card(p);
    put_hours(p);
}
