#pragma once
/* The two parts of a digest mail, and what they are made from. Private to digest_*.c. */
#include "digest_words.h"
#include "html.h"

struct digest_page {
    struct html h;
    struct arena *a;
    const struct digest_facts *f;
    const struct digest_links *links;
    size_t to; /* which recipient */
};

int digest_html(struct digest_page *p, struct str subject, struct str *out) must_check;
int digest_text(struct digest_page *p, struct str *out) must_check;

/* Parts of the HTML, each a row or several of the outer table. */
void digest_html_call_back(struct digest_page *p);
void digest_html_numbers(struct digest_page *p);
void digest_html_calls(struct digest_page *p);
void digest_html_reasons(struct digest_page *p);

void digest_html_open_card(struct digest_page *p, struct str title);
void digest_html_close_card(struct digest_page *p);
/* "See all 37 calls", to a list in the dashboard; without one it is just said. */
void digest_html_more(struct digest_page *p, struct str words, struct str url);

/* Mail programs drop style sheets: what counts stands on each element, as string literals that join. Classes are for dark
 * mode and narrow screens alone. No pure black, no pure white: some programs would invert them. */
#define FONT "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
#define INK "#1c1f21"
#define SOFT "#565b60"
#define ACCENT "#0b6457"
#define LINE "#e3e1d9"
#define SURFACE "#fefdfb"
#define PAGE "#f6f5f1"
#define TABLE "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\""
#define WRAP "word-break:break-word;overflow-wrap:break-word;"
#define SMALL "font-size:13px;line-height:19px;"
#define BODY "font-size:15px;line-height:22px;"
