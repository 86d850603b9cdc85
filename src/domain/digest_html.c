/* The frame of the mail: head, style sheets, preheader, heading, what is wrong, foot. */
#include "digest_page.h"
#include "caps.h"

/* Colours in the dark: `c` goes before rules for text, `b` before those for surfaces. */
#define DARK(c, b)                                                                                                     \
    b ".pg{background-color:#131517!important}" b ".sf{background-color:#1b1e21!important}" b                          \
      ".ln{border-color:#2d3236!important}" c ".k{color:#eceae4!important}" c ".s{color:#a8adb2!important}" c          \
      ".a{color:#4cc3ad!important}" b ".b1{background-color:#4cc3ad!important}" c ".t1{color:#06231e!important}" b     \
      ".b2{background-color:#17332e!important}" c ".t2{color:#7ad9c7!important}" b                                     \
      ".c1{background-color:#3b1f1d!important}" c ".i1{color:#f5a19a!important}" b                                     \
      ".c2{background-color:#2a2f33!important}" c ".i2{color:#b6bcc1!important}" c ".im{color:#f7ad82!important}" b    \
      ".g1{background-color:#35a592!important}" b ".g2{background-color:#e3793f!important}" b                          \
      ".g3{background-color:#7d848b!important}" b ".g0{background-color:#24282c!important}"

static void put_head(struct digest_page *p, struct str subject)
{
    struct html *h = &p->h;
    HTML(h, "<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\" xmlns:v=\"urn:schemas-microsoft-com:vml\" "
            "xmlns:o=\"urn:schemas-microsoft-com:office:office\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n"
            "<meta name=\"supported-color-schemes\" content=\"light dark\">\n"
            "<meta name=\"format-detection\" content=\"telephone=no, date=no, address=no, email=no\">\n"
            "<meta name=\"x-apple-disable-message-reformatting\">\n<title>");
    html_text(h, subject, MOST_WORDS);
    HTML(
        h,
        "</title>\n<!--[if mso]><noscript><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch>"
        "</o:OfficeDocumentSettings></xml></noscript><style>table{border-collapse:collapse}"
        "td,th,p,a,h1,h2,span{font-family:'Segoe UI',Arial,sans-serif!important}"
        "td,th{mso-line-height-rule:exactly}</style><![endif]-->\n"
        "<style>:root{color-scheme:light dark;supported-color-schemes:light dark}"
        "body{margin:0;padding:0;-webkit-text-size-adjust:100%;-ms-text-size-adjust:100%}</style>\n"
        "<style>@media (max-width:520px){.sf{padding-left:16px!important;padding-right:16px!important}"
        ".hd{padding-left:17px!important;padding-right:17px!important}.h1{font-size:24px!important;"
        "line-height:30px!important}.st{display:block!important;width:auto!important;text-align:left!important}"
        ".sb{padding:0 0 16px!important;border-top:0!important}.sn{padding-bottom:10px!important}"
        ".fw{width:100%!important}.oc{display:block!important;padding-left:0!important}.ed{padding:0 6px!important}}</style>\n"
        "<style>@media (prefers-color-scheme:dark){" DARK("", "") "}</style>\n"
                                                                  "<style>" DARK("[data-ogsc] ",
                                                                                 "[data-ogsb] ") "</style>\n</head>\n");
}

/* The line that inboxes show after the subject, and filler, so that nothing else follows it there. */
static void put_preheader(struct digest_page *p)
{
    struct html *h = &p->h;
    HTML(
        h,
        "<div style=\"display:none;overflow:hidden;line-height:1px;opacity:0;max-height:0;max-width:0;mso-hide:all\">");
    html_text(h, words_preheader(p->a, p->f), MOST_WORDS);
    for (int i = 0; i < 90; i++) {
        HTML(h, "&nbsp;&zwnj;");
    }
    HTML(h, "</div>\n");
}

static void open_body(struct digest_page *p, struct str subject)
{
    struct html *h = &p->h;
    HTML(h, "<body class=\"pg\" style=\"margin:0;padding:0;background-color:" PAGE "\">\n"
            "<div lang=\"en\" dir=\"ltr\" role=\"article\" aria-roledescription=\"email\" aria-label=\"");
    html_text(h, subject, MOST_WORDS);
    HTML(h, "\" style=\"" FONT "\">\n");
    put_preheader(p);
    HTML(h, TABLE " width=\"100%\" class=\"pg\" bgcolor=\"" PAGE "\" style=\"background-color:" PAGE "\">"
                  "<tr><td class=\"ed\" align=\"center\" style=\"padding:0 12px\">\n"
                  "<!--[if mso]>" TABLE " width=\"600\"><tr><td width=\"600\"><![endif]-->\n" TABLE
                  " width=\"100%\" style=\"width:100%;max-width:600px;border-collapse:separate\">\n");
}

static void put_heading(struct digest_page *p)
{
    struct html *h = &p->h;
    HTML(h,
         "<tr><td class=\"hd\" align=\"left\" style=\"padding:32px 25px 24px;" FONT WRAP "\">"
         "<p class=\"a\" style=\"margin:0 0 8px;font-size:14px;line-height:20px;font-weight:600;color:" ACCENT "\">");
    html_text(h, p->f->business_name, MOST_REASON);
    HTML(h, "</p>\n<h1 class=\"h1 k\" style=\"margin:0;font-size:30px;line-height:36px;font-weight:700;"
            "letter-spacing:-0.5px;color:" INK "\">");
    struct str report = words_report(p->a, p->f);
    html_text(h, p->f->calls.value < 1 ? STR("No calls") : report, MOST_WORDS);
    HTML(h, "</h1>\n<p class=\"s\" style=\"margin:6px 0 0;" BODY "color:" SOFT "\">");
    html_text(h, p->f->day_long, MOST_META);
    HTML(h, "</p></td></tr>\n");
}

void digest_html_open_card(struct digest_page *p, struct str title)
{
    struct html *h = &p->h;
    HTML(h, "<tr><td class=\"sf ln\" align=\"left\" bgcolor=\"" SURFACE
            "\" style=\"padding:20px 24px;background-color:" SURFACE ";border:1px solid " LINE
            ";border-radius:14px;" FONT WRAP "\">\n");
    if (title.n) {
        HTML(h, "<h2 class=\"k\" style=\"margin:0 0 12px;font-size:18px;line-height:24px;font-weight:600;color:" INK
                "\">");
        html_text(h, title, MOST_WORDS);
        HTML(h, "</h2>\n");
    }
}

void digest_html_close_card(struct digest_page *p)
{
    HTML(&p->h,
         "</td></tr>\n<tr><td height=\"16\" style=\"height:16px;font-size:0;line-height:16px\">&nbsp;</td></tr>\n");
}

void digest_html_more(struct digest_page *p, struct str words, struct str url)
{
    struct html *h = &p->h;
    HTML(h, "<p class=\"s\" style=\"margin:14px 0 0;" BODY "color:" SOFT "\">");
    if (url.n) {
        HTML(h, "<a class=\"a\" href=\"");
        html_url(h, url);
        HTML(h, "\" style=\"color:" ACCENT ";font-weight:600;text-decoration:underline\">");
    }
    html_text(h, words, MOST_WORDS);
    if (url.n) {
        HTML(h, "</a>");
    }
    HTML(h, "</p>\n");
}

static void put_empty(struct digest_page *p)
{
    struct html *h = &p->h;
    digest_html_open_card(p, STR(""));
    HTML(h, "<p class=\"k\" style=\"margin:0 0 6px;font-size:17px;line-height:25px;font-weight:600;color:" INK "\">");
    html_text(h, words_empty(p->a, p->f, 0), MOST_WORDS);
    HTML(h, "</p>\n<p class=\"s\" style=\"margin:0;" BODY "color:" SOFT "\">");
    html_text(h, words_empty(p->a, p->f, 1), MOST_WORDS);
    HTML(h, "</p>\n");
    digest_html_close_card(p);
}

static void put_trouble(struct digest_page *p)
{
    struct html *h = &p->h;
    if (!digest_has_trouble(p->f)) {
        return;
    }
    HTML(h,
         "<tr><td class=\"c1\" align=\"left\" bgcolor=\"#fbe7e5\" style=\"padding:18px 24px;background-color:#fbe7e5;"
         "border-radius:14px;" FONT WRAP "\">\n<h2 class=\"i1\" style=\"margin:0;font-size:16px;line-height:24px;"
         "font-weight:600;color:#a3211a\">Something is wrong</h2>\n");
    for (int i = 0; i < TROUBLES; i++) {
        struct str words = words_trouble(p->a, p->f, (enum words_trouble)i);
        if (words.n) {
            HTML(h, "<p class=\"k\" style=\"margin:6px 0 0;" BODY "color:" INK "\">");
            html_text(h, words, MOST_WORDS);
            HTML(h, "</p>\n");
        }
    }
    digest_html_close_card(p);
}

static void put_button(struct digest_page *p)
{
    struct html *h = &p->h;
    struct str url = digest_day_url(p->a, p->f, p->links, "");
    if (!url.n || p->f->calls.value < 1) {
        return;
    }
    HTML(h, "<tr><td align=\"center\" style=\"padding:8px 0 16px\">" TABLE
            "><tr><td class=\"b1\" align=\"center\" bgcolor=\"" ACCENT "\" style=\"background-color:" ACCENT
            ";border-radius:10px;mso-padding-alt:12px 22px\"><a class=\"t1\" href=\"");
    html_url(h, url);
    HTML(h, "\" style=\"display:block;padding:12px 22px;" FONT
            "font-size:16px;line-height:22px;font-weight:600;color:#f6fbfa;"
            "text-decoration:none\">Open this day in the dashboard</a></td></tr></table></td></tr>\n");
}

static void open_foot_link(struct digest_page *p, struct str url)
{
    HTML(&p->h, "<a class=\"s\" href=\"");
    html_url(&p->h, url);
    HTML(&p->h, "\" style=\"color:" SOFT ";text-decoration:underline\">");
}

static void put_stop(struct digest_page *p)
{
    struct str url = digest_stop_url(p->a, p->f, p->links, p->to);
    if (url.n) {
        HTML(&p->h, " ");
        open_foot_link(p, url);
        HTML(&p->h, "Stop this mail</a> for your address.");
    }
}

static void put_hour(struct digest_page *p)
{
    struct html *h = &p->h;
    struct str url = digest_settings_url(p->a, p->f, p->links);
    html_text(h, words_hour(p->a, p->f), MOST_WORDS);
    if (url.n) {
        HTML(h, ": ");
        open_foot_link(p, url);
        HTML(h, "change the hour</a>");
    }
    HTML(h, ".");
}

static void put_foot(struct digest_page *p)
{
    struct html *h = &p->h;
    HTML(h, "<tr><td class=\"hd s\" align=\"left\" style=\"padding:8px 25px 40px;" FONT SMALL WRAP "color:" SOFT "\">"
            "<p style=\"margin:0 0 8px\">");
    html_text(h, words_cover(p->a, p->f), MOST_WORDS);
    HTML(h, "</p>\n<p style=\"margin:0 0 8px\">");
    put_hour(p);
    put_stop(p);
    HTML(h, "</p>\n");
    struct str others = words_others(p->a, p->f, p->to);
    if (others.n) {
        HTML(h, "<p style=\"margin:0 0 8px\">It also goes to ");
        html_text(h, others, MOST_ADDRESS * 5);
        HTML(h, ".</p>\n");
    }
    HTML(h, "<p style=\"margin:0\">Names and reasons are what the AI understood. Sent by Ringback.</p></td></tr>\n");
}

int digest_html(struct digest_page *p, struct str subject, struct str *out)
{
    p->h = html_make(CAP_DIGEST_HTML_BYTES);
    put_head(p, subject);
    open_body(p, subject);
    put_heading(p);
    if (p->f->calls.value < 1) {
        put_empty(p);
    } else {
        digest_html_call_back(p);
        digest_html_numbers(p);
        digest_html_calls(p);
        digest_html_reasons(p);
    }
    put_trouble(p);
    put_button(p);
    put_foot(p);
    HTML(&p->h,
         "</table>\n<!--[if mso]></td></tr></table><![endif]-->\n</td></tr></table>\n</div>\n</body>\n</html>\n");
    *out = arena_copy(p->a, buf_str(&p->h.out));
    buf_free(&p->h.out);
    return p->h.rc;
}
